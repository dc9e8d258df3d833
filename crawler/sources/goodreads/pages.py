"""Goodreads: book pages of both layouts (React; Rails, to 2022) to records, lists and series to ids of books."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, ClassVar

from parsel import Selector
from scrapy.http import Request, Response
from w3lib.html import remove_tags

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import fields_to_told
from crawler.sources.spider import WorkSpider

SITE = "https://www.goodreads.com"
LICENCE = "Goodreads Terms of Use (personal, non-commercial use): https://www.goodreads.com/about/terms"
ATTRIBUTION = "Goodreads (https://www.goodreads.com)"
OF_ALL = {"source": "goodreads", "kind": "book", "licence": LICENCE, "attribution": ATTRIBUTION}
"""Fields that the records of all books share."""

_NEXT_DATA = re.compile(r"<script[^>]*\bid=[\"']?__NEXT_DATA__[^>]*>(.*?)</script>", re.DOTALL)
_BOOK_QUERY = re.compile(r'getBookByLegacyId\(\{"legacyId":"?([0-9]+)')
_SERIES_SUFFIX = re.compile(r"\s*\((?=[^#]+#[0-9.½])(?:[^()]|\([^()]*\))+\)\s*$")
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
_LISTING = re.compile(
    r"(?:(?:https?://)?(?:www\.)?goodreads\.com)?/?((?:list/show|series)/[0-9][^\s/?#]*(?:[?]page=[0-9]+)?)(?:[?&#]\S*)?",
    re.IGNORECASE,
)
_BOOK = re.compile(r"(?:\S*/book/show/)?([0-9]+)(?:[.?#-]\S*)?")

_LANGUAGES = {
    "afrikaans": "af", "albanian": "sq", "amharic": "am", "ancient greek": "grc", "arabic": "ar", "armenian": "hy",
    "assamese": "as", "azerbaijani": "az", "basque": "eu", "belarusian": "be", "bengali": "bn",
    "bokmål, norwegian": "nb", "bosnian": "bs", "breton": "br", "bulgarian": "bg", "burmese": "my", "castilian": "es",
    "catalan": "ca", "cebuano": "ceb", "central khmer": "km", "chinese": "zh", "church slavic": "cu", "coptic": "cop",
    "cornish": "kw", "corsican": "co", "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl",
    "egyptian": "egy", "english": "en", "english, middle": "enm", "english, old": "ang", "esperanto": "eo",
    "estonian": "et", "faroese": "fo", "farsi": "fa", "filipino": "fil", "finnish": "fi", "flemish": "nl",
    "french": "fr", "french, middle": "frm", "french, old": "fro", "gaelic": "gd", "galician": "gl", "georgian": "ka",
    "german": "de", "german, middle high": "gmh", "german, old high": "goh", "greek": "el", "greek, ancient": "grc",
    "greek, modern": "el", "guarani": "gn", "gujarati": "gu", "haitian": "ht", "hausa": "ha", "hawaiian": "haw",
    "hebrew": "he", "hindi": "hi", "hungarian": "hu", "icelandic": "is", "igbo": "ig", "indonesian": "id",
    "irish": "ga", "italian": "it", "japanese": "ja", "javanese": "jv", "kannada": "kn", "kazakh": "kk", "khmer": "km",
    "kinyarwanda": "rw", "kirghiz": "ky", "korean": "ko", "kurdish": "ku", "kyrgyz": "ky", "ladino": "lad",
    "lao": "lo", "latin": "la", "latvian": "lv", "lithuanian": "lt", "low german": "nds", "luxembourgish": "lb",
    "macedonian": "mk", "malagasy": "mg", "malay": "ms", "malayalam": "ml", "maltese": "mt", "maori": "mi",
    "marathi": "mr", "middle english": "enm", "moldavian": "ro", "mongolian": "mn", "navajo": "nv", "nepali": "ne",
    "norse, old": "non", "norwegian": "no", "norwegian bokmål": "nb", "norwegian nynorsk": "nn",
    "nynorsk, norwegian": "nn", "occitan": "oc", "odia": "or", "old english": "ang", "oriya": "or", "pali": "pi",
    "panjabi": "pa", "pashto": "ps", "persian": "fa", "polish": "pl", "portuguese": "pt", "punjabi": "pa",
    "pushto": "ps", "quechua": "qu", "romanian": "ro", "romansh": "rm", "russian": "ru", "sanskrit": "sa",
    "scots": "sco", "scottish gaelic": "gd", "serbian": "sr", "sicilian": "scn", "sindhi": "sd", "sinhala": "si",
    "sinhalese": "si", "slovak": "sk", "slovenian": "sl", "somali": "so", "spanish": "es", "swahili": "sw",
    "swedish": "sv", "syriac": "syr", "tagalog": "tl", "tajik": "tg", "tamil": "ta", "tatar": "tt", "telugu": "te",
    "thai": "th", "tibetan": "bo", "turkish": "tr", "turkish, ottoman": "ota", "turkmen": "tk", "uighur": "ug",
    "ukrainian": "uk", "urdu": "ur", "uyghur": "ug", "uzbek": "uz", "vietnamese": "vi", "welsh": "cy", "wolof": "wo",
    "xhosa": "xh", "yiddish": "yi", "yoruba": "yo", "zulu": "zu",
}  # fmt: skip
"""Languages that books are in to their ISO 639 codes. The site names them as ISO 639-2 does."""


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives the book of a book page, in either layout, or why the answer tells of none."""
    yield _refusal(answer) or _tell_body(answer.body)


