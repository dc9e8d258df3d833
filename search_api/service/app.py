"""The HTTP service: the API under /v1 and the page at /."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.errors import IndexUnavailable
from search_api.service import problems
from search_api.service.routes import Searching, api, health
from search_api.service.security import Guard
from search_api.settings import SearchSettings

WEB = Path(__file__).parents[1] / "web"

logger = logging.getLogger(__name__)


def create_app(settings: SearchSettings, search: Searching | None = None) -> FastAPI:
    """The service.

    Args:
        settings: where the index is, and the key that callers need.
        search: what answers; by default the index that `settings` name. The service starts without one too, and
            answers as soon as it is there.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if search is None:
            app.state.search = await run_in_threadpool(_open_search, settings)
        try:
            await run_in_threadpool(app.state.search.check)  # so that the first question does not wait for the model
        except IndexUnavailable as error:
            logger.warning("nothing to search yet: %s", error)
        if search is None:
            # To look for garbage among all that is loaded would stop one question in fifty for half a second.
            gc.freeze()
        yield
        app.state.search.close()

    app = FastAPI(
        title="Evoke",
        summary="Finds films and books by what they give you.",
        version="1",
        lifespan=lifespan,
        # FastAPI's own pages load scripts from elsewhere, which the content security policy forbids.
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
    app.mount("/web", _Web(directory=WEB), name="web")
    app.add_api_route("/", _page, include_in_schema=False)
    _document_problems(app)
    return app


def app_from_environment() -> FastAPI:
    """Return the service that the environment describes: what each worker process builds."""
    log_to_stderr()
    return create_app(SearchSettings())


def _open_search(settings: SearchSettings) -> Searching:
    from search_api.search import open_search

    return open_search(settings)


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})


class _Web(StaticFiles):
    """The page's files; a browser asks each time whether they changed, so that an upgrade is seen at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


class _HeadAsGet:
    """Answers HEAD where GET is answered, with the same headers and no body (RFC 9110, 9.3.2)."""

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
    """Let the OpenAPI document say that refusals are problem+json; FastAPI declares every model as plain JSON."""
    operations = [operation for path in app.openapi()["paths"].values() for operation in path.values()]
    for operation in operations:
        for status, response in operation["responses"].items():
            if status >= "400" and "application/json" in response.get("content", {}):
                response["content"] = {problems.PROBLEM_JSON: response["content"]["application/json"]}


def log_to_stderr() -> None:
    """Write log lines to stderr, each with its time."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
