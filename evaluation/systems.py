"""The systems that are measured over one index: each leg alone, fusions of legs, and Evoke itself.

Each leg searches once for a query, and all systems that use the leg share its candidates; each text is encoded once.
The time of a system is the sum of the times of its parts, for an answer of a hundred works.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np

from crawler.progress import with_progress
from evaluation.measures import RANKING_DEPTH, ranked
from evaluation.query_vectors import CachedEncoder
from indexer.analysis import Analyser
from indexer.bm25 import K1, B
from indexer.engine import Engine
from indexer.legs import Leg
from indexer.values.head import QueryClassifier
from indexer.values.taxonomy import Taxonomy
from search_api.fusion import NO_WORKS, Ranking, fuse, union
from search_api.query_adapter import QueryAdapter
from search_api.ranking_settings import CANDIDATES_PER_LEG, QUERY_KINDS, Fusion, Fusions, Tuned
from search_api.records import NO_FILTERS, Filters, SearchRequest
from search_api.retrieval import engine_filter, find_allowed, find_candidates
from search_api.search import Search

T = TypeVar("T")


@dataclass(frozen=True)
class Combination:
    """Legs and how to fuse them. `PLAIN_LEGS` search for the words as typed, other legs for the intent."""

    legs: tuple[Leg, ...]
    method: Literal["rrf", "dbsf", "linear"] = "dbsf"


PLAIN_LEGS: Set[Leg] = frozenset({"text", "bm25"})
"""The legs that search for the words of a query as typed."""

COMBINATIONS: Mapping[str, Combination] = {
    "bm25": Combination(("bm25",)),
    "dense": Combination(("text",)),
    "rrf": Combination(("bm25", "text"), "rrf"),
    "dbsf": Combination(("bm25", "text"), "dbsf"),
    "linear": Combination(("bm25", "text"), "linear"),
    "bm25+values": Combination(("bm25", "values")),
    "dense+values": Combination(("text", "values")),
    "rrf+values": Combination(("bm25", "text", "values"), "rrf"),
    "dbsf+values": Combination(("bm25", "text", "values"), "dbsf"),
    "linear+values": Combination(("bm25", "text", "values"), "linear"),
}
SYSTEMS = ("rank-bm25", *COMBINATIONS, "evoke", "evoke-values")
BASELINE = "bm25"

N_TIMED_SEARCHES = 50
"""How many queries are answered in full, to time what a person waits for. The others are only ranked, by the same code:
building a page of a hundred hits takes as long as finding them and changes no measure."""
N_TIMED_RANK_BM25 = 3
"""How many queries rank_bm25 itself is timed with: one remembered plot among 26,000 films takes it a second."""


@dataclass
class Answers:
    """One system's answers: scores of works by query id, and the times of queries."""

    run: dict[str, dict[str, float]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, query_id: str, scores: Mapping[str, float], seconds: float | None) -> None:
        """Add the best works of one answer; `seconds` is None for a query that was not timed."""
        self.run[query_id] = dict(ranked(scores))
        if seconds is not None:
            self.milliseconds.append(seconds * 1_000)


class RankBM25:
    """The `rank_bm25` library's Okapi over the indexer's own terms: a lower bound for the engine's BM25.

    Weights are kept by term, so that a query scores only the works that have one of its terms.
    """

    def __init__(self, works: Iterable[tuple[str, Mapping[str, int]]]) -> None:
        from rank_bm25 import BM25Okapi

        self._ids, counts = zip(*works, strict=True)
        self._okapi = BM25Okapi([[t for t, n in terms.items() for _ in range(n)] for terms in counts], k1=K1, b=B)
        self._okapi.doc_len = np.array(self._okapi.doc_len)  # else the library converts the list for every term
        self._works_with: dict[str, list[int]] = {}
        for number, terms in enumerate(counts):
            for term in terms:
                self._works_with.setdefault(term, []).append(number)
        self._weights: dict[str, list[float]] = {}

    def scores(self, terms: Sequence[str], allowed: Set[str] | None = None) -> dict[str, float]:
        """Return the best 2 * RANKING_DEPTH works for these terms, with their scores, all above zero.

        Args:
            terms: The terms of a query.
            allowed: The works that pass its filters; None: all.
        """
        scores = np.zeros(len(self._ids))
        for term in terms:
            works = self._works_with.get(term, [])
            if term not in self._weights:
                self._weights[term] = self._okapi.get_batch_scores([term], works)
            scores[works] += self._weights[term]
        if allowed is not None:
            scores *= [work_id in allowed for work_id in self._ids]
        best = np.argsort(-scores, kind="stable")[: 2 * RANKING_DEPTH]
        return {self._ids[number]: float(scores[number]) for number in best if scores[number] > 0}

    def seconds(self, terms: Sequence[str]) -> float:
        """Return how many seconds the library itself takes for a query of these terms."""
        started = perf_counter()
        self._okapi.get_scores(terms)
        return perf_counter() - started


