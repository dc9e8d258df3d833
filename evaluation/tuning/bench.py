"""Judged queries, asked once and scored in memory under any BM25, cleaning and fusion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qdrant_client.models import SparseVector
from tqdm import tqdm

from evaluation.benchmark import Benchmark
from evaluation.measures import OBJECTIVE, judge, ranked
from evaluation.query_vectors import OnceEncoder
from evaluation.settings import EvaluationSettings
from evaluation.significance import Floats
from evaluation.tuning.bm25_in_memory import LexicalIndex, WeighedIndex
from evaluation.tuning.coordinate_ascent import Mask
from evaluation.tuning.space import (
    CLEANING_WAYS,
    DEPTHS,
)
from indexer.bm25 import BM25, top_terms_by_idf
from indexer.engine import open_engine
from indexer.values.taxonomy import load_taxonomy
from search_api.fusion import kind_of_query
from search_api.leg_queries import open_query_classifier
from search_api.query_adapter import load_query_adapter
from search_api.ranking_settings import (
    Cleaning,
    Cleanings,
    Fusions,
    QueryKind,
)
from search_api.records import SearchRequest
from search_api.search import Candidates, Search


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
            terms = top_terms_by_idf(terms, index.idf(terms.indices), cleaning.most_terms)
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


def ask_queries(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: OnceEncoder, index: LexicalIndex
) -> Iterator[Asked]:
    """Gives a benchmark's queries as the engine is asked them, whichever way their words are cleaned."""
    taxonomy, descriptions = load_taxonomy(settings.taxonomy), load_query_adapter(settings.descriptions)
    with closing(open_engine(settings.engine_location, read_only=True)) as engine:
        reading = open_query_classifier(settings, encoder, taxonomy)
        first = Search(engine, encoder, taxonomy, classifier=reading, descriptions=descriptions)
        ways = {
            way: first.cleaning(Cleanings.alike(Cleaning(unwrap=way[0], weigh_terms=way[1]))) for way in CLEANING_WAYS
        }
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
