"""The HTTP service: the API under /v1 and the page at /."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.errors import IndexUnavailable
from search_api.service import page, problems
from search_api.service.routes import Searching, api, health
from search_api.service.security import Guard
from search_api.settings import SearchSettings

logger = logging.getLogger(__name__)


def create_app(settings: SearchSettings, search: Searching | None = None) -> FastAPI:
    """Return the service.

    Args:
        settings: Where the index is, and the API key that callers need.
        search: The search that answers; None: the index that `settings` name. The service also starts without an
            index, and answers as soon as there is one.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if search is None:
            app.state.search = await run_in_threadpool(_open_search, settings)
        try:
            await run_in_threadpool(app.state.search.check)  # loads the model before the first request
        except IndexUnavailable as error:
            logger.warning("nothing to search yet: %s", error)
        if search is None:
            # Garbage collection over everything that is loaded would delay one request in fifty by half a second.
            gc.freeze()
        yield
        app.state.search.close()

    app = FastAPI(
        title="Evoke",
        summary="Finds films and books by theme, mood and what you learn from them.",
        version="1",
        lifespan=lifespan,
        # FastAPI's own pages load scripts from other hosts, which the content security policy forbids.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.search = search
    problems.install(app)
    app.add_middleware(Guard)
    app.add_middleware(_HeadAsGet)
    app.include_router(api)
    app.include_router(health)
    page.install(app)
    _document_problems(app)
    return app


def app_from_environment() -> FastAPI:
    """Return the service with the settings of the environment. Each worker process calls this."""
    log_to_stderr()
    return create_app(SearchSettings())


def _open_search(settings: SearchSettings) -> Searching:
    from search_api.search import open_search

    return open_search(settings)


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


def _document_problems(app: FastAPI) -> None:
    """Declare refusals as problem+json in the OpenAPI document; FastAPI declares every model as plain JSON."""
    operations = [operation for path in app.openapi()["paths"].values() for operation in path.values()]
    for operation in operations:
        for status, response in operation["responses"].items():
            if status >= "400" and "application/json" in response.get("content", {}):
                response["content"] = {problems.PROBLEM_JSON: response["content"]["application/json"]}


def log_to_stderr() -> None:
    """Write log lines to stderr, each with its time."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
