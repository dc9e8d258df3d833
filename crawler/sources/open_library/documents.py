"""Turn Open Library's documents into records: works, editions, authors, and the hits of a search.

A work has the description and the subjects; its editions have pages, ISBNs, language and year; an author is a key whose
name is in another document. `merge_documents` makes one record of them, whether they were asked for one by one
(`crawler.sources.open_library.spider`) or come from the dumps (`crawler.sources.open_library.dumps`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from crawler.answers import NotAWork, ParseResult, Reason
from crawler.languages import language_of_code
from crawler.records import MAX_DESCRIPTION_CHARACTERS
from crawler.sources.json_answers import make_record
from crawler.sources.open_library import OPEN_LIBRARY
from crawler.sources.open_library.markdown import plain_text

MAX_KEYWORDS = 100
"""The most subjects seen on a well-kept work are 84; longer lists end in shelf marks of libraries."""

Document = Mapping[str, Any]
NameOf = Callable[[str], str | None]
"""A function that returns an author's name for the key (`OL34184A`); None if it is not known."""

WORK_FIELDS = frozenset((
    "key", "title", "description", "first_publish_date", "authors", "identifiers", "covers",
    "subjects", "subject_places", "subject_people", "subject_times",
))  # fmt: skip
"""The fields of a work that a record is made from; EDITION_FIELDS are those of an edition. The dumps' reader drops
the others."""

EDITION_FIELDS = WORK_FIELDS - {"first_publish_date"} | {
    "title_prefix", "translation_of", "translated_from", "work_titles", "publish_date", "contributors",
    "contributions", "genres", "languages", "number_of_pages", "isbn_10", "isbn_13", "works",
}  # fmt: skip

_KEY = re.compile(r"(?:.*/)?(OL[1-9][0-9]{0,8}[AMW])")
# 1450 to 2099. Earlier and later numbers are years of another calendar (1377 is 1998 in Iran, 5750 is 1990 in the
# Jewish calendar), since no book was printed before.
_YEAR = re.compile(r"(?<![0-9])(?:14[5-9][0-9]|1[5-9][0-9]{2}|20[0-9]{2})(?![0-9]|'?s\b)")
_UNSURE = re.compile(r"\b(?:or|between)\b", re.IGNORECASE)
_ISBN = re.compile(r"(?P<isbn13>97[89][0-9]{10})|(?P<isbn10>[0-9]{9}[0-9X])")
_SUBJECTS = ("subjects", "subject_places", "subject_people", "subject_times")
_MARKS_OF_COPIES = frozenset((
    "accessible book", "protected daisy", "in library", "lending library", "overdrive", "internet archive wishlist",
))  # fmt: skip
"""Subjects that say where to find a copy, not what the work is about."""

_MACHINE_TAG = re.compile(r"[a-z_]+:\S")

_ROLES = frozenset((
    "author", "illustrator", "translator", "editor", "narrator", "photographer", "introduction", "foreword",
    "afterword", "preface", "contributor", "compiler", "adapter",
))  # fmt: skip
_ROLE_IN_BRACKETS = re.compile(r"(?P<name>[^()]+?)\s*\((?P<role>[^()]+)\)\.?")


def merge_documents(work: Document | None, name_of: NameOf, editions: Iterable[Document]) -> ParseResult:
    """Return one record of a work and its editions; either may be missing.

    Title, description and subjects come from the work if it has them. Pages and ISBNs come from the most useful
    edition, the first of equally useful ones. The year is the work's, else that of the oldest edition. The language is
    the one that editions were translated from, else the one that all untranslated editions share. The editions are
    read once, in order.
    """
    fields = _merge_fields(work or {}, name_of, editions)
    key = fields.get("ids", {}).get("open_library", "")
    return _to_record(fields | _known(source_id=key, url=_page_of(key)))


def edition_to_record(edition: Document) -> ParseResult:
    """Return an edition's record, under the edition's own id; `ids` has the id of its work."""
    key = key_of(edition)
    return _to_record(_merge_fields({}, no_name, [edition]) | _known(source_id=key, url=_page_of(key)))


def year_of(date: object) -> int | None:
    """Return the earliest year in a free-text date; None if it is unsure. "i.e." corrects what stands before it."""
    return _year_in(str(date)) if isinstance(date, (str, int)) else None


@lru_cache(maxsize=10_000)
def _year_in(text: str) -> int | None:
    text = text.rpartition("i.e.")[2]
    return None if _UNSURE.search(text) else min(map(int, _YEAR.findall(text)), default=None)


def no_name(_: str) -> None:
    """Return None for every author: the NameOf without any names."""


