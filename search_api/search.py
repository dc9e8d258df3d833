"""Answer a request with a page of hits. API, command line and evaluation share the `Search` object."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import date
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from qdrant_client import models

from indexer.artefacts import find_misfits, open_taste
from indexer.bm25 import BM25
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import Engine, ServerClient, open_engine_of, split_urls
from indexer.legs import Leg
from indexer.schema import GenerationFacts
from indexer.taste.taste import Taste
from indexer.tuning_file import read_tuning
from indexer.values.head import QueryClassifier
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.account import part
from search_api.answer_cache import AnswerCache
from search_api.candidates import Candidates, find
from search_api.cursors import MAX_WINDOW, Cursor, read_cursor, write_cursor
from search_api.diversity import REACH, Variety, diversify
from search_api.errors import RequestRefused, TuningInvalid, WorkNotFound
from search_api.fusion import NO_WORKS, Ranking, Rows, fusion_for
from search_api.generation import INDEX_AGAIN, Generation, GenerationFollower, describe_mismatch, known_folder
from search_api.given_works import refuse_both
from search_api.leg_queries import LegQueries, LegQueryBuilder, find_title, open_query_classifier
from search_api.matching import find_listed
from search_api.query_adapter import QueryAdapter, load_query_adapter
from search_api.questionnaire import make_questionnaire
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
from search_api.recommendations import recommend
from search_api.recommending import fill_up, recommend_works
from search_api.records import (
    BEST,
    FACETS,
    NO_FILTERS,
    FacetCount,
    Facets,
    Filters,
    Intent,
    Matches,
    MatchRequest,
    Page,
    Questionnaire,
    RecommendRequest,
    SearchRequest,
    Sort,
    Suggestion,
    Unmet,
    ValueView,
    WorkReference,
    WorkView,
    sorted_value,
)
from search_api.retrieval import (
    LeftOut,
    LegQuery,
    count_facet,
    count_ranked,
    engine_filter,
    fetch_points,
    fetch_works,
    find_allowed,
    find_candidates,
)
from search_api.settings import DEFAULT_VECTOR_SEARCH, SearchSettings, VectorSearch
from search_api.soft_filters import Plan, Stage, plan_answer
from search_api.sorting import n_sorted, sort_best
from search_api.understanding.intent import Label
from search_api.understanding.tagger import open_tagger
from search_api.views import leg_scores, record_to_hit, record_to_view, usual_values, view_value

if TYPE_CHECKING:
    from search_api.model_reader import ModelReader

CACHED_TEXTS = 2_000
"""How many query vectors are kept, 1.5 kB each: people page through answers and repeat each other's queries."""
CACHED_PAGES, MOST_CACHED_HITS = 256, 20
"""How many pages are kept, and the most hits that a kept page has. Ten hits take 20 kB; longer pages are asked for by
programs, and seldom twice. Pages are kept as JSON: as objects they would take four times the memory, and the garbage
collector, which visits every object, would delay each new request by 0.8 ms."""
MOST_CACHED_BYTES = 16 * 2**20
"""The most bytes of all kept pages: twenty works of long descriptions can take 400 kB."""
CACHED_COUNTS = 1_000
CACHED_FACETS = 64
"""How many answers of facets are kept, 5 kB each: without filters they change only with the generation."""
CLUSTER_PATIENCE_SECONDS = 2.0
"""How long a request waits while no address of a cluster answers, such as while its nodes choose a new leader."""
SENSELESS = (
    "brelk voosh tarn", "qwimble xorf", "zzkt", "plondering fwee", "grosk", "mivvle tocka prend", "asdf jkl",
    "ulfram desk nib", "vrenta olo", "hjkl", "snorble wexit gand", "fimbo trask",
)  # fmt: skip
"""Words without a sense. How near the nearest work comes to them depends on the size of the catalogue."""


