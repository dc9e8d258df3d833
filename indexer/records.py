"""The records of the indexer: Work, ValueLabel, Features and IndexedWork."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from crawler.records import Creator, Kind, Rating, Series


class SourceReference(BaseModel):
    """A source record that a work was made of, with the licence of its facts."""

    model_config = ConfigDict(frozen=True)

    source: str
    source_id: str
    licence: str | None = None
    attribution: str | None = None


class Work(BaseModel):
    """One film or book, made of one or several source records.

    `origins` has the records that each field comes from, as `source:source_id`; of a single record only what was read
    from a lead (`lead:source:source_id`) or concluded from the language (`language:sv`). `n_reviews` is the number of
    reviews that are read for it, and `reviews_digest` a hash of them, empty without reviews.
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
    countries: tuple[str, ...] = ()
    series: Series | None = None
    certificates: dict[str, str] = Field(default_factory=dict)
    runtime_minutes: int | None = None
    page_count: int | None = None
    rating: Rating | None = None
    ids: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    image_url: str | None = None
    n_reviews: int = 0
    reviews_digest: str = ""
    sources: tuple[SourceReference, ...] = ()
    origins: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """The characters of a text from `start` up to, not including, `end`."""

    start: int
    end: int


class ValueLabel(NamedTuple):
    """A value or tag of a work, with the sentence of its description that is the evidence.

    Attributes:
        value_id: The dimension of the taxonomy.
        strength: In [0, 1], comparable across values; from PRIMARY_SCORE (0.5) on, it is one of the work's primary
            values.
        probability: The probability that people give the work this value or tag, in [0, 1].
        evidence: The sentence.
    """

    value_id: str
    strength: float
    probability: float
    evidence: Span | None


class Said(NamedTuple):
    """What people who saw or read a work say of it, with one of their sentences.

    Attributes:
        value_id: The dimension of the taxonomy: a value or a tag.
        n_people: How many of the work's `n_reviews` people say it.
        quote: A sentence in their words, of at most 200 characters; None if its source lets none be shown.
        source: The source of the quote.
    """

    value_id: str
    n_people: int
    quote: str | None = None
    source: str | None = None


TextField = Literal["title", "creators", "genres", "keywords", "description"]
TEXT_FIELDS: tuple[TextField, ...] = get_args(TextField)

FieldTerms = Mapping[TextField, Mapping[str, int]]
"""How often each term occurs in each field of a work; a field without terms is left out."""


@dataclass(frozen=True, slots=True)
class Features:
    """What a work's text is turned into before indexing. It takes long to compute, so it is kept between builds.

    Attributes:
        field_terms: The terms of each field.
        sentences: The sentences of the description.
        vector: The embedding of title and description, float32 (dim,), of unit length.
        sentence_vectors: The embeddings of the sentences, float16 (n_sentences, dim), rows of unit length.
        text_language: The ISO 639-1 code of the description's language.
    """

    field_terms: FieldTerms
    sentences: tuple[Span, ...]
    vector: np.ndarray
    sentence_vectors: np.ndarray
    text_language: str

    @property
    def terms(self) -> Counter[str]:
        """How often each term occurs in the work."""
        return sum_fields(self.field_terms)


def sum_fields(field_terms: FieldTerms) -> Counter[str]:
    """Return how often each term occurs in all fields together."""
    counts: Counter[str] = Counter()
    for terms in field_terms.values():
        counts.update(terms)
    return counts


@dataclass(frozen=True, slots=True)
class IndexedWork:
    """A work with everything that its point in the index holds."""

    work: Work
    features: Features
    labels: tuple[ValueLabel, ...]
    said: tuple[Said, ...] = ()
    heard: Mapping[str, int] = field(default_factory=dict)
    """How many people use each term where they speak of the experience."""
