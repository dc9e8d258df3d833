"""Parse Wikidata's items into records, which join ids of IMDb, TMDb, Open Library, Goodreads, Google Books and ISBNs.

An item comes in two shapes, both read here: that of the REST API (`labels.en` is a string, `statements`) and that
of entity pages, dumps and `wbgetentities` (`labels.en.value`, `claims` with `mainsnak`). An item refers to people and
genres by the ids of other items only, so a record has neither creators nor genres.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.id_names import IdName
from crawler.languages import language_of_code
from crawler.records import KINDS, Kind
from crawler.sources.json_answers import make_record, read_object
from crawler.sources.wikidata import WIKIDATA

Entity = Mapping[str, Any]

_FILMS = (
    "Q11424",  # film
    "Q24869",  # feature film
    "Q24862",  # short film
    "Q202866",  # animated film
    "Q29168811",  # animated feature film
    "Q17517379",  # animated short film
    "Q20650540",  # anime film
    "Q93204",  # documentary film
    "Q506240",  # television film
    "Q226730",  # silent film
)
_BOOKS = (
    "Q571",  # book
    "Q7725634",  # literary work
    "Q47461344",  # written work
    "Q3331189",  # version, edition or translation
    "Q8261",  # novel
    "Q149537",  # novella
    "Q49084",  # short story
    "Q1279564",  # short story collection
    "Q20540385",  # non-fiction work
    "Q25379",  # play
    "Q5185279",  # poem
)
_SERIES = (
    "Q5398426",  # television series
    "Q1259759",  # miniseries
    "Q581714",  # animated series
    "Q117467246",  # animated television series
    "Q63952888",  # anime television series
    "Q21191270",  # television series episode
    "Q3464665",  # television series season
    "Q24856",  # film series
    "Q277759",  # book series
    "Q1667921",  # novel series
    "Q21198342",  # manga series
    "Q14406742",  # comic book series
)
_CLASSES: dict[str, Kind | Reason] = {
    **dict.fromkeys(_FILMS, "movie"),
    **dict.fromkeys(_BOOKS, "book"),
    **dict.fromkeys(_SERIES, Reason.SERIES),
}
"""The kind of work by the class that an item is an instance of (P31), or the reason why it is not a work."""

_IDS: dict[Kind, dict[IdName, tuple[str, re.Pattern[str]]]] = {
    "movie": {
        "imdb": ("P345", re.compile(r"tt[0-9]{7,9}")),
        "tmdb": ("P4947", re.compile(r"[0-9]+")),
    },
    "book": {
        "open_library": ("P648", re.compile(r"OL[0-9]+[WM]")),
        "goodreads_work": ("P8383", re.compile(r"[0-9]+")),
        "goodreads": ("P2969", re.compile(r"[0-9]+")),
        "google_books": ("P675", re.compile(r"[\w-]{12}")),
        "isbn13": ("P212", re.compile(r"97[89]-?([0-9]-?){9}[0-9]")),
        "isbn10": ("P957", re.compile(r"([0-9]-?){9}[0-9X]")),
    },
}
"""The property of an id and the form of its values, since P345 also has ids of people and P648 ids of authors."""

ITEM = re.compile("Q[1-9][0-9]*")
_TITLE_LANGUAGES = ("en", "mul", "en-us", "en-gb", "en-ca")  # "mul": one label for all languages
_MINUTE = "Q7727"
_PRECISE_TO_THE_YEAR = range(9, 15)  # 8 is a decade, 11 a day


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the records of an item or of an answer with several, and why other items are not works."""
    document = read_object(answer)
    if isinstance(document, NotAWork):
        yield document
    elif "labels" in document or "statements" in document or "claims" in document:
        yield entity_to_record(document)
    elif isinstance(entities := document.get("entities"), dict):
        yield from (entity_to_record(_mapping(entity)) for entity in entities.values())
    elif answer.status >= 400 or any(name in document for name in ("error", "code", "httpCode")):
        code = _mapping(document.get("error")).get("code") or document.get("code") or document.get("httpCode")
        yield _parse_error(answer.status, str(code))
    elif any(name in document for name in ("results", "query", "search")):
        yield NotAWork(Reason.LIST)
    else:
        yield NotAWork(Reason.UNKNOWN, f"an object with {', '.join(list(document)[:5]) or 'nothing'}"[:200])


