"""Say how many people say something of a work. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LEAST_VOICES, ONE_IN = 2, 10
"""How many people at least, and one in how many of those whose reviews were read, say what a reason states. One voice
is an opinion, and two of 30 people may say anything."""

_NOUNS: Mapping[str | None, tuple[str, str]] = {"movie": ("viewer", "viewers"), "book": ("reader", "readers")}


def say_enough(count: int, of: int) -> bool:
    """Return whether enough people say something, of those whose reviews were read."""
    return count >= LEAST_VOICES and count * ONE_IN >= of


def name_voices(count: int, of: int, kind: str | None) -> str:
    """Return "14 of 30 viewers": of a book "readers", of another work "people"."""
    one, many = _NOUNS.get(kind, ("person", "people"))
    return f"{count} of {of} {one if of == 1 else many}"
