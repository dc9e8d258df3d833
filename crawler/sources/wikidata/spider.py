"""Ask Wikidata for items one by one."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import Request

from crawler.answers import Answer, ParseResult
from crawler.errors import SelectionRefused
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.spider import WorkSpider
from crawler.sources.wikidata import WIKIDATA
from crawler.sources.wikidata.answers import ITEM, parse_answer


class WikidataSpider(WorkSpider):
    """A spider of items, at the only address that robots.txt allows; /w/ and the query service are forbidden.

    So an item cannot be found by an IMDb id. Records of TMDb and Open Library have the items of many works.
    """

    source = WIKIDATA

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Also refuse ids that are not items.

        Raises:
            SelectionRefused: the selection cannot be served, or the contact is missing.
        """
        super().check(selection, crawl_settings)
        for item in selection.ids:
            if not ITEM.fullmatch(item):
                raise SelectionRefused(f"{item!r} is not an item of {cls.name}: use ids such as Q184843")

    def first_requests(self) -> Iterator[Request]:
        """Yield a request for each item."""
        for item in self.selection.ids:
            yield Request(f"{self.address}/wiki/Special:EntityData/{item}.json")

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the records of an answer, and why other items are not works."""
        return parse_answer(answer)
