"""The words around a time that say whether it dates the works asked for; read by `years.py`. Pure."""

from __future__ import annotations

import re

from search_api.understanding.phrases import WORK_NOUN, any_case, word_set
from search_api.understanding.times import DECADES, NUMBERS

SIGNS = word_set(
    "century centuries year years decade decades millennium recent recently newest latest new newer newly "
    "interwar wars tens thousands noughties naughties aughts"
) | frozenset(DECADES)
"""A query without one of these words and without a digit names no time."""

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
ONWARDS = any_case(
    r",? (?:onwards?|on|(?:and|or) (?:later|newer|after|onwards?|above|up)|(?:and|to|till?|until|through) (?:now"
    r"|today|the present|this year))\b"
    r"(?! (?:the|a|my|tv|netflix)\b)|\+"
)
BACKWARDS = any_case(r",? (?:and|or) (?:earlier|older|before)\b(?! than)")
BEFORE_NOUN = any_case(
    r"(?: (?!nostalgi|kid|set|style|inspired|theme|music)[a-z-]+)?(?: (?:romantic|horror|crime|action|comedy|drama"
    r"|family|kitchen sink|fantasy|sci-?fi|[a-z]+(?:ish|ese|ian|ean|can)|french))?"
    rf"(?: {WORK_NOUN}| (?P<one>ones?\b))"
)
""" "A 90s thriller", "1980s horror movies", "an 80s one"."""
CENTURY_BEFORE_NOUN = any_case(
    r"(?: (?!nostalgi|set |style|inspired|theme|music|art |histor|period|costume|war |politic|philosoph|science b)"
    rf"[a-z-]+){{0,2}}? (?:(?P<one>ones?\b)|(?P<classics>classics?\b)|(?P<written>{_WRITTEN_NOUN})|{WORK_NOUN})"
)
""" "A 19th-century novel", "20th century Russian fiction", "not a 19th century one"."""
ALONE = any_case(r" *(?:$|[,.;!?)\0]| (?:(?P<one>ones?)|and|or|but|please|pls|with|about|only)\b)")
"""A time with nothing beside it, which is read after a negation ("no 19th century, please"), or as a keyword."""
BESIDE_LENGTH = any_case(r",? (?:(?:and|but|or|of) )?")
"""Between a length, which is the work's own, and the time beside it, which is so too: "under two hours, in the 90s"."""
GOES_ON = any_case(
    rf" (?:that|which|who|where|when|if|so|to|by|for|from|like|set|made|directed|starring|i|we|{WORK_NOUN})\b"
)
"""What may follow the time of a work: "under two hours in the 90s that makes me laugh"."""
KEYWORD_BEFORE = any_case(rf"(?:^|[,.;!?(]|ideally|preferably|{WORK_NOUN}) *$")
""" "Horror movies 80s", "slasher, 1970s"."""
AFTER_NOUN = any_case(rf"{WORK_NOUN} $")
YEAR_IN_BRACKETS = re.compile(r"\((?P<year>1[89]\d\d|20\d\d)\)$")
""" "Heat (1995)"."""
COMPARED = any_case(r"\b(?:like|similar|vein|loved|liked|hated|than|as)\b")
MOST_WORDS_BEFORE_BRACKETS = 6

NOT_DATED = any_case(
    r"\b(?:m[ae]n|wom[ae]n|boys?|girls?|kids?|people|persons?|soldiers?|guys?|characters?|travell?ers?|letters?"
    r"|messages?|diar(?:y|ies)|photos?|music|songs?|visitors?|someone|child(?:ren)?|inspired|adapted|born|lived?|living"
    r"|clothes|fashion|bands?|am|i'm|we're) (?:made |out )?$"
)
"""Words before "from the 50s" that the time belongs to, instead of to the work."""
WORKS_OF = any_case(
    rf"\b(?:{WORK_NOUN}|{_WRITTEN_NOUN}|stor(?:y|ies)|tales?|ones?|some|any|best|those|gems?|hits?|releases?"
    r"|masterpieces?|must-?(?:see|read|watch)s?|stuff|something|anything|everything|out) $"
)
"""Words before "of the 19th century" that mean the work, unlike "wars" in "the wars of the 20th century"."""
ABOUT_SOMETHING = any_case(r"\b(?:about|involving|featuring|concerning) (?:an?|some|two|three) [^,.;]*$")
"""Before "from the 18th century" this makes it the time of the plot: "about a ghost", but not "about grief"."""
PERSON = any_case(r"\b(?:i|me|my|we|us|our|i've|we've|he|she|his|her|they)\b")
RANKED = any_case(r"\b(?:best|top|greatest|finest)\b")

MAX_WORDS_BEFORE = 80
"""How many characters before a time are searched for the words that belong to it."""
