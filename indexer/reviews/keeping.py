"""What is kept of the reviews of each source: its text, what is computed from it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from crawler.sources.source import KeepReviews
from crawler.sources.table import SOURCES
from indexer.merging.match_keys import canonical_source

EVERY_SOURCE = "*"
"""In the setting: every source that it does not name."""

_DECLARED = {canonical_source(source.name): source for source in SOURCES.values()}


class Keeping:
    """What is kept by source: as the setting says, else as the source declares; of others, such as own files, the text.

    Attributes:
        named: What the setting says, by source.
    """

    def __init__(self, named: Mapping[str, KeepReviews] | None = None) -> None:
        self.named = dict(named or {})
        self._by_source = {canonical_source(name): keep for name, keep in self.named.items()}

    def of(self, source: str) -> KeepReviews:
        """Return what is kept of a source's reviews."""
        name = canonical_source(source)
        if keep := self._by_source.get(name) or self._by_source.get(EVERY_SOURCE):
            return keep
        declared = _DECLARED.get(name)
        return declared.keeps_reviews if declared else "text"


DECLARED = Keeping()
"""Without a setting."""


def review_scale(source: str) -> float | None:
    """Return the scale of the ratings in a source's reviews; None if it declares none."""
    declared = _DECLARED.get(canonical_source(source))
    return declared.review_scale if declared else None


def parse_keeping(text: str) -> Keeping:
    """Return what `EVOKE_KEEP_REVIEWS` says, such as "goodreads=features,mine=none".

    Raises:
        ValueError: A part is not `source=text`, `source=features` or `source=none`, or a source is there twice.
    """
    named: dict[str, KeepReviews] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        source, separator, keep = (piece.strip() for piece in part.partition("="))
        if not (source and separator):
            raise ValueError(f"{part!r} is not a source and what to keep, such as goodreads=features")
        if keep not in get_args(KeepReviews):
            raise ValueError(f"{keep!r} in {part!r} should be {', '.join(get_args(KeepReviews)[:-1])} or none")
        if canonical_source(source) in map(canonical_source, named):
            raise ValueError(f"{source!r} is there twice: keep one of them")
        named[source] = cast("KeepReviews", keep)
    return Keeping(named)
