"""IMDb: saved title pages of every layout to records; and a crawl of the official data sets.

The site's conditions allow no scraping, so pages are only read where somebody saved them, and the spider asks for the
data sets instead, which IMDb gives for personal and non-commercial use.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import jmespath  # type: ignore[import-untyped]
from parsel import Selector
from pydantic import ValidationError
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.imdb.tables import (
    ADULT,
    ATTRIBUTION,
    LICENCE,
    RATING_SCALE,
    SOURCE,
    TABLES,
    read_tables,
    refuse,
    title_url,
)
from crawler.sources.json_answers import fields_to_told
from crawler.sources.spider import WorkSpider
from crawler.text import clean_text

Facts: TypeAlias = Mapping[str, Sequence[Any]]
"""What one layout of a page tells: a fact to its values, the best first; a fact that it does not tell has none."""

_CONCEPT = "amzn1.imdb.concept"
_GROUPS = {
    "director": ("director", f"{_CONCEPT}.name_credit_category.ace5cb4c-8708-4238-9542-04641e7c8171"),
    "writer": ("writer", f"{_CONCEPT}.name_credit_category.c84ecaff-add5-4f2e-81db-102a41881fe3"),
    "actor": ("cast", f"{_CONCEPT}.name_credit_group.7caf7d16-5db9-4f4f-8864-d4c6e711c686"),
}
"""A role to IMDb's names of it: until 2025, and since."""


def _credits(role: str, *groups: str, names: str = "[]") -> str:
    """Gives where the names in a role are: in groups of credits, in the full list of reference pages, elsewhere."""
    former, current = _GROUPS[role]
    groups += (
        f"principalCredits[?category.id=='{former}']",
        f"principalCreditsV2[?grouping.groupingId=='{current}']",
        f"crewV2[?grouping.groupingId=='{current}']",
    )
    full_list = f"categories[?id=='{current}'].section.items[].rowTitle"
    return f"[[{', '.join(groups)}][].credits[].name.nameText.text, {full_list}, {names}][]"


_NEXT_DATA = {
    "type": "titleType.id",
    "id": "id",
    "title": "titleText.text",
    "original_title": "originalTitleText.text",
    "description": "plot.plotText.plainText",
    "year": "releaseYear.year",
    "director": _credits("director", "directors", "directorsPageTitle"),
    "writer": _credits("writer", "writers"),
    "actor": _credits("actor", "castV2", names="cast.edges[].node.name.nameText.text"),
    "genre": "[genres.genres[].text, titleGenres.genres[].genre.text][]",
    "keyword": "[keywords.edges[].node.text, storylineKeywords.edges[].node.text][]",
    "language": "spokenLanguages.spokenLanguages[0].id",
    "runtime": "runtime.seconds",
    "mean": "ratingsSummary.aggregateRating",
    "count": "ratingsSummary.voteCount",
    "image_url": "primaryImage.url",
    "review": "featuredReviews.edges[].node"
    ".{text: text.originalText.plainText || text.originalText.plaidHtml, rating: authorRating}",
    "is_adult": "isAdult",
}
"""JMESPath within `aboveTheFoldData` and `mainColumnData` of the data that the pages of the 2020s are made from."""

_JSON_LD = {
    "type": '"@type"',
    "id": "url",
    # With an `alternateName`, which is the English title, `name` is the original one.
    "title": "alternateName || name",
    "original_title": "alternateName && name",
    "description": "description",
    "director": "[director][].name",
    "writer": """[creator][] | [?"@type"=='Person'].name""",  # the others are companies
    "actor": "[actor][].name",
    "genre": "[genre][]",
    "keyword": "[keywords][]",
    "runtime": "duration",
    "mean": "aggregateRating.ratingValue",
    "count": "aggregateRating.ratingCount",
    "image_url": "image.url || image",
    "review": "[review][].{text: reviewBody, rating: reviewRating.ratingValue}",
    "release": "datePublished",
}
"""JMESPath within the JSON-LD of pages since 2018."""

