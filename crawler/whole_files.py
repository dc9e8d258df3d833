"""Write files whole: a failure in the middle leaves an earlier file as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path to write to; at the end of the block what was written becomes `path`, readable by everybody.

    The target of a link is replaced, and not the link. A device or a pipe cannot be replaced: it is written itself.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    target = path.resolve()
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        yield unfinished
        unfinished.chmod(0o644)  # safetensors lets only the owner read its files
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
