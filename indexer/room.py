"""Refuse in one line what the disk cannot hold."""

from __future__ import annotations

import shutil
from pathlib import Path

from indexer.errors import StorageFailed


def check_room(folder: Path, needed_bytes: int, needing: str, advice: str) -> None:
    """Refuse what the disk cannot hold.

    Args:
        folder: Where it is written.
        needed_bytes: The room that it needs.
        needing: What needs it, with `{}` in the place of the room.
        advice: What to do.

    Raises:
        StorageFailed: The disk has less room.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        needed = needing.format(f"{needed_bytes / 2**20:,.0f} MiB")
        raise StorageFailed(f"{folder}: the disk has {free_bytes / 2**20:,.0f} MiB free, and {needed}: {advice}")
