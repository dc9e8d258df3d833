"""The words that requests are made of, as tables and patterns: `intent.py` and `facts.py` read by them.

The words people use to ask for values are not here but in the taxonomy, beside the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.languages import ASKED_LANGUAGES


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for a table that fits in a few lines."""
    return frozenset(text.split())


def any_case(*alternatives: str) -> re.Pattern[str]:
    """A pattern that any of the alternatives matches, in capitals or not."""
    return re.compile("|".join(alternatives), re.IGNORECASE)


MOVIE_NOUNS = ("film", "films", "movie", "movies", "flick", "flicks", "feature film", "feature films")
BOOK_NOUNS = ("book", "books", "novel", "novels", "novella", "novellas", "audiobook", "page turner", "pageturner")
STORY_NOUNS = ("story", "stories", "tale", "tales", "fiction", "read", "watch")
NOUNS = frozenset((*MOVIE_NOUNS, *BOOK_NOUNS, *STORY_NOUNS))

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
"""Decades in words. Digits work the same way, except that "00s" and "10s" are of this century."""

PARTS_OF_DECADE: Mapping[str, tuple[int, int]] = {"": (0, 9), "early": (0, 4), "mid": (3, 7), "late": (5, 9)}
"""The first and last year of each, from the decade's first."""

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

AT_MOST = ("under", "below", "less than", "fewer than", "shorter than", "at most", "up to", "maximum", "max", "within")
AT_LEAST = ("over", "above", "more than", "longer than", "at least", "minimum")
INCLUSIVE = frozenset(("at most", "up to", "maximum", "max", "within", "at least", "minimum"))

LONGEST_SHORT: Mapping[str, int] = {"runtime_minutes": 90, "page_count": 200}
SHORTEST_LONG: Mapping[str, int] = {"runtime_minutes": 150, "page_count": 500}
"""What "a short film" and "a long book" mean: a choice that most people would agree with, not a measurement."""


def _with_nouns(*words: str) -> tuple[str, ...]:
    """The word before each noun for a work: "war" alone is a theme, "a war film" asks for the genre."""
    return tuple(f"{word} {noun}" for word in words for noun in (*MOVIE_NOUNS, *BOOK_NOUNS))


Names = tuple[str, ...]
GENRES: tuple[tuple[Names, tuple[Names, ...]], ...] = (
    # what people say, and the catalogue's names for it; two groups of names: the work has both genres
    ((*_with_nouns("action"), "action thriller", "action thrillers", "action comedy"), (("action",),)),
    (_with_nouns("adventure"), (("adventure",),)),
    (("animation", "animations", "cartoon", "cartoons", *_with_nouns("animated", "animation")), (("animation",),)),
    (("biography", "biographies"), (("biography",),)),
    (("comedy", "comedies"), (("comedy", "humor", "humour"),)),
    ((*_with_nouns("crime"), "crime drama", "crime thriller", "crime fiction"), (("crime",),)),
    (("documentary", "documentaries"), (("documentary",),)),
    (("drama", "dramas"), (("drama",),)),
    (("family film", "family films", "family movie", "family movies"), (("family",),)),
    (("fantasy", "fantasies"), (("fantasy",),)),
    (("graphic novel", "graphic novels"), (("graphic novels", "comics"),)),
    (("history book", "history books"), (("history",),)),
    (("horror", "horrors"), (("horror",),)),
    (("memoir", "memoirs"), (("memoir",),)),
    (("musical", "musicals"), (("music", "musical"),)),
    (("mystery", "mysteries", "whodunit", "whodunits"), (("mystery",),)),
    (("nonfiction", "non fiction"), (("non fiction", "nonfiction"),)),
    (("poetry", "poems"), (("poetry",),)),
    (("romance", "romances"), (("romance",),)),
    (("rom com", "rom coms", "romcom", "romcoms", "romantic comedy", "romantic comedies"), (("romance",), ("comedy",))),
    (("sci fi", "scifi", "science fiction"), (("science fiction", "sci fi"),)),
    (("short stories", "short story collection"), (("short stories",),)),
    (("thriller", "thrillers"), (("thriller",),)),
    (_with_nouns("war"), (("war",),)),
    (("western", "westerns"), (("western",),)),
    (("ya", *_with_nouns("ya")), (("young adult",),)),
)

MAY_FOLLOW_GENRE = word_set(
    "about and at based but by directed for from in involving is like made no not or over please set similar starring "
    "that this to under unlike we where which who with without written"
)
"""A genre stands at the end of what is asked for, or before one of these or a noun for a work: so neither
"western civilisation" nor "a mystery man" asks for one."""

# --- how a value is asked for ---

