"""Queries that are searched together have the answers that each has alone, by score and then by id."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import models

from indexer.engine import BadRequest, EdgeClient
from indexer.engine.ordering import MAX_EQUALS, Fetch, Page, ranked_batch

N_POINTS, N_TERMS = 300, 12


@pytest.fixture
def filled(edge: EdgeClient) -> EdgeClient:
    """A collection in which many points have equal vectors, and so equal scores."""
    rng = random.Random(7)
    edge.create_collection(
        "works",
        {"text": models.VectorParams(size=2, distance=models.Distance.DOT)},
        {"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF), "values": models.SparseVectorParams()},
    )
    edge.create_payload_index("works", "kind", models.PayloadSchemaType.KEYWORD)
    edge.upsert("works", [_point(rng) for _ in range(N_POINTS)])
    edge.finish("works")
    return edge


def _point(rng: random.Random) -> models.PointStruct:
    terms = models.SparseVector(indices=rng.sample(range(N_TERMS), 3), values=[1.0, 0.5, rng.choice([0.5, 1.0])])
    strengths = models.SparseVector(indices=[rng.randrange(4)], values=[rng.choice([0.25, 0.5])])
    text = [float(rng.randrange(4)), float(rng.randrange(4))]
    return models.PointStruct(
        id=rng.getrandbits(64),
        vector={"text": text, "bm25": terms, "values": strengths},
        payload={"kind": rng.choice(["book", "movie"])},
    )


def _requests(rng: random.Random) -> list[models.QueryRequest]:
    terms = models.SparseVector(indices=rng.sample(range(N_TERMS), 2), values=[1.0, 0.5])
    values = models.SparseVector(indices=rng.sample(range(4), 2), values=[1.0, -0.5])
    text = [rng.random(), rng.random()]
    kind = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value="book"))])
    return [
        models.QueryRequest(
            query=query,
            using=using,
            limit=rng.choice([1, 7, 40, 2 * N_POINTS]),
            offset=rng.choice([None, 0, 5]),
            filter=rng.choice([None, kind]),
        )
        for using, query in rng.sample([("text", text), ("bm25", terms), ("values", values), ("text", text[::-1])], 3)
    ]


def _alone(edge: EdgeClient, request: models.QueryRequest) -> list[tuple[Any, float]]:
    """Return the page of one request: all points that it finds, ordered here, and cut."""
    everything = request.model_copy(update={"limit": N_POINTS, "offset": 0})
    (answers,) = edge.rank_points("works", [everything])
    ordered = sorted(answers, key=lambda point: (-point[1], point[0]))
    start = request.offset or 0
    return ordered[start : start + (request.limit or 10)]


def test_queries_searched_together_have_the_answers_of_each_alone(filled: EdgeClient) -> None:
    rng = random.Random(11)
    for _ in range(100):
        requests = _requests(rng)
        expected = [_alone(filled, request) for request in requests]
        assert filled.rank_points("works", requests) == expected
        answers = filled.query_batch_points("works", requests)
        assert [[(point.id, point.score) for point in answer.points] for answer in answers] == expected


def test_a_batch_with_a_bad_request_is_refused(filled: EdgeClient) -> None:
    good = models.QueryRequest(query=[1.0, 0.0], using="text")
    with pytest.raises(BadRequest, match="limit"):
        filled.rank_points("works", [good, models.QueryRequest(query=[1.0, 0.0], using="text", limit=0)])
    with pytest.raises(BadRequest):
        filled.rank_points("works", [good, models.QueryRequest(query=[1.0], using="text")])
    assert filled.rank_points("works", []) == []


class _Point:
    def __init__(self, point: int, score: float) -> None:
        self.id, self.score = point, score


@settings(max_examples=200, deadline=None)
@given(
    scores=st.lists(st.lists(st.integers(0, 3), max_size=60), min_size=1, max_size=4),
    offset=st.integers(0, 5),
    limit=st.integers(1, 20),
)
def test_only_queries_that_end_among_equal_scores_are_searched_again(
    scores: list[list[int]], offset: int, limit: int
) -> None:
    points = [[_Point(place, float(score)) for place, score in enumerate(each)] for each in scores]
    by_score = [sorted(each, key=lambda point: (-point.score, -point.id)) for each in points]
    searched: list[set[int]] = []

    def search(fetches: Any) -> list[list[_Point]]:
        searched.append(set(fetches))
        assert all(
            isinstance(fetch, Fetch) and fetch.n_points <= limit + offset + MAX_EQUALS for fetch in fetches.values()
        )
        return [by_score[place][: fetch.n_points] for place, fetch in fetches.items()]

    pages = ranked_batch(search, [Page([1.0], None, offset, limit)] * len(points))
    expected = [sorted(each, key=lambda point: (-point.score, point.id))[offset : offset + limit] for each in points]
    assert pages == expected
    assert searched[0] == set(range(len(points)))
    n_wanted = offset + limit
    for place in searched[1] if len(searched) > 1 else ():
        wanted = np.sort([point.score for point in points[place]])[::-1]
        assert wanted[n_wanted - 1] == wanted[n_wanted]
