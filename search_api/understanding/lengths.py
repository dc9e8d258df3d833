"""How long the works asked for may be, in minutes or pages: "under two hours", "200 pages at most", "a short book".

Every amount of hours, minutes or pages is found first; then the words around it say which bound it is. An amount
without a bound ("two hours on the train") asks for nothing. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from crawler.records import Kind
from search_api.records import IntegerRange
from search_api.understanding.phrases import any_case, fold, word_set
from search_api.understanding.query import Query, Span
from search_api.understanding.scope import Scope
from search_api.understanding.times import DECADES

# --- words ---

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
    "forty": 40,
    "sixty": 60,
    "eighty": 80,
    "ninety": 90,
    "a hundred": 100,
    "one hundred": 100,
    "hundred": 100,
    "two hundred": 200,
    "three hundred": 300,
    "four hundred": 400,
    "five hundred": 500,
    "six hundred": 600,
    "a thousand": 1000,
    "one thousand": 1000,
}
"""Numbers in words, as amounts of hours, minutes or pages."""

AT_MOST = (
    "under",
    "below",
    "less than",
    "fewer than",
    "shorter than",
    "sub",
    "<",
    "at most",
    "at the most",
    "up to",
    "maximum",
    "max",
    "within",
    "<=",
    "≤",
    "limit",
    "capped at",
    "not exceeding",
)
AT_LEAST = ("over", "above", "more than", "longer than", "exceed", "exceeding", ">", "at least", "minimum", "min", ">=")
INCLUSIVE = frozenset(AT_MOST[AT_MOST.index("at most") :]) | {"at least", "minimum", "min", ">="}
"""Words before an amount. INCLUSIVE includes the amount itself; "under two hours" is up to 119 minutes."""

LONGEST_SHORT: Mapping[str, int] = {"runtime_minutes": 90, "page_count": 200}
SHORTEST_LONG: Mapping[str, int] = {"runtime_minutes": 150, "page_count": 500}
"""What "a short film" and "a long book" mean, in minutes and pages.

