"""The front process: it listens, announces its addresses once it answers, and drains before it ends."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from search_api.service.app import create_app
from search_api.service.backend import Backend
from search_api.service.binding import address
from search_api.service.protocol import IDLE_SECONDS, BoundedProtocol, most_connections
from search_api.service.search_pool import GRACE_SECONDS
from search_api.service.search_processes import log_to_stderr
from search_api.settings import SearchSettings


def run(settings: SearchSettings, host: str, port: int, backend: Backend) -> None:
    """Serve with a backend until SIGTERM, SIGHUP or SIGINT.

    Raises:
        SearchProcessFailed: A file that the settings name, or the index, cannot be used.
    """
    log_to_stderr()
    BoundedProtocol.max_connections = most_connections()
    server = _Server(
        uvicorn.Config(
            create_app(settings, backend=backend, host=host),
            host=host,
            port=port,
            http=BoundedProtocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_keep_alive=IDLE_SECONDS,
            # A request under way is answered or refused by its deadline.
            timeout_graceful_shutdown=math.ceil(settings.deadline_seconds + 2 * GRACE_SECONDS),
        ),
        backend,
    )
    with _draining(server), suppress(KeyboardInterrupt):
        server.run()


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


class _Server(uvicorn.Server):
    """uvicorn's server, which starts the backend first and then announces its addresses."""

    def __init__(self, config: uvicorn.Config, backend: Backend) -> None:
        super().__init__(config)
        self._backend = backend

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
            await super().startup(sockets)
        finally:
            starting.cancel()
            if not self.started:
                await self._backend.close()
        root = address(self.config.host, self.servers[0].sockets[0].getsockname()[1])
        sys.stderr.write(f"Evoke answers. Page: {root}/  API: {root}/openapi.json  (Ctrl+C ends it)\n")
        sys.stderr.flush()
