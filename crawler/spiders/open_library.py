"""Open Library: works, editions and search answers to records; and the spider that asks for works by id.

A work has the description and the subjects, its editions have pages, ISBNs, language and year, and an author is a key
whose name is another document. So the spider gathers several answers, and `merge_answers` makes one record of them;
the dumps (`crawler.open_library_dumps`) come the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from pydantic import ValidationError
from scrapy.http import Request, Response

from crawler.answers import RETRYABLE, Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.markdown import plain_text
from crawler.records import MAX_DESCRIPTION_CHARACTERS, SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.spiders.base import WorkSpider, response_to_answer

SOURCE = "open-library"
ADDRESS = "https://openlibrary.org"
LICENCE = "CC0 1.0 (catalogue data, public domain)"
ATTRIBUTION = f"Open Library ({ADDRESS})"

MAX_KEYWORDS = 100
"""Room for well-kept works (the fullest seen has 84 subjects); what libraries pile up behind is shelving."""

Document = Mapping[str, Any]
NameOf = Callable[[str], str | None]
"""Gives the name of an author (`OL34184A`), None where it is not known."""

WORK_FIELDS = frozenset((
    "key", "title", "description", "first_publish_date", "authors", "identifiers", "covers",
    "subjects", "subject_places", "subject_people", "subject_times",
))  # fmt: skip
"""What a record takes from a work; and below, from an edition. The rest need not be kept."""

EDITION_FIELDS = WORK_FIELDS - {"first_publish_date"} | {
    "title_prefix", "translation_of", "translated_from", "work_titles", "publish_date", "contributors",
    "contributions", "genres", "languages", "number_of_pages", "isbn_10", "isbn_13", "works",
}  # fmt: skip

_KEY = re.compile(r"(?:.*/)?(OL[1-9][0-9]{0,8}[AMW])")
# Neither before the first printed book nor a year of another calendar: 1377 is Iran's 1998, 5750 the Jewish 1990.
_YEAR = re.compile(r"(?<![0-9])(?:14[5-9][0-9]|1[5-9][0-9]{2}|20[0-9]{2})(?![0-9]|'?s\b)")
_UNSURE = re.compile(r"\b(?:or|between)\b", re.IGNORECASE)
_ISBN = re.compile(r"(?P<isbn13>97[89][0-9]{10})|(?P<isbn10>[0-9]{9}[0-9X])")
_MARKS_OF_COPIES = frozenset((
    "accessible book", "protected daisy", "in library", "lending library", "overdrive", "internet archive wishlist",
))  # fmt: skip
"""Subjects that say where a copy is to be had."""

_MACHINE_TAG = re.compile(r"\w+:\S")

_ROLES = frozenset((
    "author", "illustrator", "translator", "editor", "narrator", "photographer", "introduction", "foreword",
    "afterword", "preface", "contributor", "compiler", "adapter",
))  # fmt: skip
_ROLE_IN_BRACKETS = re.compile(r"(?P<name>[^()]+?)\s*\((?P<role>[^()]+)\)\.?")

_MARC_TO_ISO = """
    afr=af alb=sq sqi=sq amh=am ara=ar arm=hy hye=hy asm=as aze=az baq=eu eus=eu bel=be ben=bn bos=bs bre=br
    bul=bg bur=my mya=my cat=ca chi=zh zho=zh cos=co cze=cs ces=cs dan=da dut=nl nld=nl eng=en epo=eo est=et
    fao=fo fin=fi fre=fr fra=fr fry=fy geo=ka kat=ka ger=de deu=de gla=gd gle=ga glg=gl gre=el ell=el guj=gu
    hat=ht hau=ha heb=he hin=hi hrv=hr hun=hu ibo=ig ice=is isl=is ind=id ita=it jav=jv jpn=ja kan=kn kaz=kk
    khm=km kin=rw kir=ky kor=ko kur=ku lao=lo lat=la lav=lv lit=lt ltz=lb mac=mk mkd=mk mal=ml mao=mi mri=mi
    mar=mr may=ms msa=ms mlg=mg mlt=mt mon=mn nep=ne nob=nb nno=nn nor=no oci=oc ori=or pan=pa per=fa fas=fa
    pol=pl por=pt pus=ps roh=rm rum=ro ron=ro rus=ru san=sa scr=hr scc=sr sin=si slo=sk slk=sk slv=sl smo=sm
    sna=sn snd=sd som=so spa=es srp=sr sun=su swa=sw swe=sv tam=ta tat=tt tel=te tgk=tg tgl=tl tha=th tib=bo
    bod=bo tir=ti tsn=tn tuk=tk tur=tr uig=ug ukr=uk urd=ur uzb=uz vie=vi wel=cy cym=cy wol=wo xho=xh yid=yi
    yor=yo zul=zu
