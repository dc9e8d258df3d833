"""What of the API is deprecated: since when, until when, and what to use instead. docs/api.md has the policy.

An answer to a deprecated route, or to a request that uses a deprecated parameter, has the headers `Deprecation` (RFC
9745), `Link` with the relation `deprecation`, and `Sunset` (RFC 8594). The OpenAPI document marks both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.service.operations import name_operation

POLICY = "https://github.com/evoke-search/evoke/blob/main/docs/api.md#versions"
LEAST_NOTICE = timedelta(days=180)
"""The least time from a deprecation to its sunset."""


@dataclass(frozen=True)
class Deprecation:
    """The deprecation of a route or a parameter.

    Attributes:
        since: The day from which it is deprecated.
        sunset: The day from which it may be gone.
        instead: What to use instead, in a few words.
        link: A page about it.
    """

    since: date
    sunset: date
    instead: str
    link: str = POLICY

    def __post_init__(self) -> None:
        if self.sunset - self.since < LEAST_NOTICE:
            raise ValueError(f"the sunset comes less than {LEAST_NOTICE.days} days after the deprecation")


@dataclass(frozen=True)
class Deprecated:
    """Everything that is deprecated.

    Attributes:
        routes: By the operation id of the route.
        parameters: By the operation id of the route and the name of the query parameter.
    """

    routes: Mapping[str, Deprecation]
    parameters: Mapping[tuple[str, str], Deprecation]

    def of(self, operation_id: str, parameters: Iterable[str]) -> list[Deprecation]:
        """Return the deprecations that a request meets."""
        met = [self.routes.get(operation_id), *(self.parameters.get((operation_id, each)) for each in parameters)]
        return [each for each in dict.fromkeys(met) if each]


DEPRECATED = Deprecated(routes={}, parameters={})
"""Nothing is deprecated today."""


class Deprecating:
    """Middleware that tells a client which of what it uses is deprecated."""

    def __init__(self, app: ASGIApp, deprecated: Deprecated = DEPRECATED) -> None:
        self._app = app
        self._deprecated = deprecated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its response, a refusal too."""

        async def telling_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *to_headers(self._find(scope))]}
            await send(message)

        await self._app(scope, receive, telling_send if scope["type"] == "http" else send)

    def _find(self, scope: Scope) -> list[Deprecation]:
        route = scope.get("route")  # None: no endpoint answers the path
        if not isinstance(route, APIRoute):
            return []
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return self._deprecated.of(name_operation(route), (name for name, _ in query))


def to_headers(met: list[Deprecation]) -> list[tuple[bytes, bytes]]:
    """Return the headers for deprecations: the earliest dates, and a link for each page."""
    if not met:
        return []
    since = int(_midnight(min(each.since for each in met)).timestamp())
    sunset = format_datetime(_midnight(min(each.sunset for each in met)), usegmt=True)
    links = ", ".join(f'<{link}>; rel="deprecation"' for link in dict.fromkeys(each.link for each in met))
    return [(b"deprecation", f"@{since}".encode()), (b"sunset", sunset.encode()), (b"link", links.encode())]


def mark(document: Mapping[str, Any], deprecated: Deprecated = DEPRECATED) -> None:
    """Mark in an OpenAPI document what is deprecated, and say what to use instead."""
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        name = operation["operationId"]
        parts = [(operation, deprecated.routes.get(name))]
        parts += [(each, deprecated.parameters.get((name, each["name"]))) for each in operation.get("parameters", ())]
        for part, found in parts:
            if found:
                part["deprecated"] = True
                note = f"Deprecated since {found.since}; gone from {found.sunset} on. Instead: {found.instead}."
                said = part.get("description", "").rstrip(".")
                part["description"] = f"{said}. {note}" if said else note


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
