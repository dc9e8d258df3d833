"""When the works asked for came out, as years: "from the 90s", "before 1970", "the past ten years"; pure.

Every time in a query is found first (`_find_times`); then the words around it say whether it dates the works asked for.
"Set in the 1960s" and "a man from the 1950s" say when the plot happens or where a character comes from, and stay in the
text. So does what a person tells of themselves: "I was a child in the 80s".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from crawler.records import Kind
from search_api.records import IntegerRange
from search_api.understanding.phrases import WORK_NOUN, any_case, fold, word_set
from search_api.understanding.query import TAKEN, Query, Span
from search_api.understanding.scope import Scope

LEAST_YEARS_OF_CENTURY = 40
"""A longer period is a century or a part of one, a shorter one a decade or two."""
FIRST_FILM_YEAR = 1888
"""No film is older, so "a film from the 19th century" most likely means one that is set then."""
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

_SIGNS = word_set(
    "century centuries year years decade decades millennium recent recently newest latest new newer newly "
    "interwar wars tens thousands noughties naughties aughts"
) | frozenset(DECADES)
"""A query without one of these words and without a digit names no time."""

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
AGE = any_case(
    rf"\b(?P<deny>no|not|nothing) (?:{WORK_NOUN} )?older than (?P<n>\d{{1,3}}"
    rf"|{'|'.join(filter(None, NUMBERS))}) years?\b(?: old)?",
    rf"\b{WORK_NOUN} (?:that (?:is|are) |that's )?(?:older than|over|more than|at least) (?P<least>\d{{1,3}}"
    rf"|{'|'.join(filter(None, NUMBERS))}) years\b(?: old)?",
    rf"\b{WORK_NOUN} (?:that (?:is|are) |that's )?(?:less than|under|at most|no more than) (?P<most>\d{{1,3}}"
    rf"|{'|'.join(filter(None, NUMBERS))}) years old\b",
)
""" "Nothing older than ten years", "films at least 30 years old"."""
RECENT = any_case(
    r"\b(?:(?P<made>(?:recently|newly) (?:made|released|published|written|out)|(?:came|come|coming"
    r"|comes) out (?:recently|lately)"
    r"|brand[- ]new|new(?:est)? releases?)"
    rf"|(?P<noun>(?:more |most |very |fairly )?recent|latest|newest|newer|(?:(?<=any )|(?<=good )|(?<=best )"
    rf"|(?<=great ))new)"
    rf"(?= (?:[a-z-]+ ){{0,2}}?(?:{WORK_NOUN}|releases?\b|ones?\b|stuff\b))"
    r"|(?P<said>(?<=something )|(?<=anything )|(?<=fairly )|(?<=something more )|(?<=be ))(?:recent|newer)(?! than|\w))"
)
""" "A recent film", "something more recent", "newly released", "any good new horror". "A new book" is mostly any other
one, and is not read."""
_WRITTEN_NOUN = (
    r"(?:books?|novels?|novellas?|fiction|literature|poetry|poems?|poets?|prose|plays?|playwrights?|writings?|writers?"
    r"|authors?|novelists?)\b"
)
INTERWAR = any_case(
    rf"\binter-?war (?:\w+ )?{_WRITTEN_NOUN}|\b(?:written|published|(?:novels|fiction|poetry|books) (?:of|from)) "
    r"(?:in )?(?:the )?(?:inter-?war (?:years|period)|between the (?:two )?(?:world )?wars)\b"
)
""" "Interwar novels"; with a film it mostly is the time of the plot."""
INTERWAR_YEARS = 1919, 1939

_FROM = r"f(?:rom|rm|orm|om|romm)"
"""Also as it is often mistyped, before a time."""
_MADE = (
    r"(?P<made>made|released|published|written|shot|filmed|produced|(?:came|come|comes|coming) out|out|dating|appeared)"
)
LEAD = any_case(
    rf"(?:\b{_MADE} (?P<maker>by(?: [\w'-]+){{1,4}}? )?)?(?:\b(?:from|in|back|only) )?"
    r"\b(?:(?P<before>before|older than|earlier than|prior to|pre|predating)|(?P<until>until|up to|till?|up till)"
    r"|(?P<after>after|newer than|later than|more recent than|post)|(?P<since>since|starting(?: in| from)?)"
    rf"|(?P<between>between|in between)|(?P<from>{_FROM})|(?P<of>of)|(?P<within>in|during|within|over|throughout))"
    r"(?:[ -](?:about|around|roughly|say|like|sometime in))?[ -]?$",
    r"\b(?P<bare>made|released|published|written|shot|filmed|(?:came|come|comes|coming) out|out) $",
)
"""The words right before a time: "made before", "since", "written by a woman in"."""
SETTING = any_case(
    r"\b(?:set|taking place|takes? place|happen(?:s|ing)?|based)(?: (?:back|right|sometime|entirely))? (?:in|during"
    r"|around|between"
    r"|before|after|from|at|towards) $"
)
"""Words before the time of a plot, which is read after a negation only: "not set in the 19th century"."""
_RANGE_JOINT = any_case(r" ?- ?| (?:and|to|until|till|through|up to) (?:the )?")
_OR_JOINT = any_case(r" ?(?:/|-|,? or|and|to|&) ?(?:from )?(?:the )?|-? ?(?:/|-|or|and|to) ?(?:the )?|,? ")
_ONWARDS = any_case(
    r",? (?:onwards?|on|(?:and|or) (?:later|newer|after|onwards?|above|up)|(?:and|to|till?|until|through) (?:now"
    r"|today|the present|this year))\b"
    r"(?! (?:the|a|my|tv|netflix)\b)|\+"
)
_BACKWARDS = any_case(r",? (?:and|or) (?:earlier|older|before)\b(?! than)")
_BEFORE_NOUN = any_case(
    r"(?: (?!nostalgi|kid|set|style|inspired|theme|music)[a-z-]+)?(?: (?:romantic|horror|crime|action|comedy|drama"
    r"|family|kitchen sink|fantasy|sci-?fi|[a-z]+(?:ish|ese|ian|ean|can)|french))?"
    rf"(?: {WORK_NOUN}| (?P<one>ones?\b))"
)
""" "A 90s thriller", "1980s horror movies", "an 80s one"."""
_CENTURY_BEFORE_NOUN = any_case(
    r"(?: (?!nostalgi|set |style|inspired|theme|music|art |histor|period|costume|war |politic|philosoph|science b)"
    rf"[a-z-]+){{0,2}}? (?:(?P<one>ones?\b)|(?P<classics>classics?\b)|(?P<written>{_WRITTEN_NOUN})|{WORK_NOUN})"
)
""" "A 19th-century novel", "20th century Russian fiction", "not a 19th century one"."""
_ALONE = any_case(r" *(?:$|[,.;!?)\0]| (?:(?P<one>ones?)|and|or|but|please|pls|with|about|only)\b)")
"""A time with nothing beside it, which is read after a negation ("no 19th century, please"), or as a keyword."""
_BESIDE_LENGTH = any_case(r",? (?:(?:and|but|or|of) )?")
"""Between a length, which is the work's own, and the time beside it, which is so too: "under two hours, in the 90s"."""
_GOES_ON = any_case(
    rf" (?:that|which|who|where|when|if|so|to|by|for|from|like|set|made|directed|starring|i|we|{WORK_NOUN})\b"
)
"""What may follow the time of a work: "under two hours in the 90s that makes me laugh"."""
_KEYWORD_BEFORE = any_case(rf"(?:^|[,.;!?(]|ideally|preferably|{WORK_NOUN}) *$")
""" "Horror movies 80s", "slasher, 1970s"."""
_AFTER_NOUN = any_case(rf"{WORK_NOUN} $")
YEAR_IN_BRACKETS = re.compile(r"\((?P<year>1[89]\d\d|20\d\d)\)$")
""" "Heat (1995)"."""
_COMPARED = any_case(r"\b(?:like|similar|vein|loved|liked|hated|than|as)\b")
MOST_WORDS_BEFORE_BRACKETS = 6

