"""Search over the starter catalogue with the real model: what a person notices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pydantic import ValidationError

from indexer.pipeline import build_index
from indexer.settings import IndexSettings
from search_api.errors import IndexMissing, RequestRefused, WorkNotFound
from search_api.leg_queries import leave_out
from search_api.records import (
    FACETS,
    Filters,
    Hit,
    Intent,
    Page,
    ScoreRange,
    SearchRequest,
    WorkReference,
    WorkView,
)
from search_api.retrieval import fetch_vectors, find_candidates_and_among
from search_api.search import Search, open_search
from search_api.settings import SearchSettings


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    home = tmp_path_factory.mktemp("home")
    build_index([], IndexSettings(home=home))
    opened = open_search(SearchSettings(home=home))
    yield opened
    opened.close()


def ask(search: Search, query: str, *, limit: int = 10, offset: int = 0, **filters: object) -> Page:
    return search.search(
        SearchRequest(query=query, limit=limit, offset=offset, filters=Filters.model_validate(filters))
    )


def titles(page: Page) -> list[str]:
    return [hit.title for hit in page.hits]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("find me something inspiring", {"Apollo 11", "The Miracle Worker", "Interstellar", "Ikiru", "October Sky"}),
        ("a feel-good film", {"Amélie", "Mary Poppins", "Little Miss Sunshine", "Paddington 2", "School of Rock"}),
        ("a book about survival at sea", {"Kon-Tiki", "Endurance: Shackleton's Incredible Voyage", "Life of Pi"}),
        ("sad japanese film", {"Tokyo Story", "Grave of the Fireflies", "Departures"}),
        ("a clockwork city above and workers below", {"Metropolis"}),
    ],
)
def test_well_known_requests_find_well_known_answers(search: Search, query: str, expected: set[str]) -> None:
    assert len(expected & set(titles(ask(search, query)))) >= min(2, len(expected))


def test_the_flagship_request_is_read_and_answered(search: Search) -> None:
    page = ask(search, "find me something inspiring, like Interstellar but not too sad, under two hours")
    assert [work.title for work in page.intent.like] == ["Interstellar"]
    assert page.intent.values["E5"] > 0 > page.intent.values["E4"]
    assert "Interstellar" not in titles(page)
    assert all(hit.runtime_minutes is not None and hit.runtime_minutes < 120 for hit in page.hits)
    assert {"October Sky", "Apollo 11", "WALL·E"} & set(titles(page)[:5])


def test_a_hit_has_reasons(search: Search) -> None:
    hit = ask(search, "survival at sea", kind="book").hits[0]
    assert {"text", "bm25", "values"} <= hit.legs.keys()
    assert all(leg.rank is None or leg.rank >= 1 for leg in hit.legs.values())
    assert "sea" in hit.matched_terms
    assert hit.reasons
    assert any(value.evidence for value in hit.values)
    for value in hit.values:
        assert (value.evidence is not None) == value.is_primary
        if value.evidence:
            assert hit.description[value.evidence.start : value.evidence.end] == value.evidence.text


def test_every_value_and_tag_of_the_request_is_shown_with_its_score(search: Search) -> None:
    page = ask(search, "a funny film without violence", limit=50)
    values = {value_id for value_id, weight in page.intent.values.items() if weight}
    tags = {tag for tag, weight in page.intent.tags.items() if weight}
    assert values
    assert tags
    for hit in page.hits:
        assert {value.id for value in hit.values} >= values
        assert len(hit.values) >= 6
        assert {tag.id for tag in hit.tags} == tags
    levels = {tag.score for hit in page.hits for tag in hit.tags}
    assert any(0 < level < 0.5 for level in levels)
    assert any(level >= 0.5 for level in levels)


def test_reasons_name_what_a_hit_shares_with_the_liked_work(search: Search) -> None:
    hits = ask(search, "a film like Interstellar").hits
    assert sum(any(reason.endswith("with Interstellar") for reason in hit.reasons) for hit in hits) >= 5


@pytest.mark.parametrize("query", ["xkcd blorp", "7 7 7 7", "foo bar baz", "hello"])
def test_nothing_is_close_in_meaning_to_senseless_words(search: Search, query: str) -> None:
    assert not any("close in meaning" in reason for hit in ask(search, query).hits for reason in hit.reasons)


@pytest.mark.parametrize("title", ["1984", "M", "The Godfather", "pan's labyrinth", "Amelie"])
def test_a_query_that_is_a_title_finds_its_work_first(search: Search, title: str) -> None:
    first = titles(ask(search, title))[0].casefold().replace("é", "e")
    assert first == title.casefold()


FILTERS = [
    ({"kind": "book"}, lambda hit: hit.kind == "book"),
    ({"year": {"gte": 1990, "lte": 1999}}, lambda hit: 1990 <= hit.year <= 1999),
    ({"runtime_minutes": {"lte": 90}}, lambda hit: hit.runtime_minutes <= 90),
    ({"page_count": {"gte": 500}}, lambda hit: hit.page_count >= 500),
    ({"language": {"any": ["ja", "fr"]}}, lambda hit: hit.language in ("ja", "fr")),
    ({"language": {"none": ["en"]}}, lambda hit: hit.language != "en"),
    ({"genres": {"any": ["comedy", "Horror"]}}, lambda hit: {"Comedy", "Horror"} & set(hit.genres)),
    ({"genres": {"all": ["Drama", "WAR"]}}, lambda hit: {"Drama", "War"} <= set(hit.genres)),
    ({"genres": {"none": ["Drama"]}}, lambda hit: "Drama" not in hit.genres),
    ({"creators": {"any": ["akira kurosawa"]}}, lambda hit: hit.creators[0].name == "Akira Kurosawa"),
]


@pytest.mark.parametrize(("filters", "passes"), FILTERS, ids=[str(f) for f, _ in FILTERS])
def test_every_hit_passes_the_filters_and_the_total_counts_such_works(search: Search, filters, passes) -> None:  # type: ignore[no-untyped-def]
    everything = [hit for offset in range(0, 400, 100) for hit in ask(search, "love", limit=100, offset=offset).hits]
    page = ask(search, "love", limit=100, **filters)
    assert page.hits
    assert all(passes(hit) for hit in page.hits)
    assert page.total == sum(_passes(passes, hit) for hit in everything)


def test_the_works_above_and_below_a_score_are_all_works(search: Search) -> None:
    giving = ask(search, "hope", values={"E5": {"gte": 0.5}})
    others = ask(search, "hope", values={"E5": {"lte": 0.4999}})
    assert giving.total > 0
    assert giving.total + others.total == search.check()


@pytest.mark.parametrize("mark", [0.2, 0.5, 0.7])
def test_a_value_filter_passes_only_works_with_that_score(search: Search, mark: float) -> None:
    for scores, passes in (({"gte": mark}, lambda score: score >= mark), ({"lte": mark}, lambda score: score <= mark)):
        page = ask(search, "humour", limit=100, values={"E9": scores})
        assert page.hits
        shown = [value.score for hit in page.hits for value in hit.values if value.id == "E9"]
        assert shown
        assert all(map(passes, shown))


def _passes(passes, hit: Hit) -> bool:  # type: ignore[no-untyped-def]
    try:
        return bool(passes(hit))
    except (TypeError, IndexError):  # a work that lacks the fact fails the filter
        return False


def test_ten_pages_repeat_no_work_and_leave_none_out(search: Search) -> None:
    whole = [hit.id for offset in (0, 100, 200, 300) for hit in ask(search, "hope", limit=100, offset=offset).hits]
    paged = [hit.id for page in range(50) for hit in ask(search, "hope", limit=7, offset=7 * page).hits]
    assert paged == whole[: len(paged)]
    assert len(set(whole)) == len(whole) == ask(search, "hope").total == search.check()


def test_no_score_is_above_the_one_before(search: Search) -> None:
    scores = [hit.score for hit in ask(search, "a quiet village", limit=100).hits]
    assert scores == sorted(scores, reverse=True)


def test_an_offset_past_the_end_is_an_empty_page_with_the_total(search: Search) -> None:
    page = ask(search, "hope", offset=900)
    assert page.hits == ()
    assert page.total == search.check()
    assert page.cursor is None


def pages(search: Search, query: str, limit: int, **filters: object) -> Iterator[Page]:
    """Yield the pages of an answer, each by the cursor of the one before."""
    page = ask(search, query, limit=limit, **filters)
    yield page
    while page.cursor:
        page = search.search(
            SearchRequest(query=query, limit=limit, cursor=page.cursor, filters=Filters.model_validate(filters))
        )
        yield page


@pytest.mark.parametrize("window", [4, 1_000])
def test_cursors_reach_every_work_once(search: Search, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr("search_api.search.MAX_WINDOW", window)
    query = f"hope in the rain, {window} times"  # answers are cached
    answer = list(pages(search, query, 3))
    hits = [hit.id for page in answer for hit in page.hits]
    assert len(hits) == len(set(hits)) == answer[0].total == search.check()
    assert [page.offset for page in answer] == [sum(len(p.hits) for p in answer[:n]) for n in range(len(answer))]
    ranked = ask(search, query, limit=min(window, 100)).hits
    assert hits[: len(ranked)] == [hit.id for hit in ranked]


def test_works_behind_the_window_pass_the_filters(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_api.search.MAX_WINDOW", 2)
    answer = list(pages(search, "hope", 2, kind="book"))
    assert {hit.kind for page in answer for hit in page.hits} == {"book"}
    assert sum(len(page.hits) for page in answer) == answer[0].total


NO_CURSORS = ("x", "e30", "WzEsMiwzXQ", "W251bGwsMV0", "WzEwMDAwMCxudWxsXQ", "WzEsLTFd", "\u00e9")


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_what_is_no_cursor_is_refused_by_its_name(search: Search, cursor: str) -> None:
    with pytest.raises(RequestRefused) as refusal:
        search.search(SearchRequest(query="hope", cursor=cursor))
    assert refusal.value.field == "cursor"


def test_a_page_beyond_the_ranked_works_is_refused_with_the_way_on() -> None:
    with pytest.raises(ValidationError, match="cursor"):
        SearchRequest(query="hope", offset=950, limit=100)
    with pytest.raises(ValidationError, match="give one of them"):
        SearchRequest(query="hope", offset=5, cursor="WzEsbnVsbF0")


def test_nothing_passes_contradicting_filters(search: Search) -> None:
    page = ask(search, "hope", kind="book", runtime_minutes={"lte": 90})
    assert (page.total, page.hits) == (0, ())


def test_facets_count_the_works_that_the_filters_let_through(search: Search) -> None:
    facets = search.facets(Filters(kind="movie"))
    assert set(facets.facets) == set(FACETS)
    assert [(count.value, count.count) for count in facets.facets["kind"]] == [("movie", facets.total)]
    assert (
        sum(count.count for count in search.facets(names=["language"], limit=100).facets["language"]) == search.check()
    )
    with pytest.raises(RequestRefused, match="colour"):
        search.facets(names=["colour"])


def test_similar_works_are_alike_leave_the_work_out_and_heed_filters(search: Search) -> None:
    similar = search.similar("starter:interstellar-2014", limit=10)
    assert {"Contact", "The Martian", "2001: A Space Odyssey", "Arrival", "Apollo 11"} & set(titles(similar))
    assert "Interstellar" not in titles(similar)
    books = search.similar("starter:interstellar-2014", Filters(kind="book"))
    assert {hit.kind for hit in books.hits} == {"book"}
    with pytest.raises(WorkNotFound):
        search.similar("starter:no-such-work")


def test_filters_of_the_request_replace_those_read_from_the_words(search: Search) -> None:
    assert {hit.kind for hit in ask(search, "a sad film", kind="book").hits} == {"book"}


def test_parts_of_what_was_understood_can_be_left_out(search: Search) -> None:
    query = "a film like Interstellar, not too sad"
    understood = search.search(SearchRequest(query=query)).intent
    assert (understood.filters.kind, len(understood.like)) == ("movie", 1)
    parts = ("values.E4", f"like.{understood.like[0].id}", "filters.kind")
    left = search.search(SearchRequest(query=query, without=parts)).intent
    assert (left.filters.kind, left.like, "E4" in left.values) == (None, (), False)
    plain = search.search(SearchRequest(query=query, interpret=False)).intent
    assert (plain.text, plain.values) == (query, {})


def test_excluded_works_are_not_shown_and_not_counted(search: Search) -> None:
    whole = search.search(SearchRequest(query="something inspiring"))
    excluded = tuple(hit.id for hit in whole.hits[:3])
    rest = search.search(SearchRequest(query="something inspiring", exclude=(*excluded, "not:in-this-index")))
    assert rest.total == whole.total - 3
    assert not {*excluded} & {hit.id for hit in rest.hits}
    assert rest.intent == whole.intent


def test_seen_works_audience_and_standing_can_be_left_out() -> None:
    alien, jaws = WorkReference(id="a", title="Alien"), WorkReference(id="j", title="Jaws")
    intent = Intent(text="", seen=(alien, jaws), audience="teens", standing="popular")
    assert leave_out(intent, {"seen.a"}) == intent.model_copy(update={"seen": (jaws,)})
    assert leave_out(intent, {"audience", "standing"}) == Intent(text="", seen=(alien, jaws))


def test_what_follows_from_other_parts_is_left_out_with_the_last_of_them() -> None:
    alien, jaws = WorkReference(id="a", title="Alien"), WorkReference(id="j", title="Jaws")
    implied = {"filters.kind": ("like.a", "like.j")}
    intent = Intent(text="", like=(alien, jaws), filters=Filters(kind="movie"), implied=implied)
    assert leave_out(intent, {"like.a"}).filters.kind == "movie"
    assert leave_out(intent, {"like.a", "like.j"}) == Intent(text="")
    assert leave_out(intent, {"filters.kind"}) == Intent(text="", like=(alien, jaws))


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        ("like Interstellar but not too sad, under two hours", ("filters.runtime_minutes",)),
        ("a film like Interstellar under two hours", ()),
        ("something like Interstellar", ("like.starter:interstellar-2014",)),
        ("a comforting story", ()),
    ],
)
def test_a_kind_that_no_word_names_is_said_to_follow(search: Search, query: str, sources: tuple[str, ...]) -> None:
    assert search.search(SearchRequest(query=query)).intent.implied.get("filters.kind", ()) == sources
    given = search.search(SearchRequest(query=query, filters=Filters(kind="movie"))).intent
    assert given.implied == {}


def test_a_weight_moves_the_works_that_have_the_value(search: Search) -> None:
    def mean_rank_of_the_funny(**weights: float) -> float:
        page = search.search(SearchRequest(query="a story about friendship", limit=100, weights=weights))
        assert {value_id: page.intent.values.get(value_id) for value_id in weights} == weights
        order = [hit.id for hit in page.hits] + funny
        return sum(order.index(work_id) for work_id in funny) / len(funny)

    found = search.search(SearchRequest(query="humour", limit=20, filters=Filters(values={"E9": ScoreRange(gte=0.7)})))
    funny = [hit.id for hit in found.hits]
    assert funny
    assert mean_rank_of_the_funny(E9=1.0) < mean_rank_of_the_funny() < mean_rank_of_the_funny(E9=-1.0)


def test_a_weight_of_zero_removes_a_value_that_was_read(search: Search) -> None:
    query = "an inspiring film, not too sad"
    read = search.search(SearchRequest(query=query)).intent.values
    assert {"E5", "E4"} <= read.keys()
    rest = search.search(SearchRequest(query=query, weights={"E5": 0})).intent.values
    assert rest == {value_id: weight for value_id, weight in read.items() if value_id != "E5"}
    plain = SearchRequest(query=query, interpret=False, without=("values.E2",), weights={"E2": 0.5})
    assert search.search(plain).intent.values == {"E2": 0.5}


def test_an_unknown_value_is_refused_by_name(search: Search) -> None:
    with pytest.raises(RequestRefused, match=r"filters\.values\.E99"):
        ask(search, "hope", values={"E99": {"gte": 0.5}})
    with pytest.raises(RequestRefused, match=r"weights\.E99"):
        search.search(SearchRequest(query="hope", weights={"E99": 0.5}))


@pytest.mark.parametrize("query", ["😀🎬", "ספר על אהבה", "كتاب عن الحب", "the of and", "x" * 10_000, "\u0000"])
def test_any_query_gets_an_answer(search: Search, query: str) -> None:
    assert ask(search, query).hits


def test_a_search_opened_before_the_first_build_says_what_to_do(tmp_path) -> None:  # type: ignore[no-untyped-def]
    early = open_search(SearchSettings(home=tmp_path))
    with pytest.raises(IndexMissing, match="evoke index"):
        ask(early, "hope")
    early.close()


def test_hits_are_what_the_api_declares(search: Search) -> None:
    for query in ("find me something inspiring", "like Interstellar but not too sad", "a novel about exile"):
        page = search.search(SearchRequest(query=query, limit=50))
        assert Page.model_validate_json(page.model_dump_json()) == page
    work = search.work("starter:interstellar-2014")
    assert WorkView.model_validate_json(work.model_dump_json()) == work


def test_kept_vectors_of_known_works_give_the_scores_of_the_engine(search: Search) -> None:
    generation = search.serving()
    queries = search.build_queries(SearchRequest(query="something inspiring about courage")).legs
    some = np.arange(0, generation.table.n_works, 7)
    vectors = fetch_vectors(search.engine, generation, some)
    assert {"text", "values"} <= vectors.keys()
    asked = find_candidates_and_among(search.engine, generation, queries, None, 20, some)
    kept = find_candidates_and_among(search.engine, generation, queries, None, 20, some, vectors)
    for leg, ranking in asked[1].items():
        assert dict(zip(kept[1][leg].rows, kept[1][leg].scores, strict=True)) == pytest.approx(
            dict(zip(ranking.rows, ranking.scores, strict=True)), abs=1e-3
        )
