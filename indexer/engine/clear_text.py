"""Say when a key crosses a network in clear text."""

import logging
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

PRIVATE_ENDINGS = (".local", ".internal", ".localhost")
"""Endings of names that no public name server knows (RFC 6762, RFC 6761, and the one that ICANN reserves)."""

logger = logging.getLogger(__name__)


def warn_of_clear_text(url: str) -> None:
    """Warn once that the key of a server is sent in clear text, unless the server is on a private network."""
    host = urlsplit(url).hostname or ""
    if url.startswith("http://") and not is_private(host):
        _warn(host)


@cache
def _warn(host: str) -> None:
    logger.warning(
        "EVOKE_QDRANT_API_KEY is sent to %s in clear text: use an https:// address in EVOKE_QDRANT_URL, or a private "
        "network",
        host,
    )


def is_private(host: str) -> bool:
    """Return whether a host is this machine or one of a private network, by its address or the form of its name.

    A name without a dot is known to a private network only, such as that of a container.
    """
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(PRIVATE_ENDINGS)


def without_password(url: str) -> str:
    """Return an address as it may be shown: without a user and password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
