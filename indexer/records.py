"""Work, ValueLabel and IndexedWork: what the indexer makes of SourceRecords."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from crawler.records import Creator, Kind, Rating


class SourceReference(BaseModel):
    """Where a work's facts come from, with the terms they are under."""

    model_config = ConfigDict(frozen=True)

    source: str
    source_id: str
    licence: str | None = None
    attribution: str | None = None


class Work(BaseModel):
    """One film or book, whatever number of sources told of it.

    `origins` has for each field the records it comes from, `source:source_id`; it is empty when there is one record.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind | None = None
    title: str
    original_title: str | None = None
    description: str = ""
    year: int | None = None
    creators: tuple[Creator, ...] = ()
    genres: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str | None = None
    runtime_minutes: int | None = None
    page_count: int | None = None
    rating: Rating | None = None
    ids: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    image_url: str | None = None
    sources: tuple[SourceReference, ...] = ()
    origins: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a work's description: characters `start` to `end`, the end not included."""

    start: int
    end: int


class ValueLabel(NamedTuple):
    """That a work gives a value or bears a tag, and the sentence that speaks for it.

    `probability`, in [0, 1], is how likely people say so of the work; `strength`, in [0, 1], compares across values: a
    half where a value is first called one of the work's own.
    """

    value_id: str
    strength: float
    probability: float
    evidence: Span | None


TextField = Literal["title", "creators", "genres", "keywords", "description"]
TEXT_FIELDS: tuple[TextField, ...] = get_args(TextField)

FieldTerms = Mapping[TextField, Mapping[str, int]]
"""How often each analysed term stands in each field of a work; a field without terms is left out."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is dear to make of a work's text, and is therefore kept between builds.

    `vector` is float32 (dim,) of unit length; `sentence_vectors` is float16 (n_sentences, dim), rows of unit length,
    row i for `sentences[i]`.
    """

    field_terms: FieldTerms
    sentences: tuple[Span, ...]
    vector: np.ndarray
    sentence_vectors: np.ndarray
    text_language: str

    @property
    def terms(self) -> Counter[str]:
        """How often each term stands in the work."""
        return sum_fields(self.field_terms)


def sum_fields(field_terms: FieldTerms) -> Counter[str]:
    """Gives how often each term stands in any field."""
    counts: Counter[str] = Counter()
    for terms in field_terms.values():
        counts.update(terms)
    return counts


@dataclass(frozen=True, slots=True)
class IndexedWork:
    """A work with all that its point in the index holds."""

    work: Work
    features: Features
    labels: tuple[ValueLabel, ...]
