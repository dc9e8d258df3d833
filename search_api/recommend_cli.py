"""The verb `evoke recommend`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crawler.verbs import Refused, check_output_files, describe_problem, read_settings, verb
from search_api.terminal import page_text, read_filters

if TYPE_CHECKING:
    from search_api.records import Filters, RecommendRequest
    from search_api.search import Search

app = typer.Typer()

Titles = Annotated[list[str] | None, typer.Option(metavar="TITLE...", help="Titles or ids of works that you like.")]


@verb(app, "recommend", 'evoke recommend --like "Spirited Away" "The Hobbit" --value hope --kind movie')
def recommend(
    like: Titles = None,
    dislike: Annotated[
        list[str] | None, typer.Option(metavar="TITLE...", help="Titles or ids of works that you do not like.")
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(metavar="VALUE...", help="Values that you want, such as hope, or hope:0.8; sadness:-0.5: less."),
    ] = None,
    ratings: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Your export of ratings from Goodreads, Letterboxd or IMDb."),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A profile that --save-profile wrote; options add to it.")
    ] = None,
    save_profile: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the profile as JSON, as POST /v1/recommend takes it.")
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="movie or book; default: both.")] = None,
    filters: Annotated[
        str | None, typer.Option(metavar="JSON", help='Facts that a work must have: {"year": {"gte": 1990}}')
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="How many works to show, 1 to 100.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as the API sends it.")] = False,
) -> None:
    """Find works for what you like. Your profile is kept nowhere but in a file that you name."""
    from search_api.json_answers import answer_to_json
    from search_api.search import open_search
    from search_api.settings import SearchSettings

    check_output_files(save_profile)
    given = _read_profile(profile)
    with closing(open_search(read_settings(SearchSettings))) as search:
        search.check()
        options: dict[str, Any] = {"likes": like, "dislikes": dislike, "value": value, "ratings": ratings}
        wanted = _read_filters(filters, kind)
        request, notes = _complete(search, given, options, wanted, limit)
        for note in (*search.taste_notes(), *notes):
            typer.echo(note, err=True)
        page = search.recommend(request)
    if save_profile:
        # The page that was asked for is no part of the profile.
        kept = request.model_dump_json(exclude={"limit", "offset"}, exclude_defaults=True, indent=2)
        save_profile.write_text(kept + "\n", encoding="utf-8")
    typer.echo(answer_to_json(page) if as_json else page_text(page, (), explain=False))


def _read_profile(path: Path | None) -> dict[str, Any]:
    """Return the fields of a profile; {} without one.

    Raises:
        CatalogueMissing, GzipDamaged: The file cannot be read.
        Refused: It is no profile.
    """
    from pydantic import ValidationError

    from crawler.gzipped import open_unpacked
    from search_api.field_names import describe_field
    from search_api.records import RecommendRequest

    if path is None:
        return {}
    try:
        with open_unpacked(path) as file:
            return RecommendRequest.model_validate_json(file.read()).model_dump(exclude_unset=True)
    except ValidationError as error:
        place = () if error.errors()[0]["loc"] else ("profile",)
        raise Refused(f"{path}: {describe_field(error, RecommendRequest, *place)}") from error


def _read_filters(filters: str | None, kind: str | None) -> Filters:
    """Return the facts that the works to show must have.

    Raises:
        Refused: A field cannot be used; the message names it.
    """
    from pydantic import ValidationError

    from search_api.field_names import describe_field
    from search_api.records import Filters

    wanted = read_filters(filters)
    try:
        return wanted.model_copy(update={"kind": Filters.model_validate({"kind": kind}).kind}) if kind else wanted
    except ValidationError as error:
        raise Refused(describe_field(error, Filters)) from error


def _complete(
    search: Search, given: dict[str, Any], options: dict[str, Any], wanted: Filters, limit: int
) -> tuple[RecommendRequest, list[str]]:
    """Return the profile with what the options add to it, and notes on what of them was not found or is left out.

    The kind of works to show says nothing of the works that are liked.

    Raises:
        Refused: A field cannot be used, or nothing of what was named is in the catalogue; the message names it.
        RequestRefused, TasteInvalid, CatalogueMissing: As for the parts of a profile.
    """
    from pydantic import ValidationError

    from search_api.profile_parts import Rated, join_likes, read_rated, read_values
    from search_api.records import RecommendRequest
    from search_api.titles import choose_titles

    fields = dict(given)
    if wanted.model_fields_set:
        fields["filters"] = {**fields.get("filters", {}), **wanted.model_dump(exclude_unset=True)}
    parts = ("likes", "dislikes")
    found = {part: choose_titles(options[part] or (), search.find_title, search.suggest) for part in parts}
    notes = [note for part in parts for note in found[part].notes]
    files = options["ratings"]
    rated = read_rated(search.engine, search.serving().name, files) if files else Rated((), (), ())
    notes += rated.notes
    by_hand = {work_id for part in parts for work_id in (*found[part].ids, *given.get(part, ()))}
    for part, of_ratings in zip(parts, (rated.likes, rated.dislikes), strict=True):
        # What is named by hand counts more than an old rating.
        others = [work_id for work_id in of_ratings if work_id not in by_hand]
        fields[part], cut = join_likes(part, found[part].ids, given.get(part, ()), others)
        notes += cut
    fields["values"] = {**fields.get("values", {}), **read_values(options["value"] or (), search.values())}
    if not fields["likes"] and not any(fields["values"].values()):
        raise Refused("; ".join([*notes, "name a work that you like (--like), or a value that you want (--value)"]))
    try:
        return RecommendRequest.model_validate({**fields, "limit": limit}), notes
    except ValidationError as error:
        raise Refused(describe_problem(error, *error.errors()[0]["loc"])) from error
