"""What can go wrong with sources and the records read from them.

CrawlerError
├── CatalogueMissing     a catalogue file is not there or cannot be opened
└── RecordRejected       one line is not a record; the others go on
"""

from __future__ import annotations


class CrawlerError(Exception):
    """Anything this stage refuses, in one line for a person."""


class CatalogueMissing(CrawlerError):
    """A catalogue file is not there or cannot be opened."""


class RecordRejected(CrawlerError):
    """One line is not a record: the message says which field and why."""
