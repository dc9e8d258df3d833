"""`--feedback`: turn what people did with answers into a benchmark over the index that serves.

A query counts with its filters: the same words with other filters are another query. What a person corrected of a
request's meaning (`without`, `weights`, ...) is in no benchmark, so such requests are left out. Nothing is inferred
from works that nobody touched, or from where a work stood: that would take a model of clicks.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from pydantic import ValidationError

from crawler.catalogue import Line
from crawler.gzipped import read_lines
from crawler.verbs import describe_problem
from evaluation.benchmark import Benchmark
from evaluation.errors import FeedbackInvalid
from evaluation.records import Refusals
from indexer.facts import Filters
from indexer.store import Store
from search_api.feedback import MAX_LINE_BYTES, FeedbackKind, FeedbackLine
from search_api.records import SearchRequest
from search_api.settings import SearchSettings

NAME, SPLIT = "feedback", "all"
LEAST_FEEDBACK = 3
"""The least lines that a query needs, unless `--least-feedback` says otherwise."""

NOT_FEEDBACK = "are no feedback"
UNKNOWN_REQUEST = "have no request: the service no longer knew it"
CORRECTED = "are on requests with corrections, which no benchmark has"
NOT_INDEXED = "name works that are not in the index"
TOO_FEW = "are on queries with too little feedback"
"""Why lines are not used, as the line that counts them says it."""

OPENED, WANTED, UNWANTED = 1, 2, 0
"""The grades of a work."""


@dataclass
class _Votes:
    """What people did with one work of a query: by answer, the last of what they said of it, if anything."""

    said: dict[str, FeedbackKind] = field(default_factory=dict)

    def add(self, answer: str, kind: FeedbackKind) -> None:
        if kind != "opened":
            self.said[answer] = kind

    @property
    def grade(self) -> int:
        """Whether more people want it than not; a work that was only opened, or that people differ on, is between."""
        n_unwanted = sum(kind == "dismissed" for kind in self.said.values())
        n_wanted = len(self.said) - n_unwanted
        if n_wanted == n_unwanted:
            return OPENED
        return WANTED if n_wanted > n_unwanted else UNWANTED


@dataclass
class _Query:
    """A query as the first person wrote it, and what people did with the works of its answers."""

    text: str
    filters: Filters
    works: defaultdict[str, _Votes] = field(default_factory=lambda: defaultdict(_Votes))
    lines: list[Line] = field(default_factory=list)

    def has_enough(self, least: int) -> bool:
        """Whether there is enough feedback, and a work that somebody wants."""
        return len(self.lines) >= least and any(votes.grade for votes in self.works.values())


@dataclass
class FeedbackReport:
    """How many lines there were, how many are used, and why the others are not."""

    n_lines: int = 0
    n_used: int = 0
    unused: dict[str, Refusals] = field(default_factory=dict)

    def leave_out(self, reason: str, line: Line, problem: str = "") -> None:
        """Count a line that is not used."""
        earlier = self.unused.get(reason, Refusals(0, f"{line}{problem}"))
        self.unused[reason] = replace(earlier, count=earlier.count + 1)

    def lines(self) -> list[str]:
        """Return the report in lines."""
        unused = [f"feedback: {each.count:,} {why} (first {each.first})" for why, each in self.unused.items()]
        return [f"feedback: {self.n_used:,} of {self.n_lines:,} lines used", *unused]


def read_feedback(
    files: Sequence[Path], settings: SearchSettings, least: int = LEAST_FEEDBACK
) -> tuple[Benchmark, FeedbackReport]:
    """Return the benchmark that files of feedback make over the index that serves, and a report on their lines.

    Raises:
        CatalogueMissing, GzipDamaged: A file cannot be read.
        FeedbackInvalid: There is no index, or no query has enough feedback.
    """
    report = FeedbackReport()
    work_ids = _read_work_ids(settings)
    queries: dict[str, _Query] = {}
    for line, kept in _read(files, report):
        if (query := _usable(line, kept, work_ids, queries, report)) is not None:
            query.lines.append(line)
            # A line that knows its request knows its answer; without it each line would be of one of its own.
            query.works[kept.work].add(kept.answer or str(line), kept.kind)
    enough = {query_id: query for query_id, query in queries.items() if query.has_enough(least)}
    for query_id, query in queries.items():
        for line in query.lines if query_id not in enough else ():
            report.leave_out(TOO_FEW, line)
    report.n_used = sum(len(query.lines) for query in enough.values())
    if not enough:
        raise FeedbackInvalid(
            f"{', '.join(map(str, files))}: no query has {least} lines of feedback and a work that somebody opened, "
            f"saved or liked; {'; '.join(report.lines())}"
        )
    return _to_benchmark(enough, work_ids, settings), report


def _read(files: Iterable[Path], report: FeedbackReport) -> Iterator[tuple[Line, FeedbackLine]]:
    """Yield the lines that are feedback, each with its place."""
    for path in files:
        for number, raw in read_lines(path, MAX_LINE_BYTES):
            if not raw.strip():
                continue
            report.n_lines += 1
            try:
                yield Line(path, number), FeedbackLine.model_validate_json(raw)
            except ValidationError as error:
                place = error.errors()[0]["loc"]
                report.leave_out(NOT_FEEDBACK, Line(path, number), f": {describe_problem(error, *place).strip(': ')}")


def _usable(
    line: Line, kept: FeedbackLine, work_ids: frozenset[str], queries: dict[str, _Query], report: FeedbackReport
) -> _Query | None:
    """Return the query that a line is on; None, and count the line, if a benchmark cannot use it."""
    request = kept.request
    if request is None:
        report.leave_out(UNKNOWN_REQUEST, line)
    elif request != SearchRequest(query=request.query, filters=request.filters):
        report.leave_out(CORRECTED, line)
    elif kept.work not in work_ids:
        report.leave_out(NOT_INDEXED, line, f": {kept.work}")
    else:
        return queries.setdefault(_query_id(request), _Query(request.query, request.filters))
    return None


def _query_id(request: SearchRequest) -> str:
    """Return the same id for the same words, in whatever case, with the same filters."""
    words = " ".join(request.query.split()).casefold()
    asked = [words, request.filters.model_dump(mode="json", exclude_unset=True)]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def _read_work_ids(settings: SearchSettings) -> frozenset[str]:
    if not (settings.home / "store.sqlite3").is_file():
        raise FeedbackInvalid(f"{settings.home} has no works yet: run `evoke index`, or name another EVOKE_HOME")
    with Store(settings.home) as store:
        return frozenset(work_id for work_id, _ in store.hashes())


def _to_benchmark(queries: Mapping[str, _Query], work_ids: frozenset[str], settings: SearchSettings) -> Benchmark:
    return Benchmark(
        name=NAME,
        split=SPLIT,
        corpus=settings.home / "store.sqlite3",
        queries={query_id: query.text for query_id, query in queries.items()},
        qrels={
            query_id: {work_id: votes.grade for work_id, votes in query.works.items()}
            for query_id, query in queries.items()
        },
        work_ids=work_ids,
        filters={query_id: query.filters for query_id, query in queries.items()},
        is_served=True,
    )
