"""txtai's hybrid index: faiss and its own BM25 with equal weight, content stored in SQLite; defaults throughout.

It is built as in the documentation: `Embeddings(path=..., hybrid=True, content=True)`, then `index` and `save`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from txtai import Embeddings

from benchmarks.peers.protocol import Work, model_folder


class Txtai:
    """An index in a folder, which txtai's own API serves too."""

    versions = f"txtai {version('txtai')}, faiss-cpu {version('faiss-cpu')}"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "index"

    def index(self, works: Sequence[Work]) -> None:
        """Index works and save the index."""
        embeddings = Embeddings(path=model_folder(), hybrid=True, content=True, backend="faiss")
        embeddings.index((work.id, work.passage, None) for work in works)
        embeddings.save(str(self._folder))

    def open(self) -> None:
        """Load the index and its model."""
        self._embeddings = Embeddings()
        self._embeddings.load(str(self._folder))

    def search(self, query: str, limit: int) -> list[str]:
        """Return the ids of the best works; the answer holds their text."""
        return [found["id"] for found in self._embeddings.search(query, limit)]
