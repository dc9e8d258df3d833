"""Keep a home folder in one file: the store, the serving generation, and what was derived from it.

A backup is a gzipped tar file. Its first member says what it is, its last lists the SHA-256 of the others, so that a
file that was cut or damaged is noticed. The files of a generation are mostly empty: 237 MB take 3 MB (docs/decisions).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from crawler.extras import installed_version
from indexer.checking import KNOWN, check_store
from indexer.engine import EdgeClient, EngineDamaged
from indexer.engine.folder import sync_path
from indexer.engine.sealed import seal
from indexer.errors import BackupRefused, StorageFailed, StoreDamaged
from indexer.room import check_room
from indexer.serving import serving_generation
from indexer.settings import StorageSettings
from indexer.writing import UNFINISHED, writing

KIND = "evoke backup"
BACKUP_VERSION = 1
HEADER = "backup.json"
DIGESTS = "digests.json"
STORE = "store.sqlite3"
GENERATION = "generation"
"""The names of members: the header, the list of digests, the store, and the folder of the generation."""

LEAST_FREE_BYTES = 16 * 2**20
"""Bytes that stay free, since other processes fill the disk too."""
COMPRESSION = 1
"""Of gzip's levels the fastest."""


@dataclass(frozen=True)
class BackupReport:
    """What a backup holds.

    Attributes:
        n_works: Works in the store.
        generation: The serving generation; None if it is on a server, or if there is none.
        n_bytes: The size of the file.
    """

    n_works: int
    generation: str | None
    n_bytes: int


def back_up(settings: StorageSettings, target: Path) -> BackupReport:
    """Write a backup; the file appears under its name when it is complete. No build may run meanwhile.

    Raises:
        BackupRefused: There is nothing to back up.
        StoreDamaged, EngineDamaged: What would be backed up is damaged.
        EngineLocked: A build is running.
        StorageFailed: The disk has too little room.
    """
    store = settings.home / STORE
    if not store.is_file():
        raise BackupRefused(f"{settings.home} has no store: there is nothing to back up")
    with writing(settings.home, "no backup was written"):
        n_works, checked = check_store(store)
        if n_works is None:
            raise StorageFailed(checked.state)
        generation = None if settings.qdrant_url else _sound_generation(settings.home / "index")
        folders = _folders(settings.home, generation)
        n_store = _size(store)
        needed = 2 * n_store + sum(_size(path) for _, folder in folders for _, path in _files(folder))
        check_room(
            target.parent,
            needed + LEAST_FREE_BYTES,
            "a backup may need {}",
            "free some space, or name a file on another disk",
        )
        with _draft(target) as (draft, work):
            copy_store(store, work / STORE)
            header = {
                "kind": KIND,
                "version": BACKUP_VERSION,
                "evoke": installed_version(),
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "generation": generation,
                "n_works": n_works,
                "n_bytes": needed - n_store,
            }
            with _open_archive(draft) as archive:
                archive.add_bytes(HEADER, seal(header))
                archive.add(STORE, work / STORE)
                for name, folder in folders:
                    for inside, path in _files(folder):
                        archive.add(f"{name}/{inside}", path)
                archive.add_bytes(DIGESTS, seal({"files": archive.digests}))
    return BackupReport(n_works, generation, target.stat().st_size)


def copy_store(store: Path, target: Path) -> None:
    """Copy a store with all that is committed, by SQLite's own means.

    Raises:
        StoreDamaged: The store cannot be read.
        StorageFailed: The copy cannot be written.
    """
    try:
        with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.OperationalError as error:
        raise StorageFailed(f"{target}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(store, error) from error


class _Archive:
    """A tar file that is being written.

    Attributes:
        digests: The SHA-256 of each member so far.
    """

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.digests: dict[str, str] = {}
        self._tar = tar

    def add(self, name: str, path: Path) -> None:
        """Add a file."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            self._add(name, file, status.st_size, status.st_mtime)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a file with this content."""
        self._add(name, io.BytesIO(content), len(content), datetime.now(UTC).timestamp())

    def _add(self, name: str, file: IO[bytes], n_bytes: int, modified: float) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = n_bytes, modified, 0o644
        reader = DigestingReader(file)
        self._tar.addfile(member, reader)
        self.digests[name] = reader.digest()


@contextmanager
def _open_archive(path: Path) -> Iterator[_Archive]:
    with (
        gzip.open(path, "wb", compresslevel=COMPRESSION) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        yield _Archive(tar)
    sync_path(path)


class DigestingReader(io.RawIOBase):
    """A file that is being read, and the SHA-256 of what was read of it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        content: bytes = self._file.read(size)
        self._hash.update(content)
        return content

    def digest(self) -> str:
        """Return the SHA-256 so far."""
        return self._hash.hexdigest()


def _sound_generation(index: Path) -> str | None:
    """Return the serving generation.

    Raises:
        EngineDamaged: It is damaged.
    """
    if not index.is_dir():
        return None
    with closing(EdgeClient(index, read_only=True)) as engine:
        serving = serving_generation(engine)
        if serving and (damages := engine.find_damage(serving, read_all=True)):
            raise EngineDamaged(damages[0])
        return serving


def _folders(home: Path, generation: str | None) -> list[tuple[str, Path]]:
    """Return the folders that belong into a backup, each with its name there."""
    if generation is None:
        return []
    known = home / KNOWN / generation
    folders = [(GENERATION, home / "index" / "collections" / generation)]
    return [*folders, (KNOWN, known)] if known.is_dir() else folders


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder with their names in it, without hidden ones."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield inside.as_posix(), path


def _size(path: Path) -> int:
    """Return the bytes that a file takes on the disk, or of the file and its log for a store."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_blocks * 512 + (log.stat().st_size if log.exists() else 0)


@contextmanager
def _draft(target: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a file that replaces the target after the block, and a folder for the time of the block, both beside it."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=UNFINISHED) as work:
        draft = Path(work) / "draft"
        yield draft, Path(work)
        draft.replace(target)
    sync_path(target.parent)
