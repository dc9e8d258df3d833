"""The settings of an evaluation: those of the index and those of search."""

from __future__ import annotations

from indexer.settings import IndexSettings
from search_api.settings import SearchSettings


class EvaluationSettings(IndexSettings, SearchSettings):
    """Settings of the indexes that benchmarks are answered from."""

    def for_corpus(self, digest: str) -> EvaluationSettings:
        """Return the settings of the index of one corpus: a folder of its own, never the server that others search."""
        return self.model_copy(update={"home": self.home / "evaluation" / digest, "qdrant_url": None})
