"""Send each request of the client of Qdrant to a node that answers: several addresses of one cluster, as one transport.

A node that fails is left out until a probe finds it ready again. One thread probes, in growing pauses, so that no
request waits for a dead node and a node that is back is not overrun. All requests of an `Engine` but one can be
repeated: reads change nothing, points are written by their ids, and the operations of an alias change are the same
twice. Only a snapshot would be made twice.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import httpx

from indexer.engine.clear_text import without_password

CONNECT_SECONDS = 3.0
"""The longest wait for a connection: a machine that is off does not even refuse one."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 10.0
"""The pause before a failed node is probed, or a write is tried again; it doubles up to the longest."""
PROBE_SECONDS = 10.0
"""How often a node that no request has reached is probed, so that its failure shows before it is needed."""
PROBE_TIMEOUT = httpx.Timeout(CONNECT_SECONDS).as_dict()
READY_PATH = "/readyz"

_CREATE = re.compile(r"/collections/[^/]+")
_MAKE_SNAPSHOT = re.compile(r".*/snapshots(/upload)?")
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_NODE_FAILED = (502, 503, 504)

logger = logging.getLogger(__name__)


class NoNodeAnswers(httpx.TransportError):
    """No address answers; the message names each with what is wrong."""


@dataclass
class _Node:
    """An address, and what is known of the node there.

    Attributes:
        url: The address.
        problem: Why it does not answer; None while it does.
        pause: How long to wait before the next probe after this one.
        probe_at: When to probe it next, on the clock `time.monotonic`.
        back_at: When it answered again after its last failure.
        is_compared: Whether its version was compared with the client's.
    """

    url: httpx.URL
    problem: str | None = None
    pause: float = FIRST_PAUSE_SECONDS
    probe_at: float = 0.0
    back_at: float = float("-inf")
    is_compared: bool = False

    def __str__(self) -> str:
        return without_password(str(self.url))


class NodesTransport(httpx.BaseTransport):
    """A transport of httpx over the nodes of a cluster. Thread-safe.

    Args:
        urls: The addresses; the first one that answers is asked.
        patience_seconds: How long a request is tried again while no address answers it.
        verify: The certificates to trust; True: those of the system.
    """

    def __init__(
        self, urls: Sequence[str], *, patience_seconds: float = 0.0, verify: ssl.SSLContext | bool = True
    ) -> None:
        self._nodes = [_Node(httpx.URL(url)) for url in urls]
        self._patience_seconds = patience_seconds
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._http = httpx.HTTPTransport(verify=verify, limits=limits)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._prober: threading.Thread | None = None

    def problems(self) -> dict[str, str]:
        """Return why addresses do not answer, as far as it is known, by address."""
        return {str(node): node.problem for node in self._nodes if node.problem}

    def stop_waiting(self) -> None:
        """End the pauses of requests that are tried again: each fails at once."""
        self._ended.set()

    def close(self) -> None:
        """Close all connections, and end the probes."""
        self._ended.set()
        self._http.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of the first node that answers.

        Raises:
            NoNodeAnswers: None does, or the request cannot be repeated and its answer was lost.
        """
        self._begin_probes()
        content = request.read()
        sending = _Sending(request, content)
        deadline, pause = time.monotonic() + self._patience_seconds, FIRST_PAUSE_SECONDS
        while True:
            answer = self._ask_nodes(sending)
            if answer is not None:
                return answer
            left = deadline - time.monotonic()
            if left <= 0 or not sending.can_repeat or self._ended.is_set():
                raise NoNodeAnswers(self._describe(sending))
            if pause == FIRST_PAUSE_SECONDS:
                logger.warning("%s; trying again for %.0f s", sending.describe(), self._patience_seconds)
            self._ended.wait(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _describe(self, sending: _Sending) -> str:
        waited = f"; tried for {self._patience_seconds:.0f} s" if self._patience_seconds else ""
        return f"{sending.describe()}{waited}"

    def _ask_nodes(self, sending: _Sending) -> httpx.Response | None:
        """Return the first answer of a node; None if none answers."""
        for node in self._in_turn():
            try:
                answer = self._send_twice(node, sending)
            except httpx.TransportError as error:
                self._note_failure(node, _describe_error(error))
                sending.problems[str(node)] = _describe_error(error)
                if not sending.can_repeat:
                    return None
                continue
            if answer.status_code >= 500:
                problem = f"answered {answer.status_code}{_error_text(answer)}"
                if answer.status_code in _NODE_FAILED:
                    self._note_failure(node, problem)
                sending.problems[str(node)] = problem
                sending.was_received = True
                if not sending.can_repeat:
                    return None
                continue
            self._note_answer(node)
            self._compare_versions(node, sending)
            return sending.settle(answer)
        return None

    def _in_turn(self) -> Iterator[_Node]:
        """Yield the nodes to ask, in the order of their addresses; if all have failed, all of them."""
        answering = [node for node in self._nodes if node.problem is None]
        yield from answering or self._nodes

    def _send_twice(self, node: _Node, sending: _Sending) -> httpx.Response:
        """Send a request; once more if the connection was lost, since a kept one may have been closed long ago."""
        try:
            return self._send(node, sending)
        except (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError):
            sending.was_received = True
            if not sending.can_repeat:
                raise
            return self._send(node, sending)
        except httpx.ReadTimeout:
            sending.was_received = True
            raise

    def _send(self, node: _Node, sending: _Sending) -> httpx.Response:
        answer = self._http.handle_request(sending.to(node.url))
        try:
            if not isinstance(answer.stream, httpx.SyncByteStream):
                raise TypeError("httpx returned an asynchronous answer")
            # Read to its end here: a connection that is cut in the middle of an answer is a failure of the node too.
            content = b"".join(answer.stream)
        finally:
            answer.close()
        whole = httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(content))
        whole.read()
        return whole

    def _note_failure(self, node: _Node, problem: str) -> None:
        with self._lock:
            if node.problem is None:
                # One that is ready, but fails again at once, is left alone for longer each time.
                is_new = time.monotonic() - node.back_at > LONGEST_PAUSE_SECONDS
                node.pause = FIRST_PAUSE_SECONDS if is_new else min(2 * node.pause, LONGEST_PAUSE_SECONDS)
                if any(other.problem is None for other in self._nodes if other is not node):
                    logger.warning("Qdrant at %s does not answer (%s): the other addresses are asked", node, problem)
            node.problem = problem
            node.probe_at = time.monotonic() + node.pause

    def _note_answer(self, node: _Node) -> None:
        with self._lock:
            if node.problem is not None:
                node.back_at = time.monotonic()
                if len(self._nodes) > 1:
                    logger.warning("Qdrant at %s answers again", node)
            node.problem = None
            node.probe_at = time.monotonic() + PROBE_SECONDS

    def _compare_versions(self, node: _Node, sending: _Sending) -> None:
        """Say once for each node that its version and the client's do not go together."""
        if node.is_compared:
            return
        node.is_compared = True
        try:
            answer = self._send(node, _Sending(sending.request, b"", path="/"))
            server = str(answer.json()["version"])
        except (httpx.TransportError, ValueError, KeyError, TypeError):
            return  # something between us and the server hides it
        client = version("qdrant-client")
        if not go_together(client, server):
            logger.warning(
                "Qdrant at %s is version %s, and this client %s: they differ by more than one minor version, which "
                "Qdrant does not support",
                node,
                server,
                client,
            )

    def _begin_probes(self) -> None:
        if len(self._nodes) < 2 or self._prober is not None:
            return
        with self._lock:
            if self._prober is None:
                self._prober = threading.Thread(target=self._probe_in_turn, name="probe Qdrant", daemon=True)
                self._prober.start()

    def _probe_in_turn(self) -> None:
        while True:
            wait = min(node.probe_at for node in self._nodes) - time.monotonic()
            if self._ended.wait(max(wait, 0.01)):
                return
            for node in self._nodes:
                if node.probe_at <= time.monotonic() and not self._ended.is_set():
                    self._probe(node)

    def _probe(self, node: _Node) -> None:
        try:
            request = httpx.Request("GET", "http://node" + READY_PATH, extensions={"timeout": PROBE_TIMEOUT})
            answer = self._send(node, _Sending(request, b""))
            problem = None if answer.status_code < 500 else f"answered {answer.status_code}{_error_text(answer)}"
        except (httpx.TransportError, RuntimeError) as error:  # RuntimeError: closed meanwhile
            problem = _describe_error(error)
        if problem is None:
            self._note_answer(node)
        else:
            node.pause = min(2 * node.pause, LONGEST_PAUSE_SECONDS)
            self._note_failure(node, problem)


