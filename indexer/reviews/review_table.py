"""The table of reviews in the store: those that are kept of each record, and of each work."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from indexer.database import Database, ids_to_json
from indexer.reviews.choosing import ChosenReview, KeptReview, merge_reviews, pack_reviews
from indexer.reviews.keeping import Keeping
from indexer.stages import batched

WORKS_READ = 256
"""Works whose reviews are read together: at most 60 kB each."""

_COLUMNS = "digest, source, text, rating, helpful, keeps_text, spoiler, n_characters, sketch"
"""As `_read` takes them."""
_THESE = "IN (SELECT value FROM json_each(?))"


class ReviewTable:
    """The table `review`; `indexer.store_tables` describes it.

    Removed texts are overwritten in the file, not only released: terms and people ask that they are gone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def overwriting(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction in which what is removed is overwritten with zeros.

        SQLite writes zeros only where it is asked to: for all tables it would write each gigabyte of old features once
        more.
        """
        connection = self._database.connection
        before = connection.execute("PRAGMA secure_delete").fetchone()[0]
        connection.execute("PRAGMA secure_delete=1")
        try:
            with self._database.transaction():
                yield connection
        finally:
            connection.execute(f"PRAGMA secure_delete={before}")

    def put(self, record: str, reviews: Sequence[ChosenReview]) -> None:
        """Replace the reviews of a record. A text that was forgotten is not stored again if only features are kept."""
        with self.overwriting() as connection:
            query = "SELECT digest FROM review WHERE record = ? AND text IS NULL"
            forgotten = {row[0] for row in connection.execute(query, (record,))}
            connection.execute("DELETE FROM review WHERE record = ?", (record,))
            connection.executemany(
                "INSERT INTO review VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        record,
                        number,
                        kept.digest,
                        kept.source,
                        kept.rating,
                        kept.helpful,
                        kept.spoiler,
                        kept.keeps_text,
                        n_characters,
                        sketch,
                        None if kept.digest in forgotten and not kept.keeps_text else kept.text,
                    )
                    for number, (kept, n_characters, sketch) in enumerate(reviews)
                ),
            )

    def of_records(self, records: Collection[str], *, with_text: bool = True) -> dict[str, list[ChosenReview]]:
        """Return the reviews of those of these records that have some; without texts nothing long is read."""
        columns = _COLUMNS if with_text else _COLUMNS.replace("text,", "NULL,", 1)
        query = f"SELECT record, number, {columns} FROM review WHERE record {_THESE}"  # noqa: S608 - names of columns
        # Sorted here: SQLite would sort them in a file of its own, which nobody overwrites.
        rows = sorted(self._database.rows(query, ids_to_json(records)), key=lambda row: row[:2])
        return {record: [_read(*row[2:]) for row in its] for record, its in groupby(rows, key=lambda row: row[0])}

    def of_works(self, ids: Collection[str] | None = None) -> Iterator[tuple[str, list[KeptReview]]]:
        """Yield the id of each work that has reviews, of all works or of some, with its reviews, by id."""
        for works in self._reviewed(ids):
            of_work: dict[str, list[str]] = {}
            query = f"SELECT work, id FROM matched WHERE work {_THESE} ORDER BY work, id"  # noqa: S608
            for work, record in self._database.rows(query, ids_to_json(works)):
                of_work.setdefault(work, []).append(record)
            reviews = self.of_records([record for records in of_work.values() for record in records])
            for work, records in of_work.items():
                if chosen := merge_reviews([reviews.get(record, ()) for record in records]):
                    yield work, [each.review for each in chosen]

    def _reviewed(self, ids: Collection[str] | None) -> Iterator[list[str]]:
        """Yield works that may have reviews. Nothing is being read while the caller has them, so that it may write."""
        if ids is not None:
            yield from batched(sorted(set(ids)), WORKS_READ)
            return
        query = """SELECT DISTINCT work FROM matched
                   WHERE work > ? AND EXISTS (SELECT 1 FROM review WHERE record = matched.id) ORDER BY work LIMIT ?"""
        works = [""]
        while works := [row[0] for row in self._database.rows(query, works[-1], WORKS_READ)]:
            yield works

    def forget_texts(self, digests: Collection[bytes]) -> int:
        """Remove the texts of those of these reviews of which only features are kept; return how many were removed.

        The texts are gone from the file and its log: they are overwritten, and the log is emptied. While another
        process reads the store, the log is emptied later, at the latest when the last process closes the store.
        """
        query = "UPDATE review SET text = NULL WHERE digest = ? AND NOT keeps_text AND text IS NOT NULL"
        with self.overwriting() as connection:
            n_forgotten = connection.executemany(query, ((digest,) for digest in digests)).rowcount
        self.empty_log()
        return max(n_forgotten, 0)

    def empty_log(self) -> None:
        """Bring all that is committed into the file and empty the log, unless a transaction is open."""
        with self._database.failures():
            if not self._database.connection.in_transaction:
                self._database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def drop(self, digests: Collection[bytes]) -> int:
        """Remove reviews whose texts are gone, since their features cannot be made again; return how many.

        Their records count as changed, so that they are merged again, and read again with their texts from a catalogue.
        """
        query = "DELETE FROM review WHERE digest = ? AND text IS NULL RETURNING record"
        with self.overwriting() as connection:
            dropped = [row[0] for digest in digests for row in connection.execute(query, (digest,))]
            self._renew_digests(set(dropped))
        return len(dropped)

    def apply(self, keeping: Keeping) -> int:
        """Change what is kept of the stored reviews to what is kept now; texts that are gone stay gone.

        Returns:
            How many reviews were removed, since none are kept of their sources.
        """
        n_removed = 0
        with self.overwriting() as connection:
            for source, keeps_text in self._kinds():
                keep = keeping.of(source)
                if keep == ("text" if keeps_text else "features"):
                    continue
                whose = "source = ? AND keeps_text = ?"
                if keep == "none":
                    change = f"DELETE FROM review WHERE {whose} RETURNING record"  # noqa: S608
                else:
                    kept = "keeps_text = 1 WHERE text IS NOT NULL AND" if keep == "text" else "keeps_text = 0 WHERE"
                    change = f"UPDATE review SET {kept} {whose} RETURNING record"  # noqa: S608
                changed = [row[0] for row in connection.execute(change, (source, keeps_text))]
                n_removed += len(changed) if keep == "none" else 0
                self._renew_digests(set(changed))
        return n_removed

    def _kinds(self) -> list[tuple[str, int]]:
        """Return the sources of reviews, with whether their texts are kept. Each takes one look into the index."""
        query = """SELECT source, keeps_text FROM review WHERE (source, keeps_text) > (?, ?)
                   ORDER BY source, keeps_text LIMIT 1"""
        kinds: list[tuple[str, int]] = []
        while found := list(self._database.rows(query, *(kinds[-1] if kinds else ("", -1)))):
            kinds += found
        return kinds

    def _renew_digests(self, records: Iterable[str]) -> None:
        for some in batched(sorted(records), WORKS_READ):
            reviews = self.of_records(some, with_text=False)
            with self._database.transaction() as connection:
                for record in some:
                    body = connection.execute("SELECT body FROM record WHERE id = ?", (record,)).fetchone()[0]
                    digest = record_digest(body.encode(), reviews.get(record, ()))
                    connection.execute("UPDATE record SET digest = ? WHERE id = ?", (digest, record))


def record_digest(body: bytes, reviews: Sequence[ChosenReview]) -> bytes:
    """Return the digest of a record: of its fields, and of its reviews if it has some."""
    of_fields = hashlib.sha256(body).digest()
    return hashlib.sha256(of_fields + pack_reviews(reviews)).digest() if reviews else of_fields


def read_reviews(connection: sqlite3.Connection, record: str) -> list[ChosenReview]:
    """Return the reviews of a record."""
    query = f"SELECT {_COLUMNS} FROM review WHERE record = ? ORDER BY number"  # noqa: S608 - names of columns
    return [_read(*row) for row in connection.execute(query, (record,))]


def is_changed(chosen: ChosenReview) -> bool:
    """Return whether the text of a review is not as it was stored."""
    text = chosen.review.text
    return text is not None and hashlib.sha256(text.encode()).digest() != chosen.review.digest


def _read(
    digest: bytes,
    source: str,
    text: str | None,
    rating: float | None,
    helpful: int,
    keeps_text: int,
    spoiler: int,
    n_characters: int,
    sketch: bytes,
) -> ChosenReview:
    review = KeptReview(digest, source, text, rating, helpful, bool(keeps_text), bool(spoiler))
    return ChosenReview(review, n_characters, sketch)
