"""`evoke evaluate --understanding`: ask an index every request of a file, score what was understood.

The requests that ship are about the starter catalogue and are asked of its index, which `evoke evaluate` builds. Other
requests are asked of the index that serves; without one, of the starter catalogue.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import date
from importlib.resources import files
from pathlib import Path

from evaluation.benchmark import starter_benchmark
from evaluation.runner import index_benchmark
from evaluation.settings import EvaluationSettings
from evaluation.understanding import (
    SHOWN,
    MeantRequest,
    Understanding,
    check_dimensions,
    check_request,
)
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.values.taxonomy import load_taxonomy
from search_api.account import keep_account
from search_api.errors import IndexMissing
from search_api.records import SearchRequest
from search_api.search import Search, open_search

STARTER_REQUESTS = "understanding.jsonl"


def measure_understanding(
    path: Path, requests: list[MeantRequest], settings: EvaluationSettings, encoder: Encoder | None = None
) -> Understanding:
    """Return how the requests of a file are understood.

    A request with `today` is read as on that day, and any other as on the day of the evaluation.

    Raises:
        RequestsInvalid: A request names an id that no value has.
        IndexIncompatible, IndexerError, EngineError: The index cannot be read or built.
    """
    check_dimensions(path, requests, load_taxonomy(settings.taxonomy).dimensions)
    encoder = encoder or open_encoder(settings)
    clock = _Clock()
    with ExitStack() as stack:

        def opened(home: EvaluationSettings) -> tuple[Search, int]:
            search = stack.enter_context(closing(open_search(home, encoder, clock.today)))
            return search, search.check()

        try:
            search, n_works = opened(_starter(settings, encoder) if _is_starter(path) else settings)
        except IndexMissing:
            search, n_works = opened(_starter(settings, encoder))
        checked = []
        for request in requests:
            clock.fixed = request.today
            with keep_account() as account:
                page = search.search(SearchRequest(query=request.request, limit=SHOWN))
            reading_ms = 1_000 * sum(part.seconds for part in account.parts if part.name == "reading")
            checked.append(check_request(request, page, clock.today(), reading_ms))
    return Understanding(path.name, n_works, checked)


def _is_starter(path: Path) -> bool:
    shipped = Path(str(files("evaluation") / "starter" / STARTER_REQUESTS))
    return shipped.is_file() and path.samefile(shipped)


def _starter(settings: EvaluationSettings, encoder: Encoder) -> EvaluationSettings:
    """Return the settings of the starter benchmark's index, which is built if it is missing."""
    benchmark = starter_benchmark()
    own = settings.for_corpus(benchmark.digest)
    index_benchmark(benchmark, own, encoder)
    return own


class _Clock:
    """A clock that can be set to a day."""

    def __init__(self) -> None:
        self.fixed: date | None = None

    def today(self) -> date:
        """Return the day that the clock was set to, else the real one."""
        return self.fixed or date.today()  # noqa: DTZ011 - a person's own day
