"""The JSON of an answer: the same bytes over HTTP and from `evoke search --json`."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json


def answer_to_json(answer: Any) -> bytes:
    """Return an answer as UTF-8 JSON; fields without a value are left out."""
    # pydantic's core writes it in one pass; a response model in FastAPI would validate the answer a second time.
    return to_json(answer, exclude_none=True)
