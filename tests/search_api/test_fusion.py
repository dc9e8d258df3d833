"""A fusion that the engine has gives the engine's scores; the others give those of the written-out formula."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models

from indexer.engine import open_engine
from search_api.fusion import RRF_K, Ranking, fuse, union
from search_api.ranking_settings import Fusion

ENGINE_FUSIONS = {
    "rrf": models.RrfQuery(rrf=models.Rrf(k=RRF_K)),
    "weighted rrf": models.RrfQuery(rrf=models.Rrf(k=RRF_K, weights=[1.0, 3.0])),
    "dbsf": models.FusionQuery(fusion=models.Fusion.DBSF),
}
OURS = {
    "rrf": Fusion(method="rrf"),
    "weighted rrf": Fusion(method="rrf", weights={"text": 1.0, "bm25": 3.0}),
    "dbsf": Fusion(method="dbsf"),
}


def fused(rankings: Mapping[str, Sequence[tuple[int, float]]], fusion: Fusion) -> dict[int, float]:
    """Return the fused score of each work, the works given by number."""
    arrays = {
        leg: Ranking(np.array([n for n, _ in own], dtype=np.intp), np.array([score for _, score in own]))
        for leg, own in rankings.items()
    }
    rows = union(arrays.values())
    return dict(zip(rows.tolist(), fuse(rows, arrays, fusion, {}).tolist(), strict=True))


@pytest.mark.parametrize("name", ENGINE_FUSIONS)
def test_a_method_gives_the_engines_scores(tmp_path: Path, name: str) -> None:
    draw = random.Random(name)
    engine = open_engine(tmp_path)
    params = models.VectorParams(size=4, distance=models.Distance.DOT)
    engine.create_collection("works", vectors_config={"text": params, "bm25": params})
    engine.upsert(
        "works",
        [
            models.PointStruct(id=n, vector={leg: [draw.random() for _ in range(4)] for leg in ("text", "bm25")})
            for n in range(60)
        ],
    )
    queries = {leg: [draw.random() for _ in range(4)] for leg in ("text", "bm25")}
    rankings = {
        leg: [(int(p.id), p.score) for p in engine.query_points("works", query=q, using=leg, limit=25).points]
        for leg, q in queries.items()
    }
    prefetch = [models.Prefetch(query=q, using=leg, limit=25) for leg, q in queries.items()]
    expected = engine.query_points("works", prefetch=prefetch, query=ENGINE_FUSIONS[name], limit=60).points
    engine.close()
    assert fused(rankings, OURS[name]) == pytest.approx({int(p.id): p.score for p in expected}, abs=1e-5)


def test_linear_fusion_scales_each_leg_to_its_own_range() -> None:
    rankings = {"text": [(1, 0.9), (2, 0.5), (3, 0.1)], "bm25": [(2, 30.0), (4, 10.0)]}
    assert fused(rankings, Fusion(method="linear", weights={"bm25": 0.5})) == pytest.approx(
        {1: 1.0, 2: (0.5 - 0.1) / (0.9 - 0.1) + 0.5 * 1.0, 3: 0.0, 4: 0.5 * 0.0}
    )


@pytest.mark.parametrize("method", ["rrf", "dbsf", "linear"])
def test_a_leg_without_weight_or_candidates_changes_nothing(method: str) -> None:
    text = [(1, 0.9), (2, 0.5)]
    alone = fused({"text": text}, Fusion(method=method))  # type: ignore[arg-type]
    rankings = {"text": text, "bm25": [(2, 4.0)], "values": []}
    assert fused(rankings, Fusion(method=method, weights={"bm25": 0.0})) == alone  # type: ignore[arg-type]
