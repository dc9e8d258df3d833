"""The facts of all works that ranking weighs, mapped from the files beside the generation; a row is a work."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.records import KINDS, Kind
from indexer.bm25 import inverse_frequencies
from indexer.known.columns import KNOWN_VERSION, map_column, map_texts, read_figures
from indexer.known.fields import UNKNOWN, kind_number
from indexer.known.writer import MOST_BYTE
from indexer.schema import point_id
from search_api.fusion import Rows
from search_api.records import WorkReference

Floats = NDArray[np.float32]

POOL_SIZE = 500
"""How many of the best-known works are candidates beside those that the legs find. Requests of conversations, an answer
in the first 10 and 50: .148 and .283 without them, .151 and .341 with 500, .158 and .348 with 1,000, which take 1.5 ms
longer."""
N_CACHED_POOLS = 64


class WorkTable:
    """Columns over the works of a generation. The row of a removed work stays, and is in no answer.

    Attributes:
        fingerprint: That of the generation.
        n_works: How many works there are.
        n_twins: How many of them are the same as a better-known one and differ only in their source.
        points: The id of each work's point, uint64 (n_rows,).
        kinds: The place in KINDS, int8 (n_rows,); -1: unknown.
        years: The year of a work, float32 (n_rows,); NaN: unknown.
        places: The place among the works of its kind by number of ratings, int32 (n_rows,).
        known: How well known a work is among its kind, float32 (n_rows,) in [0, 1]; 0 without a rating.
        acclaim: How well rated a work is among its kind, float32 (n_rows,) in [0, 1]; 0 without a rating.
        underrated: How well it is rated by few, float32 (n_rows,) in [0, 1]; 0 without a rating.
        makers: Numbers of up to two directors and authors, int64 (n_rows, 2); -1: none.
        series: The number of the series, int64 (n_rows,).
        volumes: The position in the series, float32 (n_rows,); NaN: unknown.
        least_ages: The age from which a work is recommended, int8 (n_rows,); -1: unknown.
        languages: The language of a work, as ISO 639-1; b"" where it is unknown: bytes (n_rows,).
        is_twin: Which works are the same as a better-known one, bool (n_rows,).
        home_languages: The languages of a country's own works, by country.
        genre_names: The genres in lower case.
        spelled_genres: The genres of at least three works of a kind, as sources spell them, by kind.
    """

    def __init__(self, folder: Path) -> None:
        figures = read_figures(folder)
        if figures["version"] != KNOWN_VERSION:
            raise ValueError(f"{folder} was written by another version of Evoke")
        shapes: dict[str, Any] = figures["shapes"]
        columns = {name: map_column(folder, name, dtype, shape) for name, (dtype, shape) in shapes.items()}
        self.fingerprint: str = figures["fingerprint"]
        self.n_works: int = figures["n_works"]
        self.n_twins: int = figures["n_twins"]
        self._n_with_terms: int = figures["n_with_terms"]
        self.points: NDArray[np.uint64] = columns["points"]
        self.kinds: NDArray[np.int8] = columns["kinds"]
        self.years: Floats = columns["years"]
        self.places: NDArray[np.int32] = columns["places"]
        self.known: Floats = columns["known"]
        self.acclaim: Floats = columns["acclaim"]
        self.underrated: Floats = columns["underrated"]
        self.makers: NDArray[np.int64] = columns["makers"]
        self.series: NDArray[np.int64] = columns["series"]
        self.volumes: Floats = columns["volumes"]
        self.least_ages: NDArray[np.int8] = columns["least_ages"]
        self.languages: NDArray[np.bytes_] = columns["languages"]
        self.is_twin: NDArray[np.bool_] = columns["is_twin"]
        self.home_languages: dict[str, frozenset[str]] = {
            country: frozenset(languages) for country, languages in figures["home_languages"].items()
        }
        self.genre_names: tuple[str, ...] = tuple(figures["genre_names"])
        self.spelled_genres: dict[Kind, tuple[str, ...]] = {
            kind: tuple(names) for kind, names in figures["genres"].items()
        }
        self._shares: dict[str, dict[str, float]] = figures["shares"]
        self._term_ids: NDArray[np.uint32] = columns["term_ids"]
        self._term_counts: NDArray[np.uint32] = columns["term_counts"]
        self._genre_weights: Floats = columns["genre_weights"]
        self._genre_bits: NDArray[np.uint8] = columns["genre_bits"]
        self._sorted_points: NDArray[np.uint64] = columns["sorted_points"]
        self._sorted_rows: NDArray[np.int32] = columns["sorted_rows"]
        self._strengths: NDArray[np.uint8] = columns["strengths"]
        self._mean_strengths: list[float] = figures["mean_strengths"]
        self.ids, self.titles, self.series_names = (
            map_texts(folder, name, figures["n_rows"]) for name in ("ids", "titles", "series_names")
        )
        self.best = lru_cache(N_CACHED_POOLS)(self._best)

    def profiles(self, dimensions: Sequence[str]) -> ValueProfiles:
        """Return the strengths of the values and tags of all works, given the ids of these in their order."""
        return ValueProfiles(self._strengths, self._mean_strengths, dimensions)

    # --- terms ---

    def idf(self, terms: Sequence[int]) -> NDArray[np.float64]:
        """Return the IDF of terms by their ids, float64 (n,); of a term that no work has, that of one in no work."""
        return inverse_frequencies(self._n_with_terms, self.count_works_with(terms))

    def count_works_with(self, terms: Sequence[int]) -> NDArray[np.int64]:
        """Return in how many works each of some terms is, by the ids of the terms: int64 (n,)."""
        wanted = np.asarray(terms, dtype=np.uint32)
        counts = np.zeros(len(wanted), np.int64)
        if len(self._term_ids):
            places = np.minimum(np.searchsorted(self._term_ids, wanted), len(self._term_ids) - 1)
            is_known = self._term_ids[places] == wanted
            counts[is_known] = self._term_counts[places[is_known]]
        return counts

    # --- works by id, point and row ---

    def ids_of(self, rows: Iterable[int]) -> list[str]:
        """Return the ids of works."""
        return [self.ids[row] for row in rows]

    def rows_of_points(self, points: Sequence[Any] | NDArray[np.uint64]) -> Rows:
        """Return the rows of works, given the ids of their points; every one must be known."""
        found = np.searchsorted(self._sorted_points, np.asarray(points, dtype=np.uint64))
        return self._sorted_rows[found].astype(np.intp)

    def row_of(self, work_id: str) -> int | None:
        """Return the row of a work; None if the catalogue does not have it."""
        point = np.uint64(point_id(work_id))
        place = int(np.searchsorted(self._sorted_points, point))
        if place == len(self._sorted_points) or self._sorted_points[place] != point:
            return None
        return int(self._sorted_rows[place])

    def rows_of(self, work_ids: Iterable[str]) -> Rows:
        """Return the rows of works that the catalogue has; others are left out."""
        rows = self.find_rows(list(work_ids))
        known: Rows = rows[rows != UNKNOWN]
        return known

    def find_rows(self, work_ids: Sequence[str]) -> Rows:
        """Return the row of each of some works, UNKNOWN (-1) where the catalogue does not have it: intp (n,)."""
        points = np.fromiter(map(point_id, work_ids), dtype=np.uint64, count=len(work_ids))
        if not len(self._sorted_points):
            return np.full(len(points), UNKNOWN, dtype=np.intp)
        places = np.minimum(np.searchsorted(self._sorted_points, points), len(self._sorted_points) - 1)
        is_known = self._sorted_points[places] == points
        return np.where(is_known, self._sorted_rows[places], UNKNOWN).astype(np.intp)

    def refer_to(self, rows: Rows) -> tuple[WorkReference, ...]:
        """Return works as an intent names them."""
        years = np.nan_to_num(self.years[rows], nan=np.inf).tolist()
        return tuple(
            WorkReference.model_construct(
                id=self.ids[row],
                title=self.titles[row],
                kind=None if kind == UNKNOWN else KINDS[kind],
                year=None if year == np.inf else int(year),
            )
            for row, kind, year in zip(rows.tolist(), self.kinds[rows].tolist(), years, strict=True)
        )

    # --- facts ---

    def share_known(self, fact: str, kind: Kind | None) -> float:
        """Return the share of the works of a kind that have a fact of `FACTS`; None: of all works."""
        return self._shares.get(kind or "", {}).get(fact, 0.0)

    @cached_property
    def _genre_places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.genre_names)}

    def has_genre(self, rows: Rows | slice, names: Collection[str]) -> NDArray[np.bool_]:
        """Return which of some works have at least one of these genres, given in lower case: bool (n_rows,)."""
        wanted = np.zeros(self._genre_bits.shape[1], dtype=np.uint8)
        for name in names:
            if (place := self._genre_places.get(name)) is not None:
                wanted[place // 8] |= 128 >> place % 8
        has: NDArray[np.bool_] = np.any(self._genre_bits[rows] & wanted, axis=1)
        return has

    def _best(
        self,
        kind: Kind | None,
        column: str,
        genres: frozenset[str] = frozenset(),
        years: tuple[float, float] | None = None,
    ) -> Rows:
        """Return the best-known works, the best-rated or the most underrated ones, best first.

        Args:
            kind: The kind of work; None: any.
            column: "known", "acclaim" or "underrated".
            genres: Genres of which a work must have one; empty: any.
            years: The first and the last year; None: any.
        """
        scores: Floats = np.array(getattr(self, column))
        if kind is not None:
            scores[self.kinds != kind_number(kind)] = 0
        if genres:
            scores[~self.has_genre(slice(None), genres)] = 0
        if years:
            scores[~((self.years >= years[0]) & (self.years <= years[1]))] = 0
        rated = np.flatnonzero(scores > 0)
        return rated[np.argsort(-scores[rated], kind="stable")[:POOL_SIZE]]

    def kinship(self, rows: Rows, liked: Rows, weights: Floats) -> Floats:
        """Return how much works share genres and makers with liked ones: float32 (n_rows,).

        It is the cosine of the genres, weighted by their inverse frequency, plus SAME_MAKER where a maker is shared.
        """
        score = np.zeros(len(rows), dtype=np.float32)
        own = self._genres_of(rows)
        squares = self._genre_weights**2
        lengths = np.sqrt(own @ squares)
        for row, weight in zip(liked, weights, strict=True):
            makers = self.makers[row][self.makers[row] != UNKNOWN]
            shared = np.isin(self.makers[rows], makers).any(axis=1)
            genres = self._genres_of(np.array([row]))[0]
            norms = np.maximum(lengths * np.sqrt(genres @ squares), np.float32(1e-6))
            score += weight * (((own & genres) @ squares) / norms + SAME_MAKER * shared)
        return score

    def genre_directions(self, rows: Rows) -> Floats:
        """Return the genres of works, weighted by their inverse frequency and scaled to unit length: (n, n_genres)."""
        return to_units(self._genres_of(rows).astype(np.float32) * self._genre_weights)

    def _genres_of(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which genres works have, bool (n_rows, n_genres)."""
        unpacked = np.unpackbits(self._genre_bits[rows], axis=1, count=len(self.genre_names))
        return unpacked.astype(np.bool_)


