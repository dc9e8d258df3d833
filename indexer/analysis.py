"""Split text into sentences and terms. Documents and queries use the same analyser, so that BM25 can match them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from indexer.imports import hide_module
from indexer.records import Span

ANALYSER_VERSION = "1"
"""Raise it with any change below that changes a term or a sentence: stored features are then computed again."""

MAX_TERM_CHARACTERS = 40
"""Longer tokens are addresses, markup or noise: none of the catalogues' 100,000 most frequent terms is longer."""

SUFFIX_CHARACTERS = 64
"""Characters at the end of a word that are searched for a suffix. spaCy's suffixes are shorter, except "....."."""


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
        tokenizer.suffix_search = search_end(tokenizer.suffix_search)
        return nlp

    @cached_property
    def _stemmer(self) -> Any:
        import Stemmer

        return Stemmer.Stemmer("english")

    def analyse(self, texts: Iterable[str]) -> Iterator[Analysis]:
        """Yield each text's analysis, in order, in streamed batches."""
        for doc in self._nlp.pipe(texts, batch_size=256):
            terms, starts = self._terms(doc)
            yield Analysis(terms, starts, tuple(_sentences(doc)))

    def terms(self, text: str) -> tuple[str, ...]:
        """Return the terms of one text, such as a query."""
        return self._terms(self._nlp.tokenizer(text))[0]

    def terms_and_words(self, text: str) -> list[tuple[str, str]]:
        """Return the terms of one text, each with the word it was made from."""
        return [(term, token.text) for token in self._nlp.tokenizer(text) for term in self._terms([token])[0]]

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


def search_end(search: Callable[[str], re.Match[str] | None]) -> Callable[[str], re.Match[str] | None]:
    """Return a suffix search that finds the same suffixes but reads only the end of a long word.

    spaCy takes suffixes off a word one at a time, and its own search reads the whole word each time: 10,000 percent
    signs without a space took 68 s, and take 0.3 s this way. A match that begins at the first character read may begin
    earlier ("....."): then the whole word is searched.
    """

    def search_suffix(word: str) -> re.Match[str] | None:
        match = search(word[-SUFFIX_CHARACTERS:])
        return search(word) if match and match.start() == 0 else match

    return search_suffix


def _sentences(doc: Any) -> Iterator[Span]:
    for sentence in doc.sents:
        text = sentence.text
        start = sentence.start_char + len(text) - len(text.lstrip())
        end = sentence.start_char + len(text.rstrip())
        if end > start:
            yield Span(start, end)
