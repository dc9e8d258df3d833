"""The base of all spiders: settings from the source's declaration, parsing, counting and retrying."""

# Some sources need every argument of the hooks below; most ignore a few.
# ruff: noqa: ARG002

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, ClassVar

import scrapy
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Request, Response, TextResponse
from scrapy.settings import BaseSettings
from scrapy.utils.defer import deferred_from_coro

from crawler.answers import RETRYABLE, Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.source import Source

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400
BLOCKED_RETRIES = 1
"""One retry only, since a bot challenge is seldom lifted within seconds."""
MOST_BLOCKED = 3
"""The crawl ends after this many pages in a row that stay blocked after the retry: more requests would lengthen the
block."""


class WorkSpider(scrapy.Spider):
    """A spider that asks a source for a selection of works and yields SourceRecords.

    A source's spider sets `source`, yields its first requests from `first_requests`, and calls the source's pure
    `parse_answer` in `read`. `follow` may yield further requests, for pages and lists.
    """

    source: ClassVar[Source]
    handle_httpstatus_list: ClassVar[list[int]] = [202, 404]

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        cls.name = cls.source.name

    def __init__(self, selection: Selection, crawl_settings: CrawlSettings, **named: Any) -> None:
        super().__init__(**named)
        self.selection = selection
        self.crawl_settings = crawl_settings
        self.stopped_because: str | None = None
        self._n_blocked = 0
        self.address = crawl_settings.source_urls.get(self.name, self.source.address).rstrip("/")

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Apply the settings from the source's declaration, then the spider's own `custom_settings`."""
        settings.setdict(source_to_scrapy_settings(cls.source), priority="spider")
        super().update_settings(settings)

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuse a selection that the source cannot serve, before the first request.

        Raises:
            SelectionRefused: the source has no such selection, or a setting it needs is missing.
        """
        source = cls.source
        for name in ("query", "ids", "from_date"):
            if getattr(selection, name) and name not in source.selections:
                offered = " or ".join(f"--{each.replace('_', '-')}" for each in sorted(source.selections))
                raise SelectionRefused(f"{source.name} cannot be asked by --{name.replace('_', '-')}: use {offered}")
        if source.needs and not any(getattr(crawl_settings, name) for name in source.needs):
            raise SelectionRefused(f"{source.name} needs {' or '.join(source.variables)}: {source.needs_hint}")

    def first_requests(self) -> Iterator[Request]:
        """Yield the requests to begin with."""
        raise NotImplementedError

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the records of an answer, and why other parts are not works."""
        raise NotImplementedError

    def follow(self, response: Response, results: Sequence[ParseResult]) -> Iterator[Request]:
        """Yield the requests that follow from an answer."""
        yield from ()

    async def start(self) -> AsyncIterator[Request]:
        """Yield `first_requests` asynchronously, as Scrapy requires."""
        for request in self.first_requests():
            yield request

    def parse(self, response: Response, **_: Any) -> Iterator[SourceRecord | Request]:
        """Yield the records of an answer and the requests that follow; count other parts, and retry a broken answer."""
        results = self._read(response)
        failure = next((each for each in results if isinstance(each, NotAWork) and each.reason in RETRYABLE), None)
        if failure and (retry := self._retry_request(response, failure.reason)):
            yield retry
            return
        self._n_blocked = self._n_blocked + 1 if failure and failure.reason is Reason.BLOCKED else 0
        if self._n_blocked >= MOST_BLOCKED:
            self.stop(f"{self.name} answered {self._n_blocked} pages in a row with {Reason.BLOCKED}: try again later")
        for result in results:
            if isinstance(result, SourceRecord):
                yield result
            elif result.reason is not Reason.LIST:  # a list leads to works and is not one itself
                self.count(result.reason)
        yield from self.follow(response, results)

    def _read(self, response: Response) -> list[ParseResult]:
        try:
            return list(self.read(response_to_answer(response)))
        except Exception as error:  # one answer must not end a crawl of thousands
            address = response.url.partition("?")[0]  # what follows may hold a key
            logger.exception("%s could not be read", address)
            return [NotAWork(Reason.BROKEN, f"{address}: {error}")]

    def stop(self, why: str) -> None:
        """End the crawl because the source refuses; `why` becomes the error message."""
        if self.stopped_because is None:
            self.stopped_because = why
            self._close("refused")

    def finish_early(self) -> None:
        """End the crawl because enough records are written."""
        self._close("enough")

    def _close(self, reason: str) -> None:
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            deferred_from_coro(engine.close_spider_async(reason=reason))

    def count(self, reason: Reason) -> None:
        """Count an answer that is not a work."""
        stats = self.crawler.stats
        if stats is not None:
            stats.inc_value(f"evoke/no work/{reason}")

    def _retry_request(self, response: Response, reason: Reason) -> Request | None:
        request = response.request
        if request is None:
            return None
        request = request.replace(meta={**request.meta, "dont_cache": True})
        most = BLOCKED_RETRIES if reason is Reason.BLOCKED else None
        return get_retry_request(request, spider=self, reason=str(reason), max_retry_times=most)


def source_to_scrapy_settings(source: Source) -> dict[str, Any]:
    """Return the Scrapy settings that follow from a source's declaration."""
    return {
        "ROBOTSTXT_OBEY": not source.robots_exemption,
        "DOWNLOAD_DELAY": source.pace.delay_seconds,
        "RANDOMIZE_DOWNLOAD_DELAY": not source.pace.is_steady,
        # Both limits: by the domain's alone, 16 requests wait for their turn and go out even after a refusal.
        "CONCURRENT_REQUESTS": source.pace.n_concurrent,
        "CONCURRENT_REQUESTS_PER_DOMAIN": source.pace.n_concurrent,
        "HTTPCACHE_ENABLED": source.cache_days is not None,
        "HTTPCACHE_EXPIRATION_SECS": (source.cache_days or 0) * DAY_SECONDS,
    }


def response_to_answer(response: Response) -> Answer:
    """Return the response as an Answer, which does not depend on Scrapy; its text is in UTF-8."""
    headers = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
    }
    body = response.text.encode() if isinstance(response, TextResponse) and not _is_json(headers) else response.body
    return Answer(body=body, url=response.url, status=response.status, headers=headers)


def _is_json(headers: dict[str, str]) -> bool:
    return "json" in headers.get("content-type", "")
