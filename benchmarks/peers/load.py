"""Send requests to a server from a separate process; each client keeps one connection and sends one at a time.

python -m benchmarks.peers.load reads {"port", "clients", "requests": [[method, path, body], ...]} from its input
and answers {"seconds", "failed", "milliseconds"}. It sends only these requests, and only to 127.0.0.1. Standard library
only.
"""

from __future__ import annotations

import http.client
import json
import sys
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

TIMEOUT_SECONDS = 60
Asked = tuple[str, str, str | None]


def main() -> None:
    task = json.load(sys.stdin)
    waiting = deque(map(tuple, task["requests"]))
    started = perf_counter()
    with ThreadPoolExecutor(task["clients"]) as pool:
        answers = [pool.submit(ask_all, task["port"], waiting) for _ in range(task["clients"])]
        milliseconds = [each for answer in answers for each in answer.result()]
    seconds = perf_counter() - started
    failed = len(task["requests"]) - len(milliseconds)
    print(json.dumps({"seconds": seconds, "failed": failed, "milliseconds": milliseconds}))


def ask_all(port: int, waiting: deque[Asked]) -> Sequence[float]:
    """Send requests until none is left; return the milliseconds of those that were answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    milliseconds = []
    while waiting:
        try:
            method, path, body = waiting.popleft()
        except IndexError:  # another client was faster
            break
        started = perf_counter()
        if is_answered(connection, method, path, body):
            milliseconds.append((perf_counter() - started) * 1_000)
    connection.close()
    return milliseconds


def is_answered(connection: http.client.HTTPConnection, method: str, path: str, body: str | None) -> bool:
    """Send a request; return whether the answer was 200."""
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    return response.status == http.HTTPStatus.OK


if __name__ == "__main__":
    main()
