"""Find the records that a change can move into another work, so that only these are matched again. Pure.

Records and their matches are a graph. What `join_matches` makes of a record depends only on the records that are
connected to it. A connected part is affected if it has a new or changed record, or a record that lost a match or gained
one; every other part has the records and the matches that it had, and therefore the same works. A match can be lost or
gained in two ways:

- One of the two records is new, changed or gone.
- In a block of more records than the window, a record that came or went between them moved them out of the window or
  into it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from indexer.merging.blocking import WINDOW, blocking_keys
from indexer.merging.match_keys import MatchKeys
from indexer.merging.matching import Evidence, Match, compare


class MatchedRecords(Protocol):
    """The records as they were matched last."""

    def blocks(self, keys: Collection[int]) -> Mapping[int, Sequence[str]]:
        """Return the sorted ids of the records with each of these blocking keys; a key without records is left out."""

    def match_keys(self, ids: Collection[str]) -> Mapping[str, MatchKeys]:
        """Return the match keys of those of these records that there are."""


class Affected(NamedTuple):
    """The affected records that are there now.

    Attributes:
        ids: Their ids, sorted.
        keys: The match keys of each.
        matches: All matches between them, as positions in `ids`.
    """

    ids: list[str]
    keys: list[MatchKeys]
    matches: list[Match]


def find_affected(
    changed: Mapping[str, MatchKeys], gone: Collection[str], matched: MatchedRecords, most: int
) -> Affected | None:
    """Return the records that a change affects; None if they are more than `most`.

    Args:
        changed: The records that are new or have other content, with their match keys now.
        gone: The ids of the records that were removed.
        matched: All records as they were before.
        most: The most records.
    """
    graph = _Graph(changed, gone, matched)
    seen = set(changed) | graph.neighbours_before() | graph.moved()
    frontier: set[str] = seen
    matches: dict[tuple[str, str], Evidence | None] = {}
    while frontier:
        if len(seen) > most:
            return None
        reached = set()
        for one, other in graph.pairs_now(frontier):
            pair = (one, other) if one < other else (other, one)
            if pair not in matches:
                matches[pair] = compare(graph.now(pair[0]), graph.now(pair[1]))
            if matches[pair] is not None:
                reached.add(other)
        frontier = reached - seen
        seen = seen | frontier
    ids = sorted(seen)
    place = {record_id: position for position, record_id in enumerate(ids)}
    found = [Match(each, place[one], place[other]) for (one, other), each in matches.items() if each is not None]
    return Affected(ids, [graph.now(record_id) for record_id in ids], found)


class _Graph:
    """The records before and after a change; those that are not changed are read when they are reached."""

    def __init__(self, changed: Mapping[str, MatchKeys], gone: Collection[str], matched: MatchedRecords) -> None:
        self._matched = matched
        self._changed = changed
        self._before = matched.match_keys([*changed, *gone])
        self._kept: dict[str, MatchKeys] = {}
        self._blocks_before: dict[int, Sequence[str]] = {}
        self._keys_before = {record_id: blocking_keys(keys) for record_id, keys in self._before.items()}
        self._keys_now = {record_id: blocking_keys(keys) for record_id, keys in changed.items()}
        self._arrived: dict[int, set[str]] = {}
        for record_id, keys in self._keys_now.items():
            for key in keys:
                self._arrived.setdefault(key, set()).add(record_id)
        self._read_blocks(chain(*self._keys_before.values(), *self._keys_now.values()))

    def now(self, record_id: str) -> MatchKeys:
        """Return the match keys of a record that was reached, as they are after the change."""
        return self._changed[record_id] if record_id in self._changed else self._kept[record_id]

    def neighbours_before(self) -> set[str]:
        """Return the unchanged records that matched a record which is now changed or gone."""
        pairs = [
            (record_id, other)
            for record_id, keys in self._keys_before.items()
            for key in keys
            for other in _near(self._blocks_before.get(key, ()), record_id)
            if other not in self._changed and other not in self._before
        ]
        self._read_records(other for _, other in pairs)
        return {
            other
            for record_id, other in pairs
            if compare(*(self._before.get(each) or self._kept[each] for each in sorted((record_id, other))))
        }

    def moved(self) -> set[str]:
        """Return the unchanged records of large blocks that may have come into another's window, or left it."""
        moved: set[str] = set()
        for key in set(chain(*self._keys_before.values(), *self._keys_now.values())):
            before, now = self._blocks_before.get(key, ()), self._block_now(key)
            if max(len(before), len(now)) > WINDOW + 1:
                both = sorted({*before, *now})
                for record_id in both:
                    if record_id in self._changed or record_id in self._before:
                        moved.update(_near(both, record_id))
        return {each for each in moved if each not in self._changed and each not in self._before}

    def pairs_now(self, ids: Collection[str]) -> set[tuple[str, str]]:
        """Return the pairs to compare after the change: each of these records with each of its neighbours."""
        self._read_records(ids)
        keys = {record_id: self._blocking_keys_now(record_id) for record_id in ids}
        self._read_blocks(chain(*keys.values()))
        pairs = {
            (record_id, other)
            for record_id, its_keys in keys.items()
            for key in its_keys
            for other in _near(self._block_now(key), record_id)
        }
        self._read_records(other for _, other in pairs)
        return pairs

    def _blocking_keys_now(self, record_id: str) -> set[int]:
        return self._keys_now[record_id] if record_id in self._keys_now else blocking_keys(self._kept[record_id])

    def _block_now(self, key: int) -> Sequence[str]:
        before, arrived = self._blocks_before.get(key, ()), self._arrived.get(key, set())
        if not arrived and not any(each in self._before for each in before):
            return before
        return sorted(arrived | {each for each in before if each not in self._before})

    def _read_blocks(self, keys: Iterable[int]) -> None:
        unknown = set(keys) - self._blocks_before.keys()
        self._blocks_before |= dict.fromkeys(unknown, ()) | dict(self._matched.blocks(unknown))

    def _read_records(self, ids: Iterable[str]) -> None:
        unknown = set(ids) - self._kept.keys() - self._changed.keys()
        self._kept |= self._matched.match_keys(unknown)


def _near(block: Sequence[str], record_id: str) -> list[str]:
    """Return the records of a block that are at most WINDOW places from one of its records."""
    place = bisect_left(block, record_id)
    return [*block[max(0, place - WINDOW) : place], *block[place + 1 : place + 1 + WINDOW]]
