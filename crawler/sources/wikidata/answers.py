"""Wikidata: items to records whose worth is the ids they join: IMDb, TMDb, Open Library, Goodreads, Google Books, ISBN.

The same item comes in two shapes, both read here: the REST API's (`labels.en` is a string, `statements`) and that of
the entity pages, dumps and `wbgetentities` (`labels.en.value`, `claims` with `mainsnak`). People and genres are only
ids of other items in it, so a record has no creators and no genres.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scrapy.http import Request

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.records import KINDS, IdName, Kind
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import fields_to_told, read_object
from crawler.sources.spider import WorkSpider

SOURCE = "wikidata"
ADDRESS = "https://www.wikidata.org"
LICENCE = "CC0 1.0"
ATTRIBUTION = f"Wikidata ({ADDRESS})"

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
"""What an item is by the class it is an instance of (P31)."""

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
"""An id's property, and the form it has: P345 also has the ids of people, P648 those of authors."""

_ITEM = re.compile("Q[1-9][0-9]*")
_TITLE_LANGUAGES = ("en", "mul", "en-us", "en-gb", "en-ca")  # "mul": one label for all languages
_MINUTE = "Q7727"
_PRECISE_TO_THE_YEAR = range(9, 15)  # 8 is a decade, 11 a day
_NO_LANGUAGE = frozenset(("und", "mul", "zxx", "mis"))


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives what an item, or an answer with several, tells."""
    document = read_object(answer)
    if isinstance(document, NotAWork):
        yield document
    elif "labels" in document or "statements" in document or "claims" in document:
        yield entity_to_record(document)
    elif isinstance(entities := document.get("entities"), dict):
        yield from (entity_to_record(_mapping(entity)) for entity in entities.values())
    elif answer.status >= 400 or any(name in document for name in ("error", "code", "httpCode")):
        code = _mapping(document.get("error")).get("code") or document.get("code") or document.get("httpCode")
        yield _refusal(answer.status, str(code))
    elif any(name in document for name in ("results", "query", "search")):
        yield NotAWork(Reason.LIST)
    else:
        yield NotAWork(Reason.UNKNOWN, f"an object with {', '.join(list(document)[:5]) or 'nothing'}"[:200])


def entity_to_record(entity: Entity) -> Told:
    """Gives the record of an item that is a film or a book; of another, what it is.

    The description stays empty: an item's is a gloss ("1982 film by Ridley Scott"), no text about the work.
    """
    key = entity.get("id")
    if "missing" in entity:
        return NotAWork(Reason.NOT_FOUND, f"{key}"[:200])
    if not isinstance(key, str) or not _ITEM.fullmatch(key):
        return NotAWork(Reason.OTHER, f"{entity.get('type')} {key}, no item"[:200])
    original = _original_title(entity)
    title = _english(entity, "labels") or original.get("text") or _any_label(entity)
    kind = kind_of(entity)
    if kind is None or isinstance(kind, Reason):
        classes = ", ".join(map(_item_id, _values(entity, "P31"))) or "nothing"
        gloss = _english(entity, "descriptions") or f"instance of {classes}"
        return NotAWork(kind or Reason.OTHER, f"{key} {title}: {gloss}"[:200])
    return fields_to_told(
        {
            "source": SOURCE,
            "source_id": key,
            "kind": kind,
            "title": title,
            "original_title": original.get("text"),
            "year": _first_year(entity),
            "language": _language(original),
            "runtime_minutes": _only_amount(entity, "P2047", _MINUTE),
            "page_count": _only_amount(entity, "P1104", "1"),
            "ids": _ids(entity, kind) | {"wikidata": key},
            "url": f"{ADDRESS}/wiki/{key}",
            "licence": LICENCE,
            "attribution": ATTRIBUTION,
        }
    )


def kind_of(entity: Entity) -> Kind | Reason | None:
    """Gives what an item is, by the first class that is known, else by an id that only films or only books have."""
    for value in _values(entity, "P31"):
        if found := _CLASSES.get(_item_id(value)):
            return found
    return next((kind for kind in KINDS if _ids(entity, kind).keys() - {"imdb"}), None)


def _ids(entity: Entity, kind: Kind) -> dict[str, str]:
    """Gives the first id of each sort; ISBNs without hyphens."""
    found: dict[str, str] = {}
    for name, (statement, form) in _IDS[kind].items():
        values = [value for value in _values(entity, statement) if isinstance(value, str) and form.fullmatch(value)]
        if values:
            found[name] = values[0].replace("-", "") if name.startswith("isbn") else values[0]
    return found


def _values(entity: Entity, statement: str) -> list[Any]:
    """Gives the values of a property, preferred ones first, deprecated ones not at all."""
    statements = _mapping(entity.get("statements") or entity.get("claims")).get(statement)
    told = [each for each in statements if isinstance(each, dict)] if isinstance(statements, list) else []
    ranked = [each for rank in ("preferred", "normal") for each in told if each.get("rank", "normal") == rank]
    return [value for each in ranked if (value := _value(each)) is not None]


def _value(statement: Entity) -> Any:
    """Gives the value of a statement; None where it says that there is none or that it is unknown."""
    if "mainsnak" in statement:
        return _mapping(_mapping(statement["mainsnak"]).get("datavalue")).get("value")
    return _mapping(statement.get("value")).get("content")


def _item_id(value: object) -> str:
    """Gives the id of an item that is a value: "Q5", {"id": "Q5"} or {"numeric-id": 5}."""
    if isinstance(value, dict):
        value = value.get("id") or f"Q{value.get('numeric-id')}"
    return value if isinstance(value, str) else ""


def _original_title(entity: Entity) -> dict[str, str]:
    """Gives text and language of the title (P1476), where there is one: several are those of translations."""
    titles = [_mapping(value) for value in _values(entity, "P1476")]
    only = titles[0] if len(titles) == 1 else {}
    return {name: text for name, text in only.items() if isinstance(text, str)}


def _language(title: Mapping[str, str]) -> str | None:
    code = title.get("language", "").partition("-")[0]
    return code if re.fullmatch("[a-z]{2,3}", code) and code not in _NO_LANGUAGE else None


def _first_year(entity: Entity) -> int | None:
    """Gives the year of the earliest publication (P577) that is known to the year; years before 1 are negative."""
    years = []
    for time in map(_mapping, _values(entity, "P577")):
        found = re.match(r"([+-]0*[0-9]{1,4})-", str(time.get("time")))
        if found and time.get("precision") in _PRECISE_TO_THE_YEAR:
            years.append(int(found[1]))
    return min(years, default=None)


def _only_amount(entity: Entity, statement: str, unit: str) -> int | None:
    """Gives a number that all statements agree on: of cuts or editions with different ones, none is the work's."""
    quantities = [_mapping(value) for value in _values(entity, statement)]
    amounts = {str(each.get("amount")) for each in quantities if str(each.get("unit")).rpartition("/")[2] == unit}
    found = re.fullmatch(r"\+?([0-9]{1,5})(?:\.0+)?", amounts.pop()) if len(amounts) == 1 else None
    return int(found[1]) or None if found else None