COMPARATIVES: Mapping[str, tuple[tuple[str, float], ...]] = {
    "lighter": (("light", 0.5), ("dark", -0.5)),
    "brighter": (("bright", 0.5), ("bleak", -0.5)),
    "happier": (("happy", 0.5), ("sad", -0.5)),
    "softer": (("gentle", 0.5), ("violent", -0.5)),
    "gentler": (("gentle", 0.5), ("violent", -0.5)),
    "warmer": (("warm", 0.5), ("bleak", -0.5)),
}
"""Comparatives that ask for less of one thing as much as for more of another, in asking words of the taxonomy."""

LEADING = word_set(
    "and or but with about that which is are be 's of for by as at on where it's its so also just please preferably "
    "ideally a an some something anything"
)
TRAILING = word_set(
    "and or but with about that which is are be of for from by as at on a an the some something anything it's to in "
    "like preferably ideally also it i i'm we me"
)
"""Words that say nothing at the start or end of what is left when parts of a query are taken out."""

# --- the shape of a query ---

QUOTED = re.compile(r'"[^"\n]{1,200}"')

_MARKER = (
    r"\[(?:tomt|tip of my tongue|movies?|films?|books?|novels?|tv(?: show)?|series|early|mid|late|\d{2,4}|'\d0)"
    r"[^\]\n]{0,30}\]"
)
MARKERS = any_case(rf"(?:\s*{_MARKER})+")
"""The labels that people put before a question: [TOMT][MOVIE][2000s]."""

REMEMBERED = any_case(
    r"\[tomt\]|\[?\btip of (?:my|the) tongue\b",
    r"\b(?:i|i'm|im|can|could|vaguely|barely|faintly|only|trying to|can't|cannot|don't|not) (?:remember|recall)\b",
    r"\bi (?:once |first )?(?:watched|read) (?:it|this|one|when|as an?|back|in|on|about|years|a (?:few|long|while))\b",
    r"\bi (?:once|first) saw\b",
    r"\bwhat(?:'s| is| was) that\b",
    r"\b(?:what(?:'s| is| was) (?:the|that|this)|name of (?:the|a|this|that)) (?:name|title|movie|film|book|novel)\b",
    r"\bdo(?:es)? (?:anyone|anybody|you) (?:know|remember|recogni[sz]e)\b",
    r"\bhelp me (?:identify|remember|find (?:the|this|that))\b",
    r"(?<!\bhow )\bi (?:saw|seen|used to|can't find|believe|think(?! i(?:'d|'m| want| need| would| am| could)))\b",
    r"\b(?:as a (?:kid|child)|can't figure out|trying to (?:identify|figure out|find (?:the|this|that|my))"
    r"|help (?:me )?(?:identifying|finding (?:an?|the|this|that)))\b",
    r"\b(?:what|which|anyone (?:know|recogni[sz]e)) (?:\w+ )?(?:movie|film|book|novel) (?:is|was) (?:this|it|that)\b",
)
"""Somebody looks for one work they can't name, and what they remember may be wrong."""

_SOME_WORK = r"(?= (?:an?|some|something|anything|films?|movies?|books?|novels?)\b)"
CLEAR_REQUEST = any_case(
    r"\b(?:find me|recommend(?: me)?|suggest(?: me)?|in the mood for|give me|show me|looking for|searching for"
    rf"|i(?:'d| would)?(?: really)? (?:want|like|need)){_SOME_WORK} "
)
"""How a request begins that can be told from a plot even in a long text."""

_OPENINGS = (
    r"(?:hi|hello|hey)(?: there| all| everyone| guys)?\b",
    r"(?:please|kindly|ok|okay|so)\b",
    r"(?:can|could|would|will) (?:you|anyone|someone|anybody|somebody)(?: please)?\b",
    r"(?:find|show|give|get|recommend|suggest|tell) (?:me|us)\b",
    rf"(?:recommend|suggest|find|show)\b{_SOME_WORK}",
    (
        r"(?:i|we)(?:'m| am|'re| are|'d| would| really| just|'ve been| have been)*"
        r" (?:want|wanna|need|like|love|looking|searching|in the mood|up|after|hoping|craving|fancy|feel like)"
        rf"(?: to (?:watch|see|read|find)| watching| reading| for)*\b(?:{_SOME_WORK}|(?=\W*$))"
    ),
    r"(?:looking|searching) for\b",
    rf"in (?:the mood for|need of)\b{_SOME_WORK}",
    r"(?:watch|see|read|find)\b(?= (?:an?|some|something|anything)\b)",
    r"(?:any|some|good|great|best|top)?\s*(?:recommendations?|suggestions?|ideas)(?: (?:for|of))?\b",
    rf"(?:what(?:'s| is| are)|are there|is there)(?: an?| any| some)?(?: good| great)?\b{_SOME_WORK}",
    r"(?:what|how) about\b",
    r"what (?:should|can|could) (?:i|we) (?:watch|read|see)(?: next)?\b",
    r"(?:the )?(?:best|top|greatest)\b(?= (?:films?|movies?|books?|novels?)\b)",
    r"(?:something|anything|some|any|a few|tonight|this weekend)\b",
    r"(?:that|which)(?:'s| is| are| will| would)?\b",
)
OPENING = any_case(rf"[\s,.:!?\0-]*(?:{'|'.join(_OPENINGS)})")
"""What a request opens with before it says anything."""