NOT_DATED = any_case(
    r"\b(?:m[ae]n|wom[ae]n|boys?|girls?|kids?|people|persons?|soldiers?|guys?|characters?|travell?ers?|letters?"
    r"|messages?|diar(?:y|ies)|photos?|music|songs?|visitors?|someone|child(?:ren)?|inspired|adapted|born|lived?|living"
    r"|clothes|fashion|bands?|am|i'm|we're) (?:made |out )?$"
)
"""Words before "from the 50s" that the time belongs to, instead of to the work."""
_AGE_OF_PERSON = any_case(r"\b(?:my|his|her|their|your|our|someone's|in) (?:(?:very )?(?:early|mid|late)[ -])?$")
""" "A woman in her 50s"."""
_WORKS_OF = any_case(
    rf"\b(?:{WORK_NOUN}|{_WRITTEN_NOUN}|stor(?:y|ies)|tales?|ones?|some|any|best|those|gems?|hits?|releases?"
    r"|masterpieces?|must-?(?:see|read|watch)s?|stuff|something|anything|everything|out) $"
)
"""Words before "of the 19th century" that mean the work, unlike "wars" in "the wars of the 20th century"."""
_ABOUT_SOMETHING = any_case(r"\b(?:about|involving|featuring|concerning) (?:an?|some|two|three) [^,.;]*$")
"""Before "from the 18th century" this makes it the time of the plot: "about a ghost", but not "about grief"."""
_PERSON = any_case(r"\b(?:i|me|my|we|us|our|i've|we've|he|she|his|her|they)\b")
_RANKED = any_case(r"\b(?:best|top|greatest|finest)\b")

