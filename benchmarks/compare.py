"""Compare Evoke with its peers in one run: the same works, model and machine. Prints tables in Markdown.

python -m benchmarks.compare BENCHMARK... [--systems NAME...] [--rounds N] [--indexes FOLDER] [--results FOLDER]

BENCHMARK is a folder in BEIR's layout. First each system indexes the works in its own process, timed from start to end.
Then all indexes stay open, each in its own process, and each round of queries goes to one system after the other, so
that a slow hour of the machine slows all of them. Last, the two systems with an API serve their index, with one worker
and with one for each core, in rounds as well. The tables show medians of rounds, and of the rounds' ratios to Evoke. A
system that fails is reported in one line; the others go on.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.peers.processes import System, SystemFailed, Worker, load, run_to_end, serving
from benchmarks.peers.protocol import size_on_disk
from benchmarks.peers.questions import short_queries
from benchmarks.peers.worker import PEERS
from evaluation.benchmark import Benchmark, read_benchmark
from evaluation.errors import EvaluationError
from evaluation.measures import OBJECTIVE, measure_run
from evaluation.records import Run
from evaluation.significance import bootstrap_intervals, compare, to_column
from indexer.encoder.encoder import Encoder

EVOKE = "evoke"
WITH_API = (EVOKE, "txtai")
CLIENTS = (1, 8, 32)
WORKERS = sorted({1, cpu_count() or 1})

PEERS_PYTHON = Path(".venv-peers/bin/python")
MODELS = Path("build/models")
"""The folder where Evoke's model is converted before anything is timed; this is done once on a machine."""


@dataclass
class Figures:
    """The figures of one system; a list has one number for each round."""

    versions: str = ""
    works_per_second: float | None = None
    processor_seconds: float | None = None
    index_peak_mib: float | None = None
    bytes_per_work: float | None = None
    search_peak_mib: float | None = None
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    long_p50_ms: list[float] = field(default_factory=list)
    long_p99_ms: list[float] = field(default_factory=list)
    queries_per_second: dict[int, dict[int, list[float]]] = field(default_factory=dict)
    """By workers, then by clients."""
    quality: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@dataclass
class Comparison:
    """A benchmark's figures by system, and the setup of the measurement."""

    benchmark: str
    n_works: int
    n_judged: int
    query_words: float
    machine: str
    figures: dict[str, Figures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="+", type=Path, metavar="BENCHMARK")
    parser.add_argument("--systems", nargs="+", choices=PEERS, default=list(PEERS), metavar="NAME")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=40, help="short queries a round")
    parser.add_argument("--requests", type=int, default=120, help="requests a round, for each number of clients")
    parser.add_argument("--peers-python", type=Path, default=PEERS_PYTHON, metavar="FILE")
    parser.add_argument("--indexes", type=Path, metavar="FOLDER", help="keep indexes here, and use those that exist")
    parser.add_argument("--results", type=Path, default=Path("build/bench"), help="folder for figures as JSON")
    options = parser.parse_args()
    if absent := [folder for folder in options.benchmarks if not folder.is_dir()]:
        raise SystemExit(f"{absent[0]} does not exist: name a folder in BEIR's layout (corpus, queries, qrels)")
    for folder in options.benchmarks:
        try:
            benchmark = read_benchmark(folder, options.split)
        except EvaluationError as error:
            raise SystemExit(str(error)) from error
        compared = measure(benchmark, options)
        options.results.mkdir(parents=True, exist_ok=True)
        (options.results / f"{benchmark.name}.json").write_text(json.dumps(asdict(compared), indent=1))
        print("\n" + "\n".join(table(compared)), flush=True)


def measure(benchmark: Benchmark, options: argparse.Namespace) -> Comparison:
    """Return the figures of all systems; a system that fails is left out."""
    figures = {name: Figures() for name in options.systems}
    Encoder(converted=MODELS).warm()
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as temporary:
        folder = options.indexes.absolute() if options.indexes else temporary
        systems = [
            # Not resolved: the python of an environment is a link and finds its environment by its own path.
            System(
                name, Path(sys.executable) if name == EVOKE else options.peers_python.absolute(), Path(folder) / name
            )
            for name in figures
        ]
        ready = [system for system in systems if index(system, benchmark, figures[system.name])]
        print_progress(f"indexed in {perf_counter() - started:.0f} s")
        runs = search(ready, benchmark, figures, options)
        print_progress(f"searched after {perf_counter() - started:.0f} s")
        for workers in WORKERS:
            serve([system for system in ready if system.name in WITH_API], workers, figures, options)
        print_progress(f"served after {perf_counter() - started:.0f} s")
    judge_runs(benchmark, runs, figures)
    words = median(len(text.split()) for text in benchmark.queries.values())
    n_works, n_judged = len(benchmark.work_ids), len(benchmark.queries)
    return Comparison(benchmark.name, n_works, n_judged, words, machine(), figures)


