"""Run the processes that index, search and serve with a system. The operating system reports their peak memory."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import IO, Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[2]
STARTED_WITHIN_SECONDS, ENDED_WITHIN_SECONDS = 180, 20


class SystemFailed(Exception):
    """A system failed; the others go on."""


@dataclass(frozen=True)
class System:
    """A system, its Python, and the folder of its index."""

    name: str
    python: Path
    folder: Path

    def index_command(self, corpus: Path) -> list[str]:
        """Return the command that indexes a corpus; for Evoke it is the one that people run."""
        if self.name == "evoke":
            return [str(self.python), "-m", "evoke", "index", str(corpus)]
        return [*self._worker(), "index", str(corpus)]

    def search_command(self) -> list[str]:
        """Return the command that answers queries line by line."""
        return [*self._worker(), "search"]

    def serve_command(self, port: int, workers: int) -> list[str]:
        """Return the command that serves the index over HTTP."""
        if self.name == "evoke":
            return [str(self.python), "-m", "evoke", "serve", "--port", str(port), "--workers", str(workers)]
        serve = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--no-access-log"]
        return [str(self.python), "-m", "uvicorn", "txtai.api:app", "--log-level", "warning", *serve]

    def request(self, query: str) -> tuple[str, str, str | None]:
        """Return method, path and body of a search for ten works."""
        if self.name == "evoke":
            return "POST", "/v1/search", json.dumps({"query": query, "limit": 10})
        return "GET", "/search?" + urlencode({"query": query, "limit": 10}), None

    def environment(self) -> dict[str, str]:
        """Return the environment: no downloads from a hub, and no warnings from libraries."""
        own = {"HF_HUB_OFFLINE": "1", "RUST_LOG": "error", "LANCE_LOG": "error"}
        if self.name == "evoke":
            own["EVOKE_HOME"] = str(self.folder)
            own["EVOKE_MAX_IN_PROGRESS"] = "64"  # all clients of the benchmark are served, and none is refused
        return {**os.environ, **own, "CONFIG": str(self.folder / "config.yml")}

    def _worker(self) -> list[str]:
        return [str(self.python), "-m", "benchmarks.peers.worker", self.name, str(self.folder)]


@dataclass(frozen=True)
class Usage:
    """Time, processor time and peak memory of a finished process."""

    seconds: float
    processor_seconds: float
    peak_mib: float


def run_to_end(system: System, command: Sequence[str]) -> Usage:
    """Run a command and return the time and memory of its process.

    Raises:
        SystemFailed: It exited with an error; the message is its last line.
    """
    with tempfile.TemporaryFile("w+") as log:
        started = perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=system.environment(), stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemFailed(_last_line(log) or f"ended with {process.returncode}")
    return Usage(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


class Worker:
    """A process that answers queries, one line of JSON for each request."""

    def __init__(self, system: System) -> None:
        self.name = system.name
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            system.search_command(), cwd=ROOT, env=system.environment(), text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self.versions: str = self._read()["versions"]

    def ask(self, queries: Mapping[str, str], limit: int = 10) -> dict[str, Any]:
        """Return a system's answers to queries, by id.

        Raises:
            SystemFailed: The process ended.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps({"queries": queries, "limit": limit}) + "\n")
        except OSError as error:
            raise SystemFailed(_last_line(self._log)) from error
        return self._read()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        with suppress(OSError):  # it may have ended by itself
            self._process.stdin.close()
        end(self._process)
        self._log.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemFailed(_last_line(self._log) or "ended without an answer")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def serving(system: System, workers: int = 1) -> Iterator[int]:
    """Start a server, yield its port once it answers, and end it by its own process id.

    Raises:
        SystemFailed: The server does not start.
    """
    if system.name == "txtai":
        config = f"path: {system.folder / 'index'}\nwritable: false\nembeddings:\n"
        (system.folder / "config.yml").write_text(config)
    port = free_port()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            system.serve_command(port, workers), cwd=ROOT, env=system.environment(), stdout=log, stderr=log
        )
        try:
            _wait_until_answering(system, process, port, log)
            yield port
        finally:
            process.terminate()
            end(process)


def load(system: System, port: int, queries: Sequence[str], clients: int) -> dict[str, Any]:
    """Send queries to a server from a separate process."""
    task = {"port": port, "clients": clients, "requests": [system.request(query) for query in queries]}
    command = [sys.executable, "-m", "benchmarks.peers.load"]
    answer = subprocess.run(command, cwd=ROOT, input=json.dumps(task), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def end(process: subprocess.Popen[Any]) -> None:
    """Wait for a process that was asked to end; kill it if it does not."""
    try:
        process.wait(ENDED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _wait_until_answering(system: System, process: subprocess.Popen[Any], port: int, log: IO[str]) -> None:
    given_up_at = monotonic() + STARTED_WITHIN_SECONDS
    method, path, body = system.request("warm")
    while monotonic() < given_up_at and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTED_WITHIN_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        sleep(0.02)
    raise SystemFailed(_last_line(log) or "the server does not answer")


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    lines = [line.strip() for line in log if line.strip()]
    return lines[-1][:300] if lines else ""
