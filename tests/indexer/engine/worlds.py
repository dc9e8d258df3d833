"""Random worlds: schemas, points, changes, filters and queries, drawn by hypothesis.

Vectors come from a seeded generator, so that scores are equal only by construction. The two engines sum in different
orders and precisions, so a tie within a prefetch would give its points different ranks in each.
"""

import functools
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from qdrant_client import models

DISTANCES = list(models.Distance)
N_TERMS = 12
KINDS = ["film", "book", "play", "1984"]
WORDS = ["hope", "grief", "Dark", "river", "war"]
INTEGER_KEYS = ["year", "tags_n"]
KEYS = ["kind", "year", "rating", "when", "flag", "tags", "title", "cast", "cast[].name", "cast[].age", "nested.kind"]
START = datetime(2020, 1, 1, tzinfo=UTC)
INDEXES = {
    "kind": models.PayloadSchemaType.KEYWORD,
    "tags": models.PayloadSchemaType.KEYWORD,
    "year": models.PayloadSchemaType.INTEGER,
    "rating": models.PayloadSchemaType.FLOAT,
    "when": models.PayloadSchemaType.DATETIME,
    "flag": models.PayloadSchemaType.BOOL,
    "nested.kind": models.PayloadSchemaType.KEYWORD,
    "cast[].age": models.PayloadSchemaType.INTEGER,
    "place": models.PayloadSchemaType.GEO,
}
# Keys that are indexed in every world, because Edge and servers facet and order by indexed keys only.
FACET_KEYS = ["kind", "tags", "year", "flag"]
ORDER_KEYS = ["year", "rating", "when"]


@dataclass
class World:
    """A schema and a generator of vectors that fit it."""

    dense: dict[str, models.VectorParams]
    sparse: dict[str, models.SparseVectorParams]
    seed: int
    numbers: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.numbers = random.Random(self.seed)

    @property
    def names(self) -> list[str]:
        return [*self.dense, *self.sparse]

    def vector(self, name: str) -> Any:
        if name in self.dense:
            return [self.numbers.uniform(-1, 1) for _ in range(self.dense[name].size)]
        indices = self.numbers.sample(range(N_TERMS), self.numbers.randint(1, 5))
        return models.SparseVector(indices=indices, values=[self.numbers.uniform(0.1, 2) for _ in indices])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    dense = {
        name: models.VectorParams(size=draw(st.integers(2, 6)), distance=draw(st.sampled_from(DISTANCES)))
        for name in draw(st.sampled_from([["text"], ["text", "values"], [""], ["", "text"]]))
    }
    modifier = draw(st.sampled_from([None, models.Modifier.IDF]))
    sparse = draw(st.sampled_from([{}, {"bm25": models.SparseVectorParams(modifier=modifier)}]))
    return World(dense, sparse, draw(st.integers(0, 2**32)))


def point_id(number: int) -> int | str:
    return number if number % 3 else str(uuid.UUID(int=number * 0x1234567890ABCDEF1234567))


def point_ids(n_points: int) -> st.SearchStrategy[int | str]:
    return st.integers(0, n_points + 1).map(point_id)


def keywords() -> st.SearchStrategy[str]:
    return st.sampled_from(KINDS)


def sentences() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)


def fractions() -> st.SearchStrategy[float]:
    # Few digits: Edge and a server return stored numbers of sixteen digits with a different last one.
    return st.integers(-256, 576).map(lambda number: number / 64)


def moments() -> st.SearchStrategy[datetime]:
    return st.integers(0, 400).map(lambda days: START + timedelta(days=days))


@functools.cache
def payloads() -> st.SearchStrategy[dict[str, Any]]:
    person = st.fixed_dictionaries({}, optional={"name": keywords(), "age": st.integers(0, 9) | st.none()})
    return st.fixed_dictionaries(
        {},
        optional={
            # No numbers under a key with a keyword index: Edge and a server search the index, which has only words,
            # so "except film" misses numbers that local mode finds.
            "kind": keywords() | st.lists(keywords(), max_size=3) | st.none(),
            "tags": st.lists(keywords(), max_size=3),
            "year": st.integers(-3, 9) | st.lists(st.integers(0, 9), min_size=1, max_size=2) | st.none(),
            "rating": fractions() | st.integers(0, 4),
            "when": moments().map(lambda moment: moment.isoformat().replace("+00:00", "Z")),
            "flag": st.booleans(),
            "title": sentences(),
            "cast": st.lists(person, max_size=3),
            "nested": st.fixed_dictionaries({"kind": keywords()}),
            "place": places() | st.lists(places(), max_size=2),
        },
    )


def places() -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({"lon": st.integers(-17, 17).map(_tens), "lat": st.integers(-8, 8).map(_tens)})


def _tens(number: int) -> int:
    return 10 * number


@st.composite
def points(draw: st.DrawFn, world: World, n_points: int) -> list[models.PointStruct]:
    drawn = []
    for number in range(n_points):
        names = [name for name in world.names if world.numbers.random() < 0.9]
        vector = {name: world.vector(name) for name in names}
        drawn.append(models.PointStruct(id=point_id(number), vector=vector, payload=draw(payloads())))
    return drawn


