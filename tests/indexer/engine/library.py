"""A small library of works that every client gets alike, and a comparison of what the clients answer about it."""

import math
import random
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel
from qdrant_client import models

N_WORKS = 60
KINDS = ["film", "novel", "play"]
TAGS = ["war", "sea", "grief", "hope", "trial"]
WORDS = ["harbour", "letter", "winter", "orchard"]

VECTORS = {
    "mood": models.VectorParams(size=4, distance=models.Distance.COSINE),
    "pace": models.VectorParams(size=3, distance=models.Distance.EUCLID),
    "scenes": models.VectorParams(
        size=2,
        distance=models.Distance.DOT,
        multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
    ),
}
SPARSE_VECTORS = {"terms": models.SparseVectorParams(), "bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)}
INDEXES: dict[str, models.PayloadSchemaType] = {
    "kind": models.PayloadSchemaType.KEYWORD,
    "tags": models.PayloadSchemaType.KEYWORD,
    "year": models.PayloadSchemaType.INTEGER,
    "rating": models.PayloadSchemaType.FLOAT,
    "seen": models.PayloadSchemaType.BOOL,
    "first_shown": models.PayloadSchemaType.DATETIME,
    "place": models.PayloadSchemaType.GEO,
}


def fill_library(client: Any, name: str, n_works: int = N_WORKS, indexed: Collection[str] = tuple(INDEXES)) -> None:
    """Create a collection with works, and indexes of some payload keys."""
    client.create_collection(name, VECTORS, SPARSE_VECTORS)
    for key in indexed:
        client.create_payload_index(name, key, INDEXES[key])
    client.upsert(name, [library_work(number) for number in range(1, n_works + 1)])


def library_work(number: int) -> models.PointStruct:
    rng = random.Random(number)
    payload: dict[str, Any] = {
        "kind": KINDS[number % 3],
        "tags": rng.sample(TAGS, number % 4),
        "year": 1950 + number,
        "rating": number / 8,
        "seen": number % 2 == 0,
        "first_shown": f"{1950 + number}-03-01T00:00:00Z",
        "place": {"lon": rng.uniform(-179, 179), "lat": rng.uniform(-89, 89)},
        "title": " ".join(rng.sample(WORDS, 2)),
        "cast": [{"name": rng.choice("ABC"), "age": rng.randrange(20, 60)} for _ in range(number % 3)],
    }
    if number % 5 == 0:
        payload["award"] = None
    return models.PointStruct(id=number, vector=library_vectors(number), payload=payload)


def library_vectors(seed: int) -> dict[str, Any]:
    rng = random.Random(1000 + seed)
    return {
        "mood": _row(rng, 4),
        "pace": _row(rng, 3),
        "scenes": [_row(rng, 2) for _ in range(1 + seed % 3)],
        "terms": _terms(rng),
        "bm25": _terms(rng),
    }


def _row(rng: random.Random, size: int) -> list[float]:
    return [rng.uniform(-1, 1) for _ in range(size)]


def _terms(rng: random.Random) -> models.SparseVector:
    # Every vector has term 0, so that no two scores are equal because nothing is shared.
    indices = [0, *rng.sample(range(1, 9), 3)]
    return models.SparseVector(indices=indices, values=[rng.uniform(0.1, 1) for _ in indices])


def plain(answer: Any) -> Any:
    """Return an answer as plain values, without what only one engine can know: versions and operation ids."""
    if isinstance(answer, BaseModel):
        given = answer.model_dump(exclude_none=True, exclude={"version", "operation_id", "order_value"})
        return plain(given)
    if isinstance(answer, dict):
        return {key: plain(value) for key, value in answer.items() if key not in ("version", "operation_id")}
    if isinstance(answer, list | tuple):
        return [plain(each) for each in answer]
    return answer


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Return where two plain answers differ; numbers may differ by rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys(), key=str)
        return [each for key in keys for each in differences(one.get(key), other.get(key), f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [each for place, (a, b) in pairs for each in differences(a, b, f"{path}[{place}]")]
    if isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-5):
        return []
    return [] if one == other and type(one) is type(other) else [f"{path}: {one!r} is not {other!r}"]
