"""What words elsewhere in a text refuse: a later "none of those", or a heading such as "Avoid:"."""

import pytest

from search_api.understanding.references import find_refused


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("I used to enjoy gory thrillers, lately I can't stand them any more. A comedy.", "gory thrillers"),
        ("Zombies give me bad dreams, so none of those please", "Zombies"),
        ("I like ghost stories, but I'm not in the mood for one", "ghost stories"),
        ("War films? We've had enough of those", "War films"),
        ("Avoid: nudity, gore. A warm drama", "nudity, gore"),
        ("Our film club has vetoed two things: musicals and westerns.", "musicals and westerns"),
        ("Dealbreakers: dead dogs", "dead dogs"),
    ],
)
def test_words_are_refused_from_afar(said: str, refused: str) -> None:
    start = said.index(refused)
    assert any(first <= start and start + len(refused) <= last for first, last in find_refused(said))


@pytest.mark.parametrize(
    "said",
    [
        "What I want: a funny film with ghosts",
        "I can't stand the wait for a good thriller",
        "banned books: I want novels that were once banned",
        "More of those, please",
    ],
)
def test_nothing_else_is_refused(said: str) -> None:
    assert find_refused(said) == ()
