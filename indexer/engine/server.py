"""ServerClient: a `QdrantClient` that raises the engine's errors and orders equal scores by id."""

import functools
import inspect
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from qdrant_client.http.models import QueryResponse

from indexer.engine.errors import (
    BadRequest,
    CollectionExists,
    CollectionNotFound,
    EngineError,
    EngineUnavailable,
    NotSupported,
    RequestRefused,
)
from indexer.engine.nodes import NodesTransport
from indexer.engine.ordering import DEFAULT_LIMIT, orders_by_score, ranked
from indexer.engine.points import filled_points
from indexer.engine.protocol import ENGINE_METHODS

REFUSALS = {400: BadRequest, 404: CollectionNotFound, 409: CollectionExists, 422: BadRequest}
POLL_SECONDS = 0.5


class ServerClient(QdrantClient):
    """`QdrantClient` for a server, a cluster or (in tests) ':memory:'.

    Errors are those of `indexer.engine.errors`; equal scores are ordered as in `indexer.engine.ordering`.
    """

    nodes: NodesTransport | None = None
    """What sends the requests; None for ':memory:'."""

    @classmethod
    def over(cls, nodes: NodesTransport, api_key: str | None, timeout_seconds: float) -> Self:
        """Return a client whose requests go to the nodes of a cluster; it closes them."""
        # The address is never used; with https, the client does not warn of a key over http, which we say ourselves.
        # The nodes compare the versions: the client's own check would warn from another thread.
        client = cls(
            url="https://nodes",
            api_key=api_key,
            timeout=math.ceil(timeout_seconds),
            check_compatibility=False,
            transport=nodes,
        )
        client.nodes = nodes
        return client

    def stop_waiting(self) -> None:
        """Give up on requests that are tried again since no address answers."""
        if self.nodes:
            self.nodes.stop_waiting()

    def finish(self, collection_name: str, timeout_seconds: float = 3600) -> None:
        """Wait until a collection is optimised: its status is green.

        Raises:
            EngineUnavailable: The status is another after `timeout_seconds`.
        """
        deadline = time.monotonic() + timeout_seconds
        while (status := self.get_collection(collection_name).status) != models.CollectionStatus.GREEN:
            if time.monotonic() > deadline:
                raise EngineUnavailable(f"Collection {collection_name} is still {status.value}")
            time.sleep(POLL_SECONDS)

    def forget(self, collection_name: str) -> None:
        """Do nothing: a server forgets a collection when it is deleted."""

    def copy_collection(self, source: str, target: str) -> None:
        """Refuse: a server copies no collection, and all points would cross the network twice.

        Raises:
            NotSupported: Always.
        """
        raise NotSupported(f"A server cannot copy {source} to {target}")

    def rank_points(
        self, collection_name: str, requests: Sequence[models.QueryRequest]
    ) -> list[list[tuple[models.ExtendedPointId, float]]]:
        """Return the ids and scores of the answers to several queries."""
        answers = self.query_batch_points(collection_name, requests)
        return [[(point.id, point.score) for point in answer.points] for answer in answers]


def engine_error(error: Exception) -> EngineError:
    """Return the engine's error for an error of `qdrant_client`."""
    if isinstance(error, NotImplementedError):
        return NotSupported(str(error))
    if isinstance(error, ResponseHandlingException | ResourceExhaustedResponse):
        return EngineUnavailable(f"The engine does not answer: {getattr(error, 'source', error)}")
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
    # A missing point is a 404 too, though the collection exists.
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
        except (
            UnexpectedResponse,
            ResponseHandlingException,
            ResourceExhaustedResponse,
            ValueError,
            NotImplementedError,
        ) as error:
            raise engine_error(error) from error

    return translated_method


def _ordered(query_points: Callable[..., QueryResponse]) -> Callable[..., QueryResponse]:
    """Return the method with answers ordered by score, then id; payload is fetched only for the page returned."""
    signature = inspect.signature(query_points)

    @functools.wraps(query_points)
    def ordered_query(client: QdrantClient, *arguments: Any, **named: Any) -> QueryResponse:
        given = signature.bind(client, *arguments, **named).arguments
        query, prefetch = given.get("query"), given.get("prefetch")
        offset, limit = given.get("offset") or 0, given.get("limit", DEFAULT_LIMIT)
        if not orders_by_score(query) or limit < 1 or offset < 0:
            return query_points(client, *arguments, **named)
        bare = {name: value for name, value in given.items() if name not in ("self", "kwargs")}
        bare |= given.get("kwargs", {}) | {"with_payload": False, "with_vectors": False}

        def search(n_points: int, n_skipped: int) -> list[models.ScoredPoint]:
            return query_points(client, **bare | {"limit": n_points, "offset": n_skipped}).points

        points = list(ranked(search, query, prefetch, offset, limit))
        content = {"with_payload": given.get("with_payload", True), "with_vectors": given.get("with_vectors", False)}
        if points and any(content.values()):
            found = client.retrieve(given["collection_name"], [point.id for point in points], **content)
            points = filled_points(points, found)
        return QueryResponse(points=points)

    return ordered_query


for _name in ENGINE_METHODS:
    setattr(ServerClient, _name, _translated(getattr(QdrantClient, _name)))
ServerClient.query_points = _translated(_ordered(QdrantClient.query_points))  # type: ignore[method-assign]
