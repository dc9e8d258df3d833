"""No series, person or kind fills the first ten works, and no work is lost or repeated."""

from __future__ import annotations

from typing import Any

import pytest
from known_works import open_table

from search_api.diversity import BLOCK, Variety, diversify

OPEN = Variety()


def make(work_id: str, **facts: Any) -> dict[str, Any]:
    return {"id": work_id, "title": facts.pop("title", work_id), "kind": "movie", **facts}


def first_ten(payloads: list[dict[str, Any]], variety: Variety = OPEN, fall: float = 0.01) -> list[str]:
    """Return the ids of the first ten works of a ranking in the order of the payloads."""
    ranked = [(row, 1 - fall * row) for row in range(len(payloads))]
    reordered = diversify(ranked, open_table(payloads), variety, BLOCK)
    assert sorted(row for row, _ in reordered) == [row for row, _ in ranked]
    return [payloads[row]["id"] for row, _ in reordered][:BLOCK]


SERIES = [make(f"wheel-{n}", series={"name": "The Wheel", "position": n}) for n in (4, 2, 1, 3)]
OTHERS = [make(f"other-{n}") for n in range(20)]


def test_a_series_has_one_work_among_ten_and_it_is_the_first_volume() -> None:
    assert [work for work in first_ten([*SERIES, *OTHERS]) if work.startswith("wheel")] == ["wheel-1"]


@pytest.mark.parametrize("query", ["the wheel books", "Something like The Wheel, but shorter"])
def test_a_series_that_the_query_names_is_shown_whole(query: str) -> None:
    shown = first_ten([*SERIES, *OTHERS], Variety(query=query))
    assert sum(work.startswith("wheel") for work in shown) == len(SERIES)


def test_numbered_titles_are_a_series() -> None:
    titles = {"two": "Night Ferry 2", "one": "Night Ferry", "tide": "Night Ferry: Tide"}
    sequels = [make(work_id, title=title) for work_id, title in titles.items()]
    assert {"two", "one", "tide"} & set(first_ten([*sequels, *OTHERS])) == {"one"}


def test_one_person_has_at_most_three_works_among_ten_unless_asked_for() -> None:
    own = [make(f"own-{n}", creators=[{"name": "Ada Marsh", "role": "director"}]) for n in range(8)]
    assert sum(work.startswith("own") for work in first_ten([*own, *OTHERS])) == 3
    assert sum(work.startswith("own") for work in first_ten([*own, *OTHERS], Variety(by_maker=False))) == 8


def test_both_kinds_are_among_ten_where_both_fit() -> None:
    books = [make(f"book-{n}", kind="book") for n in range(5)]
    shown = first_ten([*OTHERS, *books])
    assert sum(work.startswith("book") for work in shown) == 3
    assert shown[0] == "other-0"


def test_a_kind_that_does_not_fit_or_is_not_asked_for_is_not_moved_up() -> None:
    books = [make(f"book-{n}", kind="book") for n in range(5)]
    for shown in (first_ten([*OTHERS, *books], fall=0.035), first_ten([*OTHERS, *books], Variety(by_kind=False))):
        assert not any(work.startswith("book") for work in shown)


def test_a_longer_page_begins_as_a_shorter_one() -> None:
    payloads = [*SERIES, *OTHERS, *(make(f"book-{n}", kind="book") for n in range(9))]
    ranked = [(row, 1 - 0.01 * row) for row in range(len(payloads))]
    table = open_table(payloads)
    assert diversify(ranked, table, Variety(), 40)[:BLOCK] == diversify(ranked, table, Variety(), BLOCK)[:BLOCK]
