"""One shard of Qdrant Edge that raises the engine's errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import qdrant_edge as edge

from indexer.engine.errors import BadRequest, EngineDamaged, EngineError, EngineUnavailable, is_panic, panic_error

Answer = TypeVar("Answer")

FAULTS = ("Service ", "IO error", "Out of memory", "Operation cancelled", "Timeout")
"""Edge raises plain exceptions. Messages that begin like this are failures of Edge; others are refused requests."""

DENIALS = ("Permission denied", "Read-only file system")
SHORTAGES = ("os error 12)", "os error 23)", "os error 24)", "os error 28)")
"""Parts of messages of a load that failed although the files are sound: rights; then memory, handles and disk space."""


class Shard:
    """The calls of `EdgeShard`, raising the engine's errors. Queries of several threads run at the same time."""

    def __init__(self, shard: edge.EdgeShard) -> None:
        self._shard = shard
        self.query = translated(shard.query)
        self.query_batch = translated(shard.query_batch)
        self.retrieve = translated(shard.retrieve)
        self.scroll = translated(shard.scroll)
        self.count = translated(shard.count)
        self.facet = translated(shard.facet)
        self.update = translated(shard.update)
        self.info = translated(shard.info)
        self.optimize = translated(shard.optimize)
        self.flush = translated(shard.flush)

    def close(self) -> None:
        """Flush and close."""
        translated(self._shard.close)()


def create_shard(path: Path, config: edge.EdgeConfig) -> Shard:
    """Create an empty shard in a folder that does not exist."""
    return Shard(translated(edge.EdgeShard.create)(str(path), config))


def load_shard(path: Path, config: edge.EdgeConfig | None = None) -> Shard:
    """Load the shard in a folder; with `config`, its configuration becomes this one.

    Raises:
        EngineDamaged: Its files are missing or damaged.
        EngineUnavailable: This process may not write to its files, or the machine has no room, memory or handles left.
    """
    try:
        return Shard(edge.EdgeShard.load(str(path), config))
    except BaseException as error:
        if not is_failure(error):
            raise
        problem = f"{path} cannot be opened: {_one_line(error)}"
        if any(reason in str(error) for reason in DENIALS):
            raise EngineUnavailable(f"{problem} (Edge opens its files for writing, even to read them)") from error
        if any(reason in str(error) for reason in SHORTAGES):
            raise EngineUnavailable(problem) from error
        raise EngineDamaged(problem) from error


def is_failure(error: BaseException) -> bool:
    """Return whether an error is a failure of Edge: an exception, or a panic. Interrupts and exits must pass."""
    return isinstance(error, Exception) or is_panic(error)


def _engine_error(error: BaseException) -> EngineError:
    message = str(error)
    if not isinstance(error, Exception):
        return panic_error(error)
    if message.startswith(FAULTS):
        return EngineError(message)
    return BadRequest(message, 404 if message.startswith("No point with id") else 400)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def translated(call: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return the call with Edge's exceptions and panics raised as the engine's errors."""

    def translated_call(*arguments: Any) -> Answer:
        try:
            return call(*arguments)
        except BaseException as error:
            if not is_failure(error):
                raise
            raise _engine_error(error) from error

    return translated_call