POLITE_END = any_case(
    r"(?:\b(?:please|thanks?(?: you)?(?: so much| a lot| in advance)?|thx|tonight|this weekend|recommendations?"
    r"|suggestions?)\b[\s,.!?:)]*)+$"
)

UNSURE = any_case(
    r"\b(?:maybe|possibly|probably|perhaps|likely|might|could be|not sure|pretty sure|guess(?:ing)?|roughly)\b"
)
"""Who says so may be wrong about the facts."""

OTHER_DENIAL = any_case(
    r"(?:[,.;\0]|\b(?:but|and|with|(?:that|which) (?:is|are)|that's|something|anything))\s*"
    r"(?P<cut>\b(?:not (?:too |very |so |overly |an? )?|no |nothing (?:too |very )?|without (?:any |too much |an? )?)"
    r"(?!(?:one|matter|longer|idea|only|just|like|more|less|from|before|after|to|too|very|so|sure|the)\b)[\w'-]+)"
)
"""A negated word in the head that no table knows."""

# --- facts ---

KIND_NOUN = any_case(
    rf"(?<![\w'-])(?:(?P<movie>{'|'.join(MOVIE_NOUNS)}|to watch)"
    rf"|(?P<book>{'|'.join(BOOK_NOUNS)}|page-turner|to read"
    r"|(?<=[a-z] )reads?(?= *(?:$|[,.;!?\0]))))"
    r"(?![\w'-]| (?:noir|makers?|making|director|crew|stars?|theat\w+|studio|student|industry|festival|school|critic"
    r"|buffs?|clubs?|shops?|stores?|sellers?|lovers?|adaptations?)\b)"
)
_PART_OF = "".join(rf"(?<!\b{sort} )" for sort in ("kind", "sort", "type", "list", "lots", "couple", "best")) + "of"
NOT_A_KIND = any_case(
    rf"\b(?:with|{_PART_OF}|by|from|into|on|than|same|no|not|nothing|without|comic|love|learn(?:s|ed|ing|t)?|how|able"
    r"|taught|started?|begins?|writing|writes) (?:an? |the |his |her |their |this |that )?$"
)
"""Before a film or book these make it a thing in the work, or no request: "by the author of the book"."""

_WORK_NOUN = (
    r"(?:films?|movies?|flicks?|books?|novels?|comed(?:y|ies)|dramas?|thrillers?|horrors?|westerns?|romances?|rom-?coms?"
    r"|sci-?fi|science fiction|action|classics?|musicals?|documentar(?:y|ies)|cartoons?|myster(?:y|ies)|cinema"
    r"|animation)\b"
)
_DENY = r"(?P<deny>\b(?:not|nothing|no|isn't|never|don't want anything|no \w+) )?"
_MADE_THEN = r"(?P<made>made|released|published|written|shot|filmed|produced|came out|coming out|out)"
_MADE = rf"(?:{_MADE_THEN} )?"


def _year(number: int) -> str:
    """The expression of a year or decade, its groups numbered so that a pattern can hold two."""
    return (
        rf"(?:the )?(?:(?P<part{number}>early|mid|late)[ -])?(?:(?P<year{number}>1[5-9]\d\d|20\d\d)(?P<s{number}>'?s)?"
        rf"|'?(?P<short{number}>\d0)'?s|(?P<word{number}>{'|'.join(DECADES)}))(?![\w'-]*\w)"
    )


