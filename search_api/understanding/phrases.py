"""Tables and patterns of the words of requests, for the readers of this package.

Years, lengths and genres have their words beside their readers. The words people ask for values with are in the
taxonomy, beside the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


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
PEOPLE_NOUNS = frozenset(("author", "authors", "writer", "writers", "director", "directors", "filmmakers", "novelists"))
NOUNS = frozenset((*MOVIE_NOUNS, *BOOK_NOUNS, *STORY_NOUNS))

WORK_NOUN = (
    r"(?:films?|movies?|flicks?|books?|novels?|comed(?:y|ies)|dramas?|thrillers?|horrors?|westerns?|romances?"
    r"|rom[- ]?coms?|sci[- ]?fi|science fiction|action|classics?|musicals?|documentar(?:y|ies)|cartoons?|myster(?:y"
    r"|ies)"
    r"|cinema|animation|anime|noirs?|slashers?|fantasy|biopics?|memoirs?|whodunn?its?|cult classics?)\b"
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
    "ideally a an some something anything my our"
)
TRAILING = word_set(
    "and or but with about that which is are be of for from by as at on a an the some something anything it's to in "
    "like preferably ideally also it i i'm we me my our isn't isnt aren't arent not too thats"
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

_WORK = r"(?:movie|film|book|novel|story|show|series|cartoon|scene)"
_LONG_AGO = r"(?:when|as an?|back|in|on|about|years|a (?:few|long|while)|at|during|ages|long|once|many|some)"
SEARCH_MARK = any_case(r"\[tomt\]", r"\[?\btip of (?:my|the) tongue\b")
"""The labels of forums in which people look for one work."""
REMEMBERED = any_case(
    r"\b(?:i|vaguely|barely|faintly|only|all i|what i)(?: (?:can|could|do|kind of|sort of|vaguely|barely|clearly|also"
    r"|only|distinctly))* (?:remember|recall)\b(?! when)",
    r"\b(?:can't|cannot|can not|couldn't|don't|do not|trying to|struggling to)(?: (?:for the life of me|quite|really"
    r"|seem to))* (?:remember|recall|figure out)\b(?! (?:the last|any)\b)",
    rf"\bi (?:once |first )?(?:watched|read|saw) (?:it|this|one|part of it|bits of it) {_LONG_AGO}\b",
    rf"(?<!last )\b(?:{_WORK}|one|something) (?:or \w+ )?(?:that |which )?i (?:once |first )?(?:watched|read|saw|had)"
    rf" {_LONG_AGO}\b",
    r"\bi (?:once|first) saw\b",
    r"\bwhat(?:'s| is| was) (?:that|this|the (?:name|title)|the (?:movie|film|book|novel) (?:where|in which|with|about"
    r"|that))\b",
    rf"\b(?:name|title) of (?:the|a|this|that) {_WORK}\b",
    r"\b(?:do(?:es)? (?:anyone|anybody|any of you)|anyone|anybody) (?:know|remember|recogni[sz]e)s?\b"
    r"(?! (?:of |any|some|a good))",
    r"\bhelp me (?:identify|remember|find (?:the|this|that|out|an old))\b",
    r"\btrying to (?:identify|find (?:the|this|that|out|my))\b"
    r"|\bhelp (?:me )?(?:identifying|finding (?:an?|the|this|that))\b",
    r"\b(?:what|which) (?:\w+ )?(?:movie|film|book|novel) (?:is|was|could|might) (?:this|it|that)\b",
)
"""Signs that somebody looks for one work they can't name: "I saw this as a kid", "does anyone know".

