"""Whether a query asks for films or for books; pure.

The kind that is asked for wins over the kinds of what a person names: "Loved the novel. Is there a film like it?" A
word for a film or a book is therefore weighed by its clause: an asking phrase before it counts most, then any other
clause that may ask, then what the person tells of themselves. What they have watched or read says nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crawler.records import Kind
from search_api.understanding.phrases import BOOK_NOUNS, MOVIE_NOUNS, NOT_A_KIND, any_case
from search_api.understanding.query import TAKEN, Query, Span
from search_api.understanding.scope import Scope

# --- words ---


_OTHER_WORDS = frozenset(("move", "moves", "boo", "boos", "noel", "noels", "fil", "fils", "moie"))


def _with_slips(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return single words as they are often mistyped: two letters swapped, or one doubled or left out."""
    slips = {
        slip
        for word in words
        if word.isalpha() and len(word) > 3
        for at in range(1, len(word))
        for slip in (
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
            word[:at] + word[at - 1 :],
            word[:at] + word[at + 1 :],
        )
    }
    return tuple(sorted(slips - set(words) - _OTHER_WORDS))


_MOVIE_NOUNS = (
    *MOVIE_NOUNS,
    *_with_slips(("film", "films", "movie", "movies")),
    *("motion picture", "motion pictures", "telefilm"),
)
_BOOK_NOUNS = (
    *BOOK_NOUNS,
    *_with_slips(("book", "books", "novel", "novels")),
    *("audiobooks", "audio books?", "paperbacks?", "page-turners?", "page turners", "ebooks?", "picture books?"),
    *("bedtime (?:story|stories)", "story ?books?", "textbooks?"),
)
_FICTION = (
    r"(?:literary|crime|historical|translated|contemporary|women's|detective|gothic|domestic|adult|flash|short"
    r"|russian|french|japanese|queer) "
    r"fiction"
)
_READS = (
    r"(?<=[a-z] )reads?(?= *(?:$|[,.;!?\0(]| (?:for|that|about|with|on|to|in|please|pls|from|like|which|where|by"
    r"|under)\b))"
    r"|(?:beach|holiday|summer|bedtime|weekend|easy|light|quick|good|great|gripping|next|plane|train|winter|fireside"
    r"|cosy|cozy) read(?:s|ing)?"
    r"|reading (?:list|material|suggestions?|recs?|recommendations?)|something to read|book club (?:pick|choice|read"
    r"|book|selection)"
)
_WATCHES = (
    r"(?:easy|good|great|fun|light|next|cosy|cozy|family|gripping|quick|first) watch(?:es)?(?= *(?:$|[,.;!?\0(]"
    r"| (?:for|that|about|with|on|to|in)\b))"
    r"|(?:movie|film|cinema) (?:night|evening|marathon|date|club|afternoon)s?|watch list|watchlist|(?:film |movie "
    r"|screen |tv |book |novel )?adaptations?|(?:film|movie|screen) versions?|(?:film|movie)-?goers?"
)
_NOT_A_PART = (
    r"(?![\w'-]| (?:makers?|making|director|crew|stars?|theat\w+|studio|student|industry|festival|school|critic"
    r"|studies|theory|exam|course|degree|buffs?|clubs?|shops?|stores?|sellers?|lovers?|sets|version)\b)"
)
KIND_NOUN = any_case(
    rf"(?<![\w'-])(?:(?P<movie>{_WATCHES}|{'|'.join(_MOVIE_NOUNS)})|(?P<book>{_READS}|{'|'.join(_BOOK_NOUNS)}"
    rf"|{_FICTION}))" + _NOT_A_PART
)
"""A word for films or for books, but not as part of another noun: "film crew", "book shops"."""
_AUX = r"(?:should|can|could|do|to|will|would|might|let's|lets|gonna|wanna|shall|'ll)"
KIND_VERB = any_case(
    r"\b(?P<to>to )(?:(?:[\w']+ ){0,2}?)(?:(?P<movie>watch|binge)|(?P<book>read))\b(?! (?:it|them|that|about|more"
    r"|the|my|a lot)\b)",
    rf"\b(?:what|something|anything|which|{_AUX}) (?:should |can |could |do |to |else |would |next )*(?:i |we |he "
    rf"|she |they |you )?"
    r"(?:next )?(?:(?P<movie2>watch|binge|stream)|(?P<book2>read))\b(?! (?:it|them|the|my)\b)",
)
""" "To watch", "what should I read"."""
SCREEN = any_case(
    r"\b(?P<movie>(?:i|we|he|she|they|kids) (?:\w+ly |always |often )?(?:watch|watched)|telly|tv|television|netflix"
    r"|on (?:the )?(?:big )?screen|projector|at the cinema|cinema|dvds?|blu-?rays?|stream(?:ing)? (?:tonight|service)"
    r"|filmed|subtitles?|subtitled|dubbed|shot (?:on|in) (?:film|colou?r|black)"
    r"|i (?:don't|do not|never|can't|hardly) read|no time to read|not (?:a|much of a) reader)\b"
    r"|\b(?P<book>published|paperbacks?|hardbacks?|hardcovers?|kindle|book club|library|bookshop|bookworm"
    r"|audible|hates? reading"
    r"|(?:says|thinks|finds) (?:that )?(?:reading|books)|reluctant reader|(?:loves?|likes?) (?:to read|reading)"
    r"|(?:don't|do not|never|can't) watch (?:films|movies|tv))\b"
)
"""Words of where people watch or read, which say the kind where nothing else does."""
_ASKING_BEFORE = any_case(
    r"\b(?:is there|are there|looking for|look for|recommend\w*|suggest\w*|want|need|give (?:me|us)|find (?:me|us)?"
    r"|show (?:me|us)"
    r"|after|up for|any|some|another|more|which|in the mood for|fancy|crave|craving|search(?:ing)? for|pick|hit (?:me"
    r"|us) with|best|'d (?:like|love))"
    r"(?: [\w'-]+){0,5}? $"
)
"""A phrase of asking right before a word for a film or a book."""
_WITH_A_WORK = any_case(
    r"\b(?:calm|cheer|hit|surprise|treat|help|scare|distract|entertain|shock|prove|comfort|wow|impress|relax|unwind"
    r"|move|take (?:my|our|his|her|their) minds? off)\b[^.;!?]{0,30} with"
    r" (?:an? |the |some |another )?(?:[\w'-]+ )?$"
)
""" "Cheer me up with a film", unlike "a girl with a book"."""
_ASKS_FOR_ONE = any_case(
    r"\b(?:find|give|show|recommend|suggest|need|want|get|pick|name|got|have you)(?: (?:me|us|him|her|them))? "
    r"(?:one|another|one more)\b"
)
""" "Find us one" asks for the kind of work that was named before."""
_DENIED = any_case(
    r"\b(?:not|no|nor|isn't|rather than|instead of|anything but|don't want|don't need|never) (?:an? |the |another "
    r"|to |any )?$"
)
_NO_TIME = any_case(
    r"\b(?:no time|don't|do not|never|hate|hates|not|can't|too tired|hardly|how) (?:have time |want |like |love "
    r"|got time )*$"
)
_OF_ADAPTED = any_case(r"\b(?:adaptations?|versions?|remakes?) of (?:[\w'-]+ ){0,3}$")
_TIRED_OF = any_case(
    r"\b(?:tired of|sick of|bored (?:of|with)|fed up (?:of|with)|had (?:it|enough) (?:of|with)"
    r"|enough(?: of)?) (?:[\w'-]+ )?$"
)
_REFERS = any_case(r"\b(?:like|unlike|as|than|read|seen|saw|loved|liked|hated|finished) (?:the|that|this) $")
""" "Like the book" means one that the person knows."""
_READ_OR_WATCH = any_case(r"\b(?:read|watch)(?: or | and | ?/ ?)(?:watch|read|see)\b")
_ENDS = re.compile(r"[\s]*(?:$|[,.;:!?)\0])")


