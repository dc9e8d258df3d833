"""Answer a request with a page of hits. API, command line and evaluation share the `Search` object."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from time import perf_counter

from qdrant_client import models

from indexer.artefacts import find_misfits
from indexer.bm25 import BM25
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import Engine, open_engine
from indexer.tuning_file import read_tuning
from indexer.values.head import QueryClassifier
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.answer_cache import AnswerCache
from search_api.errors import RequestRefused, TuningInvalid, WorkNotFound
from search_api.fusion import Ranking, favour_years, fuse, fusion_for, order_ranking, year_weight
from search_api.generation import Generation, GenerationFollower
from search_api.leg_queries import LegQueries, LegQueryBuilder, open_query_classifier
from search_api.query_adapter import QueryAdapter, load_query_adapter
from search_api.ranking_settings import (
    DEFAULT_CLEANINGS,
    DEFAULT_FUSIONS,
    QUERY_KINDS,
    TITLE,
    Cleanings,
    Fusion,
    Fusions,
    Tuned,
)
from search_api.records import (
    FACETS,
    NO_FILTERS,
    FacetCount,
    Facets,
    Filters,
    Intent,
    LegScore,
    Page,
    SearchRequest,
    Suggestion,
    ValueView,
    WorkView,
)
from search_api.retrieval import (
    count_ranked,
    count_works,
    engine_filter,
    fetch_works,
    find_allowed,
    find_candidates,
    keep_allowed,
)
from search_api.settings import SearchSettings
from search_api.views import payload_to_view, record_to_hit

CACHED_TEXTS = 2_000
"""How many query vectors are kept, 1.5 kB each: people page through answers and repeat each other's queries."""
CACHED_PAGES, MOST_CACHED_HITS = 256, 20
"""How many pages are kept, and the most hits that a kept page has. Ten hits take 20 kB; longer pages are asked for by
programs, and seldom twice. Pages are kept as JSON: as objects they would take four times the memory, and the garbage
collector, which visits every object, would delay each new request by 0.8 ms."""
CACHED_COUNTS = 1_000
MOST_NAMESAKES = 10
"""How many works that have the query as their title are candidates of the leg `title`."""


@dataclass(frozen=True)
class Candidates:
    """The legs' candidates for an intent, and the year of each work, for an intent with `remembered_years`."""

    intent: Intent
    rankings: Mapping[str, Ranking]
    years: Mapping[str, int]

    def fuse(self, fusion: Fusion) -> dict[str, float]:
        """Return the fused score of each work that is among a leg's first `fusion.depth` candidates."""
        fused = fuse({leg: ranking[: fusion.depth] for leg, ranking in self.rankings.items()}, fusion)
        remembered = self.intent.remembered_years
        return favour_years(fused, self.years, remembered, year_weight(fusion)) if remembered else fused


def open_search(settings: SearchSettings) -> Search:
    """Open the index that the settings name. The index may be built later, or replaced while this search is open."""
    engine = open_engine(settings.engine_location, api_key=settings.engine_key, read_only=True)
    encoder, taxonomy = open_encoder(settings), load_taxonomy(settings.taxonomy)
    query_classifier = open_query_classifier(settings, encoder, taxonomy)
    query_adapter = load_query_adapter(settings.descriptions)
    tuned = open_tuned(settings)
    return Search(
        engine,
        encoder,
        taxonomy,
        tuned,
        query_classifier,
        query_adapter=query_adapter,
        cleanings=tuned.cleanings,
        bm25=tuned.bm25,
        misfits=find_misfits(settings, encoder, taxonomy),
    )


