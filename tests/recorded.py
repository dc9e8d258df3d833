"""Recorded answers of the real sources, which are beside the project on some machines and never in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[2] / "shared"
RECORDED = SHARED / "fixtures"

needs_recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"{RECORDED} is not on this machine")


def recorded_truth(folder: str) -> list[dict[str, Any]]:
    """Return the manifest's entries of a folder; none without a manifest."""
    manifest = RECORDED / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []
    return [entry for entry in entries if entry["file"].startswith(f"{folder}/")]
