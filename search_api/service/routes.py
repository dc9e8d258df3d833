"""The endpoints: from query parameters and bodies to the records of this stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel, Field
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
    refuse_repeats,
)
from search_api.service.problems import Problem
from search_api.service.security import LockedRoute, key_header

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The API key is missing or wrong"},
    422: {"model": Problem, "description": "A field or parameter is unknown or wrong; `errors` names each"},
    503: {"model": Problem, "description": "No index can be read; `detail` says what to do"},
}
_NO_WORK: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No work has this id"}}
_BAD_BODY: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON"},
    413: {"model": Problem, "description": "The body is larger than 256 kB"},
    415: {"model": Problem, "description": "The body is not declared as application/json"},
}

api = APIRouter(
    prefix="/v1",
    route_class=LockedRoute,
    dependencies=[Depends(key_header), Depends(refuse_repeats)],
    responses=_REFUSALS,
)
health = APIRouter()


class Searching(Protocol):
    """The methods of `Search` that the service calls."""

    def search(self, request: SearchRequest) -> Page:
        """Return the page of works that a request asks for."""
        ...

    def similar(self, work_id: str, filters: Filters = ..., limit: int = ..., offset: int = ...) -> Page:
        """Return the works most like one work."""
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
        """Return how many works can be searched.

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


class Alive(BaseModel):
    """The process is up."""

    status: str = "ok"


async def require_json(request: Request) -> None:
    """Refuse with 415 a body that is not declared as JSON."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise HTTPException(415, f"The body must be application/json, not {declared[:80] or 'undeclared'}")


@api.get("/search", response_model=Page)
def search_by_parameters(request: Request, parameters: Annotated[SearchParameters, Query()]) -> Response:
    """Find works for a request in a person's own words, given as query parameters."""
    return _json(_search(request).search(parameters.to_request()))


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
    """Find works for a request in a person's own words, given as JSON."""
    return _json(_search(request).search(wanted))


# A work's id may hold a slash, so `similar` must be tried first.
@api.get("/works/{work_id:path}/similar", response_model=Page, responses=_NO_WORK)
def similar_works(request: Request, work_id: str, parameters: Annotated[SimilarParameters, Query()]) -> Response:
    """Find the works most like one work."""
    page = _search(request).similar(work_id, parameters.to_filters(), parameters.limit, parameters.offset)
    return _json(page)


@api.get("/works/{work_id:path}", response_model=WorkView, responses=_NO_WORK)
def work(request: Request, work_id: str, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return one work, with its values and the sentences that show them."""
    return _json(_search(request).work(work_id))


@api.get("/values", response_model=list[ValueView])
def values(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return the taxonomy: the values that a work can have."""
    return _json(_search(request).values())


@api.get("/facets", response_model=Facets)
def facets(request: Request, parameters: Annotated[FacetParameters, Query()]) -> Response:
    """Count the works that pass the filters, exactly, by each fact."""
    return _json(_search(request).facets(parameters.to_filters(), tuple(parameters.name), parameters.limit))


@api.get("/suggest", response_model=list[Suggestion])
def suggest(request: Request, parameters: Annotated[SuggestParameters, Query()]) -> Response:
    """Return titles that complete or resemble the text typed so far."""
    return _json(_search(request).suggest(parameters.q, parameters.limit) if parameters.q else [])


@api.get("/attributions", response_model=Attributions)
def attributions(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return the notices that the sources' terms require beside the works."""
    return _json(Attributions(attributions=_search(request).attributions()))


@health.get("/healthz", response_model=Alive)
async def healthz() -> Response:
    """Answer that the process is up, with or without an index."""
    return _json(Alive())


@health.get("/readyz", response_model=Ready, responses={503: _REFUSALS[503]})
def readyz(request: Request) -> Response:
    """Return how many works can be searched, and which trained artefacts do not fit; 503 while there is no index."""
    search = _search(request)
    return _json(Ready(works=search.check(), notes=search.notes() or None))


def _search(request: Request) -> Searching:
    search: Searching = request.app.state.search
    return search


def _json(answer: Any) -> Response:
    return Response(answer_to_json(answer), media_type="application/json")
