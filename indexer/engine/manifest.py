"""A manifest lists the files of a folder with sizes, times and SHA-256, so that damage is found before they are used.

To open a folder costs one `stat` a file: a file is read only if its time is another than in the manifest, as in a
copied folder. Code that derives files from others writes a manifest beside them, and makes them again if it differs.
"""

import hashlib
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from indexer.engine.folder import replace_file
from indexer.engine.sealed import seal, unseal

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1

SETTLING_SECONDS = 0.1
"""How long a file that differs may be in the middle of a write: Qdrant Edge writes two small files anew, with the same
content, whenever it opens or closes a shard."""


class FileState(BaseModel):
    """A file as it was when the manifest was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    modified_ns: int
    sha256: str
    """See `sha256_of`."""


class Manifest(BaseModel):
    """The files of a folder by their paths in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    files: dict[str, FileState]

    @property
    def n_bytes(self) -> int:
        """The sum of the sizes."""
        return sum(state.size for state in self.files.values())


@dataclass(frozen=True)
class Damage:
    """A file that is not as the manifest has it, and how it differs."""

    path: Path
    problem: str

    def __str__(self) -> str:
        return f"{self.path} is damaged: {self.problem}"


def write_manifest(folder: Path, manifest: Path | None = None, ignored: Collection[str] = ()) -> Manifest:
    """List every file below a folder, and write the list to the file `manifest`, by default `manifest.json` in it.

    The files must be complete. All are read, whatever an earlier manifest says: a file system in memory keeps a file's
    time when it is written through a memory map, as Edge does. The 458 MB of 28,963 works take 0.8 s of processor time.

    Args:
        folder: The folder.
        manifest: Where the list goes.
        ignored: Names of files and folders, directly in the folder, that are not listed.
    """
    manifest = manifest or folder / MANIFEST
    files = {}
    for name, path in _files(folder, manifest, ignored):
        status = path.stat()
        files[name] = FileState(size=status.st_size, modified_ns=status.st_mtime_ns, sha256=sha256_of(path))
    listed = Manifest(version=MANIFEST_VERSION, files=files)
    replace_file(manifest, seal(listed.model_dump()))
    return listed


def read_manifest(manifest: Path) -> Manifest:
    """Return a manifest.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is damaged, or of a newer version.
    """
    try:
        content, is_sealed = unseal(manifest.read_bytes())
        if is_sealed and content.get("version") != MANIFEST_VERSION:
            raise ValueError("it was written by a newer version of Evoke")
        listed = Manifest.model_validate(content)
    except ValidationError as error:
        raise ValueError("it is not a manifest") from error
    if not is_sealed:
        raise ValueError("it has no SHA-256 of its own")
    return listed


def find_damage(
    folder: Path, manifest: Path | None = None, ignored: Collection[str] = (), *, read_all: bool = False
) -> Iterator[Damage]:
    """Yield each file that differs from the manifest: missing, not listed, of another size, or of another content.

    Args:
        folder: The folder.
        manifest: The file with the list, by default `manifest.json` in the folder.
        ignored: As for `write_manifest`.
        read_all: Read every file; otherwise only those whose time differs.
    """
    manifest = manifest or folder / MANIFEST
    try:
        listed = read_manifest(manifest).files
    except (OSError, ValueError) as error:
        yield Damage(manifest, "it is missing" if isinstance(error, FileNotFoundError) else str(error))
        return
    for name, state in listed.items():
        if problem := _problem(folder / name, state, read_all=read_all):
            yield Damage(folder / name, problem)
    for name, path in _files(folder, manifest, ignored):
        if name not in listed:
            yield Damage(path, "it belongs to another folder: the manifest does not list it")


def first_damage(folder: Path, manifest: Path | None = None, ignored: Collection[str] = ()) -> Damage | None:
    """Return the first file that differs from the manifest, found without reading what has its time; None if none does.

    A manifest that is missing counts as damage.
    """
    return next(find_damage(folder, manifest, ignored), None)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file; of JSON, that of its content with sorted keys.

    Edge writes two JSON files anew whenever it opens and closes a shard, with their keys in any order.
    """
    if path.suffix == ".json":
        raw = path.read_bytes()
        with suppress(orjson.JSONDecodeError):
            raw = orjson.dumps(orjson.loads(raw), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(raw).hexdigest()
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(path: Path, expected: FileState, *, read_all: bool) -> str | None:
    """Return how a file differs; one that differs is looked at again, since it may be in the middle of a write."""
    problem = _difference(path, expected, read_all=read_all)
    if problem:
        time.sleep(SETTLING_SECONDS)
        problem = _difference(path, expected, read_all=True)
    return problem


def _difference(path: Path, expected: FileState, *, read_all: bool) -> str | None:
    try:
        status = path.stat()
        if status.st_size != expected.size:
            return f"it has {status.st_size:,} bytes instead of {expected.size:,}"
        if (read_all or status.st_mtime_ns != expected.modified_ns) and sha256_of(path) != expected.sha256:
            return "its content has changed"
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    return None


def _files(folder: Path, manifest: Path, ignored: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder with their names in it, sorted, without hidden ones, which hold no content.

    Edge replaces a file by way of a hidden one, which stays when the process is killed.
    """
    for place, folders, names in os.walk(folder):
        is_top = Path(place) == folder
        folders[:] = sorted(each for each in folders if not each.startswith(".") and not (is_top and each in ignored))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path != manifest and not (is_top and name in ignored):
                yield path.relative_to(folder).as_posix(), path
