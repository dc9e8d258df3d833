"""Snapshots: a collection's folder as one tar file, with its SHA-256 in a file beside it."""

import hashlib
import shutil
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qdrant_client import models

from indexer.engine.errors import BadRequest, NotSupported
from indexer.engine.folder import sync_path, sync_tree

SUFFIX = ".snapshot"
CHECKSUM_SUFFIX = ".checksum"
MAX_STEM_BYTES = 200


def write_snapshot(collection: Path, target: Path) -> models.SnapshotDescription:
    """Pack a collection's folder into a new file in the target folder; a partial file is never visible there."""
    target.mkdir(parents=True, exist_ok=True)
    moment = datetime.now(UTC)
    # The longest name of a collection would be too long with a time and endings.
    stem = collection.name.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    archive = target / f"{stem}-{moment:%Y-%m-%d-%H-%M-%S-%f}{SUFFIX}"
    with tempfile.TemporaryDirectory(dir=target, prefix=".") as temporary:
        draft = Path(temporary, archive.name)
        with tarfile.open(draft, "w") as tar:
            tar.add(collection, arcname=".")
        _checksum_file(archive).write_text(_sha256(draft), encoding="ascii")
        sync_path(draft)
        draft.rename(archive)
    sync_path(target)
    return _describe(archive)


def clear_snapshots(snapshots: Path) -> None:
    """Remove what a killed process left of snapshots: drafts, and checksums of snapshots that do not exist."""
    for draft in snapshots.glob("*/.*"):
        shutil.rmtree(draft, ignore_errors=True)
    for checksum in snapshots.glob(f"*/*{SUFFIX}{CHECKSUM_SUFFIX}"):
        if not checksum.with_suffix("").exists():
            checksum.unlink()


def list_snapshots(target: Path) -> list[models.SnapshotDescription]:
    """Return the snapshots in a folder, oldest first."""
    return [_describe(archive) for archive in sorted(target.glob(f"*{SUFFIX}"))]


def delete_snapshot(target: Path, name: str) -> bool:
    """Delete a snapshot; return whether there was one."""
    archive = target / name
    if archive.parent != target or archive.suffix != SUFFIX or not archive.is_file():
        return False
    archive.unlink()
    _checksum_file(archive).unlink(missing_ok=True)
    return True


def unpack_snapshot(location: str, checksum: str | None, folder: Path) -> None:
    """Unpack a snapshot file into a folder.

    Raises:
        BadRequest: It is missing, damaged, or has another SHA-256 than `checksum`.
    """
    archive = _local_path(location)
    try:
        if checksum is not None and _sha256(archive) != checksum:
            raise BadRequest(f"Snapshot {location} has another checksum than {checksum}")
        with tarfile.open(archive) as tar:
            # The filter keeps files of an untrusted archive inside the folder.
            tar.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise BadRequest(f"Snapshot {location} cannot be read: {error}") from error
    sync_tree(folder)


def _local_path(location: str) -> Path:
    parts = urlsplit(location)
    if parts.scheme in ("http", "https"):
        raise NotSupported("The embedded engine restores snapshots from files only")
    return Path(unquote(parts.path) if parts.scheme == "file" else location)


def _describe(archive: Path) -> models.SnapshotDescription:
    checksum = _checksum_file(archive)
    status = archive.stat()
    return models.SnapshotDescription(
        name=archive.name,
        creation_time=datetime.fromtimestamp(status.st_mtime, UTC).isoformat("T", "seconds"),
        size=status.st_size,
        checksum=checksum.read_text(encoding="ascii") if checksum.exists() else None,
    )


def _checksum_file(archive: Path) -> Path:
    return archive.with_name(archive.name + CHECKSUM_SUFFIX)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
