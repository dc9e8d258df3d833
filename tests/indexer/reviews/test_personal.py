"""Personal data is cut out of reviews; what only looks like it stays."""

from __future__ import annotations

import pytest

from indexer.reviews.personal import cut_personal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ann.lee+film@example.org for more.", "Write to for more."),
        ("Mail me (ann (at) example [dot] org).", "Mail me."),
        ("See https://example.org/a?b=c, it is good.", "See, it is good."),
        ("More on www.example.org/reviews.", "More on."),
        ("My blog myfilms.blogspot.com/2020/01 has it", "My blog has it"),
        ("Follow me @ann_lee!", "Follow me!"),
        ("Call +44 20 7946 0123 now", "Call now"),
        ("Call (212) 555-0123.", "Call."),
        ("Ring 212.555.0123 after six", "Ring after six"),
        ("Whatsapp me: 0170 1234567, please", "Whatsapp me:, please"),
        ("phone 555-0123 tonight", "phone tonight"),
        ("He paid with 4929 1234 5678 9012 there", "He paid with there"),
        ("I live at 12 Elm Grove Road, Leeds LS6 2AB and wait", "I live at and wait"),
        ("Send it to 1600 Palm Tree Avenue, Fresno, CA 93701 soon", "Send it to soon"),
    ],
)
def test_personal_data_is_cut_out(text: str, expected: str) -> None:
    assert cut_personal(text) == (expected, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Made in 1939, 1945 and 1999; set in 1914-1918 1939-1945.",
        "10/10, or 8.5/10; I saw it on 6/13/2010 at 19:30.",
        "It cost $100,000,000 and made 1.234.567 dollars.",
        "Better than 84 Charing Cross Road, 21 Jump Street and 2001: A Space Odyssey.",
        "A tight-@ss thriller that f@rts. Meet @ noon.",
        "It was great.Come see it.It is good.",
        "Room 237, apartment 12-B, 1 2 3 and go!",
        "At 2.35:1 the frame is wide (at least here).",
    ],
)
def test_years_scores_amounts_and_titles_stay(text: str) -> None:
    assert cut_personal(text) == (text, 0)


def test_every_piece_is_counted() -> None:
    text, n_cut = cut_personal("I am @ann, mail ann@example.org or call 212-555-0123. Loved it.")
    assert (text, n_cut) == ("I am, mail or call. Loved it.", 3)
