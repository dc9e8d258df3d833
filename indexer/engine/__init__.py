"""The storage engine: Qdrant's vocabulary, on a server or embedded.

engine = open_engine("http://localhost:6333")          # a server or a cluster
engine = open_engine("~/evoke/index", read_only=True)   # embedded, in this process
"""

from pathlib import Path

from indexer.engine.clear_text import warn_of_clear_text
from indexer.engine.edge import EdgeClient
from indexer.engine.errors import (
    BadRequest,
    CollectionExists,
    CollectionNotFound,
    EngineDamaged,
    EngineError,
    EngineLocked,
    EngineUnavailable,
    NotSupported,
    RequestRefused,
)
from indexer.engine.protocol import Engine
from indexer.engine.server import ServerClient

__all__ = [
    "BadRequest",
    "CollectionExists",
    "CollectionNotFound",
    "EdgeClient",
    "Engine",
    "EngineDamaged",
    "EngineError",
    "EngineLocked",
    "EngineUnavailable",
    "NotSupported",
    "RequestRefused",
    "ServerClient",
    "open_engine",
]


def open_engine(
    location: str | Path, *, api_key: str | None = None, read_only: bool = False, timeout_seconds: int = 60
) -> Engine:
    """Open the engine at a location.

    Args:
        location: An http(s) URL of a Qdrant server, a folder of the embedded engine, or ":memory:" for the slow Python
            engine of `qdrant_client`, which only tests use.
        api_key: The server's key; the embedded engine needs none.
        read_only: Embedded only: take no lock and refuse writes, as every process that serves should.
        timeout_seconds: Server only: how long one request may take.

    Raises:
        EngineLocked: Another process writes to the folder.
    """
    if str(location).startswith(("http://", "https://")):
        if api_key:
            warn_of_clear_text(str(location))
        # The check of versions would warn from another thread; the first request reports a missing server anyway.
        return ServerClient(url=str(location), api_key=api_key, timeout=timeout_seconds, check_compatibility=False)
    if str(location) == ":memory:":
        return ServerClient(":memory:")
    return EdgeClient(Path(location).expanduser(), read_only=read_only)
