"""Measure the overhead of the HTTP service, and the time until `evoke --help` and the service answer.

python -m benchmarks.serving [--home FOLDER] [--queries N]

It serves the index of FOLDER, or of the starter catalogue, on 127.0.0.1, with clocks around the encoder and the engine,
and sends warm queries over one connection. The overhead is the time outside of those clocks.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import uvicorn

from benchmarks.peers.processes import System, serving
from indexer.encoder.encoder import open_encoder
from indexer.engine import open_engine_of
from indexer.pipeline import build_index
from indexer.settings import IndexSettings
from indexer.values.taxonomy import load_taxonomy
from search_api.search import Search
from search_api.service.app import create_app
from search_api.settings import SearchSettings

QUERIES = (
    "find me something inspiring",
    "a quiet film about grief",
    "friendship on a long journey",
    "a funny book about science",
    "survival at sea",
    "hope in dark times",
    "a mystery in a small town",
    "coming of age in Japan",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    print_help_time()
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as temporary:
        settings = SearchSettings(home=options.home or Path(temporary))
        if not options.home:
            build_index([], IndexSettings(home=settings.home))
        print_start_time(settings.home)
        measure_service(settings, options.queries)


def print_help_time(runs: int = 11) -> None:
    command = [sys.executable, "-m", "evoke", "--help"]
    seconds = [timed(partial(subprocess.run, command, capture_output=True, check=True)) for _ in range(runs)]
    print(f"evoke --help: median {statistics.median(seconds) * 1_000:.0f} ms of {runs}")


def print_start_time(home: Path, runs: int = 5) -> None:
    seconds = []
    for _ in range(runs):
        started = perf_counter()
        with serving(System("evoke", Path(sys.executable), home)):
            seconds.append(perf_counter() - started)
    print(f"evoke serve, until the first search is answered: median {statistics.median(seconds):.2f} s of {runs}")


class Clocked:
    """A wrapper that adds up the seconds spent in an object's methods."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._wrapped, name)
        return partial(self._call, found) if callable(found) else found

    def _call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        started = perf_counter()
        try:
            return method(*arguments, **named)
        finally:
            self.seconds += perf_counter() - started


def measure_service(settings: SearchSettings, n_queries: int) -> None:
    encoder, engine = Clocked(open_encoder(settings)), Clocked(open_engine_of(settings, read_only=True))
    app = create_app(settings, Search(engine, encoder, load_taxonomy(settings.taxonomy), n_cached=0))
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            sleep(0.05)
        try:
            compare(listening.getsockname()[1], encoder, engine, n_queries)
        finally:
            server.should_exit = True
            thread.join()


def compare(port: int, encoder: Clocked, engine: Clocked, n_queries: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    rows: dict[str, list[float]] = {"HTTP, whole": [], "encoder": [], "engine": [], "added by the service": []}
    for number in range(n_queries + len(QUERIES)):
        encoder.seconds = engine.seconds = 0.0
        whole = timed(ask, connection, QUERIES[number % len(QUERIES)])
        times = (whole, encoder.seconds, engine.seconds, whole - encoder.seconds - engine.seconds)
        if number >= len(QUERIES):  # the first round warms up
            for row, seconds in zip(rows.values(), times, strict=True):
                row.append(1_000 * seconds)
    print(f"\n{n_queries} warm queries{'':<8}{'p50 ms':>8}{'p95 ms':>8}")
    for name, row in rows.items():
        print(f"{name:<24}{statistics.median(row):>8.2f}{statistics.quantiles(row, n=20)[-1]:>8.2f}")


def ask(connection: http.client.HTTPConnection, query: str) -> None:
    connection.request("POST", "/v1/search", json.dumps({"query": query}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != http.HTTPStatus.OK:
        raise SystemExit(f"the service answered {response.status}")
    response.read()


def timed(run: Callable[..., object], *arguments: object) -> float:
    started = perf_counter()
    run(*arguments)
    return perf_counter() - started


if __name__ == "__main__":
    main()
