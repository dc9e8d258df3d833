"""Reports of errors, sent to Sentry: where an error was raised, and nothing of what was asked or by whom."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from structlog.contextvars import get_contextvars

from crawler.extras import installed_version, missing_library
from search_api.service.binding import ServiceRefused
from search_api.service.calls import REQUEST_ID
from search_api.service.error_reports import Raised, report_of
from search_api.service.logs import OURS
from search_api.settings import SearchSettings

FLUSH_SECONDS = 3.0
"""How long the service waits, when it ends, for reports that are on their way."""

logger = logging.getLogger(__name__)


def check_sentry(settings: SearchSettings) -> None:
    """Refuse a project to which nothing can be sent.

    Raises:
        ServiceRefused: The library is not installed, or the setting is not the DSN of a project.
    """
    if settings.sentry_dsn is None:
        return
    try:
        from sentry_sdk.utils import BadDsn, Dsn
    except ModuleNotFoundError as error:
        raise ServiceRefused(f"EVOKE_SENTRY_DSN {missing_library(error)}") from error
    try:
        Dsn(settings.sentry_dsn.get_secret_value())
    except BadDsn:  # its message quotes the DSN
        raise ServiceRefused(
            "EVOKE_SENTRY_DSN is not a DSN: copy it from the project's settings in Sentry, under Client Keys"
        ) from None


@contextmanager
def send_errors(settings: SearchSettings) -> Iterator[None]:
    """Send what is logged as an error while the block runs, if the settings name a project."""
    if settings.sentry_dsn is None:
        yield
        return
    handler = _SentryHandler(settings.sentry_dsn)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


class _SentryHandler(logging.Handler):
    """Sends each record of an error, as an event that is made here.

    The library would add local variables, headers, bodies and the machine's name by integrations and defaults.
    """

    def __init__(self, dsn: SecretStr) -> None:
        from sentry_sdk import Client
        from sentry_sdk.transport import HttpTransport

        class Transport(HttpTransport):
            def on_dropped_event(self, reason: str) -> None:  # the library says nothing
                logger.warning("an error report did not reach Sentry: %s", reason)

        super().__init__(logging.ERROR)
        self._client = Client(
            dsn=dsn.get_secret_value(),
            transport=Transport,
            release=f"evoke@{installed_version()}",
            server_name="",
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            send_default_pii=False,
            send_client_reports=False,
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record. It is queued, and a thread sends it."""
        try:
            self._client.capture_event(to_event(record))  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - a report that cannot be sent fails nothing
            self.handleError(record)

    def close(self) -> None:
        """Wait for the reports that are on their way."""
        self._client.close(timeout=FLUSH_SECONDS)
        super().close()


def to_event(record: logging.LogRecord) -> dict[str, Any]:
    """Return the event for a record.

    The messages of errors stay out, since they may quote the request, and so do those of other libraries' records.
    """
    request_id = get_contextvars().get(REQUEST_ID) or getattr(record, REQUEST_ID, None)
    error = record.exc_info[1] if record.exc_info else None
    raised = report_of(error).raised if error else ()
    return {
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "message": record.getMessage() if record.name.partition(".")[0] in OURS else f"an error of {record.name}",
        "tags": {"request_id": request_id} if request_id else {},
        "exception": {"values": [_to_exception(each) for each in raised]},
    }


def _to_exception(raised: Raised) -> dict[str, Any]:
    frames = [
        {
            "filename": (name := _short(file)),
            "function": function,
            "lineno": line,
            "in_app": name.partition("/")[0] in OURS,
        }
        for file, line, function in raised.frames
    ]
    return {"type": raised.kind, "stacktrace": {"frames": frames}}


def _short(file: str) -> str:
    """Return the name of a file as it is imported: its folder may be a person's."""
    folders = [folder for folder in sys.path if folder and Path(file).is_relative_to(folder)]
    return str(Path(file).relative_to(max(folders, key=len))) if folders else Path(file).name
