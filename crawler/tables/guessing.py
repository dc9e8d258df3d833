"""Guess what the columns of an unknown table mean, and write the command that a person then only has to check."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from crawler.tables.cells import Unreadable, read_number
from crawler.tables.files import Row, Table

_SAMPLED_ROWS = 200
_MOST_NAMED = 60

_GUESSES: Mapping[str, str] = {
    "title": "title name movietitle filmtitle booktitle movie film movienames moviename filmname bookname primarytitle "
    "seriestitle names book titulo titel titre",
    "original_title": "originaltitle origtitle",
    "year": "year releaseyear releasedyear yearpublished publicationyear originalpublicationyear yearofpublication "
    "yearofrelease releasedate publicationdate publishdate published publisheddate datepublished released pubdate "
    "firstpublished startyear premiered date jahr erscheinungsjahr produktionsjahr",
    "description": "description overview plot plotsummary synopsis summary blurb storyline plotsynopsis desc "
    "storysummary wikiplot abstract inhalt handlung beschreibung",
    "authors": "author authors bookauthor authorname writtenby autor autoren",
    "directors": "director directors directedby directorname regie regisseur",
    "writers": "writer writers screenwriter screenplay",
    "actors": "actors cast stars star actor starring leadactors topcast darsteller schauspieler",
    "genres": "genre genres listedin categories category genrelist genren mainaudience",
    "keywords": "keywords keyword tags plotkeywords subjects shelves topics moods",
    "language": "language languages originallanguage languagecode lang sprache",
    "countries": "country countries productioncountries countryoforigin origin land",
    "runtime": "runtime runtimeminutes runtimemins duration length runningtime minutes lengthmin laufzeit",
    "pages": "pages numpages pagecount numberofpages numofpages pagesnumber seiten seitenzahl",
    "series": "series seriesname",
    "series_position": "seriesposition seriesindex volume seriesnumber",
    "isbn": "isbn13 isbn isbn10 isbnuid",
    "imdb": "imdbid imdb tconst imdbtitleid const imdburl imdblink movieimdblink",
    "tmdb": "tmdbid tmdb",
    "goodreads": "goodreadsbookid goodreadsid goodreads",
    "rating": "voteaverage imdbrating averagerating avgrating avgvote imdbscore rating score meanrating avgratings "
    "bewertung",
    "rating_count": "votecount numvotes numvotedusers noofvotes ratingscount votes numratings numofratings ratingcount "
    "imdbvotes numberofratings totalvotes numberofvotes stimmen",
    "kind": "kind mediatype",
    "image_url": "imageurl posterlink poster coverimg cover image thumbnail imageurll",
}
"""Names of columns by target, folded, the surest first."""

_OF_FILMS = ("directors", "imdb", "tmdb", "runtime", "actors")
_OF_BOOKS = ("authors", "isbn", "goodreads", "pages")


def guess_columns(columns: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    """Return the column of each target, a rating with its scale, as far as the names say it; may be empty."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(re.sub(r"[^a-z0-9]", "", column.lower()), column)
    guessed: dict[str, str] = {}
    for target, names in _GUESSES.items():
        found = next((by_name[name] for name in names.split() if name in by_name), None)
        if found and found not in guessed.values() and any(row.cells.get(found) is not None for row in rows):
            guessed[target] = found
    if "rating" in guessed:
        scale = _scale(rows, guessed["rating"])
        if scale and "rating_count" in guessed:
            guessed["rating"] = f"{guessed['rating']}/{scale}"
        else:
            del guessed["rating"]
    if "rating" not in guessed:
        guessed.pop("rating_count", None)
    return guessed


def suggest(path: Path, table: Table) -> str:
    """Return that a table is not known, and the commands that read it, with a guess of its columns."""
    rows = [row for row in islice(table.rows, _SAMPLED_ROWS) if isinstance(row, Row)]
    if not rows:
        return f"has no rows that can be read, but columns: {', '.join(table.columns)}"
    guessed = guess_columns(table.columns, rows)
    mapping = ",".join(f'"{target}={name}"' if "," in name else f"{target}={name}" for target, name in guessed.items())
    read = {guessed.get("rating", "").rpartition("/")[0], *guessed.values()}
    unread = [column for column in table.columns if column not in read]
    rest = f". Not guessed: {', '.join(unread[:_MOST_NAMED])}" if unread else ""
    films, books = (sum(target in guessed for target in each) for each in (_OF_FILMS, _OF_BOOKS))
    kind = " --kind movie" if films > books else " --kind book" if books > films else ""
    if "title" not in guessed:
        mapping = ",".join(filter(None, ("title=COLUMN", mapping)))
    output = shlex.quote(f"{path.name.partition('.')[0] or 'works'}.jsonl")
    command = f"evoke crawl table {shlex.quote(str(path))} --map {shlex.quote(mapping)}{kind} -o {output}"
    return f"is not a table that is known by its columns. To read it: {command} && evoke index {output}{rest}"


def _scale(rows: Sequence[Row], column: str) -> int | None:
    """Return the best rating of the column's scale: 5, 10 or 100; None if it has other values than ratings."""
    numbers = []
    for row in rows:
        try:
            number = read_number(row.cells.get(column))
        except Unreadable:
            return None
        if number is not None:
            numbers.append(number)
    return next((scale for scale in (5, 10, 100) if numbers and min(numbers) >= 0 and max(numbers) <= scale), None)