def open_search(
    settings: SearchSettings, encoder: Encoder | None = None, today: Callable[[], date] = date.today
) -> Search:
    """Open the index that the settings name. The index may be built later, or replaced while this search is open.

    Args:
        settings: The settings of the search.
        encoder: The encoder to use; None: the one that the settings name.
        today: The date that "the last ten years" counts from.
    """
    settings.make_home()
    is_cluster = settings.qdrant_url is not None and len(split_urls(settings.qdrant_url)) > 1
    engine = open_engine_of(
        settings,
        read_only=True,
        longest_seconds=settings.deadline_seconds / 2,
        patience_seconds=CLUSTER_PATIENCE_SECONDS if is_cluster else 0.0,
    )
    encoder, taxonomy = encoder or open_encoder(settings), load_taxonomy(settings.taxonomy)
    query_classifier = open_query_classifier(settings, encoder, taxonomy)
    query_adapter = load_query_adapter(settings.descriptions)
    tuned = open_tuned(settings)
    taste, taste_fit = open_taste(settings.taste, encoder)
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
        today=today,
        label=open_tagger(settings, encoder),
        known=settings.known_folder,
        vector_search=settings,
        taste=taste,
        taste_misfit=taste_fit.note,
        quotes=settings.quotes,
        model_reader=open_model_reader(settings, taxonomy),
    )


def open_model_reader(settings: SearchSettings, taxonomy: Taxonomy) -> ModelReader | None:
    """Return the reader by a language model that the settings name; None, and nothing of it is loaded, without one."""
    if settings.reader_url is None:
        return None
    from search_api.model_reader import ModelReader

    return ModelReader(settings, taxonomy, CACHED_TEXTS)


