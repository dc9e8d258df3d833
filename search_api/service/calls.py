"""What the service asks of a search, and the answer as JSON. A call can be pickled, and sent to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field

from search_api.json_answers import answer_to_json
from search_api.records import (
    Facets,
    Filters,
    Page,
    Questionnaire,
    RecommendRequest,
    SearchRequest,
    Suggestion,
    ValueView,
    WorkView,
)


class Searching(Protocol):
    """The methods of `Search` that the service calls."""

    def search(self, request: SearchRequest) -> Page:
        """Return the page of works that a request asks for."""
        ...

    def similar(
        self, work_id: str, filters: Filters = ..., limit: int = ..., offset: int = ..., cursor: str | None = ...
    ) -> Page:
        """Return the works most like one work."""
        ...

    def recommend(self, request: RecommendRequest) -> Page:
        """Return the page of works that a profile asks for."""
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
        """Return a line for each trained or tuned file that does not fit."""
        ...

    def close(self) -> None:
        """Close the index."""
        ...


class Attributions(BaseModel):
    """The notices that the sources' terms require."""

    attributions: tuple[str, ...]


class Ready(BaseModel):
    """How many works can be searched, and which trained or tuned files do not fit."""

    works: int
    notes: tuple[str, ...] | None = Field(
        default=None, description="what is not used, why, and the command that trains it anew; absent if all fits"
    )


Ask = Literal[
    "search", "similar", "recommend", "questionnaire", "work", "facets", "suggest", "values", "attributions", "ready"
]


@dataclass(frozen=True)
class Call:
    """A method of `Searching`, and its arguments."""

    ask: Ask
    arguments: tuple[Any, ...] = ()


READY = Call("ready")

_MADE: Mapping[str, Callable[[Searching], BaseModel]] = {
    "attributions": lambda search: Attributions(attributions=search.attributions()),
    "ready": lambda search: Ready(works=search.ready(), notes=search.notes() or None),
}
"""The answers that the service makes of what a method returns."""


def answer(search: Searching, call: Call) -> bytes:
    """Return the answer to a call as JSON.

    Raises:
        SearchError: The search refuses the call, or cannot answer it.
    """
    made = _MADE.get(call.ask)
    return answer_to_json(made(search) if made else getattr(search, call.ask)(*call.arguments))
