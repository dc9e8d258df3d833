"""Read and write runs in TREC's format: lines of `query Q0 work rank score tag`, separated by white space."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.benchmark import Benchmark
from evaluation.errors import RunInvalid
from evaluation.lines import Account, numbered_lines
from evaluation.measures import ranked
from evaluation.records import Run


@dataclass(frozen=True)
class ForeignRun:
    """A run of another engine, read from a file.

    Attributes:
        tag: The name of its system.
        answers: To the benchmark's queries. Scores are those of `trec_ranked`, without ties.
        notes: Lines to print: what was left out, and which queries have no answer.
    """

    tag: str
    answers: Run
    notes: tuple[str, ...]


def write_run(path: Path, system: str, run: Run) -> None:
    """Write a run. Tabs separate its fields, since an id may contain spaces.

    Works with equal scores get falling ones, so that trec_eval, which has another tie rule, keeps their order.
    """
    lines = []
    for query_id, scores in run.items():
        works, values = zip(*ranked(scores), strict=True) if scores else ((), ())
        for rank, (work_id, score) in enumerate(zip(works, _without_ties(values), strict=True), start=1):
            lines.append("\t".join((query_id, "Q0", work_id, str(rank), str(score), system)) + "\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")


def _without_ties(falling: Iterable[float]) -> Iterator[np.float32]:
    """Yield scores, each lower than the one before, in the 32 bits that trec_eval keeps of a score."""
    last = np.float32(np.inf)
    for score in falling:
        last = min(np.float32(score), np.nextafter(last, np.float32(-np.inf)))
        yield last


def trec_ranked(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the works of an answer in trec_eval's order, with strictly falling scores.

    trec_eval keeps 32 bits of a score and, of works with equal scores, puts the one with the higher id first
    (`comp_sim_docno` in its form_res_rels.c).
    """
    order = sorted(scores, reverse=True)
    order.sort(key=lambda work_id: -np.float32(scores[work_id]))
    return {work_id: float(-place) for place, work_id in enumerate(order)}


def read_run(path: Path, benchmark: Benchmark, *, lenient: bool = False) -> ForeignRun:
    """Return a run's answers to the benchmark's queries. As in trec_eval, scores decide and ranks do not.

    Answers to other queries are counted. With `lenient`, lines that cannot be used are left out, and works that the
    benchmark lacks keep their places as irrelevant ones, as trec_eval has it; both are counted.

    Raises:
        RunInvalid: The file cannot be read, or a line is malformed or names a work that the benchmark lacks; the
            message names file and line.
    """
    tag: str | None = None
    run: dict[str, dict[str, float]] = {}
    account = Account(lenient, RunInvalid)
    for line, text in numbered_lines(path, RunInvalid):
        fields = [each.strip() for each in text.split("\t")] if "\t" in text else text.split()
        if len(fields) != 6:
            problem, remedy = f"has {len(fields)} fields", "give `query Q0 work rank score tag`"
            account.forgive("lines that are no answers, left out", line, problem, remedy)
            continue
        query_id, _, work_id, _, score_text, this_tag = fields
        tag = tag or this_tag
        if this_tag != tag:
            raise RunInvalid(f"{line}: the tag is {this_tag!r}, but {tag!r} above: give each run its own file")
        score = _to_score(score_text)
        if query_id not in benchmark.queries:
            account.count("answers to queries that are not judged", f"{line}: {query_id}")
        elif score is None:
            problem, remedy = f"the score {score_text!r} is not a finite number", "give a number"
            account.forgive("lines that are no answers, left out", line, problem, remedy)
        elif work_id in run.get(query_id, {}):
            problem = f"query {query_id!r} has work {work_id!r} twice"
            account.forgive("answers given twice, of which the first counts", line, problem, "keep one line")
        else:
            if work_id not in benchmark.work_ids:
                problem, remedy = f"{benchmark.corpus} has no work {work_id!r}", "name a run over this corpus"
                account.forgive("answers with absent works, which keep their places", line, problem, remedy)
            run.setdefault(query_id, {})[work_id] = score
    if tag is None or not run:
        raise RunInvalid(
            f"{path} answers no query of {benchmark.name}, {benchmark.split}: name a run of this benchmark"
        )
    for query_id in benchmark.queries:
        if query_id not in run:
            account.count("judged queries without an answer, which score zero", query_id)
    return ForeignRun(
        tag, {query_id: trec_ranked(scores) for query_id, scores in run.items()}, account.notes(path.name)
    )


def _to_score(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if math.isfinite(score) else None
