"""Dashboard, alerts and their page ask for metrics that exist, and the page has every metric and every alert."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from metrics_table import COMMAND, PAGE, make_page, make_table, names
from pages import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
OF_PROMETHEUS = {"up"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return dict(json.loads((MONITORING / "grafana/dashboards/evoke.json").read_text(encoding="utf-8")))


def asked(query: str) -> set[str]:
    """Return the metrics that a query asks for."""
    without_labels = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring) *\([^)]*\)", "", query)
    return set(re.findall(r"\b(?:evoke|process)_\w+|\bup\b", without_labels))


def test_the_table_is_that_of_the_registry() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert make_table() in page, f"{PAGE.name} lags behind the metrics: {COMMAND} writes it anew"
    assert page == make_page(page)


def test_dashboard_and_alerts_ask_for_metrics_that_exist() -> None:
    queries = [rule["expr"] for rule in rules()]
    queries += [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    assert [query for query in queries if not asked(query)] == []
    assert set().union(*map(asked, queries)) - names() == OF_PROMETHEUS


def test_panels_lie_side_by_side() -> None:
    places = [panel["gridPos"] for panel in dashboard()["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_page_says_what_to_do_for_each_alert() -> None:
    assert re.findall(r"^\| `(Evoke\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == [
        rule["alert"] for rule in rules()
    ]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed: apt-get install prometheus")
@pytest.mark.parametrize(
    ("command", "file"),
    [("check config", "prometheus.yml"), ("check rules", "alerts.yml"), ("test rules", "alerts_test.yml")],
)
def test_prometheus_accepts_the_configuration_and_the_alerts_fire(command: str, file: str) -> None:
    done = subprocess.run(
        ["promtool", *command.split(), MONITORING / file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
