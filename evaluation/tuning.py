"""`evoke tune`: how each kind of query is best fused, by judged queries; what only seems better is not chosen.

The engine is asked once for a query, as deep as any fusion goes, and every fusion is tried in memory. A kind's best is
the best of all that were tried; what it is worth is measured out of fold, on queries that it was not chosen by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
from tqdm import tqdm

from evaluation.benchmark import Benchmark, check_open_to_learning
from evaluation.measures import judge, ranked
from evaluation.records import Interval
from evaluation.results import align
from evaluation.runner import check_names, index_benchmark
from evaluation.settings import EvaluationSettings
from evaluation.significance import SEED, Floats, bootstrap_intervals
from indexer.embedding import Encoder, open_encoder
from indexer.engine import open_engine
from indexer.values import load_taxonomy
from search_api.descriptions import load_descriptions
from search_api.fusion import YEAR, kind_of_query
from search_api.records import QUERY_KINDS, Fusion, FusionMethod, Fusions, QueryKind, SearchRequest
from search_api.search import Candidates, Search, open_reading
from search_api.tuned import open_fusions

OBJECTIVE = "nDCG@10"
N_FOLDS = 5
LEAST_QUERIES = 10
"""Of a kind: two a fold. An interval of fewer says nothing."""

METHODS: tuple[FusionMethod, ...] = ("dbsf", "linear", "rrf")
DEPTHS = (100, 200, 400)
WEIGHTS: Mapping[str, Sequence[float]] = {
    "text": (0, 0.25, 0.5, 1, 2, 4),
    "values": (0, 0.5, 1, 2, 4, 6, 8),
    "title": (1, 4, 8),
    YEAR: (0.5, 1, 2),
}
"""Beside `bm25`, which weighs 1: what legs weigh matters only as a ratio."""


@dataclass(frozen=True)
class Trials:
    """What every fusion reaches on every query."""

    fusions: Sequence[Fusion]
    scores: Floats
    """nDCG@10: (n_queries, n_fusions)."""
    kinds: Sequence[QueryKind]
    """The kind of each query."""
    benchmarks: Sequence[str]
    """Where each query comes from."""

    @property
    def shares(self) -> Floats:
        """What each query counts for: benchmarks count alike, and in each its queries."""
        names, place, n_queries = np.unique(self.benchmarks, return_inverse=True, return_counts=True)
        counts: Floats = 1 / (len(names) * n_queries[place])
        return counts


@dataclass(frozen=True)
class Choice:
    """How a kind of query is fused, and what the best other fusion is worth."""

    kind: QueryKind
    n_queries: int
    serving: Fusion
    found: Fusion | None
    """The best of all that were tried; None where there are too few queries to choose by."""
    before: float
    """nDCG@10 of the fusion that serves; the three figures weigh benchmarks alike."""
    after: float
    """nDCG@10 out of fold."""
    difference: Interval

    @property
    def is_better(self) -> bool:
        """Whether what was found is better by more than chance."""
        return self.found not in (None, self.serving) and self.difference.low > 0

    @property
    def fusion(self) -> Fusion:
        """What the kind is fused by from now on."""
        return self.found if self.found and self.is_better else self.serving


@dataclass(frozen=True)
class Tuning:
    """A choice a kind, and what they come to: by benchmark nDCG@10 before and, out of fold, after."""

    choices: Sequence[Choice]
    benchmarks: Mapping[str, tuple[float, float]]

    def to_fusions(self) -> Fusions:
        """Gives what search reads."""
        figures = {
            "measure": OBJECTIVE,
            "benchmarks": {name: {"before": b, "after": a} for name, (b, a) in self.benchmarks.items()},
            "kinds": {
                choice.kind: {
                    "n_queries": choice.n_queries,
                    "before": choice.before,
                    "out_of_fold": choice.after,
                    "difference": asdict(choice.difference),
                    "found": choice.found and choice.found.model_dump(),
                    "is_better": choice.is_better,
                }
                for choice in self.choices
            },
        }
        return Fusions(**{choice.kind: choice.fusion for choice in self.choices}, figures=figures)


def tune(benchmarks: Sequence[Benchmark], settings: EvaluationSettings, encoder: Encoder | None = None) -> Tuning:
    """Gives the fusion of each kind of query that is best on benchmarks, where it is better than the one that serves.

    Raises:
        BenchmarkInvalid, TuningInvalid: a file cannot be used.
        IndexerError, EngineError: an index cannot be made.
    """
    check_open_to_learning(benchmarks)
    check_names(benchmarks)
    serving = open_fusions(settings)
    return choose_fusions(try_benchmarks(benchmarks, settings, serving, encoder or open_encoder(settings)), serving)


def try_benchmarks(
    benchmarks: Sequence[Benchmark], settings: EvaluationSettings, serving: Fusions, encoder: Encoder
) -> Trials:
    """Gives what each fusion reaches on the benchmarks' queries."""
    fusions = fusions_to_try(serving)
    deepest = max(fusion.depth for fusion in fusions)
    taxonomy, descriptions = load_taxonomy(settings.taxonomy), load_descriptions(settings.descriptions)
    scores, kinds, names = [], [], []
    for benchmark in benchmarks:
        own = settings.for_corpus(benchmark.digest)
        index_benchmark(benchmark, own, encoder)
        engine = open_engine(own.engine_location, read_only=True)
        reading = open_reading(own, encoder, taxonomy)
        with closing(Search(engine, encoder, taxonomy, reading=reading, descriptions=descriptions)) as search:
            queries = tqdm(benchmark.queries.items(), desc=benchmark.name, unit=" queries", disable=None, leave=False)
            for query_id, query in queries:
                candidates = search.find(SearchRequest(query=query), deepest)
                scores.append(try_fusions(candidates, benchmark.qrels[query_id], fusions))
                kinds.append(kind_of_query(candidates.intent))
                names.append(benchmark.name)
    return Trials(fusions, np.array(scores), kinds, names)


