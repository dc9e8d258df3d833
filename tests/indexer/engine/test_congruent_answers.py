"""The embedded engine answers as `QdrantClient` does: in local mode always, and from a server where there is one.

Each case is asked of a collection that is still written to, and of the same collection finished.
"""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from indexer.engine import EdgeClient

from .library import N_WORKS, differences, fill_library, library_vectors, plain

NAME = f"test-{uuid.uuid4().hex[:12]}"
ASKED = library_vectors(7_000)
ALSO_ASKED = library_vectors(7_001)


@pytest.fixture(scope="module", params=["memory", pytest.param("server", marks=pytest.mark.server)])
def reference(request: pytest.FixtureRequest) -> Iterator[QdrantClient]:
    url = request.getfixturevalue("server_url") if request.param == "server" else None
    client = QdrantClient(url=url) if url else QdrantClient(":memory:")
    fill_library(client, NAME)
    yield client
    client.delete_collection(NAME)
    client.close()


@pytest.fixture(scope="module", params=["being written", "finished"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeClient]:
    folder: Path = tmp_path_factory.mktemp("library")
    with EdgeClient(folder) as client:
        fill_library(client, NAME)
        if request.param == "finished":
            client.finish(NAME)
        yield client


def where(**parts: Any) -> models.Filter:
    return models.Filter(**parts)


def field(key: str, **parts: Any) -> models.FieldCondition:
    return models.FieldCondition(key=key, **parts)


def is_kind(kind: str) -> models.FieldCondition:
    return field("kind", match=models.MatchValue(value=kind))


def has_been_seen() -> models.FieldCondition:
    return field("seen", match=models.MatchValue(value=True))


def leg(using: str, limit: int = N_WORKS, **parts: Any) -> models.Prefetch:
    return models.Prefetch(query=ASKED[using], using=using, limit=limit, **parts)


TRIANGLE = [(-80, -50), (90, -50), (0, 70), (-80, -50)]
FILTERS: dict[str, models.Filter] = {
    "must": where(must=[is_kind("film")]),
    "one condition without a list": where(must=is_kind("film")),
    "should": where(should=[is_kind("film"), field("year", range=models.Range(gt=2000))]),
    "must not": where(must_not=[is_kind("film"), field("tags", match=models.MatchValue(value="war"))]),
    "at least two": where(
        min_should=models.MinShould(
            conditions=[
                is_kind("film"),
                field("seen", match=models.MatchValue(value=True)),
                field("award", is_null=True),
            ],
            min_count=2,
        )
    ),
    "nested filters": where(must=[where(should=[is_kind("play"), is_kind("film")]), where(must_not=[is_kind("film")])]),
    "any": where(must=[field("tags", match=models.MatchAny(any=["sea", "hope"]))]),
    "except": where(must=[field("kind", match=models.MatchExcept(**{"except": ["film"]}))]),
    "integer": where(must=[field("year", match=models.MatchValue(value=1960))]),
    "any integer": where(must=[field("year", match=models.MatchAny(any=[1960, 1971, 1]))]),
    "bool": where(must=[field("seen", match=models.MatchValue(value=False))]),
    "text": where(must=[field("title", match=models.MatchText(text="winter"))]),
    "range": where(must=[field("rating", range=models.Range(gte=1.5, lt=4))]),
    "moments": where(
        must=[field("first_shown", range=models.DatetimeRange(gt="1960-01-01T00:00:00Z", lte="1970-03-01"))]
    ),
    "number of values": where(must=[field("tags", values_count=models.ValuesCount(gte=2))]),
    "empty": where(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="award"))]),
    "null": where(must=[models.IsNullCondition(is_null=models.PayloadField(key="award"))]),
    "is empty in a field": where(must=[field("cast", is_empty=True)]),
    "ids": where(must=[models.HasIdCondition(has_id=[3, 5, 400])]),
    "has a vector": where(must=[models.HasVectorCondition(has_vector="scenes")]),
    "within an array": where(must=[field("cast[].age", range=models.Range(gt=50))]),
    "nested objects": where(
        must=[
            models.NestedCondition(
                nested=models.Nested(
                    key="cast",
                    filter=where(
                        must=[field("name", match=models.MatchValue(value="A"))],
                        must_not=[field("age", range=models.Range(lt=40))],
                    ),
                )
            )
        ]
    ),
    **{
        f"box around the world from {west}": where(
            must=[
                field(
                    "place",
                    geo_bounding_box=models.GeoBoundingBox(
                        top_left=models.GeoPoint(lon=west, lat=60), bottom_right=models.GeoPoint(lon=east, lat=-60)
                    ),
                )
            ]
        )
        for west, east in ((88, 66), (-103, -126))
    },
    "box": where(
        must=[
            field(
                "place",
                geo_bounding_box=models.GeoBoundingBox(
                    top_left=models.GeoPoint(lon=-90, lat=60), bottom_right=models.GeoPoint(lon=90, lat=-60)
                ),
            )
        ]
    ),
    "box of the world": where(
        must=[
            field(
                "place",
                geo_bounding_box=models.GeoBoundingBox(
                    top_left=models.GeoPoint(lon=-180, lat=90), bottom_right=models.GeoPoint(lon=180, lat=-90)
                ),
            )
        ]
    ),
    "half the world": where(
        must=[
            field(
                "place",
                geo_bounding_box=models.GeoBoundingBox(
                    top_left=models.GeoPoint(lon=0, lat=90), bottom_right=models.GeoPoint(lon=180, lat=0)
                ),
            )
        ]
    ),
    "circle": where(
        must=[field("place", geo_radius=models.GeoRadius(center=models.GeoPoint(lon=10, lat=20), radius=5_000_000))]
    ),
    "polygon": where(
        must=[
            field(
                "place",
                geo_polygon=models.GeoPolygon(
                    exterior=models.GeoLineString(
                        points=[
                            models.GeoPoint(lon=lon, lat=lat)
                            for lon, lat in [(-80, -50), (90, -50), (0, 70), (-80, -50)]
                        ]
                    )
                ),
            )
        ]
    ),
}

