"""Texts as sources write them, cleaned."""

from __future__ import annotations

import pytest

from crawler.text import clean_text


@pytest.mark.parametrize(
    ("garbled", "text"),
    [
        ("Ren\u00c3\u00a9e and Bj\u00c3\u00b6rk", "Ren\u00e9e and Bj\u00f6rk"),
        ("the gull\u00e2\u20ac\u2122s nest \u00e2\u20ac\u201c a dock", "the gull\u2019s nest \u2013 a dock"),
        ("\u00e2\u20ac\u0153Ahoy\u00e2\u20ac\u009d", "\u201cAhoy\u201d"),
        ("\u00e2\u20ac\u0153Ahoy\u00e2\u20ac he said", "\u201cAhoy\u201d he said"),
        ("Mar\u00c3\u00ada", "Mar\u00eda"),
        ("Am\u00c3\u0192\u00c2\u00a9lie", "Am\u00e9lie"),  # twice
        ("don\u00c3\u00a2\u00e2\u201a\u00ac\u00e2\u201e\u00a2t", "don\u2019t"),
        ("voil\u00c3\u00a0 \u2013 caf\u00e9", "voil\u00e0 \u2013 caf\u00e9"),  # one word of several
        ("\u00c4\x8cesko", "\u010cesko"),  # as Latin-1
        ("CAF\u00c3\u2030 NOIR", "CAF\u00c9 NOIR"),
    ],
)
def test_utf8_that_was_read_as_cp1252_is_read_again(garbled: str, text: str) -> None:
    assert clean_text(garbled) == text


@pytest.mark.parametrize(
    "text",
    [
        "S\u00c3O PAULO",
        "A can\u00e7\u00e3o de S\u00e3o Jo\u00e3o",
        "IRM\u00c3 \u00c0 ESPERA",
        "\u00abAMANH\u00c3\u00bb",
        "\u201cAMANH\u00c3\u201d, disse",
        "na\u00efve fa\u00e7ade",
        "p\u00e2t\u00e9 \u00e0 la ch\u00e2teau",
        "20 \u20ac \u2013 \u201cok\u201d",
        "Za\u017c\u00f3\u0142\u0107",
    ],
)
def test_text_that_is_as_it_should_be_stays(text: str) -> None:
    assert clean_text(text) == text
