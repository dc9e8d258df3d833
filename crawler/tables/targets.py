"""The table of targets: which facts of a work the columns of a table can be mapped to, and how each reads its cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crawler.answers import ADULT, NotAWork, Reason
from crawler.errors import TableRefused
from crawler.id_names import ID_NAMES, IdName
from crawler.records import KINDS, Kind
from crawler.series import make_series, plain_title, read_series
from crawler.sources.imdb.tables import why_not_a_film
from crawler.sources.tmdb.answers import MOST_ACTORS, ROLES_OF_JOBS
from crawler.tables import cells
from crawler.tables.cells import Cell, Unreadable

_KIND_WORDS: Mapping[str, Kind] = {
    "movie": "movie", "film": "movie", "dvd": "movie", "bluray": "movie", "blu-ray": "movie", "vhs": "movie",
    "book": "book", "ebook": "book", "audiobook": "book", "novel": "book", "paperback": "book", "hardcover": "book",
    "kindle": "book",
}  # fmt: skip
_SCALE = re.compile(r"(.+)/([0-9]+(?:\.[0-9]+)?)")


class NotAWorkHere(Exception):
    """A row is not a work that can be taken; `args[0]` is the NotAWork."""


@dataclass
class Draft:
    """The fields of a record while the cells of a row are read.

    Attributes:
        fields: Fields of a SourceRecord.
        series: The name of the series, and the place in it.
        mean, scale, count: The parts of the rating.
        problems: What could not be read: the target, why, and the cell.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    series: list[str] = field(default_factory=lambda: ["", ""])
    mean: float | None = None
    scale: float = 0
    count: int | None = None
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    def put(self, name: str, value: Any) -> None:
        """Set a field that has no value yet."""
        if value is not None:
            self.fields.setdefault(name, value)

    def add(self, name: str, values: Sequence[Any]) -> None:
        """Add to a list, each value once."""
        known = self.fields.setdefault(name, [])
        known.extend(value for value in dict.fromkeys(values) if value not in known)

    def add_people(self, names: Sequence[str], role: str | None) -> None:
        """Add creators in a role."""
        people = self.fields.setdefault("creators", [])
        people.extend(person for name in dict.fromkeys(names) if (person := {"name": name, "role": role}) not in people)


@dataclass(frozen=True)
class Column:
    """A column of a table, and the best rating if it has ratings."""

    name: str
    scale: float = 0


Mapped = Mapping[str, tuple[Column, ...]]
"""The columns by the target that they are read as. Of several the first with a value counts; lists are joined."""


def _once(name: str, read: Callable[[Cell], Any]) -> Callable[[Draft, Cell, Column], None]:
    return lambda draft, cell, _: draft.put(name, read(cell))


def _list(name: str) -> Callable[[Draft, Cell, Column], None]:
    return lambda draft, cell, _: draft.add(name, cells.read_list(cell))


def _people(role: str | None) -> Callable[[Draft, Cell, Column], None]:
    def put(draft: Draft, cell: Cell, _: Column) -> None:
        names = cells.read_names(cell)
        draft.add_people(names[:MOST_ACTORS] if role == "actor" else names, role)

    return put


def _id(name: IdName) -> Callable[[Draft, Cell, Column], None]:
    def put(draft: Draft, cell: Cell, _: Column) -> None:
        if found := cells.read_id(name, cell):
            draft.fields.setdefault("ids", {}).setdefault(name, found)

    return put


def _title_year(draft: Draft, cell: Cell, _: Column) -> None:
    title, year = cells.split_title_and_year(cells.read_text(cell) or "")
    draft.put("title", title or None)
    draft.put("year", year)


def _title_series(draft: Draft, cell: Cell, _: Column) -> None:
    text = cells.read_text(cell) or ""
    draft.put("title", plain_title(text) or None)
    draft.put("series", read_series(text))


def _series_part(place: int) -> Callable[[Draft, Cell, Column], None]:
    def put(draft: Draft, cell: Cell, _: Column) -> None:
        if not cells.is_unknown(cell):
            names = cells.read_list(cell) if isinstance(cell, (list, dict)) or str(cell).startswith(("[", "{")) else []
            draft.series[place] = names[-1] if names else cells.read_text(cell) or ""

    return put


def _description(draft: Draft, cell: Cell, _: Column) -> None:
    if not cells.is_unknown(cell) and (text := cells.read_text(cell)):
        known = draft.fields.get("description", "")
        draft.fields["description"] = f"{known}\n{text}" if known else text


def _rating(draft: Draft, cell: Cell, column: Column) -> None:
    mean = cells.read_number(cell)
    if mean is not None and not 0 <= mean <= column.scale:
        raise Unreadable(f"not from 0 to {column.scale:g}")
    draft.mean, draft.scale = mean, column.scale


def _rating_count(draft: Draft, cell: Cell, _: Column) -> None:
    draft.count = cells.read_count(cell)


def _review(draft: Draft, cell: Cell, _: Column) -> None:
    if not cells.is_unknown(cell) and (text := cells.read_text(cell)):
        draft.add("reviews", [text])


