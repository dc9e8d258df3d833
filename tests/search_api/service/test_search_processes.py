"""The service with real processes: stuck, killed, drained, and unable to start."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service_processes import Front, serving, start, wait_until_ended

from search_api.service.search_processes import SearchProcess
from search_api.settings import SearchSettings


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A service with one search process and a deadline of a second."""
    with serving(tmp_path_factory.mktemp("front"), deadline=1) as front:
        yield front


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A service with one search process and a deadline longer than it takes to start another."""
    with serving(tmp_path_factory.mktemp("patient"), deadline=60) as front:
        yield front


class Asking(threading.Thread):
    """A request in a thread of its own."""

    def __init__(self, front: Front, path: str) -> None:
        super().__init__()
        self._front, self._path = front, path
        self.status, self.body = 0, None
        self.start()

    def run(self) -> None:
        self.status, self.body = self._front.get(self._path)

    def result(self) -> tuple[int, Any]:
        self.join()
        return self.status, self.body


def answered_in_the_end(front: Front) -> bool:
    """Return whether a search is answered. A new process needs longer to start than this service's deadline."""
    statuses = [200]
    while (status := front.get("/v1/search?q=hope")[0]) != 200:
        statuses.append(status)
    return set(statuses) <= {200, 503}


@pytest.mark.parametrize("query", ["spin", "stop"])
def test_a_stuck_search_process_silences_nothing_and_is_replaced(front: Front, query: str) -> None:
    (stuck,) = front.search_processes()
    asking = Asking(front, f"/v1/search?q={query}")
    front.wait_until_searched(query)
    assert front.get("/healthz") == (200, {"status": "ok"})
    assert front.get("/openapi.json")[0] == 200
    status, problem = asking.result()
    assert (status, problem["title"]) == (503, "Took too long")
    wait_until_ended(stuck)
    assert answered_in_the_end(front)
    assert front.searched().count(query) == 1


def test_a_request_whose_process_is_killed_is_tried_again_once(patient: Front) -> None:
    assert patient.get("/v1/search?q=die+once")[0] == 200
    assert patient.searched().count("die once") == 2
    status, problem = patient.get("/v1/search?q=die")
    assert (status, problem["title"]) == (503, "Search interrupted")
    assert patient.searched().count("die") == 2
    assert patient.get("/v1/search?q=hope")[0] == 200


def test_a_search_process_that_is_killed_while_it_waits_is_replaced(front: Front) -> None:
    (killed,) = front.search_processes()
    os.kill(killed, signal.SIGKILL)
    wait_until_ended(killed)
    assert answered_in_the_end(front)


def test_an_error_that_cannot_be_sent_is_500_and_the_process_goes_on(front: Front) -> None:
    before = front.search_processes()
    assert front.get("/v1/search?q=break")[0] == 500
    assert front.get("/v1/search?q=hope")[0] == 200
    assert front.search_processes() == before


def test_a_request_whose_client_has_gone_is_never_searched(patient: Front) -> None:
    busy = [Asking(patient, "/v1/search?q=wait+1") for _ in range(2)]  # one is answered, one is next
    patient.wait_until_searched("wait 1")
    with contextlib.closing(patient.connect()) as gone:
        gone.request("GET", "/v1/search?q=gone")
    assert [asking.result()[0] for asking in busy] == [200, 200]
    assert patient.get("/v1/search?q=hope")[0] == 200
    assert "gone" not in patient.searched()


def test_stuck_and_idle_search_processes_end_when_the_front_process_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, deadline=1, n_workers=2) as front:
        processes = front.search_processes()
        assert len(processes) == 2
        connection = front.connect()
        connection.request("GET", "/v1/search?q=spin")
        front.wait_until_searched("spin")
        front.process.kill()
        connection.close()
        for pid in processes:
            wait_until_ended(pid)


@pytest.fixture
def _signals_as_in_a_terminal() -> Iterator[None]:
    """Where the tests run under `nohup`, the service would inherit that SIGHUP is ignored, and heed it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_signals_as_in_a_terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_whole_group_lets_the_requests_under_way_finish(tmp_path: Path, number: int) -> None:
    with serving(tmp_path) as front:
        processes = front.search_processes()
        asking = [Asking(front, f"/v1/search?q=wait+0.{n}") for n in (5, 6)]
        front.wait_until_searched("wait 0.5")
        for pid in (front.process.pid, *processes):
            os.kill(pid, number)
        assert [each.result()[0] for each in asking] == [200, 200]
        _, rest = front.process.communicate(timeout=60)
        assert front.process.returncode == 0
        assert "Traceback" not in rest
        for pid in processes:
            wait_until_ended(pid)


@pytest.mark.parametrize(
    ("opener", "message"), [("refuses", "is not a tuning file"), ("dies", "ended while it started (signal SIGKILL)")]
)
def test_a_search_process_that_cannot_start_is_one_line_and_code_2(tmp_path: Path, opener: str, message: str) -> None:
    process = start(tmp_path, opener=opener)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 2
    assert printed.count("\n") == 1
    assert message in printed


def test_the_way_a_process_ended_is_said_though_another_thread_collects_it() -> None:
    class Ending:
        """Its end is collected by another thread, which has it only after we have asked three times."""

        codes = [None, None, None]  # noqa: RUF012

        @property
        def exitcode(self) -> int | None:
            return self.codes.pop() if self.codes else -signal.SIGKILL

    process = SearchProcess(SearchSettings())
    process._process = Ending()  # type: ignore[assignment]
    assert asyncio.run(process._how_it_ended()) == "signal SIGKILL"


def test_the_front_process_imports_nothing_that_searches() -> None:
    code = "import sys\nfrom search_api.service.app import create_app, open_pool\nfrom search_api.settings import *\n"
    code += "create_app(SearchSettings(), backend=open_pool(SearchSettings()))\nprint(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"openvino", "spacy", "qdrant_client", "qdrant_edge", "torch", "scrapy"} & set(ran.stdout.split())
