"""The serving generation with what is known of its works, and the next one after a swap."""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.analysis import ANALYSER_VERSION
from indexer.encoder.encoder import Encoder
from indexer.engine import CollectionNotFound, EdgeClient, Engine, EngineError
from indexer.engine.manifest import first_damage
from indexer.known.names import open_names
from indexer.known.writer import NAMES_FILE, write_from_engine
from indexer.legs import Leg
from indexer.schema import GenerationFacts
from indexer.serving import read_facts, serving_generation
from indexer.settings import VectorSettings
from indexer.taste.taste import Taste
from indexer.values.taxonomy import Taxonomy
from search_api.account import note_generation
from search_api.answer_cache import AnswerCache
from search_api.background import Background
from search_api.errors import IndexIncompatible, IndexMissing, IndexUnavailable
from search_api.names import NameIndex
from search_api.settings import DEFAULT_VECTOR_SEARCH, VectorSearch
from search_api.work_table import ValueProfiles, WorkTable

CHECK_SECONDS = 1.0
"""How long the name of the serving generation is trusted: asking a server at every request costs a round trip."""

EXACT_WORKS = 50_000
"""In up to so many works, text vectors are searched exactly. The graph finds .957 of the best 200 for 160 descriptions
among 28,963 works, at worst .82, and other ones after each build and on each shard; with 800 candidates .996. An exact
search takes 0.75, 2.6 and 4.5 ms of processor time with 10,000, 40,000 and 80,000 works, the graph with 800 candidates
2.4 ms with 28,963."""
DEFAULT_EF = 800

T = TypeVar("T")

logger = logging.getLogger(__name__)

MOST_CACHED_SUBJECTS = 1_000
MOST_CACHED_POOLS, MOST_CACHED_ALLOWED = 6, 64
"""For how many sets of best-known works the vectors are kept, 1.2 MB each, and for how many filters those that pass."""


@dataclass(frozen=True)
class Generation:
    """The serving generation, and the parts of it that are kept in memory.

    Attributes:
        name: Its name in the engine.
        facts: What it was built with.
        table: The facts of its works.
        names: The names of its works, series and people.
        profiles: The strengths of the values of its works.
        text_params: How its text vectors are searched; None: as the engine does by default.
        taste: The taste file that it was built with, if this process has it.
        noise: The cosine that senseless words reach, once it is measured.
        background: What is usual among its works, once recommendations are asked for.
        subjects: Whether words of requests name a subject of its works, as far as it was asked.
        pools: Vectors of the best-known works, by the works.
        allowed: Which of the best-known works pass a filter, by works and filter: bool (n,).
    """

    name: str
    facts: GenerationFacts
    table: WorkTable
    names: NameIndex
    profiles: ValueProfiles
    text_params: models.SearchParams | None = None
    taste: Taste | None = None
    noise: AnswerCache[float] = field(default_factory=lambda: AnswerCache(1))
    background: AnswerCache[Background] = field(default_factory=lambda: AnswerCache(1))
    subjects: AnswerCache[bool] = field(default_factory=lambda: AnswerCache(MOST_CACHED_SUBJECTS))
    pools: AnswerCache[Mapping[Leg, NDArray[np.float32]]] = field(
        default_factory=lambda: AnswerCache(MOST_CACHED_POOLS)
    )
    allowed: AnswerCache[NDArray[np.bool_]] = field(default_factory=lambda: AnswerCache(MOST_CACHED_ALLOWED))


