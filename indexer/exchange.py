"""Carry a generation between the embedded engine and a server, point by point: publish it there, or pull it from there.

Both sides speak the same vocabulary, so points with payload and vectors are all that has to cross. The other side
serves its old generation until the new one is whole and counted; then the alias moves in one change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from qdrant_client import models

from crawler.progress import show_progress
from indexer.collection import create_generation, generations, mark_twins, swap_generation
from indexer.engine import CollectionNotFound, EdgeClient, Engine, open_engine, open_engine_of
from indexer.engine.folder import replace_file
from indexer.errors import ExchangeRefused, VerificationFailed
from indexer.filling import ROOM_BYTES, ROOM_BYTES_PER_WORK, SERVER_GRACE_SECONDS
from indexer.known.writer import KnownWriter, remove_others
from indexer.room import check_room
from indexer.schema import GenerationFacts
from indexer.serving import read_facts, serving_generation
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.writing import writing

BATCH = 256
"""Points that cross together: some 2 MB of JSON."""
PROGRESS_FILE = "publishing.json"


@dataclass(frozen=True)
class Exchanged:
    """What was carried.

    Attributes:
        generation: The name of the generation on the other side.
        n_works: How many works it has.
        n_carried: How many crossed now: fewer if an earlier run was continued, none if it was there already.
    """

    generation: str
    n_works: int
    n_carried: int


class _Begun(BaseModel):
    """A publication that was begun: to where, of what, and the id of the next point; None: all points are there."""

    model_config = ConfigDict(frozen=True)

    url: str
    generation: str
    fingerprint: str
    built_at: str
    next_point: int | str | None


def publish(settings: IndexSettings, url: str) -> Exchanged:
    """Carry the serving generation of the settings' engine to a server, and let it serve there.

    A publication that was ended goes on where it was.

    Raises:
        ExchangeRefused: There is no index to publish.
        EngineLocked: A build is running.
        EngineUnavailable: An engine does not answer; the server serves what it served.
        VerificationFailed: The server has another number of works than were sent.
    """
    with (
        writing(settings.home, "the server serves what it served"),
        closing(open_engine_of(settings, read_only=True)) as source,
        closing(_open_server(settings, url)) as target,
    ):
        generation, facts = _serving(source, "there is no index to publish: `evoke index` builds it")
        if found := _find_same(target, facts):
            return found
        progress = settings.home / PROGRESS_FILE
        begun = _read_begun(progress, url, facts)
        _remove_unserved(target, but=begun.generation if begun else None)
        if begun is None or not target.collection_exists(begun.generation):
            name = create_generation(target, facts, settings)
            begun = _Begun(
                url=url, generation=name, fingerprint=facts.fingerprint, built_at=facts.built_at, next_point=0
            )
        name, n_carried = begun.generation, 0
        if begun.next_point is not None:
            for records, following in _pages(source, generation, begun.next_point, facts.n_works):
                target.upsert(name, _points(records), wait=True)
                n_carried += len(records)
                replace_file(progress, begun.model_copy(update={"next_point": following}).model_dump_json().encode())
        _check_count(target, name, facts)
        target.finish(name)
        swap_generation(target, name, grace_seconds=SERVER_GRACE_SECONDS)
        progress.unlink(missing_ok=True)
    return Exchanged(name, facts.n_works, n_carried)


def pull(settings: IndexSettings, url: str) -> Exchanged:
    """Carry the serving generation of a server into the embedded engine of a home folder, and let it serve there.

    Raises:
        ExchangeRefused: The server has no index, or the home folder is not one for it.
        EngineLocked: A build is running.
        EngineUnavailable: The server does not answer; the home folder serves what it served.
        VerificationFailed: Another number of works came than the server says.
    """
    if settings.qdrant_url:
        raise ExchangeRefused("EVOKE_QDRANT_URL is set, so the index is on a server: unset it to pull one here")
    with writing(settings.home), closing(_open_server(settings, url)) as source:
        _refuse_own_works(settings.home)
        generation, facts = _serving(source, f"{url} has no index that this version can read")
        with closing(EdgeClient(settings.home / "index")) as target:
            if found := _find_same(target, facts):
                return found
            check_room(
                settings.home,
                ROOM_BYTES + facts.n_works * ROOM_BYTES_PER_WORK,
                "the index needs {} while it is pulled",
                "free some space; the old index goes on serving",
            )
            _remove_unserved(target)
            alone = settings.model_copy(
                update={"shard_number": None, "replication_factor": None, "write_consistency_factor": None}
            )
            name, n_carried = create_generation(target, facts, alone), 0
            with KnownWriter(settings.known_folder / name, facts.value_ids) as known:
                for records, _ in _pages(source, generation, 0, facts.n_works):
                    points = _points(records)
                    known.add(points)
                    target.upsert(name, points, wait=True)
                    n_carried += len(records)
                _check_count(target, name, facts)
                mark_twins(target, name, known.finish(facts))
            target.finish(name)
            swap_generation(target, name)
        remove_others(settings.known_folder, name)
    return Exchanged(name, facts.n_works, n_carried)


def _open_server(settings: IndexSettings, url: str) -> Engine:
    return open_engine(
        url,
        api_key=settings.engine_key,
        timeout_seconds=settings.qdrant_timeout_seconds,
        patience_seconds=settings.qdrant_retry_seconds,
        ca_file=settings.qdrant_ca_file,
    )


def _serving(engine: Engine, missing: str) -> tuple[str, GenerationFacts]:
    """Return the serving generation and its facts.

    Raises:
        ExchangeRefused: There is none that this version can read.
    """
    generation = serving_generation(engine)
    facts = read_facts(engine, generation) if generation else None
    if generation is None or facts is None:
        raise ExchangeRefused(missing)
    return generation, facts


def _find_same(target: Engine, facts: GenerationFacts) -> Exchanged | None:
    """Return the serving generation of the target if it has the same content."""
    serving = serving_generation(target)
    there = read_facts(target, serving) if serving and target.collection_exists(serving) else None
    if serving is None or there is None:
        return None
    is_same = (there.fingerprint, there.built_at) == (facts.fingerprint, facts.built_at)
    return Exchanged(serving, there.n_works, 0) if is_same else None


def _read_begun(path: Path, url: str, facts: GenerationFacts) -> _Begun | None:
    """Return the publication that was begun, if it is of the same generation to the same server."""
    try:
        begun = _Begun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    is_same = (begun.url, begun.fingerprint, begun.built_at) == (url, facts.fingerprint, facts.built_at)
    return begun if is_same else None


def _remove_unserved(engine: Engine, but: str | None = None) -> None:
    """Remove the generations that ended runs left, but for one."""
    kept = {serving_generation(engine), but}
    for name in generations(engine):
        if name not in kept:
            engine.delete_collection(name)


def _pages(
    source: Engine, generation: str, next_point: int | str, n_works: int
) -> Iterator[tuple[Sequence[models.Record], Any]]:
    """Yield the points of a generation from an id on, in the order of their ids, each time with the next id.

    Raises:
        ExchangeRefused: The generation was replaced meanwhile.
    """
    offset: Any = next_point
    with show_progress("works", "carrying", n_works) as progress:
        while offset is not None:
            try:
                records, offset = source.scroll(
                    generation, limit=BATCH, offset=offset, with_payload=True, with_vectors=True
                )
            except CollectionNotFound as error:
                raise ExchangeRefused(f"{generation} was replaced meanwhile: run the command again") from error
            if records:
                yield records, offset
            progress.update(len(records))


def _points(records: Sequence[models.Record]) -> list[models.PointStruct]:
    points = ((record.id, record.vector, record.payload) for record in records)
    # They are not validated again: to build these models takes longer than to read the points.
    return [models.PointStruct.model_construct(None, id=i, vector=v, payload=p) for i, v, p in points]  # type: ignore[arg-type]


def _check_count(engine: Engine, generation: str, facts: GenerationFacts) -> None:
    count = engine.count(generation, exact=True).count
    if count != facts.n_works:
        raise VerificationFailed(
            f"{generation}: has {count:,} works, but {facts.n_works:,} were to be carried; run the command again"
        )


def _refuse_own_works(home: Path) -> None:
    """Refuse a home folder that has works of its own: the next `evoke index` there would replace the pulled index."""
    if not (home / "store.sqlite3").exists():
        return
    with Store(home) as store:
        n_works = store.count_works()
    if n_works:
        raise ExchangeRefused(
            f"{home} has {n_works:,} works of its own, from which `evoke index` builds its index: pull into another "
            "EVOKE_HOME"
        )
