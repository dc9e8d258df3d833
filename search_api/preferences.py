"""Weigh what a request refuses and for whom it asks, by the facts and values that are in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.schema import PRIMARY_SCORE
from search_api.fusion import Rows
from search_api.records import Audience, Intent
from search_api.work_table import Floats, ValueProfiles, WorkTable

REFUSAL_COST = 2.0
"""What an unwanted value or tag of weight -1 and strength 1 takes from a fused score, in units of a leg's first place:
as much as the `values` leg adds for a wanted one. The legs themselves can only pass over works that lack wanted
values."""
NEGLIGIBLE = 0.2
"""Up to this strength an unwanted value costs nothing. Otherwise picture books, which have little of any value, would
answer a request for a novel without romance and violence."""
REFUSED_FROM = 0.75
"""From this weight against a value on, works that have it as a primary value come after all others."""
FOR_SMALL_CHILDREN = frozenset({"picture books"})
SMALL_CHILDREN_COST = 2.0
"""What a picture book loses unless a request asks for children, for what they like, or names such a work."""
AUDIENCE_BONUS = 1.5
"""What a genre or tag for the audience adds to a fused score: more than the first place of one leg, less than two."""
ORIGIN_BONUS = 1.0
"""What the language of a country adds to a fused score, and what another language takes."""


class Preferences(NamedTuple):
    """What is added to the scores of works, and which come after all others, by work.

    Attributes:
        bonus: For what an intent refuses, and for the language of the country that it asks for: float32 (n,).
        audience: For whom a work is; counts as far as the work is relevant: float32 (n,).
        last: The works that come after all others: bool (n,).
    """

    bonus: Floats
    audience: Floats
    last: NDArray[np.bool_]


def no_preferences(n_works: int) -> Preferences:
    """Return that nothing speaks for or against some works."""
    return Preferences(np.zeros(n_works, np.float32), np.zeros(n_works, np.float32), np.zeros(n_works, np.bool_))


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """What is for an audience, and what is not. Genres in lower case, as the catalogues name them."""

    genres: frozenset[str]
    tags: tuple[str, ...]
    not_genres: frozenset[str]
    never: tuple[str, ...]
    """Tags that no work for the audience has as primary ones."""
    unless_genres: tuple[str, ...]
    """Values and tags that only works in `genres` may have as primary ones: a fairy tale has its murder."""
    most_age: int
    """The highest age that a work's certificates may ask for."""


_FOR_CHILDREN = frozenset({"animation", "children", "family", "middle grade", "picture books"})
_SEXUAL = frozenset({"adult", "adult fiction", "erotic", "erotica", "new adult"})
_CRUEL = ("T-pornographic", "T-sadist", "T-adult-comedy", "T-grindhouse-film")
_HARSH = (
    "T-violence", "T-murder", "T-cruelty", "T-horror", "T-disturbing", "T-abuse", "T-suicidal", "T-blaxploitation",
    "T-insanity", "T-dark", "T-bleak", "T-depressing", "T-neo-noir", "E16",
)  # fmt: skip
_FRIGHTENING = frozenset({"horror", "slasher", "found footage"})

AUDIENCES: Mapping[Audience, AudienceRule] = {
    "children": AudienceRule(
        genres=_FOR_CHILDREN,
        tags=("T-childrens",),
        not_genres=_SEXUAL | _FRIGHTENING | {"war", "crime", "thriller", "film noir"},
        never=_CRUEL,
        unless_genres=_HARSH,
        most_age=9,
    ),
    "family": AudienceRule(
        genres=_FOR_CHILDREN,
        tags=("T-childrens",),
        not_genres=_SEXUAL | _FRIGHTENING,
        never=_CRUEL,
        unless_genres=_HARSH,
        most_age=13,
    ),
    "teens": AudienceRule(
        genres=frozenset({"young adult", "young adult fantasy", "teen", "coming of age"}),
        tags=("T-young-adult", "T-coming-of-age"),
        not_genres=_SEXUAL | {"slasher"},
        never=_CRUEL,
        unless_genres=("T-cruelty", "T-disturbing", "T-abuse", "T-suicidal"),
        most_age=16,
    ),
}


def weigh_preferences(intent: Intent, rows: Rows, table: WorkTable, profiles: ValueProfiles) -> Preferences:
    """Return the preferences of an intent among some works."""
    bonus, for_audience, last = no_preferences(len(rows))
    if unwanted := {name: weight for name, weight in {**intent.values, **intent.tags}.items() if weight < 0}:
        costs, refused = weigh_refusals(unwanted, rows, profiles)
        bonus, last = bonus + costs, last | refused
    if intent.filters.countries and intent.filters.countries.any:
        bonus += _weigh_origin(intent.filters.countries.any, rows, table)
    if intent.audience:
        for_audience, unfit = _weigh_audience(AUDIENCES[intent.audience], rows, table, profiles)
        last = last | unfit
    elif not intent.like and not any(intent.tags.get(tag, 0) > 0 for tag in AUDIENCES["children"].tags):
        bonus -= np.float32(SMALL_CHILDREN_COST) * table.has_genre(rows, FOR_SMALL_CHILDREN).astype(np.float32)
    return Preferences(bonus, for_audience, last)


def _weigh_origin(countries: Collection[str], rows: Rows, table: WorkTable) -> Floats:
    """Return what the languages of works say of how far they are from some countries.

    A co-production with other countries has all of them, and "a Swedish film" is first of all one in Swedish.
    """
    own = frozenset[str]().union(*(table.home_languages.get(country.upper(), frozenset()) for country in countries))
    languages = table.languages[rows]
    is_own = np.isin(languages, np.array([language.encode() for language in own], dtype="S8"))
    weighed: Floats = np.float32(ORIGIN_BONUS) * is_own - np.float32(ORIGIN_BONUS) * (~is_own & (languages != b""))
    return weighed if own else np.zeros(len(rows), dtype=np.float32)


def weigh_refusals(
    unwanted: Mapping[str, float], rows: Rows, profiles: ValueProfiles
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the costs of unwanted values and tags, and which works have as primary what is refused outright.

    Of all that is unwanted, what costs a work most counts: one word is read as a value and several tags ("sad" as
    sadness, tragedy and two more), and their sum would refuse "not too sad" four times.
    """
    strengths = profiles.strengths(rows, list(unwanted))
    weights = np.array(list(unwanted.values()), dtype=np.float32)
    is_refused = weights <= -REFUSED_FROM
    refused: NDArray[np.bool_] = np.any(strengths[:, is_refused] >= PRIMARY_SCORE, axis=1)
    beyond = np.maximum(strengths - np.float32(NEGLIGIBLE), 0) / np.float32(1 - NEGLIGIBLE)
    costs: Floats = np.float32(REFUSAL_COST) * (beyond * weights).min(axis=1)
    return costs, refused


def _weigh_audience(
    rule: AudienceRule, rows: Rows, table: WorkTable, profiles: ValueProfiles
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the bonus of works for an audience, and which works are unfit for it."""
    fits = table.has_genre(rows, rule.genres)
    bonus = AUDIENCE_BONUS * (fits + profiles.strengths(rows, rule.tags).max(axis=1))
    unfit = table.has_genre(rows, rule.not_genres) | (table.least_ages[rows] > rule.most_age)
    unfit |= (profiles.strengths(rows, rule.never) >= PRIMARY_SCORE).any(axis=1)
    unfit |= ~fits & (profiles.strengths(rows, rule.unless_genres) >= PRIMARY_SCORE).any(axis=1)
    return bonus.astype(np.float32), unfit
