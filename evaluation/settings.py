"""The settings of an evaluation: those of the index and those of search."""

from __future__ import annotations

from indexer.settings import IndexSettings
from search_api.settings import SearchSettings


class EvaluationSettings(IndexSettings, SearchSettings):
    """The settings of benchmarks' indexes and of the search over them."""

    def for_corpus(self, digest: str) -> EvaluationSettings:
        """Return the settings for the index of one corpus, in its own folder and never on the configured server."""
        return self.model_copy(update={"home": self.home / "evaluation" / digest, "qdrant_url": None})
