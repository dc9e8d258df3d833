"""Read JSON answers part by part, so that a missing or garbled part does not spoil the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticUseDefault

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.gzipped import BYTE_ORDER_MARK
from crawler.records import SourceRecord
from crawler.sources.source import Source


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
    body = answer.body.removeprefix(BYTE_ORDER_MARK).strip()
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if answer.status == 404:
            return NotAWork(Reason.NOT_FOUND)
        if body and not body.startswith((b"{", b"[")):
            return NotAWork(Reason.UNKNOWN, "not JSON")
        return NotAWork(Reason.BROKEN, str(error))
    return document if isinstance(document, dict) else NotAWork(Reason.UNKNOWN, f"a JSON {type(document).__name__}")


def make_record(source: Source, fields: Mapping[str, Any]) -> ParseResult:
    """Return a record of these fields with the source's name, licence and attribution, or why they are not a work."""
    constant = {"source": source.name, "licence": source.licence, "attribution": source.attribution}
    try:
        return SourceRecord.model_validate({**constant, **fields})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        if problem["loc"][0] == "title":
            return NotAWork(Reason.UNTITLED, fields["source_id"])
        place = ".".join(map(str, problem["loc"]))
        return NotAWork(Reason.UNKNOWN, f"{fields['source_id']}: {place}: {problem['msg']}")
