"""Make short queries that never repeat, so that no cache of texts helps a system."""

from __future__ import annotations

import random
from itertools import product

FORMS = (
    "a {mood} {kind} about {subject}",
    "{kind} {place} with {subject}",
    "something {mood} about {subject}",
    "{subject} {place}",
    "a {mood} story of {subject} {place}",
)
MOODS = ("quiet", "funny", "hopeful", "tense", "bleak", "tender", "strange", "inspiring", "scary", "bittersweet")
KINDS = ("film", "book", "novel", "thriller", "drama", "comedy")
PLACES = ("at sea", "in a small town", "in wartime", "on a farm", "in Japan", "in the desert", "at school", "in space")
SUBJECTS = (
    *("grief", "friendship", "two brothers", "a lost child", "revenge", "an orphan", "a journey home", "first love"),
    *("a murder", "growing up", "a robot", "a horse", "a marriage", "music", "betrayal", "survival", "refugees"),
    *("a family secret", "a teacher", "magic", "prison", "an old house", "a detective", "a storm", "forgiveness"),
)


def short_queries(n: int, seed: int = 5) -> list[str]:
    """Return n different queries of three to nine words."""
    filled = {
        form.format(mood=mood, kind=kind, place=place, subject=subject)
        for form, mood, kind, place, subject in product(FORMS, MOODS, KINDS, PLACES, SUBJECTS)
    }
    return random.Random(seed).sample(sorted(filled), n)
