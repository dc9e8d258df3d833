"""A server that keeps what is posted to it, in place of Sentry or a collector of traces."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module


@dataclass
class Sink:
    """What was posted: the paths, the headers as text, and the bodies, unpacked."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def everything(self) -> bytes:
        return "\n".join([*self.paths, *self.headers]).encode() + b"\n".join(self.bodies)


@contextlib.contextmanager
def receiving(port: int = 0) -> Iterator[Sink]:
    """Answer 200 to every POST while the block runs."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.paths.append(self.path)
            sink.headers.append(str(self.headers))
            sink.bodies.append(unpack(body, self.headers["Content-Encoding"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        sink.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()


def unpack(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "br":  # sentry-sdk uses it where it is installed
        unpacked: bytes = import_module("brotli").decompress(body)
        return unpacked
    assert encoding is None
    return body


def closed_port() -> int:
    """Return a port that nobody listens to."""
    with receiving() as sink:
        return sink.port
