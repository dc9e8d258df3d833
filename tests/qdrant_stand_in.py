"""A stand-in for a Qdrant cluster: small HTTP servers that speak the parts of its REST that `ServerClient` uses.

All nodes answer from one embedded engine, as nodes of a cluster with a copy of every shard on each do. A node can be
stopped and started again, answer 503, hang, and lose connections before, after or within an answer.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from qdrant_client import models

from indexer.engine import EdgeClient, RequestRefused

Fault = Literal["cut", "lost", "halved", "503", "500", "hang"]
"""What goes wrong with a request: the connection ends before it is carried out, after it, or within the answer; it is
refused; or nothing happens until the node is stopped."""


class Refused(Exception):
    """A request that the stand-in does not know."""


class Node:
    """One HTTP server of the stand-in.

    Attributes:
        url: Its address.
        asked: The requests that it received, as method and path, except probes.
        n_probes: How many probes it received.
        n_connections: How many connections were opened.
        faults: What goes wrong with the next requests, in order; nothing more after the last.
        fault: What goes wrong with every request besides.
        delay_seconds: How late every answer is.
    """

    def __init__(
        self,
        engine: EdgeClient,
        version: str = "1.20.0",
        api_key: str | None = None,
        certificate: Path | None = None,
    ) -> None:
        self.engine, self.version, self.api_key, self.certificate = engine, version, api_key, certificate
        self.asked: list[str] = []
        self.n_probes = self.n_connections = 0
        self.faults: list[Fault | None] = []
        self.fault: Fault | None = None
        self.delay_seconds = 0.0
        self.spoil: Callable[[str], Fault | None] = lambda _: None
        self.port = 0
        self.released = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._open: set[Any] = set()
        self.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, at the port of before if there was one."""
        node = self
        self.released.clear()

        class Handler(_Handler):
            pass

        Handler.node = node
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """End as a killed process does: the port is closed, and so is every connection."""
        if self._server:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            for connection in list(self._open):
                _end(connection)

    def next_fault(self, asked: str) -> Fault | None:
        """Return what goes wrong with the request that has just come."""
        if self.faults:
            return self.faults.pop(0)
        return self.spoil(asked) or self.fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections are cut on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    node: Node

    def setup(self) -> None:
        super().setup()
        self.node._open.add(self.connection)
        self.node.n_connections += 1

    def finish(self) -> None:
        self.node._open.discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Write no log."""

    def _handle(self) -> None:
        node, path = self.node, urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path == "/readyz":
            node.n_probes += 1
            self._answer(503 if node.fault == "503" else 200, {})
            return
        asked = f"{self.command} {path}"
        node.asked.append(asked)
        fault = node.next_fault(asked) if path != "/" else None
        if fault == "hang":
            node.released.wait()
        if fault in ("cut", "hang"):
            _end(self.connection)
            return
        if fault in ("503", "500"):
            self._answer(int(fault), {"status": {"error": f"told to answer {fault}"}, "time": 0.0})
            return
        status, content = self._carry_out(path, body)
        if node.delay_seconds:
            threading.Event().wait(node.delay_seconds)
        if fault == "lost":
            _end(self.connection)
            return
        self._answer(status, content, halved=fault == "halved")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the names of http.server

    def _carry_out(self, path: str, body: bytes) -> tuple[int, Any]:
        node = self.node
        if path == "/":
            return 200, {"title": "qdrant - vector search engine", "version": node.version}
        if node.api_key and self.headers.get("api-key") != node.api_key:
            return 401, {"status": {"error": "Must provide an API key"}, "time": 0.0}
        try:
            result = _carry_out(node.engine, self.command, path, json.loads(body or b"{}"))
        except RequestRefused as error:
            return error.status_code or 400, {"status": {"error": str(error)}, "time": 0.0}
        return 200, {"result": to_jsonable_python(result), "status": "ok", "time": 0.0}

    def _answer(self, status: int, content: Any, *, halved: bool = False) -> None:
        raw = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw[: len(raw) // 2] if halved else raw)
        if halved:
            self.wfile.flush()
            _end(self.connection)


def _end(connection: Any) -> None:
    with suppress(OSError):
        connection.shutdown(2)
    connection.close()


@contextmanager
def stand_in(folder: Path, n_nodes: int = 1, **options: Any) -> Iterator[list[Node]]:
    """Run the nodes of a stand-in over an engine in a folder."""
    engine = EdgeClient(folder)
    nodes = [Node(engine, **options) for _ in range(n_nodes)]
    try:
        yield nodes
    finally:
        for node in nodes:
            node.stop()
        engine.close()


def _carry_out(engine: EdgeClient, method: str, path: str, body: dict[str, Any]) -> Any:
    for verb, pattern, carry_out in ROUTES:
        if verb == method and (match := re.fullmatch(pattern, path)):
            return carry_out(engine, body, *map(unquote, match.groups()))
    raise Refused(f"the stand-in has no {method} {path}")


def _parse(kind: Any, content: Any) -> Any:
    return TypeAdapter(kind).validate_python(content)


def _fields(kind: Any, content: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return the arguments that the fields of a request's body are, some under other names."""
    parsed = kind.model_validate(content)
    given = {name: getattr(parsed, name) for name in parsed.model_fields_set if getattr(parsed, name) is not None}
    given.pop("shard_key", None)
    return {names.get(name, name): value for name, value in given.items()}


