"""An artefact that does not fit is named with what to do, and everything else works as before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from catalogues import SMALL
from fakes import FakeEncoder
from homes import build
from service_fakes import FakeSearch
from starlette.testclient import TestClient

import evoke
from indexer.artefacts import find_misfits
from indexer.encoder.encoder import Encoder
from indexer.values.head import QueryClassifier
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import Tag, Taxonomy, Value, load_taxonomy
from search_api.leg_queries import open_query_classifier
from search_api.query_adapter import EmbeddingAdapter, QueryAdapter, save_query_adapter
from search_api.service.app import create_app
from search_api.settings import SearchSettings

GRIT = """
[[values]]
id = "X1"
name = "grit"
facet = "emotion"
description = "Someone goes on although everything hurts."
"""
TRAIN_VALUES = "to train one that fits: `evoke train-values CATALOGUE... --labels FILE... -o FILE`, then set"
TRAIN_DESCRIPTIONS = "to train one that fits: `evoke train-descriptions BENCHMARK... -o FILE`, then set"
NOT_KNOWN = [
    (
        "the value head was not trained on X1 (grit), which is labelled by likeness alone; "
        f"{TRAIN_VALUES} EVOKE_VALUES_HEAD=FILE"
    ),
    (
        "the query classifier was not trained on X1 (grit), which is not guessed from a query's meaning; "
        f"{TRAIN_VALUES} EVOKE_VALUES_HEAD=FILE"
    ),
]
OTHER_ENCODER = [
    (
        "the value head was made for another encoder than the one in use: works are labelled by likeness alone; "
        f"{TRAIN_VALUES} EVOKE_VALUES_HEAD=FILE"
    ),
    (
        "the query classifier was made for another encoder than the one in use: values are not guessed from a query's "
        f"meaning; {TRAIN_VALUES} EVOKE_VALUES_HEAD=FILE"
    ),
    (
        "the reader was made for another encoder than the one in use: the wishes and titles in requests are read by "
        "rules alone; to train one that fits: `evoke train-reader -o FILE`, then set EVOKE_READER=FILE"
    ),
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The packaged encoder, for its fingerprint: nothing is embedded."""
    return Encoder()


