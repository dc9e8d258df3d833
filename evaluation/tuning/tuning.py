"""`evoke tune`: choose BM25, and cleaning and fusion for each kind of query, by judged queries.

The engine searches once for each query and cleaning, as deep as the deepest fusion; the rest is tried in memory. The
best setting on all queries is found first. Then it is measured out of fold, on queries that it was not chosen by, and
it replaces the serving setting only if it is better by more than chance. BM25 is chosen first, for all queries, then
the cleaning of each kind of query, then its fusion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from crawler.progress import Progress, show_progress, with_progress
from evaluation.benchmark import Benchmark, refuse_test_split
from evaluation.measures import OBJECTIVE, measure_run
from evaluation.query_vectors import CachedEncoder, QueryVectors
from evaluation.records import Interval
from evaluation.runner import check_names, index_benchmark, read_terms
from evaluation.settings import EvaluationSettings
from evaluation.significance import SEED, Floats, bootstrap_intervals
from evaluation.tuning.bench import Bench, JudgedQuery, fused_run, run_ids, search_queries
from evaluation.tuning.bm25_in_memory import LexicalIndex
from evaluation.tuning.coordinate_ascent import N_FOLDS, Mask, coordinate_ascent, find_best, score_out_of_fold
from evaluation.tuning.records import Decision, FusionScores, Step, Tuning
from evaluation.tuning.space import WEIGHTS, bm25_coordinates, cleaning_coordinates, fusions_to_try
from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import BM25
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.made_with import MadeWith
from indexer.tracking import track
from search_api.candidates import Candidates
from search_api.ranking_settings import QUERY_KINDS, YEAR, Cleanings, Fusion, Fusions, QueryKind, Tuned
from search_api.search import open_tuned

LEAST_QUERIES = 10
"""The fewest queries of a kind that its settings are chosen by: two for each fold."""


def tune(
    benchmarks: Sequence[Benchmark], settings: EvaluationSettings, output: Path, encoder: Encoder | None = None
) -> Tuning:
    """Decide on all settings and write them to a file: each is replaced only by one that is better on the benchmarks.

    Raises:
        BenchmarkInvalid, TuningInvalid: A file cannot be used.
        IndexerError, EngineError: An index cannot be built.
    """
    refuse_test_split(benchmarks)
    check_names(benchmarks)
    serving = open_tuned(settings)
    encoder = encoder or open_encoder(settings)
    made_with = MadeWith(encoder_fingerprint=encoder.fingerprint, analyser_version=ANALYSER_VERSION)
    serving = serving.model_copy(update={"made_with": made_with})
    queries: list[JudgedQuery] = []
    indexes = {}
    for benchmark in benchmarks:
        own = settings.for_corpus(benchmark.digest)
        index_benchmark(benchmark, own, encoder)
        indexes[benchmark.name] = LexicalIndex(read_terms(own, encoder))
        with QueryVectors(settings.home / "evaluation") as cache:
            queries += search_queries(benchmark, own, CachedEncoder(encoder, cache), indexes[benchmark.name])
    with track("tune", settings.home) as run:
        run.log_data([benchmark.data for benchmark in benchmarks])
        run.log_parameters({"folds": N_FOLDS, "seed": SEED, **made_with.model_dump()})
        tuned = choose_settings(Bench(queries, indexes), serving)
        run.log_parameters(tuned.parameters)
        run.log_metrics(tuned.metrics)
        output.write_text(tuned.to_tuned().model_dump_json(indent=2), encoding="utf-8")
        run.log_output(output)
    return tuned


def choose_settings(bench: Bench, serving: Tuned) -> Tuning:
    """Return the decision of every step, each made with the settings chosen before it, and their joint effect."""
    everything = np.full(len(bench.queries), fill_value=True)
    before = bench.scores(everything, serving.bm25, serving.cleanings, serving)
    bm25, after = choose_bm25(bench, serving)
    decisions = [bm25]
    cleanings = serving.cleanings
    for kind in QUERY_KINDS:
        decision, scores = choose_cleaning(bench, bm25.chosen, serving, kind)
        decisions.append(decision)
        cleanings = cleanings.model_copy(update={kind: decision.chosen})
        if decision.is_better:
            after[bench.of_kind(kind)] = scores
    for decision, scores in choose_fusions(score_fusions(bench, bm25.chosen, cleanings, serving), serving):
        decisions.append(decision)
        if decision.is_better and decision.kind:
            after[bench.of_kind(decision.kind)] = scores
    names = np.array(bench.benchmarks)
    means = {
        name: (float(before[names == name].mean()), float(after[names == name].mean()))
        for name in dict.fromkeys(bench.benchmarks)
    }
    return Tuning(serving, decisions, means)


def choose_bm25(bench: Bench, serving: Tuned) -> tuple[Decision, Floats]:
    """Return the decision on BM25 for all queries, and each query's score under it: out of fold where BM25 changes."""
    everything = np.full(len(bench.queries), fill_value=True)
    with show_progress("settings", "BM25") as progress:
        score = memoise(lambda bm25: bench.scores(everything, bm25, serving.cleanings, serving), progress)
        return _choose("bm25", None, serving.bm25, bm25_coordinates(), score, shares_of(bench.benchmarks))


