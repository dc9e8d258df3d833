"""Hand calls to search processes: one queue, with a bound on its length and a deadline for each call."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from search_api.errors import SearchProcessEnded, SearchProcessFailed, TookTooLong, TooManyRequests
from search_api.service.backend import BackendState
from search_api.service.calls import READY, REQUEST_ID, Answer, Call

GRACE_SECONDS = 1.0
"""How long after the deadline a search process may still work on a call. It then ends itself; after as long again, the
pool kills it."""
READY_SECONDS = 1.0
"""How long the answer to /readyz is kept: probes of many machines ask the search no more often than one."""
MOST_WAIT_SECONDS = 0.75
"""How long a call may be expected to wait in the queue; one that would wait longer is refused at once. Of 200 clients,
half ask with 2,000 to 10,000 characters: with .75 s p99 is 1.7 s and all is normal .6 s after them, with 1 s 2.3 and
1.3 s. A bound on the number of calls alone lets them wait 4.4 s (p99 8.7 s)."""
FRESHNESS = 0.1
"""The weight of the latest call in the mean time that calls take."""
MOST_HANDED = 2
"""How many calls a process has at once: the one that it answers, and the next one, so that it need not wait until the
front process has read the answer and handed over another call. That takes 4 ms of a busy machine, a fifth of a call."""
MOST_TRIES = 2
"""A call is tried again when its search process dies. It is given up the second time: it may be the reason."""
_LONGEST_PAUSE = 60.0
"""The longest pause, in seconds, before a search process that dies without an answer is started again."""

logger = logging.getLogger(__name__)


class Worker(Protocol):
    """A search process, as the pool uses it. It answers calls in their order. Once ended, it can be started anew."""

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended since it was started."""
        ...

    @property
    def pid(self) -> int | None:
        """The process id; None before the first start."""
        ...

    def launch(self) -> object:
        """Start the process, for `start` to wait for.

        Raises:
            SearchProcessFailed: It cannot start.
        """
        ...

    async def start(self, on_end: Callable[[], None]) -> None:
        """Start the process unless it was launched, and return when it can answer.

        `on_end` is called when the process has ended.

        Raises:
            SearchProcessFailed: It cannot start.
        """
        ...

    async def answer(self, call: Call, seconds: float) -> Answer:
        """Return the answer to a call.

        Args:
            call: The call.
            seconds: How long the process may work on it. A process that takes `GRACE_SECONDS` more ends itself.

        Raises:
            SearchError: The search refuses the call, or cannot answer it.
            SearchProcessEnded: The process ended.
        """
        ...

    async def kill(self) -> None:
        """End the process at once, and return when it has ended."""
        ...


@dataclass(eq=False)
class _Waiting:
    """A call that waits to be answered. Times are by the clock of the event loop.

    Attributes:
        call: The call.
        deadline: When it must be answered.
        answer: Where its answer goes.
        n_tries: How many processes ended while they worked on it.
        seconds: How long its process may work on it; set when it is handed over.
        began: When its process began to work on it.
    """

    call: Call
    deadline: float
    answer: asyncio.Future[Answer]
    n_tries: int = 0
    seconds: float = 0.0
    began: float = 0.0


@dataclass(eq=False)
class _Handed:
    """The calls that a search process has been handed and has not answered, and whether it answered any before.

    It works on the first one.
    """

    calls: deque[_Waiting] = field(default_factory=deque)
    has_answered: bool = False