def index(system: System, benchmark: Benchmark, figures: Figures) -> bool:
    """Index the works with a system unless its index exists; return whether it succeeded."""
    if system.folder.is_dir():
        return True
    print_progress(f"{system.name} indexes")
    system.folder.mkdir(parents=True)
    if system.name == EVOKE:
        shutil.copytree(MODELS, system.folder / "models")
    try:
        used = run_to_end(system, system.index_command(benchmark.corpus.absolute()))
    except (SystemFailed, OSError) as error:
        fail(system.name, figures, f"index: {error}")
        shutil.rmtree(system.folder)
        return False
    figures.works_per_second = len(benchmark.work_ids) / used.seconds
    figures.processor_seconds = used.processor_seconds
    figures.index_peak_mib = used.peak_mib
    # Evoke's home contains its model; the peers' model is in their environment.
    n_bytes = size_on_disk(system.folder) - size_on_disk(system.folder / "models")
    figures.bytes_per_work = n_bytes / len(benchmark.work_ids)
    return True


def search(
    systems: Sequence[System], benchmark: Benchmark, figures: Mapping[str, Figures], options: argparse.Namespace
) -> dict[str, Run]:
    """Run short queries and the benchmark's, in rounds over the systems; return the runs of the benchmark's queries."""
    runs: dict[str, dict[str, dict[str, float]]] = {}
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for system in systems:
            try:
                worker = Worker(system)
            except SystemFailed as error:
                fail(system.name, figures[system.name], f"search: {error}")
                continue
            stack.callback(worker.close)
            workers[system.name] = worker
            figures[system.name].versions = worker.versions
            runs[system.name] = {}
        for number, (short, own) in enumerate(rounds_of_queries(benchmark, options), start=1):
            print_progress(f"round {number} of queries")
            for name, worker in list(workers.items()):
                try:
                    add_round(figures[name], worker.ask(short), worker.ask(own), runs[name], len(short) + len(own))
                except SystemFailed as error:
                    fail(name, figures[name], f"search: {error}")
                    del workers[name]
    return runs


