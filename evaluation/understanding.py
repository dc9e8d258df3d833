"""Score how requests are understood: compare what Evoke read of each request with what a person says it means. Pure.

A request says only what matters of its meaning; every field that it has is one check, and `want` and `avoid` are one
check for each of their lists. A reader that reads nothing passes the checks that forbid a false reading, about a
third. docs/evaluation.md describes the format.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import orjson
from pydantic import Field, StringConstraints, ValidationError

from crawler.records import ClosedModel, Kind
from evaluation.errors import RequestsInvalid
from evaluation.lines import numbered_lines
from indexer.facts import FACTS, IntegerRange
from search_api.records import MAX_QUERY_CHARACTERS, Audience, Choice, Filters, Hit, Intent, Page, WorkReference

SHOWN = 20
"""How many works of an answer the checks look at."""
RANGES = ("year", "runtime_minutes", "page_count")
"""The facts that are ranges of numbers; the others are choices of names."""

_ALIASES: Mapping[str, Sequence[str]] = {
    "science fiction": ("sci fi", "scifi"),
    "romance": ("romantic", "romances"),
    "noir": ("neo noir", "film noir"),
    "music": ("musical", "musicals"),
    "animation": ("animated", "cartoon"),
    "history": ("historical", "historical fiction"),
    "comedy": ("comedies", "humor", "humour"),
    "children": ("childrens", "children's", "kids"),
    "biography": ("biographies", "biographical", "memoir"),
    "non fiction": ("nonfiction",),
    "mystery": ("mysteries", "detective"),
    "documentary": ("documentaries",),
    "superhero": ("superheroes",),
    "sport": ("sports",),
    "family": ("family film",),
    "thriller": ("thrillers", "suspense"),
    "war": ("war film",),
    "western": ("westerns",),
}
_GENRES = {alias: genre for genre, aliases in _ALIASES.items() for alias in aliases}
"""Other names of a genre, as tags and catalogues write it."""

Ids = Annotated[tuple[str, ...], Field(min_length=1)]
"""Alternatives: ids of works, or of values and tags, any of which will do."""


class Names(ClosedModel):
    """What a choice must hold: the names that are asked for, and those that are refused."""

    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


class FactsMeant(ClosedModel):
    """The facts that must be read."""

    year: IntegerRange | None = None
    runtime_minutes: IntegerRange | None = None
    page_count: IntegerRange | None = None
    language: Names | None = None
    countries: Names | None = None
    genres: Names | None = None
    creators: Names | None = None


class MeantRequest(ClosedModel):
    """A request and what it means. A field that is absent is not checked; `kind` and `audience` may be null."""

    id: str
    class_: str = Field(alias="class")
    request: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS)]
    today: date | None = None
    kind: Kind | None = None
    like: tuple[Ids, ...] | None = None
    unlike: tuple[Ids, ...] | None = None
    not_shown: tuple[str, ...] = ()
    want: tuple[Ids, ...] = ()
    avoid: tuple[Ids, ...] = ()
    never: tuple[str, ...] = ()
    not_negative: tuple[str, ...] = ()
    facts: FactsMeant = FactsMeant()
    no_facts: tuple[Literal[tuple(FACTS)], ...] = ()  # type: ignore[valid-type]
    audience: Audience | None = None
    nonempty: bool = False

    @property
    def dimensions(self) -> set[str]:
        """The ids of values and tags that the meaning names."""
        return {i for ids in (*self.want, *self.avoid, self.never, self.not_negative) for i in ids}


@dataclass(frozen=True)
class Check:
    """One check of a request: the field, whether it is right, and what was read there."""

    field: str
    is_right: bool
    read: str = ""


@dataclass(frozen=True)
class CheckedRequest:
    """The checks of one request.

    Attributes:
        request: The request.
        checks: Its checks.
        inverted: The unwanted values and tags that were read as wanted.
        notes: What the answer says of the reading by a language model.
        is_by_model: Whether a language model read it.
        reading_ms: How long it took to read and to embed it, in milliseconds; None if it was not measured.
    """

    request: MeantRequest
    checks: Sequence[Check]
    inverted: Sequence[str] = ()
    notes: Sequence[str] = ()
    is_by_model: bool = False
    reading_ms: float | None = None

    @property
    def misses(self) -> list[Check]:
        """The checks that are not right."""
        return [check for check in self.checks if not check.is_right]


@dataclass(frozen=True)
class Tally:
    """How many checks are right, of how many."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """The share of checks that are right, in [0, 1]; 1 without checks."""
        return self.right / self.total if self.total else 1.0


@dataclass(frozen=True)
class Understanding:
    """How the requests of a file are understood on an index."""

    name: str
    """The file's name."""
    n_works: int
    requests: Sequence[CheckedRequest]

    @property
    def fields(self) -> dict[str, Tally]:
        """The checks by field, in the order of their names."""
        return _tally((check.field, check) for checked in self.requests for check in checked.checks)

    @property
    def classes(self) -> dict[str, Tally]:
        """The checks by the class of the request, in the order of their names."""
        return _tally((checked.request.class_, check) for checked in self.requests for check in checked.checks)

    @property
    def all(self) -> Tally:
        """All checks."""
        checks = [check for checked in self.requests for check in checked.checks]
        return Tally(sum(check.is_right for check in checks), len(checks))

    @property
    def n_wholly_right(self) -> int:
        """How many requests have no check that is not right."""
        return sum(not checked.misses for checked in self.requests)

    @property
    def n_by_model(self) -> int:
        """How many requests a language model read."""
        return sum(checked.is_by_model for checked in self.requests)

    @property
    def failures(self) -> dict[str, int]:
        """How many requests a language model was to read and did not, by what the answer says of it."""
        return dict(Counter(note for each in self.requests if not each.is_by_model for note in each.notes))

    @property
    def reading_ms(self) -> dict[str, float]:
        """The median and the 95th percentile of the times to read a request, in milliseconds; {} without times."""
        times = [checked.reading_ms for checked in self.requests if checked.reading_ms is not None]
        return {f"p{share}": float(np.percentile(times, share)) for share in (50, 95)} if times else {}

    @property
    def inverted(self) -> dict[str, Sequence[str]]:
        """The requests for which an unwanted value or tag was read as wanted, by id, with those values and tags."""
        return {checked.request.id: checked.inverted for checked in self.requests if checked.inverted}

    @property
    def misses(self) -> dict[str, list[Check]]:
        """The checks that are not right, by the id of the request."""
        return {checked.request.id: checked.misses for checked in self.requests if checked.misses}


