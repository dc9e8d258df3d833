"""Turn a request into a query for each leg: read the words, embed them, weigh terms and values, look up named works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.analysis import Analyser
from indexer.artefacts import check_query_classifier
from indexer.bm25 import query_weights, term_id, top_terms_by_idf
from indexer.encoder.encoder import Encoder
from indexer.engine import Engine
from indexer.facts import FACTS
from indexer.legs import TASTE, Leg
from indexer.values.head import QueryClassifier, load_value_head
from indexer.values.taxonomy import Taxonomy
from search_api.account import part
from search_api.answer_cache import AnswerCache
from search_api.errors import WorkNotFound
from search_api.fusion import Ranking, kind_of_query
from search_api.generation import Generation
from search_api.query_adapter import QueryAdapter
from search_api.ranking_settings import CANDIDATES_PER_LEG, Cleaning, Cleanings
from search_api.reasons import LikedWork
from search_api.records import WHOLE_PARTS, Filters, Intent, SearchRequest, Unmet, WorkReference
from search_api.retrieval import LegQuery, fetch_works, find_candidates, find_idf
from search_api.settings import SearchSettings
from search_api.understanding.guessing import guess_values
from search_api.understanding.intent import Label, parse_intent
from search_api.understanding.phrases import NOUNS, PEOPLE_NOUNS
from search_api.untold import set_untold_aside
from search_api.views import record_to_liked

if TYPE_CHECKING:
    from search_api.model_reader import ModelReader

LIKE_TERMS_WEIGHT = 0.5
"""The weight of a named work's terms in the `bm25` leg, beside the words of the query. Requests of conversations that
name a film, an answer in the first 10 and 50: .207 and .444 without its terms, .213 and .473 with .15, .231 and .491
with .5. Its 20 rarest terms alone would reach as much, but to find them takes 15 ms."""
MOST_TEXTS = 2
"""How many texts of a request are embedded together, and their vectors kept for this request at least."""
WORKS_OF_A_PERSON = 5
"""How many of the best-known works of a person stand for that person in "authors like Neil Gaiman"."""
UNLIKE_WEIGHT = -0.5
"""The weight of a work to be unlike; a work to be like has 1."""
BESIDE_TAGS = 0.25
"""The weight of a value when the words also name community tags, which are more precise."""
N_AGREEING = 20
"""How many of the best works by BM25 are looked for among the nearest in meaning."""
WORKS_TO_A_NEAR_ONE = 100
"""Of so many works, one is near. In a small catalogue the 200 nearest would agree with any words."""
AGREEMENTS = ((0.48, 0.3), (0.55, 0.15))
"""The cosine of the nearest work and the share of works that agree, from which words name a subject; see `agree`."""


@dataclass(frozen=True)
class LegQueries:
    """An intent and a query for each leg.

    Attributes:
        query: The words of the request.
        intent: What was understood of them.
        legs: The query for each leg.
        forms: The word of the query that each term was made from.
        given: The filters that the request gives explicitly, by name: these are exact.
        favours_known: Whether well-known works rank higher.
        liked: The works of `intent.like` that the index has, for the reasons.
        refused: The ids of the terms of each of `intent.refused`.
        excluded: The ids of the works that the request excludes.
    """

    query: str
    intent: Intent
    legs: Mapping[Leg, LegQuery]
    forms: Mapping[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset(FACTS)
    favours_known: bool = False
    liked: Sequence[LikedWork] = ()
    refused: Sequence[Sequence[int]] = ()
    excluded: tuple[str, ...] = ()


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
        today: Callable[[], date],
        label: Label | None,
        model_reader: ModelReader | None = None,
    ) -> None:
        self._engine = engine
        self._encoder = encoder
        self._taxonomy = taxonomy
        self._query_classifier = query_classifier
        self._query_adapter = query_adapter
        self._cleanings = cleanings
        self._today = today
        self._label = label
        self._model_reader = model_reader
        self._n_cached = n_cached
        self._vectors: AnswerCache[NDArray[np.float32]] = AnswerCache(max(n_cached, MOST_TEXTS))
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
        if self._label:
            self._label("warm")
        with self._analyser_lock:
            self._analyser.terms("warm")

    def build(self, request: SearchRequest, generation: Generation) -> LegQueries:
        """Return a request's queries. Its words are cleaned as its kind requires; with `interpret` off they stay."""
        with part("reading"):
            return self._build(request, generation)

    def _build(self, request: SearchRequest, generation: Generation) -> LegQueries:
        if not self._n_cached:
            self._vectors = AnswerCache(MOST_TEXTS)  # for the texts of this request alone
        intent = add_given(self._read(request, generation), request, generation)
        intent = set_untold_aside(intent, self._taxonomy, generation.profiles.is_there)
        cleaning = self._cleanings.of(kind_of_query(intent)) if request.interpret else Cleaning()
        if not cleaning.unwrap:
            intent = intent.model_copy(update={"text": request.query})
        queries = self._to_queries(generation, request.query, intent, cleaning)
        given = request.filters.model_fields_set if request.interpret else FACTS
        # A remembered work is seldom a well-known one: among films, known ones first takes .181 to .173.
        favours_known = request.interpret and not intent.is_description
        return replace(queries, given=frozenset(given), favours_known=favours_known, excluded=request.exclude)

    def similar(self, work_id: str, filters: Filters, generation: Generation) -> LegQueries:
        """Return the queries for the works most like one work.

        Raises:
            WorkNotFound: No work has this id.
        """
        records = fetch_works(self._engine, generation.name, [work_id], vectors=_vectors_of_liked(generation))
        if not records:
            raise WorkNotFound(work_id)
        liked = record_to_liked(records[0])
        intent = Intent(text="", like=(WorkReference(id=work_id, title=liked.title),), filters=filters)
        vectors: Any = records[0].vector
        legs: dict[Leg, LegQuery] = {"text": vectors["text"]}
        if vectors["bm25"].indices:
            legs["bm25"] = vectors["bm25"]
        legs |= _query_taste(generation, [vectors], [])
        return LegQueries("", intent, legs, liked=[liked])

    def _read(self, request: SearchRequest, generation: Generation) -> Intent:
        """Return the intent of a request. Its own filters and weights replace those read from its words."""
        if not request.interpret:
            return weigh(Intent(text=request.query, filters=request.filters), request.weights)
        intent = self._complete(
            parse_intent(
                request.query,
                self._taxonomy,
                genres=generation.table.spelled_genres,
                names=generation.names,
                guess=self._guess if self._query_classifier else None,
                label=self._label,
                is_subject=lambda words, text: self._is_subject(words, text, generation),
                today=self._today(),
            ),
            request.query,
            generation,
        )
        intent = weigh(leave_out(intent, frozenset(request.without)), request.weights)
        given = {name: getattr(request.filters, name) for name in request.filters.model_fields_set}
        filters = intent.filters.model_copy(update=given)
        implied = {
            part: sources for part, sources in intent.implied.items() if part.removeprefix("filters.") not in given
        }
        return intent.model_copy(update={"filters": filters, "implied": implied})

    def _complete(self, intent: Intent, text: str, generation: Generation) -> Intent:
        """Return an intent with what a language model reads besides, if there is one."""
        if self._model_reader is None:
            return intent
        from search_api.understanding.merging import KnownHere

        here = KnownHere(
            self._taxonomy,
            generation.names,
            generation.table.spelled_genres,
            lambda title: find_title(title, generation),
            lambda words: self._is_subject(words, words, generation),
        )
        return self._model_reader.complete(intent, text, self._today(), here)

    def _embed(self, text: str) -> NDArray[np.float32]:
        return self._vectors.get_or_make(text, lambda: self._embed_together([text])[0])

    def _embed_together(self, texts: Iterable[str]) -> list[NDArray[np.float32]]:
        """Return the vectors of texts, and keep them. Two short texts take less time together than one by one."""
        vectors = {text: self._vectors.get(text) for text in texts}
        if new := [text for text, vector in vectors.items() if vector is None]:
            with part("encoder"):
                made = self._encoder.encode(new)
            made.setflags(write=False)
            for text, vector in zip(new, made, strict=True):
                vectors[text] = vector
                self._vectors.put(text, vector)
        return [vector for vector in vectors.values() if vector is not None]

    def _guess(self, text: str) -> dict[str, float]:
        shares = self._query_classifier.shares(self._embed(text)) if self._query_classifier else {}
        return guess_values(shares) if shares else {}

    def _is_subject(self, words: str, text: str, generation: Generation) -> bool:
        """Return whether works of a generation are about what words name. `text` is what will be searched for."""
        return generation.subjects.get_or_make(words, lambda: self._find_subject(words, text, generation))

    def _find_subject(self, words: str, text: str, generation: Generation) -> bool:
        with self._analyser_lock:
            terms = self._analyser.terms(words)
        if not terms:
            return False
        legs: dict[Leg, LegQuery] = {"text": self._embed_together((words, text))[0], "bm25": query_weights(terms)}
        found = find_candidates(self._engine, generation, legs, None, CANDIDATES_PER_LEG)
        n_near = min(max(generation.table.n_works // WORKS_TO_A_NEAR_ONE, N_AGREEING), CANDIDATES_PER_LEG)
        # A title has a word for any reason, and is near to it in meaning for the word's sake alone.
        best = found["bm25"].rows[: 3 * N_AGREEING].tolist()
        with self._analyser_lock:
            others = (row for row in best if not self._analyser.has_any(generation.table.titles[row], terms))
            described = list(islice(others, N_AGREEING))
        return agree(found["text"].part(0, n_near), described)

    def _to_queries(self, generation: Generation, query: str, intent: Intent, cleaning: Cleaning) -> LegQueries:
        with self._analyser_lock:
            refused = [[term_id(term) for term in self._analyser.terms(words)] for words in intent.refused]
            terms = [] if says_nothing(intent) else self._analyser.terms_and_words(intent.subject or intent.text)
        forms: dict[str, str] = {}
        for term, word in terms:
            forms.setdefault(term, word)
        text = self._embed(intent.text)
        wanted = wanted_dimensions(intent)
        values = np.array([wanted.get(i, 0.0) for i in generation.facts.value_ids], dtype=np.float32)
        liked: list[LikedWork] = []
        liked_terms: list[models.SparseVector] = []
        named: tuple[list[Any], list[Any]] = ([], [])
        for ids, sign in ((liked_ids(intent, generation), 1.0), ([w.id for w in intent.unlike], UNLIKE_WEIGHT)):
            for record in fetch_works(self._engine, generation.name, ids, vectors=_vectors_of_liked(generation)):
                vectors: Any = record.vector
                named[sign < 0].append(vectors)
                text = text + sign * np.asarray(vectors["text"], dtype=np.float32)
                if sign > 0:
                    liked.append(record_to_liked(record))
                    liked_terms.append(vectors["bm25"])
        if intent.is_description and self._query_adapter:
            text = self._query_adapter.adapt(text, self._encoder)
        legs: dict[Leg, LegQuery] = {"text": text}
        if terms:
            weigh_terms = self._query_adapter.weigh if cleaning.weigh_terms and self._query_adapter else query_weights
            legs["bm25"] = bm25 = weigh_terms(term for term, _ in terms)
            if cleaning.most_terms and cleaning.most_terms < len(bm25.indices):
                idf = find_idf(generation, bm25.indices)
                legs["bm25"] = top_terms_by_idf(bm25, idf, cleaning.most_terms)
        if liked_terms:
            own = legs.get("bm25")
            legs["bm25"] = _add_terms(own if isinstance(own, models.SparseVector) else None, liked_terms)
        if values.any():
            legs["values"] = _to_sparse(values)
        legs |= _query_taste(generation, *named)
        return LegQueries(query, intent, legs, forms, liked=liked, refused=[terms for terms in refused if terms])


def find_title(text: str, generation: Generation) -> tuple[WorkReference, ...]:
    """Return the works that a title, or an id, may mean, the best known first."""
    table = generation.table
    rows = table.rows_of([text])
    return table.refer_to(rows if len(rows) else table.rows_of(generation.names.named_by(text)))


def agree(text: Ranking, described: Sequence[int]) -> bool:
    """Return whether the works that have words are those that are near to them in meaning.

    So it is with what works are about: of 20 works with "submarine" 19 are among the 200 nearest, with "ballet" 18,
    with "dementia" 6 of 10. Words for the mood of a work are seldom said of it: of "inspiring" it is 4, of "whimsical"
    1 of 12, and the nearest work is far off.

    Args:
        text: The works that are nearest in meaning.
        described: The best works by BM25 that have the words elsewhere than in their titles, by their rows.
    """
    if not text.n_works or not described:
        return False
    near = set(text.rows.tolist())
    share = sum(row in near for row in described) / len(described)
    return any(text.scores[0] >= cosine and share >= least for cosine, least in AGREEMENTS)


def _vectors_of_liked(generation: Generation) -> tuple[Leg, ...]:
    """Return the legs whose vectors of named works queries are made of."""
    return ("text", "bm25", TASTE) if generation.taste else ("text", "bm25")


def _query_taste(generation: Generation, liked: Sequence[Any], disliked: Sequence[Any]) -> dict[Leg, LegQuery]:
    """Return the query of the leg `taste` for the vectors of works to be like and unlike; {} if there is none."""
    if generation.taste is None or not liked:
        return {}
    likes, dislikes = (
        np.array([each[TASTE] for each in named], dtype=np.float32).reshape(-1, generation.taste.dim)
        for named in (liked, disliked)
    )
    person = generation.taste.fold_in(likes, dislikes)
    return {TASTE: person} if person.any() else {}


def add_given(intent: Intent, request: SearchRequest, generation: Generation) -> Intent:
    """Return an intent with the works that a request gives by id; a note names those that there are not.

    A work that the request leaves out is left out here too: the page adds `without=like.ID` to a link that has it.
    """
    given = {name: getattr(request, name) for name in ("like", "unlike") if getattr(request, name)}
    if not given:
        return intent
    parts: dict[str, Any] = {}
    unmet = list(intent.unmet)
    for name, ids in given.items():
        named: dict[str, WorkReference] = {work.id: work for work in getattr(intent, name)}
        named |= {work.id: work for work in generation.table.refer_to(generation.table.rows_of(ids))}
        unknown = [work_id for work_id in dict.fromkeys(ids) if work_id not in named]
        unmet += [Unmet(part=f"{name}.{each}", note=f"no work has the id {each!r}") for each in unknown]
        parts[name] = tuple(work for work in named.values() if f"{name}.{work.id}" not in request.without)
    return intent.model_copy(update={**parts, "unmet": tuple(unmet)})


def liked_ids(intent: Intent, generation: Generation) -> list[str]:
    """Return the ids of the works that an answer is to be like, by the people named too."""
    by_people = [
        work_id for name in intent.like_people for work_id in generation.names.best_known_by(name, WORKS_OF_A_PERSON)
    ]
    return list(dict.fromkeys((*(work.id for work in intent.like), *by_people)))


def says_nothing(intent: Intent) -> bool:
    """Return whether the text is only a noun for works, the titles of the works to be like, or what is not wanted.

    BM25 would find works that mention a film, namesakes of the liked work, or, for "not boring", works whose reviews
    have the word "boring".
    """
    is_noun = intent.text.casefold() in NOUNS | PEOPLE_NOUNS
    only_refuses = intent.only_mood and all(weight < 0 for weight in (*intent.values.values(), *intent.tags.values()))
    return (
        is_noun or only_refuses or (bool(intent.like) and intent.text == ", ".join(work.title for work in intent.like))
    )


def leave_out(intent: Intent, parts: Collection[str]) -> Intent:
    """Return an intent without some of its parts, given by path, and without what followed from these alone.

    Paths are such as `values.E4`, `like.ID`, `filters.year`.
    """
    followed = {part for part, sources in intent.implied.items() if set(sources) <= set(parts)}
    parts = {*parts, *followed}
    filters = {name: None for name in FACTS if f"filters.{name}" in parts and name != "values"}
    return intent.model_copy(
        update={
            "values": {i: weight for i, weight in intent.values.items() if f"values.{i}" not in parts},
            "tags": {} if any(f"values.{i}" in parts for i in intent.values) else intent.tags,
            "like": tuple(work for work in intent.like if f"like.{work.id}" not in parts),
            "unlike": tuple(work for work in intent.unlike if f"unlike.{work.id}" not in parts),
            "seen": tuple(work for work in intent.seen if f"seen.{work.id}" not in parts),
            **{part: None for part in WHOLE_PARTS if part in parts},
            "filters": intent.filters.model_copy(update=filters),
            "implied": {part: sources for part, sources in intent.implied.items() if part not in parts},
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


def _add_terms(query: models.SparseVector | None, liked: Sequence[models.SparseVector]) -> models.SparseVector:
    """Return a query of terms with the mean terms of liked works added at LIKE_TERMS_WEIGHT."""
    weights: dict[int, float] = dict(zip(query.indices, query.values, strict=True)) if query else {}
    for terms in liked:
        for term, weight in zip(terms.indices, terms.values, strict=True):
            weights[term] = weights.get(term, 0.0) + LIKE_TERMS_WEIGHT * weight / len(liked)
    return models.SparseVector(indices=list(weights), values=list(weights.values()))


def _to_sparse(vector: NDArray[np.float32]) -> models.SparseVector:
    places = np.flatnonzero(vector)
    return models.SparseVector(indices=places.tolist(), values=vector[places].tolist())
