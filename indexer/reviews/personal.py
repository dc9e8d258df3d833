"""Cut personal data out of reviews: mail and web addresses, handles, phone and card numbers, postal addresses. Pure."""

from __future__ import annotations

import re

_MAIL = re.compile(
    r"[\w.+-]{1,64}(?:@| ?[\[(] ?at ?[\])] ?)[\w-]{1,63}(?:(?:\.| ?[\[(] ?dot ?[\])] ?)[\w-]{1,63}){1,4}", re.IGNORECASE
)
"""Also as people write it for people only: "name (at) example (dot) org"."""
_WEB = re.compile(
    r"(?:https?://|www\.)[^\s<>\"]+|\b(?:[\w-]{1,63}\.){1,4}(?:com|net|org|info|blog|co\.uk)\b(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
"""Other endings, such as "it" and "me", are words that follow a full stop without a space."""
_HANDLE = re.compile(r"(?:(?<=[\s(\[\"'/])|^)@\w[\w.-]{1,38}\w")
"""At the beginning of a word: "f@rt" and "tight-@ss" are none."""
_NUMBER = re.compile(
    r"""(?<![\w.,/-])(?:
      \+\d(?:[\s().-]{0,3}\d){7,14}                        # +44 20 7946 0123
    | \(?\d{3}\)?[\s.-]{0,2}\d{3}[\s.-]\d{4}               # (212) 555-0123
    | \d{3}[\s-]\d{2}[\s-]\d{4}                            # a social security number
    | 0\d{2,4}[\s/-]{1,3}\d(?:[\s-]?\d){4,9}               # 030 123456
    | (?!(?:(?:1\d|20)\d\d[\s-]){3})\d{4}(?:[\s-]\d{4}){3}  # a card, not four years
    | [A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?\w{1,3})?  # an account
    | \d{9,19}
    )(?![\w/]|[.,]\d)""",
    re.VERBOSE,
)
"""Numbers by their shape. Years, lists of years, scores ("10/10"), dates and amounts ("1,000,000") have another."""
_CALLED = re.compile(
    r"\b(?:phone|tel|telephone|mobile|cell|call|text|whatsapp|fax)\b(?:\s+(?:me|us|number|no))?\W{0,4}"
    r"(\d(?:[\s().-]{0,2}\d){5,14})\b",
    re.IGNORECASE,
)
"""A shorter number after a word that says what it is."""
_POSTAL = re.compile(
    r"""\b\d{1,5}[a-z]?\s+(?:[A-Z][\w.'-]*\s+){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct
    |Square|Sq|Terrace|Close|Place|Pl|Way)\b\.?,?\s+(?:[\w.'-]+,?\s+){0,5}?
    (?:[A-Z]{2}\s+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2})\b""",
    re.VERBOSE,
)
"""A street with a postcode; without one it is more often a title ("84 Charing Cross Road", "21 Jump Street")."""
_AT = ("@", "(at", "[at", "( at", "[ at")
_DOT = ("://", "www.", ".com", ".net", ".org", ".info", ".blog", ".co.uk")
_POSTCODE = re.compile(r"[A-Z]{2}\s+\d{5}|[A-Z]\d[A-Z\d]?\s*\d[A-Z]{2}\b")
_LONG_NUMBER = re.compile(r"\d[\d\s()./-]{4,}\d")


def cut_personal(text: str) -> tuple[str, int]:
    """Return a text without the personal data in it, and how many pieces were cut out."""
    n_cut = 0
    for pattern in _possible(text):
        text, n_found = pattern.subn(_without, text)
        n_cut += n_found
    return (_tidy(text), n_cut) if n_cut else (text, 0)


def _possible(text: str) -> list[re.Pattern[str]]:
    """Return the patterns that may occur in a text, by marks that are faster to find: most reviews have none."""
    lowered = text.lower()
    has_at, has_number = any(mark in lowered for mark in _AT), _LONG_NUMBER.search(text) is not None
    return [
        *([_MAIL] if has_at else []),
        *([_WEB] if any(mark in lowered for mark in _DOT) else []),
        *([_HANDLE] if has_at else []),
        *([_POSTAL] if _POSTCODE.search(text) else []),
        *([_NUMBER, _CALLED] if has_number else []),
    ]


def _without(found: re.Match[str]) -> str:
    """Return what stays of a match: the words before a number that they announce, and the mark that ends a sentence."""
    if found.re is _CALLED:
        return found[0][: found.start(1) - found.start()]
    ending = found[0][-1]
    return ending if ending in ".,;:!?)" else ""


def _tidy(text: str) -> str:
    """Close the gaps that cutting leaves."""
    text = re.sub(r"[(\[]\s*[)\]]", "", text)
    return re.sub(r"[ \t]{2,}", " ", re.sub(r"[ \t]+(?=[.,;:!?])", "", text)).strip()