MAX_WORDS_BEFORE = 80
"""How many characters before a time are searched for the words that belong to it."""

# --- times ---


class Years(NamedTuple):
    """The years asked for, the spans that name them, and the spans of unwanted times."""

    years: IntegerRange | None
    spans: list[Span]
    denied_spans: list[Span]


class _Time(NamedTuple):
    """A time that a query names: its first and last year, both included, and its span.

    `sort` is "year", "decade", "century" or "relative". `is_range` is true for two times with "to" between them.
    """

    first: int
    last: int
    start: int
    end: int
    sort: str
    is_range: bool = False


class _Use(NamedTuple):
    """How the words around a time use it. The bounds are those asked for; the span has the words that say so."""

    gte: int | None
    lte: int | None
    span: Span
    order: int
    """Of the uses of a query, those of the lowest order count: a range, bounds, "onwards", a period."""


def read_years(
    query: Query,
    kind: Kind | None = None,
    *,
    today: date,
    scope: Scope | None = None,
    lengths: Sequence[Span] = (),
) -> Years:
    """Return when the works asked for came out; a number that may be a title is left alone.

    A range has no holes, so a period that is not wanted takes off one end: "not from the 19th century" asks for what
    came after it, "not from this century" for what came before.

    Args:
        query: The query.
        kind: The kind of work that it asks for, if any.
        today: The day from which "the past ten years" and "this year" are counted.
        scope: The scope of the query, if the caller has one.
        lengths: The spans that ask for a length.
    """
    has_digit = re.search(r"\d", query.text)
    if not has_digit and not any(token.word in _SIGNS for token in query.tokens):
        return Years(None, [], [])
    reader = _Reader(query, scope or Scope(query), kind, today.year, lengths)
    wanted = [use for time in reader.times for use in reader.uses(time)] + [*reader.other_uses()]
    years, spans = _combine(wanted) if wanted else reader.year_in_brackets()
    denied_spans = []
    for span, period in reader.denied():
        denied_spans.append(span)
        years = _leave_out(years, *period, today.year) if period else years
    return Years(years, spans, denied_spans)


