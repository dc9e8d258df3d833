"""The HTTP service: the API under /v1, the page at / and the one without JavaScript at /plain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.service import page, plain, problems
from search_api.service.backend import Backend, ThreadBackend
from search_api.service.calls import Searching
from search_api.service.compression import Compression
from search_api.service.covers import Covers, open_covers
from search_api.service.covers import router as cover_router
from search_api.service.deprecation import Deprecating, mark
from search_api.service.feedback import FeedbackKeeper
from search_api.service.hosts import LOCAL_HOSTS, HostCheck
from search_api.service.keys import KeyRing
from search_api.service.metrics import PATH as METRICS_PATH
from search_api.service.metrics import Metrics
from search_api.service.observing import Observing
from search_api.service.operations import name_operation
from search_api.service.routes import api, health
from search_api.service.search_processes import open_pool
from search_api.service.security import AdminRoute, Guard
from search_api.settings import SearchSettings


def create_app(
    settings: SearchSettings,
    search: Searching | None = None,
    *,
    backend: Backend | None = None,
    host: str | None = None,
    covers: Covers | None = None,
) -> FastAPI:
    """Return the service.

    Args:
        settings: Where the index is, the API keys that callers need, and the limits on requests.
        search: A search that answers in threads of this process. None: search processes answer.
        backend: What answers, instead of both. By default it is one search process over the index that `settings`
            name. The service also starts without an index, and answers as soon as there is one.
        host: Where the service listens. Without an API key, a request must then name this host or this machine. None:
            a request may name any host.
        covers: Where covers are found. None: as `settings` say.
    """
    answering = backend or (ThreadBackend(search) if search else open_pool(settings))
    metrics = Metrics(answering)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await answering.start()
            metrics.check()
            yield
        finally:
            metrics.close()
            await answering.close()
            if app.state.covers:
                await app.state.covers.close()

    app = FastAPI(
        title="Evoke",
        summary="Finds films and books by theme, mood and what you learn from them.",
        version="1",
        lifespan=lifespan,
        # FastAPI's own pages load scripts from other hosts, which the content security policy forbids.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=name_operation,
        # FastAPI's own traces hold the query string. Releases without them ignore this.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.backend = answering
    app.state.keys = KeyRing(settings)
    app.state.metrics = metrics
    app.state.feedback = FeedbackKeeper(settings.home) if settings.feedback else None
    app.state.covers = covers or open_covers(settings)
    problems.install(app)
    app.add_middleware(HostCheck, allowed=None if host is None or app.state.keys else (*LOCAL_HOSTS, host))
    app.add_middleware(Guard)
    app.add_middleware(Deprecating)
    app.add_middleware(Compression)
    app.state.observers = [metrics.observe]
    app.add_middleware(Observing, observers=app.state.observers)
    app.add_middleware(_HeadAsGet)
    app.include_router(api)
    app.include_router(health)
    if settings.metrics_port is None:
        app.router.add_api_route(METRICS_PATH, metrics.answer, route_class_override=AdminRoute, include_in_schema=False)
    app.include_router(cover_router)
    # An <img> sends no key.
    page.install(app, covers=app.state.covers is not None and not app.state.keys)
    plain.install(app)
    _describe(app)
    return app


class _HeadAsGet:
    """Middleware that answers HEAD like GET, with the same headers and without a body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


def _describe(app: FastAPI) -> None:
    """Correct the OpenAPI document: refusals are problem+json, and a service without a key asks for none."""
    document = app.openapi()
    mark(document)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        for status, response in operation["responses"].items():
            if status >= "400" and "application/json" in response.get("content", {}):
                response["content"] = {problems.PROBLEM_JSON: response["content"]["application/json"]}
        if not app.state.keys:
            operation.pop("security", None)
    if not app.state.keys:
        document["components"].pop("securitySchemes", None)