def fusions_to_try(serving: Fusions) -> list[Fusion]:
    """Gives the fusions that serve, by kind, and every other that is tried."""
    grid = [
        Fusion(method=method, weights=dict(zip(WEIGHTS, weights, strict=True)), depth=depth)
        for method, depth, *weights in product(METHODS, DEPTHS, *WEIGHTS.values())
    ]
    return [*(serving.of(kind) for kind in QUERY_KINDS), *grid]


def try_fusions(candidates: Candidates, grades: Mapping[str, int], fusions: Sequence[Fusion]) -> list[float]:
    """Gives a query's nDCG@10 by each fusion. Those that weigh alike what this query has are tried once."""
    weighed = [*candidates.rankings, *([YEAR] if candidates.intent.remembered_years else [])]
    names = [f"{f.method} {f.depth} {[f.weights.get(each, 1.0) for each in weighed]}" for f in fusions]
    distinct = dict(zip(names, fusions, strict=True))
    run = {name: dict(ranked(candidates.fuse(fusion))) for name, fusion in distinct.items()}
    judged = judge(run, dict.fromkeys(run, grades))[OBJECTIVE]
    return [judged[name] for name in names]


def choose_fusions(trials: Trials, serving: Fusions) -> Tuning:
    """Gives the choice of each kind, and what the choices come to."""
    kinds, benchmarks = np.array(trials.kinds), np.array(trials.benchmarks)
    before, after = np.zeros(len(kinds)), np.zeros(len(kinds))
    choices = []
    for place, kind in enumerate(QUERY_KINDS):
        of_kind = kinds == kind
        scores, shares = trials.scores[of_kind], trials.shares[of_kind]
        order = by_likeness(trials.fusions, serving.of(kind))
        before[of_kind] = scores[:, place]
        is_enough = len(scores) >= LEAST_QUERIES
        unseen = score_unseen(scores[:, order], shares) if is_enough else scores[:, place]
        found = trials.fusions[order[find_best(scores[:, order], shares)]] if is_enough else None
        choice = make_choice(kind, serving.of(kind), found, scores[:, place], unseen, shares)
        after[of_kind] = unseen if choice.is_better else scores[:, place]
        choices.append(choice)
    means = {
        str(name): (float(before[benchmarks == name].mean()), float(after[benchmarks == name].mean()))
        for name in dict.fromkeys(trials.benchmarks)
    }
    return Tuning(choices, means)


