"""What is searched for, guessed from and left unread once a request is read."""

import pytest

from tests.search_api.understanding.test_intent import guessing, read


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("any good heist recs?", "heist"),
        ("I just moved house, cheer me up", "cheer me up"),
        ("a good American film", "film"),
        ("pirates, but no parrots", "pirates"),
        ("pirates, parrots are fine", "pirates"),
        ("We had guests all week. My head hurts. Pirates and storms, please.", "Pirates and storms"),
        ("a film about a world without hope", "world without hope"),
    ],
)
def test_text_to_search_for(query: str, text: str) -> None:
    assert read(query).text == text


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("a film with a cat that doesn't drown", ("with a cat that doesn't drown",)),
        ("books where the thief gets away", ("where the thief gets away",)),
        ("black and white heist films", ("black and white",)),
        ("a heist film with pirates", ()),
        ("a heist film, nothing sad", ()),
    ],
)
def test_what_nothing_can_look_up_is_said(query: str, ignored: tuple[str, ...]) -> None:
    assert read(query).ignored == ignored


@pytest.mark.parametrize(
    ("query", "refused"),
    [
        ("a heist, no parrots", ("parrots",)),
        ("a heist, no parrots or tap dancing", ("parrots", "tap dancing")),
        ("a heist, no parrots or violence", ("parrots",)),
        ("a heist, nothing about boxing", ("about boxing",)),
        ("a heist film, nothing sad", ()),
        ("I don't like mornings much. A heist please", ("mornings",)),
    ],
)
def test_refused_words_that_name_no_value_are_kept(query: str, refused: tuple[str, ...]) -> None:
    assert read(query).refused == refused


@pytest.mark.parametrize(
    "query",
    [
        "a good French film",
        "a short film",
        "the best books of the 90s",
        "10/10 films",
        "hi, any recommendations?",
        "a book similar to The Glass Orchard",
        "black and white films",
        "something for my six-year-old",
    ],
)
def test_nothing_is_guessed_from_facts_names_and_courtesy(query: str) -> None:
    intent, asked = guessing(query)
    assert asked == []
    assert (intent.values, intent.tags) == ({}, {})
