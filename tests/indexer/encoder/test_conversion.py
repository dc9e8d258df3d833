"""A converted model looks embeddings up in eight bits, and gives the same vectors."""

from __future__ import annotations

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from indexer.encoder.conversion import gather_before_scaling

TABLE = np.array([[-127, 3], [90, 127], [5, -6]], dtype=np.int8)
IDS = np.array([[2, 0], [1, 2]])


def look_up(scales: list[list[float]]) -> openvino.Model:
    """Return a model that scales the rows of a table, as NNCF writes it, and then looks some up."""
    ids = ops.parameter([-1, -1], np.int64)
    floats = ops.convert(ops.constant(TABLE), "f32")
    table = ops.multiply(floats, ops.constant(np.array(scales, dtype=np.float32)))
    return openvino.Model([ops.gather(table, ids, ops.constant(0))], [ids])


def table_type(model: openvino.Model) -> str:
    """Return the type of the table in which the model looks ids up."""
    tables = [op.input_value(0) for op in model.get_ordered_ops() if op.get_type_name() == "Gather"]
    return next(table.get_element_type().to_string() for table in tables if table.partial_shape[1] == 2)


@pytest.mark.parametrize(("scales", "expected"), [([[0.5], [0.1], [1 / 3]], "i8"), ([[0.25]], "f32")])
def test_embeddings_are_scaled_after_the_look_up(scales: list[list[float]], expected: str) -> None:
    model = look_up(scales)
    gather_before_scaling(model)
    assert table_type(model) == expected
    vectors = openvino.Core().compile_model(model, "CPU")([IDS])[0]
    assert vectors.tolist() == (TABLE.astype(np.float32) * np.array(scales, dtype=np.float32))[IDS].tolist()
