"""Embed texts as unit vectors. One forward pass yields the vector of a text and those of its sentences."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from indexer.encoder.model_files import ModelFiles
from indexer.encoder.runtimes import OpenVinoRuntime, Runtime, TorchRuntime, open_runtime
from indexer.encoder.token_networks import NetworkRuntime, TokenNetwork
from indexer.records import Span
from indexer.settings import DEFAULT_MODEL, StorageSettings

Vectors = NDArray[np.float32]

POOLING_VERSION = "1"
"""Raise it when the pooling of token vectors changes: stored vectors are then computed again."""

LOWER_LAYERS = 3
"""The layers that the reader of requests reads end here (`search_api.understanding`)."""

MOST_TOKENS = 4_096
"""Tokens of a document that are read, about 18,000 characters; the longest of 28,963 descriptions has 1,500. Without a
bound, a description of 20,000 signs takes as long as 150 others."""

BATCH_TOKENS = 1_024
"""Tokens of one forward pass, padding included."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A text's vector, float32 (dim,), and those of its sentences, float32 (n_sentences, dim); all of unit length."""

    vector: Vectors
    sentence_vectors: Vectors


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A part of a text that the model reads in one input.

    Attributes:
        text: The position of its text among the texts.
        ids: The ids of its tokens, special tokens included.
        first_sentence: The position in the text of the first sentence that has tokens here.
        sentences: The span of this and each further sentence in `ids`: its first token and the one after its last.
    """

    text: int
    ids: Sequence[int]
    first_sentence: int
    sentences: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of token vectors: over a chunk, float32 (dim,), and over each sentence, float32 (n_sentences, dim)."""

    text: Vectors
    sentences: Vectors


def open_encoder(settings: StorageSettings, *, n_threads: int | None = None) -> Encoder:
    """Return the encoder that the settings name; no file is read yet. `n_threads` is as for `Encoder`."""
    converted = settings.home / "models" if settings.runtime == "openvino" else None
    return Encoder(settings.model, converted, settings.encoder_adaptation, settings.converted_models, n_threads)


def expected_runtime(settings: StorageSettings) -> str:
    """Return the name of the runtime that the settings ask for; the encoder runs on another one if that fails."""
    return OpenVinoRuntime.name if settings.runtime == "openvino" else TorchRuntime.name


