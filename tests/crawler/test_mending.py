"""Lines of a catalogue that are written otherwise than they should be are read as what they mean, and counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from crawler.catalogue import parse_record
from crawler.errors import RecordRejected
from crawler.mending import GARBLED, NO_LENGTH, NULL, NUMBER_FOR_ID, TEXT_FOR_LIST, describe_mended
from crawler.records import Creator

LINE = {"source": "mine", "source_id": "1", "title": "Salt Road"}


@pytest.mark.parametrize(
    ("written", "field", "meant", "problem"),
    [
        ({"runtime_minutes": 0}, "runtime_minutes", None, NO_LENGTH),
        ({"page_count": "0"}, "page_count", None, NO_LENGTH),
        ({"genres": "Drama"}, "genres", ("Drama",), TEXT_FOR_LIST),
        ({"keywords": "harbour, war|loss"}, "keywords", ("harbour", "war", "loss"), TEXT_FOR_LIST),
        ({"countries": "Finland"}, "countries", ("FI",), TEXT_FOR_LIST),
        ({"creators": "Ann Ode"}, "creators", (Creator(name="Ann Ode"),), TEXT_FOR_LIST),
        ({"genres": None}, "genres", (), NULL),
        ({"genres": ["Drama", None]}, "genres", ("Drama",), NULL),
        ({"description": None}, "description", "", NULL),
        ({"ids": {"imdb": None, "tmdb": "5"}}, "ids", {"tmdb": "5"}, NULL),
        ({"source_id": 550}, "source_id", "550", NUMBER_FOR_ID),
        ({"ids": {"tmdb": 550}}, "ids", {"tmdb": "550"}, NUMBER_FOR_ID),
        ({"title": "Am\u00c3\u00a9lie"}, "title", "Am\u00e9lie", GARBLED),
        ({"creators": [{"name": "Andr\u00c3\u00a9"}]}, "creators", (Creator(name="Andr\u00e9"),), GARBLED),
    ],
)
def test_what_is_meant_is_read_and_counted(written: dict[str, Any], field: str, meant: Any, problem: str) -> None:
    mended: Counter[str] = Counter()
    record = parse_record(orjson.dumps(LINE | written), mended)
    assert getattr(record, field) == meant
    assert mended == {problem: 1}


@pytest.mark.parametrize(
    "written",
    [
        {"title": "S\u00c3O PAULO", "genres": [], "runtime_minutes": None, "ids": {"tmdb": "5"}},
        {"creators": ["Ann Ode"]},
        {"_id": "b1", "title": "Salt Road", "text": "Two sisters.", "metadata": {"year": 2001}},
    ],
)
def test_what_is_written_as_it_should_be_is_not_counted(written: dict[str, Any]) -> None:
    mended: Counter[str] = Counter()
    parse_record(orjson.dumps(written if "_id" in written else LINE | written), mended)
    assert not mended


@pytest.mark.parametrize(
    "written", [{"runtime_minutes": False}, {"runtime_minutes": -5}, {"source_id": 1.5}, {"genres": 3}]
)
def test_what_means_nothing_is_still_rejected_and_not_counted(written: dict[str, Any]) -> None:
    mended: Counter[str] = Counter()
    with pytest.raises(RecordRejected, match=next(iter(written))):
        parse_record(orjson.dumps(LINE | written), mended)
    assert not mended


def test_the_counts_in_words() -> None:
    assert describe_mended({NULL: 1, GARBLED: 1200}) == f"1,200 with {GARBLED}; 1 with {NULL}"
