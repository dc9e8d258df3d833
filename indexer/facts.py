"""The table of facts: every fact of a work that a request can filter by, declared once, as a field of `Filters`.

The declaration of a fact decides: the JSON of a request's `filters`, the query parameters
of the service, the payload keys of the index and their indexes, the engine's conditions, the parts of an intent that
can be left out, and the list of filters that the web page reads. The module is pure and imports no engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from crawler.countries import country_and_successors
from crawler.records import ClosedModel, Kind
from indexer.records import Work

LEAST_NUMBER, MOST_NUMBER = -10_000, 1_000_000
"""The range of the numbers in an `IntegerRange`."""
MOST_NAMES = 50
"""The most entries that a request can give in one list or mapping."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _check_ends(gte: float | None, lte: float | None) -> None:
    if gte is not None and lte is not None and gte > lte:
        raise ValueError(f"gte ({gte}) is above lte ({lte})")


class IntegerRange(ClosedModel):
    """A range of whole numbers, both ends included; either may be open."""

    gte: int | None = Field(default=None, ge=LEAST_NUMBER, le=MOST_NUMBER)
    lte: int | None = Field(default=None, ge=LEAST_NUMBER, le=MOST_NUMBER)

    @model_validator(mode="after")
    def _ends_in_order(self) -> IntegerRange:
        _check_ends(self.gte, self.lte)
        return self


class ScoreRange(ClosedModel):
    """A range within [0, 1], both ends included; either may be open."""

    gte: float | None = Field(default=None, ge=0, le=1)
    lte: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _ends_in_order(self) -> ScoreRange:
        _check_ends(self.gte, self.lte)
        return self


class Choice(ClosedModel):
    """Names a work must have: at least one of `any`, each of `all`, none of `none`. Case does not matter."""

    any: tuple[Name, ...] = ()
    all: tuple[Name, ...] = ()
    none: tuple[Name, ...] = ()


Part = Literal["is", "gte", "lte", "any", "all", "none", "scores"]
"""The part of a filter that a query parameter sets: one field, all of it (`is`), or the range of a value (`scores`)."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """The declaration of one fact: how it is stored, and how a request asks for it."""

    key: str
    """The payload key that the engine compares."""
    links: Mapping[Part, str]
    """The query parameter for each part of the filter that a link can give."""
    names: Callable[[Work], Iterable[str]] | None = None
    """The function that returns the names to store under `key`, in lower case; None if `key` is a field of the work and
    is stored as it is."""
    unit: str | None = None
    """The unit of a number, such as "minutes"; None for years and names."""
    least: int = LEAST_NUMBER
    """The least number that a link can ask for."""
    example: str | None = None
    """A value of the first query parameter, for the OpenAPI document."""
    words: str | None = None
    """An example of the words that a query may use for the filter; None if only an explicit filter sets it."""

    @property
    def is_number(self) -> bool:
        """Whether the fact is a whole number, filtered by a range."""
        return "gte" in self.links


def _creator_names(work: Work) -> list[str]:
    return list(dict.fromkeys(creator.name for creator in work.creators))


def _creator_keys(work: Work) -> list[str]:
    """Return each creator's name, and the name after its role: `director:ada marsh`."""
    in_roles = (f"{creator.role}:{creator.name}" for creator in work.creators if creator.role)
    return list(dict.fromkeys((*_creator_names(work), *in_roles)))


def _country_keys(work: Work) -> list[str]:
    """Return the countries of origin, and for a state that is gone those that followed it."""
    return list(dict.fromkeys(code for country in work.countries for code in country_and_successors(country)))


def _decade(work: Work) -> int | None:
    return None if work.year is None else work.year // 10 * 10


