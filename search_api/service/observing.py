"""One record of every exchange of the service, for metrics, logs and traces, and the request's id."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from search_api.account import Account
from search_api.feedback import REQUEST_ID_PATTERN
from search_api.service.calls import REQUEST_ID
from search_api.service.problems import reason_of_status

CLIENT_GONE = 499
"""The status of an answer that nobody waited for, as proxies log it: HTTP has none."""
REQUEST_ID_HEADER = "X-Request-ID"
UNMATCHED = "unmatched"
"""The route of a path that no endpoint answers: the path itself would give metrics a series for each typing error."""
_GIVEN_ID = re.compile(REQUEST_ID_PATTERN)
"""An id that a caller may give: it appears in logs and headers."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """A request and how it was answered.

    Attributes:
        request_id: The id that the caller gave, or one made for it. The answer's header X-Request-ID has it too.
        method: The method, such as GET. HEAD is answered like GET, and counts as GET. Empty if it was not read:
            then the connection was refused, or what came is not HTTP.
        route: The template of the path, such as `/v1/works/{work_id}`; `unmatched` if no endpoint answers it.
        path: The path as the caller wrote it, without the query.
        query: The query string as the caller wrote it. It has what a person typed: show it only where that is wanted.
        status: The HTTP status; 499 if the client had gone.
        refusal: Why it was refused or failed, such as `took-too-long`; empty if it was not.
        started: When the request came, in seconds since the epoch.
        seconds: How long the exchange took.
        n_bytes: The size of the answer's body.
        client: The address of the client; empty if it is unknown.
        traceparent: The header of W3C Trace Context that the caller gave; empty if there was none.
        account: How the search made the answer; None if none was made.
        at_connection: Whether the connection was refused before there was a request to answer.
    """

    request_id: str
    method: str
    route: str
    path: str
    query: str
    status: int
    refusal: str
    started: float
    seconds: float
    n_bytes: int
    client: str
    traceparent: str
    account: Account | None
    at_connection: bool = False

    @property
    def is_matched(self) -> bool:
        """Whether an endpoint answers the path."""
        return self.route != UNMATCHED


Observer = Callable[[Exchange], None]


def request_id_of(headers: Iterable[tuple[bytes, bytes]], state: dict[str, Any]) -> str:
    """Return the id of a request, and keep it in its state: the id that the caller gave, or else one made for it."""
    given = dict(headers).get(b"x-request-id", b"").decode("latin-1")
    request_id: str = state.setdefault("request_id", given if _GIVEN_ID.fullmatch(given) else uuid4().hex)
    return request_id


def record(exchange: Exchange, observers: Iterable[Observer]) -> None:
    """Pass an exchange to observers. One that fails is logged, and fails nothing else."""
    for observe in observers:
        try:
            observe(exchange)
        except Exception:
            logger.exception("an exchange could not be recorded")


class Observing:
    """Middleware that gives each request an id and passes each finished exchange to the observers."""

    def __init__(self, app: ASGIApp, observers: list[Observer]) -> None:
        """Wrap `app`."""
        self._app = app
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and record the exchange when it has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        request_id = request_id_of(scope["headers"], state)
        bind_contextvars(**{REQUEST_ID: request_id})  # in the task of this request
        status, n_bytes = CLIENT_GONE, 0
        started, clock = time.time(), time.perf_counter()

        async def watched_send(message: Message) -> None:
            nonlocal status, n_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
            n_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            # The connection may have refused the request, such as for a slow body, before the app answered it.
            status, n_bytes = state.get("refused", (status, n_bytes))
            exchange = Exchange(
                request_id=request_id,
                method=scope["method"],
                route=_route(scope),
                path=scope["path"],
                query=scope["query_string"].decode("latin-1"),
                status=status,
                refusal=_refusal(status, state),
                started=started,
                seconds=time.perf_counter() - clock,
                n_bytes=n_bytes,
                client=(scope.get("client") or ("",))[0],
                traceparent=dict(scope["headers"]).get(b"traceparent", b"").decode("latin-1"),
                account=state.get("account"),
            )
            record(exchange, self._observers)


def _route(scope: Scope) -> str:
    """Return the template of the path that was matched."""
    if "route" in scope:
        return str(scope["route"].path)
    # Starlette's own routes, such as that of the page's files, leave nothing but what they call.
    called, routes = scope.get("endpoint"), scope["app"].routes
    found = (each for each in routes if called in (getattr(each, "endpoint", each), getattr(each, "app", each)))
    return next((str(each.path) for each in found), UNMATCHED)


def _refusal(status: int, state: Mapping[str, Any]) -> str:
    if status < HTTPStatus.BAD_REQUEST or status == CLIENT_GONE:
        return ""
    return str(state.get("refusal") or reason_of_status(status))