SAME_MAKER = 1.0
"""What a shared director or author adds to the likeness of genres. Co-liked books among ten similar ones, by this
number: .309 (0), .314 (.5), .324 (1), .327 (2); films by the likeness of their tags: .199, .201, .200, .199."""


def to_units(vectors: Floats) -> Floats:
    """Return vectors, float32 (n, dim), scaled to unit length; zeros stay zeros."""
    units: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-6))
    return units


class ValueProfiles:
    """The strengths of all values and tags of all works, mapped as bytes: 212 bytes a work.

    Args:
        strengths: From 0 to 255, uint8 (n_rows, n_dimensions).
        means: The mean of each dimension over all works, from 0 to 255.
        dimensions: The id of each dimension.
    """

    def __init__(self, strengths: NDArray[np.uint8], means: Sequence[float], dimensions: Sequence[str]) -> None:
        self._bytes = strengths
        self._means = np.array(means, dtype=np.float64).astype(np.float32) / np.float32(MOST_BYTE)
        self._columns = {dimension: column for column, dimension in enumerate(dimensions)}

    def strengths(self, rows: Rows, dimensions: Sequence[str]) -> Floats:
        """Return the strengths of some dimensions in some works: float32 (n_rows, n_dimensions)."""
        columns = np.array([self._columns[dimension] for dimension in dimensions], dtype=np.intp)
        strengths: Floats = self._bytes[np.ix_(rows, columns)].astype(np.float32) / np.float32(MOST_BYTE)
        return strengths

    def all_strengths(self, rows: Rows) -> Floats:
        """Return the strengths of all dimensions in some works: float32 (n_rows, n_dimensions)."""
        strengths: Floats = self._bytes[rows].astype(np.float32) / np.float32(MOST_BYTE)
        return strengths

    def is_there(self, dimension: str) -> bool:
        """Return whether any work has a value or tag."""
        return bool(self._means[self._columns[dimension]] > 0)

    def likeness(self, rows: Rows, liked: Rows, weights: Floats) -> Floats:
        """Return the cosine of works and the weighted sum of liked ones: float32 (n_rows,).

        Each dimension is centred: its mean over the catalogue is subtracted. Uncentred, works are alike because all
        have the frequent values. Likeness of tags of 300 films and their ten similar ones: .170 with their primary
        values uncentred, .183 centred, .183 standardised too; co-liked books among them: .217, .234, .230.
        """
        wanted: Floats = weights @ self._directions(liked)
        wanted /= np.maximum(np.linalg.norm(wanted), np.float32(1e-6))
        cosines: Floats = self._directions(rows) @ wanted
        return cosines

    def _directions(self, rows: Rows) -> Floats:
        """Return the centred strengths of works, scaled to unit length."""
        centred = self._bytes[rows].astype(np.float32) / np.float32(MOST_BYTE) - self._means
        return to_units(centred)
