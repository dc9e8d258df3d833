"""The files that a hosting service and pre-commit read can be read, and run the project's own checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import ROOT

TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_continuous_integration_runs_make_check() -> None:
    steps = read(ROOT / ".github" / "workflows" / "check.yml")["jobs"]["check"]["steps"]
    assert [step["run"] for step in steps if "make" in step.get("run", "")] == ["make check"]


def test_hooks_run_what_make_check_runs() -> None:
    checks = re.findall(r"^\t\$\(BIN\)/(.+?)(?: \.)?$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks if hook["entry"].removeprefix(".venv/bin/") not in checks] == []


@pytest.mark.parametrize("template", [path for path in TEMPLATES if path.stem != "config"], ids=lambda path: path.stem)
def test_an_issue_template_says_what_it_is_for_and_asks_for_something(template: Path) -> None:
    form = read(template)
    assert form["name"]
    assert form["description"]
    assert [part["attributes"]["label"] for part in form["body"] if part.get("validations", {}).get("required")]
