"""The file that a crawl writes: never overwritten, made of whole lines, continued where an earlier run ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from crawler.catalogue import read_catalogue
from crawler.errors import SelectionRefused


def check_output(output: Path, *, resume: bool) -> None:
    """Check that records can be written to a file, before the first request, and cut off an unfinished last line.

    Raises:
        SelectionRefused: The file has content and `resume` is False, it is not a file of records, or it cannot be
            written.
    """
    if output.suffix == ".gz":
        raise SelectionRefused(
            f"{output}: a crawl writes plain JSON Lines, so that it can be continued; compress the file afterwards"
        )
    if output.exists() and output.stat().st_size and not resume:
        raise SelectionRefused(f"{output} already exists: add --resume to continue it, or name another file")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("a+b") as file:
            file.seek(0)
            first = file.read(1)
    except OSError as error:
        raise SelectionRefused(f"{output} cannot be written: {error.strerror}") from error
    if first not in (b"", b"{"):  # another file would lose what follows its last line break
        raise SelectionRefused(f"{output} does not begin with a record: --resume continues the output of a crawl")
    cut_unfinished_line(output)


def cut_unfinished_line(path: Path) -> None:
    """Cut off what a killed run may have left after the last whole line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        position = size
        while position:
            start = max(0, position - 2**20)
            file.seek(start)
            line_end = file.read(position - start).rfind(b"\n")
            if line_end >= 0:
                file.truncate(start + line_end + 1)
                return
            position = start
        file.truncate(0)


def written_ids(path: Path) -> Iterator[tuple[str, str]]:
    """Yield source and source id of every record in a file."""
    if path.exists():
        for entry in read_catalogue(path):
            if isinstance(entry, tuple):
                yield entry[1].source, entry[1].source_id
