"""`evoke train-descriptions`: train a query adapter on benchmarks of remembered works, and measure it out of fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qdrant_client.models import SparseVector

from crawler.progress import with_progress
from evaluation.adapter_training.learning import PARAMETERS, SEED, TrainingSet, fit_query_adapter, try_depths
from evaluation.benchmark import Benchmark, refuse_test_split
from evaluation.errors import BenchmarkInvalid
from evaluation.measures import OBJECTIVE, measure_run
from evaluation.query_vectors import CachedEncoder, QueryVectors
from evaluation.records import Interval
from evaluation.runner import answer_queries, index_benchmark, read_works
from evaluation.settings import EvaluationSettings
from evaluation.significance import bootstrap_intervals
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import open_engine_of
from indexer.tracking import track
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.leg_queries import LegQueries, open_query_classifier
from search_api.query_adapter import QueryAdapter, save_query_adapter
from search_api.records import SearchRequest
from search_api.search import Search

N_FOLDS = 5
"""Folds of the described works: each is judged with an adapter that was trained on the other folds."""


@dataclass(frozen=True)
class DescribedBenchmark:
    """The descriptions of one benchmark, as training data and divided into folds."""

    benchmark: Benchmark
    """The benchmark with only the queries that search reads as descriptions."""
    settings: EvaluationSettings
    """The settings of the benchmark's index."""
    training_set: TrainingSet
    folds: NDArray[np.int64]
    """The fold of each description, (n,): the same for all descriptions of a work."""

    def queries(self, fold: int) -> dict[str, str]:
        """Return the descriptions of one fold, by id."""
        queries = self.benchmark.queries.items()
        return {
            query_id: text for (query_id, text), own in zip(queries, self.folds.tolist(), strict=True) if own == fold
        }


@dataclass(frozen=True)
class AdapterFigure:
    """The objective on one benchmark, without an adapter and with one that was trained on other works."""

    benchmark: str
    n_descriptions: int
    n_works: int
    """How many works are described."""
    without: Interval
    with_adapter: Interval
    difference: Interval

    @property
    def metrics(self) -> dict[str, float]:
        """The means by name."""
        means = {"without": self.without, "with adapter": self.with_adapter, "difference": self.difference}
        return {f"{OBJECTIVE} {self.benchmark} {name}": interval.value for name, interval in means.items()}


@dataclass(frozen=True)
class Training:
    """A trained query adapter, and its figures out of fold."""

    adapter: QueryAdapter
    figures: tuple[AdapterFigure, ...]
    n_left_out: int
    """How many queries search does not read as descriptions."""
    depths: Mapping[int, float] = field(default_factory=dict)
    """The mean reciprocal rank of the right works by each depth of the adapter; empty if it weighs terms only."""


def train_query_adapter(
    benchmarks: Sequence[Benchmark],
    settings: EvaluationSettings,
    output: Path,
    encoder: Encoder | None = None,
    *,
    terms_only: bool = False,
) -> Training:
    """Train a query adapter on the descriptions of benchmarks, write it to `output`, and measure it out of fold.

    With `terms_only` it weighs terms and leaves embeddings as they are.

    Raises:
        BenchmarkInvalid: A split is "test", or describes too few works.
        IndexerError, EngineError: An index cannot be built.
    """
    refuse_test_split(benchmarks)
    encoder = encoder or open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    with QueryVectors(settings.home / "evaluation") as cache:
        cached = CachedEncoder(encoder, cache)
        described = [_prepare(benchmark, settings, encoder, cached, taxonomy) for benchmark in benchmarks]
        fingerprint = None if terms_only else encoder.fingerprint
        with track("train-descriptions", settings.home) as run:
            run.log_data([benchmark.data for benchmark in benchmarks])
            run.log_parameters({**PARAMETERS, "encoder": encoder.fingerprint, "terms_only": terms_only})
            depths = _try_depths(described, fingerprint) if fingerprint else {}
            for depth, found in depths.items():
                run.log_trial({"depth": depth}, {"mean reciprocal rank": found})
            depth = max(depths, key=lambda each: (depths[each], -each), default=1)
            run.log_parameters({"depth": depth})
            adapter = fit_query_adapter([one.training_set for one in described], fingerprint, depth)
            save_query_adapter(adapter, output)
            run.log_output(output)
            figures = _measure(described, cached, taxonomy, fingerprint, depth)
            for figure in figures:
                run.log_metrics(figure.metrics)
    n_queries = sum(len(benchmark.queries) for benchmark in benchmarks)
    return Training(adapter, figures, n_queries - sum(len(one.folds) for one in described), depths)


def _try_depths(described: Sequence[DescribedBenchmark], fingerprint: str) -> dict[int, float]:
    """Return how well adapters of each depth find the works of the first fold, trained on the others."""
    trained, held_out = (
        [one.training_set.subset((one.folds == 0) == is_held_out) for one in described] for is_held_out in (False, True)
    )
    return try_depths(trained, held_out, fingerprint)


