"""The counts of works by fact, over a small catalogue."""

from __future__ import annotations

import pytest

from indexer.facts import FACETS, range_name
from search_api.records import Filters, IntegerRange, SearchRequest
from search_api.search import Search


def counts(search: Search, name: str, **filters: object) -> dict[str | int, int]:
    found = search.facets(Filters.model_validate(filters), names=[name])
    return {entry.value: entry.count for entry in found.facets[name]}


def test_films_are_counted_by_minutes_and_books_by_pages(small_search: Search) -> None:
    assert counts(small_search, "runtime_minutes") == {"..120": 2, "120..": 2}  # 104, 96, 121 and 133 minutes
    assert counts(small_search, "page_count") == {"..200": 1, "..400": 3, "400..": 1}  # 312, 540, 148 and 226 pages


@pytest.mark.parametrize("name", ["runtime_minutes", "page_count"])
@pytest.mark.parametrize("filters", [{}, {"genres": {"any": ["Drama"]}}, {"year": {"gte": 1990}}])
def test_a_length_counts_as_many_works_as_its_filter_lets_through(
    small_search: Search, name: str, filters: dict[str, object]
) -> None:
    totals = {}
    for each in FACETS[name].ranges:
        wanted = Filters.model_validate({**filters, name: each})
        total = small_search.search(SearchRequest(query="hope", filters=wanted)).total
        totals |= {range_name(each): total} if total else {}
    assert counts(small_search, name, **filters) == totals


def test_lengths_heed_the_filters_and_leave_out_what_no_work_has(small_search: Search) -> None:
    assert counts(small_search, "runtime_minutes", kind="movie", year={"lte": 1980}) == {"120..": 1}
    assert counts(small_search, "runtime_minutes", kind="book") == {}
    assert counts(small_search, "page_count", page_count={"gte": 300}) == {"..400": 1, "400..": 1}


def test_fewer_lengths_can_be_asked_for(small_search: Search) -> None:
    (entry,) = small_search.facets(names=["page_count"], limit=1).facets["page_count"]
    assert (entry.value, entry.count) == ("..200", 1)


@pytest.mark.parametrize(("ends", "name"), [((None, 90), "..90"), ((120, None), "120.."), ((90, 120), "90..120")])
def test_a_range_is_named_by_its_ends(ends: tuple[int | None, int | None], name: str) -> None:
    assert range_name(IntegerRange(gte=ends[0], lte=ends[1])) == name
