"""The tables of the store, and how those of earlier versions are changed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable

import orjson

from crawler.records import SourceRecord

STORE_VERSION = 6

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS record (
        id TEXT PRIMARY KEY, digest BLOB NOT NULL, origin TEXT NOT NULL, run INTEGER NOT NULL, since INTEGER,
        body TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS review (
        record TEXT NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL, source TEXT NOT NULL, rating REAL,
        helpful INTEGER NOT NULL, spoiler INTEGER NOT NULL, keeps_text INTEGER NOT NULL, n_characters INTEGER NOT NULL,
        sketch BLOB NOT NULL, text TEXT, PRIMARY KEY (record, number)
    )""",
    """CREATE TABLE IF NOT EXISTS review_features (
        digest BLOB NOT NULL, recipe BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY (digest, recipe)
    )""",
    """CREATE TRIGGER IF NOT EXISTS reviews_of_record AFTER DELETE ON record
       BEGIN DELETE FROM review WHERE record = old.id; END""",
    """CREATE TABLE IF NOT EXISTS work (
        id TEXT PRIMARY KEY, digest BLOB NOT NULL, content_hash BLOB NOT NULL, text_hash BLOB NOT NULL,
        body TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS matched (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL, digest BLOB NOT NULL, work TEXT NOT NULL, keys BLOB NOT NULL
    )""",
    "CREATE TABLE IF NOT EXISTS block (key INTEGER, record INTEGER, PRIMARY KEY (key, record)) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS features (
        text_hash BLOB NOT NULL, recipe BLOB NOT NULL, n_terms INTEGER NOT NULL, terms BLOB NOT NULL,
        sentences BLOB NOT NULL, vector BLOB NOT NULL, sentence_vectors BLOB NOT NULL, text_language TEXT NOT NULL,
        PRIMARY KEY (text_hash, recipe)
    )""",
    """CREATE TABLE IF NOT EXISTS labelling (
        number INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, dimensions TEXT NOT NULL, prototypes BLOB
    )""",
    """CREATE TABLE IF NOT EXISTS labels (
        text_hash BLOB NOT NULL, kind TEXT NOT NULL, labelling INTEGER NOT NULL, labels BLOB NOT NULL,
        PRIMARY KEY (text_hash, kind, labelling)
    )""",
    """CREATE TABLE IF NOT EXISTS served (
        id TEXT PRIMARY KEY, content_hash BLOB NOT NULL, length REAL NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT)",
    # Each of these indexes is read instead of its table, whose rows are a hundred times as long.
    "CREATE INDEX IF NOT EXISTS record_digest ON record (id, digest)",
    "CREATE INDEX IF NOT EXISTS record_since ON record (since)",
    "CREATE INDEX IF NOT EXISTS record_attribution ON record (body ->> '$.attribution')",
    "CREATE INDEX IF NOT EXISTS record_source ON record (body ->> '$.source')",
    "CREATE INDEX IF NOT EXISTS review_digest ON review (digest)",
    "CREATE INDEX IF NOT EXISTS review_source ON review (source, keeps_text)",
    "CREATE INDEX IF NOT EXISTS work_content ON work (id, content_hash, text_hash)",
    "CREATE UNIQUE INDEX IF NOT EXISTS matched_id ON matched (id, digest)",
    "CREATE INDEX IF NOT EXISTS matched_work ON matched (work)",
    "CREATE INDEX IF NOT EXISTS features_without_terms ON features (text_hash) WHERE terms = x''",
)
"""record: a record as it was read last; `origin` is where ("file:line"), `run` the run that read it, `since` the
number of the merge that first made a work of it, NULL before; `digest` covers its fields and its reviews. review: a
kept review of a record; its text, in the last column so that the others are read without it, is NULL once its
features are made if only they may be kept (`keeps_text` is 0). work: `digest` is a hash of the records that the work
is made from. matched: the records as they were matched last, with their `work`; the match keys are JSON. block: the
blocking keys of each matched record, by its number. labelling: everything that labels depend on besides the text and
the kind of a work, with the dimensions in the order of the labels and the prototype of each, float32. served: the
works of the serving generation, each with its length in weighted terms. state: `rules` are the versions of the rules
that the works are up to date with, `served` is the serving generation."""

_PACKAGED_FINGERPRINT_OF_STORE_3 = "57379c83b2bfdab6f4378c9c6beef9b412f323cfd2fc9ff5e5055b0cd6ddf351"
_PACKAGED_FINGERPRINT = "e3244a68087cc39eee3340ce3d782cc6b64478cdce72899e96f34beddd233def"


def update_tables(
    connection: sqlite3.Connection, version: int, put_record: Callable[[SourceRecord, str, int], object]
) -> None:
    """Create the tables, and take over what a store of an earlier version has (0: there was none).

    Up to version 2 the terms of features have no fields: they are emptied, and the next build analyses those works
    again. Up to version 3 an encoder's fingerprint covers only its weights: the recipe of the packaged model's features
    is renamed. Up to version 4 nothing is known of how records were matched: the next build matches all of them. Up to
    version 5 no reviews are kept: those of a catalogue that is read again are.
    """
    if version == 1:
        connection.execute("ALTER TABLE work RENAME TO work_of_store_1")
    for statement in SCHEMA:
        connection.execute(statement)
    if version == 1:
        _take_over_store_1(connection, put_record)
    if version in (1, 2):
        connection.execute("UPDATE features SET terms = x''")
    if version in (1, 2, 3):
        _rename_recipes(connection)


def _take_over_store_1(connection: sqlite3.Connection, put_record: Callable[[SourceRecord, str, int], object]) -> None:
    """Turn the works of a store of version 1 into records: each was made from one record. Features need no change."""
    for body, origin, run in connection.execute("SELECT body, origin, run FROM work_of_store_1"):
        fields = orjson.loads(body)
        (reference,) = fields.pop("sources")
        del fields["id"]
        put_record(SourceRecord.model_validate({**fields, **reference}), origin, run)
    connection.execute("DROP TABLE work_of_store_1")


def _rename_recipes(connection: sqlite3.Connection) -> None:
    """Change the recipe of the packaged model's features to that of version 4, so that they are not computed again."""
    for runtime in ("openvino-int8", "torch"):
        old, new = (
            hashlib.sha256(f"1:{fingerprint}:{runtime}".encode()).digest()
            for fingerprint in (_PACKAGED_FINGERPRINT_OF_STORE_3, _PACKAGED_FINGERPRINT)
        )
        connection.execute("UPDATE features SET recipe = ? WHERE recipe = ?", (new, old))
