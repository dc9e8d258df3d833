"""A query as its readers see it: its words, what it tells of a plot, and how much each known phrase is wanted; pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from search_api.understanding.phrases import any_case, word_set

Span = tuple[int, int]

MAX_BARE_WORDS = 6
"""Up to here a query that names no film, book or "something" is still taken as asking for what its words say."""
MAX_PHRASE_WORDS = 8
TAKEN = "\0"
"""Stands where something was taken out of a query, so that positions stay and nothing is read across it."""
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
"""Before a negation these undo it: "why not", "not without"."""
_BETWEEN = word_set(
    "a about all an another any anything as be being contain depressingly especially explicit extremely feel get gets "
    "graphic has have having include is it it's kind make makes more much need of overly particularly really "
    "excessive excessively so some something sort stuff super terribly that the to too type very want with"
)
"""Words that may stand between a negation and what it denies."""
_SOFTENERS = word_set(
    "as especially excessive excessively extremely overly particularly really so super terribly that too very much"
)
"""With one of these, a negation asks for less of the value, not for none of it."""
_NEUTRAL = frozenset(("mind", "matter", "matters", "care", "cares", "afraid"))
""" "I don't mind sad films" asks neither for sad ones nor against them."""
_NEUTRAL_PAIRS = frozenset(("have to", "has to", "need to", "needs to"))
""" "It doesn't have to be funny"."""
_A_LITTLE = frozenset(("bit", "little", "slightly", "somewhat", "mildly", "touch", "fairly"))
_COMPLEMENT = any_case(
    r"\b(?P<about>(?<!how )(?<!what )about|involving"
    r"|featuring|concerning|dealing with|deals with|on the theme of|themes? of)\b"
    r"|\b(?P<clause>where|who|whose|whom|who's|when|while|in which|following|follows|tells)\b"
    r"|\b(?P<setting>set (?:in|on|at|during|around|before|after|between|from|pre|post)|tak(?:es|ing) place|adapted from"
    r"|inspired by|based (?:on|off))\b",
)
_COMPLEMENT_END = any_case(r"[,;:.!?()\n\0]|\bbut\b")
"""After a complement's first word the query tells of what happens in the work, up to the next stop."""

REQUEST_WORD = any_case(
    r"\b(?:something|anything|some|find|recommend\w*|suggest\w*|give|show|want|need|looking|mood|films?|movies?|flicks?"
    r"|books?|novels?|stor(?:y|ies)|tales?|read|watch|comed(?:y|ies)|dramas?|thrillers?|romances?|horror|documentar\w+"
    r"|westerns?|musicals?|myster(?:y|ies)|(?:non-?)?fiction|memoirs?|biograph(?:y|ies)|poetry|fantasy|sci-?fi"
    r"|that (?:is|isn't|will|won't|makes?|gives?|leaves?|teaches))\b",
)


def straighten(text: str) -> str:
    """The text with plain quotation marks and single spaces."""
    return " ".join(text.translate(_STRAIGHT).split())


def blank(text: str, spans: Iterable[Span]) -> str:
    """The text with its spans taken out and every other character where it was."""
    for start, end in spans:
        text = text[:start] + TAKEN * (end - start) + text[end:]
    return text


class Token(NamedTuple):
    """A word of the query, in lower case, and where it stands."""

    word: str
    start: int
    end: int


class Complement(NamedTuple):
    """A stretch that tells what happens in the work; `sort` is "about", "clause" or "setting"."""

    start: int
    end: int
    sort: str


