"""Make a profile of what a person names: values by name, and an export of ratings."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np

from indexer.engine import Engine
from indexer.ratings.joining import JoinReport, WorkFinder, join_ratings
from indexer.ratings.records import LEAST_LIKE, MOST_DISLIKE
from indexer.records import Work
from search_api.errors import RequestRefused
from search_api.records import MOST_LIKES, ValueView

READ_BATCH = 5_000


class Rated(NamedTuple):
    """The likes and dislikes of an export of ratings, by id, and the lines that tell what was read and left out."""

    likes: tuple[str, ...]
    dislikes: tuple[str, ...]
    notes: tuple[str, ...]


def join_likes(
    part: str, typed: Sequence[str], of_profile: Sequence[str], rated: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the likes, or dislikes, of all sources up to `MOST_LIKES`, and a note where some are left out.

    Args:
        part: `likes` or `dislikes`.
        typed: The ids of works that the options name, which count first.
        of_profile: Those of a saved profile, which count next.
        rated: Those of an export of ratings, the most liked, or disliked, first.
    """
    every = tuple(dict.fromkeys((*typed, *of_profile, *rated)))
    if len(every) <= MOST_LIKES:
        return every, ()
    sources = "those named by options, then those of the profile, then the ratings that say most"
    return every[:MOST_LIKES], (f"{MOST_LIKES:,} of {len(every):,} {part} are used: {sources}",)


def read_values(texts: Iterable[str], values: Sequence[ValueView]) -> dict[str, float]:
    """Return weights by value id, from texts such as "hope", "E2", "hope:0.8" and "sadness:-0.5".

    Raises:
        RequestRefused: No value has such a name or id, a weight is not from -1 to 1, or a value has two weights.
    """
    by_name = {value.name.casefold(): value.id for value in values} | {
        value.id.casefold(): value.id for value in values
    }
    weights: dict[str, float] = {}
    for text in texts:
        name, weight = _split_weight(text, by_name)
        value_id = by_name[name]
        if weights.setdefault(value_id, weight) != weight:
            problem = f"is given twice, with the weights {weights[value_id]:g} and {weight:g}; give it once"
            raise RequestRefused("value", f"{name!r} {problem}")
    return weights


def _split_weight(text: str, by_name: Collection[str]) -> tuple[str, float]:
    """Return the name of a value, one of `by_name`, and its weight, from a text such as "hope:0.8"."""
    whole = text.strip().casefold()
    name, _, written = (part.strip() for part in whole.rpartition(":"))
    if whole in by_name or not name:
        name, written = whole, "1"
    if name not in by_name:
        near = get_close_matches(name, by_name, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "; GET /v1/values lists them"
        raise RequestRefused("value", f"{text!r} is no value, such as hope, or hope:0.8 from -1 to 1{hint}")
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not -1 <= weight <= 1:
        raise RequestRefused("value", f"the weight of {name!r} must be a number from -1 to 1, not {written!r}")
    return name, weight


def read_rated(engine: Engine, generation: str, files: Sequence[Path]) -> Rated:
    """Return the works of a generation that a person rated: likes the best rated first, dislikes the worst.

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
    counts = f"{len(likes):,} likes (from {LEAST_LIKE:g} stars), {len(dislikes):,} dislikes (to {MOST_DISLIKE:g} stars)"
    return Rated(likes, dislikes, (*report.lines(), counts))


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
