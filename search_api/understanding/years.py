"""When the works asked for came out, as years: "from the 90s", "before 1970", "the past ten years"; pure.

Every time in a query is found first (`times.py`); then the words around it say whether it dates the works asked for.
"Set in the 1960s" and "a man from the 1950s" say when the plot happens or where a character comes from, and stay in the
text. So does what a person tells of themselves: "I was a child in the 80s".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from crawler.records import Kind
from search_api.records import IntegerRange
from search_api.understanding import year_words as words
from search_api.understanding.query import TAKEN, Query, Span
from search_api.understanding.scope import Scope
from search_api.understanding.times import RECENT_YEARS, Time, find_times, number_of

FIRST_FILM_YEAR = 1888
"""No film is older, so "a film from the 19th century" most likely means one that is set then."""


class Years(NamedTuple):
    """The years asked for, the spans that name them, and the spans of unwanted times."""

    years: IntegerRange | None
    spans: list[Span]
    denied_spans: list[Span]


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
    if not has_digit and not any(token.word in words.SIGNS for token in query.tokens):
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
        self.times = find_times(self.text, this_year)

    # --- wanted ---

    def uses(self, time: Time) -> Iterator[_Use]:
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

    def _bound(self, time: Time, lead: re.Match[str], negation: re.Match[str] | None) -> Iterator[_Use]:
        """Read one end: "since 1990", "before 2000". A negation reverses it: "nothing before 2000"."""
        is_denied = bool(negation and negation["denied"]) or (negation and negation["unsure"] and _plainly_no(negation))
        if (negation and not is_denied) or not self._dates_the_work(time, lead):
            return
        border = time.last + 1 if lead["until"] or lead["after"] else time.first  # the first year on the later side
        is_upper = bool(lead["before"] or lead["until"]) != bool(is_denied)
        span = (negation or lead).start(), time.end
        yield _Use(None, border - 1, span, _BOUND) if is_upper else _Use(border, None, span, _BOUND)

    def _range(self, time: Time, lead: re.Match[str] | None) -> Iterator[_Use]:
        """Read both ends: "between 1960 and 1975", "1990-1995"."""
        is_spanned = lead and (lead["between"] or lead["from"] or lead["made"])
        is_bounded = time.is_range and (is_spanned or (lead is None and self._is_keyword(time)))
        if is_bounded and self._dates_the_work(time, lead):
            yield _Use(time.first, time.last, (lead.start() if lead else time.start, time.end), _RANGE)

    def _open_ended(self, time: Time, lead: re.Match[str] | None) -> Iterator[_Use]:
        """Read the end that words after the time leave open: "from 2010 on", "the 60s or earlier"."""
        for pattern, is_onwards in ((words.ONWARDS, True), (words.BACKWARDS, False)):
            after = pattern.match(self.text, time.end)
            if (
                after
                and (lead is None or lead["from"] or lead["between"] or lead["within"])
                and self._dates_the_work(time, lead)
            ):
                span = (lead.start() if lead else time.start), after.end()
                yield _Use(time.first, None, span, _ONWARD) if is_onwards else _Use(None, time.last, span, _ONWARD)

    def _period(self, time: Time, lead: re.Match[str] | None) -> Iterator[_Use]:
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

    def _span_after(self, time: Time, lead: re.Match[str]) -> Span | None:
        """Return the span of a time with its preposition; None where it does not date the work."""
        is_made = lead["made"] or (lead["bare"] and time.sort == "relative")
        if not (is_made or self._is_of_works(time, lead)) or not self._dates_the_work(time, lead, may_close=True):
            return None
        return (lead.end("maker") if lead["maker"] else lead.start()), time.end

    def _is_of_works(self, time: Time, lead: re.Match[str]) -> bool:
        """Return whether "of", "in" or "from" before a time may date the work: "films of the 70s"."""
        before = self.text[max(0, lead.start() - words.MAX_WORDS_BEFORE) : lead.start()]
        is_one_year = time.first == time.last
        if self._precedes_length(time.end) or (self._follows_length(lead.start()) and self._is_whole(time)):
            return self.scope.part(lead.start()) == "request"
        if time.sort == "relative" and time.last < self.this_year - 1:  # the turn of the millennium
            return False
        if lead["of"]:  # "the best film of 1994", but not "victims of the 1994 genocide"
            return bool(words.WORKS_OF.search(before)) and not (is_one_year and not words.RANKED.search(before))
        if lead["within"]:
            first, last = self.scope.clause(lead.start())
            clause = self.text[
                max(first, lead.start() - words.MAX_WORDS_BEFORE) : min(last, time.end + words.MAX_WORDS_BEFORE)
            ]
            is_open = time.sort == "relative" and not words.PERSON.search(clause)
            return is_open or (not is_one_year and bool(words.RANKED.search(clause)))
        return bool(lead["from"]) and not (time.sort == "century" and words.ABOUT_SOMETHING.search(before))

    def _is_attributive(self, time: Time) -> bool:
        """Return whether a time stands before a noun for a work.

        A single year there may be a title ("1917 film"); an old century before "drama" or "film" is that of the plot.
        """
        if time.first == time.last or self.text[time.start - 1 : time.start] in ("'", "/", "-"):
            return False
        if time.sort != "century":
            return bool(words.BEFORE_NOUN.match(self.text, time.end)) and self.scope.asks(time.start)
        noun = words.CENTURY_BEFORE_NOUN.match(self.text, time.end)
        if noun is None or (time.first < 1900 and not (noun["written"] or noun["one"] or noun["classics"])):
            return False
        is_asked = self.scope.part(time.start) == "request" if noun["one"] else self.scope.asks(time.start)
        return is_asked and self.scope.role(time.start) == "asks"

    def _is_keyword(self, time: Time) -> bool:
        """Return whether a time stands alone, as in "slasher, 80s"; a single year only in "best horror 2017"."""
        low = max(0, time.start - words.MAX_WORDS_BEFORE)
        if time.first == time.last and not (
            words.RANKED.search(self.text, low, time.start) and words.AFTER_NOUN.search(self.text, low, time.start)
        ):
            return False
        has_article = time.sort != "relative" and self.text[time.start : time.end].lower().startswith("the ")
        is_alone = time.is_range or words.ALONE.match(self.text, time.end) or self._precedes_length(time.end)
        is_keyword = words.KEYWORD_BEFORE.search(self.text, max(0, time.start - 20), time.start)
        return bool(not has_article and is_alone and (is_keyword or self._follows_length(time.start)))

    def _is_whole(self, time: Time) -> bool:
        """Return whether a time is no part of a name or setting, as in "in the 90s Balkans"."""
        return bool(words.ALONE.match(self.text, time.end) or words.GOES_ON.match(self.text, time.end))

    def _follows_length(self, start: int) -> bool:
        return any(words.BESIDE_LENGTH.fullmatch(self.text, end, start) for _, end in self.lengths)

    def _precedes_length(self, end: int) -> bool:
        return any(words.BESIDE_LENGTH.fullmatch(self.text, end, start) for start, _ in self.lengths)

    def other_uses(self) -> Iterator[_Use]:
        """Yield the years that words without a number ask for: "a recent film", "nothing older than ten years"."""
        for match in words.AGE.finditer(self.text):
            if self._is_plainly_asked(match):
                least, most = match["least"], match["n"] or match["most"]
                gte, lte = (
                    (None, self.this_year - number_of(least)) if least else (self.this_year - number_of(most), None)
                )
                yield _Use(gte, lte, match.span(), _BOUND)
        for match in words.RECENT.finditer(self.text):
            if self._is_plainly_asked(match) and self.scope.polarity(*match.span()) == "wanted":
                yield _Use(self.this_year - RECENT_YEARS, None, match.span(), _PERIOD)
        for match in words.INTERWAR.finditer(self.text):
            if self._is_plainly_asked(match) and self.scope.polarity(*match.span()) == "wanted":
                yield _Use(*words.INTERWAR_YEARS, match.span(), _PERIOD)

    def _is_plainly_asked(self, match: re.Match[str]) -> bool:
        return self.scope.asks(match.start()) and not self.scope.is_unsure(match.start())

    def year_in_brackets(self) -> tuple[IntegerRange | None, list[Span]]:
        """Read "Heat (1995)". After a title that the person compares with, the year belongs to that title."""
        match = words.YEAR_IN_BRACKETS.search(self.text)
        if match is None or len(self.query.tokens) > words.MOST_WORDS_BEFORE_BRACKETS + 1:
            return None, []
        if TAKEN in self.text or words.COMPARED.search(self.text):
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
            is_used = opening or self._is_attributive_anywhere(time) or words.ALONE.match(self.text, time.end)
            if negation is None or not negation["denied"] or not is_used or (time.first == time.last and not opening):
                continue
            if not setting and not self._dates_the_work(time, lead, negation.start(), may_close=True):
                continue
            onwards = words.ONWARDS.match(self.text, time.end)
            span = negation.start(), onwards.end() if onwards else self._end_with_noun(time)
            has_years = not setting and (time.first < time.last or onwards)
            is_sure = has_years and not self.scope.is_unsure(time.start)
            yield span, ((time.first, None if onwards or time.sort == "relative" else time.last) if is_sure else None)

    def _is_attributive_anywhere(self, time: Time) -> bool:
        pattern = words.CENTURY_BEFORE_NOUN if time.sort == "century" else words.BEFORE_NOUN
        return bool(pattern.match(self.text, time.end))

    # --- words around a time ---

    def _lead(self, time: Time) -> re.Match[str] | None:
        return words.LEAD.search(self.text, max(0, time.start - words.MAX_WORDS_BEFORE), time.start)

    def _setting(self, time: Time) -> re.Match[str] | None:
        return words.SETTING.search(self.text, max(0, time.start - words.MAX_WORDS_BEFORE), time.start)

    def _dates_the_work(
        self, time: Time, lead: re.Match[str] | None, start: int | None = None, *, may_close: bool = False
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
        if words.NOT_DATED.search(self.text, max(0, start - words.MAX_WORDS_BEFORE), start):
            return False
        part = self.scope.part(start)
        closes = may_close and part == "about" and not re.match(r" ?[\w']", self.text[time.end : time.end + 2])
        is_made = bool(lead and (lead["made"] or lead["bare"]))
        return (part == "request" or closes or is_made) and (is_made or self.scope.role(start) == "asks")

    def _end_with_noun(self, time: Time) -> int:
        """Return where a time ends, or "one" or "classics" after it, which mean nothing once the time is taken out."""
        pattern = words.CENTURY_BEFORE_NOUN if time.sort == "century" else words.BEFORE_NOUN
        ends = [time.end]
        for match in (pattern.match(self.text, time.end), words.ALONE.match(self.text, time.end)):
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
