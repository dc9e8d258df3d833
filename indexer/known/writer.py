"""Write what is known of all works of a generation: while it is filled, or afterwards from the generation itself."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from qdrant_client import models

from indexer.engine import Engine
from indexer.engine.folder import copy_tree
from indexer.engine.manifest import first_damage, write_manifest
from indexer.known.columns import KNOWN_VERSION, ColumnWriter, map_columns, read_figures
from indexer.known.fields import KEYS, Payload, column_values, series_words, to_named_work
from indexer.known.names import NamesWriter
from indexer.known.standings import (
    count_genres,
    find_home_languages,
    mean_strengths,
    order_points,
    rank_places,
    rate_standings,
    share_facts,
    spelled_genres,
    weigh_genres,
)
from indexer.known.term_counts import TermCounts
from indexer.schema import GenerationFacts, point_id

NAMES_FILE = "names.sqlite"
MOST_BYTE = 255
"""A strength of 1 in the column of strengths."""
LEAST_WORKS_OF_A_GENRE = 3
"""A query can ask for the genres of so many works of a kind."""
READ_BATCH = 2_000
TERM_COLUMNS = ("term_ids", "term_counts")
"""The derived columns of terms: their ids, ascending, and in how many works each is."""


NOTHING = models.SparseVector(indices=[], values=[])


class Point(Protocol):
    """A point of the engine, written or read."""

    @property
    def payload(self) -> dict[str, Any] | None: ...  # noqa: D102
    @property
    def vector(self) -> Any: ...  # noqa: D102


class TwinChanges(NamedTuple):
    """The ids of the works that are the same as a better-known one and whose points do not say so, and the contrary."""

    added: list[str]
    removed: list[str]


class KnownWriter:
    """Writes the files of a generation into a folder, which appears when they are complete.

    Args:
        folder: The folder to write; one that is there is replaced.
        value_ids: The dimensions of the vector `values`, in its order.
        base: The folder of the generation that this one changes; None: all works are added.
    """

    def __init__(self, folder: Path, value_ids: Sequence[str], base: Path | None = None) -> None:
        self._folder = folder
        self._draft = folder.with_name(f".{folder.name}.draft")
        self._n_dimensions = len(value_ids)
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(parents=True)
        if base:
            copy_tree(base, self._draft)
        self._columns = ColumnWriter(self._draft, self._n_dimensions)
        self._terms = TermCounts()
        if base:
            ids, counts = map_columns(base, TERM_COLUMNS)
            self._terms = TermCounts(ids, counts, read_figures(base)["n_with_terms"])
        self._connection = sqlite3.connect(self._draft / NAMES_FILE, check_same_thread=False, isolation_level=None)
        # Nothing is lost with these files: they are derived, and appear only when they are complete.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144", "locking_mode=EXCLUSIVE"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("BEGIN")
        self._names = NamesWriter(self._connection)
        self._changed: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        shutil.rmtree(self._draft, ignore_errors=True)

    def add(self, points: Sequence[Point]) -> None:
        """Add works, or replace those that are there, by their points with payload and vectors `values`, `bm25`."""
        if not points:
            return
        payloads: list[Payload] = [point.payload or {} for point in points]
        strengths = np.zeros((len(points), self._n_dimensions), dtype=np.uint8)
        for place, point in enumerate(points):
            values = _vector(point, "values")
            strengths[place, values.indices] = np.rint(np.multiply(values.values, MOST_BYTE))
        self._terms.add(_vector(point, "bm25") for point in points)
        rows: list[int] = []
        n_rows = self._columns.n_rows
        for payload in payloads:
            row = self._names.row_of(payload["id"])
            if row is None:
                row, n_rows = n_rows, n_rows + 1
            else:
                self._names.remove([row])
                self._changed.add(row)
            rows.append(row)
        self._names.add([(row, to_named_work(payload)) for row, payload in zip(rows, payloads, strict=True)])
        self._columns.put(
            rows,
            [{"points": point_id(payload["id"]), **column_values(payload)} for payload in payloads],
            strengths,
            [{"ids": p["id"], "titles": p["title"], "series_names": series_words(p)} for p in payloads],
            [list(dict.fromkeys(genre.casefold() for genre in p.get("genres") or ())) for p in payloads],
        )

    def uncount_terms(self, points: Sequence[Point]) -> None:
        """Take the terms of works that are replaced or removed out of the counts, by their old points."""
        self._terms.remove(_vector(point, "bm25") for point in points)

    def remove(self, work_ids: Iterable[str]) -> None:
        """Take out works; an unknown id is ignored."""
        rows = [row for work_id in work_ids if (row := self._names.row_of(work_id)) is not None]
        self._names.remove(rows)
        if rows:
            self._columns.remove(rows)

    def finish(self, facts: GenerationFacts) -> TwinChanges:
        """Write what depends on all works, and let the folder appear.

        Args:
            facts: What the generation is built with; its fingerprint tells whether the files fit a generation.
        """
        columns = self._columns
        bits = columns.finish_texts_and_genres()
        kinds, counts, is_there = (columns.read(name) for name in ("kinds", "n_ratings", "is_there"))
        places = rank_places(kinds, counts, columns.read("n_facts"))
        self._names.finish(places)
        standings = rate_standings(kinds, counts, columns.read("rating_means"))
        points, rows = order_points(columns.read("points"), is_there)
        was_twin = self._old_twins()
        is_twin = np.zeros(columns.n_rows, dtype=np.bool_)
        is_twin[self._names.twins()] = True
        n_works = int(is_there.sum())
        genre_counts = count_genres(bits, len(columns.genre_names))
        figures = {
            "fingerprint": facts.fingerprint,
            "n_works": n_works,
            "n_with_terms": self._terms.n_works,
            "n_twins": int(is_twin.sum()),
            "shares": share_facts(kinds, columns.read("known_facts"), is_there),
            "home_languages": find_home_languages(columns.read("sole_countries"), columns.read("languages")),
            "genres": spelled_genres(self._names.genres(), LEAST_WORKS_OF_A_GENRE),
            "mean_strengths": mean_strengths(columns.read("strengths"), is_there),
        }
        terms = dict(zip(TERM_COLUMNS, self._terms.totals(), strict=True))
        derived: dict[str, np.ndarray] = {
            **terms,
            "places": places,
            **standings._asdict(),
            "sorted_points": points,
            "sorted_rows": rows,
            "is_twin": is_twin,
            "genre_weights": weigh_genres(genre_counts, n_works),
        }
        changes = self._twin_changes(was_twin - self._changed, is_twin)  # the point of a changed work is a new one
        columns.write_figures(figures, derived)
        self._connection.execute("COMMIT")
        self._connection.close()
        write_manifest(self._draft)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._draft.rename(self._folder)
        return changes

    def _old_twins(self) -> set[int]:
        path = self._draft / "is_twin.column"
        return set(np.flatnonzero(np.fromfile(path, dtype=np.bool_)).tolist()) if path.exists() else set()

    def _twin_changes(self, was_twin: set[int], is_twin: np.ndarray) -> TwinChanges:
        now = set(np.flatnonzero(is_twin).tolist())
        query = "SELECT id FROM work WHERE row = ?"

        def ids(rows: Iterable[int]) -> list[str]:
            found = (self._connection.execute(query, (row,)).fetchone() for row in sorted(rows))
            return [each[0] for each in found if each]  # a twin that was removed has no id any more

        return TwinChanges(ids(now - was_twin), ids(was_twin - now))


def _vector(point: Point, leg: str) -> models.SparseVector:
    """Return a sparse vector of a point; an engine may leave out one without entries."""
    vector: models.SparseVector = point.vector.get(leg, NOTHING)
    return vector


def write_from_engine(engine: Engine, generation: str, facts: GenerationFacts, folder: Path) -> None:
    """Write the files of a generation that is filled already, from the points of the engine."""
    with KnownWriter(folder, facts.value_ids) as writer:
        offset = None
        while True:
            records, offset = engine.scroll(
                generation, limit=READ_BATCH, offset=offset, with_payload=list(KEYS), with_vectors=["values", "bm25"]
            )
            writer.add(records)
            if offset is None:
                break
        writer.finish(facts)


def is_written(folder: Path, facts: GenerationFacts) -> bool:
    """Return whether a folder has the files of a generation, in the form of this version and as they were written."""
    if first_damage(folder):
        return False
    figures = read_figures(folder)
    return figures.get("version") == KNOWN_VERSION and figures["fingerprint"] == facts.fingerprint


def remove_others(known: Path, generation: str) -> None:
    """Remove the files of all generations but one; processes that have mapped them can go on reading them."""
    for folder in known.iterdir():
        if folder.name != generation:
            shutil.rmtree(folder, ignore_errors=True)