@pytest.fixture
def longer_taxonomy(tmp_path: Path) -> Path:
    """The packaged taxonomy with one more value."""
    packaged = (files("indexer.values") / "values.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(packaged + GRIT, encoding="utf-8")
    return tmp_path / "mine.toml"


def changed(taxonomy: Taxonomy, value_id: str, **fields: object) -> Taxonomy:
    """Return a taxonomy with some fields of a value changed; without any, the value is removed."""
    values = [value for value in taxonomy.values if value.id != value_id or fields]
    return _taxonomy(
        [value.model_copy(update=fields) if value.id == value_id else value for value in values], taxonomy.tags
    )


def _taxonomy(values: Sequence[Value], tags: Sequence[Tag]) -> Taxonomy:
    bare = [value.model_copy(update={"opposites": ()}) for value in values]
    return Taxonomy(version="test", values=tuple(bare), tags=tuple(tags))


def classify(encoder: Encoder, taxonomy: Taxonomy, vector: np.ndarray) -> dict[str, float]:
    classifier = open_query_classifier(SearchSettings(), encoder, taxonomy)
    assert classifier is not None
    return classifier.shares(vector)


@pytest.fixture(scope="module")
def query() -> np.ndarray:
    """The embedding of a query that asks for no value in particular."""
    vector = np.random.default_rng(3).standard_normal(384).astype(np.float32)
    return vector / np.linalg.norm(vector)


def test_all_that_is_packaged_fits(encoder: Encoder) -> None:
    assert find_misfits(SearchSettings(), encoder, load_taxonomy()) == []


def test_with_another_encoder_each_artefact_is_named_with_what_trains_it() -> None:
    assert find_misfits(SearchSettings(), FakeEncoder(), load_taxonomy()) == OTHER_ENCODER  # type: ignore[arg-type]


def test_a_query_adapter_for_the_embeddings_of_another_encoder_is_named(encoder: Encoder, tmp_path: Path) -> None:
    map_of_another = EmbeddingAdapter("another", np.zeros((2, 2), np.float32), np.zeros(2, np.float32))
    save_query_adapter(QueryAdapter({}, map_of_another), tmp_path / "adapter")
    (note,) = find_misfits(SearchSettings(descriptions=tmp_path / "adapter"), encoder, load_taxonomy())
    assert note == (
        "the query adapter was made for another encoder than the one in use: the embeddings of descriptions are used "
        f"unchanged; {TRAIN_DESCRIPTIONS} EVOKE_DESCRIPTIONS=FILE"
    )


def test_an_added_value_does_not_change_the_guesses_for_the_others(
    encoder: Encoder, longer_taxonomy: Path, query: np.ndarray
) -> None:
    taxonomy = load_taxonomy(longer_taxonomy)
    assert classify(encoder, taxonomy, query) == classify(encoder, load_taxonomy(), query)
    assert find_misfits(SearchSettings(), encoder, taxonomy) == NOT_KNOWN


def test_other_tags_of_a_value_make_other_labels(encoder: Encoder) -> None:
    """Else the next build would take the labels of the index for up to date."""
    packaged = open_labeller(load_taxonomy(), encoder)
    relabelled = open_labeller(changed(load_taxonomy(), "E5", tags=("other",)), encoder)
    assert relabelled.fingerprint != packaged.fingerprint


def test_a_removed_value_is_not_guessed_and_the_others_take_its_share(encoder: Encoder, query: np.ndarray) -> None:
    before = classify(encoder, load_taxonomy(), query)
    taxonomy = changed(load_taxonomy(), "E5")
    shares = classify(encoder, taxonomy, query)
    assert shares.keys() == before.keys() - {"E5"}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["E2"] == pytest.approx(before["E2"] / (1 - before["E5"]))
    assert find_misfits(SearchSettings(), encoder, taxonomy) == []


@pytest.mark.parametrize("fields", [{"name": "uplift"}, {"description": "It lifts you up."}, {"cues": ("lifts you",)}])
def test_a_value_defined_in_other_words_is_not_guessed_and_named(
    encoder: Encoder, query: np.ndarray, fields: dict[str, object]
) -> None:
    taxonomy = changed(load_taxonomy(), "E5", **fields)
    assert classify(encoder, taxonomy, query).keys() == classify(encoder, load_taxonomy(), query).keys() - {"E5"}
    (note,) = find_misfits(SearchSettings(), encoder, taxonomy)
    assert note.startswith(f"the query classifier was not trained on E5 ({fields.get('name', 'inspiration')}), which")


def test_a_value_with_other_asking_words_is_guessed_as_before(encoder: Encoder, query: np.ndarray) -> None:
    taxonomy = changed(load_taxonomy(), "E5", ask=("lift me up",))
    assert classify(encoder, taxonomy, query) == classify(encoder, load_taxonomy(), query)
    assert find_misfits(SearchSettings(), encoder, taxonomy) == []


def test_a_value_with_other_tags_is_labelled_by_likeness_and_named(encoder: Encoder) -> None:
    taxonomy = changed(load_taxonomy(), "E5", tags=("uplifting-stories",))
    (note,) = find_misfits(SearchSettings(), encoder, taxonomy)
    assert note.startswith("the value head was not trained on E5 (inspiration), which is labelled by likeness alone; ")


def test_many_values_are_counted(encoder: Encoder) -> None:
    more = [Value(id=f"X{n}", name=f"new {n}", facet="emotion", description=f"New {n}.") for n in range(8)]
    packaged = load_taxonomy()
    note, _ = find_misfits(SearchSettings(), encoder, _taxonomy([*packaged.values, *more], packaged.tags))
    assert "X3 (new 3), X4 (new 4) and 3 more values, which are labelled by likeness alone" in note


def test_nothing_is_guessed_for_a_taxonomy_without_a_trained_value(encoder: Encoder) -> None:
    taxonomy = _taxonomy([Value(id="X1", name="grit", facet="emotion", description="Grit.")], ())
    assert open_query_classifier(SearchSettings(), encoder, taxonomy) is None
    assert [note.partition(":")[0] for note in find_misfits(SearchSettings(), encoder, taxonomy)] == [
        "the value head was trained on none of the taxonomy's values",
        "the query classifier was trained on none of the taxonomy's values",
    ]


def test_a_query_that_asks_for_what_the_taxonomy_dropped_is_not_guessed() -> None:
    identity = np.eye(3, dtype=np.float32) * 4
    classifier = QueryClassifier(("E5", "E2", "T-satire"), ("a", "b", "c"), identity, np.zeros(3, dtype=np.float32))
    of_one = QueryClassifier(classifier.dimensions, classifier.words, identity, classifier.bias, kept=(1,))
    for_inspiration, for_hope, _ = np.eye(3, dtype=np.float32)
    assert of_one.shares(for_hope) == {"E2": 1.0}
    assert of_one.shares(for_inspiration) == {}


@pytest.mark.parametrize(("fingerprint", "is_named"), [("other", True), (None, False)])
def test_a_tuning_of_another_encoder_is_named_and_used(
    encoder: Encoder, tmp_path: Path, fingerprint: str | None, is_named: bool
) -> None:
    (tmp_path / "tuning.json").write_text(json.dumps({"made_with": {"encoder_fingerprint": fingerprint}}))
    notes = find_misfits(SearchSettings(tuning=tmp_path / "tuning.json"), encoder, load_taxonomy())
    expected = (
        "the tuning was made for another encoder than the one in use: its settings are used all the same; "
        "to train one that fits: `evoke tune BENCHMARK... -o FILE`, then set EVOKE_TUNING=FILE"
    )
    assert notes == [expected] * is_named


def test_an_adapter_that_cannot_be_read_is_named(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "adapter").write_bytes(b"not safetensors")
    (note,) = find_misfits(SearchSettings(descriptions=tmp_path / "adapter"), encoder, load_taxonomy())
    assert note.startswith("the query adapter cannot be read (")


def test_a_reader_that_cannot_be_read_is_named(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "reader").write_bytes(b"not safetensors")
    (note,) = find_misfits(SearchSettings(reader=tmp_path / "reader"), encoder, load_taxonomy())
    assert note.startswith("the reader cannot be read (")


def test_a_build_and_an_explained_search_name_what_does_not_fit(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(home, SMALL).notes == OTHER_ENCODER
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder())  # noqa: ARG005
    assert evoke.main(["search", "storms", "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.removeprefix("note: ") for line in lines if line.startswith("note: ")] == OTHER_ENCODER
    assert evoke.main(["search", "storms"]) == 0
    assert "note: " not in capsys.readouterr().out


def test_an_index_without_the_bm25_of_the_tuning_is_named(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fusions = {kind: {"method": "dbsf"} for kind in ("described", "mood", "guess", "other")}
    (tmp_path / "tuning.json").write_text(json.dumps({**fusions, "bm25": {"k1": 2.0}}))
    monkeypatch.setenv("EVOKE_HOME", str(small_home))
    monkeypatch.setenv("EVOKE_TUNING", str(tmp_path / "tuning.json"))
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder())  # noqa: ARG005
    assert evoke.main(["search", "storms", "--explain"]) == 0
    assert "note: the index was built with other BM25 settings than this process uses" in capsys.readouterr().out


def test_readyz_names_what_does_not_fit() -> None:
    search = FakeSearch()
    with TestClient(create_app(SearchSettings(), search), base_url="http://127.0.0.1") as client:
        assert client.get("/readyz").json() == {"works": len(search.works)}
        search.misfits = ("the value head was not trained on X1 (grit)",)
        assert client.get("/readyz").json()["notes"] == list(search.misfits)
