"""The query vector of a recommendation by average."""

from collections import defaultdict
from typing import Any

import numpy as np
import qdrant_edge as edge

from indexer.engine.errors import BadRequest


def average_vector(positives: list[Any], negatives: list[Any]) -> Any:
    """Return the mean p of the positive examples, moved away from the mean n of the negative ones: p + (p - n).

    Multivectors have no mean: the rows of all examples are joined, those of negative examples with the sign changed.
    """
    if not positives:
        raise BadRequest("A recommendation by average needs a positive example")
    examples = [*positives, *negatives]
    if all(isinstance(vector, edge.SparseVector) for vector in examples):
        return _average_sparse(positives, negatives)
    if any(isinstance(vector, edge.SparseVector) for vector in examples):
        raise BadRequest("Examples are both sparse and dense")
    if isinstance(positives[0][0], list):
        return [row for rows in positives for row in rows] + [[-value for value in row] for r in negatives for row in r]
    if len({len(vector) for vector in examples}) > 1:
        raise BadRequest("Examples differ in dimension")
    mean = np.mean(positives, axis=0)
    return (2 * mean - np.mean(negatives, axis=0) if negatives else mean).tolist()


def _average_sparse(positives: list[edge.SparseVector], negatives: list[edge.SparseVector]) -> edge.SparseVector:
    weights: dict[int, float] = defaultdict(float)
    for vectors, factor in ((positives, 2.0 if negatives else 1.0), (negatives, -1.0)):
        for vector in vectors:
            for index, value in zip(vector.indices, vector.values, strict=True):
                weights[index] += factor * value / len(vectors)
    return edge.SparseVector(list(weights), list(weights.values()))
