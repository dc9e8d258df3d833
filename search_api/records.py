"""The records of the search stage, such as SearchRequest, Intent and Hit. The API's JSON has the same fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from crawler.records import ClosedModel, Creator, Kind, Rating, Series
from indexer.facts import (
    FACETS,
    FACTS,
    LEAST_NUMBER,
    MOST_NAMES,
    MOST_NUMBER,
    NO_FILTERS,
    Choice,
    Filters,
    IntegerRange,
    Name,
    ScoreRange,
)
from indexer.records import SourceReference
from search_api.cursors import MAX_WINDOW

__all__ = [
    "BEST",
    "FACETS",
    "MAX_LIMIT",
    "MAX_QUERY_CHARACTERS",
    "NO_FILTERS",
    "Audience",
    "Choice",
    "ClosedModel",
    "Correction",
    "Evidence",
    "FacetCount",
    "FacetName",
    "Facets",
    "Filters",
    "Hit",
    "HitValue",
    "IntegerRange",
    "Intent",
    "IntentPart",
    "LegScore",
    "ListedIds",
    "ListedWork",
    "MatchRequest",
    "Matches",
    "Name",
    "Page",
    "Questionnaire",
    "RecommendRequest",
    "SaidByPeople",
    "ScoreRange",
    "SearchRequest",
    "Sort",
    "Standing",
    "Suggestion",
    "Unmet",
    "ValueView",
    "Weight",
    "WorkReference",
    "WorkView",
    "sorted_value",
]

MAX_QUERY_CHARACTERS = 10_000
"""Enough for any remembered plot: the longest query in the public tip-of-the-tongue sets has 6,700 characters."""
MAX_LIMIT = 100

if TYPE_CHECKING:
    FacetName = str
else:  # pydantic refuses other names, and the OpenAPI document lists these
    FacetName = Literal[tuple(FACETS)]


PARTS_BY_ID = ("values", "like", "unlike", "seen")
WHOLE_PARTS = ("audience", "standing")
"""The parts of an intent that can be left out: by the id of a value or work, and as a whole."""


_INTENT_PART = re.compile(
    rf"(?:{'|'.join(PARTS_BY_ID)})\.[\s\S]+|filters\.(?:{'|'.join(FACTS)})|{'|'.join(WHOLE_PARTS)}"
)


def _check_part(path: str) -> str:
    if _INTENT_PART.fullmatch(path):
        return path
    by_id = ", ".join(f"{each}.ID" for each in PARTS_BY_ID)
    raise ValueError(f"{path!r} is not a part of an intent; write {by_id}, filters.FACT, {' or '.join(WHOLE_PARTS)}")


def _check_lengths(filters: Filters) -> Filters:
    """Refuse a list of more names than a link can give.

    `Choice` itself has no bound: the words "an African film" are read as 54 countries.
    """
    for fact in filters.model_fields_set:
        wanted = getattr(filters, fact)
        for part in Choice.model_fields if isinstance(wanted, Choice) else ():
            if len(getattr(wanted, part)) > MOST_NAMES:
                raise PydanticCustomError(
                    "too_many_names",
                    "{part} must have at most {max_length} entries",
                    {"part": f"{fact}.{part}", "max_length": MOST_NAMES},
                )
    return filters


GivenFilters = Annotated[Filters, AfterValidator(_check_lengths)]
"""Filters that a caller writes, with at most 50 names in each list."""

Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
"""How much a value is wanted, in [-1, 1]; negative: unwanted."""

IntentPart = Annotated[
    Name, AfterValidator(_check_part), Field(json_schema_extra={"pattern": f"^(?:{_INTENT_PART.pattern})$"})
]
"""A part of an intent by its path: `values.E4`, `like.ID`, `unlike.ID`, `seen.ID`, `filters.year`, `audience`."""


MAX_ID_CHARACTERS = 2_001
"""The longest id of a work: a source and the id of a record in it, of 1,000 characters each, and a colon."""
WorkId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARACTERS)]

MOST_LIKES = 1_000
"""The most works that a profile likes or dislikes, and that a request excludes."""
WorkIds = Annotated[tuple[WorkId, ...], Field(max_length=MOST_LIKES)]

CursorText = Annotated[
    str, StringConstraints(min_length=1, max_length=200), Field(json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"})
]


BEST = "best"
"""The order of an answer by its ranking."""
_SORT = re.compile(rf"{BEST}|newest|oldest|shortest|value:([^\s:]{{1,200}})")


def _check_sort(sort: str) -> str:
    if _SORT.fullmatch(sort):
        return sort
    raise ValueError(f"{sort[:40]!r} is not an order; write {BEST}, newest, oldest, shortest or value:ID")


Sort = Annotated[
    str,
    AfterValidator(_check_sort),
    Field(
        examples=["newest", "value:E5"],
        json_schema_extra={"pattern": f"^(?:{_SORT.pattern})$"},
        description="the order of the 200 works that rank best: `best`, their ranks; `newest`; `oldest`; `shortest`, "
        "by minutes and pages; or a value by its id, such as `value:E5`, the most of it first",
    ),
]
"""How the best works of an answer are ordered."""


def sorted_value(sort: str) -> str | None:
    """Return the id of the value that an order goes by; None if it goes by none."""
    match = _SORT.fullmatch(sort)
    return match[1] if match else None


def check_window(offset: int, limit: int, cursor: str | None) -> None:
    """Refuse a page beyond the works that are ranked, and one whose place is given twice.

    Raises:
        ValueError: The message says what to do.
    """
    if offset + limit > MAX_WINDOW:
        raise ValueError(f"offset + limit may be at most {MAX_WINDOW:,}: go on with the cursor of the page before")
    if cursor is not None and offset:
        raise ValueError("a page begins at a cursor or at an offset: give one of them")


class SearchRequest(ClosedModel):
    """What a person asks for, and which part of the answer to return."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)]
    filters: GivenFilters = NO_FILTERS
    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    offset: int = Field(default=0, ge=0, lt=MAX_WINDOW)
    cursor: CursorText | None = Field(
        default=None, description="the `cursor` of the page before, in place of `offset`: reaches beyond its bound"
    )
    interpret: bool = Field(
        default=True, description="false: take the query as plain text, and read no facts or values from it"
    )
    without: tuple[IntentPart, ...] = Field(
        default=(),
        max_length=MOST_NAMES,
        description="parts of the intent to leave out, by path: `values.E4`, `like.ID`, `unlike.ID`, `seen.ID`, "
        "`filters.year`, `audience`, `standing`",
    )
    weights: dict[Name, Weight] = Field(
        default_factory=dict,
        max_length=MOST_NAMES,
        description="value id (E5) to how much it is wanted, in [-1, 1]; negative: unwanted. Each weight replaces the "
        "one that is read from the query's words; 0 removes the value",
    )
    like: tuple[WorkId, ...] = Field(
        default=(), max_length=MOST_NAMES, description="ids of works to be like, beside those that the words name"
    )
    unlike: tuple[WorkId, ...] = Field(
        default=(), max_length=MOST_NAMES, description="ids of works to be unlike, beside those that the words name"
    )
    exclude: WorkIds = Field(
        default=(), description="ids of works that are not shown, such as those that the person has seen"
    )
    sort: Sort = BEST

    @model_validator(mode="after")
    def _check_window(self) -> SearchRequest:
        check_window(self.offset, self.limit, self.cursor)
        return self