class _Sending:
    """One request on its way, with what happened to it so far.

    Attributes:
        request: The request as the client made it.
        was_received: Whether a node may have received it already.
        problems: What went wrong, by address.
    """

    def __init__(self, request: httpx.Request, content: bytes, path: str | None = None) -> None:
        self.request = request
        self.was_received = False
        self.problems: dict[str, str] = {}
        self._content = content
        self._method = request.method if path is None else "GET"
        self._path = request.url.raw_path.decode() if path is None else path

    @property
    def can_repeat(self) -> bool:
        """Whether a repetition changes nothing more, or the request has reached no node yet."""
        path = self._path.partition("?")[0]
        return not (self._method == "POST" and _MAKE_SNAPSHOT.fullmatch(path) and self.was_received)

    def to(self, node: httpx.URL) -> httpx.Request:
        """Return the request to a node."""
        url = node.copy_with(
            username=None, password=None, raw_path=(node.path.rstrip("/") + self._path).encode(), fragment=None
        )
        headers = httpx.Headers(self.request.headers)
        headers["Host"] = url.netloc.decode()
        if self._method == "GET":
            headers.pop("Content-Length", None)
        timeout = self.request.extensions.get("timeout", {})
        connect = timeout.get("connect")
        limited = {**timeout, "connect": CONNECT_SECONDS if connect is None else min(connect, CONNECT_SECONDS)}
        return httpx.Request(self._method, url, headers=headers, content=self._content, extensions={"timeout": limited})

    def settle(self, answer: httpx.Response) -> httpx.Response:
        """Return the answer; a collection that an earlier try created, whose answer was lost, is no conflict."""
        is_create = self._method == "PUT" and _CREATE.fullmatch(self._path.partition("?")[0])
        if is_create and self.was_received and answer.status_code == 409:
            return httpx.Response(200, json={"result": True, "status": "ok", "time": 0.0})
        return answer

    def describe(self) -> str:
        """Return what went wrong, with the address."""
        return "; ".join(f"{address}: {problem}" for address, problem in self.problems.items())


def go_together(client: str, server: str) -> bool:
    """Return whether two versions have the same major version and differ by one minor version at most.

    Raises:
        ValueError: One is no version.
    """
    (own_major, own_minor), (major, minor) = (map(int, each.split(".")[:2]) for each in (client, server))
    return own_major == major and abs(own_minor - minor) <= 1


def _describe_error(error: Exception) -> str:
    """Return what went wrong with a connection, in a few words."""
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS:g} s"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return _ERROR_NUMBER.sub("", str(error)) or type(error).__name__


def _error_text(answer: httpx.Response) -> str:
    """Return the error in an answer of Qdrant, after a colon; "" if there is none."""
    try:
        return f": {answer.json()['status']['error']}"[:300]
    except (ValueError, KeyError, TypeError):
        return ""
