"""One shard of Qdrant Edge that raises the engine's errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import qdrant_edge as edge

from indexer.engine.errors import BadRequest, EngineError, EngineUnavailable

Answer = TypeVar("Answer")

FAULTS = ("Service ", "IO error", "Out of memory", "Operation cancelled", "Timeout")
"""Edge raises plain exceptions. Messages that begin like this are failures of Edge; others are refused requests."""


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
        self._shard.close()


def load_shard(path: Path) -> Shard:
    """Load the shard in a folder.

    Raises:
        EngineUnavailable: Its files are missing, damaged, or not writable by this process.
    """
    try:
        return Shard(edge.EdgeShard.load(str(path)))
    except Exception as error:
        is_denied = any(reason in str(error) for reason in ("Permission denied", "Read-only file system"))
        hint = " (Edge opens its files for writing, even to read them)" if is_denied else ""
        raise EngineUnavailable(f"{path} cannot be opened: {error}{hint}") from error


def _engine_error(message: str) -> EngineError:
    if message.startswith(FAULTS):
        return EngineError(message)
    return BadRequest(message, 404 if message.startswith("No point with id") else 400)


def translated(call: Callable[..., Answer]) -> Callable[..., Answer]:
    """Return the call with Edge's exceptions raised as the engine's errors."""

    def translated_call(*arguments: Any) -> Answer:
        try:
            return call(*arguments)
        except Exception as error:
            raise _engine_error(str(error)) from error

    return translated_call
