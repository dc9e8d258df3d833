"""Random queries on a world, drawn by hypothesis."""

from typing import Any

from hypothesis import strategies as st
from qdrant_client import models

from .worlds import World, filters, moments, point_ids

# More than there are points: a prefetch without a cut cannot cut off different ones of equal scores.
EVERYTHING = 100


@st.composite
def searches(draw: st.DrawFn, world: World, n_points: int) -> dict[str, Any]:
    """Draw arguments of `query_points` whose answers are sorted by score."""
    kinds = [vector_queries, vector_queries, fusions, formulas, rescorings]
    arguments = draw(draw(st.sampled_from(kinds))(world, n_points))
    threshold = draw(st.none() | st.none() | st.floats(-1, 2, width=32).map(lambda value: value + 0.000_123))
    return {"query_filter": draw(st.none() | filters(world, n_points))} | arguments | {"score_threshold": threshold}


@st.composite
def vector_queries(draw: st.DrawFn, world: World, n_points: int, *, ranked: bool = False) -> dict[str, Any]:
    """Draw `query` and `using`: nearest by vector or id, or a recommendation by any strategy.

    `ranked` queries give no two points the same score, because engines rank equal scores in different orders. The
    strategies best and sum are left out for sparse vectors, whose scores are equal where no term is shared, and
    discovery for all, whose scores are the same number of pairs and a fraction.
    """
    name = draw(st.sampled_from(world.names))
    example = point_ids(n_points) | st.builds(lambda: world.vector(name))
    kinds = ["vector", "nearest", "id", "average", "best", "sum", "discover"]
    kind = draw(st.sampled_from(kinds[:4] if ranked and name in world.sparse else kinds[:6] if ranked else kinds))
    if kind == "vector":
        query = world.vector(name)
    elif kind == "nearest":
        query = models.NearestQuery(nearest=world.vector(name))
    elif kind == "id":
        query = draw(point_ids(n_points))
    elif kind == "discover":
        pairs = st.builds(models.ContextPair, positive=example, negative=example)
        context = draw(st.lists(pairs, max_size=2))
        query = models.DiscoverQuery(discover=models.DiscoverInput(target=draw(example), context=context))
    else:
        strategy = {
            "average": draw(st.sampled_from([None, models.RecommendStrategy.AVERAGE_VECTOR])),
            "best": models.RecommendStrategy.BEST_SCORE,
            "sum": models.RecommendStrategy.SUM_SCORES,
        }[kind]
        # At least one example: local mode reports a missing one only if the answer depends on it.
        positive = draw(st.lists(example, min_size=1 if kind == "average" else 0, max_size=3))
        negative = draw(st.lists(example, min_size=0 if positive else 1, max_size=2))
        query = models.RecommendQuery(
            recommend=models.RecommendInput(positive=positive, negative=negative, strategy=strategy)
        )
    return {"query": query, "using": name or None}


@st.composite
def prefetches(draw: st.DrawFn, world: World, n_points: int, depth: int, *, ranked: bool = False) -> models.Prefetch:
    arguments = {"filter": draw(st.none() | filters(world, n_points))}
    if depth == 0 or draw(st.integers(0, 3)):
        arguments |= draw(vector_queries(world, n_points, ranked=ranked))
    elif ranked:
        # Not a fusion: fused scores are often equal.
        arguments |= draw(rescorings(world, n_points, depth - 1, ranked=True))
    else:
        arguments |= draw(st.one_of(fusions(world, n_points, depth - 1), rescorings(world, n_points, depth - 1)))
    arguments["filter"] = arguments.pop("query_filter", arguments["filter"])
    return models.Prefetch(**arguments, limit=EVERYTHING)


@st.composite
def fusions(draw: st.DrawFn, world: World, n_points: int, depth: int = 1) -> dict[str, Any]:
    if draw(st.integers(0, 2)) == 0:
        legs = draw(st.lists(prefetches(world, n_points, depth), min_size=1, max_size=3))
        return {"query": models.FusionQuery(fusion=models.Fusion.DBSF), "prefetch": legs}
    legs = draw(st.lists(prefetches(world, n_points, depth, ranked=True), min_size=1, max_size=3))
    weights = st.lists(st.sampled_from([0.25, 0.5, 1.0, 3.0]), min_size=len(legs), max_size=len(legs))
    rrf = st.builds(models.Rrf, k=st.none() | st.sampled_from([1, 2, 60]), weights=st.none() | weights)
    plain = st.just(models.FusionQuery(fusion=models.Fusion.RRF))
    return {"query": draw(plain | st.builds(models.RrfQuery, rrf=rrf)), "prefetch": legs}


