"""Find the generation that serves, and read what it was built with."""

from __future__ import annotations

from indexer.engine import Engine
from indexer.legs import legs_of
from indexer.schema import ALIAS, PAYLOAD_INDEXES, SCHEMA_VERSION, GenerationFacts


def serving_generation(engine: Engine) -> str | None:
    """Return the name of the generation that the alias points to; None before the first build."""
    for alias in engine.get_aliases().aliases:
        if alias.alias_name == ALIAS:
            return alias.collection_name
    return None


def read_facts(engine: Engine, generation: str) -> GenerationFacts | None:
    """Return what a generation was built with; None if its schema version, legs or payload indexes do not fit."""
    information = engine.get_collection(generation)
    metadata = information.config.metadata or {}
    if metadata.get("schema_version") != SCHEMA_VERSION:
        return None
    params = information.config.params
    vectors = params.vectors if isinstance(params.vectors, dict) else {}
    facts = GenerationFacts.model_validate(metadata)
    has_legs = legs_of(facts).keys() <= {*vectors, *(params.sparse_vectors or {})}
    has_indexes = PAYLOAD_INDEXES.keys() <= information.payload_schema.keys()
    return facts if has_legs and has_indexes else None
