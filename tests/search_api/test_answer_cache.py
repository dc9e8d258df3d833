"""Cached answers equal computed ones, are bounded in number, and do not outlive their index."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogues import SMALL
from fakes import FakeEncoder
from homes import build, open_home

from search_api.answer_cache import AnswerCache
from search_api.generation import Generation, GenerationFollower
from search_api.records import Filters, Page, SearchRequest
from search_api.search import MOST_CACHED_HITS, Search


class CountingEncoder(FakeEncoder):
    """Counts its calls: a computed answer makes one."""

    n_asked = 0

    def encode(self, texts):  # type: ignore[no-untyped-def]
        self.n_asked += 1
        return super().encode(texts)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    build(tmp_path / "home", SMALL[:3])
    return tmp_path / "home"


@pytest.fixture
def search(home: Path) -> Iterator[Search]:
    with open_home(home) as opened:
        yield opened


def untimed(page: Page) -> str:
    return page.model_copy(update={"took_ms": 0}).model_dump_json()


def test_the_same_request_gets_the_same_answer_and_its_own_time(search: Search) -> None:
    request = SearchRequest(query="the last ferry")
    first, second = search.search(request), search.search(request)
    assert untimed(first) == untimed(second)
    assert first.took_ms > 0
    assert second.took_ms >= 0


def test_a_filter_set_to_null_is_another_request_than_no_filter(search: Search) -> None:
    read = search.search(SearchRequest(query="a sad film"))
    overruled = search.search(SearchRequest(query="a sad film", filters=Filters(kind=None)))
    assert (read.intent.filters.kind, overruled.intent.filters.kind) == ("movie", None)


def build_and_wait(home: Path, search: Search) -> None:
    """Build the index anew, and wait until the search answers from it: it is loaded beside the old one."""
    before = search.serving().name
    build(home, SMALL)
    while search.serving().name == before:
        time.sleep(0.01)


def test_an_answer_does_not_outlive_its_index(home: Path, search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_api.generation.CHECK_SECONDS", 0)
    request = SearchRequest(query="storm", limit=MOST_CACHED_HITS)
    assert search.search(request).total == 3
    build_and_wait(home, search)
    assert search.search(request).total == len(SMALL)


def test_the_old_index_answers_while_the_new_one_is_loaded(
    home: Path, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search_api.generation.CHECK_SECONDS", 0)
    may_load = threading.Event()
    load = GenerationFollower._load

    def load_slowly(follower: GenerationFollower, name: str) -> Generation:
        may_load.wait(30)
        return load(follower, name)

    assert search.search(SearchRequest(query="storm")).total == 3
    monkeypatch.setattr(GenerationFollower, "_load", load_slowly)
    build(home, SMALL)
    for query in ("storm", "the last ferry", "a harbour"):  # the files of the old one are deleted by now
        assert search.search(SearchRequest(query=query)).total == 3
    may_load.set()
    while search.search(SearchRequest(query="storm")).total == 3:
        time.sleep(0.01)
    assert search.search(SearchRequest(query="storm")).total == len(SMALL)


def test_the_first_request_after_a_pause_has_the_new_index(
    home: Path, search: Search, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("search_api.generation.CHECK_SECONDS", 0.01)
    caplog.set_level(logging.INFO, "search_api.generation")
    search.follow()
    assert search.search(SearchRequest(query="storm")).total == 3
    build(home, SMALL)
    while "answering from the index works-2 now: " not in caplog.text:
        time.sleep(0.01)
    monkeypatch.setattr("search_api.generation.CHECK_SECONDS", 3_600)
    assert search.search(SearchRequest(query="storm")).total == len(SMALL)


def test_similar_works_do_not_outlive_their_index(home: Path, search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_api.generation.CHECK_SECONDS", 0)
    work_id = f"test:{SMALL[0]['source_id']}"
    assert search.similar(work_id).total == 2
    build_and_wait(home, search)
    assert search.similar(work_id).total == len(SMALL) - 1


def test_without_a_cache_every_request_is_computed(home: Path) -> None:
    encoder = CountingEncoder()
    with open_home(home, encoder) as kept:
        measured = Search(kept.engine, kept.encoder, kept._taxonomy, n_cached=0)
        request = SearchRequest(query="storm", interpret=False)
        measured.search(request)
        n_once = encoder.n_asked
        measured.search(request)
        assert encoder.n_asked == 2 * n_once > 0


def test_the_least_recently_used_answers_are_forgotten() -> None:
    made: list[str] = []

    def ask(question: str) -> str:
        return cache.get_or_make(question, lambda: made.append(question) or question.upper())

    cache: AnswerCache[str] = AnswerCache(2)
    assert [ask(question) for question in "abacab"] == list("ABACAB")
    assert made == ["a", "b", "c", "b"]


def test_a_failure_is_not_cached() -> None:
    cache: AnswerCache[int] = AnswerCache(2)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("a", lambda: 1 // 0)
    assert cache.get_or_make("a", lambda: 1) == 1


def test_long_answers_push_out_more_of_the_old_ones() -> None:
    cache: AnswerCache[str] = AnswerCache(10, most_bytes=20, bytes_of=len)
    for key in range(4):
        cache.put(key, "five.")
    cache.put("long", "eleven long")
    assert [cache.get(key) is not None for key in (0, 1, 2, 3, "long")] == [False, False, False, True, True]
    cache.put("long", "short")
    cache.put("another", "ten signs.")
    assert [cache.get(key) is not None for key in (3, "long", "another")] == [True, True, True]


def test_an_answer_larger_than_the_cache_is_not_kept() -> None:
    cache: AnswerCache[str] = AnswerCache(10, most_bytes=4, bytes_of=len)
    assert cache.get_or_make("a", lambda: "large") == "large"
    assert cache.get("a") is None
