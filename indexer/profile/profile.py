"""Compute the figures of the report, record by record."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from crawler.catalogue import Line, Rejected
from crawler.progress import with_progress
from crawler.records import SourceRecord
from crawler.tables.catalogues import check_catalogues, read_catalogues
from indexer.errors import NothingToIndex
from indexer.merging.merging import work_id
from indexer.profile.doubts import UNKNOWN, Doubt, DoubtFinder, shorten
from indexer.profile.duplicates import DuplicateFinder, Duplicates
from indexer.profile.poor_texts import PoorTextFinder, PoorTexts
from indexer.profile.vocabulary import Growth
from indexer.reviews.choosing import ReviewCounts, choose_reviews
from indexer.reviews.keeping import DECLARED, Keeping
from indexer.stories import split_words

CatalogueEntry = tuple[Line, SourceRecord] | Rejected
"""A line as `crawler.catalogue.read_catalogue` reads it."""

NUMBERS = ("n_words", "year", "runtime_minutes", "page_count", "rating", "n_ratings")
FIELDS = tuple(name for name in SourceRecord.model_fields if name not in {"source", "source_id", "title"})
"""The fields that a record may leave out."""

_ABSENT: tuple[object, ...] = (None, "", (), {})
_DETAIL = re.compile(r", got .*| at column \d+|(?<=byte) 0x\w\w", re.DOTALL)
"""The part of a reason that differs from line to line."""


@dataclass
class Rejections:
    """Lines that were rejected for the same reason, with one example."""

    example: Rejected
    n_lines: int = 0


@dataclass
class SourceReviews:
    """The reviews in the records of one source.

    Attributes:
        n_records: Records with reviews.
        counts: How many reviews a build keeps, and why it drops the others.
    """

    n_records: int = 0
    counts: ReviewCounts = field(default_factory=ReviewCounts)


@dataclass(frozen=True)
class Profile:
    """The figures of some catalogues."""

    records: pd.DataFrame
    """One row for each record, in order: `source`, `kind` and the NUMBERS, NaN where unknown. Ratings are scaled to 0
    to 10, and unknown if nobody rated."""
    missing: pd.DataFrame
    """How many records leave a field out: one row for each of FIELDS, one column for each (source, kind)."""
    files: Mapping[Path, Counter[str]]
    """The numbers of `records`, `repeated` and `rejected` lines, by file."""
    languages: Counter[str]
    genres: Counter[str]
    ids: Counter[str]
    growth: Mapping[str, Growth]
    """Growth of the vocabulary, by kind."""
    rejected: Mapping[str, Rejections]
    """The rejected lines, by reason."""
    reviews: Mapping[str, SourceReviews]
    """The reviews, by source: of the sources that have some."""
    doubts: tuple[Doubt, ...]
    duplicates: Duplicates
    poor_texts: PoorTexts
    """The works, merged, whose descriptions are too poor to label."""
    mended: Counter[str]
    """Records that were read as what they mean, by what was wrong with them."""
    n_repeated: int
    """Records with the source and id of an earlier one. No other figure counts them, since a build keeps the first."""

    @property
    def n_rejected(self) -> int:
        """The number of rejected lines."""
        return sum(rejections.n_lines for rejections in self.rejected.values())

    @property
    def n_reviews(self) -> int:
        """The number of reviews."""
        return sum(of_source.counts.n_read for of_source in self.reviews.values())

    @property
    def n_by_kind(self) -> dict[str, int]:
        """The number of records of each kind, the most frequent kind first."""
        return {str(kind): int(n) for kind, n in self.records["kind"].value_counts().items() if n}


def profile_catalogues(catalogues: Sequence[Path], today: date, keeping: Keeping = DECLARED) -> Profile:
    """Return the profile of catalogue files, read as a build reads them that keeps these reviews.

    Raises:
        CatalogueMissing: A file cannot be read.
        NothingToIndex: The files have no record.
    """
    check_catalogues(catalogues)
    mended: Counter[str] = Counter()
    entries = with_progress(read_catalogues(catalogues, mended=mended), "lines", "reading")
    profile = profile_records(entries, today, keeping, mended)
    if profile.records.empty:
        raise NothingToIndex(_why_nothing(catalogues, profile))
    return profile


def profile_records(
    entries: Iterable[CatalogueEntry],
    today: date,
    keeping: Keeping = DECLARED,
    mended: Counter[str] | None = None,
) -> Profile:
    """Return the profile of records and rejected lines; only one of them is in memory at a time.

    `mended` has the counts of what was mended, once all entries are read.
    """
    tally = _Tally(DoubtFinder(today.year), keeping, mended if mended is not None else Counter())
    for entry in entries:
        if isinstance(entry, Rejected):
            tally.reject(entry)
        else:
            tally.add(*entry)
    return tally.profile()


@dataclass
class _Tally:
    """The counts so far, with numbers, distinct names and distinct words, but without texts."""

    doubts: DoubtFinder
    keeping: Keeping
    mended: Counter[str]
    poor_texts: PoorTextFinder = field(default_factory=PoorTextFinder)
    duplicates: DuplicateFinder = field(default_factory=DuplicateFinder)
    groups: dict[tuple[str, str], int] = field(default_factory=dict)
    """The number of each (source, kind)."""
    group: array[int] = field(default_factory=lambda: array("L"))
    """The number of each record's (source, kind)."""
    numbers: dict[str, array[float]] = field(default_factory=lambda: {name: array("d") for name in NUMBERS})
    missing: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    files: dict[Path, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    languages: Counter[str] = field(default_factory=Counter)
    genres: Counter[str] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)
    growth: dict[str, Growth] = field(default_factory=lambda: defaultdict(Growth))
    rejected: dict[str, Rejections] = field(default_factory=dict)
    reviews: dict[str, SourceReviews] = field(default_factory=lambda: defaultdict(SourceReviews))
    seen: set[int] = field(default_factory=set)

    def reject(self, rejected: Rejected) -> None:
        self.files[rejected.line.path]["rejected"] += 1
        self.rejected.setdefault(reason_without_value(rejected.reason), Rejections(rejected)).n_lines += 1

    def add(self, line: Line, record: SourceRecord) -> None:
        work = hash(work_id(record))
        if work in self.seen:
            self.files[line.path]["repeated"] += 1
            return
        self.seen.add(work)
        self.files[line.path]["records"] += 1
        words = split_words(record.description)
        group = (record.source, record.kind or UNKNOWN)
        self.group.append(self.groups.setdefault(group, len(self.groups)))
        for name, number in _numbers(record, len(words)).items():
            self.numbers[name].append(nan if number is None else number)
        self.missing.update((name, *group) for name in FIELDS if getattr(record, name) in _ABSENT)
        self.languages.update([record.language] if record.language else [])
        self.genres.update(list(dict.fromkeys(record.genres)))
        self.ids.update(name for name, value in record.ids.items() if value)
        self.growth[group[1]].add(words)
        if record.reviews:
            of_source = self.reviews[record.source]
            of_source.n_records += 1
            keep = self.keeping.of(record.source)
            of_source.counts.add(choose_reviews(record.reviews, record.source, keep).counts)
        self.doubts.add(line, record, len(words))
        self.duplicates.add(record)
        self.poor_texts.add(record)

    def profile(self) -> Profile:
        groups = pd.DataFrame(self.groups.keys(), columns=["source", "kind"], dtype="category")
        numbers = {name: np.frombuffer(values, dtype="d") for name, values in self.numbers.items()}
        missing = pd.DataFrame(
            [[self.missing[name, *group] for group in self.groups] for name in FIELDS],
            index=pd.Index(FIELDS),
            columns=pd.MultiIndex.from_tuples(self.groups, names=["source", "kind"]) if self.groups else None,
        )
        return Profile(
            records=groups.iloc[np.frombuffer(self.group, dtype="L")].reset_index(drop=True).assign(**numbers),
            missing=missing,
            files=self.files,
            languages=self.languages,
            genres=self.genres,
            ids=self.ids,
            growth=self.growth,
            rejected=self.rejected,
            reviews=self.reviews,
            doubts=self.doubts.doubts(),
            duplicates=self.duplicates.duplicates(),
            poor_texts=self.poor_texts.poor_texts(self.duplicates.groups()),
            mended=self.mended,
            n_repeated=sum(counts["repeated"] for counts in self.files.values()),
        )


def _numbers(record: SourceRecord, n_words: int) -> dict[str, float | None]:
    rating = record.rating if record.rating and record.rating.count else None
    return {
        "n_words": n_words or None,
        "year": record.year,
        "runtime_minutes": record.runtime_minutes,
        "page_count": record.page_count,
        "rating": 10 * rating.mean / rating.scale if rating else None,
        "n_ratings": rating.count if rating else None,
    }


def reason_without_value(reason: str) -> str:
    """Return the reason of a rejection without the details of its line, so that equal reasons are counted together."""
    return shorten(_DETAIL.sub("", reason), 160)


def _why_nothing(catalogues: Sequence[Path], profile: Profile) -> str:
    if not profile.n_rejected:
        return f"{', '.join(map(str, catalogues))}: no records: write one on each line"
    first = next(iter(profile.rejected.values())).example
    more = f" and {profile.n_rejected - 1:,} more" if profile.n_rejected > 1 else ""
    return f"{first.line}: {first.reason}{more}; no line is a record: correct the lines"
