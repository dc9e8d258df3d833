"""Split text into sentences and terms. Documents and queries use the same analyser, so that BM25 can match them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from indexer.imports import hide_module
from indexer.records import Span

ANALYSER_VERSION = "1"
"""Raise it with any change below that changes a term or a sentence: stored features are then computed again."""

MAX_TERM_CHARACTERS = 40
"""Longer tokens are addresses, markup or noise: none of the catalogues' 100,000 most frequent terms is longer."""

SUFFIX_CHARACTERS = 16
"""Characters at the end of a word that are searched for a suffix. spaCy's suffixes are shorter, except "....."."""

MOST_UNBROKEN = 200
"""Characters without a space that are split into tokens at once: spaCy's time grows with the square of their number.
10,000 percent signs take 70 s whole and 10 ms in pieces. The longest run in the texts of 28,963 works is an address of
119 characters."""

_UNBROKEN = re.compile(rf"\S{{{MOST_UNBROKEN + 1},}}")
_ADDRESS = re.compile(r"\b\w{1,10}://[^\s()\[\]<>\"]+")
_LONG_WORD = re.compile(rf"\w{{{MAX_TERM_CHARACTERS + 1},}}")
_SIGN = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class Analysis:
    """The terms and sentences of a text.

    Attributes:
        terms: In the order of the text, repeats included.
        starts: The character at which the word of each term starts.
        sentences: As spans of characters.
    """

    terms: tuple[str, ...]
    starts: tuple[int, ...]
    sentences: tuple[Span, ...]


class Analyser:
    """English analysis by rules and tables: spaCy's tokeniser and sentenciser, its stop words, Snowball stems.

    It needs no trained pipeline. Not thread-safe, since the stemmer keeps state: give each thread its own.
    """

    @cached_property
    def _nlp(self) -> Any:
        # spaCy's machine learning library imports torch if it is installed, though nothing here needs it: the import
        # takes 2.3 s with torch and 0.85 s without.
        with hide_module("torch"):
            import spacy
            from spacy.pipeline import Sentencizer

        nlp = spacy.blank("en")
        # A paragraph ends a sentence too; spaCy makes a line break a token of its own.
        punctuation = [*Sentencizer.default_punct_chars, "\n"]
        nlp.add_pipe("sentencizer", config={"punct_chars": punctuation})
        nlp.max_length = 10_000_000
        tokenizer: Any = nlp.tokenizer
        # Every prefix begins with "^". A search would look for it at each character of the word.
        tokenizer.prefix_search = tokenizer.prefix_search.__self__.match
        tokenizer.suffix_search = search_end(tokenizer.suffix_search.__self__)
        return nlp

    @cached_property
    def _stemmer(self) -> Any:
        import Stemmer

        return Stemmer.Stemmer("english")

    def analyse(self, texts: Iterable[str]) -> Iterator[Analysis]:
        """Yield each text's analysis, in order, in streamed batches."""
        for doc in self._nlp.pipe(map(break_runs, texts), batch_size=256):
            terms, starts = self._terms(doc)
            yield Analysis(terms, starts, tuple(_sentences(doc)))

    def terms(self, text: str) -> tuple[str, ...]:
        """Return the terms of one text, such as a query."""
        return self._terms(self._nlp.tokenizer(break_runs(text)))[0]

    def has_any(self, text: str, terms: Collection[str]) -> bool:
        """Return whether a text has one of some terms. Most are ruled out by their letters, in a tenth of the time.

        A stem begins like its word: with the same two letters, or with one ("dying" is "die", "lying" is "lie").
        """
        letters = text.lower()
        starts = (term[:1] if term.endswith("ie") else term[:2] for term in terms)
        return any(start in letters for start in starts) and not set(terms).isdisjoint(self.terms(text))

    def terms_and_words(self, text: str) -> list[tuple[str, str]]:
        """Return the terms of one text, each with the word it was made from."""
        return [
            (term, token.text) for token in self._nlp.tokenizer(break_runs(text)) for term in self._terms([token])[0]
        ]

    def _terms(self, tokens: Iterable[Any]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return the terms, and the character at which the word of each starts."""
        words = [
            (token.lower_, token.idx)
            for token in tokens
            if not (token.is_stop or token.is_punct or token.is_space or len(token) > MAX_TERM_CHARACTERS)
        ]
        # Depending on their neighbours, "mother-in-law" and "sci-fi" are one token or several: always split them.
        parts = [
            (part, start)
            for word, start in words
            for part in word.replace("-", " ").replace("'", " ").split()
            if part.isalnum()
        ]
        return tuple(self._stemmer.stemWords([part for part, _ in parts])), tuple(start for _, start in parts)


def break_runs(text: str) -> str:
    """Return a text in which no more than MOST_UNBROKEN characters stand without a space; every place stays the same.

    In a longer run, addresses and words that are too long for a term become spaces, and so does a sign in each stretch
    that is still too long. Other texts are returned as they are.
    """
    return _UNBROKEN.sub(_break_run, text)


def _break_run(run: re.Match[str]) -> str:
    text = _LONG_WORD.sub(_to_spaces, _ADDRESS.sub(_to_spaces, run[0]))
    pieces: list[str] = []
    start = 0
    while len(text) - start > MOST_UNBROKEN:
        # No word is longer than MAX_TERM_CHARACTERS, so there is a sign among the next characters.
        sign = _SIGN.search(text, start + MOST_UNBROKEN - MAX_TERM_CHARACTERS)
        end = sign.start() if sign else len(text)
        pieces += [text[start:end], " "]
        start = end + 1
    return "".join([*pieces, text[start:]])


def _to_spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])


def search_end(pattern: re.Pattern[str]) -> Callable[[str], re.Match[str] | None]:
    """Return a search for suffixes that finds the same as the pattern's own but reads only the end of a long word.

    spaCy takes suffixes off a word one at a time, and its own search reads the whole word each time. A match that
    begins at the first character read may begin earlier ("....."): then the whole word is searched.
    """

    def search_suffix(word: str) -> re.Match[str] | None:
        start = max(0, len(word) - SUFFIX_CHARACTERS)
        match = pattern.search(word, start)
        return pattern.search(word) if match and match.start() == start else match

    return search_suffix


def _sentences(doc: Any) -> Iterator[Span]:
    for sentence in doc.sents:
        text = sentence.text
        start = sentence.start_char + len(text) - len(text.lstrip())
        end = sentence.start_char + len(text.rstrip())
        if end > start:
            yield Span(start, end)
