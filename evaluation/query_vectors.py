"""Keep the vectors of queries between evaluations, each with the time that its embedding took."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np

from indexer.encoder.encoder import Encoder, Vectors
from indexer.errors import StorageFailed

FILE_NAME = "queries.sqlite3"

_TABLE = """CREATE TABLE IF NOT EXISTS query (
    encoder TEXT NOT NULL, text_hash BLOB NOT NULL, vector BLOB NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (encoder, text_hash)
) WITHOUT ROWID"""
"""`encoder` is fingerprint and runtime: vectors of another model or another runtime are never returned."""


class QueryVectors:
    """Vectors of texts by their SHA-256, in a SQLite file that several evaluations may use at once.

    Raises:
        StorageFailed: In every method, when the disk is full or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        with self._failures():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            # With a rollback journal each query would wait 40 ms for the disk.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def read(self, encoder: str, text: str) -> tuple[Vectors, float] | None:
        """Return a text's vector, float32 (dim,), and the seconds its embedding took; None if it is not kept."""
        query = "SELECT vector, seconds FROM query WHERE encoder = ? AND text_hash = ?"
        with self._failures():
            row = self._connection.execute(query, (encoder, _hash(text))).fetchone()
        return (np.frombuffer(row[0], dtype="<f4"), row[1]) if row else None

    def write(self, encoder: str, text: str, vector: Vectors, seconds: float) -> None:
        """Keep a text's vector and time, unless one is kept already."""
        row = (encoder, _hash(text), vector.astype("<f4").tobytes(), seconds)
        with self._failures():
            self._connection.execute("INSERT OR IGNORE INTO query VALUES (?, ?, ?, ?)", row)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Translate the errors of SQLite and of the file system."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageFailed(f"{self._path}: {error}") from error


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class CachedEncoder(Encoder):
    """An encoder that encodes each text once, now or in an earlier evaluation, and counts the time at each use."""

    def __init__(self, encoder: Encoder, cache: QueryVectors | None = None) -> None:
        super().__init__(encoder.model)
        self.fingerprint = encoder.fingerprint
        self.lower_fingerprint = encoder.lower_fingerprint
        self.runtime = encoder.runtime
        self._key = f"{self.fingerprint}:{self.runtime}"
        self.seconds = 0.0
        """The seconds that all texts would have taken without a cache."""
        self.spent_seconds = 0.0
        """The seconds that `encode` really took, reading and writing the cache included."""
        self._encoder = encoder
        self._cache = cache
        self._known: dict[str, tuple[Vectors, float]] = {}

    @cached_property
    def dimension(self) -> int:
        """The number of dimensions of a vector."""
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector for each text: float32 (len(texts), dim)."""
        started = perf_counter()
        known = [self._encode(text) for text in texts]
        self.seconds += sum(seconds for _, seconds in known)
        self.spent_seconds += perf_counter() - started
        return np.stack([vector for vector, _ in known])

    def _encode(self, text: str) -> tuple[Vectors, float]:
        if text not in self._known:
            earlier = self._cache.read(self._key, text) if self._cache else None
            self._known[text] = earlier or self._measure(text)
        return self._known[text]

    def _measure(self, text: str) -> tuple[Vectors, float]:
        self._warm  # noqa: B018 - loading the weights does not count as time of a text
        started = perf_counter()
        vector = self._encoder.encode([text])[0]
        seconds = perf_counter() - started
        if self._cache:
            self._cache.write(self._key, text, vector, seconds)
        return vector, seconds

    @cached_property
    def _warm(self) -> Encoder:
        return self._encoder.warm()
