"""Explain in words why a work is in the answer, and where it does not meet the request. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from indexer.schema import PRIMARY_SCORE
from indexer.values.taxonomy import Facet, Taxonomy
from search_api.fact_reasons import describe_audience, describe_facts
from search_api.records import Intent, LegScore
from search_api.voices import name_voices, say_enough
from search_api.words import listed

CLOSE_RANK, CLOSE_SCORE = 20, 0.45
"""A work is close in meaning with this rank or a better one and at least this cosine in the text leg. Among 28,963
works the nearest to 14 senseless texts ("7 7 7 7", "foo bar baz") have a cosine of 0.19 to 0.43; the five nearest to
ten short descriptions ("survival at sea") have 0.44 or more."""
CLOSE_TO_WORK_SCORE = 0.25
"""The least cosine of a work that is close to a named one. The vector of that work is part of the query, so that no
senseless words decide alone."""
LITTLE_SCORE = 0.3
"""Up to this score, a work shows little of an unwanted value: of 14 sentences of evidence for scores of 0.1 to 0.3,
drawn by chance from the starter catalogue, one showed the value."""
STRONG_DISLIKE = -0.75
"""From this weight down a value is not wanted; above it, less of it is wanted."""
LESS_THAN_LIKED = 0.2
"""By how much lower the score of an unwanted value must be for a work to have less of it than the liked work."""
LEAST_REVIEWS = 5
"""From so many reviews on, what only reviews tell and hardly anybody says is absent."""
MOST_NAMED = 3
MOST_COMPARISONS = 2

_VERBS: Mapping[Facet, str] = {"theme": "explores", "emotion": "gives", "learning": "teaches"}


@dataclass(frozen=True)
class LikedWork:
    """A work that the hits are to be like, with its score for every value it has."""

    title: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Explained:
    """What the reasons for one hit are made of."""

    scores: Mapping[str, float]
    """The work's score for every value it has."""
    shown: Sequence[str] = ()
    """The values that the hit shows, by their ids."""
    tags: Mapping[str, float] = field(default_factory=dict)
    """The work's score for each wanted or unwanted tag, where it is known."""
    said: Mapping[str, int] = field(default_factory=dict)
    """How many people say each value or tag of the work in their reviews."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The work's facts as the payload has them: `year`, `n_reviews` and so on; an unknown one is absent."""
    legs: Mapping[str, LegScore] = field(default_factory=dict)
    """The hit's score and rank in each leg."""
    matched_terms: Sequence[str] = ()
    """The query's words that occur in the work."""


