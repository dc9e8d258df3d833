"""Find the pairs of records to compare: those that share a blocking key. Pure.

A block is all records with one key, in the order of their ids. A record is compared with at most WINDOW records that
follow it in a block.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator

import numpy as np

from indexer.merging.match_keys import MatchKeys
from indexer.merging.sorted_pairs import Pairs

WINDOW = 50
"""A record is compared with at most this many records that follow it in a block, so that time grows linearly."""
MOST_NAMES = 4
"""The most people of a record whose names become blocking keys, each together with a title."""


KEYS_AT_ONCE = 1_000_000
"""Blocking keys that are handed on together. A record has seven."""
LEAST_KEY, MOST_KEY = -(2**63), 2**63 - 1


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


def make_blocks(records: Iterable[MatchKeys]) -> Iterator[Pairs]:
    """Yield every blocking key of every record with the record's position, in arrays, as they come."""
    pairs = array("q")
    for position, record in enumerate(records):
        for key in blocking_keys(record):
            pairs.extend((key, position))
        if len(pairs) >= 2 * KEYS_AT_ONCE:
            yield np.array(pairs, dtype=np.int64).reshape(-1, 2)
            pairs = array("q")
    yield np.array(pairs, dtype=np.int64).reshape(-1, 2)


def candidate_pairs(blocks: Pairs) -> Iterator[Pairs]:
    """Yield the pairs of positions to compare, in arrays, the first position of a pair first.

    Records with several keys in common are yielded several times.

    Args:
        blocks: Pairs of a blocking key and the position of a record that has it, sorted by both; whole blocks.
    """
    keys, positions = blocks.T
    for distance in range(1, WINDOW + 1):
        same = keys[distance:] == keys[:-distance]
        if not same.any():
            return
        yield np.stack([positions[:-distance][same], positions[distance:][same]], axis=1)
