"""The front process: it listens, announces its addresses once it answers, and drains before it ends."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from crawler.extras import installed_version
from crawler.text import count_of
from search_api.service.app import create_app
from search_api.service.backend import Backend
from search_api.service.binding import address
from search_api.service.logs import AccessLog, set_up_logs
from search_api.service.metrics import metrics_app
from search_api.service.protocol import IDLE_SECONDS, BoundedProtocol, most_connections
from search_api.service.search_pool import GRACE_SECONDS
from search_api.service.sentry import send_errors
from search_api.service.traces import send_traces
from search_api.settings import SearchSettings

logger = logging.getLogger(__name__)


def run(settings: SearchSettings, host: str, port: int, backend: Backend) -> None:
    """Serve the API and the page with a backend until SIGTERM, SIGHUP or SIGINT.

    Raises:
        SearchProcessFailed: A file that the settings name, or the index, cannot be used.
    """
    set_up_logs(settings)
    app = create_app(settings, backend=backend, host=host)
    if settings.access_log:
        app.state.observers.append(AccessLog(shows_queries=settings.log_queries))
    BoundedProtocol.observers = app.state.observers
    metrics = None
    if settings.metrics_port is not None:
        metrics = _Beside(
            _configure(
                metrics_app(app.state.metrics), settings, settings.metrics_host, settings.metrics_port, lifespan="off"
            )
        )
    ready = "Evoke answers. Page: {root}/  API: {root}/openapi.json  (Ctrl+C ends it)"
    with send_errors(settings), send_traces(app.state.observers):
        serve_app(app, settings, host, port, backend, ready, metrics)


def serve_app(
    app: ASGIApp,
    settings: SearchSettings,
    host: str,
    port: int,
    backend: Backend,
    ready: str,
    metrics: uvicorn.Server | None = None,
) -> None:
    """Serve an application until SIGTERM, SIGHUP or SIGINT.

    Args:
        app: What answers, by a backend that it closes when its lifespan ends.
        settings: The settings of the service.
        host: Where to listen.
        port: The port to listen on.
        backend: The backend; it is started before the port is open.
        ready: What is written to stderr once requests are answered; `{root}` stands for the address.
        metrics: A server beside it, which starts and ends with it.

    Raises:
        SearchProcessFailed: A file that the settings name, or the index, cannot be used.
    """
    BoundedProtocol.max_connections = most_connections()
    server = _Server(_configure(app, settings, host, port), backend, ready, metrics)
    with _draining(server), suppress(KeyboardInterrupt):
        server.run()


def _configure(
    app: ASGIApp, settings: SearchSettings, host: str, port: int, lifespan: Literal["auto", "off"] = "auto"
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan=lifespan,
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=IDLE_SECONDS,
        # A request under way is answered or refused by its deadline.
        timeout_graceful_shutdown=math.ceil(settings.deadline_seconds + 2 * GRACE_SECONDS),
    )


@contextmanager
def _draining(server: uvicorn.Server) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the server gracefully, and the process with code 0."""
    # uvicorn handles SIGTERM, and raises it once more when it has stopped: then it is ignored.
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: None)}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` ignores it
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, server.handle_exit)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Beside(uvicorn.Server):
    """A server that another one starts and ends, and that leaves the signals to it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await super().startup(sockets)


class _Server(uvicorn.Server):
    """uvicorn's server, which starts the backend first and then announces its addresses."""

    def __init__(
        self, config: uvicorn.Config, backend: Backend, ready: str, metrics: uvicorn.Server | None = None
    ) -> None:
        super().__init__(config)
        self._backend = backend
        self._ready = ready
        self._metrics = metrics

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the backend, then listen. A signal ends the wait for the backend.

        Raises:
            SearchProcessFailed: The backend cannot start. In the lifespan of the app it would be a traceback.
        """
        starting = asyncio.ensure_future(self._backend.start())
        try:
            while not starting.done() and not self.should_exit:
                await asyncio.wait({starting}, timeout=0.1)
            if self.should_exit:
                return
            starting.result()
            if self._metrics:
                await self._metrics.startup()
            await super().startup(sockets)
        finally:
            starting.cancel()
            if not self.started:
                await self._backend.close()
        root = address(self.config.host, self.servers[0].sockets[0].getsockname()[1])
        sys.stderr.write(f"{self._ready.format(root=root)}\n")
        sys.stderr.flush()
        if not sys.stderr.isatty():  # for what reads the log: a person has read it
            workers = count_of(len(self._backend.state().pids), "worker")
            logger.info("Evoke %s answers with %s", installed_version(), workers)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, with the metrics to the last."""
        await super().shutdown(sockets)
        if self._metrics:
            await self._metrics.shutdown()
