"""The bench of `evoke tune`: judged queries, searched once and then scored in memory under any setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from qdrant_client.models import SparseVector

from crawler.progress import with_progress
from evaluation.benchmark import Benchmark
from evaluation.measures import OBJECTIVE, measure_run, ranked
from evaluation.query_vectors import CachedEncoder
from evaluation.settings import EvaluationSettings
from evaluation.significance import Floats
from evaluation.tuning.bm25_in_memory import LexicalIndex, WeighedIndex
from evaluation.tuning.coordinate_ascent import Mask
from evaluation.tuning.space import CLEANING_WAYS, DEPTHS
from indexer.bm25 import BM25, top_terms_by_idf
from indexer.engine import open_engine_of
from indexer.values.taxonomy import load_taxonomy
from search_api.candidates import Candidates
from search_api.fusion import kind_of_query
from search_api.leg_queries import open_query_classifier
from search_api.query_adapter import load_query_adapter
from search_api.ranking_settings import Cleaning, Cleanings, Fusion, Fusions, QueryKind
from search_api.records import SearchRequest
from search_api.search import Search

T = TypeVar("T")


@dataclass(frozen=True)
class JudgedQuery:
    """A query with its judgements and what the legs need to rank it under any setting."""

    benchmark: str
    kind: QueryKind
    grades: Mapping[int, int]
    """The grade of each judged work, by its row in the table of works."""
    candidates: Mapping[bool, Candidates]
    """The legs' candidates by `unwrap` of the cleaning."""
    terms: Mapping[tuple[bool, bool], SparseVector]
    """The terms of the `bm25` leg by `unwrap` and `weigh_terms`; a cleaning that leaves no terms is missing."""
    allowed: NDArray[np.bool_]
    """Which works of the lexical index an answer to the query can have, (n_works,)."""


class Bench:
    """Judged queries that can be scored under any BM25, cleaning and fusion.

    Args:
        queries: The queries of all benchmarks.
        indexes: The terms of the benchmarks' works, by the benchmark's name.
    """

    def __init__(self, queries: Sequence[JudgedQuery], indexes: Mapping[str, LexicalIndex]) -> None:
        self.queries = queries
        self._indexes = indexes
        self._weighed: dict[str, WeighedIndex] = {}
        self._bm25: BM25 | None = None

    @property
    def benchmarks(self) -> list[str]:
        """The benchmark of each query."""
        return [query.benchmark for query in self.queries]

    def of_kind(self, kind: QueryKind) -> Mask:
        """Return which queries are of a kind: (n_queries,)."""
        return np.array([query.kind == kind for query in self.queries])

    def candidates(self, query: JudgedQuery, bm25: BM25, cleaning: Cleaning, depth: int) -> Candidates:
        """Return the legs' candidates for a query, the `bm25` leg ranked anew by these parameters."""
        searched = query.candidates[cleaning.unwrap]
        terms = query.terms.get((cleaning.unwrap, cleaning.weigh_terms))
        if terms is None:
            return searched
        index = self._weigh(bm25)[query.benchmark]
        if cleaning.most_terms and cleaning.most_terms < len(terms.indices):
            terms = top_terms_by_idf(terms, index.idf(terms.indices), cleaning.most_terms)
        ranking = index.rank(terms, depth, query.allowed)
        return replace(searched, rankings={**searched.rankings, "bm25": ranking})

    def scores(self, which: Mask, bm25: BM25, cleanings: Cleanings, fusions: Fusions) -> Floats:
        """Return the objective of the queries of a mask, in their order: (which.sum(),)."""
        run, grades = {}, {}
        for number in np.flatnonzero(which).tolist():
            query = self.queries[number]
            fusion = fusions.of(query.kind)
            candidates = self.candidates(query, bm25, cleanings.of(query.kind), fusion.depth)
            run[str(number)], grades[str(number)] = fused_run(candidates, fusion), run_ids(query.grades)
        judged = measure_run(run, grades)[OBJECTIVE]
        return np.array([judged[number] for number in run])

    def _weigh(self, bm25: BM25) -> Mapping[str, WeighedIndex]:
        if self._bm25 != bm25:
            self._weighed = {name: index.weigh(bm25) for name, index in self._indexes.items()}
            self._bm25 = bm25
        return self._weighed


def run_ids(by_row: Mapping[int, T]) -> dict[str, T]:
    """Return works by ids that sort as their rows, as measures need them."""
    return {f"{row:09}": of_work for row, of_work in by_row.items()}


def fused_run(candidates: Candidates, fusion: Fusion) -> dict[str, float]:
    """Return the best works of a fusion with their scores."""
    rows, scores = candidates.fuse(fusion)
    return dict(ranked(run_ids(dict(zip(rows.tolist(), scores.tolist(), strict=True)))))


def search_queries(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: CachedEncoder, index: LexicalIndex
) -> Iterator[JudgedQuery]:
    """Yield a benchmark's queries with their candidates and terms for every way of cleaning their words."""
    taxonomy, adapter = load_taxonomy(settings.taxonomy), load_query_adapter(settings.descriptions)
    with closing(open_engine_of(settings, read_only=True)) as engine:
        classifier = open_query_classifier(settings, encoder, taxonomy)
        first = Search(engine, encoder, taxonomy, query_classifier=classifier, query_adapter=adapter)
        searches = {
            way: first.with_cleanings(Cleanings.for_every_kind(Cleaning(unwrap=way[0], weigh_terms=way[1])))
            for way in CLEANING_WAYS
        }
        table = first.serving().table
        index.rows = table.rows_of(index.ids)
        queries = with_progress(benchmark.queries.items(), "queries", benchmark.name)
        for query_id, text in queries:
            request = SearchRequest(query=text)
            bm25 = {way: search.build_queries(request).legs.get("bm25") for way, search in searches.items()}
            candidates = {
                unwrap: searches[unwrap, True].find_candidates(request, max(DEPTHS)) for unwrap in (True, False)
            }
            intent = candidates[True].intent
            yield JudgedQuery(
                benchmark=benchmark.name,
                kind=kind_of_query(intent),
                grades={
                    row: grade
                    for work_id, grade in benchmark.qrels[query_id].items()
                    if (row := table.row_of(work_id)) is not None
                },
                candidates=candidates,
                terms={way: terms for way, terms in bm25.items() if isinstance(terms, SparseVector)},
                allowed=np.isin(index.rows, first.allowed(request)),
            )
