"""What the service does with connections that are slow, oversized or not HTTP."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from service_fakes import FakeSearch

from search_api.service.app import create_app
from search_api.service.observing import Exchange
from search_api.service.protocol import MAX_HEAD_BYTES, MAX_TARGET_BYTES, BoundedProtocol
from search_api.settings import SearchSettings

RECORDED: list[Exchange] = []
"""The exchanges of all services of this module."""


class Hasty(BoundedProtocol):
    head_seconds = 0.3
    body_seconds = 0.3


@contextmanager
def serving(protocol: type[BoundedProtocol]) -> Iterator[int]:
    """Serve in a thread; yield the port."""
    app = create_app(SearchSettings(), FakeSearch(), host="127.0.0.1")
    app.state.observers.append(RECORDED.append)
    protocol.observers = app.state.observers
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, http=protocol, log_level="critical", ws="none", timeout_keep_alive=1
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(BoundedProtocol) as port:
        yield port


@pytest.fixture(scope="module")
def hasty_port() -> Iterator[int]:
    with serving(Hasty) as port:
        yield port


def send(port: int, *parts: bytes, timeout: float = 30) -> bytes:
    """Return everything that the service sends back, until it ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


def read(received: bytes) -> tuple[int, dict[str, str], Any]:
    """Return the status, headers and JSON of the only response in what was received."""
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert int(headers["content-length"]) == len(body)
    return int(status.split()[1]), headers, json.loads(body)


def get(path: str, *headers: str, host: str = "Host: localhost") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", host, "Connection: close", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # the begin of TLS
        (b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (get("/healthz", host="Host: evil.example"), 421),
        (get("/", "X: " + "x" * MAX_HEAD_BYTES), 431),
        (get("/?" + "x" * MAX_HEAD_BYTES), 414),
        (get("/?" + "x" * MAX_TARGET_BYTES), 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2 * MAX_HEAD_BYTES, 431),  # it never ends
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_answered_is_refused_with_a_problem(port: int, request_: bytes, status: int) -> None:
    if b"Connection: close" not in request_:
        request_ = request_.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    found, headers, problem = read(send(port, request_))
    assert found == problem["status"] == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert problem["detail"]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.0\r\n\r\n",
        get("/healthz", "Upgrade: websocket", "Connection: upgrade"),
        get("/healthz", "X: " + "x" * (MAX_HEAD_BYTES - 200)),
        b"\r\n\r\n" + get("/healthz"),
    ],
    ids=["1.0", "upgrade", "large", "line ends"],
)
def test_what_is_unusual_is_answered(port: int, request_: bytes) -> None:
    assert read(send(port, request_))[0] == 200


def test_the_longest_query_fits_into_a_link_or_the_refusal_says_what_to_do(port: int) -> None:
    status, _, page = read(send(port, get("/v1/search?limit=1&q=" + "%C3%A4" * 10_000)))
    assert (status, page["query"]) == (200, "ä" * 10_000)
    status, _, problem = read(send(port, get("/v1/search?limit=1&q=" + "%F0%9F%9A%80" * 10_000)))
    assert status == 414
    assert "in a body" in problem["detail"]


def test_pipelined_requests_are_answered_in_their_order(port: int) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    received = send(port, first + get("/v1/attributions"))
    assert received.index(b'"status"') < received.index(b'"attributions"')


@pytest.mark.parametrize("parts", [(b"GET /healthz HT",), (b"GET /healthz HTTP/1.1\r\n", b"Host: loc")])
def test_a_head_that_comes_too_slowly_is_408(hasty_port: int, parts: tuple[bytes, ...]) -> None:
    status, headers, problem = read(send(hasty_port, *parts))
    assert (status, headers["content-type"]) == (408, "application/problem+json")
    assert "head" in problem["detail"]


@pytest.mark.parametrize("end", [b"Content-Length: 20\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_a_body_that_comes_too_slowly_is_408(hasty_port: int, end: bytes) -> None:
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    status, headers, problem = read(send(hasty_port, head + end))
    assert (status, headers["content-type"]) == (408, "application/problem+json")
    assert "body" in problem["detail"]


@pytest.mark.parametrize("parts", [(), (b"\r\n\r\n",)])
def test_a_connection_that_asks_nothing_is_ended(hasty_port: int, parts: tuple[bytes, ...]) -> None:
    assert send(hasty_port, *parts) == b""


def test_line_ends_do_not_keep_a_connection_open(hasty_port: int) -> None:
    received = send(hasty_port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n")
    assert read(received)[0] == 200


def test_too_many_connections_are_503(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)):
        monkeypatch.setattr(BoundedProtocol, "max_connections", 0)
        status, headers, _ = read(send(port, get("/healthz")))
    assert (status, headers["content-type"]) == (503, "application/problem+json")


def test_a_body_that_nobody_needs_is_not_waited_for(hasty_port: int) -> None:
    received = send(hasty_port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
    assert read(received)[0] == 200


@pytest.mark.parametrize(
    ("request_bytes", "recorded"),
    [
        (b"GET /v1/search?q=se", (408, "GET", "/v1/search")),
        (b"GET /v1/search?q=secret HTTP/1.1\r\nHost: localhost\r\nX", (408, "GET", "/v1/search")),
        (b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{", (408, "POST", "/v1/search")),
        (b"GET /v1/search?q=" + b"secret" * 20_000 + b" HTTP/1.1\r\n\r\n", (414, "GET", "/v1/search")),
        (b"\x16\x03\x01 not HTTP\r\n\r\n", (400, "", "")),
    ],
)
def test_a_refusal_of_the_connection_is_recorded_once(
    hasty_port: int, request_bytes: bytes, recorded: tuple[int, str, str]
) -> None:
    RECORDED.clear()
    status, headers, _ = read(send(hasty_port, request_bytes))
    send(hasty_port, get("/healthz"))
    while not any(exchange.path == "/healthz" for exchange in RECORDED):
        time.sleep(0.01)
    (exchange,) = (exchange for exchange in RECORDED if exchange.path != "/healthz")
    assert (exchange.status, exchange.method, exchange.path) == (status, *recorded[1:]) == recorded
    assert exchange.request_id == headers["x-request-id"]
    assert "secret" not in repr(exchange)


def test_a_refusal_of_the_connection_has_the_id_that_the_caller_gave(hasty_port: int) -> None:
    received = send(hasty_port, b"GET / HTTP/1.1\r\nX-Request-ID: mine\r\nContent-Length: x\r\n\r\n")
    status, headers, _ = read(received)
    assert (status, headers["x-request-id"]) == (400, "mine")
