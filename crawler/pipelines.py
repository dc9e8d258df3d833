"""Append records to a JSON Lines file, each record once and each line whole."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.catalogue import record_to_line
from crawler.output import written_ids
from crawler.progress import show_progress
from crawler.records import SourceRecord
from crawler.sources.spider import WorkSpider

RECORDS_BEFORE = "evoke/records before"
"""The key in Scrapy's stats for the number of records in the file when the crawl began."""


class RecordWriter:
    """An item pipeline that appends records to the file of the crawl, up to the selection's limit."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._path = Path(crawler.settings["EVOKE_OUTPUT"])
        self._closing = ExitStack()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RecordWriter:
        """Read the file's name from Scrapy's settings."""
        return cls(crawler)

    def open_spider(self) -> None:
        """Open the file and read which records an earlier run wrote; `check_output` has cut off an unfinished line."""
        self._written = set(written_ids(self._path))
        if self._crawler.stats is not None:
            self._crawler.stats.set_value(RECORDS_BEFORE, len(self._written))
        self._file: BinaryIO = self._path.open("ab", buffering=0)
        self._progress = self._closing.enter_context(show_progress("records", "crawling"))
        self._stop_when_enough()

    def close_spider(self) -> None:
        """Flush the file to the disk and close it."""
        self._closing.close()
        os.fsync(self._file.fileno())
        self._file.close()

    def process_item(self, item: SourceRecord) -> SourceRecord:
        """Write a record.

        Raises:
            DropItem: the record is in the file already, or the limit is reached.
        """
        key = (item.source, item.source_id)
        if key in self._written or self._has_enough():
            raise DropItem("already in the file" if key in self._written else "the limit is reached")
        record = item if item.fetched_at else item.model_copy(update={"fetched_at": _now()})
        # Unbuffered: one system call a line, so that a kill leaves whole lines.
        self._file.write(record_to_line(record))
        self._written.add(key)
        self._progress.update(1)
        self._stop_when_enough()
        return item

    def _has_enough(self) -> bool:
        spider = self._crawler.spider
        limit = spider.selection.limit if isinstance(spider, WorkSpider) else None
        return limit is not None and len(self._written) >= limit

    def _stop_when_enough(self) -> None:
        spider = self._crawler.spider
        if isinstance(spider, WorkSpider) and self._has_enough():
            spider.finish_early()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
