"""The verbs of the search stage: `evoke search`, `evoke serve`, and those of `recommend_cli` and `mcp_cli`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

import search_api.feedback_cli
import search_api.mcp_cli
import search_api.recommend_cli
from crawler.verbs import Refused, describe_problem, read_settings, verb
from search_api.terminal import page_text, read_filters

if TYPE_CHECKING:
    from search_api.records import SearchRequest

app = typer.Typer()
app.add_typer(search_api.recommend_cli.app)
app.add_typer(search_api.mcp_cli.app)
app.add_typer(search_api.feedback_cli.app)


@verb(app, "search", 'evoke search "something hopeful about the sea" --limit 5')
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What you look for, in your own words.")],
    limit: Annotated[int, typer.Option(metavar="N", help="How many works to show, 1 to 100.")] = 10,
    offset: Annotated[int, typer.Option(metavar="N", help="How many works to skip.")] = 0,
    filters: Annotated[
        str | None,
        typer.Option(metavar="JSON", help='Facts that a work must have: {"kind": "book", "year": {"gte": 1990}}'),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as the API sends it.")] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show what was understood, what does not fit, and each leg's score and rank."),
    ] = False,
) -> None:
    """Find works for a request in your own words."""
    from search_api.json_answers import answer_to_json
    from search_api.search import open_search
    from search_api.settings import SearchSettings

    request = _read_request(query, filters, limit, offset)
    with closing(open_search(read_settings(SearchSettings))) as opened:
        opened.check()  # loads the model before the clock of the answer starts
        page = opened.search(request)
        notes = opened.notes() if explain else ()
    typer.echo(answer_to_json(page) if as_json else page_text(page, notes, explain=explain))


@verb(app, "serve", "evoke serve --port 8000 --workers 2")
def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="The address to listen on. Other machines can reach it only with EVOKE_API_KEY."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, metavar="PORT", help="The port to listen on; 0: any free port.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="How many processes answer requests.")] = 1,
) -> None:
    """Serve the API and the page until Ctrl+C."""
    from search_api.service import server
    from search_api.settings import SearchSettings

    server.serve(read_settings(SearchSettings), host, port, workers)


def _read_request(query: str, filters: str | None, limit: int, offset: int) -> SearchRequest:
    """Return the request that the arguments describe.

    Raises:
        Refused: A field cannot be used; the message names it.
    """
    from pydantic import ValidationError

    from search_api.records import SearchRequest

    wanted = read_filters(filters)
    try:
        return SearchRequest(query=query, filters=wanted, limit=limit, offset=offset)
    except ValidationError as error:
        raise Refused(describe_problem(error, *error.errors()[0]["loc"])) from error
