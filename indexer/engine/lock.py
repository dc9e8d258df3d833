"""The writer's lock: one writing process at a time, named to everyone who finds the door shut."""

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from indexer.engine.errors import EngineLocked


class WriterLock:
    """An advisory lock of the operating system on a file that says who holds it.

    The system drops the lock when its holder dies, however it dies, so a leftover file never blocks anyone. The file
    itself stays: deleting it would let two processes lock two files of the same name.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            EngineLocked: another client holds it, with pid, host and since when.
        """
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise EngineLocked(f"{path.parent} is being written by {_describe_holder(path)}") from error
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat("T", "seconds")}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(holder).encode(), 0)

    def release(self) -> None:
        """Let the next writer in; releasing twice does nothing."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1


def _describe_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        # The holder has the lock but has not written its name yet, or has just cleared it.
        return "another process"
