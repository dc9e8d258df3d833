"""The content of the serving generation, as the store remembers it: what the next build has to change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from indexer.database import Database, ids_to_json
from indexer.schema import GenerationFacts

Length = tuple[str, bytes, float]
"""The id of a work, the hash of its content, and its length in weighted terms."""


class Served(BaseModel):
    """The serving generation: its name, a hash of the settings that its works were made with, and its facts."""

    model_config = ConfigDict(frozen=True)

    generation: str
    settings: str
    facts: GenerationFacts


class Differences(NamedTuple):
    """The ids of works that are new or have other content than in a generation, and of those that are gone."""

    changed: list[str]
    gone: list[str]

    @property
    def n_works(self) -> int:
        """How many works differ."""
        return len(self.changed) + len(self.gone)


class ServedContent:
    """The table `served`, and the row of `state` that names the generation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Served | None:
        """Return the generation that was served last; None before the first build."""
        value = self._database.one("SELECT value FROM state WHERE name = 'served'")
        return Served.model_validate_json(value) if value else None

    def differences(self) -> Differences:
        """Return how the stored works differ from those of the serving generation, sorted."""
        return Differences(*self._database.differences("work", "served", "content_hash"))

    def has(self, work_id: str) -> bool:
        """Return whether the serving generation has a work."""
        return self._database.one("SELECT 1 FROM served WHERE id = ?", work_id) is not None

    def total_length(self, ids: Collection[str] | None = None) -> float:
        """Return the sum of the lengths of the works, or of some of them."""
        if ids is None:
            return float(self._database.one("SELECT total(length) FROM served"))
        query = "SELECT total(length) FROM served WHERE id IN (SELECT value FROM json_each(?))"
        return float(self._database.one(query, ids_to_json(ids)))

    def replace(self, served: Served, lengths: Iterable[Length]) -> None:
        """Remember another generation with these works."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM served")
            connection.executemany("INSERT INTO served VALUES (?, ?, ?)", lengths)
            self._name(served)

    def update(self, served: Served, changed: Iterable[Length], gone: Iterable[str]) -> None:
        """Remember a generation that differs from the one before in a few works."""
        with self._database.transaction() as connection:
            connection.executemany("DELETE FROM served WHERE id = ?", ((work_id,) for work_id in gone))
            connection.executemany("INSERT OR REPLACE INTO served VALUES (?, ?, ?)", changed)
            self._name(served)

    def _name(self, served: Served) -> None:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO state VALUES ('served', ?)", (served.model_dump_json(),))