class Encoder:
    """A sentence-transformers model that pools by the mean. Thread-safe; the weights are loaded at first use.

    Args:
        model: A folder, the name of the packaged model, or a name known to the model hub.
        converted: The folder that keeps models converted for OpenVINO; None runs the model on torch, the reference.
        adaptation: The file of an adaptation of the weights, or "off"; None is the packaged adaptation for the packaged
            model, and no adaptation for another.
        shipped: A folder of converted models that is looked at before `converted`, and only read.
        n_threads: Threads that embed batches; None: as many as there are cores. It changes no vector.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        converted: Path | None = None,
        adaptation: Path | Literal["off"] | None = None,
        shipped: Path | None = None,
        n_threads: int | None = None,
    ) -> None:
        self.model = model
        self.files = ModelFiles(model, converted, adaptation, shipped)
        self._converted = converted
        self._n_threads = n_threads

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 over weights, adaptation, configuration, tokenizer and pooling; vectors of two never mix.

        `ModelFiles.digests` lists the files that count.
        """
        adaptation = self.files.adaptation
        return self._hash(*self.files.digests, *([adaptation.digest] if adaptation else []))

    @cached_property
    def lower_fingerprint(self) -> str:
        """The fingerprint of the first `LOWER_LAYERS` layers; an adaptation that leaves them alone does not count.

        It is the model's own fingerprint without an adaptation: what reads these layers fits with and without.
        """
        adaptation = self.files.adaptation
        if adaptation is None or adaptation.first_layer < LOWER_LAYERS:
            return self.fingerprint
        return self._hash(*self.files.digests)

    @staticmethod
    def _hash(*digests: str) -> str:
        return hashlib.sha256(":".join([POOLING_VERSION, *digests]).encode()).hexdigest()

    @cached_property
    def runtime(self) -> str:
        """The name of the runtime. Vectors of two runtimes differ a little, but can be compared with each other."""
        return self._runtime.name

    @property
    def runtime_note(self) -> str | None:
        """Why the encoder runs on torch although OpenVINO was asked for; None where it does not, or is not loaded."""
        runtime: Runtime | None = vars(self).get("_runtime")
        return runtime.note if runtime else None

    @cached_property
    def _runtime(self) -> Runtime:
        return (
            open_runtime(self.files, self._converted, self._n_threads) if self._converted else TorchRuntime(self.files)
        )

    def open_network(self, network: TokenNetwork, *, keep: bool = True) -> NetworkRuntime:
        """Return the encoder's layers with a network on them; `TokenReader` runs it on texts.

        Args:
            network: The network.
            keep: Keep the compiled graph, 19 MB, beside the converted model: it is then opened in 0.2 s of processor
                time instead of 0.4 s, and takes 36 MB of memory of its own instead of 88 MB.

        Raises:
            ModelUnavailable: The encoder cannot be loaded, or lacks a layer that the network reads.
        """
        return self._runtime.open_network(network, keep=keep)

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.files.dimension

    def warm(self) -> Encoder:
        """Load the weights now, so that the first text does not wait for them. Return the encoder."""
        self.encode(["warm"])
        return self

    @property
    def max_tokens(self) -> int:
        """How many tokens the model reads at once."""
        return self.files.max_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector for each text, float32 (len(texts), dim), with rows of unit length.

        It is for queries and phrases: what does not fit into one input of the model is not read.
        """
        empty: Vectors = np.zeros((0, self.dimension), dtype=np.float32)
        embeddings = self.embed([(text, ()) for text in texts], most_tokens=self.max_tokens)
        return np.stack([each.vector for each in embeddings]) if texts else empty

    def embed(self, texts: Sequence[tuple[str, Sequence[Span]]], *, most_tokens: int = MOST_TOKENS) -> list[Embedding]:
        """Return the vectors of texts and of their sentences, in the order of the texts.

        A text longer than the model's input is split at sentence ends. Its vector is the mean of its tokens' vectors
        over all chunks, just as for a short text. A sentence's vector is the mean over its own tokens, which the model
        has read together with the sentences around them ("late chunking", Günther et al. 2024, arXiv:2409.04701), so it
        needs no forward pass of its own.

        Args:
            texts: Each text with its sentences as spans of characters, in order.
            most_tokens: Tokens of a text that are read. The vector of a sentence after them is zero.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        rows = [np.zeros((len(sentences), self.dimension), dtype=np.float32) for _, sentences in texts]
        # Sorted by length, so that little is padded.
        chunks = sorted(self._split(texts, most_tokens), key=lambda chunk: -len(chunk.ids))
        for chunk, sums in zip(chunks, self._run(list(batched_by_length(chunks))), strict=True):
            vectors[chunk.text] += sums.text
            first = chunk.first_sentence
            rows[chunk.text][first : first + len(chunk.sentences)] += sums.sentences
        return [Embedding(vector, of_text) for vector, of_text in zip(_unit(vectors), map(_unit, rows), strict=True)]

    def _split(self, texts: Sequence[tuple[str, Sequence[Span]]], most_tokens: int) -> Iterator[_Chunk]:
        tokenised = self.files.tokenizer.encode_batch([text for text, _ in texts], add_special_tokens=False)
        before, after = self.files.special_tokens
        for position, ((_, sentences), tokens) in enumerate(zip(texts, tokenised, strict=True)):
            if not sentences and min(len(tokens.ids), most_tokens) <= self.files.max_tokens:  # a query: .1 ms is saved
                yield _Chunk(position, [*before, *tokens.ids[:most_tokens], *after], 0, ())
                continue
            offsets = tokens.offsets[:most_tokens]
            starts, ends = [start for start, _ in offsets], [end for _, end in offsets]
            firsts = np.searchsorted(starts, [span.start for span in sentences])
            lasts = np.searchsorted(starts, [span.end for span in sentences])
            cuts = cut_at_sentences(ends, [span.end for span in sentences], self.files.max_tokens)
            for first, last in pairwise(cuts):
                # A text of very many short sentences would need all of their vectors for each of its chunks.
                within = slice(np.searchsorted(lasts, first, side="right"), np.searchsorted(firsts, last))
                spans = np.clip(np.stack([firsts[within], lasts[within]], axis=1), first, last) - first + len(before)
                ids = [*before, *tokens.ids[first:last], *after]
                yield _Chunk(position, ids, int(within.start), spans.tolist())

    def _run(self, batches: Sequence[Sequence[_Chunk]]) -> Iterator[_Sums]:
        """Yield each chunk's sums, in order."""
        n_streams = self._runtime.n_streams if len(batches) > 1 else 1
        if n_streams == 1:
            for batch in batches:
                yield from self._run_batch(batch)
            return
        with ThreadPoolExecutor(n_streams, "encoding") as streams:
            for sums in streams.map(self._run_batch, batches):
                yield from sums

    def _run_batch(self, batch: Sequence[_Chunk]) -> list[_Sums]:
        longest = max(len(chunk.ids) for chunk in batch)
        width = -(-longest // self._runtime.padded_to) * self._runtime.padded_to
        ids = np.full((len(batch), width), self.files.padding_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, chunk in enumerate(batch):
            ids[row, : len(chunk.ids)] = chunk.ids
            mask[row, : len(chunk.ids)] = 1
        tokens = self._runtime.run(ids, mask)
        return [_sum_tokens(tokens[row, : len(chunk.ids)], chunk.sentences) for row, chunk in enumerate(batch)]


def batched_by_length(chunks: Sequence[_Chunk]) -> Iterator[Sequence[_Chunk]]:
    """Yield chunks, which come longest first, in batches of about BATCH_TOKENS tokens each."""
    start = 0
    while start < len(chunks):
        size = max(1, BATCH_TOKENS // len(chunks[start].ids))
        yield chunks[start : start + size]
        start += size


def cut_at_sentences(token_ends: Sequence[int], sentence_ends: Sequence[int], max_tokens: int) -> list[int]:
    """Return the positions of the tokens before which a text is cut, so that no chunk is longer than `max_tokens`.

    The first and the last cut are the start and the end of the text. A cut falls on a sentence end if the chunk has
    one.

    Args:
        token_ends: The character at which each token ends, rising.
        sentence_ends: The character at which each sentence ends, rising.
        max_tokens: The most tokens that the model reads at once.
    """
    boundaries = np.searchsorted(token_ends, sentence_ends, side="right").tolist()
    cuts = [0]
    while len(token_ends) - cuts[-1] > max_tokens:
        start, stop = cuts[-1], cuts[-1] + max_tokens
        last = bisect_right(boundaries, stop) - 1
        cuts.append(boundaries[last] if last >= 0 and boundaries[last] > start else stop)
    return [*cuts, len(token_ends)]


def _sum_tokens(tokens: Vectors, sentences: Sequence[tuple[int, int]]) -> _Sums:
    rows = np.zeros((len(sentences), tokens.shape[1]), dtype=np.float32)
    for row, (first, last) in enumerate(sentences):
        rows[row] = tokens[first:last].sum(axis=0)
    return _Sums(tokens.sum(axis=0), rows)


def _unit(vectors: Vectors) -> Vectors:
    """Scale rows to length 1; a row of zeros stays as it is."""
    lengths: Vectors = np.linalg.norm(vectors, axis=-1, keepdims=True)
    lengths[lengths == 0] = 1
    scaled: Vectors = vectors / lengths
    return scaled
