"""Figures over all works: how well known and well rated each is, what a country's languages are, and such. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crawler.records import KINDS, Kind
from indexer.known.fields import KNOWN_FACTS, UNKNOWN

Floats = NDArray[np.float32]

LEAST_SHARE_OF_LANGUAGE = 0.15
"""The share of a country's works, those that no other country took part in, from which a language is one of its own."""
N_ROWS_AT_ONCE = 65_536


def rank_places(kinds: NDArray[Any], n_ratings: NDArray[Any], n_facts: NDArray[Any]) -> NDArray[np.int32]:
    """Return each work's place among those of its kind: most ratings first, then most facts, then row.

    Ratings of books and of films come from sources of different size, so the numbers themselves do not compare.
    """
    places = np.zeros(len(kinds), dtype=np.int32)
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        order = np.lexsort((-n_facts[rows].astype(np.int64), -n_ratings[rows]))
        places[rows[order]] = np.arange(len(rows), dtype=np.int32)
    return places


class Standings(NamedTuple):
    """How works stand among those of their kind: float32 (n,) in [0, 1] each; 0 without a rating.

    Attributes:
        known: How well known a work is.
        acclaim: How well rated.
        underrated: How well rated by few.
    """

    known: Floats
    acclaim: Floats
    underrated: Floats


MANY_RATINGS, FEW_RATINGS = 75, 25
"""The percentile of the counts of ratings by which a mean is drawn towards that of its kind, since few ratings count
little: for acclaim, and for what is underrated. By 75, the first underrated of 12,170 rated films are Cinema Paradiso
and Seven Samurai; by 10, recordings of concerts; by 25, Woman in the Dunes, High and Low, and Le Trou."""


def rate_standings(kinds: NDArray[Any], counts: NDArray[Any], means: NDArray[Any]) -> Standings:
    """Return how works stand, given their kinds and the counts and means of their ratings."""
    counts = counts.astype(np.float64)
    standings = Standings(*np.zeros((3, len(kinds)), np.float32))
    for kind in np.unique(kinds):
        rated = np.flatnonzero((kinds == kind) & (counts > 0))
        if len(rated):
            own = counts[rated], means[rated]
            standings.known[rated] = _spread_out(np.log(counts[rated]))
            standings.acclaim[rated] = _spread_out(_draw(*own, MANY_RATINGS))
            standings.underrated[rated] = _spread_out(_draw(*own, FEW_RATINGS)) * (1 - standings.known[rated])
    return standings


def _draw(counts: NDArray[np.float64], means: NDArray[Any], percentile: float) -> NDArray[np.float64]:
    """Return means of ratings, drawn towards the mean of all by as many ratings as a percentile of the counts is."""
    usual = np.percentile(counts, percentile)
    drawn: NDArray[np.float64] = (counts * means + usual * means.mean()) / (counts + usual)
    return drawn


def _spread_out(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores in [0, 1], squared, so that the best stand out; the lowest twentieth has 0."""
    low, high = np.percentile(scores, 5), scores.max()
    if high <= low:
        return np.zeros_like(scores)
    spread: NDArray[np.float64] = np.clip((scores - low) / (high - low), 0, 1) ** 2
    return spread


def count_genres(bits: NDArray[np.uint8], n_genres: int) -> NDArray[np.int64]:
    """Return how many works have each genre, int64 (n_genres,), from the genres as bits: uint8 (n, n_bytes)."""
    counts = np.zeros(n_genres, dtype=np.int64)
    if not n_genres:
        return counts
    for start in range(0, len(bits), N_ROWS_AT_ONCE):
        counts += np.unpackbits(bits[start : start + N_ROWS_AT_ONCE], axis=1, count=n_genres).sum(
            axis=0, dtype=np.int64
        )
    return counts


def weigh_genres(counts: NDArray[np.int64], n_works: int) -> Floats:
    """Return the weight of each genre in the likeness of works, by its inverse frequency: float32 (n_genres,)."""
    weights: Floats = np.log(n_works / (1 + counts) + 1).astype(np.float32)
    return weights


def find_home_languages(countries: NDArray[np.bytes_], languages: NDArray[np.bytes_]) -> dict[str, list[str]]:
    """Return the languages of each country, by the works that were made there alone."""
    told = (countries != b"") & (languages != b"")
    pairs = np.char.add(np.char.add(countries[told], b" "), languages[told])
    counts: dict[str, dict[str, int]] = {}
    for pair, n_works in zip(*np.unique(pairs, return_counts=True), strict=True):
        country, _, language = pair.decode().partition(" ")
        counts.setdefault(country, {})[language] = int(n_works)
    return {
        country: [name for name, n in own.items() if n >= LEAST_SHARE_OF_LANGUAGE * sum(own.values())]
        for country, own in counts.items()
    }


def share_facts(
    kinds: NDArray[Any], facts: NDArray[np.uint16], is_there: NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    """Return the share of works that have each fact, by kind of work, and under "" for all works."""
    shares: dict[str, dict[str, float]] = {}
    of_kind: list[tuple[str, NDArray[np.bool_]]] = [(kind, kinds == place) for place, kind in enumerate(KINDS)]
    for kind, rows in [*of_kind, ("", is_there)]:
        n_works = int(rows.sum())
        shares[kind] = {
            name: float((facts[rows] >> place & 1).mean()) if n_works else 0.0 for place, name in enumerate(KNOWN_FACTS)
        }
    return shares


def mean_strengths(strengths: NDArray[np.uint8], is_there: NDArray[np.bool_]) -> list[float]:
    """Return the mean strength of each value and tag over all works, in [0, 255]."""
    total = np.zeros(strengths.shape[1], dtype=np.float64)
    for start in range(0, len(strengths), N_ROWS_AT_ONCE):
        end = start + N_ROWS_AT_ONCE
        total += strengths[start:end][is_there[start:end]].sum(axis=0, dtype=np.float64)
    means: list[float] = (total / max(1, int(is_there.sum()))).tolist()
    return means


def order_points(
    points: NDArray[np.uint64], is_there: NDArray[np.bool_]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return the ids of all points in their order, and the row of each."""
    rows = np.flatnonzero(is_there).astype(np.int32)
    order = np.argsort(points[rows], kind="stable")
    return points[rows[order]], rows[order]


def kind_of(number: int) -> Kind | None:
    """Return the kind with a number."""
    return None if number == UNKNOWN else KINDS[number]


def spelled_genres(genres: Sequence[tuple[str, str, int]], least: int) -> dict[str, list[str]]:
    """Return the genres of at least `least` works of a kind, as they are spelled, by kind."""
    return {kind: [name for own, name, n in genres if own == kind and n >= least] for kind in KINDS}
