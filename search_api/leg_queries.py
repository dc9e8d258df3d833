"""Turn a request into a query for each leg: read the words, embed them, weigh terms and values, look up named works."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.analysis import Analyser
from indexer.artefacts import check_query_classifier
from indexer.bm25 import query_weights, top_terms_by_idf
from indexer.encoder.encoder import Encoder
from indexer.engine import Engine
from indexer.facts import FACTS
from indexer.legs import Leg
from indexer.schema import PRIMARY_SCORE
from indexer.values.head import QueryClassifier, load_value_head
from indexer.values.taxonomy import Taxonomy
from search_api.errors import WorkNotFound
from search_api.fusion import kind_of_query
from search_api.generation import Generation
from search_api.query_adapter import QueryAdapter
from search_api.ranking_settings import Cleaning, Cleanings
from search_api.records import Choice, Filters, Intent, SearchRequest, WorkReference
from search_api.retrieval import LegQuery, fetch_works, find_idf
from search_api.settings import SearchSettings
from search_api.understanding.guessing import guess_values
from search_api.understanding.intent import parse_intent

LIKE_VALUES_WEIGHT = 0.5
"""The weight of a named work's primary values; a value that the words ask for weighs up to 1."""
UNLIKE_WEIGHT = -0.5
"""The weight of a work to be unlike; a work to be like has 1."""
BESIDE_TAGS = 0.25
"""The weight of a value when the words also name community tags, which are more precise."""


@dataclass(frozen=True)
class LegQueries:
    """An intent and a query for each leg; `forms` maps each term to the word of the query that it was made from."""

    query: str
    intent: Intent
    legs: Mapping[Leg, LegQuery]
    forms: Mapping[str, str] = field(default_factory=dict)


def open_query_classifier(settings: SearchSettings, encoder: Encoder, taxonomy: Taxonomy) -> QueryClassifier | None:
    """Return the query classifier without the values that changed since its training; None if it does not fit.

    Raises:
        ValueHeadInvalid: The file of the value head, which holds the classifier, cannot be used.
    """
    head = load_value_head(settings.values_head)
    fit = check_query_classifier(head, encoder, taxonomy)
    return None if fit.problem else head.query_classifier.restricted_to(taxonomy)