def read_requests(path: Path) -> list[MeantRequest]:
    """Return the requests of a file, one JSON object a line.

    Raises:
        RequestsInvalid: A line is not a request with its meaning; the message names file, line and field.
        BenchmarkInvalid: The file is missing or cannot be read.
    """
    requests: dict[str, MeantRequest] = {}
    for line, text in numbered_lines(path):
        try:
            request = MeantRequest.model_validate(orjson.loads(text))
        except orjson.JSONDecodeError as error:
            raise RequestsInvalid(f"{line}: is not JSON ({error}): give one object a line") from error
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(map(str, problem["loc"])) or "line"
            raise RequestsInvalid(f"{line}: {field}: {problem['msg'].removeprefix('Value error, ')}") from error
        if request.id in requests:
            raise RequestsInvalid(f"{line}: id: {request.id!r} is taken by an earlier request: make ids unique")
        requests[request.id] = request
    if not requests:
        raise RequestsInvalid(f"{path}: has no requests: give one JSON object a line")
    return list(requests.values())


def check_dimensions(path: Path, requests: Iterable[MeantRequest], known: Collection[str]) -> None:
    """Refuse ids that no value has. A tag may be missing from the taxonomy: `T-western` also stands for the genre.

    Raises:
        RequestsInvalid: A request names an id that no value has.
    """
    for request in requests:
        unknown = sorted(i for i in request.dimensions if i not in known and not i.startswith("T-"))
        if unknown:
            raise RequestsInvalid(f"{path}: request {request.id!r}: no value has the id {unknown[0]!r}")


def check_request(request: MeantRequest, page: Page, today: date, reading_ms: float | None = None) -> CheckedRequest:
    """Return the checks of a request, given its answer with the first `SHOWN` works, and how long reading it took."""
    reading = _Reading.of(page.intent)
    checks = [
        *_check_kind_and_audience(request, page.intent),
        *_check_works(request, page),
        *_check_wishes(request, reading),
        *_check_facts(request, page.intent.filters, reading, today),
    ]
    if request.nonempty:
        checks.append(Check("nonempty", page.total > 0 and bool(page.hits), str(page.total)))
    unwanted = (*(i for ids in request.avoid for i in ids), *request.never)
    intent = page.intent
    return CheckedRequest(
        request, checks, reading.wanted_of(unwanted), intent.reader_notes, intent.read_by == "model", reading_ms
    )


@dataclass(frozen=True)
class _Reading:
    """What an intent says of values, tags and genres. A genre may be asked for by a filter or by a tag."""

    weights: Mapping[str, float]
    asked: Collection[str]
    """The genres that are asked for."""
    filtered: Collection[str]
    """The genres that a filter refuses."""
    refused: Collection[str]
    """The genres that a filter or a tag refuses."""

    @classmethod
    def of(cls, intent: Intent) -> _Reading:
        weights = defaultdict(float, intent.values)
        for tag, weight in intent.tags.items():
            weights[tag] += weight
        genres = intent.filters.genres or Choice()
        filtered = set(map(_genre, genres.none))
        tags = [(_genre(i), weight) for i, weight in weights.items() if i.startswith("T-")]
        return cls(
            weights,
            {*map(_genre, (*genres.any, *genres.all)), *(name for name, weight in tags if weight > 0)},
            filtered,
            filtered | {name for name, weight in tags if weight < 0},
        )

    def wanted_of(self, ids: Iterable[str]) -> list[str]:
        return [i for i in ids if self.weights.get(i, 0.0) > 0]

    def unwanted_of(self, ids: Iterable[str]) -> list[str]:
        return [i for i in ids if self.weights.get(i, 0.0) < 0]


