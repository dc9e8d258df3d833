"""Records to a JSON Lines file: each once, each line whole, continued where an earlier run ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.jsonl import read_catalogue, record_to_line
from crawler.records import SourceRecord
from crawler.spiders.base import WorkSpider


class RecordWriter:
    """Appends the records of a crawl to its file, at most as many as were asked for."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._path = Path(crawler.settings["EVOKE_OUTPUT"])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RecordWriter:
        """Reads the file's name from Scrapy's settings."""
        return cls(crawler)

    def open_spider(self) -> None:
        """Opens the file and reads what an earlier run wrote."""
        cut_unfinished_line(self._path)
        self._written = set(written_ids(self._path))
        self._file: BinaryIO = self._path.open("ab", buffering=0)
        self._stop_when_enough()

    def close_spider(self) -> None:
        """Makes sure that the file is on the disk."""
        os.fsync(self._file.fileno())
        self._file.close()

    def process_item(self, item: SourceRecord) -> SourceRecord:
        """Writes a record, unless it is there already or enough are."""
        key = (item.source, item.source_id)
        if key in self._written or self._has_enough():
            raise DropItem("it is there already" if key in self._written else "enough are there")
        record = item if item.fetched_at else item.model_copy(update={"fetched_at": _now()})
        # Unbuffered: one call a line, so that a kill leaves whole lines.
        self._file.write(record_to_line(record))
        self._written.add(key)
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


def cut_unfinished_line(path: Path) -> None:
    """Cuts what a killed run may have left after the last whole line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        position = size
        while position:
            start = max(0, position - 2**20)
            file.seek(start)
            found = file.read(position - start).rfind(b"\n")
            if found >= 0:
                file.truncate(start + found + 1)
                return
            position = start
        file.truncate(0)


def written_ids(path: Path) -> Iterator[tuple[str, str]]:
    """Gives source and source id of every record in a file."""
    if path.exists():
        for told in read_catalogue(path):
            if isinstance(told, tuple):
                yield told[1].source, told[1].source_id


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
