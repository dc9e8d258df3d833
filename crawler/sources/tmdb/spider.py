"""Ask TMDb for films: by id, by search, by release date, or the most popular."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from scrapy.http import Request, Response

from crawler.answers import Answer, ParseResult
from crawler.errors import SelectionRefused
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import Part, read_object
from crawler.sources.spider import WorkSpider
from crawler.sources.tmdb import TMDB
from crawler.sources.tmdb.answers import parse_answer

MOST_PAGES = 500
"""TMDb refuses later pages, even if its count of pages is higher."""
LAST_DATE = date(2199, 12, 31)
"""Later than any release that has been announced."""
_PARTS = "keywords,credits,reviews,external_ids,release_dates"
_SINCE, _UNTIL = "primary_release_date.gte", "primary_release_date.lte"

logger = logging.getLogger(__name__)


class _Row(Part):
    id: int | None = None


class _Listing(Part):
    """A page of a search or of a discovery."""

    results: tuple[_Row, ...] = ()
    total_pages: int = 0


def halve_dates(first: date, last: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """Return the two halves of a span of days, both ends included; `last` must be later than `first`."""
    middle = first + (last - first) // 2
    return (first, middle), (middle + timedelta(days=1), last)


class TmdbSpider(WorkSpider):
    """A spider of films: by id, by search, or by release date.

    Without a selection it asks for the most popular films, of which TMDb lists 10,000.
    """

    source = TMDB
    custom_settings = {"AUTOTHROTTLE_TARGET_CONCURRENCY": 4.0}  # noqa: RUF012 - as Scrapy declares it

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Also refuse a search with a date, which TMDb cannot combine.

        Raises:
            SelectionRefused: the selection cannot be served, or the key is missing.
        """
        super().check(selection, crawl_settings)
        if selection.query and selection.from_date:
            raise SelectionRefused("tmdb is asked by --query or by --from-date, not by both")

    def first_requests(self) -> Iterator[Request]:
        """Yield requests for the named films and the first page of a list."""
        yield from map(self._details, self.selection.ids)
        if self.selection.query:
            yield self._page("search/movie", {"query": self.selection.query})
        elif since := self.selection.from_date:
            yield self._span(since, max(since, LAST_DATE))
        elif not self.selection.ids:
            yield self._page("discover/movie", {"sort_by": "popularity.desc"})

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the film of an answer, or why there is none."""
        return parse_answer(answer)

    def follow(self, response: Response, results: Sequence[ParseResult]) -> Iterator[Request]:  # noqa: ARG002
        """Yield requests for the films on a page of a list and, after the first page, for the other pages.

        A list by date of more than 500 pages is split into two shorter spans of dates instead.
        """
        if "parameters" not in response.meta:
            return
        document = read_object(Answer(response.body))
        listing = _Listing.model_validate(document) if isinstance(document, dict) else _Listing()
        yield from (self._details(str(row.id)) for row in listing.results if row.id)
        parameters = response.meta["parameters"]
        if response.meta["page"] > 1:
            return
        if listing.total_pages > MOST_PAGES and _SINCE in parameters:
            first, last = date.fromisoformat(parameters[_SINCE]), date.fromisoformat(parameters[_UNTIL])
            if first < last:
                yield from (self._span(*half) for half in halve_dates(first, last))
                return
            logger.warning("%s has more than %s pages of films: later pages are left out", first, MOST_PAGES)
        for page in range(2, min(listing.total_pages, MOST_PAGES) + 1):
            yield self._page(response.meta["path"], parameters, page)

    def _details(self, tmdb_id: str) -> Request:
        return self._request(f"movie/{quote(tmdb_id, safe='')}", {"append_to_response": _PARTS})

    def _span(self, first: date, last: date) -> Request:
        dates = {_SINCE: first.isoformat(), _UNTIL: last.isoformat()}
        return self._page("discover/movie", {"sort_by": "primary_release_date.asc", **dates})

    def _page(self, path: str, parameters: dict[str, str], page: int = 1) -> Request:
        request = self._request(path, {**parameters, "page": str(page)})
        # Later pages come after the films of earlier pages: with a limit, they may not be needed.
        return request.replace(priority=-page, meta={"path": path, "parameters": parameters, "page": page})

    def _request(self, path: str, parameters: dict[str, str]) -> Request:
        headers = {}
        if token := self.crawl_settings.tmdb_token:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        elif key := self.crawl_settings.tmdb_api_key:
            parameters = {**parameters, "api_key": key.get_secret_value()}
        return Request(f"{self.address}/{path}?{urlencode(parameters)}", headers=headers)
