"""Create, fill, verify and swap generations: the only writer of the index.

A build fills a new collection, verifies it, and then moves the alias `works` to it in one swap: until then, and after a
kill at any moment, the old generation serves.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from indexer.bm25 import query_weights
from indexer.certificates import least_age
from indexer.engine import Engine
from indexer.errors import VerificationFailed
from indexer.facts import facts_to_payload
from indexer.known.writer import TwinChanges
from indexer.legs import Leg, indexed_labels, legs_of
from indexer.records import Features, IndexedWork, Said, Work
from indexer.schema import (
    ALIAS,
    PAYLOAD_INDEXES,
    PRIMARY_SCORE,
    SCORES_KEY,
    TWIN_KEY,
    GenerationFacts,
    point_id,
    score_code,
    score_steps,
)
from indexer.serving import serving_generation
from indexer.settings import IndexSettings
from indexer.stages import batched
from indexer.taste.taste import Taste
from indexer.values.taxonomy import TAG_PREFIX

LEAST_OWN_SCORES: Mapping[Leg, float] = {"text": 0.99, "bm25": 0.0}
"""The legs in which a work is verified, and the score that it must exceed for a query made of its own text vector
(`text`) or of its title's terms (`bm25`)."""


TWIN_BATCH = 1_000


def create_generation(engine: Engine, facts: GenerationFacts, settings: IndexSettings) -> str:
    """Create an empty generation and return its name."""
    name = new_name(engine)
    params = {leg: vector.params(facts) for leg, vector in legs_of(facts).items()}
    engine.create_collection(
        name,
        vectors_config={leg: dense for leg, dense in params.items() if isinstance(dense, models.VectorParams)},
        sparse_vectors_config={
            leg: sparse for leg, sparse in params.items() if isinstance(sparse, models.SparseVectorParams)
        },
        shard_number=settings.shard_number,
        replication_factor=settings.replication_factor,
        write_consistency_factor=settings.write_consistency_factor,
        metadata=facts.model_dump(mode="json"),
    )
    for key, schema in PAYLOAD_INDEXES.items():
        engine.create_payload_index(name, key, field_schema=schema)
    return name


def copy_generation(engine: Engine, base: str) -> str:
    """Create a generation with the works of another one and return its name.

    Raises:
        NotSupported: The engine cannot copy.
    """
    name = new_name(engine)
    engine.copy_collection(base, name)
    return name


def remove_unserved(engine: Engine) -> None:
    """Remove the generations that killed builds left: unfinished ones, and replaced ones that were not deleted."""
    serving = serving_generation(engine)
    for name in generations(engine):
        if name != serving:
            engine.delete_collection(name)


def new_name(engine: Engine) -> str:
    """Return an unused name for a generation. Readers notice a new generation by its name.

    The alias may point at a damaged generation that was set aside: its name is used too.
    """
    used = [*generations(engine), serving_generation(engine) or ""]
    return f"{ALIAS}-{max(map(_number, used)) + 1}"


def generations(engine: Engine) -> list[str]:
    """Return the names of all generations, the oldest first."""
    return sorted((each.name for each in engine.get_collections().collections if _number(each.name)), key=_number)


def _number(name: str) -> int:
    """Return the number of a generation, from 1; 0 for another name."""
    prefix, _, number = name.rpartition("-")
    return int(number) if prefix == ALIAS and number.isdigit() else 0


def mark_twins(engine: Engine, generation: str, twins: TwinChanges) -> None:
    """Note in the points of works whether they are the same as a better-known one; filters leave these out."""
    for work_ids in batched(twins.added, TWIN_BATCH):
        engine.set_payload(generation, {TWIN_KEY: True}, points=[point_id(each) for each in work_ids], wait=True)
    for work_ids in batched(twins.removed, TWIN_BATCH):
        engine.delete_payload(generation, [TWIN_KEY], points=[point_id(each) for each in work_ids], wait=True)


def read_terms(engine: Engine, generation: str, work_ids: Sequence[str]) -> list[models.Record]:
    """Return the points of the works that a generation has, with the vector `bm25` alone."""
    points = [point_id(work_id) for work_id in work_ids]
    return engine.retrieve(generation, points, with_payload=False, with_vectors=["bm25"])


def remove_works(engine: Engine, generation: str, work_ids: Sequence[str]) -> None:
    """Remove a batch of works from a generation."""
    engine.delete(generation, [point_id(work_id) for work_id in work_ids], wait=True)


