"""Hold a home folder's writer lock, and tell failures of the file system in one line."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.folders import make_private_folder
from indexer.engine import EngineDamaged, EngineError, EngineUnavailable
from indexer.engine.lock import WriterLock
from indexer.errors import StorageFailed

UNFINISHED = ".unfinished-"
"""How the names of folders begin in which a command keeps files until they are complete."""


@contextmanager
def writing(home: Path, unchanged: str = "the index is unchanged") -> Iterator[None]:
    """Hold the home folder's writer lock, and say of errors what they leave unchanged.

    What a killed command left unfinished in the folder is removed.

    Args:
        home: The folder, created for its owner only if it is missing.
        unchanged: What an error of the file system or of the engine leaves as it was.

    Raises:
        EngineLocked: Another process is writing.
        StorageFailed: The folder cannot be written.
        EngineUnavailable: As raised within, with what is unchanged.
    """
    try:
        make_private_folder(home)
        lock = WriterLock(home)
    except FileExistsError as error:
        raise StorageFailed(f"{home} is a file: set EVOKE_HOME to a folder") from error
    except OSError as error:
        raise StorageFailed(f"{home} cannot be written: {error.strerror or error}") from error
    try:
        for leftover in home.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    except EngineUnavailable as error:
        if isinstance(error, EngineDamaged):
            raise
        raise EngineUnavailable(f"{error}; {unchanged}: run the command again later") from error
    except OSError as error:
        if isinstance(error, EngineError):
            raise
        raise StorageFailed(f"{error.filename or home}: {error.strerror or error}; {unchanged}") from error
    finally:
        lock.release()
