"""The engine's errors, the same for the embedded engine and for a server.

EngineError
├── RequestRefused        the request is wrong; also a ValueError and an UnexpectedResponse
│   ├── BadRequest            400: wrong dimension, unknown vector, missing index, bad parameter
│   ├── CollectionNotFound    404: neither a collection nor an alias has this name
│   └── CollectionExists      409: the name is taken
├── NotSupported          this engine lacks the feature; also a NotImplementedError and an AttributeError
├── EngineLocked          another process is writing
└── EngineUnavailable     the server does not answer, or the files cannot be read
    └── EngineDamaged         the files are not as they were written

`QdrantClient` raises `UnexpectedResponse` for a server and `ValueError` in local mode, so RequestRefused is both, and
code written for either keeps working. Only EngineLocked and EngineUnavailable are worth a retry.
"""

import functools
import json
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from httpx import Headers
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse


class EngineError(Exception):
    """Any error of the storage engine."""


Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


class RequestRefused(EngineError, UnexpectedResponse, ValueError):
    """A request that the engine will never accept, with the HTTP status of a server's answer."""

    status_code = 400
    reason_phrase = "Bad Request"

    def __init__(self, message: str, status_code: int | None = None) -> None:
        self.message = message
        content = json.dumps({"status": {"error": message}}).encode()
        UnexpectedResponse.__init__(
            self, status_code or type(self).status_code, type(self).reason_phrase, content, Headers()
        )

    def __str__(self) -> str:
        return self.message


class BadRequest(RequestRefused):
    """The request contradicts the collection or itself."""


class CollectionNotFound(RequestRefused):
    """No collection and no alias has this name."""

    status_code = 404
    reason_phrase = "Not Found"


def no_collection(name: str) -> CollectionNotFound:
    """Return the error for a name that no collection has, in a server's words."""
    return CollectionNotFound(f"Not found: Collection `{name}` doesn't exist!")


class CollectionExists(RequestRefused):
    """The name is taken by a collection or an alias."""

    status_code = 409
    reason_phrase = "Conflict"


class NotSupported(EngineError, NotImplementedError, AttributeError):
    """The engine in use lacks this feature. As an AttributeError, it lets `hasattr` say so of a method."""


class EngineLocked(EngineError):
    """Another process holds the writer's lock; the message names it."""


class EngineUnavailable(EngineError, ResponseHandlingException):
    """The engine cannot be reached or its files cannot be opened."""

    def __init__(self, message: str) -> None:
        ResponseHandlingException.__init__(self, Exception(message))

    def __str__(self) -> str:
        return str(self.source)


class EngineDamaged(EngineUnavailable):
    """Files of the engine are not as they were written; the message names the first and says what to do."""

    def __init__(self, problem: object) -> None:
        self.problem = str(problem)
        super().__init__(f"{problem}: `evoke index` builds the index again from the store")


def is_panic(error: BaseException) -> bool:
    """Return whether an error is a panic of Edge's Rust code.

    It is raised as `pyo3_runtime.PanicException`, which no module exports and which is no `Exception`.
    """
    return type(error).__name__ == "PanicException"


def panic_error(error: BaseException) -> EngineUnavailable:
    """Return the engine's error for a panic."""
    return EngineUnavailable(f"Qdrant Edge has failed: {' '.join(str(error).split())}: run `evoke check`")


def refusing(convert: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """Decorate a conversion to Edge's types: a value that they refuse raises `BadRequest`."""

    @functools.wraps(convert)
    def refusing_convert(*arguments: Parameters.args, **named: Parameters.kwargs) -> Answer:
        try:
            return convert(*arguments, **named)
        except EngineError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            raise BadRequest(str(error)) from error
        except BaseException as error:
            if not is_panic(error):
                raise
            raise panic_error(error) from error

    return refusing_convert
