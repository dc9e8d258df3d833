"""Read and write runs in TREC's format: lines of `query Q0 work rank score tag`, separated by white space."""

from __future__ import annotations

import math
from pathlib import Path

from crawler.catalogue import Line
from evaluation.benchmark import Benchmark
from evaluation.errors import RunInvalid
from evaluation.measures import ranked
from evaluation.records import Run


def write_run(path: Path, system: str, run: Run) -> None:
    """Write a run. Tabs separate its fields, since an id may contain spaces."""
    lines = [
        "\t".join((query_id, "Q0", work_id, str(rank), repr(score), system)) + "\n"
        for query_id, scores in run.items()
        for rank, (work_id, score) in enumerate(ranked(scores), start=1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")


def read_run(path: Path, benchmark: Benchmark) -> tuple[str, Run]:
    """Return a run's tag and its answers to the benchmark's queries. As in trec_eval, scores decide and ranks do not.

    Raises:
        RunInvalid: A line is malformed or names a work that the benchmark lacks; the message names file and line.
    """
    tag: str | None = None
    run: dict[str, dict[str, float]] = {}
    for number, text in enumerate(_read_text(path).split("\n"), start=1):
        if not text.strip():
            continue
        line = Line(path, number)
        fields = text.split("\t") if "\t" in text else text.split()
        if len(fields) != 6:
            raise RunInvalid(f"{line}: has {len(fields)} fields: give `query Q0 work rank score tag`")
        query_id, _, work_id, _, score, this_tag = fields
        tag = tag or this_tag
        if this_tag != tag:
            raise RunInvalid(f"{line}: the tag is {this_tag!r}, but {tag!r} above: give each run its own file")
        if query_id not in benchmark.queries:
            continue
        if work_id not in benchmark.work_ids:
            raise RunInvalid(f"{line}: {benchmark.corpus} has no work {work_id!r}: name a run over this corpus")
        if work_id in run.setdefault(query_id, {}):
            raise RunInvalid(f"{line}: query {query_id!r} has work {work_id!r} twice: keep one line")
        run[query_id][work_id] = _to_score(score, line)
    if tag is None or not run:
        raise RunInvalid(
            f"{path} answers no query of {benchmark.name}, {benchmark.split}: name a run of this benchmark"
        )
    return tag, run


def _to_score(text: str, line: Line) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise RunInvalid(f"{line}: the score {text!r} is not a finite number")
    return score


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RunInvalid(f"{path} is not UTF-8: {error.reason} at byte {error.start:,}") from error
