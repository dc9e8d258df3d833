"""Turn points of the index into the works that an answer shows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import models

from crawler.records import Creator, Series
from indexer.bm25 import term_id
from indexer.records import Work
from indexer.schema import PRIMARY_SCORE
from indexer.values.taxonomy import Taxonomy, Value
from search_api.fusion import Ranking
from search_api.reasons import Explained, LikedWork, explain
from search_api.records import Hit, Intent, LegScore, ValueView, WorkView
from search_api.voices import say_enough

MOST_VALUES = 6
"""How many values a work shows, unless the request names more; and how many tags a work alone shows."""
EVIDENCE_SCORE = PRIMARY_SCORE
"""The least score of a value whose sentence of evidence is shown. A work that has little of a value has a best sentence
for it all the same: of 28 sentences below this score, drawn by chance from the starter catalogue, 7 showed their value;
of 28 above it, 19."""

Payload = Mapping[str, Any]


def view_value(value: Value) -> ValueView:
    """Return a value as an answer shows it."""
    return ValueView(id=value.id, name=value.name, facet=value.facet, group=value.group, description=value.description)


def record_to_view(
    record: models.Record, taxonomy: Taxonomy, dimensions: Sequence[str], *, quotes: bool = True
) -> WorkView:
    """Return a work with its strongest values, and the tags that people say or that fit it.

    Args:
        record: The work's point with its payload and its vector `values`.
        taxonomy: The taxonomy of the values.
        dimensions: The ids of the values and tags that the vector `values` has, in its order.
        quotes: Whether sentences of reviews are shown.
    """
    payload = record.payload or {}
    values = _strongest_values(payload["values"], Intent(text=""))
    counts = {
        dimension: count
        for dimension, count in _counts(payload).items()
        if dimension not in taxonomy.by_id and say_enough(count, payload["n_reviews"])
    }
    scores = _tag_scores(record, {*payload["tags"], *counts}, dimensions)
    tags = sorted(scores, key=lambda tag: (-counts.get(tag, 0), -scores[tag], tag))[:MOST_VALUES]
    return WorkView(
        **_facts(payload),
        values=_labels(payload, payload["values"], values, taxonomy, quotes=quotes),
        tags=_labels(payload, scores, tags, taxonomy, quotes=quotes),
    )


def record_to_hit(
    record: models.Record,
    score: float,
    legs: Mapping[str, LegScore],
    intent: Intent,
    forms: Mapping[str, str],
    taxonomy: Taxonomy,
    *,
    query: str = "",
    dimensions: Sequence[str] = (),
    liked: Sequence[LikedWork] = (),
    usual: Collection[str] = (),
    quotes: bool = True,
) -> Hit:
    """Return a work with the reasons why it is in the answer.

    Args:
        record: The work's point with its payload and its vector `bm25`; with `values` too, the scores of all tags are
            known, else only those of tags that fit the work.
        score: The work's fused score.
        legs: Its score and rank in each leg.
        intent: What was understood of the query.
        forms: Terms of the query, each with the word that it was made from.
        taxonomy: The taxonomy of the values.
        query: The query as the person wrote it.
        dimensions: The ids of the values and tags that the vector `values` has, in its order.
        liked: The works of `intent.like`, as far as their values are known.
        usual: The values that most hits of the page have.
        quotes: Whether sentences of reviews are shown.
    """
    payload = record.payload or {}
    scores = payload["values"]
    values = _strongest_values(scores, intent)
    asked_tags = [tag for tag, weight in intent.tags.items() if weight]
    tag_scores = _tag_scores(record, asked_tags, dimensions) if asked_tags else {}
    tags = {tag: tag_scores[tag] for tag in _of_intent(intent.tags, tag_scores) if tag in tag_scores}
    matched = _matched_terms(record, forms)
    explained = Explained(scores, values, tags, _counts(payload), payload, legs, matched)
    return Hit(
        **_facts(payload),
        values=_labels(payload, scores, values, taxonomy, quotes=quotes),
        tags=_labels(payload, tags, list(tags), taxonomy, quotes=quotes),
        score=score,
        legs=legs,
        matched_terms=matched,
        reasons=explain(explained, intent, taxonomy, query, liked, usual),
    )


def record_to_liked(record: models.Record) -> LikedWork:
    """Return a work as reasons compare hits with it."""
    payload = record.payload or {}
    return LikedWork(payload["title"], payload["values"])


def usual_values(records: Sequence[models.Record]) -> frozenset[str]:
    """Return the values that more than half of some works clearly have."""
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(i for i, score in (record.payload or {})["values"].items() if score >= PRIMARY_SCORE)
    return frozenset(value_id for value_id, count in counts.items() if 2 * count > len(records))


def leg_scores(stages: Iterable[Mapping[str, Ranking]], shown: Sequence[int]) -> dict[int, dict[str, LegScore]]:
    """Return every leg's score and rank of each shown work, in the first stage that has the work as a candidate."""
    legs: dict[int, dict[str, LegScore]] = {row: {} for row in shown}
    wanted = np.array(shown, dtype=np.intp)
    names: dict[str, None] = {}
    for rankings in stages:
        names |= dict.fromkeys(rankings)
        for leg, ranking in rankings.items():
            for place in np.flatnonzero((ranking.rows[:, None] == wanted).any(axis=1)).tolist():
                score = LegScore(score=float(ranking.scores[place]), rank=place + 1)
                legs[int(ranking.rows[place])].setdefault(leg, score)
    not_found = LegScore()
    return {row: {leg: own.get(leg, not_found) for leg in names} for row, own in legs.items()}


