"""The answer of a source, and what it is parsed into: records, and the reasons why other parts are not works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from crawler.records import SourceRecord

API_ERROR_HEADER = "MediaWiki-API-Error"
"""The header by which MediaWiki's API says that an answer of status 200 is an error, with the error's code."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP response of a source, or a saved file: then only the body is known, `url` is empty and `status` is 200.

    `headers` have lower-case names.
    """

    body: bytes
    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Reason(StrEnum):
    """Why an answer, or a part of one, is not a work. Counted and reported in these words."""

    ERROR = "an error answer"
    NOT_FOUND = "not found"
    LIST = "a list or search answer, not a work"
    OTHER = "another kind of answer, not a work"
    SERIES = "a series or episode, not a film"
    UNTITLED = "a work without a title"
    BLOCKED = "a bot challenge"
    EMPTY = "an empty shell of a page"
    BROKEN = "a broken or cut answer"
    UNKNOWN = "not recognised as an answer of this source"


RETRYABLE = frozenset((Reason.BLOCKED, Reason.EMPTY, Reason.BROKEN))
"""Reasons to request the same page again."""


@dataclass(frozen=True, slots=True)
class NotAWork:
    """An answer, or a part of one, that is not a work. `detail` is for a person: a message, a file and line."""

    reason: Reason
    detail: str = ""


ADULT = NotAWork(Reason.OTHER, "adult")
"""Pornography is left out and counted: a record cannot say that a film is adult, so no later stage could keep it from
people who ask for tenderness."""

ParseResult: TypeAlias = SourceRecord | NotAWork
"""The result of parsing one part of an answer."""
