"""Put the features of a work's reviews together: how many people use a term, and how many say a value. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.records import Said
from indexer.reviews.choosing import KeptReview
from indexer.reviews.features import ReviewFeatures


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What the reviews of a work say together.

    Attributes:
        n_people: How many reviews there are; one person writes one.
        terms: How many people use each term.
        experience: How many use it where they speak of the experience.
        said: How many people say each value or tag, perhaps in words that say no more than something near.
        stated: The values and tags that people state, by id, to be shown.
    """

    n_people: int
    terms: Counter[str]
    experience: Counter[str]
    said: Counter[str]
    stated: tuple[Said, ...] = ()


def summarise(reviews: Sequence[tuple[KeptReview, ReviewFeatures]]) -> ReviewSummary:
    """Return the summary of a work's reviews, the most helpful first: their sentences are quoted before others.

    A quote is a sentence that says its value. No sentence is quoted for a second value while another is there.
    """
    terms: Counter[str] = Counter()
    experience: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    said: Counter[str] = Counter()
    quotes: dict[str, list[tuple[str, str]]] = {}
    for review, features in reviews:
        terms.update(features.terms)
        experience.update(features.experience)
        said.update(features.said)
        counts.update(features.stated.keys())
        for dimension, quote in features.stated.items():
            if quote is not None and review.keeps_text:
                quotes.setdefault(dimension, []).append((quote, review.source))
    used: set[str] = set()
    stated = []
    # The dimension that the fewest say chooses first, since it has the fewest sentences to choose from.
    for dimension in sorted(counts, key=lambda each: (counts[each], each)):
        own = quotes.get(dimension, [])
        chosen = next((each for each in own if each[0] not in used), own[0] if own else None)
        if chosen:
            used.add(chosen[0])
        stated.append(Said(dimension, counts[dimension], *(chosen or (None, None))))
    return ReviewSummary(len(reviews), terms, experience, said, tuple(sorted(stated)))
