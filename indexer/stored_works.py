"""`evoke works`: delete, show and export the works of the store."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from crawler.whole_files import replacing
from indexer.build_report import BuildReport
from indexer.encoder.encoder import Encoder
from indexer.errors import UnknownWorks
from indexer.legs import LEAST_STRENGTH
from indexer.pipeline import update_index
from indexer.records import ValueLabel, Work
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.values.taxonomy import load_taxonomy
from indexer.works import update_works

MOST_NAMED = 5
"""The most unknown ids that an error names; it gives the number of the others."""


def delete_works(
    work_ids: Sequence[str], settings: IndexSettings, *, encoder: Encoder | None = None
) -> tuple[int, BuildReport]:
    """Remove works with all their records, and update the index; return the number of records and the build's report.

    Raises:
        UnknownWorks: There are no works with some of these ids; nothing was changed.
        EngineLocked, StorageFailed, VerificationFailed: As for `build_index`.
    """
    _check_store(settings)
    report = BuildReport()
    n_records = 0

    def remove(store: Store) -> None:
        nonlocal n_records
        update_works(store)
        known = store.known_works(work_ids)
        # A work that is only in the index was removed by a run that was killed: this run goes on with it.
        _check_known([each for each in work_ids if each not in known and not store.served.has(each)], settings)
        n_records = store.remove_records(store.matching.records_of(known))

    update_index(settings, report, remove, encoder=encoder)
    return n_records, report


def describe_work(work_id: str, settings: IndexSettings) -> dict[str, Any]:
    """Return a work as JSON values: its merged facts, the records that it is made of, and its labels.

    Raises:
        UnknownWorks: There is no work with this id.
        StorageFailed: There is no store, or it cannot be read.
    """
    _check_store(settings)
    with Store(settings.home, read_only=True) as store:
        if not store.known_works([work_id]):
            _check_known([work_id], settings)
        (work,) = store.works([work_id])
        names = load_taxonomy(settings.taxonomy).names
        strongest = sorted(store.labels.of_work(work_id), key=lambda label: (-label.strength, label.value_id))
        return {
            "work": work.model_dump(mode="json", exclude_defaults=True),
            "records": [
                record.fields | {"since": record.since}
                for record in store.records(store.matching.records_of([work_id]))
            ],
            "labels": [
                _describe_label(label, work, names.get(label.value_id, label.value_id))
                for label in strongest
                if label.strength >= LEAST_STRENGTH
            ],
        }


def _describe_label(label: ValueLabel, work: Work, name: str) -> dict[str, Any]:
    span = label.evidence
    return {
        "id": label.value_id,
        "name": name,
        "strength": round(label.strength, 4),
        "probability": round(label.probability, 4),
        "evidence": None if span is None else work.description[span.start : span.end],
    }


def export_records(settings: IndexSettings, output: Path | None) -> int:
    """Write all records as JSON Lines that `evoke index` reads back to the same index; return their number.

    Args:
        settings: Where the store is.
        output: The file, gzipped if its name ends in `.gz`; it replaces an earlier one at the end. None: standard
            output.

    Raises:
        StorageFailed: There is no store, or it cannot be read.
    """
    _check_store(settings)
    n_records = 0
    with Store(settings.home, read_only=True) as store, _open_output(output) as file:
        for line in _lines(store):
            file.write(line)
            n_records += 1
    return n_records


def _lines(store: Store) -> Iterator[bytes]:
    for record in store.records():
        fields = record.fields if record.since is None else record.fields | {"since": record.since}
        yield orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


@contextmanager
def _open_output(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        return
    with replacing(output) as unfinished, unfinished.open("wb") as plain:
        if output.suffix == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as packed:
                yield cast("BinaryIO", packed)
        else:
            yield plain


def _check_store(settings: IndexSettings) -> None:
    if not (settings.home / "store.sqlite3").is_file():
        raise UnknownWorks(f"{settings.home} has no works yet: run `evoke index`")


def _check_known(unknown: Iterable[str], settings: IndexSettings) -> None:
    unknown = list(unknown)
    if not unknown:
        return
    named = ", ".join(map(repr, unknown[:MOST_NAMED]))
    more = f" and {len(unknown) - MOST_NAMED:,} more" if len(unknown) > MOST_NAMED else ""
    subject = "no work has the id" if len(unknown) == 1 else "no works have the ids"
    raise UnknownWorks(
        f"{subject} {named}{more} in {settings.home}: nothing was changed; `evoke search --json` shows the ids of works"
    )
