"""The verb `evoke evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

# --- benchmarks ---

Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="BENCHMARK",
        help="Folders in BEIR's layout. Without one, and without --understanding: the benchmark of the starter "
        "catalogue.",
    ),
]
Split = Annotated[str, typer.Option(metavar="NAME", help="The split whose judgements count.")]
Lenient = Annotated[
    bool,
    typer.Option("--lenient", help="Count lines of benchmarks and runs that cannot be used, instead of refusing them."),
]
Records = Annotated[
    list[Path] | None,
    typer.Option(
        "--records",
        metavar="FILE...",
        help="Catalogues whose records (facts, reviews) are added to the works that they share an id with.",
    ),
]
Labels = Annotated[
    list[Path] | None,
    typer.Option(
        "--labels",
        metavar="FILE...",
        help="Label files, as for `evoke train-values`, to measure values and tags by.",
    ),
]
Runs = Annotated[
    list[Path] | None,
    typer.Option("--run", metavar="FILE...", help="TREC runs of other engines, to measure like the systems."),
]

# --- systems ---

Systems = Annotated[
    list[str] | None,
    typer.Option("--systems", metavar="NAME...", show_default="every system", help="The systems to measure."),
]
BaselineSystem = Annotated[
    str | None, typer.Option(metavar="NAME", show_default="bm25", help="The system to compare with.")
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Word vectors instead of EVOKE_MODEL: word2vec or fasttext, trained on the corpus, or vectors:FILE.",
    ),
]

# --- other things that are measured ---

UnderstandingFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Requests with what they mean, to measure how they are understood; without BENCHMARK nothing else is "
        "measured.",
    ),
]
ReaderUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="With --understanding: a chat endpoint that reads the requests too, in place of EVOKE_READER_URL.",
    ),
]
FeedbackFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--feedback",
        metavar="FILE...",
        help="What people did with answers, as the service keeps it: a benchmark over the index that serves.",
    ),
]
LeastFeedback = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", min=1, show_default="3", help="With --feedback: the least lines of a query."),
]
Ratings = Annotated[
    list[Path] | None,
    typer.Option(
        "--ratings",
        metavar="FILE...",
        help="Ratings, as for `evoke train-taste`, to measure recommendations of the indexed works on people held "
        "out; nothing else is measured.",
    ),
]
Links = Annotated[
    list[Path] | None,
    typer.Option("--links", metavar="FILE...", help="With --ratings: tables of the works that are rated."),
]
Pairs = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="With --ratings: pairs of works with a grade of their likeness, as CSV or TSV."),
]

# --- results ---

JsonFile = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Where the results go, with the figures of each query."),
]
Report = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where the report goes: report.html and report.md.")
]
SaveRuns = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where the systems' answers go, as TREC runs.")]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The --json file of an earlier evaluation; exit 1 if a measure fell by more than noise.",
    ),
]


@dataclass(frozen=True)
class _Options:
    """What is to be measured, by the names of the verb's options."""

    benchmarks: list[Path]
    split: str
    systems: list[str]
    baseline_system: str | None
    encoder: str | None
    json_file: Path | None
    report: Path | None
    save_runs: Path | None
    runs: list[Path]
    lenient: bool
    records: list[Path]
    labels: list[Path]
    understanding: Path | None
    reader: str | None
    ratings: list[Path]
    links: list[Path]
    pairs: Path | None
    feedback: list[Path]
    least_feedback: int | None
    baseline: Path | None


@verb(app, "evaluate", "evoke evaluate benchmarks/films --split validation --json films.json --report films")
def evaluate(
    benchmarks: Folders = None,
    split: Split = "validation",
    systems: Systems = None,
    baseline_system: BaselineSystem = None,
    encoder: EncoderName = None,
    json_file: JsonFile = None,
    report: Report = None,
    save_runs: SaveRuns = None,
    runs: Runs = None,
    lenient: Lenient = False,
    records: Records = None,
    labels: Labels = None,
    understanding: UnderstandingFile = None,
    reader: ReaderUrl = None,
    ratings: Ratings = None,
    links: Links = None,
    pairs: Pairs = None,
    feedback: FeedbackFiles = None,
    least_feedback: LeastFeedback = None,
    baseline: BaselineFile = None,
) -> None:
    """Measure search on benchmarks, how requests are understood, and recommendations."""
    options = _Options(
        benchmarks or [],
        split,
        systems or [],
        baseline_system,
        encoder,
        json_file,
        report,
        save_runs,
        runs or [],
        lenient,
        records or [],
        labels or [],
        understanding,
        reader,
        ratings or [],
        links or [],
        pairs,
        feedback or [],
        least_feedback,
        baseline,
    )
    if ratings:
        _evaluate_taste(options)
    else:
        _evaluate_search(options)


