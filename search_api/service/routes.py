"""The endpoints: from query parameters and bodies to calls of a backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from search_api.feedback import Feedback
from search_api.json_answers import answer_to_json
from search_api.records import (
    MAX_ID_CHARACTERS,
    Facets,
    Matches,
    MatchRequest,
    Page,
    Questionnaire,
    RecommendRequest,
    SearchRequest,
    Suggestion,
    ValueView,
    WorkView,
)
from search_api.service.backend import Backend
from search_api.service.calls import READY, Answer, Attributions, Call, Ready
from search_api.service.feedback import FeedbackKeeper
from search_api.service.observing import CLIENT_GONE
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
    403: {"model": Problem, "description": "The API key may not do this"},
    414: {"model": Problem, "description": "The link is longer than 64 kB"},
    422: {"model": Problem, "description": "A field or parameter is unknown or wrong; `errors` names each"},
    429: {"model": Problem, "description": "The API key has used its requests of a minute"},
    503: {
        "model": Problem,
        "description": "No index can be read, too many requests are in progress, or the answer took too long; `detail` "
        "says which",
    },
}
_NO_WORK: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No work has this id"}}
_BAD_BODY: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON"},
    408: {"model": Problem, "description": "The body came too slowly"},
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

WorkId = Annotated[str, Path(max_length=MAX_ID_CHARACTERS)]


class Alive(BaseModel):
    """The process is up."""

    status: str = "ok"


async def require_json(request: Request) -> None:
    """Refuse with 415 a body that is not declared as JSON."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise HTTPException(415, f"The body must be application/json, not {declared[:80] or 'undeclared'}")


@api.get("/search", response_model=Page)
async def search_by_parameters(request: Request, parameters: Annotated[SearchParameters, Query()]) -> Response:
    """Find works for a request in a person's own words, given as query parameters."""
    return await _answer(request, Call("search", (parameters.to_request(),)))


