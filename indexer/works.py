"""Merge the stored records into works. Records that a change cannot affect are not matched again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from crawler.catalogue import BEIR_SOURCE
from crawler.progress import with_progress
from indexer.merging.affected import Affected, find_affected
from indexer.merging.blocking import candidate_pairs, make_blocks
from indexer.merging.match_keys import MatchKeys, read_match_keys
from indexer.merging.match_tables import Changes, MatchedRecord
from indexer.merging.matching import MATCHING_VERSION, find_matches, join_matches
from indexer.merging.merging import MERGING_VERSION, authority, merge_records
from indexer.stages import batched
from indexer.store import READ_BATCH, Store, StoredRecord

RULES = f"{MATCHING_VERSION}:{MERGING_VERSION}"

MOST_AFFECTED = 0.1
"""The share of records up to which only the affected ones are matched again. To match one of them again reads a few
blocks from disk and takes 1 ms; among all, it takes 0.15 ms."""


class GroupedRecord(NamedTuple):
    """What grouping needs of a record besides its match keys; sorted, the record that names the work comes first."""

    rank: tuple[bool, float, int]
    id: str
    digest: bytes


class Group(NamedTuple):
    """The ids of a work's records, beginning with the record that names it, and a digest of their content."""

    ids: list[str]
    digest: bytes


def update_works(store: Store) -> None:
    """Bring the works up to date with the records; a work whose records are unchanged is not merged again.

    The result depends only on the records, and is the same whether all of them are matched or only those that a change
    affects. After a kill the next run continues.
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
    _update_all(store)


def _find_affected(store: Store, changes: Changes, most: int) -> Affected | None:
    keys = {record.id: read_match_keys(record.fields) for record in store.records(changes.changed)}
    return find_affected(keys, changes.gone, store.matching, most)


def _update_some(store: Store, changes: Changes, affected: Affected) -> None:
    """Replace the works of the affected records, in one transaction."""
    records = [_grouped(record) for record in store.records(affected.ids)]
    groups = list(_group(records, join_matches(affected.keys, affected.matches)))
    before = store.matching.works_of([*affected.ids, *changes.gone])
    digests = store.work_digests([ids[0] for ids, _ in groups])
    work_of = {record_id: ids[0] for ids, _ in groups for record_id in ids}
    changed = set(changes.changed)
    with store.transaction():
        _put_works(store, (group for group in groups if digests.get(group.ids[0]) != group.digest))
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


def _update_all(store: Store) -> None:
    """Match all records. Works are stored as they are made; until the end, they count as out of date."""
    store.matching.rules = None
    gone = store.work_digests()
    records, keys = [], []
    for record in with_progress(store.records(), "records", "matching"):
        records.append(_grouped(record))
        keys.append(read_match_keys(record.fields))
    blocks = make_blocks(keys)
    groups = join_matches(keys, find_matches(keys, candidate_pairs(blocks, len(keys))))
    work_of: dict[str, str] = {}

    def changed() -> Iterator[Group]:
        for group in _group(records, groups):
            work_of.update((record_id, group.ids[0]) for record_id in group.ids)
            if gone.pop(group.ids[0], None) != group.digest:
                yield group

    _put_works(store, changed())
    with store.transaction():
        store.remove_works(gone)
        store.number_new_records()
        store.matching.replace_all(_matched(records, keys, work_of), blocks)
        store.matching.rules = RULES


def _matched(
    records: Sequence[GroupedRecord], keys: Sequence[MatchKeys], work_of: dict[str, str]
) -> list[MatchedRecord]:
    return [MatchedRecord(r.id, r.digest, work_of[r.id], its_keys) for r, its_keys in zip(records, keys, strict=True)]


def _put_works(store: Store, groups: Iterable[Group]) -> None:
    for batch in batched(groups, READ_BATCH):
        every = [each for ids, _ in batch for each in ids]
        records, reviews = store.source_records(every), store.review_table.of_records(every, with_text=False)
        store.put_works(
            (merge_records([records[each] for each in ids], [reviews.get(each, ()) for each in ids]), digest)
            for ids, digest in batch
        )


def _group(records: Sequence[GroupedRecord], groups: Sequence[Sequence[int]]) -> Iterator[Group]:
    """Yield the group of each work, those of several records first, from the positions that each has in `records`."""
    several = {position for group in groups for position in group}
    alone = ([position] for position in range(len(records)) if position not in several)
    for positions in chain(groups, alone):
        members = sorted(records[position] for position in positions)
        digest = hashlib.sha256(b"".join([str(MERGING_VERSION).encode(), *(each.digest for each in members)]))
        yield Group([each.id for each in members], digest.digest())


def _grouped(record: StoredRecord) -> GroupedRecord:
    """Return a record for grouping. A work takes its id from the record with the smallest rank.

    Documents of a benchmark come first, then the records that were merged into works earliest, then those of the source
    with the lowest rank.
    """
    source = record.fields["source"]
    since = math.inf if record.since is None else record.since
    return GroupedRecord((source != BEIR_SOURCE, since, authority(source)), record.id, record.digest)
