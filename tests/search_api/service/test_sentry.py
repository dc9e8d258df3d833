"""What reaches Sentry, and what does not."""

import contextlib
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from service_processes import serving
from sink import Sink, closed_port, receiving

import evoke
from crawler.extras import installed_version

KEY = "swordfish-key"
WORD = "divorced"


def events(sink: Sink) -> list[dict[str, Any]]:
    """Return the events of all envelopes: an envelope is a header, then items of a header and a payload, in lines."""
    lines = [json.loads(line) for body in sink.bodies for line in body.splitlines()]
    return [line for line in lines if "level" in line]


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Sink:
    """What Sentry got of a service of which one request failed, and one killed its search process twice."""
    home = tmp_path_factory.mktemp("sentry")
    with receiving() as sink:
        dsn = f"http://public@127.0.0.1:{sink.port}/1"
        with serving(home, EVOKE_SENTRY_DSN=dsn, EVOKE_API_KEY=KEY, EVOKE_LOG_QUERIES="on") as front:
            for request_id, query in (("failing", f"fail+{WORD}"), ("killing", "die")):
                with contextlib.closing(front.connect()) as connection:
                    headers = {"X-API-Key": KEY, "X-Request-ID": request_id}
                    connection.request("GET", f"/v1/search?q={query}", headers=headers)
                    assert connection.getresponse().status in (500, 503)
            front.stop()
    return sink


def test_an_error_in_a_search_process_is_reported_with_its_place_request_and_release(sink: Sink) -> None:
    (event,) = [event for event in events(sink) if event["exception"]["values"]]
    (raised,) = event["exception"]["values"]
    assert raised["type"] == "ValueError"
    assert raised["stacktrace"]["frames"][-1]["function"] == "search"
    assert raised["stacktrace"]["frames"][0]["filename"] == "search_api/service/search_processes.py"
    assert raised["stacktrace"]["frames"][0]["in_app"]
    assert event["message"] == "GET /v1/search failed"
    assert event["tags"] == {"request_id": "failing"}
    assert event["release"] == f"evoke@{installed_version()}"


def test_a_search_process_that_dies_is_reported(sink: Sink) -> None:
    died = [event for event in events(sink) if not event["exception"]["values"]]
    assert ["signal SIGKILL" in event["message"] for event in died] == [True, True]
    assert died[0]["tags"] == {"request_id": "killing"}


def test_nothing_of_what_was_asked_and_by_whom_is_sent(sink: Sink) -> None:
    sent = sink.everything().decode()
    for private in (WORD, KEY, socket.gethostname(), str(Path.cwd()), '"vars"', '"transaction"'):
        assert private not in sent


def test_a_report_that_is_lost_is_a_line(tmp_path: Path) -> None:
    with serving(tmp_path, EVOKE_SENTRY_DSN=f"http://public@127.0.0.1:{closed_port()}/1") as front:
        front.get("/v1/search?q=break")
        lines = front.stop()
    assert sum("an error report did not reach Sentry" in line for line in lines) == 1


@pytest.mark.parametrize("dsn", ["divorced", "https://sentry.io/1", "ftp://public@sentry.io/1"])
def test_a_dsn_that_is_none_is_one_line_and_code_2(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_SENTRY_DSN", dsn)
    assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("evoke serve: EVOKE_SENTRY_DSN is not a DSN")
    assert message.count("\n") == 1
    assert dsn not in message


def test_a_library_that_is_missing_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_SENTRY_DSN", "https://public@sentry.io/1")
    monkeypatch.setitem(sys.modules, "sentry_sdk.utils", None)
    assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert "EVOKE_SENTRY_DSN needs sentry-sdk: pip install" in message
    assert message.count("\n") == 1
