"""The writer's lock: one process writes at a time; the error that a second one gets names the first."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.engine.errors import EngineLocked
from indexer.engine.folder import replace_file


class WriterLock:
    """A lock of the operating system on `writer.lock`; `writer.json` beside it names the holder.

    The system releases the lock when its holder dies for any reason, so leftover files never block a writer.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            EngineLocked: Another client holds it; the message has its process id, host and start.
        """
        self._holder = folder / "writer.json"
        # Not bound to a thread: any thread may close the client and release the lock.
        self._lock = FileLock(folder / "writer.lock", timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise EngineLocked(f"{folder} is being written by {_describe(self._holder)}: wait until it ends") from error
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat("T", "seconds"),
        }
        replace_file(self._holder, json.dumps(holder).encode())

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()


def _describe(holder_file: Path) -> str:
    try:
        holder = json.loads(holder_file.read_bytes())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        # The holder has not written the file yet, or has just removed it.
        return "another process"