class RecommendRequest(ClosedModel):
    """What a person likes, and which part of the answer to return. Nothing of it is kept."""

    likes: WorkIds = Field(default=(), description="ids of works that the person likes")
    dislikes: WorkIds = Field(default=(), description="ids of works that the person does not like")
    values: dict[Name, Weight] = Field(
        default_factory=dict,
        max_length=MOST_NAMES,
        description="value id (E5) to how much it is wanted, in [-1, 1]; negative: unwanted",
    )
    filters: GivenFilters = NO_FILTERS
    without: WorkIds = Field(default=(), description="ids of further works that are not shown")
    sort: Sort = BEST
    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    offset: int = Field(default=0, ge=0, lt=MAX_WINDOW)

    @model_validator(mode="after")
    def _check_window(self) -> RecommendRequest:
        if self.offset + self.limit > MAX_WINDOW:
            raise ValueError(f"offset + limit may be at most {MAX_WINDOW:,}")
        return self


class WorkReference(ClosedModel):
    """A work that the query names."""

    id: str
    title: str
    kind: Kind | None = None
    year: int | None = None


MOST_LISTED = 200
"""The most works of a list that are looked for at once."""


class ListedIds(ClosedModel):
    """The ids of a work in a person's list, as the exports of IMDb, Letterboxd and Goodreads name them."""

    imdb: Name | None = None
    isbn: Name | None = Field(default=None, description="of ten or thirteen digits")
    goodreads: Name | None = None
    tmdb: Name | None = None


