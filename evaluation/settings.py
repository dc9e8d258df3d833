"""The settings of an evaluation: those of the index and those of search."""

from __future__ import annotations

from indexer.settings import IndexSettings
from search_api.settings import SearchSettings


class EvaluationSettings(IndexSettings, SearchSettings):
    """Settings of the indexes that answer the queries of benchmarks."""

    def for_corpus(self, digest: str) -> EvaluationSettings:
        """Return the settings of one corpus' index, which has its own folder and never uses the configured server."""
        return self.model_copy(update={"home": self.home / "evaluation" / digest, "qdrant_url": None})
