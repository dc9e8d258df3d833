"""The hard facts a query asks for: film or book, years, length, language, genres; pure.

A fact is read in the query's head; the same words told of a plot ("a man from the 1950s") are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from crawler.languages import ASKED_LANGUAGES
from crawler.records import Kind
from search_api.records import Choice, Filters, IntegerRange
from search_api.understanding import phrases
from search_api.understanding.query import Phrase, Query, Span, find_phrases

Years = tuple[IntegerRange | None, list[Span]]


class Facts(NamedTuple):
    """The facts asked for, the spans that say so, and the spans that name what is unwanted."""

    filters: Filters
    spans: list[Span]
    denied_spans: list[Span]


def read_facts(query: Query, genres: Collection[str]) -> Facts:
    """The facts that a query asks for; of somebody who is unsure of them, only film or book."""
    kind, kind_spans = _read_kind(query)
    if phrases.UNSURE.search(query.text):
        return Facts(Filters(kind=kind), kind_spans, [])
    years, year_spans = _read_years(query)
    length, length_spans = _read_length(query, kind)
    language, language_spans = _read_language(query)
    choice, denied_spans = _read_genres(query, genres)
    filters = Filters(kind=kind, year=years, language=language, genres=choice, **length)
    return Facts(filters, [*kind_spans, *year_spans, *length_spans, *language_spans], denied_spans)


def _fold(text: str) -> str:
    """The text as the tables spell it. A pattern that ignores case lets "i" stand for the Turkish letters too."""
    return text.replace("İ", "i").replace("ı", "i").casefold()  # noqa: RUF001


def _read_kind(query: Query) -> tuple[Kind | None, list[Span]]:
    """Film or book, where the head names one of them: "a film about a book" is a film."""
    kinds: set[Kind] = set()
    spans = []
    for match in phrases.KIND_NOUN.finditer(query.text):
        before = query.text[max(0, match.start() - 30) : match.start()]
        is_purpose = match[0].lower().startswith("to ")  # "about friendship, something to read"
        is_asked = query.in_first_head(match.start()) or (is_purpose and query.place(match.start()) == "head")
        if is_asked and not phrases.NOT_A_KIND.search(before):
            kinds.add("movie" if match["movie"] else "book")
            spans.append(match.span())
    return (kinds.pop() if len(kinds) == 1 else None), spans


# --- years ---


def _read_years(query: Query) -> Years:
    """When the work came out. A number that may be a title, or the time of the plot, is left alone."""
    for read in (_read_years_between, _read_years_beside, _read_years_on, _read_years_from, _read_years_of_noun):
        years, spans = read(query)
        if years:
            return years, spans
    return None, []


def _read_years_between(query: Query) -> Years:
    """Both ends: "between 1960 and 1975"."""
    for match in phrases.YEARS_BETWEEN.finditer(query.text):
        first, last = _years_of(match, 1)[0], _years_of(match, 2)[1]
        if first <= last and _dates_the_work(query, match):
            return IntegerRange(gte=first, lte=last), [match.span()]
    return None, []


def _read_years_on(query: Query) -> Years:
    """The first end, said after it: "from 2010 on"."""
    for match in phrases.YEARS_ON.finditer(query.text):
        if _dates_the_work(query, match):
            return IntegerRange(gte=_years_of(match, 1)[0]), [match.span()]
    return None, []


def _read_years_beside(query: Query) -> Years:
    """One end or both, said before it: "before 1970", "since the 80s", each turned round by a negation."""
    gte: int | None = None
    lte: int | None = None
    spans = []
    for match in phrases.YEARS_SIDE.finditer(query.text):
        if not _dates_the_work(query, match):
            continue
        first, last = _years_of(match, 1)
        border = last + 1 if match["until"] or match["after"] else first  # the first year on the later side
        is_upper = bool(match["before"] or match["until"]) != bool(match["deny"])
        gte, lte = (gte, border - 1) if is_upper else (border, lte)
        spans.append(match.span())
    if not spans or (gte is not None and lte is not None and gte > lte):
        return None, []
    return IntegerRange(gte=gte, lte=lte), spans


def _read_years_from(query: Query) -> Years:
    """A year or decade: "from the 90s", "made in 1994"; also at the very end, "about dinosaurs from 1993"."""
    for match in phrases.YEARS_FROM.finditer(query.text):
        first, last = _years_spanned(match)
        is_one_year = match["decade_only"] and first == last  # "victims of the 1994 genocide"
        if not match["deny"] and not is_one_year and _dates_the_work(query, match, may_close=True):
            return IntegerRange(gte=first, lte=last), [match.span()]
    return None, []


def _read_years_of_noun(query: Query) -> Years:
    """A decade before its noun, "a 90s thriller", or a year in brackets; "1917 film" may name a film."""
    for match in phrases.YEARS_OF_NOUN.finditer(query.text):
        first, last = _years_spanned(match)
        if first < last and query.in_first_head(match.start()):
            return IntegerRange(gte=first, lte=last), [match.span()]
    in_brackets = phrases.YEAR_IN_BRACKETS.search(query.text)
    if in_brackets:
        year = int(in_brackets["year"])
        return IntegerRange(gte=year, lte=year), [in_brackets.span()]
    return None, []


def _dates_the_work(query: Query, match: re.Match[str], *, may_close: bool = False) -> bool:
    """Whether a time is the work's own and not that of somebody or something in it."""
    if phrases.NOT_DATED.search(query.text[: match.start()]):
        return False
    place = query.place(match.start())
    closes = may_close and place == "about" and not re.match(r" ?[\w']", query.text[match.end() :])
    return place == "head" or closes or bool(match["made"])


