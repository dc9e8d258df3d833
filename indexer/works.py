"""Merge the stored records into works. Records that a change cannot affect are not matched again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from crawler.catalogue import BEIR_SOURCE
from crawler.progress import with_progress
from indexer.merging.affected import Affected, find_affected
from indexer.merging.all_records import match_all
from indexer.merging.match_keys import read_match_keys
from indexer.merging.match_tables import Changes, MatchedRecord, UnmatchedRecord
from indexer.merging.matching import MATCHING_VERSION, join_matches
from indexer.merging.merging import MERGING_VERSION, authority, merge_records
from indexer.settings import MATCHING_MEMORY_MB
from indexer.stages import batched
from indexer.store import READ_BATCH, Store, StoredRecord
from indexer.writing import UNFINISHED

RULES = f"{MATCHING_VERSION}:{MERGING_VERSION}"

MOST_AFFECTED = 0.1
"""The share of records up to which only the affected ones are matched again. To match one of them again reads a few
blocks from disk and takes 1 ms; among all, it takes 0.15 ms."""

BYTES_PER_MB = 1_000_000


class GroupedRecord(NamedTuple):
    """What grouping needs of a record besides its match keys; sorted, the record that names the work comes first."""

    rank: tuple[bool, float, int]
    id: str
    digest: bytes


class Group(NamedTuple):
    """The ids of a work's records, beginning with the record that names it, and a digest of their content."""

    ids: list[str]
    digest: bytes


def update_works(store: Store, matching_memory_mb: int = MATCHING_MEMORY_MB) -> None:
    """Bring the works up to date with the records; a work whose records are unchanged is not merged again.

    The result depends only on the records, and is the same whether all of them are matched or only those that a change
    affects. After a kill the next run continues.

    Args:
        store: The store, with the records.
        matching_memory_mb: Memory for matching all records, in MB.
    """
    if store.matching.rules == RULES:
        changes = store.matching.changes()
        if not any(changes):
            return
        most = int(MOST_AFFECTED * store.matching.count())
        if len(changes.changed) <= most:
            affected = _find_affected(store, changes, most)
            if affected is not None:
                _update_some(store, changes, affected)
                return
    _update_all(store, matching_memory_mb)


def _find_affected(store: Store, changes: Changes, most: int) -> Affected | None:
    keys = {record.id: read_match_keys(record.fields) for record in store.records(changes.changed)}
    return find_affected(keys, changes.gone, store.matching, most)


def _update_some(store: Store, changes: Changes, affected: Affected) -> None:
    """Replace the works of the affected records, in one transaction."""
    records = [_grouped(record) for record in store.records(affected.ids)]
    groups = list(_groups(records, join_matches(affected.keys, affected.matches)))
    before = store.matching.works_of([*affected.ids, *changes.gone])
    work_of = {record_id: ids[0] for ids, _ in groups for record_id in ids}
    changed = set(changes.changed)
    with store.transaction():
        _put_changed(store, groups)
        store.remove_works(before - set(work_of.values()))
        store.number_new_records()
        store.matching.move((work_id, record_id) for record_id, work_id in work_of.items())
        store.matching.replace(
            [
                MatchedRecord(record.id, record.digest, work_of[record.id], keys)
                for record, keys in zip(records, affected.keys, strict=True)
                if record.id in changed
            ],
            changes.gone,
        )


def _update_all(store: Store, matching_memory_mb: int) -> None:
    """Match all records. Works are stored as they are made; until the end, they count as out of date."""
    store.matching.rules = None
    for batch in batched(match_records(store, matching_memory_mb), READ_BATCH):
        _put_groups(store, batch)
    for alone in store.matching.alone(READ_BATCH):
        _put_changed(store, [Group([id_], _digest([digest])) for id_, digest in alone])
    with store.transaction():
        store.remove_unmatched_works()
        store.number_new_records()
        store.matching.rules = RULES


def match_records(store: Store, matching_memory_mb: int) -> Iterator[list[int]]:
    """Match all records of a store, and yield the records of each work that has several, as numbers in `matched`."""
    n_records = store.count_records()
    records = (
        UnmatchedRecord(record.id, record.digest, read_match_keys(record.fields))
        for record in with_progress(store.records(), "records", "matching", n_records)
    )
    with TemporaryDirectory(prefix=f"{UNFINISHED}matching-", dir=store.path.parent) as folder:
        yield from match_all(records, n_records, store.matching, Path(folder), matching_memory_mb * BYTES_PER_MB)


def _put_groups(store: Store, groups: Sequence[Sequence[int]]) -> None:
    """Store the works of several records each, given as their numbers, in one transaction."""
    ids = store.matching.ids([number for group in groups for number in group])
    records = {record.id: _grouped(record) for record in store.records(ids.values())}
    made = [_group([records[ids[number]] for number in group]) for group in groups]
    with store.transaction():
        _put_changed(store, made)
        store.matching.move((group.ids[0], each) for group in made for each in group.ids[1:])


def _put_changed(store: Store, groups: Sequence[Group]) -> None:
    """Store the works of those groups whose digests differ from the stored ones."""
    digests = store.work_digests([group.ids[0] for group in groups])
    _put_works(store, (group for group in groups if digests.get(group.ids[0]) != group.digest))


def _put_works(store: Store, groups: Iterable[Group]) -> None:
    for batch in batched(groups, READ_BATCH):
        every = [each for ids, _ in batch for each in ids]
        records, reviews = store.source_records(every), store.review_table.of_records(every, with_text=False)
        store.put_works(
            (merge_records([records[each] for each in ids], [reviews.get(each, ()) for each in ids]), digest)
            for ids, digest in batch
        )


def _groups(records: Sequence[GroupedRecord], groups: Sequence[Sequence[int]]) -> Iterator[Group]:
    """Yield the group of each work, those of several records first, from the positions that each has in `records`."""
    several = {position for group in groups for position in group}
    alone = ([position] for position in range(len(records)) if position not in several)
    for positions in chain(groups, alone):
        yield _group([records[position] for position in positions])


def _group(records: Sequence[GroupedRecord]) -> Group:
    """Return the group of a work's records."""
    members = sorted(records)
    return Group([each.id for each in members], _digest([each.digest for each in members]))


def _digest(digests: Sequence[bytes]) -> bytes:
    return hashlib.sha256(b"".join([str(MERGING_VERSION).encode(), *digests])).digest()


def _grouped(record: StoredRecord) -> GroupedRecord:
    """Return a record for grouping. A work takes its id from the record with the smallest rank.

    Documents of a benchmark come first, then the records that were merged into works earliest, then those of the source
    with the lowest rank.
    """
    source = record.fields["source"]
    since = math.inf if record.since is None else record.since
    return GroupedRecord((source != BEIR_SOURCE, since, authority(source)), record.id, record.digest)
