"""Keep feedback: remember what recent requests asked and showed, and append a line for what was done with it."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import orjson

from crawler.folders import make_private_folder
from search_api.errors import FeedbackNotKept, RequestRefused
from search_api.feedback import FEEDBACK_FILE, MAX_REQUEST_BYTES, Feedback, request_to_keep
from search_api.kept_feedback import append_whole
from search_api.records import SearchRequest

MOST_ANSWERS = 10_000
MOST_REMEMBERED_BYTES = 16 * 1024**2
"""How many answers are remembered, and with how many bytes of requests and ids; the oldest are forgotten first."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shown:
    """What a recent request asked, as JSON, and the ids of the works that its answer showed."""

    answer: str
    request: bytes
    works: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """How much it counts."""
        return len(self.request) + sum(map(len, self.works))


class RecentAnswers:
    """The recent answers by the id of their request. It is used in one thread, that of the event loop."""

    def __init__(self, most: int = MOST_ANSWERS, most_bytes: int = MOST_REMEMBERED_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._shown: OrderedDict[str, Shown] = OrderedDict()
        self._n_bytes = 0

    def remember(self, request_id: str, request: SearchRequest, works: tuple[str, ...]) -> None:
        """Remember an answer; one with the same request id is replaced. A request that no line could hold is not."""
        shown = Shown(uuid4().hex, orjson.dumps(request_to_keep(request)), works)
        self._forget(request_id)
        if len(shown.request) > MAX_REQUEST_BYTES:
            return
        self._shown[request_id] = shown
        self._n_bytes += shown.n_bytes
        while len(self._shown) > self._most or self._n_bytes > self._most_bytes:
            self._forget(next(iter(self._shown)))

    def find(self, request_id: str) -> Shown | None:
        """Return what is remembered of a request."""
        return self._shown.get(request_id)

    def _forget(self, request_id: str) -> None:
        if shown := self._shown.pop(request_id, None):
            self._n_bytes -= shown.n_bytes


class FeedbackKeeper:
    """Appends feedback to the file in the home folder. Several services may append to one file."""

    def __init__(self, home: Path, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self.answers = RecentAnswers()
        self._path = home / FEEDBACK_FILE
        self._today = today

    def to_line(self, feedback: Feedback) -> tuple[bytes, bool]:
        """Return the line that is kept of feedback, and whether its request is known.

        Raises:
            RequestRefused: The answer to the request did not show the work.
        """
        shown = self.answers.find(feedback.request_id)
        if shown and feedback.work not in shown.works:
            raise RequestRefused("work", f"{feedback.work!r} is not in the answer to this request")
        line = {
            "day": self._today(),
            "answer": shown.answer if shown else None,
            "request": orjson.Fragment(shown.request) if shown else None,
            "work": feedback.work,
            "kind": feedback.kind,
            "position": feedback.position,
        }
        kept = {name: value for name, value in line.items() if value is not None}
        return orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE), shown is not None

    def append(self, line: bytes) -> None:
        """Append a line, whole or not at all, and return when it is on the disk.

        Raises:
            FeedbackNotKept: It cannot be written.
        """
        try:
            make_private_folder(self._path.parent)
            append_whole(self._path, line)
        except OSError as error:
            logger.warning("feedback is not kept: %s: %s", self._path, error.strerror)
            raise FeedbackNotKept(f"the feedback could not be kept: {error.strerror}") from error
