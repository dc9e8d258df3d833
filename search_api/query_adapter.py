"""The query adapter: it brings people's descriptions of remembered works nearer to a catalogue's. In numpy.

`evaluation.adapter_training` trains it on such queries. A description has words that say nothing about the work: "I
remember", "a scene", "years ago". In the query of the `bm25` leg a stem t that occurs k times weighs

    q(t) = sqrt(k) * w(t)        w(t) = (idf(n_t) / idf(LEAST_DESCRIPTIONS)) ** 0.75

where n_t of N descriptions have t, and idf(n) = ln(1 + (N - n + 0.5) / (n + 0.5)). A stem of fewer than
LEAST_DESCRIPTIONS descriptions has w = 1. In the query of the `text` leg the embedding q becomes
q' = unit(q + h A + b), where h = q or, in an adapter of a greater depth, the output of hidden layers:
h_i = relu(h_(i-1) V_i + c_i) with h_0 = q. Works and index stay as they are. The encoder that ships has learnt from
descriptions itself (docs/encoder.md), so the file that ships has weights of stems and no A and b.
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

from crawler.whole_files import replacing
from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import query_weights, term_id
from indexer.encoder.encoder import Encoder
from indexer.made_with import MadeWith
from search_api.errors import QueryAdapterInvalid

Floats = NDArray[np.float32]

LEAST_DESCRIPTIONS = 20
_FORMAT = "1"
_DEEP_FORMAT = "2"
"""Of an adapter with hidden layers: a version that reads format 1 alone would leave them out."""


@dataclass(frozen=True)
class EmbeddingAdapter:
    """A and b of the module's formula, float32 (dim, dim) and (dim,), for the embeddings of one encoder.

    `hidden` has V and c of each hidden layer, of the same shapes.
    """

    encoder_fingerprint: str
    matrix: Floats
    bias: Floats
    hidden: tuple[tuple[Floats, Floats], ...] = ()

    @property
    def depth(self) -> int:
        """The number of layers; 1 is a linear map."""
        return 1 + len(self.hidden)

    def turn(self, vectors: Floats) -> Floats:
        """Return embeddings, (..., dim), as the adapter turns them, of unit length."""
        read = vectors
        for weight, bias in self.hidden:
            read = np.maximum(read @ weight + bias, 0)
        turned = vectors + read @ self.matrix + self.bias
        turned /= np.linalg.norm(turned, axis=-1, keepdims=True)
        return turned


@dataclass(frozen=True)
class QueryAdapter:
    """Term weights and an embedding adapter. A part that does not fit analyser or encoder changes nothing.

    Attributes:
        term_weights: w by the id of a stem.
        adapter: A and b; None leaves the embedding as it is.
        analyser_version: The text analyser whose stems have these weights.
    """

    term_weights: Mapping[int, float]
    adapter: EmbeddingAdapter | None
    analyser_version: str = ANALYSER_VERSION

    def weigh(self, terms: Iterable[str]) -> SparseVector:
        """Return a description's terms with their weights.

        If the weights were learnt with another analyser, the terms weigh as in any query.
        """
        if self.analyser_version != ANALYSER_VERSION:
            return query_weights(terms)
        counts = Counter(map(term_id, terms))
        return SparseVector(
            indices=list(counts), values=[n**0.5 * self.term_weights.get(each, 1.0) for each, n in counts.items()]
        )

    def adapt(self, vector: Floats, encoder: Encoder) -> Floats:
        """Return a description's adapted embedding, float32 (dim,); unchanged without A and b for this encoder."""
        if self.adapter is None or MadeWith(encoder_fingerprint=self.adapter.encoder_fingerprint).problem(encoder):
            return vector
        return self.adapter.turn(vector)


def load_query_adapter(path: Path | None = None) -> QueryAdapter:
    """Return the adapter in a file, or the packaged one.

    Raises:
        QueryAdapterInvalid: The file cannot be read, or `evoke train-descriptions` did not write it.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(str(path if path is not None else files("search_api") / "query_adapter.safetensors"))
    try:
        source.open("rb").close()  # for a folder, safetensors would report a missing device
        with safe_open(source, framework="numpy") as opened:
            metadata = json.loads(opened.metadata()["evoke"])
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
        if metadata["format"] not in (_FORMAT, _DEEP_FORMAT):
            raise QueryAdapterInvalid(
                f"{source}: has format {metadata['format']}, this version reads {_FORMAT} and {_DEEP_FORMAT}; "
                "learn it again with `evoke train-descriptions`"
            )
        has_adapter = "adapter.matrix" in arrays
        for key in ("encoder_fingerprint", "analyser_version") if has_adapter else ("analyser_version",):
            if not isinstance(metadata[key], str):
                raise TypeError(f"{key} is not text")
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has a number that is not finite")
        return QueryAdapter(
            term_weights=dict(zip(arrays["term.ids"].tolist(), arrays["term.weights"].tolist(), strict=True)),
            adapter=_to_adapter(metadata, arrays) if has_adapter else None,
            analyser_version=metadata["analyser_version"],
        )
    except OSError as error:
        raise QueryAdapterInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise QueryAdapterInvalid(f"{source}: is not a file of `evoke train-descriptions`: {error}") from error


def _to_adapter(metadata: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> EmbeddingAdapter:
    def layer(prefix: str) -> tuple[Floats, Floats]:
        matrix, bias = (arrays[f"{prefix}.{name}"].astype(np.float32) for name in ("matrix", "bias"))
        return matrix.reshape(len(bias), len(bias)), bias

    hidden = tuple(layer(f"adapter.hidden{n}") for n in range(metadata.get("depth", 1) - 1))
    if any(bias.shape != arrays["adapter.bias"].shape for _, bias in hidden):
        raise ValueError("its layers differ in width")
    return EmbeddingAdapter(metadata["encoder_fingerprint"], *layer("adapter"), hidden)


def save_query_adapter(query_adapter: QueryAdapter, path: Path) -> None:
    """Write an adapter in half precision, which moves nDCG@10 by less than .001."""
    from safetensors.numpy import save_file

    known = sorted(query_adapter.term_weights.items())
    arrays: dict[str, NDArray[Any]] = {
        "term.ids": np.array([each for each, _ in known], dtype=np.uint32),
        "term.weights": np.array([weight for _, weight in known], dtype=np.float16),
    }
    adapter = query_adapter.adapter
    if adapter:
        layers = {"adapter": (adapter.matrix, adapter.bias)}
        layers |= {f"adapter.hidden{n}": layer for n, layer in enumerate(adapter.hidden)}
        for name, (matrix, bias) in layers.items():
            arrays |= {f"{name}.matrix": matrix.astype(np.float16), f"{name}.bias": bias.astype(np.float16)}
    depth = adapter.depth if adapter else 1
    metadata = {
        "format": _FORMAT if depth == 1 else _DEEP_FORMAT,
        **({"depth": depth} if depth > 1 else {}),
        "encoder_fingerprint": adapter.encoder_fingerprint if adapter else None,
        "analyser_version": query_adapter.analyser_version,
    }
    with replacing(path) as unfinished:
        save_file(arrays, unfinished, metadata={"evoke": json.dumps(metadata)})
