"""Run the service: check settings and port before the start, and print the addresses once it answers."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr

from search_api.service.app import log_to_stderr
from search_api.service.security import BindingRefused, check_binding
from search_api.settings import SearchSettings

_SHUTDOWN_SECONDS = 10
_POLL_SECONDS = 0.1
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not to listen there: to show one that answers


def serve(settings: SearchSettings, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests that are under way.

    Args:
        settings: The settings of each worker.
        host: Where to listen. Beyond this machine only when the settings have an API key.
        port: The port to listen on; 0: any free port, which the line on stderr names.
        workers: How many processes answer.

    Raises:
        BindingRefused: The service will not, or cannot, listen there.
        SearchError, IndexerError, EngineError: A file that the settings name cannot be used.
    """
    import uvicorn

    from search_api.search import open_search

    check_binding(host, settings.api_key)
    port = check_port(host, port)
    # An error here is one line; in a worker it would be a traceback. It takes 0.1 s: only workers load the model.
    open_search(settings).close()
    log_to_stderr()
    # uvicorn stops gracefully, then raises the signal once more: it is ignored, so that the process ends with 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    _set_environment(settings_to_environment(settings))
    threading.Thread(target=_announce, args=(address(host, port),), daemon=True).start()
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


def settings_to_environment(settings: SearchSettings) -> dict[str, str | None]:
    """Return the variables from which a worker process reads the same settings; None where a setting is unset."""
    return {settings.variable(name): _to_text(setting) for name, setting in settings}


def _announce(root: str) -> None:
    """Write the service's addresses once it answers. A worker accepts connections when its start-up is complete."""
    while not _is_up(f"{root}/healthz"):
        time.sleep(_POLL_SECONDS)
    sys.stderr.write(f"Evoke answers. Page: {root}/  API: {root}/openapi.json  (Ctrl+C ends it)\n")
    sys.stderr.flush()


def _is_up(url: str) -> bool:
    # A proxy of the environment does not reach this machine's own addresses.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=60) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


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
