"""The table of docs/monitoring.md, made from a registry: `python -m tests.docs.metrics_table` writes it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from prometheus_client.metrics_core import Metric

from crawler import markdown_tables
from search_api.account import PARTS, Account, Part
from search_api.service.backend import BackendState
from search_api.service.calls import Answer, Call, Ready
from search_api.service.metrics import Metrics
from search_api.service.observing import Exchange

PAGE = Path(__file__).parent.parent.parent / "docs" / "monitoring.md"
COMMAND = "python -m tests.docs.metrics_table"
_HEADER = ("metric", "type", "labels", "meaning")


class _Backend:
    """A backend with one search process and an index, so that every metric has a value."""

    async def answer(self, _call: Call) -> Answer:
        account = Account(
            generation="works-1", n_works=1, built_at="2026-01-01T00:00:00+00:00", build_seconds={"read": 1}
        )
        return Answer(Ready(works=1).model_dump_json().encode(), account)

    def state(self) -> BackendState:
        return BackendState(pids=(os.getpid(),))


def collect() -> list[Metric]:
    """Return every metric of a service that has answered a request."""

    async def seen() -> Metrics:
        metrics = Metrics(_Backend())  # type: ignore[arg-type]
        metrics.check()
        account = Account(parts=[Part(name, 0, 0) for name in PARTS], waited=0)
        account.counts.update(("pages_found", "candidates_text"))
        metrics.observe(Exchange("", "GET", "/v1/search", "", "", 503, "took-too-long", 0, 0, 0, "", "", account))
        await asyncio.sleep(0)
        return metrics

    return list(asyncio.run(seen()).registry.collect())


def names() -> set[str]:
    """Return the name of every series that a query can ask for."""
    return {sample.name for family in collect() for sample in family.samples}


def make_page(page: str) -> str:
    """Return the page with its table made anew."""
    return markdown_tables.replace_table(page, make_table())


def make_table() -> str:
    """Return a Markdown table with a row for each metric, in the order of a scrape."""
    rows = [(f"`{_name(each)}`", each.type, _labels(each), each.documentation) for each in collect()]
    return markdown_tables.make_table(_HEADER, rows)


def _name(family: Metric) -> str:
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def _labels(family: Metric) -> str:
    labels = {label: None for sample in family.samples for label in sample.labels if label != "le"}
    return ", ".join(f"`{label}`" for label in labels)


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
