"""Open Library: documents become records; and the requests of the spider for one record."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from recorded import RECORDED, needs_recorded, recorded_truth
from replay import Reply, json_reply, replaying
from scrapy.http import Request, TextResponse
from scrapy.utils.test import get_crawler

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.catalogue import read_catalogue
from crawler.errors import SelectionRefused
from crawler.records import Creator, Rating, SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.open_library import OPEN_LIBRARY
from crawler.sources.open_library.answers import parse_answer
from crawler.sources.open_library.documents import merge_documents, year_of
from crawler.sources.open_library.spider import OpenLibrarySpider

WORK: dict[str, Any] = {
    "type": {"key": "/type/work"},
    "key": "/works/OL70W",
    "title": "The Salt Atlas",
    "description": {
        "type": "/type/text",
        "value": "A *mapmaker* sails.\r\n\r\nShe returns. ([source][1])\r\n\r\n  [1]: http://x.y",
    },
    "authors": [{"type": {"key": "/type/author_role"}, "author": {"key": "/authors/OL7A"}}],
    "subjects": ["Maps", "Fiction", "maps", "In library", "nyt:hardcover=2011-01-01", "Sea -- Fiction."],
    "subject_places": ["Lisbon"],
    "subject_people": ["Ines"],
    "covers": [-1, 4711],
    "identifiers": {"goodreads": ["812"], "wikidata": ["Q4343"]},
    "created": {"type": "/type/datetime", "value": "2009-12-11T01:55:54.131468"},
}
EDITION: dict[str, Any] = {
    "type": {"key": "/type/edition"},
    "key": "/books/OL71M",
    "works": [{"key": "/works/OL70W"}],
    "title_prefix": "The ",
    "title": "Salt Atlas",
    "authors": [{"key": "/authors/OL7A"}],
    "contributions": ["Tomas Lind (Illustrator)", "Okoye, Thea, translator", "Prado, Ines, 1950-"],
    "contributors": [{"role": "Narrator", "name": "Jo Hale"}, {"role": "Editor", "name": " "}],
    "publish_date": "October 1, 1988",
    "languages": [{"key": "/languages/fre"}],
    "genres": ["Novel.", "..."],
    "subjects": ["Maps"],
    "number_of_pages": 312,
    "isbn_10": ["000-000-001-X", "0000000028"],
    "isbn_13": ["9780000000019"],
    "identifiers": {"goodreads": ["9911", "9912"], "google": ["aB_-9aB_-9aB"]},
    "covers": [4712],
}
WORK_FACTS: dict[str, Any] = {
    "source": "open-library",
    "source_id": "OL70W",
    "kind": "book",
    "title": "The Salt Atlas",
    "description": "A mapmaker sails.\nShe returns.",
    "keywords": ("Maps", "Fiction", "Sea -- Fiction.", "Lisbon", "Ines"),
    "ids": {"open_library": "OL70W", "goodreads_work": "812", "wikidata": "Q4343"},
    "url": "https://openlibrary.org/works/OL70W",
    "image_url": "https://covers.openlibrary.org/b/id/4711-L.jpg",
    "licence": OPEN_LIBRARY.licence,
    "attribution": OPEN_LIBRARY.attribution,
}
EDITION_IDS = {"goodreads": "9911", "google_books": "aB_-9aB_-9aB", "isbn10": "000000001X", "isbn13": "9780000000019"}
CONTRIBUTORS = (
    Creator(name="Jo Hale", role="narrator"),
    Creator(name="Tomas Lind", role="illustrator"),
    Creator(name="Thea Okoye", role="translator"),
)
MERGED = SourceRecord(
    **{**WORK_FACTS, "ids": WORK_FACTS["ids"] | EDITION_IDS},
    year=1988,
    creators=(Creator(name="Ines Prado", role="author"), *CONTRIBUTORS),
    genres=("Novel",),
    language="fr",
    page_count=312,
)


def parse(content: Any, status: int = 200) -> list[ParseResult]:
    return list(parse_answer(Answer(json.dumps(content).encode(), status=status)))


def test_a_work() -> None:
    assert parse(WORK) == [SourceRecord(**WORK_FACTS)]


def test_an_edition_has_its_own_id_and_names_its_work() -> None:
    assert parse(EDITION) == [
        SourceRecord(
            source="open-library",
            source_id="OL71M",
            kind="book",
            title="The Salt Atlas",
            year=1988,
            creators=CONTRIBUTORS,
            genres=("Novel",),
            keywords=("Maps",),
            language="fr",
            page_count=312,
            ids={"open_library": "OL70W", **EDITION_IDS},
            url="https://openlibrary.org/books/OL71M",
            image_url="https://covers.openlibrary.org/b/id/4712-L.jpg",
            licence=OPEN_LIBRARY.licence,
            attribution=OPEN_LIBRARY.attribution,
        )
    ]


@pytest.mark.parametrize(
    ("changes", "language", "original_title"),
    [
        ({"translation_of": "O atlas", "translated_from": [{"key": "/languages/por"}]}, "pt", "O atlas"),
        ({"translation_of": "O atlas"}, None, "O atlas"),
        ({"work_titles": ["O atlas."]}, None, None),
        ({"languages": [{"key": "/languages/fre"}, {"key": "/languages/eng"}]}, None, None),
        ({"languages": [{"key": "/languages/und"}]}, None, None),
        ({"languages": [{"key": "/languages/grc"}]}, "grc", None),
    ],
)
def test_the_language_is_that_of_the_original(
    changes: dict[str, Any], language: str | None, original_title: str | None
) -> None:
    (record,) = parse({**EDITION, **changes})
    assert isinstance(record, SourceRecord)
    assert (record.language, record.original_title) == (language, original_title)


def test_api_books_with_data_details_and_links() -> None:
    data = {
        "key": "/books/OL71M",
        "title": "The Salt Atlas",
        "authors": [{"url": "https://openlibrary.org/authors/OL7A/Ines_Prado", "name": "Ines Prado"}],
        "identifiers": {"isbn_13": ["9780000000019"], "openlibrary": ["OL71M"]},
        "subjects": [{"name": "Maps", "url": "https://openlibrary.org/subjects/maps"}],
        "publish_date": "1988",
        "number_of_pages": 312,
        "cover": {"large": "https://covers.openlibrary.org/b/id/4712-L.jpg"},
    }
    details = {**EDITION, "authors": [{"key": "/authors/OL7A", "name": "Ines Prado"}]}
    links = {"bib_key": "OLID:OL71M", "info_url": "https://openlibrary.org/books/OL71M", "preview": "noview"}
    first, second, third = parse(
        {"ISBN:9780000000019": data, "OLID:OL71M": {**links, "details": details}, "LCCN:1": links}
    )
    assert first == SourceRecord(
        source="open-library",
        source_id="OL71M",
        kind="book",
        title="The Salt Atlas",
        year=1988,
        creators=(Creator(name="Ines Prado", role="author"),),
        keywords=("Maps",),
        page_count=312,
        ids={"open_library": "OL71M", "isbn13": "9780000000019"},
        url="https://openlibrary.org/books/OL71M",
        image_url="https://covers.openlibrary.org/b/id/4712-L.jpg",
        licence=OPEN_LIBRARY.licence,
        attribution=OPEN_LIBRARY.attribution,
    )
    assert isinstance(second, SourceRecord)
    assert second.creators == (Creator(name="Ines Prado", role="author"), *CONTRIBUTORS)
    assert third == NotAWork(Reason.OTHER, "LCCN:1")


def test_hits_of_a_search() -> None:
    hit = {
        "key": "/works/OL70W",
        "type": "work",
        "title": "The Salt Atlas",
        "author_name": ["Ines Prado"],
        "author_key": ["OL7A"],
        "first_publish_year": 1988,
        "isbn": ["9780000000019", "000000001X", "9780000000026"],
        "language": ["eng", "fre"],
        "subject": ["Maps"],
        "place": ["Lisbon"],
        "number_of_pages_median": 300,
        "ratings_average": 4.25,
        "ratings_count": 16,
        "id_goodreads": ["9911"],
        "cover_i": 4711,
    }
    record, author, untitled = parse(
        {"numFound": 3, "docs": [hit, {"key": "OL7A", "type": "author", "name": "Ines Prado"}, {"key": "/works/OL9W"}]}
    )
    assert record == SourceRecord(
        source="open-library",
        source_id="OL70W",
        kind="book",
        title="The Salt Atlas",
        year=1988,
        creators=(Creator(name="Ines Prado", role="author"),),
        keywords=("Maps", "Lisbon"),
        page_count=300,
        rating=Rating(mean=4.25, count=16, scale=5),
        ids={"open_library": "OL70W", "goodreads": "9911", "isbn13": "9780000000019", "isbn10": "000000001X"},
        url="https://openlibrary.org/works/OL70W",
        image_url="https://covers.openlibrary.org/b/id/4711-L.jpg",
        licence=OPEN_LIBRARY.licence,
        attribution=OPEN_LIBRARY.attribution,
    )
    assert author == NotAWork(Reason.OTHER, "author Ines Prado")
    assert untitled == NotAWork(Reason.UNTITLED, "OL9W")


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        ({"error": "notfound", "key": "/works/OL1W"}, 404, Reason.NOT_FOUND),
        ({"error": "notfound", "key": "/works/X/editions"}, 200, Reason.NOT_FOUND),
        ({"status": 429, "message": "Too many requests"}, 429, Reason.ERROR),
        ({"key": "/works/OL1W", "type": {"key": "/type/delete"}}, 200, Reason.NOT_FOUND),
        ({"key": "/works/OL1W", "type": {"key": "/type/redirect"}, "location": "/works/OL2W"}, 200, Reason.OTHER),
        ({"key": "/authors/OL7A", "type": {"key": "/type/author"}, "name": "Ines Prado"}, 200, Reason.OTHER),
        ({"links": {}, "size": 1, "entries": [EDITION]}, 200, Reason.LIST),
        ({"key": "/subjects/maps", "work_count": 1, "works": [WORK]}, 200, Reason.LIST),
        ({"numFound": 0, "docs": []}, 200, Reason.LIST),
        ({**WORK, "title": " "}, 200, Reason.UNTITLED),
        ({**WORK, "title": ["?"]}, 200, Reason.UNTITLED),
        ({}, 200, Reason.NOT_FOUND),
        ({"counts": 3}, 200, Reason.UNKNOWN),
        ({"a": {"title": "no key"}}, 200, Reason.UNKNOWN),
        ("text", 200, Reason.UNKNOWN),
    ],
)
def test_what_is_not_a_work(content: Any, status: int, reason: Reason) -> None:
    (result,) = parse(content, status)
    assert isinstance(result, NotAWork)
    assert result.reason is reason


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("1996", 1996),
        ("October 1, 1988", 1988),
        ("c1971.", 1971),
        ("[1921?]", 1921),
        ("1978, c1965", 1965),
        ("1878-1880", 1878),
        ("2004-05-01", 2004),
        ("1969 [i.e. 1970]", 1970),
        ("1377 [1998]", 1998),
        (1988, 1988),
        ("1377", None),  # a year of another calendar
        ("5750 [1989 or 1990]", None),
        ("between 1900 and 1910", None),
        ("197-?", None),
        ("1970s", None),
        ("12/05/98", None),
        ("19881001234", None),
        ("n.d.", None),
        ({"value": "1996"}, None),
    ],
)
def test_years(date: object, year: int | None) -> None:
    assert year_of(date) == year


def test_answers_merge_into_one_record() -> None:
    assert merge_documents(WORK, {"OL7A": "Ines Prado"}.get, [EDITION]) == MERGED


def test_pages_come_from_the_most_useful_edition_and_the_year_from_the_oldest() -> None:
    bare = {"key": "/books/OL72M", "works": EDITION["works"], "publish_date": "1985", "number_of_pages": 5}
    described = {**bare, "key": "/books/OL73M", "publish_date": "2001", "description": "Of salt."}
    german = {**EDITION, "key": "/books/OL74M", "languages": [{"key": "/languages/ger"}], "title": "Salz"}
    work = {"key": "/works/OL70W", "title": "The Salt Atlas"}
    result = merge_documents(
        work, {}.get, [bare, described, german, {**EDITION, "title_prefix": "", "title": "The salt atlas"}]
    )
    assert isinstance(result, SourceRecord)
    assert (result.page_count, result.ids["isbn13"], result.year) == (312, "9780000000019", 1985)
    assert (result.title, result.description, result.language) == ("The Salt Atlas", "Of salt.", None)
    alone = merge_documents(None, {}.get, [bare, described])
    assert alone == NotAWork(Reason.UNTITLED, "OL70W")


def test_a_cut_or_damaged_answer_is_never_an_exception() -> None:
    for body in (json.dumps(WORK).encode(), json.dumps(EDITION).encode()):
        for cut in range(0, len(body), 7):
            (result,) = parse_answer(Answer(body[:cut]))
            assert isinstance(result, NotAWork)
            assert result.reason is Reason.BROKEN
        for place in range(0, len(body), 3):
            for result in parse_answer(Answer(body[:place] + b"7" + body[place + 1 :])):
                assert isinstance(result, (SourceRecord, NotAWork))


SETTINGS = CrawlSettings(contact="reader@example.org")


def test_selections() -> None:
    OpenLibrarySpider.check(
        Selection(ids=("OL45804W", "/books/ol7353617m", "978-0-14-032872-1", "080442957x")), SETTINGS
    )
    refused = [
        (Selection(query="salt"), SETTINGS, "robots.txt allows no searches.*--ids.*dumps.*--saved"),
        (Selection(ids=("OL7A",)), SETTINGS, "'OL7A' is not an id"),
        (Selection(ids=("salt",)), SETTINGS, "'salt' is not an id"),
        (Selection(ids=("OL45804W",)), CrawlSettings(contact=None), "EVOKE_CONTACT"),
    ]
    for selection, settings, message in refused:
        with pytest.raises(SelectionRefused, match=message):
            OpenLibrarySpider.check(selection, settings)


def crawl(wanted: str, answers: Mapping[str, Any]) -> tuple[list[str], list[SourceRecord], dict[str, Any]]:
    """Return the paths in the order in which they were asked for, the records, and the counts."""
    spider = OpenLibrarySpider.from_crawler(get_crawler(OpenLibrarySpider), Selection(ids=(wanted,)), SETTINGS)
    waiting: list[Request] = list(spider.first_requests())
    paths: list[str] = []
    records: list[SourceRecord] = []
    while waiting:
        request = waiting.pop()
        paths.append(request.url.removeprefix("https://openlibrary.org"))
        found = answers.get(paths[-1])
        body = (
            found if isinstance(found, bytes) else json.dumps(found or {"error": "notfound", "key": paths[-1]}).encode()
        )
        response = TextResponse(
            request.url,
            status=200 if found else 404,
            headers={"Content-Type": "application/json"},
            body=body,
            request=request,
        )
        for result in spider.parse(response, **request.cb_kwargs):
            if isinstance(result, SourceRecord):
                records.append(result)
            else:
                waiting.append(result)
    return paths, records, spider.crawler.stats.get_stats()


AUTHOR = {"type": {"key": "/type/author"}, "key": "/authors/OL7A", "name": "Ines Prado"}
ANSWERS = {
    "/works/OL70W.json": WORK,
    "/books/OL71M.json": EDITION,
    "/isbn/9780000000019.json": EDITION,
    "/authors/OL7A.json": AUTHOR,
    "/works/OL70W/editions.json?limit=50": {"size": 1, "entries": [EDITION]},
}


def test_a_work_is_asked_for_with_its_authors_and_editions() -> None:
    paths, records, _ = crawl("OL70W", ANSWERS)
    assert paths == ["/works/OL70W.json", "/authors/OL7A.json", "/works/OL70W/editions.json?limit=50"]
    assert records == [MERGED]


@pytest.mark.parametrize("wanted", ["OL71M", "978-0-00-000001-9"])
def test_an_edition_is_asked_for_with_its_work(wanted: str) -> None:
    paths, records, _ = crawl(wanted, ANSWERS)
    assert paths[1:] == ["/works/OL70W.json", "/authors/OL7A.json"]
    assert records == [MERGED]


def test_a_work_that_was_merged_into_another_is_followed() -> None:
    moved = {"key": "/works/OL5W", "type": {"key": "/type/redirect"}, "location": "/works/OL70W"}
    _, records, _ = crawl("OL5W", {**ANSWERS, "/works/OL5W.json": moved})
    assert records == [MERGED]


def test_a_missing_document_is_left_out_or_counted() -> None:
    _, records, _ = crawl("OL70W", {"/works/OL70W.json": WORK})
    assert records == [SourceRecord(**WORK_FACTS)]
    _, records, counts = crawl("OL70W", {})
    assert records == []
    assert counts["evoke/no work/not found"] == 1


def test_a_broken_answer_is_requested_again() -> None:
    paths, records, counts = crawl("OL70W", {"/works/OL70W.json": json.dumps(WORK).encode()[:-9]})
    assert len(paths) > 1
    assert set(paths) == {"/works/OL70W.json"}
    assert records == []
    assert counts["evoke/no work/a broken or cut answer"] == 1


def test_a_crawl_writes_whole_works(tmp_path: Path) -> None:
    def answer(path: str, _: int) -> Reply:
        return json_reply(ANSWERS[path]) if path in ANSWERS else json_reply({"error": "notfound"}, 404)

    output = tmp_path / "books.jsonl"
    with replaying(answer) as server:
        environment = {
            **os.environ,
            "EVOKE_HOME": str(tmp_path),
            "EVOKE_SOURCE_URLS": json.dumps({"open-library": server.address}),
            "EVOKE_CONTACT": "reader@example.org",
        }
        command = [sys.executable, "-m", "evoke", "crawl", "open-library", "--ids", "OL71M", "-o", str(output)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert re.search(r"Evoke/\S+ \(reader@example.org\)", server.headers[-1]["User-Agent"])
    (entry,) = read_catalogue(output)
    assert isinstance(entry, tuple)
    assert entry[1].model_copy(update={"fetched_at": None}) == MERGED


def entries(*kinds: str) -> Iterator[tuple[dict[str, Any], list[ParseResult]]]:
    found = [entry for entry in recorded_truth("open_library") if entry["file"].endswith(".json")]
    assert found
    for entry in found:
        if any(kind in entry["file"] for kind in kinds):
            yield entry["ground_truth"], list(parse_answer(Answer((RECORDED / entry["file"]).read_bytes())))


@needs_recorded
def test_recorded_works_and_editions() -> None:
    for truth, (result,) in entries("work_", "edition", "api_books", "details"):
        assert isinstance(result, SourceRecord)
        assert result.source_id == truth["key"].rpartition("/")[2]
        assert result.title == truth["title"]
        assert result.page_count == truth["pages"]
        assert result.year == (int(truth["publish_date"][-4:]) if truth["publish_date"] else None)
        for name in ("isbn10", "isbn13"):
            if truth[name]:
                assert result.ids[name] == truth[name][0]
        if truth["works"]:
            assert result.ids["open_library"] == truth["works"][0]["key"].rpartition("/")[2]
        assert " ".join(result.description.split())[:100] == truth["description"].lstrip(">")[:100]
        subjects = [each["name"] if isinstance(each, dict) else each for each in truth["subjects"]]
        assert result.keywords[: len(subjects)] == tuple(subjects)


@needs_recorded
def test_recorded_searches_and_errors() -> None:
    for truth, results in entries("search"):
        first = results[0]
        assert len(results) == truth["n"]
        assert isinstance(first, SourceRecord)
        assert first.title == truth["first"]["title"]
        assert [each.name for each in first.creators] == truth["first"]["author_name"]
        assert first.year == truth["first"]["first_publish_year"]
        assert {first.ids["isbn13"], first.ids["isbn10"]} == set(truth["first"]["isbn"])
    for _, results in entries("error_"):
        assert [each.reason for each in results if isinstance(each, NotAWork)] == [Reason.NOT_FOUND]
