"""How people describe a work they remember, as `evaluation.adapter_training.run` learnt it from such queries. Numpy.

A description says more than what happens: "I remember", "a scene", "years ago". A stem t that it has k times weighs

    q(t) = sqrt(k) * w(t)        w(t) = (idf(n_t) / idf(LEAST_DESCRIPTIONS)) ** 0.75

in the query of the `bm25` leg, with n_t of N descriptions that have t, and idf(n) = ln(1 + (N - n + 0.5) / (n + 0.5));
a stem of fewer than LEAST_DESCRIPTIONS weighs 1. And the query of the `text` leg is turned from how people tell of
works to how catalogues do, q' = unit(q + q A + b). Works and index stay as they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client.models import SparseVector

from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import term_id
from search_api.errors import QueryAdapterInvalid

Floats = NDArray[np.float32]

LEAST_DESCRIPTIONS = 20
_FORMAT = "1"


@dataclass(frozen=True)
class Adapter:
    """A and b of the module's formula, float32 (dim, dim) and (dim,), for the vectors of one encoder."""

    encoder_fingerprint: str
    matrix: Floats
    bias: Floats


@dataclass(frozen=True)
class QueryAdapter:
    """What is known of descriptions: w by the id of a stem, and the adapter."""

    term_weights: Mapping[int, float]
    adapter: Adapter

    def weigh(self, terms: Iterable[str]) -> SparseVector:
        """Gives the weights of a description's stems."""
        counts = Counter(map(term_id, terms))
        return SparseVector(
            indices=list(counts), values=[n**0.5 * self.term_weights.get(each, 1.0) for each, n in counts.items()]
        )

    def turn(self, vector: Floats, encoder_fingerprint: str) -> Floats:
        """Gives a description's embedding, float32 (dim,), turned; as it is where another encoder made it."""
        if encoder_fingerprint != self.adapter.encoder_fingerprint:
            return vector
        turned: Floats = vector + vector @ self.adapter.matrix + self.adapter.bias
        return turned / np.linalg.norm(turned)


def load_query_adapter(path: Path | None = None) -> QueryAdapter:
    """Gives what a file knows of descriptions, or the one that comes with Evoke.

    Raises:
        QueryAdapterInvalid: the file cannot be read, or is none of `evoke train-descriptions`.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(str(path if path is not None else files("search_api") / "query_adapter.safetensors"))
    try:
        source.open("rb").close()  # safetensors would say of a folder that a device is missing
        with safe_open(source, framework="numpy") as opened:
            told = json.loads(opened.metadata()["evoke"])
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
        if (told["format"], told["analyser_version"]) != (_FORMAT, ANALYSER_VERSION):
            raise QueryAdapterInvalid(f"{source}: was written by another version of Evoke: learn it again")
        bias, matrix = (arrays[name].astype(np.float32) for name in ("adapter.bias", "adapter.matrix"))
        return QueryAdapter(
            term_weights=dict(zip(arrays["term.ids"].tolist(), arrays["term.weights"].tolist(), strict=True)),
            adapter=Adapter(told["encoder_fingerprint"], matrix.reshape(len(bias), len(bias)), bias),
        )
    except OSError as error:
        raise QueryAdapterInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise QueryAdapterInvalid(f"{source}: is no file of `evoke train-descriptions`: {error}") from error


def save_query_adapter(descriptions: QueryAdapter, path: Path) -> None:
    """Writes what was learnt of descriptions, in half precision: nDCG@10 moves by less than .001."""
    from safetensors.numpy import save_file

    known = sorted(descriptions.term_weights.items())
    arrays: dict[str, NDArray[Any]] = {
        "term.ids": np.array([each for each, _ in known], dtype=np.uint32),
        "term.weights": np.array([weight for _, weight in known], dtype=np.float16),
        "adapter.matrix": descriptions.adapter.matrix.astype(np.float16),
        "adapter.bias": descriptions.adapter.bias.astype(np.float16),
    }
    told = {
        "format": _FORMAT,
        "encoder_fingerprint": descriptions.adapter.encoder_fingerprint,
        "analyser_version": ANALYSER_VERSION,
    }
    save_file(arrays, path, metadata={"evoke": json.dumps(told)})
    path.chmod(0o644)  # safetensors makes it for its owner alone
