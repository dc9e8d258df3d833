"""Titles with a series in brackets, and the places that sources write for a volume."""

from __future__ import annotations

import pytest

from crawler.records import Series
from crawler.series import make_series, plain_title, read_series


@pytest.mark.parametrize(
    ("title", "plain", "series"),
    [
        ("The Ferry (Harbour Tales, #1)", "The Ferry", Series(name="Harbour Tales", position=1)),
        ("The Ferry (Harbour Tales #2.5)", "The Ferry", Series(name="Harbour Tales", position=2.5)),
        ("The Ferry (Harbour Tales, # 3)", "The Ferry", Series(name="Harbour Tales", position=3)),
        ("Gulls! Gulls! (Coast, #8; Night Watch #1)", "Gulls! Gulls!", Series(name="Coast", position=8)),
        ("The Ferry (Coast (Reading Order), #1)", "The Ferry", Series(name="Coast (Reading Order)", position=1)),
        ("Dock (22) (Harbour, #1-3)", "Dock (22)", Series(name="Harbour")),
        ("The Ferry (Annotated)", "The Ferry (Annotated)", None),
        ("Believe (#OnTheQuay)", "Believe (#OnTheQuay)", None),
        ("(Harbour, #1)", "(Harbour, #1)", None),
    ],
)
def test_a_series_at_the_end_of_a_title(title: str, plain: str, series: Series | None) -> None:
    assert plain_title(title) == plain
    assert read_series(title) == series


@pytest.mark.parametrize(
    ("place", "position"),
    [
        ("1", 1),
        ("#2", 2),
        ("0.5", 0.5),
        (".5", 0.5),
        ("2½", 2.5),
        ("1-3", None),
        ("1, 2", None),
        ("", None),
        ("x", None),
    ],
)
def test_the_place_in_a_series(place: str, position: float | None) -> None:
    assert make_series("Harbour", place) == Series(name="Harbour", position=position)


def test_a_series_needs_a_name() -> None:
    assert make_series(" , ", "1") is None