class Systems:
    """Several systems over one index, which share the work for a query."""

    def __init__(
        self,
        engine: Engine,
        encoder: CachedEncoder,
        taxonomy: Taxonomy,
        tuned: Tuned,
        query_classifier: QueryClassifier | None = None,
        rank_bm25: RankBM25 | None = None,
        query_adapter: QueryAdapter | None = None,
    ) -> None:
        self._engine = engine
        self._encoder = encoder
        unvalued = tuned.model_copy(update={kind: without_values(tuned.of(kind)) for kind in QUERY_KINDS})
        self._fusions: Mapping[str, Fusions] = {"evoke": tuned, "evoke-values": unvalued}
        # No cache: vectors and answers that one system left there would shorten the time of the next.
        self._search = Search(
            engine,
            encoder,
            taxonomy,
            tuned,
            query_classifier,
            n_cached=0,
            query_adapter=query_adapter,
            cleanings=tuned.cleanings,
        )
        self._searches = {"evoke": self._search, "evoke-values": self._search.with_fusions(unvalued)}
        self._generation = self._search.serving()
        self._rank_bm25 = rank_bm25
        self._analyser = Analyser()

    def answer(
        self,
        queries: Mapping[str, str],
        names: Collection[str],
        title: str,
        filters: Mapping[str, Filters] = MappingProxyType({}),
    ) -> dict[str, Answers]:
        """Return the named systems' answers to queries, by system; `queries` and `filters` have the ids of queries."""
        answers = {name: Answers() for name in SYSTEMS if name in names}
        self._warm(answers)
        gc.freeze()  # else garbage collection over everything loaded would delay some query by half a second
        wanted = {leg for name in answers if name in COMBINATIONS for leg in COMBINATIONS[name].legs}
        searching = [name for name in answers if name in self._fusions]
        for query_id, text in with_progress(queries.items(), "queries", title):
            query = SearchRequest(query=text, filters=filters.get(query_id, NO_FILTERS), limit=RANKING_DEPTH)
            rankings, leg_seconds = self._search_legs(query, wanted) if wanted else ({}, {})
            searched = dict(zip(searching, self._rank(query, searching), strict=True)) if searching else {}
            for name, own in answers.items():
                if name in COMBINATIONS:
                    legs = COMBINATIONS[name].legs
                    scores, seconds, _ = self._timed(
                        partial(combine, COMBINATIONS[name], rankings, self._generation.table.ids_of)
                    )
                    own.add(query_id, scores, seconds + sum(leg_seconds[leg] for leg in legs))
                elif name in searched:
                    is_timed = len(own.milliseconds) < N_TIMED_SEARCHES
                    taken = self._time_search(self._searches[name], query) if is_timed else None
                    own.add(query_id, searched[name], taken)
                elif self._rank_bm25:
                    terms, seconds, _ = self._timed(partial(self._analyser.terms, text))
                    is_timed = len(own.milliseconds) < N_TIMED_RANK_BM25
                    taken = seconds + self._rank_bm25.seconds(terms) if is_timed else None
                    own.add(query_id, self._rank_bm25.scores(terms, self._allowed(query)), taken)
        gc.unfreeze()
        return answers

    def _warm(self, names: Collection[str]) -> None:
        """Load index, model and analyser, so that loading does not count as time of a query."""
        self._search.check()
        self._search.search(SearchRequest(query="warm"))
        if "rank-bm25" in names:
            self._analyser.terms("warm")

    def _allowed(self, query: SearchRequest) -> Set[str] | None:
        """Return the works that pass the filters of a query; None: all."""
        works_filter = engine_filter(query.filters)
        if works_filter is None:
            return None
        return set(self._generation.table.ids_of(find_allowed(self._engine, self._generation, works_filter).tolist()))

    def _search_legs(self, query: SearchRequest, wanted: Set[Leg]) -> tuple[dict[Leg, Ranking], dict[Leg, float]]:
        """Return each leg's candidates, and the seconds from the query's text to them."""
        plain, seconds, encoding = self._timed(
            partial(self._search.build_queries, query.model_copy(update={"interpret": False}))
        )
        legs = dict(plain.legs)
        taken: dict[Leg, float] = {"text": encoding, "bm25": seconds - encoding}
        if wanted - PLAIN_LEGS:
            read, seconds, encoding = self._timed(partial(self._search.build_queries, query))
            legs |= {leg: leg_query for leg, leg_query in read.legs.items() if leg not in PLAIN_LEGS}
            taken |= dict.fromkeys(wanted - PLAIN_LEGS, seconds - encoding)
        rankings: dict[Leg, Ranking] = {}
        works_filter = engine_filter(query.filters)
        for leg in wanted:
            if leg in legs:
                search = partial(find_candidates, self._engine, self._generation, {leg: legs[leg]}, works_filter)
                found, seconds, _ = self._timed(partial(search, CANDIDATES_PER_LEG))
                rankings[leg] = found[leg]
                taken[leg] += seconds
        return rankings, taken

    def _rank(self, query: SearchRequest, names: Sequence[str]) -> Iterator[dict[str, float]]:
        """Yield for each named system the works that search ranks, with scores that fall by rank."""
        for ranking in self._search.rank(query, [self._fusions[name] for name in names]):
            # Fused scores would lose the order of the works that no leg found: these all have score 0.
            yield {work_id: float(RANKING_DEPTH - rank) for rank, (work_id, _) in enumerate(ranking)}

    def _time_search(self, search: Search, query: SearchRequest) -> float:
        """Return the seconds of a whole search, building the page of hits included."""
        return self._timed(partial(search.search, query))[1]

    def _timed(self, call: Callable[[], T]) -> tuple[T, float, float]:
        """Return a call's result, the seconds it takes without a cache of vectors, and the part spent on encoding."""
        started, spent, encoding = perf_counter(), self._encoder.spent_seconds, self._encoder.seconds
        result = call()
        encoding = self._encoder.seconds - encoding
        seconds = perf_counter() - started - (self._encoder.spent_seconds - spent) + encoding
        return result, seconds, encoding


def without_values(fusion: Fusion) -> Fusion:
    """Return the fusion with the weight of the values leg set to zero."""
    return fusion.model_copy(update={"weights": {**fusion.weights, "values": 0.0}})


def combine(
    combination: Combination, rankings: Mapping[Leg, Ranking], ids_of: Callable[[Iterable[int]], list[str]]
) -> dict[str, float]:
    """Return the works' scores, the combination's legs fused with equal weights; a single leg keeps its own scores.

    Args:
        combination: The legs and how to fuse them.
        rankings: The candidates of each leg.
        ids_of: Returns the ids of works, given their rows.
    """
    chosen = {leg: rankings[leg] for leg in combination.legs if leg in rankings}
    if len(combination.legs) == 1:
        rows, scores = next(iter(chosen.values()), NO_WORKS)
    else:
        rows = union(chosen.values())
        legs = {str(leg): ranking for leg, ranking in chosen.items()}
        scores = fuse(rows, legs, Fusion(method=combination.method), {})
    return dict(zip(ids_of(rows.tolist()), scores.tolist(), strict=True))
