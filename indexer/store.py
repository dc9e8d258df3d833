"""The durable store: works as last told, and the features that are dear to make, in one SQLite file.

Every batch is one transaction, so that a killed build loses at most the batch it was at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

import numpy as np
import orjson

from indexer.errors import StorageFailed
from indexer.merging import content_hash, text_hash
from indexer.records import Features, Span, Work

STORE_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS work (
    id TEXT PRIMARY KEY, content_hash BLOB NOT NULL, text_hash BLOB NOT NULL, origin TEXT NOT NULL,
    run INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS features (
    text_hash BLOB NOT NULL, recipe BLOB NOT NULL, n_terms INTEGER NOT NULL, terms BLOB NOT NULL,
    sentences BLOB NOT NULL, vector BLOB NOT NULL, sentence_vectors BLOB NOT NULL, text_language TEXT NOT NULL,
    PRIMARY KEY (text_hash, recipe)
);
CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY);
"""

Change = Literal["new", "changed", "unchanged", "repeated", "conflicting"]


class Store:
    """Opens or makes the store in a folder; one process writes at a time, which the writer's lock sees to.

    Raises:
        StorageFailed: here and in every method, when the disk is full or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite3"
        with self._failures():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, STORE_VERSION):
                raise StorageFailed(
                    f"{self.path} was written by another version of Evoke (store {version}, this one reads "
                    f"{STORE_VERSION}); move it away and index again"
                )
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version={STORE_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def begin_run(self) -> int:
        """Gives the number of a new run; works remember the run that told them last."""
        with self._transaction() as connection:
            number = connection.execute("INSERT INTO run DEFAULT VALUES RETURNING number").fetchone()[0]
            return int(number)

    def put_works(self, works: Sequence[tuple[Work, str]], run: int) -> list[tuple[Change, str]]:
        """Stores works with where each was read, in one transaction.

        Returns:
            For each work how it compares with what was stored, and where that was read. "repeated" and "conflicting"
            works were told in this very run already, alike or otherwise; the first telling stays.
        """
        with self._transaction() as connection:
            return [self._put_work(connection, work, origin, run) for work, origin in works]

    def _put_work(self, connection: sqlite3.Connection, work: Work, origin: str, run: int) -> tuple[Change, str]:
        digest = content_hash(work)
        stored = connection.execute("SELECT content_hash, run, origin FROM work WHERE id = ?", (work.id,)).fetchone()
        if stored and stored[1] == run:
            return ("repeated" if stored[0] == digest else "conflicting"), stored[2]
        if stored and stored[0] == digest:
            connection.execute("UPDATE work SET run = ?, origin = ? WHERE id = ?", (run, origin, work.id))
            return "unchanged", stored[2]
        connection.execute(
            "INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?, ?, ?)",
            (work.id, digest, text_hash(work), origin, run, work.model_dump_json()),
        )
        return ("changed", stored[2]) if stored else ("new", origin)

    def prune(self, run: int) -> int:
        """Removes the works that a run did not tell of; gives how many."""
        with self._transaction() as connection:
            return connection.execute("DELETE FROM work WHERE run <> ?", (run,)).rowcount

    def count_works(self) -> int:
        """Gives how many works there are."""
        return int(self._one("SELECT count(*) FROM work"))

    def mean_terms(self, recipe: bytes) -> float:
        """Gives the mean length of a work in terms; 0 without works."""
        return float(
            self._one("SELECT avg(n_terms) FROM work JOIN features USING (text_hash) WHERE recipe = ?", recipe) or 0
        )

    def works_without_features(self, recipe: bytes) -> list[str]:
        """Gives the ids of the works whose text has no features of this recipe, one for each text, by id."""
        query = """SELECT min(id) FROM work LEFT JOIN features ON features.text_hash = work.text_hash AND recipe = ?
                   WHERE features.text_hash IS NULL GROUP BY work.text_hash ORDER BY 1"""
        with self._failures():
            return [row[0] for row in self._connection.execute(query, (recipe,))]

    def works(self, ids: Sequence[str]) -> list[Work]:
        """Gives works by id, in the order of the ids."""
        marks = ",".join("?" * len(ids))
        with self._failures():
            rows = dict(self._connection.execute(f"SELECT id, body FROM work WHERE id IN ({marks})", ids))  # noqa: S608
        return [Work.model_validate_json(rows[work_id]) for work_id in ids]

    def put_features(self, features: Iterable[tuple[Work, Features]], recipe: bytes) -> None:
        """Stores the features of works' texts, in one transaction."""
        rows = [
            (
                text_hash(work),
                recipe,
                sum(made.terms.values()),
                orjson.dumps(made.terms),
                orjson.dumps([(span.start, span.end) for span in made.sentences]),
                made.vector.astype("<f4").tobytes(),
                made.sentence_vectors.astype("<f2").tobytes(),
                made.text_language,
            )
            for work, made in features
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def hashes(self) -> Iterator[tuple[str, bytes]]:
        """Gives every work's id and content hash, by id."""
        with self._failures():
            yield from self._connection.execute("SELECT id, content_hash FROM work ORDER BY id")

    def attributions(self) -> list[str]:
        """Gives the notices that the works' sources ask for, each once, sorted."""
        query = """SELECT DISTINCT source.value ->> 'attribution' FROM work, json_each(work.body, '$.sources') AS source
                   WHERE source.value ->> 'attribution' IS NOT NULL ORDER BY 1"""
        with self._failures():
            return [row[0] for row in self._connection.execute(query)]

    def works_with_features(self, recipe: bytes) -> Iterator[tuple[Work, Features]]:
        """Gives every work with its features, by id, one at a time."""
        query = """SELECT body, terms, sentences, vector, sentence_vectors, text_language
                   FROM work JOIN features USING (text_hash) WHERE recipe = ? ORDER BY id"""
        with self._failures():
            for body, terms, sentences, vector, rows, language in self._connection.execute(query, (recipe,)):
                text_vector = np.frombuffer(vector, dtype="<f4")
                yield (
                    Work.model_validate_json(body),
                    Features(
                        terms=orjson.loads(terms),
                        sentences=tuple(Span(start, end) for start, end in orjson.loads(sentences)),
                        vector=text_vector,
                        sentence_vectors=np.frombuffer(rows, dtype="<f2").reshape(-1, len(text_vector)),
                        text_language=language,
                    ),
                )

    def _one(self, query: str, *parameters: object) -> float:
        with self._failures():
            value: float = self._connection.execute(query, parameters).fetchone()[0]
            return value

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._failures():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Translates what SQLite and the file system say."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageFailed(f"{self.path}: {error}; what was stored before is kept") from error
