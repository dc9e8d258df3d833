"""Parse the answers of Goodreads' old API (XML; closed in 2020): a book, or the books of a shelf with their reviews."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from crawler.answers import NotAWork, ParseResult, Reason
from crawler.records import MOST_RATINGS, Series
from crawler.series import make_series, plain_title, read_series
from crawler.sources.goodreads import GOODREADS
from crawler.sources.goodreads.pages import book_url, find_isbns, text_of_html, web_address
from crawler.sources.json_answers import make_record

Element: TypeAlias = Any
"""An element of lxml, which has no types."""

ROOT = b"<GoodreadsResponse"
MOST_SHELVES = 20
"""The shelves that most people put a book on; later ones are names that a few people gave."""

_NOT_ABOUT_THE_BOOK = re.compile(
    r"to-(?:read|buy|get)|(?:currently-)?reading|(?:want-to-|have-)?read(?:-.*)?|re-?read|tbr|dnf|did-not-finish|default"
    r"|abandoned|unfinished|wish-?list|favou?rites?|all-time-.*|(?:books-i-|i-)?own(?:ed)?(?:-.*)?|my-.*|library(?:-.*)?|kindle"
    r"|e-?books?|audio-?books?|audible|nook|paperback|hardcover|book-?club|bookshelf|shelf|series|[0-9-]+(?:-books)?"
    r"|.*-stars?"
)
"""Shelves that say what a reader does with a book, not what it is about."""


def parse_api_answer(body: bytes) -> Iterator[ParseResult]:
    """Yield the books of an answer, and why other answers have none.

    What declares a document type is not read: it could declare entities, and one of a thousand bytes can expand to
    gigabytes.
    """
    if b"<!DOCTYPE" in body.partition(ROOT)[0]:
        yield NotAWork(Reason.UNKNOWN, "XML with a document type, which answers of Goodreads do not have")
        return
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    except etree.XMLSyntaxError as error:
        yield NotAWork(Reason.BROKEN, f"not XML: {error.msg}")
        return
    if (book := root.find("book")) is not None:
        yield _book_to_record(book, [])
    elif reviews := [each for each in root.iterfind("reviews/review") if each.find("book") is not None]:
        for review in reviews:
            yield _book_to_record(review.find("book"), _reviews(review))
    elif root.find("reviews") is not None:
        yield NotAWork(Reason.LIST, "a shelf without a book")
    elif (problem := root.findtext("error") or root.findtext("message")) is not None:
        yield NotAWork(Reason.NOT_FOUND if "not found" in problem.lower() else Reason.ERROR, problem.strip()[:200])
    else:
        parts = ", ".join(str(each.tag) for each in root if each.tag != "Request")
        is_list = any(root.find(name) is not None for name in ("search", "author/books", "books"))
        yield NotAWork(Reason.LIST if is_list else Reason.OTHER, parts[:200])


def _book_to_record(book: Element, reviews: list[dict[str, Any]]) -> ParseResult:
    book_id, work_id = _text(book, "id"), _text(book, "work/id")
    if not re.fullmatch("[1-9][0-9]{0,11}", book_id):
        return NotAWork(Reason.UNKNOWN, "a book without an id")
    title = _text(book, "title")
    return make_record(
        GOODREADS,
        {
            "source_id": book_id,
            "kind": "book",
            "title": _text(book, "title_without_series") or plain_title(title),
            "original_title": _text(book, "work/original_title") or None,
            "description": text_of_html(_text(book, "description")),
            "year": _number(book, "work/original_publication_year", -5000, 2100)
            or _number(book, "publication_year", -5000, 2100)
            or _number(book, "published", -5000, 2100),
            "creators": [
                {"name": name, "role": _text(author, "role").lower() or "author"}
                for author in book.iterfind("authors/author")
                if (name := _text(author, "name"))
            ],
            "keywords": _shelves(book),
            "language": _text(book, "language_code") or None,
            "series": _series(book) or read_series(title),
            "page_count": _number(book, "num_pages", 1, 100_000),
            "rating": _rating(book),
            "ids": {
                "goodreads": book_id,
                **({"goodreads_work": work_id} if re.fullmatch("[0-9]+", work_id) else {}),
                **find_isbns(f"{_text(book, 'isbn')} {_text(book, 'isbn13')}"),
            },
            "url": book_url(book_id),
            "image_url": web_address(_text(book, "image_url")),
            "reviews": reviews,
        },
    )


def _reviews(review: Element) -> list[dict[str, Any]]:
    text = text_of_html(_text(review, "body"))
    if not text:
        return []
    return [
        {
            "text": text,
            "rating": _number(review, "rating", 1, 5),
            "helpful": _number(review, "votes", 0, MOST_RATINGS),
            "spoiler": _text(review, "spoiler_flag") == "true",
        }
    ]


def _shelves(book: Element) -> list[str]:
    names = [" ".join(each.get("name", "").split()) for each in book.iterfind("popular_shelves/shelf")]
    return [name for name in names if name and not _NOT_ABOUT_THE_BOOK.fullmatch(name)][:MOST_SHELVES]


def _series(book: Element) -> Series | None:
    for each in book.iterfind("series_works/series_work"):
        if found := make_series(_text(each, "series/title"), _text(each, "user_position")):
            return found
    return None


def _rating(book: Element) -> dict[str, float] | None:
    """Return the mean of all editions' ratings, else that of the edition's."""
    total, of_work = (
        _number(book, "work/ratings_sum", 1, 5 * MOST_RATINGS),
        _number(book, "work/ratings_count", 1, MOST_RATINGS),
    )
    if total and of_work and of_work <= total <= 5 * of_work:
        return {"mean": round(total / of_work, 2), "count": of_work, "scale": 5}
    mean, count = _text(book, "average_rating"), _number(book, "ratings_count", 1, MOST_RATINGS)
    if not count or not re.fullmatch(r"[0-5](?:\.[0-9]+)?", mean) or not 0 < float(mean) <= 5:
        return None
    return {"mean": float(mean), "count": count, "scale": 5}


def _text(element: Element, path: str) -> str:
    """Return the text of the first element at a path, empty if there is none."""
    return (element.findtext(path) or "").strip()


def _number(element: Element, path: str, least: int, most: int) -> int | None:
    text = _text(element, path)
    number = int(text) if re.fullmatch("-?[0-9]{1,13}", text) else None
    return number if number and least <= number <= most else None