def plain_title(title: str) -> str:
    """Gives a title without its series: "Hyperion" of "Hyperion (Hyperion Cantos, #1)"."""
    return _SERIES_SUFFIX.sub("", title).strip() or title.strip()


def find_isbns(text: str) -> dict[str, str]:
    """Gives the first ISBN of each length in a text, by the name of the id."""
    compact = text.replace("-", "").upper()
    found = {"isbn10": _ISBN10.search(compact), "isbn13": _ISBN13.search(compact)}
    return {name: match.group() for name, match in found.items() if match}


def language_code(name: str) -> str | None:
    """Gives the ISO 639 code of a language by its English name, as in "Greek, Modern (1453-)"."""
    parts = (part.split("(")[0].strip() for part in name.lower().split(";"))
    return next((_LANGUAGES[part] for part in parts if part in _LANGUAGES), None)


def book_links(body: bytes) -> list[str]:
    """Gives the ids of the books of a list or series page, in its order."""
    page = _select(body)
    ids = page.css('[itemtype$="schema.org/Book"] a[href*="/book/show/"]::attr(href)').re(r"/book/show/([0-9]+)")
    for props in _react_props(page, "SeriesList"):
        ids += [str(_dig(entry, "book", "bookId")) for entry in _list(props.get("series"))]
    return [each for each in dict.fromkeys(ids) if each.isdigit()]


def next_page(body: bytes) -> int | None:
    """Gives the number of the page after a list or series page; None after the last."""
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
        return None  # the page itself, whatever was said beside it
    if answer.status in (202, 405) or "x-amzn-waf-action" in answer.headers or b"gokuProps" in answer.body:
        return NotAWork(Reason.BLOCKED, "AWS WAF")
    if answer.status in (404, 410):
        return NotAWork(Reason.NOT_FOUND)
    if answer.status >= 400:
        return NotAWork(Reason.ERROR, f"HTTP {answer.status}")
    return None


def _tell_body(body: bytes) -> Told:
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        return NotAWork(Reason.BROKEN if b"goodreads" in body else Reason.UNKNOWN, f"not UTF-8 at byte {error.start}")
    if text.startswith(("{", "[")):
        return _tell_json(text)
    if "__NEXT_DATA__" in text:
        found = _NEXT_DATA.search(text)
        return _tell_json(found[1]) if found else NotAWork(Reason.BROKEN, "cut before the end of its data")
    if re.search("<!doctype html|<html", text[:1000], re.IGNORECASE):
        return _tell_rails_page(text)
    return _name_other(text) if text else NotAWork(Reason.EMPTY, "no content")


def _name_other(text: str, title: str = "") -> NotAWork:
    """Gives what an answer is that is no book page."""
    if "<rss" in text[:1000]:
        return NotAWork(Reason.LIST, "the feed of a shelf")
    named = next((reason for pattern, reason in _PAGE_TITLES if pattern.match(title)), None)
    return NotAWork(named or (Reason.OTHER if "goodreads" in text.lower() else Reason.UNKNOWN), title)


def _select(body: bytes) -> Selector:
    return Selector(text=body.decode("utf-8", "replace"), type="html")


# The React layout: the page's state as JSON, in the element __NEXT_DATA__ or saved alone


