"""Say in plain words what was understood of a request, and the facts of a work. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crawler.countries import country_name
from crawler.languages import language_name
from indexer.values.taxonomy import TAG_PREFIX
from search_api.records import Choice, Filters, IntegerRange, Intent, WorkReference, WorkView

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


def describe_understood(intent: Intent, names: Mapping[str, str]) -> list[str]:
    """Return what was understood of a request, each part in a few words: "less sadness", "like Heat (film, 1995)".

    Args:
        intent: What was understood.
        names: The names of values and tags by id.
    """
    wishes = {**intent.values, **{tag: weight for tag, weight in intent.tags.items() if weight}}
    return [
        *(f"like {describe_reference(work)}" for work in intent.like),
        *(f"unlike {describe_reference(work)}" for work in intent.unlike),
        *(f"not {describe_reference(work)}" for work in intent.seen),
        *(f"like the works of {person}" for person in intent.like_people),
        *(
            f"less {name}" if weight < 0 else name
            for name, weight in ((names.get(i) or _name_tag(i), weight) for i, weight in wishes.items())
        ),
        *_describe_filters(intent.filters, names),
        *([f"for {'the whole family' if intent.audience == 'family' else intent.audience}"] if intent.audience else []),
        *([intent.standing] if intent.standing else []),
    ]


def describe_reference(work: WorkReference) -> str:
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


def _describe_filters(filters: Filters, names: Mapping[str, str]) -> Iterator[str]:
    if filters.kind:
        yield _KINDS[filters.kind][1]
    yield from _describe_range(filters.year, str)
    yield from _describe_range(filters.runtime_minutes, describe_minutes)
    yield from _describe_range(filters.page_count, lambda pages: f"{pages:,} pages")
    for fact, (wanted, refused, name) in _NAMES.items():
        yield from _describe_choice(getattr(filters, fact), wanted, refused, name)
    for value_id, scores in filters.values.items():
        ends = [("at least", scores.gte), ("at most", scores.lte)]
        yield " ".join([names.get(value_id, value_id), *(f"{which} {end:g}" for which, end in ends if end is not None)])


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
