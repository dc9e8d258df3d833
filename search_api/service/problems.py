"""Every refusal as RFC 9457 problem+json: a table from exception to status, and one readable line per field."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.errors import (
    FeedbackNotKept,
    IndexIncompatible,
    IndexMissing,
    IndexUnavailable,
    RequestRefused,
    SearchError,
    SearchProcessEnded,
    ServiceUnavailable,
    TookTooLong,
    TooManyRequests,
    WorkNotFound,
)
from search_api.field_names import field_paths, nearest

PROBLEM_JSON = "application/problem+json"
_MOST_FIELDS = 20
_LONGEST_ECHO = 80  # of a field's name: it comes from the caller, and may be as long as the whole body
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

logger = logging.getLogger(__name__)


class FieldError(BaseModel):
    """What is wrong with one field or query parameter."""

    field: str = Field(examples=["filters.year.gte"])
    message: str = Field(examples=["must be a whole number"])


class Problem(BaseModel):
    """A refusal in the form of RFC 9457."""

    type: str = Field(default="about:blank", examples=["urn:evoke:problem:request-refused"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["filters.year.gte must be a whole number"])
    instance: str | None = None
    errors: tuple[FieldError, ...] = ()


class _Answer(NamedTuple):
    status: int
    title: str
    advice: str = ""
    retry_after: int | None = None
    """After how many seconds it is worth while to ask again."""


STATUS_OF: Mapping[type[SearchError], _Answer] = {
    RequestRefused: _Answer(422, "Request refused"),
    WorkNotFound: _Answer(404, "Work not found"),
    IndexMissing: _Answer(
        503, "Index missing", "Build one with `evoke index`; the service answers as soon as it is complete.", 5
    ),
    IndexIncompatible: _Answer(503, "Index incompatible", "Rebuild it with `evoke index`.", 5),
    IndexUnavailable: _Answer(503, "Index unavailable", "Try again in a moment.", 5),
    TooManyRequests: _Answer(503, "Too many requests", "Try again in a moment.", 1),
    TookTooLong: _Answer(503, "Took too long", "Ask for less, or try again later.", 5),
    SearchProcessEnded: _Answer(503, "Search interrupted", "Try again in a moment.", 5),
    FeedbackNotKept: _Answer(503, "Feedback not kept", "Try again later.", 60),
    ServiceUnavailable: _Answer(503, "Service unavailable", "The service goes on trying to start it.", 5),
    SearchError: _Answer(500, "Search failed"),
}
"""The HTTP status of every exception; a subclass takes the entry of its nearest ancestor."""

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_many_names": "must have at most {max_length} entries",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "value_error": "{error}",
}


def problem_of(error: SearchError) -> Problem:
    """Return the problem for an exception of this stage."""
    answer = _answer_of(error)
    message = _encodable(str(error))
    # A message that names the command itself needs no advice.
    detail = message if not answer.advice or "evoke index" in message else f"{message.rstrip('.')}. {answer.advice}"
    fields: tuple[FieldError, ...] = ()
    if isinstance(error, RequestRefused):
        field = _encodable(error.field)
        fields = (FieldError(field=field, message=message.removeprefix(f"{field}: ")),)
    return Problem(
        type=f"urn:evoke:problem:{_slug(answer.title)}",
        title=answer.title,
        status=answer.status,
        detail=detail,
        errors=fields,
    )


def validation_problem(errors: Sequence[Mapping[str, Any]], known: Mapping[str, Sequence[str]]) -> Problem:
    """Return the problem of a request that breaks its schema: 400 for a body that is not JSON, else 422 for each field.

    Args:
        errors: pydantic's errors, each with `type`, `loc`, `msg` and perhaps `ctx`.
        known: The known parameters ("query") and paths of fields ("body"), for "did you mean".
    """
    malformed = next((error for error in errors if error["type"] == "json_invalid"), None)
    if malformed:
        where = f"{malformed['ctx']['error']} at character {malformed['loc'][-1]}"
        return http_problem(400, f"The body is not JSON: {where}")
    fields = tuple(_field_error(error, known) for error in errors[:_MOST_FIELDS])
    detail = "; ".join(f"{field.field} {field.message}" for field in fields)
    more = len(errors) - len(fields)
    detail += f"; and {more} more" if more else ""
    return Problem(
        type="urn:evoke:problem:request-refused", title="Request refused", status=422, detail=detail, errors=fields
    )


def http_problem(status: int, detail: str) -> Problem:
    """Return a problem whose title is the name of its HTTP status."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for a problem."""
    body = to_json(problem, exclude_none=True)
    return Response(body, status_code=problem.status, media_type=PROBLEM_JSON, headers=headers)


