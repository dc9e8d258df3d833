"""What people say of a work reaches every answer that shows it, and the quotes can be switched off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEncoder
from homes import add_reviews, copy_home

import evoke
from search_api.records import Filters, HitValue, RecommendRequest, SearchRequest
from search_api.search import Search, open_search
from search_api.settings import SearchSettings

LIGHTHOUSE, FERRY = "test:lighthouse", "test:night-ferry"
MARKUP = "<b>Brave</b>\n & \u201cbright\u201d \u05dc\u05d1 \U0001f30a"
REVIEWED: dict[str, dict[str, Any]] = {
    LIGHTHOUSE: {
        "n_reviews": 30,
        "said": {
            "E2": {"count": 9, "quote": "I left it believing in the end of winter.", "source": "mine"},
            "T-haunting": {"count": 14, "quote": MARKUP, "source": "mine"},
            "T-slow": {"count": 4},
            "T-boring": {"count": 1, "quote": "Dull as fog.", "source": "mine"},
        },
    },
}


@pytest.fixture(scope="module")
def reviewed(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the small catalogue, of which one film has reviews."""
    home = copy_home(small_home, tmp_path_factory.mktemp("reviewed") / "home")
    add_reviews(home, REVIEWED, {LIGHTHOUSE: {"E2": 0.9, "T-haunting": 0.6, "T-slow": 0.6}})
    return home


def open_with(home: Path, **settings: Any) -> Search:
    return open_search(SearchSettings(home=home, **settings), encoder=FakeEncoder())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def search(reviewed: Path) -> Iterator[Search]:
    with closing(open_with(reviewed)) as opened:
        yield opened


def said_of(values: tuple[HitValue, ...]) -> dict[str, dict[str, Any]]:
    return {value.id: value.said.model_dump(exclude_none=True) for value in values if value.said}


def test_a_hit_has_what_people_say_of_the_values_and_tags_asked_for(search: Search) -> None:
    page = search.search(SearchRequest(query="something haunting, hopeful and not slow", limit=8))
    (hit,) = (hit for hit in page.hits if hit.id == LIGHTHOUSE)
    assert hit.n_reviews == 30
    assert said_of(hit.values)["E2"] == {
        "count": 9, "of": 30, "quote": "I left it believing in the end of winter.", "source": "mine"
    }  # fmt: skip
    assert said_of(hit.tags)["T-haunting"] == {"count": 14, "of": 30, "quote": MARKUP, "source": "mine"}
    assert said_of(hit.tags)["T-slow"] == {"count": 4, "of": 30}
    assert "14 of 30 viewers call it “haunting” and 9 speak of hope, which you asked for" in hit.reasons
    assert "4 of 30 viewers call it “slow”, which you did not want" in hit.reasons
    for other in page.hits:
        if other.id != LIGHTHOUSE:
            assert other.n_reviews == 0
            assert not said_of((*other.values, *other.tags))


def test_a_work_alone_has_the_tags_that_people_say_first(search: Search) -> None:
    work = search.work(LIGHTHOUSE)
    assert [tag.id for tag in work.tags[:2]] == ["T-haunting", "T-slow"]
    assert len(work.tags) <= 6
    assert "T-boring" not in said_of(work.tags)  # one voice
    assert all(tag.is_primary for tag in search.work(FERRY).tags)


def ids(search: Search, query: str) -> list[str]:
    return [hit.id for hit in search.search(SearchRequest(query=query, limit=8)).hits]


def test_reviews_answer_a_wish_that_nothing_else_can(search: Search) -> None:
    assert ids(search, "something slow")[0] == LIGHTHOUSE
    assert ids(search, "nothing slow")[-1] == LIGHTHOUSE
    assert search.search(SearchRequest(query="something slow")).intent.unmet == ()


def test_without_reviews_such_a_wish_is_set_aside_with_a_note(small_search: Search, search: Search) -> None:
    without = small_search.search(SearchRequest(query="a haunting film, nothing slow")).intent
    assert without.tags == {"T-haunting": 1.0}
    assert [(unmet.part, unmet.note) for unmet in without.unmet] == [
        ("tags.T-slow", "no work here has reviews that say “slow”, and nothing else tells it")
    ]
    assert small_search.search(SearchRequest(query="nothing slow")).intent.only_mood is False
    moving = small_search.search(SearchRequest(query="something moving")).intent
    assert moving.values == {"E3": 1.0}
    assert (moving.tags, moving.unmet) == ({"T-sentimental": 1.0}, ())
    assert "T-moving" not in search.search(SearchRequest(query="something moving")).intent.tags  # none says moving


def answers(search: Search) -> list[str]:
    """Return every answer that shows the film, as JSON."""
    weights = {"E2": 1.0}
    pages = [
        search.search(SearchRequest(query="something haunting and not boring", limit=8)),
        search.search(SearchRequest(query="storms", interpret=False, weights=weights, limit=8)),
        search.similar(FERRY, Filters(), limit=8),
        search.recommend(RecommendRequest(likes=(FERRY,), values=weights, limit=8)),
    ]
    return [each.model_dump_json() for each in (*pages, search.work(LIGHTHOUSE))]


def test_quotes_can_be_switched_off_and_counts_stay(reviewed: Path, search: Search) -> None:
    for answer in answers(search):
        assert '"quote":"' in answer
        assert '"source":"mine"' in answer
    with closing(open_with(reviewed, quotes=False)) as silent:
        for answer in answers(silent):
            assert '"count":' in answer
            assert "the end of winter" not in answer
            assert "Dull as fog" not in answer
            assert "Brave" not in answer
            assert '"source":"mine"' not in answer


@pytest.mark.parametrize(("written", "is_shown"), [("on", True), ("off", False), ("", True)])
def test_the_terminal_quotes_people_unless_it_may_not(
    written: str,
    is_shown: bool,
    reviewed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(reviewed))
    monkeypatch.setenv("EVOKE_QUOTES", written)
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder())  # noqa: ARG005
    one_line = " ".join(MARKUP.split())
    for verb in (["search", "something haunting"], ["search", "storms"], ["recommend", "--like", "Night Ferry"]):
        assert evoke.main(verb) == 0
        lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
        of_film = lines[next(n for n, line in enumerate(lines) if "The Lighthouse Year" in line) :]
        quotes = [line for line in of_film if "; mine)" in line]
        if not is_shown:
            assert quotes == []
        elif "something haunting" in verb:
            assert quotes == [f"“{one_line}” (haunting: 14 of 30 viewers; mine)"]
        else:
            assert quotes == ["“I left it believing in the end of winter.” (hope: 9 of 30 viewers; mine)"]


def test_the_terminal_does_not_quote_what_was_refused(
    reviewed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(reviewed))
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder())  # noqa: ARG005
    assert evoke.main(["search", "a film that is not haunting"]) == 0
    printed = capsys.readouterr().out
    assert "14 of 30 viewers call it “haunting”, which you did not want" in printed
    assert "Brave" not in printed


@pytest.mark.parametrize("query", ["not haunting", "nothing haunting, please", "not hopeful"])
def test_words_of_what_is_only_refused_are_not_searched_for(search: Search, query: str) -> None:
    page = search.search(SearchRequest(query=query, limit=8))
    assert all(not hit.matched_terms for hit in page.hits)
    assert not any("entions" in reason for hit in page.hits for reason in hit.reasons)
