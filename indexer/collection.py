"""Generations: schema, payload, filling, verifying, swapping. The only writer of the index.

A build fills a new collection, verifies it, and then moves the alias `works` to it in one swap: until then, and after a
kill at any moment, the old generation serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from indexer.bm25 import document_weights, query_weights
from indexer.engine import Engine
from indexer.errors import VerificationFailed
from indexer.records import IndexedWork, ValueLabel
from indexer.schema import (
    ALIAS,
    PAYLOAD_INDEXES,
    PRIMARY_SCORE,
    GenerationFacts,
    Leg,
    point_id,
    serving_generation,
)
from indexer.settings import IndexSettings
from indexer.values.taxonomy import TAG_PREFIX

LEAST_STRENGTH = 0.1
"""A value of less counts as one that the work does not give. Of the strengths of 608 books 43% are above; a point is
half as large for it, and an index is filled in two thirds of the time."""


def create_generation(engine: Engine, facts: GenerationFacts, settings: IndexSettings) -> str:
    """Creates an empty generation and gives its name."""
    name = f"{ALIAS}-{max(_generations(engine).values(), default=0) + 1}"
    engine.create_collection(
        name,
        vectors_config={
            "text": models.VectorParams(
                size=facts.dimension, distance=models.Distance.COSINE, datatype=models.Datatype.FLOAT16
            )
        },
        sparse_vectors_config={
            "bm25": models.SparseVectorParams(modifier=models.Modifier.IDF),
            # No dense vector: weights of both signs are asked for, which a graph built on scores cannot follow, and to
            # scan 212 dimensions for the three asked for takes 1.9 ms of 26,000 works and 20 of 100,000, where their
            # posting lists take .5 and 1.0, with the same scores.
            "values": models.SparseVectorParams(),
        },
        shard_number=settings.shard_number,
        replication_factor=settings.replication_factor,
        write_consistency_factor=settings.write_consistency_factor,
        metadata=facts.model_dump(mode="json"),
    )
    for field, schema in PAYLOAD_INDEXES.items():
        engine.create_payload_index(name, field, field_schema=schema)
    return name


def remove_unserved(engine: Engine) -> None:
    """Removes what killed builds left: generations that were not finished, or were replaced but not yet deleted."""
    serving = serving_generation(engine)
    for name in _generations(engine):
        if name != serving:
            engine.delete_collection(name)


def _generations(engine: Engine) -> dict[str, int]:
    """Gives the number of each generation by its name."""
    parts = {c.name: c.name.rpartition("-") for c in engine.get_collections().collections}
    return {name: int(number) for name, (prefix, _, number) in parts.items() if prefix == ALIAS and number.isdigit()}


def upsert_works(engine: Engine, generation: str, works: Sequence[IndexedWork], facts: GenerationFacts) -> None:
    """Writes a batch of works into a generation."""
    engine.upsert(generation, [work_to_point(work, facts) for work in works], wait=True)


def work_to_point(indexed: IndexedWork, facts: GenerationFacts) -> models.PointStruct:
    """Gives a work's point: its three vectors and its payload."""
    return models.PointStruct.model_construct(
        id=point_id(indexed.work.id),
        vector={
            "text": indexed.features.vector.tolist(),
            "values": value_weights(
                {each.value_id: each.strength for each in indexed_labels(indexed)}, facts.value_ids
            ),
            "bm25": document_weights(
                facts.bm25.count(indexed.features.field_terms), facts.mean_terms, k1=facts.bm25.k1, b=facts.bm25.b
            ),
        },
        payload=work_to_payload(indexed),
    )


def indexed_labels(indexed: IndexedWork) -> list[ValueLabel]:
    """Gives the labels that a point tells of, strongest first."""
    told = (label for label in indexed.labels if label.strength >= LEAST_STRENGTH)
    return sorted(told, key=lambda label: (-label.strength, label.value_id))


def value_weights(weights: Mapping[str, float], value_ids: Sequence[str]) -> models.SparseVector:
    """Gives the vector of a work's strengths: places among `value_ids`, zeros left out."""
    told = [(place, weights[value_id]) for place, value_id in enumerate(value_ids) if weights.get(value_id)]
    return models.SparseVector(indices=[place for place, _ in told], values=[weight for _, weight in told])


def work_to_payload(indexed: IndexedWork) -> dict[str, Any]:
    """Gives the facts to show, filter and count by. Keys ending in `_keys` hold the names that filters compare."""
    work = indexed.work
    creator_names = list(dict.fromkeys(creator.name for creator in work.creators))
    told = indexed_labels(indexed)
    labels = [label for label in told if not label.value_id.startswith(TAG_PREFIX)]
    tags = [label for label in told if label.strength >= PRIMARY_SCORE and label.value_id.startswith(TAG_PREFIX)]
    scores = {label.value_id: round(label.strength, 4) for label in labels}
    spoken = {label.value_id: (label.evidence.start, label.evidence.end) for label in labels + tags if label.evidence}
    sentences = {span: place for place, span in enumerate(sorted(set(spoken.values())))}
    return work.model_dump(mode="json", exclude_none=True) | {
        "decade": None if work.year is None else work.year // 10 * 10,
        "genre_keys": [genre.casefold() for genre in work.genres],
        "creator_names": creator_names,
        "creator_keys": [name.casefold() for name in creator_names],
        "text_language": indexed.features.text_language,
        "values": scores,
        "primary_values": [value_id for value_id, score in scores.items() if score >= PRIMARY_SCORE],
        "tags": {label.value_id: round(label.strength, 4) for label in tags},
        # Many values share a sentence: a place each makes a payload a fifth shorter, which is read whole for every hit.
        "sentences": [list(span) for span in sentences],
        "evidence": {value_id: sentences[span] for value_id, span in spoken.items()},
    }


def verify_generation(
    engine: Engine, generation: str, facts: GenerationFacts, sample: Iterable[tuple[IndexedWork, tuple[str, ...]]]
) -> None:
    """Checks a filled generation before it serves.

    Args:
        engine: Where it is.
        generation: Its name.
        facts: What it should be.
        sample: Works that must be found by their own vector and by the terms of their own title.

    Raises:
        VerificationFailed: it holds another number of works, or one of the sample is not found.
    """
    count = engine.count(generation, exact=True).count
    if count != facts.n_works:
        raise VerificationFailed(f"{generation} holds {count} works where {facts.n_works} were put; index again")
    for indexed, title_terms in sample:
        only_itself = models.Filter(must=[models.HasIdCondition(has_id=[point_id(indexed.work.id)])])
        queries: dict[Leg, Any] = {}
        if np.any(indexed.features.vector):
            queries["text"] = indexed.features.vector.tolist()
        if title_terms and facts.bm25.weight("title"):
            queries["bm25"] = query_weights(title_terms)
        for leg, query in queries.items():
            points = engine.query_points(generation, query=query, using=leg, query_filter=only_itself, limit=1).points
            if not points or points[0].score <= (0.99 if leg == "text" else 0):
                lost = f"{indexed.work.title!r} ({indexed.work.id})"
                raise VerificationFailed(f"{generation}: {lost} is not found by its own {leg}; index again")


def swap_generation(engine: Engine, generation: str) -> None:
    """Makes a finished generation the one that serves, and removes the one it replaces."""
    replaced = serving_generation(engine)
    operations: list[models.AliasOperations] = [
        models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=generation, alias_name=ALIAS))
    ]
    if replaced:
        operations.insert(0, models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=ALIAS)))
    engine.update_collection_aliases(operations)
    if replaced and replaced != generation:
        engine.delete_collection(replaced)
