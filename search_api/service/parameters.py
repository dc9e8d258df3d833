"""The query parameters of each endpoint, and the filters and requests that they become."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Self, get_origin

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model, model_validator
from starlette.requests import Request

from indexer.facts import FACTS, MOST_NAMES, MOST_NUMBER, Fact, Part
from search_api.cursors import MAX_WINDOW
from search_api.errors import RequestRefused
from search_api.records import (
    BEST,
    FACETS,
    MAX_LIMIT,
    MAX_QUERY_CHARACTERS,
    CursorText,
    FacetName,
    Filters,
    IntentPart,
    Name,
    ScoreRange,
    SearchRequest,
    Sort,
    WorkId,
    check_window,
)

Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]


class NoParameters(BaseModel):
    """No parameters. Every class below refuses unknown parameters too, by name."""

    model_config = ConfigDict(extra="forbid")


class _Filtering(NoParameters):
    """The filters as query parameters, made from the table of facts (`indexer/facts.py`)."""

    def to_filters(self) -> Filters:
        """Return the filters as in a body. A fact without a parameter stays unset, so that the query's words decide.

        Raises:
            RequestRefused: A range's ends are in the wrong order, or a value is not written as `value:score`.
            RequestValidationError: A filter is refused for another reason.
        """
        wishes: dict[str, Any] = {}
        for name, fact in FACTS.items():
            given = {part: getattr(self, link) for part, link in fact.links.items()}
            given = {part: wish for part, wish in given.items() if wish not in (None, [])}
            _check_ends(fact, given)
            if "is" in given:
                wishes[name] = given["is"]
            elif "scores" in given:
                wishes[name] = dict(parse_value(text) for text in given["scores"])
            elif given:
                wishes[name] = given
        with _naming_parameters():
            return Filters.model_validate(wishes)


_MEANINGS: Mapping[Part, str] = {
    "any": "any of these",
    "all": "all of these",
    "none": "none of these",
    "scores": "`E5`, or `E5:0.6` for at least that score",
}


def _to_field(name: str, fact: Fact, part: Part) -> tuple[Any, Any]:
    """Return the type and the declaration of the query parameter for one part of a filter."""
    if part == "is":
        return Filters.model_fields[name].annotation, Field(default=None)
    if part in ("gte", "lte"):
        return int | None, Field(default=None, ge=fact.least, le=MOST_NUMBER, description=fact.unit)
    examples = [[fact.example]] if fact.example and part == next(iter(fact.links)) else None
    return Names, Field(default=[], description=_MEANINGS[part], examples=examples)


if TYPE_CHECKING:
    FilterParameters = _Filtering
else:
    FilterParameters = create_model(
        "FilterParameters",
        __base__=_Filtering,
        **{link: _to_field(name, fact, part) for name, fact in FACTS.items() for part, link in fact.links.items()},
    )


class SimilarParameters(FilterParameters):
    """The filters, the order, and which part of the answer to return."""

    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    offset: int = Field(default=0, ge=0, lt=MAX_WINDOW)
    cursor: CursorText | None = Field(default=None, description="the `cursor` of the page before, in place of `offset`")
    sort: Sort = BEST

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        check_window(self.offset, self.limit, self.cursor)
        return self


class SearchParameters(SimilarParameters):
    """A whole search request as query parameters."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)] = Field(
        examples=["like Interstellar but not too sad, under two hours"]
    )
    interpret: bool = Field(
        default=True, description="false: take the query as plain text, and read no facts or values from it"
    )
    without: list[IntentPart] = Field(
        default=[],
        max_length=MOST_NAMES,
        description="parts of the intent to leave out",
        examples=[["values.E4", "like.ID", "unlike.ID", "filters.year"]],
    )
    weight: Names = Field(
        default=[], description="how much a value is wanted, from -1 to 1", examples=[["E5:0.8", "E16:-0.5"]]
    )

    like: list[WorkId] = Field(
        default=[], max_length=MOST_NAMES, description="works to be like, by id", examples=[["starter:walle-2008"]]
    )
    unlike: list[WorkId] = Field(default=[], max_length=MOST_NAMES, description="works to be unlike, by id")

    def to_request(self) -> SearchRequest:
        """Return the request as in a body.

        Raises:
            RequestRefused: A filter or a weight is not written as it should be.
            RequestValidationError: A part of the request is refused for another reason.
        """
        with _naming_parameters():
            return SearchRequest(
                query=self.q,
                filters=self.to_filters(),
                limit=self.limit,
                offset=self.offset,
                cursor=self.cursor,
                interpret=self.interpret,
                without=tuple(self.without),
                weights=dict(parse_weight(text) for text in self.weight),
                like=tuple(self.like),
                unlike=tuple(self.unlike),
                sort=self.sort,
            )


