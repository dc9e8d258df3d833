"""Parse Goodreads' book pages in both layouts (React; Rails, until 2022), and find the books of lists and series."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

from parsel import Selector
from w3lib.html import remove_tags

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.records import MOST_RATINGS, Series
from crawler.series import make_series, plain_title, read_series
from crawler.sources.goodreads import GOODREADS
from crawler.sources.json_answers import make_record

_NEXT_DATA = re.compile(r"<script[^>]*\bid=[\"']?__NEXT_DATA__[^>]*>(.*?)</script>", re.DOTALL)
_BOOK_QUERY = re.compile(r'getBookByLegacyId\(\{"legacyId":"?([0-9]+)')
_SERIES_PLACE = re.compile(r",?\s*#.*")
_ISBN10 = re.compile(r"(?<![0-9A-Z])[0-9]{9}[0-9X](?![0-9A-Z])")
_ISBN13 = re.compile(r"(?<![0-9A-Z])[0-9]{13}(?![0-9A-Z])")
_DATE = r"\s+(?:[A-Z][a-z]+\s+)?(?:[0-9]{1,2}(?:st|nd|rd|th)\s+)?(-?[0-9]{1,4})(?!\w)"
_FIRST_PUBLISHED = re.compile("first published" + _DATE)
_EDITION_PUBLISHED = re.compile("(?:Published|Expected publication:)" + _DATE)
_STARS = {"did not like it": 1, "it was ok": 2, "liked it": 3, "really liked it": 4, "it was amazing": 5}
_ROLE_OF_AUTHOR = "following-sibling::*[self::a or contains(@class, 'role')][1][contains(@class, 'role')]/text()"
_BREAKS = ("br", "p", "div", "li", "blockquote")
_NO_COVER = ("/nophoto/", "no-cover")
_LIST_ROWS = '[itemtype$="schema.org/Book"] a.bookTitle, .editionData, [data-react-class$=".SeriesList"]'
_PAGE_TITLES = (
    (re.compile(r"Search results"), Reason.LIST),
    (re.compile(r"Page not found|404"), Reason.NOT_FOUND),
    (re.compile(r".*(?:unexpected error|over capacity|could not be satisfied|Unavailable|Bad Gateway)"), Reason.ERROR),
)


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the book of a book page, in either layout, or why an answer is not a book page."""
    yield _refusal(answer) or _parse_body(answer.body)


def book_url(book_id: str) -> str:
    """Return the address of a book's page."""
    return f"{GOODREADS.address}/book/show/{book_id}"


def find_isbns(text: str) -> dict[str, str]:
    """Return the first ISBN of each length in a text, by the name of the id."""
    compact = text.replace("-", "").upper()
    matches = {"isbn10": _ISBN10.search(compact), "isbn13": _ISBN13.search(compact)}
    return {name: match.group() for name, match in matches.items() if match}


def book_links(body: bytes) -> list[str]:
    """Return the ids of the books of a list or series page, in its order."""
    page = _select(body)
    ids = page.css('[itemtype$="schema.org/Book"] a[href*="/book/show/"]::attr(href)').re(r"/book/show/([0-9]+)")
    for props in _react_props(page, "SeriesList"):
        ids += [str(_dig(entry, "book", "bookId")) for entry in _list(props.get("series"))]
    return [book_id for book_id in dict.fromkeys(ids) if book_id.isdigit()]


def next_page(body: bytes) -> int | None:
    """Return the number of the page after a list or series page; None after the last."""
    page = _select(body)
    number = page.css("a.next_page::attr(href)").re_first(r"[?&]page=([0-9]{1,6})")
    if number:
        return int(number)
    for props in _react_props(page, "FullPagePaginationControls"):
        current, size, total = (props.get(name) for name in ("currentPageNumber", "perPage", "numWorks"))
        if isinstance(current, int) and isinstance(size, int) and isinstance(total, int) and current * size < total:
            return current + 1
    return None


def _refusal(answer: Answer) -> NotAWork | None:
    if b"__NEXT_DATA__" in answer.body:
        return None  # the page itself, whatever the status
    if answer.status in (202, 405) or "x-amzn-waf-action" in answer.headers or b"gokuProps" in answer.body:
        return NotAWork(Reason.BLOCKED, "AWS WAF")
    if answer.status in (404, 410):
        return NotAWork(Reason.NOT_FOUND)
    if answer.status >= 400:
        return NotAWork(Reason.ERROR, f"HTTP {answer.status}")
    return None


