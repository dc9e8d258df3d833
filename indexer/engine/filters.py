"""Convert filters from `qdrant_client.models` to Qdrant Edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import qdrant_edge as edge
from qdrant_client import models

from indexer.engine.checks import as_model, check_number
from indexer.engine.errors import BadRequest, NotSupported, refusing


@refusing
def edge_filter(model: models.Filter | None) -> edge.Filter | None:
    """Return the filter in Edge's types."""
    return None if model is None else _filter(as_model(models.Filter, model))


def edge_condition(model: models.Condition) -> edge.ConditionType:
    """Return the condition in Edge's types."""
    if isinstance(model, models.SliceCondition):
        raise NotSupported(
            "The embedded engine has no slices of the ids: scroll page after page with `offset`, or name ids with a "
            "HasIdCondition"
        )
    try:
        convert = _CONDITIONS[type(model)]
    except KeyError:
        raise NotSupported(f"The embedded engine has no filter condition {type(model).__name__}") from None
    return convert(model)


def _filter(model: models.Filter) -> edge.Filter:
    return edge.Filter(
        must=_conditions(model.must),
        should=_conditions(model.should),
        must_not=_conditions(model.must_not),
        min_should=None if model.min_should is None else _min_should(model.min_should),
    )


def _min_should(model: models.MinShould) -> edge.MinShould:
    if model.min_count < 1:
        raise BadRequest(f"min_count value {model.min_count} is invalid: it must be 1 or larger")
    return edge.MinShould([edge_condition(each) for each in model.conditions], model.min_count)


def _conditions(
    model: models.Condition | Sequence[models.Condition] | None,
) -> list[edge.ConditionType] | None:
    if model is None:
        return None
    return [edge_condition(each) for each in (model if isinstance(model, Sequence) else [model])]


def _field_condition(model: models.FieldCondition) -> edge.ConditionType:
    parts = {name: part for name, part in model if name != "key" and part is not None}
    if not parts:
        raise BadRequest(f"Field condition on {model.key!r} has no condition")
    if len(parts) > 1:
        raise NotSupported(
            f"A field condition on {model.key!r} may hold one condition, not {' and '.join(parts)}: "
            "join several field conditions with a filter"
        )
    ((name, part),) = parts.items()
    if name in _WHOLE_FIELD:
        condition = _WHOLE_FIELD[name](model.key)
        return condition if part else edge.Filter(must_not=[condition])
    if isinstance(part, models.GeoBoundingBox):
        boxes: list[edge.ConditionType] = [
            edge.FieldCondition(model.key, geo_bounding_box=_geo_box(box)) for box in _found_boxes(part)
        ]
        return boxes[0] if len(boxes) == 1 else edge.Filter(should=boxes)
    return edge.FieldCondition(model.key, **{name: _PARTS[name](part)})


def _edge_match(model: models.Match) -> edge.MatchType:
    if type(model) not in _MATCHES:
        raise NotSupported(f"The embedded engine has no {type(model).__name__}")
    return _MATCHES[type(model)](model)


def _edge_value(value: Any) -> Any:
    # Edge takes Python's bool for an integer, which never equals a stored bool; numpy's bool is not an integer.
    return np.bool_(value) if isinstance(value, bool) else value


def _edge_range(model: models.Range | models.DatetimeRange) -> edge.RangeType:
    if isinstance(model, models.DatetimeRange):
        lower, upper = _one_bound(model, "gt", "gte", max, _moment), _one_bound(model, "lt", "lte", min, _moment)
        return edge.RangeDateTime(**{name: bound.isoformat() for name, bound in (lower | upper).items()})
    for name, bound in model:
        check_number(bound, f"range bound {name}")
    return edge.RangeFloat(**_one_bound(model, "gt", "gte", max, float), **_one_bound(model, "lt", "lte", min, float))


