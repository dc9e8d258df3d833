"""SourceRecord: one work as one source describes it. The contract between crawling and indexing."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, HttpUrl

from crawler.countries import normalise_country
from crawler.id_names import IdName
from crawler.languages import normalise_language
from crawler.text import clean_line, clean_text

Kind = Literal["movie", "book"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MAX_DESCRIPTION_CHARACTERS = 100_000
"""Room for any synopsis (17,000 words); a whole novel in this field is a mistake and would take minutes to embed."""

LEAST_SCALE, MOST_RATING, MOST_RATINGS = 0.001, 1_000_000, 1_000_000_000_000
"""Bounds of ratings: a mean divided by its scale stays finite, and the engine's 64 bits hold every count."""

MOST_CODE_CHARACTERS = 200
"""Characters of a language or a country as a source writes it. The longest name has 44."""

Line = Annotated[str, Field(max_length=1_000), BeforeValidator(clean_line)]
NonEmptyLine = Annotated[str, Field(min_length=1, max_length=1_000), BeforeValidator(clean_line)]
Text = Annotated[str, BeforeValidator(clean_text)]


def _read_language(value: object) -> object:
    return normalise_language(_check_length(value)) if isinstance(value, str) else value


def _read_country(value: object) -> object:
    return normalise_country(_check_length(value)) if isinstance(value, str) else value


def _check_length(code: str) -> str:
    """Return the code; refuse a long one, since the time to read a name grows with the square of its length."""
    if len(code) > MOST_CODE_CHARACTERS:
        raise ValueError(f"should have at most {MOST_CODE_CHARACTERS} characters")
    return code


def _without_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, values))


def _without_repetitions(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _without_credentials(url: HttpUrl) -> HttpUrl:
    """Return an address without user and password: works are shown to everyone."""
    if url.username is None and url.password is None:
        return url
    return HttpUrl(re.sub("^([^/]*//)[^/?#]*@", r"\1", str(url)))


WebAddress = Annotated[HttpUrl, AfterValidator(_without_credentials)]
Words = Annotated[
    tuple[Annotated[str, Field(max_length=1_000), BeforeValidator(clean_line)], ...], AfterValidator(_without_empty)
]
"""Genres or keywords; one that is empty once it is cleaned is left out."""
Language = Annotated[str | None, BeforeValidator(_read_language)]
"""An ISO 639 code, made from any code, language tag or English name; see `crawler.languages`."""
Country = Annotated[str, BeforeValidator(_read_country)]
"""An ISO 3166-1 alpha-2 code, made from any code or English name; see `crawler.countries`."""


class ClosedModel(BaseModel):
    """A frozen record that refuses unknown fields; every stage builds on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Record(ClosedModel):
    model_config = ConfigDict(str_strip_whitespace=True)


class Creator(_Record):
    """A person or company and its role: director, author, translator, ..."""

    name: NonEmptyLine
    role: Line | None = None


class Rating(_Record):
    """The mean of `count` ratings on a scale from 0 to `scale`."""

    mean: FiniteFloat = Field(ge=0, le=MOST_RATING)
    count: int = Field(ge=0, le=MOST_RATINGS)
    scale: FiniteFloat = Field(ge=LEAST_SCALE, le=MOST_RATING)


class Series(_Record):
    """The series that a work belongs to, with its position there: 1 for the first volume, 0.5 for a prequel."""

    name: NonEmptyLine
    position: float | None = Field(default=None, ge=0, le=10_000)


class Review(_Record):
    """One person's text about the work.

    `rating` is on the source's own scale, from 0 to `scale`; without a scale it is that of the source's declaration.
    `helpful` is how many people found the review helpful or liked it, and `spoiler` whether the source marks it as one.
    """

    text: Text
    rating: FiniteFloat | None = None
    scale: FiniteFloat | None = Field(default=None, ge=LEAST_SCALE, le=MOST_RATING)
    helpful: int | None = Field(default=None, ge=0, le=MOST_RATINGS)
    spoiler: bool = False


class SourceRecord(_Record):
    """One work as one source describes it: strings cleaned, absent facts None or empty, unknown fields refused."""

    source: NonEmptyLine
    source_id: NonEmptyLine
    kind: Kind | None = None
    title: NonEmptyLine
    original_title: Line | None = None
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARACTERS), BeforeValidator(clean_text)] = ""
    year: int | None = Field(default=None, ge=-5000, le=2100)  # years before 1 are negative
    creators: tuple[Creator, ...] = ()
    genres: Words = ()
    keywords: Words = ()
    language: Language = Field(default=None, description="ISO 639 code of the original, or a name that has one")
    countries: Annotated[tuple[Country, ...], AfterValidator(_without_repetitions)] = Field(
        default=(), description="ISO 3166-1 codes of the countries of origin, or names that have one"
    )
    series: Series | None = None
    certificates: dict[Country, NonEmptyLine] = Field(
        default_factory=dict, description="the age rating by country, as its board writes it: {'US': 'PG-13'}"
    )
    runtime_minutes: int | None = Field(default=None, ge=1, le=100_000)
    page_count: int | None = Field(default=None, ge=1, le=100_000)
    rating: Rating | None = None
    ids: dict[IdName, Line] = Field(default_factory=dict)
    url: WebAddress | None = None
    image_url: WebAddress | None = None
    reviews: tuple[Review, ...] = ()
    licence: Line | None = None
    attribution: Line | None = None
    fetched_at: datetime | None = None
    since: int | None = Field(
        default=None, ge=1, description="written by `evoke works export`: the order in which records were first indexed"
    )
