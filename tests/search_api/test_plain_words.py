"""What was understood, in plain words."""

from __future__ import annotations

import pytest

from search_api.plain_words import describe_intent, describe_minutes, describe_work
from search_api.records import Filters, Intent, WorkReference, WorkView


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"kind": "book", "year": {"gte": 1990, "lte": 1999}}, ["books", "1990 to 1999"]),
        ({"year": {"gte": 1965, "lte": 1965}}, ["1965"]),
        ({"year": {"gte": 1990}, "page_count": {"lte": 1500}}, ["from 1990", "up to 1,500 pages"]),
        ({"runtime_minutes": {"gte": 61}}, ["from 1 h 1 min"]),
        ({"language": {"any": ["ja", "fr"], "none": ["de"]}}, ["in Japanese or French", "not in German"]),
        ({"genres": {"all": ["Drama", "War"], "none": ["Horror"]}}, ["Drama and War", "no Horror"]),
        ({"countries": {"any": ["SE", "NO", "DK", "FI", "IS", "GL"]}},
         ["from Sweden or Norway or Denmark or Finland or Iceland or others"]),
        ({"creators": {"any": ["director:Agnès Varda"], "none": ["A. B."]}}, ["with Agnès Varda", "without A. B."]),
        ({"values": {"E5": {"gte": 0.6}, "E4": {"lte": 0.2}}}, ["inspiration at least 0.6", "E4 at most 0.2"]),
    ],
)  # fmt: skip
def test_filters_are_said(filters: dict[str, object], expected: list[str]) -> None:
    intent = Intent(text="", filters=Filters.model_validate(filters))
    parts = list(describe_intent(intent, {"E5": "inspiration"}))
    assert [part.meaning for part in parts] == expected
    assert {part.path for part in parts} == {f"filters.{name}" for name in filters}


def test_wishes_and_works_are_said() -> None:
    intent = Intent(
        text="",
        values={"E5": 1.0, "E4": -0.5},
        tags={"T-made-me-cry": 0.8, "T-slow": -1.0},
        like=(WorkReference(id="1", title="Dune", kind="book", year=1965),),
        unlike=(WorkReference(id="2", title="Heat"),),
        like_people=("Agnès Varda",),
        audience="family",
        standing="underrated",
        subject="whales",
    )
    names = {"E5": "inspiration", "E4": "sadness", "T-slow": "slow"}
    assert list(describe_intent(intent, names)) == [
        ("like Dune (book, 1965)", "like.1", None),
        ("unlike Heat", "unlike.2", None),
        ("like the works of Agnès Varda", None, None),
        ("inspiration", "values.E5", 1.0),
        ("less sadness", "values.E4", -0.5),
        ("made me cry", None, 0.8),
        ("less slow", None, -1.0),
        ("for the whole family", "audience", None),
        ("underrated", "standing", None),
        ("about “whales”", None, None),
    ]


def test_a_work_is_said_by_what_is_known_of_it() -> None:
    assert describe_work(WorkView(id="1", title="Untold")) == ""
    makers = [{"name": name, "role": "author"} for name in ("A", "B", "C")]
    work = WorkView.model_validate(
        {"id": "1", "title": "T", "kind": "book", "page_count": 1200, "language": "ja", "creators": makers}
    )
    assert describe_work(work) == "Book · A, B and 1 more · 1,200 pages · Japanese"


@pytest.mark.parametrize(("minutes", "text"), [(45, "45 min"), (120, "2 h"), (104, "1 h 44 min")])
def test_a_length_is_said_in_hours_and_minutes(minutes: int, text: str) -> None:
    assert describe_minutes(minutes) == text
