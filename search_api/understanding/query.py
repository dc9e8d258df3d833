"""The words of a query, its parts, and how much each phrase in it is wanted; pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from search_api.understanding.phrases import any_case, word_set

Span = tuple[int, int]

MAX_BARE_WORDS = 6
"""A query of up to so many words is a request even without a word such as "film", "book" or "something"."""
MAX_PHRASE_WORDS = 8
TAKEN = "\0"
"""Stands for each character that was taken out of a query: positions stay, and no pattern matches across the gap."""
WORD = re.compile(r"\w+(?:'\w+)*")
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", TAKEN: " "})  # noqa: RUF001

_NEGATIONS = word_set(
    "not no nothing without non never nor neither avoid avoiding hate hates dislike minus except don't dont doesn't "
    "doesnt isn't isnt aren't won't wasn't can't cannot less fewer"
)
_NEGATION_PAIRS = frozenset(
    ("tired of", "sick of", "free of", "instead of", "rather than", "other than", "anything but", "devoid of")
)
_PARTLY = frozenset(("less", "fewer"))
_DOUBLE_NEGATIONS = frozenset(("not", "never", "why"))
"""Words that cancel the negation after them: "why not", "not without"."""
_BETWEEN = word_set(
    "a about all an another any anything as be being contain depressingly especially explicit extremely feel get gets "
    "graphic has have having include is it it's kind make makes more much need of overly particularly really "
    "excessive excessively so some something sort stuff super terribly that the to too type very want with"
)
"""Words that may stand between a negation and what it denies."""
_SOFTENERS = word_set(
    "as especially excessive excessively extremely overly particularly really so super terribly that too very much"
)
"""With one of these, a negation asks for less of a value, not for none: "not too sad"."""
_NEUTRAL = frozenset(("mind", "matter", "matters", "care", "cares", "afraid"))
""" "I don't mind sad films" asks neither for sad films nor against them."""
_NEUTRAL_PAIRS = frozenset(("have to", "has to", "need to", "needs to"))
"""Neutral as well: "it doesn't have to be funny"."""
_A_LITTLE = frozenset(("bit", "little", "slightly", "somewhat", "mildly", "touch", "fairly"))
_COMPLEMENT = any_case(
    r"\b(?P<about>(?<!how )(?<!what )about|involving"
    r"|featuring|concerning|dealing with|deals with|on the theme of|themes? of)\b"
    r"|\b(?P<clause>where|who|whose|whom|who's|when|while|in which|following|follows|tells)\b"
    r"|\b(?P<setting>set (?:in|on|at|during|around|before|after|between|from|pre|post)|tak(?:es|ing) place|adapted from"
    r"|inspired by|based (?:on|off))\b",
)
"""How a complement begins: "about a boy", "who never gives up", "set in Moscow"."""
_COMPLEMENT_END = any_case(r"[,;:.!?()\n\0]|\bbut\b")
"""How a complement ends: at punctuation, or at "but"."""

REQUEST_WORD = any_case(
    r"\b(?:something|anything|some|find|recommend\w*|suggest\w*|give|show|want|need|looking|mood|films?|movies?|flicks?"
    r"|books?|novels?|stor(?:y|ies)|tales?|read|watch|comed(?:y|ies)|dramas?|thrillers?|romances?|horror|documentar\w+"
    r"|westerns?|musicals?|myster(?:y|ies)|(?:non-?)?fiction|memoirs?|biograph(?:y|ies)|poetry|fantasy|sci-?fi"
    r"|that (?:is|isn't|will|won't|makes?|gives?|leaves?|teaches))\b",
)
"""Words that a request has and the summary of a plot mostly lacks: "recommend", "a novel", "that makes"."""


_TO_FOR_TOO = any_case(
    r"(?<=\bnot )to(?= (?:scar+y|scary|sad|long|short|violent|dark|gor[ey]y?|blood[iy]|heavy|complicated|slow"
    r"|serious|silly"
    r"|romantic|childish|cheesy|depressing|depresing|grim|weird|old|new|difficult|hard|intense|tense|sexy|soppy|sappy"
    r"|sentimental|frightening|creepy|gruesome|bleak|deep|predictable|preachy|boring|thick|much|many)\b)"
)
""" "Not to scary" for "not too scary"."""


def straighten(text: str) -> str:
    """Return the text with straight quotation marks, single spaces and "too" for "to" before an adjective."""
    return _TO_FOR_TOO.sub("too", " ".join(text.translate(_STRAIGHT).split()))


def blank(text: str, spans: Iterable[Span]) -> str:
    """Return the text with the spans taken out and every other character in its place."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = TAKEN * len(characters[start:end])
    return "".join(characters)