class Query:
    """A query's text with its words and its complements."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tuple(Token(match[0].casefold(), *match.span()) for match in WORD.finditer(text))

    @cached_property
    def complements(self) -> tuple[Complement, ...]:
        """The complements, in order; one may lie within another."""
        found = []
        for match in _COMPLEMENT.finditer(self.text):
            stop = _COMPLEMENT_END.search(self.text, match.end())
            end = stop.start() if stop else len(self.text)
            found.append(Complement(match.start(), end, str(match.lastgroup)))
        return tuple(found)

    @cached_property
    def is_request(self) -> bool:
        """Whether somebody asks for something, rather than telling a plot."""
        is_bare = len(self.tokens) <= MAX_BARE_WORDS
        return is_bare or TAKEN in self.text or bool(REQUEST_WORD.search(self.text))

    @cached_property
    def is_capitalised(self) -> bool:
        """Whether capitals say nothing, as in a query in title case."""
        return 2 * sum(self.text[token.start].isupper() for token in self.tokens) > len(self.tokens)

    def place(self, position: int) -> str:
        """Where a position lies: "head", "about", "clause" or "setting"; within several, the last of these.

        A phrase that begins as a complement does, such as "set in the future", is itself what is asked for: "head".
        """
        sorts = {sort for start, end, sort in self.complements if start <= position < end}
        if any(position == complement.start for complement in self.complements):
            return "head"
        return max(sorts, key=("about", "clause", "setting").index, default="head")

    def in_first_head(self, position: int) -> bool:
        """Whether nothing has yet been told of what happens in the work."""
        return not self.complements or position < self.complements[0].start

    @cached_property
    def stretches(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """For each word the stretches that begin with it, the longest first: the words, and which is the last."""
        stretches = []
        for first in range(len(self.tokens)):
            words, last = self.tokens[first].word, first
            found = [(words, last)]
            while last - first < MAX_PHRASE_WORDS - 1 and self.joined(last):
                last += 1
                words = f"{words} {self.tokens[last].word}"
                found.append((words, last))
            stretches.append(tuple(reversed(found)))
        return tuple(stretches)

    def word(self, index: int) -> str:
        """The word at an index; nothing past either end."""
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def words(self, first: int, last: int) -> str:
        """The words from one index to another, with spaces between them."""
        return " ".join(token.word for token in self.tokens[max(first, 0) : last + 1])

    def gap(self, index: int) -> str:
        """What stands between a word and the next."""
        return self.text[self.tokens[index].end : self.tokens[index + 1].start]

    def joined(self, index: int) -> bool:
        """Whether a word and the next belong to one stretch: nothing but spaces and hyphens between them."""
        return 0 <= index < len(self.tokens) - 1 and not self.gap(index).strip(" -/'")

    def span(self, first: int, last: int) -> Span:
        """The characters from one word to another."""
        return self.tokens[first].start, self.tokens[last].end


@dataclass(frozen=True, slots=True)
class Phrase:
    """A known phrase: words `first` to `last` of the query, and with what weight it is asked for.

    `weight` is 1 for asked for, 0.5 a little, -0.5 not too much, -1 not at all, 0 neither. `start` is the word where
    the request begins: the negation's, where there is one before it. `spreads`: the negation holds for what follows
    after "and" too, as in "without violence and gore".
    """

    words: str
    first: int
    last: int
    start: int
    weight: float = 1.0
    spreads: bool = False


def find_phrases(query: Query, known: Container[str]) -> Iterator[Phrase]:
    """The known phrases, left to right, the longest first, each with the weight its surroundings give it."""
    previous: Phrase | None = None
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


def _longest_phrase(query: Query, first: int, known: Container[str]) -> Phrase | None:
    for words, last in query.stretches[first]:
        if words in known:
            return Phrase(words, first, last, start=first)
    return None


def _weigh(query: Query, phrase: Phrase, previous: Phrase | None) -> Phrase:
    """The phrase with its weight, by the words around it and the phrase before it."""
    before, after = phrase.first - 1, phrase.last + 1
    if query.word(after) == "free" and query.joined(phrase.last) and query.word(after + 1) != "of":  # "violence-free"
        return replace(phrase, last=after, weight=-1.0)
    if query.word(before) == "than" and query.words(before - 1, before) not in _NEGATION_PAIRS:
        return replace(phrase, start=before, weight=-0.5)  # "more funny than sad"
    in_list = previous and previous.spreads and previous.last == before and query.gap(before).strip() == ","
    if previous and in_list and query.word(after) in ("or", "nor"):  # "no gore, violence or nudity"
        return replace(phrase, weight=previous.weight, spreads=True)
    return _look_back(query, phrase, previous)


def _look_back(query: Query, phrase: Phrase, previous: Phrase | None) -> Phrase:
    """The phrase with the weight that the words before it give, back to the first that says nothing of how much."""
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