EXAMPLES = models.RecommendInput(positive=[3, ASKED["mood"]], negative=[9])
QUERIES: dict[str, dict[str, Any]] = {
    "vector": {"query": ASKED["mood"], "using": "mood"},
    "numpy vector": {"query": np.array(ASKED["mood"], dtype=np.float32), "using": "mood"},
    "smallest distance": {"query": ASKED["pace"], "using": "pace"},
    "multivector": {"query": ASKED["scenes"], "using": "scenes"},
    "sparse": {"query": ASKED["terms"], "using": "terms"},
    "sparse with idf": {"query": ASKED["bm25"], "using": "bm25"},
    "id": {"query": 12, "using": "mood"},
    "id by a sparse vector": {"query": 12, "using": "terms"},
    "id by a multivector": {"query": 12, "using": "scenes"},
    "nearest": {"query": models.NearestQuery(nearest=ASKED["mood"]), "using": "mood"},
    "diverse": {
        "query": models.NearestQuery(nearest=ASKED["mood"], mmr=models.Mmr(diversity=0.4, candidates_limit=20)),
        "using": "mood",
        "limit": 6,
    },
    "recommend by average": {"query": models.RecommendQuery(recommend=EXAMPLES), "using": "mood"},
    "recommend by best score": {
        "query": models.RecommendQuery(
            recommend=EXAMPLES.model_copy(update={"strategy": models.RecommendStrategy.BEST_SCORE})
        ),
        "using": "mood",
    },
    "recommend by sums": {
        "query": models.RecommendQuery(
            recommend=EXAMPLES.model_copy(update={"strategy": models.RecommendStrategy.SUM_SCORES})
        ),
        "using": "mood",
    },
    "recommend by sparse vectors": {
        "query": models.RecommendQuery(recommend=models.RecommendInput(positive=[3, 4], negative=[9])),
        "using": "terms",
    },
    "recommend by multivectors": {
        "query": models.RecommendQuery(recommend=models.RecommendInput(positive=[3], negative=[9])),
        "using": "scenes",
    },
    "discover": {
        "query": models.DiscoverQuery(
            discover=models.DiscoverInput(
                target=ASKED["mood"],
                context=[
                    models.ContextPair(positive=3, negative=9),
                    models.ContextPair(positive=ALSO_ASKED["mood"], negative=21),
                ],
            )
        ),
        "using": "mood",
    },
    "discover with one pair": {
        "query": models.DiscoverQuery(
            discover=models.DiscoverInput(target=14, context=models.ContextPair(positive=3, negative=9))
        ),
        "using": "pace",
    },
    "discover by sparse vectors": {
        "query": models.DiscoverQuery(
            discover=models.DiscoverInput(target=ASKED["terms"], context=[models.ContextPair(positive=3, negative=9)])
        ),
        "using": "terms",
    },
    "rrf": {"query": models.FusionQuery(fusion=models.Fusion.RRF), "prefetch": leg("mood", 7)},
    "rrf with weights": {
        "query": models.RrfQuery(rrf=models.Rrf(k=7, weights=[1.0, 0.3])),
        "prefetch": [leg("mood"), leg("terms")],
    },
    "dbsf": {"query": models.FusionQuery(fusion=models.Fusion.DBSF), "prefetch": [leg("mood"), leg("bm25")]},
    "fusion of filtered legs": {
        "query": models.RrfQuery(rrf=models.Rrf(k=60, weights=[1.0, 0.7])),
        "prefetch": [leg("mood", filter=where(must=[is_kind("film")])), leg("terms", score_threshold=0.9)],
    },
    "rescored": {"query": ASKED["pace"], "using": "pace", "prefetch": leg("mood", 15)},
    "rescored twice": {
        "query": ASKED["terms"],
        "using": "terms",
        "prefetch": models.Prefetch(query=ASKED["scenes"], using="scenes", limit=8, prefetch=[leg("mood", 20)]),
    },
    "formula": {
        "query": models.FormulaQuery(
            formula=models.SumExpression(
                sum=["$score", models.MultExpression(mult=[0.25, is_kind("novel")]), models.LnExpression(ln="rating")]
            )
        ),
        "prefetch": leg("mood", 25),
    },
    "decay from a place": {
        "query": models.FormulaQuery(
            formula=models.ExpDecayExpression(
                exp_decay=models.DecayParamsExpression(
                    x=models.GeoDistance(
                        geo_distance=models.GeoDistanceParams(origin=models.GeoPoint(lon=3, lat=4), to="place")
                    ),
                    scale=4_000_000,
                )
            )
        ),
        "prefetch": leg("mood", 25),
    },
    "ordered by a value": {"query": models.OrderByQuery(order_by="year")},
    "ordered backwards": {
        "query": models.OrderByQuery(order_by=models.OrderBy(key="rating", direction=models.Direction.DESC))
    },
}
PAGES: dict[str, dict[str, Any]] = {
    "page": {"limit": 5, "offset": 4},
    "beyond the end": {"limit": 100, "offset": 57},
    "threshold": {"score_threshold": 0.3},
    "filter": {
        "query_filter": where(must=[is_kind("film")], must_not=[field("seen", match=models.MatchValue(value=True))])
    },
    "exact": {"search_params": models.SearchParams(exact=True)},
    "no payload": {"with_payload": False},
    "some keys": {"with_payload": ["kind", "cast[].name"]},
    "included keys": {"with_payload": models.PayloadSelectorInclude(include=["title", "cast"])},
    "excluded keys": {"with_payload": models.PayloadSelectorExclude(exclude=["cast", "place"])},
    "all vectors": {"with_vectors": True, "with_payload": False},
    "some vectors": {"with_vectors": ["pace", "bm25"], "with_payload": False},
}