def _merge_fields(work: Document, name_of: NameOf, editions: Iterable[Document]) -> dict[str, Any]:
    title = _line(work.get("title")).casefold()
    edition: Document = {}
    describing = work
    usefulness = description_usefulness = -1
    year: int | None = None
    languages = _Languages()
    for each in editions:
        score = _usefulness(each, title)
        if score > usefulness:
            edition, usefulness = each, score
        if score > description_usefulness and each.get("description") and not work.get("description"):
            describing, description_usefulness = each, score
        year = min(filter(None, (year, year_of(each.get("publish_date")))), default=None)
        languages.add(each)
    return _known(
        title=_line(work.get("title")) or _line(edition.get("title_prefix")) + _line(edition.get("title")),
        original_title=_line(edition.get("translation_of")),
        description=_description(describing),
        year=year_of(work.get("first_publish_date")) or year,
        creators=[*(_authors(work, name_of) or _authors(edition, name_of)), *_contributors(edition)],
        genres=_unique(genre for each in _names(edition.get("genres")) if (genre := each.rstrip(" ."))),
        keywords=_keywords(work, *_SUBJECTS) or _keywords(edition, *_SUBJECTS),
        language=languages.original(),
        page_count=_page_count(edition.get("number_of_pages")),
        ids=_ids(work, edition),
        image_url=_cover(work) or _cover(edition),
    )


def _ids(work: Document, edition: Document) -> dict[str, str]:
    of_work, of_edition = _mapping(work.get("identifiers")), _mapping(edition.get("identifiers"))
    ids = _known(
        open_library=key_of(work) or work_key_of(edition) or key_of(edition),
        goodreads=_first(of_edition.get("goodreads")),
        goodreads_work=_first(of_work.get("goodreads")),
        google_books=_first(of_edition.get("google")),
        wikidata=_first(of_work.get("wikidata")),
    )
    # `api/books` has the ISBNs among the identifiers.
    isbns = [edition.get(name) or of_edition.get(name) for name in ("isbn_10", "isbn_13")]
    return ids | isbn_ids(*isbns)


def hit_to_record(hit: Document) -> ParseResult:
    """Return the record of a search hit, which has the facts of a work and lists of the facts of its editions."""
    key = key_of(hit)
    if key.endswith("A") or hit.get("type") in ("author", "subject"):
        return NotAWork(Reason.OTHER, f"{hit.get('type') or 'author'} {_line(hit.get('name'))}")
    languages = {code for each in _names(hit.get("language")) if (code := language_of_code(each))}
    fields = _known(
        source_id=key,
        title=_line(hit.get("title")),
        year=year_of(hit.get("first_publish_year")),
        creators=[{"name": name, "role": "author"} for name in _names(hit.get("author_name"))],
        keywords=_keywords(hit, "subject", "place", "person", "time"),
        language=languages.pop() if len(languages) == 1 else None,
        page_count=_page_count(hit.get("number_of_pages_median")),
        rating=_rating(hit),
        url=_page_of(key),
        image_url=_cover({"covers": [hit.get("cover_i")]}),
        ids=_known(open_library=key, goodreads=_first(hit.get("id_goodreads"))) | isbn_ids(hit.get("isbn")),
    )
    return _to_record(fields)


def book_to_record(bibkey: str, book: Document) -> ParseResult:
    """Return the record of a book in an `api/books` answer with jscmd=data or details; jscmd=viewapi has only links."""
    edition = _mapping(book.get("details")) or book
    if not key_of(edition):
        return NotAWork(Reason.OTHER if "bib_key" in book else Reason.UNKNOWN, bibkey[:100])
    return edition_to_record(edition)


def _to_record(fields: Mapping[str, Any]) -> ParseResult:
    if "source_id" not in fields:
        return NotAWork(Reason.UNKNOWN, "without a key of Open Library")
    return make_record(OPEN_LIBRARY, {"kind": "book", **fields})


def type_of(document: Document) -> str:
    """Return "work", "edition", "author", "redirect", ...; from the key if the document has no type."""
    value = document.get("type")
    kind = _line(_mapping(value).get("key")) or (value if isinstance(value, str) else "")
    if kind.startswith("/type/"):
        return kind.removeprefix("/type/")
    return {"W": "work", "M": "edition", "A": "author"}.get(key_of(document)[-1:], "")


def key_of(document: Document) -> str:
    """Return the last part of a document's key: `OL45804W`; empty if it has none."""
    return last_part(document.get("key"))


def last_part(key: object) -> str:
    """Return `OL45804W` for `/works/OL45804W`; empty for anything that is not a key."""
    match = _KEY.fullmatch(key) if isinstance(key, str) else None
    return match[1] if match else ""


def author_keys(document: Document) -> list[str]:
    """Return the keys of the authors of a work or an edition."""
    return _keys(document.get("authors"))


def work_key_of(edition: Document) -> str:
    """Return the key of the work to which an edition belongs; empty if it has none."""
    return next(iter(_keys(edition.get("works"))), "")


def _keys(references: object) -> list[str]:
    """Return the keys of references in any of their shapes: {"author": {"key"}}, {"key"}, a string."""
    inner = [each.get("author", each) if isinstance(each, dict) else each for each in _list(references)]
    keys = [last_part(each.get("key") if isinstance(each, dict) else each) for each in inner]
    return [key for key in keys if key]


