"""The verb of the crawler: `evoke crawl`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.sources.table import SOURCES
from crawler.text import count_of
from crawler.verbs import INTERRUPTED, Refused, read_settings, verb

if TYPE_CHECKING:
    from crawler.run import CrawlReport
    from crawler.saved import SavedReport

app = typer.Typer()


def _parse_source(name: str) -> str:
    if name not in SOURCES:
        raise typer.BadParameter(f"{name!r} is not a source: choose {', '.join(SOURCES)}")
    return name


@verb(app, "crawl", "evoke crawl tmdb --from-date 2020-01-01 --limit 500 -o films.jsonl")
def crawl(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", parser=_parse_source, autocompletion=lambda: list(SOURCES), help=", ".join(SOURCES)
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
) -> None:
    """Ask a source for works, or read its saved answers."""
    if saved:
        if resume:
            raise Refused("--resume continues a crawl, but saved answers are always read from the start: leave it out")
        choosing = {"--query": query, "--ids": ids, "--ids-file": ids_file, "--from-date": from_date}
        given = ", ".join(flag for flag, value in choosing.items() if value is not None)
        if given:
            raise Refused(f"{given}: chooses what to ask a source for, but --saved reads every answer: leave it out")
        _read_saved(source, saved, output, limit)
    else:
        _ask_source(source, output, query, ids or [], ids_file, from_date, limit, resume=resume)


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