def _prepare(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: Encoder, cached: CachedEncoder, taxonomy: Taxonomy
) -> DescribedBenchmark:
    own = settings.for_corpus(benchmark.digest)
    index_benchmark(benchmark, own, encoder)
    vectors = {work.id: features.vector for work, features in read_works(own, encoder)}
    row_of = {work_id: row for row, work_id in enumerate(vectors)}
    descriptions = {
        query_id: query
        for query_id, query in _leg_queries(benchmark, own, cached, taxonomy)
        if query.intent.is_description and any(benchmark.qrels[query_id].values())
    }
    answers = np.array([row_of[_best(benchmark.qrels[query_id])] for query_id in descriptions], dtype=np.int64)
    works, work_of = np.unique(answers, return_inverse=True)
    if len(works) < N_FOLDS:
        raise BenchmarkInvalid(
            f"{benchmark.name}: {len(works)} works are described in the split {benchmark.split!r}: "
            f"give at least {N_FOLDS}, in queries that describe at length or say that a work is remembered"
        )
    terms = [query.legs.get("bm25") for query in descriptions.values()]
    training_set = TrainingSet(
        works=np.stack(list(vectors.values())),
        queries=np.stack([np.asarray(query.legs["text"]) for query in descriptions.values()]),
        answers=answers,
        terms=[vector.indices if isinstance(vector, SparseVector) else () for vector in terms],
    )
    folds = np.random.default_rng(SEED).permutation(len(works)) % N_FOLDS
    kept = {query_id: query.query for query_id, query in descriptions.items()}
    return DescribedBenchmark(replace(benchmark, queries=kept), own, training_set, folds[work_of])


def _leg_queries(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: CachedEncoder, taxonomy: Taxonomy
) -> Iterator[tuple[str, LegQueries]]:
    """Yield each query's id and its requests to the legs, without an adapter."""
    with closing(open_engine_of(settings, read_only=True)) as engine:
        query_classifier = open_query_classifier(settings, encoder, taxonomy)
        search = Search(engine, encoder, taxonomy, query_classifier=query_classifier)
        queries = benchmark.queries.items()
        for query_id, text in with_progress(queries, "queries", benchmark.name):
            yield query_id, search.build_queries(SearchRequest(query=text))


def _best(grades: Mapping[str, int]) -> str:
    return min(grades, key=lambda work_id: (-grades[work_id], work_id))


def _measure(
    described: Sequence[DescribedBenchmark],
    encoder: CachedEncoder,
    taxonomy: Taxonomy,
    fingerprint: str | None,
    depth: int,
) -> tuple[AdapterFigure, ...]:
    """Return the figures of the whole service on each fold, with an adapter that was trained on the others."""
    without: list[dict[str, float]] = [{} for _ in described]
    with_adapter: list[dict[str, float]] = [{} for _ in described]
    for fold in range(N_FOLDS):
        others = [one.training_set.subset(one.folds != fold) for one in described]
        adapter = fit_query_adapter(others, fingerprint, depth)
        for number, one in enumerate(described):
            without[number] |= _score_fold(one, fold, encoder, taxonomy, None)
            with_adapter[number] |= _score_fold(one, fold, encoder, taxonomy, adapter)
    return tuple(map(_figure, described, without, with_adapter))


def _score_fold(
    described: DescribedBenchmark, fold: int, encoder: CachedEncoder, taxonomy: Taxonomy, adapter: QueryAdapter | None
) -> dict[str, float]:
    part = replace(described.benchmark, queries=described.queries(fold))
    answers = answer_queries(part, described.settings, ["evoke"], encoder, taxonomy, adapter)["evoke"]
    return measure_run(answers.run, {query_id: part.qrels[query_id] for query_id in part.queries})[OBJECTIVE]


def _figure(
    described: DescribedBenchmark, without: Mapping[str, float], with_adapter: Mapping[str, float]
) -> AdapterFigure:
    pairs = np.array([(without[query_id], with_adapter[query_id]) for query_id in described.benchmark.queries])
    columns = np.column_stack([pairs, pairs[:, 1] - pairs[:, 0]])
    n_works = len(np.unique(described.training_set.answers))
    return AdapterFigure(described.benchmark.name, len(pairs), n_works, *bootstrap_intervals(columns))


def training_to_markdown(training: Training) -> str:
    """Return the figures as a table in Markdown, and those of each depth as another one."""
    columns = ("benchmark", "descriptions", "works", f"{OBJECTIVE} without adapter", "with, out of fold")
    lines = [f"| {' | '.join(columns)} | difference, 95% |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {figure.benchmark} | {figure.n_descriptions:,} | {figure.n_works:,} | {figure.without.value:.4f} "
        f"| {figure.with_adapter.value:.4f} "
        f"| {figure.difference.value:+.4f} [{figure.difference.low:+.4f}, {figure.difference.high:+.4f}] |"
        for figure in training.figures
    ]
    if training.depths:
        lines += ["", "| depth | mean reciprocal rank of held-out works, by vectors alone |", "|--:|--:|"]
        lines += [f"| {depth} | {found:.4f} |" for depth, found in training.depths.items()]
    return "\n".join(lines) + "\n"
