"""ServerClient: a `QdrantClient` whose failures are the engine's errors."""

import functools
import time
from collections.abc import Callable
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from indexer.engine.errors import (
    BadRequest,
    CollectionExists,
    CollectionNotFound,
    EngineError,
    EngineUnavailable,
    NotSupported,
    RequestRefused,
)
from indexer.engine.protocol import ENGINE_METHODS

REFUSALS = {400: BadRequest, 404: CollectionNotFound, 409: CollectionExists, 422: BadRequest}
POLL_SECONDS = 0.5


class ServerClient(QdrantClient):
    """`QdrantClient` for a server, a cluster or (in tests) ':memory:', with the errors of `indexer.engine.errors`."""

    def finish(self, collection_name: str, timeout_seconds: float = 3600) -> None:
        """Wait until a collection is optimised: its status is green.

        Raises:
            EngineUnavailable: it is not, after `timeout_seconds`.
        """
        deadline = time.monotonic() + timeout_seconds
        while (status := self.get_collection(collection_name).status) != models.CollectionStatus.GREEN:
            if time.monotonic() > deadline:
                raise EngineUnavailable(f"Collection {collection_name} is still {status.value}")
            time.sleep(POLL_SECONDS)


def engine_error(error: Exception) -> EngineError:
    """The engine's error for one of `qdrant_client`'s."""
    if isinstance(error, NotImplementedError):
        return NotSupported(str(error))
    if isinstance(error, ResponseHandlingException):
        return EngineUnavailable(f"The engine does not answer: {error.source}")
    if isinstance(error, UnexpectedResponse):
        return _response_error(error)
    message = str(error)
    if message.startswith(("Collection ", "Alias ")):
        if message.endswith(" not found"):
            return CollectionNotFound(message)
        if message.endswith(" already exists"):
            return CollectionExists(message)
    return BadRequest(message)


def _response_error(error: UnexpectedResponse) -> EngineError:
    try:
        message = str(error.structured()["status"]["error"])
    except (ValueError, KeyError, TypeError):
        message = str(error)
    status = error.status_code or 500
    if status in (408, 429) or status >= 500:
        return EngineUnavailable(f"The engine answered {status}: {message}")
    # A point that was not found is a 404 too, but the collection is there.
    if status == 404 and "ollection" not in message:
        return BadRequest(message, status)
    return REFUSALS.get(status, RequestRefused)(message, status)


def _translated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def translated_method(*arguments: Any, **named: Any) -> Any:
        try:
            return method(*arguments, **named)
        except EngineError:
            raise
        except (UnexpectedResponse, ResponseHandlingException, ValueError, NotImplementedError) as error:
            raise engine_error(error) from error

    return translated_method


for _name in ENGINE_METHODS:
    setattr(ServerClient, _name, _translated(getattr(QdrantClient, _name)))
