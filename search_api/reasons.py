"""Explain in words why a work is in the answer, by its legs, terms and values and by the intent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexer.schema import PRIMARY_SCORE
from indexer.values.taxonomy import Facet, Taxonomy
from search_api.records import Intent, LegScore

CLOSE_RANK, CLOSE_SCORE = 20, 0.25
"""A work is close in meaning with this rank or a better one and at least this cosine in the text leg. Among 350 works
the nearest to senseless words ("xkcd blorp") has a cosine of 0.23; the fifth nearest to "survival at sea" has 0.42."""
ABSENT_SCORE = 0.1
"""Up to this score, a work shows little of an unwanted value."""
MOST_NAMED = 3

_VERBS: Mapping[Facet, str] = {"theme": "explores", "emotion": "gives", "learning": "teaches"}


def explain(
    intent: Intent,
    taxonomy: Taxonomy,
    scores: Mapping[str, float],
    values: Sequence[str],
    tags: Sequence[str],
    legs: Mapping[str, LegScore],
    matched_terms: Sequence[str],
) -> tuple[str, ...]:
    """Return the reasons for a hit, the weightiest first.

    Args:
        intent: What was understood of the query.
        taxonomy: The taxonomy of the values.
        scores: The work's score for every value it has.
        values: The values that the hit shows, by their ids.
        tags: The asked-for tags that the work has, by their ids.
        legs: The hit's score and rank in each leg.
        matched_terms: The query's words that occur in the work.
    """
    reasons = []
    asked = "which your words seem to ask for" if intent.is_guess else "which you asked for"
    wanted = [i for i in values if intent.values.get(i, 0) > 0 and scores[i] >= PRIMARY_SCORE]
    if wanted:
        reasons.append(f"{_describe_values(wanted, taxonomy)}, {asked}")
    if tags:
        named = [f"“{taxonomy.names[tag]}”" for tag in tags[:MOST_NAMED]]
        reasons.append(f"is what people tag {_listed(named)}, {asked}")
    unwanted = [
        taxonomy.by_id[i].name for i, w in intent.values.items() if w < 0 and scores.get(i, 0.0) <= ABSENT_SCORE
    ]
    if unwanted:
        reasons.append(f"shows little {_listed(unwanted, 'or')}")
    is_close = _is_close(legs.get("text", LegScore()))
    if intent.like and is_close:
        reasons.append(f"is close to {_listed([work.title for work in intent.like])}")
    elif is_close:
        reasons.append("is close in meaning to your words")
    if matched_terms:
        reasons.append(f"mentions {_listed([f'“{term}”' for term in matched_terms[:MOST_NAMED]])}")
    others = [i for i in values if i not in wanted and intent.values.get(i, 0) >= 0]
    if not wanted and not tags and others:
        reasons.append(_describe_values(others[:MOST_NAMED], taxonomy))
    return tuple(reason[0].upper() + reason[1:] for reason in reasons)


def _is_close(text: LegScore) -> bool:
    return text.rank is not None and text.score is not None and text.rank <= CLOSE_RANK and text.score >= CLOSE_SCORE


def _describe_values(values: Sequence[str], taxonomy: Taxonomy) -> str:
    """Return "explores self-discovery and gives awe and hope" for the values of a work."""
    named = [taxonomy.by_id[value_id] for value_id in values]
    clauses = []
    for facet, verb in _VERBS.items():
        names = [value.name for value in named if value.facet == facet]
        if names:
            clauses.append(f"{verb} {_listed(names)}")
    return _listed(clauses)


def _listed(names: Sequence[str], conjunction: str = "and") -> str:
    *first, last = names
    return f"{', '.join(first)} {conjunction} {last}" if first else last
