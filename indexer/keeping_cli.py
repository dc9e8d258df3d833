"""The verbs that keep an index: `evoke check`, `backup`, `restore` and `pull`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from crawler.verbs import MEASURE_FELL, Refused, check_output_files, read_settings, verb

if TYPE_CHECKING:
    from indexer.exchange import Exchanged

app = typer.Typer()


@verb(app, "check", "evoke check")
def check() -> None:
    """Read everything in the home folder and say what is damaged."""
    from indexer.checking import check_home
    from indexer.settings import IndexSettings
    from indexer.writing import writing

    started = perf_counter()
    settings = read_settings(IndexSettings)
    if not settings.home.is_dir():
        raise Refused(f"{settings.home}: there is nothing to check: `evoke index` makes an index")
    n_things = n_damaged = n_bytes = 0
    with writing(settings.home, "nothing was changed"):
        for checked in check_home(settings):
            typer.echo(f"{checked.name}: {checked.state}" + (f" ({_size(checked.n_bytes)})" if checked.n_bytes else ""))
            n_things += 1
            n_damaged += checked.is_damaged
            n_bytes += checked.n_bytes
    found = f"{n_damaged:,} damaged" if n_damaged else "no damage found"
    typer.echo(f"{n_things:,} things checked ({_size(n_bytes)}): {found}; {perf_counter() - started:.1f} s")
    if n_damaged:
        raise typer.Exit(MEASURE_FELL)


@verb(app, "backup", "evoke backup evoke.backup")
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup goes; an earlier one is replaced.")],
) -> None:
    """Keep the store and the index in one file."""
    from indexer.backup import back_up
    from indexer.settings import IndexSettings

    started = perf_counter()
    check_output_files(target)
    settings = read_settings(IndexSettings)
    report = back_up(settings, target)
    if settings.qdrant_url:
        typer.echo("the index is on the server and was left out: `evoke index` makes it again from the store")
    elif report.generation is None:
        typer.echo("there is no index: the backup holds the store only")
    what = f"the store and the index {report.generation}" if report.generation else "the store"
    typer.echo(
        f"{report.n_works:,} works: {what} in {target} ({_size(report.n_bytes)}); {perf_counter() - started:.1f} s"
    )


@verb(app, "restore", "evoke restore evoke.backup --replace")
def restore(
    backup: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `evoke backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace the index that is there.")] = False,
) -> None:
    """Bring back the store and the index from a backup."""
    from indexer import restoring
    from indexer.settings import IndexSettings

    started = perf_counter()
    report = restoring.restore(read_settings(IndexSettings), backup, replace=replace)
    serving = f"now serving {report.generation}" if report.generation else "`evoke index` builds the index from them"
    typer.echo(
        f"{report.header.n_works:,} works of {report.header.created_at} restored; {serving}; "
        f"{perf_counter() - started:.1f} s"
    )


@verb(app, "pull", "evoke pull http://qdrant.internal:6333")
def pull(
    url: Annotated[str, typer.Argument(metavar="URL", help="A Qdrant server, or several addresses of one cluster.")],
) -> None:
    """Copy the index of a Qdrant server into the home folder, to serve from there."""
    from indexer import exchange
    from indexer.settings import IndexSettings

    started = perf_counter()
    check_server(url)
    exchanged = exchange.pull(read_settings(IndexSettings), url)
    typer.echo(exchanged_line(exchanged, perf_counter() - started))


def check_server(url: str) -> None:
    """Refuse what is no address of a server.

    Raises:
        Refused: It is none.
    """
    from indexer.settings import check_addresses

    try:
        check_addresses(url)
    except ValueError as error:
        raise Refused(f"the address of the server {error}") from None


def exchanged_line(exchanged: Exchanged, seconds: float) -> str:
    """Return the line that says what was carried between the home folder and a server."""
    carried = f"{exchanged.n_carried:,} carried now" if exchanged.n_carried else "they were there already"
    return f"{exchanged.n_works:,} works: {carried}; {exchanged.generation} serves there; {seconds:.1f} s"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"
