"""What all spiders share: a selection, how an answer is read, what is counted, what is asked again."""

# The hooks below take what a source may need; most need less.
# ruff: noqa: ARG002, ARG003

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import scrapy
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Request, Response, TextResponse
from scrapy.utils.defer import deferred_from_coro

from crawler.answers import RETRYABLE, Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings

logger = logging.getLogger(__name__)

BLOCKED_RETRIES = 1
"""A challenge is seldom lifted within seconds."""
MOST_BLOCKED = 3
"""So many pages in a row that stay blocked when asked again, and the crawl ends: more would only be blocked longer."""


class WorkSpider(scrapy.Spider):
    """Asks a source for a selection of works and yields SourceRecords.

    A source's spider sets `name` and `base_url`, says in `first_requests` what to ask first, and in `read` (pure: the
    module's `parse_answer`) what an answer tells. `follow` may give further requests, for pages and lists.
    """

    base_url: ClassVar[str]
    selections: ClassVar[frozenset[str]] = frozenset()
    """Which fields of a Selection the source can serve: "query", "ids", "from_date"."""
    key_hint: ClassVar[str] = ""
    """What to say when the source refuses with 401 or 403: which setting to look at."""
    handle_httpstatus_list: ClassVar[list[int]] = [202, 404]

    def __init__(self, selection: Selection, crawl_settings: CrawlSettings, **named: Any) -> None:
        super().__init__(**named)
        self.selection = selection
        self.crawl_settings = crawl_settings
        self.stopped_because: str | None = None
        self._n_blocked = 0
        self.address = crawl_settings.source_urls.get(self.name, self.base_url).rstrip("/")

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses what the source cannot serve, before anything is asked.

        Raises:
            SelectionRefused: the source has no such selection, or a setting it needs is missing.
        """
        for name in ("query", "ids", "from_date"):
            if getattr(selection, name) and name not in cls.selections:
                offered = " or ".join(f"--{each.replace('_', '-')}" for each in sorted(cls.selections))
                raise SelectionRefused(f"{cls.name} cannot be asked by --{name.replace('_', '-')}: use {offered}")

    def first_requests(self) -> Iterator[Request]:
        """Gives what to ask first."""
        raise NotImplementedError

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives the records of an answer, and why others are none."""
        raise NotImplementedError

    def follow(self, response: Response, told: list[Told]) -> Iterator[Request]:
        """Gives what to ask next, after an answer."""
        yield from ()

    async def start(self) -> AsyncIterator[Request]:
        """Gives what to ask first, as Scrapy wants it."""
        for request in self.first_requests():
            yield request

    def parse(self, response: Response, **_: Any) -> Iterator[SourceRecord | Request]:
        """Reads an answer: records go on, the rest is counted, what may tell more is asked again."""
        told = self._read(response)
        refusal = next((each for each in told if isinstance(each, NotAWork) and each.reason in RETRYABLE), None)
        if refusal and (again := self._again(response, refusal.reason)):
            yield again
            return
        self._n_blocked = self._n_blocked + 1 if refusal and refusal.reason is Reason.BLOCKED else 0
        if self._n_blocked >= MOST_BLOCKED:
            self.stop(f"{self.name} answers with {Reason.BLOCKED}: try again later, and more slowly")
        for each in told:
            if isinstance(each, SourceRecord):
                yield each
            elif each.reason is not Reason.LIST:  # a list is a step on the way, and nothing that is missing
                self.count(each.reason)
        yield from self.follow(response, told)

    def _read(self, response: Response) -> list[Told]:
        try:
            return list(self.read(response_to_answer(response)))
        except Exception as error:  # one answer must not end a crawl of thousands
            where = response.url.partition("?")[0]  # what follows may hold a key
            logger.exception("%s could not be read", where)
            return [NotAWork(Reason.BROKEN, f"{where}: {error}")]

    def stop(self, why: str) -> None:
        """Ends the crawl because the source will not go on; `why` is told to the person."""
        if self.stopped_because is None:
            self.stopped_because = why
            self._close("refused")

    def finish_early(self) -> None:
        """Ends the crawl because enough was written."""
        self._close("enough")

    def _close(self, reason: str) -> None:
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            deferred_from_coro(engine.close_spider_async(reason=reason))

    def count(self, reason: Reason) -> None:
        """Counts an answer that tells of no work."""
        stats = self.crawler.stats
        if stats is not None:
            stats.inc_value(f"evoke/no work/{reason}")

    def _again(self, response: Response, reason: Reason) -> Request | None:
        request = response.request
        if request is None:
            return None
        request = request.replace(meta={**request.meta, "dont_cache": True})
        most = BLOCKED_RETRIES if reason is Reason.BLOCKED else None
        return get_retry_request(request, spider=self, reason=str(reason), max_retry_times=most)


def response_to_answer(response: Response) -> Answer:
    """Gives what arrived, free of Scrapy."""
    headers = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
    }
    body = response.text.encode() if isinstance(response, TextResponse) and not _is_json(headers) else response.body
    return Answer(body=body, url=response.url, status=response.status, headers=headers)


def _is_json(headers: dict[str, str]) -> bool:
    return "json" in headers.get("content-type", "")
