"""Merge the stored records into works."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from itertools import chain

from tqdm import tqdm

from crawler.catalogue import BEIR_SOURCE
from indexer.merging.match_keys import read_match_keys
from indexer.merging.matching import MATCHING_VERSION, group_records
from indexer.merging.merging import MERGING_VERSION, authority, merge_records
from indexer.stages import batched
from indexer.store import READ_BATCH, Store, StoredRecord


def update_works(store: Store, run: int) -> None:
    """Bring the works up to date with the records; a work whose records are unchanged is not merged again.

    The result depends only on the records, so the next run can continue after a kill.
    """
    merged = f"{MATCHING_VERSION}:{MERGING_VERSION}:".encode() + store.records_digest()
    if not store.begin_merge(merged):
        return
    gone = store.work_digests()
    changed = ((ids, digest) for ids, digest in _group(store) if gone.pop(ids[0], None) != digest)
    for batch in batched(changed, READ_BATCH):
        records = store.source_records([each for ids, _ in batch for each in ids])
        store.put_works((merge_records([records[each] for each in ids]), digest) for ids, digest in batch)
    store.finish_merge(gone, run, merged)


def _group(store: Store) -> Iterator[tuple[list[str], bytes]]:
    """Yield the record ids of each work, beginning with the record that names it, and a digest of their content."""
    records, match_keys = [], []
    for record in tqdm(store.records(), desc="matching", unit=" records", disable=None, leave=False):
        records.append((_naming_rank(record), record.id, record.digest))
        match_keys.append(read_match_keys(record.fields))
    groups = group_records(match_keys)
    several = {position for group in groups for position in group}
    alone = ([position] for position in range(len(records)) if position not in several)
    for positions in chain(groups, alone):
        members = sorted(records[position] for position in positions)
        digest = hashlib.sha256(b"".join([str(MERGING_VERSION).encode(), *(each for *_, each in members)])).digest()
        yield [record_id for _, record_id, _ in members], digest


def _naming_rank(record: StoredRecord) -> tuple[bool, float, int]:
    """Return a sort key; a work takes its id from the record with the smallest.

    Documents of a benchmark come first, then the records that were merged into works earliest, then those of the source
    with the lowest rank.
    """
    source = record.fields["source"]
    return source != BEIR_SOURCE, math.inf if record.since is None else record.since, authority(source)
