"""Find the values and tags that a sentence says a work has: "a hilarious film" says comedy, "not boring" nothing.

A value is said by the words that people ask for it with, by its name, and by the other labels of a tag. A sentence
that denies the words says nothing: it may mean the opposite, and may mean little.

That suffices for counts that are compared with those of other works. "Cinematography" asks for what is atmospheric, and
who praises it does not call the film so. A value is stated, so that the sentence can be shown for it, by words that
mean it: its name, or a judgement that asks for it and names nothing else. Subjects ("courtroom") state what they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from functools import cached_property

import Stemmer

from indexer.reviews.sentences import is_judgement
from indexer.values.taxonomy import Taxonomy

SAYINGS_VERSION = "2"

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_MARKED_WORD = re.compile(rf"(?P<mark>[\"'\u2018\u201c]?)(?P<word>{_WORD.pattern})", re.IGNORECASE)

_DENIALS = frozenset({
    "not", "no", "never", "hardly", "barely", "without", "nothing", "lack", "lacks", "lacked", "lacking", "neither",
    "nor", "less", "least", "cannot", "far", "supposed", "supposedly", "meant", "trying", "tries", "tried", "wanted",
    "expected", "expecting", "if", "hoping", "hoped", "could", "should", "would",
})  # fmt: skip
"""Words before a phrase by which it is denied, wished for or only imagined: "not boring", "should have been funny"."""

_DENIALS_OF_STATEMENTS = frozenset({
    "nary", "short", "few", "little", "than", "might", "may", "maybe", "almost", "nearly", "instead", "figured",
    "assumed", "thought", "heard", "comment", "comments", "says", "say", "said", "called", "calls", "claim", "claims",
    "labeled", "labelled", "billed", "others", "critics", "reviewers", "unless", "wish", "wished", "non", "quasi",
    "unintended", "hard", "unintentional", "unintentionally", "intended", "attempt", "attempts", "attempted", "only",
})  # fmt: skip
"""Words before a phrase by which it is belittled, or said by others: "short on laughs"."""

_LOOSE = frozenset({
    "beautiful cinematography", "challenging", "charming", "complex", "creepy", "crude", "cute", "daring", "deep",
    "delightful", "disaster", "distressed", "edgy", "emotional", "engaging", "epic", "excitement", "exciting",
    "fast moving", "fast paced", "fun", "good hearted", "grand", "great acting", "heart", "inspired", "intelligent",
    "intense", "joy", "kind", "laugh", "magic", "magical", "memorable", "mysteries", "mysterious", "no holds barred",
    "nonsense", "overrated", "powerful", "puzzling", "raw", "regret", "sexy", "silly", "sleazy", "strange", "sweet",
    "tears", "trash", "twisted", "unforgettable", "unusual", "warm", "weird", "wonder",
})  # fmt: skip
"""Judgements that people write of many works that do not have the values which they ask for: "a memorable scene" is not
haunting. They state a value only if they are its name."""

_LEAST_WORDS = 3
"""A longer phrase is clear without a judgement: "edge of your seat"."""

_REACH = 4
"""How many words before a phrase may deny it."""
_REACH_OF_STATEMENTS = 6
_CHARACTERS_READ = 60
"""The characters before a term in which its last _REACH words are looked for."""


class Sayings:
    """The phrases that say each dimension of a taxonomy.

    Attributes:
        words: The phrases, to tell whether features that were made with others can be used.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        said: dict[tuple[str, ...], set[str]] = {}
        phrases = [*taxonomy.asking.items(), *taxonomy.asking_tags.items()]
        for phrase, dimensions in phrases:
            # A roll-up stands for a dozen values at once: who says that a film is educational says none of them.
            said.setdefault(_words(phrase), set()).update(each for each, weight in dimensions.items() if weight == 1)
        for dimension, name in taxonomy.names.items():
            said.setdefault(_words(name), set()).add(dimension)
        for tag in taxonomy.tags:
            for label in tag.labels:
                said.setdefault(_words(label), set()).add(tag.id)
        denied = {_words(phrase): dimensions for phrase, dimensions in taxonomy.not_asking.items()}
        self._taxonomy = taxonomy
        self._dimensions = said
        self._said = _by_first_word(said)
        self._other = _by_first_word(denied)
        self.words = sorted((" ".join(words), sorted(each)) for words, each in (*said.items(), *denied.items()))

    @cached_property
    def _stated(self) -> Mapping[tuple[str, ...], frozenset[str]]:
        """What each phrase states. Made for the first review: it takes .13 s, which a build without reviews saves."""
        taxonomy = self._taxonomy
        phrases = (*taxonomy.asking, *taxonomy.asking_tags, *taxonomy.names.values())
        asked = set(map(_words, phrases))
        said = self._dimensions.items()
        return {words: _stated_by(words, dimensions, taxonomy) for words, dimensions in said if words in asked}

    def find(self, sentence: str) -> dict[str, bool]:
        """Return the dimensions that a sentence says its work has, each with whether it states it."""
        words = _words(sentence)
        marked = _marked(sentence, words)
        other: dict[int, Set[str]] = {}
        for start, end, dimensions in _find(words, self._other):
            other |= {place: dimensions | other.get(place, frozenset()) for place in range(start, end)}
        found: dict[str, bool] = {}
        may_state = not sentence.rstrip("\"' )").endswith("?")
        for start, end, dimensions in _find(words, self._said):
            before = words[max(0, start - _REACH) : start]
            if not any(map(_denies, before)):
                stated = self._stated.get(words[start:end], frozenset()) if may_state else frozenset()
                wider = words[max(0, start - _REACH_OF_STATEMENTS) : start]
                if stated and (start in marked or any(map(_denies_statement, wider))):
                    stated = frozenset()
                for dimension in dimensions - other.get(start, frozenset()):
                    found[dimension] = found.get(dimension, False) or dimension in stated
        return found