_MARKUP = {
    "id": '//link[@rel="canonical"]/@href',
    "title": '//h1[@itemprop="name"]/text() | //h1//*[@itemprop="name"]/text() | //*[@class="title_wrapper"]/h1/text()',
    "original_title": '//*[@class="originalTitle"]/text()',
    # A link in the outline says that there is none yet, or that it goes on elsewhere: then the storyline is better.
    "description": 'normalize-space((//*[@class="summary_text" or @itemprop="description"]'
    '[not(.//a[contains(., "Add a Plot") or contains(., "full summary")])] | //*[@id="titleStoryLine"]//p)[1])',
    "director": '//*[@itemprop="director"]//*[@itemprop="name"]/text()',
    "writer": '//*[@itemprop="creator"][contains(@itemtype, "Person")]//*[@itemprop="name"]/text()',
    "actor": '//*[@itemprop="actors" or @itemprop="actor"]//*[@itemprop="name"]/text()',
    "genre": '//span[@itemprop="genre"]/text()',
    "keyword": '//span[@itemprop="keywords"]/text()',
    "language": '//a[contains(@href, "primary_language=")]/@href',
    "runtime": '//time[@itemprop="duration"]/@datetime',
    "mean": '//*[@itemprop="aggregateRating"]//*[@itemprop="ratingValue"]/text()',
    "count": '//*[@itemprop="aggregateRating"]//*[@itemprop="ratingCount"]/text()',
    "image_url": '//*[@class="poster"]//img/@src',
    "release": '//meta[@itemprop="datePublished"]/@content',
}
"""XPath within the markup of the 2010s; later pages have only the first."""

_TITLE_ID = re.compile(r"\btt[0-9]{7,9}\b")
_ROOT = r"(?:https?://[^/]+)?(?:/[a-z]{2}(?:-[a-z]{2})?)?"
_TITLE_PAGE = re.compile(rf"{_ROOT}/title/tt[0-9]{{7,9}}/?")
_LIST_PAGE = re.compile(rf"{_ROOT}/(?:find|chart|list|search|user|calendar)\b")
_HEADLINE = re.compile(r"(?P<title>.+) \((?P<type>[^()]*?) ?(?P<year>[0-9]{4})?(?:[\u2013-][0-9 ]*)?\) - IMDb")
_DURATION = re.compile(r"PT(?:([0-9]+)H)?(?:([0-9]+)M)?")
_LANGUAGE = re.compile(r"(?:^|primary_language=)([a-z]{2,3})\b")
_NO_LANGUAGE = re.compile(r"zxx|q[a-t][a-z]")
"""Silent films; and IMDb's own codes, which mean nothing elsewhere."""
_CHINESE = frozenset({"cmn", "yue"})
_ROLES = ("director", "writer", "actor")


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives the film of a title page, or why there is none."""
    yield _refuse_status(answer) or _read_body(answer)


def _refuse_status(answer: Answer) -> NotAWork | None:
    if "x-amzn-waf-action" in answer.headers:
        return NotAWork(Reason.BLOCKED)
    if answer.status in (404, 410):
        return NotAWork(Reason.NOT_FOUND)
    return NotAWork(Reason.ERROR, f"status {answer.status}") if answer.status >= 400 else None


def _read_body(answer: Answer) -> Told:
    try:
        text = answer.body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        is_page = b"<html" in answer.body[:2_000].lower() or answer.body.startswith(b"{")
        return NotAWork(Reason.BROKEN if is_page else Reason.UNKNOWN, "not UTF-8")
    if not text:
        return NotAWork(Reason.EMPTY)
    if text.startswith("imdb$"):  # suggestions, as a call of JavaScript
        return NotAWork(Reason.LIST)
    if text.startswith(("{", "[")):
        return _read_json(text)
    if text.startswith("<"):
        return _read_page(text, answer.url)
    return NotAWork(Reason.UNKNOWN)


def _read_json(text: str) -> Told:
    """Reads what pages carry, saved alone."""
    document = _load_json(text)
    if document is None:
        return NotAWork(Reason.BROKEN, "not JSON")
    layouts = [_next_data_facts(document), _json_ld_facts([document])]
    if any(layouts):
        return _facts_to_told(layouts)
    if isinstance(document, list) or "d" in document or jmespath.search("data.*.edges", document):
        return NotAWork(Reason.LIST)
    if error := jmespath.search("errorMessage || message || errors[0].message", document):
        return NotAWork(Reason.ERROR, str(error))
    return _refuse_next_data(document) or NotAWork(Reason.UNKNOWN)


def _read_page(text: str, url: str) -> Told:
    page = Selector(text)
    document = _load_json(page.xpath('string(//script[@id="__NEXT_DATA__"])').get(""))
    json_ld = [_load_json(script) for script in page.xpath('//script[@type="application/ld+json"]/text()').getall()]
    data_facts, json_ld_facts, markup_facts = _next_data_facts(document), _json_ld_facts(json_ld), _markup_facts(page)
    if not data_facts and "<html" in text and "</html>" not in text:
        return NotAWork(Reason.BROKEN, "the page is cut short")
    is_title = any(_TITLE_PAGE.fullmatch(address) for address in markup_facts["id"]) and markup_facts["title"]
    if data_facts or json_ld_facts or is_title:
        return _facts_to_told([data_facts, json_ld_facts, markup_facts])
    return _refuse_next_data(document) or _refuse_page(page, text, url)


def _refuse_next_data(document: Any) -> NotAWork | None:
    """Gives why the data of a page are not a title's; None when they are no data of a page."""
    kind = jmespath.search("page", document)
    if not isinstance(kind, str):
        return None
    if _LIST_PAGE.match(kind):
        return NotAWork(Reason.LIST, kind)
    return NotAWork(Reason.EMPTY if kind in ("/title/[tconst]", "/title/[tconst]/reference") else Reason.OTHER, kind)


