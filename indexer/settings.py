"""What a deployment may choose for the index, read from the environment at the entry point."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_MODEL = "all-MiniLM-L6-v2"


class StorageSettings(BaseSettings):
    """Where the index is, and the model and taxonomy it speaks. Environment variables with the prefix `EVOKE_`."""

    model_config = SettingsConfigDict(env_prefix="EVOKE_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: user_data_path("evoke", appauthor=False), description="holds index, store and caches"
    )
    qdrant_url: str | None = Field(default=None, description="a Qdrant server instead of the embedded engine")
    qdrant_api_key: SecretStr | None = None
    model: str = Field(default=DEFAULT_MODEL, description="a folder, or a sentence-transformers name")
    taxonomy: Path | None = Field(default=None, description="a values.toml of your own")

    @property
    def engine_location(self) -> str | Path:
        """What `open_engine` opens."""
        return self.qdrant_url or self.home / "index"

    @property
    def engine_key(self) -> str | None:
        """The server's key, if it has one."""
        return self.qdrant_api_key.get_secret_value() if self.qdrant_api_key else None


class IndexSettings(StorageSettings):
    """What a build may choose besides; the three numbers matter to a Qdrant cluster only."""

    shard_number: int | None = Field(default=None, ge=1)
    replication_factor: int | None = Field(default=None, ge=1)
    write_consistency_factor: int | None = Field(default=None, ge=1)
