"""A stand-in for an OpenAI-compatible chat endpoint: it answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Endpoint:
    """The endpoint.

    Attributes:
        url: Its address, as EVOKE_READER_URL has it.
        content: The text of the message that it answers; a dict is written as JSON.
        status: The HTTP status.
        body: The whole body, in place of one with `content`.
        waits: How long it waits before its answer, in seconds.
        drips: Whether it sends one byte of its answer after the other, without end.
        asked: The bodies of the requests.
        headers: Their headers.
    """

    url: str = ""
    content: Any = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    waits: float = 0.0
    drips: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        content = self.content if isinstance(self.content, str) else json.dumps(self.content)
        return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@contextmanager
def chat_endpoint() -> Iterator[Endpoint]:
    """Serve an endpoint on a free port of this machine."""
    endpoint = Endpoint()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.asked.append(json.loads(body) | {"path": self.path})
            endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = endpoint.answer()
            ended.wait(endpoint.waits)
            try:
                self.send_response(endpoint.status)
                self.send_header("Content-Type", "application/json")
                if not endpoint.drips:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                while endpoint.drips and not ended.is_set():
                    self.wfile.write(b" ")
                    time.sleep(0.05)
                self.wfile.write(answer)
            except OSError:  # who asked is gone
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield endpoint
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