class Search:
    """A search over the serving generation. Thread-safe; each call sees one generation throughout.

    Every method that reads the index raises IndexUnavailable, or a subclass, while there is no index that it can read.
    """

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder,
        taxonomy: Taxonomy,
        fusions: Fusions = DEFAULT_FUSIONS,
        query_classifier: QueryClassifier | None = None,
        n_cached: int = CACHED_TEXTS,
        query_adapter: QueryAdapter | None = None,
        cleanings: Cleanings = DEFAULT_CLEANINGS,
        bm25: BM25 | None = None,
        misfits: Sequence[str] = (),
    ) -> None:
        """Set up a search.

        Args:
            engine: The engine that holds the index.
            encoder: The encoder that the index was built with.
            taxonomy: The taxonomy that the index was built with.
            fusions: How the legs become one ranking, by kind of query.
            query_classifier: Guesses the values of queries that name none; None: no guesses.
            n_cached: The most texts whose vectors are kept. The caches of answers and counts are at most as large. 0:
                compute every request, for measurements.
            query_adapter: Adapts queries that describe a remembered work; None: no query is adapted.
            cleanings: What is removed from queries, by kind of query.
            bm25: The BM25 settings that the index should be built with; None: any.
            misfits: Notes on artefacts that do not fit, for `notes`.
        """
        self.engine = engine
        self.encoder = encoder
        self._taxonomy = taxonomy
        self._fusions = fusions
        self._bm25 = bm25
        self._misfits = tuple(misfits)
        self._builder = LegQueryBuilder(engine, encoder, taxonomy, query_classifier, query_adapter, cleanings, n_cached)
        self._pages: AnswerCache[str] = AnswerCache(min(n_cached, CACHED_PAGES))
        self._counts: AnswerCache[int] = AnswerCache(min(n_cached, CACHED_COUNTS))
        self._generations = GenerationFollower(engine, encoder, taxonomy)

    def close(self) -> None:
        """Close the index."""
        self.engine.close()

    def with_fusions(self, fusions: Fusions) -> Search:
        """Return a copy with other fusions. It caches no answers and shares everything else, so close only one."""
        other = copy(self)
        other._fusions, other._pages = fusions, AnswerCache(0)
        return other

    def with_cleanings(self, cleanings: Cleanings) -> Search:
        """Return a copy with other cleanings. It caches no answers and shares everything else, so close only one."""
        other = copy(self)
        other._builder, other._pages = self._builder.with_cleanings(cleanings), AnswerCache(0)
        return other

    def allowed(self, intent: Intent) -> set[str] | None:
        """Return the ids of the works that an answer to an intent can have; None when it can have all."""
        works_filter = _filter_of(intent)
        if works_filter is None:
            return None
        return self._generations.use(lambda generation: find_allowed(self.engine, generation, works_filter))

    def serving(self) -> Generation:
        """Return the generation that serves now, for callers that query the engine themselves."""
        return self._generations.use(lambda generation: generation)

    def check(self) -> int:
        """Return how many works can be searched, and load what the first request would wait for."""
        n_works = self._generations.use(lambda generation: count_works(self.engine, generation.name, None))
        self._builder.warm()
        return n_works

    def notes(self) -> tuple[str, ...]:
        """Return a line for each trained or tuned file that does not fit this index, encoder or taxonomy."""
        built_with = self.serving().facts.bm25
        if self._bm25 in (None, built_with):
            return self._misfits
        note = (
            "the index was built with other BM25 settings than this process uses (EVOKE_TUNING): "
            "run `evoke index` to rebuild it, or start with the tuning it was built with"
        )
        return (*self._misfits, note)

    def search(self, request: SearchRequest) -> Page:
        """Return the page of works that a request asks for.

        Raises:
            RequestRefused: A filter or a weight names a value that the taxonomy does not have.
        """
        started = perf_counter()
        self._check_filters(request.filters)
        self._check_values("weights", request.weights)

        def answer(generation: Generation) -> Page:
            queries = self._builder.build(request, generation)
            return self._answer(generation, queries, request.offset, request.limit)

        # The key has the fields that were set: a filter set to null replaces the one that the words ask for.
        key = request.model_dump_json(exclude_unset=True)
        return _timed(started, self._cached_page(key, request.limit, answer))

    def similar(self, work_id: str, filters: Filters = NO_FILTERS, limit: int = 10, offset: int = 0) -> Page:
        """Return a page of the works most like one work, without that work itself.

        Raises:
            WorkNotFound: No work has this id.
            RequestRefused: A filter names a value that the taxonomy does not have.
        """
        started = perf_counter()
        self._check_filters(filters)

        def answer(generation: Generation) -> Page:
            return self._answer(generation, self._builder.similar(work_id, filters, generation), offset, limit)

        key = (work_id, filters.model_dump_json(), limit, offset)
        return _timed(started, self._cached_page(key, limit, answer))

    def work(self, work_id: str) -> WorkView:
        """Return one work.

        Raises:
            WorkNotFound: No work has this id.
        """
        records = self._generations.use(lambda generation: fetch_works(self.engine, generation.name, [work_id]))
        if not records:
            raise WorkNotFound(work_id)
        return payload_to_view(records[0].payload or {}, self._taxonomy)

    def facets(self, filters: Filters = NO_FILTERS, names: Sequence[str] = tuple(FACETS), limit: int = 20) -> Facets:
        """Return exact counts of the works that pass the filters, by facet.

        Raises:
            RequestRefused: A facet or a value does not exist.
        """
        self._check_filters(filters)
        for name in names:
            if name not in FACETS:
                raise RequestRefused("name", f"no facet is called {name!r}; choose from {', '.join(FACETS)}")
        works_filter = engine_filter(filters)

        def answer(generation: Generation) -> Facets:
            counts = {
                name: self.engine.facet(
                    generation.name, FACETS[name].key, facet_filter=works_filter, limit=limit, exact=True
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
        """Return titles that complete or resemble the text, best first."""
        return self._generations.use(lambda generation: generation.titles.suggest(text, limit))

    def values(self) -> list[ValueView]:
        """Return the values of the taxonomy, in its order."""
        return [
            ValueView(id=v.id, name=v.name, facet=v.facet, group=v.group, description=v.description)
            for v in self._taxonomy.values
        ]

    def attributions(self) -> tuple[str, ...]:
        """Return the notices that the sources of the indexed works require."""
        return self._generations.use(lambda generation: generation.facts.attributions)

    def build_queries(self, request: SearchRequest) -> LegQueries:
        """Return each leg's query for a request, for callers that measure or fuse in another way."""
        return self._generations.use(lambda generation: self._builder.build(request, generation))

    def find_candidates(self, request: SearchRequest, depth: int) -> Candidates:
        """Return each leg's best `depth` works, which `search` fuses, for callers that try several fusions."""

        def answer(generation: Generation) -> Candidates:
            queries = self._builder.build(request, generation)
            return self._find(generation, queries, _filter_of(queries.intent), depth)

        return self._generations.use(answer)

    def rank(self, request: SearchRequest, ways: Sequence[Fusions]) -> list[list[tuple[str, float]]]:
        """Return the works that `search` would show under each of several fusions, with their scores.

        The steps before the fusion run once, and no payload is fetched.
        """
        end = request.offset + request.limit

        def answer(generation: Generation) -> list[list[tuple[str, float]]]:
            queries = self._builder.build(request, generation)
            works_filter = _filter_of(queries.intent)
            fusions = [fusion_for(queries.intent, way) for way in ways]
            # Each depth is a search of its own: the first works of an approximate search change with its depth.
            candidates = {
                d: self._find(generation, queries, works_filter, d) for d in {fusion.depth for fusion in fusions}
            }
            fused = [candidates[fusion.depth].fuse(fusion) for fusion in fusions]
            return [
                self._rank(generation, queries, works_filter, scores, end)[request.offset : end] for scores in fused
            ]

        return self._generations.use(answer)

    def _cached_page(self, key: Hashable, limit: int, answer: Callable[[Generation], Page]) -> Page:
        """Return the cached page of the serving generation for a key; if there is none, make it and cache it."""

        def recall(generation: Generation) -> Page:
            generation_key = (generation.name, key)
            if cached := self._pages.get(generation_key):
                return Page.model_validate_json(cached)
            page = answer(generation)
            if limit <= MOST_CACHED_HITS:
                self._pages.put(generation_key, page.model_dump_json())
            return page

        return self._generations.use(recall)

    def _count(self, generation: Generation, intent: Intent) -> int:
        """Return how many works are ranked for an intent."""
        named = _named(intent)
        key = (generation.name, intent.filters.model_dump_json(), named)
        return self._counts.get_or_make(
            key, lambda: count_ranked(self.engine, generation, intent.filters, without=named)
        )

    def _check_filters(self, filters: Filters) -> None:
        self._check_values("filters.values", filters.values)

    def _check_values(self, field: str, value_ids: Iterable[str]) -> None:
        for value_id in value_ids:
            if value_id not in self._taxonomy.by_id:
                raise RequestRefused(f"{field}.{value_id}", "no value has this id; GET /v1/values lists them")

    def _answer(self, generation: Generation, queries: LegQueries, offset: int, limit: int) -> Page:
        intent = queries.intent
        works_filter = _filter_of(intent)
        total = self._count(generation, intent)
        fusion = fusion_for(intent, self._fusions)
        candidates = self._find(generation, queries, works_filter, fusion.depth)
        ranked = self._rank(generation, queries, works_filter, candidates.fuse(fusion), min(offset + limit, total))
        page = ranked[offset : offset + limit]
        legs = _leg_scores(candidates.rankings, [work_id for work_id, _ in page])
        records = fetch_works(self.engine, generation.name, [work_id for work_id, _ in page], vectors=("bm25",))
        hits = tuple(
            record_to_hit(record, score, legs[work_id], intent, queries.forms, self._taxonomy)
            for (work_id, score), record in zip(page, records, strict=True)
        )
        return Page(query=queries.query, intent=intent, total=total, offset=offset, limit=limit, took_ms=0, hits=hits)

    def _find(
        self, generation: Generation, queries: LegQueries, works_filter: models.Filter | None, depth: int
    ) -> Candidates:
        rankings = find_candidates(self.engine, generation, queries.legs, works_filter, depth)
        if named := [work.id for work in generation.titles.find_all(queries.query)][:MOST_NAMESAKES]:
            allowed = keep_allowed(self.engine, generation.name, named, works_filter)
            rankings[TITLE] = [(work_id, 1.0) for work_id in allowed]
        return Candidates(queries.intent, rankings, generation.years)

    def _rank(
        self,
        generation: Generation,
        queries: LegQueries,
        works_filter: models.Filter | None,
        fused: Mapping[str, float],
        depth: int,
    ) -> list[tuple[str, float]]:
        """Return the fused works, best first, then other works until there are `depth` works.

        The other works, which no leg has as a candidate, have score 0 and are ordered by nearness in meaning. The fused
        scores do not depend on the page, so pages neither repeat nor skip a work.
        """
        ranked = order_ranking(fused.items())
        if len(ranked) >= depth:
            return ranked
        nearest = find_candidates(
            self.engine, generation, {"text": queries.legs["text"]}, works_filter, depth, exact=True
        )
        return ranked + [(work_id, 0.0) for work_id, _ in nearest["text"] if work_id not in fused]


def _filter_of(intent: Intent) -> models.Filter | None:
    """Return the engine's filter for an intent, without the works that it names: the person knows them."""
    return engine_filter(intent.filters, without=_named(intent))


def _named(intent: Intent) -> tuple[str, ...]:
    return tuple(work.id for work in (*intent.like, *intent.unlike))


def _timed(started: float, page: Page) -> Page:
    """Return a page with the time since `started`, whether it was made or cached."""
    return page.model_copy(update={"took_ms": round((perf_counter() - started) * 1_000, 2)})


def _leg_scores(rankings: Mapping[str, Ranking], shown: Sequence[str]) -> dict[str, dict[str, LegScore]]:
    """Return every leg's score and rank of each shown work."""
    not_found = LegScore()
    legs = {work_id: dict.fromkeys(rankings, not_found) for work_id in shown}
    for leg, ranking in rankings.items():
        for rank, (work_id, score) in enumerate(ranking, start=1):
            if work_id in legs:
                legs[work_id][leg] = LegScore(score=score, rank=rank)
    return legs


def open_tuned(settings: SearchSettings) -> Tuned:
    """Return what `evoke tune` chose, or the defaults; with `settings.fusion`, that fusion for every query.

    Raises:
        TuningInvalid: The tuning file cannot be read, or was not written by `evoke tune`.
    """
    defaults = Tuned.of_fusions(DEFAULT_FUSIONS)
    tuned = read_tuning(settings.tuning, Tuned, TuningInvalid) if settings.tuning else defaults
    return tuned.model_copy(update=dict.fromkeys(QUERY_KINDS, settings.fusion)) if settings.fusion else tuned