def _kind(draft: Draft, cell: Cell, _: Column) -> None:
    words = re.findall("[a-z-]+", str(cell).lower())
    kind = next((_KIND_WORDS[word] for word in words if word in _KIND_WORDS), None)
    if kind is None and not cells.is_unknown(cell):
        raise NotAWorkHere(NotAWork(Reason.OTHER, f"{str(cell)[:40]}, not a film or book"))
    draft.put("kind", kind)


def _title_type(_: Draft, cell: Cell, __: Column) -> None:
    if not cells.is_unknown(cell) and (why := why_not_a_film(str(cell))):
        raise NotAWorkHere(why)


def _adult(_: Draft, cell: Cell, __: Column) -> None:
    if cells.read_flag(cell):
        raise NotAWorkHere(ADULT)


def _crew(draft: Draft, cell: Cell, _: Column) -> None:
    members = cells.read_objects(cell)
    for role in ("director", "writer"):
        names = [
            str(each["name"])
            for each in members
            if ROLES_OF_JOBS.get(str(each.get("job"))) == role and each.get("name")
        ]
        draft.add_people(names, role)


def _contributors(draft: Draft, cell: Cell, _: Column) -> None:
    for name, role in map(cells.read_name_and_role, cells.read_names(cell)):
        draft.add_people([name], role)


def _inverted_authors(draft: Draft, cell: Cell, _: Column) -> None:
    draft.add_people(cells.read_inverted_names(cell), "author")


def _countries(draft: Draft, cell: Cell, _: Column) -> None:
    for name in cells.country_names(cell):
        try:
            draft.add("countries", [cells.read_country(name)])
        except Unreadable as error:
            draft.problems.append(("countries", str(error), name))


def _identifiers(draft: Draft, cell: Cell, _: Column) -> None:
    """Read "isbn:9780141439518,goodreads:1885" as Calibre writes ids; schemes without a name here are left out."""
    names = {"google": "google_books", "openlibrary": "open_library", "isbn": "isbn13"}
    for scheme, __, value in (part.partition(":") for part in cells.read_list(cell)):
        name = names.get(scheme.strip().lower(), scheme.strip().lower())
        if name in TARGETS and name in ID_NAMES:
            TARGETS[name].put(draft, cells.to_cell(value), Column("identifiers"))


@dataclass(frozen=True)
class Target:
    """What a column can be read as.

    Attributes:
        put: Reads a cell into the draft; raises Unreadable or NotAWorkHere.
        hint: What the column has, for the documentation.
    """

    put: Callable[[Draft, Cell, Column], None]
    hint: str


TARGETS: Mapping[str, Target] = {
    "title": Target(_once("title", cells.read_text), "the title"),
    "title_year": Target(_title_year, 'title and year: "Matrix, The (1999)"'),
    "title_series": Target(_title_series, 'title and series: "Hyperion (Hyperion Cantos, #1)"'),
    "original_title": Target(_once("original_title", cells.read_text), "the title in the original language"),
    "kind": Target(_kind, "movie or book, in these or similar words"),
    "title_type": Target(_title_type, "IMDb's type of title; series, episodes and games are left out"),
    "adult": Target(_adult, "True for adult titles, which are left out"),
    "description": Target(_description, "plot, blurb or summary; several columns are joined"),
    "year": Target(_once("year", cells.read_year), 'the year: 1994, "1994-09-23", "(1994)", "-750"'),
    "authors": Target(_people("author"), "names"),
    "authors_by_last_name": Target(_inverted_authors, 'names written "Austen, Jane", with a bar or ; between them'),
    "directors": Target(_people("director"), "names"),
    "writers": Target(_people("writer"), "names"),
    "actors": Target(_people("actor"), f"names; the first {MOST_ACTORS} count"),
    "crew": Target(_crew, 'objects with "name" and "job"'),
    "creators": Target(_people(None), "names of people whose role is not known"),
    "contributors": Target(_contributors, 'names with a role: "Ann Ode (Translator)"'),
    "genres": Target(_list("genres"), "a list"),
    "keywords": Target(_list("keywords"), "a list of tags, shelves, moods, subjects"),
    "language": Target(_once("language", cells.read_language), "the original language: a code or an English name"),
    "countries": Target(_countries, "a list of codes or English names"),
    "series": Target(_series_part(0), "the name of the series"),
    "series_position": Target(_series_part(1), "the place in the series"),
    "runtime": Target(_once("runtime_minutes", cells.read_minutes), 'minutes: 142, "142 min", "2h 22m"'),
    "pages": Target(_once("page_count", cells.read_pages), "the number of pages"),
    "rating": Target(_rating, "the mean rating, with its scale: rating=COLUMN/10; needs rating_count"),
    "rating_count": Target(_rating_count, "how many ratings the mean is of"),
    "review": Target(_review, "a review of the person whose table it is"),
    "id": Target(_once("source_id", cells.read_text), "an id of the table's own"),
    **{name: Target(_id(name), "an id, or the address of its page") for name in ID_NAMES},
    **{name: Target(_id("isbn13"), "an ISBN; a lost zero is mended") for name in ("isbn", "isbn10", "isbn13")},
    "identifiers": Target(_identifiers, '"isbn:9780141439518,goodreads:1885"'),
    "url": Target(_once("url", cells.read_url), "the address of its page"),
    "image_url": Target(_once("image_url", cells.read_url), "the address of its cover"),
}  # fmt: skip
"""The targets of `--map`, by name."""


