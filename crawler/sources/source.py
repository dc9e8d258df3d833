"""Source: the declaration of a source, which spider, merging, command line and documentation all read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from crawler.id_names import IdName

if TYPE_CHECKING:  # pydantic would be imported before it is needed
    from crawler.records import Kind

KeepReviews = Literal["text", "features", "none"]
"""What may be kept of reviews: their text, so that a sentence of it can be shown; only what is computed from it, until
which the text is there; or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a source is asked. Scrapy's AutoThrottle slows down further when a source answers slowly."""

    delay_seconds: float = 0.0
    """The pause between two requests; 0 sends the next request as soon as an answer has arrived."""
    n_concurrent: int = 2
    """The most requests in flight at a time."""
    is_steady: bool = False
    """Whether the pause is always the same; otherwise it varies by half around `delay_seconds`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The declaration of a source: selections, settings, pace, terms, ids, rank in merging, and where its code is.

    `parse`, `spider`, `is_table` and `read_tables` are `module:name`, so that code is imported only when it is needed.
    """

    name: str
    """The name in `evoke crawl NAME` and in records."""
    address: str
    """The beginning of the address of every request."""

    selections: frozenset[str]
    """The fields of a Selection that the source can be asked by: "query", "ids", "from_date"."""
    selection_note: str = ""
    """A note on the selections for the documentation."""
    needs: tuple[str, ...] = ()
    """Fields of CrawlSettings of which one must be set."""
    needs_hint: str = ""
    """How to get a value for such a setting; ends the error message when none is set."""
    refusal_hint: str = ""
    """What to check when the source answers 401 or 403."""

    pace: Pace
    robots_exemption: str = ""
    """Why robots.txt is not obeyed; empty if it is."""
    cache_days: int | None = 7
    """How many days answers stay in the cache; None if the source's files are kept until they change there."""

    licence: str
    """What the licence or the terms allow, kept with every record."""
    attribution: str
    """The notice to show beside the source's data, kept with every record."""
    terms: str
    """The address of the licence or the terms."""

    ids: tuple[IdName, ...]
    """The names of the ids that its records may have."""
    authority: int
    """Its rank when records of one work are merged: the value from the source with the lowest rank wins."""
    field_authority: Mapping[str, int] = field(default_factory=dict)
    """Its rank for single fields. If any source has a rank for a field, the sources without one come last."""
    lists_editions: bool = False
    """Whether its records are editions, so that several of them may be one work."""
    translates_titles: bool = False
    """Whether its records have an English title but the language of the original."""

    describes: frozenset[Kind] = frozenset()
    """The kinds of works of which its records have descriptions."""
    keeps_reviews: KeepReviews = "none"
    """What its terms let one keep of the reviews that people wrote there."""
    keeps_reviews_why: str = "its answers have none"
    """The reason, for the documentation."""
    review_scale: float | None = None
    """The best rating in a review; None if its reviews have none."""

    image_hosts: tuple[str, ...] = ()
    """The hosts that have its images. The service fetches covers from no others."""
    image_days: int = 30
    """How many days the service may keep a cover."""
    image_terms: str = ""
    """What its terms ask of those who show its images; empty if its records name none."""

    parse: str
    """The function that parses an Answer into ParseResults."""
    spider: str | None
    """The WorkSpider; None if the source is not asked, and only what a person saved from it is read."""
    is_table: str | None = None
    """The function that decides from a path and the file's first bytes, unpacked, whether the file is a table. A table
    has many works, and may be readable only together with other tables."""
    read_tables: str | None = None
    """The function that reads all tables, given their paths, and yields ParseResults."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables of which one must be set."""
        return tuple(f"EVOKE_{name}".upper() for name in self.needs)
