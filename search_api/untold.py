"""Set aside the wishes that nothing in a catalogue can answer: for what only reviews tell, and none does. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from indexer.values.taxonomy import Taxonomy
from search_api.records import Intent, Unmet


def set_untold_aside(intent: Intent, taxonomy: Taxonomy, is_there: Callable[[str], bool]) -> Intent:
    """Return an intent without the values and tags that only reviews tell and no work has; notes name them.

    There is no note where the same words ask for something else that is left: "moving" asks for empathy too.

    Args:
        intent: What was understood of a request.
        taxonomy: The taxonomy of the values.
        is_there: Returns whether any work has a value or tag.
    """
    weights = {**intent.values, **intent.tags}
    untold = [dimension for dimension in weights if dimension in taxonomy.from_reviews and not is_there(dimension)]
    if not untold:
        return intent
    left = {dimension: weight for dimension, weight in weights.items() if dimension not in untold}
    unanswered = [
        dimension
        for dimension in untold
        if not any(
            other in taxonomy.akin[dimension] and weight * weights[dimension] > 0 for other, weight in left.items()
        )
    ]
    return intent.model_copy(
        update={
            "values": {i: weight for i, weight in intent.values.items() if i in left},
            "tags": {i: weight for i, weight in intent.tags.items() if i in left},
            "only_mood": intent.only_mood and bool(left),
            "unmet": (*intent.unmet, *_describe(unanswered, taxonomy)),
        }
    )


def _describe(dimensions: Sequence[str], taxonomy: Taxonomy) -> list[Unmet]:
    return [
        Unmet(
            part=f"{'values' if dimension in taxonomy.by_id else 'tags'}.{dimension}",
            note=f"no work here has reviews that say “{taxonomy.names[dimension]}”, and nothing else tells it",
        )
        for dimension in dimensions
    ]
