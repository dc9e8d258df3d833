"""The server of the tools over HTTP, under the rules of the service."""

from __future__ import annotations

from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from search_api.assistants.server import make_server
from search_api.service.backend import Backend
from search_api.service.front import serve_app
from search_api.service.hosts import LOCAL_HOSTS, HostCheck
from search_api.service.keys import KEY_HEADER, KeyRing
from search_api.service.problems import http_problem, respond
from search_api.service.security import MAX_BODY_BYTES
from search_api.settings import SearchSettings

PATH, HEALTH = "/mcp", "/healthz"


def create_http_app(settings: SearchSettings, backend: Backend, host: str) -> Starlette:
    """Return the server as an HTTP application at `PATH`, under the same rules as the service.

    Each request must carry a key where there are keys; where there are none, it must name this machine as its host,
    and come from no page of another site.
    """
    keys = KeyRing(settings)
    names = (*LOCAL_HOSTS, host)
    written = [f"[{name}]" if ":" in name else name for name in names]
    app = make_server(backend).streamable_http_app(
        streamable_http_path=PATH,
        # Each request stands alone, so there is no session to keep, to leak or to lose.
        stateless_http=True,
        json_response=True,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=TransportSecuritySettings(
            enable_dns_rebinding_protection=not keys,
            allowed_hosts=[f"{name}{port}" for name in written for port in ("", ":*")],
            allowed_origins=[f"http://{name}{port}" for name in written for port in ("", ":*")],
        ),
    )
    app.add_middleware(Gate, keys=keys)
    app.add_middleware(HostCheck, allowed=None if keys else names)
    return app


class Gate:
    """Middleware that refuses a request without a key of the scope `read`, and one that is not sent to the tools.

    `/healthz` needs no key.

    Many clients can send a key only as `Authorization: Bearer`, so this header counts beside X-API-Key. A GET would
    open a stream on which nothing is ever sent.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        """Wrap `app`."""
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == HEALTH and scope["method"] == "GET":
            await JSONResponse({"status": "ok"})(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        try:
            self._keys.check(headers.get(KEY_HEADER, bearer if scheme.lower() == "bearer" else None), "read")
            if scope["path"] != PATH:
                raise HTTPException(404, f"The tools are at {PATH}")
            if scope["method"] != "POST":
                raise HTTPException(405, f"{PATH} takes POST", headers={"Allow": "POST"})
        except HTTPException as error:
            await respond(http_problem(error.status_code, error.detail), error.headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def serve_http(settings: SearchSettings, backend: Backend, host: str, port: int) -> None:
    """Serve over HTTP until SIGTERM, SIGHUP or SIGINT.

    Raises:
        SearchProcessFailed: A file that the settings name, or the index, cannot be used.
    """
    app = create_http_app(settings, backend, host)
    serve_app(app, settings, host, port, backend, f"Evoke answers assistants at {{root}}{PATH}  (Ctrl+C ends it)")
