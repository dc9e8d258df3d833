"""The SQLite file of the store: its connection, transactions and errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from crawler.folders import make_private_folder
from indexer.errors import StorageFailed, StoreDamaged


def is_damage(error: Exception) -> bool:
    """Return whether SQLite has failed because its file is not as it was written."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or str(error).startswith("Could not decode to UTF-8")


def ids_to_json(ids: Iterable[str]) -> str:
    """Return ids as SQL reads them: `id IN (SELECT value FROM json_each(?))`."""
    return orjson.dumps(list(ids)).decode()


class Database:
    """One connection to an SQLite file.

    Raises:
        StorageFailed: The disk is full, or the file cannot be used; raised by every method.
        StoreDamaged: The file is damaged; raised by every method.
    """

    def __init__(
        self, path: Path, version: int, update: Callable[[sqlite3.Connection, int], None], *, read_only: bool = False
    ) -> None:
        """Open the file.

        Args:
            path: The file; it is created if it is missing, unless `read_only`.
            version: The version of the tables that this program reads.
            update: Creates the tables, and changes those of the earlier version that it is given (0: a new file).
            read_only: Change nothing, and wait for nobody who writes.
        """
        self.path = path
        with self.failures():
            if read_only:
                self.connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            else:
                make_private_folder(path.parent)
                self.connection = sqlite3.connect(path, isolation_level=None)
                self.connection.execute("PRAGMA journal_mode=WAL")
                self.connection.execute("PRAGMA synchronous=NORMAL")
            found = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if read_only and found in range(1, version):
            raise StorageFailed(f"{path} was written by an earlier version of Evoke: run `evoke index` to update it")
        if found not in range(version + 1) or (read_only and found != version):
            raise StorageFailed(
                f"{path} was written by another version of Evoke (store {found}, this one reads "
                f"{version}); move it away and index again"
            )
        if not read_only and found != version:
            with self.transaction() as connection:
                update(connection, found)
                connection.execute(f"PRAGMA user_version={version}")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def rows(self, query: str, *parameters: object) -> Iterator[Any]:
        """Yield the rows of a query."""
        with self.failures():
            yield from self.connection.execute(query, parameters)

    def one(self, query: str, *parameters: object) -> Any:
        """Return the first value of the first row; None without a row."""
        with self.failures():
            row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    def differences(self, table: str, copy: str, digest: str) -> tuple[list[str], list[str]]:
        """Return the ids of rows that a copy of a table lacks or has otherwise, and of those that only the copy has.

        Args:
            table: The table.
            copy: The copy of its ids and digests as they were.
            digest: The column that tells whether two rows are equal.

        Returns:
            Both sorted.
        """
        changed = f"""SELECT {table}.id FROM {table} LEFT JOIN {copy} ON {copy}.id = {table}.id
                      WHERE {copy}.{digest} IS NOT {table}.{digest} ORDER BY {table}.id"""  # noqa: S608 - names of tables
        gone = f"""SELECT {copy}.id FROM {copy} LEFT JOIN {table} ON {table}.id = {copy}.id
                   WHERE {table}.id IS NULL ORDER BY {copy}.id"""  # noqa: S608 - names of tables
        return [row[0] for row in self.rows(changed)], [row[0] for row in self.rows(gone)]

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all that the block writes, or nothing; a block within a block belongs to the outer one."""
        with self.failures():
            if self.connection.in_transaction:
                yield self.connection
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Translate the errors of SQLite and the file system."""
        try:
            yield
        except (orjson.JSONDecodeError, ValidationError) as error:
            raise StoreDamaged(self.path, "a row does not hold what was stored") from error
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise StoreDamaged(self.path, error) from error
            raise StorageFailed(f"{self.path}: {error}; what was stored before is kept") from error