class Filters(ClosedModel):
    """The filters of a request: an answer has only works that pass all. A work that lacks the fact does not pass."""

    kind: Annotated[Kind | None, Fact(key="kind", links={"is": "kind"}, words="a film")] = None
    year: Annotated[
        IntegerRange | None, Fact(key="year", links={"gte": "year_from", "lte": "year_to"}, words="from the 90s")
    ] = None
    runtime_minutes: Annotated[
        IntegerRange | None,
        Fact(
            key="runtime_minutes",
            links={"gte": "runtime_from", "lte": "runtime_to"},
            unit="minutes",
            least=0,
            words="under two hours",
        ),
    ] = None
    page_count: Annotated[
        IntegerRange | None,
        Fact(
            key="page_count",
            links={"gte": "pages_from", "lte": "pages_to"},
            unit="pages",
            least=0,
            words="300 pages or less",
        ),
    ] = None
    language: Annotated[
        Choice | None,
        Fact(key="language", links={"any": "language", "none": "not_language"}, example="en", words="in French"),
    ] = None
    countries: Annotated[
        Choice | None,
        Fact(
            key="country_keys",
            names=_country_keys,
            links={"any": "country", "none": "not_country"},
            example="SE",
            words="a Swedish film",
        ),
    ] = None
    genres: Annotated[
        Choice | None,
        Fact(
            key="genre_keys",
            names=lambda work: work.genres,
            links={"any": "genre", "all": "all_genre", "none": "not_genre"},
            example="Drama",
            words="a comedy",
        ),
    ] = None
    creators: Annotated[
        Choice | None,
        Fact(
            key="creator_keys",
            names=_creator_keys,
            links={"any": "creator", "none": "not_creator"},
            words="directed by Greta Gerwig",
        ),
    ] = None
    values: Annotated[dict[Name, ScoreRange], Fact(key="values", links={"scores": "value"}, example="E5:0.6")] = Field(
        default_factory=dict, max_length=MOST_NAMES, description="range of the score by value id, such as E5"
    )


NO_FILTERS = Filters()

FACTS: Mapping[str, Fact] = {
    name: next(fact for fact in field.metadata if isinstance(fact, Fact))
    for name, field in Filters.model_fields.items()
}
"""The declaration of each fact by its name, in the order of `Filters`."""


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A facet: the values, or ranges of values, of one fact, by which works are counted."""

    fact: str
    """The fact whose filter selects one of the counted values."""
    key: str
    """The payload key that is counted."""
    of: Callable[[Work], Any] | None = None
    """The function that returns what is stored under `key`; None if the payload has the key already."""
    ranges: tuple[IntegerRange, ...] = ()
    """The ranges that are counted in place of single numbers. They overlap, as "up to 90" and "up to 120" do."""


def range_name(numbers: IntegerRange) -> str:
    """Return a range as an entry of a facet names it: `..90`, `120..` or `90..120`, both ends included."""
    low, high = ("" if end is None else str(end) for end in (numbers.gte, numbers.lte))
    return f"{low}..{high}"


FACETS: Mapping[str, Facet] = {
    "kind": Facet(fact="kind", key="kind"),
    "genres": Facet(fact="genres", key="genres"),
    "language": Facet(fact="language", key="language"),
    "countries": Facet(fact="countries", key="countries"),
    "decade": Facet(fact="year", key="decade", of=_decade),
    "creators": Facet(fact="creators", key="creator_names", of=_creator_names),
    "values": Facet(fact="values", key="primary_values"),
    "runtime_minutes": Facet(
        fact="runtime_minutes",
        key="runtime_minutes",
        ranges=(IntegerRange(lte=90), IntegerRange(lte=120), IntegerRange(gte=120)),
    ),
    "page_count": Facet(
        fact="page_count",
        key="page_count",
        ranges=(IntegerRange(lte=200), IntegerRange(lte=400), IntegerRange(gte=400)),
    ),
}
"""The facets by name."""


def facts_to_payload(work: Work) -> dict[str, Any]:
    """Return the payload keys of facts and facets that are not fields of the work."""
    facets = {facet.key: facet.of(work) for facet in FACETS.values() if facet.of}
    return facets | {fact.key: [name.casefold() for name in fact.names(work)] for fact in FACTS.values() if fact.names}
