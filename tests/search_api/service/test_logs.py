"""What an operator reads in the service's log, and what is never there."""

import contextlib
import json
import logging
import os
import pty
import re
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from service_processes import Front, serving

from search_api.account import Account
from search_api.service.error_reports import report_of
from search_api.service.logs import AccessLog, set_up_logs
from search_api.service.observing import Exchange
from search_api.settings import SearchSettings

KEY = "swordfish-key"
WORD = "divorced"
ONE = {"EVOKE_LOG_FORMAT": "json", "EVOKE_ACCESS_LOG": "on", "EVOKE_API_KEY": KEY}
EVERY_LINE = {
    "@timestamp",
    "log.level",
    "message",
    "ecs.version",
    "log.logger",
    "process.pid",
    "service.name",
    "service.version",
}


class Answered(NamedTuple):
    status: int
    request_id: str
    body: Any


def ask(front: Front, target: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answered:
    with contextlib.closing(front.connect()) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, {"X-API-Key": KEY, **named})
        response = connection.getresponse()
        return Answered(response.status, response.headers["X-Request-ID"], json.loads(response.read()))


class Log(NamedTuple):
    """The log of a service that was asked once for each of `answered`."""

    text: str
    answered: dict[str, Answered]

    def lines(self, **fields: object) -> list[dict[str, Any]]:
        """Return the lines whose fields are those, with `_` for each dot."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        wanted = {name.replace("_", "."): value for name, value in fields.items()}
        return [line for line in lines if wanted.items() <= line.items()]

    def access(self, name: str) -> dict[str, Any]:
        (line,) = self.lines(event_dataset="evoke.access", http_request_id=self.answered[name].request_id)
        return line


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    with serving(tmp_path_factory.mktemp("log"), **ONE) as front:
        body = json.dumps({"query": WORD}).encode()
        answered = {
            "found": ask(front, f"/v1/search?q={WORD}", X_Request_ID="mine"),
            "posted": ask(front, "/v1/search", method="POST", body=body, Content_Type="application/json"),
            "failed": ask(front, f"/v1/search?q=fail+{WORD}"),
            "died": ask(front, "/v1/search?q=die"),
            "warned": ask(front, "/v1/search?q=warn"),
            "key as a parameter": ask(front, f"/v1/search?q={WORD}&api_key={KEY}"),
            "wrong key": ask(front, "/v1/values", X_API_Key=f"{KEY}-not"),
            "probe": ask(front, "/healthz"),
            "line end": ask(front, "/v1/nothing%0Ahere"),
        }
        with socket.create_connection(("127.0.0.1", front.port)) as connection:
            connection.sendall(b"GET /v1/search?q=" + WORD.encode() + b" HTTP/9.9\r\n\r\n")
            refused = connection.makefile("rb").read().decode()
        given = re.search(r"x-request-id: (\w+)", refused)
        assert given
        answered["refused"] = Answered(400, given[1], None)
        return Log("\n".join(front.stop()), answered)


def test_every_line_is_an_object_with_the_fields_of_ecs(log: Log) -> None:
    for line in log.lines():
        assert line.keys() >= EVERY_LINE
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["@timestamp"])


def test_each_request_has_one_access_line_with_its_id(log: Log) -> None:
    assert log.answered["found"].request_id == "mine"
    line = log.access("found")
    assert line["log.level"] == "info"
    assert (line["http.request.method"], line["url.path"], line["http.response.status_code"]) == (
        "GET",
        "/v1/search",
        200,
    )
    assert line["http.response.body.bytes"] > 1000
    assert "evoke.refusal" not in line
    assert line["evoke.total"] == log.answered["found"].body["total"]
    nanoseconds, whole = line["event.duration"], line["evoke.search_ms"] * 1e6
    assert nanoseconds > whole >= line["evoke.reading_ms"] * 1e6 >= line["evoke.encoder_ms"] * 1e6
    for name, answered in log.answered.items():
        if name != "probe":
            assert log.access(name)["http.response.status_code"] == answered.status


def test_probes_have_no_line_at_the_usual_level(log: Log) -> None:
    assert log.lines(http_request_id=log.answered["probe"].request_id) == []


def test_a_refusal_of_the_connection_has_an_access_line(log: Log) -> None:
    line = log.access("refused")
    assert (line["url.path"], line["http.response.status_code"]) == ("/v1/search", 400)
    assert line["evoke.refusal"] == "bad-request"


def test_a_fault_is_logged_once_with_its_place_and_the_id_in_the_answer(log: Log) -> None:
    answered = log.answered["failed"]
    assert (answered.status, answered.body["instance"]) == (500, f"urn:evoke:request:{answered.request_id}")
    (line,) = log.lines(log_level="error", http_request_id=answered.request_id)
    assert line["error.type"] == "ValueError"
    assert 'service_processes.py", line' in line["error.stack_trace"]
    assert log.text.count("Traceback") == 1


def test_a_search_process_that_dies_is_logged_with_the_id_of_the_request(log: Log) -> None:
    lines = log.lines(log_level="error", http_request_id=log.answered["died"].request_id)
    assert ["signal SIGKILL" in line["message"] for line in lines] == [True, True]


def test_a_line_of_a_search_process_has_the_id_of_the_request(log: Log) -> None:
    (line,) = log.lines(log_logger="a_library")
    assert line["http.request.id"] == log.answered["warned"].request_id
    assert line["process.pid"] != log.access("warned")["process.pid"]


def test_neither_queries_nor_keys_are_logged(log: Log) -> None:
    assert WORD not in log.text
    assert KEY not in log.text


def test_text_is_for_people_and_shows_queries_only_if_wanted(tmp_path: Path) -> None:
    settings = {**ONE, "EVOKE_LOG_FORMAT": "text", "EVOKE_LOG_QUERIES": "on", "EVOKE_LOG_LEVEL": "debug"}
    with serving(tmp_path, **settings) as front:
        ask(front, f"/v1/search?q={WORD}+%C3%BC&api_key={KEY}")
        found = ask(front, f"/v1/search?q={WORD}+%C3%BC")
        ask(front, f"/v1/search?q=fail+{WORD}")
        ask(front, "/v1/nothing%0Ahere")
        ask(front, "/healthz")
        lines = front.stop()
    shown = next(line for line in lines if found.request_id in line)
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
    parts = r"waiting [\d.]+, search [\d.]+, encoder [\d.]+, reading [\d.]+"
    assert re.fullmatch(
        rf"{time} INFO search_api\.access: GET /v1/search 200, [\d.]+ ms, \d+ bytes, \d+ works, {parts}, "
        rf"'{WORD} ü' \(request {found.request_id}\)",
        shown,
    )
    assert f"ValueError: cannot read 'fail {WORD}'" in lines
    assert any("/v1/nothing%0Ahere 404" in line for line in lines)
    assert any("DEBUG search_api.access: GET /healthz 200" in line for line in lines)
    assert KEY not in "\n".join(lines)


def test_the_access_log_can_be_off_and_the_rest_stays(tmp_path: Path) -> None:
    with serving(tmp_path, **{**ONE, "EVOKE_ACCESS_LOG": "off"}) as front:
        ask(front, "/v1/values")
        ask(front, "/v1/search?q=warn")
        started, line = (json.loads(line) for line in front.stop())
    assert started["message"].endswith("answers with 1 worker")
    assert line["log.logger"] == "a_library"


HELLO = """
import logging
from search_api.service.logs import set_up_logs
from search_api.settings import SearchSettings
set_up_logs(SearchSettings())
logging.getLogger("search_api.x").info("hello")
logging.getLogger("a_library").info("chatter")
"""


def run(code: str, stderr: int) -> None:
    subprocess.run([sys.executable, "-c", code], stderr=stderr, check=False)


def piped(code: str) -> list[dict[str, Any]]:
    """Return the log of a program whose stderr is a pipe."""
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_terminal_gets_text_and_a_pipe_json() -> None:
    ours, terminal = pty.openpty()
    run(HELLO, terminal)
    os.close(terminal)
    assert os.read(ours, 1000).decode().strip().endswith("INFO search_api.x: hello")
    os.close(ours)
    (line,) = piped(HELLO)
    assert (line["log.level"], line["message"]) == ("info", "hello")


@pytest.mark.parametrize(
    ("crash", "kind"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("import threading; threading.Thread(target=lambda: 1 / 0).start()", "ZeroDivisionError"),
    ],
)
def test_a_crash_is_a_line_too(crash: str, kind: str) -> None:
    _, line = piped(HELLO + crash)
    assert (line["log.level"], line["error.type"]) == ("critical", kind)
    assert line["error.message"] in ("'x'", "division by zero")
    assert line["error.stack_trace"].endswith(f"{kind}: {line['error.message']}")


def test_a_warning_is_a_line_too() -> None:
    _, line = piped(HELLO + "import warnings; warnings.warn('old', UserWarning)")
    assert (line["log.level"], line["log.logger"]) == ("warning", "py.warnings")


def test_what_cannot_be_encoded_is_escaped() -> None:
    _, line = piped(HELLO + r"logging.getLogger('search_api').error('\udcff')")
    assert line["message"] == "\udcff"


def test_long_lines_of_several_processes_do_not_mix() -> None:
    code = "import sys; sys.stdin.read(); [logging.getLogger('search_api').error(letter * 300_000) for _ in range(20)]"
    reads, writes = os.pipe()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", f"letter = {letter!r}{HELLO}{code}"], stdin=subprocess.PIPE, stderr=writes
        )
        for letter in "abc"
    ]
    os.close(writes)
    with os.fdopen(reads, encoding="utf-8") as log:
        assert [json.loads(next(log))["message"] for _ in processes] == ["hello"] * 3
        for process in processes:  # all are ready: they begin at once
            assert process.stdin
            process.stdin.close()
        messages = [json.loads(line)["message"] for line in log]
    for process in processes:
        process.wait()
    assert sorted(messages) == [letter * 300_000 for letter in "abc" for _ in range(20)]


def test_a_program_that_has_set_up_logging_keeps_it() -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    assert before
    set_up_logs(SearchSettings())
    assert root.handlers == before


def test_an_empty_answer_says_so(caplog: pytest.LogCaptureFixture) -> None:
    account = Account(counts=Counter(answers=1, empty=1))
    with caplog.at_level(logging.INFO, "search_api.access"):
        AccessLog(shows_queries=False)(
            Exchange("id", "GET", "/v1/search", "/v1/search", "q=x", 200, "", 0.0, 0.01, 9, "", "", account)
        )
    assert caplog.messages == ["GET /v1/search 200, 10.0 ms, 9 bytes, 0 works"]


def test_a_report_has_every_error_that_led_to_another() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ExceptionGroup("both", [OSError("second")]) from error
    except ExceptionGroup as group:
        report = report_of(group)
    assert [(each.kind, each.message) for each in report.raised] == [
        ("KeyError", "'first'"),
        ("OSError", "second"),
        ("ExceptionGroup", "both (1 sub-exception)"),
    ]
    assert "KeyError: 'first'\n\nIt led to:" in report.to_text(with_messages=True)
    assert "first" not in report.to_text(with_messages=False).replace('raise KeyError("first")', "")
