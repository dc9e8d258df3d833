"""Answers kept between runs, in one SQLite file a source, so that a killed crawl does not fetch them again."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from pathlib import Path

from scrapy import Spider
from scrapy.http import Headers, Request, Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import BaseSettings

from crawler.answers import API_ERROR_HEADER

_SCHEMA = """CREATE TABLE IF NOT EXISTS answer (
    fingerprint BLOB PRIMARY KEY, stored_at REAL NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
    body BLOB NOT NULL
)"""


class AnswerCache:
    """A storage backend for Scrapy's HTTP cache: at any moment of a kill, an answer is stored whole or not at all.

    Scrapy's own storage writes an answer's files one after the other, so that a kill between two of them leaves half of
    a page, which later runs would read as whole. An answer's address is not stored, since it may hold a key.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._folder = Path(settings["HTTPCACHE_DIR"])
        self._expiration_seconds = settings.getint("HTTPCACHE_EXPIRATION_SECS")

    def open_spider(self, spider: Spider) -> None:
        """Open the file and delete expired answers: sources' terms limit how long they may be kept."""
        self._fingerprint = spider.crawler.request_fingerprinter.fingerprint
        self._folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self._folder / f"{spider.name}.sqlite3", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_SCHEMA)
        if self._expiration_seconds:
            self._connection.execute("DELETE FROM answer WHERE stored_at < ?", (self._oldest(),))

    def close_spider(self, spider: Spider) -> None:  # noqa: ARG002
        """Close the file."""
        self._connection.close()

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:  # noqa: ARG002
        """Return the stored answer to a request; None if it is missing or expired."""
        row = self._connection.execute(
            "SELECT status, headers, body FROM answer WHERE fingerprint = ? AND stored_at >= ?",
            (self._fingerprint(request), self._oldest()),
        ).fetchone()
        if row is None:
            return None
        status, headers, body = row[0], Headers(json.loads(row[1])), zlib.decompress(row[2])
        kind = responsetypes.from_args(headers=headers, url=request.url, body=body)
        return kind(url=request.url, status=status, headers=headers, body=body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:  # noqa: ARG002
        """Store an answer, unless its header says that it is an error: a later one may not be."""
        if API_ERROR_HEADER in response.headers:
            return
        headers = {
            name.decode("latin-1"): [value.decode("latin-1") for value in values]
            for name, values in response.headers.items()
        }
        self._connection.execute(
            "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)",
            (
                self._fingerprint(request), time.time(), response.status, json.dumps(headers),
                zlib.compress(response.body, 1),
            ),
        )  # fmt: skip

    def _oldest(self) -> float:
        return time.time() - self._expiration_seconds if self._expiration_seconds else 0.0
