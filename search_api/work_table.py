"""The facts of all works that ranking weighs, in memory as columns; a row is a work."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.records import KINDS, Kind
from indexer.facts import FACTS
from indexer.schema import point_id
from search_api.name_keys import normalise_title

Floats = NDArray[np.float32]
Payload = Mapping[str, Any]

TABLE_KEYS = (
    "id", "title", "kind", "year", "rating", "genres", "creators", "series", "least_age", "ids",
    "language", "countries", "runtime_minutes", "page_count",
)  # fmt: skip
"""The keys of a payload that the table reads."""

POOL_SIZE = 500
"""How many of the best-known works are candidates beside those that the legs find. Requests of conversations, an answer
in the first 10 and 50: .148 and .283 without them, .151 and .341 with 500, .158 and .348 with 1,000, which take 1.5 ms
longer."""
MOST_MAKERS = 2
"""How many of a work's directors and authors are compared."""
_MAKER_ROLES = ("director", "author")
_UNKNOWN = -1
_NUMBERED_TITLE = re.compile(r",?(?: part| vol\.?)? (\d{1,2})$", re.IGNORECASE)


class WorkTable:
    """Columns over the works of a generation, in the order in which they were read.

    Attributes:
        ids: The id of each work.
        rows: The row of each work by its id.
        kinds: The place in KINDS, int8 (n,); -1: unknown.
        years: The year of a work, float32 (n,); NaN: unknown.
        known: How well known a work is among its kind, float32 (n,) in [0, 1]; 0 without a rating.
        acclaim: How well rated a work is among its kind, float32 (n,) in [0, 1]; 0 without a rating.
        genre_names: The genres in lower case.
        genres: Which genres a work has, bool (n, n_genres).
        makers: Up to two numbers of directors and authors, int32 (n, 2); -1: none.
        series: The number of the series, int32 (n,); -1: none.
        series_names: The name of each series as names are compared: in lower case, without punctuation.
        volumes: The position in the series, float32 (n,); NaN: unknown.
        least_ages: The age from which a work is recommended, int8 (n,); -1: unknown.
        languages: The language of a work, as ISO 639-1; "" where it is unknown: text (n,).
        home_languages: The languages of a country's own works, by country: see LEAST_SHARE_OF_LANGUAGE.
        twins: The ids of works that are the same as a better-known one and differ only in their source.
    """

    def __init__(self, payloads: Sequence[Payload], twins: Iterable[str] = ()) -> None:
        self.ids = [payload["id"] for payload in payloads]
        self.rows = {work_id: row for row, work_id in enumerate(self.ids)}
        self.kinds = np.array([_kind_number(payload.get("kind")) for payload in payloads], dtype=np.int8)
        self.years = np.array([payload.get("year") or np.nan for payload in payloads], dtype=np.float32)
        self.known, self.acclaim = _standings(payloads, self.kinds)
        self.genre_names, self.genres = _genres(payloads)
        self.makers = _makers(payloads)
        self.series_names, self.series, self.volumes = _series(payloads)
        self.least_ages = np.array([payload.get("least_age", _UNKNOWN) for payload in payloads], np.int8)
        self.languages = np.array([payload.get("language") or "" for payload in payloads])
        self.home_languages = _home_languages(payloads)
        self.twins = tuple(twins)
        self._shares = _shares(payloads)
        self._genre_weights = _genre_weights(self.genres)
        self.best = lru_cache(64)(self._best)

    def share_known(self, fact: str, kind: Kind | None) -> float:
        """Return the share of the works of a kind that have a fact of `FACTS`; None: of all works."""
        return self._shares.get(kind, {}).get(fact, 0.0)

    def genres_of(self, kind: Kind) -> tuple[str, ...]:
        """Return the genres of a kind of work, in lower case."""
        has = self.genres[self.kinds == _kind_number(kind)].any(axis=0)
        return tuple(name for name, present in zip(self.genre_names, has, strict=True) if present)

    def rows_of(self, work_ids: Iterable[str]) -> NDArray[np.intp]:
        """Return the rows of works."""
        return np.array([self.rows[work_id] for work_id in work_ids], dtype=np.intp)

    def has_genre(self, rows: NDArray[np.intp], names: Collection[str]) -> NDArray[np.bool_]:
        """Return which of some works have at least one of these genres, given in lower case: bool (n_rows,)."""
        columns = np.flatnonzero([name in names for name in self.genre_names])
        has: NDArray[np.bool_] = np.any(self.genres[np.ix_(rows, columns)], axis=1)
        return has

    def _best(
        self,
        kind: Kind | None,
        column: str,
        genres: frozenset[str] = frozenset(),
        years: tuple[float, float] | None = None,
    ) -> tuple[int, ...]:
        """Return the point ids of the best-known works, or of the best-rated ones.

        Args:
            kind: The kind of work; None: any.
            column: "known" or "acclaim".
            genres: Genres of which a work must have one; empty: any.
            years: The first and the last year; None: any.
        """
        scores: Floats = getattr(self, column).copy()
        if kind is not None:
            scores[self.kinds != _kind_number(kind)] = 0
        if genres:
            scores[~self.has_genre(np.arange(len(scores)), genres)] = 0
        if years:
            scores[~((self.years >= years[0]) & (self.years <= years[1]))] = 0
        best = np.argsort(-scores, kind="stable")[:POOL_SIZE]
        return tuple(point_id(self.ids[row]) for row in best if scores[row] > 0)

    def kinship(self, rows: NDArray[np.intp], liked: NDArray[np.intp], weights: Floats) -> Floats:
        """Return how much works share genres and makers with liked ones: float32 (n_rows,).

        It is the cosine of the genres, weighted by their inverse frequency, plus SAME_MAKER where a maker is shared.
        """
        score = np.zeros(len(rows), dtype=np.float32)
        for row, weight in zip(liked, weights, strict=True):
            makers = self.makers[row][self.makers[row] != _UNKNOWN]
            shared = np.isin(self.makers[rows], makers).any(axis=1)
            score += weight * (self._likeness_of_genres(rows, row) + SAME_MAKER * shared)
        return score

    def _likeness_of_genres(self, rows: NDArray[np.intp], row: int) -> Floats:
        squares = self._genre_weights**2
        lengths = np.sqrt(self.genres[rows] @ squares) * np.sqrt(self.genres[row] @ squares)
        shared: Floats = (self.genres[rows] & self.genres[row]) @ squares
        likeness: Floats = shared / np.maximum(lengths, np.float32(1e-6))
        return likeness


