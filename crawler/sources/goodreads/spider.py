"""Ask Goodreads for the pages of books: by id, or all books of a list or series."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from scrapy.http import Request, Response

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.goodreads import GOODREADS
from crawler.sources.goodreads.pages import book_links, next_page, parse_answer
from crawler.sources.spider import WorkSpider

_LISTING = re.compile(
    r"(?:(?:https?://)?(?:www\.)?goodreads\.com)?/?((?:list/show|series)/[0-9][^\s/?#]*(?:[?]page=[0-9]+)?)(?:[?&#]\S*)?",
    re.IGNORECASE,
)
_BOOK = re.compile(r"(?:\S*/book/show/)?([0-9]+)(?:[.?#-]\S*)?")


class GoodreadsSpider(WorkSpider):
    """A spider of book pages: by id, or all books of a list or series."""

    source = GOODREADS
    handle_httpstatus_list: ClassVar[list[int]] = [*WorkSpider.handle_httpstatus_list, 405]  # 405: a captcha
    custom_settings = {  # noqa: RUF012 - as Scrapy declares it
        # One request in flight in all, not one a domain: a blocked page must be retried before other pages are
        # requested, and requests that the downloader already holds would go before the retry.
        "CONCURRENT_REQUESTS": 1,
        "RETRY_PRIORITY_ADJUST": 1,
        "RETRY_TIMES": 2,
        # First in, first out: the books of a list's first page before its second page, and in the list's order.
        "SCHEDULER_DISK_QUEUE": "scrapy.squeues.PickleFifoDiskQueue",
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    }

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Also refuse an empty selection, ids that are not books, and queries that are not a list or series.

        Raises:
            SelectionRefused: the selection cannot be served; robots.txt forbids searching, so pages must be named.
        """
        super().check(selection, crawl_settings)
        if not (selection.query or selection.ids):
            raise SelectionRefused("goodreads cannot list all its books: use --ids, or --query with a list or series")
        if selection.query and not _LISTING.fullmatch(selection.query.strip()):
            raise SelectionRefused(
                f"goodreads cannot be searched for {selection.query!r}, its robots.txt forbids it: give --query the"
                " address of a list or series, such as list/show/1.Best_Books_Ever or series/40650, or books with --ids"
            )
        for book in selection.ids:
            if not _BOOK.fullmatch(book):
                raise SelectionRefused(
                    f"{book!r} is not a Goodreads book: give its number, such as 1885, or its address"
                )

    def first_requests(self) -> Iterator[Request]:
        """Yield requests for the pages of the books and the first page of the list or series."""
        for book in self.selection.ids:
            if match := _BOOK.fullmatch(book):
                yield self._ask_book(match[1])
        if self.selection.query and (match := _LISTING.fullmatch(self.selection.query.strip())):
            yield Request(f"{self.address}/{match[1]}")

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the book of a page, or why there is none."""
        return parse_answer(answer)

    def follow(self, response: Response, results: Sequence[ParseResult]) -> Iterator[Request]:
        """Yield requests for the books of a list or series and for its next page."""
        is_list = any(isinstance(result, NotAWork) and result.reason is Reason.LIST for result in results)
        if not is_list or not re.search("/(?:list/show|series)/", response.url):
            return  # a book's address that redirects to a search: nobody asked for its results
        for book_id in book_links(response.body):
            yield self._ask_book(book_id)
        if number := next_page(response.body):
            yield Request(response.urljoin(f"?page={number}"))

    def _ask_book(self, book_id: str) -> Request:
        return Request(f"{self.address}/book/show/{book_id}")
