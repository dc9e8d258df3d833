"""A service of real processes over a fake search, which gets stuck, dies or waits when a query says so.

python -m service_processes DEADLINE WORKERS OPENING serves on a free port, and prints what `evoke serve` prints.
OPENING says how the search opens: `works`, `refuses` or `dies`.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_fakes import FakeSearch

from search_api.account import part
from search_api.errors import TuningInvalid
from search_api.records import Page, SearchRequest
from search_api.service.front import run
from search_api.service.search_pool import SearchPool
from search_api.service.search_processes import SearchProcess
from search_api.settings import SearchSettings

JOURNAL = "searched.txt"
"""The file in the home folder that gets a line for each query that a search process begins to answer."""


class TroublesomeSearch(FakeSearch):
    """A fake search that does what the query says: `spin`, `stop`, `die`, `die once`, `wait SECONDS`, `break`,
    `fail WORDS`, `warn`."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self._home = home

    def search(self, request: SearchRequest) -> Page:
        query = request.query
        with (self._home / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(f"{query}\n")
        if query == "spin":
            re.fullmatch("(a+)+b", "a" * 200)  # years in one C call that holds Python's lock
        if query == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        if query == "die" or (query == "die once" and self._journal().count(query) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if query.startswith("wait "):
            time.sleep(float(query.split()[1]))
        if query == "break":
            raise _CannotBePickled(open(os.devnull))  # noqa: SIM115, PTH123
        if query.startswith("fail "):
            raise ValueError(f"cannot read {query!r}")
        if query == "warn":
            logging.getLogger("a_library").warning("a library warns")
        with part("reading"), part("encoder"):
            return super().search(request)

    def _journal(self) -> list[str]:
        return (self._home / JOURNAL).read_text(encoding="utf-8").splitlines()


class _CannotBePickled(Exception):
    pass


def open_troublesome(settings: SearchSettings) -> TroublesomeSearch:
    return TroublesomeSearch(settings.home)


def open_refused(settings: SearchSettings) -> TroublesomeSearch:
    raise TuningInvalid(f"{settings.home}/tuning.json: is not a tuning file")


def open_dying(settings: SearchSettings) -> TroublesomeSearch:
    os.kill(os.getpid(), signal.SIGKILL)
    return TroublesomeSearch(settings.home)


OPENERS = {"works": open_troublesome, "refuses": open_refused, "dies": open_dying}


def main() -> int:
    deadline, n_workers, opener = sys.argv[1:]
    settings = SearchSettings(deadline_seconds=float(deadline))
    processes = [SearchProcess(settings, OPENERS[opener]) for _ in range(int(n_workers))]
    try:
        run(settings, "127.0.0.1", 0, SearchPool(processes, settings.deadline_seconds, settings.max_in_progress))
    except Exception as error:  # noqa: BLE001 - as a verb prints it
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


@dataclass
class Front:
    """A running service: its process, its port and its home."""

    process: subprocess.Popen[str]
    port: int
    home: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path: str) -> tuple[int, Any]:
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def searched(self) -> list[str]:
        journal = self.home / JOURNAL
        return journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []

    def wait_until_searched(self, query: str, times: int = 1) -> None:
        while self.searched().count(query) < times:
            time.sleep(0.01)

    def stop(self) -> list[str]:
        """End the service, and return the lines that it has written to stderr since it answered."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=60)[1].splitlines()

    def search_processes(self) -> list[int]:
        return [pid for pid in children(self.process.pid) if "spawn_main" in command(pid)]


@contextlib.contextmanager
def serving(
    home: Path, deadline: float = 30, n_workers: int = 1, opener: str = "works", **environment: str
) -> Iterator[Front]:
    """Start a service; yield it when it answers; kill it."""
    home.mkdir(parents=True, exist_ok=True)
    process = start(home, deadline, n_workers, opener, **environment)
    try:
        assert process.stderr
        line = next(line for line in process.stderr if line.startswith("Evoke answers"))
        match = re.search(r"127\.0\.0\.1:(\d+)", line)
        assert match
        yield Front(process, int(match[1]), home)
    finally:
        process.kill()
        process.communicate()


def start(
    home: Path, deadline: float = 30, n_workers: int = 1, opener: str = "works", **environment: str
) -> subprocess.Popen[str]:
    places = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    # Few tests read the log, and one that nobody reads would fill the pipe.
    own = {"EVOKE_HOME": str(home), "PYTHONPATH": os.pathsep.join(places), "EVOKE_ACCESS_LOG": "off", **environment}
    command = [sys.executable, "-m", "service_processes", str(deadline), str(n_workers), opener]
    return subprocess.Popen(command, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def is_running(pid: int) -> bool:
    """Return whether a process runs. One that nobody has waited for yet, a zombie, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_ended(pid: int) -> None:
    while is_running(pid):
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
