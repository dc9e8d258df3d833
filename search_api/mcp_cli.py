"""The verb `evoke mcp`."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.verbs import Refused, read_settings, verb

app = typer.Typer()

DEFAULT_PORT = 8001
"""Beside `evoke serve`, which listens on 8000."""


@verb(app, "mcp", "evoke mcp --http --port 8001")
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, not on standard input and output.")] = False,
    host: Annotated[
        str | None,
        typer.Option(
            metavar="HOST",
            show_default="127.0.0.1",
            help="With --http: the address to listen on. Other machines can reach it only with EVOKE_API_KEY.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, metavar="PORT", show_default=str(DEFAULT_PORT), help="With --http: the port; 0: any."
        ),
    ] = None,
) -> None:
    """Give assistants tools to search and recommend, by the Model Context Protocol."""
    if not http and (host is not None or port is not None):
        raise Refused(f"{'--port' if host is None else '--host'} belongs to --http: give both")
    from search_api.assistants.server import serve_stdio
    from search_api.service.binding import check_patience, check_port, check_service
    from search_api.service.logs import set_up_logs
    from search_api.service.search_processes import open_pool
    from search_api.settings import SearchSettings

    settings = read_settings(SearchSettings)
    set_up_logs(settings)
    if not http:
        check_patience(settings)
        serve_stdio(open_pool(settings))
        return
    from search_api.assistants.http import serve_http

    address = host or "127.0.0.1"
    check_service(settings, address)
    free_port = check_port(address, DEFAULT_PORT if port is None else port)
    serve_http(settings, open_pool(settings), address, free_port)
