"""Stop a crawl when a source refuses the key, and wait when it asks for fewer requests."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import NoReturn, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from crawler.answers import API_ERROR_HEADER
from crawler.sources.spider import WorkSpider

_BUSY_STATUSES = (429, 503)
_BUSY_CODES = (b"maxlag", b"ratelimited")
FIRST_WAIT_SECONDS = 2.0
"""The first wait if the source sends no `Retry-After`; each further wait is twice as long."""

logger = logging.getLogger(__name__)


class RefusalMiddleware:
    """A downloader middleware that stops the crawl at 401 and 403, and waits at 429, 503 and MediaWiki's "maxlag".

    It waits as long as `Retry-After` says, at most `longest` seconds at a time and `budget` seconds in all.
    """

    def __init__(self, crawler: Crawler, *, longest: float, budget: float) -> None:
        self._crawler = crawler
        self._longest, self._budget = longest, budget
        self._waited = 0.0
        self._next_wait = FIRST_WAIT_SECONDS
        self._not_before = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the longest wait and the budget from Scrapy's settings."""
        settings = crawler.settings
        return cls(crawler, longest=settings.getfloat("EVOKE_LONGEST_WAIT"), budget=settings.getfloat("EVOKE_BUDGET"))

    async def process_request(self, request: Request) -> None:
        """Delay the request until the wait is over.

        Raises:
            IgnoreRequest: the crawl is stopped. Closing a spider takes Scrapy a while, in which it would go on asking.
        """
        while (left := self._not_before - monotonic()) > 0:
            await asyncio.sleep(left)
        spider = self._crawler.spider
        if isinstance(spider, WorkSpider) and spider.stopped_because is not None:
            raise IgnoreRequest(f"{_host(request)} is not asked any more: {spider.stopped_because}")

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the answer, or the request again after a wait.

        Raises:
            IgnoreRequest: the source refuses, or the budget is spent; the crawl is stopped.
        """
        if request.url.endswith("/robots.txt"):
            return response
        if response.status in (401, 403):
            spider = self._crawler.spider
            hint = spider.source.refusal_hint if isinstance(spider, WorkSpider) else ""
            self._stop(f"{_host(request)} answered {response.status}: {hint or _message(response)}")
        if not is_busy(response):
            self._next_wait = FIRST_WAIT_SECONDS
            return response
        wanted = seconds_to_wait(response.headers.get("Retry-After"), datetime.now(UTC))
        wait = min(self._next_wait if wanted is None else wanted, self._longest)
        self._next_wait = min(2 * self._next_wait, self._longest)
        if self._waited + wait > self._budget:
            asks = f" and asks to wait {wanted:.0f} s" if wanted else ""
            self._stop(
                f"{_host(request)} answered {_answered(response)}{asks}; "
                f"the crawl has already waited {self._waited:.0f} s"
            )
        if monotonic() >= self._not_before:  # requests in flight at the same time share one wait
            self._waited += wait
        self._not_before = max(self._not_before, monotonic() + wait)
        logger.warning("%s answered %s: waiting %.0f s", _host(request), _answered(response), wait)
        return request.replace(dont_filter=True)

    def _stop(self, why: str) -> NoReturn:
        spider = self._crawler.spider
        if isinstance(spider, WorkSpider):
            spider.stop(why)
        raise IgnoreRequest(why)


def is_busy(response: Response) -> bool:
    """Return whether a source asks for fewer requests: by its status, or by the error code of MediaWiki's API."""
    return response.status in _BUSY_STATUSES or response.headers.get(API_ERROR_HEADER) in _BUSY_CODES


def seconds_to_wait(retry_after: bytes | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3); None if it is missing or wrong."""
    text = (retry_after or b"").decode("latin-1").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _answered(response: Response) -> str:
    code = response.headers.get(API_ERROR_HEADER) or b""
    return code.decode("latin-1") or str(response.status)


def _host(request: Request) -> str:
    return request.url.split("/")[2]


def _message(response: Response) -> str:
    return " ".join(response.body[:200].decode("utf-8", "replace").split()) or "no reason given"
