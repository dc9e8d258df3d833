"""The file that a crawl writes: never overwritten, always whole lines, continued where an earlier run ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from crawler.catalogue import read_catalogue
from crawler.errors import SelectionRefused


def check_output(output: Path, *, resume: bool) -> None:
    """Says before anything is asked whether records can be written there.

    Raises:
        SelectionRefused: there is something that was not meant to be continued, or it cannot be written.
    """
    if output.suffix == ".gz":
        raise SelectionRefused(
            f"{output}: a crawl writes plain JSON Lines, so that it can go on; compress it afterwards"
        )
    if output.exists() and output.stat().st_size and not resume:
        raise SelectionRefused(f"{output} is there already: add --resume to go on with it, or name another file")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.open("ab").close()
    except OSError as error:
        raise SelectionRefused(f"{output} cannot be written: {error.strerror}") from error
    cut_unfinished_line(output)


def cut_unfinished_line(path: Path) -> None:
    """Cuts what a killed run may have left after the last whole line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        position = size
        while position:
            start = max(0, position - 2**20)
            file.seek(start)
            found = file.read(position - start).rfind(b"\n")
            if found >= 0:
                file.truncate(start + found + 1)
                return
            position = start
        file.truncate(0)


def written_ids(path: Path) -> Iterator[tuple[str, str]]:
    """Gives source and source id of every record in a file."""
    if path.exists():
        for told in read_catalogue(path):
            if isinstance(told, tuple):
                yield told[1].source, told[1].source_id
