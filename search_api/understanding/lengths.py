"""How long the works asked for may be, in minutes or pages: "under two hours", "a short book"; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.records import Kind
from search_api.records import IntegerRange
from search_api.understanding.phrases import any_case, fold
from search_api.understanding.query import Query, Span

# --- words and patterns ---

NUMBERS: Mapping[str, float] = {
    "half an": 0.5,
    "an": 1,
    "a": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "sixty": 60,
    "ninety": 90,
    "a hundred": 100,
    "one hundred": 100,
    "two hundred": 200,
    "three hundred": 300,
    "four hundred": 400,
    "five hundred": 500,
    "a thousand": 1000,
}
"""Numbers in words, as amounts of hours, minutes or pages."""

AT_MOST = ("under", "below", "less than", "fewer than", "shorter than", "at most", "up to", "maximum", "max", "within")
AT_LEAST = ("over", "above", "more than", "longer than", "at least", "minimum")
INCLUSIVE = frozenset(("at most", "up to", "maximum", "max", "within", "at least", "minimum"))
"""Words before an amount. INCLUSIVE includes the amount itself; "under two hours" is up to 119 minutes."""

LONGEST_SHORT: Mapping[str, int] = {"runtime_minutes": 90, "page_count": 200}
SHORTEST_LONG: Mapping[str, int] = {"runtime_minutes": 150, "page_count": 500}
"""What "a short film" and "a long book" mean, in minutes and pages: our choice, not a measurement."""

_NUMBER = "|".join(sorted(NUMBERS, key=len, reverse=True))
_AMOUNT = (
    rf"(?:(?P<hours>\d{{1,2}}(?:[.,]\d)?|{_NUMBER})(?P<half> and a half)?[ -]?(?:hours?|hrs?|h)"
    r"(?P<half_after> and a half)?(?: ?(?:and )?(?P<rest>[0-5]?\d) ?(?:minutes?|mins?|m)?)?"
    rf"|(?P<minutes>\d{{2,3}}|{_NUMBER})[ -]?(?:minutes?|mins?)|(?P<pages>\d{{2,4}}|{_NUMBER})[ -]?(?:pages?|pp))\b"
    r"(?: long| in length)?(?! (?:to|left|later|ago|away|before|after|from|of|a day)\b)"
)
"""An amount of hours, minutes or pages: "two hours", "1h45", "an hour and a half", "90 minutes long", "300 pages"."""
LENGTH = any_case(
    r"(?P<deny>\b(?:not|nothing|no|isn't|never|don't want anything|no \w+) )?"
    rf"\b(?P<bound>{'|'.join((*AT_MOST, *AT_LEAST))})(?: of)?(?: about| around)? {_AMOUNT}",
)
""" "Under two hours", "no more than 100 minutes", "nothing over 2 hours"."""
LENGTH_FIRST = any_case(
    rf"(?<![\w.,]){_AMOUNT},? (?:(?P<most>(?:or|and) (?:less|shorter|under|fewer|below)|tops|max(?:imum)?|at most)"
    r"|(?:or|and) (?:more|longer|over|up)|min(?:imum)?|at least)\b"
)
""" "300 pages or less", "90 minutes max"."""
SIZE = any_case(
    r"(?P<deny>\bnot (?:an? )?(?:too |very |so |overly |that )?)?(?<![\w-])(?P<size>short|quick|long|lengthy)"
    r"(?:,? (?!(?:lost|distance|term|time|ago|running|dead|about|of|in|with|from|for|like|that|by|stor(?:y|ies)|and"
    r"|but)\b)[a-z-]+){0,2}? (?P<noun>films?|movies?|flicks?|watch|books?|novels?|reads?)\b"
)
""" "A short sad novel", "not a very long film", but not "a long lost film"."""
BARE_SIZE = any_case(r"(?P<deny>\b(?:not|isn't|nothing) (?:too|very|so|overly|that)) (?P<size>long|short)\b(?P<noun>)")
""" "That isn't too long", where the request names film or book elsewhere."""

# --- reading ---


def read_length(query: Query, kind: Kind | None) -> tuple[dict[str, IntegerRange], list[Span]]:
    """Return the length asked for, by the field of `Filters` that holds it, and the spans that ask for it.

    Args:
        query: The query.
        kind: The kind of work that it asks for, if any: "not too long" is in pages for a book.
    """
    for pattern in (LENGTH, LENGTH_FIRST):
        for match in pattern.finditer(query.text):
            if query.part(match.start()) != "clause":
                return {_unit_of(match): _bounds_of(match)}, [match.span()]
    size = SIZE.search(query.text) or (BARE_SIZE.search(query.text) if kind else None)
    if size is None or not query.precedes_complements(size.start()):
        return {}, []
    noun = size["noun"].lower()
    is_book = noun.startswith(("book", "novel", "read")) or (not noun and kind == "book")
    unit = "page_count" if is_book else "runtime_minutes"
    is_short = size["size"].lower() in ("short", "quick")
    most = LONGEST_SHORT[unit] if is_short else SHORTEST_LONG[unit] - 1
    bounds = IntegerRange(lte=most) if is_short != bool(size["deny"]) else IntegerRange(gte=most + 1)
    return {unit: bounds}, [(size.start(), size.end("size"))]


def _unit_of(match: re.Match[str]) -> str:
    """Return the field of `Filters` that holds an amount."""
    return "page_count" if match["pages"] else "runtime_minutes"


def _bounds_of(match: re.Match[str]) -> IntegerRange:
    """Return the range that an amount bounds. "Under" leaves the amount itself out; a negation reverses a bound."""
    amount = _amount_of(match)
    if "bound" not in match.re.groupindex:
        return IntegerRange(lte=amount) if match["most"] else IntegerRange(gte=amount)
    bound = fold(match["bound"])
    is_denied = bool(match["deny"])
    is_inclusive = (bound in INCLUSIVE) != is_denied
    if (bound in AT_MOST) != is_denied:
        return IntegerRange(lte=amount if is_inclusive else amount - 1)
    return IntegerRange(gte=amount if is_inclusive else amount + 1)


def _amount_of(match: re.Match[str]) -> int:
    """Return the number of pages or minutes."""
    if match["pages"] or match["minutes"]:
        return round(_number(match["pages"] or match["minutes"]))
    minutes = 60 * _number(match["hours"]) + int(match["rest"] or 0)
    return round(minutes + (30 if match["half"] or match["half_after"] else 0))


def _number(words: str) -> float:
    return NUMBERS.get(fold(words)) or float(words.replace(",", "."))