class StageFinder:
    """The candidates of the stages of an answer, each found once.

    Args:
        find_stage: Finds the candidates of a stage, given by its number, at a depth.
    """

    def __init__(self, find_stage: Callable[[int, int], Candidates]) -> None:
        self._find_stage = find_stage
        self.found: dict[tuple[int, int], Candidates] = {}

    def find(self, number: int, depth: int) -> Candidates:
        """Return the candidates of a stage."""
        if (number, depth) not in self.found:
            self.found[number, depth] = self._find_stage(number, depth)
        return self.found[number, depth]


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
        today: Callable[[], date] = date.today,
        label: Label | None = None,
        known: Path | None = None,
        vector_search: VectorSearch = DEFAULT_VECTOR_SEARCH,
        taste: Taste | None = None,
        taste_misfit: str | None = None,
        quotes: bool = True,
        model_reader: ModelReader | None = None,
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
            today: The date that "the last ten years" counts from.
            label: Says what each word of a request does there; None: rules alone read it.
            known: The folder that has what is known of all works; None: beside the embedded engine's folder.
            vector_search: How text vectors are searched.
            taste: The taste file; it is used for an index that was built with it.
            taste_misfit: Why there is no `taste` although a file is named, for `taste_notes`; `misfits` has it too.
            quotes: Whether sentences of reviews are shown.
            model_reader: A language model that reads requests too; None: the built-in reader alone.
        """
        self.engine = engine
        self.encoder = encoder
        self._taxonomy = taxonomy
        self._fusions = fusions
        self._bm25 = bm25
        self._misfits = tuple(misfits)
        self._builder = LegQueryBuilder(
            engine, encoder, taxonomy, query_classifier, query_adapter, cleanings, n_cached, today, label, model_reader
        )
        self._model_reader = model_reader
        self._pages: AnswerCache[str] = AnswerCache(min(n_cached, CACHED_PAGES), MOST_CACHED_BYTES, len, name="pages")
        self._counts: AnswerCache[int] = AnswerCache(min(n_cached, CACHED_COUNTS), name="counts")
        self._facets: AnswerCache[Facets] = AnswerCache(min(n_cached, CACHED_FACETS), name="facets")
        self._generations = GenerationFollower(
            engine, encoder, taxonomy, known or known_folder(engine), vector_search, taste
        )
        self._taste, self._taste_misfit = taste, taste_misfit
        self._quotes = quotes

    def close(self) -> None:
        """Close the index."""
        self._generations.close()
        self.engine.close()
        if self._model_reader:
            self._model_reader.close()

    def follow(self) -> None:
        """Look for a new index also while nobody asks, until `close`: for a service."""
        self._generations.follow()

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

    def allowed(self, request: SearchRequest) -> Rows:
        """Return the works that `find_candidates` chooses from, by their rows."""

        def answer(generation: Generation) -> Rows:
            queries = self._builder.build(request, generation)
            works_filter = self._filter(generation, queries, self._plan(generation, queries).stages[0])
            return find_allowed(self.engine, generation, works_filter)

        return self._generations.use(answer)

    def serving(self) -> Generation:
        """Return the generation that serves now, for callers that query the engine themselves."""
        return self._generations.use(lambda generation: generation)

    def check(self) -> int:
        """Return how many works can be searched, and load what the first request would wait for."""
        with ThreadPoolExecutor(1) as beside:
            n_works = beside.submit(self.ready)
            self._builder.warm()
            return n_works.result()

    def ready(self) -> int:
        """Return how many works can be searched, as the index says; nothing is counted or loaded."""
        return self.serving().facts.n_works

    def notes(self) -> tuple[str, ...]:
        """Return a line for each file that does not fit index, encoder or taxonomy, and for an encoder on torch."""
        facts = self.serving().facts
        notes = [*self._misfits]
        if slow := self.encoder.runtime_note:
            notes.append(slow)
        if self._bm25 not in (None, facts.bm25):
            notes.append(
                "the index was built with other BM25 settings than this process uses (EVOKE_TUNING): "
                f"{INDEX_AGAIN}, or start with the tuning it was built with"
            )
        return (*notes, *self._taste_mismatch(facts))

    def unanswered(self) -> tuple[str, ...]:
        """Return a line for each address of the index's server that does not answer, while another one does."""
        nodes = self.engine.nodes if isinstance(self.engine, ServerClient) else None
        problems = nodes.problems() if nodes else {}
        return tuple(f"{url}: {problem}" for url, problem in problems.items())

    def taste_notes(self) -> tuple[str, ...]:
        """Return those of the notes that say why works are recommended by content alone; () where taste is used."""
        misfit = (self._taste_misfit,) if self._taste_misfit else ()
        return (*misfit, *self._taste_mismatch(self.serving().facts))

    def _taste_mismatch(self, facts: GenerationFacts) -> tuple[str, ...]:
        return describe_mismatch(self._taste.fingerprint if self._taste else None, facts.taste)

    def search(self, request: SearchRequest) -> Page:
        """Return the page of works that a request asks for.

        Raises:
            RequestRefused: A filter, a weight or the order names a value that the taxonomy does not have, a work is
                given as one to be like and unlike, or the cursor is none.
        """
        started = perf_counter()
        self._check_filters(request.filters)
        self._check_values("weights", request.weights)
        self._check_sort(request.sort)
        refuse_both("unlike", request.like, request.unlike)
        place = read_cursor(request.cursor) if request.cursor else Cursor(request.offset)

        def answer(generation: Generation) -> Page:
            queries = self._builder.build(request, generation)
            return self._answer(generation, queries, place, request.limit, request.sort)

        # The key has the fields that were set: a filter set to null replaces the one that the words ask for.
        key = request.model_dump_json(exclude_unset=True)
        return _timed(started, self._cached_page(key, request.limit, answer))

    def similar(
        self,
        work_id: str,
        filters: Filters = NO_FILTERS,
        limit: int = 10,
        offset: int = 0,
        cursor: str | None = None,
        sort: Sort = BEST,
    ) -> Page:
        """Return a page of the works most like one work, without that work itself.

        Raises:
            WorkNotFound: No work has this id.
            RequestRefused: A filter or the order names a value that the taxonomy does not have, or the cursor is none.
        """
        started = perf_counter()
        self._check_filters(filters)
        self._check_sort(sort)
        place = read_cursor(cursor) if cursor else Cursor(offset)

        def answer(generation: Generation) -> Page:
            return self._answer(generation, self._builder.similar(work_id, filters, generation), place, limit, sort)

        key = (work_id, filters.model_dump_json(), limit, place, sort)
        return _timed(started, self._cached_page(key, limit, answer))

    def recommend(self, request: RecommendRequest) -> Page:
        """Return the page of works that a profile asks for, without the works of the profile.

        Raises:
            RequestRefused: A filter, a value or the order names a value that the taxonomy does not have, no like is
                known and no value is asked for, or a work is both liked and disliked.
        """
        started = perf_counter()
        self._check_filters(request.filters)
        self._check_values("values", request.values)
        self._check_sort(request.sort)

        def answer(generation: Generation) -> Page:
            return recommend(self.engine, generation, self._taxonomy, request, quotes=self._quotes)

        return _timed(started, self._generations.use(answer))

    def find_title(self, text: str) -> list[WorkReference]:
        """Return the works that a title, or an id, may mean, the best known first."""
        return self._generations.use(lambda generation: list(find_title(text, generation)))

    def match(self, request: MatchRequest) -> Matches:
        """Return the works that a person's list names, in its order."""

        def answer(generation: Generation) -> Matches:
            names, table = generation.names, generation.table
            rows = [find_listed(names, table, each) for each in request.works]
            found = iter(table.refer_to(np.array([row for row in rows if row is not None], dtype=np.intp)))
            return Matches(works=tuple(None if row is None else next(found) for row in rows))

        return self._generations.use(answer)

    def questionnaire(self) -> Questionnaire:
        """Return values that tell the works apart, and well-known works, to choose a profile from."""
        return self._generations.use(lambda generation: make_questionnaire(generation, self._taxonomy))

    def rank_for(self, request: RecommendRequest, depth: int, legs: Mapping[str, float] | None = None) -> list[str]:
        """Return the ids of the best works for a profile, before they are diversified, for measurements.

        Args:
            request: The profile and the filters.
            depth: How many works; there are fewer where fewer pass the filters.
            legs: Weights of legs in place of their own.

        Raises:
            RequestRefused: As for `recommend`.
        """

        def answer(generation: Generation) -> list[str]:
            recommended = recommend_works(self.engine, generation, request, legs)
            ranked = fill_up(self.engine, generation, recommended, depth)[:depth]
            return generation.table.ids_of(row for row, _ in ranked)

        return self._generations.use(answer)

    def work(self, work_id: str) -> WorkView:
        """Return one work.

        Raises:
            WorkNotFound: No work has this id.
        """

        def answer(generation: Generation) -> WorkView:
            records = fetch_works(self.engine, generation.name, [work_id], vectors=("values",))
            if not records:
                raise WorkNotFound(work_id)
            return record_to_view(records[0], self._taxonomy, generation.facts.value_ids, quotes=self._quotes)

        return self._generations.use(answer)

    def facets(self, filters: Filters = NO_FILTERS, names: Sequence[str] = tuple(FACETS), limit: int = 20) -> Facets:
        """Return exact counts of the works that pass the filters, by facet.

        Raises:
            RequestRefused: A facet or a value does not exist.
        """
        self._check_filters(filters)
        for name in names:
            if name not in FACETS:
                raise RequestRefused("name", f"no facet is called {name!r}; choose from {', '.join(FACETS)}")

        def answer(generation: Generation) -> Facets:
            works_filter = engine_filter(filters, LeftOut())
            counts = {
                name: count_facet(self.engine, generation.name, FACETS[name], works_filter, limit) for name in names
            }
            return Facets(
                total=count_ranked(self.engine, generation, filters, LeftOut()),
                facets={
                    name: tuple(FacetCount(value=value, count=count) for value, count in entries)
                    for name, entries in counts.items()
                },
            )

        key = (filters.model_dump_json(), tuple(names), limit)
        return self._generations.use(lambda g: self._facets.get_or_make((g.name, key), lambda: answer(g)))

    def suggest(self, text: str, limit: int = 8) -> list[Suggestion]:
        """Return titles that complete or resemble the text, best first."""
        return self._generations.use(lambda generation: generation.names.suggest(text, limit))

    def values(self) -> list[ValueView]:
        """Return the values of the taxonomy, in its order."""
        return [view_value(value) for value in self._taxonomy.values]

    def attributions(self) -> tuple[str, ...]:
        """Return the notices that the sources of the indexed works require."""
        return self._generations.use(lambda generation: generation.facts.attributions)

    def build_queries(self, request: SearchRequest) -> LegQueries:
        """Return each leg's query for a request, for callers that measure or fuse in another way."""
        return self._generations.use(lambda generation: self._builder.build(request, generation))

    def find_candidates(self, request: SearchRequest, depth: int) -> Candidates:
        """Return each leg's best `depth` works, which `search` fuses, for callers that try several fusions.

        Of an answer in stages, they are those of the first stage.
        """

        def answer(generation: Generation) -> Candidates:
            queries = self._builder.build(request, generation)
            first = self._plan(generation, queries).stages[0]
            return find(self.engine, generation, queries, self._filter(generation, queries, first), depth)

        return self._generations.use(answer)

    def rank(self, request: SearchRequest, ways: Sequence[Fusions]) -> list[list[tuple[str, float]]]:
        """Return the works that `search` would show under each of several fusions, with their scores.

        The steps before the fusion run once, and no payload is fetched.
        """
        end = request.offset + request.limit

        def answer(generation: Generation) -> list[list[tuple[str, float]]]:
            queries = self._builder.build(request, generation)
            plan = self._plan(generation, queries)
            # Each depth is a search of its own: the first works of an approximate search change with its depth.
            finder = self._finder(generation, queries, plan)
            ranked = (
                self._rank(generation, queries, plan, fusion_for(queries.intent, way), finder, end) for way in ways
            )
            ids = generation.table.ids
            return [[(ids[row], score) for row, score in works[request.offset : end]] for works in ranked]

        return self._generations.use(answer)

    def _cached_page(self, key: Hashable, limit: int, answer: Callable[[Generation], Page]) -> Page:
        """Return the cached page of the serving generation for a key; if there is none, make it and cache it."""

        def recall(generation: Generation) -> Page:
            generation_key = (generation.name, key)
            if cached := self._pages.get(generation_key):
                return Page.model_validate_json(cached)
            page = answer(generation)
            if limit <= MOST_CACHED_HITS and not _is_makeshift(page.intent):
                self._pages.put(generation_key, page.model_dump_json())
            return page

        return self._generations.use(recall)

    def _plan(self, generation: Generation, queries: LegQueries) -> Plan:
        """Return the stages of an answer."""
        filters = queries.intent.filters
        return plan_answer(
            filters,
            queries.given,
            lambda fact: generation.table.share_known(fact, filters.kind),
            lambda stage: self._count(generation, queries, stage),
        )

    def _count(self, generation: Generation, queries: LegQueries, stage: Stage) -> int:
        """Return how many works a stage has."""
        without = _left_out(generation, queries)
        key = (generation.name, stage.filters.model_dump_json(), stage.unsaid, without)
        return self._counts.get_or_make(
            key, lambda: count_ranked(self.engine, generation, stage.filters, without, stage.unsaid)
        )

    def _filter(self, generation: Generation, queries: LegQueries, stage: Stage) -> models.Filter | None:
        """Return the engine's filter for a stage."""
        return engine_filter(stage.filters, _left_out(generation, queries), stage.unsaid)

    def _check_filters(self, filters: Filters) -> None:
        self._check_values("filters.values", filters.values)

    def _check_values(self, field: str, value_ids: Iterable[str]) -> None:
        for value_id in value_ids:
            if value_id not in self._taxonomy.by_id:
                raise RequestRefused(f"{field}.{value_id}", "no value has this id; GET /v1/values lists them")

    def _check_sort(self, sort: Sort) -> None:
        if (value_id := sorted_value(sort)) and value_id not in self._taxonomy.by_id:
            raise RequestRefused("sort", f"no value has the id {value_id!r}; GET /v1/values lists them")

    def _answer(self, generation: Generation, queries: LegQueries, place: Cursor, limit: int, sort: Sort) -> Page:
        plan = self._plan(generation, queries)
        total = self._count(generation, queries, plan.stages[-1])
        fusion = fusion_for(queries.intent, self._fusions)
        finder = self._finder(generation, queries, plan)
        end = min(place.offset + limit, MAX_WINDOW)
        n_ranked = MAX_WINDOW if place.point is not None else n_sorted(end, sort)
        with part("ranking"):
            ranked = self._rank(generation, queries, plan, fusion, finder, min(n_ranked, total))[:n_ranked]
        if place.point is None:
            page = sort_best(self.engine, generation, ranked, sort)[place.offset : end]
        else:
            page = self._beyond_window(generation, queries, plan, [row for row, _ in ranked], place.point, limit)
        following = _following(place, [int(generation.table.points[row]) for row, _ in page], total)
        searched = list(finder.found.values()) or [finder.find(0, fusion.depth)]
        intent = queries.intent
        unmet = (*intent.unmet, *plan.unmet, *self._nothing_found(generation, queries, searched[0]))
        intent = intent.model_copy(update={"unmet": unmet}) if unmet else intent
        legs = leg_scores([candidates.rankings for candidates in searched], [row for row, _ in page])
        vectors: tuple[Leg, ...] = ("bm25", "values") if intent.tags else ("bm25",)
        points = generation.table.points[[row for row, _ in page]].tolist()
        with part("hits"):
            with part("payloads"):
                records = fetch_points(self.engine, generation.name, points, vectors=vectors)
            usual = usual_values(records) if queries.liked else ()
            hits = tuple(
                record_to_hit(
                    record,
                    score,
                    legs[row],
                    intent,
                    queries.forms,
                    self._taxonomy,
                    query=queries.query,
                    dimensions=generation.facts.value_ids,
                    liked=queries.liked,
                    usual=usual,
                    quotes=self._quotes,
                )
                for (row, score), record in zip(page, records, strict=True)
            )
        return Page(
            query=queries.query,
            intent=intent,
            total=total,
            offset=place.offset,
            limit=limit,
            took_ms=0,
            hits=hits,
            cursor=write_cursor(following) if following else None,
        )

    def _beyond_window(
        self,
        generation: Generation,
        queries: LegQueries,
        plan: Plan,
        ranked: Sequence[int],
        point: int,
        limit: int,
    ) -> list[tuple[int, float]]:
        """Return the works behind those that are ranked, by the ids of their points, from one point on."""
        points = generation.table.points[ranked].tolist()
        works_filter = models.Filter(
            must=self._filter(generation, queries, plan.stages[-1]), must_not=models.HasIdCondition(has_id=points)
        )
        records, _ = self.engine.scroll(
            generation.name, scroll_filter=works_filter, limit=limit, offset=point, with_payload=False
        )
        rows = generation.table.rows_of_points([record.id for record in records])
        return [(row, 0.0) for row in rows.tolist()]

    def _finder(self, generation: Generation, queries: LegQueries, plan: Plan) -> StageFinder:
        """Return a finder of the candidates of a plan's stages."""

        def find_stage(number: int, depth: int) -> Candidates:
            works_filter = self._filter(generation, queries, plan.stages[number])
            return find(self.engine, generation, queries, works_filter, depth)

        return StageFinder(find_stage)

    def _rank(
        self,
        generation: Generation,
        queries: LegQueries,
        plan: Plan,
        fusion: Fusion,
        finder: StageFinder,
        depth: int,
    ) -> list[tuple[int, float]]:
        """Return at least `depth` works by their rows, best first, as far as the last stage of the plan has so many.

        Neither candidates nor scores depend on the page, so pages neither repeat nor skip a work. A work's score is
        never above that of the work before it.
        """
        ranked: dict[int, float] = {}
        for number, stage in enumerate(plan.stages):
            if ranked and len(ranked) >= depth:
                break
            candidates = finder.find(number, fusion.depth)
            for row, score in self._rank_stage(generation, queries, stage, candidates, fusion, depth):
                ranked.setdefault(row, score)
        scores = accumulate(ranked.values(), min)
        return list(zip(ranked, scores, strict=True))

    def _rank_stage(
        self,
        generation: Generation,
        queries: LegQueries,
        stage: Stage,
        candidates: Candidates,
        fusion: Fusion,
        depth: int,
    ) -> list[tuple[int, float]]:
        """Return the candidates, best first, then other works of the stage until there are `depth` works.

        The other works, which no leg has as a candidate, have score 0 and are ordered by nearness in meaning. After
        them come the candidates that have what the request refuses.
        """
        ordered = candidates.order(fusion)
        fitting = _pairs(ordered.fitting.part(0, max(depth, REACH)))  # of the 800 works that are fused
        # Who names or remembers one work looks for that work, however many are like it.
        seeks_one = TITLE in candidates.rankings or queries.intent.is_description
        ranked = fitting if seeks_one else diversify(fitting, generation.table, _variety(queries), depth)
        if len(ranked) >= depth:
            return ranked
        last = _pairs(ordered.last)
        n_works = self._count(generation, queries, stage)
        if len(ranked) + len(last) >= n_works:
            return ranked + last
        works_filter = self._filter(generation, queries, stage)
        n_nearest = min(depth + len(last), n_works)
        text: dict[Leg, LegQuery] = {"text": queries.legs["text"]}
        nearest = find_candidates(self.engine, generation, text, works_filter, n_nearest, exact=True)["text"]
        known = dict(ranked) | dict(last)
        return ranked + [(row, 0.0) for row in nearest.rows.tolist() if row not in known] + last

    def _nothing_found(self, generation: Generation, queries: LegQueries, candidates: Candidates) -> tuple[Unmet, ...]:
        """Return a note if nothing in the catalogue matches the words of a request."""
        intent = queries.intent
        named = (*intent.like, *intent.like_people, *intent.unlike, *intent.seen)
        wishes = {} if intent.is_guess else {**intent.values, **intent.tags}
        is_read = bool(named or wishes or intent.audience or intent.standing)
        nearest = candidates.rankings["text"]
        has_words = TITLE in candidates.rankings or candidates.rankings.get("bm25", NO_WORKS).n_works
        if is_read or not nearest.n_works or has_words:
            return ()
        if any(getattr(intent.filters, name) for name in intent.filters.model_fields_set):
            return ()
        if nearest.scores[0] >= generation.noise.get_or_make("noise", lambda: self._measure_noise(generation)):
            return ()
        return (Unmet(part="text", note="nothing here matches these words well"),)

    def _measure_noise(self, generation: Generation) -> float:
        """Return the cosine of the nearest work that words without a sense reach."""
        texts = self.encoder.encode(SENSELESS)
        nearest = [find_candidates(self.engine, generation, {"text": t}, None, 1)["text"].scores[0] for t in texts]
        return float(np.mean(nearest) + np.std(nearest))


