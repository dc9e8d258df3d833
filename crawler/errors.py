"""What can go wrong with sources and the records read from them.

CrawlerError
├── CatalogueMissing     a catalogue file is not there or cannot be opened
├── RecordRejected       one line is not a record; the others go on
├── SelectionRefused     a source cannot be asked for this, or a setting it needs is missing
└── CrawlStopped         a source refuses or blocks us; what was written stays
"""

from __future__ import annotations


class CrawlerError(Exception):
    """Anything this stage refuses, in one line for a person."""


class CatalogueMissing(CrawlerError):
    """A catalogue file is not there or cannot be opened."""


class RecordRejected(CrawlerError):
    """One line is not a record: the message says which field and why."""


class SelectionRefused(CrawlerError):
    """A source cannot be asked for this, or a setting it needs is missing."""


class CrawlStopped(CrawlerError):
    """A source refuses or blocks us; what was written stays, and `--resume` goes on from there."""
