"""Convert formulas that rescore from `qdrant_client.models` to Qdrant Edge."""

from collections.abc import Callable
from datetime import date
from typing import Any

import qdrant_edge as edge
from qdrant_client import models

from indexer.engine.checks import check_number
from indexer.engine.filters import edge_condition
from indexer.engine.points import edge_payload

Expression = edge.Expression


def edge_formula(query: models.FormulaQuery) -> edge.Formula:
    """Return the formula in Edge's types."""
    return edge.Formula(edge_expression(query.formula), edge_payload(query.defaults))


def edge_expression(model: Any) -> edge.Expression:
    """Return a node of a formula, and all nodes below it, in Edge's types."""
    convert = _EXPRESSIONS.get(type(model))
    return convert(model) if convert else Expression.Condition(edge_condition(model))


def _constant(number: float) -> edge.Expression:
    check_number(number, "A formula's constant")
    return Expression.Constant(number)


def _all(models_: list[Any]) -> list[edge.Expression]:
    return [edge_expression(model) for model in models_]


def _division(model: models.DivExpression) -> edge.Expression:
    parts = model.div
    return Expression.Div(edge_expression(parts.left), edge_expression(parts.right), parts.by_zero_default)


def _decay(kind: edge.DecayKind, parameters: models.DecayParamsExpression) -> edge.Expression:
    target = None if parameters.target is None else edge_expression(parameters.target)
    return Expression.Decay(kind, edge_expression(parameters.x), target, parameters.midpoint, parameters.scale)


def _geo_distance(model: models.GeoDistance) -> edge.Expression:
    distance = model.geo_distance
    return Expression.GeoDistance(edge.GeoPoint(distance.origin.lon, distance.origin.lat), distance.to)


def _moment(model: models.DatetimeExpression) -> edge.Expression:
    moment: Any = model.datetime
    return Expression.Datetime(moment.isoformat() if isinstance(moment, date) else moment)


_EXPRESSIONS: dict[type, Callable[[Any], edge.Expression]] = {
    int: lambda model: _constant(float(model)),
    float: _constant,
    str: Expression.Variable,
    models.MultExpression: lambda model: Expression.Mult(_all(model.mult)),
    models.SumExpression: lambda model: Expression.Sum(_all(model.sum)),
    models.MaxExpression: lambda model: Expression.Max(_all(model.max)),
    models.MinExpression: lambda model: Expression.Min(_all(model.min)),
    models.NegExpression: lambda model: Expression.Neg(edge_expression(model.neg)),
    models.AbsExpression: lambda model: Expression.Abs(edge_expression(model.abs)),
    models.SqrtExpression: lambda model: Expression.Sqrt(edge_expression(model.sqrt)),
    models.ExpExpression: lambda model: Expression.Exp(edge_expression(model.exp)),
    models.Log10Expression: lambda model: Expression.Log10(edge_expression(model.log10)),
    models.LnExpression: lambda model: Expression.Ln(edge_expression(model.ln)),
    models.AcoshExpression: lambda model: Expression.Acosh(edge_expression(model.acosh)),
    models.PowExpression: lambda model: Expression.Pow(
        edge_expression(model.pow.base), edge_expression(model.pow.exponent)
    ),
    models.DivExpression: _division,
    models.LinDecayExpression: lambda model: _decay(edge.DecayKind.Lin, model.lin_decay),
    models.ExpDecayExpression: lambda model: _decay(edge.DecayKind.Exp, model.exp_decay),
    models.GaussDecayExpression: lambda model: _decay(edge.DecayKind.Gauss, model.gauss_decay),
    models.GeoDistance: _geo_distance,
    models.DatetimeExpression: _moment,
    models.DatetimeKeyExpression: lambda model: Expression.DatetimeKey(model.datetime_key),
}
