"""Tables and patterns of the words of requests, for the readers of this package.

Years, lengths and genres have their words beside their readers. The words people ask for values with are in the
taxonomy, beside the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.languages import ASKED_LANGUAGES


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, for a table that fits in a few lines."""
    return frozenset(text.split())


def any_case(*alternatives: str) -> re.Pattern[str]:
    """Return a pattern that matches any of the alternatives, in upper or lower case."""
    return re.compile("|".join(alternatives), re.IGNORECASE)


def fold(text: str) -> str:
    """Return the text as the tables spell it. Patterns that ignore case match the Turkish letters for "i" too."""
    return text.replace("İ", "i").replace("ı", "i").casefold()  # noqa: RUF001


MOVIE_NOUNS = ("film", "films", "movie", "movies", "flick", "flicks", "feature film", "feature films")
BOOK_NOUNS = ("book", "books", "novel", "novels", "novella", "novellas", "audiobook", "page turner", "pageturner")
STORY_NOUNS = ("story", "stories", "tale", "tales", "fiction", "read", "watch")
NOUNS = frozenset((*MOVIE_NOUNS, *BOOK_NOUNS, *STORY_NOUNS))

WORK_NOUN = (
    r"(?:films?|movies?|flicks?|books?|novels?|comed(?:y|ies)|dramas?|thrillers?|horrors?|westerns?|romances?|rom-?coms?"
    r"|sci-?fi|science fiction|action|classics?|musicals?|documentar(?:y|ies)|cartoons?|myster(?:y|ies)|cinema"
    r"|animation)\b"
)
"""A noun for works that a year or a language may stand before: "a 90s thriller", "French comedies"."""

# --- how a value is asked for ---

COMPARATIVES: Mapping[str, tuple[tuple[str, float], ...]] = {
    "lighter": (("light", 0.5), ("dark", -0.5)),
    "brighter": (("bright", 0.5), ("bleak", -0.5)),
    "happier": (("happy", 0.5), ("sad", -0.5)),
    "softer": (("gentle", 0.5), ("violent", -0.5)),
    "gentler": (("gentle", 0.5), ("violent", -0.5)),
    "warmer": (("warm", 0.5), ("bleak", -0.5)),
}
"""Comparatives that ask for more of one value and for less of another, in the asking words of the taxonomy."""

LEADING = word_set(
    "and or but with about that which is are be 's of for by as at on where it's its so also just please preferably "
    "ideally a an some something anything"
)
TRAILING = word_set(
    "and or but with about that which is are be of for from by as at on a an the some something anything it's to in "
    "like preferably ideally also it i i'm we me"
)
"""Words that mean nothing at the start or the end of what is left once parts of a query are taken out."""

# --- the shape of a query ---

QUOTED = re.compile(r'"[^"\n]{1,200}"')
"""Words in quotation marks, in which nothing is read: a film called "not too sad"."""

_MARKER = (
    r"\[(?:tomt|tip of my tongue|movies?|films?|books?|novels?|tv(?: show)?|series|early|mid|late|\d{2,4}|'\d0)"
    r"[^\]\n]{0,30}\]"
)
MARKERS = any_case(rf"(?:\s*{_MARKER})+")
"""The labels that people put before a question in forums: [TOMT][MOVIE][2000s]."""

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
"""Signs that somebody looks for one work they can't name: "I saw this as a kid", "does anyone know".

What they remember of its facts may be wrong.
"""

_SOME_WORK = r"(?= (?:an?|some|something|anything|films?|movies?|books?|novels?)\b)"
CLEAR_REQUEST = any_case(
    r"\b(?:find me|recommend(?: me)?|suggest(?: me)?|in the mood for|give me|show me|looking for|searching for"
    rf"|i(?:'d| would)?(?: really)? (?:want|like|need)){_SOME_WORK} "
)
"""A request that cannot be mistaken for a plot even in a long text: "recommend me some", "in the mood for a"."""

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
"""The words of courtesy before a request says anything, one at a time: "hi there", "can you", "recommend me"."""

