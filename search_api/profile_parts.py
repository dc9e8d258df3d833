"""Make a profile of what a person names: titles, values by name, and an export of ratings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crawler.records import Kind
from indexer.engine import Engine
from indexer.ratings.joining import JoinReport, WorkFinder, join_ratings
from indexer.ratings.records import LEAST_LIKE, MOST_DISLIKE
from indexer.records import Work
from search_api.errors import RequestRefused
from search_api.records import MOST_LIKES, ValueView, WorkReference

READ_BATCH = 5_000
MOST_OTHERS = 3


class Found(NamedTuple):
    """The ids of works that were found, and notes on names that were not, or that several works have."""

    ids: tuple[str, ...]
    notes: tuple[str, ...]


class Rated(NamedTuple):
    """The likes and dislikes of an export of ratings, by id, and the lines that tell what was read and left out."""

    likes: tuple[str, ...]
    dislikes: tuple[str, ...]
    notes: tuple[str, ...]


def choose_titles(named: Iterable[tuple[str, Sequence[WorkReference]]], kind: Kind | None) -> Found:
    """Return the work that each title means: the best-known one of its kind.

    Args:
        named: Titles as a person wrote them, each with the works that it may mean, best known first.
        kind: The kind of work that is meant; None: any.
    """
    ids: list[str] = []
    notes: list[str] = []
    for title, works in named:
        fitting = [work for work in works if kind in (None, work.kind)]
        if not fitting:
            other = f", but there is {_describe(works[0])}" if works else ""
            notes.append(f"“{title}” is no title in this catalogue{other if kind else ''}")
            continue
        ids.append(fitting[0].id)
        if len(fitting) > 1:
            others = ", ".join(_describe(work) for work in fitting[1 : MOST_OTHERS + 1])
            more = ", ..." if len(fitting) > MOST_OTHERS + 1 else ""
            notes.append(f"“{title}” was taken for {_describe(fitting[0])}; others: {others}{more}; an id names one")
    return Found(tuple(dict.fromkeys(ids)), tuple(notes))


def _describe(work: WorkReference) -> str:
    facts = ", ".join(str(fact) for fact in (work.kind, work.year) if fact)
    return f"{work.title} ({facts}) {work.id}" if facts else f"{work.title} {work.id}"


def read_values(texts: Iterable[str], values: Sequence[ValueView]) -> dict[str, float]:
    """Return weights by value id, from texts such as "hope", "E2", "hope:0.8" and "sadness:-0.5".

    Raises:
        RequestRefused: No value has such a name or id, or the weight is none.
    """
    by_name = {value.name.casefold(): value.id for value in values} | {
        value.id.casefold(): value.id for value in values
    }
    weights: dict[str, float] = {}
    for text in texts:
        match = re.fullmatch(r"(.+?)(?::(-?(?:0|1|0?\.\d+|1\.0+)))?", text.strip())
        name = match[1].strip().casefold() if match else text
        if not match or name not in by_name:
            near = get_close_matches(name, by_name, 1)
            hint = f"; did you mean {near[0]!r}?" if near else "; GET /v1/values lists them"
            raise RequestRefused("value", f"{text!r} is no value, such as hope, or hope:0.8 from -1 to 1{hint}")
        weights[by_name[name]] = float(match[2]) if match[2] else 1.0
    return weights


def read_rated(engine: Engine, generation: str, files: Sequence[Path]) -> Rated:
    """Return the works of a generation that a person rated, the best rated first.

    Raises:
        TasteInvalid, CatalogueMissing: A file cannot be read as ratings, or none is of a work in the catalogue.
        RequestRefused: The ratings are of several people.
    """
    report = JoinReport()
    finder = WorkFinder(_read_works(engine, generation))
    joined = join_ratings(files, [], finder, report)
    if joined.n_users > len(files):
        raise RequestRefused(
            "ratings", f"{files[0]} has ratings of {joined.n_users:,} people; give the export of one person"
        )
    order = np.argsort(-joined.stars, kind="stable")
    ranked = [(finder.work_ids[joined.works[n]], float(joined.stars[n])) for n in order.tolist()]
    likes = tuple(dict.fromkeys(work_id for work_id, stars in ranked if stars >= LEAST_LIKE))
    dislikes = tuple(
        dict.fromkeys(work_id for work_id, stars in reversed(ranked) if stars <= MOST_DISLIKE and work_id not in likes)
    )
    cut = [
        f"the best {MOST_LIKES:,} of {len(ids):,} {name} are used"
        for name, ids in (("likes", likes), ("dislikes", dislikes))
        if len(ids) > MOST_LIKES
    ]
    counts = f"{len(likes):,} likes (from {LEAST_LIKE:g} stars), {len(dislikes):,} dislikes (to {MOST_DISLIKE:g} stars)"
    return Rated(likes[:MOST_LIKES], dislikes[:MOST_LIKES], (*report.lines(), counts, *cut))


def _read_works(engine: Engine, generation: str) -> Iterable[Work]:
    """Yield the works of a generation with the facts that ratings are joined by."""
    keys = ["id", "kind", "title", "original_title", "year", "ids"]
    offset = None
    while True:
        records, offset = engine.scroll(generation, limit=READ_BATCH, offset=offset, with_payload=keys)
        for record in records:
            yield Work.model_construct(**(record.payload or {}))
        if offset is None:
            return
