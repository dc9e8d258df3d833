"""What can go wrong while an index is made.

IndexerError
├── TaxonomyInvalid      a values.toml that cannot be used
├── ModelUnavailable     the sentence encoder's weights are not to be had, or are not what they should be
├── ValueHeadInvalid          trained weights that cannot be read, or training labels that cannot be used
├── BM25Invalid          a tuning that says of BM25 what cannot be
├── NothingToIndex       the catalogues hold no work
├── VerificationFailed   the new generation is not what was put into it; the old one goes on serving
└── StorageFailed        the store or the index cannot be written: disk full, no permission
"""

from __future__ import annotations


class IndexerError(Exception):
    """Anything this stage refuses, in one line for a person."""


class TaxonomyInvalid(IndexerError):
    """A values.toml that cannot be used."""


class ModelUnavailable(IndexerError):
    """The sentence encoder's weights are not to be had, or are not what they should be."""


class ValueHeadInvalid(IndexerError):
    """Trained weights that cannot be read, or training labels that cannot be used."""


class BM25Invalid(IndexerError):
    """A tuning that says of BM25 what cannot be."""


class NothingToIndex(IndexerError):
    """The catalogues hold no work."""


class VerificationFailed(IndexerError):
    """The new generation is not what was put into it; the old one goes on serving."""


class StorageFailed(IndexerError):
    """The store or the index cannot be written: disk full, no permission."""
