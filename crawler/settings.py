"""The settings of crawling, read from the environment at the entry point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]


class HomeSettings(BaseSettings):
    """The folder of all files that Evoke makes. Environment variables with the prefix `EVOKE_`."""

    # A variable that is set to nothing counts as unset: otherwise an empty EVOKE_HOME would be the working directory.
    model_config = SettingsConfigDict(env_prefix="EVOKE_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: HomePath = Field(
        default_factory=lambda: user_data_path("evoke", appauthor=False),
        description="the folder of index, store and caches",
    )


class CrawlSettings(HomeSettings):
    """Keys, contact, addresses, and how long a crawl waits."""

    contact: str | None = Field(default=None, description="your mail or web address, sent in the User-Agent")
    tmdb_api_key: SecretStr | None = Field(default=None, description="TMDb's API key (v3)")
    tmdb_token: SecretStr | None = Field(default=None, description="TMDb's API read access token, instead of the key")
    google_books_api_key: SecretStr | None = Field(default=None, description="Google Books' API key")
    source_urls: dict[str, str] = Field(
        default_factory=dict,
        description="JSON object of a source to another address of it, such as a mirror or a caching proxy",
    )
    timeout_seconds: float = Field(default=30, gt=0, description="the longest time for an answer")
    longest_wait_seconds: float = Field(default=120, gt=0, description="the longest wait for one `Retry-After`")
    waiting_budget_seconds: float = Field(
        default=900,
        ge=0,
        description="the longest wait in all, after which the crawl stops; `--resume` continues it later",
    )