def _evaluate_search(options: _Options) -> None:
    """Measure search and how requests are understood."""
    _refuse_misfits(options)
    from evaluation import runner
    from evaluation.gate import Earlier, check_comparable, describe_falls, read_baseline
    from evaluation.results import result_to_text, understanding_to_text
    from evaluation.settings import EvaluationSettings
    from evaluation.systems import BASELINE, SYSTEMS
    from evaluation.understanding import read_requests
    from evaluation.understanding_run import measure_understanding

    started = perf_counter()
    understanding, json_file = options.understanding, options.json_file
    inputs = [*options.runs, *options.records, *options.labels, *options.feedback, understanding]
    check_output_files(json_file, inputs=inputs)
    check_output_folders(options.report, options.save_runs)
    plan = runner.Plan(
        systems=options.systems or SYSTEMS,
        baseline=options.baseline_system or BASELINE,
        runs=options.runs,
        labels=options.labels,
        save_runs=options.save_runs,
        is_lenient=options.lenient,
        encoder=options.encoder,
    )
    earlier = read_baseline(options.baseline) if options.baseline else Earlier()
    requests = read_requests(understanding) if understanding else []
    settings = read_settings(EvaluationSettings)
    read = _read_benchmarks(options, settings)
    if options.baseline:
        check_comparable(earlier, read, {*plan.systems, plan.baseline}, understanding)
    read_by = _with_reader(settings, options.reader) if options.reader else settings
    measured = runner.evaluate(read, settings, plan) if read else runner.Evaluation()
    understood = measure_understanding(understanding, requests, read_by) if understanding else None
    shown = [f"{result_to_text(result)}\n" for result in measured.results] + measured.notes
    for text in [*shown, f"{understanding_to_text(understood)}\n"] if understood else shown:
        typer.echo(text)
    _write_results(measured.results, understood, json_file, options.report)
    falls = describe_falls(earlier, measured.results, understood) if options.baseline else []
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


def _refuse_misfits(options: _Options) -> None:
    """Refuse options that do not go with what is measured.

    Raises:
        Refused: There are such options.
    """
    _refuse_without("--ratings", options.ratings, {"--links": options.links, "--pairs": options.pairs})
    _refuse_without("--understanding", options.understanding, {"--reader": options.reader})
    _refuse_without("--feedback", options.feedback, {"--least-feedback": options.least_feedback})
    of_benchmarks = {"--encoder": options.encoder, "--run": options.runs, "--records": options.records,
                     "--labels": options.labels, "--lenient": options.lenient}  # fmt: skip
    if options.feedback:
        _refuse_beside("--feedback is measured on the index that serves, as it is", of_benchmarks)
    elif options.understanding and not options.benchmarks:
        measuring = {"--systems": options.systems, "--baseline-system": options.baseline_system,
                     "--report": options.report, "--save-runs": options.save_runs}  # fmt: skip
        _refuse_without_benchmark({**measuring, **of_benchmarks})
    if options.runs and len(options.benchmarks) > 1:
        raise Refused("a --run file answers the queries of one benchmark: name one folder")


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


def _read_benchmarks(options: _Options, settings: EvaluationSettings) -> list[Benchmark]:
    """Return the benchmarks in folders, or the starter's, with records added to their works, and that of feedback."""
    from evaluation.added_records import add_records
    from evaluation.benchmark import starter_benchmark

    read = read_folders(options.benchmarks, options.split, lenient=options.lenient)
    if not (read or options.understanding or options.feedback):
        read = [starter_benchmark(options.split)]
    read = [add_records(benchmark, options.records) for benchmark in read]
    if options.feedback:
        read.append(_read_feedback(options.feedback, settings, options.least_feedback))
    return read


def read_folders(folders: list[Path], split: str, *, lenient: bool) -> list[Benchmark]:
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


def _evaluate_taste(options: _Options) -> None:
    """Measure recommendations on people held out."""
    others = {"BENCHMARK": options.benchmarks, "--systems": options.systems,
              "--baseline-system": options.baseline_system, "--encoder": options.encoder, "--report": options.report,
              "--save-runs": options.save_runs, "--run": options.runs, "--records": options.records,
              "--labels": options.labels, "--understanding": options.understanding, "--reader": options.reader,
              "--feedback": options.feedback, "--baseline": options.baseline, "--lenient": options.lenient}  # fmt: skip
    _refuse_beside("--ratings measures recommendations alone", others)
    from evaluation.settings import EvaluationSettings
    from evaluation.taste.report import pairs_to_text, protocol_to_text, taste_to_json
    from evaluation.taste.run import evaluate_taste

    started = perf_counter()
    check_output_files(options.json_file, inputs=[*options.ratings, *options.links, options.pairs])

    def show(result: ProtocolResult) -> None:
        typer.echo(f"{protocol_to_text(result)}\n")

    settings = read_settings(EvaluationSettings)
    evaluation = evaluate_taste(options.ratings, options.links, settings, pairs=options.pairs, show=show)
    if evaluation.pairs:
        typer.echo(pairs_to_text(evaluation.pairs))
    for note in evaluation.notes:
        typer.echo(note)
    if options.json_file:
        options.json_file.write_bytes(taste_to_json(evaluation))
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
