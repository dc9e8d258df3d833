"""Find and undo letters that were decoded wrongly: UTF-8 that was read in another encoding, "Ã©" for "é"."""

from __future__ import annotations

import re

_CONTINUATION = "".join(
    re.escape(bytes([byte]).decode("cp1252", "ignore")) + re.escape(chr(byte)) for byte in range(0x80, 0xC0)
)
_SUSPECT = re.compile(
    rf"[\u00c2-\u00df][{_CONTINUATION}]|[\u00e0-\u00ef][{_CONTINUATION}]{{2}}|[\u00f0-\u00f4][{_CONTINUATION}]{{3}}"
    "|\u00e2\u20ac|\u00c3 "
)
"""What may be a character of UTF-8 whose bytes were read as Windows-1252 or Latin-1. ftfy decides, but takes 0.1 ms for
fifty words, ten times as long as this, and few texts have it."""
_LOST_BYTE = re.compile(rf"\u00e2\u20ac(?![{_CONTINUATION}]|\x9d)")
"""A closing quotation mark has lost its last byte, which Windows-1252 does not define."""
_CAPITAL = re.compile("(?<=[^\\W\\d_a-z])\u00c3(?=[\u00bb\u201d\u2019\u203a\u2026](?!\\w))")
"""The end of a word in capitals before a mark that closes: «AMANH\u00c3», which as bytes would be UTF-8 too."""
_HIDDEN = "\ufdd0"  # a code that Unicode keeps free of characters


def mend_encoding(text: str) -> str:
    """Return a text with wrongly decoded letters put right, also those that were decoded wrongly twice.

    A change is made only where the letters, written in the wrong encoding, are valid UTF-8 (`ftfy.fix_encoding`): "São"
    and "SÃO" stay.
    """
    if not _SUSPECT.search(text):
        return text
    import ftfy

    hidden = _CAPITAL.sub(_HIDDEN, _LOST_BYTE.sub("\u00e2\u20ac\x9d", text))
    return ftfy.fix_encoding(hidden).replace(_HIDDEN, "\u00c3")


def is_garbled(text: str) -> bool:
    """Return whether a text has wrongly decoded letters."""
    return not text.isascii() and mend_encoding(text) != text
