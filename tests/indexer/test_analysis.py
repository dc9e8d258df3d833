"""Texts are split into terms, and a long word of punctuation does not take minutes."""

from __future__ import annotations

import re

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis import MAX_TERM_CHARACTERS, MOST_UNBROKEN, Analyser, break_runs, search_end

ANALYSER, SPACY = Analyser(), spacy.blank("en")
SUFFIXES = re.compile(r"%$|\.\.+$|(?<=\d)km$")


@pytest.mark.parametrize("word", ["." * 500, "word" + "." * 15, "word" + "." * 16, "9" * 200 + "km", "a%", ".", ""])
def test_the_suffix_search_finds_what_a_search_of_the_whole_word_finds(word: str) -> None:
    found, expected = search_end(SUFFIXES)(word), SUFFIXES.search(word)
    assert (found and found[0]) == (expected and expected[0])


@pytest.mark.parametrize("text", ["%" * 2_000, "(" * 2_000, "'s" * 1_000, "word" + ")" * 2_000, "." * 2_000])
def test_a_word_of_punctuation_has_no_terms_but_its_letters(text: str) -> None:
    assert set(ANALYSER.terms(text)) <= {"word", "s"}


UNBROKEN = [
    "%" * 10_000,
    "漢字" * 5_000,
    "a.b-" * 2_500,
    "a\u0301" * 5_000,
    "👨\u200d👩\u200d" * 2_500,
    "Zm9vYmFy+/" * 1_000,
]


@pytest.mark.parametrize("run", UNBROKEN, ids=lambda run: run[:4])
def test_a_long_run_is_broken_where_it_stands(run: str) -> None:
    text = f"The harbour {run} sleeps. Ada wakes."
    broken = break_runs(text)
    assert max(map(len, broken.split())) <= MOST_UNBROKEN
    assert len(broken) == len(text)
    assert all(ours in (theirs, " ") for ours, theirs in zip(broken, text, strict=True))
    (analysis,) = ANALYSER.analyse([text])
    assert analysis.terms[0] == "harbour"
    assert analysis.terms[-3:] == ("sleep", "ada", "wake")
    last = analysis.sentences[-1]
    assert text[last.start : last.end] == "Ada wakes."


@given(st.text(st.sampled_from("aB9 .-%漢\u0301😀"), max_size=MOST_UNBROKEN))
def test_a_text_without_a_long_run_stays_as_it_is(text: str) -> None:
    assert break_runs(text) is text or break_runs(text) == text


@given(st.text(st.sampled_from("aB9.-%漢\u0301😀"), min_size=MOST_UNBROKEN + 1, max_size=5 * MOST_UNBROKEN))
def test_only_signs_and_words_too_long_for_a_term_are_left_out(text: str) -> None:
    lost = [theirs for ours, theirs in zip(break_runs(text), text, strict=True) if ours != theirs]
    words = [word for word in re.findall(r"\w+", text) if len(word) <= MAX_TERM_CHARACTERS]
    assert re.findall(r"\w+", break_runs(text)) == words
    assert lost


def test_a_long_address_has_no_terms_as_a_short_one() -> None:
    address = "https://harbour.example/" + "ferry-timetable/" * 20
    assert ANALYSER.terms(f"the lighthouse [{address}]({address})") == ANALYSER.terms("the lighthouse")


PIECES = st.sampled_from(
    ["a", "B", "9", "km", "%", "(", ")", "..", "'s", "!", "-", "https://a.b/", "😀", " ", "…", "e.g."]
)


@settings(deadline=None)  # the first word loads spaCy
@given(st.lists(PIECES, max_size=200).map("".join))
def test_words_are_cut_as_spacy_cuts_them(text: str) -> None:
    ours = [token.text for token in ANALYSER._nlp.tokenizer(text)]
    assert ours == [token.text for token in SPACY.tokenizer(text)]
