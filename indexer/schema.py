"""What the writer and the readers of an index share, besides facts and legs: alias, version, payload indexes, ids."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict
from qdrant_client import models

from indexer.bm25 import BM25
from indexer.facts import FACETS, FACTS
from indexer.settings import VectorSettings

ALIAS = "works"

PayloadSchema = models.PayloadSchemaType | models.IntegerIndexParams | models.KeywordIndexParams

SCHEMA_VERSION = 9
"""Raise it with any change that a reader relies on. A new fact, facet or leg needs no new version: `read_facts` notices
that an older generation lacks it."""

TWIN_KEY = "is_twin"
"""The payload key of works that are the same as a better-known one and differ only in their source."""

SCORES_KEY = "value_scores"
"""The payload key of the scores of a work's values, each as one number; see `score_code`.

One index of these numbers takes 1.2 kB a work on disk. An index for each of 72 values reserves 370 MB of files, and
costs half a second and 230 MB of memory each time an index is opened, however small it is.
"""

SCORE_INDEX = models.IntegerIndexParams(
    type=models.IntegerIndexType.INTEGER, lookup=False, range=True, on_disk=True, enable_hnsw=False
)
"""The index of these numbers: for ranges, mapped from the disk, and without links of its own in the HNSW graph."""

COUNTED_NAMES = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False)
COUNTED_NUMBERS = models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, enable_hnsw=False)

PRIMARY_SCORE = 0.5
"""The least score of a work's primary values. A trained value has it at its `mark`; a value labelled by likeness has it
at 1.5 standard deviations above the mean."""


def _payload_indexes() -> dict[str, PayloadSchema]:
    """Return the payload keys to index, with their types: those that filters compare and facets count.

    What only facets count has no links of its own in the HNSW graph. Such links help a search among the works with one
    value of a key; with them, the graph of 120,000 works takes 540 s of processor time instead of 219.
    """
    numbers = {fact.key for fact in FACTS.values() if fact.is_number}
    numbers |= {facet.key for facet in FACETS.values() if FACTS[facet.fact].is_number}
    keys = [fact.key for fact in FACTS.values() if "scores" not in fact.links]
    types = models.PayloadSchemaType
    indexes: dict[str, PayloadSchema] = {
        key: types.INTEGER if key in numbers else types.KEYWORD for key in ("id", *keys)
    }
    counted = {facet.key for facet in FACETS.values()} - indexes.keys()
    indexes |= {key: COUNTED_NUMBERS if key in numbers else COUNTED_NAMES for key in counted}
    return indexes | {TWIN_KEY: types.BOOL, SCORES_KEY: SCORE_INDEX}


PAYLOAD_INDEXES: Mapping[str, PayloadSchema] = _payload_indexes()

SCORE_STEPS = 10_000
"""Scores are stored in steps of a ten thousandth."""
_CODES_OF_A_VALUE = 2**14
_HASH_BYTES = 4


def score_code(value_id: str, steps: int) -> int:
    """Return a value and its score, in steps, as one number below 2**46, which a float holds exactly.

    The codes of a value follow each other, so that a range of its scores is a range of numbers. Two of 72 values share
    a hash with a probability of 6e-7.
    """
    digest = hashlib.blake2b(value_id.encode(), digest_size=_HASH_BYTES).digest()
    return int.from_bytes(digest, "big") * _CODES_OF_A_VALUE + steps


def score_steps(score: float) -> int:
    """Return a score in steps, to the nearest."""
    return round(score * SCORE_STEPS)


def has_score(value_id: str, least: float, *, more: bool = False) -> models.FieldCondition:
    """Return the condition that a value's stored score is at least `least`; with `more`, that it is more."""
    steps = score_steps(least)
    if steps / SCORE_STEPS < least or (more and steps / SCORE_STEPS == least):
        steps += 1
    codes = models.Range(gte=score_code(value_id, steps), lte=score_code(value_id, SCORE_STEPS))
    return models.FieldCondition(key=SCORES_KEY, range=codes)


class GenerationFacts(BaseModel):
    """What a generation was built with, kept as the collection's metadata.

    `mean_terms` is the mean length that its BM25 weights were computed with, and `n_changed` the number of works that
    were changed, added or removed since it was last filled with all works. `taste` is the fingerprint of the taste file
    that its vectors `taste` are from, None without one, and `taste_dimension` their length. `build_seconds` is the time
    that each step of its build took; it is noted when all is written and verified.
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
    taste: str | None = None
    taste_dimension: int = 0
    n_works: int
    n_changed: int = 0
    attributions: tuple[str, ...] = ()
    built_at: str
    build_seconds: dict[str, float] = {}


def point_id(work_id: str) -> int:
    """Return the id of a work's point: 64 bits of the hash of the work's id.

    It is a number because the engine returns 600 ids a search, and a number costs a tenth of a UUID. The probability
    that two of 500,000 works share an id is 7e-9, and `verify_generation` would notice by its count.
    """
    return int.from_bytes(hashlib.blake2b(work_id.encode(), digest_size=8).digest(), "big")
