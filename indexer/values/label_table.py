"""Labels in the store: made once for a text, a kind of work, and everything else that labels depend on.

A label takes six bytes: its strength, its probability and the number of its sentence. Strengths and probabilities are
stored as multiples of 1/65535. Labellers round them in the same way (`round_score`), so that labels that were stored
equal those that were just made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from indexer.database import Database, ids_to_json
from indexer.merging.merging import text_hash
from indexer.records import IndexedWork, Span, ValueLabel
from indexer.values.rounding import SCORE_STEPS

KIND_OF_WORK = "ifnull(work.body ->> '$.kind', '')"
"""The kind of a work in SQL, as labels are stored under it."""

NO_SENTENCE = 2**16 - 1
"""The number that stands for no sentence. A description of 100,000 characters has fewer sentences."""


class Labelling(NamedTuple):
    """A way to label works that has a number in the store, with the dimensions in the order of its labels."""

    number: int
    dimensions: tuple[str, ...]


class LabelTable:
    """The tables `labelling` and `labels`; `indexer.store_tables` describes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def labelling(self, fingerprint: bytes, dimensions: Sequence[str]) -> Labelling:
        """Return the labelling with a fingerprint; it gets a number if it has none."""
        with self._database.transaction() as connection:
            row = (fingerprint, orjson.dumps(list(dimensions)).decode())
            connection.execute("INSERT OR IGNORE INTO labelling (fingerprint, dimensions) VALUES (?, ?)", row)
        number = self._database.one("SELECT number FROM labelling WHERE fingerprint = ?", fingerprint)
        return Labelling(number, tuple(dimensions))

    def prototypes(self, labelling: Labelling) -> NDArray[np.float32] | None:
        """Return the labeller's prototypes, one row for each dimension; None if they were not kept."""
        kept = self._database.one("SELECT prototypes FROM labelling WHERE number = ?", labelling.number)
        return None if kept is None else np.frombuffer(kept, dtype="<f4").reshape(len(labelling.dimensions), -1)

    def keep_prototypes(self, labelling: Labelling, prototypes: NDArray[np.float32]) -> None:
        """Store the labeller's prototypes: to embed their words takes longer than all else in a small build."""
        row = (prototypes.astype("<f4").tobytes(), labelling.number)
        with self._database.transaction() as connection:
            connection.execute("UPDATE labelling SET prototypes = ? WHERE number = ?", row)

    def missing(self, labelling: Labelling, ids: Collection[str] | None = None) -> list[str]:
        """Return the ids of works, of all or of some, without labels, sorted; of works that share labels one."""
        some = "" if ids is None else "AND id IN (SELECT value FROM json_each(?))"
        query = f"""SELECT min(id) FROM work LEFT JOIN labels
                    ON labels.text_hash = work.text_hash AND labels.kind = {KIND_OF_WORK} AND labelling = ?
                    WHERE labels.text_hash IS NULL {some} GROUP BY work.text_hash, {KIND_OF_WORK} ORDER BY 1"""  # noqa: S608
        parameters = () if ids is None else (ids_to_json(ids),)
        return [row[0] for row in self._database.rows(query, labelling.number, *parameters)]

    def put(self, works: Iterable[IndexedWork], labelling: Labelling) -> None:
        """Store the labels of works, in one transaction."""
        rows = [
            (
                text_hash(each.work),
                each.work.kind or "",
                labelling.number,
                pack_labels(each.labels, each.features.sentences),
            )
            for each in works
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)", rows)

    def of_work(self, work_id: str) -> tuple[ValueLabel, ...]:
        """Return the labels of a work by the labelling that was begun last; none if it is not labelled."""
        query = f"""SELECT labels, dimensions, sentences FROM work JOIN features USING (text_hash) JOIN labels
                    ON labels.text_hash = work.text_hash AND labels.kind = {KIND_OF_WORK}
                    JOIN labelling ON labelling.number = labels.labelling
                    WHERE work.id = ? ORDER BY number DESC LIMIT 1"""  # noqa: S608
        for labels, dimensions, sentences in self._database.rows(query, work_id):
            spans = [Span(start, end) for start, end in orjson.loads(sentences)]
            return unpack_labels(labels, orjson.loads(dimensions), spans)
        return ()

    def remove_others(self, labelling: Labelling) -> None:
        """Remove the labels of all labellings but this one: no build with the same settings reads them."""
        with self._database.transaction() as connection:
            others = "SELECT number FROM labelling WHERE number != ?"
            if connection.execute(others, (labelling.number,)).fetchone():
                connection.execute("DELETE FROM labels WHERE labelling != ?", (labelling.number,))
                connection.execute("DELETE FROM labelling WHERE number != ?", (labelling.number,))


def pack_labels(labels: Sequence[ValueLabel], sentences: Sequence[Span]) -> bytes:
    """Return labels as bytes: all strengths, all probabilities, and the numbers of all sentences."""
    place = {sentence: number for number, sentence in enumerate(sentences)}
    scores = np.array([[label.strength, label.probability] for label in labels]).reshape(-1, 2)
    steps = np.rint(scores.T * SCORE_STEPS).astype("<u2")
    numbers = [NO_SENTENCE if label.evidence is None else place[label.evidence] for label in labels]
    return bytes(steps.tobytes() + np.array(numbers, dtype="<u2").tobytes())


def unpack_labels(packed: bytes, dimensions: Sequence[str], sentences: Sequence[Span]) -> tuple[ValueLabel, ...]:
    """Return the labels in bytes; the sentences are those of the work's features."""
    if not packed:
        return ()
    strengths, probabilities, numbers = np.frombuffer(packed, dtype="<u2").reshape(3, -1)
    evidence = (None if number == NO_SENTENCE else sentences[number] for number in numbers.tolist())
    columns = (dimensions, (strengths / SCORE_STEPS).tolist(), (probabilities / SCORE_STEPS).tolist(), evidence)
    return tuple(map(ValueLabel._make, zip(*columns, strict=True)))
