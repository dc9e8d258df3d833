"""What can go wrong with sources and the records read from them.

CrawlerError
├── CatalogueMissing     a file is not there or cannot be opened
├── GzipDamaged          a gzip stream is damaged or cut short; what came before it was read
├── RecordRejected       one line is not a record; the others are read
├── TableRefused         a file cannot be read as a table of works, or its columns are not known
├── SelectionRefused     a source cannot be asked for this, or a setting it needs is missing
└── CrawlStopped         a source refuses or blocks requests; the records written so far stay
"""

from __future__ import annotations

from pathlib import Path


class CrawlerError(Exception):
    """An error of this stage; its message is one line for a person."""


class CatalogueMissing(CrawlerError):
    """A file is not there or cannot be opened."""


class GzipDamaged(CrawlerError):
    """A gzip stream is damaged or cut short; what came before it was read.

    `why` is the message without the file and the line; `line` counts from 1 and is 0 if it is not known.
    """

    def __init__(self, path: Path, cause: str, line: int = 0) -> None:
        self.why = f"the gzip stream is damaged or cut short here ({cause}): fetch or compress the file again"
        self._path, self._cause, self.line = path, cause, line
        super().__init__(f"{path}{f':{line}' if line else ''}: {self.why}")

    def at_line(self, line: int) -> GzipDamaged:
        """Return this error with the number of the line that could not be read."""
        return GzipDamaged(self._path, self._cause, line)


class RecordRejected(CrawlerError):
    """One line is not a record; the message names the field and the reason."""


class TableRefused(CrawlerError):
    """A file cannot be read as a table of works, or its columns are not known; the message says what to do."""


class SelectionRefused(CrawlerError):
    """A source cannot be asked for this, or a setting it needs is missing."""


class CrawlStopped(CrawlerError):
    """A source refuses or blocks requests; the records written so far stay, and `--resume` continues."""