def _parse_body(body: bytes) -> ParseResult:
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        return NotAWork(Reason.BROKEN if b"goodreads" in body else Reason.UNKNOWN, f"not UTF-8 at byte {error.start}")
    if text.startswith(("{", "[")):
        return _parse_json(text)
    if "__NEXT_DATA__" in text:
        data = _NEXT_DATA.search(text)
        return _parse_json(data[1]) if data else NotAWork(Reason.BROKEN, "cut before the end of its data")
    if re.search("<!doctype html|<html", text[:1000], re.IGNORECASE):
        return _parse_rails_page(text)
    return _why_not_a_book(text) if text else NotAWork(Reason.EMPTY, "no content")


def _why_not_a_book(text: str, title: str = "") -> NotAWork:
    """Return why an answer is not a book page."""
    if "<rss" in text[:1000]:
        return NotAWork(Reason.LIST, "the feed of a shelf")
    by_title = next((reason for pattern, reason in _PAGE_TITLES if pattern.match(title)), None)
    return NotAWork(by_title or (Reason.OTHER if "goodreads" in text.lower() else Reason.UNKNOWN), title)


def _select(body: bytes) -> Selector:
    return Selector(text=body.decode("utf-8", "replace"), type="html")


# The React layout: the page's state as JSON, in the element __NEXT_DATA__ or saved alone


def _parse_json(text: str) -> ParseResult:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        return NotAWork(Reason.BROKEN, f"not JSON: {error}")
    if isinstance(content, list):
        return NotAWork(Reason.LIST if content and _dig(content[0], "bookId") else Reason.UNKNOWN)
    entities = _dig(content, "props", "pageProps", "apolloState")
    if not isinstance(entities, dict):
        return NotAWork(Reason.UNKNOWN, "JSON of another kind")
    root = _dig(entities, "ROOT_QUERY")
    books = {match[1]: key for key in root if (match := _BOOK_QUERY.match(key))} if isinstance(root, dict) else {}
    if not books:
        return NotAWork(Reason.OTHER if entities else Reason.EMPTY, f"page {content.get('page')}")
    requested = re.match("[0-9]+", str(_dig(content, "query", "book_id")))
    book_id = requested[0] if requested and requested[0] in books else next(iter(books))
    return _parse_react_book(entities, book_id, books[book_id])


def _parse_react_book(entities: Mapping[str, Any], book_id: str, query: str) -> ParseResult:
    at = partial(_dig, entities=entities)
    root = entities["ROOT_QUERY"]
    book = at(root, query)
    if book is None:
        return NotAWork(Reason.BROKEN if root[query] else Reason.NOT_FOUND, f"book {book_id}")
    book_id = str(at(book, "legacyId") or book_id)
    work, details = at(book, "work"), at(book, "details")
    edges = [at(book, "primaryContributorEdge"), *_list(at(book, "secondaryContributorEdges"))]
    published = at(work, "details", "publicationTime") or at(details, "publicationTime")
    work_id = re.search("[0-9]+", str(at(work, "legacyId") or at(work, "details", "webUrl")))
    return make_record(
        GOODREADS,
        {
            "source_id": book_id,
            "kind": "book",
            "title": at(book, "title") or plain_title(_text(at(book, "titleComplete"))),
            "original_title": at(work, "details", "originalTitle") or None,
            "description": _text(at(book, 'description({"stripped":true})')) or text_of_html(at(book, "description")),
            "year": _year(published) if isinstance(published, int) else None,
            "creators": [
                {"name": name, "role": _text(at(edge, "role")).lower() or None}
                for edge in edges
                for name in _names(at(edge, "node", "name"))
            ],
            "genres": _names(*(at(each, "genre", "name") for each in _list(at(book, "bookGenres")))),
            "keywords": _names(
                *(at(each, "series", "title") for each in _list(at(book, "bookSeries"))),
                *(at(each, "name") for each in _list(at(work, "details", "places"))),
                *(at(each, "name") for each in _list(at(work, "details", "characters"))),
            ),
            "language": _text(at(details, "language", "name")),
            "series": _series(entities, book) or read_series(_text(at(book, "titleComplete"))),
            "page_count": _within(at(details, "numPages"), 1, 100_000),
            "rating": _rating(at(work, "stats", "averageRating"), at(work, "stats", "ratingsCount")),
            "ids": {
                "goodreads": book_id,
                **({"goodreads_work": work_id[0]} if work_id else {}),
                **find_isbns(f"{at(details, 'isbn')} {at(details, 'isbn13')}"),
            },
            "url": web_address(at(book, "webUrl")) or book_url(book_id),
            "image_url": web_address(at(book, "imageUrl")),
            "reviews": [
                {
                    "text": text_of_html(at(edge, "node", "text")),
                    "rating": _within(at(edge, "node", "rating"), 1, 5),
                    "helpful": _within(at(edge, "node", "likeCount"), 0, MOST_RATINGS),
                    "spoiler": at(edge, "node", "spoilerStatus") is True,
                }
                for key, connection in root.items()
                if key.startswith("getReviews")
                for edge in _list(at(connection, "edges"))
                if at(edge, "node")
            ],
        },
    )


