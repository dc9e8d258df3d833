"""Read answers in JSON part by part: what one part lacks or garbles spoils no other."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticUseDefault

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.records import SourceRecord

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Part(BaseModel):
    """A part of an answer; a field that is missing, null or not what it should be takes its default."""

    model_config = ConfigDict(frozen=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _take_default_when_wrong(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticUseDefault from None


def read_object(answer: Answer) -> dict[str, Any] | NotAWork:
    """Gives the JSON object that an answer holds, or why it holds none."""
    body = answer.body.removeprefix(_BYTE_ORDER_MARK).strip()
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if answer.status == 404:
            return NotAWork(Reason.NOT_FOUND)
        if body and not body.startswith((b"{", b"[")):
            return NotAWork(Reason.UNKNOWN, "not JSON")
        return NotAWork(Reason.BROKEN, str(error))
    return found if isinstance(found, dict) else NotAWork(Reason.UNKNOWN, f"a JSON {type(found).__name__}")


def fields_to_told(fields: dict[str, Any]) -> Told:
    """Gives the record of these fields, or why they make none."""
    try:
        return SourceRecord.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)[0]
        if wrong["loc"][0] == "title":
            return NotAWork(Reason.UNTITLED, fields["source_id"])
        return NotAWork(Reason.UNKNOWN, f"{fields['source_id']}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}")
