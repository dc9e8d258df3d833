"""TMDB, the film database (API version 3): https://developer.themoviedb.org/reference/intro/getting-started."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from pydantic import AliasChoices, BeforeValidator, Field
from scrapy.http import Request, Response

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.records import NonEmptyLine
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import Part, fields_to_told, read_object
from crawler.sources.spider import WorkSpider

ATTRIBUTION = "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."
LICENCE = "TMDB API terms of use: non-commercial, with attribution, cached for at most 6 months"
POSTERS = "https://image.tmdb.org/t/p/w500"
MOST_ACTORS = 10
"""The first-billed; a full cast would drown the other words that a work is found by."""

_WRITING_JOBS = (
    "Writer", "Screenplay", "Co-Writer", "Original Film Writer", "Scenario Writer", "Screenstory", "Story",
    "Original Story", "Teleplay", "Adaptation", "Author", "Novel", "Book", "Short Story", "Graphic Novel", "Comic Book",
    "Theatre Play", "Radio Play", "Musical", "Opera", "Poem",
)  # fmt: skip
_ROLES = {"Director": "director", **dict.fromkeys(_WRITING_JOBS, "writer")}

_NO_LANGUAGE = "xx"

logger = logging.getLogger(__name__)

ImdbId = Annotated[str, Field(pattern=r"^tt[0-9]{7,}$")]
ImagePath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._-]+$")]
DateText = Annotated[str, Field(pattern=r"^(1[0-9]|20)[0-9]{2}")]


class _Named(Part):
    name: NonEmptyLine = ""


class _Credit(_Named):
    job: str = ""
    order: int = sys.maxsize


def _keep_creators(crew: object) -> object:
    """Gives the crew whose jobs make them creators: a dozen of the hundreds that a large film has."""
    if not isinstance(crew, list):
        return crew
    return [member for member in crew if isinstance(member, dict) and str(member.get("job")) in _ROLES]


class _Credits(Part):
    cast: tuple[_Credit, ...] = ()
    crew: Annotated[tuple[_Credit, ...], BeforeValidator(_keep_creators)] = ()


class _Keywords(Part):
    keywords: tuple[_Named, ...] = ()


class _ExternalIds(Part):
    imdb_id: ImdbId = ""
    wikidata_id: Annotated[str, Field(pattern=r"^Q[0-9]+$")] = ""


class _ReviewAuthor(Part):
    rating: Annotated[float, Field(ge=0, le=10)] | None = None


class _Review(Part):
    content: str = ""
    author_details: _ReviewAuthor = _ReviewAuthor()


class _Reviews(Part):
    results: tuple[_Review, ...] = ()


class _Film(Part):
    """Film details, with what `append_to_response` may have added."""

    id: Annotated[int, Field(ge=1)] | None = None
    imdb_id: ImdbId = ""
    title: str = ""
    original_title: str = ""
    overview: str = ""
    release_date: DateText = ""
    genres: tuple[_Named, ...] = ()
    original_language: Annotated[str, Field(pattern="^[a-z]{2,3}$")] = _NO_LANGUAGE
    runtime: Annotated[int, Field(ge=1, le=100_000)] | None = None
    vote_average: Annotated[float, Field(ge=0, le=10)] | None = None
    vote_count: Annotated[int, Field(ge=0)] = 0
    poster_path: ImagePath = ""
    keywords: _Keywords = _Keywords()
    # Until 2013 the credits were called casts.
    credits: _Credits = Field(default=_Credits(), validation_alias=AliasChoices("credits", "casts"))
    reviews: _Reviews = _Reviews()
    external_ids: _ExternalIds = _ExternalIds()


_FILM_KEYS = frozenset(_Film.model_fields)
_LIST_KEYS = frozenset({"results", "movie_results", "parts", "genre_ids", "favorite_count"})
_SERIES_KEYS = frozenset({"first_air_date", "number_of_seasons", "season_number", "episode_number"})
_PARTS_KEYS = frozenset({
    "backdrops", "biography", "cast", "certifications", "change_keys", "changes", "countries", "crew", "genres",
    "images", "imdb_id", "keywords", "posters", "titles", "translations", "youtube",
})  # fmt: skip
_NOT_FOUND_CODES = (6, 34)  # "Invalid id", "The resource you requested could not be found"
_EXPORT_LINE = re.compile(rb'\s*\{\s*"adult":\s*(?:true|false),\s*"id":\s*\d+,\s*"original_title":')


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives the film of a details answer; of any other answer, why it is none."""
    if _EXPORT_LINE.match(answer.body):
        yield NotAWork(Reason.LIST, "a daily export of ids")
        return
    found = read_object(answer)
    yield found if isinstance(found, NotAWork) else _object_to_told(found)


