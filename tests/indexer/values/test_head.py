"""The value head's file: one whose parts do not fit together is refused when it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import ValueHeadInvalid
from indexer.values.head import ValueHead, load_value_head, save_value_head


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
    ],
    ids=["labels", "no network", "fingerprint", "terms", "broadcast", "not finite", "network"],
)
def test_a_head_that_would_fail_at_its_first_use_is_refused(
    damage: Callable[[ValueHead], ValueHead], problem: str, tmp_path: Path
) -> None:
    save_value_head(damage(load_value_head()), tmp_path / "head.safetensors")
    with pytest.raises(ValueHeadInvalid, match=problem):
        load_value_head(tmp_path / "head.safetensors")
