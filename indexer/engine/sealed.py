"""Sealed JSON: an object with a SHA-256 of its own content, so that a damaged file is never taken for a sound one."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SEAL = "sha256"


def seal(content: Mapping[str, Any]) -> bytes:
    """Return an object as JSON with its seal."""
    return json.dumps({**content, SEAL: _digest(content)}, indent=1, sort_keys=True).encode()


def unseal(raw: bytes) -> tuple[dict[str, Any], bool]:
    """Return the object in sealed JSON, without the seal, and whether there was one: earlier versions wrote none.

    Raises:
        ValueError: It is not a JSON object, or the seal is that of another content.
    """
    content = json.loads(raw)
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    digest = content.pop(SEAL, None)
    if digest not in (None, _digest(content)):
        raise ValueError("its content does not match its SHA-256")
    return content, digest is not None


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
