"""Reorder the first works of a ranking so that no series, person or kind fills a page; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from search_api.name_keys import normalise_title
from search_api.work_table import WorkTable

Ranked = list[tuple[str, float]]

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


def diversify(ranked: Sequence[tuple[str, float]], table: WorkTable, variety: Variety, depth: int) -> Ranked:
    """Return a ranking with its first N_BLOCKS blocks filled under the quotas, each in the given order.

    A work that a quota keeps out of one block comes in the next. Of a series, the earliest volume among the first REACH
    works takes the place of the volume that ranks best. Only the first `depth` works are in their final order; they do
    not depend on `depth`.
    """
    waiting = _first_volumes(list(ranked[:REACH]), table, variety)
    chosen: Ranked = []
    for _ in range(min(N_BLOCKS, math.ceil(depth / BLOCK))):
        block = _fill_block(waiting, table, variety)
        chosen += [waiting[place] for place in block]
        waiting = [work for place, work in enumerate(waiting) if place not in set(block)]
    return [*chosen, *waiting, *ranked[REACH:]]


def _first_volumes(ranked: Ranked, table: WorkTable, variety: Variety) -> Ranked:
    """Exchange the places of volumes so that the earliest volume of each series stands first; scores stay in place."""
    places: dict[int, list[int]] = {}
    for place, (work_id, _) in enumerate(ranked):
        number = _series_of(work_id, table, variety)
        if number is not None:
            places.setdefault(number, []).append(place)
    order = [work_id for work_id, _ in ranked]
    for own in places.values():
        first = min((order[place] for place in own), key=lambda work_id: _volume(work_id, table))
        rest = [order[place] for place in own if order[place] != first]
        for place, work_id in zip(own, [first, *rest], strict=True):
            order[place] = work_id
    return [(work_id, score) for work_id, (_, score) in zip(order, ranked, strict=True)]


def _volume(work_id: str, table: WorkTable) -> float:
    """Return the position of a work in its series; an unknown one comes last."""
    return float(np.nan_to_num(table.volumes[table.rows[work_id]], nan=np.inf))


def _fill_block(waiting: Ranked, table: WorkTable, variety: Variety) -> list[int]:
    """Return the places of the works of the next block."""
    counts: Counter[Hashable] = Counter()
    block: list[int] = []
    late: list[int] = []
    rarer = _fitting_of_rarer_kind(waiting, table) if variety.by_kind else set()
    for place, (work_id, _) in enumerate(waiting):
        if len(block) == BLOCK:
            break
        quotas = _quotas(work_id, table, variety)
        n_left = BLOCK - len(block)
        reserved = min(len(rarer - set(block)), BLOCK - MOST_OF_A_KIND - sum(p in rarer for p in block))
        if any(counts[key] >= most for key, most in quotas) or (rarer and place not in rarer and n_left <= reserved):
            late.append(place)
            continue
        counts.update(key for key, _ in quotas)
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


def _fitting_of_rarer_kind(waiting: Ranked, table: WorkTable) -> set[int]:
    """Return the places of the works of the kind that is rare among the first, as far as they fit."""
    kinds = [int(table.kinds[table.rows[work_id]]) for work_id, _ in waiting]
    if not kinds:
        return set()
    usual, n_usual = Counter(kinds[:BLOCK]).most_common(1)[0]
    if n_usual <= MOST_OF_A_KIND:
        return set()
    least = LEAST_FIT * waiting[:BLOCK][-1][1]
    return {p for p, kind in enumerate(kinds) if kind not in (usual, -1) and waiting[p][1] >= least}


def _quotas(work_id: str, table: WorkTable, variety: Variety) -> list[tuple[Hashable, int]]:
    """Return the keys under which a work is counted, each with the most works of a block."""
    row = table.rows[work_id]
    quotas: list[tuple[Hashable, int]] = []
    if (number := _series_of(work_id, table, variety)) is not None:
        quotas.append((("series", number), MOST_OF_A_SERIES))
    if variety.by_maker:
        quotas += [(("maker", int(maker)), MOST_OF_A_MAKER) for maker in table.makers[row] if maker >= 0]
    return quotas


def _series_of(work_id: str, table: WorkTable, variety: Variety) -> int | None:
    """Return the series of a work that has a quota; None without one."""
    number = int(table.series[table.rows[work_id]])
    if number < 0 or f" {table.series_names[number]} " in variety.words:
        return None
    return number
