"""An adaptation is added to the weights, counts in the fingerprint, and leaves the lower layers alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import evoke
from indexer.artefacts import check_reader, find_misfits
from indexer.encoder.adaptation import Adaptation, Factors, load_adaptation, save_adaptation
from indexer.encoder.conversion import load_module
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.encoder.model_files import ModelFiles
from indexer.errors import ModelUnavailable
from indexer.settings import DEFAULT_MODEL, IndexSettings
from indexer.values.taxonomy import load_taxonomy

LINEAR = "encoder.layer.4.output.dense"
PLAIN = ModelFiles(DEFAULT_MODEL, adaptation="off")


def made_up(layer: str = LINEAR, first_layer: int = 3) -> Adaptation:
    """Return an adaptation of rank 2 of one linear layer with 1,536 inputs and 384 outputs."""
    draw = np.random.default_rng(1)
    a, b = (draw.normal(0, 0.05, shape).astype(np.float16) for shape in ((2, 1_536), (384, 2)))
    return Adaptation(PLAIN.digests[:1], first_layer, {layer: Factors(a, b)}, {"of": "nothing"})


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    save_adaptation(made_up(), tmp_path / "own.safetensors")
    return tmp_path / "own.safetensors"


def test_the_packaged_adaptation_is_small_and_fits_the_packaged_model() -> None:
    packaged = Path(str(Path(load_adaptation.__code__.co_filename).parent / "encoder.safetensors"))
    assert packaged.stat().st_size < 1_000_000
    assert Encoder().files.adaptation is not None


def test_a_file_is_read_as_it_was_written(own_file: Path) -> None:
    again = load_adaptation(own_file)
    assert (again.base, again.first_layer, again.figures) == (PLAIN.digests[:1], 3, {"of": "nothing"})
    assert again.digest == made_up().digest
    np.testing.assert_array_equal(again.factors[LINEAR].a, made_up().factors[LINEAR].a)


def test_the_merged_layer_computes_the_formula() -> None:
    linear = load_module(PLAIN)[0].auto_model.get_submodule(LINEAR)
    weight, bias = (each.detach().numpy().copy() for each in (linear.weight, linear.bias))
    inputs = np.random.default_rng(2).normal(size=(5, 1_536)).astype(np.float32)
    factors = made_up().factors[LINEAR]
    low_rank = (inputs @ factors.a.astype(np.float32).T) @ factors.b.astype(np.float32).T

    module = load_module(PLAIN)
    made_up().merge(module[0].auto_model)
    merged = module[0].auto_model.get_submodule(LINEAR)
    with torch.inference_mode():
        outputs = merged(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(outputs, inputs @ weight.T + low_rank + bias, atol=1e-4)


def test_the_packaged_adaptation_leaves_the_lower_layers_alone_bit_by_bit() -> None:
    ids = torch.arange(1_000, 1_040)[None]
    states: list[Any] = []
    for model in (PLAIN, ModelFiles(DEFAULT_MODEL)):
        with torch.inference_mode():
            transformer = load_module(model)[0].auto_model
            states.append(transformer(input_ids=ids, output_hidden_states=True).hidden_states)
    plain, adapted = states
    assert all(torch.equal(plain[layer], adapted[layer]) for layer in range(4))
    assert not any(torch.equal(plain[layer], adapted[layer]) for layer in range(4, 7))


def test_an_adaptation_counts_in_the_fingerprint(own_file: Path, tmp_path: Path) -> None:
    packaged, plain, own = Encoder(), Encoder(adaptation="off"), Encoder(adaptation=own_file)
    assert len({each.fingerprint for each in (packaged, plain, own)}) == 3
    assert {each.lower_fingerprint for each in (packaged, plain, own)} == {plain.fingerprint}

    lower = tmp_path / "lower.safetensors"
    save_adaptation(made_up("encoder.layer.2.output.dense", first_layer=2), lower)
    below = Encoder(adaptation=lower)
    assert below.lower_fingerprint == below.fingerprint


def test_the_reader_fits_the_model_with_every_adaptation_of_upper_layers(own_file: Path) -> None:
    plain = Encoder(adaptation="off")
    for encoder in (plain, Encoder(), Encoder(adaptation=own_file)):
        assert check_reader(plain.fingerprint, encoder).note is None
    assert check_reader("another", plain).note is not None


def test_everything_that_ships_fits_the_encoder_that_ships() -> None:
    assert find_misfits(IndexSettings(), Encoder(), load_taxonomy()) == []


def test_the_setting_names_a_file_or_switches_the_adaptation_off(
    own_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for value in ("", "off", str(own_file)):
        monkeypatch.setenv("EVOKE_ENCODER_ADAPTATION", value)
        adaptation = open_encoder(IndexSettings()).files.adaptation
        digests.append(adaptation.digest if adaptation else None)
    assert digests == [load_adaptation().digest, None, made_up().digest]


def test_another_model_has_no_adaptation_unless_one_is_named(own_file: Path) -> None:
    folder = str(PLAIN.folder)
    assert Encoder(folder).files.adaptation is None
    assert Encoder(folder).fingerprint == Encoder(adaptation="off").fingerprint
    assert Encoder(folder, adaptation=own_file).files.adaptation is not None


def _write_absent(path: Path) -> None:
    pass


def _write_text(path: Path) -> None:
    path.write_text("weights")


def _write_foreign(path: Path) -> None:
    save_file({"x": np.zeros(3, np.float32)}, path)


def _write_of_another_model(path: Path) -> None:
    save_adaptation(dataclasses.replace(made_up(), base=("0" * 64,)), path)


def _write_infinite(path: Path) -> None:
    factors = Factors(np.full((2, 1_536), np.inf, np.float16), np.ones((384, 2), np.float16))
    save_adaptation(dataclasses.replace(made_up(), factors={LINEAR: factors}), path)


def _write_two_ranks(path: Path) -> None:
    factors = Factors(np.ones((2, 1_536), np.float16), np.ones((384, 3), np.float16))
    save_adaptation(dataclasses.replace(made_up(), factors={LINEAR: factors}), path)


def _write_without_half(path: Path) -> None:
    metadata = {"format": "evoke encoder adaptation 1", "base": [], "first_layer": 3, "figures": {}}
    save_file({f"{LINEAR}.a": np.zeros((2, 4), np.float16)}, path, {"evoke": json.dumps(metadata)})


def _write_of_a_later_version(path: Path) -> None:
    save_file({"x.a": np.zeros((2, 4), np.float16)}, path, {"evoke": json.dumps({"format": "9"})})


def _write_endless_metadata(path: Path) -> None:
    save_file({"x.a": np.zeros((2, 4), np.float16)}, path, {"evoke": "[" * 100_000})


BAD = {
    "absent": (_write_absent, "is no adaptation of an encoder"),
    "text": (_write_text, "is no adaptation of an encoder"),
    "another kind of file": (_write_foreign, "is no adaptation of an encoder"),
    "another model's": (_write_of_another_model, "was trained for another model than 'all-MiniLM-L6-v2'"),
    "infinite": (_write_infinite, "no numbers in half precision"),
    "two ranks": (_write_two_ranks, "do not belong together"),
    "one factor": (_write_without_half, "is no adaptation of an encoder"),
    "endless metadata": (_write_endless_metadata, "is no adaptation of an encoder"),
    "a later version": (_write_of_a_later_version, "its format is '9'"),
}


@pytest.mark.parametrize(("write", "why"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], write: Any, why: str
) -> None:
    write(tmp_path / "bad.safetensors")
    monkeypatch.setenv("EVOKE_ENCODER_ADAPTATION", str(tmp_path / "bad.safetensors"))
    assert evoke.main(["index"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
    assert str(tmp_path / "bad.safetensors") in line
    assert "EVOKE_ENCODER_ADAPTATION=off" in line


def test_a_layer_that_the_model_lacks_is_refused() -> None:
    for name in ("encoder.layer.9.output.dense", "encoder.layer.4.attention.self.query"):
        with pytest.raises(ModelUnavailable, match="changes a layer that the model lacks"):
            made_up(name).merge(load_module(PLAIN)[0].auto_model)
