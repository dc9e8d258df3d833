"""docs/logs.md shows lines as the service writes them, and what reads the log asks for fields that lines have."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
import yaml
from pages import ROOT, read_blocks

from search_api.account import PARTS, Account, Part
from search_api.service.logs import AccessLog, make_formatter
from search_api.service.observing import Exchange

MONITORING = ROOT / "deploy" / "monitoring"
BLOCKS = read_blocks(ROOT / "docs" / "logs.md")
SHOWN: dict[str, Any] = next(json.loads(block.text) for block in BLOCKS if block.language == "json")


@pytest.fixture
def record(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    """The record of the exchange that the page shows."""
    counts = Counter(answers=1, total=SHOWN["evoke.total"])
    shown = [name.removeprefix("evoke.").removesuffix("_ms") for name in SHOWN if name.endswith("_ms")]
    parts = [Part(part, 0.0, SHOWN[f"evoke.{part}_ms"] / 1e3) for part in sorted(PARTS, key=shown.index)]
    account = Account(
        seconds=SHOWN["evoke.search_ms"] / 1e3,
        parts=parts,
        counts=counts,
        generation=SHOWN["evoke.generation"],
        waited=SHOWN["evoke.waiting_ms"] / 1e3,
    )
    exchange = Exchange(
        request_id=SHOWN["http.request.id"],
        method=SHOWN["http.request.method"],
        route=SHOWN["evoke.route"],
        path=SHOWN["url.path"],
        query="",
        status=SHOWN["http.response.status_code"],
        refusal="",
        started=0.0,
        seconds=SHOWN["event.duration"] / 1e9,
        n_bytes=SHOWN["http.response.body.bytes"],
        client="",
        traceparent="",
        account=account,
    )
    with caplog.at_level(logging.INFO, "search_api.access"):
        AccessLog(shows_queries=False)(exchange)
    (record,) = caplog.records
    record.process = SHOWN["process.pid"]
    record.created = datetime.fromisoformat(SHOWN["@timestamp"]).timestamp()
    return record


def test_the_json_line_is_as_the_service_writes_it(record: logging.LogRecord) -> None:
    assert json.loads(make_formatter(is_json=True, shows_requests=False).format(record)) == SHOWN


def test_the_text_line_is_as_the_service_writes_it(record: logging.LogRecord) -> None:
    shown = next(block.text.strip() for block in BLOCKS if block.text.startswith("2026"))
    written = make_formatter(is_json=False, shows_requests=False).format(record)
    day = r"^\d{4}-\d\d-\d\d \d\d:"  # of the machine's own time zone
    assert re.sub(day, "", written) == re.sub(day, "", shown)


def test_what_reads_the_log_asks_for_fields_that_lines_have() -> None:
    blocks = "".join(block.text for block in BLOCKS if block.language in ("text", "yaml"))
    asked = re.findall(r'(?:`|jsonPayload\.")([a-z]+\.\w+)[`"]', blocks)
    asked += re.findall(r'`"([\w.]+)"`', (MONITORING / "alloy.config").read_text(encoding="utf-8"))
    assert set(asked) == {"event.dataset", "event.duration", "evoke.route", "log.level"}
    assert set(asked) <= SHOWN.keys()


def test_the_files_of_loki_name_one_address() -> None:
    (source,) = yaml.safe_load((MONITORING / "grafana/datasources/loki.yml").read_text(encoding="utf-8"))["datasources"]
    port = yaml.safe_load((MONITORING / "loki.yml").read_text(encoding="utf-8"))["server"]["http_listen_port"]
    assert source["url"] == f"http://loki:{port}"
    assert f'url = "{source["url"]}/' in (MONITORING / "alloy.config").read_text(encoding="utf-8")
