"""When a described work is remembered to be of, and what that is worth. People misremember: a hint, never a filter.

Of 4,826 descriptions of films 63% name a time; 55% of those are right, 82% within five years, 91% within ten.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import takewhile

from search_api.records import IntegerRange
from search_api.understanding import phrases

YEARS_TO_FADE = 5.0
"""By how much a work's year must be off for what it gets to fall to 1/e. nDCG@10 of films with 3, 5 and 8: .194, .196
and .196; with half the weight .191, with one and a half .192."""
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


def favour_years(
    scores: Mapping[str, float], years: Mapping[str, int], remembered: IntegerRange, weight: float
) -> dict[str, float]:
    """Gives scores with more for works of about the remembered years; `years` lacks the works whose year is unknown.

    A work that is `far` years outside of them gets weight * exp(-far / YEARS_TO_FADE) on top.
    """
    first = -math.inf if remembered.gte is None else remembered.gte
    last = math.inf if remembered.lte is None else remembered.lte
    favoured = dict(scores)
    for work_id in favoured.keys() & years.keys():
        far = max(0, first - years[work_id], years[work_id] - last)
        favoured[work_id] += weight * math.exp(-far / YEARS_TO_FADE)
    return favoured
