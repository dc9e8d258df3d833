"""Google Books: volumes become records, other answers a reason; and the requests of the spider."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from recorded import RECORDED, needs_recorded, recorded_truth
from replay import Reply, json_reply, replaying

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.records import Creator, Rating, SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.google_books import GOOGLE_BOOKS
from crawler.sources.google_books.answers import parse_answer
from crawler.sources.google_books.spider import GoogleBooksSpider

VOLUME_INFO: dict[str, Any] = {
    "title": "The Salt Atlas",
    "subtitle": "A Voyage",
    "authors": ["Ines Prado", "T. Okoye"],
    "publisher": "Nobody & Sons",
    "publishedDate": "2011-05",
    "description": "<p>A cartographer maps <i>every</i> coast.</p><br>She finds one that moves &amp; sings.",
    "industryIdentifiers": [
        {"type": "ISBN_13", "identifier": "9780000000019"},
        {"type": "OTHER", "identifier": "UOM:39015000000000"},
        {"type": "ISBN_10", "identifier": "000000001X"},
    ],
    "pageCount": 312,
    "printedPageCount": 320,
    "printType": "BOOK",
    "categories": ["Fiction / Sea Stories", "Fiction / Fantasy / General"],
    "averageRating": 3.5,
    "ratingsCount": 12,
    "imageLinks": {
        "smallThumbnail": "http://books.google.com/books/content?id=aB_-9&zoom=5",
        "thumbnail": "http://books.google.com/books/content?id=aB_-9&zoom=1",
    },
    "language": "pt-BR",
}
VOLUME: dict[str, Any] = {"kind": "books#volume", "id": "aB_-9", "etag": "x", "volumeInfo": VOLUME_INFO}
RECORD = SourceRecord(
    source="google-books",
    source_id="aB_-9",
    kind="book",
    title="The Salt Atlas",
    description="A cartographer maps every coast.\nShe finds one that moves & sings.",
    year=2011,
    creators=(Creator(name="Ines Prado", role="author"), Creator(name="T. Okoye", role="author")),
    genres=("Fiction", "Sea Stories", "Fantasy", "General"),
    language="pt",
    page_count=312,
    rating=Rating(mean=3.5, count=12, scale=5),
    ids={"google_books": "aB_-9", "isbn13": "9780000000019", "isbn10": "000000001X"},
    url="https://books.google.com/books?id=aB_-9",
    image_url="https://books.google.com/books/content?id=aB_-9&zoom=1",
    licence=GOOGLE_BOOKS.licence,
    attribution=GOOGLE_BOOKS.attribution,
)


def read(content: Any, status: int = 200) -> list[ParseResult]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(parse_answer(Answer(body, status=status)))


def test_volume_to_record() -> None:
    assert read(VOLUME) == [RECORD]
    assert GOOGLE_BOOKS.attribution == "Powered by Google"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pageCount": 0}, {"page_count": 320}),
        ({"pageCount": 0, "printedPageCount": None}, {"page_count": None}),
        ({"publishedDate": "1887"}, {"year": 1887}),
        ({"publishedDate": "1887-12-01"}, {"year": 1887}),
        ({"publishedDate": "18??"}, {"year": None}),
        ({"publishedDate": "0101-01-01"}, {"year": None}),
        ({"averageRating": None}, {"rating": None}),
        ({"ratingsCount": None}, {"rating": None}),
        ({"categories": None}, {"genres": ()}),
        ({"authors": None}, {"creators": ()}),
        ({"description": None}, {"description": ""}),
        ({"language": "un"}, {"language": None}),
        ({"language": "iw"}, {"language": "he"}),
        ({"language": 7}, {"language": None}),
        ({"imageLinks": None}, {"image_url": None}),
        ({"imageLinks": {"thumbnail": "no address"}}, {"image_url": None}),
        ({"industryIdentifiers": [{"type": "ISBN_13", "identifier": "978"}]}, {"ids": {"google_books": "aB_-9"}}),
        ({"printType": None, "subtitle": None}, {}),
    ],
)
def test_a_garbled_fact_does_not_spoil_the_others(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read({**VOLUME, "volumeInfo": {**VOLUME_INFO, **changes}}) == [RECORD.model_copy(update=expected)]


def test_a_search_yields_its_books_and_why_other_volumes_are_not_books() -> None:
    untitled = {"kind": "books#volume", "id": "u", "volumeInfo": {"authors": ["Nobody"]}}
    magazine = {"kind": "books#volume", "id": "m", "volumeInfo": {"title": "Weekly", "printType": "MAGAZINE"}}
    bare = {"id": "b", "volumeInfo": {"title": "Bare"}}
    found = read({"kind": "books#volumes", "totalItems": 900, "items": [VOLUME, untitled, magazine, "?", bare]})
    assert found[0] == RECORD
    assert found[1:4] == [
        NotAWork(Reason.UNTITLED, "u"),
        NotAWork(Reason.OTHER, "magazine"),
        NotAWork(Reason.UNKNOWN),
    ]
    assert isinstance(found[4], SourceRecord)
    assert (found[4].title, found[4].ids) == ("Bare", {"google_books": "b"})


def refusal(code: int, reason: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "errors": [{"domain": "global", "reason": reason}]}}


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (refusal(429, "rateLimitExceeded", "Quota."), Reason.ERROR, "rateLimitExceeded: Quota."),
        (refusal(503, "backendFailed", "Later."), Reason.ERROR, "backendFailed: Later."),
        (refusal(404, "notFound", "No such volume."), Reason.NOT_FOUND, "notFound: No such volume."),
        (
            refusal(403, "unknownLocation", "Where?"),
            Reason.ERROR,
            "unknownLocation: Where?: name a country, as in country=US",
        ),
        ({"error": "invalid_grant"}, Reason.ERROR, "no message"),
        ({"kind": "books#volumes", "totalItems": 0}, Reason.LIST, "nothing found"),
        ({"kind": "books#volumes", "totalItems": 9, "items": []}, Reason.LIST, "nothing found"),
        ({"kind": "books#bookshelf", "id": 3, "title": "Favorites"}, Reason.OTHER, "books#bookshelf"),
        ({"id": 550, "title": "A film of another source"}, Reason.UNKNOWN, ""),
        ({**VOLUME, "id": None}, Reason.UNKNOWN, "a volume without an id"),
        (b"<!DOCTYPE html><title>Sorry...</title>", Reason.UNKNOWN, "not JSON"),
    ],
)
def test_what_is_not_a_book_says_why(content: Any, reason: Reason, detail: str) -> None:
    assert read(content) == [NotAWork(reason, detail)]


def test_a_cut_answer_is_broken() -> None:
    body = json.dumps({"items": [VOLUME]}).encode()
    for end in range(0, len(body), 50):
        (result,) = read(body[:end])
        assert isinstance(result, NotAWork)
        assert result.reason is Reason.BROKEN


def test_flipped_bytes_never_raise() -> None:
    body = json.dumps(VOLUME).encode()
    for position in range(len(body)):
        assert read(body[:position] + bytes([body[position] ^ 0x11]) + body[position + 1 :])


KEY = CrawlSettings(google_books_api_key="the-key")


@pytest.mark.parametrize(
    ("selection", "settings", "named"),
    [
        (Selection(query="salt"), CrawlSettings(), "EVOKE_GOOGLE_BOOKS_API_KEY"),
        (Selection(), KEY, "--query or --ids"),
    ],
)
def test_what_cannot_be_served_is_refused(selection: Selection, settings: CrawlSettings, named: str) -> None:
    with pytest.raises(SelectionRefused, match=named):
        GoogleBooksSpider.check(selection, settings)


def test_volumes_are_asked_for_by_id_from_a_country() -> None:
    (request,) = GoogleBooksSpider(Selection(ids=("aB/9",)), KEY).first_requests()
    assert request.url == "https://www.googleapis.com/books/v1/volumes/aB%2F9?country=US&key=the-key"


def crawl(address: str, output: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "EVOKE_SOURCE_URLS": json.dumps({"google-books": address}),
        "EVOKE_GOOGLE_BOOKS_API_KEY": "the-key",
    }
    return subprocess.run(
        [sys.executable, "-m", "evoke", "crawl", "google-books", "--query", "salt & sea", "-o", str(output)],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_a_search_is_read_until_a_page_brings_nothing_new(tmp_path: Path) -> None:
    """Three pages of two; from then on Google repeats the last one."""

    def answer(path: str, _: int) -> Reply:
        query = parse_qs(urlsplit(path).query)
        assert (query["q"], query["maxResults"], query["country"]) == (["salt & sea"], ["40"], ["US"])
        page = min(int(query["startIndex"][0]) // 40, 2)
        return json_reply({"totalItems": 5000, "items": [{**VOLUME, "id": f"{page}-{n}"} for n in range(2)]})

    with replaying(answer) as server:
        done = crawl(server.address, tmp_path / "books.jsonl")
        starts = sorted(int(re.findall(r"startIndex=(\d+)", path)[0]) for path in server.asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert starts == [0, 40, 80, 120]
    written = (tmp_path / "books.jsonl").read_text()
    assert written.count("\n") == 6
    assert "the-key" not in written + done.stdout


def test_a_wrong_key_stops_the_crawl_and_is_named(tmp_path: Path) -> None:
    with replaying(lambda *_: json_reply(refusal(400, "badRequest", "API key not valid."), 400)) as server:
        done = crawl(server.address, tmp_path / "books.jsonl")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "API key not valid." in done.stderr
    assert "EVOKE_GOOGLE_BOOKS_API_KEY" in done.stderr
    assert "the-key" not in done.stderr


@needs_recorded
@pytest.mark.parametrize("entry", recorded_truth("google_books"), ids=lambda entry: entry["file"])
def test_recorded_answers(entry: dict[str, Any]) -> None:
    body = (RECORDED / entry["file"]).read_bytes()
    for tenths in range(10):
        assert all(isinstance(result, NotAWork) for result in read(body[: len(body) * tenths // 10]))
    volumes = entry["ground_truth"].get("volumes", [])
    results = read(body)
    if not volumes:
        assert [each.reason for each in results if isinstance(each, NotAWork)] in ([Reason.ERROR], [Reason.LIST])
    else:
        assert [fields(each) for each in results] == [truth_to_fields(volume) for volume in volumes]


def fields(record: ParseResult) -> dict[str, Any]:
    assert isinstance(record, SourceRecord)
    return {
        "id": record.source_id,
        "title": record.title,
        "authors": [creator.name for creator in record.creators],
        "year": record.year,
        "isbns": {record.ids.get("isbn10"), record.ids.get("isbn13")} - {None},
        "pages": record.page_count,
        "genres": list(record.genres),
        "rating": record.rating.mean if record.rating else None,
        "language": record.language,
        "has_description": bool(record.description),
        "has_markup": "<" in record.description,
    }


def truth_to_fields(volume: dict[str, Any]) -> dict[str, Any]:
    genres = [genre for path in volume["categories"] or [] for genre in path.split(" / ")]
    return {
        "id": volume["id"],
        "title": volume["title"],
        "authors": volume["authors"] or [],
        "year": int(volume["publishedDate"][:4]) if volume["publishedDate"] else None,
        "isbns": {each.partition(":")[2] for each in volume["ids"] if each.startswith("ISBN")},
        "pages": volume["pageCount"],
        "genres": list(dict.fromkeys(genres)),
        "rating": volume["rating"],
        "language": volume["lang"],
        "has_description": bool(volume["description"]),
        "has_markup": False,
    }
