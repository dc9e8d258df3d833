"""Search: a request to a page of hits. The one object that API, command line and evaluation share."""

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
    FACET_KEYS,
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
    """Answers requests from the generation that serves now. Thread-safe; each call sees one generation throughout.

    Every method that reads the index raises IndexUnavailable, or a kind of it, while there is none that it can read.
    """

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder,
        taxonomy: Taxonomy,
        fusions: Fusions = DEFAULT_FUSIONS,
        query_classifier: QueryClassifier | None = None,
        n_remembered: int = REMEMBERED_TEXTS,
        query_adapter: QueryAdapter | None = None,
        cleanings: Cleanings = DEFAULT_CLEANINGS,
        bm25: BM25 | None = None,
        misfits: Sequence[str] = (),
    ) -> None:
        """Sets up a search.

        Args:
            engine: Where the index is.
            encoder: What the index was made with.
            taxonomy: Likewise.
            fusions: How the legs become one ranking, by kind of query.
            query_classifier: Guesses the values of queries in which no rule finds one; None: no guesses.
            n_remembered: The most texts whose vectors are kept; answers and counts are kept up to less than that. With
                0 every request is computed, for those who measure.
            query_adapter: Adapts descriptions of remembered works; None: they are searched as they are.
            cleanings: What is taken off queries, by their kind.
            bm25: What the index should be built with; None if it does not matter.
            misfits: Notes on artefacts that do not fit, for `notes`.
        """
        self.engine = engine
        self.encoder = encoder
        self._taxonomy = taxonomy
        self._fusions = fusions
        self._bm25 = bm25
        self._misfits = tuple(misfits)
        self._asker = LegQueryBuilder(
            engine, encoder, taxonomy, query_classifier, query_adapter, cleanings, n_remembered
        )
        self._pages: AnswerCache[str] = AnswerCache(min(n_remembered, REMEMBERED_PAGES))
        self._counts: AnswerCache[int] = AnswerCache(min(n_remembered, REMEMBERED_COUNTS))
        self._generations = GenerationFollower(engine, encoder, taxonomy)

    def close(self) -> None:
        """Gives the index back."""
        self.engine.close()

    def fusing(self, fusions: Fusions) -> Search:
        """Gives this search with other fusions; it remembers no answers, and shares all else, so close one of them."""
        other = copy(self)
        other._fusions, other._pages = fusions, AnswerCache(0)
        return other

    def cleaning(self, cleanings: Cleanings) -> Search:
        """Gives this search with other cleanings, likewise."""
        other = copy(self)
        other._asker, other._pages = self._asker.cleaning(cleanings), AnswerCache(0)
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
        self._asker.warm()
        return n_works

    def notes(self) -> tuple[str, ...]:
        """Return what was learnt or chosen earlier and does not fit this index, encoder or taxonomy, a line each."""
        built_with = self.serving().facts.bm25
        if self._bm25 in (None, built_with):
            return self._misfits
        note = (
            "the index was built with other BM25 settings than this process has by EVOKE_TUNING: "
            "run `evoke index` to rebuild it, or start with the tuning it was built with"
        )
        return (*self._misfits, note)

    def search(self, request: SearchRequest) -> Page:
        """Gives the page of works that a request asks for.

        Raises:
            RequestRefused: a filter or a weight names a value that the taxonomy does not have.
        """
        started = perf_counter()
        self._check_filters(request.filters)
        self._check_values("weights", request.weights)

        def answer(generation: Generation) -> Page:
            question = self._asker.ask(request, generation)
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
            return self._answer(generation, self._asker.similar(work_id, filters, generation), offset, limit)

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

    def ask(self, request: SearchRequest) -> LegQueries:
        """Gives a request as the engine is asked it, for those who measure or fuse in another way."""
        return self._generations.use(lambda generation: self._asker.ask(request, generation))

    def find(self, request: SearchRequest, depth: int) -> Candidates:
        """Gives what `search` fuses: each leg's best `depth` works, for those who fuse in several ways."""

        def answer(generation: Generation) -> Candidates:
            question = self._asker.ask(request, generation)
            return self._find(generation, question, _searchable(question.intent), depth)

        return self._generations.use(answer)

    def rank(self, request: SearchRequest, ways: Sequence[Fusions]) -> list[list[tuple[str, float]]]:
        """Gives the works that `search` would show were it to fuse in each of several ways, with their scores.

        What is alike in all of them is done once, and nothing is fetched to show.
        """
        end = request.offset + request.limit

        def answer(generation: Generation) -> list[list[tuple[str, float]]]:
            question = self._asker.ask(request, generation)
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

    def _answer(self, generation: Generation, question: LegQueries, offset: int, limit: int) -> Page:
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

    def _find(
        self, generation: Generation, question: LegQueries, works: models.Filter | None, depth: int
    ) -> Candidates:
        rankings = find_candidates(self.engine, generation, question.legs, works, depth)
        if named := [work.id for work in generation.titles.find_all(question.query)][:MOST_NAMESAKES]:
            allowed = keep_allowed(self.engine, generation.name, named, works)
            rankings[TITLE_LEG] = [(work_id, 1.0) for work_id in allowed]
        return Candidates(question.intent, rankings, generation.years)

    def _rank(
        self,
        generation: Generation,
        question: LegQueries,
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


def open_tuned(settings: SearchSettings) -> Tuned:
    """Gives what a tuning chose, else what ships; with one fusion for every query where the settings say so.

    Raises:
        TuningInvalid: the tuning cannot be read, or is none.
    """
    ships = Tuned.of_fusions(DEFAULT_FUSIONS)
    tuned = read_tuning(settings.tuning, Tuned, TuningInvalid) if settings.tuning else ships
    return tuned.model_copy(update=dict.fromkeys(QUERY_KINDS, settings.fusion)) if settings.fusion else tuned