def _create(engine: EdgeClient, body: dict[str, Any], name: str) -> bool:
    given = _fields(models.CreateCollection, body, vectors="vectors_config", sparse_vectors="sparse_vectors_config")
    for only_of_clusters in ("shard_number", "replication_factor", "write_consistency_factor"):
        given.pop(only_of_clusters, None)
    return engine.create_collection(name, **given)


def _describe(engine: EdgeClient, _: dict[str, Any], name: str) -> Any:
    return {**to_jsonable_python(engine.get_collection(name)), "status": "green"}


def _upsert(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    parsed = _parse(models.PointInsertOperations, body)
    return engine.upsert(name, parsed.batch if isinstance(parsed, models.PointsBatch) else parsed.points)


def _set_payload(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    parsed = models.SetPayload.model_validate(body)
    return engine.set_payload(name, parsed.payload, parsed.points or parsed.filter, parsed.key)


def _scroll(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    given = _fields(models.ScrollRequest, body, filter="scroll_filter", with_vector="with_vectors")
    points, following = engine.scroll(name, **given)
    return {"points": points, "next_page_offset": following}


def _retrieve(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    return engine.retrieve(name, **_fields(models.PointRequest, body, with_vector="with_vectors"))


def _query(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    names = {"filter": "query_filter", "params": "search_params", "with_vector": "with_vectors"}
    return engine.query_points(name, **_fields(models.QueryRequest, body, **names))


def _query_batch(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    return engine.query_batch_points(name, models.QueryRequestBatch.model_validate(body).searches)


def _swap(engine: EdgeClient, body: dict[str, Any]) -> Any:
    return engine.update_collection_aliases(models.ChangeAliasesOperation.model_validate(body).actions)


def _index(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    return engine.create_payload_index(name, **_fields(models.CreateFieldIndex, body))


def _delete(engine: EdgeClient, body: dict[str, Any], name: str) -> Any:
    return engine.delete(name, _parse(models.PointsSelector, body))


Route = tuple[str, str, Callable[..., Any]]
ONE = "/collections/([^/]+)"
ROUTES: Sequence[Route] = (
    ("GET", "/collections", lambda engine, _: engine.get_collections()),
    ("GET", "/aliases", lambda engine, _: engine.get_aliases()),
    ("POST", "/collections/aliases", _swap),
    ("GET", ONE, _describe),
    ("PUT", ONE, _create),
    ("PATCH", ONE, lambda engine, body, name: engine.update_collection(name, metadata=body.get("metadata"))),
    ("DELETE", ONE, lambda engine, _, name: engine.delete_collection(name)),
    ("GET", f"{ONE}/exists", lambda engine, _, name: {"exists": engine.collection_exists(name)}),
    ("GET", f"{ONE}/aliases", lambda engine, _, name: engine.get_collection_aliases(name)),
    ("PUT", f"{ONE}/index", _index),
    ("PUT", f"{ONE}/points", _upsert),
    ("POST", f"{ONE}/points", _retrieve),
    ("POST", f"{ONE}/points/delete", _delete),
    ("POST", f"{ONE}/points/payload", _set_payload),
    (
        "POST",
        f"{ONE}/points/payload/delete",
        lambda engine, body, name: engine.delete_payload(name, body["keys"], body["points"]),
    ),
    ("POST", f"{ONE}/points/scroll", _scroll),
    (
        "POST",
        f"{ONE}/points/count",
        lambda engine, body, name: engine.count(name, **_fields(models.CountRequest, body, filter="count_filter")),
    ),
    (
        "POST",
        f"{ONE}/facet",
        lambda engine, body, name: engine.facet(name, **_fields(models.FacetRequest, body, filter="facet_filter")),
    ),
    ("POST", f"{ONE}/points/query", _query),
    ("POST", f"{ONE}/points/query/batch", _query_batch),
)
FAULTS = get_args(Fault)
