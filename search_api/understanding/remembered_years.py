"""When a described work is remembered to be of, and what that is worth. People misremember: a hint, never a filter.

Of 4,826 descriptions of films 63% name a time; 55% of those are right, 82% within five years, 91% within ten.
"""

from __future__ import annotations

import re
from itertools import takewhile

from search_api.records import IntegerRange
from search_api.understanding import phrases

MOST_CHARACTERS_BETWEEN = 13
"""From the start of one time to the start of another that corrects it: "80s or 90s", "2000-2013"."""


def read_remembered_years(text: str) -> IntegerRange | None:
    """Gives the years that a description first names, with those named in the same breath; None where it names none."""
    mentions = phrases.REMEMBERED_YEARS.finditer(text)
    first = next(mentions, None)
    if first is None:
        return None
    near = takewhile(lambda mention: mention.start() <= first.start() + MOST_CHARACTERS_BETWEEN, mentions)
    starts, ends = zip(*map(_years_of, (first, *near)), strict=True)
    return IntegerRange(gte=min(starts), lte=max(ends))


def _years_of(mention: re.Match[str]) -> tuple[int, int]:
    if mention["year"]:
        return int(mention["year"]), int(mention["year"])
    decade = int(mention["decade"]) if mention["decade"] else 1900 + int(mention["short"])
    start, end = phrases.PARTS_OF_DECADE[(mention["part"] or "").lower()]
    return decade + start, decade + end