def rounds_of_queries(
    benchmark: Benchmark, options: argparse.Namespace
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield for each round some short queries and a share of the benchmark's queries; none is repeated."""
    short = short_queries(options.rounds * options.queries)
    own = list(benchmark.queries.items())
    for number in range(options.rounds):
        chosen = short[number :: options.rounds]
        yield {str(place): text for place, text in enumerate(chosen)}, dict(own[number :: options.rounds])


def add_round(
    figures: Figures,
    short: Mapping[str, Any],
    own: Mapping[str, Any],
    run: dict[str, dict[str, float]],
    n_asked: int,
) -> None:
    """Add the figures of one round."""
    for answer, p50, p99 in (
        (short, figures.p50_ms, figures.p99_ms),
        (own, figures.long_p50_ms, figures.long_p99_ms),
    ):
        if answer["milliseconds"]:
            p50.append(float(np.percentile(answer["milliseconds"], 50)))
            p99.append(float(np.percentile(answer["milliseconds"], 99)))
    figures.search_peak_mib = own["peak_mib"]
    for query_id, works in own["found"].items():
        run[query_id] = {work: float(-place) for place, work in enumerate(works)}
    if n_failed := n_asked - len(short["found"]) - len(own["found"]):
        figures.failures.append(f"search: {n_failed} of {n_asked} queries failed")


def serve(systems: Sequence[System], workers: int, figures: Mapping[str, Figures], options: argparse.Namespace) -> None:
    """Send requests to the APIs, in rounds over the systems; every query is new to a server."""
    with ExitStack() as stack:
        ports: dict[str, int] = {}
        for system in systems:
            try:
                ports[system.name] = stack.enter_context(serving(system, workers))
            except SystemFailed as error:
                fail(system.name, figures[system.name], f"serve: {error}")
        queries = iter(short_queries(options.rounds * options.requests * len(CLIENTS), seed=6))
        for number in range(options.rounds):
            print_progress(f"round {number + 1} of requests to {workers} workers")
            for clients in CLIENTS:
                asked = [next(queries) for _ in range(options.requests)]
                for system in systems:
                    if system.name in ports:
                        answer = load(system, ports[system.name], asked, clients)
                        reached = len(answer["milliseconds"]) / answer["seconds"]
                        own = figures[system.name]
                        own.queries_per_second.setdefault(workers, {}).setdefault(clients, []).append(reached)
                        if answer["failed"]:
                            own.failures.append(f"serve: {answer['failed']} of {len(asked)} requests failed")


def judge_runs(benchmark: Benchmark, runs: Mapping[str, Run], figures: Mapping[str, Figures]) -> None:
    """Add the quality of each run with its interval, and the p of its difference to Evoke."""
    query_ids = list(benchmark.queries)
    columns = {
        name: to_column(measure_run(run, benchmark.qrels)[OBJECTIVE], query_ids) for name, run in runs.items() if run
    }
    for name, column in columns.items():
        (interval,) = bootstrap_intervals(column[:, None])
        figures[name].quality = {"value": interval.value, "low": interval.low, "high": interval.high}
    others = [name for name in columns if name != EVOKE]
    if EVOKE in columns and others:
        values = np.stack([columns[name] for name in others], axis=1)
        for name, found in zip(others, compare(values, columns[EVOKE]), strict=True):
            figures[name].quality["p"] = found.p


def table(compared: Comparison) -> Iterator[str]:
    """Yield the figures as lines of Markdown."""
    figures = compared.figures
    ours = figures.get(EVOKE, Figures())
    yield f"{compared.benchmark}: {compared.n_works:,} works; {compared.machine}."
    yield "In brackets: how many times as fast Evoke is."
    yield ""
    heads = ("system", "index works/s", "processor s", "bytes/work", "peak MiB, index", "peak MiB, search", "p50 ms")
    yield f"| {' | '.join(heads)} | p99 ms | long p50 ms | long p99 ms | {OBJECTIVE} |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
    for name, own in figures.items():
        cells = [
            with_speed(
                own.works_per_second, None if name == EVOKE else divide(ours.works_per_second, own.works_per_second)
            ),
            number(own.processor_seconds),
            number(own.bytes_per_work),
            number(own.index_peak_mib),
            number(own.search_peak_mib),
            with_speed(median_of(own.p50_ms), None if name == EVOKE else median_ratio(own.p50_ms, ours.p50_ms)),
            number(median_of(own.p99_ms)),
            with_speed(
                median_of(own.long_p50_ms), None if name == EVOKE else median_ratio(own.long_p50_ms, ours.long_p50_ms)
            ),
            number(median_of(own.long_p99_ms)),
            quality_cell(own.quality),
        ]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield f"Long: the {compared.n_judged} judged queries, with a median of {compared.query_words:.0f} words."
    yield ""
    yield f"| queries/s over HTTP | workers | {' | '.join(f'{n} client' + 's' * (n > 1) for n in CLIENTS)} |"
    yield "|---|--:|" + "--:|" * len(CLIENTS)
    for workers in WORKERS:
        our = ours.queries_per_second.get(workers, {})
        for name, own in figures.items():
            if reached := own.queries_per_second.get(workers):
                cells = [
                    with_speed(median_of(rounds), None if name == EVOKE else median_ratio(our.get(clients, []), rounds))
                    for clients, rounds in reached.items()
                ]
                yield f"| {name} | {workers} | {' | '.join(cells)} |"
    yield ""
    yield from (f"{name}: {own.versions}." for name, own in figures.items() if own.versions)
    yield from (f"{name} failed: {failure}" for name, own in figures.items() for failure in own.failures)


def with_speed(value: float | None, times: float | None) -> str:
    """Return a number, and in brackets how many times as fast Evoke is."""
    return number(value) + (f" ({times:.2f}x)" if value is not None and times is not None else "")


def number(value: float | None) -> str:
    """Return a number with three digits; a dash for None."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def quality_cell(quality: Mapping[str, float]) -> str:
    """Return a mean with its interval and, for a peer, the p of its difference to Evoke."""
    if not quality:
        return "-"
    cell = f"{quality['value']:.3f} [{quality['low']:.3f}, {quality['high']:.3f}]"
    return cell + (f", p {quality['p']:.2g}" if "p" in quality else "")


def median_of(rounds: Sequence[float]) -> float | None:
    """Return the median of rounds; None if there were none."""
    return median(rounds) if rounds else None


def median_ratio(rounds: Sequence[float], others: Sequence[float]) -> float | None:
    """Return the median of the ratios of two systems' rounds; None if there were none."""
    return median_of([one / other for one, other in zip(rounds, others, strict=False)])


def divide(one: float | None, other: float | None) -> float | None:
    """Return the ratio of two numbers; None if one is unknown."""
    return one / other if one and other else None


def machine() -> str:
    """Return a description of the machine."""
    return f"{cpu_count()} cores, Python {platform.python_version()}, torch {version('torch')}"


def fail(name: str, figures: Figures, reason: str) -> None:
    """Record and report that a system failed."""
    figures.failures.append(reason)
    print_progress(f"{name} failed: {reason}")


def print_progress(line: str) -> None:
    """Print a line to standard error, apart from the tables."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
