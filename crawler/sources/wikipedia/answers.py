"""Parse answers of MediaWiki's API about pages: `action=query&prop=extracts|categories|pageprops|info&explaintext=1`.

Pages come as a list (formatversion 2) or by their ids (formatversion 1); both are read. Facts are those of the
categories, since the templates that a page shows them in are not in its plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.sources.json_answers import Part, make_record, read_object
from crawler.sources.wikipedia import WIKIPEDIA
from crawler.sources.wikipedia.categories import (
    countries,
    creators,
    first_year,
    genres,
    keywords,
    kind_of,
    language,
)
from crawler.sources.wikipedia.plots import plot_or_lead

SITE = "enwiki"
"""The name that Wikidata has for Wikipedia in English."""

MOST_CATEGORIES = 500
"""As many as an answer has of one page."""
Title = Annotated[str, Field(max_length=255)]
"""No page has a longer title."""

_KIND_IN_BRACKETS = re.compile(
    r" \([^()]*\b(?:film|movie|novel|novella|book|play|poem|short story|memoir|collection)\)$", re.IGNORECASE
)
"""The end of a title that tells a page from others of its name: "Paper Boats (1999 film)"."""


class _Category(Part):
    title: Title = ""


class _Properties(Part):
    wikibase_item: Annotated[str, Field(pattern=r"^Q[1-9][0-9]{0,15}$")] = ""


class _Page(Part):
    pageid: Annotated[int, Field(ge=1)] | None = None
    ns: int = 0
    title: Title = ""
    extract: str | None = None
    categories: tuple[_Category, ...] = ()
    pageprops: _Properties = _Properties()


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the records of the pages of an answer, and why other pages are not works."""
    document = read_object(answer)
    if isinstance(document, NotAWork):
        yield document
    elif "error" in document:
        yield NotAWork(Reason.ERROR, str(_mapping(document["error"]).get("code"))[:200])
    elif "entities" in document:
        yield from (NotAWork(Reason.LIST if title else Reason.NOT_FOUND, item) for item, title in sitelinks(document))
    elif isinstance(pages := _mapping(document.get("query")).get("pages"), (list, dict)) and pages:
        yield from map(page_to_record, pages.values() if isinstance(pages, dict) else pages)
    elif "pageid" in document:
        yield page_to_record(document)
    elif "query" in document or "batchcomplete" in document:
        yield NotAWork(Reason.LIST)
    else:
        yield NotAWork(Reason.UNKNOWN, f"an object with {', '.join(list(document)[:5]) or 'nothing'}"[:200])


def sitelinks(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield Wikidata's items in an answer to `wbgetentities`, each with the title of its page; empty if it has none."""
    for item, entity in _mapping(document.get("entities")).items():
        title = _mapping(_mapping(_mapping(entity).get("sitelinks")).get(SITE)).get("title")
        yield item, title if isinstance(title, str) else ""


def page_to_record(document: object) -> ParseResult:
    """Return the record of a page about a film or a book, or why it is not one."""
    raw = _mapping(document)
    page = _Page.model_validate(raw)
    if "missing" in raw or "invalid" in raw:
        return NotAWork(Reason.NOT_FOUND, page.title)
    if page.pageid is None or not page.title:
        return NotAWork(Reason.UNKNOWN, "a page without an id or a title")
    categories = [each.title.partition(":")[2] for each in page.categories[:MOST_CATEGORIES]]
    kind = kind_of(categories)
    if why := _why_not_a_work(page, raw, categories):
        return NotAWork(Reason.OTHER, f"{page.title}: {why}")
    if kind is None or isinstance(kind, Reason):
        return NotAWork(kind or Reason.OTHER, f"{page.title}: {', '.join(categories[:3]) or 'no category'}"[:200])
    if page.extract is None:
        return NotAWork(Reason.EMPTY, f"{page.title}: without its text, which an answer has of one page only")
    ids = {"wikipedia": str(page.pageid), "wikidata": page.pageprops.wikibase_item}
    return make_record(WIKIPEDIA, {
        "source_id": str(page.pageid),
        "kind": kind,
        "title": _KIND_IN_BRACKETS.sub("", page.title),
        "description": plot_or_lead(page.extract),
        "year": first_year(categories, kind),
        "creators": creators(categories, kind),
        "genres": genres(categories),
        "keywords": keywords(categories),
        "language": language(categories),
        "countries": countries(categories),
        "ids": {name: value for name, value in ids.items() if value},
        "url": f"{WIKIPEDIA.address}/wiki/{quote(page.title.replace(' ', '_'), safe='')}",
    })  # fmt: skip


def _why_not_a_work(page: _Page, raw: Mapping[str, Any], categories: list[str]) -> str:
    if page.ns:
        return "not an article"
    if "redirect" in raw:
        return "a redirect"
    if "disambiguation" in _mapping(raw.get("pageprops")):
        return "a disambiguation page"
    if page.title.startswith(("List of ", "Lists of ")) or any(each.startswith("Lists of ") for each in categories):
        return "a list"
    return ""


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping; an empty one for anything else, such as the [] that an empty object becomes in PHP."""
    return value if isinstance(value, dict) else {}