def _tell_json(text: str) -> Told:
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
    books = {found[1]: key for key in root if (found := _BOOK_QUERY.match(key))} if isinstance(root, dict) else {}
    if not books:
        return NotAWork(Reason.OTHER if entities else Reason.EMPTY, f"page {content.get('page')}")
    asked = re.match("[0-9]+", str(_dig(content, "query", "book_id")))
    book_id = asked[0] if asked and asked[0] in books else next(iter(books))
    return _tell_react_book(entities, book_id, books[book_id])


def _tell_react_book(entities: Mapping[str, Any], book_id: str, query: str) -> Told:
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
    return fields_to_told(
        {
            **OF_ALL,
            "source_id": book_id,
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
            "language": language_code(_text(at(details, "language", "name"))),
            "page_count": _within(at(details, "numPages"), 1, 100_000),
            "rating": _rating(at(work, "stats", "averageRating"), at(work, "stats", "ratingsCount")),
            "ids": {
                "goodreads": book_id,
                **({"goodreads_work": work_id[0]} if work_id else {}),
                **find_isbns(f"{at(details, 'isbn')} {at(details, 'isbn13')}"),
            },
            "url": _address(at(book, "webUrl")) or f"{SITE}/book/show/{book_id}",
            "image_url": _address(at(book, "imageUrl")),
            "reviews": [
                {"text": text_of_html(at(edge, "node", "text")), "rating": _within(at(edge, "node", "rating"), 1, 5)}
                for key, connection in root.items()
                if key.startswith("getReviews")
                for edge in _list(at(connection, "edges"))
                if at(edge, "node")
            ],
        }
    )


