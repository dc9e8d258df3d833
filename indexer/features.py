"""Compute the features of works: analysis and embedding, which take most of a build's time."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from indexer.analysis import ANALYSER_VERSION, Analyser, Analysis
from indexer.build_report import StepSeconds
from indexer.encoder.encoder import Embedding, Encoder
from indexer.merging.merging import HEADING_SEPARATOR, heading_parts
from indexer.merging.merging import heading as heading_text
from indexer.records import Features, FieldTerms, Span, TextField, Work

LANGUAGE_CHECK_MIN_CHARACTERS = 60
"""Shorter texts are often only names: most of those that were detected as another language are English."""


class Analysed(NamedTuple):
    """A work, the analyses of its heading and its description, and the language of the description."""

    work: Work
    heading: Analysis
    description: Analysis
    language: str


class FeatureMaker:
    """An analyser and an encoder that make features together; `seconds` has the time that each step took.

    `runtime` is the encoder's runtime if it is known: else the encoder is loaded to name it.
    """

    def __init__(
        self, analyser: Analyser, encoder: Encoder, seconds: StepSeconds | None = None, runtime: str | None = None
    ) -> None:
        self._runtime = runtime
        self.analyser = analyser
        self.encoder = encoder
        self.seconds = StepSeconds() if seconds is None else seconds

    @property
    def recipe(self) -> bytes:
        """A hash over all that features depend on besides the text; stored features with another hash are not used."""
        runtime = self._runtime or self.encoder.runtime
        return hashlib.sha256(f"{ANALYSER_VERSION}:{self.encoder.fingerprint}:{runtime}".encode()).digest()

    def analyse(self, works: Sequence[Work]) -> list[Analysed]:
        """Return the analysis of each work, in order; `embed` needs it."""
        with self.seconds.timed("analyse"):
            analyses = self._analyse(works)
        with self.seconds.timed("language"):
            languages = [text_language(work.description) for work in works]
        return [Analysed(work, *both, code) for work, both, code in zip(works, analyses, languages, strict=True)]

    def embed(self, analysed: Sequence[Analysed]) -> list[tuple[Work, Features]]:
        """Return each work with its features, in order."""
        with self.seconds.timed("embed"):
            prefixes = [f"{each.work.title}. " for each in analysed]
            embeddings = self.encoder.embed(
                [
                    (prefix + each.work.description, _shifted(each.description.sentences, len(prefix)))
                    for prefix, each in zip(prefixes, analysed, strict=True)
                ]
            )
        return [
            (each.work, _to_features(each, embedding)) for each, embedding in zip(analysed, embeddings, strict=True)
        ]

    def count_terms(self, works: Sequence[Work]) -> list[FieldTerms]:
        """Return the terms of each work, in order, without embedding anything."""
        with self.seconds.timed("analyse"):
            analyses = self._analyse(works)
            return [count_by_field(work, *both) for work, both in zip(works, analyses, strict=True)]

    def _analyse(self, works: Sequence[Work]) -> list[tuple[Analysis, Analysis]]:
        """Return the analyses of each work's heading and description."""
        texts = [text for work in works for text in (heading_text(work), work.description)]
        analyses = list(self.analyser.analyse(texts))
        return list(zip(analyses[::2], analyses[1::2], strict=True))


def _to_features(analysed: Analysed, embedding: Embedding) -> Features:
    return Features(
        field_terms=count_by_field(analysed.work, analysed.heading, analysed.description),
        sentences=analysed.description.sentences,
        vector=embedding.vector,
        sentence_vectors=embedding.sentence_vectors.astype(np.float16),
        text_language=analysed.language,
    )


def count_by_field(work: Work, heading: Analysis, description: Analysis) -> FieldTerms:
    """Return how often each term occurs in each field, from the analyses of the work's heading and description.

    The heading is analysed as a whole: if each field were analysed alone, "Jr." at the end of a field would become
    another term than within a text.
    """
    parts = heading_parts(work)
    ends = list(accumulate(len(text) + len(HEADING_SEPARATOR) for _, text in parts))
    counts: dict[TextField, Counter[str]] = {}
    for term, start in zip(heading.terms, heading.starts, strict=True):
        counts.setdefault(parts[bisect_right(ends, start)][0], Counter())[term] += 1
    if description.terms:
        counts["description"] = Counter(description.terms)
    return counts


def text_language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; "en" if the text is too short to detect it."""
    if len(text) < LANGUAGE_CHECK_MIN_CHARACTERS:
        return "en"
    import py3langid

    code, _ = py3langid.classify(text[:1_000])
    return str(code)


def _shifted(spans: Sequence[Span], by: int) -> list[Span]:
    return [Span(span.start + by, span.end + by) for span in spans]
