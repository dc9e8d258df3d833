"""Find the pairs of records to compare: those that share a blocking key. Pure.

A block is all records with one key, in the order of their ids. A record is compared with at most WINDOW records that
follow it in a block.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.merging.match_keys import MatchKeys

WINDOW = 50
"""A record is compared with at most this many records that follow it in a block, so that time grows linearly."""
MOST_NAMES = 4
"""The most people of a record whose names become blocking keys, each together with a title."""


class Blocks(NamedTuple):
    """All pairs of a blocking key and a record that has it, sorted by key and then record: int64 (n_pairs,) each.

    A record is its position in the sequence that the blocks were made of.
    """

    keys: NDArray[np.int64]
    records: NDArray[np.int64]


def blocking_keys(record: MatchKeys) -> set[int]:
    """Return the blocking keys of a record, 64-bit hashes that are the same in every process."""
    return {_hash(key) for key in _blocking_texts(record)}


def _blocking_texts(record: MatchKeys) -> set[tuple[object, ...]]:
    keys: set[tuple[object, ...]] = {*record.work_ids, *record.edition_ids}
    names = {word for name in (record.leads or record.people)[:MOST_NAMES] for word in name if len(word) > 1}
    for title in record.titles:
        for text in (title.full, *title.mains):
            if record.year is not None:  # so that years that differ by one share a key
                keys |= {(text, record.year), (text, record.year + 1)}
            keys |= {(text, word) for word in names}
        keys |= {(title.full[:4], word, "similar") for word in names}
    return keys


def _hash(key: tuple[object, ...]) -> int:
    text = "\0".join(map(str, key))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def make_blocks(records: Sequence[MatchKeys]) -> Blocks:
    """Return the blocks of records, given in the order of their ids."""
    keys, owners = array("q"), array("q")
    for position, record in enumerate(records):
        of_record = blocking_keys(record)
        keys.extend(of_record)
        owners.extend([position] * len(of_record))
    if not keys:
        empty = np.zeros(0, dtype=np.int64)
        return Blocks(empty, empty)
    order = np.argsort(np.frombuffer(keys, dtype=np.int64), kind="stable")
    return Blocks(np.frombuffer(keys, dtype=np.int64)[order], np.frombuffer(owners, dtype=np.int64)[order])


def candidate_pairs(blocks: Blocks, n_records: int) -> Iterator[tuple[int, int]]:
    """Yield the positions of pairs to compare, each pair once, the first position first."""
    pairs = []
    for distance in range(1, WINDOW + 1):
        same = blocks.keys[distance:] == blocks.keys[:-distance]
        if not same.any():
            break
        pairs.append(blocks.records[:-distance][same] * n_records + blocks.records[distance:][same])
    for pair in np.unique(np.concatenate(pairs)) if pairs else ():
        yield divmod(int(pair), n_records)
