"""What a running service says of itself, in the form that Prometheus reads. docs/monitoring.md lists the metrics."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from search_api.account import Account
from search_api.errors import IndexUnavailable, SearchError
from search_api.service.backend import Backend, BackendState
from search_api.service.calls import READY, Ready
from search_api.service.observing import Exchange
from search_api.service.problems import known_refusals, reason_of_status

PATH = "/metrics"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of the histograms: from a page that is kept to the deadline, closest where most answers are."""

REFUSED_CONNECTIONS = (400, 408, 414, 431, 503)
"""The statuses with which `BoundedProtocol` refuses."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IndexFigures:
    """What the last check found of the index; without one there is nothing to search.

    Attributes:
        is_ready: Whether the search answered the check.
        generation: The serving generation.
        n_works: How many works it has.
        built_at: When it was built, in seconds since the epoch.
        build_seconds: How long each step of its build took.
        n_notes: How many notes /readyz has.
    """

    is_ready: bool = False
    generation: str | None = None
    n_works: int = 0
    built_at: float = 0.0
    build_seconds: Mapping[str, float] = field(default_factory=dict)
    n_notes: int = 0


class Metrics:
    """The metrics of one service, in a registry of their own."""

    def __init__(self, backend: Backend) -> None:
        """Set up the metrics; `observe` is to be called with every exchange.

        Args:
            backend: What answers. It is asked what it is doing, and what it searches, whenever the metrics are read.
        """
        self._backend = backend
        self._index = IndexFigures()
        self._checking: asyncio.Task[None] | None = None
        self.registry = registry = _Registry()
        self._requests = Counter(
            "evoke_requests",
            "requests by method, route and status; a path that no endpoint answers has the route `unmatched`, and a "
            "request whose client had gone the status 499",
            ("method", "route", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "evoke_request_seconds", "time from request to answer", ("route",), buckets=SECONDS, registry=registry
        )
        self._refusals = Counter(
            "evoke_refusals",
            "requests that were refused or failed, by status and reason. The layer is `service`, or `connection` for "
            "what was too slow, too large, too much or not HTTP: that is not in `evoke_requests_total`",
            ("layer", "status", "reason"),
            registry=registry,
        )
        for status, reason in known_refusals():  # Prometheus sees no increase in a series that begins with 1
            self._refusals.labels("service", str(status), reason)
        for status in REFUSED_CONNECTIONS:
            self._refusals.labels("connection", str(status), reason_of_status(status))
        self._part_seconds = Histogram(
            "evoke_part_seconds",
            "time of each part of an answer: `waiting` in the queue, `reading` with `encoder` in it, `ranking` with "
            "`legs` in it, `hits` with `payloads` in it; a page that is kept has only `waiting`",
            ("part",),
            buckets=SECONDS,
            registry=registry,
        )
        self._candidates = Counter("evoke_candidates", "works that each leg found", ("leg",), registry=registry)
        self._cache_lookups = Counter(
            "evoke_cache_lookups",
            "lookups of answers that are kept, by cache and result: `found` or `missed`",
            ("cache", "result"),
            registry=registry,
        )
        self._counted = {
            name: Counter(f"evoke_{metric}", text, registry=registry)
            for name, metric, text in (
                ("answers", "answers", "pages of works that were answered"),
                ("empty", "empty_answers", "of these, pages without a work"),
                ("corrected", "corrected_words", "names in requests that were read as other, known names"),
                ("ignored", "ignored_words", "words of requests that were not understood"),
                ("unmet", "unmet_wishes", "parts of requests that no work meets"),
                ("model_failed", "model_failures", "requests that the model of `EVOKE_READER_URL` failed to read"),
            )
        }
        registry.register(_State(self))
        ProcessCollector(registry=registry)

    def observe(self, exchange: Exchange) -> None:
        """Count an exchange, and what its account says."""
        if exchange.at_connection:
            self._refusals.labels("connection", str(exchange.status), exchange.refusal).inc()
            return
        self._requests.labels(exchange.method, exchange.route, str(exchange.status)).inc()
        self._request_seconds.labels(exchange.route).observe(exchange.seconds)
        if exchange.refusal:
            self._refusals.labels("service", str(exchange.status), exchange.refusal).inc()
        if exchange.account:
            self._observe_account(exchange.account)

    def _observe_account(self, account: Account) -> None:
        seconds: dict[str, float] = defaultdict(float)
        for part in account.parts:
            seconds[part.name] += part.seconds
        if account.waited is not None:
            seconds["waiting"] = account.waited
        for name, taken in seconds.items():
            self._part_seconds.labels(name).observe(taken)
        for name, n in account.counts.items():
            what, _, detail = name.rpartition("_")
            if name in self._counted:
                self._counted[name].inc(n)
            elif detail in ("found", "missed"):
                self._cache_lookups.labels(what, detail).inc(n)
            elif what == "candidates":
                self._candidates.labels(detail).inc(n)

    def check(self) -> None:
        """Begin to ask the search what it searches, unless that is being asked. Nothing waits for the answer."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())

    async def _check(self) -> None:
        try:
            answer = await self._backend.answer(READY)
        except IndexUnavailable:
            self._index = IndexFigures()
        except SearchError:  # nobody answers: what would be searched stays the same
            self._index = replace(self._index, is_ready=False)
        except Exception:
            logger.exception("the metrics of the index could not be read")
            self._index = replace(self._index, is_ready=False)
        else:
            ready, account = Ready.model_validate_json(answer.body), answer.account
            built_at = datetime.fromisoformat(account.built_at).timestamp() if account.built_at else 0.0
            self._index = IndexFigures(
                True, account.generation, ready.works, built_at, account.build_seconds, len(ready.notes or ())
            )

    def close(self) -> None:
        """End a check that is under way."""
        if self._checking:
            self._checking.cancel()

    async def answer(self, request: Request) -> Response:
        """Return all metrics at once: those of the index are what the check found that the scrape before began."""
        self.check()
        encode, media_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(self.registry), media_type=media_type)

    def state(self) -> tuple[IndexFigures, BackendState]:
        """Return what is known of the index, and what the backend is doing."""
        return self._index, self._backend.state()


