"""Say which of the facts that a request asks for a work has, lacks or does not tell, and whether it suits the audience.

A filter that is read from words leaves no work out where the catalogue says too little, so a hit may lack a fact that
was asked for. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any, Literal

from indexer.facts import IntegerRange
from search_api.records import Audience, Choice, Intent
from search_api.words import listed

FactState = Literal["has", "lacks", "is refused", "unknown"]

_WORDS: Mapping[str, str] = {
    "year": "year",
    "runtime_minutes": "length",
    "page_count": "length",
    "language": "language",
    "countries": "country",
    "genres": "genre",
    "creators": "people",
}
"""What a reason calls a fact. It never speaks of the kind, which is known of nearly every work and always shown."""
_SUITED: Mapping[Audience, tuple[str, Collection[str]]] = {
    "children": ("children", ("children", "family", "animation")),
    "family": ("the whole family", ("family", "children", "animation")),
    "teens": ("teenagers", ("young adult", "family")),
}
"""What a reason calls an audience, and the genres that suit it."""
_UNSUITED = ("horror", "erotica", "adult")
"""Genres that suit none of the audiences."""


def describe_facts(facts: Mapping[str, Any], intent: Intent) -> list[str]:
    """Return the reasons that speak of facts.

    A fact that a work has is mentioned only where the answer also has works without it.

    Args:
        facts: The work's facts by their names in `Filters`; an unknown one is absent.
        intent: What was understood of the query.
    """
    mixed = {unmet.part.removeprefix("filters.") for unmet in intent.unmet}
    words: dict[FactState, list[str]] = {"has": [], "lacks": [], "is refused": [], "unknown": []}
    for name, word in _WORDS.items():
        state = fact_state(facts, name, getattr(intent.filters, name))
        if state and (state != "has" or name in mixed) and word not in words[state]:
            words[state].append(word)
    templates: Mapping[FactState, str] = {
        "has": "has the {} that you asked for",
        "lacks": "does not have the {} that you asked for",
        "is refused": "has a {} that you did not want",
        "unknown": "its {} is not known here",
    }
    return [templates[state].format(listed(named)) for state, named in words.items() if named]


def fact_state(facts: Mapping[str, Any], name: str, wanted: IntegerRange | Choice | None) -> FactState | None:
    """Return how a work stands to the filter of one fact; None if the filter asks for nothing."""
    if wanted is None or not any(part is not None and part != () for _, part in wanted):
        return None
    if isinstance(wanted, IntegerRange):
        number = facts.get(name)
        return "unknown" if number is None else _range_state(number, wanted)
    names = {each.casefold() for each in _names(facts, name)}
    return _choice_state(names, wanted) if names else "unknown"


def _range_state(number: int, wanted: IntegerRange) -> FactState:
    is_within = (wanted.gte is None or number >= wanted.gte) and (wanted.lte is None or number <= wanted.lte)
    return "has" if is_within else "lacks"


def _choice_state(names: Set[str], wanted: Choice) -> FactState:
    if names & _folded(wanted.none):
        return "is refused"
    has_any = not wanted.any or bool(names & _folded(wanted.any))
    return "has" if has_any and names >= _folded(wanted.all) else "lacks"


def describe_audience(genres: Sequence[str], audience: Audience | None) -> list[str]:
    """Return the reason that speaks of the audience, if a work's genres show whether it suits it."""
    if audience is None:
        return []
    name, suited = _SUITED[audience]
    if unsuited := [genre for genre in genres if genre.casefold() in _UNSUITED]:
        return [f"may not suit {name}: it is listed under {listed(unsuited)}"]
    suits = [genre for genre in genres if genre.casefold() in suited]
    return [f"suits {name}: it is listed under {listed(suits)}"] if suits else []


def _names(facts: Mapping[str, Any], name: str) -> list[str]:
    if name == "language":
        return [facts["language"]] if facts.get("language") else []
    if name == "creators":
        return [creator["name"] for creator in facts.get("creators", ())]
    return list(facts.get(name, ()))


def _folded(names: Collection[str]) -> set[str]:
    return {name.casefold() for name in names}