def _check_kind_and_audience(request: MeantRequest, intent: Intent) -> list[Check]:
    read = {"kind": intent.filters.kind, "audience": intent.audience}
    return [
        Check(field, value == getattr(request, field), str(value))
        for field, value in read.items()
        if field in request.model_fields_set
    ]


def _check_works(request: MeantRequest, page: Page) -> list[Check]:
    """Check `like` and `unlike` (all works and no others), and that no work that is named or excluded is shown."""
    checks = []
    read = {"like": _last_parts(page.intent.like), "unlike": _last_parts(page.intent.unlike)}
    for field, works in read.items():
        meant = getattr(request, field)
        if meant is not None:
            is_right = all(works & set(ids) for ids in meant) and works <= {i for ids in meant for i in ids}
            checks.append(Check(field, is_right, " ".join(sorted(works))))
    named = (*(request.like or ()), *(request.unlike or ()))
    hidden = {*request.not_shown, *(ids[0] for ids in named)}
    hidden |= (read["like"] | read["unlike"]) & {i for ids in named for i in ids}
    if hidden:
        shown = [_ids_of(hit) for hit in page.hits[:SHOWN]]
        is_right = bool(shown) and not any(ids & hidden for ids in shown)
        checks.append(Check("not_shown", is_right, " ".join(sorted(hidden & {i for ids in shown for i in ids}))))
    return checks


def _check_wishes(request: MeantRequest, reading: _Reading) -> list[Check]:
    checks = [
        Check("want", bool(reading.wanted_of(ids) or _genres_of(ids) & set(reading.asked)), "/".join(ids))
        for ids in request.want
    ]
    for ids in request.avoid:
        is_refused = bool(reading.unwanted_of(ids) or _genres_of(ids) & set(reading.refused))
        checks.append(Check("avoid", is_refused and not reading.wanted_of(ids), "/".join(ids)))
    if request.never:
        wanted = reading.wanted_of(request.never)
        checks.append(Check("never", not wanted, " ".join(wanted)))
    if request.not_negative:
        unwanted = reading.unwanted_of(request.not_negative)
        unwanted += [i for i in request.not_negative if _genre(i) in reading.filtered]
        checks.append(Check("not_negative", not unwanted, " ".join(unwanted)))
    return checks


def _check_facts(request: MeantRequest, filters: Filters, reading: _Reading, today: date) -> list[Check]:
    checks = []
    for name in request.facts.model_fields_set:
        meant, read = getattr(request.facts, name), getattr(filters, name)
        if meant is None:
            continue
        if name in RANGES:
            is_right = _is_range(meant, read or IntegerRange(), today if name == "year" else None)
        elif name == "genres":
            is_right = set(map(_genre, meant.any)) <= set(reading.asked)
            is_right = is_right and set(map(_genre, meant.none)) <= set(reading.refused)
        else:
            choice = read or Choice()
            is_right = _plain((*choice.any, *choice.all)) == _plain(meant.any)
            is_right = is_right and _plain(choice.none) == _plain(meant.none)
        checks.append(Check(f"fact {name}", is_right, _describe(read)))
    for name in request.no_facts:
        read = getattr(filters, name)
        checks.append(Check("no_facts", not _describe(read), f"{name} {_describe(read)}"))
    return checks


def _is_range(meant: IntegerRange, read: IntegerRange, today: date | None) -> bool:
    """Compare two ranges; a range of years that is open may be read as one that ends this year or later."""
    is_open = today is not None and meant.lte is None and read.lte is not None and read.lte >= today.year
    return read.gte == meant.gte and (read.lte == meant.lte or is_open)


def _describe(filter_: Any) -> str:
    """Return a filter as text, without its empty parts; "" for a filter that asks for nothing."""
    if filter_ is None or isinstance(filter_, str):
        return filter_ or ""
    parts = filter_.items() if isinstance(filter_, Mapping) else iter(filter_)
    return " ".join(
        f"{name}: {', '.join(part) if isinstance(part, tuple) else part}"
        for name, part in parts
        if part is not None and part != ()
    )


def _ids_of(hit: Hit) -> set[str]:
    return {hit.id, _last_part(hit.id), *hit.ids.values()}


def _last_parts(works: Iterable[WorkReference]) -> set[str]:
    return {_last_part(work.id) for work in works}


def _last_part(work_id: str) -> str:
    """Return an id without the source before it: `moon-2009` of `starter:moon-2009`."""
    return work_id.rpartition(":")[2]


def _plain(names: Iterable[str]) -> set[str]:
    return set(map(_plain_name, names))


def _plain_name(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _genre(name: str) -> str:
    """Return the one name of a genre that a filter or a tag (`T-sci-fi`) names."""
    plain = _plain_name(name.removeprefix("T-"))
    return _GENRES.get(plain, plain)


def _genres_of(ids: Iterable[str]) -> set[str]:
    return {_genre(i) for i in ids if i.startswith("T-")}


def _tally(checks: Iterable[tuple[str, Check]]) -> dict[str, Tally]:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for name, check in checks:
        total[name] += 1
        right[name] += check.is_right
    return {name: Tally(right[name], total[name]) for name in sorted(total)}
