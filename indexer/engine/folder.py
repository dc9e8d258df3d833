"""Files and folders that are whole or absent, also after a crash."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, content: bytes, modified_ns: int | None = None) -> None:
    """Write a file so that a reader sees the old content or the new, never a part; on disk before it returns."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if modified_ns is not None:
                os.utime(temporary, ns=(modified_ns, modified_ns))
            # mkstemp's 0600 would shut out readers that run as another user.
            os.chmod(temporary, 0o644)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_path(path.parent)


def sync_path(path: Path) -> None:
    """Have the system write one file, or one folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Have the system write a folder and everything below it to the disk."""
    for folder, _, files in os.walk(path):
        for name in files:
            sync_path(Path(folder, name))
        sync_path(Path(folder))
