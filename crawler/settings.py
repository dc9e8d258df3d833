"""The settings that every stage shares, the settings of a crawl, and the table of variables for the documentation.

Settings are read from the environment once, where a verb begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, Field, SecretStr
from pydantic_core import PydanticUndefined, to_jsonable_python
from pydantic_settings import BaseSettings, SettingsConfigDict

HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
PREFIX = "EVOKE_"


class HomeSettings(BaseSettings):
    """The folder for index, store and caches. A field is read from the variable of its name, such as `EVOKE_HOME`."""

    # An empty variable counts as unset: otherwise an empty EVOKE_HOME would be the working directory. An unknown
    # keyword argument is refused; the environment may hold variables of other classes.
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    home: HomePath = Field(
        default_factory=lambda: user_data_path("evoke", appauthor=False),
        description="folder of index, store and caches; by default the user's data folder, "
        "on Linux ~/.local/share/evoke",
    )

    @classmethod
    def variable(cls, field: str) -> str:
        """Return the environment variable that a field is read from."""
        return f"{PREFIX}{field}".upper()


class CrawlSettings(HomeSettings):
    """Settings of a crawl: keys, contact, addresses and patience."""

    contact: str | None = Field(default=None, description="your mail or web address, sent to sources in the User-Agent")
    tmdb_api_key: SecretStr | None = Field(default=None, description="TMDb's API key (v3)")
    tmdb_token: SecretStr | None = Field(default=None, description="TMDb's API read access token, instead of the key")
    google_books_api_key: SecretStr | None = Field(default=None, description="API key of Google Books")
    source_urls: dict[str, str] = Field(
        default_factory=dict, description="addresses of sources, by source, instead of their own: a mirror or a proxy"
    )
    timeout_seconds: float = Field(default=30, gt=0, description="the longest wait for one answer, in seconds")
    longest_wait_seconds: float = Field(
        default=120, gt=0, description="the longest pause that a source may ask for (`Retry-After`), in seconds"
    )
    waiting_budget_seconds: float = Field(
        default=900,
        ge=0,
        description="the longest total of such pauses, in seconds; then the crawl stops, and `--resume` continues it",
    )


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable as the documentation shows it.

    Attributes:
        name: Such as `EVOKE_HOME`.
        type: In words, such as `path` or `openvino or torch`.
        default: As it is written in the environment; empty if there is none.
        description: What it is for.
        stages: The packages whose settings read it, in the order of the classes.
    """

    name: str
    type: str
    default: str
    description: str
    stages: tuple[str, ...]


def describe_variables(classes: Iterable[type[HomeSettings]]) -> list[Variable]:
    """Return the variables of settings classes, each once, in the order in which they are declared."""
    variables: dict[str, Variable] = {}
    for kind in classes:
        stage = kind.__module__.partition(".")[0]
        for field, declared in kind.model_fields.items():
            name = kind.variable(field)
            known = variables.get(name)
            variables[name] = Variable(
                name,
                _describe_type(declared.annotation),
                _describe_default(declared.default),
                declared.description or "",
                (*(known.stages if known else ()), stage),
            )
    return list(variables.values())


def _describe_type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is Annotated:
        return _describe_type(get_args(annotation)[0])
    options = [option for option in get_args(annotation) if option is not NoneType]
    if get_origin(annotation) is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return "JSON object"
    if options:
        return " or ".join(map(_describe_type, options))
    words = {str: "text", SecretStr: "secret text", Path: "path", int: "whole number", float: "number", bool: "boolean"}
    return words[annotation]


def _describe_default(default: Any) -> str:
    if default is None or default is PydanticUndefined:
        return ""
    plain = to_jsonable_python(default.value if isinstance(default, Enum) else default)
    return plain if isinstance(plain, str) else json.dumps(plain)
