"""Write results as one HTML page without external files, and as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import jinja2

from crawler.text import clean_line
from evaluation.measures import OBJECTIVE
from evaluation.records import GAIN, BenchmarkResult, Interval
from evaluation.report.plots import plot_differences, plot_intervals
from evaluation.report.sections import ABOVE, BELOW, SYSTEM, Cell, QueryScores, Section, system_names
from evaluation.results import added_to_text
from evaluation.significance import SIGNIFICANT

MARKS = {ABOVE: "significantly above the baseline", BELOW: "significantly below the baseline"}
NOTE = (
    "Means over the queries with 95% bootstrap intervals. The best is in bold. "
    f"{', '.join(f'{mark} {meaning}' for mark, meaning in MARKS.items())} "
    f"(p < {SIGNIFICANT}, paired randomisation test, adjusted by Holm)."
)
LATENCIES = ("p50", "p95")
LONGEST_EXCERPT, LONGEST_LINE = 200, 2_000
"""The most characters that are shown of a query or name, and of the line about added records."""
_MISSING = "\N{EN DASH}"
_MARKDOWN = re.compile(r"[\\`*\[\]<>|#~&$]|(?<!\w)_|_(?!\w)")


def write_report(results: Sequence[BenchmarkResult], folder: Path) -> None:
    """Write report.html and report.md into a folder, which is created if it is missing.

    Raises:
        OSError: They cannot be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(render_report(results), encoding="utf-8")
    (folder / "report.md").write_text(results_to_markdown(results), encoding="utf-8")


