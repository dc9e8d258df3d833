"""Set a damaged index aside, so that a build makes it again from the store."""

from __future__ import annotations

from contextlib import closing

from qdrant_client import models

from indexer.collection import generations
from indexer.engine import EdgeClient, Engine, EngineDamaged
from indexer.engine.alias import ALIASES
from indexer.schema import ALIAS
from indexer.serving import serving_generation


def set_damage_aside(engine: Engine) -> list[str]:
    """Set what is damaged of the embedded engine aside; return a note for each part. A server keeps its own files.

    The alias goes on naming a damaged generation, so that readers report it until a build has replaced it. What an
    earlier build set aside is removed.

    Raises:
        EngineUnavailable: The files are not damaged, but cannot be opened now: no permission, no memory.
    """
    if not isinstance(engine, EdgeClient):
        return []
    engine.forget_set_aside()
    notes = []
    try:
        engine.get_aliases()
    except EngineDamaged as error:
        notes.append(f"{error.problem}: it was set aside in {engine.set_aside(ALIASES)}, and {_point_alias(engine)}")
    serving = serving_generation(engine)
    if serving and engine.collection_exists(serving) and (problem := _damage(engine, serving)):
        notes.append(f"{problem}: {serving} was set aside in {engine.set_aside(serving)}, and is built again")
    return notes


def _point_alias(engine: EdgeClient) -> str:
    """Point the lost alias at a sound generation, and return what was done.

    It is the oldest that is finished: the one that served, since a swap removes what it replaces, and later ones are of
    builds that were killed.
    """
    with closing(EdgeClient(engine.path, read_only=True)) as reader:  # sees finished generations only
        sound = [name for name in generations(reader) if not _damage(reader, name)]
    if not sound:
        return "there is no other generation"
    alias = models.CreateAlias(collection_name=sound[0], alias_name=ALIAS)
    engine.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    return f"{sound[0]} serves"


def _damage(engine: EdgeClient, generation: str) -> str | None:
    """Return what is damaged of a generation; None for a sound one."""
    if found := engine.find_damage(generation):
        return str(found[0])
    try:
        engine.get_collection(generation)  # a generation of an earlier version has no manifest
    except EngineDamaged as error:
        return error.problem
    return None