LEAST_SHARE_OF_LANGUAGE = 0.15
"""The share of a country's works, those that no other country took part in, from which a language is one of its own."""


def _home_languages(payloads: Iterable[Payload]) -> dict[str, frozenset[str]]:
    """Return the languages of each country, by the works that were made there alone."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for payload in payloads:
        countries: Sequence[str] = payload.get("countries") or ()
        if len(countries) == 1 and (language := payload.get("language")):
            counts[countries[0]][language] += 1
    return {
        country: frozenset(
            language for language, n in languages.items() if n >= LEAST_SHARE_OF_LANGUAGE * languages.total()
        )
        for country, languages in counts.items()
    }


SAME_MAKER = 1.0
"""What a shared director or author adds to the likeness of genres. Co-liked books among ten similar ones, by this
number: .309 (0), .314 (.5), .324 (1), .327 (2); films by the likeness of their tags: .199, .201, .200, .199."""


def _kind_number(kind: str | None) -> int:
    return KINDS.index(kind) if kind in KINDS else _UNKNOWN


def _standings(payloads: Sequence[Payload], kinds: NDArray[np.int8]) -> tuple[Floats, Floats]:
    """Return how well known and how well rated each work is among its kind."""
    ratings = [payload.get("rating") or {} for payload in payloads]
    counts = np.array([rating.get("count", 0) for rating in ratings], dtype=np.float64)
    means = np.array([rating["mean"] / rating["scale"] if rating else 0.0 for rating in ratings])
    known, acclaim = np.zeros(len(payloads), np.float32), np.zeros(len(payloads), np.float32)
    for kind in set(kinds.tolist()):
        rated = np.flatnonzero((kinds == kind) & (counts > 0))
        if len(rated):
            known[rated] = _spread_out(np.log(counts[rated]))
            # Few ratings count little: a mean is drawn towards that of its kind by the 75th percentile of the counts.
            usual = np.percentile(counts[rated], 75)
            total = counts[rated] * means[rated] + usual * means[rated].mean()
            acclaim[rated] = _spread_out(total / (counts[rated] + usual))
    return known, acclaim


def _spread_out(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores in [0, 1], squared, so that the best stand out; the lowest twentieth has 0."""
    low, high = np.percentile(scores, 5), scores.max()
    if high <= low:
        return np.zeros_like(scores)
    spread: NDArray[np.float64] = np.clip((scores - low) / (high - low), 0, 1) ** 2
    return spread


