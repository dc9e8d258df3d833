"""Compare the encoder's two runtimes: OpenVINO in eight-bit integers, and torch.

python -m benchmarks.runtimes [BENCHMARK] [--rounds N]

BENCHMARK is a folder in BEIR's layout; without one, the documents are those of the starter catalogue. Rounds alternate
between the runtimes, each time in a new process, because the threads of two runtimes in one process slow each other
down. The table shows medians, and the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.compare import MODELS
from benchmarks.peers.questions import short_queries
from evaluation.encoders import read_texts
from indexer.catalogues import starter_catalogue
from indexer.encoder.encoder import Encoder

RUNTIMES = ("openvino", "torch")
N_TEXTS, N_QUERIES = 400, 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runtime", choices=RUNTIMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.runtime:
        corpus = next(options.benchmark.glob("corpus.jsonl*")) if options.benchmark else starter_catalogue()
        print(json.dumps(measure(options.runtime, read_texts(corpus)[:N_TEXTS])))
        return
    Encoder(converted=MODELS).warm()
    rounds = [{name: measure_in_process(name, options.benchmark) for name in RUNTIMES} for _ in range(options.rounds)]
    print("| | a short query, p50 ms | documents/s |\n|---|--:|--:|")
    for name in RUNTIMES:
        columns = zip(*(each[name] for each in rounds), strict=True)
        print(f"| {name} | {' | '.join(f'{median(column):.3g}' for column in columns)} |")
    faster = [(each["torch"][0] / each["openvino"][0], each["openvino"][1] / each["torch"][1]) for each in rounds]
    print(f"| times as fast | {' | '.join(f'{median(column):.2f}' for column in zip(*faster, strict=True))} |")


def measure_in_process(runtime: str, benchmark: Path | None) -> tuple[float, float]:
    """Measure a runtime in its own process."""
    folder = [str(benchmark)] if benchmark else []
    command = [sys.executable, "-m", "benchmarks.runtimes", *folder, "--runtime", runtime]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    milliseconds, texts_per_second = json.loads(printed.splitlines()[-1])
    return milliseconds, texts_per_second


def measure(runtime: str, texts: Sequence[str]) -> tuple[float, float]:
    """Return the p50 of a short query in ms, and documents per second."""
    encoder = Encoder(converted=MODELS if runtime == "openvino" else None).warm()
    encoder.encode(texts[:20])
    milliseconds = []
    for query in short_queries(N_QUERIES):
        started = perf_counter()
        encoder.encode([query])
        milliseconds.append(1_000 * (perf_counter() - started))
    started = perf_counter()
    encoder.encode(texts)
    return median(milliseconds), len(texts) / (perf_counter() - started)


if __name__ == "__main__":
    main()
