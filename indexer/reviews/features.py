"""Turn reviews into features: the terms that a person uses, and the values and tags that they say a work has."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from indexer.analysis import ANALYSER_VERSION, Analyser, Analysis
from indexer.reviews.choosing import KeptReview
from indexer.reviews.sayings import SAYINGS_VERSION, Sayings, is_denied
from indexer.reviews.sentences import EXPERIENCE_SCORE, QUOTE_SCORE, experience_score, may_be_shown
from indexer.values.taxonomy import Taxonomy

FEATURES_VERSION = "2"
"""Raise it with any change by which a review gets other features: stored ones are then made again."""

_WITHOUT_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B])
"""Marks that turn the direction of what follows, also beyond the quote, and spaces that nobody sees."""

LEAST_QUOTE, MOST_QUOTE = 20, 200
"""The characters of a sentence that may be quoted."""


@dataclass(frozen=True, slots=True)
class ReviewFeatures:
    """What is kept of one review besides its text.

    Attributes:
        terms: The terms of the whole review, each once, sorted.
        experience: Those of the sentences that speak of the experience, without those that are denied: "never boring".
        said: The dimensions that the review says its work has, sorted: its words may say no more than something near.
        stated: Those that it states in so many words, each with the sentence to quote; None if none may be.
    """

    terms: tuple[str, ...]
    experience: tuple[str, ...]
    said: tuple[str, ...]
    stated: Mapping[str, str | None]

    def packed(self) -> bytes:
        """Return the features as the store keeps them."""
        return orjson.dumps([self.terms, self.experience, self.said, self.stated])

    @classmethod
    def unpacked(cls, packed: bytes) -> ReviewFeatures:
        """Return features that were packed."""
        terms, experience, said, stated = orjson.loads(packed)
        return cls(tuple(terms), tuple(experience), tuple(said), stated)


class ReviewReader:
    """A reader of reviews that makes their features, with the words of a taxonomy."""

    def __init__(self, analyser: Analyser, taxonomy: Taxonomy) -> None:
        self._analyser = analyser
        self._sayings = Sayings(taxonomy)

    @property
    def recipe(self) -> bytes:
        """A hash over all that features depend on besides the review."""
        recipe = [FEATURES_VERSION, SAYINGS_VERSION, ANALYSER_VERSION, self._sayings.words]
        return hashlib.sha256(orjson.dumps(recipe)).digest()

    def read(self, reviews: Sequence[KeptReview]) -> list[ReviewFeatures]:
        """Return the features of each review, in order; each has a text."""
        analyses = self._analyser.analyse(review.text or "" for review in reviews)
        return [self._read(*pair) for pair in zip(reviews, analyses, strict=True)]

    def _read(self, review: KeptReview, analysis: Analysis) -> ReviewFeatures:
        text = review.text or ""
        sentences = [text[span.start : span.end] for span in analysis.sentences]
        scores = [experience_score(sentence) for sentence in sentences]
        starts = [span.start for span in analysis.sentences]
        experience: set[str] = set()
        for term, start in zip(analysis.terms, analysis.starts, strict=True):
            if term in experience:
                continue
            place = bisect_right(starts, start) - 1
            if scores[place] >= EXPERIENCE_SCORE and not is_denied(text[starts[place] : start]):
                experience.add(term)
        said: set[str] = set()
        best: dict[str, tuple[float, str | None]] = {}
        for sentence, score in zip(sentences, scores, strict=True):
            if score < EXPERIENCE_SCORE:
                continue
            quote = _to_quote(sentence) if review.keeps_text and not review.spoiler and score >= QUOTE_SCORE else None
            found = self._sayings.find(sentence)
            said |= found.keys()
            for dimension in (each for each, is_stated in found.items() if is_stated):
                rank = score if quote else float("-inf")
                if dimension not in best or rank > best[dimension][0]:
                    best[dimension] = (rank, quote)
        stated = {dimension: quote for dimension, (_, quote) in sorted(best.items())}
        return ReviewFeatures(
            tuple(sorted(set(analysis.terms))), tuple(sorted(experience)), tuple(sorted(said)), stated
        )


def _to_quote(sentence: str) -> str | None:
    """Return a sentence on one line; None if it is too short, too long, or not to be shown."""
    quote = " ".join(sentence.translate(_WITHOUT_DIRECTIONS).split())
    return quote if LEAST_QUOTE <= len(quote) <= MOST_QUOTE and may_be_shown(quote) else None
