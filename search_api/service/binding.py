"""Where the service may listen: checked before anything is loaded."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Sized

from pydantic import SecretStr

from search_api.errors import SearchError
from search_api.settings import SearchSettings

LEAST_BOUND, WORKERS_A_CORE = 32, 4
"""The bound of `--workers`: four a core, for those that wait for a language model, and 32 on a small machine."""
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not to listen there: to show one that answers


class ServiceRefused(SearchError):
    """The service does not start: a setting or option cannot be used."""


class BindingRefused(ServiceRefused):
    """The service must not or cannot listen on an address."""


def check_service(settings: SearchSettings, host: str) -> None:
    """Refuse settings with which a service must not, or need not, start.

    Raises:
        ServiceRefused: The message names the setting.
    """
    check_binding(host, settings.api_key, settings.api_keys)
    check_patience(settings)
    if settings.key_requests_per_minute and not (settings.api_key or settings.api_keys):
        raise ServiceRefused("EVOKE_KEY_REQUESTS_PER_MINUTE has no effect without an API key: set EVOKE_API_KEY")


def check_workers(n_workers: int) -> None:
    """Refuse more search processes than a machine could run, such as by a slip of the hand.

    Raises:
        ServiceRefused: There are too many.
    """
    most = max(LEAST_BOUND, WORKERS_A_CORE * (os.cpu_count() or 1))
    if n_workers > most:
        raise ServiceRefused(
            f"--workers is {n_workers:,}: at most {most} on this machine; each process takes 600 MB, and more than one "
            "a core do not answer faster"
        )


def check_patience(settings: SearchSettings) -> None:
    """Refuse a language model that may take as long as a whole request: no time would be left for the built-in reader.

    Raises:
        ServiceRefused: The message names the settings.
    """
    if settings.reader_url and settings.reader_seconds >= settings.deadline_seconds:
        raise ServiceRefused(
            f"EVOKE_READER_SECONDS ({settings.reader_seconds:g}) must be less than EVOKE_DEADLINE_SECONDS "
            f"({settings.deadline_seconds:g}): a request that waits so long for the language model is refused"
        )


def check_binding(host: str, api_key: SecretStr | None, api_keys: Sized = ()) -> None:
    """Allow a service without an API key to listen on its own machine only.

    Raises:
        BindingRefused: Other machines can reach `host`, and there is no key.
    """
    has_key = bool(api_keys) or (api_key is not None and bool(api_key.get_secret_value()))
    if not has_key and not _is_loopback(host):
        raise BindingRefused(
            f"refusing to listen on {host} without an API key: set EVOKE_API_KEY, or listen on 127.0.0.1"
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


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name: its address cannot be known here
        return False
