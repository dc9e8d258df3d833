"""Find the words that ask for values and tags, also inflected or with one slip of the hand; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import NamedTuple

import Stemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexer.values.taxonomy import Taxonomy
from search_api.understanding import phrases
from search_api.understanding.phrases import word_set
from search_api.understanding.query import Query

LEAST_LETTERS_OF_SLIP = 5
"""A shorter word with a slip is too often another word: "fand" may be "fond", "fund" or "find"."""
LEAST_LETTERS_OF_OTHER_LETTER = 6
"""In a shorter word another letter makes another word too often: "ferry" is not "furry"."""
LEAST_LETTERS_OF_STEM = 5
""" "Loved" and "hoping" ask for nothing, though their stems are "love" and "hope"."""

_THE_BETTER = frozenset((("the", "better"), ("the", "merrier"), ("the", "nicer")))
_OBJECTS = word_set("me us him her them you")
_POSSESSIVES = word_set("my our his her their your")


class AskingMatch(NamedTuple):
    """A phrase that asks for dimensions: its words `first` to `last`, and what it asks for with weights in [-1, 1].

    Comparatives ask for less of a dimension too: "lighter". `is_plain` is false for words within a longer phrase,
    inflected words and slips.
    """

    first: int
    last: int
    shares: Mapping[str, float]
    is_plain: bool = True


class _Entry(NamedTuple):
    """What a phrase asks for, among the values and among the tags; what it does not ask for, in `denied`."""

    values: Mapping[str, float] = {}
    tags: Mapping[str, float] = {}
    denied: frozenset[str] = frozenset()


_NOTHING = _Entry()


class AskingWords:
    """The asking words of a taxonomy, looked up word by word.

    Args:
        taxonomy: The values and tags with their `ask` and `not_ask` phrases.
        known_words: Common words of the language with their places by frequency. They are never taken for a slip of
            the hand, and a slip that is near to several words stands for the commonest.
    """

    def __init__(self, taxonomy: Taxonomy, known_words: Mapping[str, int] | None = None) -> None:
        values = _with_pronouns(taxonomy.asking)
        for word, parts in phrases.COMPARATIVES.items():
            shares = (
                (value, share * weight)
                for phrase, weight in parts
                for value, share in taxonomy.asking.get(phrase, {}).items()
            )
            values[word] = dict(shares)
        tags = _with_pronouns(taxonomy.asking_tags)
        denied = taxonomy.not_asking
        self._entries = {
            phrase: _Entry(values.get(phrase, {}), tags.get(phrase, {}), denied.get(phrase, frozenset()))
            for phrase in (*values, *tags, *denied)
        }
        self._known_words = known_words or {}
        self._starts = _lengths_by_first_word(self._entries)
        self._stemmer = Stemmer.Stemmer("english")
        stem = self._stemmer.stemWord
        self._by_stem: dict[str, list[str]] = {}
        for phrase in (*taxonomy.asking, *taxonomy.asking_tags):
            key = " ".join(map(stem, phrase.split()))
            if " " in key or len(key) >= LEAST_LETTERS_OF_STEM:
                self._by_stem.setdefault(key, []).append(phrase)
        self._stem_starts = _lengths_by_first_word(self._by_stem)
        self._first_words: dict[str, set[str]] = {}
        for phrase in (*taxonomy.asking, *taxonomy.asking_tags):
            word = phrase.split()[0]
            self._first_words.setdefault(stem(word), set()).add(word)
        self._vocabulary = {word for phrase in (*values, *tags) for word in phrase.split()}
        self.broader = _broader(taxonomy)
        """For each tag the values and tags that count it as one of theirs."""

    @cached_property
    def _by_start(self) -> Mapping[tuple[str, int], tuple[str, ...]]:
        """The words that a misspelt word may stand for, by first letter and length."""
        words: dict[tuple[str, int], list[str]] = {}
        for word in sorted({*self._vocabulary, *self._known_words}):
            if len(word) >= LEAST_LETTERS_OF_SLIP:
                words.setdefault((word[0], len(word)), []).append(word)
        return {start: tuple(group) for start, group in words.items()}

    def find(self, query: Query) -> list[AskingMatch]:
        """Return the matches in a query from left to right.

        At each word the longest phrase of the values and the longest of the tags count, and within these the phrases
        of what they belong to: "psychological thriller" is also a thriller.
        """
        words = [self._straighten(token.word) for token in query.tokens]
        words = [self._without_ending(words, at) for at in range(len(words))]
        matches: list[AskingMatch] = []
        denied: list[tuple[int, int, frozenset[str]]] = []
        outer: dict[str, AskingMatch | None] = {"values": None, "tags": None}
        for first, last, entry, is_plain in self._phrases(query, words):
            if entry.denied:
                denied.append((first, last, entry.denied))
            for sort, shares in (("values", entry.values), ("tags", entry.tags)):
                longer = outer[sort]
                match = AskingMatch(first, last, shares, is_plain)
                if longer is not None and last <= longer.last and shares:
                    matches.append(self._keep_related(match, longer))
                elif shares:
                    outer[sort] = match
                    matches.append(match)
        settled = (_without(match, denied) for match in matches)
        return [match for match in settled if match.shares]

    def denied(self, query: Query) -> frozenset[str]:
        """Return the dimensions for which the query holds a phrase that does not ask for them: "food for thought"."""
        words = [token.word for token in query.tokens]
        return frozenset().union(*(entry.denied for _, _, entry, _ in self._phrases(query, words)))

    def _phrases(self, query: Query, words: Sequence[str]) -> Iterator[tuple[int, int, _Entry, bool]]:
        """Yield the known phrases, by first word and then the longest first, and whether each is spelt as known."""
        stems = self._stemmer.stemWords(words)
        joins = query.joins
        for first in range(len(words)):
            n_words, n_stems = self._starts.get(words[first], 0), self._stem_starts.get(stems[first], 0)
            if not n_words and not n_stems:
                continue
            last = first
            while last - first + 1 < max(n_words, n_stems) and joins[last]:
                last += 1
            for end in range(last, first - 1, -1):
                entry = self._entries.get(" ".join(words[first : end + 1])) if end - first < n_words else None
                if entry is not None:
                    yield first, end, entry, True
                elif end - first < n_stems and (known := self._by_stem.get(" ".join(stems[first : end + 1]))):
                    said = words[first : end + 1]
                    inflected = next((phrase for phrase in known if _is_inflection(said, phrase.split())), None)
                    if inflected is not None:
                        yield first, end, self._entries[inflected]._replace(denied=frozenset()), False

    def _straighten(self, word: str) -> str:
        """Return a word as the asking words spell it, if one slip of the hand parts it from exactly one of them."""
        if word in self._vocabulary or word in self._known_words or len(word) < LEAST_LETTERS_OF_SLIP - 1:
            return word
        stem = self._stemmer.stemWord(word)
        is_inflected = stem in self._stem_starts and any(
            _is_inflection([word], [known]) for known in self._first_words.get(stem, ())
        )
        if not word.isalpha() or is_inflected:
            return word
        near = [
            other
            for length in (len(word) - 1, len(word), len(word) + 1)
            for other, _, _ in process.extract(
                word, self._by_start.get((word[0], length), ()), scorer=OSA.distance, score_cutoff=1, limit=None
            )
        ]
        if len(word) < LEAST_LETTERS_OF_OTHER_LETTER:
            near = [other for other in near if len(other) != len(word) or sorted(other) == sorted(word)]
        rare = len(self._known_words)
        best = min(near, key=lambda other: self._known_words.get(other, rare), default=word)
        return best if best in self._vocabulary else word

    def _without_ending(self, words: Sequence[str], at: int) -> str:
        """Return the asking word within a comparative or a coined adjective; any other word as it is.

        "Creepier", "the darker the better", "thrillery".
        """
        word = words[at]
        if word in self._starts or len(word) < LEAST_LETTERS_OF_SLIP:
            return word
        bases: tuple[str, ...] = ()
        if word.endswith(("ier", "iest")):
            bases = (word[: word.rindex("i")] + "y",)
        elif word.endswith("er") and tuple(words[at + 1 : at + 3]) in _THE_BETTER and words[max(at - 1, 0)] == "the":
            bases = (word[:-2], word[:-1], word[:-3])
        elif word not in self._known_words and word.endswith(("y", "ish")):
            bare = word.removesuffix("ish").removesuffix("y")
            bases = (bare, bare.removesuffix("e"), bare[:-1] if bare[-2:-1] == bare[-1:] else bare)
        return next((base for base in bases if base in self._entries), word)

    def _keep_related(self, match: AskingMatch, outer: AskingMatch) -> AskingMatch:
        """Return what a phrase within a longer one asks for, as far as the longer one belongs to it."""
        wanted = {
            dimension: share
            for dimension, share in match.shares.items()
            if any(dimension in self.broader.get(other, ()) for other in outer.shares)
        }
        return match._replace(shares=wanted, is_plain=False)


def _is_inflection(said: Sequence[str], known: Sequence[str]) -> bool:
    """Return whether each word is the known word with another ending: "ghostly", but not "thrilled" for "thrilling"."""
    pairs = (sorted(pair, key=len) for pair in zip(said, known, strict=True))
    return all(long.startswith(short if short[-1] not in "ey" else short[:-1]) for short, long in pairs)


def _with_pronouns(asking: Mapping[str, Mapping[str, float]]) -> dict[str, Mapping[str, float]]:
    """Return asking phrases with every pronoun in the place of "me" and "my": "cheer us up", "break her heart"."""
    variants: dict[str, Mapping[str, float]] = {}
    for phrase, shares in asking.items():
        words = phrase.split()
        if len(words) > 1 and not {"me", "my", "you", "your"}.isdisjoint(words[1:]):
            choices = [(words[0],), *(_choices(word) for word in words[1:])]
            for variant in product(*choices):
                variants.setdefault(" ".join(variant), shares)
    return variants | dict(asking)


def _choices(word: str) -> Iterable[str]:
    if word in ("me", "you"):
        return sorted(_OBJECTS)
    return sorted(_POSSESSIVES) if word in ("my", "your") else (word,)


def _lengths_by_first_word(known: Iterable[str]) -> dict[str, int]:
    """Return the number of words of the longest phrase that begins with each word."""
    lengths: dict[str, int] = {}
    for phrase in known:
        words = phrase.split()
        lengths[words[0]] = max(lengths.get(words[0], 0), len(words))
    return lengths


def _broader(taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """Return for each dimension the broader ones: the values, and the tags, that count its name as a label."""
    labels = taxonomy.community_labels
    names = {tag.id: {tag.name, tag.name.replace(" ", "-")} for tag in taxonomy.tags}
    return {
        tag: frozenset(
            dimension for dimension in labels if dimension != tag and not spellings.isdisjoint(labels[dimension])
        )
        for tag, spellings in names.items()
    }


def _without(match: AskingMatch, denied: Iterable[tuple[int, int, frozenset[str]]]) -> AskingMatch:
    """Return a match without what its words do not ask for where they stand."""
    shares = match.shares
    for first, last, dimensions in denied:
        overlaps = first <= match.last and match.first <= last
        is_longer = match.first <= first and last <= match.last and (match.last - match.first) > (last - first)
        if overlaps and not is_longer:
            shares = {dimension: share for dimension, share in shares.items() if dimension not in dimensions}
    return match._replace(shares=shares)
