"""Compare quality and cost of the shipped encoder with those of word vectors. Prints a table in Markdown.

python -m benchmarks.encoders BENCHMARK... [--encoder NAME...] [--split SPLIT]

Quality is that of `evoke evaluate --encoder NAME`: the objective with its bootstrap 95% interval. Speed is measured on
the first texts of the corpus and on the queries one by one, on one core. It is processor time, because other work on
the machine hardly lengthens that. Trained vectors and embeddings are kept in EVOKE_HOME and used again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

import torch

from benchmarks.needs import need
from evaluation.benchmark import Benchmark, read_benchmark
from evaluation.encoders import RECIPES, open_word_encoder, read_texts
from evaluation.measures import OBJECTIVE
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
    if not RECIPES.keys().isdisjoint(options.encoder):
        need("gensim")
    settings = EvaluationSettings()
    torch.set_num_threads(1)  # with several, threads that wait for each other would count as processor time
    qualities = " | ".join(f"{OBJECTIVE} `{system}`" for system in SYSTEMS)
    print(f"| benchmark | encoder | dimension | MB | texts/s | query ms | {qualities} |")
    print("|---|---|--:|--:|--:|--:|---|---|")
    for folder in options.benchmarks:
        benchmark = read_benchmark(folder, options.split)
        for name in options.encoder:
            print(row(benchmark, settings, name), flush=True)


def row(benchmark: Benchmark, settings: EvaluationSettings, name: str) -> str:
    """Return one encoder's row of the table."""
    chosen = None if name == SHIPPED else name
    (result,) = evaluate([benchmark], settings, Plan(SYSTEMS, baseline="dense", encoder=chosen)).results
    cells = [benchmark.name, name, *costs(benchmark, settings, chosen)]
    for system in SYSTEMS:
        interval = result.systems[system].measures[OBJECTIVE]
        cells.append(f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]")
    return f"| {' | '.join(cells)} |"


def costs(benchmark: Benchmark, settings: EvaluationSettings, name: str | None) -> Sequence[str]:
    """Return an encoder's dimension, size and speed as cells."""
    encoder: Encoder
    if name is None:
        encoder = open_encoder(settings).warm()
        path = encoder.files.folder
    else:
        encoder = open_word_encoder(name, benchmark.corpus, settings.home / "evaluation" / "encoders")
        path = encoder.path
    texts = read_texts(benchmark.corpus)[:TIMED_TEXTS]
    seconds = timed(encoder, texts)  # before the queries, so that most words are new to it
    per_query = median(timed(encoder, [query]) for query in benchmark.queries.values())
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    return f"{encoder.dimension}", f"{size:,.0f}", f"{len(texts) / seconds:,.0f}", f"{1_000 * per_query:.2f}"


def timed(encoder: Encoder, texts: Sequence[str]) -> float:
    """Return the seconds of processor time that texts take."""
    started = process_time()
    encoder.encode(texts)
    return process_time() - started


if __name__ == "__main__":
    main()
