"""The file of feedback: append a line, and delete lines, while other processes do the same."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

import orjson

from crawler.whole_files import replacing


def append_whole(path: Path, line: bytes) -> None:
    """Append a line to a file that others append to as well; it is for its owner alone.

    The lock lets a failed write be taken back: else a part of a line would stay, and the next one would be glued to it.
    After a crash of the machine the last line may be cut; then the new one begins on a line of its own.

    Raises:
        OSError: It cannot be written; the file is as before.
    """
    with _locked(path, os.O_CREAT) as file:
        size = os.fstat(file).st_size
        is_cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        try:
            whole = b"\n" + line if is_cut else line
            if os.write(file, whole) < len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise


def delete_lines(path: Path, text: str, day: date | None = None) -> tuple[int, int]:
    """Delete the lines whose request has a text, in one step; return how many were deleted, and how many are left.

    Capitals and the ways to write an accent do not count. A line that is cut is searched as it is.

    Args:
        path: The file.
        text: The text.
        day: Only lines of this day.

    Raises:
        OSError: The file cannot be read or replaced; it is as before.
    """
    sought = _plain(text)
    with _locked(path) as file:
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not _has(line, sought, day)]
        if len(kept) < len(lines):
            with replacing(path, os.fstat(file).st_mode & 0o777) as unfinished, unfinished.open("wb") as replaced:
                replaced.write(b"".join(kept))
                replaced.flush()
                os.fsync(replaced.fileno())
    return len(lines) - len(kept), len(kept)


@contextmanager
def _locked(path: Path, flags: int = 0) -> Iterator[int]:
    """Open a file and lock it, the one that has the name now: it may have been replaced while the lock was waited for.

    Raises:
        OSError: It cannot be opened.
    """
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_named(file, path):
                yield file
                return
        finally:
            os.close(file)


def _is_named(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _has(line: bytes, sought: str, day: date | None) -> bool:
    try:
        kept = orjson.loads(line)
        texts, kept_day = list(_texts(kept.get("request"))), kept.get("day")
    except (orjson.JSONDecodeError, AttributeError):
        texts, kept_day = [line.decode("utf-8", "replace")], None
    return day in (None, date.fromisoformat(kept_day) if kept_day else None) and any(
        sought in _plain(text) for text in texts
    )


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _plain(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())
