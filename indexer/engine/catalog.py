"""The folder of the embedded engine: its collections and their open shards.

aliases.json                      alias to collection
writer.lock  writer.json          the writer's lock, and who holds it
collections/NAME/collection.json  schema, metadata, time of finishing; a collection exists if this file does
collections/NAME/shard/           Qdrant Edge's own files
snapshots/NAME/*.snapshot         backups
"""

import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import qdrant_edge as edge
from pydantic import BaseModel, ConfigDict
from qdrant_client import models

from indexer.engine.alias import AliasFile
from indexer.engine.errors import BadRequest, CollectionExists, CollectionNotFound, EngineUnavailable
from indexer.engine.folder import copy_tree, file_stamp, replace_file, sync_path
from indexer.engine.schema import FORBIDDEN_IN_NAMES, check_collection_name, edge_config
from indexer.engine.shard import Shard, load_shard
from indexer.engine.vectors import VectorShape, vector_shapes


class StoredCollection(BaseModel):
    """The content of `collection.json`."""

    model_config = ConfigDict(frozen=True)

    request: models.CreateCollection
    created_at: datetime
    finished_at: datetime | None = None


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
        self.aliases = AliasFile(path / "aliases.json")
        self._read_only = read_only
        self._folder = path / "collections"
        self._open: dict[str, OpenCollection] = {}
        self._lock = threading.RLock()

    def names(self) -> list[str]:
        """Return the names of all collections, sorted."""
        if not self._folder.is_dir():
            return []
        return sorted(each.name for each in self._folder.iterdir() if self._stored(each.name) is not None)

    def resolve(self, name: str) -> str:
        """Return the collection that an alias stands for, or the name itself."""
        return self.aliases.read().get(name, name)

    def open(self, name_or_alias: str) -> OpenCollection:
        """Return the collection with this name or alias. It is loaded on first use, and again after it was replaced.

        Raises:
            CollectionNotFound: There is none.
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
        if current is not None and current.stamp == file_stamp(current.path):
            return current
        with self._lock:
            return self._load(name, asked)

    def create(self, name: str, stored: StoredCollection) -> None:
        """Add an empty collection.

        Raises:
            CollectionExists: The name belongs to a collection or an alias.
        """
        config = edge_config(stored.request)
        shard = self._new_folder(name) / "shard"
        self._keep(name, stored, Shard(edge.EdgeShard.create(str(shard), config)))
        sync_path(self._folder)

    def copy(self, source: str, name: str) -> None:
        """Add a copy of a finished collection that can be written to.

        Raises:
            CollectionNotFound: There is no source.
            CollectionExists: The name belongs to a collection or an alias.
        """
        stored = self._stored(source)
        if stored is None:
            raise CollectionNotFound(f"Collection {source} not found")
        if stored.finished_at is None:
            raise BadRequest(f"Collection {source} is not finished")
        folder = self._new_folder(name)
        copied = stored.model_copy(update={"created_at": datetime.now(UTC), "finished_at": None})
        try:
            copy_tree(self._folder / source / "shard", folder / "shard")
            self._keep(name, copied, load_shard(folder / "shard"))
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

    def delete(self, name: str) -> bool:
        """Remove a collection and return whether there was one; processes that have it open can go on reading it."""
        if name not in self.names():
            return False
        self.release(name)
        self.discard(self._folder / name)
        return True

    def discard(self, folder: Path) -> None:
        """Remove a folder: rename it first, so that it disappears for every process at once, then delete its files."""
        doomed = folder.with_name(f".deleted-{uuid.uuid4().hex}")
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    def clear_leftovers(self) -> None:
        """Remove what a killed writer left half deleted or half restored. Only the writer may call this."""
        self._folder.mkdir(exist_ok=True)
        for leftover in self._folder.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True)

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

    def abandon(self, name: str) -> None:
        """Forget a collection without closing its shard: closing would wait for the call that still runs on it."""
        self._open.pop(name, None)

    def _load(self, name: str, asked: str) -> OpenCollection:
        path = self._folder / name / "collection.json"
        stamp = file_stamp(path)
        current = self._open.get(name)
        if current is not None and current.stamp == stamp:
            return current
        # Old shards are dropped, not closed: threads may still query them. Each closes when its last user is done.
        stale = [each.name for each in self._open.values() if each.name == name or file_stamp(each.path) is None]
        for old in stale:
            del self._open[old]
        stored = self._stored(name)
        if stamp is None or stored is None:
            raise CollectionNotFound(f"Collection {asked} not found")
        shard = load_shard(path.parent / "shard")
        self._open[name] = OpenCollection(name, path, stored, stamp, shard, vector_shapes(stored.request))
        return self._open[name]

    def _keep(self, name: str, stored: StoredCollection, shard: Shard) -> None:
        path = self._folder / name / "collection.json"
        replace_file(path, stored.model_dump_json(exclude_none=True).encode())
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
    try:
        return StoredCollection.model_validate_json((folder / "collection.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise EngineUnavailable(f"Collection {folder.name} cannot be read: {error}") from error


def _check_sound(folder: Path) -> None:
    if _read_stored(folder) is None:
        raise BadRequest("The snapshot holds no collection")
    load_shard(folder / "shard").close()
