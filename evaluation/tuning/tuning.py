"""`evoke tune`: BM25, cleaning and fusion by kind of query, chosen by judged queries; what only seems better is not.

The engine is asked once for a query and a way to read it, as deep as any fusion goes; all else is tried in memory. The
best is the best of all that were tried; what it is worth is measured out of fold, on queries it was not chosen by. One
thing is chosen after the other: BM25 for all queries, then for each kind its cleaning, then its fusion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from qdrant_client.models import SparseVector
from tqdm import tqdm

from evaluation.benchmark import Benchmark, check_open_to_learning
from evaluation.measures import judge, ranked
from evaluation.query_vectors import KeptVectors
from evaluation.records import Interval
from evaluation.results import align
from evaluation.runner import check_names, index_benchmark, read_terms
from evaluation.settings import EvaluationSettings
from evaluation.significance import Floats, bootstrap_intervals
from evaluation.systems import OnceEncoder
from evaluation.tuning.bm25_in_memory import LexicalIndex, WeighedIndex
from evaluation.tuning.coordinate_ascent import Mask, climb, find_best, score_unseen
from indexer.bm25 import BM25, keep_telling
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import open_engine
from indexer.records import TEXT_FIELDS, TextField
from indexer.values.taxonomy import load_taxonomy
from search_api.fusion import YEAR, kind_of_query
from search_api.leg_queries import open_reading
from search_api.query_adapter import load_descriptions
from search_api.records import (
    QUERY_KINDS,
    Cleaning,
    Cleanings,
    Fusion,
    FusionMethod,
    Fusions,
    QueryKind,
    SearchRequest,
    Tuned,
)
from search_api.search import Candidates, Search
from search_api.tuned import open_tuned

OBJECTIVE = "nDCG@10"
LEAST_QUERIES = 10
"""Of a kind: two a fold. An interval of fewer says nothing."""

K1S = (0.6, 0.9, 1.2, 1.6, 2.0, 3.0, 5.0)
BS = (0.0, 0.25, 0.5, 0.65, 0.75, 0.9, 1.0)
FIELD_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)
MOST_TERMS = (None, 5, 10, 20, 40)

METHODS: tuple[FusionMethod, ...] = ("dbsf", "linear", "rrf")
DEPTHS = (100, 200, 400)
WEIGHTS: Mapping[str, Sequence[float]] = {
    "text": (0, 0.25, 0.5, 1, 2, 4),
    "values": (0, 0.5, 1, 2, 4, 6, 8),
    "title": (1, 4, 8),
    YEAR: (0.5, 1, 2),
}
"""Beside `bm25`, which weighs 1: what legs weigh matters only as a ratio."""

Step = Literal["bm25", "cleaning", "fusion"]


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


@dataclass(frozen=True)
class Choice:
    """What serves, for a kind of query or for all, and what the best other is worth."""

    step: Step
    kind: QueryKind | None
    n_queries: int
    serving: Any
    found: Any
    """The best of all that were tried; None where there are too few queries to choose by."""
    before: float
    """nDCG@10 of what serves; the three figures weigh benchmarks alike."""
    after: float
    """nDCG@10 out of fold."""
    difference: Interval

    @property
    def is_better(self) -> bool:
        """Whether what was found is better by more than chance."""
        return self.found not in (None, self.serving) and self.difference.low > 0

    @property
    def chosen(self) -> Any:
        """What serves from now on."""
        return self.found if self.is_better else self.serving

    def to_figures(self) -> dict[str, Any]:
        """Gives what the choice was made by."""
        return {
            "n_queries": self.n_queries,
            "before": self.before,
            "out_of_fold": self.after,
            "difference": asdict(self.difference),
            "found": self.found and self.found.model_dump(),
            "is_better": self.is_better,
        }


@dataclass(frozen=True)
class Tuning:
    """The choices, and what they come to: by benchmark nDCG@10 before and, out of fold, after."""

    serving: Tuned
    choices: Sequence[Choice]
    benchmarks: Mapping[str, tuple[float, float]]

    def to_tuned(self) -> Tuned:
        """Gives what index and search read."""
        cleanings = {str(c.kind): c.chosen for c in self.choices if c.step == "cleaning"}
        fusions = {str(c.kind): c.chosen for c in self.choices if c.step == "fusion"}
        bm25 = [choice for choice in self.choices if choice.step == "bm25"]
        figures = {
            "measure": OBJECTIVE,
            "benchmarks": {name: {"before": b, "after": a} for name, (b, a) in self.benchmarks.items()},
            "bm25": bm25[0].to_figures() if bm25 else None,
            "cleanings": {c.kind: c.to_figures() for c in self.choices if c.step == "cleaning"},
            "kinds": {c.kind: c.to_figures() for c in self.choices if c.step == "fusion"},
        }
        return self.serving.model_copy(
            update={
                **fusions,
                "cleanings": self.serving.cleanings.model_copy(update=cleanings),
                "bm25": bm25[0].chosen if bm25 else self.serving.bm25,
                "figures": figures,
            }
        )


@dataclass(frozen=True)
class Asked:
    """A judged query as the engine was asked it; by whether its words were unwrapped, and then weighed."""

    benchmark: str
    kind: QueryKind
    grades: Mapping[str, int]
    candidates: Mapping[bool, Candidates]
    terms: Mapping[tuple[bool, bool], SparseVector]
    """Without those words that have no terms."""
    allowed: NDArray[np.bool_] | None
    """Which works its filters let through; None where all are."""


class Bench:
    """Judges asked queries under any BM25, cleaning and fusion; `indexes` are those of their benchmarks, by name."""

    def __init__(self, queries: Sequence[Asked], indexes: Mapping[str, LexicalIndex]) -> None:
        self.queries = queries
        self._indexes = indexes
        self._weighed: dict[str, WeighedIndex] = {}
        self._bm25: BM25 | None = None

    @property
    def benchmarks(self) -> list[str]:
        """Where each query comes from."""
        return [asked.benchmark for asked in self.queries]

    def of_kind(self, kind: QueryKind) -> Mask:
        """Gives which queries are of a kind."""
        return np.array([asked.kind == kind for asked in self.queries])

    def candidates(self, asked: Asked, bm25: BM25, cleaning: Cleaning, depth: int) -> Candidates:
        """Gives what the legs find for a query."""
        found = asked.candidates[cleaning.unwrap]
        terms = asked.terms.get((cleaning.unwrap, cleaning.weigh_terms))
        if terms is None:
            return found
        index = self._weigh(bm25)[asked.benchmark]
        if cleaning.most_terms and cleaning.most_terms < len(terms.indices):
            terms = keep_telling(terms, index.idf(terms.indices), cleaning.most_terms)
        ranking = index.rank(terms, depth, asked.allowed)
        return Candidates(found.intent, {**found.rankings, "bm25": ranking}, found.years)

    def scores(self, which: Mask, bm25: BM25, cleanings: Cleanings, fusions: Fusions) -> Floats:
        """Gives nDCG@10 of some of the queries."""
        run, grades = {}, {}
        for place in np.flatnonzero(which).tolist():
            asked = self.queries[place]
            fusion = fusions.of(asked.kind)
            candidates = self.candidates(asked, bm25, cleanings.of(asked.kind), fusion.depth)
            run[str(place)], grades[str(place)] = dict(ranked(candidates.fuse(fusion))), asked.grades
        judged = judge(run, grades)[OBJECTIVE]
        return np.array([judged[place] for place in run])

    def _weigh(self, bm25: BM25) -> Mapping[str, WeighedIndex]:
        if self._bm25 != bm25:
            self._weighed = {name: index.weigh(bm25) for name, index in self._indexes.items()}
            self._bm25 = bm25
        return self._weighed


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
        with KeptVectors(settings.home / "evaluation") as kept:
            queries += ask_queries(benchmark, own, OnceEncoder(encoder, kept), indexes[benchmark.name])
    return choose(Bench(queries, indexes), serving)


def ask_queries(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: OnceEncoder, index: LexicalIndex
) -> Iterator[Asked]:
    """Gives a benchmark's queries as the engine is asked them, whichever way their words are cleaned."""
    taxonomy, descriptions = load_taxonomy(settings.taxonomy), load_descriptions(settings.descriptions)
    with closing(open_engine(settings.engine_location, read_only=True)) as engine:
        reading = open_reading(settings, encoder, taxonomy)
        first = Search(engine, encoder, taxonomy, reading=reading, descriptions=descriptions)
        ways = {way: first.cleaning(Cleanings.alike(Cleaning(unwrap=way[0], weigh_terms=way[1]))) for way in _WAYS}
        queries = tqdm(benchmark.queries.items(), desc=benchmark.name, unit=" queries", disable=None, leave=False)
        for query_id, query in queries:
            request = SearchRequest(query=query)
            questions = {way: search.ask(request) for way, search in ways.items()}
            bm25 = {way: question.legs.get("bm25") for way, question in questions.items()}
            candidates = {unwrap: ways[unwrap, True].find(request, max(DEPTHS)) for unwrap in (True, False)}
            intent = candidates[True].intent
            allowed = first.allowed(intent)
            yield Asked(
                benchmark=benchmark.name,
                kind=kind_of_query(intent),
                grades=benchmark.qrels[query_id],
                candidates=candidates,
                terms={way: terms for way, terms in bm25.items() if isinstance(terms, SparseVector)},
                allowed=None if allowed is None else np.isin(index.ids.astype(str), list(allowed)),
            )