_REFUSED, _TOLD, _SAID, _ASKED = -1, 1, 2, 3
"""How surely a word asks for its kind: refused, mentioned, said in a clause that may ask, or asked for plainly."""


class _Mention(NamedTuple):
    """A word for a kind of work, and how surely it asks for that kind."""

    kind: Kind
    rank: int
    span: Span


def read_kind(query: Query, scope: Scope | None = None) -> tuple[Kind | None, list[Span]]:
    """Return the one kind asked for, else None, and the spans that name it: "a film about a book" is a film."""
    scope = scope or Scope(query)
    mentions = [*_nouns(query, scope), *_verbs(query, scope)]
    spans = [mention.span for mention in mentions if mention.rank >= _SAID]
    refused = {mention.kind for mention in mentions if mention.rank == _REFUSED}
    for rank in (_ASKED, _SAID, _TOLD):
        kinds = {mention.kind for mention in mentions if mention.rank == rank} - refused
        if rank == _TOLD and not kinds:
            kinds = set(_screens(query)) - refused
        if rank == _TOLD and not kinds and _ASKS_FOR_ONE.search(query.text):
            kinds = {_kind_of(match) for match in KIND_NOUN.finditer(query.text)} - refused
        if len(kinds) == 1:
            return kinds.pop(), spans
        if kinds:
            return None, spans
    return None, spans


