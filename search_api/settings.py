"""The settings of search and its service, read from the environment once, when a verb starts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from indexer.settings import StorageSettings
from search_api.ranking_settings import Fusion

Scope = Literal["read", "admin"]
"""What a key may do: `read` asks the /v1 endpoints, `admin` the routes for operators."""


def _check_key(key: SecretStr) -> SecretStr:
    """Return a key without the spaces and line ends around it: HTTP drops them around a header too."""
    text = key.get_secret_value().strip()
    if not text:
        raise ValueError("the key must not be empty")
    if not (text.isascii() and text.isprintable()):
        raise ValueError("the key must have printable ASCII characters only: a header cannot carry others")
    return SecretStr(text)


Key = Annotated[SecretStr, AfterValidator(_check_key)]


class ApiKey(BaseModel):
    """A key and what it may do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    scopes: frozenset[Scope] = Field(default=frozenset({"read"}), min_length=1)


class VectorSearch(BaseModel):
    """How text vectors are searched."""

    model_config = SettingsConfigDict(frozen=True)

    hnsw_ef: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="candidates that a search of the HNSW graph keeps; by default as many as when the graph was built, "
        "or as are wanted if these are more",
    )
    rescore: bool = Field(
        default=True, description="with eight-bit vectors: score the best again by their stored vectors"
    )
    oversampling: float = Field(
        default=2.0, ge=1, le=10, description="with eight-bit vectors: how many times as many are scored again"
    )


DEFAULT_VECTOR_SEARCH = VectorSearch()


class SearchSettings(VectorSearch, StorageSettings):
    """The settings of search: where the index is, and those of search itself and its service."""

    api_key: Key | None = Field(
        default=None,
        description="when set, every /v1 request must carry it in the header X-API-Key; this key may do everything",
    )
    api_keys: dict[str, ApiKey] = Field(
        default_factory=dict,
        description='several keys by name, as JSON: `{"page": {"key": "...", "scopes": ["read"]}}`; the scopes are '
        "`read`, the default, and `admin`",
    )
    key_requests_per_minute: int | None = Field(
        default=None, ge=1, le=1_000_000, description="the most /v1 requests a minute with one key; by default any"
    )
    deadline_seconds: float = Field(
        default=10,
        gt=0,
        le=3_600,
        description="a request that is not answered in this time is refused with 503, and a search process that still "
        "works on it is replaced",
    )
    max_in_progress: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="the most requests for each search process, being answered or waiting; more are refused with 503",
    )
    fusion: Fusion | None = Field(
        default=None,
        description="one fusion of the legs for every query, as JSON, instead of one for each kind of query",
    )
