"""Start `evoke serve` for a benchmark, ask it over HTTP, and read the CPU time of its search processes."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import IO, Any

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
MOST_LOG = 5_000
"""Characters that are shown of what the service wrote."""


@dataclass(frozen=True)
class Request:
    """A request to the service. A request with a body is a POST."""

    kind: str
    path: str
    body: Mapping[str, Any] | None = None

    def to_bytes(self) -> bytes:
        """Return the request as it is sent, on a connection of its own."""
        content = b"" if self.body is None else json.dumps(self.body).encode()
        lines = [
            f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Connection: close",
        ]
        lines += [f"Content-Length: {len(content)}", "Content-Type: application/json"] if content else []
        return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True)
class Served:
    """A running service."""

    pid: int
    port: int

    def search_pids(self) -> list[int]:
        """Return the ids of the search processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="utf-8").split()
        return [
            int(pid) for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
        ]

    def search_seconds(self) -> float:
        """Return the CPU seconds that the search processes of now have used."""
        return sum(cpu_seconds(pid) for pid in self.search_pids())

    async def ask(self, request: Request) -> tuple[int, float]:
        """Return the status of the answer, 0 if the connection failed, and the seconds until it was read."""
        started = perf_counter()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request.to_bytes())
            await writer.drain()
            answer = await reader.read()
            writer.close()
        except OSError:
            return 0, perf_counter() - started
        return int(answer.split(b" ", 2)[1]) if answer else 0, perf_counter() - started


@contextmanager
def serve(home: Path, workers: int) -> Iterator[Served]:
    """Serve the index of a home folder on a free port of 127.0.0.1, and end the service by its process id."""
    command = [sys.executable, "-m", "evoke", "serve", "--port", "0", "--workers", str(workers)]
    environment = {**os.environ, "EVOKE_HOME": str(home)}
    # A file, because a pipe that nobody reads would stop the service when it is full.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the service is ended too
        try:
            while not (match := re.search(r"Evoke answers.*127\.0\.0\.1:(\d+)", read(log))):
                if process.poll() is not None:
                    raise SystemExit(f"the service did not start: {read(log)}")
                sleep(0.02)
            yield Served(process.pid, int(match[1]))
        finally:
            process.terminate()
            process.wait()
            if printed := read(log)[match.end() if match else 0 :].partition("\n")[2].strip():
                print(f"\nThe service wrote:\n{printed[:MOST_LOG]}")


def read(file: IO[str]) -> str:
    """Return all that a file has."""
    file.seek(0)
    return file.read()


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, user and system; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def titles(served: Served, n_works: int) -> list[tuple[str, str]]:
    """Return the ids and titles of some works of the index, for requests that name them."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    found: list[tuple[str, str]] = []
    for query in ("film", "book", "love", "war", "family", "history"):
        connection.request("GET", f"/v1/search?q={query}&limit=100&interpret=false")
        hits = json.loads(connection.getresponse().read())["hits"]
        found += [(hit["id"], hit["title"]) for hit in hits]
    connection.close()
    return found[:n_works]


def milliseconds(seconds: Sequence[float]) -> str:
    """Return the median, the 99th percentile and the longest of some times, in milliseconds."""
    if len(seconds) < 2:
        return "-"
    return " / ".join(f"{1_000 * each:.0f}" for each in (quantile(seconds, 50), quantile(seconds, 99), max(seconds)))


def quantile(values: Sequence[float], percent: int) -> float:
    """Return a percentile; 0 of fewer than two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else 0.0