def _following(place: Cursor, points: Sequence[int], total: int) -> Cursor | None:
    """Return where the page after one begins, given the points of that page; None if it is the last."""
    end = place.offset + len(points)
    if not points or end >= total:
        return None
    if place.point is not None:
        return Cursor(end, points[-1] + 1)
    return Cursor(end) if end < MAX_WINDOW else Cursor(end, 0)


def _pairs(ranking: Ranking) -> list[tuple[int, float]]:
    return list(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True))


def _left_out(generation: Generation, queries: LegQueries) -> LeftOut:
    """Return the works that an answer leaves out.

    These are the works that the request excludes, those that it names, since the person knows them, and those that are
    another row of a work that can be shown; a query that is the title of such a row finds it.
    """
    intent, table = queries.intent, generation.table
    named = (work.id for work in (*intent.like, *intent.unlike, *intent.seen))
    asked = generation.names.named_by(queries.query)
    shown = [work_id for work_id in asked if (row := table.row_of(work_id)) is not None and table.is_twin[row]]
    return LeftOut(tuple(dict.fromkeys((*named, *intent.hidden, *queries.excluded))), tuple(shown))


def _variety(queries: LegQueries) -> Variety:
    """Return the quotas that hold: none for what the request asks for."""
    intent = queries.intent
    return Variety(
        by_maker=not intent.filters.creators,
        by_kind=intent.filters.kind is None and not intent.like,
        query=queries.query,
    )


def _is_makeshift(intent: Intent) -> bool:
    """Return whether rules read a request only because the language model failed, which may read it the next time."""
    return intent.read_by == "rules" and bool(intent.reader_notes)


def _timed(started: float, page: Page) -> Page:
    """Return a page with the time since `started`, whether it was made or cached."""
    return page.model_copy(update={"took_ms": round((perf_counter() - started) * 1_000, 2)})


def open_tuned(settings: SearchSettings) -> Tuned:
    """Return what `evoke tune` chose, or the defaults; with `settings.fusion`, that fusion for every query.

    Raises:
        TuningInvalid: The tuning file cannot be read, or was not written by `evoke tune`.
    """
    defaults = Tuned.of_fusions(DEFAULT_FUSIONS)
    tuned = read_tuning(settings.tuning, Tuned, TuningInvalid) if settings.tuning else defaults
    return tuned.model_copy(update=dict.fromkeys(QUERY_KINDS, settings.fusion)) if settings.fusion else tuned
