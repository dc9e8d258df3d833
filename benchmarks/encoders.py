"""What an encoder costs and what it gains: the shipped one beside word vectors, as a table in Markdown.

python benchmarks/encoders.py BENCHMARK... [--encoder NAME...] [--split SPLIT]

Quality is what `evoke evaluate --encoder NAME` gives: nDCG@10 with its bootstrap 95% interval. Speed is that of a
corpus' first texts, and of the queries one by one, on one core and in its own time, which other work on the machine
does not lengthen. What is trained and embedded is kept in EVOKE_HOME for the next time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

import torch

from evaluation.benchmark import Benchmark, read_benchmark
from evaluation.encoders import RECIPES, open_word_encoder, read_texts
from evaluation.runner import Plan, evaluate
from evaluation.settings import EvaluationSettings
from indexer.encoder.encoder import Encoder, open_encoder

SHIPPED = "shipped"
TIMED_TEXTS = 128
SYSTEMS = ("dense", "evoke")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="+", type=Path, metavar="BENCHMARK")
    parser.add_argument("--encoder", nargs="+", default=[*RECIPES, SHIPPED], metavar="NAME")
    parser.add_argument("--split", default="validation")
    options = parser.parse_args()
    settings = EvaluationSettings()
    torch.set_num_threads(1)  # threads that wait for each other would count as work
    print("| benchmark | encoder | dimension | MB | texts/s | query ms | nDCG@10 `dense` | nDCG@10 `evoke` |")
    print("|---|---|--:|--:|--:|--:|---|---|")
    for folder in options.benchmarks:
        benchmark = read_benchmark(folder, options.split)
        for name in options.encoder:
            print(row(benchmark, settings, name), flush=True)


def row(benchmark: Benchmark, settings: EvaluationSettings, name: str) -> str:
    """Gives one encoder's line of the table."""
    chosen = None if name == SHIPPED else name
    (result,) = evaluate([benchmark], settings, Plan(SYSTEMS, baseline="dense", encoder=chosen)).results
    cells = [benchmark.name, name, *costs(benchmark, settings, chosen)]
    for system in SYSTEMS:
        reached = result.systems[system].measures["nDCG@10"]
        cells.append(f"{reached.value:.3f} [{reached.low:.3f}, {reached.high:.3f}]")
    return f"| {' | '.join(cells)} |"


def costs(benchmark: Benchmark, settings: EvaluationSettings, name: str | None) -> Sequence[str]:
    """Gives an encoder's dimension, size and speed."""
    encoder: Encoder
    if name is None:
        encoder = open_encoder(settings).warm()
        path = encoder.files.folder
    else:
        encoder = open_word_encoder(name, benchmark.corpus, settings.home / "evaluation" / "encoders")
        path = encoder.path
    texts = read_texts(benchmark.corpus)[:TIMED_TEXTS]
    seconds = timed(encoder, texts)  # before the queries: it meets most words for the first time
    per_query = median(timed(encoder, [query]) for query in benchmark.queries.values())
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    return f"{encoder.dimension}", f"{size:,.0f}", f"{len(texts) / seconds:,.0f}", f"{1_000 * per_query:.2f}"


def timed(encoder: Encoder, texts: Sequence[str]) -> float:
    """Gives how many seconds of processor time texts take."""
    started = process_time()
    encoder.encode(texts)
    return process_time() - started


if __name__ == "__main__":
    main()
