"""Cells of tables, however they are written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crawler.tables import cells
from crawler.tables.cells import Unreadable, to_cell


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "  "])
def test_missing_values_are_unknown(missing: object) -> None:
    assert to_cell(missing) is None


def test_values_of_data_frames_are_plain() -> None:
    assert to_cell(np.int64(7)) == 7
    assert to_cell(np.array(["a", None], dtype=object)) == ["a", None]
    assert to_cell(pd.Timestamp("1994-09-23")) == "1994-09-23T00:00:00"


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (1994, 1994),
        (1994.0, 1994),
        ("1994", 1994),
        ("1994.0", 1994),
        ("(1994)", 1994),
        ("c1994", 1994),
        ("1994-09-23", 1994),
        ("1994-09-23T00:00:00+00:00", 1994),
        (datetime(1994, 9, 23).isoformat(), 1994),  # noqa: DTZ001
        ("23 Sep 1994", 1994),
        ("09/23/1994", 1994),
        ("September 23, 1994", 1994),
        ("-750", -750),
        (-750.0, -750),
        ("750 BC", -750),
        ("8", 8),
        ("0", None),
        ("nan", None),
        ("\\N", None),
    ],
)
def test_years(cell: Any, year: int | None) -> None:
    assert cells.read_year(to_cell(cell)) == year


@pytest.mark.parametrize("cell", ["PG", "12/25/94", "99999", "1e3"])
def test_what_is_not_a_year_is_said(cell: str) -> None:
    with pytest.raises(Unreadable, match="not a year"):
        cells.read_year(cell)


@pytest.mark.parametrize(
    "cell", [142, 142.0, "142", "142 min", "142 mins.", "2h 22m", "2h22", "2 hr 22 min", "2:22", "02:22:00", "PT2H22M"]
)
def test_lengths(cell: Any) -> None:
    assert cells.read_minutes(cell) == 142


def test_length_of_zero_is_unknown_and_words_are_none() -> None:
    assert cells.read_minutes(0) is None
    assert cells.read_minutes("2h") == 120
    with pytest.raises(Unreadable):
        cells.read_minutes("2 Seasons")


@pytest.mark.parametrize(
    "cell",
    [
        "Drama|Science Fiction",
        "Drama; Science Fiction",
        "Drama, Science Fiction",
        '["Drama", "Science Fiction"]',
        "['Drama', 'Science Fiction']",
        '[{"id": 18, "name": "Drama"}, {"id": 878, "name": "Science Fiction"}]',
        "[{'id': 18, 'name': 'Drama'}, {'id': 878, 'name': 'Science Fiction'}]",
        "[Drama, Science Fiction]",
        ["Drama", "Science Fiction"],
        [{"name": "Drama"}, {"name": "Science Fiction"}],
        {"0": "Drama", "2": "Science Fiction"},
        [["Drama"], ["Science Fiction"]],
    ],
)
def test_lists(cell: Any) -> None:
    assert cells.read_list(cell) == ["Drama", "Science Fiction"]


@pytest.mark.parametrize("cell", [None, "", "[]", "NaN", "(no genres listed)", float("nan")])
def test_lists_that_say_nothing(cell: Any) -> None:
    assert cells.read_list(to_cell(cell)) == []


def test_cut_list_is_said() -> None:
    with pytest.raises(Unreadable, match="broken list"):
        cells.read_list('[{"id": 18, "name": "Dra')


def test_names_of_people() -> None:
    assert cells.read_names("Ann Ode, Martin Luther King, Jr.") == ["Ann Ode", "Martin Luther King, Jr."]
    assert cells.read_names("Ann Ode & Bo Li") == ["Ann Ode", "Bo Li"]
    assert cells.read_inverted_names("Austen, Jane|Ode, Ann") == ["Jane Austen", "Ann Ode"]
    assert cells.read_inverted_names("Homer") == ["Homer"]


@pytest.mark.parametrize(
    ("cell", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Avventura, L' (1960)", "L'Avventura", 1960),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("Twelve, Thirteen", "Twelve, Thirteen", None),
        ("(1994)", "(1994)", None),
    ],
)
def test_titles_with_years(cell: str, title: str, year: int | None) -> None:
    assert cells.split_title_and_year(cell) == (title, year)


@pytest.mark.parametrize(
    ("cell", "count"), [(2343110, 2343110), ("2,343,110", 2343110), ("2.343.110", 2343110), ("2.3M", 2300000), ("7", 7)]
)
def test_counts(cell: Any, count: int) -> None:
    assert cells.read_count(cell) == count


@pytest.mark.parametrize(("cell", "number"), [("8.7", 8.7), ("8,7", 8.7), ("8.7/10", 8.7), (8.7, 8.7), ("nan", None)])
def test_numbers(cell: Any, number: float | None) -> None:
    assert cells.read_number(cell) == number


@pytest.mark.parametrize(
    "cell", ["tt0111161", "0111161", "111161", 111161, 111161.0, "https://www.imdb.com/title/tt0111161/?ref_=x"]
)
def test_imdb_ids(cell: Any) -> None:
    assert cells.read_id("imdb", cell) == "tt0111161"


@pytest.mark.parametrize("cell", ["The Matrix 1999", "nm0000209", "tt"])
def test_other_texts_are_no_imdb_id(cell: str) -> None:
    with pytest.raises(Unreadable):
        cells.read_id("imdb", cell)


def test_titles_may_be_numbers_and_words_for_nothing() -> None:
    assert cells.read_text(1917.0) == "1917"
    assert cells.read_text("None") == "None"
