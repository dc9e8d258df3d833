"""Qdrant's Python local mode: dense and sparse prefetches, fused by its RRF.

BM25 is computed here, because fastembed would load its model from a hub: stems hashed to 32 bits, BM25's document
weights (k1 1.2, b 0.75), weight 1 for each word of a query, and the IDF from the collection's modifier, as the
documentation advises.
"""

from __future__ import annotations

import uuid
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from qdrant_client import QdrantClient, models
from sentence_transformers import SentenceTransformer

from benchmarks.peers.protocol import Work, model_folder
from benchmarks.peers.words import stems

K1, B = 1.2, 0.75
CANDIDATES = 100


class QdrantLocal:
    """A collection in a folder."""

    versions = f"qdrant-client {version('qdrant-client')}, sentence-transformers {version('sentence-transformers')}"

    def __init__(self, folder: Path) -> None:
        warnings.filterwarnings("ignore", message=".*Local mode is not recommended")
        self._client = QdrantClient(path=str(folder))
        self._model = SentenceTransformer(model_folder(), device="cpu")

    def index(self, works: Sequence[Work]) -> None:
        """Upload the works' points."""
        self._client.create_collection(
            "works",
            {"dense": models.VectorParams(size=384, distance=models.Distance.COSINE)},
            {"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        self._client.upload_points("works", list(self._points(works)))
        self._client.close()

    def open(self) -> None:
        """Do nothing: the client loaded the collection when it was created."""

    def search(self, query: str, limit: int) -> list[str]:
        """Return the ids of the best works; the points hold their text."""
        vector = self._model.encode(query, normalize_embeddings=True, show_progress_bar=False).tolist()
        prefetch = [models.Prefetch(query=vector, using="dense", limit=CANDIDATES)]
        if words := set(stems(query)):
            weights = sparse(dict.fromkeys(words, 1.0))
            prefetch.append(models.Prefetch(query=weights, using="bm25", limit=CANDIDATES))
        fusion = models.FusionQuery(fusion=models.Fusion.RRF)
        points = self._client.query_points("works", fusion, prefetch=prefetch, limit=limit).points
        return [(point.payload or {})["id"] for point in points]

    def _points(self, works: Sequence[Work]) -> Iterator[models.PointStruct]:
        passages = [work.passage for work in works]
        vectors = self._model.encode(passages, normalize_embeddings=True, show_progress_bar=False)
        counts = [Counter(stems(passage)) for passage in passages]
        mean_length = sum(each.total() for each in counts) / len(counts)
        for work, vector, counted in zip(works, vectors, counts, strict=True):
            norm = K1 * (1 - B + B * counted.total() / mean_length)
            weights = {stem: count * (K1 + 1) / (count + norm) for stem, count in counted.items()}
            yield models.PointStruct(
                id=str(uuid.uuid5(uuid.NAMESPACE_URL, work.id)),
                vector={"dense": vector.tolist(), "bm25": sparse(weights)},
                payload={"id": work.id, "text": work.passage},
            )


def sparse(weights: dict[str, float]) -> models.SparseVector:
    """Return the sparse vector of weights of stems; of two stems with the same hash the later one counts."""
    by_id = {zlib.crc32(stem.encode()): weight for stem, weight in weights.items()}
    return models.SparseVector(indices=list(by_id), values=list(by_id.values()))
