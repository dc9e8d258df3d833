"""Texts are split into terms, and a long word of punctuation does not take minutes."""

from __future__ import annotations

import re

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis import SUFFIX_CHARACTERS, Analyser, search_end

ANALYSER, SPACY = Analyser(), spacy.blank("en")
SUFFIXES = re.compile(r"%$|\.\.+$|(?<=\d)km$")


def test_a_search_for_a_suffix_reads_only_the_end_of_a_long_word() -> None:
    n_read = []

    def search(word: str) -> re.Match[str] | None:
        n_read.append(len(word))
        return SUFFIXES.search(word)

    suffix = search_end(search)("%" * 10_000)
    assert suffix is not None
    assert suffix[0] == "%"
    assert n_read == [SUFFIX_CHARACTERS]


@pytest.mark.parametrize("word", ["." * 500, "word" + "." * 63, "word" + "." * 64, "9" * 200 + "km", "a%", ".", ""])
def test_the_suffix_search_finds_what_a_search_of_the_whole_word_finds(word: str) -> None:
    found, expected = search_end(SUFFIXES.search)(word), SUFFIXES.search(word)
    assert (found and found[0]) == (expected and expected[0])


@pytest.mark.parametrize("text", ["%" * 2_000, "(" * 2_000, "'s" * 1_000, "word" + ")" * 2_000, "." * 2_000])
def test_a_word_of_punctuation_has_no_terms_but_its_letters(text: str) -> None:
    assert ANALYSER.terms(text) in ((), ("word",))


PIECES = st.sampled_from(
    ["a", "B", "9", "km", "%", "(", ")", "..", "'s", "!", "-", "https://a.b/", "😀", " ", "…", "e.g."]
)


@settings(deadline=None)  # the first word loads spaCy
@given(st.lists(PIECES, max_size=200).map("".join))
def test_words_are_cut_as_spacy_cuts_them(text: str) -> None:
    ours = [token.text for token in ANALYSER._nlp.tokenizer(text)]
    assert ours == [token.text for token in SPACY.tokenizer(text)]
