"""Read facts from the categories of a page: "1994 films", "Novels by Ursula K. Le Guin". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crawler.answers import Reason
from crawler.countries import COUNTRY_ADJECTIVES
from crawler.records import Kind

_BOOKS = (
    "novels|novellas|books|short stories|short story collections|poems|poetry books|poetry collections|plays|memoirs"
    "|autobiographies|biographies|essays|essay collections"
)
_KIND_OF = {"movie": "films", "book": _BOOKS}
_CENTURY = r"[0-9]{1,2}(?:st|nd|rd|th)-century(?: BC)?"
_DATED = {kind: re.compile(rf"([1-9][0-9]{{2,3}}|{_CENTURY}) (?:.+ )?(?:{nouns})") for kind, nouns in _KIND_OF.items()}
"""Categories that nearly every page of a film or a book has, and no page of a genre, a person or a franchise."""

_PEOPLE: dict[Kind, dict[str, re.Pattern[str]]] = {
    "movie": {
        "director": re.compile(r"Films directed by (.+)"),
        "writer": re.compile(r"Films with screenplays by (.+)"),
    },
    "book": {"author": re.compile(rf"(?i:{_BOOKS}) by (?![a-z])(.+)")},
}
_DISAMBIGUATION = re.compile(r" \([^()]*\)$")

_DERIVED = re.compile(r"\b(?:based on|adapted into|about|set in|spun off)\b")
_SERIES = re.compile(
    r"(?:.+ )?(?:film|book|novel|television|manga|comic book) (?:series|trilogies|franchises|episodes|seasons)"
    r"(?: (?:introduced|debuts|endings)\b.*)?",
    re.IGNORECASE,
)
_COUNTRY = re.compile(rf"[12][0-9]{{3}}s? (.+) (?:films|{_BOOKS})")
_LANGUAGE = re.compile(rf"(?:[12][0-9]{{3}}s? )?(\w+)-language (?:films|{_BOOKS})")
_ABOUT = re.compile(rf"(?:films|fiction|works|{_BOOKS}) (?:about |(?=set in ))(.+)", re.IGNORECASE)

_GENRE_OF = {
    "action": "Action", "adventure": "Adventure", "animated": "Animation", "biographical": "Biography",
    "children's": "Children", "comedy": "Comedy", "crime": "Crime", "documentary": "Documentary", "drama": "Drama",
    "dystopian": "Dystopian", "fantasy": "Fantasy", "gothic": "Gothic", "historical": "Historical", "horror": "Horror",
    "musical": "Musical", "mystery": "Mystery", "romance": "Romance", "romantic": "Romance",
    "science fiction": "Science Fiction", "sports": "Sport", "spy": "Spy", "superhero": "Superhero",
    "thriller": "Thriller", "war": "War", "western": "Western", "young adult": "Young Adult",
}  # fmt: skip
_GENRE = re.compile(
    rf"(?<![-\w])(?<!cold )(?<!civil )({'|'.join(_GENRE_OF)})(?= (?:.+ )?(?:films|{_BOOKS})$)", re.IGNORECASE
)

MOST_KEYWORDS = 40
MOST_PEOPLE = 20
"""More than any work has; the text of a page is anyone's."""


def kind_of(categories: Sequence[str]) -> Kind | Reason | None:
    """Return the kind of work that most categories with a date or a maker are of; None if there is none, or a tie."""
    if any(_SERIES.fullmatch(each) and not _DERIVED.search(each) for each in categories):
        return Reason.SERIES
    films, books = (
        sum(any(form.fullmatch(each) for form in (_DATED[kind], *_PEOPLE[kind].values())) for each in categories)
        for kind in ("movie", "book")
    )
    return None if films == books else "movie" if films > books else "book"


def first_year(categories: Sequence[str], kind: Kind) -> int | None:
    """Return the earliest year of the categories: that of "1994 films"."""
    years = [dated[1] for each in categories if (dated := _DATED[kind].fullmatch(each))]
    return min((int(year) for year in years if year.isdigit()), default=None)


def creators(categories: Sequence[str], kind: Kind) -> list[dict[str, str]]:
    """Return directors and writers of a film, authors of a book."""
    people = [
        {"name": _DISAMBIGUATION.sub("", named[1]), "role": role}
        for role, form in _PEOPLE[kind].items()
        for each in categories
        if (named := form.fullmatch(each))
    ]
    return [person for place, person in enumerate(people) if person not in people[:place]][:MOST_PEOPLE]


def countries(categories: Sequence[str]) -> list[str]:
    """Return the countries of "1990s British films", "1954 South African novels"."""
    found = []
    for sort in _matches(_COUNTRY, categories):
        words = sort.casefold().split()
        phrases = (" ".join(words[:length]) for length in (3, 2, 1))
        found += [COUNTRY_ADJECTIVES[phrase] for phrase in phrases if phrase in COUNTRY_ADJECTIVES][:1]
    return list(dict.fromkeys(found))


def language(categories: Sequence[str]) -> str | None:
    """Return the name of the language if there is exactly one."""
    names = set(_matches(_LANGUAGE, categories))
    return names.pop() if len(names) == 1 else None


def genres(categories: Sequence[str]) -> list[str]:
    """Return the genres of "1994 drama films" and the like."""
    found = (
        _GENRE_OF[match[1].casefold()]
        for each in categories
        if not _DERIVED.search(each)
        for match in _GENRE.finditer(each)
    )
    return list(dict.fromkeys(found))


def keywords(categories: Sequence[str]) -> list[str]:
    """Return what the work is about, and where and when it is set: "prisons", "set in Maine"."""
    return list(dict.fromkeys(_matches(_ABOUT, categories)))[:MOST_KEYWORDS]


def _matches(form: re.Pattern[str], categories: Sequence[str]) -> Iterator[str]:
    return (match[1] for each in categories if (match := form.fullmatch(each)))