def _genres(payloads: Sequence[Payload]) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    of_work = [{name.casefold() for name in payload.get("genres") or ()} for payload in payloads]
    names = tuple(sorted(set().union(*of_work)))
    columns = {name: column for column, name in enumerate(names)}
    has = np.zeros((len(payloads), len(names)), dtype=np.bool_)
    for row, own in enumerate(of_work):
        has[row, [columns[name] for name in own]] = True
    return names, has


def _genre_weights(genres: NDArray[np.bool_]) -> Floats:
    frequencies = genres.sum(axis=0)
    weights: Floats = np.log(len(genres) / (1 + frequencies) + 1).astype(np.float32)
    return weights


def _makers(payloads: Sequence[Payload]) -> NDArray[np.int32]:
    numbers: dict[str, int] = {}
    makers = np.full((len(payloads), MOST_MAKERS), _UNKNOWN, dtype=np.int32)
    for row, payload in enumerate(payloads):
        names = (c["name"].casefold() for c in payload.get("creators") or () if c.get("role") in _MAKER_ROLES)
        for place, name in enumerate(list(dict.fromkeys(names))[:MOST_MAKERS]):
            makers[row, place] = numbers.setdefault(name, len(numbers))
    return makers


def _series(payloads: Sequence[Payload]) -> tuple[tuple[str, ...], NDArray[np.int32], Floats]:
    """Return the names of the series, and the series and position of each work."""
    places = [_place_in_series(payload) for payload in payloads]
    keys = [(payload.get("kind"), name) for payload, (name, _) in zip(payloads, places, strict=True)]
    sizes = Counter(keys)
    numbers = {key: number for number, key in enumerate(key for key, n_works in sizes.items() if n_works > 1)}
    series = np.array([numbers.get(key, _UNKNOWN) for key in keys], dtype=np.int32)
    volumes = np.array([np.nan if position is None else position for _, position in places], dtype=np.float32)
    return tuple(normalise_title(name) for _, name in numbers), series, volumes


def _place_in_series(payload: Payload) -> tuple[str, float | None]:
    """Return the series of a work in lower case with its position.

    Where no source gives a series, the title may: "Night Ferry 2" is one with "Night Ferry" and "Night Ferry: Dawn".
    """
    if own := payload.get("series"):
        return own["name"].casefold(), own.get("position")
    first, subtitle, _ = payload["title"].partition(": ")
    numbered = _NUMBERED_TITLE.search(first)
    if numbered:
        return first[: numbered.start()].casefold(), float(numbered[1])
    return first.casefold(), None if subtitle else 1.0


def _shares(payloads: Sequence[Payload]) -> dict[Kind | None, dict[str, float]]:
    """Return the share of works that have each fact, by kind of work and for all works (None)."""
    n_works: Counter[Kind | None] = Counter()
    n_known: dict[Kind | None, Counter[str]] = defaultdict(Counter)
    for payload in payloads:
        facts = [fact for fact in FACTS if payload.get(fact) not in (None, [], {})]
        for kind in {payload.get("kind"), None}:
            n_works[kind] += 1
            n_known[kind].update(facts)
    return {kind: {fact: n_known[kind][fact] / n for fact in FACTS} for kind, n in n_works.items()}


