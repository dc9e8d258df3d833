"""The verb of the crawler: `evoke crawl`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, cast

import typer

from crawler.sources.table import SOURCES
from crawler.text import count_of
from crawler.verbs import INTERRUPTED, Refused, check_output_files, read_settings, verb

if TYPE_CHECKING:
    from crawler.records import Kind
    from crawler.run import CrawlReport
    from crawler.saved import SavedReport

app = typer.Typer()


TABLE = "table"
"""What is written in place of a source to read files with columns."""
_NAMES = (*SOURCES, TABLE)


def _parse_source(name: str) -> str:
    if name not in _NAMES:
        raise typer.BadParameter(f"{name!r} is not a source: choose {', '.join(_NAMES)}")
    return name


def _parse_kind(kind: str) -> str:
    if kind not in {"movie", "book"}:
        raise typer.BadParameter(f"{kind!r} is not a kind: choose movie or book")
    return kind


@verb(app, "crawl", "evoke crawl tmdb --from-date 2020-01-01 --limit 500 -o films.jsonl")
def crawl(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", parser=_parse_source, autocompletion=lambda: list(_NAMES), help=", ".join(_NAMES)
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the records go.")],
    query: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Words to search for; for goodreads a list or series, such as list/show/1."),
    ] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--ids", metavar="ID...", help="One or more ids of the source.")
    ] = None,
    ids_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='A file of ids: a line is an id, or a JSON object with an "id".'),
    ] = None,
    from_date: Annotated[
        date | None,
        typer.Option(
            parser=date.fromisoformat,
            metavar="DATE",
            help="Only works released on this day or later, such as 2020-01-31.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="The most records to write.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the file of an earlier crawl.")] = False,
    saved: Annotated[
        list[Path] | None,
        typer.Option(
            "--saved",
            metavar="PATH...",
            help="Read saved answers and pages (files or folders, gzip too) instead of asking the source.",
        ),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="For table: CSV, Excel, Parquet or JSON with a row for each work."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="TARGET=COLUMN,...",
            help="For table: what its columns mean, such as title=Name,year=Released,rating=Score/10.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(parser=_parse_kind, metavar="KIND", help="For table: movie or book, for all works.")
    ] = None,
) -> None:
    """Ask a source for works, or read its saved answers, or tables."""
    if source == TABLE:
        choosing = {"--query": query, "--ids": ids, "--ids-file": ids_file, "--from-date": from_date}
        given = [flag for flag, value in {**choosing, "--saved": saved, "--resume": resume or None}.items() if value]
        if given:
            raise Refused(f"{', '.join(given)}: is for sources; a table is read whole: leave it out")
        if not files:
            raise Refused("table: name the files to read: evoke crawl table films.csv -o films.jsonl")
        _read_tables(files, output, ",".join(mapping or []), kind, limit)
    elif files or mapping or kind:
        given = [name for name, value in (("FILE", files), ("--map", mapping), ("--kind", kind)) if value]
        raise Refused(f"{', '.join(given)}: is for `evoke crawl table`; what was saved of a source is read by --saved")
    elif saved:
        if resume:
            raise Refused("--resume continues a crawl, but saved answers are always read from the start: leave it out")
        choosing = {"--query": query, "--ids": ids, "--ids-file": ids_file, "--from-date": from_date}
        chosen = ", ".join(flag for flag, value in choosing.items() if value is not None)
        if chosen:
            raise Refused(f"{chosen}: chooses what to ask a source for, but --saved reads every answer: leave it out")
        _read_saved(source, saved, output, limit)
    else:
        _ask_source(source, output, query, ids or [], ids_file, from_date, limit, resume=resume)


def _read_tables(files: list[Path], output: Path, mapping: str, kind: str | None, limit: int | None) -> None:
    from crawler.tables.crawl import crawl_tables

    started = perf_counter()
    check_output_files(output, inputs=files)
    report = crawl_tables(files, output, mapping=mapping, kind=cast("Kind | None", kind), limit=limit)
    for line in [*report.left_out.lines(), *report.rejected_lines()]:
        typer.echo(line)
    repeated = f", {report.n_repeated:,} repeated" if report.n_repeated else ""
    written = count_of(report.n_records, "id" if report.next_step else "record")
    typer.echo(
        f"{written} from {count_of(report.n_files, 'file')} in {output}{repeated}; "
        f"{count_of(report.n_rejected, 'row')} rejected; {perf_counter() - started:.1f} s"
    )
    if report.next_step:
        typer.echo(report.next_step)


def _read_saved(source: str, saved: list[Path], output: Path, limit: int | None) -> None:
    from crawler.saved import read_saved

    started = perf_counter()
    report = read_saved(source, saved, output, limit=limit)
    if not report.n_records:
        raise Refused(f"no record in {count_of(report.n_files, 'file')}: {_why_nothing(report)}")
    for reason, n_answers in report.no_work.most_common():
        typer.echo(f"{n_answers:,} x {reason}, such as {report.examples[reason]}")
    repeated = f", {report.n_repeated:,} repeated" if report.n_repeated else ""
    typer.echo(
        f"{count_of(report.n_records, 'record')} from {count_of(report.n_files, 'file')} in {output}{repeated}; "
        f"{report.no_work.total():,} without a work; {perf_counter() - started:.1f} s"
    )


def _why_nothing(report: SavedReport) -> str:
    """Return the reasons why no answer is a work, the most frequent first, each with an example."""
    reasons = [f"{n:,} x {reason}, such as {report.examples[reason]}" for reason, n in report.no_work.most_common()]
    if not reasons:
        return "they have no rows" if report.n_files else "name the files or folders that have saved answers"
    return "; ".join(reasons)


def _describe_failures(report: CrawlReport) -> str:
    why = ", ".join(reason for reason, _ in report.failures.most_common(3))
    return f"{report.n_failed:,} could not be fetched ({why or 'unknown'}): run it again with --resume to retry"


def _ask_source(
    source: str,
    output: Path,
    query: str | None,
    ids: list[str],
    ids_file: Path | None,
    from_date: date | None,
    limit: int | None,
    *,
    resume: bool,
) -> None:
    from crawler.run import run_crawl
    from crawler.selection import Selection, read_ids
    from crawler.settings import CrawlSettings

    started = perf_counter()
    all_ids = (*ids, *(read_ids(ids_file) if ids_file else ()))
    selection = Selection(query, all_ids, from_date, limit)
    report = run_crawl(source, selection, read_settings(CrawlSettings), output, resume=resume)
    problems = [f"{n:,} x {reason}" for reason, n in report.no_work.most_common()]
    problems += [_describe_failures(report)] if report.n_failed else []
    if problems and not report.n_records and not report.interrupted:
        raise Refused(f"no record from {source}: {'; '.join(problems)}")
    for problem in problems:
        typer.echo(problem)
    typer.echo(
        f"{report.n_records:,} records in {output}, {report.n_new:,} of them new; "
        f"{report.no_work.total():,} answers without a work; {perf_counter() - started:.1f} s"
    )
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
