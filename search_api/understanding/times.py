"""The times that a text names, as years: "1994", "the late '80s", "the 19th century", "the past ten years"; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from search_api.understanding.phrases import any_case, fold

LEAST_YEARS_OF_CENTURY = 40
"""A longer period is a century or a part of one, a shorter one a decade or two."""
RECENT_YEARS = 5
"""How many years back "recent", "recent years" and "the last few years" reach: our choice, not a measurement."""

# --- words ---

DECADES: Mapping[str, int] = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}
"""Decades in words, as years of a century. Those in digits ("60s") belong to the 20th century, except 00s and 10s."""
_OTHER_DECADES: Mapping[str, int] = {
    "noughties": 2000,
    "naughties": 2000,
    "aughts": 2000,
    "two thousands": 2000,
    "twenty tens": 2010,
}
_HUNDREDS: Mapping[str, int] = {"eighteen": 1800, "nineteen": 1900, "twenty": 2000}

PARTS_OF_DECADE: Mapping[str, tuple[int, int]] = {"": (0, 9), "early": (0, 4), "mid": (3, 7), "late": (5, 9)}
"""The first and last year of a part, counted from the first year of the decade."""

_ORDINALS = (
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
    *("eighteenth", "nineteenth", "twentieth", "twenty first"),
)
_ROMAN = ("x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii", "xviii", "xix", "xx", "xxi")
CENTURIES: Mapping[str, int] = {
    **{word: number for number, word in enumerate(_ORDINALS, start=10)},
    **{word: number for number, word in enumerate(_ROMAN, start=10)},
    "last": 20,
    "this": 21,
}
"""Centuries in words, from the tenth on. The 19th is 1800 to 1899, as most people use the word, like "the 1800s"."""

_PARTS_OF_CENTURY: Mapping[str, str] = {
    "first half": "early",
    "beginning": "early",
    "start": "early",
    "middle": "mid",
    "second half": "late",
    "end": "late",
}
"""Longer names of the parts, used for centuries only: "the second half of the 19th century"."""

NUMBERS: Mapping[str, int] = {
    "": 1,
    "couple of": 2,
    "couple": 2,
    "two": 2,
    "three": 3,
    "few": RECENT_YEARS,
    "several": RECENT_YEARS,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "twenty five": 25,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "hundred": 100,
}
"""Numbers of years in words: "the past ten years", "the last couple of years"."""

# --- patterns ---

_CENTURY = r"(?:(?:1?\d|2[01])(?:st|nd|rd|th)|twenty-first|" + "|".join(sorted(CENTURIES, key=len, reverse=True)) + ")"
_NOT_A_CENTURY = r"(?! (?:fox|studios?|pictures|boys|women|bce?|b\.c)\b)"
"""Words after "20th century" that make it the name of a studio or a title. A century before Christ is not read."""
_NO_UNIT = (
    r"(?! ?(?:pages?|pp|words?|people|men|women|soldiers|miles|km|kilometres|feet|ft|dollars|pounds|euros|minutes?"
    r"|mins?"
    r"|hours?|films?|movies?|books?|times|calories)\b|[,.]?\d|%)"
)
TIME = any_case(
    r"(?:(?<![\w.$#£€])|(?<=\bpre)|(?<=\bpost))(?:the )?"
    rf"(?:(?P<stretch>{'|'.join(_PARTS_OF_CENTURY)}) of the (?={_CENTURY}[ -]centur))?"
    r"(?:(?:very )?(?P<part>early|mid|late)[ -](?:the )?)?"
    r"(?:(?:(?P<year>1[5-9]\d\d|20\d\d)(?P<s>'?s)?"
    r"|'?(?P<short>\d0)'?s"
    rf"|(?:(?P<hundred>{'|'.join(_HUNDREDS)})[ -])?(?P<word>{'|'.join(DECADES)})"
    rf"|(?P<other>{'|'.join(_OTHER_DECADES).replace(' ', '[ -]')})"
    rf"|(?P<century>{_CENTURY})[ -]centur(?:y|ies){_NOT_A_CENTURY})(?!\w|'\w|-(?!early|mid|late|to)[^\W\d]|\.\d)"
    rf"|(?P<bare>{_CENTURY})(?=-? ?(?:/|-|or|and|to) ?(?:the )?{_CENTURY}[ -]centur))"
    rf"(?(s)|(?(year){_NO_UNIT}))"
)
""" "1994", "the 1990s", "late '80s", "early nineties", "the 19th century", "end of the 19th century", and the "18th" of
"18th and 19th century"."""
RELATIVE = any_case(
    rf"\b(?:the |these )?(?:past|last) (?:(?P<n>\d{{1,3}}"
    rf"|{'|'.join(name.replace(' ', '[ -]') for name in NUMBERS if name)})"
    r"(?: or so)? )?(?P<unit>years?|decades?)(?: or so)?\b(?! (?:ago|of (?:my|his|her|their|our|school|high))\b)",
    r"\bthis (?P<this>year|decade)\b(?! [a-z]+ing)",
    r"\b(?P<recently>recent years|(?:the )?last little while)\b",
    r"\bthe turn of the (?P<turn>millennium|century)\b",
)
""" "The past ten years", "last year", "this decade", "recent years", "the turn of the millennium"."""
_RANGE_JOINT = any_case(r" ?- ?| (?:and|to|until|till|through|up to) (?:the )?")
_OR_JOINT = any_case(r" ?(?:/|-|,? or|and|to|&) ?(?:from )?(?:the )?|-? ?(?:/|-|or|and|to) ?(?:the )?|,? ")
_AGE_OF_PERSON = any_case(r"\b(?:my|his|her|their|your|our|someone's|in) (?:(?:very )?(?:early|mid|late)[ -])?$")
""" "A woman in her 50s"."""


# --- times ---


class Time(NamedTuple):
    """A time that a query names: its first and last year, both included, and its span.

    `sort` is "year", "decade", "century" or "relative". `is_range` is true for two times with "to" between them.
    """

    first: int
    last: int
    start: int
    end: int
    sort: str
    is_range: bool = False


def find_times(text: str, this_year: int) -> list[Time]:
    """Return the times that a text names, from left to right; neighbours such as "1990-1995" are one time."""
    return _join_times(text, sorted(_single_times(text, this_year), key=lambda time: time.start))


def _single_times(text: str, this_year: int) -> Iterator[Time]:
    """Yield the times that a text names; ages ("in her 50s") and years yet to come are left out."""
    for match in TIME.finditer(text):
        if match["short"] or match["word"]:
            is_age = _AGE_OF_PERSON.search(text, max(0, match.start() - 24), match.start())
            if is_age and not match[0].lower().startswith("the ") and not is_age[0].lower().startswith("in "):
                continue
        first, last = _years_of(match)
        sort = "century" if match["century"] or match["bare"] else "year" if first == last else "decade"
        sort = "century" if last - first >= LEAST_YEARS_OF_CENTURY else sort
        if first <= this_year:
            yield Time(first, last, *match.span(), sort)
    for match in RELATIVE.finditer(text):
        yield Time(*_years_back(match, this_year), *match.span(), "relative")


def _years_back(match: re.Match[str], this_year: int) -> tuple[int, int]:
    """Return the first and last year of a time that is counted from today."""
    if match["recently"]:
        return this_year - RECENT_YEARS, this_year
    if match["turn"]:
        return 2000, 2000
    if match["this"]:
        return (this_year if match["this"].lower() == "year" else this_year // 10 * 10), this_year
    is_last_year = not match["n"] and match["unit"].lower() == "year" and match[0].lower().startswith("last")
    if is_last_year:
        return this_year - 1, this_year - 1
    return this_year - number_of(match["n"] or "") * (10 if fold(match["unit"]).startswith("decade") else 1), this_year


def number_of(words: str) -> int:
    """Return the number of years that words or digits name."""
    name = fold(words).replace("-", " ")
    return NUMBERS[name] if name in NUMBERS else int(name)


def _join_times(text: str, times: list[Time]) -> list[Time]:
    """Return the times with neighbours joined: "the 80s or early 90s", "1990-1995", "the 18th to the 20th century"."""
    joined: list[Time] = []
    for time in times:
        previous = joined[-1] if joined else None
        gap = text[previous.end : time.start] if previous else None
        if previous and time.start < previous.end:
            continue
        if previous and gap is not None and len(gap) <= 12 and "relative" not in (previous.sort, time.sort):
            is_between = bool(
                re.search(r"\bbetween (?:the )?$", text[max(0, previous.start - 14) : previous.start], re.I)
            )
            is_range = bool(_RANGE_JOINT.fullmatch(gap)) and ("and" not in gap.lower() or is_between)
            if (is_range and previous.first <= time.last) or _OR_JOINT.fullmatch(gap):
                sort = max(previous.sort, time.sort, key=("year", "decade", "century").index)
                first, last = min(previous.first, time.first), max(previous.last, time.last)
                joined[-1] = Time(first, last, previous.start, time.end, sort, is_range)
                continue
        joined.append(time)
    return joined


def _years_of(match: re.Match[str]) -> tuple[int, int]:
    """Return the first and last year of a year, a decade, a century, or a part of one."""
    stretch, part, year, short, word, other, century = (
        fold(match[name] or "").replace("-", " ")
        for name in ("stretch", "part", "year", "short", "word", "other", "century")
    )
    part = _PARTS_OF_CENTURY.get(stretch, part)
    century = century or fold(match["bare"] or "")
    if century:
        return _part_of(part, 100 * (_century_number(century) - 1), 10)
    if year:
        first = int(year)
        if not match["s"] or first % 10:
            return first, first
        if first % 100 == 0 and first < 2000:
            return _part_of(part, first, 10)  # "the 1800s"
    elif word:
        first = _HUNDREDS[fold(match["hundred"] or "nineteen")] + DECADES[word]
    elif other:
        first = _OTHER_DECADES[other]
    else:
        first = (2000 if int(short) < 20 else 1900) + int(short)
    return _part_of(part, first, 1)


def _part_of(part: str, first: int, scale: int) -> tuple[int, int]:
    """Return the first and last year of a part of a decade (`scale` 1) or a century (10) that begins with `first`."""
    start, end = PARTS_OF_DECADE[part]
    return first + start * scale, first + end * scale + scale - 1


def _century_number(name: str) -> int:
    digits = re.match(r"\d+", name)
    return int(digits[0]) if digits else CENTURIES[name.replace("-", " ")]