def explain(
    work: Explained,
    intent: Intent,
    taxonomy: Taxonomy,
    query: str = "",
    liked: Sequence[LikedWork] = (),
    usual: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the reasons for a hit: what it has of the wishes, what speaks against it, then what is near by.

    Args:
        work: The work to explain.
        intent: What was understood of the query.
        taxonomy: The taxonomy of the values.
        query: The query as the person wrote it.
        liked: The works of `intent.like`, as far as their values are known.
        usual: The values that most hits of the page have: what a hit shares besides is said first.
    """
    named = _as_named(intent, taxonomy, query)
    wishes = _describe_wishes(work, intent, taxonomy, query)
    comparisons = _compare(work, intent, taxonomy, liked, usual)
    reasons = [
        *wishes,
        *comparisons,
        *_describe_conflicts(work, named, taxonomy, query),
        *_describe_absent(work, named, taxonomy),
        *describe_facts(work.facts, intent),
        *describe_audience(work.facts.get("genres", ()), intent.audience),
        *_describe_nearness(work, intent, is_compared=bool(comparisons)),
    ]
    others = [i for i in work.shown if not intent.values.get(i) and _has(work.scores, i)]
    if not wishes and not comparisons and others:
        reasons.append(_describe_values(others[:MOST_NAMED], taxonomy))
    return tuple(reason[0].upper() + reason[1:] for reason in reasons)


def _has(scores: Mapping[str, float], dimension: str) -> bool:
    return scores.get(dimension, 0.0) >= PRIMARY_SCORE


def _describe_wishes(work: Explained, intent: Intent, taxonomy: Taxonomy, query: str) -> list[str]:
    asked = "which your words seem to ask for" if intent.is_guess else "which you asked for"
    return [f"{had}, {asked}" for had in _describe_had(work, intent, taxonomy, query, lambda weight: weight > 0)]


def _describe_conflicts(work: Explained, intent: Intent, taxonomy: Taxonomy, query: str) -> list[str]:
    """Return which unwanted values and tags a work has all the same."""
    disliked = _describe_had(work, intent, taxonomy, query, lambda weight: weight <= STRONG_DISLIKE)
    too_much = _describe_had(work, intent, taxonomy, query, lambda weight: STRONG_DISLIKE < weight < 0)
    return [
        *(f"{had}, which you did not want" for had in disliked),
        *(f"{had}, of which you wanted less" for had in too_much),
    ]


def _describe_had(
    work: Explained, intent: Intent, taxonomy: Taxonomy, query: str, is_meant: Callable[[float], bool]
) -> list[str]:
    """Return the values and tags that a work has among those whose weight is meant.

    Those that people say are in the first clause, the other values in the next, the other tags in the last. What people
    say stands for what the same words ask for: if they call it funny, no clause adds that it gives humour.
    """
    weights = {**intent.values, **intent.tags}
    meant = [dimension for dimension, weight in weights.items() if is_meant(weight)]
    if not meant:
        return []
    named = {dimension for dimension in meant if not query or taxonomy.names[dimension].casefold() in query.casefold()}
    said = _choose_said(work, meant, named, taxonomy)
    left = [dimension for dimension in meant if not _is_covered(dimension, said, named, taxonomy)]
    values = [i for i in work.shown if i in left and _has(work.scores, i)]
    tags = [i for i in work.tags if i in left and _has(work.tags, i)]
    clauses = [_describe_said(work, said, taxonomy)] if said else []
    clauses += [_describe_values(values, taxonomy)] if values else []
    return clauses + ([f"is what people tag {_quoted(tags[:MOST_NAMED], taxonomy)}"] if tags else [])


def _choose_said(work: Explained, meant: Sequence[str], named: Set[str], taxonomy: Taxonomy) -> list[str]:
    """Return those of some values and tags that enough people say: first what the request names, then what most say."""
    enough = [dimension for dimension in meant if _is_said(work, dimension)]
    chosen: list[str] = []
    for dimension in sorted(enough, key=lambda i: (i not in named, -work.said[i], i)):
        if not _is_covered(dimension, chosen, named, taxonomy):
            chosen.append(dimension)
    return sorted(chosen[:MOST_NAMED], key=lambda i: (-work.said[i], i))


def _is_said(work: Explained, dimension: str) -> bool:
    return say_enough(work.said.get(dimension, 0), work.facts.get("n_reviews", 0))


def _is_covered(dimension: str, said: Sequence[str], named: Set[str], taxonomy: Taxonomy) -> bool:
    """Return whether what people say states a value or tag: itself, or as the tag of a value, or a tag like it."""
    if dimension in said:
        return True
    is_value = dimension in taxonomy.by_id
    others = (other for other in said if not (is_value and other in taxonomy.by_id))
    return dimension not in named and any(other in taxonomy.akin[dimension] for other in others)


def _describe_said(work: Explained, said: Sequence[str], taxonomy: Taxonomy) -> str:
    """Return "14 of 30 viewers call it “haunting” and 9 speak of hope"."""
    first, *others = said
    parts = [
        f"{name_voices(work.said[first], work.facts['n_reviews'], work.facts.get('kind'))} {_say(first, taxonomy)}"
    ]
    return listed([*parts, *(f"{work.said[other]} {_say(other, taxonomy)}" for other in others)])


def _say(dimension: str, taxonomy: Taxonomy) -> str:
    """Return what people say of a work: the name of a tag may be any word, that of a value is a noun."""
    name = taxonomy.names[dimension]
    return f"speak of {name}" if dimension in taxonomy.by_id else f"call it “{name}”"


def _describe_absent(work: Explained, intent: Intent, taxonomy: Taxonomy) -> list[str]:
    """Return which unwanted values and tags a work has little of."""
    scores = {**work.scores, **work.tags}
    absent = [
        i
        for i, weight in {**intent.values, **intent.tags}.items()
        if weight < 0 and scores.get(i, 0.0) <= LITTLE_SCORE and not _is_said(work, i) and _is_known(work, i, taxonomy)
    ]
    values = [taxonomy.names[i] for i in absent if i in taxonomy.by_id][:MOST_NAMED]
    tags = [i for i in absent if i in work.tags and taxonomy.names[i] not in values][:MOST_NAMED]
    reasons = [f"shows little {listed(values, 'or')}, as you asked"] if values else []
    return reasons + ([f"is not what people tag {_quoted(tags, taxonomy, 'or')}, as you asked"] if tags else [])


def _is_known(work: Explained, dimension: str, taxonomy: Taxonomy) -> bool:
    """Return whether the score for a value or tag is known: of a work without reviews not what only reviews tell."""
    return dimension not in taxonomy.from_reviews or work.facts.get("n_reviews", 0) >= LEAST_REVIEWS


def _quoted(dimensions: Sequence[str], taxonomy: Taxonomy, conjunction: str = "and") -> str:
    return listed([f"“{taxonomy.names[dimension]}”" for dimension in dimensions], conjunction)


def _as_named(intent: Intent, taxonomy: Taxonomy, query: str) -> Intent:
    """Return the intent with only those unwanted values and tags that the person has spoken of.

    "No violence" is read as the tag "violence" and as the value anger, "not too sad" as the value sadness and the tags
    "tragedy" and "depressing". A tag that is called by its name stands for its value; else a value stands for its tags.
    """
    if all(weight >= 0 for weight in (*intent.values.values(), *intent.tags.values())):
        return intent
    words = query.casefold()
    unwanted_tags = {i: taxonomy.names[i].casefold() for i, weight in intent.tags.items() if weight < 0}
    named = {i: name for i, name in unwanted_tags.items() if name in words}
    stood_for = {
        i
        for i, weight in intent.values.items()
        if weight < 0
        and taxonomy.names[i] not in words
        and set(named.values()) & {phrase.casefold() for phrase in taxonomy.by_id[i].ask}
    }
    values = {i: weight for i, weight in intent.values.items() if i not in stood_for}
    has_unwanted = any(weight < 0 for weight in values.values())
    kept = named if named or has_unwanted else unwanted_tags
    tags = {i: weight for i, weight in intent.tags.items() if weight > 0 or i in kept}
    return intent.model_copy(update={"values": values, "tags": tags})


def _compare(
    work: Explained, intent: Intent, taxonomy: Taxonomy, liked: Sequence[LikedWork], usual: Collection[str]
) -> list[str]:
    """Return what a hit shares with the liked works, and the unwanted values that it has less of than they."""
    sharing: dict[tuple[str, ...], list[LikedWork]] = {}
    for other in liked:
        shared = {i: min(score, other.scores.get(i, 0.0)) for i, score in work.scores.items()}
        # First what few hits share and this one shows, so that its bar and its sentence are there, too.
        strongest = sorted(shared, key=lambda i: (i in usual or i not in work.shown, -shared[i], i))
        values = [i for i in strongest if _has(shared, i) and intent.values.get(i, 0.0) >= 0]
        if values:
            sharing.setdefault(tuple(values[:MOST_NAMED]), []).append(other)
    comparisons = []
    for shared_values, others in list(sharing.items())[:MOST_COMPARISONS]:
        least = {i: min(other.scores.get(i, 0.0) for other in others) for i in intent.values}
        less = [
            taxonomy.names[i]
            for i, weight in intent.values.items()
            if weight < 0 and least[i] - work.scores.get(i, 0.0) >= LESS_THAN_LIKED
        ]
        shared_names = listed([taxonomy.names[i] for i in shared_values])
        with_less = f", with less {listed(less)}" if less else ""
        comparisons.append(f"shares {shared_names} with {listed([other.title for other in others])}{with_less}")
    return comparisons


def _describe_nearness(work: Explained, intent: Intent, *, is_compared: bool) -> list[str]:
    """Return that a work is close to the liked works or to the query's words, and which of the words it contains."""
    reasons = []
    if not is_compared and intent.like and _is_close(work.legs, CLOSE_TO_WORK_SCORE):
        reasons.append(f"is close to {listed([liked.title for liked in intent.like])}")
    elif intent.text and not intent.like and _is_close(work.legs, CLOSE_SCORE):
        reasons.append("is close in meaning to your words")
    if work.matched_terms:
        reasons.append(f"mentions {listed([f'“{term}”' for term in work.matched_terms[:MOST_NAMED]])}")
    return reasons


def _is_close(legs: Mapping[str, LegScore], least_score: float) -> bool:
    text = legs.get("text", LegScore())
    return text.rank is not None and text.score is not None and text.rank <= CLOSE_RANK and text.score >= least_score


def _describe_values(values: Sequence[str], taxonomy: Taxonomy) -> str:
    """Return "explores self-discovery and gives awe and hope" for the values of a work."""
    named = [taxonomy.by_id[value_id] for value_id in values]
    clauses = []
    for facet, verb in _VERBS.items():
        names = [value.name for value in named if value.facet == facet]
        if names:
            clauses.append(f"{verb} {listed(names)}")
    return listed(clauses)
