"""The HTTP service: the API under /v1, the page at /, and the server that carries both."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, SecretStr
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search_api.errors import IndexUnavailable
from search_api.service import page, problems
from search_api.service.routes import Searching, api, health
from search_api.service.security import BindingRefused, Guard, check_binding
from search_api.settings import SearchSettings

_SHUTDOWN_SECONDS = 10

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
    """Return the service that the environment describes, for each worker process."""
    _log_to_stderr()
    return create_app(SearchSettings())


def serve(settings: SearchSettings, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT, answering what was begun.

    Raises:
        BindingRefused: the service will not, or cannot, listen there.
    """
    import uvicorn

    check_binding(host, settings.api_key)
    check_port(host, port)
    _log_to_stderr()
    # uvicorn stops gracefully, then raises the signal once more; caught here, the process ends with 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    _set_environment(settings_to_environment(settings))
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"Evoke answers at http://{shown}:{port}/ (Ctrl+C ends it)\n")
    uvicorn.run(
        "search_api.service.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def check_port(host: str, port: int) -> None:
    """Refuse early, in one line, where the service cannot listen.

    Raises:
        BindingRefused: The port is taken or not permitted, or the host is not an address of this machine.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        why = "another process listens there" if error.errno == errno.EADDRINUSE else error.strerror
        raise BindingRefused(f"cannot listen on {host} port {port}: {why}") from None


def settings_to_environment(settings: SearchSettings) -> dict[str, str | None]:
    """Return the variables from which a worker process reads the same settings; None for an unset one."""
    prefix = settings.model_config["env_prefix"]
    return {f"{prefix}{name}".upper(): _to_text(setting) for name, setting in settings}


def _to_text(setting: Any) -> str | None:
    if isinstance(setting, SecretStr):
        return setting.get_secret_value()
    if isinstance(setting, BaseModel):
        return setting.model_dump_json()
    return None if setting is None else str(setting)


def _set_environment(variables: Mapping[str, str | None]) -> None:
    for name, text in variables.items():
        os.environ.pop(name, None)
        if text is not None:
            os.environ[name] = text


def _open_search(settings: SearchSettings) -> Searching:
    from search_api.search import open_search

    return open_search(settings)


class _HeadAsGet:
    """Answers HEAD like GET, with the same headers and without a body (RFC 9110, 9.3.2)."""

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


def _log_to_stderr() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