def _authors(document: Document, name_of: NameOf) -> list[dict[str, str]]:
    """Return the authors whose name is known: `api/books` has names beside the keys, others are looked up."""
    named = _names([each for each in _list(document.get("authors")) if isinstance(each, dict) and "name" in each])
    names = named or _names([name_of(key) for key in author_keys(document)])
    return [{"name": name, "role": "author"} for name in dict.fromkeys(names)]


def _contributors(edition: Document) -> Iterator[dict[str, str]]:
    """Yield the contributors to an edition with a known role: "Tony Ross (Illustrator)"."""
    for contributor in map(_mapping, _list(edition.get("contributors"))):
        if (name := _first([contributor])) and (role := _line(contributor.get("role"))):
            yield {"name": name, "role": role.lower()}
    for text in _names(edition.get("contributions")):
        match = _ROLE_IN_BRACKETS.fullmatch(text)
        name, role = (match["name"], match["role"]) if match else (text.rpartition(", ")[0], text.rpartition(", ")[2])
        if name and role.lower() in _ROLES:
            last, comma, first = name.partition(", ")
            yield {"name": f"{first} {last}" if comma and "," not in first else name, "role": role.lower()}


class _Languages:
    """The languages of a work's editions, and the language of the original that follows from them."""

    def __init__(self) -> None:
        self._origins: set[str] = set()
        self._printed: set[str] = set()

    def add(self, edition: Document) -> None:
        """Add an edition; a translation counts only with the language from which it was translated."""
        if origins := edition.get("translated_from"):
            self._origins.update(_language_codes(origins))
        # Cataloguers note the title of the original with a translation, in one of two fields.
        elif not (edition.get("translation_of") or edition.get("work_titles")):
            self._printed.update(_language_codes(edition.get("languages")))

    def original(self) -> str | None:
        """Return the language of the original; None if it is unknown or editions disagree."""
        languages = self._origins or self._printed
        return next(iter(languages)) if len(languages) == 1 else None


def _language_codes(value: object) -> Iterator[str]:
    for each in _list(value):
        if code := language_of_code(_line(_mapping(each).get("key")).rpartition("/")[2]):
            yield code


def _usefulness(edition: Document, title: str) -> int:
    """Return a score for an edition's facts: 1 for each useful one, 2 for an ISBN and 2 for the title of the work.

    An edition with the work's title is probably not a translation.
    """
    facts = [edition.get(name) for name in ("number_of_pages", "languages", "publish_date", "covers")]
    has_isbn = edition.get("isbn_13") or edition.get("isbn_10")
    same_title = _line(edition.get("title")).casefold() == title
    return sum(map(bool, facts)) + (2 if has_isbn else 0) + (2 if same_title else 0)


def _description(document: Document) -> str:
    markdown = _text(document.get("description"))
    text = plain_text(markdown) if markdown else ""
    return text if len(text) <= MAX_DESCRIPTION_CHARACTERS else ""


def _keywords(document: Document, *fields: str) -> list[str]:
    """Return subjects, then places, people and times, without machine tags ("nyt:...") and marks of copies.

    All become keywords, none genres: nearly every novel has "Fiction", in many spellings and languages.
    """
    names = [name for field in fields if field in document for name in _names(document[field])]
    kept = [name for name in names if name.lower() not in _MARKS_OF_COPIES and not _MACHINE_TAG.match(name)]
    return _unique(kept)[:MAX_KEYWORDS]


def isbn_ids(*values: object) -> dict[str, str]:
    """Return the first ISBN of either length, by the name of the id."""
    ids: dict[str, str] = {}
    for value in values:
        for text in _names(value):
            if match := _ISBN.fullmatch(text.replace("-", "").replace(" ", "").upper()):
                ids.setdefault(str(match.lastgroup), match[0])
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
    return f"{OPEN_LIBRARY.address}/{'works' if key.endswith('W') else 'books'}/{key}" if key else ""


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _unique(names: Iterable[str]) -> list[str]:
    """Return the names without repetitions, whatever their case, in order."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.casefold(), name)
    return list(first.values())


def _text(value: object) -> str:
    """Return a text that is a string or a {"type", "value"}."""
    value = _mapping(value).get("value", value)
    return value if isinstance(value, str) else ""


def _line(value: object) -> str:
    return value if isinstance(value, str) else ""


def _names(value: object) -> list[str]:
    """Return the names in a list of strings or of objects with a name; longer than 500 characters is not a name."""
    if not isinstance(value, list):
        return []
    named = [each.get("name") if isinstance(each, dict) else each for each in value]
    return [name.strip() for name in named if isinstance(name, str) and not name.isspace() and 0 < len(name) <= 500]


def _first(value: object) -> str:
    return next(iter(_names(value)), "")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Document:
    return value if isinstance(value, dict) else {}