def reason_of_status(status: int) -> str:
    """Return the reason of a refusal that has none but its HTTP status, such as `too-many-requests`."""
    return _slug(HTTPStatus(status).phrase)


def known_refusals() -> set[tuple[int, str]]:
    """Return the status and reason of each refusal of the search, of a key's limit, and of a fault."""
    of_search = {(answer.status, _slug(answer.title)) for answer in STATUS_OF.values()}
    return of_search | {(status, reason_of_status(status)) for status in (429, 500)}


def install(app: FastAPI) -> None:
    """Answer every refusal of `app` with a problem."""
    app.exception_handler(SearchError)(_answer_search_error)
    app.exception_handler(RequestValidationError)(_answer_validation_error)
    app.exception_handler(HTTPException)(_answer_http_error)
    app.add_middleware(LastResort)


class LastResort:
    """Middleware that answers 500 to an unexpected error, and logs the traceback once, with the id in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer 500 when it fails."""
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            # The id of the request is in the context of the line. The path stays out: the route says what failed.
            logger.exception("%s %s failed", scope["method"], getattr(scope.get("route"), "path", ""))
            problem = http_problem(500, "The service failed; its log has the details under the id in `instance`.")
            instance = f"urn:evoke:request:{scope['state']['request_id']}"
            await respond(problem.model_copy(update={"instance": instance}))(scope, receive, send)


async def _answer_search_error(request: Request, error: SearchError) -> Response:
    retry_after = _answer_of(error).retry_after
    return _refuse(request, problem_of(error), {"Retry-After": str(retry_after)} if retry_after else None)


async def _answer_validation_error(request: Request, error: RequestValidationError) -> Response:
    known = {"query": _known_parameters(request), "body": _known_fields(request)}
    return _refuse(request, validation_problem(error.errors(), known))


def _refuse(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response for a problem, and leave a note of the reason."""
    request.state.refusal = _slug(problem.title)
    return respond(problem, headers)


async def _answer_http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        return _answer_wrong_method(request)
    plain = error.detail == HTTPStatus(error.status_code).phrase
    detail = f"No endpoint answers {request.method} {_short(request.url.path)}"
    return respond(http_problem(error.status_code, detail if plain else str(error.detail)), error.headers)


def _answer_wrong_method(request: Request) -> Response:
    """Return the refusal of a method that a path does not take, with those that it takes."""
    allow = ", ".join(_allowed_methods(request))
    detail = f"{_short(request.scope['path'])} does not take {_short(request.method)}; it takes {allow}"
    return respond(http_problem(405, detail), {"Allow": allow})


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods that a path takes, by all its routes: the router itself names those of the first only."""
    path = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}
    routes = request.app.router.routes

    def takes(method: str) -> bool:
        matching = [route for route in routes if route.matches({**path, "method": method})[0] is Match.FULL]
        return any(not isinstance(route, Mount) or method == "GET" for route in matching)

    return [method for method in _METHODS if takes("GET" if method == "HEAD" else method)]


def _known_parameters(request: Request) -> tuple[str, ...]:
    dependant = request.scope["route"].dependant
    models = (parameter.field_info.annotation for parameter in dependant.query_params)
    return tuple(name for model in models for name in field_paths(model))


def _known_fields(request: Request) -> tuple[str, ...]:
    """Return the paths of the fields of the body that a route takes."""
    bodies = (parameter.field_info.annotation for parameter in request.scope["route"].dependant.body_params)
    return tuple(name for body in bodies for name in field_paths(body))


def _field_error(error: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> FieldError:
    source, *rest = error["loc"]
    kind, context = error["type"], error.get("ctx", {})
    # A repeated parameter is named without an index: the caller wrote none.
    path = rest[:1] if source == "query" else [*rest, *([context["part"]] if kind == "too_many_names" else [])]
    field = _short(_encodable(".".join(str(part) for part in path if part != "[key]") or str(source)))
    plain = re.sub(r"^(Value error, )|^\w+ should ", lambda match: "" if match[1] else "must ", error["msg"])
    message = _encodable(_MESSAGES[kind].format_map(context) if kind in _MESSAGES else plain)
    if kind == "extra_forbidden":
        message = message.replace("field", "parameter") if source == "query" else message
        guess = nearest(field, known.get(source, ()))
        message += f"; did you mean {guess!r}?" if guess else ""
    return FieldError(field=field, message=message)


def _answer_of(error: SearchError) -> _Answer:
    return STATUS_OF[next(kind for kind in type(error).__mro__ if kind in STATUS_OF)]


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def _encodable(text: str) -> str:
    """Return a text with escapes for what UTF-8 cannot encode: JSON may hold halves of surrogate pairs."""
    return text.encode("utf-8", "backslashreplace").decode()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
