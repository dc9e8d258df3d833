"""Decision records are numbered without a gap, say what is to be said, and stand in the index by their titles."""

from __future__ import annotations

import re

from pages import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("0*.md"))


def test_records_are_numbered_without_a_gap() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]


def test_a_record_has_context_decision_figures_and_consequences() -> None:
    for record in RECORDS:
        parts = re.findall(r"^\*\*(\w+)\.?\*\*", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Figures", "Consequences"], record.name


def test_the_index_names_each_record_by_its_title() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    titles = [record.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2] for record in RECORDS]
    rows = re.findall(r"\| \[(\d{4})\]\((\S+)\) \| (.+?) \|", index)
    assert rows == [(r.name[:4], r.name, title) for r, title in zip(RECORDS, titles, strict=True)]
