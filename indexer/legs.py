"""The table of legs: every named vector of the index, declared once.

A leg is one way to search: each work has a vector for it, a query may have one, and the leg ranks works by the dot
product of the two. Creating, filling and checking a generation, retrieval and the evaluation read this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from indexer.records import IndexedWork, ValueLabel
from indexer.settings import VectorSettings

if TYPE_CHECKING:
    from qdrant_client import models

    from indexer.schema import GenerationFacts
    from indexer.taste.taste import Taste

Leg = Literal["text", "bm25", "values", "taste"]
"""The name of a leg, and of its vector in the engine."""

Vector: TypeAlias = "list[float] | models.SparseVector"

LEAST_STRENGTH = 0.1
"""A weaker value counts as absent. 43% of the strengths of 608 books reach it: without the others, points are half as
large, and an index is filled in two thirds of the time."""


@dataclass(frozen=True, kw_only=True)
class LegVector:
    """The declaration of one leg: its vectors in the index, and which works are candidates."""

    params: Callable[[GenerationFacts], models.VectorParams | models.SparseVectorParams]
    """The function that returns the engine's parameters of the vector for a generation."""
    of: Callable[[IndexedWork, GenerationFacts, Taste | None], Vector]
    """The function that returns the vector of a work; the taste file is given where the generation has one."""
    ranks_all: bool = False
    """Whether works with a score of 0 or less are candidates too. A cosine ranks every work; a work without any of a
    query's terms or values is not a candidate."""


# Settings and the service's front process import this table, but not the engine's client: half a second and 60 MB.
def int8_quantization() -> models.ScalarQuantization:
    """Return the quantisation of `EVOKE_QUANTIZATION=int8`."""
    from qdrant_client import models

    return models.ScalarQuantization(
        scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
    )


def _text_params(facts: GenerationFacts) -> models.VectorParams:
    from qdrant_client import models

    chosen, default = facts.vectors, VectorSettings()
    is_default_graph = (chosen.hnsw_m, chosen.hnsw_ef_construct) == (default.hnsw_m, default.hnsw_ef_construct)
    graph = models.HnswConfigDiff(m=chosen.hnsw_m, ef_construct=chosen.hnsw_ef_construct)
    return models.VectorParams(
        size=facts.dimension,
        distance=models.Distance.COSINE,
        datatype=models.Datatype.FLOAT16,
        on_disk=True if chosen.vectors_on_disk else None,
        quantization_config=int8_quantization() if chosen.quantization == "int8" else None,
        hnsw_config=None if is_default_graph else graph,
    )


def _bm25_params(_: GenerationFacts) -> models.SparseVectorParams:
    from qdrant_client import models

    return models.SparseVectorParams()


def _bm25_vector(indexed: IndexedWork, facts: GenerationFacts, _: Taste | None) -> models.SparseVector:
    return facts.bm25.weights_of(indexed.features.field_terms, indexed.heard, facts.mean_terms)


def _values_params(_: GenerationFacts) -> models.SparseVectorParams:
    from qdrant_client import models

    return models.SparseVectorParams()


def _values_vector(indexed: IndexedWork, facts: GenerationFacts, _: Taste | None) -> models.SparseVector:
    return value_weights({label.value_id: label.strength for label in indexed_labels(indexed)}, facts.value_ids)


LEGS: Mapping[Leg, LegVector] = {
    "text": LegVector(params=_text_params, of=lambda indexed, *_: indexed.features.vector.tolist(), ranks_all=True),
    "bm25": LegVector(params=_bm25_params, of=_bm25_vector),
    # Sparse, because queries have weights of both signs, which a graph built on scores cannot follow. A query for three
    # of the 212 dimensions takes 0.5 ms with 26,000 works and 1.0 ms with 100,000. A scan of a dense vector took 1.9
    # and 20 ms, with the same scores.
    "values": LegVector(params=_values_params, of=_values_vector),
}
"""The legs that every generation has, in the order in which legs are shown and tuned."""

TASTE: Leg = "taste"
"""The leg of what people like; only a generation that is built with a taste file has it."""


def _taste_params(facts: GenerationFacts) -> models.VectorParams:
    from qdrant_client import models

    return models.VectorParams(
        size=facts.taste_dimension, distance=models.Distance.DOT, datatype=models.Datatype.FLOAT16
    )


def _taste_vector(indexed: IndexedWork, facts: GenerationFacts, taste: Taste | None) -> list[float]:
    if taste is None:
        raise ValueError(f"works of a generation with the taste file {facts.taste} need that file")
    vector: list[float] = taste.vector_of(indexed).tolist()
    return vector


_TASTE_LEG = LegVector(params=_taste_params, of=_taste_vector)


def legs_of(facts: GenerationFacts) -> Mapping[Leg, LegVector]:
    """Return the legs of a generation: `LEGS`, and `taste` if it is built with a taste file."""
    return {**LEGS, TASTE: _TASTE_LEG} if facts.taste else LEGS


RANKING_ALL = frozenset(leg for leg, vector in LEGS.items() if vector.ranks_all)
"""The legs in which works with a score of 0 or less are candidates too."""


def indexed_labels(indexed: IndexedWork) -> list[ValueLabel]:
    """Return the labels of at least `LEAST_STRENGTH`, strongest first, then by value id."""
    strong = (label for label in indexed.labels if label.strength >= LEAST_STRENGTH)
    return sorted(strong, key=lambda label: (-label.strength, label.value_id))


def value_weights(weights: Mapping[str, float], value_ids: Sequence[str]) -> models.SparseVector:
    """Return weights by value id as a vector with one dimension per entry of `value_ids`, zeros left out."""
    from qdrant_client import models

    present = [(place, weights[value_id]) for place, value_id in enumerate(value_ids) if weights.get(value_id)]
    return models.SparseVector(indices=[place for place, _ in present], values=[weight for _, weight in present])
