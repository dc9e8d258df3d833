"""Where a query asks for works, and where it talks of something else; pure.

A long post tells a story between its wishes: "My wife is from Lima. We loved the book. I'd like a film from Peru."
Only the last sentence asks for facts. A query is cut into sentences and clauses, and each clause has a role. What a
clause says of a work lies in its request part ("a French film"), or in a complement, which describes what happens in
the work ("about a French chef").
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import Literal

from search_api.understanding.phrases import UNSURE, any_case
from search_api.understanding.query import Query, Span
from search_api.understanding.references import find_refused

Role = Literal["asks", "talks", "reports"]
""" "asks": the clause may ask for something. "talks": it says something about people. "reports": it says what somebody
has watched or read before."""
Polarity = Literal["wanted", "denied", "neutral", "unsure"]
"""How a fact is meant. "neutral": it may be so or not ("doesn't have to be new"). "unsure": the words before it negate
something, perhaps not the fact ("no sad westerns")."""

_SORTS = ("about", "clause", "setting")
MAX_NEGATION_CHARACTERS = 80
"""How far before a fact its negation may begin."""

# --- sentences and clauses ---

_SENTENCE_END = re.compile(r"[!?;\n]+|\.+(?=[\s)\"'\0]|$)|:(?=\s)")
"""The stop of "1.5 hours" and "U.S." ends no sentence."""
_ASKING_START = (
    r"(?:is|are) there\b|what (?:should|else|can|to|do|other)\b|(?:i|we|she|he|they)(?:'d| would| want| need|'m looking"
    r"|'re looking| am looking)\b|looking for\b|recommend|suggest|(?:give|find|show) (?:me|us)\b|any(?:thing|one)?\b"
    r"|something\b|more\b"
)
_CLAUSE_END = any_case(
    r"[()]|,(?=\s|$)|\s-{1,2}\s|\b(?:but|because|so|though|although)\b(?! (?:far|long|much|many)\b)"
    r"|\band (?=(?:i|we|my|our|he|she|they|it|then|now|just|also)\b)"
)
"""What ends a clause within a sentence."""
_ASKING = any_case(rf"\b(?:{_ASKING_START})")
"""What begins a request, also without a comma before it: "loved the book is there a film"."""

_SUBJECT = (
    r"(?:i|im|ive|we|you|he|she|they|it|my|our|his|her|their|there|everyone|everybody|nobody|people|mine)"
    r"(?:'(?:m|ve|re|s|d|ll))?"
)
TALK = any_case(
    rf"[\W_]*(?:(?:and|so|but|because|since|as|while|when|after|if|well|also|honestly|ok|okay|hi|hello|hey|then|now"
    rf"|bonus)"
    rf"\W+)*{_SUBJECT}\b",
    r"[\W_]*bonus\b|[\W_]*(?:the|this|that|these|both|one|last)\b(?: [\w']+){0,5} (?:was|were|had)\b",
)
"""A clause that begins like a statement about people; it asks for something only with a word of `WISH`."""
WISH = any_case(
    r"\b(?:want(?:s|ed|ing)?|wanna|needs?|needed|like|likes|love|loves|prefers?|fancy|fancies|enjoys?|adores?|craving"
    r"|looking"
    r"|searching|hoping|mood|into|trusts?|wish|rather|would|recommend\w*|suggest\w*|hates?|dislikes?|stand|abide|bear"
    r"|avoid|must|(?:has|have|needs?) to be|should|shouldn't|can't|cannot|only|fan|go back|move on|feel like"
    r"|asks? for|asked (?:me )?for|patience|no time for"
    r"|interested|keen|open to|up for|sick of|tired of|fed up|allergic|please|pls|choose"
    r"|pick|done with|had it with|had enough|bored (?:of|with)|(?:am|'m|are|'re|is) after"
    r"|(?:don't|doesn't|won't) (?:do|watch|read|touch))\b"
    r"|(?<=\w)'d\b"
)
"""Words of wishing and of disliking."""
_ADVERBS = r"(?:(?:both|all|just|also|recently|really|once|already|had|have|has|absolutely|totally|\w+ly)\s)*"
_NOT_UNSEEN = r"(?<!n't )(?<!not )(?<!not have )(?<!n't have )(?<!never )(?<!might have )"
"""Who wants a film that they "haven't seen" reports nothing."""
REPORT = any_case(
    rf"(?:^|[\s(])(?:(?:i|we|i've|we've|ive|he|she|they|who(?:'ve| has)?|my [\w']+(?: and i)?"
    rf"|everyone)\s)?{_ADVERBS}{_NOT_UNSEEN}"
    r"(?:loved|liked|enjoyed|adored|hated|disliked|finished|saw|seen|listened to|went through|reread|rewatched"
    r"|devoured|binged|grew up"
    r"|used to|discovered|tried)\b",
    rf"(?:^|[\s(])(?:i|we|i've|we've|ive|he|she|they|my [\w']+)\s{_ADVERBS}(?:watched|read(?= (?:the|all|every|most"
    rf"|\0|it|both|them|this|that)))\b",
    r"(?:^|[\s(])(?:just|already|recently|have) (?:watched|read)\b",
    r"(?<!not a )(?<!not a big )(?<!not a huge )(?<!isn't a )\bfan of\b"
    r"|\bmy (?:all[- ]time )?favou?rites?(?: [\w']+){0,3}? (?:is|are|was|were)\b|\bin the middle of\b",
)
"""A clause that says what somebody has watched or read, and what they thought of it."""
PAST = any_case(
    r"[\W_]*(?:last (?:year|month|week|night|time|weekend|summer|winter)|yesterday|the (?:year|month|week"
    r"|time) before)\b"
)
"""How a clause about the past begins."""

_RESUMED = any_case(
    r"[\W_]*(?:(?:and|or) )?(?:preferably|ideally|but|no|nothing|not|without|from|by|made|written|in|please|i|i'd|we"
    r"|we'd|it|must"
    r"|has to|should|want|need|looking|something|anything|any|also)\b"
)
"""How a clause turns to the works again after a complement."""

# --- polarity ---

_FILLERS = (
    r"(?:an?|any|another|ones?|those|these|the|of|all|be|been|is|was|are|were|it|that|which|who|something|anything"
    r"|stuff"
    r"|works?|want|wants|need|like|from|in|on|with|more|kinds?|sorts?|types?|too|very|so|overly|really|particularly"
    r"|usual"
    r"|watch(?:ing)?|read(?:ing)?|see(?:ing)?|to|me|us|mood|for|feel(?:ing)?|up|typical|made|out|written|set|country"
    r"|give|show|do|(?:have|has|had)(?! to\b)|get|fans?|fond|keen|bit|into|interested|crazy|about|wild|person|lover"
    r"|good|great|time|patience|stomach|energy|films?|movies?|flicks?|books?|novels?|cinema|stories|big|huge|endless"
    r"|yet)"
)
_DENIALS = (
    r"(?:not|nothing|none|no|nor|never|isn't|wasn't|aren't|weren't|don't|dont|doesn't|doesnt|didn't|won't|without"
    r"|avoid(?:s|ing)?|except(?: for)?|exclud(?:e|ing)|apart from|skip(?:ping)?|hates?|hated|dislikes?|disliked|minus"
    r"|enough"
    r"|(?:can't|cannot|couldn't|can not|cant) (?:stand|abide|bear|do|take|handle|stomach)|(?:tired|sick|bored"
    r"|instead) of"
    r"|(?:bored|fed up|done|had it|had enough|finished) with|allergic to|(?:rather|other) than"
    r"|(?:anything|anywhere|any \w+|everything|everywhere) but|outside(?: of)?|spare (?:me|us)|f(?:ell"
    r"|alls?) asleep (?:in|during)|non(?=-))"
)
_NEUTRAL = (
    r"(?:(?:have|has|need|needs|could|can|might|may) (?:to )?be|need(?:n't| not) be"
    r"|not (?:only|just|necessarily|exclusively)|why not|no preference"
    r"|(?:not|don't|dont|doesn't|do not|does not|won't) (?:without|mind|care|dislike|hate|matter)|(?:fine|ok|okay) with"
    r"|regardless of|whether|bonus(?: points)? (?:if|for)"
    r"|(?:must|should|may|could|can)(?:n't| not) (?:always )?be just)"
)
_NEGATION_SUBJECT = r"(?:(?:that|which|it) (?:is|was|are|were) |(?:i|we) (?:(?:do|did|would) )?)?"
NEGATION = any_case(
    rf"\b{_NEGATION_SUBJECT}(?:(?P<neutral>{_NEUTRAL})|(?P<denied>{_DENIALS}))(?:[ -]{_FILLERS})*[ -]*$",
    r"\b(?P<unsure>(?:no|not|isn't|aren't|never|nothing|without)(?: [\w'-]+){1,3}"
    r"|(?:don't|do not|didn't) (?:want|like)(?: [\w'-]+){1,4}|(?:less|fewer)(?: [\w'-]+)?) *$",
)
"""What may stand before a fact that is not asked for.

