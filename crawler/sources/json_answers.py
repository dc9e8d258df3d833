"""Read JSON answers part by part, so that a missing or garbled part does not spoil the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticUseDefault

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.gzipped import BYTE_ORDER_MARK
from crawler.loose_json import read_json
from crawler.records import SourceRecord

logger = logging.getLogger(__name__)


class Part(BaseModel):
    """A part of an answer; a field that is missing, null or of the wrong type takes its default."""

    model_config = ConfigDict(frozen=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _take_default_when_wrong(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticUseDefault from None


def read_object(answer: Answer) -> dict[str, Any] | NotAWork:
    """Return the JSON object of an answer, or why it has none."""
    return _object_or_why(_read_json(answer))


def read_objects(answer: Answer) -> Iterator[dict[str, Any] | NotAWork]:
    """Yield the JSON object of an answer, or those of an array of answers, or why there is none."""
    document = _read_json(answer)
    if not isinstance(document, list):
        yield _object_or_why(document)
        return
    if not document:
        yield NotAWork(Reason.UNKNOWN, "an array without an answer")
    for number, each in enumerate(document, start=1):
        yield _object_or_why(each, f"entry {number} is ")


def _read_json(answer: Answer) -> object:
    """Return the JSON of an answer; NotAWork if it has none."""
    body = answer.body.removeprefix(BYTE_ORDER_MARK).strip()
    try:
        return read_json(body)
    except orjson.JSONDecodeError as error:
        if answer.status == 404:
            return NotAWork(Reason.NOT_FOUND)
        if body and not body.startswith((b"{", b"[")):
            return NotAWork(Reason.UNKNOWN, "not JSON")
        return NotAWork(Reason.BROKEN, str(error))


def _object_or_why(document: object, place: str = "") -> dict[str, Any] | NotAWork:
    if isinstance(document, (dict, NotAWork)):
        return document
    return NotAWork(Reason.UNKNOWN, f"{place}{_name_of(document)}")


def _name_of(value: object) -> str:
    """Return what a JSON value that is not an object is called."""
    if isinstance(value, list):
        return "an array of JSON"
    return "a text of JSON" if isinstance(value, str) else f"{orjson.dumps(value).decode()[:40]}"


class Origin(Protocol):
    """Where records come from: the source that they name, and the terms that are kept with them."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def licence(self) -> str | None: ...  # noqa: D102

    @property
    def attribution(self) -> str | None: ...  # noqa: D102


def make_record(source: Origin, fields: Mapping[str, Any]) -> ParseResult:
    """Return a record of these fields with the source's name, licence and attribution, or why they are not a work.

    A language or country that is not known is left out, with a warning once for each: the rest of the work is worth
    keeping.
    """
    constant = {"source": source.name, "licence": source.licence, "attribution": source.attribution}
    try:
        return SourceRecord.model_validate({**constant, **fields})
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
    if all(problem["loc"][0] in _LEFT_OUT for problem in problems):
        for problem in problems:
            _warn_left_out(source.name, str(problem["loc"][0]), str(problem["input"])[:100], problem["msg"])
        return make_record(source, _without(fields, [problem["loc"] for problem in problems]))
    problem = problems[0]
    if problem["loc"][0] == "title":
        return NotAWork(Reason.UNTITLED, fields["source_id"])
    place = ".".join(map(str, problem["loc"]))
    return NotAWork(Reason.UNKNOWN, f"{fields['source_id']}: {place}: {problem['msg']}")


_LEFT_OUT = ("language", "countries", "certificates")


def _without(fields: Mapping[str, Any], places: Sequence[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return the fields without the values at these places: a whole field, or one value of a list or mapping."""
    left = dict(fields)
    for name, *path in places:
        if isinstance(name, str) and not path:
            del left[name]
    wrong = {(name, path[0]) for name, *path in places if path}
    for name in {str(name) for name, _ in wrong}:
        values = left[name]
        if isinstance(values, Mapping):
            left[name] = {key: value for key, value in values.items() if (name, key) not in wrong}
        else:
            left[name] = [value for index, value in enumerate(values) if (name, index) not in wrong]
    return left


@lru_cache(maxsize=10_000)
def _warn_left_out(source: str, field: str, value: str, why: str) -> None:
    logger.warning("%s: %s %r is left out: %s", source, field, value, why.removeprefix("Value error, "))
