"""The order of an answer, as a person asks for it: by year, length or a value."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from catalogues import SMALL, make_record, make_records
from homes import build, open_home

from search_api.errors import RequestRefused
from search_api.records import Page, RecommendRequest, SearchRequest
from search_api.search import Search

TIMELESS = make_record("timeless", "The Timeless Harbour", "Hope, storms and a harbour that nobody dates.", kind="book")


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    """A search over 300 random works, those of the small catalogue, and one without year and length."""
    folder = tmp_path_factory.mktemp("sorted")
    build(folder / "home", [*make_records(300), *SMALL, TIMELESS])
    with open_home(folder / "home") as opened:
        yield opened


def ask(search: Search, sort: str, *, limit: int = 100, offset: int = 0, cursor: str | None = None) -> Page:
    request = SearchRequest(query="hope and storms", sort=sort, limit=limit, offset=offset, cursor=cursor)
    return search.search(request)


def first_200(search: Search, sort: str) -> list[str]:
    return [hit.id for offset in (0, 100) for hit in ask(search, sort, offset=offset).hits]


@pytest.mark.parametrize(("sort", "sign"), [("newest", -1), ("oldest", 1)])
def test_the_best_works_are_ordered_by_year_with_unknown_ones_last(search: Search, sort: str, sign: int) -> None:
    best = first_200(search, "best")
    rank = {work_id: place for place, work_id in enumerate(best)}
    hits = [*ask(search, sort).hits, *ask(search, sort, offset=100).hits]
    assert "test:timeless" in best
    assert {hit.id for hit in hits} == set(best)
    keys = [(math.inf if hit.year is None else sign * hit.year, rank[hit.id]) for hit in hits]
    assert keys == sorted(keys)
    assert hits[-1].id == "test:timeless"


def test_the_shortest_come_first_and_a_page_takes_a_minute_and_a_half(small_search: Search) -> None:
    hits = ask(small_search, "shortest").hits
    minutes = [hit.runtime_minutes or 1.5 * (hit.page_count or math.nan) for hit in hits]
    assert minutes == sorted(minutes)
    assert {hit.kind for hit in hits[4:]} == {"book"}
    assert [hit.title for hit in hits[:2]] == ["Salt Road", "The Lighthouse Year"]


def test_works_without_a_length_come_after_those_with_one(search: Search) -> None:
    lengths = [hit.runtime_minutes or hit.page_count for hit in ask(search, "shortest", limit=20).hits]
    n_known = sum(f"test:{work['source_id']}" in first_200(search, "best") for work in SMALL)
    assert 0 < n_known < 20
    assert all(lengths[:n_known])
    assert not any(lengths[n_known:])


def test_more_of_a_value_comes_first(small_search: Search) -> None:
    scores = []
    for hit in ask(small_search, "value:E2").hits:
        work = small_search.work(hit.id)
        scores.append({value.id: value.score for value in (*work.values, *hit.values)}.get("E2", 0.0))
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]


def test_pages_of_an_order_neither_repeat_nor_skip_a_work(search: Search) -> None:
    paged: list[str] = []
    cursor = None
    while True:
        page = ask(search, "newest", limit=17, cursor=cursor)
        paged += [hit.id for hit in page.hits]
        if (cursor := page.cursor) is None:
            break
    assert len(paged) == len(set(paged)) == page.total == 309
    assert paged[:200] == first_200(search, "newest")
    assert paged[200:] == [hit.id for offset in (200, 300) for hit in ask(search, "best", offset=offset).hits]


def test_similar_and_recommended_works_are_ordered_too(search: Search) -> None:
    similar = search.similar("test:night-ferry", sort="oldest", limit=50).hits
    recommended = search.recommend(RecommendRequest(likes=("test:night-ferry",), sort="oldest", limit=50)).hits
    for hits in (similar, recommended):
        assert len(hits) == 50
        years = [hit.year or math.inf for hit in hits]
        assert years == sorted(years)
    best = search.similar("test:night-ferry", limit=50).hits
    assert [hit.id for hit in similar] != [hit.id for hit in best]


def test_an_order_by_an_unknown_value_is_refused(search: Search) -> None:
    with pytest.raises(RequestRefused, match="sort: no value has the id 'E99'"):
        ask(search, "value:E99")
    with pytest.raises(RequestRefused, match="sort: "):
        search.similar("test:night-ferry", sort="value:E99")
    with pytest.raises(RequestRefused, match="sort: "):
        search.recommend(RecommendRequest(likes=("test:night-ferry",), sort="value:E99"))
