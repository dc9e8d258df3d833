"""The page of settings has what the settings classes declare, and no page names a variable that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from configuration import COMMAND, PAGE, make_page, make_table
from pages import PAGES


def test_the_table_is_that_of_the_settings_classes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert make_table() in page, f"{PAGE.name} lags behind the settings classes: {COMMAND} writes it anew"
    assert page == make_page(page)


def test_every_setting_says_what_it_is_for() -> None:
    assert [row for row in make_table().splitlines() if not row.split("|")[2].strip()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_variables_that_exist(page: Path) -> None:
    named = set(re.findall(r"EVOKE_[A-Z][A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))
    known = set(re.findall(r"EVOKE_[A-Z_]+", make_table()))
    assert {name for name in named - known if not name.startswith("EVOKE_TEST_")} == set()