class LegQueryBuilder:
    """A builder of the legs' queries to a generation. Thread-safe."""

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder,
        taxonomy: Taxonomy,
        query_classifier: QueryClassifier | None,
        query_adapter: QueryAdapter | None,
        cleanings: Cleanings,
        n_cached: int,
    ) -> None:
        self._engine = engine
        self._encoder = encoder
        self._taxonomy = taxonomy
        self._query_classifier = query_classifier
        self._query_adapter = query_adapter
        self._cleanings = cleanings
        self._embed = lru_cache(n_cached)(self._embed_text)
        self._analyser = Analyser()
        self._analyser_lock = threading.Lock()

    def with_cleanings(self, cleanings: Cleanings) -> LegQueryBuilder:
        """Return a copy with other cleanings; the two share everything else."""
        other = copy(self)
        other._cleanings = cleanings
        return other

    def warm(self) -> None:
        """Load what the first request would wait for."""
        self._encoder.warm()
        with self._analyser_lock:
            self._analyser.terms("warm")

    def build(self, request: SearchRequest, generation: Generation) -> LegQueries:
        """Return a request's queries. Its words are cleaned as its kind requires; with `interpret` off they stay."""
        intent = self._read(request, generation)
        cleaning = self._cleanings.of(kind_of_query(intent)) if request.interpret else Cleaning()
        if not cleaning.unwrap:
            intent = intent.model_copy(update={"text": request.query})
        return self._to_queries(generation, request.query, intent, cleaning)

    def similar(self, work_id: str, filters: Filters, generation: Generation) -> LegQueries:
        """Return the queries for the works most like one work.

        Raises:
            WorkNotFound: No work has this id.
        """
        records = fetch_works(self._engine, generation.name, [work_id], vectors=("text", "values"))
        if not records:
            raise WorkNotFound(work_id)
        title = (records[0].payload or {})["title"]
        intent = Intent(text="", like=(WorkReference(id=work_id, title=title),), filters=filters)
        vectors: Any = records[0].vector
        legs: dict[Leg, LegQuery] = {"text": vectors["text"]}
        if (values := _primary(vectors["values"], len(generation.facts.value_ids))).any():
            legs["values"] = _to_sparse(values)
        return LegQueries("", intent, legs)

    def _read(self, request: SearchRequest, generation: Generation) -> Intent:
        """Return the intent of a request. Its own filters and weights replace those read from its words."""
        if not request.interpret:
            return weigh(Intent(text=request.query, filters=request.filters), request.weights)
        intent = parse_intent(
            request.query,
            self._taxonomy,
            genres=generation.genres,
            find_work=generation.titles.find,
            guess=self._guess if self._query_classifier else None,
        )
        if intent.filters.genres and not generation.genres_known:
            unwanted_only = Choice(none=intent.filters.genres.none)
            intent = intent.model_copy(update={"filters": intent.filters.model_copy(update={"genres": unwanted_only})})
        intent = weigh(leave_out(intent, frozenset(request.without)), request.weights)
        given = {name: getattr(request.filters, name) for name in request.filters.model_fields_set}
        return intent.model_copy(update={"filters": intent.filters.model_copy(update=given)})

    def _embed_text(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._encoder.encode([text])[0]
        vector.setflags(write=False)
        return vector

    def _guess(self, text: str) -> dict[str, float]:
        shares = self._query_classifier.shares(self._embed(text)) if self._query_classifier else {}
        return guess_values(shares) if shares else {}

    def _to_queries(self, generation: Generation, query: str, intent: Intent, cleaning: Cleaning) -> LegQueries:
        with self._analyser_lock:
            terms = self._analyser.terms_and_words(intent.text)
        forms: dict[str, str] = {}
        for term, word in terms:
            forms.setdefault(term, word)
        text = self._embed(intent.text)
        wanted = wanted_dimensions(intent)
        values = np.array([wanted.get(i, 0.0) for i in generation.facts.value_ids], dtype=np.float32)
        # The named works add nothing to a value that the words ask for.
        unsaid = values == 0
        for works, sign in ((intent.like, 1.0), (intent.unlike, UNLIKE_WEIGHT)):
            ids = [work.id for work in works]
            for record in fetch_works(self._engine, generation.name, ids, vectors=("text", "values")):
                vectors: Any = record.vector
                text = text + sign * np.asarray(vectors["text"], dtype=np.float32)
                values = values + sign * LIKE_VALUES_WEIGHT * unsaid * _primary(vectors["values"], len(values))
        if intent.is_description and self._query_adapter:
            text = self._query_adapter.adapt(text, self._encoder)
        legs: dict[Leg, LegQuery] = {"text": text}
        if terms:
            weigh_terms = self._query_adapter.weigh if cleaning.weigh_terms and self._query_adapter else query_weights
            legs["bm25"] = bm25 = weigh_terms(term for term, _ in terms)
            if cleaning.most_terms and cleaning.most_terms < len(bm25.indices):
                idf = find_idf(self._engine, generation.name, bm25.indices)
                legs["bm25"] = top_terms_by_idf(bm25, idf, cleaning.most_terms)
        if values.any():
            legs["values"] = _to_sparse(values)
        return LegQueries(query, intent, legs, forms)


def leave_out(intent: Intent, parts: Collection[str]) -> Intent:
    """Return an intent without some of its parts, given by path: `values.E4`, `like.ID`, `filters.year`."""
    filters = {name: None for name in FACTS if f"filters.{name}" in parts and name != "values"}
    return intent.model_copy(
        update={
            "values": {i: weight for i, weight in intent.values.items() if f"values.{i}" not in parts},
            "tags": {} if any(f"values.{i}" in parts for i in intent.values) else intent.tags,
            "like": tuple(work for work in intent.like if f"like.{work.id}" not in parts),
            "unlike": tuple(work for work in intent.unlike if f"unlike.{work.id}" not in parts),
            "filters": intent.filters.model_copy(update=filters),
        }
    )


def weigh(intent: Intent, weights: Mapping[str, float]) -> Intent:
    """Return an intent with these weights in place of its own, value by value; a weight of 0 removes the value."""
    values = {value_id: weight for value_id, weight in {**intent.values, **weights}.items() if weight}
    # The tags were read from the words as a more precise form of their values; given weights replace both.
    return intent.model_copy(update={"values": values, "tags": {} if weights else intent.tags})


def wanted_dimensions(intent: Intent) -> dict[str, float]:
    """Return the weights of values and tags in the query of the `values` leg."""
    beside = BESIDE_TAGS if intent.tags else 1.0
    return {**{value_id: beside * weight for value_id, weight in intent.values.items()}, **intent.tags}


def _primary(vector: models.SparseVector, n_dimensions: int) -> NDArray[np.float32]:
    """Return the strengths of a work's primary values, float32 (n_dimensions,), with 0 for all other values.

    With the weaker values, similar works would have less in common and take ten times as long to find (Jaccard of the
    tags of 300 works and their ten similar works: films .131 instead of .144, books .375 instead of .417).
    """
    strengths = np.zeros(n_dimensions, dtype=np.float32)
    strengths[vector.indices] = vector.values
    return np.where(strengths >= PRIMARY_SCORE, strengths, np.float32(0))


def _to_sparse(vector: NDArray[np.float32]) -> models.SparseVector:
    places = np.flatnonzero(vector)
    return models.SparseVector(indices=places.tolist(), values=vector[places].tolist())