class ListedWork(ClosedModel):
    """A work in a person's list."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
    year: int | None = Field(default=None, ge=LEAST_NUMBER, le=MOST_NUMBER)
    kind: Kind | None = None
    ids: ListedIds = ListedIds()


class MatchRequest(ClosedModel):
    """Works of a person's list, which are looked for in the catalogue. Nothing of them is kept."""

    works: tuple[ListedWork, ...] = Field(max_length=MOST_LISTED)


class Matches(ClosedModel):
    """The works that a list names, in its order; null where the catalogue does not have one."""

    works: tuple[WorkReference | None, ...]


class Correction(ClosedModel):
    """A name in the query that is written in another way than in the catalogue, and what it was taken for."""

    said: str
    taken_for: str


class Unmet(ClosedModel):
    """A wish that the answer cannot meet, in full or in part, and why: "no lengths of books are known here"."""

    part: str = Field(description="the part of the intent, by its path, such as `filters.runtime_minutes`")
    note: str


Audience = Literal["children", "family", "teens"]
"""For whom the works are: for children, for children and adults together, or for teenagers."""

Standing = Literal["acclaimed", "popular", "lesser-known", "underrated"]
"""How well known or how well rated the works are to be; underrated: well rated by few."""


class Intent(ClosedModel):
    """What Evoke understood of a query. The answer repeats it, so that a person can correct it."""

    text: str = Field(description="what the text and BM25 legs search for")
    values: dict[str, float] = Field(
        default_factory=dict, description="value id to weight in [-1, 1]; negative: unwanted"
    )
    tags: dict[str, float] = Field(
        default_factory=dict, description="id of a community tag that the words name, to weight in [-1, 1]"
    )
    subject: str | None = Field(
        default=None,
        description="the words that name what the works are to be about: works with these words come first",
    )
    only_mood: bool = Field(default=False, description="the words ask for values or tags and for nothing else")
    is_guess: bool = Field(default=False, description="the values and tags are guessed from the meaning of the words")
    is_description: bool = Field(
        default=False, description="the words describe a remembered work, or describe a wanted one at length"
    )
    remembered_years: IntegerRange | None = Field(
        default=None,
        description="the years that a description names: works of nearby years rank higher, and no work is left out",
    )
    like: tuple[WorkReference, ...] = ()
    unlike: tuple[WorkReference, ...] = ()
    seen: tuple[WorkReference, ...] = Field(
        default=(), description="works that the person names as known or as excluded: not shown, and nothing more"
    )
    like_people: tuple[str, ...] = Field(
        default=(), description="people whose like is wanted: works like theirs, and none of their own"
    )
    hidden: tuple[str, ...] = Field(
        default=(), description="ids of further works that are not shown, such as other volumes of a named series"
    )
    filters: Filters = NO_FILTERS
    audience: Audience | None = None
    standing: Standing | None = None
    corrected: tuple[Correction, ...] = ()
    ignored: tuple[str, ...] = Field(default=(), description="words of a wish that nothing read")
    refused: tuple[str, ...] = Field(
        default=(), description="refused words that no value stands for: works that have them come last"
    )
    unmet: tuple[Unmet, ...] = ()
    implied: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="parts that nobody named, by path, with the parts that they follow from: who leaves out all of "
        "those leaves out the part, too",
    )
    read_by: Literal["rules", "model"] = Field(
        default="rules", description="who read the words: the built-in reader alone, or a language model too"
    )
    reader_notes: tuple[str, ...] = Field(
        default=(), description="why a language model did not read the words, or what of its reading was left out"
    )


