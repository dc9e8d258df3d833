"""The tagger: the labels of words, the file that it is read from, and what happens if it does not fit."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeEncoder
from safetensors import safe_open
from safetensors.numpy import save_file

from indexer.encoder.encoder import Encoder
from indexer.encoder.token_networks import WINDOW_TOKENS
from search_api.errors import ReaderInvalid
from search_api.settings import SearchSettings
from search_api.understanding.tagger import Tagger, load_tagger, open_tagger, save_tagger
from search_api.understanding.token_labels import LABELS, TokenLabels


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    """The tagger that ships."""
    return load_tagger()


def words(text: str, labels: TokenLabels) -> dict[str, str]:
    """Return the most probable label of each word."""
    best = labels.shares.argmax(axis=1)
    return {text[start:end]: LABELS[label] for (start, end), label in zip(labels.spans, best, strict=True)}


@pytest.mark.parametrize(
    ("text", "label", "labelled"),
    [
        ("I want something funny", "wish", ["funny"]),
        ("a film without violence", "dislike", ["violence"]),
        ("i hate musicals", "dislike", ["musicals"]),
        ("something like Nosferatu", "like", ["Nosferatu"]),
        ("I loved Moby-Dick", "like", ["Moby", "Dick"]),
        ("I hated Persuasion", "unlike", ["Persuasion"]),
        ("I've already seen Metropolis", "seen", ["Metropolis"]),
        ("thanks in advance, cheers", "other", ["thanks", "in", "advance", "cheers"]),
    ],
)
def test_words_that_a_person_uses_to_ask(
    text: str, label: str, labelled: list[str], tagger: Tagger, real_encoder: Encoder
) -> None:
    read = words(text, tagger.label(text, real_encoder))
    assert {word: read[word] for word in labelled} == dict.fromkeys(labelled, label)


@pytest.mark.parametrize("text", ["", " .,! ", "don't", "naïve été", "\u200b", "日本 映画", "a" * 500, "x\ny"])
def test_each_word_has_shares_that_sum_to_one(text: str, tagger: Tagger, real_encoder: Encoder) -> None:
    labels = tagger.label(text, real_encoder)
    assert labels.shares.shape == (len(labels.spans), len(LABELS))
    assert labels.shares.dtype == np.float32
    np.testing.assert_allclose(labels.shares.sum(axis=1), 1, atol=1e-5)


def test_an_apostrophe_belongs_to_its_word(tagger: Tagger, real_encoder: Encoder) -> None:
    assert tagger.label("I don't mind", real_encoder).spans == [(0, 1), (2, 7), (8, 12)]


def test_a_long_text_is_read_to_its_end(tagger: Tagger, real_encoder: Encoder) -> None:
    text = "We went to the sea for a week and it rained. " * 60 + "I want a film without violence."
    assert len(text.split()) > 2 * WINDOW_TOKENS
    assert words(text, tagger.label(text, real_encoder))["violence"] == "dislike"


def test_threads_get_the_labels_that_one_thread_gets(tagger: Tagger, real_encoder: Encoder) -> None:
    texts = [f"I want {n} funny films, nothing sad" for n in range(40)]
    alone = [tagger.label(text, real_encoder).shares for text in texts]
    fresh = load_tagger()
    with ThreadPoolExecutor(8) as threads:
        at_once = list(threads.map(lambda text: fresh.label(text, real_encoder).shares, texts))
    for one, other in zip(alone, at_once, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_openvino_computes_the_documented_formula(tagger: Tagger, real_encoder: Encoder) -> None:
    class Layers:
        layers = tagger.network.layers

        def build(self, vectors: Any, mask: Any) -> Any:
            from openvino import opset13 as ops

            return ops.multiply(ops.concat([vectors[layer] for layer in self.layers], -1), mask)

        def compute(self, vectors: Any, mask: Any) -> Any:
            raise NotImplementedError

    ids = np.array([[101, 1045, 2293, 6057, 3152, 102, 0, 0]])
    mask = (ids > 0).astype(np.int64)
    columns = real_encoder.open_network(Layers()).run(ids, mask)
    vectors = dict(zip(Layers.layers, np.split(columns, len(Layers.layers), axis=-1), strict=True))
    computed = tagger.network.compute(vectors, mask[..., None].astype(np.float32))
    in_graph = real_encoder.open_network(tagger.network).run(ids, mask)
    np.testing.assert_allclose(in_graph[mask == 1], computed[mask == 1], atol=1e-4)


def test_torch_labels_words_as_openvino_does(tagger: Tagger, real_encoder: Encoder) -> None:
    text = "I want something funny, nothing with violence. I loved Dracula."
    assert words(text, tagger.label(text, Encoder())) == words(text, tagger.label(text, real_encoder))


def test_a_tagger_of_another_encoder_is_not_used() -> None:
    assert open_tagger(SearchSettings(), FakeEncoder()) is None  # type: ignore[arg-type]


def test_a_tagger_that_fits_is_used(real_encoder: Encoder) -> None:
    label = open_tagger(SearchSettings(), real_encoder)
    assert label is not None
    assert words("something funny", label("something funny"))["funny"] == "wish"


@pytest.mark.parametrize(
    ("start", "end", "wish"),
    [(0, 4, 0.2), (0, 9, 0.4), (3, 6, 0.4), (5, 5, 0.0), (4, 5, 0.0), (5, 99, 0.7), (20, 30, 0.0)],
)
def test_a_stretch_has_the_mean_of_the_words_that_it_touches(start: int, end: int, wish: float) -> None:
    shares = np.zeros((3, len(LABELS)), dtype=np.float32)
    shares[:, LABELS.index("wish")] = 0.2, 0.6, 0.8
    shares[:, LABELS.index("other")] = 0.8, 0.4, 0.2
    labels = TokenLabels([(0, 4), (5, 9), (10, 14)], shares)
    assert labels.share(start, end)["wish"] == pytest.approx(wish)
    assert sum(labels.share(start, end).values()) == pytest.approx(1)


# Its file


def test_a_file_is_read_as_it_was_written(tagger: Tagger, tmp_path: Path) -> None:
    save_tagger(tagger, tmp_path / "reader")
    again = load_tagger(tmp_path / "reader")
    assert (again.encoder_fingerprint, again.seed, again.figures) == (
        tagger.encoder_fingerprint, tagger.seed, tagger.figures,
    )  # fmt: skip
    for one, other in zip(tagger.network.heads, again.network.heads, strict=True):
        assert (one.layers, one.dilations) == (other.layers, other.dilations)
        np.testing.assert_array_equal(one.project[0], other.project[0])


def rewrite(path: Path, tagger: Tagger, metadata: dict[str, Any], **arrays: np.ndarray) -> Path:
    """Write a tagger's file with parts of its metadata and some of its arrays replaced."""
    save_tagger(tagger, path)
    with safe_open(path, framework="numpy") as opened:
        own = json.loads(opened.metadata()["evoke"]) | metadata
        kept = {name: opened.get_tensor(name) for name in opened.keys()} | arrays  # noqa: SIM118
    save_file(kept, path, metadata={"evoke": json.dumps(own)})
    return path


