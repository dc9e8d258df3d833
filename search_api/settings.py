"""The settings of search and its service, read from the environment once, when a verb starts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from indexer.settings import StorageSettings, check_web_address
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


Url = Annotated[str, AfterValidator(check_web_address)]


class ApiKey(BaseModel):
    """A key and what it may do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    scopes: frozenset[Scope] = Field(default=frozenset({"read"}), min_length=1)


def _check_keys_differ(keys: dict[str, ApiKey]) -> dict[str, ApiKey]:
    names: dict[str, str] = {}
    for name, each in keys.items():
        first = names.setdefault(each.key.get_secret_value(), name)
        if first != name:
            raise ValueError(f"{first} and {name} are one key: give each name a key of its own")
    return keys


class VectorSearch(BaseModel):
    """How text vectors are searched."""

    model_config = SettingsConfigDict(frozen=True)

    hnsw_ef: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="candidates that a search of the HNSW graph keeps; by default up to 50,000 works are searched "
        "exactly, and more with 800 candidates; with vectors in eight bits or on the disk, as many as are wanted",
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
    api_keys: Annotated[dict[str, ApiKey], AfterValidator(_check_keys_differ)] = Field(
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
        default=64,
        ge=1,
        le=10_000,
        description="the most requests for each search process, being answered or waiting; more are refused with 503",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="serve /metrics on a port of its own, without a key; by default it is beside the API, and needs a "
        "key with the scope `admin` where there are keys",
    )
    metrics_host: str = Field(default="127.0.0.1", description="the address that `EVOKE_METRICS_PORT` listens on")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least level of the service's log lines"
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="`json`: one object a line, in the fields of ECS; `auto`: text on a terminal, else JSON",
    )
    access_log: bool = Field(default=True, description="write a log line for each request, at the level `info`")
    log_queries: bool = Field(
        default=False,
        description="write the words of searches by link, and the messages of errors in requests, into the log; by "
        "default nothing of what people ask is in any log",
    )
    sentry_dsn: SecretStr | None = Field(
        default=None,
        description="send errors to this Sentry project, without queries and keys; needs the extra `sentry`",
    )
    feedback: bool = Field(
        default=False,
        description="accept POST /v1/feedback and keep it in `feedback.jsonl` of the home folder, with what was asked, "
        "and without who asked or sent it",
    )
    covers: bool = Field(
        default=False,
        description="fetch the covers that sources link to, keep them in the home folder, and show them on the page; "
        "what the sources' terms ask for is in sources.md",
    )
    reader_url: Url | None = Field(
        default=None,
        description="an OpenAI-compatible chat endpoint, such as `http://127.0.0.1:8080/v1`, that reads requests too: "
        "it is sent what people ask; the built-in reader answers where it fails or is late",
    )
    reader_model: str = Field(default="default", description="the model that `EVOKE_READER_URL` is asked for")
    reader_api_key: Key | None = Field(default=None, description="the key for `EVOKE_READER_URL`")
    reader_seconds: float = Field(
        default=3, gt=0, le=600, description="how long `EVOKE_READER_URL` may take to read a request, in seconds"
    )
    quotes: bool = Field(
        default=True,
        description="show sentences of reviews, with their sources; `off`: only how many people say the same",
    )
    fusion: Fusion | None = Field(
        default=None,
        description="one fusion of the legs for every query, as JSON, instead of one for each kind of query",
    )
