"""When the works asked for came out, as years: "from the 90s", "before 1970", "not from the 19th century"; pure.

A time is read only where it dates the work itself. "Set in the 1960s" and "a man from the 1950s" say when the plot
happens or where a character comes from, and stay in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from crawler.records import Kind
from search_api.records import IntegerRange
from search_api.understanding.phrases import BOOK_NOUNS, MOVIE_NOUNS, WORK_NOUN, any_case, fold
from search_api.understanding.query import Query, Span

LEAST_YEARS_OF_CENTURY = 40
"""A longer period is a century or a part of one, a shorter one a decade or two."""
FIRST_FILM_YEAR = 1888
"""No film is older, so "a film from the 19th century" most likely means one that is set then."""

# --- words and patterns ---

DECADES: Mapping[str, int] = {
    "twenties": 1920,
    "thirties": 1930,
    "forties": 1940,
    "fifties": 1950,
    "sixties": 1960,
    "seventies": 1970,
    "eighties": 1980,
    "nineties": 1990,
    "noughties": 2000,
}
"""Decades in words. Decades in digits belong to the same century, except "00s" and "10s", which belong to this one."""

PARTS_OF_DECADE: Mapping[str, tuple[int, int]] = {"": (0, 9), "early": (0, 4), "mid": (3, 7), "late": (5, 9)}
"""The first and last year of a part, counted from the first year of the decade."""

CENTURIES: Mapping[str, int] = {
    "tenth": 10,
    "eleventh": 11,
    "twelfth": 12,
    "thirteenth": 13,
    "fourteenth": 14,
    "fifteenth": 15,
    "sixteenth": 16,
    "seventeenth": 17,
    "eighteenth": 18,
    "nineteenth": 19,
    "twentieth": 20,
    "twenty first": 21,
    "xvi": 16,
    "xvii": 17,
    "xviii": 18,
    "xix": 19,
    "xx": 20,
    "xxi": 21,
    "last": 20,
    "this": 21,
}
"""Centuries in words. The 19th is 1800 to 1899, as most people use the word, like "the 1800s"."""

_PARTS_OF_CENTURY: Mapping[str, str] = {
    "first half": "early",
    "beginning": "early",
    "start": "early",
    "middle": "mid",
    "second half": "late",
    "end": "late",
}
"""Longer names of the parts, used for centuries only: "the second half of the 19th century"."""

_CENTURY = r"(?:(?:1?\d|2[01])(?:st|nd|rd|th)|twenty-first|" + "|".join(sorted(CENTURIES, key=len, reverse=True)) + ")"
_NOT_A_CENTURY = r"(?! (?:fox|studios?|pictures|boys|women|bce?|b\.c)\b)"
"""Words after "20th century" that make it the name of a studio or a title. A century before Christ is not read."""


def _time(number: int) -> str:
    """Return the pattern of a year, decade or century; its groups end in `number`, so that a pattern can hold two.

    It matches "1994", "the 1990s", "late '80s", "early nineties", "the 19th century", "end of the 19th century", and
    the "18th" of "18th and 19th century".
    """
    return (
        rf"(?:the )?(?:(?P<stretch{number}>{'|'.join(_PARTS_OF_CENTURY)}) of the (?={_CENTURY}[ -]century))?"
        rf"(?:(?P<part{number}>early|mid|late)[ -])?"
        rf"(?:(?:(?P<year{number}>1[5-9]\d\d|20\d\d)(?P<s{number}>'?s)?"
        rf"|'?(?P<short{number}>\d0)'?s"
        rf"|(?P<word{number}>{'|'.join(DECADES)})"
        rf"|(?P<century{number}>{_CENTURY})[ -]centur(?:y|ies){_NOT_A_CENTURY})(?![\w'-]*\w)"
        rf"|(?P<bare{number}>{_CENTURY})(?= ?(?:/|-|or|and|to) ?(?:the )?{_CENTURY}[ -]centur))"
    )


_MADE_THEN = r"(?P<made>made|released|published|written|shot|filmed|produced|came out|coming out|out)"
_MADE = rf"(?:{_MADE_THEN} )?"
_OR_TIME = rf"(?: ?(?:/|-|or|and|to)? ?{_time(2)})?(?! ?/)"

BETWEEN = any_case(rf"\b{_MADE}(?:between|from) {_time(1)}(?: ?- ?| and | to | until | through ){_time(2)}")
""" "Between 1960 and 1975", "from the 18th to the 20th century"."""
ONWARDS = any_case(
    rf"\b{_MADE}(?:from |in )?{_time(1)} (?:onwards?|on|(?:and|or) (?:later|newer|after)|to (?:now|today))\b"
)
""" "From 2010 on", "the 90s or later"."""
ONE_SIDED = any_case(
    r"(?P<deny>\b(?:not|nothing|no|isn't|never|don't want anything|no \w+) )?"
    rf"\b{_MADE}(?:(?P<before>before|older than|earlier than|prior to|pre(?=-))|(?P<until>until|up to)"
    rf"|(?P<after>after|newer than|later than|more recent than)|since)[ -]{_time(1)}"
)
""" "Before 1970", "since the 80s", "nothing older than 1990"."""
FROM = any_case(
    rf"\b(?:{_MADE_THEN} (?:from|in|during)|(?P<maker>(?:made|written|published|shot|filmed|produced) by"
    rf"(?: [\w'-]+){{1,4}}? )(?:in|during)|from|(?P<of>of(?= (?:the|this|last) ))) {_time(1)}{_OR_TIME}"
)
""" "From the 90s", "made in 1994", "films of the 1970s", "written by a woman in the 19th century"."""
OF_NOUN = any_case(
    rf"(?<![\w'/-]){_time(1)}{_OR_TIME}(?= (?:(?!nostalgi|kid|set|style|inspired|theme|music)[a-z-]+ )?{WORK_NOUN})"
)
""" "A 90s thriller", "1980s horror movies"."""
_WRITTEN_NOUN = (
    r"(?:books?|novels?|novellas?|fiction|literature|poetry|poems?|poets?|prose|plays?|playwrights?|writings?|writers?"
    r"|authors?|novelists?)\b"
)
CENTURY_OF_NOUN = any_case(
    rf"(?<![\w'/-]){_time(1)}{_OR_TIME}"
    r"(?= (?:(?!nostalgi|set |style|inspired|theme|music|art |histor|period|costume|war |politic|philosoph|science b)"
    rf"[a-z-]+ ){{0,2}}?(?:(?P<one>ones?\b)|(?P<classics>classics?\b)|(?P<written>{_WRITTEN_NOUN})|{WORK_NOUN}))"
)
""" "A 19th-century novel", "20th century Russian fiction", "not a 19th century one"."""
ALONE = any_case(
    rf"(?<![\w'/-]){_time(1)}{_OR_TIME}(?= *(?:$|[,.;!?)\0]| (?:(?P<one>ones?)|and|or|but|please|with|about)\b))"
)
"""A time with nothing beside it, which is read after a negation only: "no 19th century, please"."""
SETTING = any_case(rf"\b(?:set|taking place|that takes place) (?:in|during|around) {_time(1)}{_OR_TIME}")
"""When the plot happens, which is read after a negation only: "not set in the 19th century"."""
YEAR_IN_BRACKETS = re.compile(r"\((?P<year>1[89]\d\d|20\d\d)\)$")
""" "Heat (1995)"."""

NOT_DATED = any_case(
    r"\b(?:m[ae]n|wom[ae]n|boys?|girls?|kids?|people|persons?|soldiers?|guys?|characters?|travell?ers?|letters?"
    r"|messages?|diar(?:y|ies)|photos?|music|songs?|visitors?|someone|child(?:ren)?|inspired|adapted) (?:made |out )?$"
)
"""Words before "from the 50s" that the time belongs to, instead of to the work."""
_WORKS_OF = any_case(rf"\b(?:{WORK_NOUN}|{_WRITTEN_NOUN}|stor(?:y|ies)|tales?|ones?|some|any|best|those) $")
"""Words before "of the 19th century" that mean the work, unlike "wars" in "the wars of the 20th century"."""
_ABOUT_SOMETHING = any_case(r"\b(?:about|involving|featuring|concerning) (?:an?|some|two|three) [^,.;]*$")
"""Before "from the 18th century" this makes it the time of the plot: "about a ghost", but not "about grief"."""

_FILLERS = (
    r"(?:an?|any|another|ones?|those|these|the|of|all|be|been|is|was|are|were|it|that|which|something|anything|stuff"
    rf"|works?|want|need|like|from|{'|'.join((*MOVIE_NOUNS, *BOOK_NOUNS))})"
)
_DENIALS = (
    r"(?:not|nothing|none|no|nor|never|isn't|wasn't|aren't|weren't|don't|doesn't|didn't|won't|without|avoid(?:ing)?"
    r"|except(?: for)?|exclud(?:e|ing)|skip|hate|dislike|can't stand|(?:tired|sick|instead) of|(?:rather|other) than"
    r"|anything but|outside)"
)
_NEUTRAL = (
    r"(?:(?:have|has|need|needs) to be|need(?:n't| not) be|not (?:only|just|necessarily|exclusively)|why not"
    r"|(?:not|don't) (?:without|mind|care))"
)
_NEGATION_SUBJECT = r"(?:(?:that|which|it) (?:is|was|are|were) |(?:i|we) (?:(?:do|did|would) )?)?"
NEGATION = any_case(
    rf"\b{_NEGATION_SUBJECT}(?:(?P<neutral>{_NEUTRAL})|(?P<denied>{_DENIALS}))(?: {_FILLERS})* *$",
    r"\b(?P<unsure>no(?: [\w'-]+){1,3}|(?:don't|do not|didn't) (?:want|like)(?: [\w'-]+){1,4}) *$",
)
"""What may stand before a time that is not wanted.

