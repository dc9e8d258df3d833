"""Scores of the engine for queries with the IDF are BM25: rank-bm25, given Lucene's IDF, is the oracle."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models
from rank_bm25 import BM25Okapi

from indexer.analysis import Analyser
from indexer.bm25 import K1, B, document_weights, inverse_frequencies, query_weights
from indexer.engine import open_engine
from indexer.known.term_counts import TermCounts

WORDS = [
    "whale",
    "sea",
    "captain",
    "ship",
    "storm",
    "island",
    "treasure",
    "map",
    "friend",
    "enemy",
    "night",
    "star",
    "love",
    "war",
    "child",
    "river",
    "snow",
]


class LuceneBM25(BM25Okapi):
    """rank-bm25 with Lucene's IDF, which is never negative."""

    def _calc_idf(self, nd: dict[str, int]) -> None:
        self.idf = {term: math.log(1 + (self.corpus_size - n + 0.5) / (n + 0.5)) for term, n in nd.items()}


def random_documents(seed: int, n_documents: int) -> list[list[str]]:
    draw = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    return [draw.choices(WORDS, weights, k=draw.randint(1, 60)) for _ in range(n_documents)]


def engine_scores(documents: Sequence[Sequence[str]], query: Sequence[str], location: Path | str) -> dict[int, float]:
    mean_length = sum(map(len, documents)) / len(documents)
    engine = open_engine(location)
    engine.create_collection("works", sparse_vectors_config={"bm25": models.SparseVectorParams()})
    engine.upsert(
        "works",
        [
            models.PointStruct(id=number, vector={"bm25": document_weights(Counter(terms), mean_length)})
            for number, terms in enumerate(documents)
        ],
    )
    engine.finish("works")
    weights = query_weights(query)
    counts = TermCounts()
    counts.add(document_weights(Counter(terms), mean_length) for terms in documents)
    n_with = dict(zip(*(each.tolist() for each in counts.totals()), strict=True))
    idf = inverse_frequencies(len(documents), np.array([n_with.get(term, 0) for term in weights.indices]))
    weighed = models.SparseVector(indices=weights.indices, values=(weights.values * idf).tolist())
    points = engine.query_points("works", query=weighed, using="bm25", limit=len(documents)).points
    engine.close()
    return {int(point.id): point.score for point in points}


@pytest.mark.parametrize("seed", range(5))
def test_the_embedded_engine_scores_as_rank_bm25(tmp_path: Path, seed: int) -> None:
    documents = random_documents(seed, n_documents=200)
    query = [*random.Random(-seed).sample(WORDS, 4), "whale", "whale"]  # a word asked for twice counts twice
    expected = LuceneBM25(documents, k1=K1, b=B).get_scores(query)
    assert engine_scores(documents, query, tmp_path) == pytest.approx(
        {number: score for number, score in enumerate(expected) if score > 0}, rel=1e-4
    )


def test_analysed_texts_score_as_rank_bm25(tmp_path: Path) -> None:
    texts = [
        "A whaling captain hunts the white whale that took his leg.",
        "Two friends sail to an island where treasure is buried.",
        "The captain's friend betrays him; years later he returns, rich and unknown.",
        "Snow falls on a village, and a child waits for her father to come home from the war.",
    ]
    analyser = Analyser()
    documents = [list(analyser.terms(text)) for text in texts]
    query = list(analyser.terms("captains hunting whales"))
    expected = LuceneBM25(documents, k1=K1, b=B).get_scores(query)
    scores = engine_scores(documents, query, tmp_path)
    assert scores == pytest.approx({n: score for n, score in enumerate(expected) if score > 0}, rel=1e-4)
    assert max(scores, key=lambda number: scores[number]) == 0


def test_a_term_weighs_as_the_formula_says() -> None:
    weights = document_weights({"whale": 3, "sea": 1}, mean_length=2.0, k1=1.2, b=0.75)
    length_norm = 1.2 * (1 - 0.75 + 0.75 * 4 / 2.0)
    assert sorted(weights.values) == pytest.approx(
        [1 * (1.2 + 1) / (1 + length_norm), 3 * (1.2 + 1) / (3 + length_norm)]
    )