After `denied` it is not wanted: "not", "nothing", "I don't want films". After `neutral` it is as good as any other: "it
doesn't have to be". After `unsure` that depends on the reader, and nothing is read: "no gore from the 80s".
"""
_NEED = any_case(r"(?:have|has|need|needs) to be")
_NOT = any_case(r"(?:\b(?:not|never|nothing|doesnt|dont)|n't)\b[^,.;]{0,12}$")
"""Without a negation, "it has to be French" is a plain wish."""
_LIST_JOINT = any_case(r"\W*,?\s*(?P<word>\b(?:and|or|nor)\b|/)?\s*")
_LIST_GOES_ON = any_case(r"s?(?:, [\w -]{2,30}){0,4},? (?:or|nor) ")
NEUTRAL_AFTER = any_case(
    r"s?(?:,? (?:or|and) [\w'-]+){0,3},? (?:(?:is|are|would be|also|totally|works?|being) ){0,2}"
    r"(?:fine|ok|okay|welcome|acceptable|all ?right|not a problem|no problem|either way|optional|or not|not required"
    r"|a (?:bonus|plus)|(?:i|we) don't mind)\b"
)
"""What may follow a fact that may be so or not: "subtitles are fine", "black and white or not"."""
DENIED_AFTER = any_case(
    r"s? (?:is|are|'s) (?:not(?=\s*(?:$|[,.;!?)]))|out\b|a no(?:-no)?\b|off the (?:table|menu|list)\b|banned\b"
    r"|not (?:for (?:me|us)|welcome|my thing|our thing|allowed|an option)\b)"
)
"""What may follow a fact that is not wanted: "musicals are out"."""


class Scope:
    """The sentences, clauses and complements of a query, and how the words before a fact bear on it.

    Each look-up takes logarithmic time in the length of the query.
    """

    def __init__(self, query: Query) -> None:
        self.query = query
        self.text = query.text
        self._roles: dict[int, Role] = {}
        self._unsure: dict[int, bool] = {}

    # --- sentences and clauses ---

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [0, *(match.end() for match in _SENTENCE_END.finditer(self.text))]

    @cached_property
    def _marked_clause_starts(self) -> list[int]:
        return sorted({*self._sentence_starts, *(match.end() for match in _CLAUSE_END.finditer(self.text))})

    @cached_property
    def _clause_starts(self) -> list[int]:
        return sorted({*self._marked_clause_starts, *(match.start() for match in _ASKING.finditer(self.text))})

    def sentence(self, position: int) -> Span:
        """Return the sentence that a position lies in, with the punctuation that ends it."""
        return self._stretch(self._sentence_starts, position)

    def clause(self, position: int) -> Span:
        """Return the clause that a position lies in, with the word or punctuation that ends it."""
        return self._stretch(self._clause_starts, position)

    def _stretch(self, starts: list[int], position: int) -> Span:
        number = bisect_right(starts, position)
        return starts[number - 1], starts[number] if number < len(starts) else len(self.text)

    def role(self, position: int) -> Role:
        """Return the role of the clause that a position lies in."""
        if self._is_refused_from_afar(position):
            return "asks"
        start, end = self.clause(position)
        if start not in self._roles:
            self._roles[start] = self._role_of(start, end)
        return self._roles[start]

    def _role_of(self, start: int, end: int) -> Role:
        if REPORT.search(self.text, start, end) or PAST.match(self.text, start, end):
            return "reports"
        return "talks" if TALK.match(self.text, start, end) and not WISH.search(self.text, start, end) else "asks"

    # --- complements ---

    @cached_property
    def _complements(self) -> tuple[list[int], list[int], list[str]]:
        """The starts and ends of the complements, and the innermost sort of those that are open after each start."""
        starts: list[int] = []
        ends: list[int] = []
        sorts: list[str] = []
        for start, end, sort in self.query.complements:
            outer = sorts[-1] if ends and ends[-1] == end else sort
            starts.append(start)
            ends.append(end)
            sorts.append(max(outer, sort, key=_SORTS.index))
        return starts, ends, sorts

    def part(self, position: int) -> str:
        """Return the part that a position lies in, as `Query.part` does: "request", "about", "clause" or "setting"."""
        starts, ends, sorts = self._complements
        number = bisect_right(starts, position) - 1
        is_within = number >= 0 and starts[number] < position < ends[number]
        return sorts[number] if is_within else "request"

    def precedes_complements(self, position: int) -> bool:
        """Return whether no complement begins before a position in its sentence."""
        starts = self._complements[0]
        number = bisect_left(starts, self.sentence(position)[0])
        return number == len(starts) or position < starts[number]

    # --- polarity ---

    @cached_property
    def _refused(self) -> tuple[list[int], list[int]]:
        """The starts and ends of what words elsewhere refuse."""
        spans = find_refused(self.text)
        return [start for start, _ in spans], [end for _, end in spans]

    def _is_refused_from_afar(self, position: int) -> bool:
        starts, ends = self._refused
        number = bisect_right(starts, position) - 1
        return number >= 0 and position < ends[number]

    def negation(self, position: int) -> re.Match[str] | None:
        """Return the match of the words right before a position that deny or leave open what follows, if any."""
        low = max(self.sentence(position)[0], position - MAX_NEGATION_CHARACTERS)
        match = NEGATION.search(self.text, low, position)
        is_needed = (
            match
            and match["neutral"]
            and _NEED.match(match["neutral"])
            and not _NOT.search(self.text, low, match.start())
        )
        return None if is_needed else match

    def polarity(self, start: int, end: int) -> Polarity:
        """Return how the fact that a stretch names is meant, by the words around it."""
        if self._is_refused_from_afar(start):
            return "denied"
        match = self.negation(start)
        if match:
            return "denied" if match["denied"] else "neutral" if match["neutral"] else "unsure"
        if NEUTRAL_AFTER.match(self.text, end):
            return "neutral"
        if DENIED_AFTER.match(self.text, end):
            return "denied"
        return "unsure" if self.is_unsure(start) else "wanted"

    def is_unsure(self, position: int) -> bool:
        """Return whether the clause that a position lies in says that the asker may be wrong: "maybe from the 90s"."""
        start, end = self._stretch(self._marked_clause_starts, position)
        if start not in self._unsure:
            self._unsure[start] = bool(UNSURE.search(self.text, start, end))
        return self._unsure[start]

    def asks(self, position: int) -> bool:
        """Return whether a position lies in a clause that may ask for works, and not in what happens in them.

        After a complement only a clause that plainly turns to the works again does: "about a cook, but a French film".
        """
        if self.role(position) != "asks":
            return False
        if self.precedes_complements(position):
            return True
        start = self._stretch(self._marked_clause_starts, position)[0]
        is_resumed = _RESUMED.match(self.text, start) or self.text[max(0, start - 3) : start].lower() == "but"
        return self.part(position) == "request" and bool(is_resumed)


def list_polarity(text: str, start: int, end: int, polarity: Polarity) -> Polarity | None:
    """Return the polarity that the first member of a list hands on to the next; None if no list joins them.

    "No horror or westerns" refuses both. A comma alone leaves open whether the next is refused too.

    Args:
        text: The query.
        start: Where the words between both members begin.
        end: Where they end.
        polarity: The polarity of the first member.
    """
    joint = _LIST_JOINT.fullmatch(text, start, end)
    if joint is None:
        return None
    if joint["word"] or _LIST_GOES_ON.match(text, end):
        return polarity
    return "unsure" if polarity == "denied" else polarity