@pytest.mark.parametrize(
    ("metadata", "arrays", "problem"),
    [
        ({"format": "0"}, {}, "has format 0, this version reads 1; train it again with `evoke train-reader`"),
        ({"labels": ["wish"]}, {}, "has other labels than other, wish, dislike, like, unlike, seen; train it again"),
        ({"heads": []}, {}, "is not a file of `evoke train-reader`: has no head"),
        ({"encoder_fingerprint": 7}, {}, "is not a file of `evoke train-reader`: encoder_fingerprint is not text"),
        ({}, {"0.output.bias": np.array([np.nan], np.float16)}, "0.output.bias has a number that is not finite"),
        ({}, {"0.output.weight": np.ones((2, 3), np.float16)}, r"0.output has the shape \(2, 3\)"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(
    metadata: dict[str, Any], arrays: dict[str, np.ndarray], problem: str, tagger: Tagger, tmp_path: Path
) -> None:
    path = rewrite(tmp_path / "reader", tagger, metadata, **arrays)
    with pytest.raises(ReaderInvalid, match=problem) as raised:
        load_tagger(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_of_another_kind_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "reader").write_bytes(content)
    with pytest.raises(ReaderInvalid, match="is not a file of `evoke train-reader`"):
        load_tagger(tmp_path / "reader")


def test_an_absent_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReaderInvalid, match="cannot be read: No such file"):
        load_tagger(tmp_path / "absent")
