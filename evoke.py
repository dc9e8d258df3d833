"""The front door: `evoke VERB`. A stage is imported when its verb is called, so that `evoke --help` answers at once."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NoReturn, TypeVar

from crawler.sources.table import SOURCES

if TYPE_CHECKING:
    from pydantic import ValidationError

    from crawler.settings import HomeSettings
    from indexer.build_report import BuildReport
    from search_api.records import Hit, Page

DESCRIPTION = "Find films and books by what they give you."
FELL = 1
USAGE_ERROR = 2
INTERRUPTED = 130

S = TypeVar("S", bound="HomeSettings")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and gives the exit code: 0 done, 1 a measure fell, 2 refused in one line, 130 interrupted."""
    _speak_any_alphabet()
    options = _parser().parse_args(arguments)
    try:
        code = _VERBS[options.verb](options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print(f"evoke {options.verb}: interrupted; what was done is kept, run it again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads the answer, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        line = _refusal(error)
        if line is None:
            raise
        print(f"evoke {options.verb}: {' '.join(line.split())}", file=sys.stderr)
        return USAGE_ERROR


def _speak_any_alphabet() -> None:
    """Lets a terminal that lacks a character show its code instead of ending the answer there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, as the verbs do."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message}; {self.prog} --help tells more\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="evoke", description=DESCRIPTION, epilog="evoke VERB --help tells more.")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    crawl = _add_verb(
        verbs, "crawl", "ask a source for works, or read its saved answers",
        "evoke crawl tmdb --from-date 2020-01-01 --limit 500 -o films.jsonl",
    )  # fmt: skip
    crawl.add_argument("source", metavar="SOURCE", choices=tuple(SOURCES), help=", ".join(SOURCES))
    crawl.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where the records go")
    crawl.add_argument("--query", help="words to search for; goodreads: a list or series, such as list/show/1")
    crawl.add_argument("--ids", nargs="+", default=[], metavar="ID", help="the source's own ids")
    crawl.add_argument("--ids-file", type=Path, metavar="FILE", help='a line is an id, or an object with an "id"')
    crawl.add_argument("--from-date", type=date.fromisoformat, metavar="DATE", help="released since, as 2020-01-31")
    crawl.add_argument("--limit", type=_count, metavar="N", help="the most records to write")
    crawl.add_argument("--resume", action="store_true", help="go on with a file that an earlier crawl began")
    crawl.add_argument(
        "--saved", nargs="+", type=Path, metavar="PATH",
        help="read saved answers and pages (files or folders, gzip too) instead of asking",
    )  # fmt: skip

    profile = _add_verb(
        verbs, "profile", "show what catalogues hold, lack and repeat, as one page",
        "evoke profile films.jsonl books.jsonl.gz -o report.html",
    )  # fmt: skip
    profile.add_argument(
        "catalogues", metavar="CATALOGUE", nargs="*", type=Path,
        help="as `evoke index` reads them. None: the starter catalogue",
    )  # fmt: skip
    profile.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where the page goes")

    index = _add_verb(verbs, "index", "make works searchable", "evoke index films.jsonl books.jsonl.gz --prune")
    index.add_argument(
        "catalogues", metavar="CATALOGUE", nargs="*", type=Path,
        help="JSON Lines of source records, or a BEIR corpus; gzip too. None: the starter catalogue",
    )  # fmt: skip
    index.add_argument("--prune", action="store_true", help="remove the works that these catalogues do not have")
    index.add_argument(
        "--keep-starter", action="store_true", help="keep the starter catalogue, which leaves when others are indexed"
    )
    index.add_argument(
        "--rejects", type=Path, help="where lines that are no records go (default: EVOKE_HOME/rejects.jsonl)"
    )

    label = _add_verb(
        verbs, "label", "write what works give, without an index", "evoke label films.jsonl -o labels.jsonl"
    )
    label.add_argument("catalogues", metavar="CATALOGUE", nargs="+", type=Path, help="as for `evoke index`")
    label.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where the labels go")

    _add_training(verbs)

    search = _add_verb(verbs, "search", "ask for works", 'evoke search "something hopeful about the sea" --limit 5')
    search.add_argument("query", metavar="QUERY")
    search.add_argument("--limit", type=int, default=10, help="how many works (1 to 100; default 10)")
    search.add_argument("--offset", type=int, default=0, help="how many works to skip")
    search.add_argument("--filters", metavar="JSON", help='such as {"kind": "book", "year": {"gte": 1990}}')
    search.add_argument("--json", action="store_true", help="print the page as the API gives it")
    search.add_argument(
        "--explain", action="store_true", help="show each leg's score and rank, and what was understood"
    )

    _add_evaluation_verbs(verbs)

    serve = _add_verb(verbs, "serve", "serve the API and the page", "evoke serve --port 8000 --workers 2")
    serve.add_argument(
        "--host", default="127.0.0.1", help="where to listen; beyond this machine only with EVOKE_API_KEY set"
    )
    serve.add_argument("--port", type=_port, default=8000)
    serve.add_argument("--workers", type=_count, default=1, help="processes that answer")
    return parser


def _add_evaluation_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    evaluate = _add_verb(
        verbs, "evaluate", "measure search on benchmarks",
        "evoke evaluate benchmarks/films --split validation --json films.json --report films",
    )  # fmt: skip
    evaluate.add_argument(
        "benchmarks", metavar="BENCHMARK", nargs="*", type=Path,
        help="folders in BEIR's layout. None: the benchmark of the starter catalogue",
    )  # fmt: skip
    evaluate.add_argument("--split", default="validation", help="whose judgements (default validation)")
    evaluate.add_argument("--systems", metavar="NAME", nargs="+", help="what to measure (default: every system)")
    evaluate.add_argument("--baseline-system", metavar="NAME", help="what to compare with (default bm25)")
    evaluate.add_argument(
        "--encoder", metavar="NAME",
        help="word vectors instead of EVOKE_MODEL: word2vec or fasttext, trained on the corpus, or vectors:FILE",
    )  # fmt: skip
    evaluate.add_argument("--json", metavar="FILE", type=Path, help="where the results go, query by query too")
    evaluate.add_argument("--report", metavar="FOLDER", type=Path, help="where a page of the results goes")
    evaluate.add_argument("--save-runs", metavar="FOLDER", type=Path, help="where the answers go, as TREC runs")
    evaluate.add_argument(
        "--run", metavar="FILE", nargs="+", type=Path, default=[], help="TREC runs to judge beside the systems"
    )
    evaluate.add_argument(
        "--labels", metavar="FILE", nargs="+", type=Path, default=[],
        help="label files as for `evoke train-values`, to judge values and tags by",
    )  # fmt: skip
    evaluate.add_argument(
        "--baseline", metavar="FILE", type=Path, help="an earlier --json: exit 1 where a measure fell beyond noise"
    )

    tune = _add_verb(
        verbs, "tune", "choose BM25, cleaning and fusion, by judged queries",
        "evoke tune benchmarks/films benchmarks/books -o tuning.json",
    )  # fmt: skip
    tune.add_argument("benchmarks", metavar="BENCHMARK", nargs="+", type=Path, help="as for `evoke evaluate`")
    tune.add_argument("--split", default="validation", help="whose judgements, but for test (default validation)")
    tune.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True,
        help="where what was chosen goes; EVOKE_TUNING=FILE makes index and search use it",
    )  # fmt: skip


def _add_verb(
    verbs: argparse._SubParsersAction[_Parser], name: str, purpose: str, example: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", epilog=f"Example: {example}"
    )


def _add_training(verbs: argparse._SubParsersAction[_Parser]) -> None:
    train = _add_verb(
        verbs, "train-values", "learn values and tags from labelled works",
        "evoke train-values films.jsonl.gz --labels tags.jsonl -o values.safetensors",
    )  # fmt: skip
    train.add_argument("catalogues", metavar="CATALOGUE", nargs="+", type=Path, help="as for `evoke index`")
    train.add_argument(
        "--labels", metavar="FILE", nargs="+", type=Path, required=True,
        help="JSON Lines: an id, a split (train, validation), and tags or shelves",
    )  # fmt: skip
    train.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where the weights go")
    train.add_argument("--trials", metavar="N", type=_count, default=12, help="recipes to try (default 12)")
    train.add_argument("--report", metavar="FILE", type=Path, help="Markdown: the trials, and each value's figures")

    describe = _add_verb(
        verbs, "train-descriptions", "learn how people describe a work they remember",
        "evoke train-descriptions benchmarks/films benchmarks/books -o descriptions.safetensors",
    )  # fmt: skip
    describe.add_argument(
        "benchmarks", metavar="BENCHMARK", nargs="+", type=Path,
        help="folders in BEIR's layout whose queries describe works",
    )  # fmt: skip
    describe.add_argument("--split", default="train", help="whose judgements (default train)")
    describe.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="where what was learnt goes")
    describe.add_argument("--report", metavar="FILE", type=Path, help="Markdown: the figures on works not learnt from")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to 65535 are")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} is too few")
    return count


def _crawl(options: argparse.Namespace) -> int:
    return _read_saved(options) if options.saved else _ask_source(options)


def _read_saved(options: argparse.Namespace) -> int:
    from crawler.saved import read_saved

    started = perf_counter()
    if options.resume:
        raise _UsageError("--resume goes on with a crawl: saved answers are read anew each time")
    report = read_saved(options.source, options.saved, options.output, limit=options.limit)
    for reason, n_answers in report.no_work.most_common():
        print(f"{n_answers:,} x {reason}, such as {report.examples[reason]}")
    repeated = f", {report.n_repeated:,} repeated" if report.n_repeated else ""
    print(
        f"{report.n_records:,} records from {report.n_files:,} files in {options.output}{repeated}; "
        f"{report.no_work.total():,} without a work; {perf_counter() - started:.1f} s"
    )
    return 0


def _ask_source(options: argparse.Namespace) -> int:
    from crawler.run import run_crawl
    from crawler.selection import Selection, read_ids
    from crawler.settings import CrawlSettings

    started = perf_counter()
    ids = (*options.ids, *(read_ids(options.ids_file) if options.ids_file else ()))
    selection = Selection(options.query, ids, options.from_date, options.limit)
    report = run_crawl(options.source, selection, _read_settings(CrawlSettings), options.output, resume=options.resume)
    for reason, n_answers in report.no_work.most_common():
        print(f"{n_answers:,} x {reason}")
    if report.n_failed:
        print(f"{report.n_failed:,} could not be fetched: --resume asks for them again")
    print(
        f"{report.n_records:,} records in {options.output}, {report.n_new:,} of them new; "
        f"{report.no_work.total():,} answers without a work; {perf_counter() - started:.1f} s"
    )
    return INTERRUPTED if report.interrupted else 0


def _profile(options: argparse.Namespace) -> int:
    from indexer.profile.report import kinds_text, make_report

    started = perf_counter()
    today = date.today()  # noqa: DTZ011 - the reader's day
    profile = make_report(options.catalogues or [_starter_catalogue()], options.output, today)
    extras = [
        f"{count:,} {what}"
        for count, what in ((profile.n_repeated, "repeated"), (profile.duplicates.n_merged, "to merge")) if count
    ]  # fmt: skip
    print(
        f"{', '.join([kinds_text(profile.n_by_kind), *extras])}; {profile.n_rejected:,} lines rejected; "
        f"{options.output} ({options.output.stat().st_size / 1000:,.0f} kB); {perf_counter() - started:.1f} s"
    )
    return 0


def _starter_catalogue() -> Path:
    from indexer.catalogues import starter_catalogue

    return starter_catalogue()


def _index(options: argparse.Namespace) -> int:
    from indexer.pipeline import build_index
    from indexer.settings import IndexSettings

    started = perf_counter()
    settings = _read_settings(IndexSettings)
    report = build_index(
        options.catalogues,
        settings,
        prune=options.prune,
        keep_starter=options.keep_starter,
        rejects=options.rejects,
    )
    for line in _report_lines(report, perf_counter() - started):
        print(line)
    return 0


def _report_lines(report: BuildReport, seconds: float) -> list[str]:
    """Gives what a build did: what a person should look at, and one closing line."""
    lines = list(report.notes)
    if report.n_rejected:
        lines.append(f"{report.n_rejected:,} lines rejected, each with its reason in {report.rejects}")
    if report.n_foreign:
        lines.append(f"{report.n_foreign:,} new texts are not in English: they are searched less well")
    slowest = [f"{step} {taken:.1f} s" for step, taken in report.seconds.slowest(4) if taken >= 0.05]
    changes = [f"{report.changes[change]:,} {change}" for change in ("new", "changed", "unchanged")]
    extras = [
        f"{count:,} {what}"
        for count, what in (
            (report.changes["repeated"], "repeated"), (report.n_pruned, "pruned"), (report.n_rejected, "rejected")
        ) if count
    ]  # fmt: skip
    done = f"now serving {report.generation}" if report.generation else "the index was up to date"
    lines.append(
        f"{report.n_works:,} works: {', '.join(changes + extras)}; {report.n_embedded:,} embedded; {done}; "
        f"{seconds:.1f} s" + (f" ({', '.join(slowest)})" if slowest else "")
    )
    return lines


def _label(options: argparse.Namespace) -> int:
    from indexer.label_catalogues import label_catalogues
    from indexer.settings import IndexSettings

    started = perf_counter()
    n_works = label_catalogues(options.catalogues, _read_settings(IndexSettings), options.output)
    print(f"{n_works:,} works labelled in {options.output}; {perf_counter() - started:.1f} s")
    return 0


def _train_values(options: argparse.Namespace) -> int:
    from indexer.settings import IndexSettings
    from indexer.value_training.report import report_to_markdown
    from indexer.value_training.run import train_values

    started = perf_counter()
    settings = _read_settings(IndexSettings)
    report = train_values(options.catalogues, options.labels, settings, options.output, options.trials)
    if options.report:
        options.report.write_text(report_to_markdown(report), encoding="utf-8")
    print(
        f"{len(report.head.outputs):,} values and tags learnt from {report.n_train:,} works, judged by "
        f"{report.n_validation:,}: mean AUC {report.outputs.auc.mean():.3f}, calibration error "
        f"{report.calibration_error:.3f}; {options.output}; {perf_counter() - started:.1f} s"
    )
    return 0


def _search(options: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from search_api.records import Filters, SearchRequest
    from search_api.search import open_search
    from search_api.settings import SearchSettings

    try:
        filters = Filters.model_validate_json(options.filters) if options.filters else Filters()
    except ValidationError as error:
        raise _UsageError(_problem(error, "filters", *error.errors()[0]["loc"])) from error
    try:
        request = SearchRequest(query=options.query, filters=filters, limit=options.limit, offset=options.offset)
    except ValidationError as error:
        raise _UsageError(_problem(error, *error.errors()[0]["loc"])) from error
    search = open_search(_read_settings(SearchSettings))
    try:
        search.check()  # loads the model, which is no part of the time that the answer tells
        page = search.search(request)
        notes = search.notes() if options.explain else ()
    finally:
        search.close()
    print(page.model_dump_json() if options.json else _page_text(page, notes, explain=options.explain))
    return 0


def _page_text(page: Page, notes: Sequence[str] = (), *, explain: bool) -> str:
    lines = []
    if explain:
        lines += [f"understood: {page.intent.model_dump_json(exclude_defaults=True)}"]
        lines += [*(f"note: {note}" for note in notes), ""]
    for place, hit in enumerate(page.hits, start=page.offset + 1):
        facts = ", ".join(str(fact) for fact in (hit.kind, hit.year, *(c.name for c in hit.creators[:2])) if fact)
        lines.append(f"{place:>3}. {hit.title} ({facts})")
        lines += [f"     {reason}" for reason in hit.reasons]
        lines += [f"     “{sentence}”" for sentence in _evidence(hit)]
        if explain:
            legs = ", ".join(f"{n} {s.score:.3f} (rank {s.rank})" for n, s in hit.legs.items() if s.score is not None)
            lines.append(f"     score {hit.score:.3f}: {legs}")
    lines += ["", f"{len(page.hits)} of {page.total:,} works, {page.took_ms:.0f} ms"]
    return "\n".join(lines)


def _evidence(hit: Hit) -> list[str]:
    """Gives the sentence of the hit's first value, the one that was asked for when one was."""
    return [value.evidence.text for value in hit.values[:1] if value.evidence]


def _evaluate(options: argparse.Namespace) -> int:
    from evaluation.benchmark import read_benchmark, starter_benchmark
    from evaluation.gate import check_comparable, describe_fall, find_falls, read_baseline
    from evaluation.results import result_to_text, results_to_json
    from evaluation.runner import Plan, evaluate
    from evaluation.settings import EvaluationSettings
    from evaluation.systems import BASELINE, SYSTEMS

    started = perf_counter()
    if options.run and len(options.benchmarks) > 1:
        raise _UsageError("--run answers one benchmark: name one folder")
    if options.json:
        _check_folder("--json", options.json)
    earlier = read_baseline(options.baseline) if options.baseline else []
    plan = Plan(
        systems=options.systems or SYSTEMS,
        baseline=options.baseline_system or BASELINE,
        runs=options.run,
        labels=options.labels,
        save_runs=options.save_runs,
        encoder=options.encoder,
    )
    benchmarks = [read_benchmark(folder, options.split) for folder in options.benchmarks]
    benchmarks = benchmarks or [starter_benchmark(options.split)]
    if options.baseline:
        check_comparable(earlier, benchmarks, {*plan.systems, plan.baseline})
    measured = evaluate(benchmarks, _read_settings(EvaluationSettings), plan)
    for result in measured.results:
        print(result_to_text(result), end="\n\n")
    for note in measured.notes:
        print(note)
    if options.json:
        options.json.write_bytes(results_to_json(measured.results))
    if options.report:
        from evaluation.report.report import write_report

        write_report(measured.results, options.report)
    falls = find_falls(earlier, measured.results) if options.baseline else []
    for fall in falls:
        print(describe_fall(fall))
    n_queries = sum(result.n_queries for result in measured.results)
    n_systems = max(len(result.systems) for result in measured.results)
    print(
        f"{len(measured.results):,} benchmarks, {n_queries:,} queries, {n_systems:,} systems; "
        f"{perf_counter() - started:.1f} s"
    )
    return FELL if falls else 0


def _train_descriptions(options: argparse.Namespace) -> int:
    from evaluation.adapter_training.run import figures_to_markdown, train_query_adapter
    from evaluation.benchmark import read_benchmark
    from evaluation.settings import EvaluationSettings

    started = perf_counter()
    for option, path in (("--output", options.output), ("--report", options.report)):
        if path:
            _check_folder(option, path)
    benchmarks = [read_benchmark(folder, options.split) for folder in options.benchmarks]
    training = train_query_adapter(benchmarks, _read_settings(EvaluationSettings), options.output)
    table = figures_to_markdown(training.figures)
    print(table)
    if options.report:
        options.report.write_text(table, encoding="utf-8")
    left_out = f"; {training.n_left_out:,} queries describe no work" if training.n_left_out else ""
    print(
        f"{len(training.adapter.term_weights):,} stems weighed, learnt from "
        f"{sum(each.n_descriptions for each in training.figures):,} descriptions{left_out}; {options.output}; "
        f"{perf_counter() - started:.1f} s"
    )
    return 0


def _tune(options: argparse.Namespace) -> int:
    from evaluation.benchmark import read_benchmark
    from evaluation.settings import EvaluationSettings
    from evaluation.tuning.report import tuning_to_text
    from evaluation.tuning.tuning import tune

    started = perf_counter()
    _check_folder("--output", options.output)
    benchmarks = [read_benchmark(folder, options.split) for folder in options.benchmarks]
    tuning = tune(benchmarks, _read_settings(EvaluationSettings))
    options.output.write_text(tuning.to_tuned().model_dump_json(indent=2), encoding="utf-8")
    print(tuning_to_text(tuning), end="\n\n")
    n_queries = sum(len(benchmark.queries) for benchmark in benchmarks)
    n_better = sum(decision.is_better for decision in tuning.decisions)
    print(
        f"{len(benchmarks):,} benchmarks, {n_queries:,} queries: {n_better:,} of {len(tuning.decisions):,} settings "
        f"replaced; {options.output}; {perf_counter() - started:.1f} s"
    )
    return 0


def _check_folder(option: str, file: Path) -> None:
    """Refuses a file that cannot be written: better said now than after minutes."""
    if not file.parent.is_dir():
        raise _UsageError(f"{option}: there is no folder {file.parent}")


def _serve(options: argparse.Namespace) -> int:
    from search_api.service.app import serve
    from search_api.settings import SearchSettings

    serve(_read_settings(SearchSettings), options.host, options.port, options.workers)
    return 0


class _UsageError(Exception):
    """An argument that the verb refuses."""


def _refusal(error: Exception) -> str | None:
    """Gives the line for an error that a stage refuses with; None for one that is our own fault."""
    modules = ("crawler.errors", "indexer.errors", "indexer.engine.errors", "search_api.errors", "evaluation.errors")
    names = ("CrawlerError", "IndexerError", "EngineError", "SearchError", "EvaluationError")
    known = tuple(getattr(sys.modules[m], n) for m, n in zip(modules, names, strict=True) if m in sys.modules)
    if isinstance(error, (_UsageError, *known)):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return None


def _read_settings(kind: type[S]) -> S:
    """Gives the settings that the environment describes."""
    from pydantic import ValidationError

    try:
        return kind()
    except ValidationError as error:
        variable, *place = error.errors()[0]["loc"]
        raise _UsageError(_problem(error, f"EVOKE_{variable}".upper(), *place)) from error


def _problem(error: ValidationError, *place: object) -> str:
    """Gives a record's first problem as `place: what is wrong`."""
    return f"{'.'.join(map(str, place))}: {error.errors()[0]['msg'].removeprefix('Value error, ')}"


_VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "crawl": _crawl, "profile": _profile, "index": _index, "label": _label, "train-values": _train_values,
    "search": _search, "evaluate": _evaluate, "tune": _tune, "train-descriptions": _train_descriptions,
    "serve": _serve,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