@api.post("/search", response_model=Page, dependencies=[Depends(require_json)], responses=_BAD_BODY)
async def search_by_body(
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
    return await _answer(request, Call("search", (wanted,)))


@api.post("/recommend", response_model=Page, dependencies=[Depends(require_json)], responses=_BAD_BODY)
async def recommend(
    request: Request,
    _none: Annotated[NoParameters, Query()],
    wanted: Annotated[
        RecommendRequest,
        Body(
            openapi_examples={
                "likes": {"value": {"likes": ["starter:walle-2008", "starter:up-2009"]}},
                "a profile": {
                    "value": {
                        "likes": ["starter:walle-2008"],
                        "dislikes": ["starter:interstellar-2014"],
                        "values": {"E2": 0.8, "E16": -0.5},
                        "filters": {"kind": "movie"},
                    }
                },
            }
        ),
    ],
) -> Response:
    """Find works for a person, by what the person likes. A body, so that profiles stay out of logs; nothing is kept."""
    return await _answer(request, Call("recommend", (wanted,)))


@api.post("/match", response_model=Matches, dependencies=[Depends(require_json)], responses=_BAD_BODY)
async def match_list(
    request: Request,
    _none: Annotated[NoParameters, Query()],
    wanted: Annotated[
        MatchRequest,
        Body(
            openapi_examples={
                "a list": {
                    "value": {
                        "works": [
                            {"title": "WALL·E", "year": 2008, "kind": "movie", "ids": {"imdb": "tt0910970"}},
                            {"title": "The Hobbit: There and Back Again", "year": 1937, "kind": "book"},
                        ]
                    }
                }
            }
        ),
    ],
) -> Response:
    """Find the works of a person's list: by their ids, else by title and year. Nothing of it is kept."""
    return await _answer(request, Call("match", (wanted,)))


@api.get("/questionnaire", response_model=Questionnaire)
async def get_questionnaire(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return values and well-known works to choose a profile from."""
    return await _answer(request, Call("questionnaire"))


# A work's id may hold a slash, so `similar` must be tried first.
@api.get("/works/{work_id:path}/similar", response_model=Page, responses=_NO_WORK)
async def find_similar_works(
    request: Request, work_id: WorkId, parameters: Annotated[SimilarParameters, Query()]
) -> Response:
    """Find the works most like one work."""
    place = (parameters.limit, parameters.offset, parameters.cursor)
    arguments = (work_id, parameters.to_filters(), *place, parameters.sort)
    return await _answer(request, Call("similar", arguments))


@api.get("/works/{work_id:path}", response_model=WorkView, responses=_NO_WORK)
async def get_work(request: Request, work_id: WorkId, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return one work, with its values and the sentences that show them."""
    return await _answer(request, Call("work", (work_id,)))


@api.get("/values", response_model=list[ValueView])
async def list_values(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return the taxonomy: the values that a work can have."""
    return await _answer(request, Call("values"))


@api.get("/facets", response_model=Facets)
async def count_facets(request: Request, parameters: Annotated[FacetParameters, Query()]) -> Response:
    """Count the works that pass the filters, exactly, by each fact."""
    arguments = (parameters.to_filters(), tuple(parameters.name), parameters.limit)
    return await _answer(request, Call("facets", arguments))


@api.get("/suggest", response_model=list[Suggestion])
async def suggest_titles(request: Request, parameters: Annotated[SuggestParameters, Query()]) -> Response:
    """Return titles that complete or resemble the text typed so far."""
    if not parameters.q:
        return _json(b"[]")
    return await _answer(request, Call("suggest", (parameters.q, parameters.limit)))


@api.get("/attributions", response_model=Attributions)
async def list_attributions(request: Request, _none: Annotated[NoParameters, Query()]) -> Response:
    """Return the notices that the sources' terms require beside the works."""
    return await _answer(request, Call("attributions"))


async def require_feedback(request: Request) -> None:
    """Refuse with 404 where feedback is not kept."""
    if request.app.state.feedback is None:
        raise HTTPException(404, "This service keeps no feedback: start it with EVOKE_FEEDBACK=on to keep it")


class KeptWithoutRequest(BaseModel):
    """Feedback is kept, but nobody knows what was asked."""

    note: str = "No request with this id is remembered: the feedback is kept without what was asked"


@api.post(
    "/feedback",
    status_code=204,
    dependencies=[Depends(require_feedback), Depends(require_json)],
    responses={
        **_BAD_BODY,
        202: {"model": KeptWithoutRequest, "description": "The feedback is kept without what was asked"},
        204: {"description": "The feedback is kept, with what was asked"},
        404: {"model": Problem, "description": "This service keeps no feedback"},
    },
)
async def send_feedback(request: Request, _none: Annotated[NoParameters, Query()], feedback: Feedback) -> Response:
    """Say what a person did with a work of an answer. What was asked is kept with it, and not who asked."""
    keeper: FeedbackKeeper = request.app.state.feedback
    line, is_known = keeper.to_line(feedback)
    await run_in_threadpool(keeper.append, line)
    return Response(status_code=204) if is_known else _json(answer_to_json(KeptWithoutRequest()), 202)


@health.get("/healthz", response_model=Alive)
async def check_health() -> Response:
    """Answer that the process is up, with or without an index."""
    return _json(answer_to_json(Alive()))


@health.get("/readyz", response_model=Ready, responses={503: _REFUSALS[503]})
async def check_readiness(request: Request) -> Response:
    """Return how many works can be searched, and which trained artefacts do not fit; 503 while there is no index."""
    return await _answer(request, READY)


async def _answer(request: Request, call: Call) -> Response:
    """Return the answer to a call. When the client goes, the call is cancelled, and nobody is there to be answered."""
    backend: Backend = request.app.state.backend
    answering = asyncio.ensure_future(backend.answer(replace(call, request_id=request.state.request_id)))
    leaving = asyncio.ensure_future(_wait_until_gone(request))
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answer = answering.result()
            request.state.account = answer.account
            _remember(request, call, answer)
            return _json(answer.body)
        leaving.result()  # raises what is wrong with a body that nobody asked for
        return Response(status_code=CLIENT_GONE)
    finally:
        answering.cancel()
        leaving.cancel()


def _remember(request: Request, call: Call, answer: Answer) -> None:
    """Remember what a search asked and showed, where feedback is kept. Profiles and links to similar works are not."""
    keeper: FeedbackKeeper | None = request.app.state.feedback
    if keeper and call.ask == "search":
        keeper.answers.remember(request.state.request_id, call.arguments[0], answer.works)


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(answer: bytes, status: int = 200) -> Response:
    return Response(answer, status_code=status, media_type="application/json")
