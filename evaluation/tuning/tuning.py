"""`evoke tune`: BM25, cleaning and fusion by kind of query, chosen by judged queries; what only seems better is not.

The engine is asked once for a query and a way to read it, as deep as any fusion goes; all else is tried in memory. The
best is the best of all that were tried; what it is worth is measured out of fold, on queries it was not chosen by. One
thing is chosen after the other: BM25 for all queries, then for each kind its cleaning, then its fusion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel
from tqdm import tqdm

from evaluation.benchmark import Benchmark, check_open_to_learning
from evaluation.measures import OBJECTIVE, judge, ranked
from evaluation.query_vectors import OnceEncoder, QueryVectors
from evaluation.records import Interval
from evaluation.runner import check_names, index_benchmark, read_terms
from evaluation.settings import EvaluationSettings
from evaluation.significance import Floats, bootstrap_intervals
from evaluation.tuning.bench import Asked, Bench, ask_queries
from evaluation.tuning.bm25_in_memory import LexicalIndex
from evaluation.tuning.coordinate_ascent import Mask, climb_coordinates, find_best, score_unseen
from evaluation.tuning.records import Decision, Step, Trials, Tuning
from evaluation.tuning.space import (
    WEIGHTS,
    bm25_coordinates,
    cleaning_coordinates,
    fusions_to_try,
)
from indexer.bm25 import BM25
from indexer.encoder.encoder import Encoder, open_encoder
from search_api.ranking_settings import (
    QUERY_KINDS,
    YEAR,
    Cleanings,
    Fusion,
    Fusions,
    QueryKind,
    Tuned,
)
from search_api.search import Candidates, open_tuned

LEAST_QUERIES = 10
"""Of a kind: two a fold. An interval of fewer says nothing."""


def tune(benchmarks: Sequence[Benchmark], settings: EvaluationSettings, encoder: Encoder | None = None) -> Tuning:
    """Gives what is best on benchmarks, where it is better than what serves.

    Raises:
        BenchmarkInvalid, TuningInvalid: a file cannot be used.
        IndexerError, EngineError: an index cannot be made.
    """
    check_open_to_learning(benchmarks)
    check_names(benchmarks)
    serving = open_tuned(settings)
    encoder = encoder or open_encoder(settings)
    queries: list[Asked] = []
    indexes = {}
    for benchmark in benchmarks:
        own = settings.for_corpus(benchmark.digest)
        index_benchmark(benchmark, own, encoder)
        indexes[benchmark.name] = LexicalIndex(read_terms(own, encoder))
        with QueryVectors(settings.home / "evaluation") as kept:
            queries += ask_queries(benchmark, own, OnceEncoder(encoder, kept), indexes[benchmark.name])
    return choose(Bench(queries, indexes), serving)


def choose(bench: Bench, serving: Tuned) -> Tuning:
    """Gives the choices of every step, each with what was chosen before it, and what they come to."""
    everything = np.full(len(bench.queries), fill_value=True)
    before = bench.scores(everything, serving.bm25, serving.cleanings, serving)
    bm25, after = choose_bm25(bench, serving)
    choices = [bm25]
    cleanings = serving.cleanings
    for kind in QUERY_KINDS:
        choice, unseen = choose_cleaning(bench, bm25.chosen, serving, kind)
        choices.append(choice)
        cleanings = cleanings.model_copy(update={kind: choice.chosen})
        if choice.is_better:
            after[bench.of_kind(kind)] = unseen
    for choice, unseen in choose_fusions(try_benchmarks(bench, bm25.chosen, cleanings, serving), serving):
        choices.append(choice)
        if choice.is_better and choice.kind:
            after[bench.of_kind(choice.kind)] = unseen
    names = np.array(bench.benchmarks)
    means = {
        name: (float(before[names == name].mean()), float(after[names == name].mean()))
        for name in dict.fromkeys(bench.benchmarks)
    }
    return Tuning(serving, choices, means)


def choose_bm25(bench: Bench, serving: Tuned) -> tuple[Decision, Floats]:
    """Gives the choice of BM25 for all queries, and each query's score by it, out of fold where it is new."""
    everything = np.full(len(bench.queries), fill_value=True)
    score = remember(lambda bm25: bench.scores(everything, bm25, serving.cleanings, serving), "BM25")
    return _choose("bm25", None, serving.bm25, bm25_coordinates(), score, shares_of(bench.benchmarks))


def choose_cleaning(bench: Bench, bm25: BM25, serving: Tuned, kind: QueryKind) -> tuple[Decision, Floats]:
    """Gives the choice of a kind's cleaning, and the score of each of its queries."""
    which = bench.of_kind(kind)
    score = remember(lambda each: bench.scores(which, bm25, Cleanings.alike(each), serving), f"cleaning, {kind}")
    shares = shares_of(bench.benchmarks)[which]
    return _choose("cleaning", kind, serving.cleanings.of(kind), cleaning_coordinates(), score, shares)


