"""Works to Features: analysis and embedding, the part of a build that takes the time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.embedding import Encoder
from indexer.merging import heading
from indexer.records import Features, Span, Work
from indexer.timing import StepSeconds

LANGUAGE_CHECK_MIN_CHARACTERS = 60
"""Shorter texts are too often names only: of the catalogues' texts called foreign below this, most were English."""


class FeatureMaker:
    """Makes features, and adds to `seconds` which step took how long."""

    def __init__(self, analyser: Analyser, encoder: Encoder, seconds: StepSeconds | None = None) -> None:
        self.analyser = analyser
        self.encoder = encoder
        self.seconds = StepSeconds() if seconds is None else seconds

    @property
    def recipe(self) -> bytes:
        """A hash of everything but the text that features depend on; stored features of another recipe are not used."""
        return hashlib.sha256(f"{ANALYSER_VERSION}:{self.encoder.fingerprint}:{self.encoder.runtime}".encode()).digest()

    def make(self, works: Sequence[Work]) -> list[Features]:
        """Gives each work's features, in order."""
        with self.seconds.timed("analyse"):
            texts = [text for work in works for text in (heading(work), work.description)]
            analyses = list(self.analyser.analyse(texts))
        with self.seconds.timed("language"):
            languages = [text_language(work.description) for work in works]
        with self.seconds.timed("embed"):
            prefixes = [f"{work.title}. " for work in works]
            embeddings = self.encoder.embed(
                [
                    (prefix + work.description, _shifted(analysis.sentences, len(prefix)))
                    for prefix, work, analysis in zip(prefixes, works, analyses[1::2], strict=True)
                ]
            )
        return [
            Features(
                terms=Counter(headed.terms + described.terms),
                sentences=described.sentences,
                vector=embedding.vector,
                sentence_vectors=embedding.sentence_vectors.astype(np.float16),
                text_language=language,
            )
            for headed, described, embedding, language in zip(
                analyses[::2], analyses[1::2], embeddings, languages, strict=True
            )
        ]


def text_language(text: str) -> str:
    """Gives the ISO 639-1 code of the language a text is written in; English when it is too short to tell."""
    if len(text) < LANGUAGE_CHECK_MIN_CHARACTERS:
        return "en"
    import py3langid

    code, _ = py3langid.classify(text[:1_000])
    return str(code)


def _shifted(spans: Sequence[Span], by: int) -> list[Span]:
    return [Span(span.start + by, span.end + by) for span in spans]
