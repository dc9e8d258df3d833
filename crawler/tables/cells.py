"""Read the cells of tables: numbers, years, lengths, lists, names and ids, however they are written. Pure.

A reader returns None for a cell that says nothing, and raises Unreadable for one that says something else.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from crawler.countries import normalise_country
from crawler.id_names import IdName
from crawler.isbn import mend_isbn
from crawler.languages import normalise_language
from crawler.records import MOST_CODE_CHARACTERS

Cell: TypeAlias = "str | int | float | bool | list[Any] | dict[str, Any] | None"

T = TypeVar("T")

UNKNOWN = frozenset(
    ("", "nan", "null", "none", "n/a", "#n/a", "na", "<na>", "\\n", "-", "unknown", "(no genres listed)")
)
"""What tables write where something is not known. A title may be such a word."""

TOO_LARGE = "a number that is too large"

LEAST_YEAR, MOST_YEAR = -5000, 2100

_NAMES = ("name", "fl", "title", "label", "value", "iso_3166_1")
"""The keys under which an object of a list may have its name; `fl` is LibraryThing's "first name, last name"."""
_YEAR = re.compile(r"\(?\s*(?:c(?:a|irca)?\.?\s*|©\s*)?(-?[0-9]{1,4})(?:\.0+)?\s*\)?", re.IGNORECASE)
_ISO_DATE = re.compile(r"(-?[0-9]{4})[-/.][0-9]{1,2}(?:[-/.T][0-9].*)?")
_BEFORE_CHRIST = re.compile(r"([0-9]{1,4})\s*(?:BCE?|B\.\s*C\.(?:\s*E\.)?)", re.IGNORECASE)
_ANY_YEAR = re.compile(r"(?<![0-9])(1[0-9]{3}|20[0-9]{2})(?![0-9])")
_HOURS = re.compile(
    r"(?:PT)?\s*(?:(\d{1,3})\s*(?:h|hr|hrs|hours?)\.?)?\s*(?:(\d{1,5})\s*(?:m|min|mins|minutes?)?\.?)?", re.IGNORECASE
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[,. '\u00a0\u202f][0-9]{3})+")
_SHORTENED = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmM])")
_PAGES = re.compile(r"([0-9]{1,6})(?:\.0+)?\s*(?:p|pp|pages?|pgs?)?\.?", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"\s+&\s+|,\s+(?!(?:Jr|Sr|II|III|IV|Ph\.?D|M\.?D)\b)|,(?!\s)")
_TITLE_YEAR = re.compile(r"(.*\S)\s*\((-?[0-9]{4})\)\s*")
_ARTICLE_LAST = re.compile(r"(.+), (The|A|An|Le|La|Les|L'|Il|Lo|Der|Die|Das|El|Los|Las|De|Het|Den|Det|O|Os)(?=$| \()")
_NAME_ROLE = re.compile(r"(.*\S)\s*\(([^()]+)\)")

_IDS: Mapping[IdName, re.Pattern[str]] = {
    "imdb": re.compile(r"(?:.*/title/)?(?:tt)?0*([0-9]{1,9})(?:\.0+)?(?:[/?].*)?", re.IGNORECASE),
    "tmdb": re.compile(r"(?:.*/movie/)?([0-9]{1,9})(?:\.0+)?(?:-.*)?"),
    "goodreads": re.compile(r"(?:.*/show/)?([0-9]{1,10})(?:\.0+)?(?:[-.].*)?"),
    "goodreads_work": re.compile(r"(?:.*/work/)?([0-9]{1,10})(?:\.0+)?"),
    "open_library": re.compile(r"(?:.*/)?(OL[0-9]{1,10}[WM])(?:[/.].*)?", re.IGNORECASE),
    "wikidata": re.compile(r"(?:.*/)?(Q[0-9]{1,12})", re.IGNORECASE),
    "google_books": re.compile(r"(?:.*[?&]id=)?([\w-]{12})(?:&.*)?"),
    "wikipedia": re.compile(r"(.{1,500})"),
}


class Unreadable(ValueError):
    """A cell has something other than its column should have; the message says what was expected."""


