"""Run the service: check settings and port before the start, and print the addresses once it answers."""

from __future__ import annotations

import asyncio
import errno
import math
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from search_api.service.app import create_app, open_pool
from search_api.service.backend import Backend
from search_api.service.protocol import IDLE_SECONDS, BoundedProtocol, most_connections
from search_api.service.search_pool import GRACE_SECONDS
from search_api.service.search_processes import log_to_stderr
from search_api.service.security import BindingRefused, ServiceRefused, check_binding
from search_api.settings import SearchSettings

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not to listen there: to show one that answers


def serve(settings: SearchSettings, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGTERM, SIGHUP or SIGINT, then finish the requests that are under way.

    Args:
        settings: The settings of the service and its search processes.
        host: Where to listen. Beyond this machine only when the settings have an API key.
        port: The port to listen on; 0: any free port, which the line on stderr names.
        workers: How many search processes answer.

    Raises:
        ServiceRefused: The service will not, or cannot, listen there, or a setting makes no sense.
        SearchProcessFailed: A file that the settings name, or the index, cannot be used.
    """
    check_binding(host, settings.api_key, settings.api_keys)
    if settings.key_requests_per_minute and not (settings.api_key or settings.api_keys):
        raise ServiceRefused("EVOKE_KEY_REQUESTS_PER_MINUTE has no effect without an API key: set EVOKE_API_KEY")
    run(settings, host, check_port(host, port), open_pool(settings, workers))


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


def check_port(host: str, port: int) -> int:
    """Return the port to listen on: the one given, or a free one for 0.

    Raises:
        BindingRefused: The port is taken or not permitted, or the host is not this machine's.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return int(probe.getsockname()[1])
    except UnicodeError:  # getaddrinfo encodes the name before it looks it up
        raise BindingRefused(f"cannot listen on {host!r} port {port}: not a host name or an IP address") from None
    except OSError as error:
        why = "another process listens there" if error.errno == errno.EADDRINUSE else error.strerror
        raise BindingRefused(f"cannot listen on {host} port {port}: {why}") from None


def address(host: str, port: int) -> str:
    """Return the address at which this machine reaches the service."""
    shown = _EVERY_ADDRESS.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
