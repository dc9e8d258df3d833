"""Say in plain words what was understood of a request, and the facts of a work. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from crawler.countries import country_name
from crawler.languages import language_name
from indexer.values.taxonomy import TAG_PREFIX
from search_api.records import Choice, Filters, IntegerRange, Intent, ScoreRange, Suggestion, WorkReference, WorkView

_KINDS: Mapping[str, tuple[str, str]] = {"movie": ("film", "films"), "book": ("book", "books")}
_NAMES: Mapping[str, tuple[str, str, Callable[[str], str]]] = {
    "language": ("in {}", "not in {}", language_name),
    "countries": ("from {}", "not from {}", country_name),
    "genres": ("{}", "no {}", str),
    "creators": ("with {}", "without {}", lambda name: name.partition(":")[2] or name),
}
"""For each fact that is a choice of names: how it reads that some are wanted or refused, and how a name reads."""
_MOST_NAMED = 5
"""The most names of a choice that are listed: "an African film" is one of 54 countries."""
_MOST_MAKERS, _MOST_GENRES = 2, 3


class Part(NamedTuple):
    """A part of what was understood.

    Attributes:
        meaning: What it says, in a few words: "less sadness", "like Heat (film, 1995)".
        path: The path that leaves it out, as `SearchRequest.without` takes it; None if that is not possible.
        weight: How much a value or tag is wanted, in [-1, 1]; None for other parts.
    """

    meaning: str
    path: str | None = None
    weight: float | None = None


def describe_intent(intent: Intent, names: Mapping[str, str]) -> Iterator[Part]:
    """Yield the parts of what was understood of a request.

    Args:
        intent: What was understood.
        names: The names of values and tags by id.
    """
    for said, named, works in (
        ("like", "like", intent.like),
        ("unlike", "unlike", intent.unlike),
        ("not", "seen", intent.seen),
    ):
        yield from (Part(f"{said} {describe_reference(work)}", f"{named}.{work.id}") for work in works)
    yield from (Part(f"like the works of {person}") for person in intent.like_people)
    for value, weight in intent.values.items():
        yield Part(_describe_wish(names.get(value, value), weight), f"values.{value}", weight)
    for tag, weight in intent.tags.items():
        if weight:
            yield Part(_describe_wish(names.get(tag) or _name_tag(tag), weight), weight=weight)
    yield from _describe_filters(intent.filters, names)
    if intent.audience:
        yield Part(f"for {'the whole family' if intent.audience == 'family' else intent.audience}", "audience")
    if intent.standing:
        yield Part(intent.standing, "standing")
    if intent.subject:
        yield Part(f"about “{intent.subject}”")
    if intent.is_guess:
        yield Part("values guessed from the sense of the words")
    if intent.is_description:
        yield Part("a description of a work, searched for as it is")


def describe_reference(work: WorkReference | Suggestion) -> str:
    """Return a work with its kind and year, which tell it from others of its title: "Dune (book, 1965)"."""
    facts = ", ".join(str(fact) for fact in (_kind(work.kind), work.year) if fact)
    return f"{work.title} ({facts})" if facts else work.title


def describe_work(work: WorkView) -> str:
    """Return the facts of a work on one line: kind, year, makers, length, language unless English, genres."""
    makers = [maker.name for maker in work.creators]
    others = len(makers) - _MOST_MAKERS
    facts = [
        _kind(work.kind).capitalize(),
        str(work.year or ""),
        ", ".join(makers[:_MOST_MAKERS]) + (f" and {others} more" if others > 0 else ""),
        describe_minutes(work.runtime_minutes) if work.runtime_minutes else "",
        f"{work.page_count:,} pages" if work.page_count else "",
        language_name(work.language) if work.language and work.language != "en" else "",
        ", ".join(work.genres[:_MOST_GENRES]),
    ]
    return " · ".join(filter(None, facts))


def describe_minutes(minutes: int) -> str:
    """Return a length in hours and minutes: "1 h 44 min"."""
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest or not hours else [])])


def _name_tag(tag: str) -> str:
    return tag.removeprefix(TAG_PREFIX).replace("-", " ")


def _kind(kind: str | None) -> str:
    return _KINDS.get(kind or "", ("", ""))[0]


def _describe_wish(name: str, weight: float) -> str:
    return f"less {name}" if weight < 0 else name


def _describe_filters(filters: Filters, names: Mapping[str, str]) -> Iterator[Part]:
    meanings: dict[str, Iterable[str]] = {
        "kind": [_KINDS[filters.kind][1]] if filters.kind else [],
        "year": _describe_range(filters.year, str),
        "runtime_minutes": _describe_range(filters.runtime_minutes, describe_minutes),
        "page_count": _describe_range(filters.page_count, lambda pages: f"{pages:,} pages"),
        **{fact: _describe_choice(getattr(filters, fact), *words) for fact, words in _NAMES.items()},
        "values": (_describe_scores(names.get(value, value), scores) for value, scores in filters.values.items()),
    }
    for fact, said in meanings.items():
        yield from (Part(meaning, f"filters.{fact}") for meaning in said)


def _describe_scores(name: str, scores: ScoreRange) -> str:
    ends = [("at least", scores.gte), ("at most", scores.lte)]
    return " ".join([name, *(f"{which} {end:g}" for which, end in ends if end is not None)])


def _describe_range(wanted: IntegerRange | None, number: Callable[[int], str]) -> Iterator[str]:
    """Yield a range in words, both ends included; either may be open."""
    low, high = (wanted.gte, wanted.lte) if wanted else (None, None)
    if low is not None and high is not None:
        yield number(low) if low == high else f"{number(low)} to {number(high)}"
    elif low is not None:
        yield f"from {number(low)}"
    elif high is not None:
        yield f"up to {number(high)}"


def _describe_choice(choice: Choice | None, wanted: str, refused: str, name: Callable[[str], str]) -> Iterator[str]:
    """Yield the names that a work should have, and those that it should not."""
    for names, joint in ((choice.any, " or "), (choice.all, " and ")) if choice else ():
        if names:
            more = ["others"] if len(names) > _MOST_NAMED else []
            yield wanted.format(joint.join([*map(name, names[:_MOST_NAMED]), *more]))
    yield from (refused.format(name(each)) for each in (choice.none if choice else ()))
