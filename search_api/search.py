"""Search: a request to a page of hits. The one object that API, command line and evaluation share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.analysis import Analyser
from indexer.bm25 import keep_telling, query_weights
from indexer.collection import Leg
from indexer.embedding import Encoder, open_encoder
from indexer.engine import Engine, open_engine
from indexer.head import Reading, load_head
from indexer.labelling import PRIMARY_SCORE
from indexer.values import Taxonomy, load_taxonomy
from search_api.descriptions import Descriptions, load_descriptions
from search_api.errors import RequestRefused, WorkNotFound
from search_api.fusion import DEFAULT_FUSIONS, Ranking, fuse, fusion_for, kind_of_query, order_ranking, year_weight
from search_api.generation import Generation, GenerationFollower
from search_api.intent import parse_intent
from search_api.reading import guess_values
from search_api.records import (
    DEFAULT_CLEANINGS,
    FACETS,
    NO_FILTERS,
    Choice,
    Cleaning,
    Cleanings,
    FacetCount,
    Facets,
    Filters,
    Fusion,
    Fusions,
    Intent,
    LegScore,
    Page,
    SearchRequest,
    Suggestion,
    ValueView,
    WorkReference,
    WorkView,
)
from search_api.remembered import Remembered
from search_api.remembered_years import favour_years
from search_api.retrieval import (
    FACET_KEYS,
    LegQuery,
    count_ranked,
    count_works,
    engine_filter,
    fetch_works,
    find_allowed,
    find_candidates,
    find_idf,
    keep_allowed,
)
from search_api.settings import SearchSettings
from search_api.tuned import open_tuned
from search_api.views import payload_to_view, record_to_hit

REMEMBERED_TEXTS = 2_000
"""Of 1.5 kB each: people page through answers and repeat each other's words."""
REMEMBERED_PAGES, MOST_REMEMBERED_HITS = 256, 20
"""Of 20 kB for ten hits; longer ones are asked for by programs, which seldom ask twice. They are kept as JSON: as
objects they take four times as much, and for Python's garbage collector, which looks through all objects, each new
request took .8 ms longer."""
REMEMBERED_COUNTS = 1_000
TITLE_LEG = "title"
"""The works whose title is the whole query. The engine has no such leg: a title of stop words has no BM25 terms."""
MOST_NAMESAKES = 10
LIKE_VALUES_WEIGHT = 0.5
UNLIKE_WEIGHT = -0.5
BESIDE_TAGS = 0.25
"""What a value weighs where the words name community tags, which say more precisely what is meant."""


@dataclass(frozen=True)
class Question:
    """An intent as the engine is asked it: a query a leg, and the query's terms as they were written."""

    query: str
    intent: Intent
    legs: Mapping[Leg, LegQuery]
    forms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """What the legs found for an intent, and the years of works by which a remembered one is nearer."""

    intent: Intent
    rankings: Mapping[str, Ranking]
    years: Mapping[str, int]

    def fuse(self, fusion: Fusion) -> dict[str, float]:
        """Gives the fused score of each work that is among the best of a leg, as deep as the fusion goes."""
        fused = fuse({leg: ranking[: fusion.depth] for leg, ranking in self.rankings.items()}, fusion)
        remembered = self.intent.remembered_years
        return favour_years(fused, self.years, remembered, year_weight(fusion)) if remembered else fused


def open_search(settings: SearchSettings) -> Search:
    """Opens the index that the settings name; it may be built later, or replaced while this search is open."""
    engine = open_engine(settings.engine_location, api_key=settings.engine_key, read_only=True)
    encoder, taxonomy = open_encoder(settings), load_taxonomy(settings.taxonomy)
    reading = open_reading(settings, encoder, taxonomy)
    descriptions = load_descriptions(settings.descriptions)
    tuned = open_tuned(settings)
    return Search(engine, encoder, taxonomy, tuned, reading, descriptions=descriptions, cleanings=tuned.cleanings)


def open_reading(settings: SearchSettings, encoder: Encoder, taxonomy: Taxonomy) -> Reading | None:
    """Gives how queries are read by their meaning; None where that was learnt for another encoder or taxonomy."""
    head = load_head(settings.values_head)
    is_ours = (head.encoder_fingerprint, head.reading.dimensions) == (encoder.fingerprint, taxonomy.dimensions)
    return head.reading if is_ours else None


