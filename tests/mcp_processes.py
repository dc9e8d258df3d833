"""`evoke mcp` in a process of its own, over an index of the fake encoder: started from tests, and run by them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from fakes import FakeEncoder
from mcp import StdioServerParameters

from search_api.assistants.http import serve_http
from search_api.assistants.server import serve_stdio
from search_api.errors import TuningInvalid
from search_api.search import Search, open_search
from search_api.service.logs import set_up_logs
from search_api.service.search_pool import SearchPool
from search_api.service.search_processes import SearchProcess
from search_api.settings import SearchSettings


def open_noisy(settings: SearchSettings) -> Search:
    """Open the index of the home; what a library prints meanwhile must not reach the client."""
    os.write(1, b"a library says hello\n")
    return open_search(settings, FakeEncoder())


def open_refused(settings: SearchSettings) -> Search:
    raise TuningInvalid(f"{settings.home}/tuning.json: is not a tuning file")


OPENERS = {"works": open_noisy, "refuses": open_refused}


def main() -> int:
    transport, opener = sys.argv[1:]
    settings = SearchSettings()
    pool = SearchPool([SearchProcess(settings, OPENERS[opener])], settings.deadline_seconds, settings.max_in_progress)
    set_up_logs(settings)
    if transport == "stdio":
        serve_stdio(pool, patience_seconds=300)
    else:
        serve_http(settings, pool, "127.0.0.1", 0)
    return 0


def command(transport: str, opener: str = "works") -> list[str]:
    return [sys.executable, "-m", "mcp_processes", transport, opener]


def environment(home: Path, **settings: str) -> dict[str, str]:
    places = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    patient = {"EVOKE_DEADLINE_SECONDS": "300"}  # a busy machine is slow
    return {**os.environ, "EVOKE_HOME": str(home), "PYTHONPATH": os.pathsep.join(places), **patient, **settings}


def on_stdio(home: Path, opener: str = "works") -> StdioServerParameters:
    program, *arguments = command("stdio", opener)
    return StdioServerParameters(command=program, args=arguments, env=environment(home))


@contextlib.contextmanager
def serving(home: Path, **settings: str) -> Iterator[str]:
    """Start a server over HTTP; yield its address when it answers; end it."""
    process = subprocess.Popen(command("http"), env=environment(home, **settings), stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        line = next(line for line in process.stderr if line.startswith("Evoke answers"))
        yield line.split()[4]
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    sys.exit(main())
