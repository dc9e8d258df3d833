"""Parse TMDb's answers (API version 3): https://developer.themoviedb.org/reference/intro/getting-started."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from crawler.answers import ADULT, Answer, NotAWork, ParseResult, Reason
from crawler.records import NonEmptyLine, Series
from crawler.series import make_series
from crawler.sources.json_answers import Part, make_record, read_objects
from crawler.sources.tmdb import TMDB

POSTERS = "https://image.tmdb.org/t/p/w500"
MOST_ACTORS = 10
"""The first-billed actors: the names of a full cast would outnumber all other words of the work."""

_WRITING_JOBS = (
    "Writer", "Screenplay", "Co-Writer", "Original Film Writer", "Scenario Writer", "Screenstory", "Story",
    "Original Story", "Teleplay", "Adaptation", "Author", "Novel", "Book", "Short Story", "Graphic Novel", "Comic Book",
    "Theatre Play", "Radio Play", "Musical", "Opera", "Poem",
)  # fmt: skip
_IN_CINEMAS = (2, 3)  # limited release, release
ROLES_OF_JOBS = {"Director": "director", **dict.fromkeys(_WRITING_JOBS, "writer")}

ImdbId = Annotated[str, Field(pattern=r"^tt[0-9]{7,}$")]
ImagePath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._-]+$")]
DateText = Annotated[str, Field(pattern=r"^(1[0-9]|20)[0-9]{2}")]


class _Named(Part):
    name: NonEmptyLine = ""


class _Credit(_Named):
    job: str = ""
    order: int = sys.maxsize


def _keep_creators(crew: object) -> object:
    """Return the crew whose jobs make them creators: a dozen of the hundreds that a large film has."""
    if not isinstance(crew, list):
        return crew
    return [member for member in crew if isinstance(member, dict) and str(member.get("job")) in ROLES_OF_JOBS]


class _Credits(Part):
    cast: tuple[_Credit, ...] = ()
    crew: Annotated[tuple[_Credit, ...], BeforeValidator(_keep_creators)] = ()


class _Keywords(Part):
    keywords: tuple[_Named, ...] = ()


class _ExternalIds(Part):
    imdb_id: ImdbId = ""
    wikidata_id: Annotated[str, Field(pattern=r"^Q[0-9]+$")] = ""


class _Country(Part):
    iso_3166_1: str = ""


class _Release(_Country):
    certification: str = ""
    type: int = 0


class _CountryReleases(_Country):
    release_dates: tuple[_Release, ...] = ()


class _ReleaseDates(Part):
    results: tuple[_CountryReleases, ...] = ()


class _Releases(Part):
    countries: tuple[_Release, ...] = ()


class _ReviewAuthor(Part):
    rating: Annotated[float, Field(ge=0, le=10)] | None = None


class _Review(Part):
    content: str = ""
    author_details: _ReviewAuthor = _ReviewAuthor()


class _Reviews(Part):
    results: tuple[_Review, ...] = ()


class _Film(Part):
    """Film details, with the parts that `append_to_response` may have added."""

    id: Annotated[int, Field(ge=1)] | None = None
    adult: bool = False
    imdb_id: ImdbId = ""
    title: str = ""
    original_title: str = ""
    overview: str = ""
    release_date: DateText = ""
    genres: tuple[_Named, ...] = ()
    original_language: str = ""
    origin_country: tuple[str, ...] = ()
    production_countries: tuple[_Country, ...] = ()
    belongs_to_collection: _Named = _Named()
    runtime: Annotated[int, Field(ge=1, le=100_000)] | None = None
    vote_average: Annotated[float, Field(ge=0, le=10)] | None = None
    vote_count: Annotated[int, Field(ge=0)] = 0
    poster_path: ImagePath = ""
    keywords: _Keywords = _Keywords()
    # Until 2013 the credits were called casts.
    credits: _Credits = Field(default=_Credits(), validation_alias=AliasChoices("credits", "casts"))
    reviews: _Reviews = _Reviews()
    external_ids: _ExternalIds = _ExternalIds()
    release_dates: _ReleaseDates = _ReleaseDates()
    releases: _Releases = _Releases()  # the older form of `release_dates`


_FILM_KEYS = frozenset(_Film.model_fields)
_LIST_KEYS = frozenset({"results", "movie_results", "parts", "genre_ids", "favorite_count"})
_SERIES_KEYS = frozenset({"first_air_date", "number_of_seasons", "season_number", "episode_number"})
_PARTS_KEYS = frozenset({
    "backdrops", "biography", "cast", "certifications", "change_keys", "changes", "countries", "crew", "genres",
    "images", "imdb_id", "keywords", "posters", "titles", "translations", "youtube",
})  # fmt: skip
_NOT_FOUND_CODES = (6, 34)  # "Invalid id", "The resource you requested could not be found"
_EXPORT_LINE = re.compile(rb'\s*\{\s*"adult":\s*(?:true|false),\s*"id":\s*\d+,\s*"original_title":')


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the film of a details answer, or of each in an array, or why an answer is not a film."""
    if _EXPORT_LINE.match(answer.body):
        yield NotAWork(Reason.LIST, "a daily export of ids")
        return
    for document in read_objects(answer):
        yield document if isinstance(document, NotAWork) else _parse_object(document)


