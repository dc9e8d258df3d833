"""The settings of the index, read from the environment once, where a verb begins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from crawler.folders import make_private_folder
from crawler.settings import HomePath, HomeSettings
from indexer.errors import StorageFailed
from indexer.reviews.keeping import Keeping, parse_keeping

DEFAULT_MODEL = "all-MiniLM-L6-v2"
MATCHING_MEMORY_MB = 512
"""Enough to match 200,000 records at once."""


def check_addresses(text: str) -> str:
    """Return addresses of a server or of the nodes of a cluster, with commas between them, or refuse them.

    Raises:
        ValueError: One is none; the message says what it should be.
    """
    for url in text.split(","):
        check_web_address(url.strip())
    return text


def check_web_address(url: str) -> str:
    """Return an address of the web, or refuse it.

    Raises:
        ValueError: It is none; the message says what it should be.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("should begin with http:// or https://")
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0  # to read a port that is not a number fails
    except ValueError:
        is_whole = False
    if not is_whole:  # the address is not repeated: it may hold a password
        raise ValueError("should name a host, and a port if there is one: http://localhost:6333")
    return url


WebAddresses = Annotated[str, AfterValidator(check_addresses)]


def _check_key_file(path: Path) -> Path:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not text:
        raise ValueError("is empty: write the key into it")
    return path


def _check_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("is not a file")
    return path


KeyFile = Annotated[HomePath, AfterValidator(_check_key_file)]
ExistingFile = Annotated[HomePath, AfterValidator(_check_file)]


LOCAL = "local"
_RAY_ADDRESS = re.compile(r"local|auto|[^\s/:]+:\d+|\[[\da-fA-F:]+\]:\d+")


def check_ray(address: str) -> str:
    """Return the address of a Ray cluster.

    Raises:
        ValueError: It is none.
    """
    if not _RAY_ADDRESS.fullmatch(address):
        raise ValueError("should be local, auto (the cluster that this machine is part of), or HOST:PORT")
    return address


def _check_keeping(text: str) -> str:
    parse_keeping(text)
    return text


class StorageSettings(HomeSettings):
    """Where the index is, and the model and taxonomy that it is built with."""

    qdrant_url: WebAddresses | None = Field(
        default=None,
        description="address of a Qdrant server, or several of one cluster, such as `http://a:6333,http://b:6333`, "
        "instead of the embedded engine",
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="API key of the Qdrant server")
    qdrant_api_key_file: KeyFile | None = Field(
        default=None, description="file with the API key of the Qdrant server, instead of the key"
    )
    qdrant_ca_file: ExistingFile | None = Field(
        default=None, description="certificates (PEM) that the Qdrant server's is checked with, instead of the system's"
    )
    qdrant_timeout_seconds: float = Field(
        default=60,
        gt=0,
        le=3_600,
        description="how long one request to one Qdrant address may take; in a service at most half of "
        "`EVOKE_DEADLINE_SECONDS`",
    )
    model: str = Field(
        default=DEFAULT_MODEL, description="sentence encoder: a folder, or the name of a sentence-transformers model"
    )
    encoder_adaptation: Literal["off"] | HomePath | None = Field(
        default=None,
        description="file that `evoke train-encoder` wrote, or off for the model's own weights, instead of the "
        "adaptation that ships for the default model",
    )
    converted_models: HomePath | None = Field(
        default=None,
        description="folder of converted encoders that is only read, and looked at before `models` in the home folder, "
        "such as one in an image",
    )
    runtime: Literal["openvino", "torch"] = Field(
        default="openvino",
        description="library that runs the encoder: OpenVINO in eight-bit integers, or torch (slower)",
    )
    values_head: HomePath | None = Field(
        default=None, description="file that `evoke train-values` wrote, instead of the one that ships"
    )
    taxonomy: HomePath | None = Field(default=None, description="taxonomy file, instead of the values.toml that ships")
    tuning: HomePath | None = Field(
        default=None, description="file that `evoke tune` wrote, instead of the settings that ship"
    )
    descriptions: HomePath | None = Field(
        default=None, description="file that `evoke train-descriptions` wrote, instead of the one that ships"
    )
    reader: HomePath | None = Field(
        default=None, description="file that `evoke train-reader` wrote, instead of the one that ships"
    )
    taste: HomePath | None = Field(
        default=None, description="file that `evoke train-taste` wrote: what people like, for recommendations"
    )

    @model_validator(mode="after")
    def _check_one_key(self) -> Self:
        if self.qdrant_api_key and self.qdrant_api_key_file:
            raise ValueError("EVOKE_QDRANT_API_KEY and EVOKE_QDRANT_API_KEY_FILE are both set: keep one of them")
        return self

    def make_home(self) -> None:
        """Create the home folder if it is missing; an index on a server needs none.

        Raises:
            StorageFailed: It cannot be created.
        """
        if self.qdrant_url:
            return
        try:
            make_private_folder(self.home)
        except OSError as error:
            raise StorageFailed(f"EVOKE_HOME: the folder {self.home} cannot be made: {error.strerror}") from error

    @property
    def engine_location(self) -> str | Path:
        """The location of the engine: the server's addresses, or the folder of the embedded engine."""
        return self.qdrant_url or self.home / "index"

    @property
    def known_folder(self) -> Path:
        """The folder that has what is known of all works, one folder a generation."""
        return self.home / "known"

    @property
    def engine_key(self) -> str | None:
        """The server's key, if it has one."""
        if self.qdrant_api_key_file:
            return self.qdrant_api_key_file.read_text(encoding="utf-8").strip()
        return self.qdrant_api_key.get_secret_value() if self.qdrant_api_key else None


