"""The `evoke` command, and `evoke.open_search()` for Python.

Each stage declares its verbs in its `cli.py` and imports its own code when a verb is called: `evoke --help` answers at
once, and so does `import evoke`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

import crawler.cli
import evaluation.cli
import indexer.cli
import search_api.cli
from crawler.verbs import Stages, run

if TYPE_CHECKING:
    from search_api.search import Search

STAGES = Stages(
    settings=(
        "crawler.settings:CrawlSettings",
        "indexer.settings:IndexSettings",
        "search_api.settings:SearchSettings",
        "evaluation.settings:EvaluationSettings",
    ),
    errors=(
        "crawler.errors:CrawlerError",
        "indexer.engine.errors:EngineError",
        "indexer.errors:IndexerError",
        "search_api.errors:SearchError",
        "evaluation.errors:EvaluationError",
    ),
)

app = typer.Typer(
    rich_markup_mode=None,  # plain text: the same in a pipe, and no import of rich
    subcommand_metavar="VERB ...",
    epilog="`evoke VERB --help` shows a verb's options with an example.",
)
for stage in (crawler.cli, indexer.cli, search_api.cli, evaluation.cli):
    app.add_typer(stage.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        from crawler.extras import installed_version

        typer.echo(f"evoke {installed_version()}")
        raise typer.Exit


@app.callback()
def _evoke(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Find films and books by theme, mood and what you learn from them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 done, 1 a measure fell, 2 refused in one line, 130 interrupted."""
    return run(app, STAGES, arguments)


def open_search(**settings: Any) -> Search:
    """Open the index that the environment names.

    Args:
        settings: Settings by name, such as `home="/data/evoke"`, each in the place of its `EVOKE_` variable.

    Returns:
        The search; close it when done, or use `contextlib.closing`.

    Raises:
        pydantic.ValidationError: A setting does not exist or cannot be used.
    """
    from search_api.search import open_search as open_index
    from search_api.settings import SearchSettings

    return open_index(SearchSettings(**settings))


if __name__ == "__main__":
    sys.exit(main())
