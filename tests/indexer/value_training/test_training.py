"""A value head is trained on labelled works, and labels new ones."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
from catalogues import make_record, write_catalogue
from fakes import FakeEncoder
from tracked import names_of_data, read_runs

import evoke
from crawler.records import Kind, SourceRecord
from indexer.analysis import Analyser
from indexer.errors import ValueHeadInvalid
from indexer.features import FeatureMaker
from indexer.merging.merging import merge_records
from indexer.records import ValueLabel
from indexer.settings import IndexSettings
from indexer.value_training.calibration import expected_calibration_error
from indexer.value_training.label_files import read_labels
from indexer.value_training.report import report_to_markdown
from indexer.value_training.run import train_values
from indexer.value_training.training import LabelledExample, choose_terms, has_enough_works, make_examples
from indexer.values.head import Output, load_value_head, save_value_head
from indexer.values.labelling import Labeller, open_labeller
from indexer.values.taxonomy import load_taxonomy

TAXONOMY = """
version = "test"
[[values]]
id = "V1"
name = "storms"
facet = "emotion"
description = "Storms and thunder"
tags = ["stormy"]
[[values]]
id = "V2"
name = "calm"
facet = "emotion"
description = "quiet calm peace"
[[tags]]
name = "salty"
description = "salt and sea"
"""
N_WORKS = 240


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IndexSettings]:
    """Train a head on works: those that mention thunder are tagged stormy, those that mention salt are tagged salty."""
    folder = tmp_path_factory.mktemp("training")
    (folder / "values.toml").write_text(TAXONOMY)
    draw = random.Random(5)
    records, labels = [], []
    for number in range(N_WORKS):
        tags = [tag for tag in ("stormy", "salty") if draw.random() < 0.4]
        words = draw.choices(["harbour", "letter", "sister", "winter", "engine", "river"], k=4)
        text = " ".join([*words, *({"stormy": "thunder", "salty": "salt"}[tag] for tag in tags)])
        facts = {"ids": {"imdb": f"tt{number}"}, "kind": "movie", "year": 2001}
        records.append(make_record(str(number), f"Work {number}", f"The {text} goes on.", **facts))
        split = "train" if number % 3 else "validation"
        labels.append({"imdb_id": f"tt{number}", "split": split, "tags": tags})
    catalogue = write_catalogue(folder / "works.jsonl", records)
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    settings = IndexSettings(home=folder / "home", taxonomy=folder / "values.toml", model="fake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("indexer.value_training.run.open_encoder", lambda settings: FakeEncoder(settings.model))
        report = train_values([catalogue], [folder / "labels.jsonl"], settings, folder / "head.safetensors", n_trials=4)
    assert {trial.recipe.depth for trial in report.trials} >= {1, 2, 3}
    assert report.head.depth == report.trials[0].recipe.depth
    table = report_to_markdown(report).splitlines()
    assert len({row.count("|") for row in table[:6]}) == 1
    assert (report.n_train, report.n_validation) == (160, 80)
    assert set(report.head.outputs) == {Output("V1", "movie"), Output("T-salty", "movie")}
    assert report.outputs.auc.min() > 0.9
    assert report.outputs.f1.min() > 0.7
    (era,) = report.eras.itertuples()  # every work is of 2001, and one value was learnt
    assert (era.kind, era.dimension, era.era) == ("movie", "V1", "from 2000")
    assert era.probability == pytest.approx(era.share_labelled, abs=0.1)
    assert report.calibration_error < 0.15
    return folder / "head.safetensors", settings


def test_the_file_has_the_depth_that_validated_best(trained: tuple[Path, IndexSettings]) -> None:
    *_, logged = sorted(read_runs(trained[1].home), key=lambda run: run.info.run_name == "train-values")
    assert str(load_value_head(trained[0]).depth) == logged.data.params["depth"]


def test_a_training_is_logged_with_its_trials(trained: tuple[Path, IndexSettings]) -> None:
    head, settings = trained
    *trials, logged = sorted(read_runs(settings.home), key=lambda run: run.info.run_name == "train-values")
    assert {trial.data.params["depth"] for trial in trials} == {"1", "2", "3"}
    (chosen,) = [trial for trial in trials if trial.data.params.items() <= logged.data.params.items()]
    best = max(trial.data.metrics["average precision"] for trial in trials)
    assert chosen.data.metrics["average precision"] == best
    assert logged.data.params["output.sha256"] == hashlib.sha256(head.read_bytes()).hexdigest()
    assert logged.data.params["seed"] == "20260101"
    assert logged.data.metrics["auc of the head"] > 0.9
    assert names_of_data(logged) == ["labels.jsonl", "works.jsonl"]


Labels = dict[str, ValueLabel]


def label(labeller: Labeller, *texts: str, kind: Kind | None = "movie") -> list[Labels]:
    works = [
        merge_records([SourceRecord(source="test", source_id="x", kind=kind, title="New", description=text)])
        for text in texts
    ]
    maker = FeatureMaker(Analyser(), FakeEncoder("fake"))  # type: ignore[arg-type]
    return [{each.value_id: each for each in labels} for labels in labeller.label(maker.embed(maker.analyse(works)))]


def test_a_trained_head_labels_new_works_with_the_sentence_that_is_the_evidence(
    trained: tuple[Path, IndexSettings],
) -> None:
    head, settings = trained
    labeller = open_labeller(load_taxonomy(settings.taxonomy), FakeEncoder("fake"), head)  # type: ignore[arg-type]
    text = "A letter crosses the river. Then thunder rolls over the harbour."
    stormy, bare, still = label(labeller, text, "", text.replace("thunder", "winter"))
    assert bare == {}
    assert stormy["V1"].probability > still["V1"].probability + 0.3
    assert stormy["V1"].strength > still["V1"].strength + 0.2
    evidence = stormy["V1"].evidence
    assert evidence is not None
    assert text[evidence.start : evidence.end] == "Then thunder rolls over the harbour."
    assert abs(stormy["T-salty"].probability - still["T-salty"].probability) < 0.3
    assert list(stormy) == ["V1", "V2", "T-salty"]


def test_a_kind_without_labels_uses_the_outputs_of_the_other_but_has_no_tags_of_its_own(
    trained: tuple[Path, IndexSettings],
) -> None:
    head, settings = trained
    labeller = open_labeller(load_taxonomy(settings.taxonomy), FakeEncoder("fake"), head)  # type: ignore[arg-type]
    text = "Then thunder rolls over the harbour."
    assert label(labeller, text, kind="book") == label(labeller, text, kind="movie") == label(labeller, text, kind=None)
    assert labeller.dimensions_of("movie") == labeller.dimensions_of(None) == {"V1", "T-salty"}
    assert labeller.dimensions_of("book") == set()


def test_a_head_is_the_same_after_it_was_saved_and_loaded(trained: tuple[Path, IndexSettings], tmp_path: Path) -> None:
    head = load_value_head(trained[0])
    save_value_head(head, tmp_path / "again.safetensors")
    again = load_value_head(tmp_path / "again.safetensors")
    assert again.fingerprint == head.fingerprint
    vectors = np.eye(64, dtype=np.float32)
    terms = [head.terms.weigh({"thunder": 1})] * 64
    np.testing.assert_array_equal(again.logits(vectors, terms), head.logits(vectors, terms))


def test_the_query_classifier_understands_paraphrases(trained: tuple[Path, IndexSettings]) -> None:
    classifier = load_value_head(trained[0]).query_classifier
    shares = classifier.shares(FakeEncoder("fake").encode(["some thunder and more storms"])[0])
    assert max(shares, key=shares.__getitem__) == "V1"
    assert sum(shares.values()) == pytest.approx(1)
    assert classifier.unknown(load_taxonomy(trained[1].taxonomy)) == ()


def test_another_encoder_labels_by_likeness(trained: tuple[Path, IndexSettings]) -> None:
    head, settings = trained
    taxonomy = load_taxonomy(settings.taxonomy)
    by_head, by_likeness = (
        open_labeller(taxonomy, FakeEncoder(model), head)
        for model in ("fake", "other")  # type: ignore[arg-type]
    )
    assert by_head.fingerprint != by_likeness.fingerprint
    assert type(by_head) is not type(by_likeness)


def test_a_taxonomy_of_ones_own_that_the_head_does_not_know_is_labelled_by_likeness(
    trained: tuple[Path, IndexSettings], tmp_path: Path
) -> None:
    (tmp_path / "values.toml").write_text(
        TAXONOMY.replace('"V1"', '"X1"').replace('"V2"', '"X2"').partition("[[tags]]")[0]
    )
    taxonomy = load_taxonomy(tmp_path / "values.toml")
    labeller = open_labeller(taxonomy, FakeEncoder("fake"), trained[0])  # type: ignore[arg-type]
    (labels,) = label(labeller, "Thunder over the harbour. A quiet calm peace.")
    assert list(labels) == ["X1", "X2"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("{", "labels.jsonl:2"), ("[]", "labels.jsonl:2"), ('{"imdb_id": "tt1", "tags": []}', "split")],
)
def test_a_line_that_is_not_a_label_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"imdb_id": "tt0", "split": "train", "tags": []}\n' + line)
    with pytest.raises(ValueHeadInvalid, match=complaint):
        list(read_labels([path], frozenset()))


def test_shelves_count_by_their_share_of_the_meaningful_ones(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    shelves = {"to-read": 90_000, "funny": 30, "sad": 9_970, "rare": 1}
    path.write_text(json.dumps({"goodreads_id": "7", "split": "train", "shelves": shelves}))
    (work,) = read_labels([path], frozenset({"funny", "sad"}))
    assert work.tags == {"funny": 0.003, "sad": 0.997}
    stand_for = {"F": frozenset({"funny"}), "S": frozenset({"sad"}), "N": frozenset({"never"})}
    outputs = [Output("F", "book"), Output("S", "book"), Output("N", "book"), Output("S", "movie")]
    example = LabelledExample("book", work, np.zeros(4, dtype=np.float32), {"rain": 2})
    examples = make_examples([example], stand_for, outputs, choose_terms([example]))
    assert examples.targets.tolist() == [[0, 1, 0, 1]]
    assert examples.known.tolist() == [[1, 1, 0, 0]]
    assert not has_enough_works(examples, examples).any()


def test_calibration_error_of_known_probabilities() -> None:
    said, known = np.array([[1], [0], [1], [0]], dtype=np.float32), np.ones((4, 1), dtype=np.float32)
    assert expected_calibration_error(np.full((4, 1), 0.5, dtype=np.float32), said, known) == pytest.approx(0.0)
    assert expected_calibration_error(np.full((4, 1), 0.9, dtype=np.float32), said, known) == pytest.approx(0.4)


def test_a_file_that_is_not_a_head_is_refused(tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes(b"not safetensors")
    with pytest.raises(ValueHeadInvalid, match="evoke train-values"):
        load_value_head(tmp_path / "head")
    with pytest.raises(ValueHeadInvalid, match="cannot be read"):
        load_value_head(tmp_path / "missing")


def test_label_writes_a_line_for_each_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("indexer.label_catalogues.open_encoder", lambda settings: FakeEncoder(settings.model))
    records = [make_record("a", "Harbour", "Storms come. Then peace.", ids={"imdb": "tt1"}), make_record("b", "Bare")]
    catalogue = write_catalogue(tmp_path / "works.jsonl", records)
    output = tmp_path / "labels.jsonl"
    assert evoke.main(["label", str(catalogue), "-o", str(output)]) == 0
    labelled, bare = map(json.loads, output.read_text().splitlines())
    assert (labelled["id"], labelled["ids"]) == ("test:a", {"imdb": "tt1"})
    assert list(labelled["values"]) == list(load_taxonomy().ids)
    assert set(labelled["tags"]) == {tag.name for tag in load_taxonomy().tags if not tag.from_reviews}
    evidence = labelled["evidence"]["E5"]
    assert "Storms come. Then peace."[evidence["start"] : evidence["end"]] == evidence["text"]
    assert bare["values"] == {}
    assert "2 works labelled" in capsys.readouterr().out
    assert "the value head was made for another encoder" in caplog.text


def test_a_labelling_that_fails_keeps_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.label_catalogues.open_encoder", lambda settings: FakeEncoder(settings.model))
    output = tmp_path / "labels.jsonl"
    output.write_text("earlier labels")
    assert evoke.main(["label", str(tmp_path / "missing.jsonl"), "-o", str(output)]) == 2
    assert output.read_text() == "earlier labels"
    assert list(tmp_path.glob("labels*")) == [output]