class Token(NamedTuple):
    """A word of the query in lower case, with its first character and the one after its last."""

    word: str
    start: int
    end: int


class Complement(NamedTuple):
    """A stretch that describes what happens in the work; `sort` is "about", "clause" or "setting"."""

    start: int
    end: int
    sort: str


class Query:
    """The text of a query with its words and its complements."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tuple(Token(match[0].casefold(), *match.span()) for match in WORD.finditer(text))

    @cached_property
    def complements(self) -> tuple[Complement, ...]:
        """The complements by their start; one may lie within another."""
        ends = [*(match.start() for match in _COMPLEMENT_END.finditer(self.text)), len(self.text)]
        return tuple(
            Complement(match.start(), ends[bisect_left(ends, match.end())], str(match.lastgroup))
            for match in _COMPLEMENT.finditer(self.text)
        )

    @cached_property
    def is_request(self) -> bool:
        """Whether the query asks for something, rather than telling a plot."""
        is_bare = len(self.tokens) <= MAX_BARE_WORDS
        return is_bare or TAKEN in self.text or bool(REQUEST_WORD.search(self.text))

    @cached_property
    def is_capitalised(self) -> bool:
        """Whether most words begin with a capital, as in title case, so that a capital does not mark a name."""
        return 2 * sum(self.text[token.start].isupper() for token in self.tokens) > len(self.tokens)

    def part(self, position: int) -> str:
        """Return the part of the query that a position lies in: "request", "about", "clause" or "setting".

        Within several complements it is the last of these names. The first words of a complement, such as "set in
        the future", are themselves asked for, so a position where one begins lies in the "request".
        """
        sorts = {sort for start, end, sort in self.complements if start <= position < end}
        if any(position == complement.start for complement in self.complements):
            return "request"
        return max(sorts, key=("about", "clause", "setting").index, default="request")

    def precedes_complements(self, position: int) -> bool:
        """Return whether a position lies before the first complement."""
        return not self.complements or position < self.complements[0].start

    @cached_property
    def stretches(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """For each word the stretches that begin with it, longest first, as (words, index of the last word)."""
        stretches = []
        for first in range(len(self.tokens)):
            words, last = self.tokens[first].word, first
            shortest_first = [(words, last)]
            while last - first < MAX_PHRASE_WORDS - 1 and self.joined(last):
                last += 1
                words = f"{words} {self.tokens[last].word}"
                shortest_first.append((words, last))
            stretches.append(tuple(reversed(shortest_first)))
        return tuple(stretches)

    def word(self, index: int) -> str:
        """Return the word at an index; "" past either end."""
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def words(self, first: int, last: int) -> str:
        """Return the words from index `first` to index `last`, joined by spaces."""
        return " ".join(token.word for token in self.tokens[max(first, 0) : last + 1])

    def gap(self, index: int) -> str:
        """Return the text between a word and the next."""
        return self.text[self.tokens[index].end : self.tokens[index + 1].start]

    def joined(self, index: int) -> bool:
        """Return whether only spaces, hyphens, slashes and apostrophes separate a word from the next."""
        return 0 <= index < len(self.tokens) - 1 and self.joins[index]

    @cached_property
    def joins(self) -> tuple[bool, ...]:
        """Whether each word is joined to the next; the last to none."""
        gaps = (self.text[a.end : b.start] for a, b in zip(self.tokens, self.tokens[1:], strict=False))
        return (*(gap == " " or not gap.strip(" -/'") for gap in gaps), False)

    def span(self, first: int, last: int) -> Span:
        """Return the characters from word `first` to word `last`."""
        return self.tokens[first].start, self.tokens[last].end


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A known phrase in a query: its words `first` to `last`, and the weight with which it is asked for.

    `weight` is 1 where the phrase is wanted, 0.5 a little, -0.5 not too much, -1 not at all, and 0 neither way. `start`
    is the word where the wish begins: the negation, if there is one. `spreads` means that the negation holds for what
    follows after "and" too, as in "without violence and gore".
    """

    words: str
    first: int
    last: int
    start: int
    weight: float = 1.0
    spreads: bool = False


