"""Turn the simple Markdown of descriptions into plain text."""

from __future__ import annotations

import re

_TARGET = r"(?:\((?:[^()\s]|\([^()\s]*\))*(?: \"[^\"\n]*\")?\)|\[[^\]\n]*\])"
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]" + _TARGET)
_DEFINITION = re.compile(r"^\[[^\]\n]+\]: ?<?(?:https?://|www\.|/).*$", re.MULTILINE)
_LINK_TO_SOURCE = r"\[[^\[\]\n]*\b(?:source|publisher|wikipedia)\b[^\[\]\n]*\]" + _TARGET
_SOURCE_NOTE = re.compile(
    rf" ?\( ?{_LINK_TO_SOURCE}[ .]{{0,2}}\)"
    rf"|^[ *\u2013\u2014-]*{_LINK_TO_SOURCE}[ .*]*$"
    rf"|^[ *(\u2013\u2014-]*source[ *]*:[ *]*(?:<?https?://\S+|{_LINK.pattern})[ .*)]*$",
    re.IGNORECASE | re.MULTILINE,
)
_RULE = re.compile(r"^([-*_=])(?: ?\1){2,}$", re.MULTILINE)
_QUOTE_OR_HEADING = re.compile(r"^(?:(?:> ?)+|#{1,6} )", re.MULTILINE)
_STARRED = re.compile(r"(?<![\w\\*])(\*{1,3})(?=[^\s*])([^*\n]+)(?<=\S)\1(?![\w*])")
_UNDERLINED = re.compile(r"(?<![\w\\])(_{1,2})(?=[^\s_])([^_\n]+)(?<=\S)\1(?!\w)")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!>~|-])")
_POINTING_ELSEWHERE = frozenset(("also contained in", "contained in", "also published in", "also in", "see also"))


def plain_text(markdown: str) -> str:
    """Return a description without its Markdown, notes on its source, and lists of other works.

    No sentence is left out: a section after a rule ("----------") is dropped only if it is a heading such as "Also
    contained in" with links below.
    """
    text = "\n".join(" ".join(line.split()) for line in markdown.splitlines())
    first, *others = _RULE.split(_DEFINITION.sub("", text))[::2]  # every second part is the character of a rule
    text = "\n".join([first, *(section for section in others if not _points_elsewhere(section))])
    text = _LINK.sub(r"\1", _SOURCE_NOTE.sub("", text))
    text = _QUOTE_OR_HEADING.sub("", text)
    text = _UNDERLINED.sub(r"\2", _STARRED.sub(r"\2", text))
    return _ESCAPED.sub(r"\1", text).strip()


def _points_elsewhere(section: str) -> bool:
    words = re.findall(r"[^\W\d_]+", _LINK.sub("", section).lower())
    return " ".join(words) in _POINTING_ELSEWHERE
