"""The systems that are measured side by side: each leg alone, the fusions, and Evoke itself, over one index.

A leg is asked once for a query and shared by all systems that use it, and a text is encoded once. What a system would
take by itself is the sum of its parts, for an answer of a hundred works.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Literal, TypeVar

import numpy as np
from tqdm import tqdm

from evaluation.measures import RANKING_DEPTH, ranked
from evaluation.query_vectors import OnceEncoder
from indexer.analysis import Analyser
from indexer.bm25 import K1, B
from indexer.engine import Engine
from indexer.legs import Leg
from indexer.values.head import QueryClassifier
from indexer.values.taxonomy import Taxonomy
from search_api.fusion import Ranking, fuse
from search_api.query_adapter import QueryAdapter
from search_api.ranking_settings import CANDIDATES_PER_LEG, QUERY_KINDS, Fusion, Fusions, Tuned
from search_api.records import SearchRequest
from search_api.retrieval import find_candidates
from search_api.search import Search

T = TypeVar("T")


@dataclass(frozen=True)
class Combination:
    """Legs and how they are fused. `PLAIN_LEGS` are asked for the query's plain words, other legs for its intent."""

    legs: tuple[Leg, ...]
    method: Literal["rrf", "dbsf", "linear"] = "dbsf"


PLAIN_LEGS: Set[Leg] = frozenset({"text", "bm25"})

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

TIMED_BY_SEARCH = 50
"""Queries that whole answers are timed with, as a person gets them: to show a hundred works costs as much as to find
them, and shows nothing that is measured. The others are only ranked, by the same code."""
TIMED_BY_RANK_BM25 = 3
"""Queries that rank_bm25 itself is timed with: it takes a second for a remembered plot among 26,000 films."""


@dataclass
class Answers:
    """What one system answered: by query id the scores of works, and how long queries took."""

    run: dict[str, dict[str, float]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, query_id: str, scores: Mapping[str, float], seconds: float | None) -> None:
        """Keeps the best of an answer."""
        self.run[query_id] = dict(ranked(scores))
        if seconds is not None:
            self.milliseconds.append(seconds * 1_000)


class RankBM25:
    """rank_bm25's Okapi over the indexer's own terms, which the engine's BM25 should be no worse than.

    Its weights are kept by term, so that a query costs only the works that have one of its terms.
    """

    def __init__(self, works: Iterable[tuple[str, Mapping[str, int]]]) -> None:
        from rank_bm25 import BM25Okapi

        self._ids, counts = zip(*works, strict=True)
        self._okapi = BM25Okapi([[t for t, n in terms.items() for _ in range(n)] for terms in counts], k1=K1, b=B)
        self._okapi.doc_len = np.array(self._okapi.doc_len)  # it makes an array of the list for every term
        self._works_with: dict[str, list[int]] = {}
        for number, terms in enumerate(counts):
            for term in terms:
                self._works_with.setdefault(term, []).append(number)
        self._weights: dict[str, list[float]] = {}

    def scores(self, terms: Sequence[str]) -> dict[str, float]:
        """Gives the scores of the works that have one of these terms."""
        scores = np.zeros(len(self._ids))
        for term in terms:
            works = self._works_with.get(term, [])
            if term not in self._weights:
                self._weights[term] = self._okapi.get_batch_scores([term], works)
            scores[works] += self._weights[term]
        best = np.argsort(-scores, kind="stable")[: 2 * RANKING_DEPTH]
        return {self._ids[number]: float(scores[number]) for number in best if scores[number] > 0}

    def seconds(self, terms: Sequence[str]) -> float:
        """Gives how long rank_bm25 takes by itself."""
        started = perf_counter()
        self._okapi.get_scores(terms)
        return perf_counter() - started


