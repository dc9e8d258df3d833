"""Which sentences of reviews speak of the experience, and which may be quoted."""

from __future__ import annotations

import pytest

from indexer.reviews.sentences import EXPERIENCE_SCORE, QUOTE_SCORE, experience_score, may_be_shown


@pytest.mark.parametrize(
    "sentence",
    [
        "A haunting and beautiful film that stayed with me for weeks.",
        "I laughed until I cried, and then I watched it again.",
        "The story drags, and the ending is a real disappointment.",
        "It kept me on the edge of my seat.",
        "What a boring, pointless book.",
    ],
)
def test_what_a_work_is_like_or_did_to_people_is_experience(sentence: str) -> None:
    assert experience_score(sentence) >= QUOTE_SCORE


@pytest.mark.parametrize(
    "sentence",
    [
        "He finds his brother and they run from the soldiers who killed her father.",
        "She takes the train to Lisbon, where her uncle hides the letters.",
        "The lead is played by Ada Marsh, who won two awards for her role in The Tide.",
        "I bought the DVD last year after other reviewers on this website told me to rent it.",
        "Directed by Jon Hale and starring Mary Bell and Tom Reed.",
    ],
)
def test_plot_cast_and_small_talk_are_not(sentence: str) -> None:
    assert experience_score(sentence) < EXPERIENCE_SCORE


@pytest.mark.parametrize(
    "sentence",
    [
        "Only an idiot could enjoy this boring film.",
        "Spoiler: the boring butler did it.",
        "A wonderful film, until the killer turns out to be the nurse.",
        "I loved it, but at the end of the film she leaves him.",
    ],
)
def test_insults_and_endings_are_not_shown(sentence: str) -> None:
    assert not may_be_shown(sentence)


def test_praise_and_blame_are_shown() -> None:
    assert may_be_shown("A slow film, and one of the most moving that I have seen.")


@pytest.mark.parametrize(
    "sentence",
    [
        "We know that love will win in the end, which is funny.",
        "That ending having her marry the thief is moving.",
        "It is a moving story without a Hollywood happy ending.",
        "Some dumb ass calls this film boring.",
    ],
)
def test_how_it_ends_and_rude_words_are_not_shown(sentence: str) -> None:
    assert not may_be_shown(sentence)
