"""What a deployment may choose for crawling, read from the environment at the entry point."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class CrawlSettings(BaseSettings):
    """Keys, contact and addresses. Environment variables with the prefix `EVOKE_`."""

    model_config = SettingsConfigDict(env_prefix="EVOKE_", env_ignore_empty=True, frozen=True, extra="ignore")

    contact: str | None = Field(default=None, description="mail or web address, told to sources in the User-Agent")
    tmdb_api_key: SecretStr | None = Field(default=None, description="TMDb's API key (v3)")
    tmdb_token: SecretStr | None = Field(default=None, description="TMDb's API read access token, instead of the key")
    google_books_api_key: SecretStr | None = None
    source_urls: dict[str, str] = Field(
        default_factory=dict, description="source to another address of it: a mirror, a caching proxy; as JSON"
    )