class VectorSettings(BaseModel):
    """How the text vectors of a generation are stored and indexed; a change builds the generation again."""

    model_config = SettingsConfigDict(frozen=True)

    quantization: Literal["none", "int8"] = Field(
        default="none", description="form in which text vectors are searched: as stored, or in eight-bit integers"
    )
    vectors_on_disk: bool = Field(
        default=False, description="read the stored text vectors from the disk, instead of keeping them in memory"
    )
    hnsw_m: int = Field(default=16, ge=4, le=128, description="links of each text vector in the HNSW graph")
    hnsw_ef_construct: int = Field(
        default=100, ge=4, le=2_000, description="candidates for these links when the graph is built"
    )


class IndexSettings(VectorSettings, StorageSettings):
    """Settings of a build; shards, replicas and confirmed writes are for a Qdrant cluster only."""

    keep_reviews: Annotated[str, AfterValidator(_check_keeping)] = Field(
        default="",
        description="what is kept of the reviews of sources, instead of what they declare: text, features or none; "
        "such as goodreads=features,mine=none; * stands for all sources that are not named",
    )
    ray: Annotated[str, AfterValidator(check_ray)] | None = Field(
        default=None,
        description="processes that analyse, embed and label works, instead of this one: local, for processes of this "
        "machine; auto, for the Ray cluster that this machine is part of; or the address of a cluster, HOST:PORT",
    )
    ray_workers: int | None = Field(
        default=None, ge=1, description="number of these processes; by default one for each core"
    )
    matching_memory_mb: int = Field(
        default=MATCHING_MEMORY_MB,
        ge=16,
        description="memory in MB for matching all records; what does not fit is sorted on the disk",
    )
    shard_number: int | None = Field(default=None, ge=1, description="Qdrant cluster: shards of the collection")
    replication_factor: int | None = Field(default=None, ge=1, description="Qdrant cluster: copies of each shard")
    write_consistency_factor: int | None = Field(
        default=None, ge=1, description="Qdrant cluster: copies that must confirm a write"
    )

    qdrant_retry_seconds: float = Field(
        default=120,
        ge=0,
        le=86_400,
        description="how long a build tries a request again, in growing pauses, while no Qdrant address answers",
    )

    @property
    def keeping(self) -> Keeping:
        """What is kept of the reviews of each source."""
        return parse_keeping(self.keep_reviews)

    @property
    def vectors(self) -> VectorSettings:
        """The settings of the text vectors alone."""
        return VectorSettings(**self.model_dump(include=set(VectorSettings.model_fields)))