def _year(milliseconds: int) -> int | None:
    """Gives the year of a day that is told as the milliseconds from 1970 to its midnight at the Pacific.

    That is 7 or 8 hours behind, and 7:52:58 before 1883: taken as 7, all fall on their day.
    """
    days = (milliseconds // 1000 - 7 * 3600) // 86_400
    cycles, rest = divmod(days, 146_097)  # 400 years; `date` knows none before 1
    return _within(date.fromordinal(date(1970, 1, 1).toordinal() + rest).year + 400 * cycles, -5000, 2100)


# The Rails layout


def _tell_rails_page(text: str) -> Told:
    if "</html>" not in text:
        return NotAWork(Reason.BROKEN, "cut before the end of the page")
    page = Selector(text=text, type="html")
    if page.css("#bookTitle"):
        return _tell_rails_book(page)
    if page.css(_LIST_ROWS):
        return NotAWork(Reason.LIST)
    return _name_other(text, page.css("title").xpath("normalize-space()").get(""))


def _tell_rails_book(page: Selector) -> Told:
    # The canonical address may be that of another edition of the work; the application's is the page's own.
    places = (
        '//meta[@property="al:ios:url"]/@content',
        '//input[@id="book_id"]/@value',
        '//link[@rel="canonical"]/@href',
        '//meta[@property="og:url"]/@content',
    )
    book_id = next(
        (found for each in places if (found := page.xpath(each).re_first("(?:^|/book/show/)([0-9]+)"))), None
    )
    if book_id is None:
        return NotAWork(Reason.BROKEN, "a book page without its id")
    told = " ".join(page.css("#details .row").xpath("normalize-space()").getall())
    published = _FIRST_PUBLISHED.search(told) or _EDITION_PUBLISHED.search(told)
    work_id = page.xpath('//a/@href | //meta[@property="og:url"]/@content').re_first("/work/[a-z_]+/([0-9]+)")
    box = {
        row.xpath("normalize-space()").get(""): row.xpath("normalize-space(following-sibling::*[1])").get("")
        for row in page.css("#bookDataBox .infoBoxRowTitle")
    }
    canonical = page.xpath('//link[@rel="canonical"]/@href').get("")
    series = (
        page.css("#bookTitle a, #bookSeries a, #bookDataBox a[href*='/series/']").xpath("normalize-space()").getall()
    )
    return fields_to_told(
        {
            **OF_ALL,
            "source_id": book_id,
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
            "language": language_code(box.get("Edition Language", "")),
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
            "url": canonical if "/book/show/" in canonical else f"{SITE}/book/show/{book_id}",
            "image_url": _address(page.css("#coverImage::attr(src)").get()),
            "reviews": [
                {
                    "text": text_of_html(review.css(".reviewText .readable > span")[-1:].get()),
                    "rating": _STARS.get(review.css(".reviewHeader .staticStars::attr(title)").get("")),
                }
                for review in page.css("#bookReviews .review")
            ],
        }
    )


def _react_props(page: Selector, component: str) -> Iterator[dict[str, Any]]:
    """Gives what the components of a name on a page were told to show."""
    for raw in page.css(f'[data-react-class="ReactComponents.{component}"]::attr(data-react-props)').getall():
        try:
            props = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(props, dict):
            yield props


# Values as they come, of any kind, to values as they should be


def _dig(node: Any, *path: str, entities: Mapping[str, Any] | None = None) -> Any:
    """Gives what lies at a path, following references to `entities`; None when a part of it is missing."""
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
    """Gives the text of HTML; the tags that break lines are left for the record to break them."""
    return remove_tags(_text(value), keep=_BREAKS)


def _names(*values: Any) -> list[str]:
    """Gives the values that are names, each once."""
    return list(dict.fromkeys(" ".join(each.split()) for each in values if isinstance(each, str) and each.strip()))


def _within(value: Any, least: int, most: int) -> int | None:
    return value if isinstance(value, int) and least <= value <= most else None


def _rating(mean: Any, count: Any) -> dict[str, Any] | None:
    is_told = isinstance(mean, (int, float)) and 0 < mean <= 5 and isinstance(count, int) and count > 0
    return {"mean": mean, "count": count, "scale": 5} if is_told else None


def _address(value: Any) -> str | None:
    """Gives a web address, unless it is that of a placeholder for a cover."""
    return value if _text(value).startswith("http") and not any(each in value for each in _NO_COVER) else None


class GoodreadsSpider(WorkSpider):
    """Asks Goodreads for the pages of books, named by their ids or by a list or a series that they are in."""

    name = "goodreads"
    base_url = SITE
    selections = frozenset({"query", "ids"})
    handle_httpstatus_list: ClassVar[list[int]] = [*WorkSpider.handle_httpstatus_list, 405]  # 405: a captcha
    custom_settings = {  # noqa: RUF012
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 2,
        "RANDOMIZE_DOWNLOAD_DELAY": False,  # else every second request comes sooner
        "CONCURRENT_REQUESTS": 1,
        # A blocked page is asked again before others are: else all would be asked before the crawl ends.
        "RETRY_PRIORITY_ADJUST": 1,
        "RETRY_TIMES": 2,
        # First in, first out: the books of a list's first page before its second page, and in the list's order.
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    }

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses what is no id of a book, a query that is no list or series, and neither.

        Raises:
            SelectionRefused: Goodreads' robots.txt forbids searching, so that pages must be named.
        """
        super().check(selection, crawl_settings)
        if not (selection.query or selection.ids):
            raise SelectionRefused("goodreads must be told which books: use --ids, or --query with a list or series")
        if selection.query and not _LISTING.fullmatch(selection.query.strip()):
            raise SelectionRefused(
                f"goodreads cannot be searched for {selection.query!r}, its robots.txt forbids it: give --query the"
                " address of a list or series, such as list/show/1.Best_Books_Ever or series/40650, or books with --ids"
            )
        for each in selection.ids:
            if not _BOOK.fullmatch(each):
                raise SelectionRefused(f"{each!r} is no Goodreads book: give its number, such as 1885, or its address")

    def first_requests(self) -> Iterator[Request]:
        """Gives the pages of the books and the first page of the list or series."""
        for each in self.selection.ids:
            if found := _BOOK.fullmatch(each):
                yield self._ask_book(found[1])
        if self.selection.query and (found := _LISTING.fullmatch(self.selection.query.strip())):
            yield Request(f"{self.address}/{found[1]}")

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives the book of a page."""
        return parse_answer(answer)

    def follow(self, response: Response, told: list[Told]) -> Iterator[Request]:
        """Gives the books of a list or series and its next page."""
        is_list = any(isinstance(each, NotAWork) and each.reason is Reason.LIST for each in told)
        if not is_list or not re.search("/(?:list/show|series)/", response.url):
            return  # also a book that leads to a search: what it found was not asked for
        for book_id in book_links(response.body):
            yield self._ask_book(book_id)
        if number := next_page(response.body):
            yield Request(response.urljoin(f"?page={number}"))

    def _ask_book(self, book_id: str) -> Request:
        return Request(f"{self.address}/book/show/{book_id}")
