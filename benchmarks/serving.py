"""What the command line and the HTTP service add to the work itself.

python benchmarks/serving.py [--home FOLDER] [--queries N]

Indexes the starter catalogue in a temporary home unless one is named; serves it by `evoke serve` in a process of its
own on 127.0.0.1; asks the same warm queries in turn over HTTP and, in this process, of encoder and engine alone.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

from indexer.collection import ALIAS
from indexer.engine import Engine
from search_api.records import SearchRequest
from search_api.retrieval import count_works, leg_request
from search_api.search import CANDIDATES_PER_LEG, Search, open_search
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
        home = options.home or Path(temporary)
        if not options.home:
            subprocess.run(
                [sys.executable, "-m", "evoke", "index"], env={**os.environ, "EVOKE_HOME": str(home)}, check=True
            )
        measure_service(home, options.queries)


def print_help_time(runs: int = 11) -> None:
    seconds = [timed(lambda: subprocess.run([sys.executable, "-m", "evoke", "--help"], capture_output=True, check=True)) for _ in range(runs)]  # fmt: skip  # noqa: E501
    print(f"evoke --help: median {statistics.median(seconds) * 1_000:.0f} ms of {runs}")


def measure_service(home: Path, n_queries: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "evoke", "serve", "--port", str(port)],
        env={**os.environ, "EVOKE_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until_ready(port)
        with_search(home, lambda search: compare(search, port, n_queries))
    finally:
        server.terminate()
        server.wait()


def with_search(home: Path, use: Callable[[Search], None]) -> None:
    search = open_search(SearchSettings(home=home))
    try:
        search.check()
        use(search)
    finally:
        search.close()


def compare(search: Search, port: int, n_queries: int) -> None:
    engine: Engine = search.engine
    rows: dict[str, list[float]] = {"HTTP, whole": [], "in process, whole": [], "encoder": [], "engine": []}
    for number in range(n_queries + len(QUERIES)):
        query = QUERIES[number % len(QUERIES)]
        over_http = timed(lambda query=query: ask(port, query))
        in_process = timed(lambda query=query: search.search(SearchRequest(query=query)))
        question = search.ask(SearchRequest(query=query))
        encoder = timed(lambda question=question: search.encoder.encode([question.intent.text]))

        def bare_engine(question=question) -> None:  # type: ignore[no-untyped-def]
            count_works(engine, ALIAS, None)
            requests = [leg_request(leg, query, None, CANDIDATES_PER_LEG) for leg, query in question.legs.items()]
            best = engine.query_batch_points(ALIAS, requests=requests)[0].points[:10]
            engine.retrieve(ALIAS, [point.id for point in best], with_vectors=["bm25"])

        bare = timed(bare_engine)
        if number >= len(QUERIES):  # the first round warms both processes
            for name, seconds in zip(rows, (over_http, in_process, encoder, bare), strict=True):
                rows[name].append(seconds * 1_000)
    print(f"\n{n_queries} warm queries{'':<8}{'p50 ms':>8}{'p95 ms':>8}")
    for name, times in rows.items():
        print(f"{name:<24}{statistics.median(times):>8.2f}{statistics.quantiles(times, n=20)[-1]:>8.2f}")
    added = [h - e - b for h, e, b in zip(rows["HTTP, whole"], rows["encoder"], rows["engine"], strict=True)]
    print(f"{'added by the service':<24}{statistics.median(added):>8.2f}")


def wait_until_ready(port: int, seconds: float = 120) -> None:
    deadline = perf_counter() + seconds
    while perf_counter() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60):
                return
        except (urllib.error.URLError, ConnectionError):
            sleep(0.2)
    raise SystemExit("the service did not get ready")


def ask(port: int, query: str) -> None:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/search", body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def timed(run: Callable[[], object]) -> float:
    started = perf_counter()
    run()
    return perf_counter() - started


if __name__ == "__main__":
    main()