def _choose(
    step: Step,
    kind: QueryKind | None,
    serving: Any,
    coordinates: Sequence[Callable[[Any], Iterable[Any]]],
    score: Callable[[Any], Floats],
    shares: Floats,
) -> tuple[Decision, Floats]:
    if not len(shares):
        return make_choice(step, kind, serving, None, shares, shares, shares), shares

    def find(seen: Mask) -> Any:
        return climb_coordinates(serving, coordinates, lambda each: float(shares[seen] @ score(each)[seen]))

    before = score(serving)
    if len(shares) < LEAST_QUERIES:
        return make_choice(step, kind, serving, None, before, before, shares), before
    found, unseen = find(np.full(len(shares), fill_value=True)), score_unseen(len(shares), find, score)
    choice = make_choice(step, kind, serving, found, before, unseen, shares)
    return choice, unseen if choice.is_better else before


def remember(score: Callable[[Any], Floats], title: str) -> Callable[[Any], Floats]:
    """Gives a score that is made once for each setting: the climbs of the folds mostly meet the same ones."""
    known: dict[str, Floats] = {}
    progress = tqdm(desc=title, unit=" settings", disable=None, leave=False)

    def recall(setting: BaseModel) -> Floats:
        name = setting.model_dump_json()
        if name not in known:
            known[name] = score(setting)
            progress.update()
        return known[name]

    return recall


def try_benchmarks(bench: Bench, bm25: BM25, cleanings: Cleanings, serving: Fusions) -> Trials:
    """Gives what each fusion reaches on the queries."""
    fusions = fusions_to_try(serving)
    deepest = max(fusion.depth for fusion in fusions)
    scores = [
        try_fusions(bench.candidates(asked, bm25, cleanings.of(asked.kind), deepest), asked.grades, fusions)
        for asked in tqdm(bench.queries, desc="fusions", unit=" queries", disable=None, leave=False)
    ]
    return Trials(fusions, np.array(scores), [asked.kind for asked in bench.queries], bench.benchmarks)


def try_fusions(candidates: Candidates, grades: Mapping[str, int], fusions: Sequence[Fusion]) -> list[float]:
    """Gives a query's nDCG@10 by each fusion. Those that weigh alike what this query has are tried once."""
    weighed = [*candidates.rankings, *([YEAR] if candidates.intent.remembered_years else [])]
    names = [f"{f.method} {f.depth} {[f.weights.get(each, 1.0) for each in weighed]}" for f in fusions]
    distinct = dict(zip(names, fusions, strict=True))
    run = {name: dict(ranked(candidates.fuse(fusion))) for name, fusion in distinct.items()}
    judged = judge(run, dict.fromkeys(run, grades))[OBJECTIVE]
    return [judged[name] for name in names]


def choose_fusions(trials: Trials, serving: Fusions) -> Iterator[tuple[Decision, Floats]]:
    """Gives the choice of each kind's fusion, and the score of each of its queries."""
    kinds = np.array(trials.kinds)
    for place, kind in enumerate(QUERY_KINDS):
        of_kind = kinds == kind
        order = by_likeness(trials.fusions, serving.of(kind))
        scores, shares = trials.scores[of_kind][:, order], shares_of(trials.benchmarks)[of_kind]
        before, found = trials.scores[of_kind, place], None
        unseen = before
        if len(scores) >= LEAST_QUERIES:

            def find(seen: Mask, scores: Floats = scores, shares: Floats = shares) -> int:
                return find_best(scores[seen], shares[seen])

            found = trials.fusions[order[find_best(scores, shares)]]
            unseen = score_unseen(len(scores), find, scores.T.__getitem__)
        choice = make_choice("fusion", kind, serving.of(kind), found, before, unseen, shares)
        yield choice, unseen if choice.is_better else before


def by_likeness(fusions: Sequence[Fusion], serving: Fusion) -> list[int]:
    """Gives the places of fusions, those first that differ least from the one that serves: of equals it stays."""

    def differences(place: int) -> int:
        other = fusions[place]
        weights = [other.weights.get(leg, 1.0) != serving.weights.get(leg, 1.0) for leg in WEIGHTS]
        return (other.method != serving.method) + (other.depth != serving.depth) + sum(weights)

    return sorted(range(len(fusions)), key=differences)


def shares_of(benchmarks: Sequence[str]) -> Floats:
    """Gives what each query counts for, by where it comes from: benchmarks count alike, and in each its queries."""
    names, place, n_queries = np.unique(benchmarks, return_inverse=True, return_counts=True)
    counts: Floats = 1 / (len(names) * n_queries[place])
    return counts


def make_choice(
    step: Step, kind: QueryKind | None, serving: Any, found: Any, before: Floats, unseen: Floats, shares: Floats
) -> Decision:
    """Gives a choice by its queries' scores under what serves, and out of fold."""
    if not len(before):
        return Decision(step, kind, 0, serving, None, 0.0, 0.0, Interval(0.0, 0.0, 0.0))
    weighed = shares[:, None] / shares.mean() * np.stack([before, unseen, unseen - before], axis=1)
    was, now, difference = bootstrap_intervals(weighed)
    return Decision(step, kind, len(before), serving, found, was.value, now.value, difference)