def _refuse_page(page: Selector, text: str, url: str) -> NotAWork:
    headline = page.xpath("normalize-space(//title)").get("")
    address = page.xpath('string(//link[@rel="canonical"]/@href | //meta[@property="og:url"]/@content)').get() or url
    if "AwsWafIntegration" in text or "gokuProps" in text:
        return NotAWork(Reason.BLOCKED)
    if _LIST_PAGE.match(address):
        return NotAWork(Reason.LIST, headline)
    if re.match(r"404\b", headline):
        return NotAWork(Reason.NOT_FOUND)
    if re.match(r"[45][0-9]{2}\b|error\b", headline, re.IGNORECASE):
        return NotAWork(Reason.ERROR, headline)
    if _TITLE_PAGE.fullmatch(address) or not page.xpath("normalize-space(//body)").get():
        return NotAWork(Reason.EMPTY, headline)
    return NotAWork(Reason.OTHER if "IMDb" in headline else Reason.UNKNOWN, headline)


def _load_json(text: str) -> Any:
    try:
        return json.loads(text, strict=False)  # some JSON-LD holds bare line ends
    except (ValueError, RecursionError):
        return None


def _next_data_facts(document: Any) -> Facts:
    """Gives the facts of `__NEXT_DATA__`; none when it is not a title's."""
    parts = jmespath.search("(props.pageProps || pageProps || @).[aboveTheFoldData, mainColumnData][]", document)
    return _search(_NEXT_DATA, parts) if parts else {}


def _json_ld_facts(scripts: Sequence[Any]) -> Facts:
    """Gives the facts of the JSON-LD that tells of a title; none when none does."""
    works = [work for work in scripts if isinstance(work, dict) and _TITLE_ID.search(str(work.get("url")))]
    facts = _search(_JSON_LD, works[:1]) if works else {}
    keywords = [word for words in facts.get("keyword", ()) if isinstance(words, str) for word in words.split(",")]
    return {**facts, "keyword": keywords} if facts else {}


def _search(places: Mapping[str, str], parts: Sequence[Any]) -> Facts:
    return {
        fact: [value for part in parts for value in _values(jmespath.search(place, part))]
        for fact, place in places.items()
    }


def _values(found: Any) -> list[Any]:
    return [value for value in (found if isinstance(found, list) else [found]) if value]


