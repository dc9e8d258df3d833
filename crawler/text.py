"""Clean strings: markup, entities, control characters, superfluous white space, and wrongly decoded letters."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

from crawler.mojibake import mend_encoding

_CONTROLS = [*range(32), *range(127, 160)]
_UNPRINTABLE = {code: None for code in [*_CONTROLS, 0xFEFF, 0xFFFE] if not chr(code).isspace()}
_TAG = re.compile(r"</?(?:p|br|b|i|em|strong|u|span|div|a|ul|ol|li|h[1-6]|blockquote)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BREAKING_TAG = re.compile(r"<(?:/?p|br|/?div|/?li|/?ul|/?ol|/?h[1-6]|/?blockquote)(?:\s[^<>]*)?/?>", re.IGNORECASE)

MOST_MARKS = 30
"""Combining marks in a row that are kept, as in the stream-safe text format of Unicode (UAX 15). The longest sequences
of any language have 18; the time to normalise a sequence grows with the square of its length."""

_MAYBE_LONG_MARKS = re.compile(f"[\u0300-\U0010ffff]{{{MOST_MARKS + 1},}}")
"""A run that may have such a sequence: the first combining mark is U+0300. To look for all 900 marks takes ten times as
long."""
_LONG_NUMBER = re.compile("&#(?:[xX][0-9a-fA-F]{8,}|[0-9]{8,});?")
"""An entity for no character: Python converts no number of thousands of digits."""


def clean_text(value: object) -> object:
    """Return a text in NFC without markup, entities, control characters or lone surrogates; paragraphs are kept.

    Anything but a string is returned as it is, so that validation reports it.
    """
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isprintable() and not any(mark in value for mark in "<&") and "  " not in value:
        return value.strip()  # most strings of a catalogue need nothing else: a third of the time is saved
    text = value.encode("utf-8", "replace").decode("utf-8")
    if not text.isascii():
        text = mend_encoding(text)
    text = text.translate(_UNPRINTABLE)
    if "<" in text:
        text = _TAG.sub("", _BREAKING_TAG.sub("\n", text))
    if "&" in text:
        text = html.unescape(_LONG_NUMBER.sub("\ufffd", text))
    if not text.isascii():
        text = _MAYBE_LONG_MARKS.sub(_cut_marks, text)
    text = unicodedata.normalize("NFC", text)
    paragraphs = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in paragraphs if line)


def clean_line(value: object) -> object:
    """Return a text cleaned like `clean_text`, on one line."""
    cleaned = clean_text(value)
    return " ".join(cleaned.split()) if isinstance(cleaned, str) else cleaned


def _cut_marks(run: re.Match[str]) -> str:
    return _long_marks().sub(lambda marks: marks[0][:MOST_MARKS], run[0])


@cache
def _long_marks() -> re.Pattern[str]:
    """Return the pattern of more than MOST_MARKS combining marks in a row; to list the marks takes 10 ms."""
    marks = "".join(chr(code) for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
    return re.compile(f"[{marks}]{{{MOST_MARKS + 1},}}")


def count_of(number: int, what: str) -> str:
    """Return a number with what it counts: "1 line", "2 lines"."""
    return f"{number:,} {what}" + "s" * (number != 1)
