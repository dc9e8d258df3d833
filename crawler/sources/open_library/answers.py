"""Open Library: answers to records, and the spider that asks for works by id.

What a record takes is spread over several answers, so the spider gathers them: a work, its authors, its editions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scrapy.http import Request, Response

from crawler.answers import RETRYABLE, Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import read_object
from crawler.sources.open_library.documents import (
    ADDRESS,
    SOURCE,
    Document,
    author_keys,
    book_to_record,
    edition_to_record,
    hit_to_record,
    isbn_ids,
    key_of,
    last_part,
    merge_answers,
    no_name,
    type_of,
    work_key_of,
)
from crawler.sources.spider import WorkSpider, response_to_answer


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives what an answer of the site, or a saved copy, tells: one work or, by search and `api/books`, several."""
    document = read_document(answer)
    if isinstance(document, NotAWork):
        yield document
    elif type_of(document) == "work":
        yield merge_answers(document, no_name, ())
    elif type_of(document) == "edition":
        yield edition_to_record(document)
    elif isinstance(document.get("docs"), list):
        if not document["docs"]:
            yield NotAWork(Reason.LIST, "a search without a hit")
        for hit in document["docs"]:
            yield hit_to_record(hit) if isinstance(hit, dict) else NotAWork(Reason.UNKNOWN, "a hit that is none")
    elif isinstance(document.get("entries") or document.get("works"), list):
        yield NotAWork(Reason.LIST)
    elif document and all(isinstance(book, dict) for book in document.values()):
        for bibkey, book in document.items():
            yield book_to_record(bibkey, book)
    else:
        yield _why_none(document)


def read_document(answer: Answer) -> Document | NotAWork:
    """Gives the JSON object of an answer; an error, another kind of file, or a broken one is a NotAWork."""
    document = read_object(answer)
    if isinstance(document, NotAWork):
        return document
    message = document.get("error") or document.get("message") or document.get("detail")
    if answer.status >= 400 or (message and not key_of(document) and "docs" not in document):
        return _refusal(answer.status, message if isinstance(message, str) else "")
    return document


def _refusal(status: int, message: str) -> NotAWork:
    not_found = status in (404, 410) or message.lower().replace(" ", "") == "notfound"
    return NotAWork(Reason.NOT_FOUND if not_found else Reason.ERROR, message or f"status {status}")


def _why_none(document: Document) -> NotAWork:
    match type_of(document):
        case "delete":
            return NotAWork(Reason.NOT_FOUND, f"{document.get('key')} was deleted"[:200])
        case "redirect":
            return NotAWork(Reason.OTHER, f"redirect to {document.get('location')}"[:200])
        case "":
            fields = ", ".join(list(document)[:5])
            return NotAWork(
                Reason.UNKNOWN if fields else Reason.NOT_FOUND, f"an object with {fields or 'nothing'}"[:200]
            )
        case kind:
            return NotAWork(Reason.OTHER, f"{kind} {document.get('name') or document.get('key')}"[:200])


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was answered so far for one work, and the paths that were asked, each once."""

    work: Document | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    editions: tuple[Document, ...] = ()
    location: str = ""
    asked: frozenset[str] = frozenset()

    def add(self, document: Document) -> Gathered:
        """Gives what is known with one more document."""
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
                return replace(self, editions=tuple(each for each in entries if isinstance(each, dict)))
        return self

    def next_path(self) -> str | None:
        """Gives what is still to be asked; None when all is known that can be."""
        return next((path for path in self._wanted() if path not in self.asked), None)

    def to_record(self, last: Document | NotAWork) -> Told:
        """Gives the record; when there is no work, why `last`, the last answer, tells of none."""
        if self.work or self.editions:
            return merge_answers(self.work, self.names.get, self.editions)
        return last if isinstance(last, NotAWork) else _why_none(last)

    def _wanted(self) -> Iterator[str]:
        if self.work is None and (key := self.location or work_key_of(next(iter(self.editions), {}))):
            yield f"/works/{key}.json"
        for key in author_keys(self.work or next(iter(self.editions), {})):
            if key not in self.names:
                yield f"/authors/{key}.json"
        if self.work and not self.editions:
            yield f"/works/{key_of(self.work)}/editions.json?limit=50"


class OpenLibrarySpider(WorkSpider):
    """Asks for works one by one: the work, its authors, a page of its editions."""

    name = SOURCE
    base_url = ADDRESS
    selections = frozenset(("ids",))
    custom_settings: dict[str, Any] | None = {"DOWNLOAD_DELAY": 1.0, "RANDOMIZE_DOWNLOAD_DELAY": False}  # noqa: RUF012

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses searches, which the site's robots.txt forbids, ids it does not have, and crawls without a contact.

        Raises:
            SelectionRefused: as said.
        """
        if selection.query:
            raise SelectionRefused(
                f"{cls.name}: its robots.txt allows no searches; name works with --ids, or download its dumps from"
                f" {ADDRESS}/developers/dumps and read them with --saved"
            )
        super().check(selection, crawl_settings)
        if not crawl_settings.contact:
            raise SelectionRefused(f"{cls.name} wants to know whom to write to: set EVOKE_CONTACT to a mail address")
        for each in selection.ids:
            path_of(each)

    def first_requests(self) -> Iterator[Request]:
        """Gives a request for each id."""
        for each in self.selection.ids:
            yield self._ask(path_of(each), Gathered())

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives what a single answer tells."""
        return parse_answer(answer)

    def parse(self, response: Response, gathered: Gathered | None = None, **_: Any) -> Iterator[SourceRecord | Request]:
        """Gathers an answer; gives what to ask next or, when nothing is left to ask, the record."""
        gathered = gathered or Gathered()
        document = read_document(response_to_answer(response))
        if not isinstance(document, NotAWork):
            gathered = gathered.add(document)
        elif document.reason in RETRYABLE and (again := self._again(response, document.reason)):
            yield again
            return
        if path := gathered.next_path():
            yield self._ask(path, gathered)
            return
        told = gathered.to_record(document)
        if isinstance(told, SourceRecord):
            yield told
        else:
            self.count(told.reason)

    def _ask(self, path: str, gathered: Gathered) -> Request:
        asked = replace(gathered, asked=gathered.asked | {path})
        # Several works have the same author: a request for it is no repetition, and the cache has its answer.
        return Request(f"{self.address}{path}", self.parse, cb_kwargs={"gathered": asked}, dont_filter=True)


def path_of(wanted: str) -> str:
    """Gives the path of the answer that tells of a work, an edition or an ISBN.

    Raises:
        SelectionRefused: it is none of them.
    """
    if key := last_part(wanted.strip().upper().removesuffix(".JSON")):
        if not key.endswith("A"):
            return f"/{'works' if key.endswith('W') else 'books'}/{key}.json"
    elif isbns := isbn_ids([wanted]):
        return f"/isbn/{next(iter(isbns.values()))}.json"
    raise SelectionRefused(
        f"{wanted!r} is no id of {SOURCE}: use a work (OL45804W), an edition (OL7353617M) or an ISBN"
    )
