"""The store: records as last read, the works made from them, and their features, in one SQLite file.

Every batch is one transaction, so a killed build loses at most the batch in progress.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import orjson

from crawler.records import SourceRecord
from indexer.bm25 import BM25
from indexer.database import Database, ids_to_json
from indexer.merging.match_tables import MatchTables
from indexer.merging.merging import content_hash, text_hash, work_id
from indexer.records import TEXT_FIELDS, Features, FieldTerms, IndexedWork, Span, Work
from indexer.reviews.choosing import ChosenReview, KeptReview, ReviewCounts, choose_reviews
from indexer.reviews.feature_table import ReviewFeatureTable
from indexer.reviews.keeping import DECLARED, Keeping
from indexer.reviews.review_table import ReviewTable, record_digest
from indexer.served import ServedContent
from indexer.store_tables import STORE_VERSION, update_tables
from indexer.values.label_table import KIND_OF_WORK, Labelling, LabelTable, unpack_labels

READ_BATCH = 1_000

_STARTER = "id GLOB 'starter:*' AND origin GLOB '*indexer?starter.jsonl:*'"
"""The SQL condition that a record was last read from the starter catalogue, in whatever folder Evoke was installed."""

_NOT_KEPT = {"reviews", "fetched_at", "since"}

_FEATURES = "terms, sentences, vector, sentence_vectors, text_language"

_THESE = "id IN (SELECT value FROM json_each(?))"
"""The SQL condition that an id is one of a list, given as JSON."""

Change = Literal["new", "changed", "unchanged", "repeated", "conflicting"]


class StoredRecord(NamedTuple):
    """A record of the store: its fields, their digest, and the number of the merge that first made a work of it."""

    id: str
    digest: bytes
    since: int | None
    fields: dict[str, Any]


class Store:
    """The store in a folder, created if missing. The caller holds the writer lock while it writes.

    Attributes:
        matching: The records as they were matched last.
        labels: The labels of works.
        review_table: The reviews of records and of works.
        review_features: The features of reviews.
        served: The content of the serving generation.

    Raises:
        StorageFailed: The disk is full, or the file cannot be used; raised by every method.
        StoreDamaged: The file is damaged; raised by every method.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.path = folder / "store.sqlite3"
        self._database = Database(self.path, STORE_VERSION, _update_tables, read_only=read_only)
        self.matching = MatchTables(self._database)
        self.labels = LabelTable(self._database)
        self.review_table = ReviewTable(self._database)
        self.review_features = ReviewFeatureTable(self._database, self.review_table)
        self.served = ServedContent(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a context in which all that is written is one transaction."""
        return self._database.transaction()

    def begin_run(self) -> int:
        """Return the number of a new run."""
        with self._database.transaction() as connection:
            number = connection.execute("INSERT INTO run DEFAULT VALUES RETURNING number").fetchone()[0]
            return int(number)

    def put_records(
        self,
        records: Sequence[tuple[SourceRecord, str]],
        run: int,
        *,
        keeping: Keeping = DECLARED,
        counts: ReviewCounts | None = None,
    ) -> list[tuple[Change, str]]:
        """Store records, each with the place where it was read and with those of its reviews that are kept.

        Args:
            records: The records; all are stored in one transaction.
            run: The number of the run that has read them.
            keeping: What is kept of their reviews.
            counts: Takes how many reviews are kept.

        Returns:
            For each record, how it differs from the stored one, and where the stored one was read. A record that this
            run has read before is "repeated" or, with other content, "conflicting", and is not stored.
        """
        chosen = [choose_reviews(record.reviews, record.source, keeping.of(record.source)) for record, _ in records]
        if counts is not None:
            for each in chosen:
                counts.add(each.counts)
        results = []
        with self.review_table.overwriting() as connection:
            for (record, origin), (reviews, _) in zip(records, chosen, strict=True):
                change, place = _put_record(connection, record, origin, run, reviews)
                if change == "changed" or (change == "new" and reviews):
                    self.review_table.put(work_id(record), reviews)
                results.append((change, place))
        return results

    def prune(self, run: int, *, keep_starter: bool = False) -> int:
        """Remove the records that a run did not read and return their number.

        With `keep_starter` the records of the starter catalogue stay.
        """
        query = f"DELETE FROM record WHERE run <> ? AND NOT (? AND {_STARTER})"  # noqa: S608
        with self.review_table.overwriting() as connection:
            return connection.execute(query, (run, keep_starter)).rowcount

    def remove_starter(self, run: int) -> int:
        """Remove the records of the starter catalogue that a run did not read; return their number."""
        with self._database.transaction() as connection:
            return connection.execute(f"DELETE FROM record WHERE run <> ? AND {_STARTER}", (run,)).rowcount  # noqa: S608

    def has_own_records(self) -> bool:
        """Return whether there is a record that was not read from the starter catalogue."""
        query = f"SELECT EXISTS (SELECT 1 FROM record WHERE NOT ({_STARTER}))"  # noqa: S608
        return bool(self._database.one(query))

    def remove_records(self, ids: Collection[str]) -> int:
        """Remove records by id; return their number."""
        with self.review_table.overwriting() as connection:
            return connection.execute(f"DELETE FROM record WHERE {_THESE}", (ids_to_json(ids),)).rowcount  # noqa: S608

    def remove_made(self, ids: Collection[str]) -> None:
        """Remove what was made of the texts of works, unless a work that is not among them has the same text.

        These are terms, vectors and labels. They are overwritten in the file: terms tell much of a text.
        """
        others = f"SELECT text_hash FROM work WHERE NOT {_THESE}"  # noqa: S608 - ids are a parameter
        theirs = f"SELECT text_hash FROM work WHERE {_THESE} AND text_hash NOT IN ({others})"  # noqa: S608
        with self.review_table.overwriting() as connection:
            for table in ("features", "labels"):
                query = f"DELETE FROM {table} WHERE text_hash IN ({theirs})"  # noqa: S608 - names of tables
                connection.execute(query, (ids_to_json(ids), ids_to_json(ids)))

    def reviews(self, ids: Collection[str] | None = None) -> Iterator[tuple[str, list[KeptReview]]]:
        """Yield the id of each work that has reviews, of all works or of some, with its reviews, by id.

        The caller may write between two works.
        """
        return self.review_table.of_works(ids)

    def forget_review_texts(self, digests: Collection[bytes]) -> int:
        """Remove the texts of reviews of which only features are kept; return how many were removed.

        Call it when their features are stored. The texts are overwritten in the file, and the log is emptied.
        """
        return self.review_table.forget_texts(digests)

    def records(self, ids: Collection[str] | None = None) -> Iterator[StoredRecord]:
        """Yield every record, or those of these ids that there are, by id."""
        for id_, digest, since, body in self._select("SELECT id, digest, since, body FROM record", ids):
            yield StoredRecord(id_, digest, since, orjson.loads(body))

    def source_records(self, ids: Collection[str]) -> dict[str, SourceRecord]:
        """Return some records, by id."""
        rows = self._select("SELECT id, body FROM record", ids)
        return {id_: SourceRecord.model_validate_json(body) for id_, body in rows}

    def number_new_records(self) -> None:
        """Number the records that were merged into works for the first time: one more than those before."""
        with self._database.transaction() as connection:
            number = "(SELECT ifnull(max(since), 0) + 1 FROM record)"
            connection.execute(f"UPDATE record SET since = {number} WHERE since IS NULL")  # noqa: S608

    def work_digests(self, ids: Collection[str] | None = None) -> dict[str, bytes]:
        """Return the digest of the records that works are made from, by work id: of all works, or of some."""
        return dict(self._select("SELECT id, digest FROM work", ids))

    def put_works(self, works: Iterable[tuple[Work, bytes]]) -> None:
        """Store works, each with the digest of the records it was made of, in one transaction."""
        rows = [
            (work.id, digest, content_hash(work), text_hash(work), work.model_dump_json()) for work, digest in works
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?, ?)", rows)

    def remove_works(self, ids: Iterable[str]) -> None:
        """Remove works by id."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM work WHERE id = ?", ((each,) for each in ids))

    def remove_unmatched_works(self) -> None:
        """Remove the works that no record was matched to."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM work WHERE id NOT IN (SELECT work FROM matched)")

    def count_records(self) -> int:
        """Return how many records there are."""
        return int(self._database.one("SELECT count(*) FROM record"))

    def sources(self) -> list[str]:
        """Return the sources of the records, sorted."""
        return self._distinct("source")

    def count_works(self) -> int:
        """Return how many works there are."""
        return int(self._database.one("SELECT count(*) FROM work"))

    def lengths(
        self, recipe: bytes, bm25: BM25, ids: Collection[str] | None = None
    ) -> Iterator[tuple[str, bytes, float]]:
        """Yield the id, content hash and length of every work, or of some; each term is weighted by its field."""
        joined = "FROM work JOIN features ON features.text_hash = work.text_hash AND recipe = ?"
        if all(bm25.weight(name) == 1 for name in TEXT_FIELDS):
            yield from self._select(f"SELECT id, content_hash, n_terms {joined}", ids, recipe)
            return
        for id_, hashed, terms in self._select(f"SELECT id, content_hash, terms {joined}", ids, recipe):
            yield id_, hashed, sum(bm25.count(orjson.loads(terms)).values())

    def works_with_terms(self, recipe: bytes) -> Iterator[tuple[str, FieldTerms]]:
        """Yield every work's id with its terms, by id."""
        query = "SELECT id, terms FROM work JOIN features USING (text_hash) WHERE recipe = ? ORDER BY id"
        for id_, terms in self._database.rows(query, recipe):
            yield id_, orjson.loads(terms)

    def works_without_terms(self, recipe: bytes) -> list[str]:
        """Return the ids of works whose terms an update of the store emptied, one work for each text, sorted."""
        query = """SELECT min(id) FROM work WHERE text_hash IN
                   (SELECT text_hash FROM features WHERE recipe = ? AND terms = x'') GROUP BY text_hash ORDER BY 1"""
        if not self._database.one("SELECT count(*) FROM features WHERE terms = x''"):
            return []
        return [row[0] for row in self._database.rows(query, recipe)]

    def put_terms(self, terms: Iterable[tuple[Work, FieldTerms]], recipe: bytes) -> None:
        """Store the terms of works' texts beside their other features, in one transaction."""
        rows = [(orjson.dumps(counted), text_hash(work), recipe) for work, counted in terms]
        with self._database.transaction() as connection:
            connection.executemany("UPDATE features SET terms = ? WHERE text_hash = ? AND recipe = ?", rows)

    def count_other_features(self, recipe: bytes) -> int:
        """Return how many texts of works have features of other recipes than this one."""
        query = "SELECT count(DISTINCT text_hash) FROM work JOIN features USING (text_hash) WHERE recipe != ?"
        return int(self._database.one(query, recipe) or 0)

    def remove_other_features(self, recipe: bytes) -> None:
        """Remove the features of all recipes but this one: no build with this encoder and analyser reads them."""
        # The inner query reads the index alone: the rows of a million works have 10 GB.
        query = "DELETE FROM features WHERE rowid IN (SELECT rowid FROM features WHERE recipe != ?)"
        with self._database.transaction() as connection:
            connection.execute(query, (recipe,))

    def works_without_features(self, recipe: bytes, ids: Collection[str] | None = None) -> list[str]:
        """Return the ids of works, of all or of some, whose text has no features of this recipe, sorted.

        Of several works with the same text one is returned.
        """
        query = """SELECT min(id) FROM work LEFT JOIN features ON features.text_hash = work.text_hash AND recipe = ?
                   WHERE features.text_hash IS NULL"""
        rows = self._select(query, ids, recipe, order="GROUP BY work.text_hash ORDER BY 1")
        return [row[0] for row in rows]

    def works(self, ids: Collection[str]) -> list[Work]:
        """Return works by id, in the order of the ids."""
        rows = dict(self._select("SELECT id, body FROM work", ids))
        return [Work.model_validate_json(rows[work_id]) for work_id in ids]

    def known_works(self, ids: Collection[str]) -> set[str]:
        """Return those of these ids that are works'."""
        return {row[0] for row in self._select("SELECT id FROM work", ids)}

    def sample_works(self, n_works: int, draw: random.Random) -> list[str]:
        """Return the ids of works that are drawn at random, at most `n_works`."""
        last = self._database.one("SELECT max(rowid) FROM work") or 0
        query = "SELECT id FROM work WHERE rowid >= ? ORDER BY rowid LIMIT 1"
        return sorted({self._database.one(query, draw.randint(1, last)) for _ in range(n_works)}) if last else []

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
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def hashes(self) -> Iterator[tuple[str, bytes]]:
        """Yield every work's id and content hash, by id."""
        yield from self._database.rows("SELECT id, content_hash FROM work ORDER BY id")

    def attributions(self) -> list[str]:
        """Return the notices that the works' sources ask for, each once, sorted."""
        return self._distinct("attribution")

    def _distinct(self, field: str) -> list[str]:
        """Return the values of a field of records, each once, sorted; the field has an index."""
        # One look into the index for each value: DISTINCT would read every record.
        query = f"SELECT body ->> '$.{field}' AS value FROM record WHERE value > ? ORDER BY value LIMIT 1"  # noqa: S608
        values: list[str] = []
        while value := self._database.one(query, values[-1] if values else ""):
            values.append(value)
        return values

    def works_with_features(self, recipe: bytes, ids: Collection[str] | None = None) -> Iterator[tuple[Work, Features]]:
        """Yield every work, or some of them, with its features, by id."""
        query = f"SELECT body, {_FEATURES} FROM work JOIN features USING (text_hash) WHERE recipe = ?"  # noqa: S608
        for body, *features in self._select(query, ids, recipe):
            yield Work.model_validate_json(body), _read_features(*features)

    def indexed_works(
        self, recipe: bytes, labelling: Labelling, ids: Collection[str] | None = None
    ) -> Iterator[IndexedWork]:
        """Yield every work, or some of them, with its features and its labels, by id."""
        query = f"""SELECT body, labels, {_FEATURES} FROM work JOIN features USING (text_hash)
                    JOIN labels ON labels.text_hash = work.text_hash AND labels.kind = {KIND_OF_WORK}
                    WHERE recipe = ? AND labelling = ?"""  # noqa: S608
        for body, labels, *columns in self._select(query, ids, recipe, labelling.number):
            features = _read_features(*columns)
            unpacked = unpack_labels(labels, labelling.dimensions, features.sentences)
            yield IndexedWork(Work.model_validate_json(body), features, unpacked)

    def _select(
        self, query: str, ids: Collection[str] | None, *parameters: object, order: str = "ORDER BY id"
    ) -> Iterator[Any]:
        """Yield the rows of a query: all, or only those with one of these ids."""
        if ids is None:
            return self._database.rows(f"{query} {order}", *parameters)
        word = "AND" if "WHERE" in query else "WHERE"
        return self._database.rows(f"{query} {word} {_THESE} {order}", *parameters, ids_to_json(ids))


