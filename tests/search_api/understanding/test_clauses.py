"""What each word of a text is there for: wanted, refused or neither."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.understanding.clauses import Clauses


def polarity(said: str, word: str) -> float:
    start = said.lower().index(word)
    return Clauses(said).polarity(start, start + len(word))


@pytest.mark.parametrize(
    ("said", "word", "expected"),
    [
        ("a tender drama", "tender", 1),
        ("no blood, torture or nudity, just laughs", "nudity", -1),
        ("no blood, torture or nudity, just laughs", "laughs", 1),
        ("no blood, puppets are great", "puppets", 1),
        ("no blood and I like puppets", "puppets", 1),
        ("no pirates, a decent sea voyage", "voyage", 1),
        ("she doesn't like spiders, swearing, blood", "blood", -1),
        ("I hate spiders, adore snakes", "snakes", 1),
        ("clever but not cruel", "cruel", -1),
        ("not only clever but kind", "clever", 1),
        ("not only clever but kind", "kind", 1),
        ("anything but puppets", "puppets", -1),
        ("nothing but puppets", "puppets", 1),
        ("not too long-winded", "long", -0.5),
        ("nothing too grim", "grim", -0.5),
        ("I don't want anything too grim", "grim", -0.5),
        ("a film that isn't very grim", "grim", -0.5),
        ("less grim than the last one", "grim", -0.5),
        ("go easy on the swearing", "swearing", -0.5),
        ("swearing is fine, blood less so", "swearing", 0),
        ("swearing is fine, blood less so", "blood", -0.5),
        ("swearing is ok, torture is not", "torture", -1),
        ("Puppets, no.", "puppets", -1),
        ("Puppets? No thanks.", "puppets", -1),
        ("barns, bad weather, old cars, all welcome", "barns", 0),
        ("I don't mind swearing", "swearing", 0),
        ("I don't mind swearing as long as it's not constant shouting", "shouting", -1),
        ("swearing I can take or leave", "swearing", 0),
        ("puppets I can't stand", "puppets", -1),
        ("it doesn't have to be clever", "clever", 0),
        ("I don't dislike puppets", "puppets", 0),
        ("tired of puppets", "puppets", -1),
        ("so over puppets", "puppets", -1),
        ("I've had it with puppets", "puppets", -1),
        ("skip the puppets", "puppets", -1),
        ("hold the puppets", "puppets", -1),
        ("spare me the puppets", "puppets", -1),
        ("can't do puppets right now", "puppets", -1),
        ("I can't abide puppets", "puppets", -1),
        ("zero puppets", "puppets", -1),
        ("minus the puppets", "puppets", -1),
        ("one that isn't grim", "grim", -1),
        ("shouting isn't frightening", "frightening", 0),
        ("more clever than grim", "grim", -0.5),
        ("why not something clever", "clever", 1),
        ("my month was grim", "grim", 0),
        ("I teach geometry, mostly circles", "circles", 0),
        ("My aunt is a vet so accuracy counts. Something with horses", "horses", 1),
        ("we sit in a cold cellar", "cold", 0),
    ],
)
def test_polarity_of_a_word(said: str, word: str, expected: float) -> None:
    assert polarity(said, word) == expected


def test_a_report_of_the_past_is_known_as_one() -> None:
    said = "We loved the parade. I want more of it"
    clauses = Clauses(said)
    assert clauses.reports_past(9, 19)
    assert not clauses.reports_past(21, 30)


def test_sentences_end_at_stops_but_not_at_abbreviations() -> None:
    said = "I liked Mr. Brown. And Dr. J. Grey? Yes!"
    assert [said[start:end] for start, end in Clauses(said).sentences] == [
        "I liked Mr. Brown",
        "And Dr. J. Grey",
        "Yes",
    ]


SMALL_WORDS = ["no", "not", ",", ".", "a sad film", "but", "I don't mind", "less so", "and", "or"]


@given(st.text() | st.lists(st.sampled_from(SMALL_WORDS)).map(" ".join))
def test_every_text_has_clauses_that_hold_its_words(said: str) -> None:
    clauses = Clauses(said)
    ends = [0, *(clause.end for clause in clauses.clauses)]
    assert all(end <= clause.start for end, clause in zip(ends, clauses.clauses, strict=False))
    assert all(clauses.polarity(start, start + 1) in (1, 0, -0.5, -1) for start in range(len(said)))


@pytest.mark.parametrize("piece", ["no, ", "not a ", "a. ", "is fine, ", "sad, or ", "no? "])
def test_a_long_text_is_read_in_linear_time(piece: str) -> None:
    started = time.process_time()
    Clauses((piece * 10_000)[:10_000])
    assert time.process_time() - started < 5  # it takes 10 ms
