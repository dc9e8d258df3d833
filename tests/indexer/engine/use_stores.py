"""Use an `EdgeClient` as the client of a library that stores vectors in Qdrant, and compare it with local mode.

Run by test_stores.py in the environment of those libraries: use_stores.py LIBRARY FOLDER.
"""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from qdrant_client import QdrantClient, models

from indexer.engine import EdgeClient

WORKS = {
    "A lighthouse keeper writes letters to the sea": {"kind": "novel", "year": 1950},
    "Two pilots cross the winter ocean": {"kind": "film", "year": 1961},
    "An orchard is sold after a long grief": {"kind": "play", "year": 1904},
    "A jury argues through a hot night": {"kind": "film", "year": 1957},
    "The last whale ship comes home": {"kind": "novel", "year": 1999},
}
QUERY = "letters from the ocean"
SIZE = 8


def dense(text: str) -> list[float]:
    rng = random.Random(text)
    return [rng.uniform(-1, 1) for _ in range(SIZE)]


def terms(text: str) -> tuple[list[int], list[float]]:
    indices = sorted({sum(map(ord, word)) for word in text.lower().split()})
    return indices, [1.0 + index / 10_000 for index in indices]


def langchain(client: Any) -> Any:
    from langchain_core.embeddings import Embeddings
    from langchain_qdrant import QdrantVectorStore, RetrievalMode, SparseEmbeddings, SparseVector

    class Dense(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [dense(text) for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return dense(text)

    class Sparse(SparseEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[SparseVector]:
            return [self.embed_query(text) for text in texts]

        def embed_query(self, text: str) -> SparseVector:
            indices, values = terms(text)
            return SparseVector(indices=indices, values=values)

    client.create_collection(
        "works",
        {"dense": models.VectorParams(size=SIZE, distance=models.Distance.COSINE)},
        {"sparse": models.SparseVectorParams()},
    )
    seen: dict[str, Any] = {}
    for mode in (RetrievalMode.DENSE, RetrievalMode.SPARSE, RetrievalMode.HYBRID):
        store = QdrantVectorStore(
            client,
            "works",
            embedding=Dense(),
            retrieval_mode=mode,
            vector_name="dense",
            sparse_embedding=Sparse(),
            sparse_vector_name="sparse",
        )
        if mode == RetrievalMode.DENSE:
            hybrid = QdrantVectorStore(
                client,
                "works",
                Dense(),
                RetrievalMode.HYBRID,
                "dense",
                sparse_embedding=Sparse(),
                sparse_vector_name="sparse",
            )
            hybrid.add_texts(list(WORKS), list(WORKS.values()), ids=list(range(1, 6)))
        # As many as there are works: reciprocal ranks are equal, and each client chooses among them by its own rule.
        found = store.similarity_search_with_score(QUERY, k=len(WORKS))
        seen[mode.value] = sorted((document.page_content, round(score, 4)) for document, score in found)
        films = models.Filter(must=[models.FieldCondition(key="metadata.kind", match=models.MatchValue(value="film"))])
        seen[f"{mode.value} films"] = sorted(
            document.page_content for document in store.similarity_search(QUERY, k=3, filter=films)
        )
        if mode == RetrievalMode.DENSE:
            diverse = store.max_marginal_relevance_search(QUERY, k=2, fetch_k=4)
            seen["diverse"] = [document.page_content for document in diverse]
            seen["by id"] = [document.metadata["kind"] for document in store.get_by_ids([2, 3])]
    store.delete([1, 2])
    seen["left"] = client.count("works").count
    return seen


def llama_index(client: Any) -> Any:
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
    from llama_index.core.vector_stores.types import (
        FilterOperator,
        MetadataFilter,
        MetadataFilters,
        VectorStoreQuery,
        VectorStoreQueryMode,
    )
    from llama_index.vector_stores.qdrant import QdrantVectorStore

    def encode(texts: list[str]) -> Any:
        rows = [terms(text) for text in texts]
        return [indices for indices, _ in rows], [values for _, values in rows]

    store = QdrantVectorStore(
        "nodes", client=client, enable_hybrid=True, sparse_doc_fn=encode, sparse_query_fn=encode, batch_size=2
    )
    nodes = [
        TextNode(
            id_=f"00000000-0000-0000-0000-00000000000{place}",
            text=text,
            embedding=dense(text),
            metadata=metadata,
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"source-{place % 2}")},
        )
        for place, (text, metadata) in enumerate(WORKS.items())
    ]
    store.add(nodes)

    def ask(mode: VectorStoreQueryMode, **arguments: Any) -> Any:
        query = VectorStoreQuery(
            query_embedding=dense(QUERY), query_str=QUERY, similarity_top_k=3, mode=mode, **arguments
        )
        answer = store.query(query)
        return sorted(
            (node.get_content(), round(score, 4)) for node, score in zip(answer.nodes, answer.similarities, strict=True)
        )

    old = MetadataFilters(filters=[MetadataFilter(key="year", value=1960, operator=FilterOperator.LT)])
    seen = {
        "default": ask(VectorStoreQueryMode.DEFAULT),
        "sparse": ask(VectorStoreQueryMode.SPARSE, sparse_top_k=2),
        "hybrid": ask(VectorStoreQueryMode.HYBRID, sparse_top_k=3, alpha=0.4),
        "filtered": ask(VectorStoreQueryMode.DEFAULT, filters=old),
        "nodes": sorted(node.get_content() for node in store.get_nodes([nodes[0].node_id, nodes[2].node_id])),
    }
    store.delete("source-0")
    store.delete_nodes([nodes[1].node_id])
    seen["left"] = client.count("nodes").count
    store.clear()
    seen["cleared"] = client.collection_exists("nodes")
    return seen


def haystack(client: Any) -> Any:
    from haystack import Document
    from haystack.dataclasses import SparseEmbedding
    from haystack.document_stores.types import DuplicatePolicy
    from haystack_integrations.components.retrievers.qdrant import (
        QdrantEmbeddingRetriever,
        QdrantHybridRetriever,
        QdrantSparseEmbeddingRetriever,
    )
    from haystack_integrations.document_stores.qdrant import QdrantDocumentStore

    store = QdrantDocumentStore(
        index="documents",
        embedding_dim=SIZE,
        use_sparse_embeddings=True,
        progress_bar=False,
        hnsw_config={"m": 16, "ef_construct": 64},
        payload_fields_to_index=[{"field_name": "meta.kind", "field_schema": "keyword"}],
    )
    documents = [
        Document(
            id=f"work-{place}",
            content=text,
            meta=metadata,
            embedding=dense(text),
            sparse_embedding=SparseEmbedding(*terms(text)),
        )
        for place, (text, metadata) in enumerate(WORKS.items())
    ]
    # The store makes its client itself, at its first call.
    with mock.patch("qdrant_client.QdrantClient", return_value=client):
        seen: dict[str, Any] = {"written": store.write_documents(documents, DuplicatePolicy.OVERWRITE)}
    store.write_documents(documents[:2], DuplicatePolicy.SKIP)
    films = {"field": "meta.kind", "operator": "==", "value": "film"}
    sparse = SparseEmbedding(*terms(QUERY))

    def shown(answer: Any) -> Any:
        return sorted((document.content, round(document.score, 4)) for document in answer["documents"])

    seen |= {
        "count": store.count_documents(),
        "films": sorted(document.content for document in store.filter_documents(films)),
        "number of films": store.count_documents_by_filter(films),
        "years": store.get_metadata_field_min_max("meta.year"),
        "dense": shown(QdrantEmbeddingRetriever(store, top_k=3).run(dense(QUERY))),
        "dense films": shown(QdrantEmbeddingRetriever(store, filters=films).run(dense(QUERY))),
        "sparse": shown(QdrantSparseEmbeddingRetriever(store, top_k=2).run(sparse)),
        "hybrid": shown(QdrantHybridRetriever(store, top_k=len(WORKS)).run(dense(QUERY), sparse)),
        "grouped": sorted(
            document.content
            for document in QdrantEmbeddingRetriever(store, group_by="meta.kind", group_size=1).run(dense(QUERY))[
                "documents"
            ]
        ),
        "changed": store.update_by_filter(films, {"seen": True}),
        "deleted": store.delete_by_filter(films),
    }
    store.delete_documents(["work-0"])
    seen["left"] = store.count_documents()
    store.delete_all_documents()
    seen["emptied"] = store.count_documents()
    return seen


def main(library: str, folder: Path) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())  # llama-index asks for one where there is no loop yet
    use = {"langchain": langchain, "llama-index": llama_index, "haystack": haystack}[library]
    with EdgeClient(folder) as client:
        embedded = use(client)
    local = use(QdrantClient(":memory:"))
    sys.stdout.write(json.dumps({"embedded": embedded, "local": local}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
