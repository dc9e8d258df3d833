"""Kill processes of a running service at random moments, and count how it goes on.

python -m benchmarks.service_kills [--home FOLDER] [-n TRIALS]

Each trial kills (SIGKILL) a search process, or the process in front of them, while requests are answered. A killed
front process takes its search processes with it, and the service is started again. Then

- no process of the killed service may be left;
- the service must be ready within READY_SECONDS;
- the same search must find the same works as before.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.served import Request, Served, serve

WORKERS = 2
READY_SECONDS = 30.0
QUERIES = ("find me something inspiring", "a quiet film about grief", "survival at sea", "a funny book about science")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=os.environ.get("EVOKE_HOME"))
    parser.add_argument("-n", "--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.home is None:
        parser.error("name a home folder with --home or EVOKE_HOME")
    draw, counts = random.Random(options.seed), Counter[str]()
    expected: list[Any] = []
    trial = 0
    while trial < options.trials:
        with serve(options.home, WORKERS) as served:
            expected = expected or find_works(served)
            while trial < options.trials:
                trial += 1
                kills_front = draw.random() < 1 / (WORKERS + 1)
                pids = served.search_pids()
                killed = served.pid if kills_front else draw.choice(pids)
                counts.update(asyncio.run(kill_while_asking(served, killed, draw.uniform(0.05, 1.0))))
                if kills_front:
                    await_end(pids)
                    counts["front process killed"] += 1
                    break
                counts["search process killed, ready after at most s"] = max(
                    counts["search process killed, ready after at most s"], round(await_ready(served))
                )
                counts["search process killed"] += 1
                assert find_works(served) == expected, f"trial {trial}: other works are found"
            print(trial, dict(counts), flush=True)


async def kill_while_asking(served: Served, pid: int, seconds: float) -> Counter[str]:
    """Kill a process after some seconds of requests, and return how many requests had each status; 0 is a lost one."""
    statuses: Counter[str] = Counter()
    stopped = asyncio.Event()

    async def ask() -> None:
        while not stopped.is_set():
            for query in QUERIES:
                status, _ = await served.ask(Request("search", f"/v1/search?q={query.replace(' ', '+')}&limit=50"))
                statuses[f"status {status}"] += 1

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    await asyncio.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    stopped.set()
    await asyncio.gather(*asking)
    return statuses


def await_end(pids: list[int]) -> None:
    """Wait until processes have ended."""
    deadline = time.monotonic() + READY_SECONDS
    while left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, f"processes are left: {left}"
        time.sleep(0.05)


def await_ready(served: Served) -> float:
    """Wait until the service is ready with all its search processes, and return the seconds."""
    started = time.monotonic()
    while True:
        answers = get(served, "/readyz") == 200 and len(served.search_pids()) == WORKERS
        if answers:
            return time.monotonic() - started
        assert time.monotonic() < started + READY_SECONDS, "the service is not ready again"
        time.sleep(0.1)


def find_works(served: Served) -> list[Any]:
    """Return the works that each query finds."""
    found = []
    for query in QUERIES:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        connection.request("GET", f"/v1/search?q={query.replace(' ', '+')}&limit=20")
        found.append([hit["id"] for hit in json.loads(connection.getresponse().read())["hits"]])
        connection.close()
    return found


def get(served: Served, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    main()
