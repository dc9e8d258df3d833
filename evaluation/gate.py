"""The gate: find the measures that fell by more than noise since an earlier evaluation.

A measure of a system fell, compared with the earlier evaluation of the same benchmark and split, when
- both evaluations judged the same queries, the mean difference is below zero, and a paired randomisation test gives
  p < .05, adjusted by Holm over the benchmark's systems and measures; or
- the mean dropped by more than half the width of the earlier 95% interval.

Understanding has no noise: it fell when a smaller share of the checks is right, or more requests are inverted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pydantic import BaseModel, ValidationError

from crawler.gzipped import open_unpacked
from evaluation.benchmark import Benchmark
from evaluation.errors import BaselineInvalid
from evaluation.records import BenchmarkResult, Interval
from evaluation.significance import SIGNIFICANT, holm, randomisation_p, to_column
from evaluation.understanding import Understanding

_ROUNDING = 1e-9


class EarlierFile(BaseModel):
    """A catalogue whose records were added to a benchmark's works, and how many."""

    name: str
    n_added: int


class EarlierRecords(BaseModel):
    """The records that were added to a benchmark's works."""

    files: list[EarlierFile]
    digest: str


class EarlierResult(BaseModel):
    """The parts of an earlier result, as `evoke evaluate --json` wrote it, that the gate needs."""

    benchmark: str
    split: str
    records: EarlierRecords | None = None
    systems: dict[str, dict[str, Interval]]
    per_query: dict[str, dict[str, dict[str, float]]]


class EarlierUnderstanding(BaseModel):
    """The parts of an earlier measurement of understanding, from the same kind of file, that the gate needs."""

    understanding: str
    share: float
    inverted: dict[str, list[str]]
    misses: dict[str, list[Any]]


@dataclass(frozen=True)
class Earlier:
    """An earlier evaluation."""

    benchmarks: Sequence[EarlierResult] = ()
    understanding: Sequence[EarlierUnderstanding] = ()


@dataclass(frozen=True)
class Fall:
    """A measure that fell; `p` is None where the earlier evaluation judged other queries."""

    benchmark: str
    system: str
    measure: str
    before: float
    now: float
    p: float | None


def read_baseline(path: Path) -> Earlier:
    """Return the results in a file that `evoke evaluate --json` wrote.

    Raises:
        CatalogueMissing, GzipDamaged: The file cannot be read.
        BaselineInvalid: It does not hold results of an evaluation.
    """
    try:
        with open_unpacked(path) as file:
            content = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise _not_an_evaluation(path, f"is not JSON ({error})") from error
    benchmarks, understanding = [], []
    for result in content if isinstance(content, list) else [content]:
        try:
            if isinstance(result, dict) and "understanding" in result:
                understanding.append(EarlierUnderstanding.model_validate(result))
            else:
                benchmarks.append(EarlierResult.model_validate(result))
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(map(str, problem["loc"]))
            raise _not_an_evaluation(path, f"{field or 'file'}: {problem['msg']}") from error
    return Earlier(benchmarks, understanding)


def _not_an_evaluation(path: Path, problem: str) -> BaselineInvalid:
    return BaselineInvalid(
        f"{path} is not an earlier evaluation: {problem}; name a file that `evoke evaluate --json` wrote"
    )


def check_comparable(
    earlier: Earlier, benchmarks: Iterable[Benchmark], systems: Collection[str], requests: Path | None = None
) -> None:
    """Refuse benchmarks and requests that the earlier results cannot be compared with, before anything is measured.

    Raises:
        BaselineInvalid: The earlier results lack a benchmark, have none of these systems on it, have other records
            added to its works, or lack the requests.
    """
    if requests and requests.name not in {result.understanding for result in earlier.understanding}:
        raise BaselineInvalid(
            f"the earlier evaluation does not have {requests.name}: write a new one with --understanding and --json"
        )
    by_name = {(result.benchmark, result.split): result for result in earlier.benchmarks}
    for benchmark in benchmarks:
        before = by_name.get((benchmark.name, benchmark.split))
        if not before or not before.systems.keys() & set(systems):
            raise BaselineInvalid(
                f"the earlier evaluation does not have {benchmark.name}, {benchmark.split}, with any of the systems "
                "to measure: choose its benchmarks and systems, or write a new one with --json"
            )
        _check_records(before, benchmark)