_OR_YEAR = rf"(?: ?(?:/|-|or|and|to)? ?{_year(2)})?(?! ?/)"
YEARS_BETWEEN = any_case(rf"\b{_MADE}(?:between|from) {_year(1)}(?: ?- ?| and | to | until | through ){_year(2)}")
YEARS_ON = any_case(
    rf"\b{_MADE}(?:from |in )?{_year(1)} (?:onwards?|on|(?:and|or) (?:later|newer|after)|to (?:now|today))\b"
)
YEARS_SIDE = any_case(
    rf"{_DENY}\b{_MADE}(?:(?P<before>before|older than|earlier than|prior to|pre(?=-))|(?P<until>until|up to)"
    rf"|(?P<after>after|newer than|later than|more recent than)|since)[ -]{_year(1)}"
)
YEARS_FROM = any_case(
    rf"{_DENY}\b(?:{_MADE_THEN} (?:from|in|during)|from|(?P<decade_only>of(?= the ))) {_year(1)}{_OR_YEAR}"
)
YEARS_OF_NOUN = any_case(
    rf"(?<![\w'/-]){_year(1)}{_OR_YEAR}(?= (?:(?!nostalgi|kid|set|style|inspired|theme|music)[a-z-]+ )?{_WORK_NOUN})"
)
REMEMBERED_YEARS = any_case(
    r"(?:(?P<part>early|mid|late)[ -]{0,3}(?:the )?)?(?:(?P<decade>(?:19\d|20[012])0)'?s"
    r"|(?<![\d$])'?(?P<short>[2-9]0)'?s\b"
    r"|(?<![\d$#])(?P<year>19[1-9]\d|20[0-2]\d)(?!\d|%| ?(?:minutes|miles|dollars|people)))"
)
"""A time anywhere in a description, labels included, be it the work's, the plot's or that of seeing it."""
YEAR_IN_BRACKETS = re.compile(r"\((?P<year>1[89]\d\d|20\d\d)\)$")
NOT_DATED = any_case(
    r"\b(?:m[ae]n|wom[ae]n|boys?|girls?|kids?|people|persons?|soldiers?|guys?|characters?|travell?ers?|letters?"
    r"|messages?|diar(?:y|ies)|photos?|music|songs?|visitors?|someone|child(?:ren)?|inspired|adapted) (?:made |out )?$"
)
"""Before "from the 50s" these are of that time, not the work."""

_NUMBER = "|".join(sorted(NUMBERS, key=len, reverse=True))
_AMOUNT = (
    rf"(?:(?P<hours>\d{{1,2}}(?:[.,]\d)?|{_NUMBER})(?P<half> and a half)?[ -]?(?:hours?|hrs?|h)"
    r"(?P<half_after> and a half)?(?: ?(?:and )?(?P<rest>[0-5]?\d) ?(?:minutes?|mins?|m)?)?"
    rf"|(?P<minutes>\d{{2,3}}|{_NUMBER})[ -]?(?:minutes?|mins?)|(?P<pages>\d{{2,4}}|{_NUMBER})[ -]?(?:pages?|pp))\b"
    r"(?: long| in length)?(?! (?:to|left|later|ago|away|before|after|from|of|a day)\b)"
)
LENGTH = any_case(
    rf"{_DENY}\b(?P<bound>{'|'.join((*AT_MOST, *AT_LEAST))})(?: of)?(?: about| around)? {_AMOUNT}",
)
LENGTH_FIRST = any_case(
    rf"(?<![\w.,]){_AMOUNT},? (?:(?P<most>(?:or|and) (?:less|shorter|under|fewer|below)|tops|max(?:imum)?|at most)"
    r"|(?:or|and) (?:more|longer|over|up)|min(?:imum)?|at least)\b"
)
SIZE = any_case(
    r"(?P<deny>\bnot (?:an? )?(?:too |very |so |overly |that )?)?(?<![\w-])(?P<size>short|quick|long|lengthy)"
    r"(?:,? (?!(?:lost|distance|term|time|ago|running|dead|about|of|in|with|from|for|like|that|by|stor(?:y|ies)|and"
    r"|but)\b)[a-z-]+){0,2}? (?P<noun>films?|movies?|flicks?|watch|books?|novels?|reads?)\b"
)
BARE_SIZE = any_case(r"(?P<deny>\b(?:not|isn't|nothing) (?:too|very|so|overly|that)) (?P<size>long|short)\b(?P<noun>)")

_LANGUAGE = "|".join(ASKED_LANGUAGES)
_PLAIN_ADJECTIVE = (
    "romantic|horror|crime|animated|science|fiction|sci-fi|action|comedy|drama|thriller|family|fantasy|black|dark|sad"
    "|funny|short|long|old|classic|silent|good|great"
)
IN_LANGUAGE = any_case(
    rf"(?P<deny>\bnot )?\b(?:spoken |written )?in (?P<names>(?:{_LANGUAGE})(?: or (?:{_LANGUAGE}))?)"
    r"(?= *(?:$|[,.;!?)\0]| (?:and|or|but|with|from|about|under|please|that|which)\b))"
)
LANGUAGE_SAID = any_case(rf"(?P<deny>\b(?:not|no|non|not an?)[ -])?\b(?P<names>{_LANGUAGE})[ -](?:language|speaking)\b")
LANGUAGE_OF_NOUN = any_case(
    rf"(?P<deny>\b(?:not|no|non|not an?)[ -])?\b(?!english )(?P<names>(?:{_LANGUAGE})(?: or (?:{_LANGUAGE}))?)"
    rf"(?=(?: (?:{_PLAIN_ADJECTIVE})){{0,2}} {_WORK_NOUN})"
)
"""A "French horror film", but no "Korean War film"; "an English film" is more often a country's than a language's."""
