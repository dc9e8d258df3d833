"""HTTP on a connection: uvicorn's protocol, with bounds on size and time, and with refusals as problem+json."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import unquote

from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from search_api.service.observing import REQUEST_ID_HEADER, UNMATCHED, Exchange, Observer, record, request_id_of
from search_api.service.problems import PROBLEM_JSON, Problem, http_problem, reason_of_status
from search_api.service.security import SECURITY_HEADERS

MAX_TARGET_BYTES = 64 * 1024 - 1
"""The longest target of a request, which is a link without its host. The parser cannot read a longer one."""
MAX_HEAD_BYTES = MAX_TARGET_BYTES + 32 * 1024
"""The largest head of a request: its target and all headers."""
HEAD_SECONDS = 10.0
"""How long a connection may take to send the head of a request, or to begin with its first one."""
BODY_SECONDS = 20.0
"""How long a body may take: the largest, of 256 kB, comes at 100 kbit/s in this time."""
WRITE_SECONDS = 30.0
"""How long a client may leave an answer unread."""
IDLE_SECONDS = 30
"""How long a connection is kept open for another request."""
LINGER_SECONDS = 1.0
"""How long a refused connection stays open, so that a client that is still sending can read why it was refused."""
_SPARE_FILES = 100
"""How many files are kept free of connections: for the page's files, logs and pipes to the search processes."""


def most_connections() -> int:
    """Return how many connections the limit on open files allows, after raising this limit as far as permitted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16_384 if hard == resource.RLIM_INFINITY else min(hard, 16_384)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return 16_384 if soft == resource.RLIM_INFINITY else max(soft - _SPARE_FILES, 1)


class BoundedProtocol(HttpToolsProtocol):
    """A connection that ends when its client is too slow or sends too much.

    Attributes:
        observers: What each refusal that the app does not see is passed to.
    """

    observers: ClassVar[list[Observer]] = []
    head_seconds = HEAD_SECONDS
    body_seconds = BODY_SECONDS
    write_seconds = WRITE_SECONDS
    max_connections = 900

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._is_in_head = False
        self._is_in_message = False
        self._head_bytes = 0
        self._n_heads = 0  # in the chunk that is read now
        self._is_refused = False
        self._began = time.time()  # the connection, or the head of its latest request
        self._problem = http_problem(400, "The request is not valid HTTP")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, or refuse the connection if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._refuse(http_problem(503, "Too many connections are open"))
        else:
            self._set_timer(self.head_seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._set_timer()
        self._set_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, and refuse a head that is too large."""
        if self._is_refused:
            return
        was_in_body = self._is_in_message and not self._is_in_head
        self._n_heads = 0
        super().data_received(data)
        if self._is_in_head:
            # Where the head began in the chunk is not known, unless it was the first thing there.
            self._head_bytes += 0 if was_in_body or self._n_heads > 1 else len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(self._too_large())
        elif not self._is_in_message and self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._set_timer(self.head_seconds, self.transport.close)  # line ends between two requests

    def on_message_begin(self) -> None:
        """Give the head of a request its time."""
        super().on_message_begin()
        self._is_in_head = self._is_in_message = True
        self._head_bytes = 0
        self._began = time.time()
        self._n_heads += 1
        self._set_timer(self.head_seconds, self._refuse_slow_head)

    def on_headers_complete(self) -> None:
        """Check the size of the head, and give the body its time."""
        self._is_in_head = False
        n_bytes = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) > MAX_TARGET_BYTES or n_bytes > MAX_HEAD_BYTES:
            self._problem = self._too_large()
            raise ValueError(self._problem.detail)  # it ends the parser, and uvicorn calls `send_400_response`
        self._set_timer(self.body_seconds, self._refuse_slow_body)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock: the request is whole."""
        self._is_in_message = False
        self._set_timer()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for a client that does not read, but not for ever."""
        super().pause_writing()
        self._set_write_timer(self.write_seconds)

    def resume_writing(self) -> None:
        """Stop the clock of the client that did not read."""
        super().resume_writing()
        self._set_write_timer()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        """Refuse what is not HTTP."""
        self._refuse(self._problem)

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: a client may ask for an upgrade, and is answered without one."""

    def _refuse_slow_head(self) -> None:
        self._refuse(http_problem(408, f"The head of the request took longer than {self.head_seconds:g} s"))

    def _refuse_slow_body(self) -> None:
        if self.cycle.response_complete:  # the body was not needed
            self.transport.close()
        else:
            self._refuse(http_problem(408, f"The body of the request took longer than {self.body_seconds:g} s"))

    def _refuse(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer has begun, and end the connection."""
        self._is_refused = True
        self._unset_keepalive_if_required()
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        has_begun = is_answering and cycle.response_started
        if is_answering:
            cycle.disconnected = True
            cycle.message_event.set()
        if has_begun or self.transport.is_closing():
            self.transport.close()
            return
        body = to_json(problem, exclude_none=True)
        scope = cycle.scope if is_answering else self.scope if self._is_in_message else None
        headers, state = (scope["headers"], scope["state"]) if scope else ([], {})
        request_id = request_id_of(headers, state)
        if is_answering:
            state["refused"] = (problem.status, len(body))  # the app records it
        else:
            record(self._to_exchange(problem.status, len(body), request_id), self.observers)
        self.flow.resume_reading()
        self.transport.write(self._to_response(problem.status, body, request_id))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._set_timer(LINGER_SECONDS, self.transport.close)

    def _to_response(self, status: int, body: bytes, request_id: str) -> bytes:
        headers = [
            *self.server_state.default_headers,
            (b"content-type", PROBLEM_JSON.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (REQUEST_ID_HEADER.lower().encode(), request_id.encode()),
            *SECURITY_HEADERS,
        ]
        return b"".join([STATUS_LINE[status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body])

    def _to_exchange(self, status: int, n_bytes: int, request_id: str) -> Exchange:
        """Return the record of a refusal that the app does not see. Its target may be cut short."""
        target = self.url if self._is_in_message else b""
        return Exchange(
            request_id=request_id,
            method=self.parser.get_method().decode() if target else "",
            route=UNMATCHED,
            path=unquote(target.partition(b"?")[0].decode("latin-1")),
            query="",
            status=status,
            refusal=reason_of_status(status),
            started=self._began,
            seconds=time.time() - self._began,
            n_bytes=n_bytes,
            client=self.client[0] if self.client else "",
            traceparent="",
            account=None,
            at_connection=True,
        )

    def _too_large(self) -> Problem:
        if len(self.url) > MAX_TARGET_BYTES:
            return http_problem(414, "The link is longer than 64 kB: send the query in a body, with POST /v1/search")
        return http_problem(431, f"The link and the headers are larger than {MAX_HEAD_BYTES // 1024} kB")

    def _set_timer(self, seconds: float = 0, act: Callable[[], None] | None = None) -> None:
        """Start the clock of this connection anew; without an action, stop it."""
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, act) if act else None

    def _set_write_timer(self, seconds: float = 0) -> None:
        if self._write_timer:
            self._write_timer.cancel()
        self._write_timer = self.loop.call_later(seconds, self.transport.abort) if seconds else None
