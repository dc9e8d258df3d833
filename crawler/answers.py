"""Answer: what a source sent, or a saved copy; and NotAWork: what an answer tells when it tells of no work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from crawler.records import SourceRecord


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source sent. Of a saved file only the body is known for sure: `url` may be empty, `status` 200.

    `headers` have lower-case names.
    """

    body: bytes
    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Reason(StrEnum):
    """Why an answer, or a part of one, tells of no work. Counted and reported by these words."""

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
"""Asked again, the source may tell more."""


@dataclass(frozen=True, slots=True)
class NotAWork:
    """An answer, or a part of one, that tells of no work. `detail` is for a person: a message, a path."""

    reason: Reason
    detail: str = ""


Told: TypeAlias = SourceRecord | NotAWork
