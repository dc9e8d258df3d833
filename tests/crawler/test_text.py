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
        ("S\u00c3O PAULO", "S\u00c3O PAULO"),
        ("na\u00efve fa\u00e7ade", "na\u00efve fa\u00e7ade"),
    ],
)
def test_utf8_that_was_read_as_cp1252_is_read_again(garbled: str, text: str) -> None:
    assert clean_text(garbled) == text
