"""Read ISBNs, and mend those that a spreadsheet has damaged. The check digits are those of ISO 2108."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

_MOST_LOST_ZEROS = 3
"""The zeros with which the longest run of publishers' codes begins: 0-00-... is Collins."""

_LEAST_DIGITS = 12
"""Digits that a number with an exponent must show: with fewer, zeros stand for digits that are lost."""


def read_isbn(text: str) -> str | None:
    """Return an ISBN as 13 digits; None if its check digit is wrong. An ISBN-10 may lack its leading zeros.

    The weights are 10 to 1 modulo 11 for ten digits, and 1 and 3 in turn modulo 10 for thirteen.
    """
    digits = text.upper().replace("-", "").replace(" ", "")
    if re.fullmatch(r"97[89]\d{10}", digits):
        return digits if _isbn13_check(digits) == digits[12] else None
    digits = digits.zfill(10)
    if not re.fullmatch(r"\d{9}[\dX]", digits) or not digits.strip("0"):
        return None
    values = [10 if digit == "X" else int(digit) for digit in digits]
    if sum(weight * value for weight, value in zip(range(10, 0, -1), values, strict=True)) % 11:
        return None
    return f"978{digits[:9]}" + _isbn13_check(f"978{digits[:9]}")


def shorten_isbn(isbn: str) -> str | None:
    """Return an ISBN of 13 digits as one of ten; None if it has no such form: only those that begin with 978 have."""
    if not isbn.startswith("978"):
        return None
    digits = isbn[3:12]
    check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
    return digits + ("X" if check == 10 else str(check))


def mend_isbn(text: str) -> str | None:
    """Return the ISBN that a cell of a table has, as 13 digits; None if no check digit confirms one.

    Spreadsheets drop the zeros at the beginning, and write numbers as 439785960.0, or as 9.78E+12, which has lost its
    digits. Exports put ISBNs in brackets, or write them as formulas (="0439785960").
    """
    compact = re.sub(r"[\s\-\[\]='\"]|^ISBN(?:-?1[03])?:?", "", text.strip(), flags=re.IGNORECASE)
    if re.fullmatch(r"[0-9.,]+E\+?[0-9]{1,2}", compact, re.IGNORECASE):
        try:
            number = Decimal(compact.replace(",", "."))
        except InvalidOperation:
            return None
        if len(number.as_tuple().digits) < _LEAST_DIGITS:
            return None
        compact = f"{number:f}"
    compact = re.sub(r"\.0*$", "", compact)
    return read_isbn(compact) if len(compact) >= 10 - _MOST_LOST_ZEROS else None


def _isbn13_check(digits: str) -> str:
    return str(-sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits[:12])) % 10)