What they remember of its facts may be wrong.
"""
ASKS_FOR_ADVICE = any_case(
    r"\b(?:recommend\w*|recs|suggest\w*|in the mood for|any good|last (?:\w+ )?(?:one|movie|film|book|novel)"
    r"|i need an? (?:good |new )?(?:movie|film|book|novel))\b"
)
"""Signs of a request that outweigh those of remembering: "I saw it as a kid and loved it, can you suggest more?"."""

MAYBE_REMEMBERED = any_case(
    r"(?<!\bhow )\bi (?:saw|seen|used to(?! (?:love|like|enjoy|adore|devour|binge|be|read \w+s\b|watch \w+s\b))"
    r"|can't find|believe|think(?! i(?:'d|'m| want| need| would| am| could)))\b",
    r"\bi (?:watched|read) (?:it|this)\b|\bas a (?:kid|child)\b|\bdo you (?:know|remember|recogni[sz]e)\b",
)
"""Signs of remembering that stand in requests too: "I think my favourite is ..."."""

_ASKING_VERBS = r"(?:like|love|enjoy|want|need|prefer|fancy|hate|dislike)"
ASKS_FOR_WORKS = any_case(
    r"\b(?:recommend\w*|recs?|suggest\w*|similar|something (?:like|with|that|to|for)|more like"
    rf"|(?:i|we)(?:'d| would| really| also| usually| do| both| just| all)* {_ASKING_VERBS}"
    r"|(?:i'm|im|i am) (?:a |so |really |big |huge )*(?:into|in the mood|fan|after|up for|looking)|in the mood|fan of"
    r"|looking for (?:some|any|good|something|more)|my favou?rite|(?:know|have|got) (?:of )?any|what else"
    r"|any(?:thing)? (?:good|other|more|else)"
    r"|what (?:should|can|do|to) (?:i|we|watch|read)|please|pls|plz|not too|nothing|no more"
    r"|(?:is|are) there (?:an?|any|some)|(?:give|show|find|hit|get|bring|cheer|calm|take|make) (?:me|us|him|her|them)"
    r"|loved|liked|adored|hated|disliked|enjoyed|for (?:my|our|a|an|the) (?:kids?|children|family|son|daughter|niece"
    r"|nephew)|book club|movie night|film night|family night|(?:more|other) (?:movies|films|books|novels))\b",
    r"\bit (?:does not |doesn't |just |only )*(?:has to|have to|needs? to|can't|cannot|must|should|shouldn't|mustn't)"
    r" be\b",
    r"\b(?:movies?|films?|books?|novels?|watch|read)\b[^.?!]{0,80}\?",
    r"\b(?:is|are) there\b[^.?!]{0,80}\?",
    r"\b(?:he|she|they)(?:'d| would) (?:like|love|enjoy|prefer|want)\b",
    rf"\b(?:which|what|need|want|wants)(?: [\w'-]+){{0,3}} {WORK_NOUN}",
    rf"(?:^|[.!?;] )(?:an?|any|some)(?: [\w'-]+){{0,4}} {WORK_NOUN}"
    r"(?= *(?:$|[.!?,]| (?:about|with|that|for|on|from|please|where)\b))",
)
"""Signs that somebody asks for works they do not know."""

_SOME_WORK = r"(?= (?:an?|some|something|anything|films?|movies?|books?|novels?)\b)"
BEFORE_LIKE = any_case(r"(?:[\w'-]+ ){1,3}(?=(?:like|similar to|such as|in the (?:vein|style|spirit) of)\b)")
"""The words before "like" in "a sad film like"."""
_MEDIUM = r"(?:films?|movies?|books?|novels?|read|watch|tv|shows?|series)"
ANY_KIND = any_case(
    rf"\b{_MEDIUM}(?: ?/ ?| or | and |, )(?:an? )?{_MEDIUM}\b|\b(?:any(?:thing)?|either) (?:medium|format|kind|type)\b"
    r"|\bboth (?:fine|ok|okay|good|welcome)\b"
)
"""Signs that films and books are welcome alike."""
OF_ONESELF = any_case(r"\b(?:i|i'm|im|i'd|i've|we|we're|we've|we'd|me|us|my|our|mine)\b")
"""The person who asks; the summary of a plot has none."""

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

_PART_OF = "".join(rf"(?<!\b{sort} )" for sort in ("kind", "sort", "type", "list", "lots", "couple", "best")) + "of"
NOT_A_KIND = any_case(
    rf"\b(?:with|{_PART_OF}|by|from|into|on|than|same|no|not|nothing|without|comic|love|learn(?:s|ed|ing|t)?|how|able"
    r"|taught|started?|begins?|writing|writes) (?:an? |the |his |her |their |this |that )?$"
)
"""Words before "film" or "book" that make it a part of the plot or not a wish: "by the author of the book"."""
