"""The gate: find the measures that fell by more than noise since an earlier evaluation.

A measure of a system fell, compared with the earlier evaluation of the same benchmark and split, when
- both evaluations judged the same queries, the mean difference is below zero, and a paired randomisation test gives
  p < .05, adjusted by Holm over the benchmark's systems and measures; or
- the mean dropped by more than half the width of the earlier 95% interval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError

from evaluation.benchmark import Benchmark
from evaluation.errors import BaselineInvalid
from evaluation.records import BenchmarkResult, Interval
from evaluation.significance import SIGNIFICANT, holm, randomisation_p, to_column

_ROUNDING = 1e-9


class EarlierResult(BaseModel):
    """The parts of an earlier result, as `evoke evaluate --json` wrote it, that the gate needs."""

    benchmark: str
    split: str
    systems: dict[str, dict[str, Interval]]
    per_query: dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Fall:
    """A measure that fell; `p` is None where the earlier evaluation judged other queries."""

    benchmark: str
    system: str
    measure: str
    before: float
    now: float
    p: float | None


def read_baseline(path: Path) -> list[EarlierResult]:
    """Return the results in a file that `evoke evaluate --json` wrote.

    Raises:
        BaselineInvalid: The file does not hold results of an evaluation.
    """
    content = path.read_bytes()
    one_or_several: TypeAdapter[EarlierResult | list[EarlierResult]] = TypeAdapter(EarlierResult | list[EarlierResult])
    try:
        earlier = one_or_several.validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"][1:]))
        raise BaselineInvalid(
            f"{path} is not an earlier evaluation: {field or 'file'}: {problem['msg']}; "
            "name a file that `evoke evaluate --json` wrote"
        ) from error
    return earlier if isinstance(earlier, list) else [earlier]


def check_comparable(
    earlier: Sequence[EarlierResult], benchmarks: Iterable[Benchmark], systems: Collection[str]
) -> None:
    """Refuse benchmarks that the earlier results cannot be compared with, before anything is measured.

    Raises:
        BaselineInvalid: The earlier results lack a benchmark, or have none of these systems on it.
    """
    by_name = {(result.benchmark, result.split): result for result in earlier}
    for benchmark in benchmarks:
        before = by_name.get((benchmark.name, benchmark.split))
        if not before or not before.systems.keys() & set(systems):
            raise BaselineInvalid(
                f"the earlier evaluation does not have {benchmark.name}, {benchmark.split}, with any of the systems "
                "to measure: choose its benchmarks and systems, or write a new one with --json"
            )


def find_falls(earlier: Sequence[EarlierResult], results: Sequence[BenchmarkResult]) -> list[Fall]:
    """Return the measures that fell, in the order of the results."""
    by_name = {(result.benchmark, result.split): result for result in earlier}
    return [fall for result in results for fall in _falls_of(by_name[result.benchmark, result.split], result)]


def describe_fall(fall: Fall) -> str:
    """Return one line that describes a fall."""
    p = "" if fall.p is None else f" (p {fall.p:.4f})"
    return f"fell: {fall.benchmark}, {fall.system}, {fall.measure} from {fall.before:.4f} to {fall.now:.4f}{p}"


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
