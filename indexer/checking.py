"""Read everything in the home folder once, and say of each thing whether it is as it was written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from indexer.collection import generations
from indexer.database import is_damage
from indexer.encoder.kept_models import COMPILED, RECORD
from indexer.engine import EdgeClient, Engine, EngineDamaged, open_engine_of
from indexer.engine.manifest import MANIFEST, Damage, find_damage
from indexer.errors import StoreDamaged
from indexer.reviews.review_table import is_changed, read_reviews, record_digest
from indexer.serving import read_facts, serving_generation
from indexer.settings import StorageSettings

KNOWN = "known"
"""The folder of the home folder with what was derived from generations, each in a folder of the generation's name."""


@dataclass(frozen=True)
class Checked:
    """A thing that was checked.

    Attributes:
        name: What it is.
        state: In a few words: sound, or what is wrong and what to do.
        n_bytes: Its size.
        is_damaged: Whether it is not as it was written.
    """

    name: str
    state: str
    n_bytes: int = 0
    is_damaged: bool = False


def check_home(settings: StorageSettings) -> Iterator[Checked]:
    """Yield everything in the home folder, checked. The caller holds the writer lock.

    A damaged file gets a new time: the next process that opens it reads it and notices.

    Raises:
        EngineUnavailable: A server does not answer, or files cannot be opened though they are sound.
    """
    n_works, store = check_store(settings.home / "store.sqlite3")
    yield store
    if settings.qdrant_url:
        with closing(open_engine_of(settings)) as engine:
            yield _check_served(engine, "index on the server", n_works, "; its files are the server's: not read")
    elif (settings.home / "index").is_dir():
        with closing(EdgeClient(settings.home / "index", read_only=True)) as engine:
            yield from _check_index(engine, n_works)
    else:
        yield Checked("index", "there is none yet: `evoke index` builds it")
    for folder in _subfolders(settings.home / KNOWN):
        yield _from_damages(f"{KNOWN}/{folder.name}", find_damage(folder, read_all=True), folder, "the next search")
    for folder in _subfolders(settings.home / "models"):
        yield from _check_model(folder)


def check_store(path: Path) -> tuple[int | None, Checked]:
    """Return how many works a store has, None if that cannot be read, and whether the file is sound.

    SQLite checks its pages and indexes; of records and reviews, which everything else is made from, the digests are
    checked too.
    """
    if not path.exists():
        return None, Checked(path.name, "there is none yet: `evoke index` builds it")
    n_bytes = sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())
    try:
        with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as connection:
            problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if problem != "ok":
                raise StoreDamaged(path, " ".join(problem.removeprefix("*** in database main ***").split()))
            n_records = 0
            has_reviews = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'review'").fetchone()
            for id_, digest, body in connection.execute("SELECT id, digest, body FROM record"):
                n_records += 1
                reviews = read_reviews(connection, id_) if has_reviews else []
                if record_digest(body.encode(), reviews) != digest or any(map(is_changed, reviews)):
                    raise StoreDamaged(path, f"the record {id_!r} is not as it was stored")
            n_works = int(connection.execute("SELECT count(*) FROM work").fetchone()[0])
    except StoreDamaged as error:
        return None, Checked(path.name, str(error), n_bytes, is_damaged=True)
    except sqlite3.Error as error:
        problem = str(StoreDamaged(path, error)) if is_damage(error) else f"cannot be read: {error}"
        return None, Checked(path.name, problem, n_bytes, is_damaged=True)
    return n_works, Checked(path.name, f"sound: {n_records:,} records, {n_works:,} works", n_bytes)


def _check_index(engine: EdgeClient, n_works: int | None) -> Iterator[Checked]:
    """Yield the alias and the finished generations of the embedded engine."""
    try:
        serving = serving_generation(engine)
    except EngineDamaged as error:
        yield Checked("alias", str(error), is_damaged=True)
        serving = None
    for name in generations(engine):
        folder = engine.path / "collections" / name
        damages = engine.find_damage(name, read_all=True)
        _mark([folder / "collection.json"] if damages else [])  # by which services that have it open notice
        role = "serves" if name == serving else "does not serve: the next build removes it"
        checked = _from_damages(f"index {name}", damages, folder, f"{role}; `evoke index`")
        if not checked.is_damaged and name == serving:
            checked = _check_served(engine, f"index {name}", n_works, _manifest_note(folder), checked.n_bytes)
        yield checked
    if serving and serving not in generations(engine):
        yield Checked(f"index {serving}", f"the alias names it, but it is missing: {REBUILD}", is_damaged=True)
    if serving is None and not generations(engine):
        yield Checked("index", "there is none yet: `evoke index` builds it")


REBUILD = "`evoke index` builds it again from the store"


def _check_served(engine: Engine, name: str, n_stored: int | None, note: str, n_bytes: int = 0) -> Checked:
    """Compare the number of works in the serving generation with what was written, and with the store."""
    try:
        serving = serving_generation(engine)
        if serving is None:
            return Checked(name, "there is none yet: `evoke index` builds it")
        facts = read_facts(engine, serving)
        n_works = engine.count(serving, exact=True).count
    except EngineDamaged as error:
        return Checked(name, str(error), n_bytes, is_damaged=True)
    if facts is None:
        return Checked(name, f"was built by another version of Evoke: {REBUILD}", n_bytes)
    if n_works != facts.n_works:
        return Checked(name, f"has {n_works:,} works instead of {facts.n_works:,}: {REBUILD}", n_bytes, is_damaged=True)
    behind = "" if n_stored in (None, n_works) else f", and the store has {n_stored:,}: run `evoke index`"
    return Checked(name, f"sound, serves: {n_works:,} works{behind}{note}", n_bytes)


def _manifest_note(folder: Path) -> str:
    if (folder / MANIFEST).exists():
        return ""
    return "; an earlier version wrote no manifest, so its files cannot be compared: the next new index has one"


def _check_model(folder: Path) -> Iterator[Checked]:
    """Yield a converted model, and what OpenVINO has compiled of it, or of a shipped model of this name."""
    name = f"models/{folder.name}"
    if (folder / MANIFEST).exists():
        yield _from_damages(
            name, find_damage(folder, ignored=(COMPILED,), read_all=True), folder, "the next command that needs it"
        )
    elif (folder / RECORD).exists():
        yield Checked(name, "an earlier version wrote no manifest: it cannot be compared", folder_bytes(folder))
    compiled = folder / COMPILED
    if (compiled / MANIFEST).exists():
        yield _from_damages(
            f"{name}/{COMPILED}", find_damage(compiled, read_all=True), compiled, "the next command that needs it"
        )


def _from_damages(name: str, damages: Iterable[Damage], folder: Path, healer: str) -> Checked:
    found = list(damages)
    if not found:
        return Checked(name, "sound", folder_bytes(folder))
    _mark(damage.path for damage in found)
    more = f", and {len(found) - 1:,} more files" if len(found) > 1 else ""
    return Checked(name, f"{found[0]}{more}; {healer} makes it again", folder_bytes(folder), is_damaged=True)


def _mark(paths: Iterable[Path]) -> None:
    """Give files a new time, so that the next process that opens them reads them and notices the damage."""
    for path in paths:
        with suppress(OSError):
            os.utime(path)


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, without hidden ones, which are not complete."""
    folders = folder.iterdir() if folder.is_dir() else ()
    return sorted(each for each in folders if each.is_dir() and not each.name.startswith("."))


def folder_bytes(folder: Path) -> int:
    """Return the sizes of all files in a folder together."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