def _markup_facts(page: Selector) -> Facts:
    """Gives the facts of a page's markup; of its headline the year, which is the release's, and the kind of title."""
    page.xpath('//*[@id="titleStoryLine"]//em').drop()  # who wrote it
    facts = {fact: _values([found.strip() for found in page.xpath(place).getall()]) for fact, place in _MARKUP.items()}
    facts["review"] = [
        {
            "text": review.xpath('string(.//*[@itemprop="reviewBody"])').get(),
            "rating": review.xpath('.//*[@itemprop="reviewRating"]//*[@itemprop="ratingValue"]/@content').get(),
        }
        for review in page.xpath('//*[@itemprop="review"]')
    ]
    if headline := _HEADLINE.fullmatch(page.xpath("normalize-space(//title)").get("")):
        facts["type"] = [headline["type"] or "Movie"]
        facts["title"] += [headline["title"]]
        facts["year"] = _values(headline["year"])
    return facts


def _facts_to_told(layouts: Sequence[Facts]) -> Told:
    """Gives the record of what the layouts of a page tell together; of each fact, the first that tells it."""
    facts = {fact: values for layout in reversed(layouts) for fact, values in layout.items() if values}
    best = {fact: values[0] for fact, values in facts.items()}
    found_id = _TITLE_ID.search(str(best.get("id")))
    if not found_id or "type" not in best:
        return NotAWork(Reason.BROKEN, f"a title without its {'type' if found_id else 'id'}")
    if refused := refuse(str(best["type"])):
        return refused
    if best.get("is_adult") is True:
        return ADULT
    fields = {
        "source": SOURCE,
        "source_id": found_id[0],
        "kind": "movie",
        "title": best.get("title"),
        "original_title": best.get("original_title"),
        "description": best.get("description", ""),
        # A release is the one in the reader's country, which may be years later: better than nothing.
        "year": best.get("year") or str(best.get("release", ""))[:4] or None,
        "creators": [{"name": name, "role": role} for role in _ROLES for name in _texts(facts.get(role, ()))],
        "genres": _texts(facts.get("genre", ())),
        "keywords": _texts(facts.get("keyword", ())),
        "language": _language(str(best.get("language"))),
        "runtime_minutes": _minutes(best.get("runtime")),
        "rating": _rating(best.get("mean"), best.get("count")),
        "ids": {"imdb": found_id[0]},
        "url": title_url(found_id[0]),
        "image_url": best.get("image_url"),
        "reviews": _reviews(facts.get("review", ())),
        "licence": LICENCE,
        "attribution": ATTRIBUTION,
    }
    try:
        return SourceRecord.model_validate(fields)
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors()} - {"title"}
        return fields_to_told({name: value for name, value in fields.items() if name not in wrong})