def _facts(payload: Payload) -> dict[str, Any]:
    """Return the fields of a work. Names were cleaned when they were read: to clean them again takes 20 µs each."""
    facts = {name: payload[name] for name in Work.model_fields if name in payload}
    if "creators" in facts:
        facts["creators"] = tuple(Creator.model_construct(**each) for each in facts["creators"])
    if "series" in facts:
        facts["series"] = Series.model_construct(**facts["series"])
    return facts


def _by_score(scores: Mapping[str, float]) -> list[str]:
    """Return ids by falling score, then by id."""
    # Two sorts by plain keys take a fifth of the time of one sort by tuples; a hit has 72 values.
    return sorted(sorted(scores), key=scores.__getitem__, reverse=True)


def _strongest_values(scores: Mapping[str, float], intent: Intent) -> list[str]:
    """Return the wanted values, the unwanted ones, then the work's other strongest values up to `MOST_VALUES` in all.

    The values of the intent are there even if the work has none of them.
    """
    strongest = _by_score(scores)
    asked = _of_intent(intent.values, scores)
    others = [value_id for value_id in strongest[: MOST_VALUES + len(asked)] if value_id not in asked]
    return [*asked, *others[: max(0, MOST_VALUES - len(asked))]]


def _of_intent(weights: Mapping[str, float], scores: Mapping[str, float]) -> list[str]:
    """Return the wanted dimensions, then the unwanted ones, each by falling score, then by id."""
    asked = [dimension for dimension, weight in weights.items() if weight]
    return sorted(asked, key=lambda dimension: (weights[dimension] < 0, -scores.get(dimension, 0.0), dimension))


def _tag_scores(record: models.Record, tags: Collection[str], dimensions: Sequence[str]) -> dict[str, float]:
    """Return the work's score for each of some tags, where it is known."""
    scores = dict((record.payload or {})["tags"])  # only those that fit the work
    vector = record.vector.get("values") if isinstance(record.vector, dict) else None
    if dimensions and isinstance(vector, models.SparseVector):
        strengths = {dimensions[at]: strength for at, strength in zip(vector.indices, vector.values, strict=True)}
        scores = {**{tag: round(strengths.get(tag, 0.0), 4) for tag in tags}, **scores}
    return {tag: score for tag, score in scores.items() if tag in tags}


def _counts(payload: Payload) -> dict[str, int]:
    """Return how many people say each value or tag of a work."""
    return {dimension: said["count"] for dimension, said in payload.get("said", {}).items()}


def _labels(
    payload: Payload, scores: Mapping[str, float], dimensions: Sequence[str], taxonomy: Taxonomy, *, quotes: bool
) -> list[dict[str, Any]]:
    """Return the fields of a `HitValue` for each value or tag. They are validated with the hit, in half the time."""
    return [
        {
            "id": dimension,
            "name": taxonomy.names[dimension],
            "score": (score := scores.get(dimension, 0.0)),
            "is_primary": score >= PRIMARY_SCORE,
            "evidence": _evidence(payload, dimension) if score >= EVIDENCE_SCORE else None,
            "said": _said(payload, dimension, quotes=quotes),
        }
        for dimension in dimensions
    ]


def _evidence(payload: Payload, dimension: str) -> dict[str, Any] | None:
    place = payload["evidence"].get(dimension)
    if place is None:
        return None
    start, end = payload["sentences"][place]
    return {"text": payload["description"][start:end], "start": start, "end": end}


def _said(payload: Payload, dimension: str, *, quotes: bool) -> dict[str, Any] | None:
    """Return the fields of `SaidByPeople`, whatever the score: people may say what a description does not show.

    A sentence is shown if enough people say the same: of 40 such sentences, 34 fitted their value, of all 26.
    """
    said = payload.get("said", {}).get(dimension)
    if said is None:
        return None
    hidden = () if quotes and say_enough(said["count"], payload["n_reviews"]) else ("quote", "source")
    return {"of": payload["n_reviews"], **{name: part for name, part in said.items() if name not in hidden}}


def _matched_terms(record: models.Record, forms: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of the query that occur in the work's text or its reviews, in the query's order."""
    weights = (record.vector or {}).get("bm25") if isinstance(record.vector, dict) else None
    if not isinstance(weights, models.SparseVector):
        return ()
    known = set(weights.indices)
    return tuple(dict.fromkeys(form for term, form in forms.items() if term_id(term) in known))
