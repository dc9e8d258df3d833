"""Queries that were embedded before: the vector of each, and how long it took when that was measured."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from indexer.encoder.encoder import Vectors
from indexer.errors import StorageFailed

FILE_NAME = "queries.sqlite3"

_TABLE = """CREATE TABLE IF NOT EXISTS query (
    encoder TEXT NOT NULL, text_hash BLOB NOT NULL, vector BLOB NOT NULL, seconds REAL NOT NULL,
    PRIMARY KEY (encoder, text_hash)
) WITHOUT ROWID"""
"""`encoder` is its fingerprint and runtime: what another model made, or another way to run it, is never given."""


class KeptVectors:
    """The vectors of texts by their SHA-256, in a SQLite file that several evaluations may use at once.

    Raises:
        StorageFailed: here and in every method, when the disk is full or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        with self._failures():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            # With a rollback journal a query waits 40 ms for the disk.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def read(self, encoder: str, text: str) -> tuple[Vectors, float] | None:
        """Gives a text's vector, float32 (dim,), and the seconds that it took; None where it was not embedded."""
        query = "SELECT vector, seconds FROM query WHERE encoder = ? AND text_hash = ?"
        with self._failures():
            row = self._connection.execute(query, (encoder, _hash(text))).fetchone()
        return (np.frombuffer(row[0], dtype="<f4"), row[1]) if row else None

    def write(self, encoder: str, text: str, vector: Vectors, seconds: float) -> None:
        """Keeps a text's vector; the first that is told stays, with its time."""
        row = (encoder, _hash(text), vector.astype("<f4").tobytes(), seconds)
        with self._failures():
            self._connection.execute("INSERT OR IGNORE INTO query VALUES (?, ?, ?, ?)", row)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Translates what SQLite and the file system say."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageFailed(f"{self._path}: {error}") from error


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
