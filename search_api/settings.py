"""The settings of search and its service, read from the environment once, when a verb starts."""

from __future__ import annotations

from pydantic import Field, SecretStr

from indexer.settings import StorageSettings
from search_api.ranking_settings import Fusion


class SearchSettings(StorageSettings):
    """The settings of search: where the index is, and those of search itself."""

    api_key: SecretStr | None = Field(
        default=None, description="when set, every /v1 request must carry it in the header X-API-Key"
    )
    fusion: Fusion | None = Field(
        default=None,
        description="one fusion of the legs for every query, as JSON, instead of one for each kind of query",
    )
