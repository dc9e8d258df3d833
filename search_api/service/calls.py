"""What the service asks of a search, and the answer as JSON. A call can be pickled, and sent to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field

from search_api.account import Account, keep_account, note
from search_api.json_answers import answer_to_json
from search_api.records import (
    Facets,
    Filters,
    Matches,
    MatchRequest,
    Page,
    Questionnaire,
    RecommendRequest,
    SearchRequest,
    Sort,
    Suggestion,
    ValueView,
    WorkReference,
    WorkView,
)


class Searching(Protocol):
    """The methods of `Search` that the service calls."""

    def search(self, request: SearchRequest) -> Page:
        """Return the page of works that a request asks for."""
        ...

    def similar(
        self,
        work_id: str,
        filters: Filters = ...,
        limit: int = ...,
        offset: int = ...,
        cursor: str | None = ...,
        sort: Sort = ...,
    ) -> Page:
        """Return the works most like one work."""
        ...

    def recommend(self, request: RecommendRequest) -> Page:
        """Return the page of works that a profile asks for."""
        ...

    def match(self, request: MatchRequest) -> Matches:
        """Return the works that a person's list names."""
        ...

    def questionnaire(self) -> Questionnaire:
        """Return values and well-known works to choose a profile from."""
        ...

    def work(self, work_id: str) -> WorkView:
        """Return one work."""
        ...

    def facets(self, filters: Filters = ..., names: Sequence[str] = ..., limit: int = ...) -> Facets:
        """Return counts by each named facet."""
        ...

    def suggest(self, text: str, limit: int = ...) -> list[Suggestion]:
        """Return titles that complete or resemble `text`."""
        ...

    def find_title(self, text: str) -> list[WorkReference]:
        """Return the works that a title, or an id, may mean, the best known first."""
        ...

    def values(self) -> list[ValueView]:
        """Return the taxonomy."""
        ...

    def attributions(self) -> tuple[str, ...]:
        """Return the notices that the sources' terms require."""
        ...

    def check(self) -> int:
        """Load what the first request would wait for, and return how many works can be searched.

        Raises:
            IndexUnavailable: No index can be read.
        """
        ...

    def ready(self) -> int:
        """Return how many works can be searched, without counting or loading anything.

        Raises:
            IndexUnavailable: No index can be read.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return a line for each trained or tuned file that does not fit, and for an encoder on torch."""
        ...

    def unanswered(self) -> tuple[str, ...]:
        """Return a line for each address of the index's server that does not answer."""
        ...

    def close(self) -> None:
        """Close the index."""
        ...


class Attributions(BaseModel):
    """The notices that the sources' terms require."""

    attributions: tuple[str, ...]


class Ready(BaseModel):
    """How many works can be searched, which trained or tuned files do not fit, and what of a server does not answer."""

    works: int
    notes: tuple[str, ...] | None = Field(
        default=None,
        description="what is not used, why, and the command that trains it anew; why the encoder is slow; absent if "
        "all fits",
    )
    unanswered: tuple[str, ...] | None = Field(
        default=None, description="addresses of the Qdrant server that do not answer, and why; absent if all do"
    )


Ask = Literal[
    "search",
    "similar",
    "recommend",
    "match",
    "questionnaire",
    "work",
    "facets",
    "suggest",
    "find_title",
    "values",
    "attributions",
    "ready",
]


@dataclass(frozen=True)
class Call:
    """A method of `Searching`, its arguments, and the id of the request that asks, for logs."""

    ask: Ask
    arguments: tuple[Any, ...] = ()
    request_id: str = field(default="", compare=False)


READY = Call("ready")
REQUEST_ID = "http.request.id"
"""The name of the request's id in the context of what is logged, as ECS has it."""

_MADE: Mapping[str, Callable[[Searching], BaseModel]] = {
    "attributions": lambda search: Attributions(attributions=search.attributions()),
    "ready": lambda search: Ready(
        works=search.ready(), notes=search.notes() or None, unanswered=search.unanswered() or None
    ),
}
"""The answers that the service makes of what a method returns."""


@dataclass(frozen=True)
class Answer:
    """The answer to a call.

    Attributes:
        body: The answer as JSON.
        account: How it was made.
        works: The ids of the works on a page of works, in their order.
    """

    body: bytes
    account: Account = field(default_factory=Account)
    works: tuple[str, ...] = ()


def answer(search: Searching, call: Call) -> Answer:
    """Return the answer to a call.

    Raises:
        SearchError: The search refuses the call, or cannot answer it.
    """
    made = _MADE.get(call.ask)
    with keep_account() as account:
        answered = made(search) if made else getattr(search, call.ask)(*call.arguments)
        if isinstance(answered, Page):
            _note_page(answered)
        body = answer_to_json(answered)
    works = tuple(hit.id for hit in answered.hits) if isinstance(answered, Page) else ()
    return Answer(body, account, works)


def _note_page(page: Page) -> None:
    note("answers")
    note("total", page.total)
    note("empty", int(not page.total))
    note("corrected", len(page.intent.corrected))
    note("ignored", len(page.intent.ignored))
    note("unmet", len(page.intent.unmet))