def work_to_point(indexed: IndexedWork, facts: GenerationFacts, taste: Taste | None = None) -> models.PointStruct:
    """Return a work's point: a vector for each leg, and its payload.

    Args:
        indexed: The work.
        facts: What the generation is built with.
        taste: The taste file that the facts name, if they name one.
    """
    return models.PointStruct.model_construct(
        id=point_id(indexed.work.id),
        vector={leg: vector.of(indexed, facts, taste) for leg, vector in legs_of(facts).items()},
        payload=work_to_payload(indexed),
    )


def work_to_payload(indexed: IndexedWork) -> dict[str, Any]:
    """Return a work's payload: the fields that an answer shows, and those that filters and facets read."""
    work = indexed.work
    strong = indexed_labels(indexed)
    labels = [label for label in strong if not label.value_id.startswith(TAG_PREFIX)]
    tags = [label for label in strong if label.strength >= PRIMARY_SCORE and label.value_id.startswith(TAG_PREFIX)]
    scores = {label.value_id: round(label.strength, 4) for label in labels}
    spans = {label.value_id: (label.evidence.start, label.evidence.end) for label in labels + tags if label.evidence}
    sentences = {span: place for place, span in enumerate(sorted(set(spans.values())))}
    age = least_age(work.certificates)
    return {
        **work.model_dump(mode="json", exclude={"reviews_digest"}, exclude_none=True),
        **facts_to_payload(work),
        **({} if age is None else {"least_age": age}),
        "text_language": indexed.features.text_language,
        "values": scores,
        SCORES_KEY: [score_code(value_id, score_steps(score)) for value_id, score in scores.items()],
        "primary_values": [value_id for value_id, score in scores.items() if score >= PRIMARY_SCORE],
        "tags": {label.value_id: round(label.strength, 4) for label in tags},
        # Many values share a sentence. Storing each sentence once makes a payload, which is read whole for every hit,
        # a fifth shorter.
        "sentences": [list(span) for span in sentences],
        "evidence": {value_id: sentences[span] for value_id, span in spans.items()},
        **({"said": {each.value_id: _said(each) for each in indexed.said}} if indexed.said else {}),
    }


def _said(said: Said) -> dict[str, Any]:
    quoted = {"quote": said.quote, "source": said.source} if said.quote else {}
    return {"count": said.n_people, **quoted}


def verify_generation(
    engine: Engine, generation: str, facts: GenerationFacts, sample: Iterable[tuple[Work, Features]]
) -> None:
    """Check a filled generation before it serves.

    Args:
        engine: The engine that has the generation.
        generation: The name of the generation.
        facts: What the generation was built with.
        sample: Works with their features; each must be found by its own vector and by the terms of its title.

    Raises:
        VerificationFailed: The number of works is wrong, or a work of the sample is not found.
    """
    count = engine.count(generation, exact=True).count
    if count != facts.n_works:
        raise VerificationFailed(
            f"{generation}: has {count:,} works, but {facts.n_works:,} were written; run `evoke index` again"
        )
    for work, features in sample:
        only_itself = models.Filter(must=[models.HasIdCondition(has_id=[point_id(work.id)])])
        for leg, query in _own_queries(features, facts).items():
            points = engine.query_points(generation, query=query, using=leg, query_filter=only_itself, limit=1).points
            if not points or points[0].score <= LEAST_OWN_SCORES[leg]:
                raise VerificationFailed(
                    f"{generation}: {work.title!r} ({work.id}) is not found by its own {leg} query; run `evoke index` "
                    "again"
                )


def _own_queries(features: Features, facts: GenerationFacts) -> dict[Leg, Any]:
    """Return the queries that must find a work, by leg; a leg in which the work has an empty vector is left out."""
    queries: dict[Leg, Any] = {}
    if np.any(features.vector):
        queries["text"] = features.vector.tolist()
    if (title_terms := features.field_terms.get("title")) and facts.bm25.weight("title"):
        queries["bm25"] = query_weights(title_terms)
    return queries


def swap_generation(engine: Engine, generation: str, *, grace_seconds: float = 0.0) -> None:
    """Point the alias at a finished generation, and delete the generation that it replaces.

    It is deleted after `grace_seconds`, in which readers on other machines can finish what they have begun with it.
    """
    replaced = serving_generation(engine)
    operations: list[models.AliasOperations] = [
        models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=generation, alias_name=ALIAS))
    ]
    if replaced:
        operations.insert(0, models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=ALIAS)))
    engine.update_collection_aliases(operations)
    if replaced and replaced != generation:
        time.sleep(grace_seconds)
        engine.delete_collection(replaced)
