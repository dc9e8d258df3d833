"""`evoke works`: delete, show and export the works of the store."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import orjson

from crawler.whole_files import replacing
from indexer.build_report import BuildReport
from indexer.encoder.encoder import Encoder
from indexer.errors import UnknownWorks
from indexer.legs import LEAST_STRENGTH
from indexer.pipeline import update_index
from indexer.records import ValueLabel, Work
from indexer.reviews.choosing import KeptReview
from indexer.settings import IndexSettings
from indexer.stages import batched
from indexer.store import READ_BATCH, Store, StoredRecord
from indexer.values.taxonomy import load_taxonomy
from indexer.works import update_works

MOST_NAMED = 5
"""The most unknown ids that an error names; it gives the number of the others."""


def delete_works(
    work_ids: Sequence[str], settings: IndexSettings, *, erase: bool = False, encoder: Encoder | None = None
) -> tuple[int, BuildReport]:
    """Remove works with all their records, and update the index; return the number of records and the build's report.

    What was made of their texts is removed too. `evoke index --prune` keeps it, for files that come back. A copy of the
    index in which works are deleted still has their bytes, until its engine needs the room: with `erase` all works that
    are left are written anew.

    Raises:
        UnknownWorks: There are no works with some of these ids; nothing was changed.
        EngineLocked, StorageFailed, VerificationFailed: As for `build_index`.
    """
    _check_store(settings)
    report = BuildReport()
    n_records = 0

    def remove(store: Store) -> None:
        nonlocal n_records
        update_works(store, settings.matching_memory_mb)
        known = store.known_works(work_ids)
        # A work that is only in the index was removed by a run that was killed: this run goes on with it.
        _check_known([each for each in work_ids if each not in known and not store.served.has(each)], settings)
        store.remove_made(known)
        n_records = store.remove_records(store.matching.records_of(known))

    update_index(settings, report, remove, encoder=encoder, anew=erase, embeds=False)
    return n_records, report


def describe_work(work_id: str, settings: IndexSettings) -> dict[str, Any]:
    """Return a work as JSON values: its merged facts, its records, the reviews that are kept of it, and its labels.

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
            "reviews": [_describe_review(review) for _, reviews in store.reviews([work_id]) for review in reviews],
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


def _describe_review(review: KeptReview) -> dict[str, Any]:
    return {
        "source": review.source,
        "rating": review.rating,
        "helpful": review.helpful,
        "spoiler": review.spoiler,
        "text": review.text if review.keeps_text else None,
    }


class Exported(NamedTuple):
    """How many records were written, and how many of their reviews were not, since only features are kept of them."""

    n_records: int
    n_reviews_left_out: int


def export_records(settings: IndexSettings, output: Path | None) -> Exported:
    """Write all records as JSON Lines that `evoke index` reads back to the same index.

    Reviews are written as they were kept, those whose texts are kept.

    Args:
        settings: Where the store is.
        output: The file, gzipped if its name ends in `.gz`; it replaces an earlier one at the end. None: standard
            output.

    Raises:
        StorageFailed: There is no store, or it cannot be read.
    """
    _check_store(settings)
    n_records = n_left_out = 0
    with Store(settings.home, read_only=True) as store, _open_output(output) as file:
        for batch in batched(store.records(), READ_BATCH):
            reviews = store.review_table.of_records([record.id for record in batch])
            for record in batch:
                kept = [each.review for each in reviews.get(record.id, ())]
                file.write(_line(record, [review for review in kept if review.keeps_text]))
                n_left_out += sum(not review.keeps_text for review in kept)
            n_records += len(batch)
    return Exported(n_records, n_left_out)


def _line(record: StoredRecord, reviews: Sequence[KeptReview]) -> bytes:
    fields = record.fields if record.since is None else record.fields | {"since": record.since}
    if reviews:
        fields = fields | {"reviews": [_export_review(review) for review in reviews]}
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _export_review(review: KeptReview) -> dict[str, Any]:
    """Return a review of a record; its rating is on a scale of 1, as it is kept."""
    return {
        "text": review.text,
        **({} if review.rating is None else {"rating": review.rating, "scale": 1}),
        **({"helpful": review.helpful} if review.helpful else {}),
        **({"spoiler": True} if review.spoiler else {}),
    }


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
