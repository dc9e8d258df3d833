"""The verb `evoke feedback delete`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from crawler.text import count_of
from crawler.verbs import Refused, read_settings, verb

app = typer.Typer(
    name="feedback",
    help="Delete feedback that was kept.",
    epilog='\b\nExample: evoke feedback delete --containing "my own words"',
    subcommand_metavar="VERB ...",
)


@verb(app, "delete", 'evoke feedback delete --containing "my own words" --day 2026-12-01')
def delete(
    containing: Annotated[
        str, typer.Option(metavar="TEXT", help="What was asked has these words, in capitals or not.")
    ],
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Only of this day, in UTC.")
    ] = None,
) -> None:
    """Delete the lines of feedback on requests that have a text. Services may run meanwhile."""
    from search_api.feedback import FEEDBACK_FILE
    from search_api.kept_feedback import delete_lines
    from search_api.settings import SearchSettings

    if not containing.strip():
        raise Refused("--containing: give the words that were asked")
    path = read_settings(SearchSettings).home / FEEDBACK_FILE
    if not path.is_file():
        raise Refused(f"{path}: there is no feedback")
    try:
        n_deleted, n_left = delete_lines(path, containing, day.date() if day else None)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}: nothing was deleted") from error
    typer.echo(f"{count_of(n_deleted, 'line')} deleted, {n_left:,} left")