class PlainParameters(SearchParameters):
    """A search request of the page without JavaScript, which is a form without one."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_QUERY_CHARACTERS)] = ""


class FacetParameters(FilterParameters):
    """The filters, and which facts to count."""

    name: list[FacetName] = Field(default=list(FACETS), max_length=len(FACETS), description="repeatable; default: all")
    limit: int = Field(default=20, ge=1, le=1_000, description="how many values of each fact")


class SuggestParameters(NoParameters):
    """The text typed so far."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)] = Field(examples=["interst"])
    limit: int = Field(default=8, ge=1, le=50)


_DECLARED = SearchParameters.model_fields | FacetParameters.model_fields
_SINGLE = frozenset(name for name, field in _DECLARED.items() if get_origin(field.annotation) is not list)


async def refuse_repeats(request: Request) -> None:
    """Refuse a parameter that takes one value and is given several: all but one would be dropped.

    Raises:
        RequestRefused: A parameter is repeated.
    """
    for name, n_given in Counter(name for name, _ in request.query_params.multi_items()).items():
        if n_given > 1 and name in _SINGLE:
            raise RequestRefused(name, f"given {n_given} times, but it takes one value")


def parse_value(text: str) -> tuple[str, ScoreRange]:
    """Return a value's id and the range of its score, from `E5` (any score) or `E5:0.6` (at least 0.6).

    Raises:
        RequestRefused: The text is written in another way.
    """
    match = re.fullmatch(r"([^:]+)(?::(0|1|0?\.\d+|1\.0+))?", text)
    if not match:
        raise RequestRefused("value", f"{text!r} is neither a value nor value:score; write E5, or E5:0.6")
    return match[1], ScoreRange(gte=float(match[2]) if match[2] else None)


def parse_weight(text: str) -> tuple[str, float]:
    """Return a value's id and how much it is wanted, from `E5:0.8` or `E16:-0.5`.

    Raises:
        RequestRefused: The text is written in another way.
    """
    match = re.fullmatch(r"([^:]+):(-?(?:0|1|0?\.\d+|1\.0+))", text)
    if not match:
        raise RequestRefused("weight", f"{text!r} is not value:weight from -1 to 1; write E5:0.8, or E16:-0.5")
    return match[1], float(match[2])


@contextmanager
def _naming_parameters() -> Iterator[None]:
    """Refuse what the records refuse, by the name of the query parameter that it came from."""
    try:
        yield
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise RequestValidationError(
            [{**problem, "loc": ("query", _parameter_of(problem["loc"]))} for problem in problems]
        ) from None


def _parameter_of(place: Sequence[int | str]) -> str:
    """Return the query parameter for a place in a request or its filters: `year_from` for `filters.year.gte`."""
    name, *rest = (str(part) for part in place if part != "filters")
    if name not in FACTS:
        return {"query": "q", "weights": "weight"}.get(name, name)
    links = {str(part): link for part, link in FACTS[name].links.items()}
    return links.get(rest[0] if rest else "", next(iter(links.values())))


def _check_ends(fact: Fact, given: Mapping[Part, Any]) -> None:
    low, high = given.get("gte"), given.get("lte")
    if low is not None and high is not None and low > high:
        raise RequestRefused(fact.links["gte"], f"{low} is above {fact.links['lte']} ({high})")
