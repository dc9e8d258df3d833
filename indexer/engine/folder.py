"""Write files and folders so that they are complete or absent, even after a crash."""

import errno
import os
import shutil
import tempfile
import time
from pathlib import Path

Stamp = tuple[int, int, int]


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically: readers see the old content or the new. It is on disk before this returns.

    Each version has another stamp: its time is set later than the old one's, since inode numbers are reused and clocks
    are coarse.
    """
    old = file_stamp(path)
    modified_ns = time.time_ns() if old is None else max(time.time_ns(), old[1] + 1_000_000)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.utime(temporary, ns=(modified_ns, modified_ns))
            # mkstemp's mode 0600 would lock out readers that run as another user.
            Path(temporary).chmod(0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_path(path.parent)


def sync_path(path: Path) -> None:
    """Flush one file, or one folder's list of names, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Flush a folder and everything below it to disk."""
    for folder, _, files in os.walk(path):
        for name in files:
            sync_path(Path(folder, name))
        sync_path(Path(folder))


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder's files. Holes stay holes, and file systems that can share the content of files do so."""
    for folder, _, files in os.walk(source):
        copy = target / Path(folder).relative_to(source)
        copy.mkdir(parents=True, exist_ok=True)
        for name in files:
            _copy_file(Path(folder, name), copy / name)


def _copy_file(source: Path, target: Path) -> None:
    if hasattr(os, "copy_file_range"):
        try:
            _copy_data(source, target)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV):
                raise
        else:
            return
    shutil.copyfile(source, target)


def _copy_data(source: Path, target: Path) -> None:
    """Copy the parts of a file that are not holes."""
    with source.open("rb") as read, target.open("wb") as written:
        size = os.fstat(read.fileno()).st_size
        os.ftruncate(written.fileno(), size)
        place = 0
        while place < size:
            try:
                place = os.lseek(read.fileno(), place, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # the rest is a hole
                    return
                raise
            end = os.lseek(read.fileno(), place, os.SEEK_HOLE)
            while place < end:
                n_bytes = os.copy_file_range(read.fileno(), written.fileno(), end - place, place, place)
                if not n_bytes:
                    raise OSError(errno.EIO, "became shorter while it was copied", str(source))
                place += n_bytes


def bytes_on_disk(path: Path) -> int:
    """Return the bytes that a folder takes on the disk. The empty parts of its files take none."""
    return sum(each.stat().st_blocks * 512 for each in path.rglob("*"))


def file_stamp(path: Path) -> Stamp | None:
    """Return inode, time and size of a file, which change when it is replaced; None if there is no file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