Of 11,158 films with a length, 25% have at most 90 minutes and 3% 150 or more. Of 1,199 books, 14% have at most 200
pages (many people call a novel of that length short) and 20% have 500 or more.
"""
SLACK = 0.1
"""How far from an amount "about 90 minutes" reaches, as a share of it: our choice, not a measurement."""

_SHORT = word_set("short short-ish shorter shortest shortish quick brief slim slender")
_SIGNS = word_set(
    "hour hours hr hrs h minute minutes min mins m page pages pp short shorter shortest shortish quick long "
    "longer lengthy brief fat thick slim slender sitting evening afternoon go chunky hefty doorstopper "
    "doorstoppers doorstop doorstops brick bricks"
)

# --- patterns ---

TENS: Mapping[str, int] = {"ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
_TENS = "|".join(TENS)
_TIME = (
    r" (?:(?:from|before|after|since|around|between|made|released|the|early|mid|late|in|of|a|\d)[ -])*"
    rf"(?:'?\d0s|(?:1[5-9]|20)\d0s|(?:1[5-9]|20)\d\d(?! ?[ap]m)|(?:last|past) (?:\w+ )?(?:years?|decades?|century)"
    rf"|\w+ century|(?:\w+[ -])?(?:{'|'.join(DECADES)}))\b"
)
"""A time after "from", "of" or "after" says when works were made: "under 90 minutes from the 1940s"."""
_NUMBER = "|".join(sorted(NUMBERS, key=len, reverse=True))
AMOUNT = any_case(
    r"(?<![\w.,$£€])(?:(?P<hours>\d{1,2}(?:[.,]\d{1,2})?"
    r"|" + _NUMBER + r")(?P<half> and a half)?(?P<quarter> and (?:a|one|three) quarters?)?"
    r"[ -]?(?:hours?|hrs?|h)"
    rf"(?P<half_after> and a half)?(?P<quarter_after> and (?:a|one"
    rf"|three) quarters?)?(?: ?(?:and )?(?P<rest>[0-5]?\d|{_TENS})(?: ?(?:minutes?|mins?|m))?)?"
    rf"|(?P<minutes>\d{{2,3}}|{_NUMBER})(?: or so)?[ -]?(?:minutes?|mins?)"
    rf"|(?P<pages>\d{{2,4}}|{_NUMBER})(?P<plus>\+)?(?: or so)?[ -]?(?:pages?|pp|pgs?))\b"
    rf"(?: long| in length)?(?(pages)|(?! of\b(?! (?:film|run|watch)|{_TIME})))"
    rf"(?(pages)|(?! from\b(?!{_TIME})))(?! (?:later|ago|away"
    r"|a day|a week|per|each"
    r"|drive|flight|train|commute|walk)\b)"
)
"""An amount of hours, minutes or pages: "two hours", "1h45", "an hour and a half", "90 minutes long", "300 pages"."""
_FIRST_OF_TWO = any_case(
    rf"(?<![\w.,$£€])(?P<first>\d{{1,4}}(?:[.,]\d)?|{_NUMBER})(?P<unit> ?(?:hours?|minutes?|mins?|pages?))? ?(?:-|to"
    rf"|and"
    rf"|or) ?$"
)
""" "90 to" of "90 to 120 minutes"."""
_TO_LIVE = any_case(rf" (?:to (?!kill|spare|fill|watch|read)|left\b|after\b(?!{_TIME}))")
_BOUND = "|".join(sorted((*AT_MOST, *AT_LEAST), key=len, reverse=True))
BOUND_BEFORE = any_case(
    r"(?:\b(?P<deny>not|nothing|nobody|no(?: \w+)?|never|none|cannot|without|\w+n't)(?: (?:be|being|will|would|can"
    r"|finish(?:es)?|reads?|sits? through|gets? through|takes?|go|goes|going|runs?"
    r"|running|lasts?|drags? on|for|that|that's|is|much|any|anything|far|a lot|too|want|exceed))* )?(?:"
    rf"(?<!\w)(?P<bound>{_BOUND}))(?: of)?(?: about| around)?[ -]?$"
)
""" "Under", "no more than", "nothing over"; "max" and "at most" may follow too."""
BOUND_AFTER = any_case(
    r"[ ,]*\(?(?:(?P<most>(?:or|and) (?:less|shorter|under|fewer|below)|tops|max(?:imum)?"
    r"|at (?:the )?(?:very )?(?:most|outside)"
    r"|limit"
    r"|(?:is|are|'s) (?:about |roughly |around |just |really )?(?:what|all|as much as|as long as|the most"
    r"|the limit of what)"
    r"(?: that)? (?:[\w']+ ){1,4}?(?:can|could|manages?|holds?|takes?|allows?|lasts?|stands?)\b"
    r"|or thereabouts max|is (?:my|our|the) (?:limit|max\w*))|(?P<least>(?:or|and) (?:more|longer|over|up|above)"
    r"|min(?:imum)?"
    r"|at (?:the )?(?:very )?least|plus)|(?P<too_long>(?:is|are|would be|'s) (?:way |far |just )?too long)|\+)(?!\w)"
)
""" "300 pages or less", "90 minutes max", "two hours tops"."""
_AVAILABLE = any_case(
    r"\b(?:i|we)(?:'ve| have|'ve got| have got| got|'ve only got| only have|'d)(?: only| just| about| maybe"
    r"| exactly)*(?: got)?"
    r"(?: only| just| about| roughly| like)* $|\b(?:got|have|only) (?:only |just )?$|\bcan (?:only "
    r"|just )?(?:concentrate|focus|sit (?:still|through)|stay awake|manage)(?: for)? $"
)
"""Before the time that a person has: "I only have 90 minutes"."""
_NOT_AVAILABLE = any_case(r"\b(?:\w+n't|not) (?:have|got|have got) (?:another )?$")
""" "We don't have three hours"."""
_AVAILABLE_AFTER = any_case(
    r" (?:to (?:kill|spare|fill)|free|spare|tonight|this evening|until|till|before|these days|at a time)\b|[ ]*(?:$"
    r"|[,.;!])"
)
_ABOUT = any_case(r"\b(?:about|around|roughly|approximately|approx\.?|circa|like|say|~) ?$")
_NOUN = (
    r"(?:films?|movies?|flicks?|watch|books?|novels?|reads?|documentar(?:y|ies)|comed(?:y|ies)|thrillers?|epics?"
    r"|doorstop(?:per)?s?|tomes?|ones?)\b"
)
_BEFORE_NOUN = any_case(rf"(?: [a-z-]+){{0,2}} {_NOUN}")
_OR_SO = any_case(r"(?:,? or (?:so|thereabouts)|-ish|ish|,? give or take)\b")
_ALONE_BEFORE = any_case(r"(?:^|[.;:!?,(])\s*$")
_ALONE_AFTER = any_case(r"\s*(?:$|[;:!?,)]|\.(?!\d)|please\b|pls\b)")
"""Around an amount that stands alone, which people give as the most: "comedy, 90 minutes, please"."""

_NOT_A_SIZE = (
    r"(?!(?:lost|distance|term|time|ago|running|dead|about|of|in|with|from|for|like|that|by|stor(?:y|ies)|and|but|on|as"
    r"|fiction|lived|forgotten|awaited|after|before|gone|way|day|week|night|weekend|haul|covid|since|the|my|to|is"
    r"|it)\b)"
)
SIZE = any_case(
    r"(?P<deny>\b(?:not|isn't|nothing|no) (?:an? |another )?(?:too |very |so |overly |that |super "
    r"|really )?)?(?<![\w-])"
    rf"(?P<size>short|short-ish|shorter|shortest|quick|brief|slim|slender|long|longer|lengthy|(?:big )?(?:fat|thick"
    rf"|chunky"
    rf"|hefty)(?= (?:[a-z-]+ )?(?:books?|novels?|reads?)\b))(?:,? {_NOT_A_SIZE}[a-z-]+){{0,2}}?"
    r" (?P<noun>films?|movies?|flicks?|watch|books?|novels?|reads?|comed(?:y|ies)|documentar(?:y|ies)|thrillers?"
    r"|westerns?|musicals?)\b"
)
""" "A short sad novel", "not a very long film", but not "a long lost film"."""
BARE_SIZE = any_case(
    r"(?P<deny>\b(?:not|isn't|nothing|aren't|can't be) (?:too|very|so|overly|that|super)) (?P<size>long|short"
    r"|lengthy)\b(?P<noun>)"
    r"(?! (?:ago|since|after|before|on|of a)\b)",
    r"(?<=something )(?P<size2>short|shorter|quick|brief|shortish|long)\b(?!-)(?! (?:stor|lived|of|on))",
    r"(?:(?<=keep it )|(?<=, )|(?<=preferably )|(?<=ideally )|(?<=and )|(?<=but ))(?P<size3>short|shortish)\b"
    r"(?=\s*(?:$|[,.;!]|and |please))",
)
""" "That isn't too long", "something short", where the request names film or book elsewhere."""
ONE_SITTING = any_case(
    r"\b(?:finish|read|get through)(?: it)? in (?:one (?:sitting|go|evening)|an? (?:single )?(?:evening|afternoon"
    r"|day))\b"
)
HUGE = any_case(
    r"\b(?:an?|any|some|good|big|fat|huge|proper|real|massive|thick|thousand[- ]page) (?P<huge>doorstop(?:per)?s?"
    r"|bricks? of a (?:book|novel))"
)
"""A very long book; "doorstoppers welcome" asks for nothing."""

MAX_WORDS_BEFORE = 60

# --- reading ---


class _Length(NamedTuple):
    unit: str
    bounds: IntegerRange
    span: Span


def read_length(
    query: Query, kind: Kind | None, scope: Scope | None = None
) -> tuple[dict[str, IntegerRange], list[Span]]:
    """Return the length asked for, by the field of `Filters` that holds it, and the spans that ask for it.

    An amount comes before a word such as "short". Pages are not read for films, nor hours and minutes for books.

    Args:
        query: The query.
        kind: The kind of work that it asks for, if any: "not too long" is in pages for a book.
        scope: The scope of the query, if the caller has one.
    """
    if not any(token.word in _SIGNS or token.word[0].isdigit() for token in query.tokens):
        return {}, []
    scope = scope or Scope(query)
    lengths: dict[str, _Length] = {}
    for length in (*_amounts(query, scope), *_sizes(query, kind, scope)):
        is_of_kind = kind != ("movie" if length.unit == "page_count" else "book")
        if is_of_kind and not scope.is_unsure(length.span[0]):
            lengths.setdefault(length.unit, length)
    if kind is None and len(lengths) > 1:  # a film or a book: each length would leave out the other kind
        return {}, []
    return {unit: length.bounds for unit, length in lengths.items()}, [length.span for length in lengths.values()]


def read_bare_size(query: Query, scope: Scope) -> str | None:
    """Return the word for a length that only the kind of work makes clear: "short" in "something hopeful but short"."""
    length = next(_sizes(query, "movie", scope), None)
    return query.text[slice(*length.span)] if length else None


def _amounts(query: Query, scope: Scope) -> Iterator[_Length]:
    for match in AMOUNT.finditer(query.text):
        length = _bounded(query.text, match)
        if length is None or scope.part(length.span[0]) == "clause":
            continue
        role, before = scope.role(match.start()), max(0, match.start() - MAX_WORDS_BEFORE)
        is_told = role == "reports" or (role == "talks" and not _AVAILABLE.search(query.text, before, match.start()))
        if is_told or _TO_LIVE.match(query.text, match.end()):
            continue
        polarity = scope.polarity(*length.span)
        if polarity == "denied":  # "I hate anything over two hours"
            length = length._replace(bounds=_reverse(length.bounds))
        if polarity != "neutral":
            yield length


def _reverse(bounds: IntegerRange) -> IntegerRange:
    """Return what is left when a range is refused: what is shorter, if the range leaves out anything shorter."""
    if bounds.gte is not None:
        return IntegerRange(lte=bounds.gte - 1)
    return IntegerRange(gte=bounds.lte + 1) if bounds.lte is not None else bounds


def _bounded(text: str, match: re.Match[str]) -> _Length | None:
    """Return the range that the words around an amount make of it; None where they make none."""
    amount, low, end = _amount_of(match), max(0, match.start() - MAX_WORDS_BEFORE), match.end()
    first = _FIRST_OF_TWO.search(text, low, match.start())
    start = first.start() if first else match.start()
    if before := BOUND_BEFORE.search(text, low, start):
        bounds, start = _bounds_before(before, amount), before.start()
    elif after := BOUND_AFTER.match(text, end):
        most = amount if after["most"] else amount - 1 if after["too_long"] else None
        bounds, end = IntegerRange(gte=amount) if most is None else IntegerRange(lte=most), after.end()
    elif first:
        least = round(
            _number(first["first"]) * (60 if "hour" in (first["unit"] or (match["hours"] and "hour") or "") else 1)
        )
        bounds = IntegerRange(gte=min(least, amount), lte=amount)
    elif missing := _NOT_AVAILABLE.search(text, low, start):
        bounds, start = IntegerRange(lte=amount - 1), missing.start()
    elif match["plus"]:
        bounds = IntegerRange(gte=amount)
    elif _is_most(text, match, low):
        bounds = IntegerRange(lte=amount)
    elif about := _ABOUT.search(text, low, start) or _OR_SO.match(text, end) or _BEFORE_NOUN.match(text, end):
        bounds, start = _around(amount), min(start, about.start())
    else:
        return None
    return _Length("page_count" if match["pages"] else "runtime_minutes", bounds, (start, end))


def _is_most(text: str, match: re.Match[str], low: int) -> bool:
    """Return whether an amount is the most by itself: the time that a person has, or an amount that stands alone."""
    if _ALONE_BEFORE.search(text, low, match.start()) and _ALONE_AFTER.match(text, match.end()):
        return True
    is_available = _AVAILABLE.search(text, low, match.start()) and _AVAILABLE_AFTER.match(text, match.end())
    return bool(is_available and not match["pages"])


def _around(amount: int) -> IntegerRange:
    return IntegerRange(gte=round(amount * (1 - SLACK)), lte=round(amount * (1 + SLACK)))


def _bounds_before(match: re.Match[str], amount: int) -> IntegerRange:
    """Return the range that a bound makes. "Under" leaves the amount itself out; a negation reverses a bound."""
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
    minutes = 60 * _number(match["hours"]) + _rest(match["rest"])
    quarter = match["quarter"] or match["quarter_after"]
    minutes += 0 if not quarter else 45 if "three" in fold(quarter) else 15
    return round(minutes + (30 if match["half"] or match["half_after"] else 0))


def _rest(words: str | None) -> int:
    """Return the minutes after full hours: "an hour forty"."""
    return 0 if words is None else TENS.get(fold(words)) or int(words)


def _number(words: str) -> float:
    return NUMBERS.get(fold(words)) or float(words.replace(",", "."))


def _sizes(query: Query, kind: Kind | None, scope: Scope) -> Iterator[_Length]:
    """Yield what "short" and "long" ask for; without a noun ("not too long") that needs the kind of work."""
    for pattern in (SIZE, BARE_SIZE) if kind else (SIZE,):
        for match in pattern.finditer(query.text):
            groups = match.groupdict()
            name = next(name for name in ("size", "size2", "size3") if groups.get(name))
            polarity = scope.polarity(match.start(name), match.end())
            is_denied = bool(groups.get("deny")) or polarity == "denied"
            if not (is_denied or polarity == "wanted") or not scope.asks(match.start()):
                continue
            noun = (groups.get("noun") or "").lower()
            is_book = kind == "book" or (kind is None and noun.startswith(("book", "novel", "read")))
            unit = "page_count" if is_book else "runtime_minutes"
            most = LONGEST_SHORT[unit] if match[name].lower() in _SHORT else SHORTEST_LONG[unit] - 1
            is_most = (match[name].lower() in _SHORT) != is_denied
            bounds = IntegerRange(lte=most) if is_most else IntegerRange(gte=most + 1)
            yield _Length(unit, bounds, (match.start(), match.end(name)))
    if kind == "book" and (sitting := ONE_SITTING.search(query.text)) and scope.role(sitting.start()) == "asks":
        yield _Length("page_count", IntegerRange(lte=LONGEST_SHORT["page_count"]), sitting.span())
    for match in HUGE.finditer(query.text):
        if kind != "movie" and scope.asks(match.start()) and scope.polarity(*match.span()) == "wanted":
            yield _Length("page_count", IntegerRange(gte=SHORTEST_LONG["page_count"]), match.span("huge"))
