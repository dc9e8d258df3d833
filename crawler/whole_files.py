"""Write files whole: a failure in the middle leaves an earlier file as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[Path]:
    """Yield the path to write to; at the end of the block what was written becomes `path`.

    Who may read it is what the process gives to new files, also where a library restricts its own (safetensors), or
    what `mode` says, from the first byte on. The target of a link is replaced, and not the link. A device or a pipe
    cannot be replaced: it is written itself.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    target = path.resolve()
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        unfinished.touch()
        if mode is None:
            mode = unfinished.stat().st_mode
        unfinished.chmod(mode)
        yield unfinished
        unfinished.chmod(mode)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
