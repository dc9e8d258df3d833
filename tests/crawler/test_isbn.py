"""ISBNs that a spreadsheet has damaged are mended where the check digit says how, and left out otherwise."""

from __future__ import annotations

import pytest

from crawler.isbn import mend_isbn


@pytest.mark.parametrize(
    ("cell", "isbn"),
    [
        ("0439785960", "9780439785969"),
        ("439785960", "9780439785969"),
        ("439785960.0", "9780439785969"),
        ("9780439785969.0", "9780439785969"),
        ("9.780439785969E+12", "9780439785969"),
        ('="0439785960"', "9780439785969"),
        ("[0439785960]", "9780439785969"),
        ("978-0-439-78596-9", "9780439785969"),
        ("ISBN 0-439-78596-0", "9780439785969"),
        ("'0439785960", "9780439785969"),
        ("080442957X", "9780804429573"),
    ],
)
def test_damaged_isbn_is_mended(cell: str, isbn: str) -> None:
    assert mend_isbn(cell) == isbn


@pytest.mark.parametrize(
    "cell", ["9.78E+12", "9.78044E+12", "439785961", "978043978596", "42", "", "B00005JLXH", "9.E+12"]
)
def test_what_no_check_digit_confirms_is_left_out(cell: str) -> None:
    assert mend_isbn(cell) is None