def _query(client: Any, **arguments: Any) -> Any:
    return client.query_points(NAME, **{"limit": 10} | arguments)


def _cases() -> dict[str, Callable[[Any], Any]]:
    cases: dict[str, Callable[[Any], Any]] = {}
    for name, given in FILTERS.items():
        cases[f"count: {name}"] = lambda client, given=given: client.count(NAME, given)
        cases[f"filtered query: {name}"] = lambda client, given=given: _query(
            client, query=ASKED["mood"], using="mood", query_filter=given
        )
    for name, arguments in QUERIES.items():
        cases[f"query: {name}"] = lambda client, arguments=arguments: _query(client, **arguments)
    for name, arguments in PAGES.items():
        cases[f"query with {name}"] = lambda client, arguments=arguments: _query(
            client, query=ASKED["mood"], using="mood", **arguments
        )
    return cases | READINGS


def _grouped(client: Any, group_by: str, **arguments: Any) -> Any:
    return client.query_points_groups(NAME, group_by, **arguments)


def _pages(client: Any, n_works: int, **arguments: Any) -> list[Any]:
    pages, offset = [], None
    while True:
        page, offset = client.scroll(NAME, limit=n_works, offset=offset, **arguments)
        pages.append(page)
        if offset is None:
            return pages


READINGS: dict[str, Callable[[Any], Any]] = {
    "retrieve in order": lambda client: client.retrieve(NAME, [9, 3, 400, 5]),
    "retrieve parts": lambda client: client.retrieve(NAME, [9], ["kind"], ["scenes", "terms"]),
    "scroll": lambda client: _pages(client, 13),
    "scroll a filter": lambda client: _pages(client, 7, scroll_filter=FILTERS["should"], with_payload=["kind"]),
    "scroll with vectors": lambda client: _pages(client, 40, with_vectors=["mood"], with_payload=False),
    "scroll by a value": lambda client: client.scroll(NAME, order_by="year", limit=9),
    "scroll from a value": lambda client: client.scroll(
        NAME, order_by=models.OrderBy(key="rating", direction=models.Direction.DESC, start_from=5.0), limit=9
    ),
    "scroll by a moment": lambda client: client.scroll(
        NAME, order_by=models.OrderBy(key="first_shown", start_from="1980-01-01T00:00:00Z"), limit=9
    ),
    "count all": lambda client: client.count(NAME),
    "facet of words": lambda client: client.facet(NAME, "kind", exact=True),
    "facet of lists": lambda client: client.facet(NAME, "tags", exact=True),
    "facet with a filter": lambda client: client.facet(NAME, "tags", FILTERS["must"], exact=True),
    "facet of ties, cut": lambda client: client.facet(NAME, "year", limit=5, exact=True),
    "facet of bools": lambda client: client.facet(NAME, "seen", exact=True),
    "groups": lambda client: _grouped(client, "kind", query=ASKED["mood"], using="mood", limit=2, group_size=4),
    "groups of lists": lambda client: _grouped(client, "tags", query=ASKED["pace"], using="pace", group_size=2),
    "groups of numbers": lambda client: _grouped(client, "year", query=ASKED["terms"], using="terms", limit=4),
    "groups within arrays": lambda client: _grouped(
        client, "cast[].name", query=3, using="mood", with_payload=["cast"]
    ),
    "groups of the second of a list": lambda client: _grouped(
        client, "tags[1]", query=ASKED["mood"], using="mood", limit=3, group_size=2
    ),
    "groups of a place within an array": lambda client: _grouped(client, "cast[0].name", query=3, using="mood"),
    "groups of an absent key": lambda client: _grouped(client, "absent", query=ASKED["mood"], using="mood"),
    "groups with a filter": lambda client: _grouped(
        client, "kind", query=ASKED["mood"], using="mood", query_filter=FILTERS["range"], group_size=40
    ),
    "groups with a threshold": lambda client: _grouped(
        client, "kind", query=ASKED["mood"], using="mood", score_threshold=0.2, group_size=30, with_vectors=["pace"]
    ),
    "groups of fused legs": lambda client: _grouped(
        client,
        "kind",
        query=models.RrfQuery(rrf=models.Rrf(k=60, weights=[1.0, 0.7])),
        prefetch=[leg("mood"), leg("terms")],
    ),
    "groups of what is found again by another vector": lambda client: _grouped(
        client, "kind", query=ASKED["mood"], using="mood", prefetch=leg("mood", limit=2), limit=2, group_size=9
    ),
    "groups that look up": lambda client: _grouped(
        client,
        "year",
        query=ASKED["mood"],
        using="mood",
        limit=2,
        with_lookup=models.WithLookup(collection=NAME, with_payload=["kind"]),
    ),
    "examples of another vector": lambda client: _query(
        client,
        query=models.RecommendQuery(recommend=models.RecommendInput(positive=[3])),
        using="mood",
        lookup_from=models.LookupLocation(collection=NAME, vector="mood"),
    ),
    "batch": lambda client: client.query_batch_points(
        NAME,
        [
            models.QueryRequest(query=ASKED["mood"], using="mood", limit=3, with_payload=["kind"]),
            models.QueryRequest(query=ASKED["terms"], using="terms", limit=3, offset=2, with_vector=["pace"]),
        ],
    ),
    "context": lambda client: sorted(
        (point.id, round(point.score, 4))
        for point in _query(
            client,
            query=models.ContextQuery(context=[models.ContextPair(positive=3, negative=9)]),
            using="mood",
            limit=N_WORKS,
        ).points
    ),
    "collection exists": lambda client: [client.collection_exists(NAME), client.collection_exists("test-absent")],
    "schema": lambda client: client.get_collection(NAME).config.params.vectors,
    "number of points": lambda client: client.get_collection(NAME).points_count,
}


