"""LanceDB's hybrid search: vectors and a full-text index in one table, fused by its RRF reranker.

Only tables of 100,000 rows or more get a vector index: below that, its documentation says, "a vector index is usually
unnecessary overhead". The full-text index keeps its defaults: English stems, without stop words. Texts are encoded with
sentence-transformers in batches of 32, as by the embedding function of the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import lancedb
from lancedb.index import FTS
from lancedb.rerankers import RRFReranker
from sentence_transformers import SentenceTransformer

from benchmarks.peers.protocol import Work, model_folder

LEAST_WITH_VECTOR_INDEX = 100_000
CANDIDATES_PER_WORK = 10
"""Candidates of each leg for each wanted work, as in txtai: with the limit alone, RRF would fuse lists of only ten."""


class LanceDB:
    """A table in a database folder."""

    versions = f"lancedb {version('lancedb')}, sentence-transformers {version('sentence-transformers')}"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model = SentenceTransformer(model_folder(), device="cpu")

    def index(self, works: Sequence[Work]) -> None:
        """Write the table and build its indexes."""
        vectors = self._model.encode(
            [work.passage for work in works], normalize_embeddings=True, show_progress_bar=False
        )
        rows = [
            {"id": work.id, "text": work.passage, "vector": vector} for work, vector in zip(works, vectors, strict=True)
        ]
        table = lancedb.connect(self._folder).create_table("works", rows)
        table.create_index("text", config=FTS())
        if len(works) >= LEAST_WITH_VECTOR_INDEX:
            table.create_index(metric="cosine", vector_column_name="vector")
        table.optimize()

    def open(self) -> None:
        """Open the table."""
        self._table = lancedb.connect(self._folder).open_table("works")
        self._reranker = RRFReranker()

    def search(self, query: str, limit: int) -> list[str]:
        """Return the ids of the best works; the rows hold their text."""
        vector = self._model.encode(query, normalize_embeddings=True, show_progress_bar=False)
        asked = self._table.search(query_type="hybrid", vector_column_name="vector", fts_columns="text")
        asked = asked.vector(vector).text(query).distance_type("cosine").select(["id", "text"])
        rows = asked.rerank(self._reranker).limit(limit * CANDIDATES_PER_WORK).to_list()
        return [row["id"] for row in rows[:limit]]