def choose_cleaning(bench: Bench, bm25: BM25, serving: Tuned, kind: QueryKind) -> tuple[Decision, Floats]:
    """Return the decision on a kind's cleaning, and the score of each query of the kind under it."""
    which = bench.of_kind(kind)
    shares = shares_of(bench.benchmarks)[which]
    with show_progress("settings", f"cleaning, {kind}") as progress:
        score = memoise(
            lambda cleaning: bench.scores(which, bm25, Cleanings.for_every_kind(cleaning), serving), progress
        )
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
        return make_decision(step, kind, serving, None, shares, shares, shares), shares

    def find(seen: Mask) -> Any:
        return coordinate_ascent(serving, coordinates, lambda setting: float(shares[seen] @ score(setting)[seen]))

    before = score(serving)
    if len(shares) < LEAST_QUERIES:
        return make_decision(step, kind, serving, None, before, before, shares), before
    found, unseen = find(np.full(len(shares), fill_value=True)), score_out_of_fold(len(shares), find, score)
    decision = make_decision(step, kind, serving, found, before, unseen, shares)
    return decision, unseen if decision.is_better else before


def memoise(score: Callable[[Any], Floats], progress: Progress) -> Callable[[Any], Floats]:
    """Return the function with a cache: the searches of the five folds mostly try the same settings."""
    known: dict[str, Floats] = {}

    def score_once(setting: BaseModel) -> Floats:
        name = setting.model_dump_json()
        if name not in known:
            known[name] = score(setting)
            progress.update(1)
        return known[name]

    return score_once


def score_fusions(bench: Bench, bm25: BM25, cleanings: Cleanings, serving: Fusions) -> FusionScores:
    """Return the objective of every query under every fusion."""
    fusions = fusions_to_try(serving)
    deepest = max(fusion.depth for fusion in fusions)
    scores = [
        score_query(bench.candidates(query, bm25, cleanings.of(query.kind), deepest), query.grades, fusions)
        for query in with_progress(bench.queries, "queries", "fusions")
    ]
    return FusionScores(fusions, np.array(scores), [query.kind for query in bench.queries], bench.benchmarks)


def score_query(candidates: Candidates, grades: Mapping[int, int], fusions: Sequence[Fusion]) -> list[float]:
    """Return a query's objective under each fusion. Fusions that differ only in legs the query lacks are tried once."""
    weighed = [*candidates.rankings, *([YEAR] if candidates.intent.remembered_years else [])]
    names = [f"{f.method} {f.depth} {[f.weights.get(leg, 1.0) for leg in weighed]}" for f in fusions]
    distinct = dict(zip(names, fusions, strict=True))
    run = {name: fused_run(candidates, fusion) for name, fusion in distinct.items()}
    judged = measure_run(run, dict.fromkeys(run, run_ids(grades)))[OBJECTIVE]
    return [judged[name] for name in names]


def choose_fusions(tried: FusionScores, serving: Fusions) -> Iterator[tuple[Decision, Floats]]:
    """Yield the decision on each kind's fusion, and the score of each query of the kind under it."""
    kinds = np.array(tried.kinds)
    for column, kind in enumerate(QUERY_KINDS):
        of_kind = kinds == kind
        order = by_similarity(tried.fusions, serving.of(kind))
        scores, shares = tried.scores[of_kind][:, order], shares_of(tried.benchmarks)[of_kind]
        before, found = tried.scores[of_kind, column], None
        unseen = before
        if len(scores) >= LEAST_QUERIES:

            def find(seen: Mask, scores: Floats = scores, shares: Floats = shares) -> int:
                return find_best(scores[seen], shares[seen])

            found = tried.fusions[order[find_best(scores, shares)]]
            unseen = score_out_of_fold(len(scores), find, scores.T.__getitem__)
        decision = make_decision("fusion", kind, serving.of(kind), found, before, unseen, shares)
        yield decision, unseen if decision.is_better else before


def by_similarity(fusions: Sequence[Fusion], serving: Fusion) -> list[int]:
    """Return the indices of fusions, those with the fewest differences to the serving one first.

    The first of equally good fusions is chosen, so this order keeps a setting that needs no change.
    """

    def differences(index: int) -> int:
        other = fusions[index]
        weights = [other.weights.get(leg, 1.0) != serving.weights.get(leg, 1.0) for leg in WEIGHTS]
        return (other.method != serving.method) + (other.depth != serving.depth) + sum(weights)

    return sorted(range(len(fusions)), key=differences)


def shares_of(benchmarks: Sequence[str]) -> Floats:
    """Return the weight of each query, (n_queries,): benchmarks weigh the same, and so do the queries of each."""
    names, place, n_queries = np.unique(benchmarks, return_inverse=True, return_counts=True)
    counts: Floats = 1 / (len(names) * n_queries[place])
    return counts


def make_decision(
    step: Step, kind: QueryKind | None, serving: Any, found: Any, before: Floats, unseen: Floats, shares: Floats
) -> Decision:
    """Return the decision, by the queries' scores under the serving setting and out of fold, (n_queries,) each."""
    if not len(before):
        return Decision(step, kind, 0, serving, None, 0.0, 0.0, Interval(0.0, 0.0, 0.0))
    weighed = shares[:, None] / shares.mean() * np.stack([before, unseen, unseen - before], axis=1)
    was, now, difference = bootstrap_intervals(weighed)
    return Decision(step, kind, len(before), serving, found, was.value, now.value, difference)