def _nouns(query: Query, scope: Scope) -> list[_Mention]:
    mentions = []
    for match in KIND_NOUN.finditer(query.text):
        rank = _rank(query, scope, match)
        if rank:
            mentions.append(_Mention(_kind_of(match), rank, match.span()))
    return mentions


def _kind_of(match: re.Match[str]) -> Kind:
    return "movie" if match["movie"] else "book"


def _rank(query: Query, scope: Scope, match: re.Match[str]) -> int:
    """Return how surely a word asks for its kind; 0 where it does not."""
    text, start = query.text, match.start()
    low = max(0, start - 60)
    ends = bool(_ENDS.match(text, match.end()))
    if _DENIED.search(text, low, start):
        return _REFUSED if ends else _TOLD
    role = scope.role(start)
    is_named = text[match.end() : match.end() + 2] == " " + TAKEN and text[low:start].lower().endswith("the ")
    if _TIRED_OF.search(text, low, start):
        return _TOLD
    if role == "reports" or _REFERS.search(text, low, start) or is_named or not (scope.asks(start) or role == "talks"):
        return 0
    is_with = _WITH_A_WORK.search(text, low, start)
    if (NOT_A_KIND.search(text, low, start) and not is_with) or _OF_ADAPTED.search(text, low, start):
        return 0
    if role == "talks":
        return _TOLD
    return _ASKED if is_with or _ASKING_BEFORE.search(text, low, start) else _SAID


def _verbs(query: Query, scope: Scope) -> list[_Mention]:
    """Return what "to watch" and "what should I read" say; "no time to read" says nothing."""
    mentions = []
    for match in _READ_OR_WATCH.finditer(query.text):
        mentions += [_Mention("movie", _SAID, match.span()), _Mention("book", _SAID, match.span())]
    for match in KIND_VERB.finditer(query.text):
        start = match.start()
        is_asked = scope.part(start) == "request" and scope.role(start) != "reports"
        low = max(0, start - 30)
        if is_asked and not any(pattern.search(query.text, low, start) for pattern in (NOT_A_KIND, _NO_TIME)):
            rank = _SAID if scope.role(start) == "asks" else _TOLD
            mentions.append(_Mention("movie" if match["movie"] or match["movie2"] else "book", rank, match.span()))
    return mentions


def _screens(query: Query) -> list[Kind]:
    return [_kind_of(match) for match in SCREEN.finditer(query.text)]
