"""The queue in front of the search processes, with fake processes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from search_api.errors import (
    RequestRefused,
    SearchProcessEnded,
    SearchProcessFailed,
    TookTooLong,
    TooManyRequests,
)
from search_api.service import search_pool
from search_api.service.calls import READY, Answer, Call
from search_api.service.search_pool import SearchPool

Answers = Callable[[Call], Coroutine[Any, Any, bytes]]


class FakeWorker:
    """A search process that notes the calls it is handed, and answers one after the other, as a function says."""

    def __init__(self, answers: Answers, n_starts: int = 1_000) -> None:
        self._answers = answers
        self._n_starts = n_starts
        self.calls: list[Call] = []
        self.seconds: list[float] = []
        self.n_started = 0
        self.n_killed = 0
        self.has_ended = False
        self._on_end: Callable[[], None] = lambda: None
        self._turn = asyncio.Lock()
        self._ended: SearchProcessEnded | None = None

    def launch(self) -> None:
        """Start nothing yet."""

    async def start(self, on_end: Callable[[], None]) -> None:
        self.n_started += 1
        if self.n_started > self._n_starts:
            raise SearchProcessFailed("the index is damaged")
        self._on_end, self.has_ended, self._ended = on_end, False, None

    async def answer(self, call: Call, seconds: float) -> Answer:
        self.calls.append(call)
        self.seconds.append(seconds)
        async with self._turn:
            if self._ended:
                raise self._ended
            try:
                return Answer(await self._answers(call))
            except SearchProcessEnded as error:
                self._ended = error
                raise

    async def kill(self) -> None:
        self.n_killed += 1
        self.has_ended = True

    def die(self) -> None:
        self.has_ended = True
        self._on_end()


def name(call: Call) -> str:
    return str(call.arguments[0]) if call.arguments else call.ask


def call(text: str) -> Call:
    return Call("suggest", (text, 8))


class Gate:
    """Answers that wait until they are let through."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, call: Call) -> bytes:
        await self.opened.wait()
        return name(call).encode()


async def at_once(call: Call) -> bytes:
    return name(call).encode()


async def never(call: Call) -> bytes:
    await asyncio.Event().wait()
    return b""


async def dying(call: Call) -> bytes:
    raise SearchProcessEnded("a search process ended (signal SIGKILL)")


async def opened(workers: list[FakeWorker], deadline: float = 60, most: int = 10) -> SearchPool:
    pool = SearchPool(workers, deadline, most)
    await pool.start()
    return pool


async def bodies(*asked: Awaitable[Answer]) -> list[bytes]:
    return [answer.body for answer in await asyncio.gather(*asked)]


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


def handed(workers: list[FakeWorker]) -> list[list[str]]:
    return [[name(each) for each in worker.calls] for worker in workers]


def test_each_process_gets_a_call_before_any_gets_two() -> None:
    async def scenario() -> None:
        gate = Gate()
        workers = [FakeWorker(gate), FakeWorker(gate)]
        pool = await opened(workers)
        asked = [asyncio.create_task(pool.answer(call(str(n)))) for n in range(3)]
        await settle()
        assert handed(workers) == [["0"], ["1"]]  # the third goes to the process that has answered first
        gate.opened.set()
        assert await bodies(*asked) == [b"0", b"1", b"2"]
        await pool.close()

    asyncio.run(scenario())


def test_a_process_has_its_next_call_before_it_has_answered_while_others_wait() -> None:
    async def scenario() -> None:
        gate = Gate()
        worker = FakeWorker(gate)
        pool = await opened([worker])
        asked = [asyncio.create_task(pool.answer(call(str(n)))) for n in range(4)]
        await settle()
        assert handed([worker]) == [["0", "1"]]
        gate.opened.set()
        assert await bodies(*asked) == [b"0", b"1", b"2", b"3"]
        assert handed([worker]) == [["0", "1", "2", "3"]]
        await pool.close()

    asyncio.run(scenario())


