"""Open the engine at a location, or the one that settings name."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.engine.clear_text import warn_of_clear_text
from indexer.engine.edge import EdgeClient
from indexer.engine.errors import EngineUnavailable
from indexer.engine.nodes import NodesTransport
from indexer.engine.protocol import Engine
from indexer.engine.server import ServerClient

if TYPE_CHECKING:
    from indexer.settings import StorageSettings

TIMEOUT_SECONDS = 60


def open_engine(
    location: str | Path,
    *,
    api_key: str | None = None,
    read_only: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
    patience_seconds: float = 0.0,
    ca_file: Path | None = None,
) -> Engine:
    """Open the engine at a location.

    Args:
        location: An http(s) URL of a Qdrant server, or several of one cluster with commas between them; a folder of the
            embedded engine; or ":memory:" for the slow Python engine of `qdrant_client`, which only tests use.
        api_key: The server's key; the embedded engine needs none.
        read_only: Embedded only: take no lock and refuse writes, as every process that serves should.
        timeout_seconds: Server only: how long one request may take at one address.
        patience_seconds: Server only: how long a request is tried again while no address answers it.
        ca_file: Server only: certificates (PEM) to trust instead of the system's.

    Raises:
        EngineLocked: Another process writes to the folder.
        EngineUnavailable: `ca_file` cannot be used.
    """
    if str(location).startswith(("http://", "https://")):
        urls = split_urls(str(location))
        if api_key:
            for url in urls:
                warn_of_clear_text(url)
        nodes = NodesTransport(urls, patience_seconds=patience_seconds, verify=_trust(ca_file))
        return ServerClient.over(nodes, api_key, timeout_seconds)
    if str(location) == ":memory:":
        return ServerClient(":memory:")
    return EdgeClient(Path(location).expanduser(), read_only=read_only)


def open_engine_of(
    settings: StorageSettings,
    *,
    read_only: bool = False,
    longest_seconds: float = float("inf"),
    patience_seconds: float = 0.0,
) -> Engine:
    """Open the engine that settings name, with all that they say of it.

    Args:
        settings: Where the index is.
        read_only: As for `open_engine`.
        longest_seconds: How long one request to a server may take at one address, if the settings allow more.
        patience_seconds: As for `open_engine`.

    Raises:
        EngineLocked, EngineUnavailable: As for `open_engine`.
    """
    return open_engine(
        settings.engine_location,
        api_key=settings.engine_key,
        read_only=read_only,
        timeout_seconds=min(settings.qdrant_timeout_seconds, longest_seconds),
        patience_seconds=patience_seconds,
        ca_file=settings.qdrant_ca_file,
    )


def split_urls(text: str) -> list[str]:
    """Return the addresses in a text, which commas part."""
    return [url for each in text.split(",") if (url := each.strip())]


def _trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError too: what is in the file is no certificate
        raise EngineUnavailable(f"{ca_file}: cannot be used as certificates in PEM: {error}") from error
