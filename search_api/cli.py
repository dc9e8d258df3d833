"""The verbs of the search stage: `evoke search`, `evoke serve`, and that of `recommend_cli`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

import search_api.recommend_cli
from crawler.verbs import Refused, describe_problem, read_settings, verb

if TYPE_CHECKING:
    from search_api.records import Hit, Intent, Page, SearchRequest

app = typer.Typer()
app.add_typer(search_api.recommend_cli.app)


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

    from search_api.field_names import describe_field
    from search_api.records import Filters, SearchRequest

    try:
        wanted = Filters.model_validate_json(filters) if filters is not None else Filters()
    except ValidationError as error:
        raise Refused(describe_field(error, Filters, "filters")) from error
    try:
        return SearchRequest(query=query, filters=wanted, limit=limit, offset=offset)
    except ValidationError as error:
        raise Refused(describe_problem(error, *error.errors()[0]["loc"])) from error


def page_text(page: Page, notes: Sequence[str], *, explain: bool) -> str:
    """Return a page as a person reads it."""
    from search_api.records import NO_FILTERS

    lines = []
    if explain:
        lines += [f"understood: {page.intent.model_dump_json(exclude_defaults=True)}"]
        lines += [*(f"note: {note}" for note in notes), ""]
    lines += _reading_lines(page.intent)
    for place, hit in enumerate(page.hits, start=page.offset + 1):
        lines += _hit_lines(place, hit, explain=explain)
    if not page.total:
        lines.append("no work passes the filters" if page.intent.filters != NO_FILTERS else "no work is left to show")
    lines += ["", f"{len(page.hits)} of {page.total:,} works, {page.took_ms:.0f} ms"]
    return "\n".join(lines)


def _reading_lines(intent: Intent) -> list[str]:
    """Return what a person should know of the reading.

    These are wishes that the hits do not show by themselves, names that were corrected, wishes that cannot be met, and
    words that were not understood.
    """
    places, people = intent.filters.countries, intent.filters.creators
    wishes = [f"from {country}" for country in (*places.any, *places.all)] if places else []
    wishes += [f"not from {country}" for country in places.none] if places else []
    wishes += [f"with {name}" for name in (*people.any, *people.all)] if people else []
    wishes += [f"without {name}" for name in people.none] if people else []
    wishes += [f"not {work.title}" for work in intent.seen]
    wishes += (
        [f"for {'the whole family' if intent.audience == 'family' else intent.audience}"] if intent.audience else []
    )
    wishes += [intent.standing] if intent.standing else []
    lines = [f"read as: {', '.join(wishes)}"] if wishes else []
    if intent.refused:
        lines.append("last come works that mention: " + ", ".join(f"“{words}”" for words in intent.refused))
    lines += [f"“{each.said}” was taken for “{each.taken_for}”" for each in intent.corrected]
    lines += [each.note for each in intent.unmet]
    if intent.ignored:
        lines.append("not understood: " + ", ".join(f"“{words}”" for words in intent.ignored))
    return [*lines, ""] if lines else []


def _hit_lines(place: int, hit: Hit, *, explain: bool) -> list[str]:
    facts = ", ".join(str(fact) for fact in (hit.kind, hit.year, *(c.name for c in hit.creators[:2])) if fact)
    # A value that was asked for comes first, if the work has one.
    evidence = [value.evidence.text for value in hit.values[:1] if value.evidence]
    lines = [
        f"{place:>3}. {hit.title} ({facts})",
        *(f"     {reason}" for reason in hit.reasons),
        *(f"     “{sentence}”" for sentence in evidence),
    ]
    if explain:
        legs = ", ".join(f"{n} {s.score:.3f} (rank {s.rank})" for n, s in hit.legs.items() if s.score is not None)
        lines.append(f"     score {hit.score:.3f}: {legs}")
    return lines