@st.composite
def filters(draw: st.DrawFn, world: World, n_points: int) -> models.Filter:
    return draw(filters_on(tuple(world.names), n_points))


@functools.cache
def filters_on(names: tuple[str, ...], n_points: int) -> st.SearchStrategy[models.Filter]:
    leaf = field_conditions() | point_conditions(names, n_points)
    return filters_of(st.recursive(leaf, filters_of, max_leaves=4))


def filters_of(inner: st.SearchStrategy[models.Condition]) -> st.SearchStrategy[models.Filter]:
    clause = st.none() | st.none() | st.lists(inner, min_size=1, max_size=2) | inner
    min_should = st.builds(
        models.MinShould, conditions=st.lists(inner, min_size=1, max_size=3), min_count=st.integers(1, 3)
    )
    return st.builds(
        models.Filter, must=clause, should=clause, must_not=clause, min_should=st.none() | st.none() | min_should
    )


@functools.cache
def field_conditions() -> st.SearchStrategy[models.Condition]:
    def on(key: st.SearchStrategy[str], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[models.Condition]:
        return st.builds(models.FieldCondition, key=key, **parts)

    word_keys = st.sampled_from(["kind", "tags", "cast[].name", "nested.kind", "title"])
    number_keys = st.sampled_from(["year", "rating", "cast[].age", "kind"])
    any_key = st.sampled_from([*KEYS, "absent"])
    word_lists = st.lists(keywords(), max_size=3)
    integer_lists = st.lists(st.integers(0, 9), min_size=1, max_size=3)
    plain = [
        on(word_keys, match=st.builds(models.MatchValue, value=keywords())),
        on(number_keys, match=st.builds(models.MatchValue, value=st.integers(0, 9))),
        on(st.just("flag"), match=st.builds(models.MatchValue, value=st.booleans())),
        on(word_keys, match=st.builds(models.MatchAny, any=word_lists)),
        on(st.just("year"), match=st.builds(models.MatchAny, any=integer_lists)),
        on(word_keys, match=word_lists.map(all_but)),
        on(st.just("year"), match=integer_lists.map(all_but)),
        on(st.just("title"), match=st.builds(models.MatchText, text=sentences())),
        on(st.just("title"), match=st.builds(models.MatchTextAny, text_any=sentences())),
        on(st.just("title"), match=st.builds(models.MatchPhrase, phrase=sentences())),
        on(number_keys, range=ranges(st.integers(0, 9).map(float) | fractions())),
        on(st.just("when"), range=moment_ranges()),
        on(any_key, values_count=st.builds(models.ValuesCount, **bounds(st.integers(0, 4)))),
        on(any_key, is_empty=st.booleans()),
        on(any_key, is_null=st.booleans()),
        on(st.just("place"), geo_bounding_box=boxes()),
        on(st.just("place"), geo_radius=st.builds(models.GeoRadius, center=corners(), radius=st.floats(1e5, 1.2e7))),
        any_key.map(lambda key: models.IsEmptyCondition(is_empty=models.PayloadField(key=key))),
        any_key.map(lambda key: models.IsNullCondition(is_null=models.PayloadField(key=key))),
        st.builds(
            lambda name, age: models.NestedCondition(
                nested=models.Nested(
                    key="cast",
                    filter=models.Filter(
                        must=[
                            models.FieldCondition(key="name", match=models.MatchValue(value=name)),
                            models.FieldCondition(key="age", range=models.Range(gte=age)),
                        ]
                    ),
                )
            ),
            keywords(),
            st.integers(0, 9),
        ),
    ]
    return st.one_of(plain)


def corners() -> st.SearchStrategy[models.GeoPoint]:
    # Between the places: whether an edge belongs to an area depends on how it is rounded.
    return st.builds(models.GeoPoint, lon=st.integers(-17, 16).map(_between), lat=st.integers(-8, 7).map(_between))


def _between(number: int) -> float:
    return 10 * number + 4.5


def boxes() -> st.SearchStrategy[models.GeoBoundingBox]:
    return st.builds(models.GeoBoundingBox, top_left=corners(), bottom_right=corners())


def all_but(values: list[Any]) -> models.MatchExcept:
    return models.MatchExcept(**{"except": values})


def bounds(number: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.none() | number for name in ("gt", "gte", "lt", "lte")}


def ranges(number: st.SearchStrategy[float]) -> st.SearchStrategy[models.Range]:
    return st.builds(models.Range, **bounds(number))


def moment_ranges() -> st.SearchStrategy[models.DatetimeRange]:
    return st.builds(models.DatetimeRange, **bounds(moments() | moments().map(lambda moment: moment.date())))


def point_conditions(names: tuple[str, ...], n_points: int) -> st.SearchStrategy[models.Condition]:
    return st.builds(models.HasIdCondition, has_id=st.lists(point_ids(n_points), max_size=4)) | st.builds(
        models.HasVectorCondition, has_vector=st.sampled_from(names)
    )
