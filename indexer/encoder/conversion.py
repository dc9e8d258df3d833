"""The torch module of a sentence encoder, and what OpenVINO makes of it: converted once, quantised, and kept."""

from __future__ import annotations

import hashlib
import logging
import os
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

from indexer.encoder.model_files import ModelFiles, first_line
from indexer.errors import ModelUnavailable
from indexer.imports import without

CONVERSION_VERSION = "1"
"""Changes with how the module is converted, so that a kept one is made anew."""
TELEMETRY = "openvino_telemetry"
"""With this module OpenVINO and NNCF tell a server of theirs of each import and conversion; without, nobody."""
CALIBRATION_TEXTS = 100
"""Of the starter catalogue, by which the ranges of activations are found. Of 300, the vectors of 600 books have a mean
cosine of .9968 to torch's, of 100 one of .9960, in half the time."""

logger = logging.getLogger(__name__)


def load_module(model: ModelFiles) -> Any:
    """Gives the module on torch, in 32-bit floats.

    Raises:
        ModelUnavailable: it cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(model.folder), device="cpu").eval()
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"the model {model.name!r} cannot be loaded: {first_line(error)}") from error


def converted_model(model: ModelFiles, cache: Path) -> Path:
    """Gives the file of the module in OpenVINO's form, made once for these weights and versions and kept in `cache`.

    Raises:
        ImportError, OSError, RuntimeError: it cannot be made.
    """
    recipe = [CONVERSION_VERSION, model.digests, version("openvino"), version("nncf")]
    folder = cache / f"openvino-{hashlib.sha256(orjson.dumps(recipe)).hexdigest()[:16]}"
    path = folder / "model.xml"
    if path.is_file():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "converting.lock"):
        if not path.is_file():
            logger.warning("the encoder is made ready for this machine, once: half a minute")
            with tempfile.TemporaryDirectory(dir=cache) as unfinished:
                made = Path(unfinished) / "made"
                _convert_apart(model.name, made)
                made.rename(folder)
    return path


def _convert_apart(model_name: str, folder: Path) -> None:
    """Converts in a process of its own, which gives back the gigabyte and a half that torch and the converters take."""
    command = [sys.executable, "-m", "indexer.encoder.conversion", model_name, str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise RuntimeError(f"the model cannot be converted: {told[-1] if told else f'exit code {done.returncode}'}")


def _convert(model_name: str, folder: Path) -> None:
    """Writes the torch module as OpenVINO's, quantised by texts of the starter catalogue."""
    import nncf
    import openvino
    import torch

    model = ModelFiles(model_name)

    class TokenVectors(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = load_module(model)

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
    openvino.save_model(quantised, str(folder / "model.xml"))


def _calibration_inputs(model: ModelFiles) -> Iterator[list[NDArray[np.int64]]]:
    for text in _calibration_texts():
        first, last = model.frame
        ids = [*first, *model.tokenizer.encode(text, add_special_tokens=False).ids[: model.max_tokens], *last]
        yield [np.array([ids]), np.ones((1, len(ids)), dtype=np.int64)]


def _calibration_texts() -> Iterator[str]:
    lines = (files("indexer") / "starter.jsonl").read_bytes().splitlines()
    for line in lines[:: len(lines) // CALIBRATION_TEXTS][:CALIBRATION_TEXTS]:
        work = orjson.loads(line)
        yield f"{work['title']}. {work['description']}"


if __name__ == "__main__":
    with without(TELEMETRY):
        _convert(sys.argv[1], Path(sys.argv[2]))
