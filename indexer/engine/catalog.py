"""The folder of the embedded engine: its collections and their open shards.

aliases.json                      alias to collection
writer.lock  writer.json          the writer's lock, and who holds it
collections/NAME/collection.json  schema, metadata, time of finishing; a collection exists if this file does
collections/NAME/manifest.json    sizes, times and SHA-256 of the shard's files once the collection is finished
collections/NAME/shard/           Qdrant Edge's own files
damaged/                          what was found damaged last and set aside
snapshots/NAME/*.snapshot         backups
"""

import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from qdrant_client import models

from indexer.engine.alias import ALIASES, AliasFile
from indexer.engine.errors import BadRequest, CollectionExists, CollectionNotFound, EngineDamaged, no_collection
from indexer.engine.folder import copy_tree, file_stamp, replace_file, sync_path
from indexer.engine.manifest import MANIFEST, Damage, find_damage, first_damage
from indexer.engine.schema import FORBIDDEN_IN_NAMES, check_collection_name, edge_config
from indexer.engine.sealed import seal, unseal
from indexer.engine.shard import Shard, create_shard, load_shard
from indexer.engine.vectors import VectorShape, vector_shapes

COLLECTION = "collection.json"
SHARD = "shard"


class StoredCollection(BaseModel):
    """The content of `collection.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: models.CreateCollection
    created_at: datetime
    finished_at: datetime | None = None
    failed: str | None = None
    """Why a write failed in the middle: the collection cannot be finished."""
    has_manifest: bool = False
    """Whether a manifest lists the files of the finished shard; collections of earlier versions have none."""


@dataclass(frozen=True)
class OpenCollection:
    """A collection whose shard is loaded."""

    name: str
    path: Path
    stored: StoredCollection
    stamp: tuple[int, ...]
    shard: Shard
    shapes: Mapping[str, VectorShape]


class Catalog:
    """The collections below a folder. Reading takes no lock once a shard is loaded.

    A read-only catalog shows finished collections only, never one that a build is still writing.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.aliases = AliasFile(path / ALIASES)
        self._read_only = read_only
        self._folder = path / "collections"
        self._damaged = path / "damaged"
        self._open: dict[str, OpenCollection] = {}
        self._lock = threading.RLock()

    def names(self) -> list[str]:
        """Return the names of all collections, sorted; a damaged one is a collection too."""
        if not self._folder.is_dir():
            return []
        return sorted(each.name for each in self._folder.iterdir() if self._is_there(each.name))

    def _is_there(self, name: str) -> bool:
        try:
            return self._stored(name) is not None
        except EngineDamaged:
            return True

    def resolve(self, name: str) -> str:
        """Return the collection that an alias stands for, or the name itself."""
        return self.aliases.read().get(name, name)

    def open(self, name_or_alias: str) -> OpenCollection:
        """Return the collection with this name or alias. It is loaded on first use, and again after it was replaced.

        Raises:
            CollectionNotFound: There is none.
            EngineDamaged: Its files are not as they were written. Nothing is loaded then: Edge would panic, never
                return, or answer wrongly, depending on the file.
        """
        name = self.resolve(name_or_alias)
        try:
            return self._open_collection(name, name_or_alias)
        except CollectionNotFound:
            # Between resolving and opening, the alias may have been swapped and the old collection deleted.
            if (renewed := self.resolve(name_or_alias)) == name:
                raise
            return self._open_collection(renewed, name_or_alias)

    def _open_collection(self, name: str, asked: str) -> OpenCollection:
        current = self._open.get(name)
        if current is not None:
            stamp = file_stamp(current.path)
            # Its files are open: a reader goes on answering from a collection that was deleted, until it lets it go.
            if stamp == current.stamp or (stamp is None and self._read_only):
                return current
        with self._lock:
            return self._load(name, asked)

    def forget(self, name: str) -> None:
        """Let go of an open collection without closing it: threads may still query it, and the last one closes it."""
        self._open.pop(name, None)

    def create(self, name: str, stored: StoredCollection) -> None:
        """Add an empty collection.

        Raises:
            CollectionExists: The name belongs to a collection or an alias.
        """
        config = edge_config(stored.request)
        shard = self._new_folder(name) / "shard"
        self._keep(name, stored, create_shard(shard, config))
        sync_path(self._folder)

    def copy(self, source: str, name: str) -> None:
        """Add a copy of a finished collection that can be written to.

        Raises:
            CollectionNotFound: There is no source.
            CollectionExists: The name belongs to a collection or an alias.
        """
        stored = self._stored(source)
        if stored is None:
            raise no_collection(source)
        if stored.finished_at is None:
            raise BadRequest(f"Collection {source} is not finished")
        folder = self._new_folder(name)
        copied = stored.model_copy(update={"created_at": datetime.now(UTC), "finished_at": None, "has_manifest": False})
        try:
            copy_tree(self._folder / source / SHARD, folder / SHARD)
            self._keep(name, copied, load_shard(folder / SHARD))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        sync_path(self._folder)

    def _new_folder(self, name: str) -> Path:
        """Return an empty folder for a new collection."""
        check_collection_name(name)
        if name in self.names():
            raise CollectionExists(f"Collection {name} already exists")
        if name in self.aliases.read():
            raise CollectionExists(f"Alias {name} already exists")
        folder = self._folder / name
        # A killed creation may have left a folder without its collection.json.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def restore(self, name: str, unpack: Callable[[Path], None]) -> None:
        """Create or replace a collection with the files that `unpack` writes into a folder; check them first."""
        check_collection_name(name)
        if name in self.aliases.read():
            raise CollectionExists(f"Alias {name} already exists")
        fresh = self._folder / f".restoring-{uuid.uuid4().hex}"
        fresh.mkdir(parents=True)
        try:
            unpack(fresh)
            _check_sound(fresh)
            self.delete(name)
            fresh.rename(self._folder / name)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        sync_path(self._folder)

    def save(self, collection: OpenCollection, stored: StoredCollection, shard: Shard | None = None) -> None:
        """Write a collection's new state; its loaded shard stays unless another is given."""
        self._keep(collection.name, stored, shard or collection.shard)

    def record_failure(self, collection: OpenCollection, problem: str) -> None:
        """Note that a write to a collection failed in the middle; if the disk does not take it, until it is closed."""
        stored = collection.stored.model_copy(update={"failed": problem})
        self._open[collection.name] = replace(collection, stored=stored)
        with suppress(OSError):  # a full disk is a reason to fail
            self._keep(collection.name, stored, collection.shard)

    def reconfigure(self, collection: OpenCollection, request: models.CreateCollection) -> None:
        """Write new parameters of a collection that is not finished; load its shard again with them."""
        config = edge_config(request)
        self.release(collection.name)
        shard = load_shard(collection.path.parent / SHARD, config)
        self._keep(collection.name, collection.stored.model_copy(update={"request": request}), shard)

    def delete(self, name: str) -> bool:
        """Remove a collection and return whether there was one; processes that have it open can go on reading it."""
        if name not in self.names():
            return False
        self.release(name)
        self.discard(self._folder / name)
        return True

    def find_damage(self, name: str, *, read_all: bool) -> list[Damage]:
        """Return the damage of a collection; a finished collection of an earlier version can only lack files.

        Args:
            name: The collection.
            read_all: Read every file; otherwise only those whose time differs.
        """
        folder = self._folder / name
        try:
            stored = _read_stored(folder)
        except EngineDamaged as error:
            return [Damage(folder / COLLECTION, str(error.__cause__))]
        if stored is None:
            return [Damage(folder / COLLECTION, "it is missing")]
        if stored.finished_at is None or not stored.has_manifest:
            return []
        return list(find_damage(folder / SHARD, folder / MANIFEST, read_all=read_all))

    def set_aside(self, name: str) -> Path:
        """Move a damaged collection, or the file `ALIASES`, to the folder `damaged`; return its path."""
        source = self.aliases.path if name == ALIASES else self._folder / name
        self._open.pop(name, None)  # not closed: to close a damaged shard could write, or panic
        self._damaged.mkdir(exist_ok=True)
        target = self._damaged / name
        if target.is_dir():
            shutil.rmtree(target)
        source.rename(target)
        sync_path(source.parent)
        return target

    def forget_set_aside(self) -> None:
        """Remove what was set aside."""
        shutil.rmtree(self._damaged, ignore_errors=True)

    def discard(self, folder: Path) -> None:
        """Remove a folder: rename it first, so that it disappears for every process at once, then delete its files."""
        doomed = folder.with_name(f".deleted-{uuid.uuid4().hex}")
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def clear_leftovers(self) -> None:
        """Remove what a killed writer left half deleted, restored or written. Only the writer may call this."""
        self._folder.mkdir(exist_ok=True)
        for leftover in self._folder.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for draft in [*self.path.glob(f".{ALIASES}-*"), *self._folder.glob(f"*/.{COLLECTION}-*")]:
            draft.unlink(missing_ok=True)

    def release(self, name: str) -> None:
        """Close a collection's shard, if it is open."""
        with self._lock:
            current = self._open.pop(name, None)
        if current is not None:
            current.shard.close()

    def close(self) -> None:
        """Close every shard."""
        for name in list(self._open):
            self.release(name)

    def _load(self, name: str, asked: str) -> OpenCollection:
        path = self._folder / name / COLLECTION
        stamp = file_stamp(path)
        current = self._open.get(name)
        if current is not None and current.stamp == stamp:
            return current
        # Old shards are dropped, not closed: threads may still query them. Each closes when its last user is done.
        is_gone = [each.name for each in self._open.values() if file_stamp(each.path) is None]
        stale = {name, *([] if self._read_only else is_gone)} & self._open.keys()
        for old in stale:
            del self._open[old]
        stored = self._stored(name)
        if stamp is None or stored is None:
            if (self._damaged / name).is_dir():
                raise EngineDamaged(f"Collection {name} was damaged, and is set aside in {self._damaged}")
            raise no_collection(asked)
        _check_files(path.parent, stored)
        shard = load_shard(path.parent / SHARD)
        self._open[name] = OpenCollection(name, path, stored, stamp, shard, vector_shapes(stored.request))
        return self._open[name]

    def _keep(self, name: str, stored: StoredCollection, shard: Shard) -> None:
        path = self._folder / name / COLLECTION
        replace_file(path, seal(stored.model_dump(mode="json", exclude_none=True)))
        stamp = file_stamp(path)
        assert stamp is not None  # noqa: S101 - written a line above, under the writer's lock
        self._open[name] = OpenCollection(name, path, stored, stamp, shard, vector_shapes(stored.request))

    def _stored(self, name: str) -> StoredCollection | None:
        # Names come from requests: they must not lead out of the folder, or to a collection that is half deleted.
        if name.startswith(".") or FORBIDDEN_IN_NAMES.intersection(name):
            return None
        stored = _read_stored(self._folder / name)
        return None if stored is None or (self._read_only and stored.finished_at is None) else stored


def _read_stored(folder: Path) -> StoredCollection | None:
    path = folder / COLLECTION
    try:
        content, is_sealed = unseal(path.read_bytes())
        stored = StoredCollection.model_validate(content)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        problem = "it does not describe a collection" if isinstance(error, ValidationError) else str(error)
        raise EngineDamaged(Damage(path, problem)) from ValueError(problem)
    if stored.has_manifest and not is_sealed:
        raise EngineDamaged(Damage(path, "it has no SHA-256")) from ValueError("it has no SHA-256")
    return stored


def _check_files(folder: Path, stored: StoredCollection) -> None:
    if stored.finished_at is None or not stored.has_manifest:
        return
    if damage := first_damage(folder / SHARD, folder / MANIFEST):
        raise EngineDamaged(damage)


def _check_sound(folder: Path) -> None:
    stored = _read_stored(folder)
    if stored is None:
        raise BadRequest("The snapshot holds no collection")
    _check_files(folder, stored)
    load_shard(folder / SHARD).close()