_WAYS = tuple(product((True, False), (True, False)))
"""Whether words are unwrapped, and whether terms are weighed."""


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


def choose_bm25(bench: Bench, serving: Tuned) -> tuple[Choice, Floats]:
    """Gives the choice of BM25 for all queries, and each query's score by it, out of fold where it is new."""
    everything = np.full(len(bench.queries), fill_value=True)
    score = remember(lambda bm25: bench.scores(everything, bm25, serving.cleanings, serving), "BM25")
    return _choose("bm25", None, serving.bm25, bm25_coordinates(), score, shares_of(bench.benchmarks))


def choose_cleaning(bench: Bench, bm25: BM25, serving: Tuned, kind: QueryKind) -> tuple[Choice, Floats]:
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
) -> tuple[Choice, Floats]:
    if not len(shares):
        return make_choice(step, kind, serving, None, shares, shares, shares), shares

    def find(seen: Mask) -> Any:
        return climb(serving, coordinates, lambda each: float(shares[seen] @ score(each)[seen]))

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


def bm25_coordinates() -> list[Callable[[BM25], Iterable[BM25]]]:
    """Gives how k1, b and the weight of each field are varied."""

    def vary(name: str, values: Sequence[float], bm25: BM25) -> Iterable[BM25]:
        return (bm25.model_copy(update={name: value}) for value in values)

    def vary_field(name: TextField, bm25: BM25) -> Iterable[BM25]:
        # The description weighs 1: all fields twice as heavy is the same as half of k1.
        return (bm25.model_copy(update={"weights": {**bm25.weights, name: weight}}) for weight in FIELD_WEIGHTS)

    fields = [partial(vary_field, name) for name in TEXT_FIELDS if name != "description"]
    return [partial(vary, "k1", K1S), partial(vary, "b", BS), *fields]


