"""A fake encoder that needs no model: texts that share words have similar vectors."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from indexer.encoder.encoder import Embedding, Vectors
from indexer.records import Span

_WORD = re.compile(r"\w+")


class FakeEncoder:
    """An encoder without a model. A text's vector is the sum of its words' vectors, which depend on their hashes.

    `embedded` lists the embedded texts of works in order. A journal file gets a byte for each of them, so that another
    process can count them.
    """

    def __init__(
        self,
        model: str = "fake",
        *,
        dimension: int = 64,
        seconds_per_text: float = 0.0,
        journal: Path | None = None,
    ) -> None:
        self.model = model
        self.dimension = dimension
        self.embedded: list[str] = []
        self._seconds_per_text = seconds_per_text
        self._journal = journal

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.model}:{self.dimension}".encode()).hexdigest()

    @property
    def lower_fingerprint(self) -> str:
        return self.fingerprint

    runtime_note = None

    @property
    def runtime(self) -> str:
        return "fake"

    def warm(self) -> FakeEncoder:
        return self

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def embed(self, texts: Sequence[tuple[str, Sequence[Span]]]) -> list[Embedding]:
        return [self._embed(text, sentences) for text, sentences in texts]

    def _embed(self, text: str, sentences: Sequence[Span]) -> Embedding:
        time.sleep(self._seconds_per_text)
        self.embedded.append(text)
        if self._journal:
            with self._journal.open("ab") as journal:
                journal.write(b".")
        return Embedding(self._vector(text), self.encode([text[span.start : span.end] for span in sentences]))

    def _vector(self, text: str) -> Vectors:
        words = _WORD.findall(text.casefold()) or [""]
        total = np.sum([_word_vector(word, self.dimension) for word in words], axis=0)
        return (total / np.linalg.norm(total)).astype(np.float32)


@lru_cache(maxsize=100_000)
def _word_vector(word: str, dimension: int) -> Vectors:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    return np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
