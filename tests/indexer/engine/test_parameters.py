"""Parameters of collections and kinds of queries that local mode lacks, or does not heed."""

from typing import Any

import pytest
from qdrant_client import models

from indexer.engine import BadRequest, CollectionNotFound, EdgeClient

from .library import N_WORKS, fill_library, library_vectors

ASKED = library_vectors(9_000)
DOT = models.Distance.DOT

QUANTIZATIONS: dict[str, models.QuantizationConfig] = {
    "scalar": models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8)),
    "product": models.ProductQuantization(
        product=models.ProductQuantizationConfig(compression=models.CompressionRatio.X4)
    ),
    "binary": models.BinaryQuantization(
        binary=models.BinaryQuantizationConfig(
            encoding=models.BinaryQuantizationEncoding.ONE_AND_HALF_BITS,
            query_encoding=models.BinaryQuantizationQueryEncoding.SCALAR8BITS,
        )
    ),
    "turbo": models.TurboQuantization(
        turbo=models.TurboQuantQuantizationConfig(bits=models.TurboQuantBitSize.BITS1_5, always_ram=True)
    ),
}


@pytest.mark.parametrize("kind", QUANTIZATIONS)
@pytest.mark.parametrize("place", ["collection", "vector", "later"])
def test_quantised_vectors_are_found(edge: EdgeClient, kind: str, place: str) -> None:
    config = QUANTIZATIONS[kind]
    of_vector = config if place == "vector" else None
    edge.create_collection(
        "g1",
        models.VectorParams(size=64, distance=DOT, quantization_config=of_vector),
        quantization_config=config if place == "collection" else None,
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=1),
    )
    if place == "later":
        edge.update_collection("g1", quantization_config=config)
    rows = [[float(number * place % 7 - 3) for place in range(1, 65)] for number in range(1, 101)]
    edge.upload_collection("g1", rows, ids=range(1, 101))
    edge.finish("g1")
    if place != "vector":
        assert edge.get_collection("g1").config.quantization_config == config
    search = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=4.0))
    best = edge.query_points("g1", rows[10], search_params=search, limit=1).points[0]
    assert best.score == sum(value * value for value in rows[10])


def test_parameters_change_until_a_collection_is_finished(edge: EdgeClient) -> None:
    fill_library(edge, "g1")
    edge.update_collection(
        "g1",
        models.OptimizersConfigDiff(indexing_threshold=1),
        models.CollectionParamsDiff(on_disk_payload=True),
        {"mood": models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=24), on_disk=True)},
        models.HnswConfigDiff(ef_construct=77),
        metadata={"schema": 2},
    )
    edge.update_collection("g1", metadata={"made": "today"})
    edge.finish("g1")
    config = edge.get_collection("g1").config
    assert config.optimizer_config.indexing_threshold == 1
    assert config.hnsw_config.ef_construct == 77
    assert isinstance(config.params.vectors, dict)
    assert config.params.vectors["mood"].hnsw_config == models.HnswConfigDiff(m=24)
    assert config.params.on_disk_payload
    assert config.metadata == {"schema": 2, "made": "today"}
    assert edge.count("g1").count == N_WORKS
    with pytest.raises(BadRequest, match="copy_collection"):
        edge.update_collection("g1", models.OptimizersConfigDiff(indexing_threshold=2))
    edge.update_collection("g1", metadata={"schema": 3})
    assert edge.get_collection("g1").config.metadata == {"schema": 3, "made": "today"}


def test_only_what_exists_is_changed(edge: EdgeClient) -> None:
    fill_library(edge, "g1")
    calls: list[Any] = [
        lambda: edge.update_collection("g1", vectors_config={"taste": models.VectorParamsDiff(on_disk=True)}),
        lambda: edge.delete_vector_name("g1", "taste"),
        lambda: edge.create_vector_name(
            "g1", "mood", models.SparseVectorNameConfig(sparse=models.SparseVectorConfig())
        ),
        lambda: edge.delete_vectors("g1", ["taste"], [1]),
    ]
    for call in calls:
        with pytest.raises(BadRequest, match=r"taste|mood"):
            call()
    with pytest.raises(CollectionNotFound):
        edge.update_collection("g2", metadata={})