def entity_to_record(entity: Entity) -> ParseResult:
    """Return the record of an item that is a film or a book, or why it is not one.

    The description stays empty: an item has only a gloss ("1982 film by Ridley Scott"), not a text about the work.
    """
    key = entity.get("id")
    if "missing" in entity:
        return NotAWork(Reason.NOT_FOUND, f"{key}"[:200])
    if not isinstance(key, str) or not ITEM.fullmatch(key):
        return NotAWork(Reason.OTHER, f"{entity.get('type')} {key} is not an item"[:200])
    original = _original_title(entity)
    title = _english(entity, "labels") or original.get("text") or _any_label(entity)
    kind = kind_of(entity)
    if kind is None or isinstance(kind, Reason):
        classes = ", ".join(map(_item_id, _values(entity, "P31"))) or "nothing"
        gloss = _english(entity, "descriptions") or f"instance of {classes}"
        return NotAWork(kind or Reason.OTHER, f"{key} {title}: {gloss}"[:200])
    return make_record(
        WIKIDATA,
        {
            "source_id": key,
            "kind": kind,
            "title": title,
            "original_title": original.get("text"),
            "year": _first_year(entity),
            "language": language_of_code(original.get("language", "")),
            "runtime_minutes": _only_amount(entity, "P2047", _MINUTE),
            "page_count": _only_amount(entity, "P1104", "1"),
            "ids": _ids(entity, kind) | {"wikidata": key},
            "url": f"{WIKIDATA.address}/wiki/{key}",
        },
    )


def kind_of(entity: Entity) -> Kind | Reason | None:
    """Return the kind of an item by its first known class, else by an id that only films or only books have."""
    for value in _values(entity, "P31"):
        if kind := _CLASSES.get(_item_id(value)):
            return kind
    return next((kind for kind in KINDS if _ids(entity, kind).keys() - {"imdb"}), None)


def _ids(entity: Entity, kind: Kind) -> dict[str, str]:
    """Return the first id of each name; ISBNs without hyphens."""
    ids: dict[str, str] = {}
    for name, (statement, form) in _IDS[kind].items():
        values = [value for value in _values(entity, statement) if isinstance(value, str) and form.fullmatch(value)]
        if values:
            ids[name] = values[0].replace("-", "") if name.startswith("isbn") else values[0]
    return ids


def _values(entity: Entity, statement: str) -> list[Any]:
    """Return the values of a property, preferred ones first, without deprecated ones."""
    statements = _mapping(entity.get("statements") or entity.get("claims")).get(statement)
    known = [each for each in statements if isinstance(each, dict)] if isinstance(statements, list) else []
    ranked = [each for rank in ("preferred", "normal") for each in known if each.get("rank", "normal") == rank]
    return [value for each in ranked if (value := _value(each)) is not None]


def _value(statement: Entity) -> Any:
    """Return the value of a statement; None if it says that there is none or that it is unknown."""
    if "mainsnak" in statement:
        return _mapping(_mapping(statement["mainsnak"]).get("datavalue")).get("value")
    return _mapping(statement.get("value")).get("content")


def _item_id(value: object) -> str:
    """Return the id of an item that is a value: "Q5", {"id": "Q5"} or {"numeric-id": 5}."""
    if isinstance(value, dict):
        value = value.get("id") or f"Q{value.get('numeric-id')}"
    return value if isinstance(value, str) else ""


def _original_title(entity: Entity) -> dict[str, str]:
    """Return text and language of the title (P1476) if there is exactly one; several include titles of translations."""
    titles = [_mapping(value) for value in _values(entity, "P1476")]
    only = titles[0] if len(titles) == 1 else {}
    return {name: text for name, text in only.items() if isinstance(text, str)}


def _first_year(entity: Entity) -> int | None:
    """Return the year of the earliest publication (P577) that is known to the year; years before 1 are negative."""
    years = []
    for time in map(_mapping, _values(entity, "P577")):
        year = re.match(r"([+-]0*[0-9]{1,4})-", str(time.get("time")))
        if year and time.get("precision") in _PRECISE_TO_THE_YEAR:
            years.append(int(year[1]))
    return min(years, default=None)


def _only_amount(entity: Entity, statement: str, unit: str) -> int | None:
    """Return a number on which all statements agree; None if cuts or editions differ."""
    quantities = [_mapping(value) for value in _values(entity, statement)]
    amounts = {str(each.get("amount")) for each in quantities if str(each.get("unit")).rpartition("/")[2] == unit}
    amount = re.fullmatch(r"\+?([0-9]{1,5})(?:\.0+)?", amounts.pop()) if len(amounts) == 1 else None
    return int(amount[1]) or None if amount else None


def _english(entity: Entity, part: str) -> str:
    texts = _mapping(entity.get(part))
    return next((text for code in _TITLE_LANGUAGES if (text := _text(texts.get(code)))), "")


def _any_label(entity: Entity) -> str:
    return next(filter(None, map(_text, _mapping(entity.get("labels")).values())), "")


def _text(value: object) -> str:
    """Return a text that is a string or a {"language", "value"}."""
    value = value.get("value") if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Entity:
    """Return a mapping; an empty one for anything else, such as the [] that an empty object becomes in PHP."""
    return value if isinstance(value, dict) else {}


def _parse_error(status: int, code: str) -> NotAWork:
    not_found = status in (404, 410) or "not-found" in code or code in ("no-such-entity", "404")
    return NotAWork(Reason.NOT_FOUND if not_found else Reason.ERROR, code[:200] or f"status {status}")