class GenerationFollower:
    """The serving generation. After a build has swapped in another, that one is loaded beside it. Thread-safe.

    Args:
        engine: The engine that has the generations.
        encoder: The encoder that the generations must be built with.
        taxonomy: The taxonomy that they must be built with.
        known: The folder that has what is known of all works, one folder a generation.
        vector_search: How text vectors are searched.
        taste: The taste file; it is used for generations that were built with it.
    """

    def __init__(
        self,
        engine: Engine,
        encoder: Encoder,
        taxonomy: Taxonomy,
        known: Path,
        vector_search: VectorSearch = DEFAULT_VECTOR_SEARCH,
        taste: Taste | None = None,
    ) -> None:
        self._engine = engine
        self._taste = taste
        self._encoder = encoder
        self._taxonomy = taxonomy
        self._known = known
        self._vector_search = vector_search
        self._lock = threading.Lock()
        self._current: Generation | None = None
        self._loading: threading.Thread | None = None
        self._problem: str | None = None
        self._closed = threading.Event()
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
                return self._answer(answer, self._serving())
            except CollectionNotFound:
                return self._answer(answer, self._renewed())
        except EngineError as error:
            raise IndexUnavailable(f"the index cannot be read: {error}") from error

    @staticmethod
    def _answer(answer: Callable[[Generation], T], generation: Generation) -> T:
        facts = generation.facts
        note_generation(generation.name, facts.n_works, facts.built_at, facts.build_seconds)
        return answer(generation)

    def _serving(self) -> Generation:
        """Return the generation to answer from; the first one is waited for, each later one is loaded meanwhile."""
        current = self._current
        if current is None:
            return self._renewed()
        if monotonic() - self._checked_at > CHECK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._checked_at = monotonic()
                is_loading = self._loading is not None and self._loading.is_alive()
                if not is_loading and serving_generation(self._engine) not in (None, current.name):
                    self._loading = threading.Thread(target=self._load_next, name="load generation", daemon=True)
                    self._loading.start()
            finally:
                self._lock.release()
        return current

    def follow(self) -> None:
        """Look for a new generation now and then until `close`, so that the first request after a pause has it.

        Otherwise that request would be answered from the old generation, while the new one is loaded.
        """
        threading.Thread(target=self._follow, name="follow generations", daemon=True).start()

    def close(self) -> None:
        """End what `follow` began."""
        self._closed.set()

    def _follow(self) -> None:
        while not self._closed.wait(CHECK_SECONDS):
            if self._current is not None:
                with suppress(EngineError):  # requests say so
                    self._serving()

    def _load_next(self) -> None:
        try:
            generation = self._renewed()
            logger.info("answering from the index %s now: %s works", generation.name, f"{generation.facts.n_works:,}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the old one answers
            if str(error) != self._problem:
                logger.warning("the new index cannot be used, the old one goes on answering: %s", error)
            self._problem = str(error)

    def _renewed(self) -> Generation:
        """Return the generation that the alias points to, loaded if it is another than before."""
        with self._lock:
            name = serving_generation(self._engine)
            if name is None:
                raise IndexMissing("there is no index yet: run `evoke index`")
            current = self._current
            if current is None or current.name != name:
                loaded = self._load(name)
                if current is not None:
                    self._engine.forget(current.name)
                current = self._current = loaded
            self._checked_at = monotonic()
            return current

    def _load(self, name: str) -> Generation:
        facts = read_facts(self._engine, name)
        if facts is None:
            raise IndexIncompatible(f"the index was built by another version of Evoke: {REBUILD}")
        self._check(facts)
        table, connection = self._open_known(name, facts)
        return Generation(
            name,
            facts,
            table,
            NameIndex(connection, table),
            table.profiles(facts.value_ids),
            text_params=text_params(self._vector_search, facts.vectors, facts.n_works),
            taste=self._taste if self._taste and self._taste.fingerprint == facts.taste else None,
        )

    def _open_known(self, name: str, facts: GenerationFacts) -> tuple[WorkTable, sqlite3.Connection]:
        """Return what is known of a generation's works; made from the generation itself where the files do not fit."""
        folder = self._known / name
        try:
            return _open_fitting(folder, facts)
        except (OSError, ValueError, KeyError, sqlite3.Error) as error:
            logger.info("reading the names and facts of all works from the index: %s", error)
        try:
            write_from_engine(self._engine, name, facts, folder)
        except OSError:  # a folder that is read only
            folder = Path(tempfile.mkdtemp(prefix="evoke-known-"), name)
            write_from_engine(self._engine, name, facts, folder)
        return _open_fitting(folder, facts)

    def _check(self, facts: GenerationFacts) -> None:
        for in_use, built_with, what in (
            (self._encoder.fingerprint, facts.encoder_fingerprint, f"another model ({facts.model})"),
            (ANALYSER_VERSION, facts.analyser_version, f"another text analyser (version {facts.analyser_version})"),
            (self._taxonomy.dimensions, facts.value_ids, f"another taxonomy (version {facts.taxonomy_version})"),
        ):
            if in_use != built_with:
                raise IndexIncompatible(f"the index was built with {what} than this process uses: {REBUILD}")


def text_params(search: VectorSearch, vectors: VectorSettings, n_works: int) -> models.SearchParams | None:
    """Return how the engine searches text vectors that are stored in this way; None: as it does by default."""
    is_quantized = vectors.quantization != "none"
    if search.hnsw_ef is None and not is_quantized:
        if vectors.vectors_on_disk:
            return None
        return models.SearchParams(exact=True) if n_works <= EXACT_WORKS else models.SearchParams(hnsw_ef=DEFAULT_EF)
    quantization = models.QuantizationSearchParams(
        rescore=search.rescore, oversampling=search.oversampling if search.rescore else None
    )
    return models.SearchParams(hnsw_ef=search.hnsw_ef, quantization=quantization if is_quantized else None)


INDEX_AGAIN = "run `evoke index` to rebuild it"
REBUILD = f"{INDEX_AGAIN}, or start with the settings it was built with"


def describe_mismatch(used: str | None, built_with: str | None) -> tuple[str, ...]:
    """Return why an index does not fit the taste file of a process, both given by fingerprint; () if it does."""
    if used == built_with:
        return ()
    if used is None:
        what, remedy = "with a taste file, and this process uses none", "start with that file, or"
    elif built_with is None:
        what, remedy = "without the taste file that this process uses", "to use the file,"
    else:
        what, remedy = "with another taste file than this process uses", "start with the file it was built with, or"
    return (
        f"the index was built {what} (EVOKE_TASTE): works are recommended by content alone; {remedy} {INDEX_AGAIN}",
    )


def known_folder(engine: Engine) -> Path:
    """Return the folder that has what is known of all works: beside the folder of the embedded engine.

    For a server, which has no folder here, it is a temporary one.
    """
    if isinstance(engine, EdgeClient):
        return engine.path.parent / "known"
    return Path(tempfile.mkdtemp(prefix="evoke-known-"))


def _open_fitting(folder: Path, facts: GenerationFacts) -> tuple[WorkTable, sqlite3.Connection]:
    if damage := first_damage(folder):
        raise ValueError(str(damage))
    table = WorkTable(folder)
    if table.fingerprint != facts.fingerprint:
        raise ValueError(f"{folder} belongs to another generation")
    return table, open_names(folder / NAMES_FILE)