def test_names_of_vectors_stay_changed(edge: EdgeClient) -> None:
    fill_library(edge, "g1")
    taste = models.DenseVectorNameConfig(dense=models.DenseVectorConfig(size=2, distance=DOT))
    edge.create_vector_name("g1", "taste", taste)
    edge.delete_vector_name("g1", "scenes")
    edge.update_vectors("g1", [models.PointVectors(id=4, vector={"taste": [1.0, 2.0]})])
    edge.finish("g1")
    edge.copy_collection("g1", "g2")
    for name in ("g1", "g2"):
        assert edge.query_points(name, [1.0, 0.0], using="taste").points[0].id == 4
        with pytest.raises(BadRequest):
            edge.query_points(name, ASKED["scenes"], using="scenes")


def test_texts_are_ranked_by_their_words(edge: EdgeClient) -> None:
    edge.create_collection("g1", {}, {"any": models.SparseVectorParams()})
    index = models.TextIndexParams(
        type=models.TextIndexType.TEXT,
        stemmer=models.SnowballParams(type=models.Snowball.SNOWBALL, language=models.SnowballLanguage.ENGLISH),
        stopwords=models.StopwordsSet(languages=[models.Language.ENGLISH], custom=["film"]),
        scoring=True,
    )
    edge.create_payload_index("g1", "title", index)
    titles = ["the winters of a film", "a winter", "an orchard in a very long and cold winter", "summer"]
    edge.upsert("g1", [models.PointStruct(id=n, vector={}, payload={"title": title}) for n, title in enumerate(titles)])
    found = edge.query_points("g1", models.TextQuery(text="The Winter"), using="title").points
    assert sorted(point.id for point in found) == [0, 1, 2]
    assert found[-1].id == 2
    harder = models.TextQueryInput(query="winter", scoring=models.Bm25Scoring(bm25=models.Bm25Params(k=1.2, b=0.0)))
    equal = edge.query_points("g1", models.TextQuery(text=harder), using="title").points
    assert len({point.score for point in equal}) == 1
    match = models.Filter(must=[models.FieldCondition(key="title", match=models.MatchText(text="film"))])
    assert edge.count("g1", match).count == 0
    with pytest.raises(BadRequest, match="using"):
        edge.query_points("g1", models.TextQuery(text="winter"))


def test_feedback_moves_the_answers(edge: EdgeClient) -> None:
    fill_library(edge, "g1")
    plain = edge.query_points("g1", ASKED["mood"], using="mood", limit=N_WORKS).points
    strategy = models.NaiveFeedbackStrategy(naive=models.NaiveFeedbackStrategyParams(a=1.0, b=1.0, c=1.0))
    judged = [
        models.FeedbackItem(example=plain[9].id, score=1.0),
        models.FeedbackItem(example=plain[-1].id, score=0.0),
    ]
    query = models.RelevanceFeedbackQuery(
        relevance_feedback=models.RelevanceFeedbackInput(target=ASKED["mood"], feedback=judged, strategy=strategy)
    )
    moved = edge.query_points("g1", query, using="mood", limit=N_WORKS).points
    assert [point.id for point in moved] != [point.id for point in plain]
    assert not {each.example for each in judged} & {point.id for point in moved}


def test_facets_are_cut_by_count_and_then_by_value(edge: EdgeClient) -> None:
    edge.create_collection("g1", models.VectorParams(size=1, distance=DOT))
    edge.create_payload_index("g1", "word", models.PayloadSchemaType.KEYWORD)
    words = [f"{number * 7919 % 1000:03}" for number in range(1000)]
    edge.upload_collection("g1", [[1.0]] * 1001, [{"word": word} for word in [*words, "500"]], range(1001))
    for exact in (True, False):
        answers = {tuple(hit.value for hit in edge.facet("g1", "word", limit=4, exact=exact).hits) for _ in range(9)}
        assert answers == {("500", "000", "001", "002")}
