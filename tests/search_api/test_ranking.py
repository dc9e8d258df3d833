"""How requests are ranked over an index: named works, known works, stages, pages and words without a sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogues import make_record
from homes import build, open_home

from search_api.fusion import Ranking
from search_api.leg_queries import LegQueryBuilder, agree
from search_api.records import Filters, Intent, Page, SearchRequest, WorkReference
from search_api.search import Search

KEEPER = "A keeper tends the lamp of a lighthouse through the winter storms."
RECORDS = [
    *(
        make_record(f"lamp-{n}", f"Lamp {chr(97 + n)}", f"{KEEPER} Part {n}.", kind="movie", year=1980 + n,
                    rating={"mean": 6.0, "count": 5 + n, "scale": 10}, genres=["Drama"])
        for n in range(14)
    ),
    make_record("famous", "The Great Lamp", KEEPER, kind="movie", year=1999, genres=["Drama"],
                rating={"mean": 8.0, "count": 90_000, "scale": 10}, language="fr",
                creators=[{"name": "Ada Marsh", "role": "director"}]),
    make_record("gem", "The Quiet Lamp", KEEPER, kind="movie", year=1998, genres=["Drama"],
                rating={"mean": 8.5, "count": 60, "scale": 10}),
    make_record("twin", "The Great Lamp", KEEPER, kind="movie", year=1999),
    make_record("blockbuster", "Cars and Guns", "Fast cars race through the city and explode at noon.", kind="movie",
                year=2010, genres=["Action"], rating={"mean": 7.0, "count": 100_000, "scale": 10}),
    *(
        make_record(f"tale-{n}", f"Tale {chr(97 + n)}", f"{KEEPER} A tale in {n} chapters.", kind="book", year=1950 + n,
                    rating={"mean": 4.0, "count": 100 * 4**n, "scale": 5}, genres=["Fiction"],
                    creators=[{"name": "Tom Ferrier", "role": "author"}])
        for n in range(6)
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    home: Path = tmp_path_factory.mktemp("ranking") / "home"
    build(home, RECORDS)
    with open_home(home) as opened:
        yield opened


@pytest.fixture
def ask(search: Search, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Page]:
    """Return a function that answers an intent, as if it was read from the words."""

    def answer(limit: int = 10, offset: int = 0, explicit: dict[str, Any] | None = None, **understood: Any) -> Page:
        filters = Filters.model_validate({**(understood.pop("filters", {})), **(explicit or {})})
        intent = Intent(filters=filters, **{"text": "a lighthouse keeper in winter", **understood})
        monkeypatch.setattr(LegQueryBuilder, "_read", lambda *_: intent)
        given = Filters.model_validate(explicit or {})
        query = f"{intent.model_dump_json()} {limit} {offset}"  # answers are cached by the query
        return search.search(SearchRequest(query=query, filters=given, limit=limit, offset=offset))

    return answer


def shown(page: Page) -> list[str]:
    return [hit.title for hit in page.hits]


def work(search: Search, title: str) -> WorkReference:
    found = search.serving().names.find(title)
    assert found is not None
    return found


def test_of_works_that_match_alike_the_best_known_comes_first(ask: Callable[..., Page]) -> None:
    assert shown(ask(filters={"kind": "movie"}))[0] == "The Great Lamp"


def test_a_request_for_the_lesser_known_puts_it_behind(ask: Callable[..., Page]) -> None:
    assert "The Great Lamp" not in shown(ask(filters={"kind": "movie"}, standing="lesser-known"))[:3]


def test_a_request_for_the_underrated_puts_what_few_rate_well_first(ask: Callable[..., Page]) -> None:
    first, *others = shown(ask(filters={"kind": "movie"}, standing="underrated"))
    assert first == "The Quiet Lamp"
    assert "The Great Lamp" not in others[:3]


def test_a_remembered_description_does_not_favour_known_works(ask: Callable[..., Page]) -> None:
    hits = {hit.title: hit.score for hit in ask(is_description=True, limit=30).hits}
    favoured = {hit.title: hit.score for hit in ask(limit=30).hits}
    assert hits["The Great Lamp"] < favoured["The Great Lamp"]


def test_a_known_work_that_matches_nothing_is_not_favoured(ask: Callable[..., Page]) -> None:
    assert "Cars and Guns" not in shown(ask(filters={"kind": "movie"}))


@pytest.mark.parametrize("query", ["Lamp c", "Lamp c 1982", "the movie Lamp c", "Tale b by Tom Ferrier"])
def test_a_title_finds_its_work_before_better_known_ones(search: Search, query: str) -> None:
    title = "Tale b" if "Tale" in query else "Lamp c"
    assert search.search(SearchRequest(query=query, limit=1)).hits[0].title == title


def test_two_rows_of_one_work_are_shown_once_and_a_title_finds_both(search: Search, ask: Callable[..., Page]) -> None:
    page = ask(limit=100)
    assert shown(page).count("The Great Lamp") == 1
    assert page.total == len(page.hits) == len(RECORDS) - 1
    assert shown(search.search(SearchRequest(query="The Great Lamp"))).count("The Great Lamp") == 2


def test_liked_disliked_and_seen_works_are_not_shown(search: Search, ask: Callable[..., Page]) -> None:
    liked, disliked, seen = (work(search, title) for title in ("Lamp c", "Lamp d", "Lamp e"))
    page = ask(limit=100, like=(liked,), unlike=(disliked,), seen=(seen,))
    assert not {"Lamp c", "Lamp d", "Lamp e"} & set(shown(page))
    assert page.total == len(page.hits) == len(RECORDS) - 4
    assert {"profile", "kin"} <= page.hits[0].legs.keys()


def test_pages_of_an_answer_in_stages_neither_repeat_nor_skip(ask: Callable[..., Page]) -> None:
    understood = {"filters": {"kind": "movie", "language": {"any": ["fr"]}}}
    whole = ask(limit=100, **understood)
    pages = [hit.id for offset in range(0, whole.total, 3) for hit in ask(limit=3, offset=offset, **understood).hits]
    assert pages == [hit.id for hit in whole.hits]
    assert shown(whole)[0] == "The Great Lamp"
    assert len(set(pages)) == whole.total == 17
    assert [unmet.part for unmet in whole.intent.unmet] == ["filters.language"]


def test_the_same_filter_given_explicitly_is_exact(ask: Callable[..., Page]) -> None:
    page = ask(explicit={"language": {"any": ["fr"]}})
    assert shown(page) == ["The Great Lamp"]
    assert not page.intent.unmet


def test_a_work_of_the_stage_without_the_fact_has_its_legs_scores(ask: Callable[..., Page]) -> None:
    page = ask(filters={"kind": "movie", "language": {"any": ["fr"]}})
    assert all(hit.legs["text"].score is not None for hit in page.hits)


def test_both_kinds_answer_a_request_that_names_none(ask: Callable[..., Page]) -> None:
    kinds = [hit.kind for hit in ask().hits]
    assert 3 <= kinds.count("book") <= 7


def test_words_without_a_sense_are_said_to_match_nothing(search: Search) -> None:
    page = search.search(SearchRequest(query="xqzt vlorb"))
    assert [(unmet.part, unmet.note) for unmet in page.intent.unmet] == [
        ("text", "nothing here matches these words well")
    ]
    assert not search.search(SearchRequest(query="keeper of a lamp")).intent.unmet


def test_similar_works_share_what_the_work_has(search: Search) -> None:
    first = search.similar(work(search, "Tale b").id).hits[0]
    assert [creator.name for creator in first.creators] == ["Tom Ferrier"]


def test_works_with_refused_words_come_last(ask: Callable[..., Page]) -> None:
    # "Part 3." is the end of one film's description, and "3 chapters" of one book's.
    assert shown(ask(limit=21, refused=("part 3",), filters={"kind": "movie"}))[-1] == "Lamp d"
    assert shown(ask(limit=21, refused=("3 chapters",), filters={"kind": "book"}))[-1] == "Tale d"


def test_a_word_that_most_works_have_refuses_none(ask: Callable[..., Page]) -> None:
    assert shown(ask(limit=20, refused=("lighthouse",))) == shown(ask(limit=20))


def test_of_a_subject_known_works_without_its_words_come_behind(ask: Callable[..., Page]) -> None:
    page = ask(text="fast cars", subject="cars", values={"E1": 1.0}, limit=3)
    assert shown(page)[0] == "Cars and Guns"


@pytest.mark.parametrize(
    ("text", "described", "agrees"),
    [
        ([0.6, 0.5, 0.4], [0, 1], True),
        ([0.6, 0.5, 0.4], [0, 7, 8, 9], True),
        ([0.5, 0.4], [0, 7, 8, 9], False),
        ([0.4, 0.3], [0, 1], False),
        ([0.6], [], False),
        ([], [0], False),
    ],
)
def test_words_name_a_subject_where_the_works_that_have_them_are_near_in_meaning(
    text: list[float], described: list[int], agrees: bool
) -> None:
    nearest = Ranking(np.arange(len(text)), np.array(text))
    assert agree(nearest, described) is agrees


def test_where_only_facts_are_asked_for_the_best_known_works_come_first(ask: Callable[..., Page]) -> None:
    assert shown(ask(text="films", filters={"kind": "movie"}, limit=2)) == ["Cars and Guns", "The Great Lamp"]
