"""Name the fields that a caller may write, and what is wrong with one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError

from crawler.verbs import describe_problem


def field_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the path of every field of a model and its nested models: `filters`, `filters.year`, `filters.year.gte`."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from field_paths(part, f"{prefix}{name}.")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known field most similar to a wrong name, as a path if it belongs elsewhere, else as a bare name."""
    paths = list(known)
    parent, _, leaf = name.rpartition(".")
    matches = difflib.get_close_matches(leaf, {path.rpartition(".")[2] for path in paths}, n=1)
    if not matches:
        return None
    homes = [path for path in paths if path.rpartition(".")[2] == matches[0]]
    return homes[0] if len(homes) == 1 and homes[0].rpartition(".")[0] != parent else matches[0]


def describe_field(error: ValidationError, model: type[BaseModel], *place: str) -> str:
    """Return the first problem of what a person wrote as `place: what is wrong`, with a guess for a misspelt field.

    Args:
        error: What pydantic found.
        model: What was to be read.
        place: The path of the model, such as `filters`.
    """
    first = error.errors()[0]
    if first["type"] != "extra_forbidden":
        return describe_problem(error, *place, *first["loc"])
    name = ".".join(map(str, first["loc"]))
    guess = nearest(name, field_paths(model))
    path = ".".join((*place, name))
    return f"{path}: is not a known field" + (f"; did you mean {guess!r}?" if guess else "")
