"""A process that opens the search and answers calls, one at a time.

The search holds Python's lock while the engine works, so a process that searches cannot be relied on to answer anything
else. The front process of the service therefore never searches: it sends calls here, and gets JSON back.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from structlog.contextvars import bound_contextvars

from crawler.extras import missing_library
from indexer.imports import import_client, without_collecting
from search_api.errors import SearchError, SearchProcessEnded, SearchProcessFailed
from search_api.service.backend import warm
from search_api.service.calls import REQUEST_ID, Answer, Call, Searching, answer
from search_api.service.error_reports import UnforeseenError, report_of
from search_api.service.logs import set_up_logs
from search_api.service.search_pool import GRACE_SECONDS, SearchPool
from search_api.settings import SearchSettings

if TYPE_CHECKING:
    from indexer.encoder.encoder import Encoder

OpenSearch = Callable[[SearchSettings], Searching]

START_SECONDS = 600.0
"""How long a process may take to start. The first one on a machine converts the model, which takes half a minute."""

ENDING_SECONDS = 10.0
"""How long a process whose pipes are closed may take to end, before it is said that nobody knows why it did."""

logger = logging.getLogger(__name__)


def open_index(settings: SearchSettings) -> Searching:
    """Open the index that the settings name."""
    import_client()
    # The encoder is loaded beside the imports: they hold Python's lock, and it does not.
    with ThreadPoolExecutor(1) as beside:
        encoder = beside.submit(_load_encoder, settings)
        from search_api.search import open_search

        search = open_search(settings, encoder.result())
    search.follow()
    return search


def _load_encoder(settings: SearchSettings) -> Encoder:
    from indexer.encoder.encoder import open_encoder

    return open_encoder(settings).warm()


def open_pool(settings: SearchSettings, n_processes: int = 1) -> SearchPool:
    """Return a pool of search processes over the index that the settings name.

    Raises:
        StorageFailed: The home folder, which all of them need, cannot be made.
    """
    settings.make_home()
    processes = [SearchProcess(settings) for _ in range(n_processes)]
    return SearchPool(processes, settings.deadline_seconds, settings.max_in_progress)


class SearchProcess:
    """A search process, seen from the front process.

    An executor with one process starts it, and carries calls and answers. One executor for all processes would not do:
    the death of one process breaks its executor.
    """

    def __init__(self, settings: SearchSettings, open_search: OpenSearch = open_index) -> None:
        """Describe a process; `start` starts it.

        Args:
            settings: The settings of the search.
            open_search: Opens the search, in the new process. It is pickled by its name.
        """
        self._settings = settings
        self._open_search = open_search
        self._executor: ProcessPoolExecutor | None = None
        self._process: BaseProcess | None = None
        self._opening: Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_end: Callable[[], None] = lambda: None
        self.has_ended = False

    @property
    def pid(self) -> int | None:
        """The process id; None before the first start."""
        return self._process.pid if self._process else None

    def launch(self) -> Future[None]:
        """Start the process, and return what `start` waits for: it is done when the search is open and warm.

        Raises:
            SearchProcessFailed: It cannot start.
        """
        # A fork would copy the locks of this process's threads, in whatever state they are.
        spawn = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(1, spawn, initializer=_begin, initargs=(self._settings,))
        others = set(multiprocessing.active_children())
        try:
            self._opening = opening = self._executor.submit(_open, self._settings, self._open_search)
        except OSError as error:
            raise SearchProcessFailed(f"a search process cannot start: {error.strerror}") from error
        (self._process,) = set(multiprocessing.active_children()) - others
        return opening

    async def start(self, on_end: Callable[[], None]) -> None:
        """Start the process unless it was launched, and return when its search is open and warm.

        Raises:
            SearchProcessFailed: The search cannot be opened, or the process ended.
        """
        self._on_end, self.has_ended = on_end, False
        try:
            opening = self._opening or self.launch()
            self._watch(asyncio.get_running_loop())
            await asyncio.wait_for(asyncio.wrap_future(opening), START_SECONDS)
        except TimeoutError:
            raise SearchProcessFailed(f"a search process did not start within {START_SECONDS:g} s") from None
        except BrokenProcessPool:
            raise SearchProcessFailed(
                f"a search process ended while it started ({await self._how_it_ended()})"
            ) from None

    async def answer(self, call: Call, seconds: float) -> Answer:
        """Return the answer to a call.

        Raises:
            SearchError: The search refuses the call, or cannot answer it.
            SearchProcessEnded: The process ended.
        """
        if self._executor is None:
            raise SearchProcessEnded("a search process is not running")
        try:
            return await asyncio.wrap_future(self._executor.submit(_answer, call, seconds))
        except BrokenProcessPool:
            raise SearchProcessEnded(f"a search process ended ({await self._how_it_ended()})") from None

    async def kill(self) -> None:
        """End the process at once, and return when it has ended. It only reads, so nothing is lost."""
        self._unwatch()
        if self._process:
            self._process.kill()
        executor, self._executor, self._opening = self._executor, None, None
        if executor:
            await asyncio.to_thread(executor.shutdown)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._process:
            self._loop = loop
            loop.add_reader(self._process.sentinel, self._end)

    def _end(self) -> None:
        self._unwatch()
        self._on_end()

    def _unwatch(self) -> None:
        if self._process and self._loop and not self.has_ended:
            self._loop.remove_reader(self._process.sentinel)
        self.has_ended = True

    async def _how_it_ended(self) -> str:
        if self._process is None:
            return "it was not started"
        # Its pipes are closed before it has ended: by over a second on a busy machine, while its memory is freed. The
        # executor's thread waits for it too, and exitcode is None in one thread while the other collects it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_SECONDS):
                while self._process.exitcode is None:
                    await asyncio.sleep(0.01)
        code = self._process.exitcode
        if code is None:
            return "for an unknown reason"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


_searches: list[Searching] = []
"""The search of this process, once it is open."""


def _begin(settings: SearchSettings) -> None:
    """Set up a new process: it ends with its parent, and only with it."""
    # Ctrl+C, a closed terminal and the end of a container signal every process, and this one still has to answer.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_up_logs(settings)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()  # also returns when the parent was killed: then its end of a pipe is closed
    os._exit(0)


def _open(settings: SearchSettings, open_search: OpenSearch) -> None:
    """Open the search of this process.

    Raises:
        SearchProcessFailed: It cannot be opened; the message is one line for a person.
    """
    try:
        with without_collecting():
            search = open_search(settings)
            warm(search, may_wait=settings.qdrant_url is not None)
    except Exception as error:
        raise SearchProcessFailed(_in_one_line(error)) from error
    _searches[:] = [search]
    # Garbage collection over everything that is loaded would delay one request in fifty by half a second.
    gc.freeze()


def _in_one_line(error: Exception) -> str:
    from indexer.engine import EngineError
    from indexer.errors import IndexerError

    if isinstance(error, (SearchError, IndexerError, EngineError)):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (line := missing_library(error)):
        return line
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    logger.exception("a search process cannot start")
    return f"a search process cannot start, by a fault of Evoke: {type(error).__name__}"


def _answer(call: Call, seconds: float) -> Answer:
    """Return the answer to a call.

    Raises:
        SearchError: The search refuses the call, or cannot answer it.
        UnforeseenError: The search failed in another way.
    """
    # A call that never returns holds Python's lock, so no thread of Python could end this process. This timer needs no
    # lock: it writes where the process is stuck, and ends it, even if the front process is dead.
    faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True)
    try:
        with bound_contextvars(**{REQUEST_ID: call.request_id}):
            return answer(_searches[0], call)
    except SearchError:
        raise
    except BaseException as error:  # noqa: BLE001 - the front process raises it again
        # Other errors may not survive pickling, and an error that cannot be unpickled breaks the executor.
        raise UnforeseenError(report_of(error)) from None
    finally:
        faulthandler.cancel_dump_traceback_later()
