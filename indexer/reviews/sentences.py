"""Tell the sentences of a review that speak of the experience from those of plot, cast and anything else. Pure.

A sentence speaks of the experience if it says what the work is like or what it did to people: "a haunting film", "I
cried at the end". Words of judgement and of effect speak for it. People of the story, their deeds, actors, makers and
small talk (where somebody bought it, what others wrote) speak against it.

The words were written by hand. The weights are those of a logistic regression on 1,800 sentences of film reviews that
people read and marked one by one; `docs/reviews.md` has how well it does on 300 others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

EXPERIENCE_SCORE = 0.0
"""The least score of a sentence whose words count: 92% of the sentences that speak of the experience reach it, and 64%
of those that reach it do. Labels are as good with these sentences as with all, and counts of people are cleaner."""

QUOTE_SCORE = 0.7
"""The least score of a sentence that is shown: three in four of those that reach it speak of the experience."""


_EFFECT = re.compile(
    r"\b(?:ma(?:de|kes?) (?:me|you|us|one)|ke(?:eps?|pt) (?:me|you|us|one)|left (?:me|us)|leaves? (?:me|you|us|one)"
    r"|i (?:laughed|cried|loved|hated|enjoyed|felt|wept|fell asleep"
    r"|was (?:bored|moved|shocked|surprised|disappointed|impressed|hooked|amazed|touched))"
    r"|on the edge of|edge of (?:my|your) seat|fall asleep|walked out|turn(?:ed)? (?:it|this) off"
    r"|switch(?:ed|ing)? (?:it|this|off)|goose ?bumps?|tears? (?:in|to)|(?:my|your) (?:eyes|heart|breath)|waste of"
    r"|over and over|again and again|never (?:get|got|gets) (?:tired|bored|old)|every time i (?:see|watch|read)"
    r"|can'?t (?:wait|stop)|must[- ](?:see|read|watch|own)|worth (?:a|the|your|watching|seeing|reading|it)"
    r"|(?:don'?t|do not) (?:bother|miss|waste|watch|rent|buy|see)|stay away|grab it|see it|give it a"
    r"|(?:[0-9]|10|ten|nine|eight)(?:\.[0-9])? ?(?:/|out of) ?(?:10|ten|5|five)|stars?\b)",
    re.IGNORECASE,
)

_NAME = re.compile(r"(?<![.!?\"'(] )(?<!^)\b[A-Z][a-z]+(?:[-' ][A-Z][a-z]+)*")
_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")

_BIAS = -0.57


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    """Return the words of each list of words.toml."""
    table = tomllib.loads((files("indexer.reviews") / "words.toml").read_text(encoding="utf-8"))
    return {name: frozenset(words.split()) for name, words in table.items()}


def is_judgement(word: str) -> bool:
    """Return whether a word says what a work is like, or what it does to people."""
    return word in _lists()["judgement"]


def experience_score(sentence: str) -> float:
    """Return the log-odds that a sentence speaks of the experience and not of plot, cast or anything else."""
    words = _WORD.findall(sentence.lower().replace("\u2019", "'"))
    lists = _lists()
    return (
        _BIAS
        + 0.71 * min(3, sum(map(lists["judgement"].__contains__, words)))
        + 0.71 * min(2, sum(map(lists["work"].__contains__, words)))
        + 1.53 * min(2, len(_EFFECT.findall(sentence)))
        - 0.61 * min(4, sum(map(lists["people"].__contains__, words)))
        - 0.17 * min(4, sum(map(lists["deeds"].__contains__, words)))
        - 0.58 * min(3, sum(map(lists["cast"].__contains__, words)))
        - 0.51 * min(3, sum(map(lists["talk"].__contains__, words)))
        - 0.41 * min(4, len(_NAME.findall(sentence)))
        + 0.31 * min(3, len(words) / 20)
    )


_INSULT = re.compile(
    r"\b(?:idiots?|morons?|imbeciles?|retards?|retarded|f+u+c+k\w*|sh[i1]t\w*|a+ssholes?|bitch\w*|whores?|sluts?|cunts?"
    r"|fags?|faggots?|n[i1]gg\w*|dykes?|(?:smart|dumb) ?ass\w*|scum|trann\w+"
    r"|shut up|you people|kill your\w*|screw you|go to hell)\b",
    re.IGNORECASE,
)
_SPOILER = re.compile(
    r"\bspoil\w*"
    r"|\b(?:in the end|change of heart|a (?:\w+ ){0,2}happy ending|the happy ending"
    r"|(?:that|the) ending (?:has|having|where|when|in which)"
    r"|dies|is killed|gets killed|kills? (?:him|her|them)self|turns out (?:to be|that)"
    r"|at the (?:very )?end (?:of the (?:film|movie|book) )?(?:he|she|they|we (?:learn|find|see))"
    r"|the (?:killer|murderer|culprit) (?:is|was)|(?:was|were|is|are) (?:really )?dead all along)\b",
    re.IGNORECASE,
)


def may_be_shown(sentence: str) -> bool:
    """Return whether a sentence does not insult people, give away how the story ends, or hold half of a quotation.

    Such a half is often what somebody says in the story.
    """
    if sentence.count('"') % 2 or sentence.count("\u201c") != sentence.count("\u201d"):
        return False
    return not (_INSULT.search(sentence) or _SPOILER.search(sentence))