def _combine(uses: list[_Use]) -> tuple[IntegerRange | None, list[Span]]:
    """Return the range of the uses that count: all bounds together, of other uses the first."""
    order = min(use.order for use in uses)
    first, *others = (use for use in uses if use.order == order)
    if order != _BOUND:
        return IntegerRange(gte=first.gte, lte=first.lte), [first.span]
    gte, lte, spans = first.gte, first.lte, [first.span]
    for use in others:
        gte = use.gte if use.gte is not None else gte
        lte = use.lte if use.lte is not None else lte
        spans.append(use.span)
    if gte is not None and lte is not None and gte > lte:
        return None, []
    return IntegerRange(gte=gte, lte=lte), spans


_RANGE, _BOUND, _ONWARD, _PERIOD = range(4)


class _Reader:
    """The times of one query, and how each is used."""

    def __init__(self, query: Query, scope: Scope, kind: Kind | None, this_year: int, lengths: Sequence[Span]) -> None:
        self.query, self.scope, self.kind, self.this_year, self.lengths = query, scope, kind, this_year, lengths
        self.text = query.text
        self.times = _join_times(self.text, sorted(_find_times(self.text, this_year), key=lambda time: time.start))

    # --- wanted ---

    def uses(self, time: _Time) -> Iterator[_Use]:
        """Yield how a time is asked for; nothing where it is denied, unsure, or not the work's own."""
        if self.scope.role(time.start) == "reports" or self.scope.is_unsure(time.start) or self._setting(time):
            return
        lead = self._lead(time)
        start = lead.start() if lead else time.start
        negation = self.scope.negation(start)
        is_bound = lead and (lead["before"] or lead["until"] or lead["after"] or lead["since"])
        if lead and is_bound and not time.is_range:
            yield from self._bound(time, lead, negation)
        elif negation is None:
            yield from self._range(time, lead)
            yield from self._open_ended(time, lead)
            yield from self._period(time, lead)

    def _bound(self, time: _Time, lead: re.Match[str], negation: re.Match[str] | None) -> Iterator[_Use]:
        """Read one end: "since 1990", "before 2000". A negation reverses it: "nothing before 2000"."""
        is_denied = bool(negation and negation["denied"]) or (negation and negation["unsure"] and _plainly_no(negation))
        if (negation and not is_denied) or not self._dates_the_work(time, lead):
            return
        border = time.last + 1 if lead["until"] or lead["after"] else time.first  # the first year on the later side
        is_upper = bool(lead["before"] or lead["until"]) != bool(is_denied)
        span = (negation or lead).start(), time.end
        yield _Use(None, border - 1, span, _BOUND) if is_upper else _Use(border, None, span, _BOUND)

    def _range(self, time: _Time, lead: re.Match[str] | None) -> Iterator[_Use]:
        """Read both ends: "between 1960 and 1975", "1990-1995"."""
        is_spanned = lead and (lead["between"] or lead["from"] or lead["made"])
        is_bounded = time.is_range and (is_spanned or (lead is None and self._is_keyword(time)))
        if is_bounded and self._dates_the_work(time, lead):
            yield _Use(time.first, time.last, (lead.start() if lead else time.start, time.end), _RANGE)

    def _open_ended(self, time: _Time, lead: re.Match[str] | None) -> Iterator[_Use]:
        """Read the end that words after the time leave open: "from 2010 on", "the 60s or earlier"."""
        for pattern, is_onwards in ((_ONWARDS, True), (_BACKWARDS, False)):
            after = pattern.match(self.text, time.end)
            if (
                after
                and (lead is None or lead["from"] or lead["between"] or lead["within"])
                and self._dates_the_work(time, lead)
            ):
                span = (lead.start() if lead else time.start), after.end()
                yield _Use(time.first, None, span, _ONWARD) if is_onwards else _Use(None, time.last, span, _ONWARD)

    def _period(self, time: _Time, lead: re.Match[str] | None) -> Iterator[_Use]:
        """Read a period: "from the 90s", "made in 1994", "films of the 1970s", "a 90s thriller", "horror, 80s"."""
        if lead:
            span = self._span_after(time, lead)
        elif self._is_attributive(time):
            span = time.start, self._end_with_noun(time)
        elif self._is_keyword(time) and self.scope.asks(time.start):
            span = time.start, time.end
        else:
            span = None
        if span is None or (time.sort == "century" and self.kind == "movie" and time.first < FIRST_FILM_YEAR):
            return
        is_unfinished = time.sort == "relative" or (time.sort == "century" and time.last >= self.this_year)
        yield _Use(time.first, None if is_unfinished and time.last >= self.this_year else time.last, span, _PERIOD)

    def _span_after(self, time: _Time, lead: re.Match[str]) -> Span | None:
        """Return the span of a time with its preposition; None where it does not date the work."""
        is_made = lead["made"] or (lead["bare"] and time.sort == "relative")
        if not (is_made or self._is_of_works(time, lead)) or not self._dates_the_work(time, lead, may_close=True):
            return None
        return (lead.end("maker") if lead["maker"] else lead.start()), time.end

    def _is_of_works(self, time: _Time, lead: re.Match[str]) -> bool:
        """Return whether "of", "in" or "from" before a time may date the work: "films of the 70s"."""
        before = self.text[max(0, lead.start() - MAX_WORDS_BEFORE) : lead.start()]
        is_one_year = time.first == time.last
        if self._precedes_length(time.end) or (self._follows_length(lead.start()) and self._is_whole(time)):
            return self.scope.part(lead.start()) == "request"
        if time.sort == "relative" and time.last < self.this_year - 1:  # the turn of the millennium
            return False
        if lead["of"]:  # "the best film of 1994", but not "victims of the 1994 genocide"
            return bool(_WORKS_OF.search(before)) and not (is_one_year and not _RANKED.search(before))
        if lead["within"]:
            first, last = self.scope.clause(lead.start())
            clause = self.text[max(first, lead.start() - MAX_WORDS_BEFORE) : min(last, time.end + MAX_WORDS_BEFORE)]
            is_open = time.sort == "relative" and not _PERSON.search(clause)
            return is_open or (not is_one_year and bool(_RANKED.search(clause)))
        return bool(lead["from"]) and not (time.sort == "century" and _ABOUT_SOMETHING.search(before))

    def _is_attributive(self, time: _Time) -> bool:
        """Return whether a time stands before a noun for a work.

        A single year there may be a title ("1917 film"); an old century before "drama" or "film" is that of the plot.
        """
        if time.first == time.last or self.text[time.start - 1 : time.start] in ("'", "/", "-"):
            return False
        if time.sort != "century":
            return bool(_BEFORE_NOUN.match(self.text, time.end)) and self.scope.asks(time.start)
        noun = _CENTURY_BEFORE_NOUN.match(self.text, time.end)
        if noun is None or (time.first < 1900 and not (noun["written"] or noun["one"] or noun["classics"])):
            return False
        is_asked = self.scope.part(time.start) == "request" if noun["one"] else self.scope.asks(time.start)
        return is_asked and self.scope.role(time.start) == "asks"

    def _is_keyword(self, time: _Time) -> bool:
        """Return whether a time stands alone, as in "slasher, 80s"; a single year only in "best horror 2017"."""
        low = max(0, time.start - MAX_WORDS_BEFORE)
        if time.first == time.last and not (
            _RANKED.search(self.text, low, time.start) and _AFTER_NOUN.search(self.text, low, time.start)
        ):
            return False
        has_article = time.sort != "relative" and self.text[time.start : time.end].lower().startswith("the ")
        is_alone = time.is_range or _ALONE.match(self.text, time.end) or self._precedes_length(time.end)
        is_keyword = _KEYWORD_BEFORE.search(self.text, max(0, time.start - 20), time.start)
        return bool(not has_article and is_alone and (is_keyword or self._follows_length(time.start)))

    def _is_whole(self, time: _Time) -> bool:
        """Return whether a time is no part of a name or setting, as in "in the 90s Balkans"."""
        return bool(_ALONE.match(self.text, time.end) or _GOES_ON.match(self.text, time.end))

    def _follows_length(self, start: int) -> bool:
        return any(_BESIDE_LENGTH.fullmatch(self.text, end, start) for _, end in self.lengths)

    def _precedes_length(self, end: int) -> bool:
        return any(_BESIDE_LENGTH.fullmatch(self.text, end, start) for start, _ in self.lengths)

    def other_uses(self) -> Iterator[_Use]:
        """Yield the years that words without a number ask for: "a recent film", "nothing older than ten years"."""
        for match in AGE.finditer(self.text):
            if self._is_plainly_asked(match):
                least, most = match["least"], match["n"] or match["most"]
                gte, lte = (None, self.this_year - _number(least)) if least else (self.this_year - _number(most), None)
                yield _Use(gte, lte, match.span(), _BOUND)
        for match in RECENT.finditer(self.text):
            if self._is_plainly_asked(match) and self.scope.polarity(*match.span()) == "wanted":
                yield _Use(self.this_year - RECENT_YEARS, None, match.span(), _PERIOD)
        for match in INTERWAR.finditer(self.text):
            if self._is_plainly_asked(match) and self.scope.polarity(*match.span()) == "wanted":
                yield _Use(*INTERWAR_YEARS, match.span(), _PERIOD)

    def _is_plainly_asked(self, match: re.Match[str]) -> bool:
        return self.scope.asks(match.start()) and not self.scope.is_unsure(match.start())

    def year_in_brackets(self) -> tuple[IntegerRange | None, list[Span]]:
        """Read "Heat (1995)". After a title that the person compares with, the year belongs to that title."""
        match = YEAR_IN_BRACKETS.search(self.text)
        if match is None or len(self.query.tokens) > MOST_WORDS_BEFORE_BRACKETS + 1:
            return None, []
        if TAKEN in self.text or _COMPARED.search(self.text):
            return None, []
        return IntegerRange(gte=int(match["year"]), lte=int(match["year"])), [match.span()]

    # --- unwanted ---

    def denied(self) -> Iterator[tuple[Span, tuple[int, int | None] | None]]:
        """Yield the times that are not wanted: the span with its negation, and the first and last year to leave out.

        The years are None where the work may be of any year: a single unwanted year says too little, and "not set in
        the 1960s" is about the plot.
        """
        for time in self.times:
            setting, lead = self._setting(time), self._lead(time)
            if lead and (lead["before"] or lead["until"] or lead["after"] or lead["since"]) and not setting:
                continue
            opening = setting or (lead if lead and (lead["from"] or lead["between"] or lead["made"]) else None)
            start = opening.start() if opening else time.start
            negation = self.scope.negation(start)
            is_used = opening or self._is_attributive_anywhere(time) or _ALONE.match(self.text, time.end)
            if negation is None or not negation["denied"] or not is_used or (time.first == time.last and not opening):
                continue
            if not setting and not self._dates_the_work(time, lead, negation.start(), may_close=True):
                continue
            onwards = _ONWARDS.match(self.text, time.end)
            span = negation.start(), onwards.end() if onwards else self._end_with_noun(time)
            has_years = not setting and (time.first < time.last or onwards)
            is_sure = has_years and not self.scope.is_unsure(time.start)
            yield span, ((time.first, None if onwards or time.sort == "relative" else time.last) if is_sure else None)

    def _is_attributive_anywhere(self, time: _Time) -> bool:
        pattern = _CENTURY_BEFORE_NOUN if time.sort == "century" else _BEFORE_NOUN
        return bool(pattern.match(self.text, time.end))

    # --- words around a time ---

    def _lead(self, time: _Time) -> re.Match[str] | None:
        return LEAD.search(self.text, max(0, time.start - MAX_WORDS_BEFORE), time.start)

    def _setting(self, time: _Time) -> re.Match[str] | None:
        return SETTING.search(self.text, max(0, time.start - MAX_WORDS_BEFORE), time.start)

    def _dates_the_work(
        self, time: _Time, lead: re.Match[str] | None, start: int | None = None, *, may_close: bool = False
    ) -> bool:
        """Return whether a time is the work's own, and not that of somebody or something in it.

        Args:
            time: The time.
            lead: The match of the words before it.
            start: Where its negation begins, if there is one.
            may_close: Whether it may end the part that says what the work is about, as in "about dinosaurs from 1993".
        """
        if start is None:
            start = lead.start() if lead else time.start
        if NOT_DATED.search(self.text, max(0, start - MAX_WORDS_BEFORE), start):
            return False
        part = self.scope.part(start)
        closes = may_close and part == "about" and not re.match(r" ?[\w']", self.text[time.end : time.end + 2])
        is_made = bool(lead and (lead["made"] or lead["bare"]))
        return (part == "request" or closes or is_made) and (is_made or self.scope.role(start) == "asks")

    def _end_with_noun(self, time: _Time) -> int:
        """Return where a time ends, or "one" or "classics" after it, which mean nothing once the time is taken out."""
        pattern = _CENTURY_BEFORE_NOUN if time.sort == "century" else _BEFORE_NOUN
        ends = [time.end]
        for match in (pattern.match(self.text, time.end), _ALONE.match(self.text, time.end)):
            groups = match.groupdict() if match else {}
            ends += [match.end(name) for name in ("one", "classics") if match and groups.get(name)]
        return max(ends)


