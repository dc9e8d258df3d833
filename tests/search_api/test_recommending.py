"""Recommendations: what a person who says what they like notices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from catalogues import make_record
from fakes import FakeEncoder
from homes import build, open_home
from pydantic import ValidationError
from tastes import SEA, STAGE, make_taste, make_two_worlds, write_taste

from indexer.engine import open_engine
from indexer.taste.file import load_taste, save_taste
from indexer.values.taxonomy import load_taxonomy
from search_api.errors import RequestRefused
from search_api.records import MOST_LIKES, Choice, Filters, Page, RecommendRequest, SearchRequest
from search_api.search import Search


def ids(page: Page) -> list[str]:
    return [hit.id for hit in page.hits]


@pytest.fixture(scope="module")
def tasteful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    """Search over the two worlds, with the taste file that the index was built with."""
    folder = tmp_path_factory.mktemp("tasteful")
    path = write_taste(folder / "taste.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVOKE_TASTE", str(path))
        build(folder / "home", make_two_worlds())
    engine = open_engine(folder / "home" / "index", read_only=True)
    with closing(Search(engine, FakeEncoder(), load_taxonomy(), taste=load_taste(path))) as search:  # type: ignore[arg-type]
        yield search


# By content alone


def test_works_like_the_likes_come_and_those_of_the_profile_do_not(starter_search: Search) -> None:
    likes = ("starter:interstellar-2014", "starter:apollo-11-2019")
    page = starter_search.recommend(RecommendRequest(likes=likes, dislikes=("starter:walle-2008",)))
    assert len(page.hits) == 10
    assert not {*likes, "starter:walle-2008"} & set(ids(page))
    assert {"October Sky", "Cosmos", "Contact", "First Man", "Arrival"} & {hit.title for hit in page.hits}
    assert [work.title for work in page.intent.like] == ["Interstellar", "Apollo 11"]
    assert [work.title for work in page.intent.unlike] == ["WALL·E"]
    assert page.total == starter_search.ready() - 3


def test_each_hit_names_the_like_that_speaks_for_it(starter_search: Search) -> None:
    likes = ("starter:interstellar-2014", "starter:pride-and-prejudice-1813")
    page = starter_search.recommend(RecommendRequest(likes=likes, limit=20))
    because = {hit.title: hit.reasons[0] for hit in page.hits}
    assert set(because.values()) == {"Because you liked Interstellar", "Because you liked Pride and Prejudice"}


def test_pages_follow_each_other_without_repeat_and_end_with_all_works(starter_search: Search) -> None:
    request = RecommendRequest(likes=("starter:interstellar-2014",), filters=Filters(kind="book"), limit=50)
    seen: list[str] = []
    while True:
        page = starter_search.recommend(request.model_copy(update={"offset": len(seen)}))
        if not page.hits:
            break
        seen += ids(page)
    assert len(seen) == len(set(seen)) == page.total


def test_no_reason_speaks_of_words_where_none_were_said(starter_search: Search) -> None:
    requests = (
        RecommendRequest(likes=("starter:interstellar-2014",), limit=100),
        RecommendRequest(likes=("starter:pride-and-prejudice-1813",), values={"E2": 0.5}, limit=100),
    )
    reasons = {
        reason for request in requests for hit in starter_search.recommend(request).hits for reason in hit.reasons
    }
    assert reasons
    assert not [reason for reason in reasons if "words" in reason]


def test_filters_hold_and_further_works_are_left_out(starter_search: Search) -> None:
    request = RecommendRequest(likes=("starter:interstellar-2014",), filters=Filters(kind="book"))
    first = starter_search.recommend(request)
    assert {hit.kind for hit in first.hits} == {"book"}
    without = starter_search.recommend(request.model_copy(update={"without": (first.hits[0].id,)}))
    assert first.hits[0].id not in ids(without)
    assert without.total == first.total - 1


def test_values_alone_make_a_profile_and_each_hit_says_which_it_has(starter_search: Search) -> None:
    page = starter_search.recommend(RecommendRequest(values={"E9": 1.0, "E4": -0.5}))
    assert all("gives humour" in hit.reasons[0].lower() for hit in page.hits[:5])
    assert page.intent.values == {"E9": 1.0, "E4": -0.5}


def test_values_change_what_a_like_brings(starter_search: Search) -> None:
    like = RecommendRequest(likes=("starter:interstellar-2014",))
    plain, funny = (
        starter_search.recommend(like.model_copy(update={"values": values})) for values in ({}, {"E9": 1.0})
    )

    def humour(page: Page) -> float:
        return sum(value.score for hit in page.hits for value in hit.values if value.id == "E9")

    assert humour(funny) > humour(plain)


def test_a_value_that_is_not_wanted_makes_works_come_later(starter_search: Search) -> None:
    like = RecommendRequest(likes=("starter:grave-of-the-fireflies-1988",), limit=10)
    plain, lighter = (
        starter_search.recommend(like.model_copy(update={"values": {"E4": weight}})) for weight in (-0.01, -1.0)
    )
    sadness = [[value for hit in page.hits for value in hit.values if value.id == "E4"] for page in (plain, lighter)]
    assert sum(value.score for value in sadness[0]) > sum(value.score for value in sadness[1])
    assert not any(value.is_primary for value in sadness[1])


def test_unknown_works_are_counted_and_named_under_their_field(starter_search: Search) -> None:
    known = "starter:interstellar-2014"
    page = starter_search.recommend(
        RecommendRequest(likes=(known, "x:1", "x:2"), dislikes=("x:3",), without=("x:4", "starter:walle-2008"))
    )
    assert {note.part: note.note for note in page.intent.unmet} == {
        "likes": "2 of 3 works are not in this catalogue: x:1 and x:2",
        "dislikes": "1 of 1 work is not in this catalogue: x:3",
        "without": "1 of 2 works are not in this catalogue: x:4",
    }
    page = starter_search.recommend(RecommendRequest(likes=(known, "x:1", "x:2"), dislikes=("x:3",)))
    assert ids(page) == ids(starter_search.recommend(RecommendRequest(likes=(known,))))


@pytest.mark.parametrize(
    ("request_fields", "field", "problem"),
    [
        ({"likes": ("x:1",)}, "likes", "1 of 1 work is not in this catalogue: x:1; like works that it has"),
        (
            {"likes": tuple(f"x:{n}" for n in range(1, 9))},
            "likes",
            "8 of 8 works are not in this catalogue: x:1, x:2, x:3, x:4, x:5 and 3 more; like works that it has",
        ),
        ({"dislikes": ("starter:walle-2008",)}, "likes", "give the ids of works that are liked"),
        ({"likes": ("starter:walle-2008",), "dislikes": ("starter:walle-2008",)}, "dislikes", "is liked too"),
        ({"values": {"E99": 1.0}}, "values.E99", "no value has this id"),
    ],
)
def test_a_profile_that_says_nothing_is_refused(
    starter_search: Search, request_fields: dict[str, object], field: str, problem: str
) -> None:
    with pytest.raises(RequestRefused, match=problem) as refused:
        starter_search.recommend(RecommendRequest.model_validate(request_fields))
    assert refused.value.field == field


def test_more_likes_than_the_bound_are_refused() -> None:
    with pytest.raises(ValidationError, match=f"at most {MOST_LIKES}"):
        RecommendRequest(likes=tuple(f"x:{n}" for n in range(10_000)))


def test_ten_hits_are_not_one_series(tmp_path: Path) -> None:
    voyages = [
        make_record(
            f"voyage-{n}", f"Voyage {n}", "A brig sails for the pole.", kind="book",
            series={"name": "Voyages", "position": n}, creators=[{"name": "Ann Moore", "role": "author"}],
        )
        for n in range(12)
    ]  # fmt: skip
    words = "amber birch cobalt dune ember fjord granite heron indigo juniper kelp larch".split()  # noqa: SIM905
    others = [make_record(word, word.title(), f"A brig sails for the {word} pole.", kind="book") for word in words]
    build(tmp_path / "home", [*voyages, *others])
    with open_home(tmp_path / "home") as search:
        page = search.recommend(RecommendRequest(likes=("test:voyage-0",)))
        assert sum(hit.title.startswith("Voyage") for hit in page.hits) == 1


# By what people who like the same works like


def test_people_who_like_the_same_works_bring_what_no_word_would(tasteful: Search) -> None:
    page = tasteful.recommend(RecommendRequest(likes=("test:kraken", "test:reef"), limit=2))
    assert set(ids(page)) == {"test:lagoon", "test:schooner"}
    assert {hit.reasons[0] for hit in page.hits} <= {"Because you liked Kraken", "Because you liked Reef"}
    assert all(hit.legs["taste"].rank is not None for hit in page.hits)


def test_many_likes_are_folded_in_and_one_kind_says_nothing_of_the_other(tasteful: Search) -> None:
    request = RecommendRequest(likes=tuple(f"test:{name}" for name in (*SEA, *STAGE[:3])), limit=1)
    assert ids(tasteful.recommend(request)) == ["test:overture"]
    films = tasteful.recommend(request.model_copy(update={"filters": Filters(kind="movie")}))
    assert films.hits
    assert all("taste" not in hit.legs or hit.legs["taste"].rank is None for hit in films.hits)


def test_a_dislike_counts_against_its_world(tasteful: Search) -> None:
    liked, disliked = ("test:kraken", "test:aria"), ("test:curtain",)
    ranked = tasteful.rank_for(RecommendRequest(likes=liked, dislikes=disliked), 20)
    assert max(map(ranked.index, ("test:lagoon", "test:schooner"))) < min(
        map(ranked.index, ("test:rehearsal", "test:overture"))
    )


def test_a_weight_of_a_leg_can_be_given_for_measurements(tasteful: Search) -> None:
    request = RecommendRequest(likes=("test:kraken", "test:reef"))
    assert set(tasteful.rank_for(request, 2)) == {"test:lagoon", "test:schooner"}
    assert set(tasteful.rank_for(request, 2, {"taste": 0.0})) != {"test:lagoon", "test:schooner"}


def test_similar_works_and_works_given_by_id_use_taste_too(tasteful: Search) -> None:
    others = {f"test:{name}" for name in SEA[1:]}
    assert set(ids(tasteful.similar("test:kraken", limit=3))) == others
    page = tasteful.search(SearchRequest(query="something to read", like=("test:kraken", "x:1"), limit=3))
    assert set(ids(page)) == others
    assert page.intent.unmet[0].note == "no work has the id 'x:1'"


@pytest.mark.parametrize(
    ("built_with", "used", "what"),
    [
        ("sea", None, "with a taste file, and this process uses none"),
        (None, "sea", "without the taste file that this process uses"),
        ("sea", "stage", "with another taste file than this process uses"),
    ],
)
def test_a_taste_file_that_the_index_lacks_is_said_with_what_to_do(
    built_with: str | None, used: str | None, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, works in (("sea", SEA), ("stage", STAGE)):
        save_taste(make_taste(FakeEncoder(), {name: works}), tmp_path / name)
    if built_with:
        monkeypatch.setenv("EVOKE_TASTE", str(tmp_path / built_with))
    build(tmp_path / "home", make_two_worlds())
    engine = open_engine(tmp_path / "home" / "index", read_only=True)
    taste = load_taste(tmp_path / used) if used else None
    with closing(Search(engine, FakeEncoder(), load_taxonomy(), taste=taste)) as search:  # type: ignore[arg-type]
        assert search.recommend(RecommendRequest(likes=("test:kraken",))).hits
        (note,) = search.notes()
        assert search.taste_notes() == (note,)
    assert f"the index was built {what} (EVOKE_TASTE): works are recommended by content alone" in note
    assert "`evoke index`" in note


# Works given by id beside words, and the questionnaire


def test_works_given_by_id_count_like_those_that_the_words_name(starter_search: Search) -> None:
    request = SearchRequest(query="something hopeful", like=("starter:interstellar-2014",), limit=5)
    page = starter_search.search(request)
    assert [work.title for work in page.intent.like] == ["Interstellar"]
    assert "starter:interstellar-2014" not in ids(page)
    unlike = starter_search.search(SearchRequest(query="something hopeful", unlike=("starter:interstellar-2014",)))
    assert [work.title for work in unlike.intent.unlike] == ["Interstellar"]


def test_a_work_to_be_like_and_unlike_is_refused(starter_search: Search) -> None:
    walle = ("starter:walle-2008",)
    with pytest.raises(RequestRefused, match="'starter:walle-2008' is liked too; give it once") as refused:
        starter_search.search(SearchRequest(query="something hopeful", like=walle, unlike=walle))
    assert refused.value.field == "unlike"


@pytest.mark.parametrize("part", ["like", "unlike"])
def test_a_work_given_by_id_can_be_left_out_like_one_that_the_words_name(part: str, starter_search: Search) -> None:
    fields = {"query": "something hopeful", part: ("starter:walle-2008",)}
    plain = starter_search.search(SearchRequest(query="something hopeful"))
    page = starter_search.search(SearchRequest.model_validate({**fields, "without": (f"{part}.starter:walle-2008",)}))
    assert (page.intent.like, page.intent.unlike) == ((), ())
    assert ids(page) == ids(plain)


def test_the_questionnaire_has_ten_values_and_works_of_both_kinds(starter_search: Search) -> None:
    shown = starter_search.questionnaire()
    assert len({value.id for value in shown.values}) == 10
    assert {work.kind for work in shown.works} <= {"movie", "book"}


def test_a_profile_is_the_same_json_in_and_out() -> None:
    profile = {"likes": ["a:1"], "values": {"E2": 0.8}, "filters": {"genres": {"none": ["Horror"]}}}
    request = RecommendRequest.model_validate(profile)
    assert request.filters.genres == Choice(none=("Horror",))
    assert RecommendRequest.model_validate_json(json.dumps(profile)) == request
