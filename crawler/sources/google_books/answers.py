"""Parse Google Books' answers (API version 1): https://developers.google.com/books/docs/v1/reference/volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, HttpUrl
from pydantic.alias_generators import to_camel

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.records import NonEmptyLine
from crawler.sources.google_books import GOOGLE_BOOKS
from crawler.sources.json_answers import Part, make_record, read_objects

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
    language: str = ""
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


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield the books of searches and of volumes' own answers, and why other answers are not books."""
    for document in read_objects(answer):
        if isinstance(document, NotAWork):
            yield document
        else:
            yield from _parse_object(document)


def _parse_object(document: dict[str, Any]) -> Iterator[ParseResult]:
    if "error" in document:
        yield _parse_error(_Refusal.model_validate(document).error)
    elif isinstance(volumes := document.get("items"), list) and volumes:
        yield from map(_parse_volume, volumes)
    elif "items" in document or "totalItems" in document:
        yield NotAWork(Reason.LIST, "nothing found")
    else:
        yield _parse_volume(document)


def _parse_error(error: _Error) -> NotAWork:
    causes = [cause.reason for cause in error.errors if cause.reason]
    advice = ["name a country, as in country=US"] if "unknownLocation" in causes else []
    detail = ": ".join([*causes[:1], error.message or "no message", *advice])
    return NotAWork(Reason.NOT_FOUND if error.code == 404 else Reason.ERROR, detail)


def _parse_volume(document: object) -> ParseResult:
    volume = _Volume.model_validate(document) if isinstance(document, dict) else _Volume()
    if volume.volume_info is None:
        return NotAWork(Reason.OTHER if volume.kind.startswith("books#") else Reason.UNKNOWN, volume.kind)
    if not volume.id:
        return NotAWork(Reason.UNKNOWN, "a volume without an id")
    if volume.volume_info.print_type not in ("", "BOOK"):
        return NotAWork(Reason.OTHER, volume.volume_info.print_type.lower())
    return _volume_to_record(volume.id, volume.volume_info)


def _volume_to_record(volume_id: str, volume: _VolumeInfo) -> ParseResult:
    isbns = [
        each.identifier for each in volume.industry_identifiers if each.type.startswith("ISBN") and each.identifier
    ]
    genres = [genre.strip() for path in volume.categories for genre in path.split(" / ")]
    image = volume.image_links.thumbnail or volume.image_links.small_thumbnail
    return make_record(GOOGLE_BOOKS, {
        "source_id": volume_id,
        "kind": "book",
        # Without the subtitle, which other sources leave out: records of one work should have the same title.
        "title": volume.title,
        "description": volume.description,
        "year": int(volume.published_date[:4]) if volume.published_date else None,
        "creators": [{"name": name, "role": "author"} for name in volume.authors],
        "genres": list(dict.fromkeys(filter(None, genres))),
        "language": volume.language,
        "page_count": volume.page_count or volume.printed_page_count or None,
        "rating": _rating(volume),
        "ids": {"google_books": volume_id} | {f"isbn{len(isbn)}": isbn for isbn in isbns},
        "url": f"https://books.google.com/books?id={volume_id}",
        "image_url": str(image).replace("http://", "https://", 1) if image else None,
    })  # fmt: skip


def _rating(volume: _VolumeInfo) -> dict[str, float] | None:
    if volume.average_rating is None or not volume.ratings_count:
        return None
    return {"mean": volume.average_rating, "count": volume.ratings_count, "scale": 5}