def _years_spanned(match: re.Match[str]) -> Span:
    """The first and last year of an expression or of two, as in "the 80s or early 90s"."""
    first, last = _years_of(match, 1)
    if not (match["year2"] or match["short2"] or match["word2"]):
        return first, last
    first_of_second, last_of_second = _years_of(match, 2)
    return min(first, first_of_second), max(last, last_of_second)


def _years_of(match: re.Match[str], number: int) -> Span:
    """The first and last year of a year, a decade or a part of one, or a century."""
    year, short, word, part = (_fold(match[f"{name}{number}"] or "") for name in ("year", "short", "word", "part"))
    if year:
        first = int(year)
        if not match[f"s{number}"] or first % 10:
            return first, first
        if first % 100 == 0 and first < 2000:
            return first, first + 99
    elif word:
        first = phrases.DECADES[word]
    else:
        first = (2000 if int(short) < 20 else 1900) + int(short)
    start, end = phrases.PARTS_OF_DECADE[part]
    return first + start, first + end


# --- length ---


def _read_length(query: Query, kind: Kind | None) -> tuple[dict[str, IntegerRange], list[Span]]:
    """How long the work may be, in minutes or pages: "under two hours", "300 pages or less", "a short film"."""
    for pattern in (phrases.LENGTH, phrases.LENGTH_FIRST):
        for match in pattern.finditer(query.text):
            if query.place(match.start()) != "clause":
                return {_unit_of(match): _bounds_of(match)}, [match.span()]
    size = phrases.SIZE.search(query.text) or (phrases.BARE_SIZE.search(query.text) if kind else None)
    if size is None or not query.in_first_head(size.start()):
        return {}, []
    noun = size["noun"].lower()
    is_book = noun.startswith(("book", "novel", "read")) or (not noun and kind == "book")
    unit = "page_count" if is_book else "runtime_minutes"
    is_short = size["size"].lower() in ("short", "quick")
    most = phrases.LONGEST_SHORT[unit] if is_short else phrases.SHORTEST_LONG[unit] - 1
    bounds = IntegerRange(lte=most) if is_short != bool(size["deny"]) else IntegerRange(gte=most + 1)
    return {unit: bounds}, [(size.start(), size.end("size"))]


def _unit_of(match: re.Match[str]) -> str:
    """The field of `Filters` that holds an amount."""
    return "page_count" if match["pages"] else "runtime_minutes"


def _bounds_of(match: re.Match[str]) -> IntegerRange:
    """The range that an amount bounds. "Under" leaves the amount itself out; a negation turns a bound round."""
    amount = _amount_of(match)
    if "bound" not in match.re.groupindex:
        return IntegerRange(lte=amount) if match["most"] else IntegerRange(gte=amount)
    bound = _fold(match["bound"])
    is_denied = bool(match["deny"])
    is_inclusive = (bound in phrases.INCLUSIVE) != is_denied
    if (bound in phrases.AT_MOST) != is_denied:
        return IntegerRange(lte=amount if is_inclusive else amount - 1)
    return IntegerRange(gte=amount if is_inclusive else amount + 1)


