"""Ask Wikipedia for pages one by one, and Wikidata for the pages of items, fifty at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlencode

from scrapy.http import Request, Response

from crawler.answers import Answer, NotAWork, ParseResult
from crawler.errors import SelectionRefused
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import read_object
from crawler.sources.spider import WorkSpider
from crawler.sources.wikidata import WIKIDATA
from crawler.sources.wikidata.answers import ITEM
from crawler.sources.wikipedia import WIKIPEDIA
from crawler.sources.wikipedia.answers import SITE, parse_answer, sitelinks

MOST_ITEMS = 50
"""The most items, or pages, that MediaWiki answers at once to one who has no account."""
MAX_LAG_SECONDS = 5
"""Wikimedia asks to wait while its copies of the database lag by more than this."""

_ADDRESS = re.compile(r"https?://en\.(?:m\.)?wikipedia\.org/wiki/([^?#]+).*")
_NOT_IN_TITLES = re.compile(r"[#<>\[\]{}|\x00-\x1f\x7f]")


class WikipediaSpider(WorkSpider):
    """A spider of pages, by their titles or by Wikidata's items.

    MediaWiki gives the whole text of one page only in an answer, so several pages in a request would save none.
    """

    source = WIKIPEDIA

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Also refuse an empty selection and what is no title.

        Raises:
            SelectionRefused: the selection cannot be served, or the contact is missing.
        """
        super().check(selection, crawl_settings)
        if not selection.ids:
            raise SelectionRefused(f"{cls.name} is asked for pages: name them with --ids or --ids-file")
        for wanted in selection.ids:
            title_of(wanted)

    def first_requests(self) -> Iterator[Request]:
        """Yield a request for each page, and one for the pages of fifty items."""
        wanted = list(dict.fromkeys(map(title_of, self.selection.ids)))
        yield from (self._page(title) for title in wanted if not ITEM.fullmatch(title))
        items = [each for each in wanted if ITEM.fullmatch(each)]
        for start in range(0, len(items), MOST_ITEMS):
            yield self._items(items[start : start + MOST_ITEMS])

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the records of an answer, and why other pages are not works."""
        return parse_answer(answer)

    def follow(self, response: Response, results: Sequence[ParseResult]) -> Iterator[Request]:  # noqa: ARG002
        """Yield requests for the pages of items."""
        document = read_object(Answer(response.body)) if response.meta.get("has_items") else {}
        if not isinstance(document, NotAWork):
            yield from (self._page(title) for _, title in sitelinks(document) if title)

    def _page(self, title: str) -> Request:
        parameters = {
            "action": "query", "prop": "extracts|categories|pageprops|info", "titles": title, "redirects": "1",
            "explaintext": "1", "cllimit": "max", "clshow": "!hidden", "ppprop": "disambiguation|wikibase_item",
        }  # fmt: skip
        return self._request(self.address, parameters)

    def _items(self, items: Sequence[str]) -> Request:
        address = self.crawl_settings.source_urls.get(WIKIDATA.name, WIKIDATA.address).rstrip("/")
        parameters = {"action": "wbgetentities", "ids": "|".join(items), "props": "sitelinks", "sitefilter": SITE}
        return self._request(address, parameters).replace(meta={"has_items": True})

    def _request(self, address: str, parameters: dict[str, str]) -> Request:
        constant = {"format": "json", "formatversion": "2", "maxlag": str(MAX_LAG_SECONDS)}
        return Request(f"{address}/w/api.php?{urlencode(parameters | constant)}")


def title_of(wanted: str) -> str:
    """Return the title of a page, given it or its address; an item of Wikidata as it is.

    Raises:
        SelectionRefused: no page can have this title.
    """
    address = _ADDRESS.fullmatch(wanted.strip())
    title = (unquote(address[1]) if address else wanted).replace("_", " ").strip()
    if not title or _NOT_IN_TITLES.search(title) or len(title.encode()) > 255:
        raise SelectionRefused(
            f"{wanted[:100]!r} is not a page of {WIKIPEDIA.name}: use its title or address, or an item such as Q184843"
        )
    return title
