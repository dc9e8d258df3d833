"""The endpoints: query parameters and bodies in, records of this stage out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from crawler.records import Kind
from search_api.errors import RequestRefused
from search_api.problems import Problem
from search_api.records import (
    FACETS,
    MAX_LIMIT,
    MAX_QUERY_CHARACTERS,
    Choice,
    FacetName,
    Facets,
    Filters,
    IntegerRange,
    Name,
    Page,
    ScoreRange,
    SearchRequest,
    Suggestion,
    ValueView,
    WorkView,
)
from search_api.security import require_key

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The API key is missing or wrong"},
    422: {"model": Problem, "description": "A field or parameter is unknown or wrong; each is named"},
    503: {"model": Problem, "description": "No index can be read; says what to do"},
}
_NO_WORK: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No work has this id"}}
_BAD_BODY: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON"},
    413: {"model": Problem, "description": "The body is larger than 256 kB"},
    415: {"model": Problem, "description": "The body is not declared as application/json"},
}

api = APIRouter(prefix="/v1", dependencies=[Depends(require_key)], responses=_REFUSALS)
health = APIRouter()


class Searching(Protocol):
    """What the service asks of a search."""

    def search(self, request: SearchRequest) -> Page:
        """Answer a question."""
        ...

    def similar(self, work_id: str, filters: Filters = ..., limit: int = ..., offset: int = ...) -> Page:
        """Works that give what this one gives."""
        ...

    def work(self, work_id: str) -> WorkView:
        """One work."""
        ...

    def facets(self, filters: Filters = ..., names: Sequence[str] = ..., limit: int = ...) -> Facets:
        """Counts of each named fact."""
        ...

    def suggest(self, text: str, limit: int = ...) -> list[Suggestion]:
        """Titles that complete or resemble `text`."""
        ...

    def values(self) -> list[ValueView]:
        """The taxonomy."""
        ...

    def attributions(self) -> tuple[str, ...]:
        """Notices that the sources' terms ask for."""
        ...

    def check(self) -> int:
        """How many works can be searched; raises IndexUnavailable."""
        ...

    def close(self) -> None:
        """Let go of the index."""
        ...


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")


Names = Annotated[list[Name], Field(max_length=50)]
Fact = Literal["kind", "year", "runtime_minutes", "page_count", "language", "genres", "creators"]


class FilterParameters(_Parameters):
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

    any: list[Fact] = Field(default=[], description="facts that the question's words must not narrow")

    def to_filters(self) -> Filters:
        """The same wishes as a body has them: a fact not mentioned is left to the question's words."""
        language = Choice(any=tuple(self.language), none=tuple(self.not_language))
        genres = Choice(any=tuple(self.genre), all=tuple(self.all_genre), none=tuple(self.not_genre))
        creators = Choice(any=tuple(self.creator))
        wishes: dict[Fact | Literal["values"], Any] = {
            "kind": self.kind,
            "year": _to_range("year", self.year_from, self.year_to),
            "runtime_minutes": _to_range("runtime", self.runtime_from, self.runtime_to),
            "page_count": _to_range("pages", self.pages_from, self.pages_to),
            "language": language if language != Choice() else None,
            "genres": genres if genres != Choice() else None,
            "creators": creators if creators != Choice() else None,
            "values": dict(parse_value(text) for text in self.value) or None,
        }
        return Filters(**{fact: wish for fact, wish in wishes.items() if wish is not None or fact in self.any})


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

    def to_request(self) -> SearchRequest:
        """The same request as a body has it."""
        return SearchRequest(
            query=self.q, filters=self.to_filters(), limit=self.limit, offset=self.offset, interpret=self.interpret
        )


class FacetParameters(FilterParameters):
    """Which facts to count."""

    name: list[FacetName] = Field(default=list(FACETS), max_length=len(FACETS), description="repeatable; default: all")
    limit: int = Field(default=20, ge=1, le=1_000, description="how many values of each fact")


class SuggestParameters(_Parameters):
    """What was typed so far."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000)] = Field(examples=["interst"])
    limit: int = Field(default=8, ge=1, le=50)


class Attributions(BaseModel):
    """Notices that the sources' terms ask for."""

    attributions: tuple[str, ...]


class Ready(BaseModel):
    """How many works can be searched."""

    works: int


