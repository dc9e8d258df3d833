"""Decide how strictly the filters read from a query's words are applied; pure.

Filters that a request gives explicitly are exact. Those read from words never empty an answer: works that meet them
come first, then works of which the fact is unknown, and only when nothing is left is a wish set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from search_api.records import Choice, Filters, IntegerRange, Unmet

MOST_KNOWN = 0.8
"""From this share of works with a fact on, a filter read from words is enforced: a work that does not say is then
seldom a right answer. Of 25,924 films .95 have genres, .92 people and 1.0 a year, but .68 a language, .63 countries and
.43 a length; of 3,039 books .95 have a language and .40 a number of pages. So any bound from .7 to .9 decides alike."""
ENOUGH = 10
"""With fewer works that meet all wishes, works that do not say follow: a page has ten."""

CERTAINTY = ("page_count", "runtime_minutes", "language", "countries", "genres", "year", "creators", "kind")
"""The facts of filters, least certain first: in this order wishes are set aside when together they leave nothing."""
_NEVER_UNSAID = ("kind", "creators", "values")
"""Facts for which a work that does not say is not an answer: "Kubrick films" are by him."""

_NOUNS = {
    "page_count": ("number of pages", "numbers of pages"),
    "runtime_minutes": ("length", "lengths"),
    "language": ("language", "languages"),
    "countries": ("country", "countries"),
    "genres": ("genre", "genres"),
    "year": ("year", "years"),
    "creators": ("people", "people"),
    "kind": ("kind", "kinds"),
}
_WORKS = {"movie": "films", "book": "books", None: "works"}


@dataclass(frozen=True)
class Stage:
    """A part of an answer: the works that pass the filters; of a fact in `unsaid`, also works that do not say."""

    filters: Filters
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """The stages of an answer. Each has all works of the one before it, which come first; the last has all works.

    Attributes:
        stages: At least one.
        unmet: What the answer does not meet.
    """

    stages: tuple[Stage, ...]
    unmet: tuple[Unmet, ...] = ()


Count = Callable[[Stage], int]


def plan_answer(filters: Filters, given: Collection[str], share_known: Callable[[str], float], count: Count) -> Plan:
    """Return the stages of an answer.

    Args:
        filters: All filters.
        given: The names of the filters that the request gives explicitly.
        share_known: Returns the share of works of the asked kind that have a fact.
        count: Returns how many works a stage has.
    """
    wished = [name for name in CERTAINTY if name not in given and _is_wish(getattr(filters, name))]
    unmet: list[Unmet] = []
    while True:
        unsure = sorted((name for name in wished if name not in _NEVER_UNSAID), key=share_known)
        loosened = _loosen(filters, unsure, share_known, count)
        stages = [_stage(filters, loosened[:n]) for n in range(len(loosened) + 1)]
        # With none that is known to meet them, a handful that does not say is no answer.
        if not wished or count(stages[0]) or count(stages[-1]) >= ENOUGH:
            break
        name = _least_met(filters, wished, share_known, count)
        unmet.append(_set_aside(filters, name, count))
        filters = _without_wish(filters, name)
        wished.remove(name)
    unmet += _few(filters, loosened, share_known, count)
    return Plan((*(stage for stage in stages[:-1] if count(stage)), stages[-1]), tuple(unmet))


def _loosen(filters: Filters, unsure: Sequence[str], share_known: Callable[[str], float], count: Count) -> list[str]:
    """Return the wishes that not every work of the answer meets: those of rarely known facts, more if works are few."""
    loosened = [name for name in unsure if share_known(name) < MOST_KNOWN]
    for name in unsure[len(loosened) :]:
        if count(_stage(filters, loosened)) >= ENOUGH:
            break
        loosened.append(name)
    return loosened


def _stage(filters: Filters, loosened: Collection[str]) -> Stage:
    """Return the stage of the works that meet all wishes but the loosened ones, of which they do not say the contrary.

    A genre is never contrary: few works carry all names that fit ("coming of age" is said of 3 of 3,039 books).
    """
    stage = _without_wish(filters, "genres") if "genres" in loosened else filters
    return Stage(stage, frozenset(loosened) - {"genres"})


def _without_wish(filters: Filters, name: str) -> Filters:
    return filters.model_copy(update={name: _only_unwanted(getattr(filters, name))})


def _is_wish(wanted: object) -> bool:
    """Return whether a filter asks for something; one that only leaves out works hides none that does not say."""
    match wanted:
        case Choice(any=any_, all=all_):
            return bool(any_ or all_)
        case IntegerRange(gte=gte, lte=lte):
            return (gte, lte) != (None, None)
    return bool(wanted)


def _only_unwanted(wanted: object) -> Choice | None:
    return Choice(none=wanted.none) if isinstance(wanted, Choice) and wanted.none else None


def _alone(filters: Filters, name: str) -> Filters:
    """Return one filter beside that for the kind."""
    return Filters.model_validate({"kind": filters.kind, name: getattr(filters, name)})


def _least_met(filters: Filters, wished: list[str], share_known: Callable[[str], float], count: Count) -> str:
    """Return the wish to set aside: one that no work meets, else the least certain."""
    impossible = (name for name in wished if not share_known(name) or not count(Stage(_alone(filters, name))))
    return next(impossible, wished[0])


def _set_aside(filters: Filters, name: str, count: Count) -> Unmet:
    works, (noun, _) = _WORKS[filters.kind], _NOUNS[name]
    is_alone = not count(Stage(_alone(filters, name)))
    if name == "creators" and is_alone and filters.creators:
        note = f"no {works} by {' or '.join(filters.creators.any or filters.creators.all)} are known here"
    elif is_alone:
        note = f"no {works} here have the {noun} that you ask for"
    else:
        note = f"no {works} here meet all that you ask for; the {noun} is set aside"
    return Unmet(part=f"filters.{name}", note=note)


def _few(filters: Filters, loosened: list[str], share_known: Callable[[str], float], count: Count) -> list[Unmet]:
    """Return a note for each fact that too few works are known to meet."""
    if not loosened or count(Stage(filters)) >= ENOUGH:
        return []
    notes = []
    for name in loosened:
        works, (noun, nouns) = _WORKS[filters.kind], _NOUNS[name]
        n_met = count(_stage(filters, [other for other in loosened if other != name]))
        if not share_known(name):
            notes.append(Unmet(part=f"filters.{name}", note=f"no {nouns} of {works} are known here"))
        elif n_met < ENOUGH and (name == "genres" or share_known(name) < MOST_KNOWN):
            some = f"only {n_met} of these {works}" if n_met else f"none of these {works}"
            note = f"{some} {'are' if n_met > 1 else 'is'} known to have the {noun} that you ask for; others do not say"
            notes.append(Unmet(part=f"filters.{name}", note=note))
    return notes
