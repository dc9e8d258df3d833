"""A hand-written hybrid: rank-bm25 and a matrix of vectors, fused by reciprocal rank (k=60)."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rank_bm25 import BM25Okapi
from sentence_transformers import SentenceTransformer

from benchmarks.peers.protocol import Work, model_folder
from benchmarks.peers.words import stems

CANDIDATES, RRF_K = 100, 60


class NumpyBM25:
    """Works, vectors and BM25 in memory; on disk as a pickle and an array."""

    versions = f"rank-bm25 {version('rank-bm25')}, numpy {np.__version__}"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model = SentenceTransformer(model_folder(), device="cpu")

    def index(self, works: Sequence[Work]) -> None:
        """Encode and count the works, and write both."""
        passages = [work.passage for work in works]
        vectors = self._model.encode(passages, normalize_embeddings=True, show_progress_bar=False)
        self._folder.mkdir(parents=True, exist_ok=True)
        np.save(self._folder / "vectors.npy", vectors)
        with (self._folder / "words.pickle").open("wb") as file:
            pickle.dump((list(works), BM25Okapi([stems(passage) for passage in passages])), file)

    def open(self) -> None:
        """Load vectors, works and counts."""
        self._vectors = np.load(self._folder / "vectors.npy")
        with (self._folder / "words.pickle").open("rb") as file:
            self._works, self._bm25 = pickle.load(file)  # noqa: S301 - this module's own

    def search(self, query: str, limit: int) -> list[str]:
        """Return the ids of the best works."""
        vector = self._model.encode(query, normalize_embeddings=True, show_progress_bar=False)
        fused: dict[int, float] = {}
        for scores in (self._vectors @ vector, self._bm25.get_scores(stems(query))):
            for rank, place in enumerate(best(scores, CANDIDATES), start=1):
                fused[place] = fused.get(place, 0.0) + 1 / (RRF_K + rank)
        places = sorted(fused, key=lambda place: (-fused[place], place))[:limit]
        return [self._works[place].id for place in places]


def best(scores: np.ndarray, n: int) -> list[int]:
    """Return the indices of the n highest scores, best first."""
    n = min(n, len(scores))
    places = np.argpartition(-scores, n - 1)[:n]
    ordered: list[int] = places[np.argsort(-scores[places])].tolist()
    return ordered
