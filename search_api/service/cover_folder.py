"""The covers that the service keeps on disk."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

MOST_KEPT_BYTES = 100 * 10**6
_DAY_SECONDS = 86_400


class CoverFolder:
    """The covers that are kept in a folder. When they need too much room, those used longest ago are removed.

    The time of access of a file says when it was used last, and the time of its change when it was fetched.
    Thread-safe. Services that share a folder each keep to the bound by what they have written themselves, and count
    the whole folder whenever they remove something.

    Args:
        path: The folder, which appears with the first cover.
        most_bytes: The most bytes of all covers.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._n_bytes = most_bytes  # what is there is counted with the first cover that is written
        self._writing = threading.Lock()

    def read(self, name: str, days: int) -> bytes | None:
        """Return a cover that was fetched within so many days; None if there is none that can be read."""
        path = self._path / name
        try:
            fetched = path.stat().st_mtime
            if time.time() - fetched >= days * _DAY_SECONDS:
                return None
            body = path.read_bytes()
            os.utime(path, (time.time(), fetched))
        except OSError:
            return None
        return body

    def write(self, name: str, body: bytes) -> None:
        """Keep a cover; it is there as a whole, or not at all.

        Raises:
            OSError: The folder cannot be written to.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        with self._writing:
            with tempfile.NamedTemporaryFile(dir=self._path, delete=False) as draft:
                draft.write(body)
            Path(draft.name).replace(self._path / name)
            self._n_bytes += len(body)
            if self._n_bytes > self._most_bytes:
                self._n_bytes = self._make_room()

    def _make_room(self) -> int:
        """Remove covers until they keep to the bound, those used longest ago first; return how many bytes are left."""
        kept = [(path.stat(), path) for path in self._path.iterdir()]
        n_bytes = sum(stat.st_size for stat, _ in kept)
        for stat, path in sorted(kept, key=lambda each: each[0].st_atime):
            if n_bytes <= self._most_bytes:
                break
            path.unlink(missing_ok=True)
            n_bytes -= stat.st_size
        return n_bytes
