"""A source on 127.0.0.1: it answers from a table, and fails in the ways that a test needs."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """An answer. `cut`: half of the announced length is sent. `reset`: the connection ends without an answer."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    cut: bool = False
    reset: bool = False
    delay_seconds: float = 0.0


def json_reply(content: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(json.dumps(content).encode(), status, {"Content-Type": "application/json", **headers})


Answering = Callable[[str, int], Reply]
"""A function from a path with its query, and the number of earlier requests for it, to a reply."""


class Replay:
    """The requests that a running server has received."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.asked: Counter[str] = Counter()
        self.headers: list[Mapping[str, str]] = []
        self.address = ""
        self._lock = threading.Lock()

    def reply(self, path: str, headers: Mapping[str, str]) -> Reply:
        with self._lock:
            before = self.asked[path]
            self.asked[path] += 1
            self.headers.append(headers)
        return self.answer(path, before)

    def paths(self) -> set[str]:
        return {urlsplit(path).path for path in self.asked}


@contextmanager
def replaying(answer: Answering) -> Iterator[Replay]:
    """Serve on a free port of 127.0.0.1 until the context ends."""
    replay = Replay(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            send(self, replay.reply(self.path, dict(self.headers.items())))

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    replay.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    threading.Event().wait(reply.delay_seconds)
    if reply.reset:
        handler.close_connection = True
        handler.connection.close()
        return
    try:
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
    except (BrokenPipeError, ConnectionResetError):  # the crawl was killed
        handler.close_connection = True
    if reply.cut:
        handler.close_connection = True
