"""Descriptions of remembered works, which have wrong years and many words about remembering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogues import make_record, make_records
from fakes import FakeEncoder
from homes import build

import evoke
from indexer.bm25 import term_id
from indexer.engine import open_engine
from indexer.values.taxonomy import load_taxonomy
from search_api.errors import QueryAdapterInvalid
from search_api.fusion import Ranking, bonus_weight, favour_years, fuse, fusion_for
from search_api.query_adapter import EmbeddingAdapter, QueryAdapter, load_query_adapter, save_query_adapter
from search_api.ranking_settings import Fusion, Fusions
from search_api.records import IntegerRange, Intent, SearchRequest
from search_api.search import Search
from search_api.understanding.remembered_years import read_remembered_years

DIMENSION = 64
WORKS = (
    make_record("old", "Paper Boats", "Two brothers race paper boats down a river.", kind="movie", year=1962),
    make_record("near", "Paper Boats", "Two brothers race paper boats down a river.", kind="movie", year=1991),
    make_record("undated", "Paper Boats", "Two brothers race paper boats down a river.", kind="movie"),
    make_record("bees", "The Hive", "A monk keeps bees on a cold island.", kind="movie", year=1994),
    make_record("scene", "The Scene", "A movie about a movie scene, and a scene in it.", kind="movie", year=1950),
    *make_records(80),  # without others, no work would stand out
)
IDENTITY = EmbeddingAdapter(FakeEncoder().fingerprint, np.zeros((DIMENSION, DIMENSION)), np.zeros(DIMENSION))


@pytest.fixture(scope="module")
def boats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("boats") / "home"
    build(folder, WORKS)
    return folder


@contextmanager
def opened(home: Path, query_adapter: QueryAdapter | None = None, **options: Any) -> Iterator[Search]:
    search = Search(
        open_engine(home / "index", read_only=True),
        FakeEncoder(),
        load_taxonomy(),
        query_adapter=query_adapter,
        **options,
    )
    yield search
    search.close()


def found(search: Search, query: str, **options: Any) -> list[str]:
    return [hit.id.removeprefix("test:") for hit in search.search(SearchRequest(query=query, **options)).hits]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("[TOMT][MOVIE][1990s] Boats", (1990, 1999)),
        ("[TOMT] boats, from the late 80's I think", (1985, 1989)),
        ("An EARLY 2000s film", (2000, 2004)),
        ("mid-90s boats", (1993, 1997)),
        ("[2000-2013] boats", (2000, 2013)),
        ("80s or 90s boats, and I was born in 1971", (1980, 1999)),
        ("I saw it in 2005", (2005, 2005)),
        ("it made 90% of $2000 in 2010 minutes, over 1990 miles", None),
        ("boats", None),
    ],
)
def test_years_that_are_remembered(text: str, years: tuple[int, int] | None) -> None:
    read = read_remembered_years(text)
    assert (read and (read.gte, read.lte)) == years


def test_a_work_near_the_remembered_year_comes_first_and_no_year_is_left_out(boats: Path) -> None:
    with opened(boats) as search:
        query = "[TOMT] brothers who race paper boats, I think from 1993"
        assert found(search, query)[:2] == ["near", "old"]
        assert "undated" in found(search, query)
        assert search.search(SearchRequest(query=query)).total == len(WORKS)
        assert found(search, query.replace("1993", "1960"))[:2] == ["old", "near"]
        undated = "[TOMT] brothers who race paper boats"
        assert found(search, undated)[:3] == ["near", "old", "undated"]  # by their ids: nothing else parts them


def test_the_year_weighs_no_more_than_one_leg(boats: Path) -> None:
    with opened(boats) as search:
        assert found(search, "[TOMT] brothers who race paper boats down a river, 1994")[0] != "bees"


def test_a_year_can_be_given_less_weight(boats: Path) -> None:
    query = "[TOMT] brothers who race paper boats, I think from 1960"
    with opened(boats, fusions=Fusions.for_every_kind(Fusion(method="dbsf", weights={"year": 0}))) as search:
        assert found(search, query)[0] == "near"
    with opened(boats, fusions=Fusions.for_every_kind(Fusion(method="rrf"))) as search:
        assert found(search, query)[0] == "old"


@pytest.mark.parametrize("method", ["rrf", "dbsf", "linear"])
def test_the_right_year_is_worth_about_the_first_place_of_a_leg(method: str) -> None:
    fusion = Fusion.model_validate({"method": method})
    text = Ranking(np.arange(10), 1 - np.arange(10) / 10)
    first = fuse(text.rows, {"text": text}, fusion, {}).max()
    assert bonus_weight(fusion, "year") == pytest.approx(first, rel=0.35)


def test_years_fade() -> None:
    years = np.array([1990, 1999, 2004, 1940, np.nan], dtype=np.float32)
    favoured = favour_years(years, IntegerRange(gte=1990, lte=1999), 2.0)
    assert favoured == pytest.approx([2, 2, 2 / np.e, 2 * np.exp(-10), 0])


def test_words_about_remembering_weigh_less(boats: Path) -> None:
    query = "[TOMT] I remember a movie, a movie scene, the scene with bees in a movie"
    weights = {term_id("movi"): 0.01, term_id("scene"): 0.01}
    with opened(boats) as plain, opened(boats, QueryAdapter(weights, IDENTITY)) as adapted:
        hits = {
            name: search.search(SearchRequest(query=query)).hits for name, search in (("plain", plain), ("t", adapted))
        }
    best = {name: max(each, key=lambda hit: hit.legs["bm25"].score or 0).title for name, each in hits.items()}
    assert best == {"plain": "The Scene", "t": "The Hive"}


def test_a_stem_weighs_the_square_root_of_its_count() -> None:
    weighed = QueryAdapter({term_id("movi"): 0.5}, IDENTITY).weigh(["boat", "movi", "boat", "movi", "boat", "boat"])
    weights = dict(zip(weighed.indices, weighed.values, strict=True))
    assert weights == pytest.approx({term_id("boat"): 2.0, term_id("movi"): 0.5 * 2**0.5})


def test_a_description_is_adapted_only_for_the_encoder_of_the_adapter(boats: Path) -> None:
    ours, other = (
        QueryAdapter({}, EmbeddingAdapter(fingerprint, np.zeros((DIMENSION, DIMENSION)), np.eye(DIMENSION)[0] * 9))
        for fingerprint in (FakeEncoder().fingerprint, "other")
    )
    query = SearchRequest(query="[TOMT] boats")
    with opened(boats) as search:
        plain = search.build_queries(query).legs["text"]
    with opened(boats, ours) as search:
        adapted = np.asarray(search.build_queries(query).legs["text"])
    assert np.linalg.norm(adapted) == pytest.approx(1)
    assert adapted[0] > 0.9 > np.asarray(plain)[0]
    with opened(boats, other) as search:
        np.testing.assert_array_equal(np.asarray(search.build_queries(query).legs["text"]), np.asarray(plain))


@pytest.mark.parametrize("query", ["something inspiring", "movies with boats from the 90s", "Paper Boats"])
def test_a_short_request_is_not_adapted(boats: Path, query: str) -> None:
    learnt = QueryAdapter(
        {term_id("boat"): 0.1}, EmbeddingAdapter(FakeEncoder().fingerprint, np.eye(DIMENSION), np.ones(64))
    )
    request = SearchRequest(query=query)
    with opened(boats) as plain, opened(boats, learnt) as adapted:
        assert not adapted.build_queries(request).intent.is_description
        assert adapted.build_queries(request).intent.remembered_years is None
        one, other = (search.search(request).model_copy(update={"took_ms": 0}) for search in (plain, adapted))
        assert one == other


def test_an_adapter_is_the_same_after_it_was_written(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    matrix, bias = draw.standard_normal((8, 8)), draw.standard_normal(8)
    learnt = QueryAdapter(
        {7: 0.25, 2**32 - 1: 0.5}, EmbeddingAdapter("us", matrix.astype(np.float32), bias.astype(np.float32))
    )
    path = tmp_path / "learnt.safetensors"
    save_query_adapter(learnt, path)
    again = load_query_adapter(path)
    assert again.term_weights == learnt.term_weights
    assert again.adapter
    assert again.adapter.encoder_fingerprint == "us"
    np.testing.assert_allclose(again.adapter.matrix, matrix, rtol=1e-3)
    np.testing.assert_allclose(again.adapter.bias, bias, rtol=1e-3)
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_adapter_with_hidden_layers_is_the_same_after_it_was_written(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    layers = [
        (draw.standard_normal((8, 8)).astype(np.float32), draw.standard_normal(8).astype(np.float32)) for _ in "12"
    ]
    learnt = EmbeddingAdapter("us", np.eye(8, dtype=np.float32), np.zeros(8, np.float32), tuple(layers))
    save_query_adapter(QueryAdapter({}, learnt), tmp_path / "deep.safetensors")
    again = load_query_adapter(tmp_path / "deep.safetensors").adapter
    assert again
    assert again.depth == 3
    vectors = draw.standard_normal((2, 8)).astype(np.float32)
    hidden = vectors
    for weight, bias in layers:
        hidden = np.maximum(hidden @ weight + bias, 0)
    expected = vectors + hidden
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(again.turn(vectors), expected, atol=2e-3)
    np.testing.assert_allclose(again.turn(vectors[0]), expected[0], atol=2e-3)


def test_a_file_that_is_not_an_adapter_is_refused_in_one_line(
    tmp_path: Path, boats: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "learnt.safetensors"
    path.write_bytes(b"not safetensors")
    monkeypatch.setenv("EVOKE_HOME", str(boats))
    monkeypatch.setenv("EVOKE_DESCRIPTIONS", str(path))
    assert evoke.main(["search", "boats"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line
    assert "evoke train-descriptions" in line
    for missing in (tmp_path / "missing", tmp_path):
        with pytest.raises(QueryAdapterInvalid, match="cannot be read"):
            load_query_adapter(missing)


@pytest.mark.parametrize(
    ("adapter", "problem"),
    [
        (EmbeddingAdapter("us", np.full((8, 8), np.nan, np.float32), np.zeros(8, np.float32)), "adapter.matrix has a"),
        (EmbeddingAdapter("us", np.zeros((4, 8), np.float32), np.zeros(8, np.float32)), "cannot reshape"),
        (
            EmbeddingAdapter(
                "us", np.eye(8, dtype=np.float32), np.zeros(8, np.float32), ((np.eye(4), np.zeros(4, np.float32)),)
            ),
            "its layers differ in width",
        ),
        (EmbeddingAdapter(None, np.zeros((8, 8), np.float32), np.zeros(8, np.float32)), "encoder_fingerprint is not"),  # type: ignore[arg-type]
    ],
    ids=["not finite", "wrong shape", "layers", "no fingerprint"],
)
def test_an_adapter_that_would_fail_at_its_first_use_is_refused(
    adapter: EmbeddingAdapter, problem: str, tmp_path: Path
) -> None:
    save_query_adapter(QueryAdapter({}, adapter), tmp_path / "learnt.safetensors")
    with pytest.raises(QueryAdapterInvalid, match=problem):
        load_query_adapter(tmp_path / "learnt.safetensors")


def test_a_file_of_another_format_is_refused_with_the_command_that_trains_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "learnt.safetensors"
    save_query_adapter(QueryAdapter({}, IDENTITY), path)
    monkeypatch.setattr("search_api.query_adapter._FORMAT", "next")
    with pytest.raises(QueryAdapterInvalid, match="learn it again with `evoke train-descriptions`"):
        load_query_adapter(path)


def test_term_weights_of_another_analyser_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "learnt.safetensors"
    save_query_adapter(QueryAdapter({term_id("movi"): 0.5}, IDENTITY, analyser_version="earlier"), path)
    weighed = load_query_adapter(path).weigh(["boat", "movi", "boat"])
    assert dict(zip(weighed.indices, weighed.values, strict=True)) == {term_id("boat"): 2, term_id("movi"): 1}


def test_a_file_without_an_adapter_leaves_embeddings_alone(tmp_path: Path) -> None:
    path = tmp_path / "learnt.safetensors"
    save_query_adapter(QueryAdapter({term_id("movi"): 0.5}, None), path)
    again = load_query_adapter(path)
    vector = np.arange(DIMENSION, dtype=np.float32)
    np.testing.assert_array_equal(again.adapt(vector, FakeEncoder()), vector)
    assert again.term_weights == {term_id("movi"): 0.5}


def test_the_packaged_adapter_fits_the_packaged_encoder_and_weighs_words_about_remembering_less() -> None:
    learnt = load_query_adapter()
    assert learnt.adapter is None
    weighed = learnt.weigh(["rememb", "movi", "lighthous"])
    remember, movie, lighthouse = weighed.values
    assert max(remember, movie) < 0.25
    assert lighthouse > 0.8
    assert fusion_for(Intent(text="", is_description=True)).weights.get("year", 1.0) == 1.0
