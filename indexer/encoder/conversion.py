"""Convert a sentence encoder from torch to OpenVINO in eight-bit integers, once, and keep the result."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from filelock import FileLock
from numpy.typing import NDArray

from crawler.extras import missing_library
from crawler.folders import make_private_folder
from indexer.encoder.kept_models import (
    MODEL,
    RECORD,
    ConversionRecord,
    can_load_weights,
    damage_of,
    find_converted,
    is_sound,
)
from indexer.encoder.model_files import ModelFiles, in_one_line
from indexer.errors import ModelUnavailable
from indexer.imports import hide_module
from indexer.room import check_room

CONVERSION_VERSION = "2"
"""Raise it when the conversion changes: every model is then converted again."""
TELEMETRY = "openvino_telemetry"
"""The module through which OpenVINO and NNCF report every import and conversion to their makers' server."""
CALIBRATION_TEXTS = 100
"""Texts of the starter catalogue from which the ranges of activations are estimated. The vectors of 600 books have a
mean cosine of 0.9968 to torch's with 300 texts, and of 0.9960 with 100, in half the time."""
LEAST_FREE_BYTES = 8 * 2**20
"""Bytes that stay free when a model is converted, since other processes fill the disk too."""

logger = logging.getLogger(__name__)


def load_module(model: ModelFiles) -> Any:
    """Return the sentence-transformers module on torch, in 32-bit floats, with the adaptation added to its weights.

    Raises:
        ModelUnavailable: The module cannot be loaded, or torch is not installed.
    """
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ModuleNotFoundError as error:
        raise ModelUnavailable(f"EVOKE_RUNTIME=torch {missing_library(error) or error}") from error
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        module = SentenceTransformer(str(model.folder), device="cpu").eval()
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"the model {model.name!r} cannot be loaded: {in_one_line(error)}") from error
    if model.adaptation:
        model.adaptation.merge(module[0].auto_model)
    return module


def converted_model(model: ModelFiles, cache: Path) -> Path:
    """Return the file of the model in OpenVINO's format; convert it first if there is no sound one.

    It is looked for in the folder of models that were shipped, if there is one, and in `cache`. That folder keeps the
    converted model with its configuration, its tokenizer and a record of the conversion. Without torch, a model of the
    same name and digests that was converted elsewhere is used.

    Raises:
        ImportError, OSError, RuntimeError: The conversion fails.
        ModelUnavailable: There is no converted model, and torch is not installed.
        StorageFailed: The disk has too little room for one.
    """
    adaptation = model.adaptation.digest if model.adaptation else ""
    if not can_load_weights():
        return find_converted(model.name, cache, model.digests, adaptation, model.shipped) / MODEL
    record = ConversionRecord(
        name=model.name,
        digests=model.digests,
        conversion_version=CONVERSION_VERSION,
        openvino=version("openvino"),
        nncf=version("nncf"),
        adaptation=adaptation,
    )
    if model.shipped and is_sound(model.shipped / record.folder_name):
        return model.shipped / record.folder_name / MODEL
    folder = cache / record.folder_name
    path = folder / MODEL
    if is_sound(folder):
        return path
    make_private_folder(cache)
    with FileLock(cache / "converting.lock"):
        damage = damage_of(folder)
        if not path.is_file() or damage:
            reason = f"{damage}: the encoder is converted again" if damage else "converting the encoder"
            logger.warning("%s for this machine: it takes half a minute, and happens once", reason)
            _check_room(model, cache)
            with tempfile.TemporaryDirectory(dir=cache) as unfinished:
                converted = Path(unfinished) / "converted"
                _convert_in_subprocess(model, converted)
                _describe(converted, model, record)
                shutil.rmtree(folder, ignore_errors=True)
                converted.rename(folder)
    return path


def _check_room(model: ModelFiles, cache: Path) -> None:
    """Refuse to convert a model onto a disk that is full.

    The weights in 32-bit floats take a little more than their conversion and what OpenVINO compiles of it.
    """
    needed = sum(path.stat().st_size for path in model.folder.rglob("*.safetensors")) + LEAST_FREE_BYTES
    check_room(cache, needed, "the converted encoder needs {}", "free some space and run the command again")


