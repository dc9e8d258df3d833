"""Where calls are answered: in search processes (`search_pool.py`), or in threads of this process."""

from __future__ import annotations

import logging
from typing import NamedTuple, Protocol

from starlette.concurrency import run_in_threadpool

from search_api.errors import IndexIncompatible, IndexMissing, IndexUnavailable
from search_api.service.calls import Answer, Call, Searching, answer

logger = logging.getLogger(__name__)


class BackendState(NamedTuple):
    """What a backend is doing.

    Attributes:
        n_in_progress: How many requests are being answered or wait.
        n_waiting: How many calls wait.
        pids: The process id of each search process; None for one that has ended.
        n_restarts: How many times a search process was replaced.
    """

    n_in_progress: int = 0
    n_waiting: int = 0
    pids: tuple[int | None, ...] = ()
    n_restarts: int = 0


class Backend(Protocol):
    """Answers calls. A call whose task is cancelled is not answered, unless a search has begun to work on it."""

    async def start(self) -> None:
        """Make ready to answer.

        Raises:
            SearchProcessFailed: A file or the index cannot be used. A missing index can: it may be built later.
        """
        ...

    def check_room(self) -> None:
        """Refuse a call before it is read, if there is no room for it.

        Raises:
            TooManyRequests: Too many calls are in progress.
        """
        ...

    async def answer(self, call: Call) -> Answer:
        """Return the answer to a call.

        Raises:
            SearchError: The search refuses the call, or cannot answer it.
        """
        ...

    def state(self) -> BackendState:
        """Return what the backend is doing, at once."""
        ...

    async def close(self) -> None:
        """End what `start` began."""
        ...


class ThreadBackend:
    """Answers in threads of this process, without limits: for tests, and for a search that is already open."""

    def __init__(self, search: Searching) -> None:
        self._search = search

    async def start(self) -> None:
        """Load what the first request would wait for."""
        await run_in_threadpool(warm, self._search)

    def check_room(self) -> None:
        """Refuse nothing: the pool of threads has its own queue."""

    def state(self) -> BackendState:
        """Return nothing to report: there are no search processes."""
        return BackendState()

    async def answer(self, call: Call) -> Answer:
        """Return the answer to a call."""
        return await run_in_threadpool(answer, self._search, call)

    async def close(self) -> None:
        """Close the search."""
        self._search.close()


def warm(search: Searching, *, may_wait: bool = True) -> None:
    """Load what the first request would wait for, and log why there is nothing to search.

    Args:
        search: The search.
        may_wait: Whether an index that cannot be read may become readable by itself, as that of a server does.

    Raises:
        IndexUnavailable: The index cannot be read, and `may_wait` is False. A missing or old one is waited for.
    """
    try:
        search.check()
    except IndexUnavailable as error:
        if not may_wait and not isinstance(error, (IndexMissing, IndexIncompatible)):
            raise
        logger.warning("nothing to search yet: %s", error)
