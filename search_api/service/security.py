"""Who may ask, the size of a body, and the headers that protect a browser."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.errors import RequestRefused
from search_api.service.keys import KEY_HEADER, given_key
from search_api.settings import Scope as KeyScope

MAX_BODY_BYTES = 256 * 1024
MAX_PARAMETERS = 2_000
"""The most parameters of a link: one that uses every list in full has 900."""
MAX_ENTRIES = 4_000
"""The most entries of a body, of all lists and objects: a profile that uses every list in full has 3,800."""
_LONGEST_PATH = 80
_TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES // 1024} kB"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

key_header = APIKeyHeader(name=KEY_HEADER, auto_error=False, description="Required when the service has a key.")
"""Declares the key in the OpenAPI document; `LockedRoute` checks it."""


class LockedRoute(APIRoute):
    """A route that checks the API key, and whether there is room, before it reads a request.

    It also checks the size of a request's lists before each part is validated.
    A dependency would come too late: FastAPI reads and validates the body before it calls one.
    """

    scope: ClassVar[KeyScope] = "read"
    asks_search: ClassVar[bool] = True

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's own handler, behind the check."""
        answer = super().get_route_handler()

        async def answer_with_key(request: Request) -> Response:
            request.app.state.keys.check(given_key(request.headers), self.scope)
            if self.asks_search:
                request.app.state.backend.check_room()
            await _refuse_long_lists(request)
            return await answer(request)

        return answer_with_key


class AdminRoute(LockedRoute):
    """A route for operators: its key needs the scope `admin`. It is answered however busy the search is."""

    scope = "admin"
    asks_search = False


async def _refuse_long_lists(request: Request) -> None:
    """Refuse a request with too many parts: each that is wrong would cost 15 µs, and a body has room for 125,000.

    Raises:
        HTTPException: The link has more parameters than any that is right, or the body is not complete.
        RequestRefused: The body has more entries than any that is right; the error names the longest list or object.
    """
    if request.scope["query_string"].count(b"&") >= MAX_PARAMETERS:
        raise HTTPException(422, f"The link has more than {MAX_PARAMETERS:,} parameters")
    if request.method != "POST":
        return
    try:
        body = await request.json()
    except (ValueError, RecursionError):  # FastAPI tries again, and says where it is not JSON
        return
    except ClientDisconnect:
        raise HTTPException(400, "The body is not complete") from None
    found = find_too_long(body, MAX_ENTRIES)
    if found:
        path, n_entries = found
        limit = f"a body may have {MAX_ENTRIES:,} in all its lists and objects"
        raise RequestRefused(path or "body", f"has {n_entries:,} entries; {limit}")


def find_too_long(document: Any, most: int) -> tuple[str, int] | None:
    """Return the longest list or object of a JSON document that has more than `most` entries all together.

    Returns:
        Its path and number of entries, of those looked at until there were too many; None if there are not.
    """
    parts: list[tuple[str, Any]] = [("", document)]
    n_entries, longest = 0, ("", 0)
    while parts:
        path, part = parts.pop()
        if isinstance(part, (dict, list)):
            n_entries += len(part)
            longest = max(longest, (path, len(part)), key=lambda each: each[1])
            if n_entries > most:
                return longest
            entries = part.items() if isinstance(part, dict) else enumerate(part)
            parts.extend((f"{path}.{name}".lstrip(".")[:_LONGEST_PATH], entry) for name, entry in entries)
    return None


class Guard:
    """Middleware that adds the security headers to every response and refuses a body that is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a limit on its body, and add the headers to its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, _limited(receive, _announced_bytes(scope)), _with_headers(send))


def _announced_bytes(scope: Scope) -> int:
    announced: bytes = dict(scope["headers"]).get(b"content-length", b"0")
    return int(announced[:20]) if announced.isdigit() else 0  # Python refuses to read numbers of 4,301 digits


def _limited(receive: Receive, announced: int) -> Receive:
    """Return `receive` with a limit on the announced size, and on the received one: a chunked body announces none."""
    n_bytes = 0

    async def limited() -> Message:
        nonlocal n_bytes
        if announced > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *SECURITY_HEADERS]}
        await send(message)

    return with_headers
