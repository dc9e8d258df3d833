"""Join ratings to the works of the store: by external ids, then by title and year."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crawler.text import count_of
from indexer.errors import TasteInvalid
from indexer.name_keys import name_key, straight_title
from indexer.ratings.formats import WORK_ID, RatingFormat
from indexer.ratings.links import find_links, links_of, read_links, tables_of
from indexer.ratings.reading import plain, read_ratings, recognise_ratings
from indexer.ratings.records import KINDS, MOST_EXAMPLES, RatedWork, ReadingReport
from indexer.records import Work

_IMDB_ID = re.compile(r"tt[0-9]{7,9}")
_MOST_ID = 60
"""The characters of an id that a message quotes."""


class WorkFinder:
    """Finds stored works by external id, then by title and year.

    A title and year that several works of a kind have finds none of them. A year may differ by one if no work of the
    title has the very year: sources give a film the year of its first showing, or of its release.
    """

    def __init__(self, works: Iterable[Work]) -> None:
        self.kinds: list[str | None] = []
        self.work_ids: list[str] = []
        self._by_id: dict[str, int] = {}
        by_title: defaultdict[tuple[str, str, int], set[int]] = defaultdict(set)
        for row, work in enumerate(works):
            self.kinds.append(work.kind)
            self.work_ids.append(work.id)
            self._by_id[f"{WORK_ID}:{work.id}"] = row
            for name, value in work.ids.items():
                self._by_id.setdefault(f"{name}:{value}", row)
            if work.kind and work.year is not None:
                for title in {work.title, work.original_title or work.title}:
                    by_title[work.kind, name_key(straight_title(title)), work.year].add(row)
        self._by_title = {key: next(iter(rows)) for key, rows in by_title.items() if len(rows) == 1 and key[1]}

    def find(self, work: RatedWork) -> int | None:
        """Return the row of a work, in the order in which works were given; None if it is not there."""
        for name, value in work.ids.items():
            row = self._by_id.get(f"{name}:{value}")
            if row is not None:
                return row
        if work.year is None:
            return None
        keys = [name_key(straight_title(title)) for title in work.titles]
        for year in (work.year, work.year - 1, work.year + 1):
            for kind in [work.kind] if work.kind else KINDS:
                for key in keys:
                    row = self._by_title.get((kind, key, year))
                    if row is not None:
                        return row
        return None


@dataclass
class JoinReport:
    """How many ratings, works and people were joined to the store, with examples of works that were not.

    `n_users` counts each of the `n_exports` personal exports that were joined: they may be of one person.
    """

    reading: ReadingReport = field(default_factory=ReadingReport)
    n_joined: int = 0
    n_users: int = 0
    n_exports: int = 0
    n_works: int = 0
    n_rated_works: int = 0
    n_repeated: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the lines to print: what was read, what was joined, what is unknown."""
        read = self.reading
        shown = [f"{path}: {name}" for path, name in read.formats.items()]
        shown += [f"works named by {path}" for path in self.links]
        shown += read.lines()
        if read.n_without:
            shown.append(f"{count_of(read.n_without, 'line')} without a rating")
        share = self.n_joined / read.n_ratings if read.n_ratings else 0.0
        shown.append(
            f"{count_of(read.n_ratings, 'rating')} read, {self.n_joined:,} ({share:.1%}) of works in the catalogue: "
            f"{self.n_works:,} of {count_of(self.n_rated_works, 'rated work')}, {self._whose()}"
        )
        if self.unknown:
            first = ", ".join(name for name, _ in self.unknown.most_common(MOST_EXAMPLES))
            more = ", ..." if len(self.unknown) > MOST_EXAMPLES else ""
            are = "is" if len(self.unknown) == 1 else "are"
            unknown = count_of(len(self.unknown), "rated work")
            shown.append(f"{unknown} {are} not in the catalogue, most rated: {first}{more}")
        if self.n_repeated:
            repeated = count_of(self.n_repeated, "rating")
            shown.append(f"{repeated} repeated: the last of a person for a work counts")
        return shown

    def _whose(self) -> str:
        """Return how many people rated, and how many exports do not say whose they are."""
        n_people = self.n_users - self.n_exports
        people = ["1 person" if n_people == 1 else f"{n_people:,} people"] if n_people or not self.n_exports else []
        exports = [count_of(self.n_exports, "personal export")] if self.n_exports else []
        return " and ".join([*people, *exports])


@dataclass(frozen=True)
class JoinedRatings:
    """Ratings of stored works, each of a person for a work once.

    Attributes:
        users: The row of the person, int32 (n,).
        works: The row of the work in the finder, int32 (n,).
        stars: The rating from 0.5 to 5, float32 (n,).
        n_users: How many people there are. People are rows: their names are not kept.
    """

    users: NDArray[np.int32]
    works: NDArray[np.int32]
    stars: NDArray[np.float32]
    n_users: int


