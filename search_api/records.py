"""SearchRequest, Intent, Filters, Hit and Page: the words this stage speaks, in Python, JSON and on the page alike."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from crawler.records import ClosedModel, Creator, Kind, Rating
from indexer.records import SourceReference

MAX_QUERY_CHARACTERS = 10_000
"""Room for any remembered plot; the longest question in the public tip-of-the-tongue sets has 6,700 characters."""
MAX_LIMIT = 100

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _check_ends(gte: float | None, lte: float | None) -> None:
    if gte is not None and lte is not None and gte > lte:
        raise ValueError(f"gte ({gte}) is above lte ({lte})")


class IntegerRange(ClosedModel):
    """Both ends belong to the range; either may be open."""

    gte: int | None = Field(default=None, ge=-10_000, le=1_000_000)
    lte: int | None = Field(default=None, ge=-10_000, le=1_000_000)

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


class Filters(ClosedModel):
    """Hard facts: a work that fails one is not in the answer. A work that lacks the fact fails it too."""

    kind: Kind | None = None
    year: IntegerRange | None = None
    runtime_minutes: IntegerRange | None = None
    page_count: IntegerRange | None = None
    language: Choice | None = None
    genres: Choice | None = None
    creators: Choice | None = None
    values: dict[str, ScoreRange] = Field(default_factory=dict, description="value id (E5) to the range of its score")


NO_FILTERS = Filters()

FacetName = Literal["kind", "genres", "language", "decade", "creators", "values"]
FACETS: tuple[FacetName, ...] = get_args(FacetName)


def _check_part(path: str) -> str:
    part, _, name = path.partition(".")
    if name and (part in ("values", "like", "unlike") or (part == "filters" and name in Filters.model_fields)):
        return path
    raise ValueError(f"{path!r} is no part of an intent; write values.ID, like.ID, unlike.ID or filters.FACT")


Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
"""How much a value is wanted, in [-1, 1]; negative: unwanted."""

IntentPart = Annotated[Name, AfterValidator(_check_part)]
"""A part of an intent by its path: `values.E4`, `like.ID`, `unlike.ID`, `filters.year`."""


class SearchRequest(ClosedModel):
    """What a person asks, and which part of the answer to give."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)]
    filters: Filters = NO_FILTERS
    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    interpret: bool = Field(
        default=True, description="false: take the query as plain text, without reading facts or values out of it"
    )
    without: tuple[IntentPart, ...] = Field(
        default=(),
        max_length=50,
        description="parts of what would be understood to leave out, by their path in the intent: "
        "`values.E4`, `like.ID`, `unlike.ID`, `filters.year`",
    )
    weights: dict[str, Weight] = Field(
        default_factory=dict,
        max_length=50,
        description="value id (E5) to how much it is wanted, in [-1, 1]; negative: unwanted. Replaces, value by value, "
        "what is read from the query's words; 0 takes a value out",
    )


class WorkReference(ClosedModel):
    """A work the query names."""

    id: str
    title: str


class Intent(ClosedModel):
    """What Evoke understood, echoed in the answer so that a person can correct it."""

    text: str = Field(description="what the text and BM25 legs search for")
    values: dict[str, float] = Field(
        default_factory=dict, description="value id to weight in [-1, 1]; negative: unwanted"
    )
    tags: dict[str, float] = Field(
        default_factory=dict, description="id of a community tag that the words name, to weight in [-1, 1]"
    )
    only_mood: bool = Field(default=False, description="the words ask for values or tags and say nothing else")
    is_guess: bool = Field(default=False, description="the values and tags are guessed from the meaning of the words")
    is_description: bool = Field(
        default=False, description="the words tell of a work that is remembered, or at length of one that is wanted"
    )
    remembered_years: IntegerRange | None = Field(
        default=None, description="when a described work is said to be of: nearer years rank higher, none is left out"
    )
    like: tuple[WorkReference, ...] = ()
    unlike: tuple[WorkReference, ...] = ()
    filters: Filters = NO_FILTERS


class LegScore(ClosedModel):
    """Where a leg saw the work: its own score, and its rank from 1; None when it was not among the leg's candidates."""

    score: float | None = None
    rank: int | None = None


class Evidence(ClosedModel):
    """The sentence that speaks for a value: `description[start:end]`."""

    text: str
    start: int
    end: int


class HitValue(ClosedModel):
    """A value the work gives, with how sure we are in [0, 1]; primary values are those it is first said to give."""

    id: str
    name: str
    score: float
    is_primary: bool = False
    evidence: Evidence | None = None


class WorkView(ClosedModel):
    """A work as an answer shows it."""

    id: str
    kind: Kind | None = None
    title: str
    original_title: str | None = None
    description: str = ""
    year: int | None = None
    creators: tuple[Creator, ...] = ()
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str | None = None
    runtime_minutes: int | None = None
    page_count: int | None = None
    rating: Rating | None = None
    ids: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    image_url: str | None = None
    sources: tuple[SourceReference, ...] = ()
    origins: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="the records each field comes from, where several tell of the work"
    )
    values: tuple[HitValue, ...] = Field(
        default=(), description="the strongest values, score falling; asked-for values first"
    )


class Hit(WorkView):
    """A work in an answer, with why it is there."""

    score: float
    tags: tuple[HitValue, ...] = Field(default=(), description="the asked-for tags that people would give the work")
    legs: dict[str, LegScore] = Field(default_factory=dict)
    matched_terms: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Page(ClosedModel):
    """One page of an answer. `total` counts every work that the filters let through; all of them are ranked."""

    query: str
    intent: Intent
    total: int
    offset: int
    limit: int
    took_ms: float
    hits: tuple[Hit, ...]


class FacetCount(ClosedModel):
    """How many works have this value of a fact."""

    value: str | int
    count: int


class Facets(ClosedModel):
    """Exact counts over the works that the filters let through, most frequent first."""

    total: int
    facets: dict[str, tuple[FacetCount, ...]]


class Suggestion(ClosedModel):
    """A title that completes or resembles what was typed."""

    id: str
    title: str
    kind: Kind | None = None
    year: int | None = None


class ValueView(ClosedModel):
    """One value of the taxonomy."""

    id: str
    name: str
    facet: Literal["theme", "emotion", "learning"]
    group: str | None = None
    description: str
