"""The settings of the service, read from the environment once, where a verb begins."""

from __future__ import annotations

from pydantic import Field, SecretStr

from indexer.settings import StorageSettings
from search_api.ranking_settings import Fusion


class SearchSettings(StorageSettings):
    """Settings of the service: those of the index, and its own."""

    api_key: SecretStr | None = Field(
        default=None, description="when set, every /v1 request must carry it in the header X-API-Key"
    )
    fusion: Fusion | None = Field(
        default=None,
        description="one way to combine the legs for every query, instead of those chosen by kind, as JSON",
    )
