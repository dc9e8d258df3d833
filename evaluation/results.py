"""Write results as JSON and as the table that a terminal shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from evaluation.measures import MEASURES, OBJECTIVE
from evaluation.records import GAIN, AddedRecords, BenchmarkResult, Interval, LabelMeans, SystemResult
from evaluation.significance import SIGNIFICANT
from evaluation.understanding import Tally, Understanding

WORST_LABELS = 10
"""How many labels the table shows, the worst AUC first."""


def results_to_json(results: Sequence[BenchmarkResult], understanding: Understanding | None = None) -> bytes:
    """Return the results as JSON: one object, or a list of objects if there are several results."""
    objects = [result_to_object(result) for result in results]
    if understanding:
        objects.append(understanding_to_object(understanding))
    return orjson.dumps(objects[0] if len(objects) == 1 else objects, option=orjson.OPT_INDENT_2)


def result_to_object(result: BenchmarkResult) -> dict[str, Any]:
    """Return a result as it is written, without the texts of its queries and without empty parts."""
    systems = result.systems.items()
    labels = {dimension: asdict(label) for dimension, label in result.labels.items()}
    means = {works: asdict(mean) for works, mean in result.label_means.items()}
    return {
        "benchmark": result.benchmark,
        "split": result.split,
        "baseline": result.baseline,
        "n_works": result.n_works,
        "n_queries": result.n_queries,
        "n_qrels": result.n_qrels,
        **({"records": _added_to_object(result.added)} if result.added else {}),
        "systems": {
            name: {measure: asdict(interval) for measure, interval in system.measures.items()}
            for name, system in systems
        },
        "comparisons": {
            name: {measure: asdict(comparison) for measure, comparison in system.comparisons.items()}
            for name, system in systems if system.comparisons
        },
        "latency_ms": {name: dict(system.latency_ms) for name, system in systems if system.latency_ms},
        "per_query": {name: system.per_query for name, system in systems},
    } | ({"label_means": means, "labels": labels} if labels else {})  # fmt: skip


def _added_to_object(added: AddedRecords) -> dict[str, Any]:
    return {
        "files": [{"name": file.path.name, "n_added": len(file.lines)} for file in added.files],
        "digest": added.digest,
        "n_added": added.n_added,
        "n_works": added.n_works,
        "n_without_work": added.n_without_work,
        "n_repeated": added.n_repeated,
        "refused": {reason: asdict(refusals) for reason, refusals in added.refused.items()},
    }


def added_to_text(added: AddedRecords) -> str:
    """Return one line that counts the records added to a benchmark's works, those left out and those refused."""
    files = ", ".join(f"{file.path.name} {len(file.lines):,}" for file in added.files)
    parts = [
        f"records: {added.n_added:,} added to {added.n_works:,} of {added.n_works_of_corpus:,} works ({files})",
        f"{added.n_without_work:,} share no id with a work",
    ]
    if added.n_repeated:
        parts.append(f"{added.n_repeated:,} repeat an earlier line")
    parts += [f"{each.count:,} refused for {why} (first {each.first})" for why, each in added.refused.items()]
    return "; ".join(parts)


def result_to_text(result: BenchmarkResult) -> str:
    """Return the table of a benchmark's systems, and those of the means of labels and of those with the worst AUC."""
    names = [name for measure in MEASURES for name in ([measure, "95%"] if measure == OBJECTIVE else [measure])]
    rows = [["", *names, "p50 ms", "p95 ms"]]
    rows += [_system_row(name, system) for name, system in result.systems.items()]
    heading = (
        f"{result.benchmark}, {result.split}: {result.n_queries:,} queries, {result.n_qrels:,} judgements, "
        f"{result.n_works:,} works; + and - differ from {result.baseline} (p < {SIGNIFICANT} by Holm)"
    )
    lines = [heading, *([added_to_text(result.added)] if result.added else []), *align(rows)]
    if result.labels:
        worst = list(result.labels.values())[:WORST_LABELS]
        labels = [["", "AUC", OBJECTIVE, "F1", "precision", "recall", "labelled", "works"]] + [
            [label.name, *(f"{x:.3f}" for x in (label.auc, label.ndcg, label.f1, label.precision, label.recall)),
             f"{label.n_said:,}", f"{label.n_works:,}"]
            for label in worst
        ]  # fmt: skip
        means = [["", "works", "values and tags", "AUC", "95%", OBJECTIVE, "95%"]]
        means += [_means_row(works, mean) for works, mean in result.label_means.items()]
        lines += ["", *align(means), "", "The worst:", *align(labels)]
    return "\n".join(lines)