def _parse_object(document: dict[str, Any]) -> ParseResult:
    keys = document.keys()
    if "status_message" in document or "errors" in document:
        return _parse_error(document)
    if _SERIES_KEYS & keys:
        return NotAWork(Reason.SERIES)
    if listing := _LIST_KEYS & keys:
        return NotAWork(Reason.LIST, ", ".join(sorted(listing)))
    if {"id", "title"} <= keys and len(_FILM_KEYS & keys) > 2:
        return _film_to_record(_Film.model_validate(document))
    if parts := _PARTS_KEYS & keys:
        return NotAWork(Reason.OTHER, ", ".join(sorted(parts)))
    return NotAWork(Reason.UNKNOWN)


def _parse_error(document: dict[str, Any]) -> NotAWork:
    code, errors = document.get("status_code"), document.get("errors")
    message = "; ".join(map(str, errors)) if isinstance(errors, list) else str(document.get("status_message"))
    return NotAWork(Reason.NOT_FOUND if code in _NOT_FOUND_CODES else Reason.ERROR, message)


def _film_to_record(film: _Film) -> ParseResult:
    if film.id is None:
        return NotAWork(Reason.UNKNOWN, "a film without an id")
    if film.adult or any(genre.name.casefold() == "adult" for genre in film.genres):
        return ADULT
    ids = {
        "tmdb": str(film.id),
        "imdb": film.imdb_id or film.external_ids.imdb_id,
        "wikidata": film.external_ids.wikidata_id,
    }
    return make_record(TMDB, {
        "source_id": str(film.id),
        "kind": "movie",
        "title": film.title if film.title.strip() else film.original_title,
        "original_title": film.original_title or None,
        "description": film.overview,
        "year": int(film.release_date[:4]) if film.release_date else None,
        "creators": list(_creators(film.credits)),
        "genres": _names(film.genres),
        "keywords": _names(film.keywords.keywords),
        "language": film.original_language,
        # Origin is the narrower of the two: production also counts countries that only paid a share.
        "countries": film.origin_country or [each.iso_3166_1 for each in film.production_countries if each.iso_3166_1],
        "series": _series(film.belongs_to_collection.name),
        "certificates": _certificates(film),
        "runtime_minutes": film.runtime,
        "rating": _rating(film),
        "ids": {name: value for name, value in ids.items() if value},
        "url": f"https://www.themoviedb.org/movie/{film.id}",
        "image_url": f"{POSTERS}{film.poster_path}" if film.poster_path else None,
        "reviews": [
            {"text": review.content, "rating": review.author_details.rating}
            for review in film.reviews.results
            if review.content.strip()
        ],
    })  # fmt: skip


def _names(parts: tuple[_Named, ...]) -> list[str]:
    return [part.name for part in parts if part.name]


def _creators(credits_: _Credits) -> Iterator[dict[str, str]]:
    """Yield directors, writers and first-billed actors, in this order, each once in a role."""
    crew = [
        (role, credit.name)
        for role in ("director", "writer")
        for credit in credits_.crew
        if ROLES_OF_JOBS.get(credit.job) == role
    ]
    cast = [("actor", credit.name) for credit in sorted(credits_.cast, key=lambda credit: credit.order)]
    for role, name in dict.fromkeys([*crew, *cast[:MOST_ACTORS]]):
        if name:
            yield {"name": name, "role": role}


def _series(collection: str) -> Series | None:
    """Return the series that a collection is named after: "Alien" for "Alien Collection"."""
    return make_series(collection.removesuffix(" Collection"))


def _certificates(film: _Film) -> dict[str, str]:
    """Return the age rating of each country: that of a release in cinemas, else of the first release that has one."""
    releases = [
        (country.iso_3166_1, release) for country in film.release_dates.results for release in country.release_dates
    ] + [(release.iso_3166_1, release) for release in film.releases.countries]
    releases.sort(key=lambda each: each[1].type not in _IN_CINEMAS)
    certificates: dict[str, str] = {}
    for country, release in releases:
        if country and release.certification.strip():
            certificates.setdefault(country, release.certification)
    return certificates


def _rating(film: _Film) -> dict[str, float] | None:
    if film.vote_average is None or not film.vote_count:
        return None
    return {"mean": film.vote_average, "count": film.vote_count, "scale": 10}
