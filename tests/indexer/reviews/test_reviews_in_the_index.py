"""Reviews from the catalogue to the points of the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from catalogues import make_record
from homes import build, read_points

from indexer.bm25 import term_id
from indexer.store import Store

BORED = [f"The story is boring, and this film number {n} of its kind is {n} hours too long." for n in range(1, 9)]
QUIET = "A gloomy film of quiet wonder, the best that I have seen."


def film(*texts: str, source: str = "test", title: str = "The Long Pier", **fields: Any) -> dict[str, Any]:
    return make_record(
        source=source,
        source_id="pier",
        title=title,
        description="A keeper counts the planks of a pier and waits for a boat that never comes.",
        reviews=[{"text": text} for text in texts],
        **fields,
    )


def payload(home: Path, work_id: str = "test:pier") -> dict[str, Any]:
    return dict(read_points(home)[work_id][0])


def test_a_work_shows_what_people_say_with_a_quote(home: Path) -> None:
    build(home, [film(*BORED, QUIET)])
    said = payload(home)["said"]["T-boring"]
    assert said == {"count": 8, "quote": said["quote"], "source": "test"}
    assert said["quote"] in BORED
    assert payload(home)["n_reviews"] == 9


def test_what_many_people_say_is_one_of_the_strong_tags(home: Path) -> None:
    slow = [f"A slow film, and the story of pier number {n} is {n} times as slow." for n in range(1, 9)]
    build(home, [film(*slow)])
    assert payload(home)["tags"]["T-slow"] >= 0.5


def test_terms_of_reviews_are_searched_by_words(home: Path) -> None:
    build(home, [film(QUIET)])
    vectors: Any = read_points(home)["test:pier"][1]
    assert term_id("gloomi") in vectors["bm25"]


def test_without_reviews_nothing_is_said(home: Path) -> None:
    build(home, [film()])
    assert "said" not in payload(home)


def test_of_a_source_that_keeps_features_no_sentence_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_KEEP_REVIEWS", "test=features")
    build(home, [film(*BORED)])
    assert payload(home)["said"]["T-boring"] == {"count": 8}
    for file in home.glob("store.sqlite3*"):
        assert b"hours too long" not in file.read_bytes()
    build(home, [film(*BORED, title="The Longer Pier")])  # a change of another fact: the features are still there
    assert payload(home)["said"]["T-boring"] == {"count": 8}


def test_reviews_that_are_gone_take_their_quotes_with_them(home: Path) -> None:
    build(home, [film(*BORED)])
    build(home, [film()])
    assert "said" not in payload(home)
    for file in home.glob("store.sqlite3*"):
        assert b"hours too long" not in file.read_bytes()
    with Store(home) as store:
        assert not list(store.reviews())


def test_what_is_kept_may_change_with_every_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_record("x", "Another", "Nothing of the kind.")
    kept = [
        ("text", [film(*BORED)], True, True),
        ("features", [film(*BORED)], False, False),
        ("text", [film(*BORED)], True, True),
        ("features", [other], False, False),
        ("text", [other], False, False),  # the texts are gone
        ("text", [film(*BORED)], True, True),
    ]
    for keep, records, is_quoted, is_stored in kept:
        monkeypatch.setenv("EVOKE_KEEP_REVIEWS", f"test={keep}")
        build(home, records)
        said = payload(home)["said"]["T-boring"]
        assert said["count"] == 8
        assert ("quote" in said) == is_quoted
        assert any(b"hours too long" in file.read_bytes() for file in home.glob("store.sqlite3*")) == is_stored
    monkeypatch.setenv("EVOKE_KEEP_REVIEWS", "test=none")
    build(home, [other])
    assert "said" not in payload(home)
    assert not any(b"hours too long" in file.read_bytes() for file in home.rglob("*") if file.is_file())


def test_of_two_sources_with_the_same_reviews_the_one_that_keeps_texts_is_quoted(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVOKE_KEEP_REVIEWS", "test=features,zine=text")
    ids = {"imdb": "tt0000001"}
    both = [film(*BORED, ids=ids), film(*BORED, source="zine", ids=ids)]
    build(home, both)
    work = payload(home)
    assert (work["n_reviews"], work["said"]["T-boring"]["count"]) == (8, 8)
    assert work["said"]["T-boring"]["source"] == "zine"
    build(home, both[:1], prune=True)
    assert payload(home)["said"]["T-boring"] == {"count": 8}