def find_phrases(query: Query, known: Container[str]) -> Iterator[PhraseMatch]:
    """Yield the known phrases from left to right, the longest at each word; those of weight 0 are left out."""
    previous: PhraseMatch | None = None
    first = 0
    while first < len(query.tokens):
        phrase = _longest_phrase(query, first, known)
        if phrase is None:
            first += 1
            continue
        previous = _weigh(query, phrase, previous)
        if previous.weight:
            yield previous
        first = previous.last + 1


def _longest_phrase(query: Query, first: int, known: Container[str]) -> PhraseMatch | None:
    for words, last in query.stretches[first]:
        if words in known:
            return PhraseMatch(words, first, last, start=first)
    return None


def _weigh(query: Query, phrase: PhraseMatch, previous: PhraseMatch | None) -> PhraseMatch:
    """Return the phrase, weighed by the words around it and by the phrase before it."""
    before, after = phrase.first - 1, phrase.last + 1
    if query.word(after) == "free" and query.joined(phrase.last) and query.word(after + 1) != "of":  # "violence-free"
        return replace(phrase, last=after, weight=-1.0)
    if query.word(before) == "than" and query.words(before - 1, before) not in _NEGATION_PAIRS:
        return replace(phrase, start=before, weight=-0.5)  # "more funny than sad"
    in_list = previous and previous.spreads and previous.last == before and query.gap(before).strip() == ","
    if previous and in_list and query.word(after) in ("or", "nor"):  # "no gore, violence or nudity"
        return replace(phrase, weight=previous.weight, spreads=True)
    return _look_back(query, phrase, previous)


def _look_back(query: Query, phrase: PhraseMatch, previous: PhraseMatch | None) -> PhraseMatch:
    """Return the phrase, weighed by the words before it, back to the first word that cannot belong to a negation."""
    softened = False
    at = phrase.first - 1
    while query.joined(at):
        word, pair = query.word(at), query.words(at - 1, at)
        if word in _NEUTRAL or pair in _NEUTRAL_PAIRS:
            return replace(phrase, weight=0.0)
        if pair in _NEGATION_PAIRS:
            return replace(phrase, start=at - 1, weight=-1.0, spreads=True)
        if word in _NEGATIONS and query.word(at - 1) not in _DOUBLE_NEGATIONS:
            is_partly = softened or word in _PARTLY
            return replace(phrase, start=at, weight=-0.5 if is_partly else -1.0, spreads=word not in ("not", "never"))
        if (
            previous
            and previous.weight < 0
            and previous.last == at - 1
            and (word == "or" or (word == "and" and previous.spreads))
        ):
            return replace(phrase, start=at, weight=previous.weight, spreads=previous.spreads)
        if word not in _BETWEEN:
            break
        softened = softened or word in _SOFTENERS
        at -= 1
    near = {query.word(phrase.first - 2), query.word(phrase.first - 1)}
    return replace(phrase, weight=0.5 if near & _A_LITTLE else 1.0)
