"""Read JSON as programs write it: with NaN, and with numbers that are too large for 64 bits."""

from __future__ import annotations

import json
from typing import Any

import orjson


def read_json(text: str | bytes) -> Any:
    """Return a document. One number costs no other: 1e999 is infinite, and NaN is read, as Python writes it.

    Raises:
        orjson.JSONDecodeError: The text is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
        raise
