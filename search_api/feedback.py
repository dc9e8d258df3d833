"""The records of feedback: what a person did with a work of an answer, and the line that is kept of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from search_api.records import ClosedModel, SearchRequest, WorkId

FEEDBACK_FILE = "feedback.jsonl"
"""The file in the home folder that the service appends to."""
MAX_REQUEST_BYTES = 48 * 1024
"""The longest request that a line has. A query of 10,000 characters has 40 kB at most, in any script."""
MAX_LINE_BYTES = 64 * 1024
"""The longest line: a request, and the id of a work of 12 kB at most."""

REQUEST_ID_PATTERN = r"[A-Za-z0-9._~-]{1,128}"
"""What the id of a request may be, where a caller chooses it."""
FeedbackKind = Literal["opened", "saved", "dismissed", "liked"]


class Feedback(ClosedModel):
    """What a person did with a work of an answer."""

    request_id: Annotated[str, StringConstraints(pattern=f"^{REQUEST_ID_PATTERN}$")] = Field(
        description="the header X-Request-ID of the answer", examples=["5f0c9a7e6a3b4d0f8f5f4a3b2c1d0e9f"]
    )
    work: WorkId = Field(description="the id of the work", examples=["starter:walle-2008"])
    kind: FeedbackKind
    position: int | None = Field(
        default=None, ge=1, le=1_000_000, description="where the work stood in the list that the person saw, from 1"
    )


class FeedbackLine(BaseModel):
    """A line of the file: nothing in it tells who sent it.

    Attributes:
        day: The day in UTC; a time would lead to a line of the access log of a proxy, and so to an address.
        answer: Is the same for all feedback on one answer. It is not the request's id, for the same reason.
        request: What was asked, without the part of the answer (limit, offset, cursor); None: no longer known.
        work: The id of the work.
        kind: What was done with it.
        position: Where it stood, from 1.
    """

    day: date
    answer: str | None = None
    request: SearchRequest | None = None
    work: WorkId
    kind: FeedbackKind
    position: int | None = None


def request_to_keep(request: SearchRequest) -> dict[str, Any]:
    """Return a request as a line has it: the query, and what else was set.

    The works that it excludes are left out: they can be a person's list.
    """
    given = request.model_dump(mode="json", exclude_unset=True, exclude={"limit", "offset", "cursor", "exclude"})
    usual = SearchRequest(query="-").model_dump(mode="json")
    return {name: value for name, value in given.items() if name == "query" or value not in ({}, usual[name])}
