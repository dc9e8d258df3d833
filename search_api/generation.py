"""Keep the serving generation's titles, ids and facts in memory, and load them anew after a swap."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

import numpy as np
from qdrant_client import models

from crawler.records import KINDS, Kind
from indexer.analysis import ANALYSER_VERSION
from indexer.encoder.encoder import Encoder
from indexer.engine import CollectionNotFound, Engine, EngineError
from indexer.schema import GenerationFacts, point_id
from indexer.serving import read_facts, serving_generation
from indexer.values.taxonomy import Taxonomy
from search_api.answer_cache import AnswerCache
from search_api.errors import IndexIncompatible, IndexMissing, IndexUnavailable
from search_api.names import NamedWork, NameIndex
from search_api.work_table import MOST_BYTE, TABLE_KEYS, Payload, ValueProfiles, WorkTable, find_twins, possible_twins

CHECK_SECONDS = 1.0
"""How long the name of the serving generation is trusted: asking a server at every request costs a round trip."""

_KEYS = list(
    dict.fromkeys(
        ("id", "title", "original_title", "kind", "year", "rating", "creators", "series", "genres", *TABLE_KEYS)
    )
)
"""The keys of a payload that are read into memory."""
_LEAST_WORKS_OF_A_GENRE = 3

T = TypeVar("T")


class LazyProfiles:
    """The value profiles of a generation, read at the first use. Thread-safe.

    To read the vectors of 28,963 works takes 2 s, and only some requests need them.
    """

    def __init__(self, load: Callable[[], ValueProfiles]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loaded: ValueProfiles | None = None

    def get(self) -> ValueProfiles:
        """Return the profiles."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded


MOST_CACHED_SUBJECTS = 1_000


@dataclass(frozen=True)
class Generation:
    """The serving generation, and the parts of it that are kept in memory.

    Attributes:
        name: Its name in the engine.
        facts: What it was built with.
        names: The names of its works, series and people.
        work_ids: The id of each work, by the id of its point.
        years: The year of each work whose year is known, by the id of the work.
        genres: The genres of at least three works of a kind, by kind; a query can ask for these.
        table: The facts of its works.
        profiles: The strengths of the values of its works.
        noise: The cosine that senseless words reach, once it is measured.
        subjects: Whether words of requests name a subject of its works, as far as it was asked.
    """

    name: str
    facts: GenerationFacts
    names: NameIndex
    work_ids: Mapping[models.ExtendedPointId, str]
    years: Mapping[str, int]
    genres: Mapping[Kind, tuple[str, ...]]
    table: WorkTable
    profiles: LazyProfiles
    noise: AnswerCache[float] = field(default_factory=lambda: AnswerCache(1))
    subjects: AnswerCache[bool] = field(default_factory=lambda: AnswerCache(MOST_CACHED_SUBJECTS))


class GenerationFollower:
    """The serving generation, loaded anew after a build has swapped in another. Thread-safe."""

    def __init__(self, engine: Engine, encoder: Encoder, taxonomy: Taxonomy) -> None:
        self._engine = engine
        self._encoder = encoder
        self._taxonomy = taxonomy
        self._lock = threading.Lock()
        self._current: Generation | None = None
        self._checked_at = float("-inf")

    def use(self, answer: Callable[[Generation], T]) -> T:
        """Return `answer(generation)` for the serving generation; if a swap removes it meanwhile, for the next one.

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
        payloads = dict(_payloads(self._engine, name))
        groups = list(possible_twins(payloads.values()))
        descriptions = _descriptions(self._engine, name, [work["id"] for group in groups for work in group])
        table = WorkTable(list(payloads.values()), find_twins(groups, descriptions))
        work_ids = {point: payload["id"] for point, payload in payloads.items()}
        return Generation(
            name=name,
            facts=facts,
            names=NameIndex(_named_works(payloads.values())),
            work_ids=work_ids,
            years={payload["id"]: payload["year"] for payload in payloads.values() if payload.get("year") is not None},
            genres=_genres(payloads.values()),
            table=table,
            profiles=LazyProfiles(lambda: _profiles(self._engine, name, facts, work_ids, table)),
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


def _genres(payloads: Iterable[Payload]) -> dict[Kind, tuple[str, ...]]:
    """Return the genres of at least three works of a kind, by kind."""
    counts: dict[Kind, Counter[str]] = {kind: Counter() for kind in KINDS}
    for payload in payloads:
        if kind := payload.get("kind"):
            counts[kind].update(payload.get("genres") or ())
    return {
        kind: tuple(genre for genre, n_works in genres.items() if n_works >= _LEAST_WORKS_OF_A_GENRE)
        for kind, genres in counts.items()
    }


def _named_works(payloads: Iterable[dict[str, Any]]) -> Iterator[NamedWork]:
    """Yield every work's names. The people are taken out of the payloads, since there are more of them than works."""
    for payload in payloads:
        creators = [(sys.intern(c["name"]), c.get("role") or "") for c in payload.pop("creators", None) or ()]
        yield NamedWork(
            payload["id"],
            payload["title"],
            payload.get("kind"),
            payload.get("year"),
            payload.get("original_title"),
            n_ratings=(payload.get("rating") or {}).get("count", 0),
            creators=creators,
            series=(payload.get("series") or {}).get("name"),
            n_facts=len(creators) + len(payload.get("genres") or ()),
        )


def _payloads(engine: Engine, generation: str) -> Iterator[tuple[models.ExtendedPointId, dict[str, Any]]]:
    """Yield every point's id, and the part of its payload that is kept in memory."""
    offset = None
    while True:
        records, offset = engine.scroll(generation, limit=2_000, offset=offset, with_payload=_KEYS)
        yield from ((record.id, record.payload or {}) for record in records)
        if offset is None:
            return


def _descriptions(engine: Engine, generation: str, work_ids: Iterable[str]) -> dict[str, str]:
    """Return the descriptions of a few works by their ids."""
    points = [point_id(work_id) for work_id in dict.fromkeys(work_ids)]
    if not points:
        return {}
    records = engine.retrieve(generation, points, with_payload=["id", "description"])
    payloads = [record.payload or {} for record in records]
    return {payload["id"]: payload.get("description", "") for payload in payloads}


def _profiles(
    engine: Engine,
    generation: str,
    facts: GenerationFacts,
    work_ids: Mapping[models.ExtendedPointId, str],
    table: WorkTable,
) -> ValueProfiles:
    """Return the strengths of all works, in the order of the table."""
    strengths = np.zeros((len(table.ids), len(facts.value_ids)), dtype=np.uint8)
    offset = None
    while True:
        records, offset = engine.scroll(
            generation, limit=2_000, offset=offset, with_payload=False, with_vectors=["values"]
        )
        for record in records:
            vectors: Any = record.vector
            row = table.rows[work_ids[record.id]]
            strengths[row, vectors["values"].indices] = np.rint(np.multiply(vectors["values"].values, MOST_BYTE))
        if offset is None:
            return ValueProfiles(strengths, facts.value_ids)
