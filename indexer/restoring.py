"""Restore a home folder from a backup: everything is read and verified before anything changes."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from indexer.backup import (
    BACKUP_VERSION,
    DIGESTS,
    GENERATION,
    HEADER,
    KIND,
    LEAST_FREE_BYTES,
    STORE,
    DigestingReader,
)
from indexer.checking import KNOWN
from indexer.collection import new_name, remove_unserved, swap_generation
from indexer.engine import EdgeClient, EngineError
from indexer.engine.folder import sync_path, sync_tree
from indexer.engine.sealed import unseal
from indexer.errors import BackupInvalid, BackupRefused
from indexer.healing import set_damage_aside
from indexer.room import check_room
from indexer.settings import StorageSettings
from indexer.store_tables import STORE_VERSION
from indexer.writing import UNFINISHED, writing

BLOCK_BYTES = 2**14
"""Bytes that are read at once, and left out of a file that is written if all are zero."""
ZEROS = bytes(BLOCK_BYTES)
LONGEST_LIST_BYTES = 2**26
"""A list of digests takes 200 bytes a file."""


class Header(BaseModel):
    """What the first member of a backup says."""

    model_config = ConfigDict(frozen=True)

    kind: str
    version: int
    evoke: str
    created_at: str
    generation: str | None
    n_works: int
    n_bytes: int


@dataclass(frozen=True)
class RestoreReport:
    """What was restored.

    Attributes:
        header: What the backup says of itself.
        generation: The generation that serves now; None if the index must be built.
    """

    header: Header
    generation: str | None


def restore(settings: StorageSettings, backup: Path, *, replace: bool = False) -> RestoreReport:
    """Restore the store, the serving generation and what was derived from it.

    Until everything is verified nothing changes. Then the generation is added under a new name, the store is replaced,
    and the alias moves: services go on, with the old index or the new one.

    Args:
        settings: The home folder.
        backup: The file that `back_up` wrote.
        replace: Replace the store and the index that are there.

    Raises:
        BackupInvalid: The file is no backup, is cut or damaged, or was written by a newer version.
        BackupRefused: There is an index, and `replace` is not set.
        EngineLocked: Another process is writing.
        StorageFailed: The disk has too little room.
    """
    home = settings.home
    header = read_header(backup)
    if not replace and ((home / STORE).exists() or (home / "index" / "aliases.json").exists()):
        raise BackupRefused(f"{home} has an index already: --replace replaces it")
    with (
        writing(home, "nothing was restored"),
        tempfile.TemporaryDirectory(dir=home, prefix=UNFINISHED) as place,
    ):
        fresh = Path(place)
        check_room(
            home,
            header.n_bytes + LEAST_FREE_BYTES,
            "the backup needs {}",
            "free some space and run the command again",
        )
        unpack(backup, fresh)
        _check_store(backup, fresh / STORE)
        sync_tree(fresh)
        if settings.qdrant_url or not (fresh / GENERATION).is_dir():
            _replace_store(fresh / STORE, home / STORE)
            return RestoreReport(header, None)
        with closing(EdgeClient(home / "index")) as engine:
            set_damage_aside(engine)
            generation = new_name(engine)
            try:
                engine.adopt(generation, fresh / GENERATION)
            except EngineError as error:
                raise BackupInvalid(f"{backup} holds an index that cannot be used: {error}") from error
            if (fresh / KNOWN).is_dir():
                _adopt_known(fresh / KNOWN, home / KNOWN / generation)
            _replace_store(fresh / STORE, home / STORE)
            swap_generation(engine, generation)
            remove_unserved(engine)
    return RestoreReport(header, generation)


def read_header(backup: Path) -> Header:
    """Return what a backup says of itself.

    Raises:
        BackupInvalid: The file is no backup, or was written by a newer version.
    """
    with _reading(backup) as members:
        name, _, file = next(members, ("", 0, io.BytesIO()))
        if name != HEADER:
            raise BackupInvalid(f"{backup} is not a backup of Evoke")
        return _read_header(backup, file)


def unpack(backup: Path, folder: Path) -> None:
    """Write the files of a backup into a folder, and verify them.

    Raises:
        BackupInvalid: The file is cut or damaged.
    """
    digests: dict[str, str] = {}
    listed: dict[str, str] | None = None
    with _reading(backup) as members:
        for name, modified, file in members:
            if listed is not None or name in digests:
                raise BackupInvalid(f"{backup} is damaged: {name} does not belong there")
            reader = DigestingReader(file)
            if name == DIGESTS:
                listed = _read_list(backup, file)
            elif name == HEADER:
                while reader.read(BLOCK_BYTES):
                    pass
            else:
                _write(reader, folder / name, modified)
            digests[name] = reader.digest()
    digests.pop(DIGESTS, None)
    if listed is None:
        raise BackupInvalid(f"{backup} is cut: its list of files is missing")
    for name in sorted(listed.keys() | digests.keys()):
        if listed.get(name) != digests.get(name):
            raise BackupInvalid(f"{backup} is damaged: {name} has another SHA-256 than it had when it was backed up")
    if STORE not in digests:
        raise BackupInvalid(f"{backup} is damaged: it holds no {STORE}")


@contextmanager
def _reading(backup: Path) -> Iterator[Iterator[tuple[str, float, IO[bytes]]]]:
    """Open a backup; yield the name, the time and the content of each member.

    Raises:
        BackupInvalid: The file cannot be read, or a member is no file with a name that backups have.
    """
    try:
        with gzip.open(backup, "rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                yield _members(backup, tar)
            while packed.read(BLOCK_BYTES):  # to the end, where gzip keeps a sum of all
                pass
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BackupInvalid(f"{backup} is cut, damaged, or not a backup of Evoke: {error}") from error


def _members(backup: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, float, IO[bytes]]]:
    for member in tar:
        file = tar.extractfile(member) if member.isreg() and _is_ours(member.name) else None
        if file is None:
            raise BackupInvalid(f"{backup} is not a backup of Evoke: it holds {member.name!r}")
        yield member.name, member.mtime, file


def _is_ours(name: str) -> bool:
    """Return whether a member's name is one that backups have; none leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or any(part.startswith(".") for part in path.parts) or "\\" in name:
        return False
    return name in (HEADER, DIGESTS, STORE) or (path.parts[0] in (GENERATION, KNOWN) and len(path.parts) > 1)