def _english(entity: Entity, part: str) -> str:
    texts = _mapping(entity.get(part))
    return next((text for code in _TITLE_LANGUAGES if (text := _text(texts.get(code)))), "")


def _any_label(entity: Entity) -> str:
    return next(filter(None, map(_text, _mapping(entity.get("labels")).values())), "")


def _text(value: object) -> str:
    """Gives a text that is a string or a {"language", "value"}."""
    value = value.get("value") if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Entity:
    """Gives a mapping; an empty one for anything else, such as the [] that an empty object becomes in PHP."""
    return value if isinstance(value, dict) else {}


def _refusal(status: int, code: str) -> NotAWork:
    not_found = status in (404, 410) or "not-found" in code or code in ("no-such-entity", "404")
    return NotAWork(Reason.NOT_FOUND if not_found else Reason.ERROR, code[:200] or f"status {status}")


class WikidataSpider(WorkSpider):
    """Asks for items one by one, by the one address for them that robots.txt allows: /w/ and the query service are not.

    So an IMDb id cannot be looked up; TMDb and Open Library tell the items of many of their works.
    """

    name = SOURCE
    base_url = ADDRESS
    selections = frozenset(("ids",))
    custom_settings: dict[str, Any] | None = {"CONCURRENT_REQUESTS_PER_DOMAIN": 1}  # noqa: RUF012

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses ids that are no items, and a crawl without a contact, which Wikimedia's policy asks for.

        Raises:
            SelectionRefused: as said.
        """
        super().check(selection, crawl_settings)
        if not crawl_settings.contact:
            raise SelectionRefused(
                f"{cls.name} answers only who says whom to write to: set EVOKE_CONTACT to a mail address"
            )
        for each in selection.ids:
            if not _ITEM.fullmatch(each):
                raise SelectionRefused(f"{each!r} is no item of {cls.name}: use ids such as Q184843")

    def first_requests(self) -> Iterator[Request]:
        """Gives a request for each item."""
        for each in self.selection.ids:
            yield Request(f"{self.address}/wiki/Special:EntityData/{each}.json")

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives the records of an answer, and why others are none."""
        return parse_answer(answer)
