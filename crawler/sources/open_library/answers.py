"""Parse Open Library's answers one by one: works, editions, searches and `api/books`."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.sources.json_answers import read_object, read_objects
from crawler.sources.open_library.documents import (
    Document,
    book_to_record,
    edition_to_record,
    hit_to_record,
    key_of,
    merge_documents,
    no_name,
    type_of,
)


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the work of an answer (several for a search and for `api/books`), and why other parts are not works."""
    for document in read_objects(answer):
        yield from _parse_object(_or_error(document, answer.status))


def _parse_object(document: Document | NotAWork) -> Iterator[ParseResult]:
    if isinstance(document, NotAWork):
        yield document
    elif type_of(document) == "work":
        yield merge_documents(document, no_name, ())
    elif type_of(document) == "edition":
        yield edition_to_record(document)
    elif isinstance(document.get("docs"), list):
        if not document["docs"]:
            yield NotAWork(Reason.LIST, "a search without a hit")
        for hit in document["docs"]:
            yield hit_to_record(hit) if isinstance(hit, dict) else NotAWork(Reason.UNKNOWN, "a hit is not an object")
    elif isinstance(document.get("entries") or document.get("works"), list):
        yield NotAWork(Reason.LIST)
    elif document and all(isinstance(book, dict) for book in document.values()):
        for bibkey, book in document.items():
            yield book_to_record(bibkey, book)
    else:
        yield why_not_a_work(document)


def read_document(answer: Answer) -> Document | NotAWork:
    """Return the JSON object of an answer; NotAWork for an error, a broken answer or another kind of file."""
    return _or_error(read_object(answer), answer.status)


def _or_error(document: Document | NotAWork, status: int) -> Document | NotAWork:
    if isinstance(document, NotAWork):
        return document
    message = document.get("error") or document.get("message") or document.get("detail")
    if status >= 400 or (message and not key_of(document) and "docs" not in document):
        return _parse_error(status, message if isinstance(message, str) else "")
    return document


def _parse_error(status: int, message: str) -> NotAWork:
    not_found = status in (404, 410) or message.lower().replace(" ", "") == "notfound"
    return NotAWork(Reason.NOT_FOUND if not_found else Reason.ERROR, message or f"status {status}")


def why_not_a_work(document: Document) -> NotAWork:
    """Return why a document is not a work."""
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
