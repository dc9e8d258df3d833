"""Reorder the first works of a ranking so that no series, person or kind fills a page; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from indexer.name_keys import normalise_title
from search_api.fusion import Rows
from search_api.work_table import WorkTable

Ranked = list[tuple[int, float]]
"""Works by their rows in the table of works, with their scores."""

Quotas = Mapping[int, Sequence[tuple[Hashable, int]]]
"""The keys under which each work is counted, each with the most works of a block, by row."""

BLOCK = 10
"""The works among which variety is asked for."""
N_BLOCKS = 5
REACH = 100
"""A work ranked beyond this place is not moved up."""
MOST_OF_A_SERIES = 1
MOST_OF_A_MAKER = 3
MOST_OF_A_KIND = 7
LEAST_FIT = 0.7
"""A work of the rarer kind fits with at least this share of the score of the tenth work of the block."""


@dataclass(frozen=True)
class Variety:
    """Which quotas hold: none for what the request asks for."""

    by_maker: bool = True
    by_kind: bool = True
    query: str = ""
    """A series named in these words has no quota."""

    @cached_property
    def words(self) -> str:
        """The query as names are compared, so that "Dune, or something newer" names the series Dune."""
        return f" {normalise_title(self.query)} "


def diversify(ranked: Sequence[tuple[int, float]], table: WorkTable, variety: Variety, depth: int) -> Ranked:
    """Return a ranking with its first N_BLOCKS blocks filled under the quotas, each in the given order.

    A work that a quota keeps out of one block comes in the next. Of a series, the earliest volume among the first REACH
    works takes the place of the volume that ranks best. Only the first `depth` works are in their final order; they do
    not depend on `depth`.
    """
    first = list(ranked[:REACH])
    rows = np.array([row for row, _ in first], dtype=np.intp)
    series = _series_with_quota(rows, table, variety)
    quotas = _quotas(rows, series, table, variety)
    kinds = dict(zip(rows.tolist(), table.kinds[rows].tolist(), strict=True)) if variety.by_kind else {}
    waiting = _first_volumes(first, series, table)
    chosen: Ranked = []
    for _ in range(min(N_BLOCKS, math.ceil(depth / BLOCK))):
        block = _fill_block(waiting, quotas, kinds)
        chosen += [waiting[place] for place in block]
        taken = set(block)
        waiting = [work for place, work in enumerate(waiting) if place not in taken]
    return [*chosen, *waiting, *ranked[REACH:]]


def _series_with_quota(rows: Rows, table: WorkTable, variety: Variety) -> dict[int, int]:
    """Return the number of the series of each work that shares one with another, unless the query names the series."""
    numbers = table.series[rows].tolist()
    sizes = Counter(numbers)
    return {
        row: number
        for row, number in zip(rows.tolist(), numbers, strict=True)
        if sizes[number] > 1 and f" {table.series_names[row]} " not in variety.words
    }


def _quotas(rows: Rows, series: Mapping[int, int], table: WorkTable, variety: Variety) -> Quotas:
    """Return the keys under which each work is counted, each with the most works of a block."""
    quotas: dict[int, list[tuple[Hashable, int]]] = {row: [] for row in rows.tolist()}
    for row, number in series.items():
        quotas[row].append((("series", number), MOST_OF_A_SERIES))
    if variety.by_maker:
        for row, makers in zip(rows.tolist(), table.makers[rows].tolist(), strict=True):
            quotas[row] += [(("maker", maker), MOST_OF_A_MAKER) for maker in makers if maker >= 0]
    return quotas


def _first_volumes(ranked: Ranked, series: Mapping[int, int], table: WorkTable) -> Ranked:
    """Exchange the places of volumes so that the earliest volume of each series stands first; scores stay in place."""
    places: dict[int, list[int]] = {}
    for place, (row, _) in enumerate(ranked):
        if (number := series.get(row)) is not None:
            places.setdefault(number, []).append(place)
    order = [row for row, _ in ranked]
    for own in places.values():
        first = min((order[place] for place in own), key=lambda row: _volume(row, table))
        rest = [order[place] for place in own if order[place] != first]
        for place, row in zip(own, [first, *rest], strict=True):
            order[place] = row
    return [(row, score) for row, (_, score) in zip(order, ranked, strict=True)]


def _volume(row: int, table: WorkTable) -> float:
    """Return the position of a work in its series; an unknown one comes last."""
    volume = float(table.volumes[row])
    return math.inf if math.isnan(volume) else volume


def _fill_block(waiting: Ranked, quotas: Quotas, kinds: Mapping[int, int]) -> list[int]:
    """Return the places of the works of the next block."""
    counts: Counter[Hashable] = Counter()
    block: list[int] = []
    late: list[int] = []
    rarer = _fitting_of_rarer_kind(waiting, kinds) if kinds else set()
    for place, (row, _) in enumerate(waiting):
        if len(block) == BLOCK:
            break
        n_left = BLOCK - len(block)
        reserved = min(len(rarer - set(block)), BLOCK - MOST_OF_A_KIND - sum(p in rarer for p in block))
        is_over = any(counts[key] >= most for key, most in quotas[row])
        if is_over or (rarer and place not in rarer and n_left <= reserved):
            late.append(place)
            continue
        counts.update(key for key, _ in quotas[row])
        block.append(place)
    block = sorted([*block, *late[: BLOCK - len(block)]])
    rare = [place for place in block if place in rarer]
    usual = [place for place in block if place not in rarer]
    return _interleave(usual, rare) if rarer else block


def _interleave(usual: list[int], rare: list[int]) -> list[int]:
    """Return both lists in their order, a rare one after every second usual one."""
    mixed: list[int] = []
    for number, place in enumerate(usual, start=1):
        mixed.append(place)
        if number % 2 == 0 and rare:
            mixed.append(rare.pop(0))
    return mixed + rare


def _fitting_of_rarer_kind(waiting: Ranked, kind_of: Mapping[int, int]) -> set[int]:
    """Return the places of the works of the kind that is rare among the first, as far as they fit."""
    kinds = [kind_of[row] for row, _ in waiting]
    if not kinds:
        return set()
    usual, n_usual = Counter(kinds[:BLOCK]).most_common(1)[0]
    if n_usual <= MOST_OF_A_KIND:
        return set()
    least = LEAST_FIT * waiting[:BLOCK][-1][1]
    return {p for p, kind in enumerate(kinds) if kind not in (usual, -1) and waiting[p][1] >= least}