class SearchPool:
    """A backend of several search processes, each of which answers one call after the other."""

    def __init__(
        self,
        workers: Sequence[Worker],
        deadline_seconds: float,
        max_in_progress: int,
        most_wait: float = MOST_WAIT_SECONDS,
    ) -> None:
        """Set up a pool; `start` starts its processes.

        Args:
            workers: The search processes.
            deadline_seconds: How long a call may wait and be worked on, in all.
            max_in_progress: The most calls for each process, waiting or being answered.
            most_wait: How long a call may be expected to wait, in seconds.
        """
        self._workers = workers
        self._deadline = deadline_seconds
        self._most = max_in_progress * len(workers)
        self._most_wait = most_wait
        self._mean_seconds = 0.0
        self._n_in_progress = 0
        self._n_restarts = 0
        self._waiting: deque[_Waiting] = deque()
        self._handed: dict[Worker, _Handed] = {}
        self._changed = asyncio.Event()
        self._failures: dict[Worker, SearchProcessFailed] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._ready: asyncio.Task[Answer] | None = None
        self._ready_until = float("-inf")

    def launch(self) -> None:
        """Start all search processes, for `start` to wait for.

        Raises:
            SearchProcessFailed: One cannot start.
        """
        for worker in self._workers:
            worker.launch()

    async def start(self) -> None:
        """Start the search processes that were not launched, and wait until all can answer.

        Raises:
            SearchProcessFailed: One cannot start.
        """
        if not self._keepers:
            await asyncio.gather(*(worker.start(self._changed.set) for worker in self._workers))
            self._keepers = [asyncio.create_task(self._keep(worker)) for worker in self._workers]

    def state(self) -> BackendState:
        """Return what the pool and its processes are doing."""
        return BackendState(
            n_in_progress=self._n_in_progress,
            n_waiting=len(self._waiting) + sum(max(0, len(each.calls) - 1) for each in self._handed.values()),
            pids=tuple(None if worker.has_ended else worker.pid for worker in self._workers),
            n_restarts=self._n_restarts,
        )

    async def close(self) -> None:
        """End all search processes."""
        for task in (*self._keepers, *([self._ready] if self._ready else [])):
            task.cancel()
        await asyncio.gather(*(worker.kill() for worker in self._workers))

    async def answer(self, call: Call) -> Answer:
        """Return the answer to a call.

        Raises:
            TooManyRequests: As many calls as the pool takes are in progress, or they take so long that one more would
                wait too long.
            TookTooLong: The answer was not ready by the deadline.
            SearchProcessFailed: No search process can start.
            SearchProcessEnded: The search process ended before it had answered, twice.
            SearchError: The search refuses the call, or cannot answer it.
        """
        if len(self._failures) == len(self._workers):
            raise SearchProcessFailed(str(next(iter(self._failures.values()))))
        if call == READY:
            return await self._answer_ready()
        self.check_room()
        self._n_in_progress += 1
        try:
            return await self._wait(call)
        finally:
            self._n_in_progress -= 1

    def check_room(self) -> None:
        """Refuse a call that there is no room for. It is cheap, so that a request can be refused before it is read.

        Raises:
            TooManyRequests: As for `answer`.
        """
        if self._n_in_progress >= self._most:
            raise TooManyRequests(f"{self._most} requests are in progress, which is the most this service takes")
        if self._expected_wait() > self._most_wait:
            raise TooManyRequests(f"{self._n_in_progress} requests are in progress, and take too long for one more")

    def _expected_wait(self) -> float:
        """Return how many seconds one more call would wait. One for each process may always wait."""
        n_before = self._n_in_progress / len(self._workers)
        return n_before * self._mean_seconds if n_before >= 2 else 0.0

    async def _answer_ready(self) -> Answer:
        """Return whether the search is ready. It is asked before all waiting calls, and at most once a second."""
        now = asyncio.get_running_loop().time()
        if self._ready is None or (self._ready.done() and now > self._ready_until):
            self._ready = asyncio.create_task(self._wait(READY, is_first=True))
            self._ready.add_done_callback(self._keep_ready)
        return await asyncio.shield(self._ready)

    def _keep_ready(self, asked: asyncio.Task[Answer]) -> None:
        self._ready_until = asyncio.get_running_loop().time() + READY_SECONDS
        if not asked.cancelled():
            asked.exception()  # read here, since the probe that asked may be gone

    async def _wait(self, call: Call, *, is_first: bool = False) -> Answer:
        """Put a call into the queue and return its answer. A call that is cancelled leaves the queue."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(call, loop.time() + self._deadline, loop.create_future())
        self._put(waiting, is_first=is_first)
        try:
            async with asyncio.timeout_at(waiting.deadline):
                return await waiting.answer
        except TimeoutError:
            raise TookTooLong(f"the answer was not ready after {self._deadline:g} s") from None
        finally:
            if waiting in self._waiting:  # `remove` alone would make a text of a call that it does not find
                self._waiting.remove(waiting)

    def _put(self, waiting: _Waiting, *, is_first: bool) -> None:
        (self._waiting.appendleft if is_first else self._waiting.append)(waiting)
        self._changed.set()

    async def _next(self, worker: Worker) -> _Waiting | None:
        """Return the next call for a process; None when it has ended."""
        while not worker.has_ended:
            if self._waiting and self._may_have_another(self._handed[worker]):
                return self._waiting.popleft()
            self._changed.clear()
            await self._changed.wait()
        return None

    def _may_have_another(self, handed: _Handed) -> bool:
        """Return whether a process may be handed another call, which then waits for those that it has.

        Every process must have a call, and one be left for each, so that none is idle while a call waits for another.
        """
        if not handed.calls:
            return True
        return len(self._waiting) >= len(self._workers) and all(each.calls for each in self._handed.values())

    async def _keep(self, worker: Worker) -> None:
        """Keep a search process at work: hand it calls, and start it anew whenever it ends."""
        n_failed = 0
        while True:
            if await self._serve(worker):
                n_failed = 0
            while True:
                await worker.kill()
                await asyncio.sleep(min(2.0 ** (n_failed - 1), _LONGEST_PAUSE) if n_failed else 0)
                n_failed += 1
                self._n_restarts += 1
                try:
                    await worker.start(self._changed.set)
                except SearchProcessFailed as error:
                    logger.error("%s; another one is started", error)
                    self._failures[worker] = error
                else:
                    self._failures.pop(worker, None)
                    break

    async def _serve(self, worker: Worker) -> bool:
        """Hand calls to a search process until it ends or is stuck, and return whether it answered any."""
        handed = self._handed[worker] = _Handed()
        hands = [asyncio.create_task(self._hand_over(worker, handed)) for _ in range(MOST_HANDED)]
        try:
            await self._watch(hands, handed)
        finally:
            for hand in hands:
                hand.cancel()
            del self._handed[worker]
        await asyncio.gather(*hands, return_exceptions=True)
        for waiting in reversed(handed.calls):
            if not waiting.answer.done():
                self._put(waiting, is_first=True)
        return handed.has_answered

    @staticmethod
    async def _watch(hands: Sequence[asyncio.Task[None]], handed: _Handed) -> None:
        """Return when a process has ended or is stuck. The call that it worked on is not tried for ever.

        Args:
            hands: The tasks that hand calls to it.
            handed: The calls that it has.
        """
        running = set(hands)
        while running:
            done, running = await asyncio.wait(running, timeout=GRACE_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
            for error in (hand.exception() for hand in done):
                if isinstance(error, SearchProcessEnded):
                    suspect = handed.calls[0]
                    _log(suspect, str(error))
                    suspect.n_tries += 1
                    if suspect.n_tries >= MOST_TRIES:
                        _give(suspect, error)
                    return
            if handed.calls and _is_stuck(handed.calls[0]):
                _log(handed.calls.popleft(), "a search process is stuck")
                return
        logger.error("a search process ended while it waited: it is replaced")

    async def _hand_over(self, worker: Worker, handed: _Handed) -> None:
        """Hand one call after the other to a search process until it has ended.

        Args:
            worker: The process.
            handed: The calls that it has from this task and others.

        Raises:
            SearchProcessEnded: It ended before it had answered.
        """
        loop = asyncio.get_running_loop()
        while waiting := await self._next(worker):
            # A call that waited long gets time enough for an honest answer too. Else a queue that is slow for a while
            # would have one process after the other killed.
            waiting.began = loop.time()
            waiting.seconds = max(waiting.deadline - waiting.began, self._deadline / 2)
            handed.calls.append(waiting)
            self._changed.set()
            try:
                found = await worker.answer(waiting.call, waiting.seconds)
            except SearchProcessEnded:
                raise
            except Exception as error:  # noqa: BLE001 - the one who asked gets it
                _give(waiting, error)
            else:
                if waiting.call != READY:  # which goes before the others, and is given to several probes
                    found.account.waited = waiting.began - (waiting.deadline - self._deadline)
                _give(waiting, found)
            took = loop.time() - waiting.began
            self._mean_seconds += (FRESHNESS if self._mean_seconds else 1.0) * (took - self._mean_seconds)
            handed.has_answered = True
            handed.calls.remove(waiting)
            for each in handed.calls:
                each.began = loop.time()


def _is_stuck(waiting: _Waiting) -> bool:
    return asyncio.get_running_loop().time() > waiting.began + waiting.seconds + 2 * GRACE_SECONDS


def _log(waiting: _Waiting, what: str) -> None:
    request = {REQUEST_ID: waiting.call.request_id}
    logger.error("%s, in a %s request: it is replaced", what, waiting.call.ask, extra=request)


def _give(waiting: _Waiting, answer: Answer | Exception) -> None:
    """Pass an answer or an error to the one who waits for it, if anyone still does."""
    if waiting.answer.done():
        return
    if isinstance(answer, Exception):
        waiting.answer.set_exception(answer)
    else:
        waiting.answer.set_result(answer)
