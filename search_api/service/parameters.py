"""The query parameters of each endpoint, and what they become: filters and requests as a body has them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crawler.records import Kind
from search_api.errors import RequestRefused
from search_api.records import (
    FACETS,
    MAX_LIMIT,
    MAX_QUERY_CHARACTERS,
    Choice,
    FacetName,
    Filters,
    IntegerRange,
    IntentPart,
    Name,
    ScoreRange,
    SearchRequest,
)

Names = Annotated[list[Name], Field(max_length=50)]


class NoParameters(BaseModel):
    """None: whatever is given is refused by name, here and in every class below."""

    model_config = ConfigDict(extra="forbid")


class FilterParameters(NoParameters):
    """The filters, as query parameters: what `Filters` says in a body."""

    kind: Kind | None = None
    year_from: int | None = None
    year_to: int | None = None
    runtime_from: int | None = Field(default=None, description="minutes")
    runtime_to: int | None = Field(default=None, description="minutes")
    pages_from: int | None = None
    pages_to: int | None = None
    language: Names = Field(default=[], description="any of these", examples=[["en"]])
    not_language: Names = Field(default=[], description="none of these")
    genre: Names = Field(default=[], description="any of these", examples=[["Drama"]])
    all_genre: Names = Field(default=[], description="all of these")
    not_genre: Names = Field(default=[], description="none of these")
    creator: Names = Field(default=[], description="any of these")
    value: Names = Field(default=[], description="`E5`, or `E5:0.6` for at least that score", examples=[["E5:0.6"]])

    def to_filters(self) -> Filters:
        """The same wishes as a body has them: a fact not mentioned is left to the question's words."""
        language = Choice(any=tuple(self.language), none=tuple(self.not_language))
        genres = Choice(any=tuple(self.genre), all=tuple(self.all_genre), none=tuple(self.not_genre))
        creators = Choice(any=tuple(self.creator))
        wishes: dict[str, Any] = {
            "kind": self.kind,
            "year": _to_range("year", self.year_from, self.year_to),
            "runtime_minutes": _to_range("runtime", self.runtime_from, self.runtime_to),
            "page_count": _to_range("pages", self.pages_from, self.pages_to),
            "language": language if language != Choice() else None,
            "genres": genres if genres != Choice() else None,
            "creators": creators if creators != Choice() else None,
            "values": dict(parse_value(text) for text in self.value) or None,
        }
        return Filters(**{fact: wish for fact, wish in wishes.items() if wish is not None})


class SimilarParameters(FilterParameters):
    """Which part of the similar works to give."""

    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class SearchParameters(SimilarParameters):
    """A whole search request, as query parameters."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)] = Field(
        examples=["like Interstellar but not too sad, under two hours"]
    )
    interpret: bool = Field(default=True, description="false: plain text, read no facts or values out of it")
    without: list[IntentPart] = Field(
        default=[],
        max_length=50,
        description="parts of what would be understood to leave out",
        examples=[["values.E4", "like.ID", "unlike.ID", "filters.year"]],
    )
    weight: Names = Field(
        default=[], description="how much a value is wanted, from -1 to 1", examples=[["E5:0.8", "E16:-0.5"]]
    )

    def to_request(self) -> SearchRequest:
        """The same request as a body has it."""
        return SearchRequest(
            query=self.q,
            filters=self.to_filters(),
            limit=self.limit,
            offset=self.offset,
            interpret=self.interpret,
            without=tuple(self.without),
            weights=dict(parse_weight(text) for text in self.weight),
        )


class FacetParameters(FilterParameters):
    """Which facts to count."""

    name: list[FacetName] = Field(default=list(FACETS), max_length=len(FACETS), description="repeatable; default: all")
    limit: int = Field(default=20, ge=1, le=1_000, description="how many values of each fact")


class SuggestParameters(NoParameters):
    """What was typed so far."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)] = Field(examples=["interst"])
    limit: int = Field(default=8, ge=1, le=50)


def parse_value(text: str) -> tuple[str, ScoreRange]:
    """A value's id and the scores it may have, from `E5` (any) or `E5:0.6` (at least 0.6)."""
    found = re.fullmatch(r"([^:]+)(?::(0|1|0?\.\d+|1\.0+))?", text)
    if not found:
        raise RequestRefused("value", f"{text!r} is neither a value nor value:score; write E5, or E5:0.6")
    return found[1], ScoreRange(gte=float(found[2]) if found[2] else None)


def parse_weight(text: str) -> tuple[str, float]:
    """A value's id and how much it is wanted, from `E5:0.8` or `E16:-0.5`."""
    found = re.fullmatch(r"([^:]+):(-?(?:0|1|0?\.\d+|1\.0+))", text)
    if not found:
        raise RequestRefused("weight", f"{text!r} is no value:weight from -1 to 1; write E5:0.8, or E16:-0.5")
    return found[1], float(found[2])


def _to_range(name: str, low: int | None, high: int | None) -> IntegerRange | None:
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        raise RequestRefused(f"{name}_from", f"{low} is above {name}_to ({high})")
    return IntegerRange(gte=low, lte=high)
