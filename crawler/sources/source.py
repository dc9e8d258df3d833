"""Source: the one declaration of a source, from which spider, merging, command line and documentation are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crawler.id_names import IdName


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a source is asked. Scrapy's AutoThrottle slows down further when a source answers slowly."""

    delay_seconds: float = 0.0
    """The pause between two requests; 0: a request follows the answer to the one before."""
    n_concurrent: int = 2
    """The most requests that wait for an answer at a time."""
    is_steady: bool = False
    """Whether the pause is always the same; otherwise it varies by half around `delay_seconds`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source: what it can be asked for, on what terms and at what pace, what its records are, where its code is.

    `parse`, `spider`, `is_table` and `read_tables` are `module:name`, so that code is imported only when it is needed.
    """

    name: str
    """The name in `evoke crawl NAME` and in records."""
    address: str
    """The beginning of the address of every request."""

    selections: frozenset[str]
    """The fields of a Selection that the source can be asked by: "query", "ids", "from_date"."""
    selection_note: str = ""
    """What else to know about asking it."""
    needs: tuple[str, ...] = ()
    """Fields of CrawlSettings of which one must be set."""
    needs_hint: str = ""
    """What to set them to, or where to get it."""
    refusal_hint: str = ""
    """What to check when the source answers 401 or 403."""

    pace: Pace
    robots_exemption: str = ""
    """Why robots.txt is not asked; empty: it is obeyed."""
    cache_days: int | None = 7
    """How long answers stay in the cache; None: the source's files are kept until it changes them."""

    licence: str
    """What the licence or the terms allow, kept with every record."""
    attribution: str
    """The notice to show beside the source's data, kept with every record."""
    terms: str
    """The address of the licence or the terms."""

    ids: tuple[IdName, ...]
    """The names of the ids that its records may have."""
    authority: int
    """Its rank when records of one work are merged: of several values the one of the lowest rank is taken."""
    field_authority: Mapping[str, int] = field(default_factory=dict)
    """Its rank for single fields. Where any source has a rank for a field, those without one come last."""
    lists_editions: bool = False
    """Whether its records are editions, so that several of them may be one work."""
    translates_titles: bool = False
    """Whether it gives a title in English beside the language of the original."""

    parse: str
    """The function from an Answer to ParseResults."""
    spider: str
    """The WorkSpider."""
    is_table: str | None = None
    """The function from a path and the first bytes of a file, unpacked, to whether it is a table: a file of many works,
    which may need others of its kind to be read."""
    read_tables: str | None = None
    """The function from all paths of tables to ParseResults."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables of which one must be set."""
        return tuple(f"EVOKE_{name}".upper() for name in self.needs)
