"""What a deployment may choose for serving, read from the environment at the entry point."""

from __future__ import annotations

from pydantic import Field, SecretStr

from indexer.settings import StorageSettings
from search_api.ranking_settings import Fusion


class SearchSettings(StorageSettings):
    """Settings of the service: those of the index, and its own."""

    api_key: SecretStr | None = Field(
        default=None, description="when set, every /v1 request must carry it as X-API-Key"
    )
    fusion: Fusion | None = Field(default=None, description="one for every query, instead of those chosen, as JSON")
