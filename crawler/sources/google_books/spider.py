"""Ask Google Books for volumes: by id, and by search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from scrapy.http import Request, Response

from crawler.answers import Answer, NotAWork, ParseResult
from crawler.errors import SelectionRefused
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.google_books import GOOGLE_BOOKS
from crawler.sources.google_books.answers import parse_answer
from crawler.sources.spider import WorkSpider

PAGE_SIZE = 40
"""The most volumes that Google returns at once."""


class GoogleBooksSpider(WorkSpider):
    """A spider of volumes: by id, and by search, whose pages are read until one has nothing new."""

    source = GOOGLE_BOOKS
    handle_httpstatus_list: ClassVar[list[int]] = [*WorkSpider.handle_httpstatus_list, 400]

    def __init__(self, selection: Selection, crawl_settings: CrawlSettings, **named: Any) -> None:
        super().__init__(selection, crawl_settings, **named)
        self._seen: set[str] = set()

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Also refuse an empty selection.

        Raises:
            SelectionRefused: the selection cannot be served, or the key is missing.
        """
        super().check(selection, crawl_settings)
        if not selection.query and not selection.ids:
            raise SelectionRefused("google-books has no list of all its books: use --query or --ids")

    def first_requests(self) -> Iterator[Request]:
        """Yield requests for the named volumes and the first page of a search."""
        for volume_id in self.selection.ids:
            yield self._request(f"volumes/{quote(volume_id, safe='')}", {})
        if self.selection.query:
            yield self._page(0)

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the books of an answer, and why other parts are not books."""
        return parse_answer(answer)

    def follow(self, response: Response, results: Sequence[ParseResult]) -> Iterator[Request]:
        """Yield a request for the next page of a search if this page has new volumes; Google's total is unreliable."""
        if response.status == 400:  # the key is wrong, or sometimes its quota is spent
            details = "; ".join(result.detail for result in results if isinstance(result, NotAWork))
            self.stop(f"Google answered 400, {details}: {self.source.refusal_hint}")
        ids = {result.source_id for result in results if isinstance(result, SourceRecord)}
        if "start" in response.meta and ids - self._seen:
            self._seen |= ids
            yield self._page(response.meta["start"] + PAGE_SIZE)

    def _page(self, start: int) -> Request:
        parameters = {"q": self.selection.query or "", "printType": "books", "maxResults": str(PAGE_SIZE)}
        return self._request("volumes", {**parameters, "startIndex": str(start)}).replace(meta={"start": start})

    def _request(self, path: str, parameters: dict[str, str]) -> Request:
        # Without a country, Google refuses callers that it cannot place.
        parameters = {**parameters, "country": "US"}
        if key := self.crawl_settings.google_books_api_key:
            parameters["key"] = key.get_secret_value()
        return Request(f"{self.address}/{path}?{urlencode(parameters)}")