def join_ratings(paths: Sequence[Path], links: Sequence[Path], finder: WorkFinder, report: JoinReport) -> JoinedRatings:
    """Return the ratings of files that are of works in the store.

    Args:
        paths: Files of ratings; people of different files are different people.
        links: Tables of works, for all files of public data sets. Without any, those that lie beside a file are read.
        finder: The works of the store.
        report: Where counts go.

    Raises:
        TasteInvalid: A file cannot be read as ratings, or no rating is of a work in the store.
        CatalogueMissing: A file cannot be read.
    """
    read_links(links)  # a table that cannot be read is an error, even if no file of ratings needs it
    report.links = [str(path) for path in links]
    joined = _Joined()
    formats = [recognise_ratings(path) for path in paths]
    for path, found in zip(paths, formats, strict=True):
        named = read_links(links_of(path, found, links)) if links else _read_beside(path, found, report)
        rows: dict[str, int | None] = {}
        shown: dict[str, str] = {}
        users: dict[str, int] = {}
        for rating in read_ratings(path, found, report.reading):
            key = repr(rating.work) if isinstance(rating.work, RatedWork) else rating.work
            if key not in rows:
                work = rating.work if isinstance(rating.work, RatedWork) else _name(rating.work, named)
                rows[key] = finder.find(work) if work else None
                shown[key] = shown_work(work) if work else f"{path.name}'s {plain(key)}"
            row = rows[key]
            if row is None:
                report.unknown[shown[key]] += 1
            else:
                joined.add(users.setdefault(rating.user, joined.n_users + len(users)), row, rating.stars)
        joined.n_users += len(users)
        report.n_exports += "" in users and not found.user and not found.columns
        report.n_rated_works += len(rows)
    if not joined.users:
        raise TasteInvalid(_why_none(paths, formats, report))
    return joined.to_ratings(report)


def find_inputs(paths: Sequence[Path], links: Sequence[Path]) -> list[Path]:
    """Return all files that `join_ratings` reads, with the tables that lie beside a file of ratings.

    Raises:
        TasteInvalid, CatalogueMissing: A file cannot be read as ratings.
    """
    beside = [] if links else [each for path in paths for each in find_links(path, recognise_ratings(path))]
    return [*paths, *links, *beside]


def _name(key: str, named: Mapping[str, RatedWork]) -> RatedWork | None:
    """Return the work that an id of a file of ratings stands for; an IMDb id needs no table."""
    return named.get(key) or (RatedWork({"imdb": key}) if _IMDB_ID.fullmatch(key) else None)


def _read_beside(path: Path, found: RatingFormat, report: JoinReport) -> Mapping[str, RatedWork]:
    beside = find_links(path, found)
    report.links += [str(each) for each in beside]
    return read_links(beside)


def shown_work(work: RatedWork) -> str:
    """Return a work as messages name it: "The Matrix (1999)", or its first id."""
    if not work.titles:
        return next((plain(f"{name}:{value}")[:_MOST_ID] for name, value in work.ids.items()), "a work without a name")
    return f"{work.titles[0]} ({work.year})" if work.year is not None else work.titles[0]


def _why_none(paths: Sequence[Path], formats: Sequence[RatingFormat], report: JoinReport) -> str:
    what = (
        f"{', '.join(map(str, paths))}: none of the {report.reading.n_ratings:,} ratings is of a work in the catalogue"
    )
    examples = ", ".join(name for name, _ in report.unknown.most_common(MOST_EXAMPLES))
    tables = () if report.links else sorted({name for found in formats for name in tables_of(found)})
    remedy = f"put the table of the works beside it ({' or '.join(tables)})" if tables else "index the works first"
    return f"{what} (most rated: {examples}): {remedy}"


@dataclass
class _Joined:
    """The ratings that were joined so far, as columns."""

    users: array[int] = field(default_factory=lambda: array("i"))
    works: array[int] = field(default_factory=lambda: array("i"))
    stars: array[float] = field(default_factory=lambda: array("f"))
    n_users: int = 0

    def add(self, user: int, work: int, stars: float) -> None:
        self.users.append(user)
        self.works.append(work)
        self.stars.append(stars)

    def to_ratings(self, report: JoinReport) -> JoinedRatings:
        """Return the ratings in the order of people and works; of repeated ones the last."""
        users, works = np.array(self.users, dtype=np.int32), np.array(self.works, dtype=np.int32)
        stars = np.array(self.stars, dtype=np.float32)
        keys = users.astype(np.int64) * (int(works.max()) + 1) + works
        _, last = np.unique(keys[::-1], return_index=True)
        kept = len(keys) - 1 - last
        report.n_joined, report.n_repeated = len(keys), len(keys) - len(kept)
        report.n_users, report.n_works = self.n_users, len(np.unique(works))
        return JoinedRatings(users[kept], works[kept], stars[kept], self.n_users)