def render_report(results: Sequence[BenchmarkResult]) -> str:
    """Return the page. Every text that comes from a query, a run or a benchmark is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "excerpt": excerpt, "number": number, "signed": signed, "probability": probability, "latency": latency,
        "mean": mean_to_text, "added": added_to_text,
    }  # fmt: skip
    template = environment.from_string(files("evaluation.report").joinpath("report.html").read_text(encoding="utf-8"))
    sections = [Section(result) for result in results]
    return template.render(
        sections=sections,
        plots=[_plots(f"benchmark-{number}", section) for number, section in enumerate(sections, 1)],
        system_names=system_names(results),
        latencies=LATENCIES,
        main=SYSTEM,
        gain=GAIN,
        longest_line=LONGEST_LINE,
        measure=OBJECTIVE,
        marks=MARKS,
        above=ABOVE,
        note=NOTE,
    )


def results_to_markdown(results: Sequence[BenchmarkResult]) -> str:
    """Return the report's tables as GitHub's Markdown. Texts of queries, runs and benchmarks are escaped."""
    sections = [Section(result) for result in results]
    blocks = ["# Search quality", NOTE]
    if len(sections) > 1:
        columns = ["system", *(_escape(result.benchmark) for result in results)]
        rows = (
            [_escape(name), *(_cell_to_markdown(section.cell(name)) for section in sections)]
            for name in system_names(results)
        )
        blocks += [f"## {OBJECTIVE}", _table(columns, rows)]
    return "\n\n".join([*blocks, *(block for section in sections for block in _section_to_markdown(section))]) + "\n"


def _section_to_markdown(section: Section) -> Iterable[str]:
    result, baseline = section.result, _escape(section.result.baseline)
    yield f"## {_escape(result.benchmark)}"
    counts = f"{result.n_works:,} works, {result.n_queries:,} queries, {result.n_qrels:,} judgements"
    yield f"{counts}; split {_escape(result.split)}; baseline {baseline}."
    if result.added:
        yield _escape(added_to_text(result.added), LONGEST_LINE)
    yield _systems_table(section)
    if section.comparisons:
        rows = (
            [_escape(name), signed(c.difference), probability(c.p), *(f"{n:,}" for n in (c.wins, c.ties, c.losses))]
            for name, c in section.comparisons.items()
        )
        yield f"### Against {baseline}, by {OBJECTIVE}"
        yield _table(["system", "difference", "p", "wins", "ties", "losses"], rows)
    if section.wins:
        yield f"### Largest wins of {SYSTEM}"
        yield _queries_table(section.wins, baseline)
    if section.losses:
        yield f"### Largest losses of {SYSTEM}"
        yield _queries_table(section.losses, baseline)
    if result.label_means:
        yield "### Labels, means"
        yield _means_table(section)
    if section.labels:
        yield "### Labels, worst first"
        yield _labels_table(section)


def _systems_table(section: Section) -> str:
    measures, latencies = section.measures, LATENCIES if section.has_latency else ()
    rows = (
        [
            _escape(name),
            *(_cell_to_markdown(section.cell(name, measure)) for measure in measures),
            *(latency(section.result.systems[name].latency_ms, share) for share in latencies),
        ]
        for name in section.systems
    )
    return _table(["system", *map(_escape, measures), *(f"{share} ms" for share in latencies)], rows)


def _queries_table(queries: Sequence[QueryScores], baseline: str) -> str:
    rows = ([_escape(q.text), number(q.score), number(q.baseline), signed(q.difference)] for q in queries)
    return _table(["query", SYSTEM, baseline, "difference"], rows)


def _labels_table(section: Section) -> str:
    rows = (
        [
            f"{_escape(label.name)} ({_escape(dimension)})",
            *(f"{n:,}" for n in (label.n_works, label.n_said)),
            *map(number, (label.precision, label.recall, label.f1, label.auc, label.ndcg)),
        ]
        for dimension, label in section.labels
    )
    return _table(["label", "works", "labelled by people", "precision", "recall", "F1", "AUC", OBJECTIVE], rows)


def _means_table(section: Section) -> str:
    rows = (
        [
            works,
            *(f"{n:,}" for n in (mean.n_works, mean.n_labels)),
            *(mean_to_text(each, is_difference=works == GAIN) for each in (mean.auc, mean.ndcg)),
        ]
        for works, mean in section.result.label_means.items()
    )
    return _table(["measured on", "works", "values and tags", "AUC", OBJECTIVE], rows)


def excerpt(text: str, most: int = LONGEST_EXCERPT) -> str:
    """Return the beginning of a text on one line, without control characters, with an ellipsis where more follows."""
    line = str(clean_line(text))
    return line if len(line) <= most else line[:most].rstrip() + " ..."


def number(value: float) -> str:
    """Return a value with three digits; a dash for NaN."""
    return _MISSING if math.isnan(value) else f"{value:.3f}"


def mean_to_text(mean: Interval, *, is_difference: bool) -> str:
    """Return a mean with its interval; that of differences with signs."""
    value, low, high = (signed(each) if is_difference else number(each) for each in (mean.value, mean.low, mean.high))
    return f"{value} ({low} to {high})"


def signed(difference: float) -> str:
    """Return a difference with three digits and its sign."""
    return f"{difference:+z.3f}".replace("-", "\N{MINUS SIGN}")


def probability(p: float) -> str:
    """Return a p value with three digits."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def latency(latency_ms: Mapping[str, float], share: str) -> str:
    """Return milliseconds with one digit; a dash where a system was not timed."""
    return f"{latency_ms[share]:,.1f}" if share in latency_ms else _MISSING


def _plots(name: str, section: Section) -> tuple[str, str]:
    """Return the plots of systems and of queries as SVG, each empty where there is nothing to plot."""
    intervals, differences = section.intervals, [query.difference for query in section.queries]
    return (
        plot_intervals(f"{name}-systems", intervals, highlighted=SYSTEM, baseline=section.result.baseline)
        if intervals else "",
        plot_differences(f"{name}-queries", differences) if differences else "",
    )  # fmt: skip


def _cell_to_markdown(cell: Cell | None) -> str:
    if cell is None:
        return _MISSING
    value, low, high = (number(n) for n in (cell.interval.value, cell.interval.low, cell.interval.high))
    return f"{f'**{value}**' if cell.best else value} ({low} to {high}) {cell.mark}".rstrip()


def _escape(text: str, most: int = LONGEST_EXCERPT) -> str:
    return _MARKDOWN.sub(r"\\\g<0>", excerpt(text, most))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, [":--", *["--:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
