"""A converted model is kept with all files that it needs, and is used where torch is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino
import pytest

from crawler.extras import EXTRAS
from indexer.checking import check_home
from indexer.encoder import conversion
from indexer.encoder.conversion import converted_model
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.encoder.kept_models import COMPILED, MODEL, RECORD, ConversionRecord, find_converted, kept_compiled
from indexer.encoder.model_files import ModelFiles
from indexer.engine.manifest import find_damage
from indexer.errors import ModelUnavailable, StorageFailed
from search_api.search import open_search
from search_api.settings import SearchSettings

TEXTS = ["a quiet film about grief", "friendship on a long journey"]
ENCODE = f"""
import sys
sys.modules.update(dict.fromkeys({list(EXTRAS)}))
from pathlib import Path
import numpy as np
from indexer.encoder.encoder import Encoder

encoder = Encoder(converted=Path(sys.argv[1]))
np.save(sys.argv[2], encoder.encode({TEXTS}))
print(encoder.fingerprint, encoder.runtime)
"""


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in EXTRAS:
        monkeypatch.setitem(sys.modules, module, None)


def keep(folder: Path, name: str, openvino: str, digests: tuple[str, ...] = ("d",), adaptation: str = "") -> Path:
    """Write what marks a converted model, without the model."""
    record = ConversionRecord(
        name=name, digests=digests, conversion_version="1", openvino=openvino, nncf="3", adaptation=adaptation
    )
    kept = folder / record.folder_name
    kept.mkdir(parents=True)
    (kept / MODEL).touch()
    (kept / RECORD).write_text(record.model_dump_json())
    return kept


def test_a_copied_model_encodes_the_same_without_torch(real_encoder: Encoder, tmp_path: Path) -> None:
    ours = real_encoder.encode(TEXTS)
    assert real_encoder._converted is not None
    shutil.copytree(real_encoder._converted, tmp_path / "models")
    command = [sys.executable, "-c", ENCODE, str(tmp_path / "models"), str(tmp_path / "vectors.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [real_encoder.fingerprint, "openvino-int8"], done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy"), ours)


def test_a_shipped_model_is_only_read_and_what_is_compiled_goes_to_the_home_folder(
    models: Path, real_encoder: Encoder, tmp_path: Path
) -> None:
    for path in (models, *models.rglob("*")):
        path.chmod(0o555)
    before = {path: path.stat().st_mtime_ns for path in models.rglob("*")}
    settings = SearchSettings(home=tmp_path / "home", runtime="openvino", converted_models=models)
    np.testing.assert_array_equal(open_encoder(settings).encode(TEXTS), real_encoder.encode(TEXTS))
    assert {path: path.stat().st_mtime_ns for path in models.rglob("*")} == before
    assert list((tmp_path / "home" / "models").glob(f"*/{COMPILED}/*.blob"))
    assert not list((tmp_path / "home" / "models").glob(f"*/{MODEL}"))
    compiled = [checked.name for checked in check_home(settings) if COMPILED in checked.name and not checked.is_damaged]
    assert compiled == [f"models/{next(models.iterdir()).name}/{COMPILED}"]


def test_a_shipped_model_serves_without_a_folder_that_can_be_written(models: Path, real_encoder: Encoder) -> None:
    encoder = Encoder(converted=Path("/proc/no-folder-can-be-made-here"), shipped=models)
    np.testing.assert_array_equal(encoder.encode(TEXTS), real_encoder.encode(TEXTS))


@pytest.mark.usefixtures("without_torch")
def test_a_damaged_shipped_model_gives_way_to_that_of_the_home_folder(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models, tmp_path / "home")
    ours = next((tmp_path / "home").iterdir())
    assert find_converted("all-MiniLM-L6-v2", tmp_path / "home", shipped=models) == models / ours.name
    flip_a_byte(models / ours.name / "model.bin")
    assert find_converted("all-MiniLM-L6-v2", tmp_path / "home", shipped=models) == ours


@pytest.mark.usefixtures("without_torch")
def test_without_torch_and_a_converted_model_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as refused:
        _ = Encoder(converted=tmp_path).fingerprint
    assert str(refused.value) == (
        f"{tmp_path} has no converted model 'all-MiniLM-L6-v2', and torch, which converts it, is not installed: copy "
        "this folder from the machine where `evoke index` ran, or pip install 'evoke-search[train]'"
    )


@pytest.mark.usefixtures("without_torch")
def test_without_torch_the_torch_runtime_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match=r"EVOKE_RUNTIME=torch needs torch: pip install 'evoke-search\[train\]'"):
        _ = Encoder().fingerprint


def test_a_model_is_found_by_its_name(tmp_path: Path) -> None:
    ours = keep(tmp_path, "ours", "1")
    keep(tmp_path, "another", "1")
    assert find_converted("ours", tmp_path) == ours
    with pytest.raises(ModelUnavailable, match="no converted model 'third'"):
        find_converted("third", tmp_path)


def test_a_model_of_the_installed_openvino_is_preferred_and_then_the_newest(tmp_path: Path) -> None:
    here = keep(tmp_path, "ours", version("openvino"))
    older, newer = keep(tmp_path, "ours", "1"), keep(tmp_path, "ours", "2")
    for age, folder in enumerate((newer, older, here)):
        os.utime(folder / RECORD, (1_000 - age, 1_000 - age))
    assert find_converted("ours", tmp_path) == here
    shutil.rmtree(here)
    assert find_converted("ours", tmp_path) == newer


def test_a_model_made_from_other_weights_is_not_used(tmp_path: Path) -> None:
    keep(tmp_path, "ours", "1", digests=("another",))
    with pytest.raises(ModelUnavailable):
        find_converted("ours", tmp_path, ("ours",))


def test_a_model_with_another_adaptation_is_not_used(tmp_path: Path) -> None:
    plain, adapted = keep(tmp_path, "ours", "1"), keep(tmp_path, "ours", "1", adaptation="a")
    assert find_converted("ours", tmp_path, ("d",), "") == plain
    assert find_converted("ours", tmp_path, ("d",), "a") == adapted
    with pytest.raises(ModelUnavailable):
        find_converted("ours", tmp_path, ("d",), "b")


def test_a_folder_called_indexer_where_a_person_works_does_not_stop_the_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = tmp_path / "work" / "indexer"
    decoy.mkdir(parents=True)
    (decoy / "__init__.py").write_text("raise RuntimeError('the wrong indexer')")
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"not weights, so that the conversion ends at once")
    monkeypatch.chdir(decoy.parent)
    with pytest.raises(RuntimeError, match=f"the model '{model}' cannot be loaded"):
        converted_model(ModelFiles(str(model)), tmp_path / "models")


@pytest.mark.usefixtures("without_torch")
def test_a_search_does_not_start_without_its_model(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="has no converted model"):
        open_search(SearchSettings(home=tmp_path, runtime="openvino")).check()


@pytest.fixture
def models(real_encoder: Encoder, tmp_path: Path) -> Path:
    """A copy of the folder of converted models, to be damaged; what is compiled is compiled anew."""
    real_encoder.encode(TEXTS)
    assert real_encoder._converted is not None
    for kept in real_encoder._converted.glob("openvino-*"):
        shutil.copytree(kept, tmp_path / "models" / kept.name, ignore=shutil.ignore_patterns(COMPILED))
    return tmp_path / "models"


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_damaged_model_is_converted_again(
    models: Path, real_encoder: Encoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = converted_model(real_encoder.files, models).parent
    sound = (kept / "model.bin").read_bytes()
    flip_a_byte(kept / "model.bin")

    def convert(_model: ModelFiles, folder: Path) -> None:  # in half a second instead of half a minute
        folder.mkdir()
        (folder / MODEL).write_bytes((kept / MODEL).read_bytes())
        (folder / "model.bin").write_bytes(sound)

    monkeypatch.setattr(conversion, "_convert_in_subprocess", convert)
    assert converted_model(real_encoder.files, models) == kept / MODEL
    assert (kept / "model.bin").read_bytes() == sound
    assert f"{kept}/model.bin is damaged: its content has changed: the encoder is converted again" in caplog.text
    caplog.clear()
    converted_model(real_encoder.files, models)
    assert not caplog.text


@pytest.mark.usefixtures("without_torch")
def test_without_torch_a_damaged_model_is_refused(models: Path, real_encoder: Encoder) -> None:
    for path in models.glob("*/model.bin"):
        flip_a_byte(path)
    with pytest.raises(ModelUnavailable, match=rf"model\.bin is damaged: .* copy {models} again from the machine"):
        converted_model(real_encoder.files, models)


def test_a_damaged_compiled_model_is_compiled_again(models: Path, real_encoder: Encoder) -> None:
    ours = real_encoder.encode(TEXTS)
    Encoder(converted=models).encode(TEXTS)
    compiled = list(models.glob(f"*/{COMPILED}/*.blob"))
    assert compiled
    for path in compiled:
        flip_a_byte(path)
    np.testing.assert_array_equal(Encoder(converted=models).encode(TEXTS), ours)
    assert not any(damage for folder in models.glob(f"*/{COMPILED}") for damage in find_damage(folder, read_all=True))


def test_what_one_process_is_compiling_is_left_alone_by_another(tmp_path: Path) -> None:
    compiled, seen = tmp_path / "models" / "openvino-1" / COMPILED, []

    def compile_too() -> None:
        with kept_compiled(compiled):
            seen.extend(path.name for path in compiled.glob("*.blob"))

    with ThreadPoolExecutor() as beside:
        with kept_compiled(compiled):
            (compiled / "1.blob").touch()
            other = beside.submit(compile_too)
            wait([other], timeout=0.2)
            (compiled / "2.blob").touch()
        other.result()
    assert sorted(seen) == ["1.blob", "2.blob"]


def test_processes_that_start_at_once_run_on_openvino(models: Path, tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", ENCODE, str(models), str(tmp_path / f"{number}.npy")] for number in range(3)]
    starting = [subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for each in commands]
    for process in starting:
        out, err = process.communicate(timeout=120)
        assert out.split()[1:] == ["openvino-int8"], err
        assert not err


def test_a_folder_that_cannot_keep_what_is_compiled_does_without(
    models: Path, real_encoder: Encoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compile_model = openvino.Core.compile_model

    def compile_unkept(core: Any, model: str, device: str, options: dict[str, str]) -> Any:
        if "CACHE_DIR" in options:
            raise RuntimeError("Exception from src/core.cpp:1:\nthe folder is gone\n")
        return compile_model(core, model, device, options)

    monkeypatch.setattr(openvino.Core, "compile_model", compile_unkept)
    encoder = Encoder(converted=models)
    np.testing.assert_array_equal(encoder.encode(TEXTS), real_encoder.encode(TEXTS))
    assert encoder.runtime == "openvino-int8"
    assert encoder.runtime_note is None
    (folder,) = models.glob(f"*/{COMPILED}")
    assert caplog.records[0].message == (
        f"the encoder is compiled at each start, since {folder} cannot keep it: Exception from src/core.cpp:1: "
        "the folder is gone"
    )


def test_a_full_disk_stops_a_conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion.shutil, "disk_usage", lambda _: SimpleNamespace(free=50 * 2**20))
    with pytest.raises(StorageFailed, match="the disk has 50 MiB free, and the converted encoder needs"):
        _ = Encoder(converted=tmp_path).runtime