@st.composite
def rescorings(draw: st.DrawFn, world: World, n_points: int, depth: int = 1, *, ranked: bool = False) -> dict[str, Any]:
    """Draw a vector query over the answers of prefetches.

    Its filter is a single `must`: in both engines a `should` would become an alternative to the `should` of a prefetch,
    but only local mode would apply it to the answers as well.
    """
    legs = draw(st.lists(prefetches(world, n_points, depth), min_size=1, max_size=2))
    wanted = draw(st.none() | filters(world, n_points).map(lambda inner: models.Filter(must=[inner])))
    query = draw(vector_queries(world, n_points, ranked=ranked))
    return query | {"prefetch": legs, "query_filter": wanted}


@st.composite
def formulas(draw: st.DrawFn, world: World, n_points: int) -> dict[str, Any]:
    legs = draw(st.lists(prefetches(world, n_points, 1), min_size=1, max_size=2))
    leaf = st.one_of(
        st.sampled_from(["$score", f"$score[{len(legs) - 1}]", "plain"]),
        st.floats(-2, 2, width=16),
        st.just(models.FieldCondition(key="flag", match=models.MatchValue(value=True))),
        filters(world, n_points),
    )
    formula = draw(st.recursive(leaf, expressions_of, max_leaves=4))
    if not isinstance(formula, models.BaseModel):
        formula = models.SumExpression(sum=["$score", formula])
    return {
        "query": models.FormulaQuery(formula=formula, defaults={"$score": 0.5, "$score[1]": 0.25, "plain": 3.0}),
        "prefetch": legs,
    }


def expressions_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        several.map(lambda parts: models.SumExpression(sum=parts)),
        several.map(lambda parts: models.MultExpression(mult=parts)),
        several.map(lambda parts: models.MaxExpression(max=parts)),
        several.map(lambda parts: models.MinExpression(min=parts)),
        inner.map(lambda part: models.NegExpression(neg=part)),
        inner.map(lambda part: models.AbsExpression(abs=part)),
        inner.map(
            lambda part: models.DivExpression(
                div=models.DivParams(left=part, right=models.SumExpression(sum=[5.0, part]), by_zero_default=1.0)
            )
        ),
        inner.map(
            lambda part: models.GaussDecayExpression(
                gauss_decay=models.DecayParamsExpression(x=part, target=1.0, scale=2.0, midpoint=0.5)
            )
        ),
        inner.map(
            lambda part: models.LinDecayExpression(
                lin_decay=models.DecayParamsExpression(x=part, target=1.0, scale=2.0)
            )
        ),
        inner.map(lambda part: models.ExpDecayExpression(exp_decay=models.DecayParamsExpression(x=part, scale=2.0))),
        inner.map(lambda part: models.ExpExpression(exp=models.MinExpression(min=[part, 3.0]))),
    )


@st.composite
def diversities(draw: st.DrawFn, world: World, n_points: int) -> dict[str, Any]:
    """Draw arguments of `query_points` for maximal marginal relevance."""
    # Dense vectors only: Edge refuses it for sparse ones.
    name = draw(st.sampled_from(list(world.dense)))
    # None means one half, where relevance and diversity cancel out for points on a line, by Manhattan distance.
    undefined = [] if world.dense[name].distance == models.Distance.MANHATTAN else [None]
    mmr = models.Mmr(
        diversity=draw(st.sampled_from([*undefined, 0.0, 0.3, 0.7, 1.0])),
        candidates_limit=draw(st.none() | st.integers(1, 20)),
    )
    nearest = world.vector(name) if draw(st.booleans()) else draw(point_ids(n_points))
    return {
        "query": models.NearestQuery(nearest=nearest, mmr=mmr),
        "using": name or None,
        "query_filter": draw(st.none() | filters(world, n_points)),
        "limit": draw(st.integers(1, 6)),
        "offset": draw(st.integers(0, 2)),
    }


@st.composite
def orders(draw: st.DrawFn) -> models.OrderBy:
    direction = st.sampled_from([None, models.Direction.ASC, models.Direction.DESC])
    order = st.one_of(
        st.builds(models.OrderBy, key=st.just("year"), direction=direction, start_from=st.none() | st.integers(0, 9)),
        st.builds(models.OrderBy, key=st.just("rating"), direction=direction, start_from=st.none() | st.floats(-2, 4)),
        st.builds(models.OrderBy, key=st.just("when"), direction=direction, start_from=st.none() | moments()),
    )
    return draw(order)
