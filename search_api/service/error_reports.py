"""What is known of an error that is a fault of the program: a report that can be sent to another process, and shown.

The message of an error may quote the request, as that of a failed conversion does. So a report can be shown without.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MOST_RAISED = 10
"""The most errors of one report: each has a cause, or happened while another one was handled."""


class Frame(NamedTuple):
    """A place in the code that an error came through."""

    file: str
    line: int
    function: str


class Raised(NamedTuple):
    """An error, and the frames that it came through, that in which it was raised last."""

    kind: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class ErrorReport:
    """An error with what led to it, the first cause first."""

    raised: tuple[Raised, ...]

    @property
    def kind(self) -> str:
        """The type of the error."""
        return self.raised[-1].kind

    @property
    def message(self) -> str:
        """Its message. It may quote the request."""
        return self.raised[-1].message

    def to_text(self, *, with_messages: bool) -> str:
        """Return the traceback of each error, in Python's form."""
        return "\n\nIt led to:\n\n".join(_to_text(each, with_messages=with_messages) for each in self.raised)


class UnforeseenError(Exception):
    """An error of the search in a search process that is a fault of the program."""

    def __init__(self, report: ErrorReport) -> None:
        """Carry the report: other errors may not survive pickling."""
        super().__init__(report)
        self.report = report


def report_of(error: BaseException) -> ErrorReport:
    """Return the report of an error: of one that came from a search process, the report that was made there."""
    if isinstance(error, UnforeseenError):
        return error.report
    return ErrorReport(tuple(_to_raised(each) for each in _causes(error))[-MOST_RAISED:])


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors that led to an error, and then itself."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from _causes(before)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    yield error


def _to_raised(error: BaseException) -> Raised:
    frames = (Frame(file, line or 0, function) for file, line, function, _ in traceback.extract_tb(error.__traceback__))
    return Raised(type(error).__qualname__, str(error), tuple(frames))


def _to_text(raised: Raised, *, with_messages: bool) -> str:
    frames = traceback.StackSummary.from_list([(*frame, None) for frame in raised.frames]).format()
    last = raised.kind
    if raised.message:
        last += f": {raised.message}" if with_messages else " (EVOKE_LOG_QUERIES shows its message)"
    return "".join(["Traceback (most recent call last):\n", *frames, last])
