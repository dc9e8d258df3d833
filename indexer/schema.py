"""What the writer and the readers of an index agree on, beside its facts and legs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from qdrant_client import models

from indexer.bm25 import BM25
from indexer.facts import FACETS, FACTS

ALIAS = "works"

SCHEMA_VERSION = 7
"""Changes with anything that a reader relies on. A new fact, facet or leg needs no new version: `read_facts` finds it
missing in an older generation."""

PRIMARY_SCORE = 0.5
"""A work's primary values have at least this score: a trained value's threshold, or 1.5 deviations above the mean."""


def _payload_indexes() -> dict[str, models.PayloadSchemaType]:
    """Return the keys that facts are compared and counted by. Scores of values have no index of their own."""
    numbers = {fact.key for fact in FACTS.values() if fact.is_number}
    numbers |= {facet.key for facet in FACETS.values() if FACTS[facet.fact].is_number}
    keys = [fact.key for fact in FACTS.values() if "scores" not in fact.links]
    keys += [facet.key for facet in FACETS.values()]
    types = models.PayloadSchemaType
    return {key: types.INTEGER if key in numbers else types.KEYWORD for key in ("id", *keys)}


PAYLOAD_INDEXES: Mapping[str, models.PayloadSchemaType] = _payload_indexes()


class GenerationFacts(BaseModel):
    """What a generation was built with, kept as the collection's metadata."""

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
    """Return the id of a work's point: 64 bits of the hash of the work's id.

    A number, because the engine returns one at a tenth of the cost of a UUID, 600 times a search. Two of 500,000 works
    share one with a probability of 7e-9; the build's count of points would show it.
    """
    return int.from_bytes(hashlib.blake2b(work_id.encode(), digest_size=8).digest(), "big")