def _object_to_told(found: dict[str, Any]) -> Told:
    if "status_message" in found or "errors" in found:
        return _error(found)
    if _SERIES_KEYS & found.keys():
        return NotAWork(Reason.SERIES)
    if listing := _LIST_KEYS & found.keys():
        return NotAWork(Reason.LIST, ", ".join(sorted(listing)))
    if {"id", "title"} <= found.keys() and len(_FILM_KEYS & found.keys()) > 2:
        return _film_to_told(_Film.model_validate(found))
    if parts := _PARTS_KEYS & found.keys():
        return NotAWork(Reason.OTHER, ", ".join(sorted(parts)))
    return NotAWork(Reason.UNKNOWN)


def _error(found: dict[str, Any]) -> NotAWork:
    code, errors = found.get("status_code"), found.get("errors")
    message = "; ".join(map(str, errors)) if isinstance(errors, list) else str(found.get("status_message"))
    return NotAWork(Reason.NOT_FOUND if code in _NOT_FOUND_CODES else Reason.ERROR, message)


def _film_to_told(film: _Film) -> Told:
    if film.id is None:
        return NotAWork(Reason.UNKNOWN, "a film without an id")
    ids = {
        "tmdb": str(film.id),
        "imdb": film.imdb_id or film.external_ids.imdb_id,
        "wikidata": film.external_ids.wikidata_id,
    }
    return fields_to_told({
        "source": TmdbSpider.name,
        "source_id": str(film.id),
        "kind": "movie",
        "title": film.title if film.title.strip() else film.original_title,
        "original_title": film.original_title or None,
        "description": film.overview,
        "year": int(film.release_date[:4]) if film.release_date else None,
        "creators": list(_creators(film.credits)),
        "genres": _names(film.genres),
        "keywords": _names(film.keywords.keywords),
        "language": film.original_language if film.original_language != _NO_LANGUAGE else None,
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
        "licence": LICENCE,
        "attribution": ATTRIBUTION,
    })  # fmt: skip


def _names(parts: tuple[_Named, ...]) -> list[str]:
    return [part.name for part in parts if part.name]


def _creators(credits_: _Credits) -> Iterator[dict[str, str]]:
    """Gives directors, writers and first-billed actors, in this order, each once in a role."""
    crew = [
        (role, credit.name)
        for role in ("director", "writer")
        for credit in credits_.crew
        if _ROLES.get(credit.job) == role
    ]
    cast = [("actor", credit.name) for credit in sorted(credits_.cast, key=lambda credit: credit.order)]
    for role, name in dict.fromkeys([*crew, *cast[:MOST_ACTORS]]):
        if name:
            yield {"name": name, "role": role}


def _rating(film: _Film) -> dict[str, float] | None:
    if film.vote_average is None or not film.vote_count:
        return None
    return {"mean": film.vote_average, "count": film.vote_count, "scale": 10}


MOST_PAGES = 500
"""TMDB answers no page after this one, however many it counts."""
LAST_DATE = date(2199, 12, 31)
"""Later than any release that has been announced."""
_PARTS = "keywords,credits,reviews,external_ids"
_SINCE, _UNTIL = "primary_release_date.gte", "primary_release_date.lte"


class _Row(Part):
    id: int | None = None


class _Listing(Part):
    """A page of a search or of a discovery."""

    results: tuple[_Row, ...] = ()
    total_pages: int = 0