def metrics_app(metrics: Metrics) -> Starlette:
    """Return an app that has the metrics and nothing else, for a port of its own."""
    return Starlette(routes=[Route(PATH, metrics.answer)])


class _Registry(CollectorRegistry):
    """A registry without the time at which each series began: it would be half of the series, and nobody reads it.

    The library has a switch for that, for all registries of the process.
    """

    def collect(self) -> Iterable[Metric]:
        for family in super().collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class _State:
    """Collects what is not counted, but looked up when the metrics are read."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of the index and of the search processes."""
        index, backend = self._metrics.state()
        yield from _index_families(index)
        yield GaugeMetricFamily(
            "evoke_requests_in_progress", "requests to the search, being answered or waiting", backend.n_in_progress
        )
        yield GaugeMetricFamily("evoke_requests_waiting", "of these, those that wait in the queue", backend.n_waiting)
        yield from _process_families(backend.pids)
        yield CounterMetricFamily(
            "evoke_search_process_restarts",
            "how often a search process was started anew because it was stuck or had ended",
            backend.n_restarts,
        )


def _index_families(index: IndexFigures) -> Iterable[Metric]:
    yield GaugeMetricFamily("evoke_ready", "1 if the search answered when it was asked last", int(index.is_ready))
    yield GaugeMetricFamily("evoke_works", "works of the serving generation; 0 without an index", index.n_works)
    generation = InfoMetricFamily("evoke_generation", "the serving generation, as a label", labels=())
    built = GaugeMetricFamily("evoke_generation_built_timestamp_seconds", "when it was built")
    if index.generation:
        generation.add_metric((), {"generation": index.generation})
        built.add_metric((), index.built_at)
    yield generation
    yield built
    steps = GaugeMetricFamily("evoke_build_step_seconds", "time of each step of its build", labels=("step",))
    for step, seconds in index.build_seconds.items():
        steps.add_metric((step,), seconds)
    yield steps
    yield GaugeMetricFamily(
        "evoke_misfits",
        "trained or tuned files that do not fit, and an encoder that runs on torch; /readyz names them",
        index.n_notes,
    )


def _process_families(pids: Sequence[int | None]) -> Iterable[Metric]:
    alive = [pid is not None for pid in pids]
    yield GaugeMetricFamily("evoke_search_processes", "search processes that should run", len(pids))
    yield GaugeMetricFamily("evoke_search_processes_alive", "search processes that run, stuck or not", sum(alive))
    memory = GaugeMetricFamily(
        "evoke_search_process_resident_memory_bytes", "memory of each search process", labels=("process",)
    )
    cpu = CounterMetricFamily(
        "evoke_search_process_cpu_seconds", "processor time of each search process", labels=("process",)
    )
    read: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        "process_resident_memory_bytes": memory,
        "process_cpu_seconds": cpu,
    }
    for number, pid in enumerate(pids, 1):
        if pid is not None:
            for family in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                if family.name in read:
                    read[family.name].add_metric((str(number),), family.samples[0].value)
    yield memory
    yield cpu