_STEM = Stemmer.Stemmer("english").stemWord
_SMALL_WORDS = frozenset({"a", "an", "and", "in", "me", "of", "the", "to"})


def is_denied(before: str) -> bool:
    """Return whether the words before a term, in its sentence, deny it."""
    return any(map(_denies, _words(before[-_CHARACTERS_READ:])[-_REACH:]))


def _denies(word: str) -> bool:
    return word in _DENIALS or word.endswith("n't")


def _denies_statement(word: str) -> bool:
    return word in _DENIALS_OF_STATEMENTS or _denies(word)


def _stated_by(words: tuple[str, ...], dimensions: Iterable[str], taxonomy: Taxonomy) -> frozenset[str]:
    """Return which of the dimensions that a phrase says it states: those that it names, else all if it is clear."""
    named = frozenset(each for each in dimensions if _names(words, _words(taxonomy.names[each])))
    if named or " ".join(words) in _LOOSE:
        return named
    if len(words) >= _LEAST_WORDS or any(map(is_judgement, words)):
        return frozenset(dimensions)
    return taxonomy.from_reviews.intersection(dimensions)


def _marked(sentence: str, words: tuple[str, ...]) -> frozenset[int]:
    """Return the places of words that are part of a name or begin a quotation: "Three Smart Girls", a "romance"."""
    found = list(_MARKED_WORD.finditer(sentence.replace("\u2019", "'").replace("-", " ")))
    if len(found) != len(words) or sentence.isupper():
        return frozenset()
    return frozenset(place for place, each in enumerate(found) if each["mark"] or (place and each["word"][0].isupper()))


def _names(phrase: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Return whether a phrase has each word of a name and no other, perhaps inflected: "bored" names "boring".

    Of a name that joins two things one suffices: "war" names "war and peace".
    """
    kept, of_name = ([word for word in words if word not in _SMALL_WORDS] for words in (phrase, name))
    matches = [[_is_like(word, other) for other in of_name] for word in kept]
    if not kept or not all(map(any, matches)):
        return False
    return "and" in name or all(map(any, zip(*matches, strict=True)))


def _is_like(word: str, other: str) -> bool:
    one, two = sorted((_STEM(word.replace("our", "or")), _STEM(other.replace("our", "or"))), key=len)
    return one == two or (len(one) >= 4 and two.startswith(one)) or (len(one) >= 6 and two.startswith(one[:-1]))


Phrases = Mapping[str, list[tuple[tuple[str, ...], frozenset[str]]]]


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower().replace("\u2019", "'").replace("-", " ")))


def _by_first_word(phrases: Mapping[tuple[str, ...], Set[str]]) -> Phrases:
    """Return phrases by their first word, the longest first."""
    by_first: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = {}
    for words, dimensions in phrases.items():
        if words and dimensions:
            by_first.setdefault(words[0], []).append((words, frozenset(dimensions)))
    return {first: sorted(entries, key=lambda entry: -len(entry[0])) for first, entries in by_first.items()}


def _find(words: tuple[str, ...], phrases: Phrases) -> list[tuple[int, int, frozenset[str]]]:
    """Return where phrases stand in the words, each with its dimensions, from left to right, the longest at each."""
    found = []
    start = 0
    while start < len(words):
        end = start + 1
        for phrase, dimensions in phrases.get(words[start], ()):
            if words[start : start + len(phrase)] == phrase:
                end = start + len(phrase)
                found.append((start, end, dimensions))
                break
        start = end
    return found
