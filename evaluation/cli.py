"""The verbs of the evaluation: `evoke evaluate`, `tune`, `train-descriptions`, `train-encoder` and `train-reader`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.verbs import MEASURE_FELL, Refused, check_output_files, check_output_folders, read_settings, verb

if TYPE_CHECKING:
    from evaluation.benchmark import Benchmark
    from evaluation.records import BenchmarkResult
    from evaluation.settings import EvaluationSettings
    from evaluation.taste.records import ProtocolResult
    from evaluation.understanding import Understanding

app = typer.Typer()

Benchmarks = Annotated[list[Path], typer.Argument(metavar="BENCHMARK", help="Folders in BEIR's layout.")]
Lenient = Annotated[
    bool,
    typer.Option("--lenient", help="Count lines of benchmarks and runs that cannot be used, instead of refusing them."),
]


@verb(app, "evaluate", "evoke evaluate benchmarks/films --split validation --json films.json --report films")
def evaluate(
    benchmarks: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BENCHMARK",
            help="Folders in BEIR's layout. Without one, and without --understanding: the benchmark of the starter "
            "catalogue.",
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
    lenient: Lenient = False,
    records: Annotated[
        list[Path] | None,
        typer.Option(
            "--records",
            metavar="FILE...",
            help="Catalogues whose records (facts, reviews) are added to the works that they share an id with.",
        ),
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option(
            "--labels",
            metavar="FILE...",
            help="Label files, as for `evoke train-values`, to measure values and tags by.",
        ),
    ] = None,
    understanding: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Requests with what they mean, to measure how they are understood; without BENCHMARK nothing else is "
            "measured.",
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --understanding: a chat endpoint that reads the requests too, in place of EVOKE_READER_URL.",
        ),
    ] = None,
    ratings: Annotated[
        list[Path] | None,
        typer.Option(
            "--ratings",
            metavar="FILE...",
            help="Ratings, as for `evoke train-taste`, to measure recommendations of the indexed works on people held "
            "out; nothing else is measured.",
        ),
    ] = None,
    links: Annotated[
        list[Path] | None,
        typer.Option("--links", metavar="FILE...", help="With --ratings: tables of the works that are rated."),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --ratings: pairs of works with a grade of their likeness, as CSV or TSV."
        ),
    ] = None,
    feedback: Annotated[
        list[Path] | None,
        typer.Option(
            "--feedback",
            metavar="FILE...",
            help="What people did with answers, as the service keeps it: a benchmark over the index that serves.",
        ),
    ] = None,
    least_feedback: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", min=1, show_default="3", help="With --feedback: the least lines of a query."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The --json file of an earlier evaluation; exit 1 if a measure fell by more than noise.",
        ),
    ] = None,
) -> None:
    """Measure search on benchmarks, how requests are understood, and recommendations."""
    if ratings:
        _refuse_beside(
            "--ratings measures recommendations alone",
            {"BENCHMARK": benchmarks, "--systems": systems, "--baseline-system": baseline_system, "--encoder": encoder,
             "--report": report, "--save-runs": save_runs, "--run": runs, "--records": records, "--labels": labels,
             "--understanding": understanding, "--reader": reader, "--feedback": feedback, "--baseline": baseline,
             "--lenient": lenient},
        )  # fmt: skip
        _evaluate_taste(ratings, links or [], pairs, json_file)
        return
    _refuse_without("--ratings", ratings, {"--links": links, "--pairs": pairs})
    _refuse_without("--understanding", understanding, {"--reader": reader})
    _refuse_without("--feedback", feedback, {"--least-feedback": least_feedback})
    if feedback:
        _refuse_beside(
            "--feedback is measured on the index that serves, as it is",
            {"--encoder": encoder, "--run": runs, "--records": records, "--labels": labels, "--lenient": lenient},
        )
    from evaluation import runner
    from evaluation.gate import Earlier, check_comparable, describe_falls, read_baseline
    from evaluation.results import result_to_text, understanding_to_text
    from evaluation.settings import EvaluationSettings
    from evaluation.systems import BASELINE, SYSTEMS
    from evaluation.understanding import read_requests
    from evaluation.understanding_run import measure_understanding

    started = perf_counter()
    has_folders = bool(benchmarks) or not (understanding or feedback)
    if not has_folders and not feedback:
        _refuse_without_benchmark(
            {"--systems": systems, "--baseline-system": baseline_system, "--encoder": encoder, "--report": report,
             "--save-runs": save_runs, "--run": runs, "--records": records, "--labels": labels, "--lenient": lenient}
        )  # fmt: skip
    if runs and benchmarks and len(benchmarks) > 1:
        raise Refused("a --run file answers the queries of one benchmark: name one folder")
    inputs = [*(runs or []), *(records or []), *(labels or []), *(feedback or []), understanding]
    check_output_files(json_file, inputs=inputs)
    check_output_folders(report, save_runs)
    plan = runner.Plan(
        systems=systems or SYSTEMS,
        baseline=baseline_system or BASELINE,
        runs=runs or [],
        labels=labels or [],
        save_runs=save_runs,
        is_lenient=lenient,
        encoder=encoder,
    )
    earlier = read_baseline(baseline) if baseline else Earlier()
    requests = read_requests(understanding) if understanding else []
    settings = read_settings(EvaluationSettings)
    read = _read_benchmarks(benchmarks or [], split, records or [], lenient=lenient) if has_folders else []
    if feedback:
        read.append(_read_feedback(feedback, settings, least_feedback))
    if baseline:
        check_comparable(earlier, read, {*plan.systems, plan.baseline}, understanding)
    read_by = _with_reader(settings, reader) if reader else settings
    measured = runner.evaluate(read, settings, plan) if read else runner.Evaluation()
    understood = measure_understanding(understanding, requests, read_by) if understanding else None
    shown = [f"{result_to_text(result)}\n" for result in measured.results] + measured.notes
    for text in [*shown, f"{understanding_to_text(understood)}\n"] if understood else shown:
        typer.echo(text)
    _write_results(measured.results, understood, json_file, report)
    falls = describe_falls(earlier, measured.results, understood) if baseline else []
    for fall in falls:
        typer.echo(fall)
    n_queries = sum(result.n_queries for result in measured.results)
    n_systems = max((len(result.systems) for result in measured.results), default=0)
    counts = [f"{len(read):,} benchmarks, {n_queries:,} queries, {n_systems:,} systems"] if read else []
    if understood:
        counts.append(f"{len(requests):,} requests")
    typer.echo(f"{'; '.join(counts)}; {perf_counter() - started:.1f} s")
    if falls:
        raise typer.Exit(MEASURE_FELL)


def _with_reader(settings: EvaluationSettings, url: str) -> EvaluationSettings:
    """Return the settings with a chat endpoint that reads requests too.

    Raises:
        Refused: It is not an address.
    """
    from indexer.settings import check_web_address

    try:
        return settings.model_copy(update={"reader_url": check_web_address(url)})
    except ValueError as error:
        raise Refused(f"--reader: {error}") from error


def _read_benchmarks(folders: list[Path], split: str, records: list[Path], *, lenient: bool) -> list[Benchmark]:
    """Return the benchmarks in folders, or the starter's, with records added to their works."""
    from evaluation.added_records import add_records
    from evaluation.benchmark import starter_benchmark

    read = _read_folders(folders, split, lenient=lenient) or [starter_benchmark(split)]
    return [add_records(benchmark, records) for benchmark in read]