def parse_mapping(text: str, columns: Sequence[str], *, lenient: bool = False) -> Mapped:
    """Return the columns by target that a text such as "title=Name,year=Released,rating=Score/10" maps.

    `actors=Star1+Star2` maps two columns. A name with a comma is quoted: `"year=Year, first"`. Case does not matter
    where no column has the name as it is written.

    Args:
        text: The mapping.
        columns: The names of the table's columns.
        lenient: Leave out columns that the table lacks, as a preset does.

    Raises:
        TableRefused: A target or column is not known; the line names those that there are.
    """
    mapped: dict[str, tuple[Column, ...]] = {}
    for part in next(csv.reader([text], skipinitialspace=True), []):
        target, equals, named = (piece.strip() for piece in part.partition("="))
        if not equals or not named:
            raise TableRefused(f"--map {part!r}: write TARGET=COLUMN, such as title=Name")
        if target not in TARGETS:
            raise TableRefused(f"--map {part!r}: {target!r} is not a target: choose {', '.join(TARGETS)}")
        found = tuple(_find_columns(target, named, columns, lenient=lenient))
        if found:
            mapped[target] = (*mapped.get(target, ()), *found)
    if lenient:
        return mapped
    if not mapped.keys() & {"title", "title_year", "title_series", "original_title"}:
        raise TableRefused(f"--map: has no title: add title=COLUMN; {_there_are(columns)}")
    if "rating" in mapped and "rating_count" not in mapped:
        raise TableRefused(
            "--map: a rating needs rating_count=COLUMN, how many ratings it is the mean of: add it, or leave rating out"
        )
    return mapped


def _find_columns(target: str, named: str, columns: Sequence[str], *, lenient: bool) -> list[Column]:
    found = []
    for name in [named] if _column(named, columns) else named.split("+"):
        column, scale = _column(name, columns), 0.0
        if column is None and (match := _SCALE.fullmatch(name.strip())):
            column, scale = _column(match[1], columns), float(match[2])
        if column is None and not lenient:
            raise TableRefused(f"--map {target}={named}: there is no column {name.strip()!r}; {_there_are(columns)}")
        if column is not None and target == "rating" and not scale:
            raise TableRefused(f"--map {target}={named}: say which rating is the best: rating={name}/10")
        if column is not None:
            found.append(Column(column, scale))
    return found


def _column(name: str, columns: Sequence[str]) -> str | None:
    """Return the column that has a name, in any case."""
    name = name.strip()
    if name in columns:
        return name
    alike = [column for column in columns if fold(column) == fold(name)]
    return alike[0] if len(alike) == 1 else None


def fold(name: str) -> str:
    """Return the name of a column in lower case, without superfluous white space."""
    return " ".join(name.lower().split())


def _there_are(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:60])
    return f"its columns are {shown}" + (f" and {len(columns) - 60} more" if len(columns) > 60 else "")


def read_row(mapped: Mapped, row: Mapping[str, Cell], kind: Kind | None) -> Draft:
    """Return the draft of a row's record; cells that cannot be read are among its problems.

    Raises:
        NotAWorkHere: The row is of something else, such as a series.
    """
    draft = Draft()
    for target, columns in mapped.items():
        problems = []
        has_value = False
        for column in columns:
            cell = row.get(column.name)
            if cell is None:
                continue
            try:
                TARGETS[target].put(draft, cell, column)
                has_value = True
            except Unreadable as error:
                problems.append((target, str(error), str(cell)))
        if not (has_value and target.startswith("isbn")):  # of a book's two ISBNs one is enough
            draft.problems += problems
    _finish(draft, kind)
    return draft


def _finish(draft: Draft, kind: Kind | None) -> None:
    fields = draft.fields
    if kind in KINDS:
        fields["kind"] = kind
    if fields.get("kind") == "movie" and "adult" in map(str.lower, fields.get("genres", [])):
        raise NotAWorkHere(ADULT)
    if fields.get("original_title"):
        fields.setdefault("title", fields["original_title"])
    if draft.series[0] and (series := make_series(*draft.series)):
        fields["series"] = series
    if draft.mean is not None and draft.count:
        fields["rating"] = {"mean": draft.mean, "count": draft.count, "scale": draft.scale}
    fields["reviews"] = [{"text": text} for text in fields.get("reviews", [])]
    ids = fields.get("ids", {})
    title, year = fields.get("title", ""), fields.get("year")
    names = [person["name"] for person in fields.get("creators", [])[:1]]
    own = next((ids[name] for name in ID_NAMES if name in ids), None)
    fields.setdefault("source_id", own or (f"{title} ({year})" if year else ", ".join([title, *names])))
