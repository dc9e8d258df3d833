"""The judgements of the benchmark that ships with Evoke agree with the facts of the starter catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import orjson
import pytest

from crawler.catalogue import Rejected, read_catalogue
from crawler.records import SourceRecord
from evaluation.benchmark import Benchmark, starter_benchmark
from indexer.merging.merging import work_id

Facts = Callable[[SourceRecord], bool]

# Silent films and old books whose length or year the catalogue lacks, though the right answer is not in doubt.
UNRECORDED: Mapping[str, Mapping[str, int]] = {
    "starter:a-trip-to-the-moon-1902": {"runtime_minutes": 14},
    "starter:the-passion-of-joan-of-arc-1928": {"runtime_minutes": 97},
    "starter:the-odyssey": {"year": -700},
}


def of(kind: str, *languages: str, genre: str = "", years: range | None = None, minutes: range | None = None) -> Facts:
    return lambda work: (
        work.kind == kind
        and (not languages or work.language in languages)
        and (not genre or genre in work.genres)
        and (years is None or work.year in years)
        and (minutes is None or work.runtime_minutes in minutes)
    )


def short_book(work: SourceRecord) -> bool:
    return work.kind == "book" and (work.page_count is None or work.page_count < 200)


def by_kurosawa(work: SourceRecord) -> bool:
    return "Akira Kurosawa" in {creator.name for creator in work.creators}


ASKED: Mapping[str, Facts] = {
    "filter/french-film-under-two-hours": of("movie", "fr", minutes=range(1, 120)),
    "filter/revenge-before-1900": of("book", years=range(-3_000, 1900)),
    "filter/japanese-before-1970": of("movie", "ja", years=range(1888, 1970)),
    "filter/book-for-one-evening": short_book,
    "filter/kurosawa": by_kurosawa,
    "filter/documentary-under-90-minutes": of("movie", genre="Documentary", minutes=range(1, 90)),
    "filter/eighties-science-fiction-films": of("movie", genre="Science Fiction", years=range(1980, 1990)),
    "filter/animated-from-japan": of("movie", "ja", genre="Animation"),
    "filter/korean-thriller": of("movie", "ko", genre="Thriller"),
    "filter/novel-by-woman-19th-century": of("book", years=range(1801, 1901)),
    "filter/films-over-three-hours": of("movie", minutes=range(181, 1_000)),
    "filter/space-film-under-100-minutes": of("movie", minutes=range(1, 101)),
    "filter/latin-american-books": of("book", "es", "pt"),
    "filter/love-film-1940s": of("movie", years=range(1940, 1950)),
    "filter/swedish-childrens-books": of("book", "sv", genre="Children"),
    "filter/detective-books": of("book"),
    "filter/arabic-films": of("movie", "ar"),
    "filter/recent-science-books": of("book", genre="Science", years=range(2000, 2100)),
    "like/interstellar-shorter": of("movie", minutes=range(1, 169)),
    "like/parasite": of("movie"),
    "like/totoro-book": of("book"),
    "mood/argue-afterwards": of("movie"),
    "mood/book-heart-in-mouth": of("book"),
    "mood/box-of-tissues": of("movie"),
    "mood/cheer-up-book": of("book"),
    "mood/comforting-book": of("book"),
    "mood/family-film-night": of("movie"),
    "mood/feel-good-movie": of("movie"),
    "mood/novel-that-makes-me-cry": of("book"),
    "mood/rainy-sunday-film": of("movie"),
    "mood/white-knuckle-film": of("movie"),
    "negation/comedy-nothing-dark": of("movie"),
    "negation/crime-novel-no-serial-killer": of("book"),
    "negation/sad-film-not-hopeless": of("movie"),
    "negation/space-no-fighting": of("movie"),
    "negation/true-story-no-war": of("movie"),
}
"""The facts that a query asks for, as far as the catalogue holds them."""


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return starter_benchmark()


@pytest.fixture(scope="module")
def works(benchmark: Benchmark) -> dict[str, SourceRecord]:
    records = [entry[1] for entry in read_catalogue(benchmark.corpus) if not isinstance(entry, Rejected)]
    return {work_id(work): work.model_copy(update=dict(UNRECORDED.get(work_id(work), {}))) for work in records}


def test_every_query_has_an_answer_among_the_starter_works(benchmark: Benchmark, works: dict[str, Any]) -> None:
    assert len(benchmark.queries) >= 60
    assert [query_id for query_id, grades in benchmark.qrels.items() if max(grades.values()) < 2] == []
    assert {judged for grades in benchmark.qrels.values() for judged in grades} <= set(works)
    assert {grade for grades in benchmark.qrels.values() for grade in grades.values()} == {0, 1, 2}


def test_every_query_is_judged_and_its_id_begins_with_its_kind(benchmark: Benchmark) -> None:
    lines = (files("evaluation") / "starter" / "queries.jsonl").read_bytes().splitlines()
    kinds = {query["_id"]: query["metadata"]["kind"] for query in map(orjson.loads, lines)}
    assert set(kinds) == set(benchmark.queries)
    assert all(query_id.startswith(f"{kind}/") for query_id, kind in kinds.items())
    assert min(Counter(kinds.values()).values()) >= 10


@pytest.mark.parametrize("query_id", ASKED)
def test_relevant_works_have_the_facts_that_are_asked_for(
    query_id: str, benchmark: Benchmark, works: dict[str, SourceRecord]
) -> None:
    relevant = [judged for judged, grade in benchmark.qrels[query_id].items() if grade]
    assert [judged for judged in relevant if not ASKED[query_id](works[judged])] == []


def test_each_filter_query_is_checked(benchmark: Benchmark) -> None:
    assert {query_id for query_id in benchmark.queries if query_id.startswith("filter/")} <= set(ASKED)


def test_film_and_book_of_a_story_have_equal_grades_unless_the_query_asks_for_one(
    benchmark: Benchmark, works: dict[str, SourceRecord]
) -> None:
    stories: dict[str, list[str]] = {}
    for judged, work in works.items():
        stories.setdefault(work.title, []).append(judged)
    unlike = [
        (query_id, title)
        for title, work_ids in stories.items()
        for query_id in benchmark.queries.keys() - ASKED.keys()
        if len({benchmark.qrels[query_id].get(judged, 0) for judged in work_ids}) > 1
    ]
    assert unlike == [("negation/animation-not-for-children", "Persepolis")]