class Systems:
    """Answers queries over one index by several systems at once."""

    def __init__(
        self,
        engine: Engine,
        encoder: OnceEncoder,
        taxonomy: Taxonomy,
        tuned: Tuned,
        reading: QueryClassifier | None = None,
        rank_bm25: RankBM25 | None = None,
        descriptions: QueryAdapter | None = None,
    ) -> None:
        self._engine = engine
        self._encoder = encoder
        unvalued = tuned.model_copy(update={kind: without_values(tuned.of(kind)) for kind in QUERY_KINDS})
        self._fusions: Mapping[str, Fusions] = {"evoke": tuned, "evoke-values": unvalued}
        # What is remembered of a text would be missing from the time of the next system.
        self._search = Search(
            engine,
            encoder,
            taxonomy,
            tuned,
            reading,
            n_cached=0,
            descriptions=descriptions,
            cleanings=tuned.cleanings,
        )
        self._searches = {"evoke": self._search, "evoke-values": self._search.fusing(unvalued)}
        self._generation = self._search.serving()
        self._rank_bm25 = rank_bm25
        self._analyser = Analyser()

    def answer(self, queries: Mapping[str, str], names: Collection[str], title: str) -> dict[str, Answers]:
        """Gives the answers of the named systems to queries, by id."""
        answers = {name: Answers() for name in SYSTEMS if name in names}
        self._warm(answers)
        gc.freeze()  # to look through all that is loaded, for garbage, would stop some query for half a second
        wanted = {leg for name in answers if name in COMBINATIONS for leg in COMBINATIONS[name].legs}
        searching = [name for name in answers if name in self._fusions]
        for query_id, query in tqdm(queries.items(), desc=title, unit=" queries", disable=None, leave=False):
            rankings, leg_seconds = self._ask_legs(query, wanted) if wanted else ({}, {})
            found = dict(zip(searching, self._rank(query, searching), strict=True)) if searching else {}
            for name, kept in answers.items():
                if name in COMBINATIONS:
                    legs = COMBINATIONS[name].legs
                    scores, seconds, _ = self._timed(partial(combine, COMBINATIONS[name], rankings))
                    kept.add(query_id, scores, seconds + sum(leg_seconds[leg] for leg in legs))
                elif name in found:
                    timed = len(kept.milliseconds) < TIMED_BY_SEARCH
                    kept.add(query_id, found[name], self._time_search(self._searches[name], query) if timed else None)
                elif self._rank_bm25:
                    terms, seconds, _ = self._timed(partial(self._analyser.terms, query))
                    timed = len(kept.milliseconds) < TIMED_BY_RANK_BM25
                    alone = seconds + self._rank_bm25.seconds(terms) if timed else None
                    kept.add(query_id, self._rank_bm25.scores(terms), alone)
        gc.unfreeze()
        return answers

    def _warm(self, names: Collection[str]) -> None:
        """Loads what is no part of any query's time."""
        self._search.check()
        self._search.search(SearchRequest(query="warm"))
        if "rank-bm25" in names:
            self._analyser.terms("warm")

    def _ask_legs(self, query: str, wanted: Set[Leg]) -> tuple[dict[Leg, Ranking], dict[Leg, float]]:
        """Gives each leg's candidates, and how long it took from the words on."""
        plain, seconds, encoding = self._timed(partial(self._search.ask, SearchRequest(query=query, interpret=False)))
        legs = dict(plain.legs)
        taken: dict[Leg, float] = {"text": encoding, "bm25": seconds - encoding}
        if wanted - PLAIN_LEGS:
            read, seconds, encoding = self._timed(partial(self._search.ask, SearchRequest(query=query)))
            legs |= {leg: leg_query for leg, leg_query in read.legs.items() if leg not in PLAIN_LEGS}
            taken |= dict.fromkeys(wanted - PLAIN_LEGS, seconds - encoding)
        rankings: dict[Leg, Ranking] = {}
        for leg in wanted:
            if leg in legs:
                asked = partial(find_candidates, self._engine, self._generation, {leg: legs[leg]}, None)
                found, seconds, _ = self._timed(partial(asked, CANDIDATES_PER_LEG))
                rankings[leg] = found[leg]
                taken[leg] += seconds
        return rankings, taken

    def _rank(self, query: str, names: Sequence[str]) -> Iterator[dict[str, float]]:
        """Gives what a search answers by the fusions of each name."""
        request = SearchRequest(query=query, limit=RANKING_DEPTH)
        for ranking in self._search.rank(request, [self._fusions[name] for name in names]):
            # By place: works that are no leg's candidates all have score 0, and yet an order.
            yield {work_id: float(RANKING_DEPTH - place) for place, (work_id, _) in enumerate(ranking)}

    def _time_search(self, search: Search, query: str) -> float:
        """Gives how long a search takes by itself, all that it shows included."""
        return self._timed(partial(search.search, SearchRequest(query=query, limit=RANKING_DEPTH)))[1]

    def _timed(self, call: Callable[[], T]) -> tuple[T, float, float]:
        """Gives what a call gives, how long it takes by itself, and how much of that is encoding."""
        started, spent, encoding = perf_counter(), self._encoder.spent_seconds, self._encoder.seconds
        result = call()
        encoding = self._encoder.seconds - encoding
        seconds = perf_counter() - started - (self._encoder.spent_seconds - spent) + encoding
        return result, seconds, encoding


def without_values(fusion: Fusion) -> Fusion:
    """Gives a fusion in which the values leg counts for nothing."""
    return fusion.model_copy(update={"weights": {**fusion.weights, "values": 0.0}})


def combine(combination: Combination, rankings: Mapping[Leg, Ranking]) -> dict[str, float]:
    """Gives the works' scores by the combination's legs, weighed alike; a leg alone keeps its own scores."""
    chosen = {leg: rankings[leg] for leg in combination.legs if leg in rankings}
    if len(combination.legs) == 1:
        return {work_id: score for ranking in chosen.values() for work_id, score in ranking}
    return fuse({str(leg): ranking for leg, ranking in chosen.items()}, Fusion(method=combination.method))
