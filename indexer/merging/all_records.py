"""Match all records in bounded memory: match keys, blocks and the pairs to compare are on the disk.

Only matches are kept in memory, as numbers: 24 bytes a match, and 8 bytes a record for the part of the graph of matches
that it belongs to.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crawler.progress import show_progress
from indexer.merging.blocking import LEAST_KEY, MOST_KEY, candidate_pairs, make_blocks
from indexer.merging.match_tables import MatchTables, UnmatchedRecord
from indexer.merging.matching import CERTAINTY, Match, compare, join_matches
from indexer.merging.sorted_pairs import Pairs, sort_pairs

SORTED_BYTES = 64
"""Memory that a pair takes while it is sorted: the pair, its place, and the sorted pair, twice for a moment."""
COMPARED_BYTES = 2_500
"""Memory that the match keys of a record take while they are compared. 50,000 records of films with ten people and of
books have 1,850 bytes each."""

_EVIDENCE = tuple(CERTAINTY)
_MATCH = 3
"""Numbers of a match: the rank of its evidence, and its two records."""


def match_all(
    records: Iterable[UnmatchedRecord], n_records: int, tables: MatchTables, folder: Path, most_bytes: int
) -> Iterator[list[int]]:
    """Store how records match, and yield the records of each work that has several, as their numbers in the table.

    The groups are those of `group_records`, in another order.

    Args:
        records: All records, in the order of their ids.
        n_records: How many they are.
        tables: Takes the match keys and blocks of the records, instead of those that it has.
        folder: An empty folder, for files that are sorted.
        most_bytes: Memory for what is sorted, and then for the match keys that are compared.
    """
    most_sorted, most_compared = most_bytes // SORTED_BYTES, max(2, most_bytes // COMPARED_BYTES)
    with tables.filling() as keys:
        blocks = sort_pairs(make_blocks(keys(records)), folder / "blocks", most_sorted, LEAST_KEY, MOST_KEY)
        candidates = _candidates(blocks, tables)
        pairs = sort_pairs(candidates, folder / "pairs", most_sorted, 0, max(0, n_records - 1))
    # The transaction has ended: comparing takes long, and only reads.
    matches = _find_matches(pairs, tables, most_compared)
    yield from _join(matches, n_records, tables, most_compared)


def _candidates(blocks: Iterable[Pairs], tables: MatchTables) -> Iterator[Pairs]:
    for some in blocks:
        tables.put_blocks(some)
        yield from candidate_pairs(some)


def _find_matches(candidates: Iterable[Pairs], tables: MatchTables, most: int) -> NDArray[np.int64]:
    """Return the matches, int64 (n_matches, 3): the rank of the evidence, and the numbers of both records."""
    matches = array("q")
    with show_progress("pairs", "comparing") as progress:
        for pairs in candidates:
            for start in range(0, len(pairs), most // 2):
                some = pairs[start : start + most // 2]
                keys = tables.numbered(np.unique(some).tolist())
                for one, other in some.tolist():
                    if evidence := compare(keys[one], keys[other]):
                        matches.extend((CERTAINTY[evidence], one, other))
                progress.update(len(some))
    return np.array(matches, dtype=np.int64).reshape(-1, _MATCH)


def _join(matches: NDArray[np.int64], n_records: int, tables: MatchTables, most: int) -> Iterator[list[int]]:
    """Yield the groups that matches make, from connected parts of their graph, as many at once as memory may hold."""
    parts = _parts(matches[:, 1:], n_records)
    order = np.argsort(parts, kind="stable")
    matches, parts = matches[order], parts[order]
    start = 0
    while start < len(matches):
        # A part is never cut: it ends with the last match that has the same number of a part.
        end = int(np.searchsorted(parts, parts[min(start + most // 2, len(parts)) - 1], side="right"))
        ranks, pairs = matches[start:end, 0], matches[start:end, 1:]
        numbers = np.unique(pairs)
        keys = tables.numbered(numbers.tolist())
        places = np.searchsorted(numbers, pairs)
        some = [Match(_EVIDENCE[rank], *pair) for rank, pair in zip(ranks.tolist(), places.tolist(), strict=True)]
        for group in join_matches([keys[number] for number in numbers.tolist()], some):
            yield numbers[group].tolist()
        start = end


def _parts(pairs: Pairs, n_records: int) -> NDArray[np.int64]:
    """Return for each pair the connected part of the graph that it belongs to, as the number of one of its records.

    Union by the smaller number with path halving (Tarjan and van Leeuwen, 1984, https://doi.org/10.1145/62.2160).
    """
    parent = array("q", range(n_records))

    def find(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for one, other in pairs.tolist():
        one, other = sorted((find(one), find(other)))  # noqa: PLW2901
        parent[other] = one
    return np.array([find(one) for one in pairs[:, 0].tolist()], dtype=np.int64)
