"""The types by which the page's scripts are checked name only fields that the API's records have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from search_api import records

TYPES = Path(__file__).parent / "types" / "records.d.ts"
OTHER_NAMES = {"Said": "SaidByPeople", "WorkValue": "HitValue", "Work": "WorkView", "Answer": "Page"}
OF_THE_PAGE = {
    "Window",
    "Chip",
    "FilterOption",
    "FilterGroup",
    "ServiceRequest",
    "ListedWork",
    "Memory",
    "ImportedWork",
}
"""What the page makes by itself, and no answer has."""


def read_interfaces() -> Iterator[tuple[str, str]]:
    """Yield the name and the body of each interface."""
    text = TYPES.read_text(encoding="utf-8")
    for match in re.finditer(r"^interface (\w+)[^{]*\{(.*?)\}$", text, flags=re.M | re.S):
        if match[1] not in OF_THE_PAGE:
            yield match[1], match[2]


def read_fields(body: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each field of an object type, and the body of the object that it has, if any."""
    for match in re.finditer(r"(\w+)\??: (?:\{([^}]*)\})?[^;{}]*", body):
        yield match[1], match[2] or ""


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the records that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def unknown_fields(body: str, model: type[BaseModel]) -> Iterator[str]:
    """Yield the fields of an object type that a record lacks."""
    for name, inner in read_fields(body):
        if name not in model.model_fields:
            yield f"{model.__name__}.{name}"
        elif inner:
            (of,) = models_in(model.model_fields[name].annotation)
            yield from unknown_fields(inner, of)


@pytest.mark.parametrize(("name", "body"), list(read_interfaces()))
def test_a_type_of_the_page_has_no_field_that_the_api_lacks(name: str, body: str) -> None:
    assert list(unknown_fields(body, getattr(records, OTHER_NAMES.get(name, name)))) == []
