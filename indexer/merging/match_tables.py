"""The records as they were matched last, in the store: match keys, blocking keys, and the work that each belongs to."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import orjson

from indexer.database import Database
from indexer.merging.blocking import blocking_keys
from indexer.merging.match_keys import MatchKeys, Title
from indexer.merging.sorted_pairs import Pairs

WRITTEN_TOGETHER = 100_000
"""Blocking keys that are handed to SQLite at once: a million records have seven million."""


class MatchedRecord(NamedTuple):
    """A record as it was matched: the digest of its content, the id of its work, and its match keys."""

    id: str
    digest: bytes
    work_id: str
    keys: MatchKeys


class UnmatchedRecord(NamedTuple):
    """A record that is to be matched: its id, the digest of its content, and its match keys."""

    id: str
    digest: bytes
    keys: MatchKeys


class Changes(NamedTuple):
    """The ids of records that are new or have other content than when they were matched, and of those that are gone."""

    changed: list[str]
    gone: list[str]


class MatchTables:
    """The tables `matched` and `block`; `indexer.store_tables` describes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def rules(self) -> str | None:
        """The versions of the rules that the works are up to date with; None while all records are being matched."""
        rules: str | None = self._database.one("SELECT value FROM state WHERE name = 'rules'")
        return rules

    @rules.setter
    def rules(self, rules: str | None) -> None:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO state VALUES ('rules', ?)", (rules,))

    def changes(self) -> Changes:
        """Return how the stored records differ from the matched ones, sorted."""
        return Changes(*self._database.differences("record", "matched", "digest"))

    def count(self) -> int:
        """Return how many records were matched."""
        return int(self._database.one("SELECT count(*) FROM matched"))

    def blocks(self, keys: Collection[int]) -> dict[int, list[str]]:
        """Return the sorted ids of the records with each of these blocking keys; a key without records is left out."""
        query = """SELECT key, id FROM block JOIN matched ON matched.number = block.record
                   WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key, id"""
        rows = self._database.rows(query, _to_json(list(keys)))
        return {key: [record_id for _, record_id in of_key] for key, of_key in groupby(rows, key=itemgetter(0))}

    def match_keys(self, ids: Collection[str]) -> dict[str, MatchKeys]:
        """Return the match keys of those of these records that were matched."""
        query = "SELECT id, keys FROM matched WHERE id IN (SELECT value FROM json_each(?))"
        return {record_id: _unpack(keys) for record_id, keys in self._database.rows(query, _to_json(list(ids)))}

    def works_of(self, record_ids: Collection[str]) -> set[str]:
        """Return the ids of the works that some records were merged into."""
        query = "SELECT DISTINCT work FROM matched WHERE id IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._database.rows(query, _to_json(list(record_ids)))}

    def records_of(self, work_ids: Collection[str]) -> list[str]:
        """Return the ids of the records of some works, sorted."""
        query = "SELECT id FROM matched WHERE work IN (SELECT value FROM json_each(?)) ORDER BY id"
        return [row[0] for row in self._database.rows(query, _to_json(list(work_ids)))]

    @contextmanager
    def filling(self) -> Iterator[Callable[[Iterable[UnmatchedRecord]], Iterator[MatchKeys]]]:
        """Replace all that is stored in the block, which is one transaction.

        The block gets a function that stores records, given in the order of their ids, each as a work of its own, and
        yields their match keys. The records are numbered from 0.
        """
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM matched")
            connection.execute("DELETE FROM block")

            def store(records: Iterable[UnmatchedRecord]) -> Iterator[MatchKeys]:
                for number, (id_, digest, keys) in enumerate(records):
                    row = (number, id_, digest, id_, _pack(keys))
                    connection.execute("INSERT INTO matched VALUES (?, ?, ?, ?, ?)", row)
                    yield keys

            yield store

    def put_blocks(self, blocks: Pairs) -> None:
        """Store pairs of a blocking key and the number of a record."""
        with self._database.transaction() as connection:
            for start in range(0, len(blocks), WRITTEN_TOGETHER):
                pairs = blocks[start : start + WRITTEN_TOGETHER].tolist()
                connection.executemany("INSERT INTO block VALUES (?, ?)", pairs)

    def numbered(self, numbers: Sequence[int]) -> dict[int, MatchKeys]:
        """Return the match keys of some records, by their numbers."""
        query = "SELECT number, keys FROM matched WHERE number IN (SELECT value FROM json_each(?))"
        with _no_collection():
            return {number: _unpack(keys) for number, keys in self._database.rows(query, _to_json(numbers))}

    def ids(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the ids of some records, by their numbers."""
        query = "SELECT number, id FROM matched WHERE number IN (SELECT value FROM json_each(?))"
        return dict(self._database.rows(query, _to_json(numbers)))

    def alone(self, n_records: int) -> Iterator[list[tuple[str, bytes]]]:
        """Yield the records that are works of their own, id and digest, in lists made of `n_records` records each.

        The caller may write between two lists.
        """
        query = """SELECT id, digest FROM matched WHERE number >= ? AND number < ? AND work = id AND NOT EXISTS
                   (SELECT 1 FROM matched AS other WHERE other.work = matched.id AND other.id != matched.id)"""
        end = (self._database.one("SELECT max(number) FROM matched") or 0) + 1
        for start in range(0, end, n_records):
            yield list(self._database.rows(query, start, start + n_records))

    def replace(self, records: Iterable[MatchedRecord], gone: Collection[str]) -> None:
        """Store new and changed records with their blocking keys, and remove those that are gone."""
        with self._database.transaction() as connection:
            records = list(records)
            for record_id in [*(each.id for each in records), *gone]:
                row = connection.execute("SELECT number, keys FROM matched WHERE id = ?", (record_id,)).fetchone()
                if row:
                    pairs = [(key, row[0]) for key in blocking_keys(_unpack(row[1]))]
                    connection.executemany("DELETE FROM block WHERE key = ? AND record = ?", pairs)
                    connection.execute("DELETE FROM matched WHERE number = ?", (row[0],))
            for each in records:
                number = connection.execute(
                    "INSERT INTO matched (id, digest, work, keys) VALUES (?, ?, ?, ?) RETURNING number",
                    (each.id, each.digest, each.work_id, _pack(each.keys)),
                ).fetchone()[0]
                pairs = [(key, number) for key in blocking_keys(each.keys)]
                connection.executemany("INSERT INTO block VALUES (?, ?)", pairs)

    def move(self, work_of_record: Iterable[tuple[str, str]]) -> None:
        """Change the works of records, given as pairs of a work's and a record's id."""
        with self._database.transaction() as connection:
            connection.executemany("UPDATE matched SET work = ? WHERE id = ?", work_of_record)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from looking for cycles: while many small objects are made, that takes four fifths of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _pack(keys: MatchKeys) -> bytes:
    titles = [tuple(title) for title in keys.titles]
    return orjson.dumps(
        [
            keys.source, keys.kind, keys.year, keys.language, titles, keys.leads, keys.people, keys.work_ids,
            keys.edition_ids,
        ]
    )  # fmt: skip


def _unpack(packed: bytes) -> MatchKeys:
    source, kind, year, language, titles, *names_and_ids = orjson.loads(packed)
    leads, people, work_ids, edition_ids = (tuple(map(tuple, each)) for each in names_and_ids)
    return MatchKeys(
        source=source,
        kind=kind,
        year=year,
        language=language,
        titles=tuple(Title(full, tuple(mains)) for full, mains in titles),
        leads=leads,
        people=people,
        work_ids=work_ids,
        edition_ids=edition_ids,
    )


def _to_json(values: Sequence[object]) -> str:
    return orjson.dumps(values).decode()