def _check_records(before: EarlierResult, benchmark: Benchmark) -> None:
    """Refuse an earlier result whose works had other records than the benchmark's have."""
    earlier, now = before.records, benchmark.added
    earlier_digest, digest = earlier.digest if earlier else "", now.digest if now else ""
    if earlier_digest == digest:
        return
    files = ", ".join(f"{file.name} {file.n_added:,}" for file in earlier.files) if earlier else ""
    if not earlier_digest:
        problem = "has no records added, this one has: leave out --records"
    elif not digest:
        problem = f"has records added ({files}), this one has none: name them with --records"
    else:
        problem = f"has other records added ({files}): name the same with --records"
    raise BaselineInvalid(f"the earlier evaluation of {benchmark.name} {problem}, or write a new one with --json")


def find_falls(earlier: Earlier, results: Sequence[BenchmarkResult]) -> list[Fall]:
    """Return the measures that fell, in the order of the results."""
    by_name = {(result.benchmark, result.split): result for result in earlier.benchmarks}
    return [fall for result in results for fall in _falls_of(by_name[result.benchmark, result.split], result)]


def describe_fall(fall: Fall) -> str:
    """Return one line that describes a fall."""
    p = "" if fall.p is None else f" (p {fall.p:.4f})"
    return f"fell: {fall.benchmark}, {fall.system}, {fall.measure} from {fall.before:.4f} to {fall.now:.4f}{p}"


def describe_falls(
    earlier: Earlier, results: Sequence[BenchmarkResult], understanding: Understanding | None = None
) -> list[str]:
    """Return a line for each measure that fell, those of understanding last."""
    falls = [describe_fall(fall) for fall in find_falls(earlier, results)]
    return falls + (describe_understanding_falls(earlier, understanding) if understanding else [])


def describe_understanding_falls(earlier: Earlier, measured: Understanding) -> list[str]:
    """Return a line for each figure of understanding that fell, with the requests that are worse than before."""
    before = next(result for result in earlier.understanding if result.understanding == measured.name)
    lines = []
    if measured.all.share < before.share - _ROUNDING:
        worse = [i for i, misses in measured.misses.items() if len(misses) > len(before.misses.get(i, ()))]
        lines.append(
            f"fell: {measured.name}, share of checks right from {before.share:.4f} to {measured.all.share:.4f}; "
            f"worse: {', '.join(worse)}"
        )
    if len(measured.inverted) > len(before.inverted):
        new = [i for i in measured.inverted if i not in before.inverted]
        lines.append(
            f"rose: {measured.name}, inverted requests from {len(before.inverted):,} to {len(measured.inverted):,}; "
            f"new: {', '.join(new)}"
        )
    return lines


def _falls_of(before: EarlierResult, result: BenchmarkResult) -> list[Fall]:
    pairs = [
        (name, measure)
        for name, system in result.systems.items()
        for measure in system.measures
        if measure in before.systems.get(name, {})
    ]
    p = _paired_p(before, result, pairs)
    falls = []
    for name, measure in pairs:
        then, now = before.systems[name][measure], result.systems[name].measures[measure].value
        drop = then.value - now
        is_significant = p.get((name, measure), 1.0) < SIGNIFICANT
        if drop > _ROUNDING and (is_significant or drop > (then.high - then.low) / 2 + _ROUNDING):
            falls.append(Fall(result.benchmark, name, measure, then.value, now, p.get((name, measure))))
    return falls


def _paired_p(
    before: EarlierResult, result: BenchmarkResult, pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], float]:
    """Return p by (system, measure), adjusted by Holm; pairs that were judged on different queries are left out."""
    query_ids = list(result.queries)
    differences = {}
    for name, measure in pairs:
        then, now = before.per_query.get(name, {}).get(measure, {}), result.systems[name].per_query[measure]
        if then.keys() == now.keys():
            differences[name, measure] = to_column(now, query_ids) - to_column(then, query_ids)
    if not differences:
        return {}
    adjusted = holm(randomisation_p(np.stack(list(differences.values()), axis=1)))
    return dict(zip(differences, map(float, adjusted), strict=True))
