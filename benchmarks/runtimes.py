"""The encoder's two runtimes side by side: OpenVINO in eight-bit integers, and torch.

python -m benchmarks.runtimes [BENCHMARK] [--rounds N]

BENCHMARK is a folder in BEIR's layout. Rounds go from the one to the other, each time in a process of its own: the
threads of two runtimes in one process get in each other's way. Told are medians, and the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.compare import DATA, MODELS
from benchmarks.peers.questions import short_queries
from evaluation.encoders import read_texts
from indexer.encoder.encoder import Encoder

RUNTIMES = ("openvino", "torch")
N_TEXTS, N_QUERIES = 400, 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", nargs="?", type=Path, default=DATA / "tot_books")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runtime", choices=RUNTIMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.runtime:
        print(json.dumps(measure(options.runtime, options.benchmark)))
        return
    Encoder(converted=MODELS).warm()
    rounds = [{name: apart(name, options.benchmark) for name in RUNTIMES} for _ in range(options.rounds)]
    print("| | a short query, p50 ms | documents/s |\n|---|--:|--:|")
    for name in RUNTIMES:
        columns = zip(*(each[name] for each in rounds), strict=True)
        print(f"| {name} | {' | '.join(f'{median(column):.3g}' for column in columns)} |")
    faster = [(each["torch"][0] / each["openvino"][0], each["openvino"][1] / each["torch"][1]) for each in rounds]
    print(f"| times as fast | {' | '.join(f'{median(column):.2f}' for column in zip(*faster, strict=True))} |")


def apart(runtime: str, benchmark: Path) -> tuple[float, float]:
    """Measures in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.runtimes", str(benchmark), "--runtime", runtime]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    milliseconds, texts_per_second = json.loads(told.splitlines()[-1])
    return milliseconds, texts_per_second


def measure(runtime: str, benchmark: Path) -> tuple[float, float]:
    """Gives the p50 of a short query in ms, and documents a second."""
    encoder = Encoder(converted=MODELS if runtime == "openvino" else None).warm()
    texts = read_texts(next(benchmark.glob("corpus.jsonl*")))[:N_TEXTS]
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
