"""Google Books (API version 1): https://developers.google.com/books/docs/v1/reference/volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, urlencode

from pydantic import BeforeValidator, Field, HttpUrl
from pydantic.alias_generators import to_camel
from scrapy.http import Request, Response

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.errors import SelectionRefused
from crawler.records import NonEmptyLine, SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.json_answers import Part, fields_to_told, read_object
from crawler.sources.spider import WorkSpider

ATTRIBUTION = "Powered by Google"
LICENCE = "Google APIs terms of service: with attribution and a link to Google Books, no permanent copies"

_WITHDRAWN_LANGUAGES = {"iw": "he", "in": "id", "ji": "yi"}  # codes that ISO 639 replaced in 1989
_NO_LANGUAGES = ("un", "und", "zxx")


def _to_language(tag: object) -> object:
    """Gives the ISO 639 code of a language tag such as `pt-BR`; None where it says that there is none."""
    if not isinstance(tag, str):
        return tag
    code = tag.partition("-")[0].lower()
    return None if code in _NO_LANGUAGES else _WITHDRAWN_LANGUAGES.get(code, code)


PageCount = Annotated[int, Field(ge=0, le=100_000)]
DateText = Annotated[str, Field(pattern=r"^(1[0-9]|20)[0-9]{2}")]
Isbn = Annotated[str, Field(pattern=r"^(97[89])?[0-9]{9}[0-9X]$")]


class _Identifier(Part):
    type: str = ""
    identifier: Isbn = ""


class _ImageLinks(Part, alias_generator=to_camel):
    thumbnail: HttpUrl | None = None
    small_thumbnail: HttpUrl | None = None


class _VolumeInfo(Part, alias_generator=to_camel):
    title: str = ""
    authors: tuple[NonEmptyLine, ...] = ()
    published_date: DateText = ""
    description: str = ""
    industry_identifiers: tuple[_Identifier, ...] = ()
    page_count: PageCount = 0
    printed_page_count: PageCount = 0
    print_type: str = ""
    categories: tuple[NonEmptyLine, ...] = ()
    average_rating: Annotated[float, Field(ge=0, le=5)] | None = None
    ratings_count: Annotated[int, Field(ge=0)] = 0
    language: Annotated[str, BeforeValidator(_to_language), Field(pattern="^[a-z]{2,3}$")] = ""
    image_links: _ImageLinks = _ImageLinks()


class _Volume(Part, alias_generator=to_camel):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] = ""
    kind: str = ""
    volume_info: _VolumeInfo | None = None


class _Cause(Part):
    reason: str = ""


class _Error(Part):
    code: int = 0
    message: str = ""
    errors: tuple[_Cause, ...] = ()


class _Refusal(Part):
    error: _Error = _Error()


def parse_answer(answer: Answer) -> Iterator[Told]:
    """Gives the books of a search, or the one of a volume's own answer; of any other answer, why it has none."""
    found = read_object(answer)
    if isinstance(found, NotAWork):
        yield found
    elif "error" in found:
        yield _error(_Refusal.model_validate(found).error)
    elif isinstance(volumes := found.get("items"), list) and volumes:
        yield from map(_object_to_told, volumes)
    elif "items" in found or "totalItems" in found:
        yield NotAWork(Reason.LIST, "nothing found")
    else:
        yield _object_to_told(found)


def _error(error: _Error) -> NotAWork:
    causes = [cause.reason for cause in error.errors if cause.reason]
    advice = ["name a country, as in country=US"] if "unknownLocation" in causes else []
    detail = ": ".join([*causes[:1], error.message or "no message", *advice])
    return NotAWork(Reason.NOT_FOUND if error.code == 404 else Reason.ERROR, detail)


def _object_to_told(found: object) -> Told:
    volume = _Volume.model_validate(found) if isinstance(found, dict) else _Volume()
    if volume.volume_info is None:
        return NotAWork(Reason.OTHER if volume.kind.startswith("books#") else Reason.UNKNOWN, volume.kind)
    if not volume.id:
        return NotAWork(Reason.UNKNOWN, "a volume without an id")
    if volume.volume_info.print_type not in ("", "BOOK"):
        return NotAWork(Reason.OTHER, volume.volume_info.print_type.lower())
    return _volume_to_told(volume.id, volume.volume_info)