def _describe(folder: Path, model: ModelFiles, record: ConversionRecord) -> None:
    """Put the model's configuration and tokenizer, the record of its conversion, and a manifest beside the model."""
    from indexer.engine.manifest import write_manifest

    for path in model.folder.rglob("*.json"):
        copy = folder / path.relative_to(model.folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (folder / RECORD).write_text(record.model_dump_json(indent=2), encoding="utf-8")
    write_manifest(folder)


def _convert_in_subprocess(model: ModelFiles, folder: Path) -> None:
    """Convert in a child process, which returns the 1.5 GB of memory that torch and NNCF take when it ends.

    The child imports the same modules as this process: -P leaves the working directory out of its path, where a folder
    called `indexer` may lie.
    """
    command = [sys.executable, "-P", "-m", "indexer.encoder.conversion", model.name, str(folder)]
    command += [str(model.adaptation_setting)] if model.adaptation_setting else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise RuntimeError(f"the model cannot be converted: {lines[-1] if lines else f'exit code {done.returncode}'}")


def _convert(model: ModelFiles, folder: Path) -> None:
    """Write the torch module in OpenVINO's format, quantised with texts of the starter catalogue."""
    module = load_module(model)

    import nncf
    import openvino
    import torch

    class TokenVectors(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, ids: Any, mask: Any) -> Any:
            return self.module({"input_ids": ids, "attention_mask": mask})["token_embeddings"]

    example = torch.ones(2, 16, dtype=torch.int64)
    converted = openvino.convert_model(TokenVectors(), example_input=(example, example), input=[(-1, -1), (-1, -1)])
    quantised = nncf.quantize(
        converted,
        nncf.Dataset(list(_calibration_inputs(model))),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=CALIBRATION_TEXTS,
    )
    gather_before_scaling(quantised)
    openvino.save_model(quantised, str(folder / MODEL))


def gather_before_scaling(model: Any) -> None:
    """Let a model look up embeddings in eight bits, and scale those that it found: its vectors stay the same.

    NNCF scales each row of a table before the look-up, and OpenVINO then keeps the whole table in 32-bit floats: 47 MB
    instead of 12 MB, in each compiled model.
    """
    import openvino
    from openvino import opset13 as ops

    for gather in model.get_ordered_ops():
        if gather.get_type_name() != "Gather":
            continue
        table, ids, axis = gather.input_values()
        if table.get_node().get_type_name() != "Multiply":
            continue
        floats, scales = table.get_node().input_values()
        one_a_row = openvino.PartialShape([table.partial_shape[0], 1])
        if floats.get_node().get_type_name() == "Convert" and scales.partial_shape == one_a_row:
            rows = ops.convert(ops.gather(floats.get_node().input_value(0), ids, axis), "f32")
            gather.output(0).replace(ops.multiply(rows, ops.gather(scales, ids, axis)).output(0))


def _calibration_inputs(model: ModelFiles) -> Iterator[list[NDArray[np.int64]]]:
    for text in _calibration_texts():
        before, after = model.special_tokens
        ids = [*before, *model.tokenizer.encode(text, add_special_tokens=False).ids[: model.max_tokens], *after]
        yield [np.array([ids]), np.ones((1, len(ids)), dtype=np.int64)]


def _calibration_texts() -> Iterator[str]:
    lines = (files("indexer") / "starter.jsonl").read_bytes().splitlines()
    for line in lines[:: len(lines) // CALIBRATION_TEXTS][:CALIBRATION_TEXTS]:
        work = orjson.loads(line)
        yield f"{work['title']}. {work['description']}"


if __name__ == "__main__":
    with hide_module(TELEMETRY):
        name, target, *adaptation = sys.argv[1:]
        own = Path(adaptation[0]) if adaptation else None
        _convert(ModelFiles(name, adaptation="off" if adaptation == ["off"] else own), Path(target))
