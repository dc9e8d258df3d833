"""A table of phrases, looked up word by word; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from search_api.understanding.query import WORD, Query

T = TypeVar("T")

_WITHIN = frozenset(" -/'.")
"""What may separate the words of a phrase: "sci-fi", "10/10", "U.S."; never a stop with a space."""


class PhraseHit(NamedTuple, Generic[T]):
    """A phrase of a table in a query: its words `first` to `last`, its characters, and what the table has for it."""

    first: int
    last: int
    start: int
    end: int
    value: T


class PhraseTable(Generic[T]):
    """Phrases with a value each. Finding them takes one look-up per word of a query."""

    def __init__(self, phrases: Mapping[str, T]) -> None:
        """Make a table.

        Args:
            phrases: The value of each phrase, by its words in lower case: "sci-fi" and "sci fi" are one.
        """
        self._by_first_word: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for phrase, value in phrases.items():
            words = tuple(WORD.findall(phrase.casefold()))
            self._by_first_word.setdefault(words[0], []).append((words, value))
        for entries in self._by_first_word.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def find(self, query: Query) -> Iterator[PhraseHit[T]]:
        """Yield the phrases in a query from left to right, the longest at each word."""
        tokens, next_free = query.tokens, 0
        for first, token in enumerate(tokens):
            entries = self._by_first_word.get(token.word)
            if entries is None or first < next_free:
                continue
            for words, value in entries:
                if self._has(query, first, words):
                    next_free = first + len(words)
                    yield PhraseHit(first, next_free - 1, token.start, tokens[next_free - 1].end, value)
                    break

    @staticmethod
    def _has(query: Query, first: int, words: tuple[str, ...]) -> bool:
        tokens = query.tokens
        if first + len(words) > len(tokens):
            return False
        return all(
            tokens[first + number].word == word
            and (
                number == 0
                or is_within_phrase(query.text[tokens[first + number - 1].end : tokens[first + number].start])
            )
            for number, word in enumerate(words)
        )


def is_within_phrase(gap: str) -> bool:
    """Return whether the characters between two words keep them in one phrase."""
    return len(gap) <= 3 and _WITHIN.issuperset(gap) and (gap == "." or "." not in gap)
