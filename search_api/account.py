"""The account of a call: how long its parts took, and what came of them. Metrics, logs and traces are made of it.

A search process keeps the account of the call it answers, and sends it to the front process with the answer. Code that
takes part in an answer calls `part` and `note`; where nobody keeps an account, both do nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

PartName = Literal["reading", "encoder", "legs", "ranking", "hits", "payloads"]
"""The parts of an answer. `encoder` is within `reading`, `legs` within `ranking`, `payloads` within `hits`.

The legs are searched in one batch, so they share one time."""
PARTS: tuple[PartName, ...] = ("reading", "encoder", "legs", "ranking", "hits", "payloads")


class Part(NamedTuple):
    """A part of an answer.

    Attributes:
        name: Its name.
        started: When it began, in seconds since the account was opened.
        seconds: How long it took.
    """

    name: PartName
    started: float
    seconds: float


@dataclass
class Account:
    """The account of a call.

    Attributes:
        opened: When it was opened, in seconds since the epoch.
        seconds: How long the call took in the search process.
        parts: The parts in the order in which they ended. A part may occur several times.
        counts: Counts by name, such as `answers`, `corrected`, `pages_found` and `candidates_text`.
        generation: The generation that answered; None if no index was read.
        n_works: How many works this generation has.
        built_at: When it was built, in ISO 8601.
        build_seconds: How long each step of its build took.
        waited: How long the call waited in the queue; None if it did not queue, or went before the others.
    """

    opened: float = field(default_factory=time.time)
    seconds: float = 0.0
    parts: list[Part] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    generation: str | None = None
    n_works: int | None = None
    built_at: str | None = None
    build_seconds: Mapping[str, float] = field(default_factory=dict)
    waited: float | None = None


_kept: ContextVar[tuple[Account, float] | None] = ContextVar("account", default=None)


@contextmanager
def keep_account() -> Iterator[Account]:
    """Keep an account of what the block does in this thread."""
    account, started = Account(), time.perf_counter()
    token = _kept.set((account, started))
    try:
        yield account
    finally:
        _kept.reset(token)
        account.seconds = time.perf_counter() - started


@contextmanager
def part(name: PartName) -> Iterator[None]:
    """Enter the time that the block takes into the account that is kept, if any."""
    kept = _kept.get()
    if kept is None:
        yield
        return
    account, opened = kept
    started = time.perf_counter()
    try:
        yield
    finally:
        account.parts.append(Part(name, started - opened, time.perf_counter() - started))


def note(name: str, n: int = 1) -> None:
    """Add to a count of the account that is kept, if any."""
    kept = _kept.get()
    if kept is not None and n:
        kept[0].counts[name] += n


def note_generation(name: str, n_works: int, built_at: str, build_seconds: Mapping[str, float]) -> None:
    """Enter the generation that answers into the account that is kept, if any."""
    kept = _kept.get()
    if kept is not None:
        account = kept[0]
        account.generation, account.n_works = name, n_works
        account.built_at, account.build_seconds = built_at, build_seconds
