"""Tell what a description says of a story from what it says of cast and crew."""

from __future__ import annotations

import re

STORY_WORDS = 10
"""A text with fewer words besides cast and crew has no sentence that could be evidence for a value."""

_ONE_BY_ONE = "\u3040-\u30ff\u3400-\u9fff"  # kana and ideographs, which are written without spaces
_LETTER = rf"[^\W{_ONE_BY_ONE}]"
_WORD = re.compile(rf"{_LETTER}+(?:['\u2019]{_LETTER}+)*|[{_ONE_BY_ONE}]")
_LEAD_CHARACTERS = 300
_LEAD = re.compile(
    r"\b(?:is|was) (?:an?|the) .{0,160}?"
    r"\b(?:film|movie|short|serial|documentary|novel|novella|book|play|memoir|comedy|drama|thriller|western|musical)\b",
    re.IGNORECASE | re.DOTALL,
)
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)[\"”)]*\s+")  # not after an initial: "Sidney A. Franklin"
_MAKING = re.compile(
    r"""\b(?:(?:co-?)?(?:directed|produced|written|wrote|scripted|adapted|composed|edited|filmed|shot|released|distributed
    |published|translated|illustrated|premiered|nominated|grossed|starr(?:ed|ing)|stars)|featur(?:es|ing|ed)
    |direct(?:or|ion|orial)|screenplay|screenwriter|cinematograph\w+|soundtrack|score|producers?|production|studios?
    |box\ office|cast|act(?:or|ress)e?s?|role|author|awards?|festival|novel|book|sequel|prequel|remake|adaptation|dvd
    |editions?|bestsell\w+|debut|films?|movies?|prints?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_STORY = re.compile(
    r"""\b(?:about|who|whose|when|where|follow(?:s|ing)|tell(?:s|ing)|stor(?:y|ies)\ (?:of|about)
    |cent(?:er|r)(?:es|ed|s|ing)|revolv(?:es|ing)|depict\w*|describ\w*|portray\w*|concern\w*|deal(?:s|ing)|plot|explor\w+
    |set\ (?:in|during|on|at)|life\ of|plays?\ an?|as\ an?|focus\w*|chronicl\w+|documents|account|examin\w+
    |traces)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def split_words(text: str) -> list[str]:
    """Return the words of a text in order, case folded; for Chinese and Japanese, the characters."""
    return _WORD.findall(text.casefold())


def count_making_and_story(text: str) -> tuple[int, int]:
    """Return how many words of a text tell of cast and crew, and how many of anything else.

    Only the lead of an English encyclopaedia article is looked at sentence by sentence; of other texts, all words tell
    of something else.
    """
    if not _LEAD.search(text[:_LEAD_CHARACTERS]):
        return 0, len(split_words(text))
    making, story = 0, 0
    for sentence in SENTENCE_END.split(text):
        n_words = len(split_words(sentence))
        if _MAKING.search(sentence) and not _STORY.search(sentence):
            making += n_words
        else:
            story += n_words
    return making, story


def is_cast_list(text: str) -> bool:
    """Return whether a text tells of cast and crew, and of hardly anything else."""
    making, story = count_making_and_story(text)
    return making > 0 and story < STORY_WORDS
