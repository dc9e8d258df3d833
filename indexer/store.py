"""The store: records as last read, the works made from them, and their features, in one SQLite file.

Every batch is one transaction, so a killed build loses at most the batch in progress.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import orjson
from pydantic import ValidationError

from crawler.folders import make_private_folder
from crawler.records import SourceRecord
from indexer.bm25 import BM25
from indexer.errors import StorageFailed, StoreDamaged
from indexer.merging.merging import content_hash, text_hash, work_id
from indexer.records import TEXT_FIELDS, Features, FieldTerms, Span, Work

STORE_VERSION = 4
READ_BATCH = 1_000

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS record (
        id TEXT PRIMARY KEY, digest BLOB NOT NULL, origin TEXT NOT NULL, run INTEGER NOT NULL, since INTEGER,
        body TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS work (
        id TEXT PRIMARY KEY, digest BLOB NOT NULL, content_hash BLOB NOT NULL, text_hash BLOB NOT NULL,
        body TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS features (
        text_hash BLOB NOT NULL, recipe BLOB NOT NULL, n_terms INTEGER NOT NULL, terms BLOB NOT NULL,
        sentences BLOB NOT NULL, vector BLOB NOT NULL, sentence_vectors BLOB NOT NULL, text_language TEXT NOT NULL,
        PRIMARY KEY (text_hash, recipe)
    )""",
    "CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY, merged BLOB)",
)
"""record: `origin` is where the record was last read ("file:line"), `run` the run that read it, and `since` the first
run that merged it into a work, NULL before. work: `digest` is a hash of the records that the work is made from. run:
`merged` is the digest of all records if the works are up to date with them.

Opening an older store updates it. In stores before 3 the `terms` of features have no fields: they are emptied, and the
next build analyses those works again. In stores before 4 an encoder's fingerprint covers only its weights: the recipe
of the packaged model's features is renamed."""

_PACKAGED_FINGERPRINT_OF_STORE_3 = "57379c83b2bfdab6f4378c9c6beef9b412f323cfd2fc9ff5e5055b0cd6ddf351"
_PACKAGED_FINGERPRINT = "e3244a68087cc39eee3340ce3d782cc6b64478cdce72899e96f34beddd233def"

_STARTER = "id GLOB 'starter:*' AND origin GLOB '*indexer?starter.jsonl:*'"
"""The SQL condition that a record was last read from the starter catalogue, in whatever folder Evoke was installed."""

_NOT_KEPT = {"reviews", "fetched_at"}

Change = Literal["new", "changed", "unchanged", "repeated", "conflicting"]


class StoredRecord(NamedTuple):
    """A record of the store: its fields, their digest, and the first run that merged it into a work."""

    id: str
    digest: bytes
    since: int | None
    fields: dict[str, Any]


