"""The verbs of the evaluation: `evoke evaluate`, `tune` and `train-descriptions`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from crawler.verbs import MEASURE_FELL, Refused, check_output_files, check_output_folders, read_settings, verb

app = typer.Typer()

Benchmarks = Annotated[list[Path], typer.Argument(metavar="BENCHMARK", help="Folders in BEIR's layout.")]


@verb(app, "evaluate", "evoke evaluate benchmarks/films --split validation --json films.json --report films")
def evaluate(
    benchmarks: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BENCHMARK",
            help="Folders in BEIR's layout. Without one: the benchmark of the starter catalogue.",
        ),
    ] = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="The split whose judgements count.")] = "validation",
    systems: Annotated[
        list[str] | None,
        typer.Option("--systems", metavar="NAME...", show_default="every system", help="The systems to measure."),
    ] = None,
    baseline_system: Annotated[
        str | None, typer.Option(metavar="NAME", show_default="bm25", help="The system to compare with.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Word vectors instead of EVOKE_MODEL: word2vec or fasttext, trained on the corpus, or vectors:FILE.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Where the results go, with the figures of each query."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the report goes: report.html and report.md.")
    ] = None,
    save_runs: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the systems' answers go, as TREC runs.")
    ] = None,
    runs: Annotated[
        list[Path] | None,
        typer.Option("--run", metavar="FILE...", help="TREC runs of other engines, to measure like the systems."),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            metavar="FILE...",
            help="Label files, as for `evoke train-values`, to measure values and tags by.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The --json file of an earlier evaluation; exit 1 if a measure fell by more than noise.",
        ),
    ] = None,
) -> None:
    """Measure search on benchmarks."""
    from evaluation import runner
    from evaluation.benchmark import read_benchmark, starter_benchmark
    from evaluation.gate import check_comparable, describe_fall, find_falls, read_baseline
    from evaluation.results import result_to_text, results_to_json
    from evaluation.settings import EvaluationSettings
    from evaluation.systems import BASELINE, SYSTEMS

    started = perf_counter()
    if runs and benchmarks and len(benchmarks) > 1:
        raise Refused("a --run file answers the queries of one benchmark: name one folder")
    check_output_files(json_file)
    check_output_folders(report, save_runs)
    plan = runner.Plan(
        systems=systems or SYSTEMS,
        baseline=baseline_system or BASELINE,
        runs=runs or [],
        labels=labels or [],
        save_runs=save_runs,
        encoder=encoder,
    )
    earlier = read_baseline(baseline) if baseline else []
    read = [read_benchmark(folder, split) for folder in benchmarks or []] or [starter_benchmark(split)]
    if baseline:
        check_comparable(earlier, read, {*plan.systems, plan.baseline})
    measured = runner.evaluate(read, read_settings(EvaluationSettings), plan)
    for result in measured.results:
        typer.echo(f"{result_to_text(result)}\n")
    for note in measured.notes:
        typer.echo(note)
    if json_file:
        json_file.write_bytes(results_to_json(measured.results))
    if report:
        from evaluation.report.report import write_report

        write_report(measured.results, report)
    falls = find_falls(earlier, measured.results) if baseline else []
    for fall in falls:
        typer.echo(describe_fall(fall))
    n_queries = sum(result.n_queries for result in measured.results)
    n_systems = max(len(result.systems) for result in measured.results)
    typer.echo(
        f"{len(measured.results):,} benchmarks, {n_queries:,} queries, {n_systems:,} systems; "
        f"{perf_counter() - started:.1f} s"
    )
    if falls:
        raise typer.Exit(MEASURE_FELL)


@verb(app, "tune", "evoke tune benchmarks/films benchmarks/books -o tuning.json")
def tune(
    benchmarks: Benchmarks,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the settings go; with EVOKE_TUNING=FILE, index and search use them.",
        ),
    ],
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split whose judgements count; not test.")
    ] = "validation",
) -> None:
    """Choose BM25, cleaning and fusion by judged queries."""
    from evaluation.benchmark import read_benchmark
    from evaluation.settings import EvaluationSettings
    from evaluation.tuning import tuning
    from evaluation.tuning.report import tuning_to_text

    started = perf_counter()
    check_output_files(output)
    read = [read_benchmark(folder, split) for folder in benchmarks]
    tuned = tuning.tune(read, read_settings(EvaluationSettings))
    output.write_text(tuned.to_tuned().model_dump_json(indent=2), encoding="utf-8")
    typer.echo(f"{tuning_to_text(tuned)}\n")
    n_queries = sum(len(benchmark.queries) for benchmark in read)
    n_better = sum(decision.is_better for decision in tuned.decisions)
    typer.echo(
        f"{len(read):,} benchmarks, {n_queries:,} queries: {n_better:,} of {len(tuned.decisions):,} settings "
        f"replaced; {output}; {perf_counter() - started:.1f} s"
    )


@verb(app, "train-descriptions", "evoke train-descriptions benchmarks/films -o descriptions.safetensors")
def train_descriptions(
    benchmarks: Benchmarks,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the trained weights go.")],
    split: Annotated[str, typer.Option(metavar="NAME", help="The split whose judgements count.")] = "train",
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where a report goes, as Markdown: the figures on held-out works."),
    ] = None,
) -> None:
    """Train the query adapter on descriptions of works."""
    from evaluation.adapter_training import run
    from evaluation.benchmark import read_benchmark
    from evaluation.settings import EvaluationSettings

    started = perf_counter()
    check_output_files(output, report)
    read = [read_benchmark(folder, split) for folder in benchmarks]
    training = run.train_query_adapter(read, read_settings(EvaluationSettings), output)
    table = run.figures_to_markdown(training.figures)
    typer.echo(table)
    if report:
        report.write_text(table, encoding="utf-8")
    left_out = f"; {training.n_left_out:,} queries describe no work" if training.n_left_out else ""
    typer.echo(
        f"{len(training.adapter.term_weights):,} stems weighed, learnt from "
        f"{sum(each.n_descriptions for each in training.figures):,} descriptions{left_out}; {output}; "
        f"{perf_counter() - started:.1f} s"
    )
