"""The errors of the indexer.

IndexerError
├── TaxonomyInvalid      a values.toml that cannot be used
├── ModelUnavailable     the sentence encoder's files cannot be found or read, or are not upstream's
├── ValueHeadInvalid     a value head that cannot be read, or label files that cannot be used
├── TasteInvalid         a taste file that cannot be used, or ratings that none can be made from
├── BM25Invalid          a tuning that cannot be read, or has impossible BM25 settings
├── NothingToIndex       no line of the catalogues is a record
├── UnknownWorks         there are no works with the ids that were given
├── WorkersFailed        the workers of Ray cannot be reached, or differ from this process
├── VerificationFailed   a check of the new generation failed; the old one goes on serving
├── StorageFailed        the store or the index cannot be written: disk full, no permission
│   └── StoreDamaged         the store's file is not as SQLite wrote it
├── ExchangeRefused      there is no index to publish or pull, or no place for it
├── BackupRefused        there is nothing to back up, or a restored index would replace one
└── BackupInvalid        a file that is no backup, is cut or damaged, or was written by a newer version
"""

from __future__ import annotations


class IndexerError(Exception):
    """An error of this stage; its message is one line for a person."""


class TaxonomyInvalid(IndexerError):
    """A values.toml that cannot be used."""


class ModelUnavailable(IndexerError):
    """The sentence encoder's files cannot be found or read, or are not upstream's."""


class ValueHeadInvalid(IndexerError):
    """A value head that cannot be read, or label files that cannot be used."""


class TasteInvalid(IndexerError):
    """A taste file that cannot be used, or ratings that none can be made from."""


class BM25Invalid(IndexerError):
    """A tuning that cannot be read, or has impossible BM25 settings."""


class NothingToIndex(IndexerError):
    """No line of the catalogues is a record."""


class UnknownWorks(IndexerError):
    """There are no works with the ids that were given."""


class WorkersFailed(IndexerError):
    """The workers of Ray cannot be reached, or differ from this process."""


class VerificationFailed(IndexerError):
    """A check of the new generation failed; the old one goes on serving."""


class StorageFailed(IndexerError):
    """The store or the index cannot be written: disk full, no permission."""


class StoreDamaged(StorageFailed):
    """The store's file is not as SQLite wrote it; the message names it and says what to do."""

    def __init__(self, path: object, problem: object) -> None:
        super().__init__(
            f"{path} is damaged ({problem}): restore a backup (`evoke restore FILE --replace`), or move the file away "
            "and index the sources again"
        )


class ExchangeRefused(IndexerError):
    """There is no index to publish or pull, or no place for it."""


class BackupRefused(IndexerError):
    """There is nothing to back up, or a restored index would replace one."""


class BackupInvalid(IndexerError):
    """A file that is no backup, is cut or damaged, or was written by a newer version."""
