"""The verbs of the evaluation: `evoke evaluate`, of `evaluate_cli`, `tune`, and those that train."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from crawler.verbs import Refused, check_output_files, read_settings, verb
from evaluation.evaluate_cli import Lenient, app, read_folders

Benchmarks = Annotated[list[Path], typer.Argument(metavar="BENCHMARK", help="Folders in BEIR's layout.")]


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
    lenient: Lenient = False,
) -> None:
    """Choose BM25, cleaning and fusion by judged queries."""
    from evaluation.settings import EvaluationSettings
    from evaluation.tuning import tuning
    from evaluation.tuning.report import tuning_to_text

    started = perf_counter()
    check_output_files(output)
    read = read_folders(benchmarks, split, lenient=lenient)
    tuned = tuning.tune(read, read_settings(EvaluationSettings), output)
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
    lenient: Lenient = False,
    terms_only: Annotated[
        bool,
        typer.Option(
            "--terms-only", help="Weigh terms and leave embeddings alone, for an encoder that has learnt descriptions."
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where a report goes, as Markdown: the figures on held-out works."),
    ] = None,
) -> None:
    """Train the query adapter on descriptions of works."""
    from evaluation.adapter_training import run
    from evaluation.settings import EvaluationSettings

    started = perf_counter()
    check_output_files(output, report)
    read = read_folders(benchmarks, split, lenient=lenient)
    training = run.train_query_adapter(read, read_settings(EvaluationSettings), output, terms_only=terms_only)
    table = run.training_to_markdown(training)
    typer.echo(table)
    if report:
        report.write_text(table, encoding="utf-8")
    left_out = f"; {training.n_left_out:,} queries describe no work" if training.n_left_out else ""
    typer.echo(
        f"{len(training.adapter.term_weights):,} stems weighed, learnt from "
        f"{sum(each.n_descriptions for each in training.figures):,} descriptions{left_out}; {output}; "
        f"{perf_counter() - started:.1f} s"
    )


@verb(
    app,
    "train-encoder",
    "evoke train-encoder benchmarks/films --labels tags.jsonl --ratings ratings.csv --rated-books books.csv "
    "-o encoder.safetensors",
)
def train_encoder(
    benchmarks: Benchmarks,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the changes of the weights go; with EVOKE_ENCODER_ADAPTATION=FILE, index and search use them.",
        ),
    ],
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split whose judgements count; not validation, not test.")
    ] = "train",
    lenient: Lenient = False,
    catalogue: Annotated[
        list[Path] | None,
        typer.Option(
            "--catalogue", metavar="FILE...", help="Works that labels and ratings speak of, besides the benchmarks'."
        ),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option("--labels", metavar="FILE...", help="Label files, as for `evoke train-values`."),
    ] = None,
    ratings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table of user_id, book_id and rating, as CSV.")
    ] = None,
    rated_books: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table of book_id and goodreads_book_id, as CSV.")
    ] = None,
    reviews: Annotated[
        list[Path] | None,
        typer.Option("--reviews", metavar="FILE...", help="Catalogues whose records have reviews of works."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="NAME...", help="Tasks to leave out, such as keywords."),
    ] = None,
    rank: Annotated[int | None, typer.Option(metavar="NUMBER", min=1, help="The rank of each change.")] = None,
    steps: Annotated[int | None, typer.Option(metavar="NUMBER", min=1, help="How many batches to train on.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="NUMBER", min=0, help="Decides what is drawn.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where a report goes, as Markdown: the tasks and their losses.")
    ] = None,
) -> None:
    """Adapt the encoder to descriptions, wishes and subjects."""
    if (ratings is None) != (rated_books is None):
        raise Refused("--ratings and --rated-books belong together: give both")
    from evaluation.encoder_training import run
    from evaluation.encoder_training.tasks import Material
    from evaluation.settings import EvaluationSettings

    started = perf_counter()
    inputs = [*(catalogue or []), *(labels or []), ratings, rated_books, *(reviews or [])]
    check_output_files(output, report, inputs=inputs)
    settings = read_settings(EvaluationSettings)
    read = read_folders(benchmarks, split, lenient=lenient)
    material = Material(catalogue or [], labels or [], ratings, rated_books, reviews or [])
    given = {"rank": rank, "n_steps": steps, "seed": seed}
    recipe = {name: value for name, value in given.items() if value is not None}
    training = run.train_encoder(read, material, settings, output, recipe, without or [])
    table = run.figures_to_markdown(training.figures)
    typer.echo(table)
    if report:
        report.write_text(table, encoding="utf-8")
    typer.echo(
        f"{len(training.adaptation.factors):,} layers changed by {len(training.figures):,} tasks in "
        f"{sum(each.n_steps for each in training.figures):,} steps; {output}; {perf_counter() - started:.1f} s"
    )


@verb(app, "train-reader", "evoke train-reader -o reader.safetensors --report figures.md")
def train_reader(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the trained reader goes; with EVOKE_READER=FILE, search uses it.",
        ),
    ],
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where a report goes, as Markdown: the figures on held-out words and frames."
        ),
    ] = None,
) -> None:
    """Train the reader of requests on requests of its own making."""
    from evaluation.settings import EvaluationSettings

    started = perf_counter()
    check_output_files(output, report)
    settings = read_settings(EvaluationSettings)
    from evaluation.reader_training import run

    plan = run.Plan()
    training = run.train_reader(settings, output, plan=plan)
    table = run.training_to_markdown(training)
    typer.echo(table)
    if report:
        report.write_text(table, encoding="utf-8")
    typer.echo(
        f"{training.n_frames:,} frames, {plan.n_requests:,} requests; {output}; {perf_counter() - started:.1f} s"
    )
