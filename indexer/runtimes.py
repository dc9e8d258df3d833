"""What runs a sentence encoder's weights: OpenVINO in eight-bit integers, or torch, the reference."""

from __future__ import annotations

import hashlib
import io
import logging
import tempfile
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from filelock import FileLock
from numpy.typing import NDArray

from indexer.errors import ModelUnavailable
from indexer.model_files import ModelFiles

Tokens = NDArray[np.int64]
Vectors = NDArray[np.float32]

CONVERSION_VERSION = "1"
"""Changes with how the module is converted, so that a kept one is made anew."""
CALIBRATION_TEXTS = 100
"""Of the starter catalogue, by which the ranges of activations are found."""

logger = logging.getLogger(__name__)


class Runtime(Protocol):
    """Runs a batch of token ids. Thread-safe."""

    name: str
    """Vectors of two names differ a little."""
    n_streams: int
    """How many batches are best run at once."""

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector, float32 (n, length, dim), of ids (n, length); padding has a mask of 0."""
        ...


def open_runtime(model: ModelFiles, cache: Path) -> Runtime:
    """Gives OpenVINO's runtime, with the converted module kept in the folder `cache`; torch's where that fails."""
    try:
        return OpenVinoRuntime(model, cache)
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning("the encoder runs on torch, several times slower, since OpenVINO fails: %s", _first_line(error))
        return TorchRuntime(model)


class TorchRuntime:
    """sentence-transformers on torch, in 32-bit floats."""

    name = "torch"
    n_streams = 1  # torch uses every core for one batch

    def __init__(self, model: ModelFiles) -> None:
        self._module = _load_module(model)

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector; see `Runtime`."""
        import torch

        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            vectors: Vectors = self._module.forward(inputs)["token_embeddings"].float().numpy()
            return vectors


class OpenVinoRuntime:
    """OpenVINO on the processor, weights and activations of matrix products in eight-bit integers."""

    name = "openvino-int8"

    def __init__(self, model: ModelFiles, cache: Path) -> None:
        import openvino

        self._core = openvino.Core()
        self._path = _converted(model, cache)
        self.n_streams = int(self._for_many.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests = threading.local()

    @cached_property
    def _for_one(self) -> Any:
        """All cores for one text: a short query takes two thirds of the time it takes on one."""
        return self._compile("LATENCY")

    @cached_property
    def _for_many(self) -> Any:
        """A core for each batch."""
        return self._compile("THROUGHPUT")

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector; see `Runtime`."""
        name = "one" if len(ids) == 1 else "many"
        if not hasattr(self._requests, name):
            compiled = self._for_one if name == "one" else self._for_many
            setattr(self._requests, name, compiled.create_infer_request())
        vectors: Vectors = getattr(self._requests, name).infer([ids, mask], share_inputs=True)[0]
        return vectors

    def _compile(self, hint: str) -> Any:
        # Where the processor has AMX, OpenVINO would compute the rest in bfloat16: a third faster, and wrong for inputs
        # of just 32 tokens (a cosine of .81 to the reference).
        options = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32"}
        return self._core.compile_model(str(self._path), "CPU", options)


def _load_module(model: ModelFiles) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(model.folder), device="cpu").eval()
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"the model {model.name!r} cannot be loaded: {_first_line(error)}") from error


def _converted(model: ModelFiles, cache: Path) -> Path:
    """Gives the file of the module in OpenVINO's form: made once for these weights and versions, then kept."""
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
                # In a process of its own, which gives back the gigabyte and a half that torch and the converters take.
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    process.submit(_convert, model.name, made).result()
                made.rename(folder)
    return path


def _convert(model_name: str, folder: Path) -> None:
    """Writes the torch module as OpenVINO's, quantised by texts of the starter catalogue."""
    model = ModelFiles(model_name)
    with _quietly():
        import nncf
        import openvino
        import torch

        class TokenVectors(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.module = _load_module(model)

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


def _calibration_inputs(model: ModelFiles) -> Iterator[list[Tokens]]:
    for text in _calibration_texts():
        first, last = model.frame
        ids = [*first, *model.tokenizer.encode(text, add_special_tokens=False).ids[: model.max_tokens], *last]
        yield [np.array([ids]), np.ones((1, len(ids)), dtype=np.int64)]


def _calibration_texts() -> Iterator[str]:
    lines = (files("indexer") / "starter.jsonl").read_bytes().splitlines()
    for line in lines[:: len(lines) // CALIBRATION_TEXTS][:CALIBRATION_TEXTS]:
        work = orjson.loads(line)
        yield f"{work['title']}. {work['description']}"


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps to themselves what the converters print, log and warn of, which only they understand."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from transformers.utils import logging as transformers_logging

        transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.getLogger("nncf").setLevel(logging.ERROR)
        yield


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
