"""Find how much a service can answer, then ask twice as much of it for a quarter of an hour.

python -m benchmarks.stress [--home FOLDER] [--workers N] [--step SECONDS] [--soak MINUTES] [--results FOLDER]

It serves the index of FOLDER, or of EVOKE_HOME, and runs Locust with benchmarks/locustfile.py. First more and more
users ask as fast as they are answered: the most answers a second are the capacity. Then users ask for twice as much,
whether they are answered or refused. `python -m benchmarks.plots` draws the results. `make stress` does both, and
installs Locust before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep, time
from typing import NamedTuple

from benchmarks.needs import need
from benchmarks.served import ROOT, Request, Served, cpu_seconds, quantile, serve

USERS = (1, 2, 4, 8, 16, 32, 64, 128)
EACH = 0.5
"""How many requests a user of the soak makes each second. A user waits for one answer before the next request, so an
answer may take two seconds before fewer are asked than should be."""
WINDOW_SECONDS = 10


class Sample(NamedTuple):
    """A request: when it was sent (s since the epoch), its kind, the status of its answer (or 0), its time."""

    sent: float
    kind: str
    status: int
    ms: float


class Memory(NamedTuple):
    """The resident memory of a service, MiB, at a time."""

    at: float
    front: float
    search: float


class Processor(NamedTuple):
    """The processor seconds that the front process, the search processes and Locust have used."""

    front: float
    search: float
    locust: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--home", type=Path, default=os.environ.get("EVOKE_HOME"), required="EVOKE_HOME" not in os.environ
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--step", type=float, default=20, help="seconds for each number of users")
    parser.add_argument("--soak", type=float, default=15, help="minutes at twice the capacity")
    parser.add_argument("--results", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    need("locust")
    with serve(options.home, options.workers) as served:
        status, _ = asyncio.run(served.ask(Request("ready", "/readyz")))
        if status != 200:
            raise SystemExit(f"{options.home} has no index that can be served: /readyz answers {status}")
        ramp = [summary(n, ask(served, n, 0, options.step)) for n in USERS]
        capacity = max(step["answered_per_s"] for step in ramp)
        print_ramp(ramp, capacity)
        rest = describe(ask(served, 1, 1, 10))
        before = processor(served)
        with watch_memory(served) as memory:
            samples = ask(served, max(1, round(2 * capacity / EACH)), EACH, 60 * options.soak)
        used = Processor(*(late - early for early, late in zip(before, processor(served), strict=True)))
        after = describe(ask(served, 1, 1, 10))
        windows = list(soak_windows(samples, memory))
        print_soak(windows, samples, memory, rest, after)
        print_processor(used, samples)
    options.results.mkdir(parents=True, exist_ok=True)
    results = {"works": str(options.home), "workers": options.workers, "ramp": ramp, "soak": windows}
    (options.results / "stress.json").write_text(json.dumps(results, indent=1), encoding="utf-8")


def ask(served: Served, n_users: int, each: float, seconds: float) -> list[Sample]:
    """Run Locust, and return the requests.

    Args:
        served: The service.
        n_users: How many users ask.
        each: How many requests each makes a second; 0: as many as are answered.
        seconds: For how long.
    """
    with tempfile.NamedTemporaryFile("r", suffix=".tsv", encoding="utf-8") as file:
        environment = {**os.environ, "STRESS_EACH": str(each), "STRESS_SAMPLES": file.name}
        command = [sys.executable, "-m", "locust", "-f", "benchmarks/locustfile.py", "--headless", "--only-summary"]
        command += ["--host", f"http://127.0.0.1:{served.port}", "--loglevel", "ERROR", "--stop-timeout", "12"]
        command += [
            "-u",
            str(n_users),
            "-r",
            str(max(1, n_users)),
            "-t",
            f"{seconds:.0f}s",
            "--exit-code-on-error",
            "0",
        ]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        rows = (line.rstrip("\n").split("\t") for line in Path(file.name).read_text(encoding="utf-8").splitlines())
        return [Sample(float(sent), kind, int(status), float(ms)) for sent, kind, status, ms in rows]


def summary(n_users: int, samples: Sequence[Sample]) -> dict[str, float]:
    """Return the figures of one number of users, without the first quarter of its time."""
    begun, ended = min(s.sent for s in samples), max(s.sent for s in samples)
    begun += (ended - begun) / 4
    kept = [sample for sample in samples if sample.sent >= begun]
    answered = [sample.ms for sample in kept if sample.status == 200]
    return {
        "users": n_users,
        "answered_per_s": len(answered) / (ended - begun),
        "refused_per_s": sum(sample.status == 503 for sample in kept) / (ended - begun),
        "failed": sum(sample.status not in (200, 503) for sample in kept),
        "p50_ms": quantile(answered, 50),
        "p99_ms": quantile(answered, 99),
    }


def soak_windows(samples: Sequence[Sample], memory: Sequence[Memory]) -> Iterator[dict[str, float]]:
    """Yield the figures of each ten seconds of a soak."""
    begun, ended = min(s.sent for s in samples), max(s.sent for s in samples)
    for number in range(int((ended - begun) // WINDOW_SECONDS)):
        first = begun + number * WINDOW_SECONDS
        own = [sample for sample in samples if first <= sample.sent < first + WINDOW_SECONDS]
        answered = [sample.ms for sample in own if sample.status == 200]
        seen = [each for each in memory if first <= each.at < first + WINDOW_SECONDS]
        yield {
            "second": number * WINDOW_SECONDS,
            "answered_per_s": len(answered) / WINDOW_SECONDS,
            "refused_per_s": sum(sample.status == 503 for sample in own) / WINDOW_SECONDS,
            "failed": sum(sample.status not in (200, 503) for sample in own),
            "p50_ms": quantile(answered, 50),
            "p99_ms": quantile(answered, 99),
            "front_mib": max((each.front for each in seen), default=0),
            "search_mib": max((each.search for each in seen), default=0),
        }


@contextmanager
def watch_memory(served: Served) -> Iterator[list[Memory]]:
    """Yield a list that gets the service's memory every second."""
    seen: list[Memory] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(1):
            seen.append(Memory(time(), resident(served.pid), sum(resident(pid) for pid in served.search_pids())))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()
        sleep(1)


