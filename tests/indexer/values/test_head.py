"""The value head's file: one whose parts do not fit together is refused when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from indexer.errors import ValueHeadInvalid
from indexer.values.head import Layer, ValueHead, load_value_head, save_value_head

ROOT = Path(__file__).parents[3]


def deepen(head: ValueHead, depth: int, width: int | None = None) -> ValueHead:
    """Return a head whose networks have hidden layers of random weights behind the first."""
    draw = np.random.default_rng(depth)
    n = len(head.networks[0].hidden_bias)

    def layer() -> Layer:
        return Layer(
            draw.standard_normal((width or n, n)).astype(np.float32),
            draw.standard_normal(width or n).astype(np.float32),
        )

    return replace(
        head, networks=tuple(replace(each, deeper=tuple(layer() for _ in range(depth - 1))) for each in head.networks)
    )


def test_the_depth_is_in_the_file_and_each_layer_counts(tmp_path: Path) -> None:
    shallow = load_value_head()
    assert shallow.depth == 1
    save_value_head(deepen(shallow, 3), tmp_path / "deep.safetensors")
    deep = load_value_head(tmp_path / "deep.safetensors")
    assert deep.depth == 3
    with safe_open(tmp_path / "deep.safetensors", framework="numpy") as opened:
        metadata = json.loads(opened.metadata()["evoke"])
    assert (metadata["format"], metadata["depth"]) == ("4", 3)
    vectors = np.random.default_rng(1).standard_normal((2, shallow.networks[0].hidden.shape[1])).astype(np.float32)
    (network, *_) = deep.networks
    hidden = vectors @ network.hidden.T + network.hidden_bias
    for weight, bias in network.deeper:
        hidden = np.maximum(hidden, 0) @ weight.T + bias
    expected = np.maximum(hidden, 0) @ network.output.T + network.output_bias
    np.testing.assert_allclose(network.logits(vectors), expected, rtol=1e-5)
    assert not np.allclose(network.logits(vectors), shallow.networks[0].logits(vectors))
    assert deep.fingerprint != shallow.fingerprint


def test_a_head_of_one_layer_is_written_as_ever(tmp_path: Path) -> None:
    save_value_head(load_value_head(), tmp_path / "head.safetensors")
    assert (tmp_path / "head.safetensors").read_bytes() == (ROOT / "indexer/values/values.safetensors").read_bytes()


def _with_bias(head: ValueHead, bias: object) -> ValueHead:
    return replace(head, query_classifier=replace(head.query_classifier, bias=np.array(bias, np.float32)))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda head: replace(head, trained_on=head.trained_on[1:]), "its lists differ in length"),
        (lambda head: replace(head, networks=()), "its lists differ in length"),
        (lambda head: replace(head, encoder_fingerprint=5), "encoder_fingerprint and analyser_version are not"),
        (lambda head: replace(head, terms=replace(head.terms, idf=head.terms.idf[1:])), "terms.idf has the shape"),
        (lambda head: _with_bias(head, [0.0]), "query_classifier.bias has the shape"),
        (
            lambda head: _with_bias(head, np.full(len(head.query_classifier.dimensions), np.nan)),
            "query_classifier.bias has a number that is not finite",
        ),
        (
            lambda head: replace(head, networks=(replace(head.networks[0], output=head.networks[0].output[:1]),)),
            "network0.output has the shape",
        ),
        (lambda head: deepen(head, 2, width=7), "network0.deeper0.weight has the shape"),
    ],
    ids=["labels", "no network", "fingerprint", "terms", "broadcast", "not finite", "network", "deeper"],
)
def test_a_head_that_would_fail_at_its_first_use_is_refused(
    damage: Callable[[ValueHead], ValueHead], problem: str, tmp_path: Path
) -> None:
    save_value_head(damage(load_value_head()), tmp_path / "head.safetensors")
    with pytest.raises(ValueHeadInvalid, match=problem):
        load_value_head(tmp_path / "head.safetensors")