def _read_header(backup: Path, file: IO[bytes]) -> Header:
    try:
        content, is_sealed = unseal(file.read(BLOCK_BYTES))
    except ValueError as error:
        raise BackupInvalid(f"{backup} is not a backup of Evoke, or is damaged: {error}") from error
    if content.get("kind") != KIND or not is_sealed:
        raise BackupInvalid(f"{backup} is not a backup of Evoke")
    if content.get("version") != BACKUP_VERSION:
        raise BackupInvalid(
            f"{backup} was written by a newer version, Evoke {content.get('evoke')}: install that version to restore it"
        )
    try:
        return Header.model_validate(content)
    except ValidationError as error:
        raise BackupInvalid(f"{backup} is damaged: {HEADER} does not describe a backup") from error


def _read_list(backup: Path, file: IO[bytes]) -> dict[str, str]:
    try:
        content, _ = unseal(file.read(LONGEST_LIST_BYTES))
        listed = content["files"]
        if isinstance(listed, dict):
            return listed
    except (ValueError, KeyError):
        pass
    raise BackupInvalid(f"{backup} is damaged: {DIGESTS} does not list files")


def _write(reader: Any, path: Path, modified: float) -> None:
    """Write a file. Blocks of zeros are left out: the file system returns zeros, and keeps no room for them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while block := reader.read(BLOCK_BYTES):
            if block != ZEROS[: len(block)]:
                file.write(block)
            else:
                file.seek(len(block), os.SEEK_CUR)
        file.truncate()
    os.utime(path, (modified, modified))


def _check_store(backup: Path, store: Path) -> None:
    try:
        with closing(sqlite3.connect(store)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupInvalid(f"{backup} holds a store that cannot be read: {error}") from error
    if version > STORE_VERSION:
        raise BackupInvalid(f"{backup} was written by a newer version of Evoke: it holds a store of version {version}")


def _replace_store(fresh: Path, store: Path) -> None:
    """Put a store in the place of another, whose log would otherwise be taken for the log of the new one."""
    try:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        pass  # it is damaged: what its log has cannot be brought into it
    for suffix in ("-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)
    fresh.replace(store)
    sync_path(store.parent)


def _adopt_known(fresh: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    fresh.rename(target)