def _series(entities: Mapping[str, Any], book: Any) -> Series | None:
    """Return the first of a book's series, with the book's place there."""
    for each in _list(_dig(book, "bookSeries", entities=entities)):
        name = _text(_dig(each, "series", "title", entities=entities))
        if found := make_series(name, _text(_dig(each, "userPosition", entities=entities))):
            return found
    return None


def _year(milliseconds: int) -> int | None:
    """Return the year of a day that is given as the milliseconds from 1970 to its midnight in Pacific time.

    Pacific time is 7 or 8 hours behind UTC, and was 7:52:58 behind before 1883. Subtracting 7 hours finds the right day
    in all three cases.
    """
    days = (milliseconds // 1000 - 7 * 3600) // 86_400
    cycles, rest = divmod(days, 146_097)  # 400 years; `date` has no years before 1
    return _within(date.fromordinal(date(1970, 1, 1).toordinal() + rest).year + 400 * cycles, -5000, 2100)


# The Rails layout


def _parse_rails_page(text: str) -> ParseResult:
    if "</html>" not in text:
        return NotAWork(Reason.BROKEN, "cut before the end of the page")
    page = Selector(text=text, type="html")
    if page.css("#bookTitle"):
        return _parse_rails_book(page)
    if page.css(_LIST_ROWS):
        return NotAWork(Reason.LIST)
    return _why_not_a_book(text, page.css("title").xpath("normalize-space()").get(""))


def _parse_rails_book(page: Selector) -> ParseResult:
    # The canonical address may be that of another edition; the address for the iOS app is always this page's.
    places = (
        '//meta[@property="al:ios:url"]/@content',
        '//input[@id="book_id"]/@value',
        '//link[@rel="canonical"]/@href',
        '//meta[@property="og:url"]/@content',
    )
    ids = (page.xpath(place).re_first("(?:^|/book/show/)([0-9]+)") for place in places)
    book_id = next(filter(None, ids), None)
    if book_id is None:
        return NotAWork(Reason.BROKEN, "a book page without its id")
    details = " ".join(page.css("#details .row").xpath("normalize-space()").getall())
    published = _FIRST_PUBLISHED.search(details) or _EDITION_PUBLISHED.search(details)
    work_id = page.xpath('//a/@href | //meta[@property="og:url"]/@content').re_first("/work/[a-z_]+/([0-9]+)")
    box = {
        row.xpath("normalize-space()").get(""): row.xpath("normalize-space(following-sibling::*[1])").get("")
        for row in page.css("#bookDataBox .infoBoxRowTitle")
    }
    canonical = page.xpath('//link[@rel="canonical"]/@href').get("")
    series = (
        page.css("#bookTitle a, #bookSeries a, #bookDataBox a[href*='/series/']").xpath("normalize-space()").getall()
    )
    return make_record(
        GOODREADS,
        {
            "source_id": book_id,
            "kind": "book",
            "title": plain_title(" ".join(page.css("#bookTitle::text").getall())),
            "original_title": box.get("Original Title") or None,
            "description": text_of_html(page.css("#description > span")[-1:].get()),
            "year": _within(int(published[1]), -5000, 2100) if published else None,
            "creators": [
                {"name": name, "role": (anchor.xpath(_ROLE_OF_AUTHOR).get() or "author").strip("() ").lower()}
                for anchor in page.css("#bookAuthors a.authorName")
                for name in _names(anchor.xpath("normalize-space()").get())
            ],
            "genres": _names(*page.css('a.bookPageGenreLink[href*="/genres/"]::text').getall()),
            "keywords": _names(
                *(_SERIES_PLACE.sub("", each[1:-1] if each.startswith("(") else each) for each in series),
                *page.css('#bookDataBox a[href*="/places/"]::text').getall(),
                *page.css('#bookDataBox a[href*="/characters/"]::text').getall(),
            ),
            "language": box.get("Edition Language"),
            "series": next((_series_of_link(each) for each in series), None),
            "page_count": _within(
                int(page.css("[itemprop=numberOfPages]::text").re_first("([0-9]{1,6}) page") or 0), 1, 100_000
            ),
            "rating": _rating(
                float(page.css("[itemprop=ratingValue]::text").re_first("[0-9](?:[.][0-9]+)?") or 0),
                int(page.css("[itemprop=ratingCount]::attr(content)").re_first("[0-9]{1,12}") or 0),
            ),
            "ids": {
                "goodreads": book_id,
                **({"goodreads_work": work_id} if work_id else {}),
                **find_isbns(f"{box.get('ISBN')} {box.get('ISBN13')}"),
            },
            "url": canonical if "/book/show/" in canonical else book_url(book_id),
            "image_url": web_address(page.css("#coverImage::attr(src)").get()),
            "reviews": [
                {
                    "text": text_of_html(review.css(".reviewText .readable > span")[-1:].get()),
                    "rating": _STARS.get(review.css(".reviewHeader .staticStars::attr(title)").get("")),
                    "helpful": (review.css(".likesCount::text").re_first("[0-9,]+") or "").replace(",", "") or None,
                    "spoiler": "contains spoilers" in review.css(".reviewText > em").xpath("string()").get(""),
                }
                for review in page.css("#bookReviews .review")
            ],
        },
    )


def _series_of_link(text: str) -> Series | None:
    """Return the series that a link names: "(Hyperion Cantos, #1)" or "Hyperion Cantos #1"."""
    name, _, place = text.strip("() ").partition("#")
    return make_series(name, place)


def _react_props(page: Selector, component: str) -> Iterator[dict[str, Any]]:
    """Yield the properties of the React components of a name on a page."""
    for raw in page.css(f'[data-react-class="ReactComponents.{component}"]::attr(data-react-props)').getall():
        try:
            props = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(props, dict):
            yield props


# Values of any type to values of the type that a record has


def _dig(node: Any, *path: str, entities: Mapping[str, Any] | None = None) -> Any:
    """Return the value at a path, following references to `entities`; None if a part of the path is missing."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
        if isinstance(node, dict) and "__ref" in node:
            node = (entities or {}).get(str(node["__ref"]))
    return node


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def text_of_html(value: Any) -> str:
    """Return the text of HTML; tags that break lines stay in it, since `clean_text` turns them into line ends."""
    return remove_tags(_text(value), keep=_BREAKS)


def _names(*values: Any) -> list[str]:
    """Return the values that are non-empty strings, each once, with single spaces."""
    return list(dict.fromkeys(" ".join(each.split()) for each in values if isinstance(each, str) and each.strip()))


def _within(value: Any, least: int, most: int) -> int | None:
    return value if isinstance(value, int) and least <= value <= most else None


def _rating(mean: Any, count: Any) -> dict[str, Any] | None:
    is_rated = isinstance(mean, (int, float)) and 0 < mean <= 5 and isinstance(count, int) and count > 0
    return {"mean": mean, "count": count, "scale": 5} if is_rated else None


def web_address(value: Any) -> str | None:
    """Return a web address; None for anything else and for the placeholder of a missing cover."""
    return value if _text(value).startswith("http") and not any(each in value for each in _NO_COVER) else None