def _texts(values: Sequence[Any]) -> list[str]:
    """Gives each text once."""
    return list(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def _language(told: str) -> str | None:
    found = _LANGUAGE.search(told)
    if not found or _NO_LANGUAGE.fullmatch(found[1]):
        return None
    return "zh" if found[1] in _CHINESE else found[1]


def _minutes(told: Any) -> int | None:
    """Gives the whole minutes of seconds, or of a duration by ISO 8601."""
    if isinstance(told, int):
        return told // 60 or None
    hours, minutes = found.groups("0") if (found := _DURATION.fullmatch(str(told))) else ("0", "0")
    return int(hours) * 60 + int(minutes) or None


def _rating(mean: Any, count: Any) -> dict[str, Any] | None:
    if mean is None or count is None:
        return None
    return {"mean": mean, "count": str(count).replace(",", ""), "scale": RATING_SCALE}


def _reviews(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Gives each review once: the same one may come with its line ends as markup, and without."""
    return list({str(clean_text(review["text"])): review for review in values if review.get("text")}.values())


class ImdbSpider(WorkSpider):
    """Asks for the data sets piece by piece, keeps them, and gives their films once all of them are there.

    What has arrived stays: a run that ended in the middle of a data set is continued there, and one that has not
    changed since is not sent again.
    """

    name = SOURCE
    base_url = "https://datasets.imdbws.com"
    selections = frozenset({"ids"})
    handle_httpstatus_list = [304, 404, 416]  # noqa: RUF012 - as Scrapy declares it
    custom_settings = {  # noqa: RUF012 - as Scrapy declares it
        # The data sets are there to be fetched; robots.txt speaks of pages.
        "ROBOTSTXT_OBEY": False,
        "AUTOTHROTTLE_ENABLED": False,
        # They are kept as they come, in files of their own, which also tell where to go on.
        "HTTPCACHE_ENABLED": False,
        "COMPRESSION_ENABLED": False,
        "JOBDIR": None,
    }
    piece_bytes = 4 * 2**20
    """What is held in memory at a time, and must arrive before the timeout."""

    def __init__(self, selection: Selection, crawl_settings: CrawlSettings, **named: Any) -> None:
        super().__init__(selection, crawl_settings, **named)
        self._folder = crawl_settings.home / "crawl" / self.name
        self._awaited = set(TABLES)

    def first_requests(self) -> Iterator[Request]:
        """Gives the next piece of each data set."""
        self._folder.mkdir(parents=True, exist_ok=True)
        yield from map(self._next_piece, TABLES)

    def _next_piece(self, table: str) -> Request:
        file, part = self._files(table)
        start = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={start}-{start + self.piece_bytes - 1}"}
        if not start and file.exists() and (etag := _read_etag(file)):
            headers["If-None-Match"] = etag
        return Request(
            f"{self.address}/{file.name}", headers=headers, dont_filter=True,
            callback=self.keep, errback=self.give_up, cb_kwargs={"table": table},
        )  # fmt: skip

    async def keep(self, response: Response, table: str) -> AsyncIterator[Request | SourceRecord]:
        """Keeps a piece and asks for the next; after the last piece of the last data set gives the films of all."""
        file, part = self._files(table)
        if response.status == 404:
            self.count(Reason.NOT_FOUND)
        elif response.status != 304:
            if _append(response, part):
                yield self._next_piece(table)
                return
            if not await asyncio.to_thread(_is_whole, part):
                part.unlink(missing_ok=True)
                request = self._next_piece(table)
                request.meta["retry_times"] = response.meta.get("retry_times", 0)
                if again := get_retry_request(request, spider=self, reason="damaged"):
                    yield again
                else:
                    self.stop(f"{file.name} arrives damaged")
                return
            _etag_file(part).replace(_etag_file(file))
            part.replace(file)
        self._awaited.discard(table)
        if not self._awaited:
            for record in islice(self._films(), self.selection.limit):
                yield record

    def give_up(self, failure: Failure) -> None:
        """Ends the crawl: without one of the data sets its films would be told by half."""
        self.stop(f"the data sets could not be fetched ({failure.getErrorMessage()})")

    def _films(self) -> Iterator[SourceRecord]:
        """Gives the films of the data sets, those that were named or all, until the person stops the crawl."""
        wanted = frozenset(self.selection.ids)
        for told in read_tables([file for file, _ in map(self._files, TABLES) if file.exists()]):
            if not self.crawler.crawling:
                return
            if isinstance(told, NotAWork):
                self.count(told.reason)
            elif not wanted or told.source_id in wanted:
                yield told

    def _files(self, table: str) -> tuple[Path, Path]:
        """Gives the file of a data set, and of what has arrived of its next edition."""
        file = self._folder / f"{table}.tsv.gz"
        return file, file.with_name(f"{file.name}.part")


def _append(response: Response, part: Path) -> bool:
    """Keeps a piece that continues what is there, and says whether there is more to ask for.

    After one that does not, of another edition, and when nothing is left to ask for, what is there must be checked.
    """
    size = part.stat().st_size if part.exists() else 0
    etag = (response.headers.get("ETag") or b"").decode("latin-1")
    found = re.match(rb"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range") or b"")
    start, total = map(int, found.groups()) if found else (0, len(response.body))
    if response.status == 416 or (start and (start != size or etag != _read_etag(part))):
        return False
    if not start:
        _etag_file(part).write_text(etag, encoding="latin-1")
    with part.open("ab" if start else "wb") as out:
        out.write(response.body)
    return start + len(response.body) < total


def _etag_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.etag")


def _read_etag(path: Path) -> str:
    return _etag_file(path).read_text(encoding="latin-1") if _etag_file(path).exists() else ""


def _is_whole(path: Path) -> bool:
    """Says whether a packed file can be unpacked to its end and agrees with its checksum."""
    try:
        with gzip.open(path) as file:
            while file.read(2**20):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return path.stat().st_size > 0