def test_more_calls_than_the_pool_takes_are_refused_at_once() -> None:
    async def scenario() -> None:
        gate = Gate()
        pool = await opened([FakeWorker(gate)], most=2)
        asked = [asyncio.create_task(pool.answer(call(str(n)))) for n in range(2)]
        await settle()
        with pytest.raises(TooManyRequests, match="2 requests"):
            await pool.answer(call("too many"))
        gate.opened.set()
        await asyncio.gather(*asked)
        assert await bodies(pool.answer(call("later"))) == [b"later"]
        await pool.close()

    asyncio.run(scenario())


def test_a_call_that_would_wait_too_long_is_refused() -> None:
    async def slowly(call: Call) -> bytes:
        await asyncio.sleep(0.2)
        return name(call).encode()

    async def scenario() -> None:
        pool = SearchPool([FakeWorker(slowly)], 60, 100, most_wait=0.1)
        await pool.start()
        assert await bodies(pool.answer(call("first"))) == [
            b"first"
        ]  # nothing is known yet of the time that calls take
        asked = [asyncio.create_task(pool.answer(call(str(n)))) for n in range(2)]
        await settle()
        with pytest.raises(TooManyRequests, match="take too long for one more"):
            await pool.answer(call("third"))
        assert await bodies(*asked) == [b"0", b"1"]
        assert await bodies(pool.answer(call("later"))) == [b"later"]

    asyncio.run(scenario())


def test_a_call_that_is_cancelled_while_it_waits_never_reaches_a_process_and_frees_its_place() -> None:
    async def scenario() -> None:
        gate = Gate()
        worker = FakeWorker(gate)
        pool = await opened([worker], most=3)
        first, second, gone = (asyncio.create_task(pool.answer(call(text))) for text in ("first", "second", "gone"))
        await settle()
        gone.cancel()
        await settle()
        fourth = asyncio.create_task(pool.answer(call("fourth")))
        gate.opened.set()
        assert await bodies(first, second, fourth) == [b"first", b"second", b"fourth"]
        assert handed([worker]) == [["first", "second", "fourth"]]
        await pool.close()

    asyncio.run(scenario())


def test_a_stuck_process_is_killed_after_the_deadline_and_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_pool, "GRACE_SECONDS", 0.01)

    async def stuck_once(asked: Call) -> bytes:
        return await (never if name(asked) == "stuck" else at_once)(asked)

    async def scenario() -> None:
        worker = FakeWorker(stuck_once)
        pool = await opened([worker], deadline=0.05)
        with pytest.raises(TookTooLong, match=r"0\.05 s"):
            await pool.answer(call("stuck"))
        while worker.n_started < 2:
            await asyncio.sleep(0.01)
        assert worker.n_killed == 1
        assert await bodies(pool.answer(call("next"))) == [b"next"]
        await pool.close()

    asyncio.run(scenario())


def test_the_call_behind_a_deadly_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_pool, "_LONGEST_PAUSE", 0.0)

    async def dies_of_one(asked: Call) -> bytes:
        return await (dying if name(asked) == "deadly" else at_once)(asked)

    async def scenario() -> None:
        worker = FakeWorker(dies_of_one)
        pool = await opened([worker])
        deadly, other = (asyncio.create_task(pool.answer(call(text))) for text in ("deadly", "other"))
        with pytest.raises(SearchProcessEnded):
            await deadly
        assert await bodies(other) == [b"other"]
        assert worker.n_started == 3
        await pool.close()

    asyncio.run(scenario())


