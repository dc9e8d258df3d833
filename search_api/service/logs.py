"""The service's log: one handler for all loggers, which writes lines for people, or JSON in the fields of ECS.

ECS is the Elastic Common Schema. Fields that it lacks begin with `evoke.`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from structlog.contextvars import merge_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict

from crawler.extras import installed_version
from search_api.account import Account
from search_api.service.calls import REQUEST_ID
from search_api.service.error_reports import report_of
from search_api.settings import SearchSettings

if TYPE_CHECKING:
    from search_api.service.observing import Exchange

ECS_VERSION = "8.11.0"
OURS = ("crawler", "indexer", "search_api")
"""The loggers of Evoke. The others, those of libraries, write warnings and errors only."""
PROBES = ("/healthz", "/readyz", "/metrics")
"""The routes that machines ask every few seconds: their access lines are at the level `debug`."""
_LONGEST_PATH = 200
_STDERR = 2

logger = logging.getLogger(__name__)
access = logging.getLogger("search_api.access")


def set_up_logs(settings: SearchSettings) -> None:
    """Write the log of this process to stderr. A program that has set up logging before keeps what it has."""
    root = logging.getLogger()
    if root.handlers:
        return
    is_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    handler = _LineHandler()
    handler.setFormatter(make_formatter(is_json=is_json, shows_requests=settings.log_queries))
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root.setLevel(max(level, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _log_crash
    threading.excepthook = lambda crash: _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def make_formatter(*, is_json: bool, shows_requests: bool) -> logging.Formatter:
    """Return the formatter of all lines.

    Args:
        is_json: Whether a line is a JSON object; else it is for people.
        shows_requests: Whether the messages of errors in requests are shown. They may quote what was asked.
    """

    def to_line(_logger: object, _method: str, event: EventDict) -> str:
        record: logging.LogRecord = event["_record"]
        # Only Evoke names fields so: what libraries add to their records stays out.
        known = {**event, **record.__dict__}
        fields = {name: value for name, value in known.items() if "." in name and value not in (None, "")}
        error = event.get("exc_info")
        report = report_of(error[1]) if error and error[1] else None
        if report:
            with_messages = shows_requests or REQUEST_ID not in fields
            fields["error.type"] = report.kind
            if with_messages:
                fields["error.message"] = report.message
            fields["error.stack_trace"] = report.to_text(with_messages=with_messages)
        return (_to_json if is_json else _to_text)(record, event["event"], fields)

    return ProcessorFormatter(processors=[to_line], foreign_pre_chain=[merge_contextvars])


def _to_json(record: logging.LogRecord, message: str, fields: Mapping[str, Any]) -> str:
    line = {
        "@timestamp": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "log.level": record.levelname.lower(),
        "message": message,
        "ecs.version": ECS_VERSION,
        "log.logger": record.name,
        "process.pid": record.process,
        "service.name": "evoke",
        "service.version": _version(),
        **fields,
    }
    # In ASCII: an escape for what UTF-8 cannot encode, such as a part of a file's name.
    return json.dumps(line, separators=(",", ":"), default=str)


def _to_text(record: logging.LogRecord, message: str, fields: Mapping[str, Any]) -> str:
    when = f"{datetime.fromtimestamp(record.created):%Y-%m-%d %H:%M:%S.%f}"[:-3]  # noqa: DTZ006 - a person's clock
    request = f" (request {fields[REQUEST_ID]})" if REQUEST_ID in fields else ""
    trace = f"\n{fields['error.stack_trace']}" if "error.stack_trace" in fields else ""
    return f"{when} {record.levelname} {record.name}: {message}{request}{trace}"


@cache
def _version() -> str:
    return installed_version()


class _LineHandler(logging.Handler):
    """Writes each record at once, so that lines of several processes do not mix."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            rest = f"{self.format(record)}\n".encode(sys.stderr.encoding, "backslashreplace")
            with _alone():
                while rest:
                    rest = rest[os.write(_STDERR, rest) :]
        except Exception:  # noqa: BLE001 - a log that cannot be written fails nothing
            self.handleError(record)


@contextmanager
def _alone() -> Iterator[None]:
    """Let no other process of the service write meanwhile: a pipe takes only 4 kB at once."""
    with suppress(OSError):  # what cannot be locked is written without
        fcntl.lockf(_STDERR, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.lockf(_STDERR, fcntl.LOCK_UN)


def _log_crash(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error and not isinstance(error, KeyboardInterrupt):
        logger.critical("a part of the service ended, by a fault of Evoke", exc_info=(kind, error, trace))


class AccessLog:
    """An observer that writes a line for each exchange."""

    def __init__(self, *, shows_queries: bool) -> None:
        """Begin the log, with the words of queries in links or without."""
        self._shows_queries = shows_queries

    def __call__(self, exchange: Exchange) -> None:
        """Write the line of an exchange."""
        level = logging.DEBUG if exchange.route in PROBES else logging.INFO
        if not access.isEnabledFor(level):
            return
        account = exchange.account or Account()
        path = quote(exchange.path[:_LONGEST_PATH])  # it may hold line ends, which a caller wrote as %0A
        total = account.counts["total"] if account.counts["answers"] else None
        query = parse_qs(exchange.query).get("q", [""])[0] if self._shows_queries else ""
        milliseconds = _milliseconds(account)
        words = [
            f"{exchange.method or '-'} {path or '-'} {exchange.status}",
            *([exchange.refusal] if exchange.refusal else []),
            f"{exchange.seconds * 1e3:.1f} ms",
            f"{exchange.n_bytes} bytes",
            *([] if total is None else [f"{total} works"]),
            *(f"{part} {taken:.1f}" for part, taken in milliseconds.items()),
            *([repr(query)] if query else []),
        ]
        fields = {
            "event.dataset": "evoke.access",
            "event.duration": round(exchange.seconds * 1e9),
            "http.request.id": exchange.request_id,
            "http.request.method": exchange.method,
            "http.response.body.bytes": exchange.n_bytes,
            "http.response.status_code": exchange.status,
            "url.path": path,
            "evoke.route": exchange.route,
            "evoke.refusal": exchange.refusal,
            "evoke.total": total,
            "evoke.generation": account.generation,
            **{f"evoke.{part}_ms": round(taken, 2) for part, taken in milliseconds.items()},
            "evoke.query": query,
        }
        access.log(level, ", ".join(words), extra=fields)


def _milliseconds(account: Account) -> Mapping[str, float]:
    """Return the time in the queue, in the search process, and of each part. A part may occur several times."""
    taken = {"waiting": account.waited} if account.waited is not None else {}
    if account.seconds:
        taken["search"] = account.seconds
    for part in account.parts:
        taken[part.name] = taken.get(part.name, 0.0) + part.seconds
    return {name: seconds * 1e3 for name, seconds in taken.items()}