"""
_LANGUAGES = dict(pair.split("=") for pair in _MARC_TO_ISO.split())
"""MARC's codes, which the catalogue has, to ISO 639-1."""

_NO_LANGUAGE = frozenset(("und", "mul", "zxx", "mis"))


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives what an answer of the site, or a saved copy, tells: one work or, by search and `api/books`, several."""
    document = read_document(answer)
    if isinstance(document, NotAWork):
        yield document
    elif _type_of(document) == "work":
        yield merge_answers(document, _unknown, ())
    elif _type_of(document) == "edition":
        yield edition_to_record(document)
    elif isinstance(document.get("docs"), list):
        if not document["docs"]:
            yield NotAWork(Reason.LIST, "a search without a hit")
        for hit in document["docs"]:
            yield _hit_to_record(hit) if isinstance(hit, dict) else NotAWork(Reason.UNKNOWN, "a hit that is none")
    elif _is_list(document):
        yield NotAWork(Reason.LIST)
    elif document and all(isinstance(book, dict) for book in document.values()):
        for bibkey, book in document.items():
            yield _book_to_record(bibkey, book)
    else:
        yield _why_none(document)


def read_document(answer: Answer) -> Document | NotAWork:
    """Gives the JSON object of an answer; an error, another kind of file, or a broken one is a NotAWork."""
    body = answer.body.strip()
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if answer.status >= 400:
            return _refusal(answer.status, "")
        is_json = not body or body[:1] in (b"{", b"[")
        return NotAWork(Reason.BROKEN if is_json else Reason.UNKNOWN, f"{error.msg} at character {error.pos + 1}")
    if isinstance(document, list):
        return NotAWork(Reason.LIST)
    if not isinstance(document, dict):
        return NotAWork(Reason.UNKNOWN, f"JSON, but {type(document).__name__} and no object")
    message = document.get("error") or document.get("message") or document.get("detail")
    if answer.status >= 400 or (message and not _key_of(document) and "title" not in document):
        return _refusal(answer.status, message if isinstance(message, str) else "")
    return document


def edition_to_record(edition: Document) -> Told:
    """Gives an edition's record, under the edition's own id; `ids` name its work."""
    languages = _Languages()
    languages.add(edition)
    fields = _edition_to_fields(edition, _unknown)
    return _to_record(fields | _known(year=year_of(edition.get("publish_date")), language=languages.original()))


def merge_answers(work: Document | None, name_of: NameOf, editions: Iterable[Document]) -> Told:
    """Gives one record of a work and those of its editions that are at hand; either may be missing.

    What describes the work comes from the work, where it says so; pages and ISBNs from one edition, the most useful;
    the year from the oldest; the language from editions that agree, or that tell what they were translated from. The
    editions are read once, in order, and the first of equally useful ones is taken.
    """
    title = _line(work.get("title")).casefold() if work else ""
    best: Document = {}
    describing: Document = {}
    usefulness = description_usefulness = -1
    year: int | None = None
    languages = _Languages()
    for edition in editions:
        found = _usefulness(edition, title)
        if found > usefulness:
            best, usefulness = edition, found
        if found > description_usefulness and _text(edition.get("description")):
            describing, description_usefulness = edition, found
        year = min(filter(None, (year, year_of(edition.get("publish_date")))), default=None)
        languages.add(edition)
    of_work = _work_to_fields(work, name_of) if work else {}
    fields = _edition_to_fields(best, _unknown if "creators" in of_work else name_of) if best else {}
    if not work and (key := work_key_of(best)):
        fields |= {"source_id": key, "url": _page_of(key)}
    return _to_record(
        fields
        | _known(year=year, description=_description(describing), language=languages.original())
        | of_work
        | _known(
            ids=fields.get("ids", {}) | of_work.get("ids", {}),
            creators=[*of_work.get("creators", ()), *fields.get("creators", ())],
        )
    )


def year_of(date: object) -> int | None:
    """Gives the earliest year that a date in free text names for sure; "i.e." corrects what stands before it."""
    text = str(date).rpartition("i.e.")[2] if isinstance(date, (str, int)) else ""
    if _UNSURE.search(text):
        return None
    return min(map(int, _YEAR.findall(text)), default=None)


def _work_to_fields(work: Document, name_of: NameOf) -> dict[str, Any]:
    identifiers = _mapping(work.get("identifiers"))
    key = _key_of(work)
    ids = {"open_library": key, "goodreads_work": _first(identifiers.get("goodreads"))}
    ids["wikidata"] = _first(identifiers.get("wikidata"))
    return {"ids": _known(**ids)} | _known(
        source_id=key,
        title=_line(work.get("title")),
        description=_description(work),
        year=year_of(work.get("first_publish_date")),
        creators=_authors(work, name_of),
        keywords=_keywords(work, "subjects", "subject_places", "subject_people", "subject_times"),
        url=_page_of(key),
        image_url=_cover(work),
    )


def _edition_to_fields(edition: Document, name_of: NameOf) -> dict[str, Any]:
    """Gives the fields of an edition but year and language, which a merge finds in all editions.

    Also in the shape that `api/books` has: its ISBNs among the identifiers.
    """
    identifiers = _mapping(edition.get("identifiers"))
    key = _key_of(edition)
    works = _keys(edition.get("works"))
    isbns = [edition.get(name) or identifiers.get(name) for name in ("isbn_10", "isbn_13")]
    ids = {"open_library": works[0] if works else key, "goodreads": _first(identifiers.get("goodreads"))}
    ids["google_books"] = _first(identifiers.get("google"))
    return {"ids": _known(**ids) | _isbn_ids(*isbns)} | _known(
        source_id=key,
        title=_line(edition.get("title_prefix")) + _line(edition.get("title")),
        original_title=_line(edition.get("translation_of")),
        description=_description(edition),
        creators=_unique([*_authors(edition, name_of), *_contributors(edition)]),
        genres=_unique(genre.rstrip(" .") for genre in _names(edition.get("genres"))),
        keywords=_keywords(edition, "subjects", "subject_places", "subject_people", "subject_times"),
        page_count=_page_count(edition.get("number_of_pages")),
        url=_page_of(key),
        image_url=_cover(edition),
    )


def _hit_to_record(hit: Document) -> Told:
    """Gives the record of a search's hit, which tells of a work and, in lists, of all its editions."""
    key = _key_of(hit)
    if key.endswith("A") or hit.get("type") in ("author", "subject"):
        return NotAWork(Reason.OTHER, f"{hit.get('type') or 'author'} {_line(hit.get('name'))}")
    spoken = {_language(code) for code in _names(hit.get("language"))} - {None}
    ids = {"open_library": key, "goodreads": _first(hit.get("id_goodreads"))}
    return _to_record(
        {"ids": _known(**ids) | _isbn_ids(hit.get("isbn"))}
        | _known(
            source_id=key,
            title=_line(hit.get("title")),
            year=year_of(hit.get("first_publish_year")),
            creators=[{"name": name, "role": "author"} for name in _names(hit.get("author_name"))],
            keywords=_keywords(hit, "subject", "place", "person", "time"),
            language=spoken.pop() if len(spoken) == 1 else None,
            page_count=_page_count(hit.get("number_of_pages_median")),
            rating=_rating(hit),
            url=_page_of(key),
            image_url=_cover({"covers": [hit.get("cover_i")]}),
        )
    )


