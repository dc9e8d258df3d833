"""The records of measuring recommendations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluation.records import Interval


@dataclass(frozen=True)
class Case:
    """One person of a protocol.

    Attributes:
        user: The row of the person.
        likes: The ids of the works that are given, each of which the person likes.
        find: The ids of the works to find: the other likes.
        values: The values that the person asks for, with weights.
        without: The ids of works that are not ranked.
    """

    user: int
    likes: tuple[str, ...]
    find: frozenset[str]
    values: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Protocol:
    """What is given and what is to be found.

    Attributes:
        name: Its name in tables.
        meaning: What is given and found, in words.
        cases: The people.
        pool: The works that are ranked; None: all of the kind but the given ones.
    """

    name: str
    meaning: str
    cases: Sequence[Case]
    pool: frozenset[str] | None = None


@dataclass(frozen=True)
class SystemFigures:
    """One system's figures in one protocol.

    Attributes:
        measures: The mean over people of each measure.
        difference: How much more nDCG@100 than this system evoke has, person by person; None for evoke itself.
        coverage: The part of the ranked works that are among the first ten of anybody.
    """

    measures: Mapping[str, Interval]
    difference: Interval | None
    coverage: float


@dataclass(frozen=True)
class ProtocolResult:
    """The figures of all systems in one protocol, for one kind of work."""

    kind: str
    name: str
    meaning: str
    n_people: int
    n_works: int
    systems: Mapping[str, SystemFigures]


@dataclass(frozen=True)
class PairsResult:
    """How well similar works are distinguished from others, over pairs that people judged."""

    n_pairs: int
    n_similar: int
    auc: float


@dataclass
class TasteEvaluation:
    """The results, and lines on the ratings and the training."""

    results: list[ProtocolResult] = field(default_factory=list)
    pairs: PairsResult | None = None
    notes: list[str] = field(default_factory=list)
