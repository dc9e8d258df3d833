"""What the writer and the readers of an index agree on: legs, payload keys, the facts of a generation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict
from qdrant_client import models

from indexer.bm25 import BM25
from indexer.engine import Engine

ALIAS = "works"


SCHEMA_VERSION = 7
"""Changes with anything below that a reader relies on."""


Leg = Literal["text", "bm25", "values"]


_KEYWORD = models.PayloadSchemaType.KEYWORD


_INTEGER = models.PayloadSchemaType.INTEGER


PAYLOAD_INDEXES: Mapping[str, models.PayloadSchemaType] = {
    "id": _KEYWORD,
    "kind": _KEYWORD,
    "year": _INTEGER,
    "decade": _INTEGER,
    "runtime_minutes": _INTEGER,
    "page_count": _INTEGER,
    "language": _KEYWORD,
    "genres": _KEYWORD,
    "genre_keys": _KEYWORD,
    "creator_names": _KEYWORD,
    "creator_keys": _KEYWORD,
    "primary_values": _KEYWORD,
}


class GenerationFacts(BaseModel):
    """What a generation says of itself, kept as the collection's metadata: all that a reader must agree with."""

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
    n_works: int
    attributions: tuple[str, ...] = ()
    built_at: str


def point_id(work_id: str) -> int:
    """Gives the id of a work's point: 64 bits of the hash of the work's id.

    A number, because the engine gives one at a tenth of the cost of a UUID, 600 times a search. Two of 500,000 works
    share one with a chance of 7e-9; the build's count of points would tell.
    """
    return int.from_bytes(hashlib.blake2b(work_id.encode(), digest_size=8).digest(), "big")


def serving_generation(engine: Engine) -> str | None:
    """Gives the name of the generation that the alias names, None before the first build."""
    for alias in engine.get_aliases().aliases:
        if alias.alias_name == ALIAS:
            return alias.collection_name
    return None


def read_facts(engine: Engine, generation: str) -> GenerationFacts | None:
    """Gives what a generation says of itself; None when it speaks another schema."""
    metadata = engine.get_collection(generation).config.metadata or {}
    if metadata.get("schema_version") != SCHEMA_VERSION:
        return None
    return GenerationFacts.model_validate(metadata)


PRIMARY_SCORE = 0.5
"""A work's primary values: from the mark of a trained value, or 1.5 deviations above what is usual."""
