"""Put names into sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """Return "a", "a and b" or "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} {conjunction} {last}" if first else last