After `denied` it is not wanted: "not", "nothing", "I don't want films". After `neutral` it is as good as any other: "it
doesn't have to be". After `unsure` that depends on the reader, and nothing is read: "no gore from the 80s".
"""

MAX_NEGATION_CHARACTERS = 60

# --- reading ---


class Years(NamedTuple):
    """The years asked for, the spans that name them, and the spans of unwanted times."""

    years: IntegerRange | None
    spans: list[Span]
    denied_spans: list[Span]


class _Period(NamedTuple):
    """A period: its first and last year, both included, and the span that names it."""

    first: int
    last: int
    span: Span


def read_years(query: Query, kind: Kind | None = None) -> Years:
    """Return when the works asked for came out; a number that may be a title is left alone.

    A range has no holes, so a period that is not wanted takes off one end: "not from the 19th century" asks for what
    came after it, "not from this century" for what came before.

    Args:
        query: The query.
        kind: The kind of work that it asks for, if any.
    """
    years, spans = _read_wanted(query, kind)
    denied_spans = []
    for span, period in _read_denied(query):
        denied_spans.append(span)
        years = _leave_out(years, *period) if period else years
    return Years(years, spans, denied_spans)


def _read_wanted(query: Query, kind: Kind | None) -> tuple[IntegerRange | None, list[Span]]:
    for read in (_read_between, _read_one_sided, _read_onwards):
        years, spans = read(query)
        if years:
            return years, spans
    for first, last, span in (*_periods_from(query), *_periods_of_noun(query), *_centuries_of_noun(query)):
        is_century = last - first >= LEAST_YEARS_OF_CENTURY
        if is_century and kind == "movie" and first < FIRST_FILM_YEAR:
            continue
        is_unfinished = is_century and last >= _this_year()
        return IntegerRange(gte=first, lte=None if is_unfinished else last), [span]
    in_brackets = YEAR_IN_BRACKETS.search(query.text)
    if in_brackets:
        year = int(in_brackets["year"])
        return IntegerRange(gte=year, lte=year), [in_brackets.span()]
    return None, []


def _read_between(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """Read both ends: "between 1960 and 1975"."""
    for match in BETWEEN.finditer(query.text):
        first, last = _years_of(match, 1)[0], _years_of(match, 2)[1]
        if first <= last and not _negation(query, match) and _dates_the_work(query, match):
            return IntegerRange(gte=first, lte=last), [match.span()]
    return None, []


def _read_one_sided(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """Read one end or both, each after its preposition: "since 1990 but before 2000". A negation reverses it."""
    gte: int | None = None
    lte: int | None = None
    spans = []
    for match in ONE_SIDED.finditer(query.text):
        negation = None if match["deny"] else _negation(query, match)
        is_denied = bool(match["deny"] or (negation and negation["denied"]))
        if (negation and not is_denied) or not _dates_the_work(query, match):
            continue
        first, last = _years_of(match, 1)
        border = last + 1 if match["until"] or match["after"] else first  # the first year on the later side
        is_upper = bool(match["before"] or match["until"]) != is_denied
        gte, lte = (gte, border - 1) if is_upper else (border, lte)
        spans.append(((negation or match).start(), match.end()))
    if not spans or (gte is not None and lte is not None and gte > lte):
        return None, []
    return IntegerRange(gte=gte, lte=lte), spans


def _read_onwards(query: Query) -> tuple[IntegerRange | None, list[Span]]:
    """Read the first end, before "on": "from 2010 on"."""
    for match in ONWARDS.finditer(query.text):
        if not _negation(query, match) and _dates_the_work(query, match):
            return IntegerRange(gte=_years_of(match, 1)[0]), [match.span()]
    return None, []


def _periods_from(query: Query) -> Iterator[_Period]:
    """Yield what follows "from", also at the very end: "about dinosaurs from 1993"."""
    for match in FROM.finditer(query.text):
        first, last = _years_spanned(match)
        is_one_year = match["of"] and first == last  # "victims of the 1994 genocide"
        if is_one_year or _negation(query, match) or not _dates_the_work(query, match, may_close=True):
            continue
        if not (_is_century(match) and _dates_something_else(query, match)):
            yield _Period(first, last, (match.end("maker") if match["maker"] else match.start(), match.end()))


def _periods_of_noun(query: Query) -> Iterator[_Period]:
    """Yield decades before a noun for a work: "a 90s thriller". A year there may be a title: "1917 film"."""
    for match in OF_NOUN.finditer(query.text):
        first, last = _years_spanned(match)
        is_asked = query.precedes_complements(match.start()) and not _negation(query, match)
        if first < last and is_asked and not _is_century(match):
            yield _Period(first, last, match.span())


def _centuries_of_noun(query: Query) -> Iterator[_Period]:
    """Yield centuries before a noun for a work; before "drama" or "film", an old one is the time of the plot."""
    for match in CENTURY_OF_NOUN.finditer(query.text):
        first, last = _years_spanned(match)
        is_asked = query.part(match.start()) == "request" if match["one"] else query.precedes_complements(match.start())
        is_old_plot = first < 1900 and not (match["written"] or match["one"] or match["classics"])
        if _is_century(match) and is_asked and not is_old_plot and not _negation(query, match):
            yield _Period(first, last, (match.start(), match.end("one") if match["one"] else match.end()))


def _read_denied(query: Query) -> Iterator[tuple[Span, tuple[int, int | None] | None]]:
    """Yield the times that are not wanted: the span with its negation, and the first and last year that it excludes.

    The years are None where the work may be of any year: a single unwanted year says too little, and "not set in the
    1960s" is about the plot.
    """
    taken: list[Span] = []
    for pattern in (BETWEEN, ONWARDS, FROM, SETTING, CENTURY_OF_NOUN, OF_NOUN, ALONE):
        for match in pattern.finditer(query.text):
            negation = _negation(query, match)
            if negation is None or not negation["denied"]:
                continue
            span = negation.start(), _end_with_noun(match)
            first, last = _years_spanned(match)
            may_be_title = first == last and pattern in (CENTURY_OF_NOUN, OF_NOUN, ALONE)
            is_dated = pattern is SETTING or _dates_the_work(query, match, span[0], may_close=True)
            if may_be_title or not is_dated or any(start < span[1] and span[0] < end for start, end in taken):
                continue
            taken.append(span)
            has_years = pattern is not SETTING and (first < last or pattern is ONWARDS)
            yield span, (first, None if pattern is ONWARDS else last) if has_years else None


def _leave_out(years: IntegerRange | None, first: int, last: int | None) -> IntegerRange | None:
    """Return the range without `first` to `last`: the years after them, or those before them if none come after.

    Unwanted years in the middle of the range, or covering all of it, change nothing.
    """
    gte, lte = (years.gte, years.lte) if years else (None, None)
    if last is None or last >= (_this_year() if lte is None else lte):
        is_possible = (gte is None or gte < first) and (lte is None or lte >= first)
        return IntegerRange(gte=gte, lte=first - 1) if is_possible else years
    if gte is None or first <= gte <= last:
        return IntegerRange(gte=last + 1, lte=lte)
    return years


def _negation(query: Query, match: re.Match[str]) -> re.Match[str] | None:
    """Return the match of the words before a time that keep it from being asked for; None where there are none."""
    return NEGATION.search(query.text, max(0, match.start() - MAX_NEGATION_CHARACTERS), match.start())


def _dates_the_work(query: Query, match: re.Match[str], start: int | None = None, *, may_close: bool = False) -> bool:
    """Return whether a time is the work's own, and not that of somebody or something in it.

    Args:
        query: The query.
        match: The match of the time.
        start: Where its negation begins, if there is one.
        may_close: Whether it may end the part that says what the work is about, as in "about dinosaurs from 1993".
    """
    start = match.start() if start is None else start
    if NOT_DATED.search(query.text[:start]):
        return False
    part = query.part(start)
    closes = may_close and part == "about" and not re.match(r" ?[\w']", query.text[match.end() :])
    groups = match.groupdict()
    return part == "request" or closes or bool(groups.get("made") or groups.get("maker"))


def _dates_something_else(query: Query, match: re.Match[str]) -> bool:
    """Return whether a century belongs to something in the work: "the wars of the 20th century"."""
    before = query.text[: match.start()]
    is_made = match["made"] or match["maker"]
    return not is_made and bool(_ABOUT_SOMETHING.search(before) or (match["of"] and not _WORKS_OF.search(before)))


def _is_century(match: re.Match[str]) -> bool:
    return bool(match["century1"] or match["bare1"])


def _end_with_noun(match: re.Match[str]) -> int:
    """Return where a time ends, or "one" or "classics" after it, which mean nothing once the time is taken out."""
    groups = match.re.groupindex
    return max(match.end(), *(match.end(name) if name in groups else -1 for name in ("one", "classics")))


def _years_spanned(match: re.Match[str]) -> tuple[int, int]:
    """Return the first and last year of one time or of two, as in "the 80s or early 90s"."""
    first, last = _years_of(match, 1)
    groups = match.groupdict()
    if not any(groups.get(f"{name}2") for name in ("year", "short", "word", "century", "bare")):
        return first, last
    first_of_second, last_of_second = _years_of(match, 2)
    return min(first, first_of_second), max(last, last_of_second)


def _years_of(match: re.Match[str], number: int) -> tuple[int, int]:
    """Return the first and last year of a year, a decade, a century, or a part of one."""
    stretch, part, year, short, word, century = (
        fold(match[f"{name}{number}"] or "") for name in ("stretch", "part", "year", "short", "word", "century")
    )
    part = _PARTS_OF_CENTURY.get(stretch, part)
    century = century or fold(match[f"bare{number}"] or "")
    if century:
        return _part_of(part, 100 * (_century_number(century) - 1), 10)
    if year:
        first = int(year)
        if not match[f"s{number}"] or first % 10:
            return first, first
        if first % 100 == 0 and first < 2000:
            return _part_of(part, first, 10)  # "the 1800s"
    elif word:
        first = DECADES[word]
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


def _this_year() -> int:
    return datetime.now(UTC).year