def _means_row(works: str, mean: LabelMeans) -> list[str]:
    sign = "+" if works == GAIN else ""

    def cells(interval: Interval) -> list[str]:
        value, low, high = (f"{each:{sign}.3f}" for each in (interval.value, interval.low, interval.high))
        return [value, f"{low} to {high}" if sign else f"{low}-{high}"]

    return [works, f"{mean.n_works:,}", f"{mean.n_labels:,}", *cells(mean.auc), *cells(mean.ndcg)]


def understanding_to_object(measured: Understanding) -> dict[str, Any]:
    """Return how requests are understood as it is written, with the checks that are not right, by request."""

    def tallies(by_name: Mapping[str, Tally]) -> dict[str, dict[str, int]]:
        return {name: asdict(tally) for name, tally in by_name.items()}

    return {
        "understanding": measured.name,
        "n_works": measured.n_works,
        "n_requests": len(measured.requests),
        "n_checks": measured.all.total,
        "share": measured.all.share,
        "n_wholly_right": measured.n_wholly_right,
        "inverted": measured.inverted,
        "n_by_model": measured.n_by_model,
        "failures": measured.failures,
        "reading_ms": measured.reading_ms,
        "fields": tallies(measured.fields),
        "classes": tallies(measured.classes),
        "misses": {
            request_id: [{"field": check.field, "read": check.read} for check in misses]
            for request_id, misses in measured.misses.items()
        },
    }


def understanding_to_text(measured: Understanding) -> str:
    """Return the table of checks by field and by class of request, and a line that sums up."""
    rows = [["field", "right", "of", "share"]]
    rows += [_tally_row(name, tally) for name, tally in measured.fields.items()]
    rows += [["class", "", "", ""]]
    rows += [_tally_row(name, tally) for name, tally in measured.classes.items()]
    inverted = [
        f"inverted: {request_id}, read as wanting {', '.join(ids)}" for request_id, ids in measured.inverted.items()
    ]
    heading = f"{measured.name}: {len(measured.requests):,} requests, {measured.n_works:,} works"
    summary = (
        f"understood {measured.all.share:.3f} of {measured.all.total:,} checks; "
        f"{measured.n_wholly_right:,} requests wholly right; {len(inverted):,} inverted"
    )
    times = measured.reading_ms
    read = [f"read in {times['p50']:.1f} ms (p50), {times['p95']:.1f} ms (p95), embedding included"] if times else []
    if measured.n_by_model or measured.failures:
        read.append(f"{measured.n_by_model:,} requests read by the language model")
        read += [f"{n:,} {note}" for note, n in measured.failures.items()]
    return "\n".join([heading, *align(rows), "", *inverted, *read, summary])


def _tally_row(name: str, tally: Tally) -> list[str]:
    return [name, f"{tally.right:,}", f"{tally.total:,}", f"{tally.share:.3f}"]


def _system_row(name: str, system: SystemResult) -> list[str]:
    cells = []
    for measure in MEASURES:
        comparison = system.comparisons.get(measure)
        differs = comparison is not None and comparison.p < SIGNIFICANT
        mark = ("+" if comparison.difference > 0 else "-") if comparison and differs else " "
        interval = system.measures[measure]
        cells.append(f"{interval.value:.3f}{mark}")
        if measure == OBJECTIVE:
            cells.append(f"{interval.low:.3f}-{interval.high:.3f}")
    times = [f"{system.latency_ms[share]:.1f}" if system.latency_ms else "" for share in ("p50", "p95")]
    return [name, *cells, *times]


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, the first column aligned to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
