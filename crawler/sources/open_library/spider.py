"""Ask Open Library for works one by one: the work, its authors, a page of its editions.

The fields of a record are spread over these answers, so the spider gathers them before it makes the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scrapy.http import Request, Response

from crawler.answers import RETRYABLE, Answer, NotAWork, ParseResult
from crawler.errors import SelectionRefused
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.open_library import OPEN_LIBRARY
from crawler.sources.open_library.answers import parse_answer, read_document, why_not_a_work
from crawler.sources.open_library.documents import (
    Document,
    author_keys,
    isbn_ids,
    key_of,
    last_part,
    merge_documents,
    type_of,
    work_key_of,
)
from crawler.sources.spider import WorkSpider, response_to_answer


@dataclass(frozen=True, slots=True)
class Gathered:
    """The documents gathered so far for one work, and the paths requested for it; no path is requested twice."""

    work: Document | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    editions: tuple[Document, ...] = ()
    location: str = ""
    asked: frozenset[str] = frozenset()

    def add(self, document: Document) -> Gathered:
        """Return these documents and one more."""
        match type_of(document):
            case "work":
                return replace(self, work=document)
            case "edition":
                return replace(self, editions=(*self.editions, document))
            case "author" if isinstance(document.get("name"), str):
                return replace(self, names={**self.names, key_of(document): document["name"]})
            case "redirect" if (key := last_part(document.get("location"))).endswith("W"):
                return replace(self, location=key)
            case "" if isinstance(entries := document.get("entries"), list):
                return replace(self, editions=tuple(entry for entry in entries if isinstance(entry, dict)))
        return self

    def next_path(self) -> str | None:
        """Return the next path to ask for; None when there is nothing left to ask."""
        return next((path for path in self._wanted() if path not in self.asked), None)

    def to_record(self, last: Document | NotAWork) -> ParseResult:
        """Return the record; without a work or an edition, the reason why the last answer is not a work."""
        if self.work or self.editions:
            return merge_documents(self.work, self.names.get, self.editions)
        return last if isinstance(last, NotAWork) else why_not_a_work(last)

    def _wanted(self) -> Iterator[str]:
        if self.work is None and (key := self.location or work_key_of(next(iter(self.editions), {}))):
            yield f"/works/{key}.json"
        for key in author_keys(self.work or next(iter(self.editions), {})):
            if key not in self.names:
                yield f"/authors/{key}.json"
        if self.work and not self.editions:
            yield f"/works/{key_of(self.work)}/editions.json?limit=50"


class OpenLibrarySpider(WorkSpider):
    """A spider that asks for works one by one: the work, its authors, a page of its editions."""

    source = OPEN_LIBRARY

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Also refuse ids that are not works, editions or ISBNs.

        Raises:
            SelectionRefused: the selection cannot be served, or the contact is missing.
        """
        if selection.query:
            raise SelectionRefused(
                f"{cls.name}: its robots.txt allows no searches; name works with --ids, or download its dumps from"
                f" {OPEN_LIBRARY.address}/developers/dumps and read them with --saved"
            )
        super().check(selection, crawl_settings)
        for wanted in selection.ids:
            path_of(wanted)

    def first_requests(self) -> Iterator[Request]:
        """Yield a request for each id."""
        for wanted in self.selection.ids:
            yield self._ask(path_of(wanted), Gathered())

    def read(self, answer: Answer) -> Iterator[ParseResult]:
        """Yield the records of a single answer, and why other parts are not works."""
        return parse_answer(answer)

    def parse(self, response: Response, gathered: Gathered | None = None, **_: Any) -> Iterator[SourceRecord | Request]:
        """Gather an answer; yield the next request or, when nothing is left to ask, the record."""
        gathered = gathered or Gathered()
        document = read_document(response_to_answer(response))
        if not isinstance(document, NotAWork):
            gathered = gathered.add(document)
        elif document.reason in RETRYABLE and (retry := self._retry_request(response, document.reason)):
            yield retry
            return
        if path := gathered.next_path():
            yield self._ask(path, gathered)
            return
        result = gathered.to_record(document)
        if isinstance(result, SourceRecord):
            yield result
        else:
            self.count(result.reason)

    def _ask(self, path: str, gathered: Gathered) -> Request:
        asked = replace(gathered, asked=gathered.asked | {path})
        # Several works may have the same author: Scrapy must not drop the second request, which the cache answers.
        return Request(f"{self.address}{path}", self.parse, cb_kwargs={"gathered": asked}, dont_filter=True)


def path_of(wanted: str) -> str:
    """Return the path of a work, an edition or an ISBN.

    Raises:
        SelectionRefused: it is none of them.
    """
    if key := last_part(wanted.strip().upper().removesuffix(".JSON")):
        if not key.endswith("A"):
            return f"/{'works' if key.endswith('W') else 'books'}/{key}.json"
    elif isbns := isbn_ids([wanted]):
        return f"/isbn/{next(iter(isbns.values()))}.json"
    raise SelectionRefused(
        f"{wanted!r} is not an id of {OPEN_LIBRARY.name}: use a work (OL45804W), an edition (OL7353617M) or an ISBN"
    )
