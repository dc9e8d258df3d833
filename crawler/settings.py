"""What a deployment may choose for crawling, read from the environment at the entry point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]


class HomeSettings(BaseSettings):
    """Where Evoke keeps what it makes. Environment variables with the prefix `EVOKE_`."""

    # A variable that is set to nothing counts as unset: otherwise an empty EVOKE_HOME would be the working directory.
    model_config = SettingsConfigDict(env_prefix="EVOKE_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: HomePath = Field(
        default_factory=lambda: user_data_path("evoke", appauthor=False), description="holds index, store and caches"
    )


class CrawlSettings(HomeSettings):
    """Keys, contact, addresses and patience."""

    contact: str | None = Field(default=None, description="mail or web address, told to sources in the User-Agent")
    tmdb_api_key: SecretStr | None = Field(default=None, description="TMDb's API key (v3)")
    tmdb_token: SecretStr | None = Field(default=None, description="TMDb's API read access token, instead of the key")
    google_books_api_key: SecretStr | None = None
    source_urls: dict[str, str] = Field(
        default_factory=dict, description="source to another address of it: a mirror, a caching proxy; as JSON"
    )
    timeout_seconds: float = Field(default=30, gt=0, description="how long an answer may take")
    longest_wait_seconds: float = Field(default=120, gt=0, description="how long one `Retry-After` is granted")
    waiting_budget_seconds: float = Field(
        default=900, ge=0, description="after so much waiting in all the source is left alone; `--resume` goes on later"
    )
