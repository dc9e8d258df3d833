"""Find what is refused from afar: by a word that refers back ("none of those"), or by a heading ("Avoid: ..."); pure.

Each pattern looks a bounded number of characters ahead, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re

from search_api.understanding.phrases import any_case
from search_api.understanding.query import Span

_THEM = r"(?:them|those|these|(?:that|this) (?:sort|kind|stuff)(?: of thing)?)"
_CANNOT = r"(?:can't|cannot|can not|can no longer|couldn't|could not|don't want to|do not want to|won't)"
_BEAR = r"(?:take|stand|bear|do|face|stomach|handle|cope with|be doing with|look at|sit through)"
_BACK_REFUSAL = any_case(
    rf"\b{_CANNOT} {_BEAR} (?:any (?:more )?of )?{_THEM}\b",
    rf"\b(?:none|no more) of {_THEM}\b",
    rf"\b(?:sick|tired|weary|bored|had (?:my fill|enough)|seen enough|read enough|enough) of {_THEM}\b",
    rf"\b(?:fed up|done) with {_THEM}\b",
    rf"\b(?:gone off|went off|outgrown|grown out of|given up on|swore off|sworn off|lost my taste for) {_THEM}\b",
    r"\b(?:don't|do not|didn't) (?:want|need|fancy|feel like) (?:one|any|them)"
    r"(?= *(?:$|[.,;!)]|(?:today|tonight|now|right|this|at the|any ?more)\b))",
    r"\bnot in the mood for (?:one|any|them|that|those)\b",
)
"""A refusal whose object was named before: "I used to like sad films, these days I can't take them"."""
_TIME = r"(?:these days|nowadays|now|lately|today|tonight|at the moment|right now|and|but|so|just|though)"
_ONLY_TIME = any_case(rf"\W*(?:{_TIME}\W*)*")
_PARTS = re.compile(r"[,;:.!?\n()\0]+(?=\s|$|\0)|\s-+\s|\b(?:but|so|though|yet)\b")
"""What parts the words that are referred to from the refusal."""
MOST_CHARACTERS_BACK = 160

_HEADING = any_case(
    r"(?<![\w'-])(?:(?:has|have|had|we|i|they|she|he|i've|we've|'s|just|already)(?: all)? (?:banned|barred"
    r"|vetoed|ruled out)"
    r"|banned|vetoed|(?:pet )?hates?|dislikes?|avoid(?:s|ing)?|can't (?:stand|bear|abide|take|do|watch|read)"
    r"|(?:don't|doesn't|do not|not) want|not (?:interested in|allowed|wanted|for (?:me|us|him|her|them))"
    r"|no[ -]?go(?:e?s)?|no[ -]?no'?s|deal[ -]?breakers?|turn[ -]?offs?|off limits|off the (?:table|menu)"
    r"|won't (?:watch|read|touch|do)|allergic to|exclud(?:e|es|ing)|skip|leave out|steer clear of|please no"
    r"|nothing with|red flags?|triggers?)(?:(?! (?:books?|films?|movies?|novels?|is|are|was|were|that)\b)"
    r" [\w'/-]+){0,5}: ",
    r"(?:^|[.!?\n,;] ?)(?:but )?(?:no|not|without|minus): ",
)
"""The heading of a list of what is refused: "Avoid: ...", "My club has banned two things: ..."."""
_END_OF_LIST = any_case(r"[.!?;\n]|\b(?:but|just|only|otherwise|instead)\b|$")
MOST_CHARACTERS_OF_LIST = 300


def find_refused(said: str) -> tuple[Span, ...]:
    """Return the characters that other words of a text refuse from afar, rising; they may hold nothing to refuse."""
    spans = [span for match in _BACK_REFUSAL.finditer(said) if (span := _referred(said, match.start()))]
    for match in _HEADING.finditer(said):
        end = _END_OF_LIST.search(said, match.end(), match.end() + MOST_CHARACTERS_OF_LIST)
        spans.append((match.end(), end.start() if end else match.end()))
    return tuple(sorted(span for span in spans if span[0] < span[1]))


def _referred(said: str, position: int) -> Span | None:
    """Return the clause that a refusal refers to: the last one before it that says more than a time."""
    low = max(0, position - MOST_CHARACTERS_BACK)
    ends = [match.span() for match in _PARTS.finditer(said, low, position)]
    upper = position
    for number in range(len(ends) - 1, -1, -1):
        start, end = ends[number]
        if upper == position or _ONLY_TIME.fullmatch(said, end, upper):
            upper = start
            continue
        return end, upper
    return (low, upper) if upper < position and not _ONLY_TIME.fullmatch(said, low, upper) else None
