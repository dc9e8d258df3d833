"""What a deployment may choose for the index, read from the environment at the entry point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from crawler.settings import HomePath, HomeSettings

DEFAULT_MODEL = "all-MiniLM-L6-v2"


def _check_web_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("should begin with http:// or https://")
    return url


WebAddress = Annotated[str, AfterValidator(_check_web_address)]


class StorageSettings(HomeSettings):
    """Where the index is, and the model and taxonomy it speaks."""

    qdrant_url: WebAddress | None = Field(default=None, description="a Qdrant server instead of the embedded engine")
    qdrant_api_key: SecretStr | None = None
    model: str = Field(default=DEFAULT_MODEL, description="a folder, or a sentence-transformers name")
    runtime: Literal["openvino", "torch"] = Field(
        default="openvino", description="what runs the model: OpenVINO in eight-bit integers, or torch, the reference"
    )
    values_head: HomePath | None = Field(
        default=None, description="what `evoke train-values` made of your own labels, instead of the head that ships"
    )
    taxonomy: HomePath | None = Field(default=None, description="a values.toml of your own")
    tuning: HomePath | None = Field(
        default=None, description="what `evoke tune` chose by your own queries, instead of what ships"
    )
    descriptions: HomePath | None = Field(
        default=None,
        description="what `evoke train-descriptions` learnt from queries of your own, instead of what ships",
    )

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
