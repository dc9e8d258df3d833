"""The settings that `evoke tune` tries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product

from indexer.bm25 import BM25
from indexer.records import TEXT_FIELDS, TextField
from search_api.ranking_settings import (
    KNOWN_WEIGHT,
    QUERY_KINDS,
    TASTE_WEIGHT,
    WEIGHED_LEGS,
    Cleaning,
    Fusion,
    FusionMethod,
    Fusions,
)

K1S = (0.6, 0.9, 1.2, 1.6, 2.0, 3.0, 5.0)
BS = (0.0, 0.25, 0.5, 0.65, 0.75, 0.9, 1.0)
FIELD_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)
MOST_TERMS = (None, 5, 10, 20, 40)
METHODS: tuple[FusionMethod, ...] = ("dbsf", "linear", "rrf")
DEPTHS = (100, 200, 400)
_LEG_WEIGHTS: Mapping[str, Sequence[float]] = {
    "text": (0, 0.25, 0.5, 1, 2, 4),
    "values": (0, 0.5, 1, 2, 4, 6, 8),
    "title": (1, 4, 8),
    "year": (0.5, 1, 2),
    # Benchmarks have neither ratings nor named works, so they cannot choose these.
    "taste": (TASTE_WEIGHT,),
    "profile": (1,),
    "kin": (1,),
    "genres": (1,),
    "makers": (1,),
    "known": (KNOWN_WEIGHT,),
}
_OTHER_WEIGHTS = (0, 0.5, 1, 2)
"""The weights to try for a leg that `_LEG_WEIGHTS` lacks."""
WEIGHTS: Mapping[str, Sequence[float]] = {
    leg: _LEG_WEIGHTS.get(leg, _OTHER_WEIGHTS) for leg in WEIGHED_LEGS if leg != "bm25"
}
"""The weights to try for every leg but `bm25`, which weighs 1: only the ratios of weights matter."""
CLEANING_WAYS = tuple(product((True, False), (True, False)))
"""(unwrap, weigh_terms) of a cleaning: the two settings that change the request to the engine."""


def bm25_coordinates() -> list[Callable[[BM25], Iterable[BM25]]]:
    """Return the coordinates of BM25: k1, b, and the weight of each field but the description."""

    def vary(name: str, values: Sequence[float], bm25: BM25) -> Iterable[BM25]:
        return (bm25.model_copy(update={name: value}) for value in values)

    def vary_field(name: TextField, bm25: BM25) -> Iterable[BM25]:
        # The description keeps weight 1, since doubling the weights of all fields would only halve k1.
        return (bm25.model_copy(update={"weights": {**bm25.weights, name: weight}}) for weight in FIELD_WEIGHTS)

    fields = [partial(vary_field, name) for name in TEXT_FIELDS if name != "description"]
    return [partial(vary, "k1", K1S), partial(vary, "b", BS), *fields]


def cleaning_coordinates() -> list[Callable[[Cleaning], Iterable[Cleaning]]]:
    """Return the single coordinate of a cleaning, whose values are all 20 cleanings."""
    every = [
        Cleaning(unwrap=unwrap, weigh_terms=weigh, most_terms=most)
        for (unwrap, weigh), most in product(CLEANING_WAYS, MOST_TERMS)
    ]
    return [lambda _: every]


def fusions_to_try(serving: Fusions) -> list[Fusion]:
    """Return the serving fusion of each kind of query, in the order of QUERY_KINDS, then the whole grid."""
    grid = [
        Fusion(method=method, weights=dict(zip(WEIGHTS, weights, strict=True)), depth=depth)
        for method, depth, *weights in product(METHODS, DEPTHS, *WEIGHTS.values())
    ]
    return [*(serving.of(kind) for kind in QUERY_KINDS), *grid]