def _read_features(
    terms: bytes, sentences: bytes, vector: bytes, sentence_vectors: bytes, text_language: str
) -> Features:
    text_vector = np.frombuffer(vector, dtype="<f4")
    return Features(
        field_terms=orjson.loads(terms),
        sentences=tuple(Span(start, end) for start, end in orjson.loads(sentences)),
        vector=text_vector,
        sentence_vectors=np.frombuffer(sentence_vectors, dtype="<f2").reshape(-1, len(text_vector)),
        text_language=text_language,
    )


def _put_record(
    connection: sqlite3.Connection, record: SourceRecord, origin: str, run: int, reviews: Sequence[ChosenReview] = ()
) -> tuple[Change, str]:
    id_ = work_id(record)
    body = orjson.dumps(
        record.model_dump(mode="json", exclude=_NOT_KEPT, exclude_defaults=True), option=orjson.OPT_SORT_KEYS
    )
    digest = record_digest(body, reviews)
    stored = connection.execute("SELECT digest, run, origin FROM record WHERE id = ?", (id_,)).fetchone()
    if stored and stored[1] == run:
        return ("repeated" if stored[0] == digest else "conflicting"), stored[2]
    if not stored:
        connection.execute(
            "INSERT INTO record (id, digest, origin, run, since, body) VALUES (?, ?, ?, ?, ?, ?)",
            (id_, digest, origin, run, record.since, body.decode()),
        )
        return "new", origin
    connection.execute("UPDATE record SET origin = ?, run = ? WHERE id = ?", (origin, run, id_))
    if stored[0] == digest:
        return "unchanged", stored[2]
    connection.execute("UPDATE record SET digest = ?, body = ? WHERE id = ?", (digest, body.decode(), id_))
    return "changed", stored[2]


def _update_tables(connection: sqlite3.Connection, version: int) -> None:
    update_tables(connection, version, lambda record, origin, run: _put_record(connection, record, origin, run))