def to_cell(value: object) -> Cell:  # noqa: PLR0911 - a return for each type
    """Return a value of a table, a data frame or a document as plain Python; what is missing (None, NaN) is None."""
    if hasattr(value, "tolist"):  # arrays and numbers of numpy
        value = value.tolist()
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, (float, Decimal)):
        return None if math.isnan(value) else float(value)
    if isinstance(value, Mapping):
        return {str(key): to_cell(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [to_cell(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def is_unknown(cell: Cell) -> bool:
    """Return whether a cell says nothing."""
    return cell is None or cell in ([], {}) or (isinstance(cell, str) and cell.strip().lower() in UNKNOWN)


def read_text(cell: Cell) -> str | None:
    """Return a text: a number as it is written (the film 1917), a list as its names."""
    if isinstance(cell, float) and math.isinf(cell):
        raise Unreadable(TOO_LARGE)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (list, dict)):
        return ", ".join(_names_in(cell)) or None
    return str(cell).strip() or None if cell is not None else None


def read_year(cell: Cell) -> int | None:
    """Return a year out of "1994", 1994.0, "(1994)", "1994-09-23", "23 Sep 1994", "-750" or "750 BC"."""
    if is_unknown(cell):
        return None
    text = read_text(cell) or ""
    year: int | None = None
    if (match := _YEAR.fullmatch(text)) or (match := _ISO_DATE.fullmatch(text)):
        year = int(match[1])
    elif match := _BEFORE_CHRIST.fullmatch(text):
        year = -int(match[1])
    elif match := _ANY_YEAR.search(text):
        year = int(match[1])
    if year == 0:
        return None
    if year is None or not LEAST_YEAR <= year <= MOST_YEAR:
        raise Unreadable("not a year")
    return year


def read_minutes(cell: Cell) -> int | None:
    """Return a length in minutes out of 142, "142 min", "2h 22m", "2:22", "2:22:00" or "PT2H22M"; 0 is unknown."""
    if is_unknown(cell):
        return None
    text = (read_text(cell) or "").strip()
    if match := _CLOCK.fullmatch(text):
        minutes = 60 * int(match[1]) + int(match[2])
    elif (match := _HOURS.fullmatch(text)) and (match[1] or match[2]):
        minutes = 60 * int(match[1] or 0) + int(match[2] or 0)
    else:
        minutes = round(_number(text, "not a length"))
    if minutes < 0 or minutes > 100_000:
        raise Unreadable("not a length")
    return minutes or None


def read_pages(cell: Cell) -> int | None:
    """Return a number of pages out of 352, "352.0" or "352 p."; 0 is unknown."""
    if is_unknown(cell):
        return None
    match = _PAGES.fullmatch((read_text(cell) or "").replace(",", ""))
    if not match or int(match[1]) > 100_000:
        raise Unreadable("not a number of pages")
    return int(match[1]) or None


def read_number(cell: Cell) -> float | None:
    """Return a number out of 8.7, "8,7" or "8.7/10"."""
    return None if is_unknown(cell) else _number((read_text(cell) or "").partition("/")[0].strip(), "not a number")


def read_count(cell: Cell) -> int | None:
    """Return a count out of 2343110, "2,343,110" or "2.3M"."""
    if is_unknown(cell):
        return None
    text = read_text(cell) or ""
    if _GROUPED.fullmatch(text):
        return int(re.sub("[^0-9]", "", text))
    if match := _SHORTENED.fullmatch(text):
        return round(float(match[1]) * (1_000 if match[2] in "kK" else 1_000_000))
    return round(_number(text, "not a count"))


def read_list(cell: Cell) -> list[str]:
    """Return the parts of a list: of JSON, of Python's literals, of objects with names, or with | ; or , between."""
    return [] if is_unknown(cell) else [part for part in _parts(cell, None) if not is_unknown(part)]


def read_names(cell: Cell) -> list[str]:
    """Return the names of people: a list as of `read_list`; a comma before Jr. or III parts no names, an & does."""
    return [] if is_unknown(cell) else [part for part in _parts(cell, _BETWEEN_NAMES) if not is_unknown(part)]


def read_inverted_names(cell: Cell) -> list[str]:
    """Return the names of people who are written "Austen, Jane", with | or ; between them."""
    if is_unknown(cell):
        return []
    texts = _names_in(cell) if isinstance(cell, (list, dict)) else re.split("[|;]", read_text(cell) or "")
    halves = (text.partition(",") for text in texts if text.strip())
    return [f"{first.strip()} {last.strip()}".strip() for last, _, first in halves]


def read_objects(cell: Cell) -> list[dict[str, Any]]:
    """Return the objects of a list, which may be written as JSON or as Python's literals."""
    found = _literal(cell) if isinstance(cell, str) else cell
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def read_name_and_role(text: str) -> tuple[str, str | None]:
    """Return name and role of "Ann Ode (Translator)"."""
    match = _NAME_ROLE.fullmatch(text)
    return (match[1], match[2].lower()) if match else (text, None)


def split_title_and_year(title: str) -> tuple[str, int | None]:
    """Return title and year of "Matrix, The (1999)", with the article in front."""
    match = _TITLE_YEAR.fullmatch(title)
    plain, year = (match[1], int(match[2])) if match else (title.strip(), None)
    return _ARTICLE_LAST.sub(_article_first, plain), year


def read_language(cell: Cell) -> str | None:
    """Return the code of the first language in a cell."""
    names = read_list(cell)
    return _known(names[0], normalise_language, "not a language") if names else None


def country_names(cell: Cell) -> list[str]:
    """Return the codes or names of countries; of objects that have both, the codes."""
    found = _literal(cell) if isinstance(cell, str) else cell
    if isinstance(found, list) and all(isinstance(each, dict) and "iso_3166_1" in each for each in found):
        return [str(each["iso_3166_1"]) for each in found]
    return read_list(cell)


def read_country(name: str) -> str:
    """Return the code of a country."""
    return _known(name, normalise_country, "not a country")


def read_flag(cell: Cell) -> bool:
    """Return whether a cell says yes."""
    return str(cell).strip().lower() in {"true", "1", "1.0", "yes", "y"}


def read_url(cell: Cell) -> str | None:
    """Return a web address."""
    text = None if is_unknown(cell) else read_text(cell)
    if text and (not re.fullmatch(r"https?://[^\s/]+\.[^\s]+", text) or len(text) > 2_000):
        raise Unreadable("not a web address")
    return text


def read_isbn(cell: Cell) -> str | None:
    """Return the first ISBN in a cell, as 13 digits, mended where the check digit says how."""
    if is_unknown(cell):
        return None
    texts = _names_in(cell) if isinstance(cell, (list, dict)) else re.split("[|;]|, ", read_text(cell) or "")
    found = next((isbn for text in texts if (isbn := mend_isbn(text))), None)
    if found is None and any(text.strip(" []=\"'") for text in texts):
        raise Unreadable("not an ISBN that its check digit confirms")
    return found


def read_id(name: IdName, cell: Cell) -> str | None:
    """Return an id out of the id itself, a number that lost its zeros, or the address of the work's page."""
    if name.startswith("isbn"):
        return read_isbn(cell)
    if is_unknown(cell):
        return None
    match = _IDS[name].fullmatch(read_text(cell) or "")
    if not match:
        raise Unreadable(f"not an id of {name}")
    if name == "imdb":
        return whole_imdb_id(match[1]) if match[1].strip("0") else None
    found = match[1].upper() if name in {"open_library", "wikidata"} else match[1]
    return None if found.strip("0") == "" else found


def whole_imdb_id(number: str) -> str:
    """Return an IMDb id with its letters and at least seven digits: "tt0111161" for "111161"."""
    is_number = number.isascii() and number.isdigit()  # of any length: `int` refuses more than 4,300 digits
    return f"tt{number.lstrip('0').zfill(7)}" if is_number else number


def _article_first(found: re.Match[str]) -> str:
    return f"{found[2]}{found[1]}" if found[2].endswith("'") else f"{found[2]} {found[1]}"


def _number(text: str, problem: str) -> float:
    if not _NUMBER.fullmatch(text) or len(text) > 40:
        raise Unreadable(problem)
    number = float(text.replace(",", "."))
    if math.isinf(number):
        raise Unreadable(TOO_LARGE)
    return number


def _parts(cell: Cell, between: re.Pattern[str] | None) -> Iterator[str]:
    if isinstance(cell, (list, dict)):
        yield from _names_in(cell)
        return
    text = read_text(cell) or ""
    if text[0] in "[{":
        found = _literal(text)
        if found is not None:
            yield from _names_in(found)
            return
        if ":" in text:
            raise Unreadable("a broken list")
        text = text.strip("[]{}")
    mark = next((mark for mark in "|;" if mark in text), ",")
    parts = between.split(text) if mark == "," and between else text.split(mark)
    yield from (stripped for part in parts if (stripped := part.strip().strip("'\"").strip()))


def _literal(text: str) -> Any:
    """Return the list or object that a text writes as JSON or as Python does; None if it writes neither."""
    if not text.startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return list(found) if isinstance(found, (tuple, set)) else found


def _names_in(found: Any) -> Iterator[str]:
    """Yield the texts of a list, the names of its objects, and those of lists in it."""
    if isinstance(found, dict):
        name = next((found[key] for key in _NAMES if found.get(key)), None)
        yield from _names_in(name if name is not None else list(found.values()))
    elif isinstance(found, list):
        for each in found:
            yield from _names_in(each)
    elif found is not None and (text := read_text(found)):
        yield text


def _known(name: str, normalise: Callable[[str], T], problem: str) -> T:
    if len(name) > MOST_CODE_CHARACTERS:
        raise Unreadable(problem)
    try:
        return normalise(name)
    except ValueError as error:
        raise Unreadable(problem) from error
