"""Fetch IMDb's data sets piece by piece, and yield the films in them."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import Request, Response
from twisted.python.failure import Failure

from crawler.answers import NotAWork, Reason
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.imdb import IMDB
from crawler.sources.imdb.tables import TABLES, read_tables
from crawler.sources.spider import WorkSpider


class ImdbSpider(WorkSpider):
    """A spider that fetches the data sets piece by piece, keeps them on disk, and then yields their films.

    A run that was killed within a data set continues there. A data set that has not changed since the last run is not
    fetched again.
    """

    source = IMDB
    handle_httpstatus_list = [304, 404, 416]  # noqa: RUF012 - as Scrapy declares it
    custom_settings = {  # noqa: RUF012 - as Scrapy declares it
        "AUTOTHROTTLE_ENABLED": False,
        # The data sets are kept as they come, in files of their own, whose sizes say where to continue.
        "COMPRESSION_ENABLED": False,
        "JOBDIR": None,
    }
    piece_bytes = 4 * 2**20
    """Bytes of one request: they are held in memory, and must arrive before the timeout."""

    def __init__(self, selection: Selection, crawl_settings: CrawlSettings, **named: Any) -> None:
        super().__init__(selection, crawl_settings, **named)
        self._folder = crawl_settings.home / "crawl" / self.name
        self._awaited = set(TABLES)

    def first_requests(self) -> Iterator[Request]:
        """Yield a request for the next piece of each data set."""
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
        """Keep a piece and request the next; after the last piece of the last data set yield the films of all."""
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
                    self.stop(f"{file.name} is damaged each time it is fetched: try again later")
                return
            _etag_file(part).replace(_etag_file(file))
            part.replace(file)
        self._awaited.discard(table)
        if not self._awaited:
            for record in islice(self._films(), self.selection.limit):
                yield record

    def give_up(self, failure: Failure) -> None:
        """End the crawl, since without one of the data sets every film would lack facts."""
        self.stop(f"the data sets could not be fetched ({failure.getErrorMessage()})")

    def _films(self) -> Iterator[SourceRecord]:
        """Yield the selected films of the data sets (all without a selection) until the person stops the crawl."""
        wanted = frozenset(self.selection.ids)
        for result in read_tables([file for file, _ in map(self._files, TABLES) if file.exists()]):
            if not self.crawler.crawling:
                return
            if isinstance(result, NotAWork):
                self.count(result.reason)
            elif not wanted or result.source_id in wanted:
                yield result

    def _files(self, table: str) -> tuple[Path, Path]:
        """Return the file of a data set, and the file that its next edition is fetched into."""
        file = self._folder / f"{table}.tsv.gz"
        return file, file.with_name(f"{file.name}.part")


def _append(response: Response, part: Path) -> bool:
    """Append a piece to the file and return whether more pieces follow.

    A piece of another edition is not appended, and the result is False. After False the caller must check the file.
    """
    size = part.stat().st_size if part.exists() else 0
    etag = (response.headers.get("ETag") or b"").decode("latin-1")
    content_range = re.match(rb"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range") or b"")
    start, total = map(int, content_range.groups()) if content_range else (0, len(response.body))
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
    """Return whether a gzip file can be unpacked to its end and agrees with its checksum."""
    try:
        with gzip.open(path) as file:
            while file.read(2**20):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return path.stat().st_size > 0