def possible_twins(payloads: Iterable[Payload]) -> Iterator[list[Payload]]:
    """Yield groups of works that may be one work: they share title, year and kind, or an id of a source.

    The best-known work of a group comes first, then the one with most facts, then the one with the smallest id.
    """
    by_key: dict[tuple[Any, ...], list[Payload]] = defaultdict(list)
    for payload in payloads:
        kind = payload.get("kind")
        by_key["title", kind, payload["title"].casefold(), payload.get("year")].append(payload)
        for name, own in (payload.get("ids") or {}).items():
            by_key[name, kind, own].append(payload)
    for works in by_key.values():
        if len(works) > 1:
            yield sorted(works, key=_standing_of_twin)


def find_twins(groups: Iterable[Sequence[Payload]], descriptions: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of works that are the same as the first of their group: they share an id or begin alike.

    Two films of one year may have one title ("Black Rain", 1989): then their descriptions begin otherwise.
    """
    twins: dict[str, None] = {}
    for first, *others in groups:
        for other in others:
            shares_id = bool(set((first.get("ids") or {}).items()) & set((other.get("ids") or {}).items()))
            begins = [descriptions.get(work["id"], "")[:SAME_BEGINNING] for work in (first, other)]
            if shares_id or begins[0] == begins[1]:
                twins[other["id"]] = None
    return tuple(twins)


def _standing_of_twin(payload: Payload) -> tuple[int, int, str]:
    n_facts = sum(payload.get(fact) not in (None, [], {}) for fact in FACTS)
    return -(payload.get("rating") or {}).get("count", 0), -n_facts, payload["id"]


SAME_BEGINNING = 60
"""How many characters two descriptions of one work share at their beginning."""


MOST_BYTE = 255


class ValueProfiles:
    """The strengths of all values and tags of all works, in memory as bytes: 212 bytes a work.

    Args:
        strengths: From 0 to 255, uint8 (n_works, n_dimensions).
        dimensions: The id of each dimension.
    """

    def __init__(self, strengths: NDArray[np.uint8], dimensions: Sequence[str]) -> None:
        self._bytes = strengths
        self._means = strengths.mean(axis=0, dtype=np.float64).astype(np.float32) / np.float32(MOST_BYTE)
        self._columns = {dimension: column for column, dimension in enumerate(dimensions)}

    def strengths(self, rows: NDArray[np.intp], dimensions: Sequence[str]) -> Floats:
        """Return the strengths of some dimensions in some works: float32 (n_rows, n_dimensions)."""
        columns = np.array([self._columns[dimension] for dimension in dimensions], dtype=np.intp)
        strengths: Floats = self._bytes[np.ix_(rows, columns)].astype(np.float32) / np.float32(MOST_BYTE)
        return strengths

    def likeness(self, rows: NDArray[np.intp], liked: NDArray[np.intp], weights: Floats) -> Floats:
        """Return the cosine of works and the weighted sum of liked ones: float32 (n_rows,).

        Each dimension is centred: its mean over the catalogue is subtracted. Uncentred, works are alike because all
        have the frequent values. Likeness of tags of 300 films and their ten similar ones: .170 with their primary
        values uncentred, .183 centred, .183 standardised too; co-liked books among them: .217, .234, .230.
        """
        wanted: Floats = weights @ self._directions(liked)
        wanted /= np.maximum(np.linalg.norm(wanted), np.float32(1e-6))
        cosines: Floats = self._directions(rows) @ wanted
        return cosines

    def _directions(self, rows: NDArray[np.intp]) -> Floats:
        """Return the centred strengths of works, scaled to unit length."""
        centred = self._bytes[rows].astype(np.float32) / np.float32(MOST_BYTE) - self._means
        lengths = np.linalg.norm(centred, axis=1, keepdims=True)
        directions: Floats = centred / np.maximum(lengths, np.float32(1e-6))
        return directions