def _amount_of(match: re.Match[str]) -> int:
    """The number of pages or minutes."""
    if match["pages"] or match["minutes"]:
        return round(_number(match["pages"] or match["minutes"]))
    minutes = 60 * _number(match["hours"]) + int(match["rest"] or 0)
    return round(minutes + (30 if match["half"] or match["half_after"] else 0))


def _number(words: str) -> float:
    return phrases.NUMBERS.get(_fold(words)) or float(words.replace(",", "."))


# --- language ---


def _read_language(query: Query) -> tuple[Choice | None, list[Span]]:
    """The language the work was made in."""
    match = next(_languages_said(query), None)
    if match is None:
        return None, []
    codes = tuple(code for name in _fold(match["names"]).split(" or ") for code in ASKED_LANGUAGES[name])
    return (Choice(none=codes) if match["deny"] else Choice(any=codes)), [match.span()]


def _languages_said(query: Query) -> Iterator[re.Match[str]]:
    for pattern in (phrases.IN_LANGUAGE, phrases.LANGUAGE_SAID):
        for match in pattern.finditer(query.text):
            if query.place(match.start()) in ("head", "about"):
                yield match
    for match in phrases.LANGUAGE_OF_NOUN.finditer(query.text):
        if query.in_first_head(match.start()):
            yield match


# --- genres ---


@lru_cache(maxsize=8)
def _genre_phrases(genres: frozenset[str]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """What people say for a genre, and the catalogue's names for it; two groups of names: the work has both genres."""
    named: dict[str, list[str]] = {}
    # Filters ignore case: of names that differ in nothing else, one is enough.
    for name in sorted({name.casefold(): name for name in sorted(genres, reverse=True)}.values()):
        named.setdefault(" ".join(re.split(r"[\s_-]+", name.casefold())).strip(), []).append(name)
    found: dict[str, tuple[tuple[str, ...], ...]] = {
        spoken: (tuple(names),) for spoken, names in named.items() if " " in spoken
    }
    for spoken, groups in phrases.GENRES:
        catalogue = tuple(tuple(name for key in group for name in named.get(key, ())) for group in groups)
        if all(catalogue):
            found |= dict.fromkeys(spoken, catalogue)
    return found


def _read_genres(query: Query, genres: Collection[str]) -> tuple[Choice | None, list[Span]]:
    """The genres wanted and unwanted, by the catalogue's names, and the spans of the unwanted."""
    known = _genre_phrases(frozenset(genres))
    asked: list[Phrase] = []
    unwanted: list[str] = []
    spans = []
    for phrase in find_phrases(query, known):
        if phrase.weight <= -1 and query.place(query.tokens[phrase.start].start) == "head":
            unwanted += [name for names in known[phrase.words] for name in names]
            spans.append(query.span(phrase.start, phrase.last))
        elif phrase.weight > 0 and _is_genre_request(query, phrase, known):
            asked.append(phrase)
    if not asked and not unwanted:
        return None, []
    wanted = list(dict.fromkeys(names for phrase in asked for names in known[phrase.words]))
    if len(wanted) == 1 or (len(asked) > 1 and re.search(r"\bor\b|/", query.text, re.IGNORECASE)):
        return Choice(any=tuple(name for names in wanted for name in names), none=tuple(unwanted)), spans
    # A Choice holds one "at least one of": a second genre with several names stays with the text.
    several = [names for names in wanted if len(names) > 1]
    one_each = tuple(names[0] for names in wanted if len(names) == 1)
    return Choice(any=several[0] if several else (), all=one_each, none=tuple(unwanted)), spans


def _is_genre_request(query: Query, phrase: Phrase, known: Container[str]) -> bool:
    """Whether a genre's name asks for works of that genre."""
    if not query.in_first_head(query.tokens[phrase.first].start):
        return False
    if query.word(phrase.first - 1) in ("of", "the", "by", "anti"):  # "the mystery of", "anti-war"
        return False
    if not query.joined(phrase.last):
        return True
    following = query.word(phrase.last + 1)
    return following in phrases.MAY_FOLLOW_GENRE or following in phrases.NOUNS or following in known
