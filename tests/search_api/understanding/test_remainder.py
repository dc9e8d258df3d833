"""What is searched for, guessed from and left unread once a request is read."""

import pytest

from search_api.understanding.intent import parse_intent
from tests.search_api.understanding.test_intent import NAMES, TAXONOMY, TODAY, guessing, read


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


@pytest.mark.parametrize(
    ("query", "subject"),
    [
        ("a film about lighthouse keepers", "lighthouse keepers"),
        ("a funny film about lighthouse keepers", "lighthouse keepers"),
        ("novels set in Lagos", "in Lagos"),
        ("a film about war", None),
        ("something funny", None),
        ("like Interstellar, but about bees", None),
    ],
)
def test_what_works_are_to_be_about_is_a_subject(query: str, subject: str | None) -> None:
    assert read(query).subject == subject


@pytest.mark.parametrize(
    ("query", "asked"),
    [("submarine films", ["submarine"]), ("a funny submarine film", ["submarine"]), ("something funny and sad", [])],
)
def test_words_that_name_no_value_are_a_subject_if_the_catalogue_has_one(query: str, asked: list[str]) -> None:
    calls: list[str] = []

    def is_subject(words: str, _text: str) -> bool:
        calls.append(words)
        return True

    intent = parse_intent(query, TAXONOMY, names=NAMES, today=TODAY, is_subject=is_subject)
    assert calls == asked
    assert intent.subject == (asked[0] if asked else None)
    assert intent.only_mood is not bool(asked)
