"""What the writer and the readers of an index share, besides facts and legs: alias, version, payload indexes, ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict
from qdrant_client import models

from indexer.bm25 import BM25
from indexer.facts import FACETS, FACTS
from indexer.settings import VectorSettings
from indexer.values.taxonomy import TAG_PREFIX

ALIAS = "works"

PayloadSchema = models.PayloadSchemaType | models.FloatIndexParams

SCHEMA_VERSION = 8
"""Raise it with any change that a reader relies on. A new fact, facet or leg needs no new version: `read_facts` notices
that an older generation lacks it."""

TWIN_KEY = "is_twin"
"""The payload key of works that are the same as a better-known one and differ only in their source."""

PRIMARY_SCORE = 0.5
"""The least score of a work's primary values. A trained value has it at its `mark`; a value labelled by likeness has it
at 1.5 standard deviations above the mean."""


def _payload_indexes() -> dict[str, models.PayloadSchemaType]:
    """Return the payload keys to index, with their types: those that filters compare and facets count.

    The scores of values have keys of their own, see `payload_indexes`.
    """
    numbers = {fact.key for fact in FACTS.values() if fact.is_number}
    numbers |= {facet.key for facet in FACETS.values() if FACTS[facet.fact].is_number}
    keys = [fact.key for fact in FACTS.values() if "scores" not in fact.links]
    keys += [facet.key for facet in FACETS.values()]
    types = models.PayloadSchemaType
    indexes = {key: types.INTEGER if key in numbers else types.KEYWORD for key in ("id", *keys)}
    return indexes | {TWIN_KEY: types.BOOL}


PAYLOAD_INDEXES: Mapping[str, models.PayloadSchemaType] = _payload_indexes()

SCORE_INDEX = models.FloatIndexParams(type=models.FloatIndexType.FLOAT, on_disk=True, enable_hnsw=False)
"""The index of the scores of one value: mapped from the disk, and without links of its own in the HNSW graph."""


def score_key(value_id: str) -> str:
    """Return the payload key of a value's scores."""
    return f"{FACTS['values'].key}.{value_id}"


def payload_indexes(dimensions: Iterable[str]) -> Mapping[str, PayloadSchema]:
    """Return all payload keys to index, with their types; `dimensions` are those of the taxonomy, tags included."""
    values = (dimension for dimension in dimensions if not dimension.startswith(TAG_PREFIX))
    return {**PAYLOAD_INDEXES, **{score_key(value_id): SCORE_INDEX for value_id in values}}


class GenerationFacts(BaseModel):
    """What a generation was built with, kept as the collection's metadata.

    `mean_terms` is the mean length that its BM25 weights were computed with, and `n_changed` the number of works that
    were changed, added or removed since it was last filled with all works.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    fingerprint: str
    model: str
    encoder_fingerprint: str
    analyser_version: str
    taxonomy_version: str
    value_ids: tuple[str, ...]
    dimension: int
    mean_terms: float
    bm25: BM25 = BM25()
    vectors: VectorSettings = VectorSettings()
    n_works: int
    n_changed: int = 0
    attributions: tuple[str, ...] = ()
    built_at: str


def point_id(work_id: str) -> int:
    """Return the id of a work's point: 64 bits of the hash of the work's id.

    It is a number because the engine returns 600 ids a search, and a number costs a tenth of a UUID. The probability
    that two of 500,000 works share an id is 7e-9, and `verify_generation` would notice by its count.
    """
    return int.from_bytes(hashlib.blake2b(work_id.encode(), digest_size=8).digest(), "big")