def _one_bound(
    model: Any, open_name: str, closed_name: str, tighter: Callable[..., Any], convert: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return the tighter of an open and a closed bound, because Edge's index obeys only one of them."""
    given = {
        name: convert(getattr(model, name)) for name in (open_name, closed_name) if getattr(model, name) is not None
    }
    if len(given) < 2:
        return given
    bound = tighter(given.values())
    return {open_name if given[open_name] == bound else closed_name: bound}


def _moment(bound: date) -> datetime:
    moment = bound if isinstance(bound, datetime) else datetime(bound.year, bound.month, bound.day)  # noqa: DTZ001
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _values_count(model: models.ValuesCount) -> edge.ValuesCount:
    return edge.ValuesCount(lt=model.lt, gt=model.gt, lte=model.lte, gte=model.gte)


def _geo_point(model: models.GeoPoint) -> edge.GeoPoint:
    return edge.GeoPoint(model.lon, model.lat)


def _geo_box(model: models.GeoBoundingBox) -> edge.GeoBoundingBox:
    """Return the box in Edge's types, which excludes its edges.

    Edge's index finds nothing in a box that ends at the north pole or at 180 degrees, as if it began there.
    """
    top_left, bottom_right = model.top_left, model.bottom_right
    return edge.GeoBoundingBox(
        edge.GeoPoint(top_left.lon, _below(90, top_left.lat)),
        edge.GeoPoint(_below(180, bottom_right.lon), bottom_right.lat),
    )


def _found_boxes(box: models.GeoBoundingBox) -> list[models.GeoBoundingBox]:
    """Return boxes that together are this one, and in which Edge's index finds all places.

    It finds few places in a box around the world, over 180 degrees, whose ends are in the same cell of 45 degrees.
    """
    west, east = box.top_left.lon, box.bottom_right.lon
    if not 0 < west - east < _APART:
        return [box]
    end = east - _APART if east >= -180 + _APART + 45 else west + _APART
    return [
        box.model_copy(update={"bottom_right": box.bottom_right.model_copy(update={"lon": end})}),
        box.model_copy(update={"top_left": box.top_left.model_copy(update={"lon": end - 1})}),
    ]


def _below(end: float, degrees: float) -> float:
    return end - _DEGREES_WITHIN if end - _DEGREES_WITHIN < degrees <= end else degrees


def _geo_radius(model: models.GeoRadius) -> edge.GeoRadius:
    check_number(model.radius, "radius")
    return edge.GeoRadius(_geo_point(model.center), model.radius)


def _geo_polygon(model: models.GeoPolygon) -> edge.GeoPolygon:
    exterior, *interiors = [
        [_geo_point(point) for point in line.points] for line in [model.exterior, *(model.interiors or [])]
    ]
    return edge.GeoPolygon(exterior, interiors)


_APART = 90.0
"""Degrees between the ends of a box around the world that are never in the same cell."""

_DEGREES_WITHIN = 1e-10
"""A hundredth of a millimetre. With 1e-14 the index finds nothing; with this, 302 points as without an index."""

_MATCHES: dict[type, Callable[[Any], edge.MatchType]] = {
    models.MatchValue: lambda model: edge.MatchValue(_edge_value(model.value)),
    models.MatchAny: lambda model: edge.MatchAny(model.any),
    models.MatchExcept: lambda model: edge.MatchExcept(model.except_),
    models.MatchText: lambda model: edge.MatchText(model.text),
    models.MatchTextAny: lambda model: edge.MatchTextAny(model.text_any),
    models.MatchPhrase: lambda model: edge.MatchPhrase(model.phrase),
    models.MatchPrefix: lambda model: edge.MatchPrefix(model.prefix),
    models.MatchSubstring: lambda model: edge.MatchSubstring(model.substring),
}

_PARTS: dict[str, Callable[[Any], Any]] = {
    "match": _edge_match,
    "range": _edge_range,
    "values_count": _values_count,
    "geo_radius": _geo_radius,
    "geo_polygon": _geo_polygon,
}

# In a field condition Edge would test each of several values under a key; these conditions test the key as a whole.
_WHOLE_FIELD: dict[str, Callable[[str], edge.ConditionType]] = {
    "is_empty": edge.IsEmptyCondition,
    "is_null": edge.IsNullCondition,
}

_CONDITIONS: dict[type, Callable[[Any], edge.ConditionType]] = {
    models.FieldCondition: _field_condition,
    models.IsEmptyCondition: lambda model: edge.IsEmptyCondition(model.is_empty.key),
    models.IsNullCondition: lambda model: edge.IsNullCondition(model.is_null.key),
    models.HasIdCondition: lambda model: edge.HasIdCondition(set(model.has_id)),
    models.HasVectorCondition: lambda model: edge.HasVectorCondition(model.has_vector),
    models.NestedCondition: lambda model: edge.NestedCondition(model.nested.key, _filter(model.nested.filter)),
    models.Filter: _filter,
}