def processor(served: Served) -> Processor:
    """Return what was used so far. Locust counts once it has ended."""
    locust = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Processor(cpu_seconds(served.pid), served.search_seconds(), locust.ru_utime + locust.ru_stime)


def resident(pid: int) -> float:
    """Return the resident memory of a process, MiB; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def describe(samples: Sequence[Sample]) -> str:
    """Return the median and the 99th percentile of the answers, in milliseconds."""
    answered = [sample.ms for sample in samples if sample.status == 200]
    return f"{quantile(answered, 50):.0f} / {quantile(answered, 99):.0f}"


def print_ramp(ramp: Sequence[dict[str, float]], capacity: float) -> None:
    print("| users | answered/s | refused/s | failed | p50 ms | p99 ms |\n|--:|--:|--:|--:|--:|--:|")
    for step in ramp:
        rates = f"{step['answered_per_s']:.1f} | {step['refused_per_s']:.1f} | {step['failed']:.0f}"
        print(f"| {step['users']:.0f} | {rates} | {step['p50_ms']:.0f} | {step['p99_ms']:.0f} |")
    print(f"\ncapacity: {capacity:.1f} answers/s\n", flush=True)


def print_soak(
    windows: Sequence[dict[str, float]], samples: Sequence[Sample], memory: Sequence[Memory], rest: str, after: str
) -> None:
    answered = [sample.ms for sample in samples if sample.status == 200]
    refused = [sample.ms for sample in samples if sample.status == 503]
    seconds = WINDOW_SECONDS * len(windows)
    early, late = memory[len(memory) // 10], memory[-1]
    print(f"asked {len(samples) / seconds:.1f}/s for {seconds} s, answered {len(answered) / seconds:.1f}/s, ", end="")
    print(f"refused {len(refused) / seconds:.1f}/s, failed {len(samples) - len(answered) - len(refused)}")
    print(f"answers: p50 {quantile(answered, 50):.0f} ms, p99 {quantile(answered, 99):.0f} ms; ", end="")
    print(f"refusals: p50 {quantile(refused, 50):.0f} ms, p99 {quantile(refused, 99):.0f} ms")
    print(f"one user before and after, p50 / p99 ms: {rest}, {after}")
    print(f"memory after a tenth of the time and at the end, MiB: front {early.front:.0f}, {late.front:.0f}; ", end="")
    print(f"search {early.search:.0f}, {late.search:.0f}")


def print_processor(used: Processor, samples: Sequence[Sample]) -> None:
    n_answered = sum(sample.status == 200 for sample in samples)
    seconds = max(s.sent for s in samples) - min(s.sent for s in samples)
    print("processors used: ", end="")
    print(", ".join(f"{name} {each / seconds:.2f}" for name, each in used._asdict().items()), end="; ")
    print(f"ms an answer of the search: {1_000 * used.search / n_answered:.1f}")


if __name__ == "__main__":
    main()
