"""The client's models are built when they are used, and those of others as ever."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from indexer.imports import import_client
import_client()
from pydantic import BaseModel
from qdrant_client import models

class Own(BaseModel):
    filter: models.Filter

assert Own.__pydantic_complete__
assert not models.Filter.__pydantic_complete__
must = [{"key": "kind", "match": {"value": "book"}}]
assert Own(filter={"must": must}).filter == models.Filter(
    must=[models.FieldCondition(key="kind", match=models.MatchValue(value="book"))]
)
assert models.Filter.__pydantic_complete__
"""


def test_models_of_the_client_are_built_at_their_first_use() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
