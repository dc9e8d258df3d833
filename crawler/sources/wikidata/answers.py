"""Parse Wikidata's items into records, which join ids of IMDb, TMDb, Open Library, Goodreads, Google Books and ISBNs.

An item comes in two shapes, both read here: that of the REST API (`labels.en` is a string, `statements`) and that
of entity pages, dumps and `wbgetentities` (`labels.en.value`, `claims` with `mainsnak`). An item refers to people,
genres and series by the ids of other items only, so a record has none of them; countries, languages and certificates
are few enough for a table here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.id_names import IdName
from crawler.records import KINDS, Kind
from crawler.sources.json_answers import make_record, read_objects
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

_COUNTRIES = """
    AE Q878 AF Q889 AL Q222 AM Q399 AR Q414 AT Q40 AU Q408 AZ Q227 BA Q225 BD Q902 BE Q31 BG Q219 BO Q750 BR Q155
    BY Q184 CA Q16 CH Q39 CL Q298 CN Q148 CO Q739 CR Q800 CS Q33946 CU Q241 CY Q229 CZ Q213 DD Q16957 DE Q183
    DE Q713750 DK Q35 DO Q786 DZ Q262 EC Q736 EE Q191 EG Q79 ES Q29 ET Q115 FI Q33 FR Q142 GB Q145 GB Q21 GB Q22
    GB Q25 GB Q174193 GE Q230 GH Q117 GR Q41 GT Q774 HK Q8646 HR Q224 HU Q28 ID Q252 IE Q27 IL Q801 IN Q668 IQ Q796
    IR Q794 IS Q189 IT Q38 JM Q766 JO Q810 JP Q17 KE Q114 KH Q424 KP Q423 KR Q884 KZ Q232 LB Q822 LK Q854 LT Q37
    LU Q32 LV Q211 MA Q1028 MC Q235 MD Q217 ME Q236 MK Q221 ML Q912 MM Q836 MN Q711 MT Q233 MX Q96 MY Q833 NG Q1033
    NL Q55 NL Q29999 NO Q20 NP Q837 NZ Q664 PA Q804 PE Q419 PH Q928 PK Q843 PL Q36 PT Q45 PY Q733 QA Q846 RO Q218
    RS Q403 RU Q159 SA Q851 SE Q34 SG Q334 SI Q215 SK Q214 SN Q1041 SU Q15180 SY Q858 TH Q869 TN Q948 TR Q43 TW Q865
    UA Q212 US Q30 UY Q77 UZ Q265 VE Q717 VN Q881 YU Q36704 ZA Q258
"""
_COUNTRY_OF_ITEM = dict(zip(_COUNTRIES.split()[1::2], _COUNTRIES.split()[::2], strict=True))
"""The country by its item, for the countries of nearly all films and books."""

_LANGUAGES = """
    ar Q13955 cs Q9056 da Q9035 de Q188 el Q9129 en Q1860 es Q1321 fa Q9168 fi Q1412 fr Q150 he Q9288 hi Q1568 hu Q9067
    is Q294 it Q652 ja Q5287 ko Q9176 nl Q7411 no Q9043 pl Q809 pt Q5146 ru Q7737 sv Q9027 th Q9217 tr Q256 zh Q7850
"""
_LANGUAGE_OF_ITEM = dict(zip(_LANGUAGES.split()[1::2], _LANGUAGES.split()[::2], strict=True))

_CERTIFICATES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "US": ("P1657", {
        "Q18665330": "G", "Q18665334": "PG", "Q18665339": "PG-13", "Q18665344": "R", "Q18665349": "NC-17",
    }),
    "DE": ("P1981", {
        "Q20644794": "0", "Q20644795": "6", "Q20644796": "12", "Q20644797": "16", "Q20644798": "18",
    }),
}  # fmt: skip
"""The property with the certificate of a country's board (the MPA, the FSK), and the certificates by their items."""

ITEM = re.compile("Q[1-9][0-9]*")
_TITLE_LANGUAGES = ("en", "mul", "en-us", "en-gb", "en-ca")  # "mul": one label for all languages
_MINUTE = "Q7727"
_PRECISE_TO_THE_YEAR = range(9, 15)  # 8 is a decade, 11 a day


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the records of an item or of an answer with several, and why other items are not works."""
    for document in read_objects(answer):
        if isinstance(document, NotAWork):
            yield document
        else:
            yield from _parse_object(document, answer.status)


def _parse_object(document: Entity, status: int) -> Iterator[ParseResult]:
    if "labels" in document or "statements" in document or "claims" in document:
        yield entity_to_record(document)
    elif isinstance(entities := document.get("entities"), dict):
        yield from (entity_to_record(_mapping(entity)) for entity in entities.values())
    elif status >= 400 or any(name in document for name in ("error", "code", "httpCode")):
        code = _mapping(document.get("error")).get("code") or document.get("code") or document.get("httpCode")
        yield _parse_error(status, str(code))
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
            "language": original.get("language") or _original_language(entity),
            "countries": _countries(entity),
            "certificates": _certificates(entity),
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


def _original_language(entity: Entity) -> str | None:
    """Return the language of the original (P364) if there is exactly one."""
    languages = [_LANGUAGE_OF_ITEM.get(_item_id(value)) for value in _values(entity, "P364")]
    return languages[0] if len(languages) == 1 else None


def _countries(entity: Entity) -> list[str]:
    """Return the countries of origin (P495) that are in the table."""
    items = map(_item_id, _values(entity, "P495"))
    return [_COUNTRY_OF_ITEM[item] for item in items if item in _COUNTRY_OF_ITEM]


def _certificates(entity: Entity) -> dict[str, str]:
    found = {}
    for country, (statement, names) in _CERTIFICATES.items():
        certificates = {names[item] for item in map(_item_id, _values(entity, statement)) if item in names}
        if len(certificates) == 1:  # several are those of different cuts
            found[country] = certificates.pop()
    return found


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
