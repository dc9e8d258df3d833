"""Goodreads: book pages in both layouts become records, other pages a reason; and the requests of the spider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import pytest
from pydantic import HttpUrl
from recorded import RECORDED, needs_recorded, recorded_truth
from scrapy.http import HtmlResponse, Request
from scrapy.settings import Settings

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.records import Creator, Rating, Review, Series, SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.goodreads import GOODREADS
from crawler.sources.goodreads.pages import book_links, next_page, parse_answer
from crawler.sources.goodreads.spider import GoodreadsSpider

BOOK = {
    "__typename": "Book",
    "legacyId": 4711,
    "webUrl": "https://www.goodreads.com/book/show/4711-der-stille-hafen",
    "title": "Der stille Hafen",
    "titleComplete": "Der stille Hafen (Küste, #2)",
    "imageUrl": "https://images.example/4711.jpg",
    "description": "A dock worker hides <i>a deserter</i>.<br /><br />Nobody asks.<img src='x.png'> 1 &lt; 2",
    'description({"stripped":true})': "A dock worker hides a deserter.\r\n\r\nNobody asks. 1 < 2",
    "primaryContributorEdge": {"node": {"__ref": "Contributor:1"}, "role": "Author"},
    "secondaryContributorEdges": [
        {"node": {"__ref": "Contributor:2"}, "role": "Translator"},
        {"node": {"__ref": "Contributor:3"}, "role": ""},
    ],
    "bookSeries": [{"userPosition": "2", "series": {"__ref": "Series:1"}}],
    "bookGenres": [{"genre": {"name": "Historical Fiction"}}, {"genre": {"name": "War"}}],
    "details": {
        "asin": "B000000000",
        "format": "Paperback",
        "numPages": 312,
        "publicationTime": 1_294_819_200_000,
        "isbn": "080442957X",
        "isbn13": "9780804429573",
        "language": {"name": "German"},
    },
    "work": {"__ref": "Work:1"},
}
WORK = {
    "legacyId": 815,
    "details": {
        "webUrl": "https://www.goodreads.com/work/815-hiljainen-satama",
        "publicationTime": -263_062_800_000,
        "originalTitle": "Hiljainen satama",
        "places": [{"name": "Turku", "countryName": "Finland"}],
        "characters": [{"name": "Aarne Koski"}],
    },
    "stats": {"averageRating": 3.94, "ratingsCount": 1208, "ratingsCountDist": [1, 2, 3, 4, 5]},
}
STATE: dict[str, Any] = {
    "ROOT_QUERY": {
        'getBookByLegacyId({"legacyId":"4711"})': {"__ref": "Book:2"},
        "getReviews": {"edges": [{"node": {"__ref": "Review:1"}}, {"node": {"__ref": "Review:2"}}]},
    },
    "Book:1": {"__typename": "Book", "legacyId": 12, "webUrl": "https://www.goodreads.com/book/show/12"},
    "Contributor:1": {"name": "Helmi  Salo"},
    "Contributor:2": {"name": "Jörg Brandt"},
    "Contributor:3": {"name": "Aino Virta"},
    "Series:1": {"title": "Küste"},
    "Book:2": BOOK,
    "Work:1": WORK,
    "Review:1": {"text": "Slow, and <b>worth it</b>.<br/>Read it <a href='x'>twice</a>.", "rating": 5, "likeCount": 21},
    "Review:2": {"text": "No.", "rating": 0, "likeCount": "many", "spoilerStatus": True},
}
RECORD = SourceRecord.model_validate(
    {
        "source": "goodreads",
        "source_id": "4711",
        "kind": "book",
        "title": "Der stille Hafen",
        "original_title": "Hiljainen satama",
        "description": "A dock worker hides a deserter.\nNobody asks. 1 < 2",
        "year": 1961,
        "creators": [
            Creator(name="Helmi Salo", role="author"),
            Creator(name="Jörg Brandt", role="translator"),
            Creator(name="Aino Virta"),
        ],
        "genres": ["Historical Fiction", "War"],
        "keywords": ["Küste", "Turku", "Aarne Koski"],
        "language": "de",
        "series": {"name": "Küste", "position": 2},
        "page_count": 312,
        "rating": Rating(mean=3.94, count=1208, scale=5),
        "ids": {"goodreads": "4711", "goodreads_work": "815", "isbn10": "080442957X", "isbn13": "9780804429573"},
        "url": "https://www.goodreads.com/book/show/4711-der-stille-hafen",
        "image_url": "https://images.example/4711.jpg",
        "reviews": [
            Review(text="Slow, and worth it.\nRead it twice.", rating=5, helpful=21),
            Review(text="No.", spoiler=True),
        ],
        "licence": GOODREADS.licence,
        "attribution": GOODREADS.attribution,
    }
)

RAILS_PAGE = """
<!DOCTYPE html>
<html class="desktop"><head>
<title>The Quiet Harbour (Coast, #2) by Helmi Salo</title>
<link rel="canonical" href="https://www.goodreads.com/book/show/9000-the-quiet-harbour" />
<meta content='https://www.goodreads.com/work/best_book/815-hiljainen-satama' property='og:url'>
<meta content='com.goodreads.https://book/show/4711' property='al:ios:url'>
</head><body>
<img id="coverImage" src="https://images.example/4711.jpg">
<h1 id="bookTitle" itemprop="name">
      The Quiet Harbour
</h1>
<h2 id="bookSeries"><a class="greyText" href="/series/7-coast"> (Coast #2) </a></h2>
<div id="bookAuthors"><span class="by">by</span>
<div class="authorName__container"><a class="authorName"><span itemprop="name">Helmi Salo</span></a>
  <span class="greyText">(Goodreads Author)</span>,</div>
<div class="authorName__container"><a class="authorName"><span itemprop="name">Jörg   Brandt</span></a>
  <span class="authorName greyText smallText role">(Translator)</span></div>
</div>
<span itemprop="ratingValue">3.94</span><meta itemprop="ratingCount" content="1208"> 1,208 ratings
<div id="description">
  <span id="freeTextContainer1">A dock worker hides</span>
  <span id="freeText1" style="display:none">A dock worker hides <i>a deserter</i>.<br><br>Nobody asks.</span>
  <a href="#">...more</a>
</div>
<div id="details">
  <div class="row"><span itemprop="bookFormat">Paperback</span>, <span itemprop="numberOfPages">312 pages</span></div>
  <div class="row">Published
        January 12th 2011
        by 1984 Books <nobr class="greyText">(first published August 31st 1961)</nobr></div>
  <div id="bookDataBox">
    <div class="infoBoxRowTitle">Original Title</div><div class="infoBoxRowItem">Hiljainen satama</div>
    <div class="infoBoxRowTitle">ISBN</div>
    <div class="infoBoxRowItem">080442957X <span>(ISBN13: <span itemprop="isbn">9780804429573</span>)</span></div>
    <div class="infoBoxRowTitle">Edition Language</div><div class="infoBoxRowItem">English</div>
    <div class="infoBoxRowTitle">Series</div><div class="infoBoxRowItem"><a href="/series/7-coast">Coast #2</a></div>
    <div class="infoBoxRowTitle">Characters</div>
    <div class="infoBoxRowItem"><a href="/characters/1-a">Aarne Koski</a></div>
    <div class="infoBoxRowTitle">setting</div><div class="infoBoxRowItem"><a href="/places/1-t">Turku</a></div>
  </div>
</div>
<a class="bookPageGenreLink" href="/genres/historical">Historical</a> &gt;
<a class="bookPageGenreLink" href="/genres/historical-fiction">Historical Fiction</a>
<a class="greyText bookPageGenreLink" href="/shelf/users/4711?shelf=historical-fiction">2,382 users</a>
<a class="bookPageGenreLink" href="/genres/historical">Historical</a>
<div id="bookReviews"><div class="review">
  <div class="reviewHeader"><span class="staticStars" title="really liked it"></span></div>
  <div class="reviewText"><span class="readable"><span id="freeTextContainer2">Slow, and</span>
    <span id="freeText2">Slow, and <b>worth it</b>.</span></span></div>
  <div class="updateActionLinks"><span class="likesCount">2,115 likes</span></div>
</div><div class="review">
  <div class="reviewText"><em>This review has been hidden because it contains spoilers. To view it, click here.</em>
    <span class="readable"><span>He dies. This contains spoilers.</span></span></div>
</div></div>
</body></html>
<!-- a comment of random length -->
"""
RAILS_RECORD = RECORD.model_copy(
    update={
        "title": "The Quiet Harbour",
        "description": "A dock worker hides a deserter.\nNobody asks.",
        "creators": RECORD.creators[:2],
        "genres": ("Historical", "Historical Fiction"),
        "keywords": ("Coast", "Turku", "Aarne Koski"),
        "language": "en",
        "series": Series(name="Coast", position=2),
        "url": HttpUrl("https://www.goodreads.com/book/show/9000-the-quiet-harbour"),
        "reviews": (
            Review(text="Slow, and worth it.", rating=4, helpful=2115),
            Review(text="He dies. This contains spoilers.", spoiler=True),
        ),
    }
)

LIST_PAGE = """<!DOCTYPE html><html><body><table>
<tr itemscope itemtype="http://schema.org/Book"><td><a href="/book/show/2-b"><img></a>
  <a class="bookTitle" href="/book/show/2-b">Two</a></td></tr>
<tr itemscope itemtype="http://schema.org/Book"><td><a class="bookTitle" href="/book/show/1.A?from=x">One</a></td></tr>
</table><a class="previous_page" href="/list/show/9.Best?page=1">back</a>
<a class="next_page" rel="next" href="/list/show/9.Best?page=3">next</a> <a href="/book/show/3">an ad</a>
goodreads</body></html>"""


def component(name: str, props: Any) -> str:
    return f'<div data-react-class="ReactComponents.{name}" data-react-props="{escape(json.dumps(props))}"></div>'


def series_page(page: int) -> str:
    books = [[{"book": {"bookId": "5", "bookUrl": "/book/show/5"}}], [{"book": {"bookId": "6"}}, {"book": None}]]
    lists = [component("SeriesList", {"series": each, "seriesHeaders": ["Book 1"]}) for each in books]
    control = component("FullPagePaginationControls", {"numWorks": 120, "currentPageNumber": page, "perPage": 100})
    return f"<!DOCTYPE html><html><body>{''.join(lists)}{control} goodreads</body></html>"


def next_data(state: Any, **others: Any) -> str:
    return json.dumps(
        {
            "props": {"pageProps": {"apolloState": state}},
            "page": "/book/show/[book_id]",
            "query": {"book_id": "4711-der-stille-hafen"},
            **others,
        },
        ensure_ascii=False,
    )


def react_page(data: str) -> str:
    script = f'<script id="__NEXT_DATA__" type="application/json">{data}</script>'
    return f'<!DOCTYPE html><html><body><div id="__next">goodreads</div>{script}</body></html>'


def changed(state: dict[str, Any], entity: str, **fields: Any) -> dict[str, Any]:
    return {**state, entity: {**state[entity], **fields}}


def read(body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> ParseResult:
    content = body.encode() if isinstance(body, str) else body
    (result,) = parse_answer(Answer(content, status=status, headers=headers or {}))
    return result


def record_of(state: dict[str, Any]) -> SourceRecord:
    result = read(next_data(state))
    assert isinstance(result, SourceRecord)
    return result


def test_a_react_page_and_its_data_saved_alone() -> None:
    assert read(react_page(next_data(STATE))) == RECORD
    assert read(next_data(STATE)) == RECORD


def test_a_rails_page() -> None:
    assert read(RAILS_PAGE) == RAILS_RECORD


def test_an_older_rails_page() -> None:
    """The title has the series, authors stand in one line, and there is no address for the iOS app."""
    authors = (
        '<div id="bookAuthors">by <a class="authorName">Helmi Salo</a> <span class="greyText">(Goodreads Author)</span>'
        ', <a class="authorName">Jörg Brandt</a> <span class="role">(Translator)</span></div>'
    )
    start, end = RAILS_PAGE.index('<h1 id="bookTitle"'), RAILS_PAGE.index('<span itemprop="ratingValue"')
    title = '<h1 id="bookTitle">The Quiet Harbour <a href="/series/7-coast">(Coast, #2)</a></h1>'
    page = f"{RAILS_PAGE[:start]}{title}{authors}{RAILS_PAGE[end:]}"
    page = page.replace("al:ios:url", "").replace("9000-the-quiet-harbour", "4711.The_Quiet_Harbour")
    url = HttpUrl("https://www.goodreads.com/book/show/4711.The_Quiet_Harbour")
    assert read(page) == RAILS_RECORD.model_copy(update={"url": url})


@pytest.mark.parametrize(
    ("row", "year"),
    [
        ("Published January 12th 2011 by 1984 Books", 2011),
        ("Published by 1984 Books (first published 1813)", 1813),
        ("Published March 1983 by Bantam (first published -700)", -700),
        ("Expected publication: November 16th 2021 by O'Reilly Media", 2021),
        ("Published by 1984 Books", None),
    ],
)
def test_the_year_of_a_rails_page(row: str, year: int | None) -> None:
    start, end = RAILS_PAGE.index("Published\n"), RAILS_PAGE.index("</nobr></div>")
    result = read(RAILS_PAGE[:start] + row + RAILS_PAGE[end:])
    assert isinstance(result, SourceRecord)
    assert result.year == year


@pytest.mark.parametrize(
    ("milliseconds", "year"),
    [
        (662_716_800_000, 1991),  # 1 January in winter time
        (757_324_799_000, 1993),  # a second before the next
        (-4_954_406_822_000, 1813),  # 1 January by the local time of before 1883
        (-84_243_052_022_000, -700),
        (10**18, None),
    ],
)
def test_years_are_read_in_pacific_time(milliseconds: int, year: int | None) -> None:
    work = {**WORK, "details": {"publicationTime": milliseconds}}
    assert record_of({**STATE, "Work:1": work}).year == year


def test_a_work_that_is_not_dated_has_the_year_of_its_edition() -> None:
    assert record_of({**STATE, "Work:1": {}}).year == 2011


def test_what_a_book_may_lack() -> None:
    bare = {"legacyId": 4711, "title": "Der stille Hafen", "imageUrl": "https://x.example/images/no-cover.png"}
    result = record_of({"ROOT_QUERY": {'getBookByLegacyId({"legacyId":"4711"})': {"__ref": "B"}}, "B": bare})
    wanted = {"source", "source_id", "kind", "title", "ids", "url", "licence", "attribution"}
    assert {name for name, value in result if value} == wanted
    assert str(result.url) == "https://www.goodreads.com/book/show/4711"


def test_wrong_and_missing_facts_are_left_out() -> None:
    state = changed(STATE, "Work:1", stats={"averageRating": 0, "ratingsCount": 0}, details={"originalTitle": ""})
    details = {"numPages": 0, "isbn": "", "isbn13": None, "language": {"name": "Multiple languages"}}
    result = record_of(changed(state, "Book:2", details=details))
    assert (result.rating, result.original_title, result.page_count, result.language) == (None, None, None, None)
    assert result.ids == {"goodreads": "4711", "goodreads_work": "815"}


def test_a_description_in_html_only() -> None:
    state = changed(STATE, "Book:2", **{'description({"stripped":true})': None})
    assert record_of(state).description == "A dock worker hides a deserter.\nNobody asks. 1 < 2"


@pytest.mark.parametrize(
    "wrong", [None, 5, "x", [], [None], [[]], {"__ref": []}, {"__ref": "none"}, {"name": [{}]}, True]
)
def test_a_wrong_part_of_a_page_never_raises(wrong: Any) -> None:
    for entity, fields in STATE.items():
        for name in fields:
            assert read(next_data(changed(STATE, entity, **{name: wrong}))) is not None
    for name in BOOK["details"]:  # type: ignore[attr-defined]
        assert read(next_data(changed(STATE, "Book:2", details={name: wrong}))) is not None


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("The Ferry (Harbour Tales, #1)", "The Ferry"),
        ("The Ferry (Annotated)", "The Ferry (Annotated)"),
    ],
)
def test_a_title_that_ends_with_the_series(title: str, plain: str) -> None:
    assert record_of(changed(STATE, "Book:2", title=None, titleComplete=title)).title == plain


def test_the_series_of_the_title_where_the_page_lists_none() -> None:
    assert record_of(changed(STATE, "Book:2", bookSeries=None)).series == Series(name="Küste", position=2)
    assert record_of(changed(STATE, "Book:2", bookSeries=None, titleComplete=None)).series is None


EMPTY_SHELL = react_page(next_data({}))
CHALLENGE = "<!DOCTYPE html><html><script>window.gokuProps = {};</script></html>"


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (read(CHALLENGE), Reason.BLOCKED),
        (read("", 202), Reason.BLOCKED),
        (read("<html></html>", headers={"x-amzn-waf-action": "captcha"}), Reason.BLOCKED),
        (read("<html>Human verification</html>", 405), Reason.BLOCKED),
        (read(EMPTY_SHELL), Reason.EMPTY),
        (read(""), Reason.EMPTY),
        (read("<html>gone</html>", 404), Reason.NOT_FOUND),
        (read("<html><title>\nPage not found</title> goodreads</html>"), Reason.NOT_FOUND),
        (read(next_data({"ROOT_QUERY": {'getBookByLegacyId({"legacyId":"4711"})': None}})), Reason.NOT_FOUND),
        (read("<html>oops</html>", 500), Reason.ERROR),
        (read("<html><title>Goodreads is over capacity</title></html>"), Reason.ERROR),
        (read(next_data({"ROOT_QUERY": {"getSiteHeaderBanner": None}}, page="/about")), Reason.OTHER),
        (read(next_data({k: v for k, v in STATE.items() if k != "Book:2"})), Reason.BROKEN),
        (read(next_data(changed(STATE, "Book:2", title="", titleComplete=""))), Reason.UNTITLED),
        (read(LIST_PAGE), Reason.LIST),
        (read(series_page(1)), Reason.LIST),
        (read("<html><title>Search results for x</title><body>goodreads</body></html>"), Reason.LIST),
        (read('<html><div class="editionData">goodreads</div></html>'), Reason.LIST),
        (read('<?xml version="1.0"?><rss version="2.0"><channel></channel></rss>'), Reason.LIST),
        (read('[{"bookId": "5", "title": "Five"}]'), Reason.LIST),
        (read('Element.update("reviews", "\\u003cdiv\\u003e goodreads");'), Reason.OTHER),
        (read("<html><title>Quotes</title><body>goodreads</body></html>"), Reason.OTHER),
        (read("<html><title>Another site</title></html>"), Reason.UNKNOWN),
        (read('{"id": 1}'), Reason.UNKNOWN),
        (read(b"\x89PNG\r\n\x1a\n"), Reason.UNKNOWN),
        (read(RAILS_PAGE.encode().replace("ö".encode(), b"\xf6")), Reason.BROKEN),
        (read("[" * 100_000), Reason.BROKEN),
    ],
)
def test_what_is_not_a_book(result: ParseResult, reason: Reason) -> None:
    assert isinstance(result, NotAWork)
    assert result.reason is reason


def test_a_page_cut_anywhere_before_its_end_makes_no_record() -> None:
    for page, end in ((react_page(next_data(STATE)), "</script>"), (RAILS_PAGE, "</html>")):
        body = page.encode()
        for length in range(0, body.index(end.encode()) + 1, 7):
            assert isinstance(read(body[:length]), NotAWork)


def test_the_books_of_a_list_and_its_next_page() -> None:
    assert (book_links(LIST_PAGE.encode()), next_page(LIST_PAGE.encode())) == (["2", "1"], 3)
    last = LIST_PAGE.replace('<a class="next_page" rel="next" href="/list/show/9.Best?page=3">next</a>', "")
    assert next_page(last.encode()) is None


def test_the_books_of_a_series_and_its_next_page() -> None:
    assert (book_links(series_page(1).encode()), next_page(series_page(1).encode())) == (["5", "6"], 2)
    assert next_page(series_page(2).encode()) is None
    assert book_links(b'<div data-react-class="ReactComponents.SeriesList" data-react-props="{"></div>') == []


def spider(**selection: Any) -> GoodreadsSpider:
    settings = CrawlSettings(source_urls={"goodreads": "http://mirror.example/goodreads/"})
    return GoodreadsSpider(Selection(**selection), settings)


@pytest.mark.parametrize(
    ("selection", "urls"),
    [
        ({"ids": ("1885", "2.Two", "https://www.goodreads.com/book/show/3-three?from=x")},
         ["book/show/1885", "book/show/2", "book/show/3"]),
        ({"query": "list/show/1.Best_Books_Ever"}, ["list/show/1.Best_Books_Ever"]),
        ({"query": " https://www.goodreads.com/list/show/1.Best?page=4#top "}, ["list/show/1.Best?page=4"]),
        ({"query": "goodreads.com/series/40650-dune"}, ["series/40650-dune"]),
    ],
)  # fmt: skip
def test_what_is_asked_first(selection: dict[str, Any], urls: list[str]) -> None:
    asked = spider(**selection)
    GoodreadsSpider.check(asked.selection, asked.crawl_settings)
    assert [each.url for each in asked.first_requests()] == [f"http://mirror.example/goodreads/{url}" for url in urls]


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ({"query": "sad books about the sea"}, "list/show/1.Best_Books_Ever or series/40650"),
        ({"query": "https://www.goodreads.com/search?q=x"}, "robots.txt"),
        ({"query": "https://elsewhere.example/list/show/1"}, "robots.txt"),
        ({}, "--ids, or --query"),
        ({"ids": ("1885", "tt0047110")}, "'tt0047110' is not a Goodreads book"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(selection: dict[str, Any], said: str) -> None:
    with pytest.raises(SelectionRefused) as refused:
        GoodreadsSpider.check(Selection(**selection), CrawlSettings())
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def followed(url: str, page: str) -> list[str]:
    response = HtmlResponse(url, body=page.encode(), encoding="utf-8", request=Request(url))
    return [each.url for each in spider(query="series/7").parse(response) if isinstance(each, Request)]


def test_a_list_leads_to_its_books_and_its_next_page() -> None:
    site = "http://mirror.example/goodreads"
    assert followed(f"{site}/list/show/9.Best?page=2", LIST_PAGE) == [
        f"{site}/book/show/2", f"{site}/book/show/1", f"{site}/list/show/9.Best?page=3",
    ]  # fmt: skip
    assert followed(f"{site}/series/7-coast", series_page(1))[-1] == f"{site}/series/7-coast?page=2"
    assert followed(f"{site}/book/show/7", LIST_PAGE) == []  # a book that was led on to a search


def test_the_site_is_asked_slowly_and_by_its_rules() -> None:
    settings = Settings()
    GoodreadsSpider.update_settings(settings)
    assert settings["DOWNLOAD_DELAY"] == 2
    assert settings["CONCURRENT_REQUESTS"] == 1
    assert not settings["RANDOMIZE_DOWNLOAD_DELAY"]
    assert settings["ROBOTSTXT_OBEY"]


@needs_recorded
@pytest.mark.parametrize("entry", recorded_truth("goodreads"), ids=lambda entry: entry["file"])
def test_recorded_answers(entry: dict[str, Any]) -> None:
    body = (RECORDED / entry["file"]).read_bytes()
    for tenths in range(10):
        assert isinstance(read(body[: len(body) * tenths // 10]), NotAWork)
    result, truth = read(body), entry["ground_truth"]
    if "title" not in truth:
        assert isinstance(result, NotAWork)
        assert result.reason not in (Reason.BROKEN, Reason.UNKNOWN)
        if truth.get("n_bookTitle_links") == 100:
            assert (len(book_links(body)), next_page(body)) == (100, int(truth["next"].split("page=")[1]))
        return
    assert isinstance(result, SourceRecord)
    assert (result.title, list(result.genres)) == (truth["title"], truth["genres"])
    assert " ".join(result.description.split()).startswith(" ".join(truth["description"].split("<")[0].split()))
    if "book_id" in truth:
        check_react_truth(result, truth)
    else:
        check_rails_truth(result, truth)


def check_react_truth(result: SourceRecord, truth: dict[str, Any]) -> None:
    isbns = {name: truth[key] for name, key in (("isbn10", "isbn"), ("isbn13", "isbn13")) if truth[key]}
    assert result.source_id == result.ids["goodreads"] == str(truth["book_id"])
    assert {name: result.ids[name] for name in result.ids if name.startswith("isbn")} == isbns
    assert [[each.name, each.role] for each in result.creators] == [[n, r.lower()] for n, r in truth["contributors"]]
    assert result.rating == Rating(mean=truth["avg"], count=truth["ratings"], scale=5)
    assert (result.page_count, result.original_title) == (truth["pages"], truth["originalTitle"])
    assert result.language == {"English": "en", "Chinese": "zh", "Polish": "pl"}[truth["language"]]
    assert [name for name, _ in truth["series"]] == list(result.keywords[: len(truth["series"])])
    assert len(result.reviews) == truth["reviews"]


def check_rails_truth(result: SourceRecord, truth: dict[str, Any]) -> None:
    assert [each.name for each in result.creators] == truth["authors"]
    roles = [each.role for each in result.creators if each.role != "author"]
    assert roles == [role.strip("()").lower() for role in truth["roles"]]
    assert result.rating == Rating(mean=truth["rating"], count=truth["ratingCount"], scale=5)
    assert (f"{result.page_count} pages", str(result.url)) == (truth["pages"], truth["canonical"])
    box = dict(truth["box"])
    assert result.original_title == box.get("Original Title")
    assert f"{result.ids['isbn10']} (ISBN13: {result.ids['isbn13']} )" == box["ISBN"]
