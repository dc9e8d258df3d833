"""Follow the generation that serves through swaps, and keep its titles, ids and years in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from qdrant_client import models

from indexer.analysis import ANALYSER_VERSION
from indexer.encoder.encoder import Encoder
from indexer.engine import CollectionNotFound, Engine, EngineError
from indexer.schema import GenerationFacts
from indexer.serving import read_facts, serving_generation
from indexer.values.taxonomy import Taxonomy
from search_api.errors import IndexIncompatible, IndexMissing, IndexUnavailable
from search_api.titles import TitledWork, TitleIndex

CHECK_SECONDS = 1.0
"""How long the name of the serving generation is trusted: asking a server at every request costs a round trip."""

MOST_WITHOUT_GENRE = 0.1
"""The share of works without a genre up to which genres are read from words. Of 25,924 films 58% have no genre: with
the filter, 92 of 331 remembered plots that name a genre lost their film."""

_TITLE_KEYS = ["id", "title", "original_title", "kind", "year", "rating"]
_MOST_GENRES = 1_000
_LEAST_WORKS_OF_A_GENRE = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Generation:
    """A generation that serves, with what is kept of it in memory.

    Attributes:
        name: Its name in the engine.
        facts: What it was built with.
        titles: The titles of its works.
        work_ids: The id of each work, by the id of its point.
        years: The year of each work whose year is known, by the id of the work.
        genres: The genres that enough works have to filter by.
        genres_known: Whether nearly all works have a genre. If not, a genre in the words of a query is not a filter: it
            would hide the works without one.
    """

    name: str
    facts: GenerationFacts
    titles: TitleIndex
    work_ids: Mapping[models.ExtendedPointId, str]
    years: Mapping[str, int]
    genres: tuple[str, ...]
    genres_known: bool


class GenerationFollower:
    """The serving generation, loaded anew when a build has swapped in another. Thread-safe."""

    def __init__(self, engine: Engine, encoder: Encoder, taxonomy: Taxonomy) -> None:
        self._engine = engine
        self._encoder = encoder
        self._taxonomy = taxonomy
        self._lock = threading.Lock()
        self._current: Generation | None = None
        self._checked_at = float("-inf")

    def use(self, answer: Callable[[Generation], T]) -> T:
        """Return `answer` of the serving generation; call it once more when a swap removed the generation meanwhile.

        Raises:
            IndexMissing: No index was built yet.
            IndexIncompatible: The index was built with another model, schema or taxonomy.
            IndexUnavailable: The engine does not answer.
        """
        try:
            try:
                return answer(self._serving())
            except CollectionNotFound:
                self._checked_at = float("-inf")
                return answer(self._serving())
        except EngineError as error:
            raise IndexUnavailable(f"the index cannot be read: {error}") from error

    def _serving(self) -> Generation:
        with self._lock:
            if self._current is None or monotonic() - self._checked_at > CHECK_SECONDS:
                name = serving_generation(self._engine)
                if name is None:
                    raise IndexMissing("there is no index yet: run `evoke index`")
                if self._current is None or name != self._current.name:
                    self._current = self._load(name)
                self._checked_at = monotonic()
            return self._current

    def _load(self, name: str) -> Generation:
        facts = read_facts(self._engine, name)
        if facts is None:
            raise IndexIncompatible(f"the index was built by another version of Evoke: {REBUILD}")
        self._check(facts)
        hits = self._engine.facet(name, "genres", limit=_MOST_GENRES, exact=True).hits
        genres = tuple(str(hit.value) for hit in hits if hit.count >= _LEAST_WORKS_OF_A_GENRE)
        without_genre = models.Filter(must=[models.IsEmptyCondition(is_empty=models.PayloadField(key="genres"))])
        n_without = self._engine.count(name, count_filter=without_genre, exact=True).count
        payloads = dict(_payloads(self._engine, name))
        return Generation(
            name=name,
            facts=facts,
            titles=TitleIndex(_known_titles(payloads.values())),
            work_ids={point_id: payload["id"] for point_id, payload in payloads.items()},
            years={payload["id"]: payload["year"] for payload in payloads.values() if payload.get("year") is not None},
            genres=genres,
            genres_known=n_without <= MOST_WITHOUT_GENRE * facts.n_works,
        )

    def _check(self, facts: GenerationFacts) -> None:
        for in_use, built_with, what in (
            (self._encoder.fingerprint, facts.encoder_fingerprint, f"another model ({facts.model})"),
            (ANALYSER_VERSION, facts.analyser_version, f"another text analyser (version {facts.analyser_version})"),
            (self._taxonomy.dimensions, facts.value_ids, f"another taxonomy (version {facts.taxonomy_version})"),
        ):
            if in_use != built_with:
                raise IndexIncompatible(f"the index was built with {what} than this process uses: {REBUILD}")


REBUILD = "run `evoke index` to rebuild it, or start with the settings it was built with"


def _known_titles(payloads: Iterable[Mapping[str, Any]]) -> Iterator[TitledWork]:
    """Yield every work's titles, most rated works first, so that a name means the best-known work."""
    for payload in sorted(payloads, key=lambda p: (-(p.get("rating") or {}).get("count", 0), p["id"])):
        yield TitledWork(
            payload["id"], payload["title"], payload.get("kind"), payload.get("year"), payload.get("original_title")
        )


def _payloads(engine: Engine, generation: str) -> Iterator[tuple[models.ExtendedPointId, dict[str, Any]]]:
    """Yield every point's id, and the part of its payload that names the work."""
    offset = None
    while True:
        records, offset = engine.scroll(generation, limit=2_000, offset=offset, with_payload=_TITLE_KEYS)
        yield from ((record.id, record.payload or {}) for record in records)
        if offset is None:
            return
