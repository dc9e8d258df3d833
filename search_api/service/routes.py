"""The endpoints: query parameters and bodies in, records of this stage out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from search_api.json_answers import answer_to_json
from search_api.records import Facets, Filters, Page, SearchRequest, Suggestion, ValueView, WorkView
from search_api.service.parameters import (
    FacetParameters,
    NoParameters,
    SearchParameters,
    SimilarParameters,
    SuggestParameters,
)
from search_api.service.problems import Problem
from search_api.service.security import LockedRoute, key_header

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

api = APIRouter(prefix="/v1", route_class=LockedRoute, dependencies=[Depends(key_header)], responses=_REFUSALS)
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


class Attributions(BaseModel):
    """Notices that the sources' terms ask for."""

    attributions: tuple[str, ...]


class Ready(BaseModel):
    """How many works can be searched."""

    works: int


class Alive(BaseModel):
    """That the process is up."""

    status: str = "ok"


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
    _none: Annotated[NoParameters, Query()],
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
                "adjusted": {"value": {"query": "a story of survival", "weights": {"E2": 0.8, "E16": -0.5}}},
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
def work(request: Request, work_id: str, _none: Annotated[NoParameters, Query()]) -> Response:
    """One work, with its values and the sentences that speak for them."""
    return _json(_search(request).work(work_id))


@api.get("/values", response_model=list[ValueView])
def values(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
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
def attributions(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
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
    return Response(answer_to_json(answer), media_type="application/json")