POLITE_END = any_case(
    r"(?:\b(?:please|thanks?(?: you)?(?: so much| a lot| in advance)?|thx|tonight|this weekend|recommendations?"
    r"|suggestions?)\b[\s,.!?:)]*)+$"
)
"""The words of courtesy that a request closes with: "please, thanks!"."""

UNSURE = any_case(
    r"\b(?:maybe|possibly|probably|perhaps|likely|might|could be|not sure|pretty sure|guess(?:ing)?|roughly)\b"
)
"""Signs that the asker may be wrong about the facts: "maybe from the 90s"."""

OTHER_DENIAL = any_case(
    r"(?:[,.;\0]|\b(?:but|and|with|(?:that|which) (?:is|are)|that's|something|anything))\s*"
    r"(?P<cut>\b(?:not (?:too |very |so |overly |an? )?|no |nothing (?:too |very )?|without (?:any |too much |an? )?)"
    r"(?!(?:one|matter|longer|idea|only|just|like|more|less|from|before|after|to|too|very|so|sure|the)\b)[\w'-]+)"
)
"""A negated word that no table has, after punctuation or a word like "but": "but not American", "no subtitles"."""

# --- film or book ---

KIND_NOUN = any_case(
    rf"(?<![\w'-])(?:(?P<movie>{'|'.join(MOVIE_NOUNS)}|to watch)"
    rf"|(?P<book>{'|'.join(BOOK_NOUNS)}|page-turner|to read"
    r"|(?<=[a-z] )reads?(?= *(?:$|[,.;!?\0]))))"
    r"(?![\w'-]| (?:noir|makers?|making|director|crew|stars?|theat\w+|studio|student|industry|festival|school|critic"
    r"|buffs?|clubs?|shops?|stores?|sellers?|lovers?|adaptations?)\b)"
)
"""A word for films or for books, but not as part of another noun: "film noir", "a book club"."""
_PART_OF = "".join(rf"(?<!\b{sort} )" for sort in ("kind", "sort", "type", "list", "lots", "couple", "best")) + "of"
NOT_A_KIND = any_case(
    rf"\b(?:with|{_PART_OF}|by|from|into|on|than|same|no|not|nothing|without|comic|love|learn(?:s|ed|ing|t)?|how|able"
    r"|taught|started?|begins?|writing|writes) (?:an? |the |his |her |their |this |that )?$"
)
"""Words before "film" or "book" that make it a part of the plot or not a wish: "by the author of the book"."""

# --- language ---

_LANGUAGE = "|".join(ASKED_LANGUAGES)
_PLAIN_ADJECTIVE = (
    "romantic|horror|crime|animated|science|fiction|sci-fi|action|comedy|drama|thriller|family|fantasy|black|dark|sad"
    "|funny|short|long|old|classic|silent|good|great"
)
IN_LANGUAGE = any_case(
    rf"(?P<deny>\bnot )?\b(?:spoken |written )?in (?P<names>(?:{_LANGUAGE})(?: or (?:{_LANGUAGE}))?)"
    r"(?= *(?:$|[,.;!?)\0]| (?:and|or|but|with|from|about|under|please|that|which)\b))"
)
""" "In French", "in Japanese or Korean", "not in English", at the end of a part of the request."""
LANGUAGE_SAID = any_case(rf"(?P<deny>\b(?:not|no|non|not an?)[ -])?\b(?P<names>{_LANGUAGE})[ -](?:language|speaking)\b")
""" "French-language", "no Spanish-speaking films"."""
LANGUAGE_OF_NOUN = any_case(
    rf"(?P<deny>\b(?:not|no|non|not an?)[ -])?\b(?!english )(?P<names>(?:{_LANGUAGE})(?: or (?:{_LANGUAGE}))?)"
    rf"(?=(?: (?:{_PLAIN_ADJECTIVE})){{0,2}} {WORK_NOUN})"
)
"""A "French horror film", but not a "Korean War film", and not "an English film", which is mostly one from England."""
