"""Traces of requests, sent by OTLP: a span for each exchange and within it one for each part of the answer.

They are made of the finished exchange, like metrics and logs. FastAPI's own traces, which its release 0.142 began with,
hold the query string, and know nothing of the search processes.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.extras import installed_version, missing_library
from search_api.account import Account, Part
from search_api.service.binding import ServiceRefused

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Span, Tracer

    from search_api.service.observing import Exchange, Observer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
FLUSH_SECONDS = 3.0
"""How long the service waits, when it ends, for spans that are on their way."""

logger = logging.getLogger(__name__)


def check_traces() -> None:
    """Refuse an endpoint to which nothing can be sent.

    Raises:
        ServiceRefused: The library is not installed, or a variable cannot be used.
    """
    found = _find_endpoint()
    if not found:
        return
    variable, endpoint = found
    for name in PROTOCOLS:
        if os.environ.get(name, "http/protobuf") != "http/protobuf":
            raise ServiceRefused(f"{name}: only http/protobuf is supported, at port 4318 of most collectors")
    if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname:
        raise ServiceRefused(f"{variable}: is not an address such as http://127.0.0.1:4318")
    try:
        _make_exporter()
    except ModuleNotFoundError as error:
        raise ServiceRefused(f"{variable} {missing_library(error)}") from error


def _find_endpoint() -> tuple[str, str] | None:
    """Return the variable that says where traces go, and what it says; None if they are not wanted."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    return next(((name, os.environ[name]) for name in ENDPOINTS if os.environ.get(name)), None)


@contextmanager
def send_traces(observers: list[Observer]) -> Iterator[None]:
    """Send a trace of each exchange while the block runs, if a variable says where. One more of `observers` does it."""
    if not _find_endpoint():
        yield
        return
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    service = Resource({"service.name": "evoke", "service.version": installed_version()})
    resource = Resource.create().merge(service).merge(OTELResourceDetector().detect())
    # It is not the global one, with which FastAPI would begin its own traces.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(_make_exporter()))
    observers.append(Tracing(provider.get_tracer("evoke")))
    try:
        yield
    finally:
        # The library waits up to half a minute for a collector that does not answer.
        closing = threading.Thread(target=provider.shutdown, daemon=True)
        closing.start()
        closing.join(FLUSH_SECONDS)


class Tracing:
    """An observer that makes the spans of each exchange. A thread of the library sends them in batches."""

    def __init__(self, tracer: Tracer) -> None:
        """Make spans with a tracer."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    def __call__(self, exchange: Exchange) -> None:
        """Make the spans of an exchange: one of the server, in the caller's trace if there is one, and its parts."""
        from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

        method = exchange.method or "HTTP"
        span = self._tracer.start_span(
            f"{method} {exchange.route}" if exchange.is_matched else method,
            self._propagator.extract({"traceparent": exchange.traceparent}),
            SpanKind.SERVER,
            _attributes(exchange),
            start_time=_nanoseconds(exchange.started),
        )
        if exchange.status >= 500:
            span.set_status(StatusCode.ERROR)
        if exchange.account:
            self._add_parts(exchange.account, set_span_in_context(span))
        span.end(_nanoseconds(exchange.started + exchange.seconds))

    def _add_parts(self, account: Account, parent: Context) -> None:
        """Add a span for the call, and one for each part within that of the part that it is in."""
        from opentelemetry.trace import set_span_in_context

        around = [(account.seconds, self._add(parent, "search", account.opened, account.seconds))]
        for part in sorted(account.parts, key=lambda part: (part.started, -part.seconds)):
            while len(around) > 1 and _end(part) > around[-1][0]:
                around.pop()
            span = self._add(set_span_in_context(around[-1][1]), part.name, account.opened + part.started, part.seconds)
            around.append((_end(part), span))

    def _add(self, parent: Context, name: str, started: float, seconds: float) -> Span:
        span = self._tracer.start_span(name, parent, start_time=_nanoseconds(started))
        span.end(_nanoseconds(started + seconds))
        return span


def _attributes(exchange: Exchange) -> dict[str, str | int]:
    """Return the attributes of a server span, by OpenTelemetry's conventions. What was asked is not among them."""
    attributes: dict[str, str | int] = {
        "http.request.method": exchange.method or "_OTHER",
        "http.response.status_code": exchange.status,
        "http.response.body.size": exchange.n_bytes,
        "evoke.request_id": exchange.request_id,
    }
    if exchange.is_matched:
        attributes["http.route"] = exchange.route
    if exchange.status >= 500:
        attributes["error.type"] = str(exchange.status)
    if exchange.account and exchange.account.generation:
        attributes["evoke.generation"] = exchange.account.generation
    return attributes


def _end(part: Part) -> float:
    return part.started + part.seconds


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _make_exporter() -> SpanExporter:
    """Return the exporter for the endpoint that the environment names. It says once that spans are lost, and why."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    class Exporter(OTLPSpanExporter):
        is_losing = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            said = _Said()
            library = logging.getLogger(OTLPSpanExporter.__module__)
            library.addFilter(said)
            try:
                result = super().export(spans)
            finally:
                library.removeFilter(said)
            is_lost = result is not SpanExportResult.SUCCESS
            if is_lost and not self.is_losing:
                logger.warning("traces are lost, since the collector does not take them: %s", said.first)
            elif self.is_losing and not is_lost:
                logger.info("the collector takes traces again")
            self.is_losing = is_lost
            return result

    return Exporter()


class _Said(logging.Filter):
    """Keeps the first message of a logger, and lets none through."""

    first = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.first = self.first or record.getMessage()
        return False