class Search:
    """Answers requests from the generation that serves now. Thread-safe; each call sees one generation throughout.

    Every method that reads the index raises IndexUnavailable, or a kind of it, while there is none that it can read.
    """

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder,
        taxonomy: Taxonomy,
        fusions: Fusions = DEFAULT_FUSIONS,
        reading: Reading | None = None,
        n_remembered: int = REMEMBERED_TEXTS,
        descriptions: Descriptions | None = None,
        cleanings: Cleanings = DEFAULT_CLEANINGS,
    ) -> None:
        """Sets up a search.

        Args:
            engine: Where the index is.
            encoder: What the index was made with.
            taxonomy: Likewise.
            fusions: How the legs become one ranking, by kind of query.
            reading: How queries are read by their meaning, where that was learnt.
            n_remembered: The most texts whose vectors are kept; answers and counts are kept up to less than that. With
                0 every request is computed, for those who measure.
            descriptions: What is known of how people describe remembered works.
            cleanings: What is taken off queries, by their kind.
        """
        self.engine = engine
        self.encoder = encoder
        self._taxonomy = taxonomy
        self._fusions = fusions
        self._reading = reading
        self._descriptions = descriptions
        self._cleanings = cleanings
        self._embed = lru_cache(n_remembered)(self._embed_text)
        self._pages: Remembered[str] = Remembered(min(n_remembered, REMEMBERED_PAGES))
        self._counts: Remembered[int] = Remembered(min(n_remembered, REMEMBERED_COUNTS))
        self._analyser = Analyser()
        self._analyser_lock = threading.Lock()
        self._generations = GenerationFollower(engine, encoder, taxonomy)

    def close(self) -> None:
        """Gives the index back."""
        self.engine.close()

    def fusing(self, fusions: Fusions) -> Search:
        """Gives this search with other fusions; it remembers no answers, and shares all else, so close one of them."""
        other = copy(self)
        other._fusions, other._pages = fusions, Remembered(0)
        return other

    def cleaning(self, cleanings: Cleanings) -> Search:
        """Gives this search with other cleanings, likewise."""
        other = copy(self)
        other._cleanings, other._pages = cleanings, Remembered(0)
        return other

    def allowed(self, intent: Intent) -> set[str] | None:
        """Gives the works that an intent lets through; None where all are."""
        works = _searchable(intent)
        if works is None:
            return None
        return self._generations.use(lambda generation: find_allowed(self.engine, generation, works))

    def serving(self) -> Generation:
        """Gives the generation that serves now, for those who ask the engine themselves."""
        return self._generations.use(lambda generation: generation)

    def check(self) -> int:
        """Gives how many works can be searched; loads what the first request would wait for."""
        n_works = self._generations.use(lambda generation: count_works(self.engine, generation.name, None))
        self.encoder.warm()
        with self._analyser_lock:
            self._analyser.terms("warm")
        return n_works

    def search(self, request: SearchRequest) -> Page:
        """Gives the page of works that a request asks for.

        Raises:
            RequestRefused: a filter or a weight names a value that the taxonomy does not have.
        """
        started = perf_counter()
        self._check_filters(request.filters)
        self._check_values("weights", request.weights)

        def answer(generation: Generation) -> Page:
            question = self._understand(request, generation)
            return self._answer(generation, question, request.offset, request.limit)

        # What is set matters: a filter set to nothing replaces the one that the words ask for.
        asked = request.model_dump_json(exclude_unset=True)
        return _timed(started, self._recall(asked, request.limit, answer))

    def similar(self, work_id: str, filters: Filters = NO_FILTERS, limit: int = 10, offset: int = 0) -> Page:
        """Gives the works most like one, itself left out.

        Raises:
            WorkNotFound: no work has this id.
            RequestRefused: a filter names a value that the taxonomy does not have.
        """
        started = perf_counter()
        self._check_filters(filters)

        def answer(generation: Generation) -> Page:
            records = fetch_works(self.engine, generation.name, [work_id], vectors=("text", "values"))
            if not records:
                raise WorkNotFound(work_id)
            title = (records[0].payload or {})["title"]
            intent = Intent(text="", like=(WorkReference(id=work_id, title=title),), filters=filters)
            vectors: Any = records[0].vector
            legs: dict[Leg, LegQuery] = {"text": vectors["text"]}
            if (values := _given(vectors["values"], len(generation.facts.value_ids))).any():
                legs["values"] = _to_sparse(values)
            return self._answer(generation, Question("", intent, legs), offset, limit)

        asked = (work_id, filters.model_dump_json(), limit, offset)
        return _timed(started, self._recall(asked, limit, answer))

    def work(self, work_id: str) -> WorkView:
        """Gives one work.

        Raises:
            WorkNotFound: no work has this id.
        """
        records = self._generations.use(lambda generation: fetch_works(self.engine, generation.name, [work_id]))
        if not records:
            raise WorkNotFound(work_id)
        return payload_to_view(records[0].payload or {}, self._taxonomy)

    def facets(self, filters: Filters = NO_FILTERS, names: Sequence[str] = FACETS, limit: int = 20) -> Facets:
        """Gives exact counts of the works that the filters let through, by fact.

        Raises:
            RequestRefused: there is no facet of this name, or no value of this id.
        """
        self._check_filters(filters)
        for name in names:
            if name not in FACET_KEYS:
                raise RequestRefused("name", f"no facet is called {name!r}; there are {', '.join(FACETS)}")
        works = engine_filter(filters)

        def answer(generation: Generation) -> Facets:
            counts = {
                name: self.engine.facet(
                    generation.name, FACET_KEYS[name], facet_filter=works, limit=limit, exact=True
                ).hits
                for name in names
            }
            return Facets(
                total=count_ranked(self.engine, generation, filters),
                facets={
                    name: tuple(FacetCount(value=h.value, count=h.count) for h in hits) for name, hits in counts.items()
                },
            )

        return self._generations.use(answer)

    def suggest(self, text: str, limit: int = 8) -> list[Suggestion]:
        """Gives titles that complete or resemble what was typed, best first."""
        return self._generations.use(lambda generation: generation.titles.suggest(text, limit))

    def values(self) -> list[ValueView]:
        """Gives the values of the taxonomy, in its order."""
        return [
            ValueView(id=v.id, name=v.name, facet=v.facet, group=v.group, description=v.description)
            for v in self._taxonomy.values
        ]

    def attributions(self) -> tuple[str, ...]:
        """Gives the notices that the sources of the indexed works ask for."""
        return self._generations.use(lambda generation: generation.facts.attributions)

    def ask(self, request: SearchRequest) -> Question:
        """Gives a request as the engine is asked it, for those who measure or fuse in another way."""
        return self._generations.use(lambda generation: self._understand(request, generation))

    def find(self, request: SearchRequest, depth: int) -> Candidates:
        """Gives what `search` fuses: each leg's best `depth` works, for those who fuse in several ways."""

        def answer(generation: Generation) -> Candidates:
            question = self._understand(request, generation)
            return self._find(generation, question, _searchable(question.intent), depth)

        return self._generations.use(answer)

    def rank(self, request: SearchRequest, ways: Sequence[Fusions]) -> list[list[tuple[str, float]]]:
        """Gives the works that `search` would show were it to fuse in each of several ways, with their scores.

        What is alike in all of them is done once, and nothing is fetched to show.
        """
        end = request.offset + request.limit

        def answer(generation: Generation) -> list[list[tuple[str, float]]]:
            question = self._understand(request, generation)
            works = _searchable(question.intent)
            fusions = [fusion_for(question.intent, way) for way in ways]
            # Not the deepest for all: how deep an approximate leg is asked moves what it finds first.
            found = {d: self._find(generation, question, works, d) for d in {fusion.depth for fusion in fusions}}
            fused = [found[fusion.depth].fuse(fusion) for fusion in fusions]
            return [self._rank(generation, question, works, each, end)[request.offset : end] for each in fused]

        return self._generations.use(answer)

    def _recall(self, asked: Hashable, limit: int, answer: Callable[[Generation], Page]) -> Page:
        """Gives a page as the serving generation answered what is asked, or answers it."""

        def recall(generation: Generation) -> Page:
            question = (generation.name, asked)
            if kept := self._pages.get(question):
                return Page.model_validate_json(kept)
            page = answer(generation)
            if limit <= MOST_REMEMBERED_HITS:
                self._pages.put(question, page.model_dump_json())
            return page

        return self._generations.use(recall)

    def _count(self, generation: Generation, intent: Intent) -> int:
        """Gives how many works are ranked for an intent."""
        named = _named(intent)
        question = (generation.name, intent.filters.model_dump_json(), named)
        return self._counts.recall(
            question, lambda: count_ranked(self.engine, generation, intent.filters, without=named)
        )

    def _check_filters(self, filters: Filters) -> None:
        self._check_values("filters.values", filters.values)

    def _check_values(self, field: str, value_ids: Iterable[str]) -> None:
        for value_id in value_ids:
            if value_id not in self._taxonomy.by_id:
                raise RequestRefused(f"{field}.{value_id}", "no value has this id; GET /v1/values lists them")

    def _read(self, request: SearchRequest, generation: Generation) -> Intent:
        """Gives what a request means: its own filters and weights replace those read from its words."""
        if not request.interpret:
            return weigh(Intent(text=request.query, filters=request.filters), request.weights)
        intent = parse_intent(
            request.query,
            self._taxonomy,
            genres=generation.genres,
            find_work=generation.titles.find,
            guess=self._guess if self._reading else None,
        )
        if intent.filters.genres and not generation.genres_known:
            unwanted_only = Choice(none=intent.filters.genres.none)
            intent = intent.model_copy(update={"filters": intent.filters.model_copy(update={"genres": unwanted_only})})
        intent = weigh(leave_out(intent, frozenset(request.without)), request.weights)
        given = {name: getattr(request.filters, name) for name in request.filters.model_fields_set}
        return intent.model_copy(update={"filters": intent.filters.model_copy(update=given)})

    def _understand(self, request: SearchRequest, generation: Generation) -> Question:
        """Gives a request as the engine is asked it, its words cleaned as their kind is; plain text stays as it is."""
        intent = self._read(request, generation)
        cleaning = self._cleanings.of(kind_of_query(intent)) if request.interpret else Cleaning()
        if not cleaning.unwrap:
            intent = intent.model_copy(update={"text": request.query})
        return self._ask(generation, request.query, intent, cleaning)

    def _embed_text(self, text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self.encoder.encode([text])[0]
        vector.setflags(write=False)
        return vector

    def _guess(self, text: str) -> dict[str, float]:
        return guess_values(self._reading.shares(self._embed(text))) if self._reading else {}

    def _ask(self, generation: Generation, query: str, intent: Intent, cleaning: Cleaning) -> Question:
        with self._analyser_lock:
            terms = self._analyser.terms_and_words(intent.text)
        forms: dict[str, str] = {}
        for term, word in terms:
            forms.setdefault(term, word)
        text = self._embed(intent.text)
        wanted = wanted_dimensions(intent)
        values = np.array([wanted.get(i, 0.0) for i in generation.facts.value_ids], dtype=np.float32)
        # What the words say of a value counts, not what the works they name happen to give.
        unsaid = values == 0
        for works, sign in ((intent.like, 1.0), (intent.unlike, UNLIKE_WEIGHT)):
            ids = [work.id for work in works]
            for record in fetch_works(self.engine, generation.name, ids, vectors=("text", "values")):
                vectors: Any = record.vector
                text = text + sign * np.asarray(vectors["text"], dtype=np.float32)
                values = values + sign * LIKE_VALUES_WEIGHT * unsaid * _given(vectors["values"], len(values))
        if intent.is_description and self._descriptions:
            text = self._descriptions.turn(text, self.encoder.fingerprint)
        legs: dict[Leg, LegQuery] = {"text": text}
        if terms:
            weigh = self._descriptions.weigh if cleaning.weigh_terms and self._descriptions else query_weights
            legs["bm25"] = bm25 = weigh(term for term, _ in terms)
            if cleaning.most_terms and cleaning.most_terms < len(bm25.indices):
                idf = find_idf(self.engine, generation.name, bm25.indices)
                legs["bm25"] = keep_telling(bm25, idf, cleaning.most_terms)
        if values.any():
            legs["values"] = _to_sparse(values)
        return Question(query, intent, legs, forms)

    def _answer(self, generation: Generation, question: Question, offset: int, limit: int) -> Page:
        intent = question.intent
        works = _searchable(intent)
        total = self._count(generation, intent)
        fusion = fusion_for(intent, self._fusions)
        candidates = self._find(generation, question, works, fusion.depth)
        ranked = self._rank(generation, question, works, candidates.fuse(fusion), min(offset + limit, total))
        page = ranked[offset : offset + limit]
        legs = _leg_scores(candidates.rankings, [work_id for work_id, _ in page])
        records = fetch_works(self.engine, generation.name, [work_id for work_id, _ in page], vectors=("bm25",))
        hits = tuple(
            record_to_hit(record, score, legs[work_id], intent, question.forms, self._taxonomy)
            for (work_id, score), record in zip(page, records, strict=True)
        )
        return Page(query=question.query, intent=intent, total=total, offset=offset, limit=limit, took_ms=0, hits=hits)

    def _find(self, generation: Generation, question: Question, works: models.Filter | None, depth: int) -> Candidates:
        rankings = find_candidates(self.engine, generation, question.legs, works, depth)
        if named := [work.id for work in generation.titles.find_all(question.query)][:MOST_NAMESAKES]:
            allowed = keep_allowed(self.engine, generation.name, named, works)
            rankings[TITLE_LEG] = [(work_id, 1.0) for work_id in allowed]
        return Candidates(question.intent, rankings, generation.years)

    def _rank(
        self,
        generation: Generation,
        question: Question,
        works: models.Filter | None,
        fused: Mapping[str, float],
        depth: int,
    ) -> list[tuple[str, float]]:
        """Gives the fused works, best first, and after them as many of those that are no leg's candidates as it takes.

        Those have score 0, nearest in meaning first. The fused scores never depend on the page asked for, so pages
        neither repeat nor skip a work.
        """
        ranked = order_ranking(fused.items())
        if len(ranked) >= depth:
            return ranked
        nearest = find_candidates(self.engine, generation, {"text": question.legs["text"]}, works, depth, exact=True)
        return ranked + [(work_id, 0.0) for work_id, _ in nearest["text"] if work_id not in fused]


def leave_out(intent: Intent, parts: Collection[str]) -> Intent:
    """Gives an intent without some of its parts, named by their paths: `values.E4`, `like.ID`, `filters.year`."""
    filters = {name: None for name in Filters.model_fields if f"filters.{name}" in parts and name != "values"}
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
    """Gives an intent with these weights in place of its own, value by value; one of 0 takes the value out."""
    values = {value_id: weight for value_id, weight in {**intent.values, **weights}.items() if weight}
    # Tags say the words' values more precisely; whoever weighs values means those instead.
    return intent.model_copy(update={"values": values, "tags": {} if weights else intent.tags})


def wanted_dimensions(intent: Intent) -> dict[str, float]:
    """Gives the weights of values and tags that the `values` leg is asked for."""
    beside = BESIDE_TAGS if intent.tags else 1.0
    return {**{value_id: beside * weight for value_id, weight in intent.values.items()}, **intent.tags}


def _searchable(intent: Intent) -> models.Filter | None:
    """Gives the filter of an intent, less the works that it names: whoever names a work knows it."""
    return engine_filter(intent.filters, without=_named(intent))


def _named(intent: Intent) -> tuple[str, ...]:
    return tuple(work.id for work in (*intent.like, *intent.unlike))


def _timed(started: float, page: Page) -> Page:
    """Gives a page with how long it took since `started`, made or remembered."""
    return page.model_copy(update={"took_ms": round((perf_counter() - started) * 1_000, 2)})


def _leg_scores(rankings: Mapping[str, Ranking], shown: Sequence[str]) -> dict[str, dict[str, LegScore]]:
    """Gives every leg's score and rank of each shown work."""
    nowhere = LegScore()
    legs = {work_id: dict.fromkeys(rankings, nowhere) for work_id in shown}
    for leg, ranking in rankings.items():
        for rank, (work_id, score) in enumerate(ranking, start=1):
            if work_id in legs:
                legs[work_id][leg] = LegScore(score=score, rank=rank)
    return legs


def _given(vector: models.SparseVector, n_dimensions: int) -> NDArray[np.float32]:
    """Gives the strengths of what a work gives, float32 (n_dimensions,), and 0 for what it hardly gives.

    With those too, similar works would have less in common and take ten times as long to find (Jaccard of the tags of
    300 works and their ten similar: films .131 instead of .144, books .375 instead of .417).
    """
    given = np.zeros(n_dimensions, dtype=np.float32)
    given[vector.indices] = vector.values
    return np.where(given >= PRIMARY_SCORE, given, np.float32(0))


def _to_sparse(vector: NDArray[np.float32]) -> models.SparseVector:
    places = np.flatnonzero(vector)
    return models.SparseVector(indices=places.tolist(), values=vector[places].tolist())