def by_likeness(fusions: Sequence[Fusion], serving: Fusion) -> list[int]:
    """Gives the places of fusions, those first that differ least from the one that serves: of equals it stays."""

    def differences(place: int) -> int:
        other = fusions[place]
        weights = [other.weights.get(leg, 1.0) != serving.weights.get(leg, 1.0) for leg in WEIGHTS]
        return (other.method != serving.method) + (other.depth != serving.depth) + sum(weights)

    return sorted(range(len(fusions)), key=differences)


def find_best(scores: Floats, shares: Floats) -> int:
    """Gives the first fusion with the highest mean. `scores` is (n_queries, n_fusions)."""
    return int((shares[:, None] * scores).sum(axis=0).argmax())


def score_unseen(scores: Floats, shares: Floats) -> Floats:
    """Gives each query's score by the fusion that is best on the queries of the other folds."""
    fold = np.random.default_rng(SEED).permutation(len(scores)) % N_FOLDS
    unseen = np.empty(len(scores))
    for held_out in (fold == number for number in range(N_FOLDS)):
        unseen[held_out] = scores[held_out, find_best(scores[~held_out], shares[~held_out])]
    return unseen


def make_choice(
    kind: QueryKind, serving: Fusion, found: Fusion | None, before: Floats, unseen: Floats, shares: Floats
) -> Choice:
    """Gives a kind's choice by its queries' scores under the fusion that serves, and out of fold."""
    if not len(before):
        return Choice(kind, 0, serving, None, 0.0, 0.0, Interval(0.0, 0.0, 0.0))
    weighed = shares[:, None] / shares.mean() * np.stack([before, unseen, unseen - before], axis=1)
    was, now, difference = bootstrap_intervals(weighed)
    return Choice(kind, len(before), serving, found, was.value, now.value, difference)


def tuning_to_text(tuning: Tuning) -> str:
    """Gives the table of what each kind keeps or takes, out of fold, and how benchmarks fare by that."""
    rows = [["", "queries", OBJECTIVE, "difference", "95%"]]
    for choice in tuning.choices:
        had, other = ("had", "takes") if choice.is_better else ("keeps", "over")
        n_queries = f"{choice.n_queries:,}" if choice.found else f"{choice.n_queries:,}, too few"
        label = f"{choice.kind:<10} {had:<5} {_fusion_to_text(choice.serving)}"
        rows.append([label, n_queries, f"{choice.before:.3f}" if choice.n_queries else "", "", ""])
        if choice.found and choice.found != choice.serving:
            gain = choice.difference
            rows.append(
                [f"{'':<10} {other:<5} {_fusion_to_text(choice.found)}", "", f"{choice.after:.3f}",
                 f"{gain.value:+.3f}", f"{gain.low:+.3f} to {gain.high:+.3f}"]
            )  # fmt: skip
    means = [["", "before", "after"]] + [
        [name, f"{before:.3f}", f"{after:.3f}"] for name, (before, after) in tuning.benchmarks.items()
    ]
    return "\n".join([*align(rows), "", *align(means)])


def _fusion_to_text(fusion: Fusion) -> str:
    weights = (f"{leg} {weight:g}" for leg, weight in sorted(fusion.weights.items()) if weight != 1)
    return ", ".join([f"{fusion.method} of {fusion.depth}", *weights])
