"""Where a request asks for works, and how its words bear on a fact."""

import time

import pytest
from reading import read

from search_api.understanding.query import Query
from search_api.understanding.scope import Scope


@pytest.mark.parametrize(
    ("text", "word", "role"),
    [
        ("a calm film", "film", "asks"),
        ("I want a calm film", "film", "asks"),
        ("my aunt only likes westerns", "westerns", "asks"),
        ("it has to be French", "French", "asks"),
        ("I teach drama at a school", "drama", "talks"),
        ("My flat is tiny. A calm film.", "flat", "talks"),
        ("My flat is tiny. A calm film.", "film", "asks"),
        ("the last one was a western", "western", "talks"),
        ("we loved the musical", "musical", "reports"),
        ("just finished a Danish novel, any film like it?", "novel", "reports"),
        ("just finished a Danish novel, any film like it?", "film", "asks"),
        ("loved the book is there a film", "book", "reports"),
        ("loved the book is there a film", "film", "asks"),
        ("a film that I haven't seen", "film", "asks"),
        ("Last year it was a western", "western", "reports"),
    ],
)
def test_the_role_of_a_clause(text: str, word: str, role: str) -> None:
    assert Scope(Query(text)).role(text.index(word)) == role


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("a WESTERN", "wanted"),
        ("it has to be a WESTERN", "wanted"),
        ("no WESTERN", "denied"),
        ("nothing like a WESTERN", "denied"),
        ("she can't stand a WESTERN", "denied"),
        ("I am not a big fan of the WESTERN", "denied"),
        ("anything but a WESTERN", "denied"),
        ("sick of the WESTERN", "denied"),
        ("WESTERN is out", "denied"),
        ("it doesn't have to be a WESTERN", "neutral"),
        ("I don't mind a WESTERN", "neutral"),
        ("not only a WESTERN", "neutral"),
        ("a WESTERN is fine", "neutral"),
        ("a WESTERN or not", "neutral"),
        ("no sad WESTERN", "unsure"),
        ("less WESTERN", "unsure"),
        ("perhaps a WESTERN", "unsure"),
        ("nothing sad. A WESTERN", "wanted"),
        ("not sad, a WESTERN", "wanted"),
    ],
)
def test_polarity(text: str, polarity: str) -> None:
    start = text.index("WESTERN")
    assert Scope(Query(text)).polarity(start, start + len("WESTERN")) == polarity


@pytest.mark.parametrize(
    ("text", "word", "is_asked"),
    [
        ("a film about a cook", "cook", False),
        ("a film about a cook, a French one", "French", False),
        ("a film about a cook, but French", "French", True),
        ("a film about a cook. French, please", "French", True),
        ("a film about a cook, preferably French", "French", True),
        ("a French film about a cook", "French", True),
    ],
)
def test_what_happens_in_a_work_is_not_asked_for(text: str, word: str, is_asked: bool) -> None:
    assert Scope(Query(text)).asks(text.index(word)) is is_asked


PIECES = (
    *("about ", "about a film ", "French or ", "no ", "no horror or ", "from the US ", "in French, ", "the best "),
    *("to read ", "i ", "any language but ", "the past ten years ", "19th or ", "the 90s and ", "under 90 minutes "),
    *("an hour and ", "short ", "more than ", "made by ", "set in ", "\0", "what should ", "1990-", "a'", "(", ", "),
)


@pytest.mark.parametrize("piece", PIECES)
def test_no_long_text_freezes_the_readers(piece: str) -> None:
    started = time.process_time()
    read((piece * 10_000)[:10_000])
    assert time.process_time() - started < 5  # it takes 0.1 s; a pattern that backtracks without end never returns