class Alive(BaseModel):
    """That the process is up."""

    status: str = "ok"


def parse_value(text: str) -> tuple[str, ScoreRange]:
    """A value's id and the scores it may have, from `E5` (any) or `E5:0.6` (at least 0.6)."""
    found = re.fullmatch(r"([^:]+)(?::(0|1|0?\.\d+|1\.0+))?", text)
    if not found:
        raise RequestRefused("value", f"{text!r} is neither a value nor value:score; write E5, or E5:0.6")
    return found[1], ScoreRange(gte=float(found[2]) if found[2] else None)


async def require_json(request: Request) -> None:
    """Refuse with 415 a body that does not say it is JSON."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise HTTPException(415, f"The body must be application/json, not {declared[:80] or 'undeclared'}")


@api.get("/search", response_model=Page)
def search_by_parameters(request: Request, wanted: Annotated[SearchParameters, Query()]) -> Response:
    """Works for a question asked in a person's own words, as a link can carry it."""
    return _json(_search(request).search(wanted.to_request()))


@api.post("/search", response_model=Page, dependencies=[Depends(require_json)], responses=_BAD_BODY)
def search_by_body(
    request: Request,
    wanted: Annotated[
        SearchRequest,
        Body(
            openapi_examples={
                "a mood": {"value": {"query": "find me something inspiring"}},
                "with filters": {
                    "value": {
                        "query": "like Interstellar but not too sad, under two hours",
                        "filters": {"kind": "movie", "year": {"gte": 1990}, "values": {"E5": {"gte": 0.5}}},
                        "limit": 5,
                    }
                },
            }
        ),
    ],
) -> Response:
    """Works for a question asked in a person's own words, with every filter there is."""
    return _json(_search(request).search(wanted))


# A work's id may hold a slash, so `similar` must be tried first.
@api.get("/works/{work_id:path}/similar", response_model=Page, responses=_NO_WORK)
def similar_works(request: Request, work_id: str, wanted: Annotated[SimilarParameters, Query()]) -> Response:
    """Works that give what this one gives."""
    return _json(_search(request).similar(work_id, wanted.to_filters(), wanted.limit, wanted.offset))


@api.get("/works/{work_id:path}", response_model=WorkView, responses=_NO_WORK)
def work(request: Request, work_id: str) -> Response:
    """One work, with its values and the sentences that speak for them."""
    return _json(_search(request).work(work_id))


@api.get("/values", response_model=list[ValueView])
def values(request: Request) -> Response:
    """The taxonomy: what a work can give."""
    return _json(_search(request).values())


@api.get("/facets", response_model=Facets)
def facets(request: Request, wanted: Annotated[FacetParameters, Query()]) -> Response:
    """Exact counts of each fact over the works that the filters let through."""
    return _json(_search(request).facets(wanted.to_filters(), tuple(wanted.name), wanted.limit))


@api.get("/suggest", response_model=list[Suggestion])
def suggest(request: Request, wanted: Annotated[SuggestParameters, Query()]) -> Response:
    """Titles that complete what was typed, or resemble it."""
    return _json(_search(request).suggest(wanted.q, wanted.limit) if wanted.q else [])


@api.get("/attributions", response_model=Attributions)
def attributions(request: Request) -> Response:
    """Notices that the sources' terms ask to be shown beside the works."""
    return _json(Attributions(attributions=_search(request).attributions()))


@health.get("/healthz", response_model=Alive)
async def healthz() -> Response:
    """Whether the process is up; says nothing of the index."""
    return _json(Alive())


@health.get("/readyz", response_model=Ready, responses={503: _REFUSALS[503]})
def readyz(request: Request) -> Response:
    """Whether there is an index to search, and of how many works."""
    return _json(Ready(works=_search(request).check()))


def _search(request: Request) -> Searching:
    search: Searching = request.app.state.search
    return search


def _json(answer: Any) -> Response:
    # Written by pydantic's core in one pass; a response model in FastAPI would validate the answer a second time.
    return Response(to_json(answer, exclude_none=True), media_type="application/json")


def _to_range(name: str, low: int | None, high: int | None) -> IntegerRange | None:
    if low is None and high is None:
        return None
    if low is not None and high is not None and low > high:
        raise RequestRefused(f"{name}_from", f"{low} is above {name}_to ({high})")
    return IntegerRange(gte=low, lte=high)
