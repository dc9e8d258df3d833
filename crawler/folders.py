"""Create folders for what is the user's own."""

from __future__ import annotations

from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Create a folder and the missing ones above it, for their owner only; existing ones keep their rights.

    Raises:
        OSError: It cannot be created, or is a file.
    """
    for each in reversed((folder, *folder.parents)):
        if not each.is_dir():
            each.mkdir(mode=0o700, exist_ok=True)
