"""The arguments of each tool, as an assistant gives them. The descriptions are what the assistant reads. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import from_json

from crawler.records import ClosedModel, Kind
from indexer.facts import FACTS, MOST_NAMES, MOST_NUMBER
from search_api.cursors import MAX_WINDOW
from search_api.errors import RequestRefused
from search_api.field_names import nearest
from search_api.records import MAX_QUERY_CHARACTERS, Filters, IntentPart, Name, ValueView, Weight, WorkId

MOST_WORKS = 20
"""The most works in an answer: an assistant reads every word of it."""


def _read_json(given: Any) -> Any:
    """Return what a text of JSON holds: some assistants write a list or an object as text, or one name as no list."""
    if not isinstance(given, str):
        return given
    try:
        read = from_json(given)
    except ValueError:
        read = None
    return read if isinstance(read, (list, dict)) else [given]


Names = Annotated[tuple[Name, ...], BeforeValidator(_read_json), Field(max_length=MOST_NAMES)]
Works = Annotated[tuple[WorkId, ...], BeforeValidator(_read_json), Field(max_length=MOST_NAMES)]
Weights = Annotated[
    dict[Name, Weight],
    BeforeValidator(_read_json),
    Field(
        max_length=MOST_NAMES,
        description="values by name or id (the tool values lists them), each with how much it is wanted, from -1 "
        '(unwanted) to 1: {"hope": 0.8, "sadness": -0.5}',
    ),
]
Year = Annotated[int, Field(ge=-10_000, le=MOST_NUMBER)]
Length = Annotated[int, Field(ge=0, le=MOST_NUMBER)]


class WorksArguments(ClosedModel):
    """Facts that every work of an answer must have, and which part of the answer to return.

    A fact is called as in a link of the HTTP API.
    """

    kind: Kind | None = Field(default=None, description="only films (movie) or only books; leave out for both")
    year_from: Year | None = Field(default=None, description="the first year")
    year_to: Year | None = Field(default=None, description="the last year")
    runtime_to: Length | None = Field(default=None, description="the most minutes of a film")
    pages_to: Length | None = Field(default=None, description="the most pages of a book")
    language: Names = Field(default=(), description="ISO 639 codes of original languages, any of which will do: en")
    country: Names = Field(default=(), description="ISO 3166 codes of countries, any of which will do: SE")
    genre: Names = Field(default=(), description="genres, any of which will do: Drama")
    not_genre: Names = Field(default=(), description="genres that are refused: Horror")
    creator: Names = Field(default=(), description="full names of directors, authors or actors, any will do")
    limit: int = Field(default=5, ge=1, le=MOST_WORKS, description="how many works to return")
    offset: int = Field(default=0, ge=0, lt=MAX_WINDOW - MOST_WORKS, description="how many works to skip")

    def to_filters(self) -> Filters:
        """Return the filters of a request. A fact that is not given stays unset, so that words decide.

        Raises:
            ValidationError: The ends of a range are in the wrong order.
        """
        wishes: dict[str, Any] = {}
        for name, fact in FACTS.items():
            given = {part: getattr(self, link, None) for part, link in fact.links.items()}
            given = {part: wish for part, wish in given.items() if wish not in (None, ())}
            if given:
                wishes[name] = given.get("is", given)
        return Filters.model_validate(wishes)


class SearchArguments(WorksArguments):
    """A request in a person's own words."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)] = (
        Field(
            description="what the person looks for, in their own words, in English: moods and themes, works to be like "
            "or unlike, facts and refusals. “something inspiring, like Interstellar but not too sad, under two hours”"
        )
    )
    values: Weights = Field(default_factory=dict)
    without: Annotated[tuple[IntentPart, ...], BeforeValidator(_read_json)] = Field(
        default=(),
        max_length=MOST_NAMES,
        description="parts of the query that were misread, to leave out: each as `part` of an answer's `understood` "
        "names it, such as values.E4",
    )


class RecommendArguments(WorksArguments):
    """What a person likes."""

    likes: Works = Field(default=(), description="works that the person likes, by title or id")
    dislikes: Works = Field(default=(), description="works that the person does not like, by title or id")
    values: Weights = Field(default_factory=dict)
    seen: Works = Field(default=(), description="works that are not to be shown, by title or id")


class SimilarArguments(WorksArguments):
    """A work that others are to be like."""

    work: WorkId = Field(description="the work, by title or id")


class WorkArguments(ClosedModel):
    """A work to show."""

    work: WorkId = Field(description="the work, by title or id")


class ValuesArguments(ClosedModel):
    """Which values to list."""

    facet: Literal["theme", "emotion", "learning"] | None = Field(
        default=None, description="only values of this facet; leave out for all"
    )


def weights_by_id(weights: dict[str, float], known: Sequence[ValueView]) -> dict[str, float]:
    """Return weights by the ids of values, given by name or id.

    Raises:
        RequestRefused: No value has such a name or id; the error names the nearest.
    """
    ids = {name.casefold(): value.id for value in known for name in (value.id, value.name)}
    by_id: dict[str, float] = {}
    for name, weight in weights.items():
        if name.casefold() not in ids:
            guess = nearest(name.casefold(), ids)
            hint = f"did you mean {guess!r}?" if guess else "the tool values lists them"
            raise RequestRefused(f"values.{name}", f"no value has this name or id; {hint}")
        by_id[ids[name.casefold()]] = weight
    return by_id