class LegScore(ClosedModel):
    """A work's score and rank in one leg; the best work has rank 1. None: the work is not a candidate of the leg."""

    score: float | None = None
    rank: int | None = None


class Evidence(ClosedModel):
    """The sentence of a work's description that shows a value: `description[start:end]`, in characters."""

    text: str
    start: int
    end: int


class SaidByPeople(ClosedModel):
    """How many people say a value or tag of a work in their reviews, and a sentence of one of them."""

    count: int
    of: int = Field(description="how many people's reviews of the work were read: its `n_reviews`")
    quote: str | None = Field(
        default=None,
        description="a sentence of one of them; absent if few say it, or if the source or EVOKE_QUOTES allows none",
    )
    source: str | None = Field(default=None, description="the source of the quote")


class HitValue(ClosedModel):
    """A value or tag of a work and its score in [0, 1]; `is_primary` is true from 0.5 up."""

    id: str
    name: str
    score: float
    is_primary: bool = False
    evidence: Evidence | None = None
    said: SaidByPeople | None = Field(default=None, description="absent if nobody is known to say it")


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
    countries: tuple[str, ...] = ()
    series: Series | None = None
    certificates: dict[str, str] = Field(default_factory=dict)
    runtime_minutes: int | None = None
    page_count: int | None = None
    rating: Rating | None = None
    ids: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    image_url: str | None = None
    n_reviews: int = Field(default=0, description="how many people's reviews of the work were read")
    sources: tuple[SourceReference, ...] = ()
    origins: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="the records that each field comes from, for a work with several records"
    )
    values: tuple[HitValue, ...] = Field(
        default=(),
        description="the values asked for, the unwanted ones, then the strongest others up to six in all, each by "
        "falling score; a score below 0.1 is 0",
    )
    tags: tuple[HitValue, ...] = Field(
        default=(),
        description="in a hit: the community tags asked for, then the unwanted ones, each by falling score. Of a work "
        "alone: those that people say most, then the strongest, six in all",
    )


class Hit(WorkView):
    """A work in an answer, with the reasons why it is there."""

    score: float
    legs: dict[str, LegScore] = Field(default_factory=dict)
    matched_terms: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Page(ClosedModel):
    """One page of an answer.

    `total` counts the works that pass the filters, without those that the query names. A filter read from the words is
    passed by works that do not say, too, where the catalogue is silent; `intent.unmet` tells. `cursor` asks for the
    next page, and is absent on the last. The first 1,000 works are ranked; the others come in no order of merit.
    """

    query: str
    intent: Intent
    total: int
    offset: int
    limit: int
    took_ms: float
    hits: tuple[Hit, ...]
    cursor: str | None = None


class FacetCount(ClosedModel):
    """How many works one entry of a facet has, such as one genre, decade or range of lengths ("..90", "120..")."""

    value: str | int
    count: int


class Facets(ClosedModel):
    """Exact counts over the works that pass the filters: most frequent first, lengths from short to long."""

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


class Questionnaire(ClosedModel):
    """Values and well-known works to choose a profile from."""

    values: tuple[ValueView, ...] = Field(description="the values that tell works apart best, best first")
    works: tuple[WorkReference, ...] = Field(description="well-known works of each kind")