class Store:
    """The store in a folder, created if missing. The caller holds the writer lock while it writes.

    Raises:
        StorageFailed: The disk is full, or the file cannot be used; raised by every method.
        StoreDamaged: The file is damaged; raised by every method.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite3"
        with self._failures():
            make_private_folder(folder)
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in range(STORE_VERSION + 1):
                raise StorageFailed(
                    f"{self.path} was written by another version of Evoke (store {version}, this one reads "
                    f"{STORE_VERSION}); move it away and index again"
                )
        with self._transaction() as connection:
            if version == 1:
                connection.execute("ALTER TABLE work RENAME TO work_of_store_1")
                connection.execute("ALTER TABLE run ADD COLUMN merged BLOB")
            for statement in _SCHEMA:
                connection.execute(statement)
            if version == 1:
                _take_over_store_1(connection)
            if version in (1, 2):
                connection.execute("UPDATE features SET terms = x''")
            if version in (1, 2, 3):
                _rename_recipes(connection)
            connection.execute(f"PRAGMA user_version={STORE_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def begin_run(self) -> int:
        """Return the number of a new run."""
        with self._transaction() as connection:
            number = connection.execute("INSERT INTO run DEFAULT VALUES RETURNING number").fetchone()[0]
            return int(number)

    def put_records(self, records: Sequence[tuple[SourceRecord, str]], run: int) -> list[tuple[Change, str]]:
        """Store records, each with the place where it was read, in one transaction.

        Returns:
            For each record, how it differs from the stored one, and where the stored one was read. A record that this
            run has read before is "repeated" or, with other content, "conflicting", and is not stored.
        """
        with self._transaction() as connection:
            return [_put_record(connection, record, origin, run) for record, origin in records]

    def prune(self, run: int, *, keep_starter: bool = False) -> int:
        """Remove the records that a run did not read and return their number.

        With `keep_starter` the records of the starter catalogue stay.
        """
        query = f"DELETE FROM record WHERE run <> ? AND NOT (? AND {_STARTER})"  # noqa: S608
        with self._transaction() as connection:
            return connection.execute(query, (run, keep_starter)).rowcount

    def remove_starter(self, run: int) -> int:
        """Remove the records of the starter catalogue that a run did not read; return their number."""
        with self._transaction() as connection:
            return connection.execute(f"DELETE FROM record WHERE run <> ? AND {_STARTER}", (run,)).rowcount  # noqa: S608

    def records(self) -> Iterator[StoredRecord]:
        """Yield every record, by id."""
        with self._failures():
            for id_, digest, since, body in self._connection.execute(
                "SELECT id, digest, since, body FROM record ORDER BY id"
            ):
                yield StoredRecord(id_, digest, since, orjson.loads(body))

    def records_digest(self) -> bytes:
        """Return a digest of all records."""
        digest = hashlib.sha256()
        with self._failures():
            for id_, record_digest in self._connection.execute("SELECT id, digest FROM record ORDER BY id"):
                digest.update(id_.encode() + b"\0" + record_digest)
        return digest.digest()

    def source_records(self, ids: Sequence[str]) -> dict[str, SourceRecord]:
        """Return some records, by id."""
        query = "SELECT id, body FROM record WHERE id IN (SELECT value FROM json_each(?))"
        with self._failures():
            rows = self._connection.execute(query, (orjson.dumps(ids).decode(),)).fetchall()
        return {id_: SourceRecord.model_validate_json(body) for id_, body in rows}

    def work_digests(self) -> dict[str, bytes]:
        """Return the digest of the records that each work is made from, by work id."""
        with self._failures():
            return dict(self._connection.execute("SELECT id, digest FROM work"))

    def put_works(self, works: Iterable[tuple[Work, bytes]]) -> None:
        """Store works, each with the digest of the records it was made of, in one transaction."""
        rows = [
            (work.id, digest, content_hash(work), text_hash(work), work.model_dump_json()) for work, digest in works
        ]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?, ?)", rows)

    def begin_merge(self, merged: bytes) -> bool:
        """Return whether the records must be merged: False if the last finished merge had the same digest.

        Until `finish_merge` the works count as out of date, so that a killed merge is repeated.
        """
        query = "SELECT 1 FROM run WHERE merged = ?"
        with self._transaction() as connection:
            if connection.execute(query, (merged,)).fetchone():
                return False
            connection.execute("UPDATE run SET merged = NULL")
            return True

    def finish_merge(self, gone: Iterable[str], run: int, merged: bytes) -> None:
        """Remove the works that are gone, and mark the works as up to date with the digest `merged`."""
        with self._transaction() as connection:
            connection.executemany("DELETE FROM work WHERE id = ?", ((each,) for each in gone))
            connection.execute("UPDATE record SET since = ? WHERE since IS NULL", (run,))
            connection.execute("UPDATE run SET merged = ? WHERE number = ?", (merged, run))

    def count_records(self) -> int:
        """Return how many records there are."""
        return int(self._one("SELECT count(*) FROM record"))

    def count_works(self) -> int:
        """Return how many works there are."""
        return int(self._one("SELECT count(*) FROM work"))

    def mean_terms(self, recipe: bytes, bm25: BM25) -> float:
        """Return the mean length of a work in terms, each weighted by its field; 0 without works."""
        if all(bm25.weight(name) == 1 for name in TEXT_FIELDS):
            query = "SELECT avg(n_terms) FROM work JOIN features USING (text_hash) WHERE recipe = ?"
            return float(self._one(query, recipe) or 0)
        lengths = [sum(bm25.count(terms).values()) for _, terms in self.works_with_terms(recipe)]
        return sum(lengths) / len(lengths) if lengths else 0.0

    def works_with_terms(self, recipe: bytes) -> Iterator[tuple[str, FieldTerms]]:
        """Yield every work's id with its terms, by id."""
        query = "SELECT id, terms FROM work JOIN features USING (text_hash) WHERE recipe = ? ORDER BY id"
        with self._failures():
            for id_, terms in self._connection.execute(query, (recipe,)):
                yield id_, orjson.loads(terms)

    def works_without_terms(self, recipe: bytes) -> list[str]:
        """Return the ids of works whose terms an update of the store emptied, one work for each text, sorted."""
        query = """SELECT min(id) FROM work JOIN features USING (text_hash) WHERE recipe = ? AND terms = x''
                   GROUP BY text_hash ORDER BY 1"""
        with self._failures():
            return [row[0] for row in self._connection.execute(query, (recipe,))]

    def put_terms(self, terms: Iterable[tuple[Work, FieldTerms]], recipe: bytes) -> None:
        """Store the terms of works' texts beside their other features, in one transaction."""
        rows = [(orjson.dumps(counted), text_hash(work), recipe) for work, counted in terms]
        with self._transaction() as connection:
            connection.executemany("UPDATE features SET terms = ? WHERE text_hash = ? AND recipe = ?", rows)

    def count_other_features(self, recipe: bytes) -> int:
        """Return how many texts of works have features of other recipes than this one."""
        query = "SELECT count(DISTINCT text_hash) FROM work JOIN features USING (text_hash) WHERE recipe != ?"
        return int(self._one(query, recipe) or 0)

    def remove_other_features(self, recipe: bytes) -> None:
        """Remove the features of all recipes but this one: no build with this encoder and analyser reads them."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM features WHERE recipe != ?", (recipe,))

    def works_without_features(self, recipe: bytes) -> list[str]:
        """Return the ids of works whose text has no features of this recipe, one work for each text, sorted."""
        query = """SELECT min(id) FROM work LEFT JOIN features ON features.text_hash = work.text_hash AND recipe = ?
                   WHERE features.text_hash IS NULL GROUP BY work.text_hash ORDER BY 1"""
        with self._failures():
            return [row[0] for row in self._connection.execute(query, (recipe,))]

    def works(self, ids: Sequence[str]) -> list[Work]:
        """Return works by id, in the order of the ids."""
        marks = ",".join("?" * len(ids))
        with self._failures():
            rows = dict(self._connection.execute(f"SELECT id, body FROM work WHERE id IN ({marks})", ids))  # noqa: S608
        return [Work.model_validate_json(rows[work_id]) for work_id in ids]

    def put_features(self, features: Iterable[tuple[Work, Features]], recipe: bytes) -> None:
        """Store the features of works' texts, in one transaction."""
        rows = [
            (
                text_hash(work),
                recipe,
                made.terms.total(),
                orjson.dumps(made.field_terms),
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
        """Yield every work's id and content hash, by id."""
        with self._failures():
            yield from self._connection.execute("SELECT id, content_hash FROM work ORDER BY id")

    def attributions(self) -> list[str]:
        """Return the notices that the works' sources ask for, each once, sorted."""
        query = """SELECT DISTINCT source.value ->> 'attribution' FROM work, json_each(work.body, '$.sources') AS source
                   WHERE source.value ->> 'attribution' IS NOT NULL ORDER BY 1"""
        with self._failures():
            return [row[0] for row in self._connection.execute(query)]

    def works_with_features(self, recipe: bytes) -> Iterator[tuple[Work, Features]]:
        """Yield every work with its features, by id."""
        query = """SELECT body, terms, sentences, vector, sentence_vectors, text_language
                   FROM work JOIN features USING (text_hash) WHERE recipe = ? ORDER BY id"""
        with self._failures():
            for body, terms, sentences, vector, rows, language in self._connection.execute(query, (recipe,)):
                text_vector = np.frombuffer(vector, dtype="<f4")
                yield (
                    Work.model_validate_json(body),
                    Features(
                        field_terms=orjson.loads(terms),
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
        """Translate the errors of SQLite and the file system."""
        try:
            yield
        except (orjson.JSONDecodeError, ValidationError) as error:
            raise StoreDamaged(self.path, "a row does not hold what was stored") from error
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise StoreDamaged(self.path, error) from error
            raise StorageFailed(f"{self.path}: {error}; what was stored before is kept") from error


def is_damage(error: Exception) -> bool:
    """Return whether SQLite has failed because its file is not as it was written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith("Could not decode to UTF-8")


def _put_record(connection: sqlite3.Connection, record: SourceRecord, origin: str, run: int) -> tuple[Change, str]:
    id_ = work_id(record)
    body = orjson.dumps(
        record.model_dump(mode="json", exclude=_NOT_KEPT, exclude_defaults=True), option=orjson.OPT_SORT_KEYS
    )
    digest = hashlib.sha256(body).digest()
    stored = connection.execute("SELECT digest, run, origin FROM record WHERE id = ?", (id_,)).fetchone()
    if stored and stored[1] == run:
        return ("repeated" if stored[0] == digest else "conflicting"), stored[2]
    connection.execute(
        """INSERT INTO record (id, digest, origin, run, body) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, origin = excluded.origin, run = excluded.run,
           body = excluded.body""",
        (id_, digest, origin, run, body.decode()),
    )
    if not stored:
        return "new", origin
    return ("unchanged" if stored[0] == digest else "changed"), stored[2]


def _take_over_store_1(connection: sqlite3.Connection) -> None:
    """Turn the works of a store of version 1 into records: each was made from one record. Features need no change."""
    for body, origin, run in connection.execute("SELECT body, origin, run FROM work_of_store_1"):
        fields = orjson.loads(body)
        (reference,) = fields.pop("sources")
        del fields["id"]
        _put_record(connection, SourceRecord.model_validate({**fields, **reference}), origin, run)
    connection.execute("DROP TABLE work_of_store_1")


def _rename_recipes(connection: sqlite3.Connection) -> None:
    """Change the recipe of the packaged model's features to that of version 4, so that they are not computed again."""
    for runtime in ("openvino-int8", "torch"):
        old, new = (
            hashlib.sha256(f"1:{fingerprint}:{runtime}".encode()).digest()
            for fingerprint in (_PACKAGED_FINGERPRINT_OF_STORE_3, _PACKAGED_FINGERPRINT)
        )
        connection.execute("UPDATE features SET recipe = ? WHERE recipe = ?", (new, old))
