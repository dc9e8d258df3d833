"""Ask a service with many clients at once, and see what is served, what is refused, and how soon it is well again.

python -m benchmarks.overload [--home FOLDER] [--workers N] [--clients N] [--seconds S]

It serves the index of FOLDER, or of EVOKE_HOME. Each client asks again as soon as it has an answer; a client that is
refused waits as long as the service asks it to (`Retry-After`), at most a second. Half of the requests have queries of
2,000 to 10,000 characters.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
from collections import Counter
from pathlib import Path
from time import perf_counter

from benchmarks.nasty import WORDS
from benchmarks.served import Request, Served, milliseconds, serve

SHORT = (
    "find me something inspiring",
    "a quiet film about grief",
    "survival at sea",
    "like Interstellar",
    "a funny book",
)
NORMAL = Request("normal", "/v1/search?q=hope+in+dark+times&limit=10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--home", type=Path, default=os.environ.get("EVOKE_HOME"), required="EVOKE_HOME" not in os.environ
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    with serve(options.home, options.workers) as served:
        asyncio.run(measure(served, options.clients, options.seconds))


async def measure(served: Served, n_clients: int, seconds: float) -> None:
    """Ask with all clients for some seconds, then until one request is answered as before, and print the figures."""
    await served.ask(NORMAL)
    _, alone = await served.ask(Request("normal", f"{NORMAL.path}&offset=10"))
    answers: list[tuple[int, float]] = []
    health: list[float] = []
    until = perf_counter() + seconds
    clients = [asyncio.create_task(client(served, number, until, answers)) for number in range(n_clients)]
    while perf_counter() < until:
        status, took = await served.ask(Request("health", "/healthz"))
        assert status == 200, f"/healthz answered {status}"
        health.append(took)
        await asyncio.sleep(0.02)
    for task in clients:
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    ended = perf_counter()
    n_tries = 0
    while (await served.ask(Request("normal", f"{NORMAL.path}&offset={20 + n_tries}")))[0] != 200:
        n_tries += 1
    well_again = perf_counter() - ended
    ok = [took for status, took in answers if status == 200]
    refused = [took for status, took in answers if status != 200]
    print(f"{n_clients} clients for {seconds:g} s: {dict(Counter(status for status, _ in answers))}")
    print(f"served  {len(ok):>7} ({len(ok) / seconds:.1f}/s): {milliseconds(ok)} ms (p50 / p99 / longest)")
    print(f"refused {len(refused):>7}: {milliseconds(refused)} ms")
    print(f"/healthz {len(health)} times: {milliseconds(health)} ms")
    print(f"one request alone {1_000 * alone:.0f} ms; after the last client {1_000 * well_again:.0f} ms")


async def client(served: Served, number: int, until: float, answers: list[tuple[int, float]]) -> None:
    """Ask until the time is over, and note each answer's status and seconds."""
    chosen = random.Random(number)
    for turn in itertools.count():
        if perf_counter() >= until:
            return
        query = f"{chosen.choice(SHORT)} {number} {turn}"  # no answer comes from the cache
        if turn % 2:
            query = " ".join(chosen.choices(WORDS, k=2_000))[: chosen.randint(2_000, 10_000)]
        status, seconds = await served.ask(Request("overload", "/v1/search", {"query": query}))
        answers.append((status, seconds))
        if status != 200:
            await asyncio.sleep(1)


if __name__ == "__main__":
    main()