def halve_dates(first: date, last: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """Gives two spans of days that together are the span from `first` to `last`, both included; `last` is later."""
    middle = first + (last - first) // 2
    return (first, middle), (middle + timedelta(days=1), last)


class TmdbSpider(WorkSpider):
    """Asks for the details of films: those named, those that a search finds, or those released since a date.

    Without a selection: the most popular, as far as TMDB lists them (10,000).
    """

    name = "tmdb"
    base_url = "https://api.themoviedb.org/3"
    selections = frozenset({"query", "ids", "from_date"})
    key_hint = "check EVOKE_TMDB_API_KEY or EVOKE_TMDB_TOKEN"
    custom_settings = {  # noqa: RUF012 - as Scrapy declares it
        # What may be asked, the terms of its key say; robots.txt speaks of pages.
        "ROBOTSTXT_OBEY": False,
        # At most 20 requests a second: half of what TMDB is said to bear.
        "DOWNLOAD_DELAY": 0.05,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 4.0,
        # The terms allow six months; ratings age faster.
        "HTTPCACHE_EXPIRATION_SECS": 30 * 86_400,
    }

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses a selection without a key, and a search with a date, which TMDB cannot combine."""
        super().check(selection, crawl_settings)
        if not crawl_settings.tmdb_api_key and not crawl_settings.tmdb_token:
            raise SelectionRefused(
                "tmdb wants a key: set EVOKE_TMDB_API_KEY or EVOKE_TMDB_TOKEN"
                " (free of charge at https://www.themoviedb.org/settings/api)"
            )
        if selection.query and selection.from_date:
            raise SelectionRefused("tmdb is asked by --query or by --from-date, not by both")

    def first_requests(self) -> Iterator[Request]:
        """Gives the named films, and the first page of a list."""
        yield from map(self._details, self.selection.ids)
        if self.selection.query:
            yield self._page("search/movie", {"query": self.selection.query})
        elif since := self.selection.from_date:
            yield self._span(since, max(since, LAST_DATE))
        elif not self.selection.ids:
            yield self._page("discover/movie", {"sort_by": "popularity.desc"})

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives what `parse_answer` gives."""
        return parse_answer(answer)

    def follow(self, response: Response, told: list[Told]) -> Iterator[Request]:  # noqa: ARG002
        """Gives the films of a list, and after its first page the others, or if they are too many, two lists."""
        if "parameters" not in response.meta:
            return
        found = read_object(Answer(response.body))
        listing = _Listing.model_validate(found) if isinstance(found, dict) else _Listing()
        yield from (self._details(str(row.id)) for row in listing.results if row.id)
        parameters = response.meta["parameters"]
        if response.meta["page"] > 1:
            return
        if listing.total_pages > MOST_PAGES and _SINCE in parameters:
            first, last = date.fromisoformat(parameters[_SINCE]), date.fromisoformat(parameters[_UNTIL])
            if first < last:
                yield from (self._span(*half) for half in halve_dates(first, last))
                return
            logger.warning("more than %s pages of films on %s: the rest is left out", MOST_PAGES, first)
        for page in range(2, min(listing.total_pages, MOST_PAGES) + 1):
            yield self._page(response.meta["path"], parameters, page)

    def _details(self, tmdb_id: str) -> Request:
        return self._request(f"movie/{quote(tmdb_id, safe='')}", {"append_to_response": _PARTS})

    def _span(self, first: date, last: date) -> Request:
        dates = {_SINCE: first.isoformat(), _UNTIL: last.isoformat()}
        return self._page("discover/movie", {"sort_by": "primary_release_date.asc", **dates})

    def _page(self, path: str, parameters: dict[str, str], page: int = 1) -> Request:
        request = self._request(path, {**parameters, "page": str(page)})
        # Later pages wait until the films of earlier ones were asked for: with a limit, they may never be needed.
        return request.replace(priority=-page, meta={"path": path, "parameters": parameters, "page": page})

    def _request(self, path: str, parameters: dict[str, str]) -> Request:
        headers = {}
        if token := self.crawl_settings.tmdb_token:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        elif key := self.crawl_settings.tmdb_api_key:
            parameters = {**parameters, "api_key": key.get_secret_value()}
        return Request(f"{self.address}/{path}?{urlencode(parameters)}", headers=headers)
