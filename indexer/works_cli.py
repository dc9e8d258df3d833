"""The verbs of `evoke works`: `delete`, `show` and `export`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from crawler.text import count_of
from crawler.verbs import check_output_files, read_settings, verb

app = typer.Typer(
    name="works",
    help="Delete, show or export the works that were indexed.",
    epilog="\b\nExample: evoke works show tmdb:550",
    subcommand_metavar="VERB ...",
)


@verb(app, "delete", "evoke works delete tmdb:550 imdb:tt0137523")
def delete(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of works, as answers show them.")],
    erase: Annotated[
        bool, typer.Option("--erase", help="Write the index anew, so that its files keep nothing of the works.")
    ] = False,
) -> None:
    """Remove works with all their records. Indexing a file that has them adds them again."""
    from indexer.settings import IndexSettings
    from indexer.stored_works import delete_works

    started = perf_counter()
    ids = list(dict.fromkeys(ids))
    n_records, report = delete_works(ids, read_settings(IndexSettings), erase=erase)
    for note in report.notes:
        typer.echo(note)
    serving = f"now serving {report.generation}" if report.generation else "the index was up to date"
    counts = f"{count_of(len(ids), 'work')} deleted with {count_of(n_records, 'record')}"
    left = f"{count_of(report.n_works, 'work')} left"
    again = "indexing a file that has them adds them again"
    typer.echo(f"{counts}; {left}; {serving}; {perf_counter() - started:.1f} s; {again}")


@verb(app, "show", "evoke works show tmdb:550")
def show(
    work_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a work, as answers show it.")],
) -> None:
    """Print a work as JSON: its facts, its records, its reviews, and the labels of its description with evidence."""
    import orjson

    from indexer.settings import IndexSettings
    from indexer.stored_works import describe_work

    described = describe_work(work_id, read_settings(IndexSettings))
    typer.echo(orjson.dumps(described, option=orjson.OPT_INDENT_2).decode())


@verb(app, "export", "evoke works export -o records.jsonl.gz")
def export(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            show_default="standard output",
            help="Where the records go; gzipped if the name ends in .gz; - for standard output.",
        ),
    ] = None,
) -> None:
    """Write all records as JSON Lines. `evoke index` makes the same index of them."""
    from indexer.settings import IndexSettings
    from indexer.stored_works import export_records

    if output == Path("-"):  # as other programs name it
        output = None
    check_output_files(output)
    exported = export_records(read_settings(IndexSettings), output)
    if output:
        typer.echo(f"{count_of(exported.n_records, 'record')} written to {output}")
    if exported.n_reviews_left_out:
        left_out = f"{count_of(exported.n_reviews_left_out, 'review')} left out: only their features may be kept"
        typer.echo(left_out, err=output is None)  # the records may be on standard output