def _book_to_record(bibkey: str, book: Document) -> Told:
    """Gives the record of an `api/books` answer's book: with jscmd=data or details; jscmd=viewapi tells only links."""
    edition = _mapping(book.get("details")) or book
    if not _key_of(edition):
        return NotAWork(Reason.OTHER if "bib_key" in book else Reason.UNKNOWN, bibkey[:100])
    return edition_to_record(edition)


def _to_record(fields: Mapping[str, Any]) -> Told:
    key = fields.get("source_id")
    if not key:
        return NotAWork(Reason.UNKNOWN, "without a key of Open Library")
    if not fields.get("title"):
        return NotAWork(Reason.UNTITLED, key)
    try:
        return SourceRecord.model_validate(
            {"source": SOURCE, "kind": "book", "licence": LICENCE, "attribution": ATTRIBUTION, **fields}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return NotAWork(Reason.BROKEN, f"{key}: {'.'.join(map(str, first['loc']))}: {first['msg']}")


def _refusal(status: int, message: str) -> NotAWork:
    not_found = status in (404, 410) or message.lower().replace(" ", "") == "notfound"
    return NotAWork(Reason.NOT_FOUND if not_found else Reason.ERROR, message or f"status {status}")


def _why_none(document: Document) -> NotAWork:
    kind = _type_of(document)
    if kind == "delete":
        return NotAWork(Reason.NOT_FOUND, f"{_line(document.get('key'))} was deleted")
    if kind == "redirect":
        return NotAWork(Reason.OTHER, f"redirect to {_line(document.get('location'))}")
    if kind:
        return NotAWork(Reason.OTHER, f"{kind} {_line(document.get('name')) or _line(document.get('key'))}"[:200])
    if not document:
        return NotAWork(Reason.NOT_FOUND, "an empty answer: no book under these keys")
    return NotAWork(Reason.UNKNOWN, f"an object with {', '.join(list(document)[:5])}"[:200])


def _type_of(document: Document) -> str:
    """Gives "work", "edition", "author", "redirect", ...; by the key where an answer does not say."""
    told = document.get("type")
    kind = _line(_mapping(told).get("key")) or (told if isinstance(told, str) else "")
    if kind.startswith("/type/"):
        return kind.removeprefix("/type/")
    return {"W": "work", "M": "edition", "A": "author"}.get(_key_of(document)[-1:], "")


def _is_list(document: Document) -> bool:
    return any(isinstance(document.get(name), list) for name in ("entries", "works", "docs"))


def _key_of(document: Document) -> str:
    """Gives the last part of a document's key: `OL45804W`."""
    found = _KEY.fullmatch(_line(document.get("key")))
    return found[1] if found else ""


def _keys(value: object) -> list[str]:
    """Gives the keys of a list of references, in any of their shapes: {"key"}, {"author": {"key"}}, a string."""
    references = [each.get("author", each) if isinstance(each, dict) else each for each in _list(value)]
    return [key for each in references if (key := _key_of(each if isinstance(each, dict) else {"key": each}))]


def author_keys(document: Document) -> list[str]:
    """Gives the keys of the authors of a work or an edition."""
    return _keys(document.get("authors"))


def work_key_of(edition: Document) -> str:
    """Gives the key of the work that an edition belongs to; empty where it does not say."""
    return next(iter(_keys(edition.get("works"))), "")


def _authors(document: Document, name_of: NameOf) -> list[dict[str, str]]:
    """Gives the authors with a name: `api/books` has it beside the key, elsewhere it is looked up."""
    named = _names([each for each in _list(document.get("authors")) if isinstance(each, dict) and "name" in each])
    found = named or [name for key in author_keys(document) if (name := name_of(key))]
    return _unique({"name": name, "role": "author"} for name in found)


def _contributors(edition: Document) -> Iterator[dict[str, str]]:
    """Gives those who contributed to an edition and whose role is told: "Tony Ross (Illustrator)"."""
    for each in _list(edition.get("contributors")):
        name, role = _line(_mapping(each).get("name")), _line(_mapping(each).get("role"))
        if name and role:
            yield {"name": name, "role": role.lower()}
    for each in _names(edition.get("contributions")):
        found = _ROLE_IN_BRACKETS.fullmatch(each)
        name, role = (found["name"], found["role"]) if found else (each.rpartition(", ")[0], each.rpartition(", ")[2])
        if name and role.lower() in _ROLES:
            last, comma, first = name.partition(", ")
            yield {"name": f"{first} {last}" if comma and "," not in first else name, "role": role.lower()}


class _Languages:
    """What editions tell of the language in which a work was written."""

    def __init__(self) -> None:
        self._origins: set[str] = set()
        self._printed: set[str] = set()

    def add(self, edition: Document) -> None:
        """Takes in an edition: that of a translation tells of the original only what it says of it."""
        self._origins.update(_language_codes(edition.get("translated_from")))
        # Cataloguers note the original's title with a translation: in which of two fields, it depends on the age.
        if not any(edition.get(name) for name in ("translated_from", "translation_of", "work_titles")):
            self._printed.update(_language_codes(edition.get("languages")))

    def original(self) -> str | None:
        """Gives the language of the original; None where it is not told, or not told alike."""
        found = self._origins or self._printed
        return next(iter(found)) if len(found) == 1 else None


def _language_codes(value: object) -> Iterator[str]:
    for each in _list(value):
        key = _line(_mapping(each).get("key"))
        if code := _language(key.rpartition("/")[2]):
            yield code


def _language(code: str) -> str | None:
    code = _LANGUAGES.get(code, code)
    return code if re.fullmatch("[a-z]{2,3}", code) and code not in _NO_LANGUAGE else None


def _usefulness(edition: Document, title: str) -> int:
    """Gives how much an edition tells of its work; one with the work's own title is no translation."""
    told = ("number_of_pages", "languages", "publish_date", "covers")
    has_isbn = bool(edition.get("isbn_13") or edition.get("isbn_10"))
    same_title = _line(edition.get("title")).casefold() == title
    return sum(bool(edition.get(name)) for name in told) + 2 * has_isbn + 2 * same_title


def _description(document: Document) -> str:
    markdown = _text(document.get("description"))
    text = plain_text(markdown) if markdown else ""
    return text if len(text) <= MAX_DESCRIPTION_CHARACTERS else ""


def _keywords(document: Document, *fields: str) -> list[str]:
    """Gives subjects, then places, people and times, without machine tags ("nyt:...") and marks of copies.

    All are keywords, none a genre: "Fiction" is said of nearly every novel, in many spellings and languages.
    """
    found = (name for each in fields if each in document for name in _names(document[each]))
    kept = (name for name in found if name.lower() not in _MARKS_OF_COPIES and not _MACHINE_TAG.match(name))
    return _unique(kept)[:MAX_KEYWORDS]


def _isbn_ids(*values: object) -> dict[str, str]:
    """Gives the first ISBN of either length."""
    ids: dict[str, str] = {}
    for each in values:
        for name in _names(each):
            if found := _ISBN.fullmatch(re.sub(r"[\s-]", "", name).upper()):
                ids.setdefault(str(found.lastgroup), found[0])
    return ids


def _rating(hit: Document) -> dict[str, Any] | None:
    mean, count = hit.get("ratings_average"), hit.get("ratings_count")
    if not isinstance(mean, (int, float)) or not isinstance(count, int) or not 1 <= mean <= 5 or count < 1:
        return None
    return {"mean": mean, "count": count, "scale": 5}


def _page_count(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if re.fullmatch("[1-9][0-9]{0,4}", text) else None


def _cover(document: Document) -> str | None:
    if large := _line(_mapping(document.get("cover")).get("large")):
        return large if large.startswith("https://") else None
    cover = next((each for each in _list(document.get("covers")) if isinstance(each, int) and each > 0), None)
    return f"https://covers.openlibrary.org/b/id/{cover}-L.jpg" if cover else None


def _page_of(key: str) -> str:
    return f"{ADDRESS}/{'works' if key.endswith('W') else 'books'}/{key}" if key else ""


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _unique(values: Iterable[Any]) -> list[Any]:
    """Gives the values without repetitions, whatever their case, in order."""
    first: dict[str, Any] = {}
    for value in values:
        first.setdefault(str(value).casefold(), value)
    return list(first.values())


def _text(value: object) -> str:
    """Gives a text that is a string or a {"type", "value"}."""
    value = _mapping(value).get("value", value)
    return value if isinstance(value, str) else ""


def _line(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> list[str]:
    """Gives the strings of a list, whose members may be objects with a name; without overlong ones, which are none."""
    named = (each.get("name") if isinstance(each, dict) else each for each in _list(value))
    names = [name.strip() for name in named if isinstance(name, str)]
    return [name for name in names if 0 < len(name) <= 500]


def _first(value: object) -> str:
    return next(iter(_names(value)), "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Document:
    return value if isinstance(value, dict) else {}


def _unknown(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was answered so far for one work, and the paths that were asked, each once."""

    work: Document | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    editions: tuple[Document, ...] = ()
    location: str = ""
    asked: frozenset[str] = frozenset()

    def add(self, document: Document) -> Gathered:
        """Gives what is known with one more document."""
        match _type_of(document):
            case "work":
                return replace(self, work=document)
            case "edition":
                return replace(self, editions=(*self.editions, document))
            case "author":
                return replace(self, names={**self.names, _key_of(document): _line(document.get("name"))})
            case "redirect" if self.work is None:
                return replace(self, location=_key_of({"key": document.get("location")}))
        editions = (each for each in _list(document.get("entries")) if isinstance(each, dict))
        return replace(self, editions=(*self.editions, *editions))

    def next_path(self) -> str | None:
        """Gives what is still to be asked; None when all is known that can be."""
        return next((path for path in self._wanted() if path not in self.asked), None)

    def to_record(self, last: Document | NotAWork) -> Told:
        """Gives the record; when there is no work, why `last`, the last answer, tells of none."""
        if self.work or self.editions:
            return merge_answers(self.work, self.names.get, self.editions)
        return last if isinstance(last, NotAWork) else _why_none(last)

    def _wanted(self) -> Iterator[str]:
        if self.work is None and (key := self.location or work_key_of(next(iter(self.editions), {}))):
            yield f"/works/{key}.json"
        for key in author_keys(self.work or next(iter(self.editions), {})):
            if key not in self.names:
                yield f"/authors/{key}.json"
        if self.work and not self.editions:
            yield f"/works/{_key_of(self.work)}/editions.json?limit=50"


class OpenLibrarySpider(WorkSpider):
    """Asks for works one by one: the work, its authors, a page of its editions."""

    name = SOURCE
    base_url = ADDRESS
    selections = frozenset(("ids",))
    custom_settings: dict[str, Any] | None = {"DOWNLOAD_DELAY": 1.0, "RANDOMIZE_DOWNLOAD_DELAY": False}  # noqa: RUF012

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses searches, which the site's robots.txt forbids, ids it does not have, and crawls without a contact.

        Raises:
            SelectionRefused: as said.
        """
        if selection.query:
            raise SelectionRefused(
                f"{cls.name}: its robots.txt allows no searches; name works with --ids, or download its dumps from"
                f" {ADDRESS}/developers/dumps and read them with --saved"
            )
        super().check(selection, crawl_settings)
        if not crawl_settings.contact:
            raise SelectionRefused(f"{cls.name} wants to know whom to write to: set EVOKE_CONTACT to a mail address")
        for each in selection.ids:
            path_of(each)

    def first_requests(self) -> Iterator[Request]:
        """Gives a request for each id."""
        for each in self.selection.ids:
            yield self._ask(path_of(each), Gathered())

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives what a single answer tells."""
        return parse_answer(answer)

    def parse(self, response: Response, gathered: Gathered | None = None, **_: Any) -> Iterator[SourceRecord | Request]:
        """Gathers an answer; gives what to ask next or, when nothing is left to ask, the record."""
        gathered = gathered or Gathered()
        document = read_document(response_to_answer(response))
        if not isinstance(document, NotAWork):
            gathered = gathered.add(document)
        elif document.reason in RETRYABLE and (again := self._again(response, document.reason)):
            yield again
            return
        if path := gathered.next_path():
            yield self._ask(path, gathered)
            return
        told = gathered.to_record(document)
        if isinstance(told, SourceRecord):
            yield told
        else:
            self.count(told.reason)

    def _ask(self, path: str, gathered: Gathered) -> Request:
        asked = replace(gathered, asked=gathered.asked | {path})
        # Several works have the same author: a request for it is no repetition, and the cache has its answer.
        return Request(f"{self.address}{path}", self.parse, cb_kwargs={"gathered": asked}, dont_filter=True)


def path_of(wanted: str) -> str:
    """Gives the path of the answer that tells of a work, an edition or an ISBN.

    Raises:
        SelectionRefused: it is none of them.
    """
    key = wanted.strip().rpartition("/")[2].upper().removesuffix(".JSON")
    if _KEY.fullmatch(key) and not key.endswith("A"):
        return f"/{'works' if key.endswith('W') else 'books'}/{key}.json"
    isbn = re.sub(r"[\s-]", "", key)
    if _ISBN.fullmatch(isbn):
        return f"/isbn/{isbn}.json"
    raise SelectionRefused(
        f"{wanted!r} is no id of {SOURCE}: use a work (OL45804W), an edition (OL7353617M) or an ISBN"
    )