CASES = _cases()


@pytest.mark.filterwarnings("ignore:Local mode performs exact")
@pytest.mark.parametrize("case", CASES)
def test_the_embedded_engine_answers_as_qdrant_does(filled: EdgeClient, reference: QdrantClient, case: str) -> None:
    assert differences(plain(CASES[case](filled)), plain(CASES[case](reference))) == []


def test_a_sample_is_random_and_an_offset_does_not_shorten_it(filled: EdgeClient, reference: QdrantClient) -> None:
    for client in (filled, reference):
        sample = models.SampleQuery(sample=models.Sample.RANDOM)
        drawn = [
            [point.id for point in client.query_points(NAME, sample, limit=20, offset=offset).points]
            for offset in (0, 30, 55)
        ]
        assert [len(set(ids)) for ids in drawn] == [20, 20, 20]
        assert len({frozenset(ids) for ids in drawn}) > 1


def test_distances_within_a_sample_are_those_of_queries(filled: EdgeClient, reference: QdrantClient) -> None:
    # The sample is every point, so it is not random.
    for call in ("search_matrix_pairs", "search_matrix_offsets"):
        answers = [
            plain(getattr(client, call)(NAME, FILTERS["must"], limit=3, sample=N_WORKS, using="mood"))
            for client in (filled, reference)
        ]
        assert differences(*answers) == []
    assert len(plain(filled.search_matrix_pairs(NAME, limit=2, sample=5, using="terms"))["pairs"]) == 10
    for client in (filled, reference):
        with pytest.raises((ValueError, UnexpectedResponse), match="sample"):
            client.search_matrix_offsets(NAME, sample=1, using="mood")