def test_the_call_behind_a_stuck_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_pool, "GRACE_SECONDS", 0.01)

    async def stuck_in_one(asked: Call) -> bytes:
        return await (never if name(asked) == "stuck" else at_once)(asked)

    async def scenario() -> None:
        worker = FakeWorker(stuck_in_one)
        pool = await opened([worker], deadline=0.1)
        stuck = asyncio.create_task(pool.answer(call("stuck")))
        await asyncio.sleep(0.08)  # the other one is not yet late when the process is replaced
        other = asyncio.create_task(pool.answer(call("other")))
        with pytest.raises(TookTooLong):
            await stuck
        assert await bodies(other) == [b"other"]
        await pool.close()

    asyncio.run(scenario())


def test_a_process_that_gets_a_call_late_still_has_half_of_the_deadline_for_it() -> None:
    async def scenario() -> None:
        gate = Gate()
        worker = FakeWorker(gate)
        pool = await opened([worker], deadline=8)
        loop = asyncio.get_running_loop()
        late = search_pool._Waiting(call("late"), loop.time() + 0.1, loop.create_future())
        pool._put(late, is_first=False)
        await settle()
        assert worker.seconds == [4]
        gate.opened.set()
        assert await bodies(late.answer) == [b"late"]
        await pool.close()

    asyncio.run(scenario())


def test_a_call_whose_process_dies_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_pool, "_LONGEST_PAUSE", 0.0)

    async def scenario() -> None:
        worker = FakeWorker(dying)
        pool = await opened([worker])
        with pytest.raises(SearchProcessEnded):
            await pool.answer(call("deadly"))
        await settle()
        assert [name(each) for each in worker.calls] == ["deadly", "deadly"]
        assert worker.n_started == 3
        await pool.close()

    asyncio.run(scenario())


def test_a_process_that_dies_while_it_waits_is_started_anew() -> None:
    async def scenario() -> None:
        worker = FakeWorker(at_once)
        pool = await opened([worker])
        await settle()
        worker.die()
        await settle()
        assert worker.n_started == 2
        assert await bodies(pool.answer(call("next"))) == [b"next"]
        await pool.close()

    asyncio.run(scenario())


def test_while_no_process_can_start_the_reason_is_given_at_once() -> None:
    async def scenario() -> None:
        worker = FakeWorker(at_once, n_starts=1)
        pool = await opened([worker])
        await settle()
        worker.die()
        await settle()
        assert worker.n_started == 2  # the next try comes after a pause
        for asked in (call("anything"), READY):
            with pytest.raises(SearchProcessFailed, match="the index is damaged"):
                await pool.answer(asked)
        await pool.close()

    asyncio.run(scenario())


def test_a_pool_that_cannot_start_says_why() -> None:
    async def scenario() -> None:
        with pytest.raises(SearchProcessFailed, match="the index is damaged"):
            await opened([FakeWorker(at_once), FakeWorker(at_once, n_starts=0)])

    asyncio.run(scenario())


def test_ready_is_asked_before_the_waiting_calls_beyond_the_limit_and_once_for_many_probes() -> None:
    async def scenario() -> None:
        gate = Gate()
        worker = FakeWorker(gate)
        pool = await opened([worker], most=3)
        asked = [asyncio.create_task(pool.answer(call(str(n)))) for n in range(3)]
        await settle()
        probes = [asyncio.create_task(pool.answer(READY)) for _ in range(5)]
        await settle()
        probes[0].cancel()  # the others still get their answer
        gate.opened.set()
        await asyncio.gather(*asked, *probes[1:])
        assert await bodies(pool.answer(READY)) == [b"ready"]
        assert handed([worker]) == [["0", "1", "ready", "2"]]
        await pool.close()

    asyncio.run(scenario())


def test_a_refusal_of_the_search_reaches_the_one_who_asked() -> None:
    async def refusing(asked: Call) -> bytes:
        raise RequestRefused("filters.values.E99", "no value has this id")

    async def scenario() -> None:
        worker = FakeWorker(refusing)
        pool = await opened([worker])
        with pytest.raises(RequestRefused, match="E99"):
            await pool.answer(call("refused"))
        assert worker.n_started == 1
        await pool.close()

    asyncio.run(scenario())