def cleaning_coordinates() -> list[Callable[[Cleaning], Iterable[Cleaning]]]:
    """Gives the one way in which a cleaning is varied: all there are."""
    every = [
        Cleaning(unwrap=unwrap, weigh_terms=weigh, most_terms=most)
        for (unwrap, weigh), most in product(_WAYS, MOST_TERMS)
    ]
    return [lambda _: every]


def try_benchmarks(bench: Bench, bm25: BM25, cleanings: Cleanings, serving: Fusions) -> Trials:
    """Gives what each fusion reaches on the queries."""
    fusions = fusions_to_try(serving)
    deepest = max(fusion.depth for fusion in fusions)
    scores = [
        try_fusions(bench.candidates(asked, bm25, cleanings.of(asked.kind), deepest), asked.grades, fusions)
        for asked in tqdm(bench.queries, desc="fusions", unit=" queries", disable=None, leave=False)
    ]
    return Trials(fusions, np.array(scores), [asked.kind for asked in bench.queries], bench.benchmarks)


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


def choose_fusions(trials: Trials, serving: Fusions) -> Iterator[tuple[Choice, Floats]]:
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
) -> Choice:
    """Gives a choice by its queries' scores under what serves, and out of fold."""
    if not len(before):
        return Choice(step, kind, 0, serving, None, 0.0, 0.0, Interval(0.0, 0.0, 0.0))
    weighed = shares[:, None] / shares.mean() * np.stack([before, unseen, unseen - before], axis=1)
    was, now, difference = bootstrap_intervals(weighed)
    return Choice(step, kind, len(before), serving, found, was.value, now.value, difference)


def tuning_to_text(tuning: Tuning) -> str:
    """Gives the table of what is kept or taken, out of fold, and how benchmarks fare by that."""
    rows = [["", "queries", OBJECTIVE, "difference", "95%"]]
    for choice in tuning.choices:
        had, other = ("had", "takes") if choice.is_better else ("keeps", "over")
        n_queries = f"{choice.n_queries:,}" if choice.found else f"{choice.n_queries:,}, too few"
        label = f"{choice.step:<8}  {choice.kind or 'all':<9}  {had:<5}  {setting_to_text(choice.serving)}"
        rows.append([label, n_queries, f"{choice.before:.3f}" if choice.n_queries else "", "", ""])
        if choice.found and choice.found != choice.serving:
            gain = choice.difference
            rows.append(
                [f"{'':<8}  {'':<9}  {other:<5}  {setting_to_text(choice.found)}", "", f"{choice.after:.3f}",
                 f"{gain.value:+.3f}", f"{gain.low:+.3f} to {gain.high:+.3f}"]
            )  # fmt: skip
    means = [["", "before", "after"]] + [
        [name, f"{before:.3f}", f"{after:.3f}"] for name, (before, after) in tuning.benchmarks.items()
    ]
    return "\n".join([*align(rows), "", *align(means)])


def setting_to_text(setting: BM25 | Cleaning | Fusion) -> str:
    """Gives a setting in a few words; a weight of 1 goes without saying."""
    if isinstance(setting, Cleaning):
        said = [("as typed", "unwrapped")[setting.unwrap], *(["weighed"] if setting.weigh_terms else [])]
        return ", ".join([*said, *([f"{setting.most_terms} terms"] if setting.most_terms else [])])
    weights = [f"{name} {weight:g}" for name, weight in sorted(setting.weights.items()) if weight != 1]
    if isinstance(setting, BM25):
        return ", ".join([f"k1 {setting.k1:g}", f"b {setting.b:g}", *weights])
    return ", ".join([f"{setting.method} of {setting.depth}", *weights])