def _volume_to_told(volume_id: str, volume: _VolumeInfo) -> Told:
    isbns = [
        each.identifier for each in volume.industry_identifiers if each.type.startswith("ISBN") and each.identifier
    ]
    genres = [genre.strip() for path in volume.categories for genre in path.split(" / ")]
    image = volume.image_links.thumbnail or volume.image_links.small_thumbnail
    return fields_to_told({
        "source": GoogleBooksSpider.name,
        "source_id": volume_id,
        "kind": "book",
        # Without the subtitle: other sources leave it out, and the same work should have the same title.
        "title": volume.title,
        "description": volume.description,
        "year": int(volume.published_date[:4]) if volume.published_date else None,
        "creators": [{"name": name, "role": "author"} for name in volume.authors],
        "genres": list(dict.fromkeys(filter(None, genres))),
        "language": volume.language or None,
        "page_count": volume.page_count or volume.printed_page_count or None,
        "rating": _rating(volume),
        "ids": {"google_books": volume_id} | {f"isbn{len(isbn)}": isbn for isbn in isbns},
        "url": f"https://books.google.com/books?id={volume_id}",
        "image_url": str(image).replace("http://", "https://", 1) if image else None,
        "licence": LICENCE,
        "attribution": ATTRIBUTION,
    })  # fmt: skip


def _rating(volume: _VolumeInfo) -> dict[str, float] | None:
    if volume.average_rating is None or not volume.ratings_count:
        return None
    return {"mean": volume.average_rating, "count": volume.ratings_count, "scale": 5}


PAGE_SIZE = 40
"""The most that Google gives at once."""


class GoogleBooksSpider(WorkSpider):
    """Asks for the volumes named, and for those that a search finds, until it finds no more."""

    name = "google-books"
    base_url = "https://www.googleapis.com/books/v1"
    selections = frozenset({"query", "ids"})
    key_hint = "check EVOKE_GOOGLE_BOOKS_API_KEY, that the Books API is enabled for it, and its daily quota"
    handle_httpstatus_list: ClassVar[list[int]] = [*WorkSpider.handle_httpstatus_list, 400]
    custom_settings = {  # noqa: RUF012 - as Scrapy declares it
        # What may be asked, the terms of its key say; robots.txt speaks of pages.
        "ROBOTSTXT_OBEY": False,
        # A key has 1,000 requests a day: there is no hurry.
        "DOWNLOAD_DELAY": 0.5,
        # The terms allow no lasting copy: a day is enough to go on with a crawl that stopped.
        "HTTPCACHE_EXPIRATION_SECS": 86_400,
    }

    def __init__(self, selection: Selection, crawl_settings: CrawlSettings, **named: Any) -> None:
        super().__init__(selection, crawl_settings, **named)
        self._found: set[str] = set()

    @classmethod
    def check(cls, selection: Selection, crawl_settings: CrawlSettings) -> None:
        """Refuses an empty selection, and any without a key: Google has no quota left for those."""
        super().check(selection, crawl_settings)
        if not crawl_settings.google_books_api_key:
            raise SelectionRefused(
                "google-books wants a key: set EVOKE_GOOGLE_BOOKS_API_KEY"
                " (free of charge at https://console.cloud.google.com/apis/library/books.googleapis.com)"
            )
        if not selection.query and not selection.ids:
            raise SelectionRefused("google-books lists no books of its own accord: use --query or --ids")

    def first_requests(self) -> Iterator[Request]:
        """Gives the named volumes, and the first page of a search."""
        for volume_id in self.selection.ids:
            yield self._request(f"volumes/{quote(volume_id, safe='')}", {})
        if self.selection.query:
            yield self._page(0)

    def read(self, answer: Answer) -> Iterator[Told]:
        """Gives what `parse_answer` gives."""
        return parse_answer(answer)

    def follow(self, response: Response, told: list[Told]) -> Iterator[Request]:
        """Gives the next page of a search, as long as a page has something new: the count that Google gives drifts."""
        if response.status == 400:  # what a wrong key gets, and at times an exhausted one
            self.stop(
                f"Google answered 400, {'; '.join(e.detail for e in told if isinstance(e, NotAWork))}: {self.key_hint}"
            )
        found = {record.source_id for record in told if isinstance(record, SourceRecord)}
        if "start" in response.meta and found - self._found:
            self._found |= found
            yield self._page(response.meta["start"] + PAGE_SIZE)

    def _page(self, start: int) -> Request:
        wanted = {"q": self.selection.query or "", "printType": "books", "maxResults": str(PAGE_SIZE)}
        return self._request("volumes", {**wanted, "startIndex": str(start)}).replace(meta={"start": start})

    def _request(self, path: str, parameters: dict[str, str]) -> Request:
        # Without a country, Google refuses callers that it cannot place.
        parameters = {**parameters, "country": "US"}
        if key := self.crawl_settings.google_books_api_key:
            parameters["key"] = key.get_secret_value()
        return Request(f"{self.address}/{path}?{urlencode(parameters)}")
