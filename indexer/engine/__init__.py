"""The storage engine: Qdrant's vocabulary, on a server or embedded.

engine = open_engine("http://a:6333,http://b:6333")     # a server, or nodes of a cluster
engine = open_engine("~/evoke/index", read_only=True)   # embedded, in this process
"""

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
from indexer.engine.opening import open_engine, open_engine_of, split_urls
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
    "open_engine_of",
    "split_urls",
]
