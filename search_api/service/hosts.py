"""The header Host: each request of HTTP/1.1 has exactly one, and without an API key it must name this machine.

A web page of another site can let its own name point to 127.0.0.1, and then read the answers of a service that listens
there (DNS rebinding). Its browser still sends the site's name as the host.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from search_api.service.problems import Problem, http_problem, respond

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(rb"(?:\[(?P<address>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::[0-9]{0,5})?")


class HostCheck:
    """Middleware that refuses a request whose Host is missing, repeated, malformed, or not this machine's."""

    def __init__(self, app: ASGIApp, allowed: Collection[str] | None = None) -> None:
        """Set up the check.

        Args:
            app: Answers the other requests.
            allowed: The names and addresses that a host may be, with any port; None: any.
        """
        self._app = app
        self._allowed = None if allowed is None else {host.lower() for host in allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        problem = self._check(scope) if scope["type"] == "http" else None
        if problem:
            await respond(problem)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> Problem | None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1:
            return http_problem(400, "The header Host is given twice")
        if not hosts:
            return http_problem(400, "The header Host is missing") if scope["http_version"] == "1.1" else None
        match = _HOST.fullmatch(hosts[0])
        if not match:
            return http_problem(400, "The header Host is not a host name or address with a port")
        host = (match["address"] or match["name"]).decode().lower()
        if self._allowed is not None and host not in self._allowed:
            return http_problem(421, f"This service answers for {' and '.join(sorted(self._allowed))}, not for {host}")
        return None
