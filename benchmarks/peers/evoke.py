"""Evoke with its defaults: `evoke index`, and the search object that API and command line share."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from search_api.records import SearchRequest
from search_api.search import open_search
from search_api.settings import SearchSettings


class Evoke:
    """An index that `evoke index` built; `benchmarks.compare` runs that command itself."""

    versions = f"evoke-search {version('evoke-search')}, qdrant-edge-py {version('qdrant-edge-py')}"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Load the index, the model and the analyser."""
        self._search = open_search(SearchSettings(home=self._folder))
        self._search.check()

    def search(self, query: str, limit: int) -> list[str]:
        """Return the ids of the best works; hits are built in full, with reasons."""
        return [hit.id for hit in self._search.search(SearchRequest(query=query, limit=limit)).hits]
