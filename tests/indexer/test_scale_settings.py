"""The settings of large catalogues: what a generation is built with and how it is searched; answers stay right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL, write_catalogue
from fakes import FakeEncoder
from homes import open_home, read_points, titles
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import models

from indexer.build_report import BuildReport
from indexer.engine import open_engine
from indexer.facts import Filters
from indexer.pipeline import build_index
from indexer.schema import SCORE_STEPS, GenerationFacts, has_score, score_code
from indexer.serving import read_facts, serving_generation
from indexer.settings import IndexSettings, VectorSettings
from indexer.values.taxonomy import load_taxonomy
from search_api.generation import text_params
from search_api.records import SearchRequest
from search_api.settings import SearchSettings, VectorSearch

QUERIES = ("storm lighthouse", "a desert road", "justice in wartime")
SCALED = {"quantization": "int8", "vectors_on_disk": True, "hnsw_m": 8, "hnsw_ef_construct": 64}


def build_with(home: Path, **settings: Any) -> BuildReport:
    catalogue = write_catalogue(home.parent / "works.jsonl", SMALL)
    return build_index([catalogue], IndexSettings(home=home, **settings), encoder=FakeEncoder())


def serving_facts(home: Path) -> tuple[GenerationFacts, models.CollectionInfo]:
    with closing(open_engine(home / "index", read_only=True)) as engine:
        name = serving_generation(engine)
        assert name is not None
        facts = read_facts(engine, name)
        assert facts is not None
        return facts, engine.get_collection(name)


def test_a_changed_setting_builds_the_generation_again_and_is_recorded(home: Path) -> None:
    assert build_with(home).generation
    with open_home(home) as search:
        before = [titles(search, query) for query in QUERIES]
    assert serving_facts(home)[0].vectors == VectorSettings()
    assert build_with(home, **SCALED).generation
    facts, information = serving_facts(home)
    assert facts.vectors == VectorSettings(**SCALED)
    vectors = information.config.params.vectors
    assert isinstance(vectors, dict)
    text = vectors["text"]
    assert isinstance(text.quantization_config, models.ScalarQuantization)
    assert text.on_disk
    assert text.hnsw_config
    assert (text.hnsw_config.m, text.hnsw_config.ef_construct) == (8, 64)
    with open_home(home) as search:
        assert [titles(search, query) for query in QUERIES] == before
    assert build_with(home, **SCALED).generation is None


def test_the_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name, value in {**SCALED, "hnsw_ef": 300, "rescore": False}.items():
        monkeypatch.setenv(f"EVOKE_{name.upper()}", str(value))
    assert IndexSettings(home=home).vectors == VectorSettings(**SCALED)
    search = SearchSettings(home=home)
    assert (search.hnsw_ef, search.rescore) == (300, False)


@pytest.mark.parametrize(
    ("search", "vectors", "expected"),
    [
        (VectorSearch(), VectorSettings(), models.SearchParams(hnsw_ef=800)),
        (VectorSearch(), VectorSettings(vectors_on_disk=True), None),
        (VectorSearch(hnsw_ef=300), VectorSettings(), models.SearchParams(hnsw_ef=300)),
        (
            VectorSearch(),
            VectorSettings(quantization="int8"),
            models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0)),
        ),
        (
            VectorSearch(rescore=False),
            VectorSettings(quantization="int8"),
            models.SearchParams(quantization=models.QuantizationSearchParams(rescore=False)),
        ),
    ],
)
def test_the_engine_is_asked_as_the_vectors_are_stored(
    search: VectorSearch, vectors: VectorSettings, expected: models.SearchParams | None
) -> None:
    assert text_params(search, vectors, n_works=100_000) == expected


def test_few_text_vectors_are_searched_exactly_unless_the_graph_is_asked_for() -> None:
    assert text_params(VectorSearch(), VectorSettings(), n_works=30_000) == models.SearchParams(exact=True)
    assert text_params(VectorSearch(hnsw_ef=64), VectorSettings(), 30_000) == models.SearchParams(hnsw_ef=64)


def scores_around(scores: list[float]) -> Iterator[float]:
    """Yield each score, and a little less and more."""
    for score in scores:
        yield from (max(0.0, score - 0.00005), score, min(1.0, score + 0.00005))


def test_a_filter_on_a_value_compares_scores_exactly(small_home: Path) -> None:
    stored = {work_id: payload["values"] for work_id, (payload, _) in read_points(small_home).items()}
    value_id = max(
        {each for values in stored.values() for each in values},
        key=lambda each: sum(each in v for v in stored.values()),
    )
    scores = {work_id: values.get(value_id, 0.0) for work_id, values in stored.items()}
    with open_home(small_home) as search:

        def found(**ends: float) -> set[str]:
            filters = Filters.model_validate({"values": {value_id: ends}})
            request = SearchRequest(query="storm", limit=50, filters=filters, interpret=False)
            return {hit.id for hit in search.search(request).hits}

        for end in scores_around(sorted(set(scores.values()))[:6]):
            assert found(gte=end) == {work_id for work_id, score in scores.items() if score >= end}
            assert found(lte=end) == {work_id for work_id, score in scores.items() if score <= end}


def test_the_values_of_the_taxonomy_have_codes_of_their_own() -> None:
    taxonomy = load_taxonomy()
    codes = sorted(score_code(value_id, 0) for value_id in taxonomy.by_id)
    assert all(after - before > SCORE_STEPS for before, after in pairwise(codes))
    assert float(codes[-1] + SCORE_STEPS) == codes[-1] + SCORE_STEPS


@given(steps=st.integers(1, SCORE_STEPS), least=st.floats(0, 1), more=st.booleans())
def test_the_codes_of_a_range_are_those_of_its_scores(steps: int, least: float, more: bool) -> None:
    score = steps / SCORE_STEPS
    codes = has_score("E5", least, more=more).range
    assert isinstance(codes, models.Range)
    assert codes.gte is not None
    assert (score_code("E5", steps) >= codes.gte) == (score > least if more else score >= least)
