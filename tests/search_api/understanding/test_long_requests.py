"""A long request is read to a point, and searched for to its end."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_works import open_index

from indexer.values.taxonomy import load_taxonomy
from search_api.records import Intent
from search_api.understanding.intent import MOST_READ_CHARACTERS, MOST_READ_WORDS, parse_intent
from search_api.understanding.remainder import Spans

TAXONOMY, NAMES = load_taxonomy(), open_index([])
some_spans = st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def read(text: str) -> Intent:
    return parse_intent(text, TAXONOMY, names=NAMES, today=date(2026, 1, 1))


@given(st.lists(some_spans, max_size=12), some_spans)
def test_spans_overlap_as_each_does_alone(many: list[tuple[int, int]], one: tuple[int, int]) -> None:
    assert Spans(many).overlap(one) == any(start < one[1] and one[0] < end for start, end in many)


@pytest.mark.parametrize("filler", ["harbour ", "a ", "% "])
def test_what_is_read_of_a_long_request_is_read_as_before_and_the_rest_is_searched_for(filler: str) -> None:
    request = "Recommend a sad film from the 1990s, please. "
    n_fillers = max(MOST_READ_WORDS, MOST_READ_CHARACTERS // len(filler))
    intent = read(request + filler * n_fillers + "the lighthouse keeper")
    assert (intent.filters.kind, intent.filters.year, intent.values) == (
        read(request).filters.kind,
        read(request).filters.year,
        read(request).values,
    )
    assert intent.filters.kind == "movie"
    assert intent.text.endswith("the lighthouse keeper")


def test_a_request_within_the_bound_keeps_its_last_words() -> None:
    request = "Recommend a film with " + "sea " * (MOST_READ_WORDS - 20) + "from the 1990s"
    assert read(request).filters.year is not None