def _read_folders(folders: list[Path], split: str, *, lenient: bool) -> list[Benchmark]:
    """Return the benchmarks in folders, and print what is to be said of their files."""
    from evaluation.benchmark import read_benchmark

    read = [read_benchmark(folder, split, lenient=lenient) for folder in folders]
    notes = [note for benchmark in read for note in benchmark.notes]
    if notes:
        typer.echo("\n".join([*notes, ""]))
    return read


def _read_feedback(files: list[Path], settings: EvaluationSettings, least: int | None) -> Benchmark:
    """Return the benchmark that feedback makes, and say which lines of it are not used."""
    from evaluation.feedback import LEAST_FEEDBACK, read_feedback

    benchmark, report = read_feedback(files, settings, least or LEAST_FEEDBACK)
    typer.echo("\n".join([*report.lines(), ""]))
    return benchmark


def _write_results(
    results: Sequence[BenchmarkResult], understood: Understanding | None, json_file: Path | None, report: Path | None
) -> None:
    from evaluation.results import results_to_json

    if json_file:
        json_file.write_bytes(results_to_json(results, understood))
    if report:
        from evaluation.report.report import write_report

        write_report(results, report)


def _evaluate_taste(ratings: list[Path], links: list[Path], pairs: Path | None, json_file: Path | None) -> None:
    from evaluation.settings import EvaluationSettings
    from evaluation.taste.report import pairs_to_text, protocol_to_text, taste_to_json
    from evaluation.taste.run import evaluate_taste

    started = perf_counter()
    check_output_files(json_file, inputs=[*ratings, *links, pairs])

    def show(result: ProtocolResult) -> None:
        typer.echo(f"{protocol_to_text(result)}\n")

    settings = read_settings(EvaluationSettings)
    evaluation = evaluate_taste(ratings, links, settings, pairs=pairs, show=show)
    if evaluation.pairs:
        typer.echo(pairs_to_text(evaluation.pairs))
    for note in evaluation.notes:
        typer.echo(note)
    if json_file:
        json_file.write_bytes(taste_to_json(evaluation))
    typer.echo(f"{len(evaluation.results):,} protocols; {perf_counter() - started:.1f} s")


def _refuse_beside(why: str, options: Mapping[str, object]) -> None:
    """Refuse options that another option leaves no room for.

    Raises:
        Refused: One of the options is given.
    """
    if given := [name for name, value in options.items() if value]:
        raise Refused(f"{why}: leave out {given[0]}")


def _refuse_without(option: str, value: object, options: Mapping[str, object]) -> None:
    """Refuse options that belong to another one where that is not given.

    Args:
        option: The option that they belong to.
        value: Its value.
        options: Their values, by name.

    Raises:
        Refused: One of the options is given without the one that it belongs to.
    """
    given = [name for name, own in options.items() if own]
    if given and not value:
        raise Refused(f"{given[0]} belongs to {option}: give both")


def _refuse_without_benchmark(options: Mapping[str, object]) -> None:
    """Refuse options that only a benchmark can use.

    Raises:
        Refused: One of the options is given.
    """
    if given := [name for name, value in options.items() if value]:
        raise Refused(f"{given[0]} measures benchmarks: name a BENCHMARK beside --understanding, or leave it out")


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
    read = _read_folders(benchmarks, split, lenient=lenient)
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
    read = _read_folders(benchmarks, split, lenient=lenient)
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
    read = _read_folders(benchmarks, split, lenient=lenient)
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
