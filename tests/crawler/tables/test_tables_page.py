"""docs/tables.md has the presets and targets that there are."""

from __future__ import annotations

from pathlib import Path

from crawler.tables.docs import make_page

PAGE = Path(__file__).parents[3] / "docs" / "tables.md"


def test_page_has_every_preset_and_target() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert make_page(page) == page, "write it again: python -m crawler.tables.docs docs/tables.md"
