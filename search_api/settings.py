"""What a deployment may choose for serving, read from the environment at the entry point."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SearchSettings(BaseSettings):
    """Settings with the prefix `EVOKE_`."""

    model_config = SettingsConfigDict(env_prefix="EVOKE_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("evoke", appauthor=False))
    qdrant_url: str | None = None
    qdrant_api_key: SecretStr | None = None
    api_key: SecretStr | None = Field(default=None, description="when set, every /v1 request must carry it as X-API-Key")