def _plainly_no(negation: re.Match[str]) -> bool:
    """Return whether an unsure negation is "no" with one noun, which denies a bound: "no westerns before 1950"."""
    return bool(re.fullmatch(r"no [\w'-]+ *", negation["unsure"], re.IGNORECASE))


def _leave_out(years: IntegerRange | None, first: int, last: int | None, this_year: int) -> IntegerRange | None:
    """Return the range without `first` to `last`: the years after them, or those before them if none come after.

    Unwanted years in the middle of the range, or covering all of it, change nothing.
    """
    gte, lte = (years.gte, years.lte) if years else (None, None)
    if last is None or last >= (this_year if lte is None else lte):
        is_possible = (gte is None or gte < first) and (lte is None or lte >= first)
        return IntegerRange(gte=gte, lte=first - 1) if is_possible else years
    if gte is None or first <= gte <= last:
        return IntegerRange(gte=last + 1, lte=lte)
    return years


# --- finding times ---


def _find_times(text: str, this_year: int) -> Iterator[_Time]:
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
            yield _Time(first, last, *match.span(), sort)
    for match in RELATIVE.finditer(text):
        yield _Time(*_years_back(match, this_year), *match.span(), "relative")


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
    return this_year - _number(match["n"] or "") * (10 if fold(match["unit"]).startswith("decade") else 1), this_year


def _number(words: str) -> int:
    name = fold(words).replace("-", " ")
    return NUMBERS[name] if name in NUMBERS else int(name)


def _join_times(text: str, times: list[_Time]) -> list[_Time]:
    """Return the times with neighbours joined: "the 80s or early 90s", "1990-1995", "the 18th to the 20th century"."""
    joined: list[_Time] = []
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
                joined[-1] = _Time(first, last, previous.start, time.end, sort, is_range)
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
