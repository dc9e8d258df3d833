"""What works are made with, as hashes: stored features, labels and generations of other hashes are not used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from indexer.bm25 import BM25
from indexer.schema import SCHEMA_VERSION
from indexer.settings import VectorSettings


@dataclass(frozen=True)
class Recipe:
    """What a generation is made with, besides the works.

    Attributes:
        features: The hash of the analyser and the encoder (`FeatureMaker.recipe`).
        labeller: The fingerprint of the labeller.
        bm25: The settings of BM25.
        vectors: How text vectors are stored and indexed.
        taste: The fingerprint of the taste file; None: without one.
        reviews: The hash of what makes the features of reviews (`ReviewReader.recipe`).
    """

    features: bytes
    labeller: str
    bm25: BM25
    vectors: VectorSettings
    taste: str | None = None
    reviews: bytes = b""

    @property
    def labels(self) -> bytes:
        """A hash over all that the labels of a work depend on besides its text and kind."""
        return hashlib.sha256(self.labeller.encode() + self.features).digest()

    @property
    def settings(self) -> str:
        """A hash over all that a generation depends on besides its works."""
        return hashlib.sha256(self._seed()).hexdigest()

    def fingerprint(self, works: Iterable[tuple[str, bytes]]) -> str:
        """Return a hash over everything that a generation depends on, given the content hash of each work by id."""
        digest = hashlib.sha256(self._seed())
        for work_id, content_hash in works:
            digest.update(work_id.encode() + b"\0" + content_hash)
        return digest.hexdigest()

    def _seed(self) -> bytes:
        # Without a taste file the seed is as before there were any, so that existing generations stay.
        taste = f":{self.taste}" if self.taste else ""
        texts = f"{SCHEMA_VERSION}:{self.labeller}:{self.bm25!r}:{self.vectors!r}{taste}"
        return texts.encode() + self.features + self.reviews
