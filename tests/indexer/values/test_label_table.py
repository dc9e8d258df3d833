"""Labels that were stored equal those that were just made, and are made anew only when they have to be."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from catalogues import SMALL, make_records, write_catalogue
from fakes import FakeEncoder
from homes import build, read_points

from indexer.analysis import Analyser
from indexer.encoder.encoder import Encoder
from indexer.features import FeatureMaker
from indexer.pipeline import build_index, prepare_works
from indexer.records import Span, ValueLabel
from indexer.settings import IndexSettings
from indexer.values.label_table import pack_labels, unpack_labels
from indexer.values.labelling import TrainedLabeller, open_labeller
from indexer.values.rounding import round_scores
from indexer.values.taxonomy import load_taxonomy


def test_stored_labels_of_the_head_equal_those_just_made(tmp_path: Path, real_encoder: Encoder) -> None:
    taxonomy = load_taxonomy()
    labeller = open_labeller(taxonomy, real_encoder)
    assert isinstance(labeller, TrainedLabeller)
    catalogue = write_catalogue(tmp_path / "small.jsonl", SMALL)
    maker = FeatureMaker(Analyser(), real_encoder)
    works = list(prepare_works([catalogue], IndexSettings(home=tmp_path / "home"), maker, taxonomy))
    for (_, features, _), labels in zip(works, labeller.label([each[:2] for each in works]), strict=True):
        packed = pack_labels(labels, features.sentences)
        assert len(packed) == 6 * len(taxonomy.dimensions)
        assert unpack_labels(packed, taxonomy.dimensions, features.sentences) == labels


def test_labels_without_evidence_and_works_without_labels_are_kept() -> None:
    sentences = (Span(0, 3), Span(4, 9))
    labels = (ValueLabel("V1", 0.0, 1.0, None), ValueLabel("V2", 1.0, 0.0, Span(4, 9)))
    assert unpack_labels(pack_labels(labels, sentences), ("V1", "V2"), sentences) == labels
    assert unpack_labels(pack_labels((), ()), ("V1", "V2"), ()) == ()


def test_rounding_moves_a_score_by_less_than_the_fourth_digit_and_twice_is_once() -> None:
    scores = np.linspace(0, 1, 1_001, dtype=np.float32)
    rounded = round_scores(scores)
    assert np.abs(rounded - scores).max() < 1e-5
    assert (round_scores(rounded.astype(np.float64)) == rounded).all()


def test_only_works_without_labels_are_labelled(home: Path, labelled: list[str]) -> None:
    build(home, SMALL)
    assert len(labelled) == len(SMALL)
    labelled.clear()
    build(home, [*SMALL, *make_records(2)])
    assert labelled == ["test:00000", "test:00001"]
    labelled.clear()
    build(home, [{**SMALL[0], "kind": "book"}])
    assert labelled == ["test:lighthouse"], "a book is labelled in another way than a film"


def test_an_index_of_stored_labels_equals_one_of_labels_just_made(home: Path, labelled: list[str]) -> None:
    build(home, SMALL)
    before = read_points(home)
    labelled.clear()
    with closing(sqlite3.connect(home / "store.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM state WHERE name = 'served'")
    for path in (home / "index").rglob("aliases.json"):
        path.unlink()
    assert build(home, SMALL).generation is not None
    assert labelled == []
    assert read_points(home) == before


def test_labels_of_another_taxonomy_are_removed(home: Path, tmp_path: Path) -> None:
    build(home, SMALL)
    taxonomy = tmp_path / "values.toml"
    taxonomy.write_text(
        'version = "test"\n[[values]]\nid = "V1"\nname = "storm"\nfacet = "emotion"\ndescription = "storm"\n'
    )
    catalogue = write_catalogue(tmp_path / "small.jsonl", SMALL)
    build_index([catalogue], IndexSettings(home=home, taxonomy=taxonomy), encoder=FakeEncoder())
    with closing(sqlite3.connect(home / "store.sqlite3")) as connection:
        rows = connection.execute("SELECT length(labels), dimensions FROM labels JOIN labelling ON number = labelling")
        assert set(rows) == {(6, '["V1"]')}


def test_the_words_of_the_taxonomy_are_embedded_once(home: Path) -> None:
    encoded: list[int] = []

    class CountingEncoder(FakeEncoder):
        def encode(self, texts: Sequence[str]) -> Any:
            encoded.append(len(texts))
            return super().encode(texts)

    build(home, make_records(30), CountingEncoder())
    n_words = max(encoded)
    assert n_words > 200
    encoded.clear()
    build(home, make_records(31), CountingEncoder())
    assert max(encoded) < n_words
