"""The metrics of the service, as an operator's scrapes show them."""

import contextlib
import http.client
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from catalogues import SMALL
from fastapi.testclient import TestClient
from homes import build, copy_home, open_home
from prometheus_client.parser import text_string_to_metric_families
from service_fakes import WORKS, FakeSearch
from service_processes import serving
from test_protocol import Hasty, send
from test_protocol import serving as serving_here

import evoke
from search_api.errors import IndexMissing, TookTooLong
from search_api.service.app import create_app
from search_api.settings import SearchSettings

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Series:
    """Return the value of each series of a scrape, by name and labels."""
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(series: Series, name: str, **labels: str) -> float | None:
    return series.get((name, frozenset(labels.items())))


def scrape(client: TestClient) -> Series:
    return read(client.get("/metrics").text)


def scrape_port(port: int, *headers: tuple[str, str]) -> tuple[int, Series]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/metrics", headers=dict(headers))
        response = connection.getresponse()
        body = response.read().decode()
        return response.status, read(body) if response.status == 200 else {}


def wait_for(read_series: Callable[[], Series], is_so: Callable[[Series], bool]) -> Series:
    """Scrape until what the last check found is what was waited for."""
    while not is_so(series := read_series()):
        time.sleep(0.01)
    return series


@pytest.fixture
def search() -> FakeSearch:
    return FakeSearch()


@pytest.fixture
def client(search: FakeSearch, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(SearchSettings(home=tmp_path), search)) as client:
        yield client


def test_requests_are_counted_by_method_route_and_status(client: TestClient) -> None:
    for path in (
        "/v1/search?q=hope",
        "/v1/search?q=fear",
        "/v1/search?wrong=1",
        "/v1/works/movie:contact",
        "/web/app.js",
    ):
        client.get(path)
    client.head("/v1/search?q=hope")
    client.post("/v1/search", json={"query": "hope"})
    series = scrape(client)
    for method, route, status, n in (
        ("GET", "/v1/search", "200", 3),
        ("GET", "/v1/search", "422", 1),
        ("POST", "/v1/search", "200", 1),
        ("GET", "/v1/works/{work_id:path}", "200", 1),
        ("GET", "/web", "200", 1),
    ):
        assert value(series, "evoke_requests_total", method=method, route=route, status=status) == n
    assert value(series, "evoke_request_seconds_count", route="/v1/search") == 5
    assert value(series, "evoke_request_seconds_bucket", route="/v1/search", le="+Inf") == 5


def test_paths_that_nobody_answers_share_one_series(client: TestClient) -> None:
    for n in range(20):
        client.get(f"/wp-admin/{n}")
    series = scrape(client)
    assert value(series, "evoke_requests_total", method="GET", route="unmatched", status="404") == 20
    routes = {dict(labels)["route"] for name, labels in series if name == "evoke_requests_total"}
    assert routes == {"unmatched"}


def test_refusals_are_counted_by_reason(client: TestClient, search: FakeSearch) -> None:
    client.get("/v1/search?wrong=1")
    client.get("/v1/works/none")
    search.failure = TookTooLong("the answer was not ready after 10 s")
    client.get("/v1/search?q=hope")
    search.failure = RuntimeError("a fault")
    client.get("/v1/search?q=hope")
    series = scrape(client)
    for status, reason in (
        ("422", "request-refused"),
        ("404", "work-not-found"),
        ("503", "took-too-long"),
        ("500", "internal-server-error"),
    ):
        assert value(series, "evoke_refusals_total", layer="service", status=status, reason=reason) == 1


def test_what_came_of_answers_is_counted(client: TestClient) -> None:
    client.get("/v1/search?q=for the kids")
    client.get("/v1/search?q=nothing")
    client.get("/v1/works/movie:contact/similar")
    series = scrape(client)
    names = ("answers", "empty_answers", "corrected_words", "ignored_words", "unmet_wishes")
    assert [value(series, f"evoke_{name}_total") for name in names] == [3, 1, 1, 1, 1]


def test_what_is_kept_of_the_process_is_there_without_the_time_at_which_series_began(client: TestClient) -> None:
    series = scrape(client)
    assert (value(series, "process_resident_memory_bytes") or 0) > 10 * 2**20
    assert [name for name, _ in series if name.endswith("_created")] == []


def test_a_client_of_open_metrics_gets_it(client: TestClient) -> None:
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_files_that_do_not_fit_and_an_index_that_is_lost_show(client: TestClient, search: FakeSearch) -> None:
    series = wait_for(lambda: scrape(client), lambda found: value(found, "evoke_ready") == 1)
    assert value(series, "evoke_works") == len(WORKS)
    assert value(series, "evoke_misfits") == 0
    search.misfits = ("the reader is not used", "the tuning is not used")
    wait_for(lambda: scrape(client), lambda found: value(found, "evoke_misfits") == 2)
    search.failure = TookTooLong("the answer was not ready after 10 s")
    series = wait_for(lambda: scrape(client), lambda found: value(found, "evoke_ready") == 0)
    assert value(series, "evoke_works") == len(WORKS)  # nobody says that they are gone
    search.failure = IndexMissing("there is no index yet: run `evoke index`")
    wait_for(lambda: scrape(client), lambda found: value(found, "evoke_works") == 0)


def test_an_unforeseen_fault_of_the_check_is_logged_and_shows(
    client: TestClient, search: FakeSearch, caplog: pytest.LogCaptureFixture
) -> None:
    wait_for(lambda: scrape(client), lambda found: value(found, "evoke_ready") == 1)
    search.failure = RuntimeError("a fault")
    wait_for(lambda: scrape(client), lambda found: value(found, "evoke_ready") == 0)
    assert "the metrics of the index could not be read" in caplog.text


def test_the_generation_its_build_and_the_parts_of_answers_show(small_home: Path, home: Path, tmp_path: Path) -> None:
    copy_home(small_home, home)
    with open_home(home) as search, TestClient(create_app(SearchSettings(home=home), search)) as client:
        series = wait_for(lambda: scrape(client), lambda found: value(found, "evoke_ready") == 1)
        n_works = value(series, "evoke_works") or 0
        assert n_works > 1
        steps = {dict(labels)["step"] for name, labels in series if name == "evoke_build_step_seconds"}
        assert {"read", "merge", "upsert", "build vector index", "verify"} <= steps
        assert value(series, "evoke_generation_info", generation="works-1") == 1
        assert abs((value(series, "evoke_generation_built_timestamp_seconds") or 0) - time.time()) < 86_400

        for _ in range(2):  # the second answer is kept
            assert client.get("/v1/search?q=inspiring").status_code == 200
        series = scrape(client)
        for part in ("reading", "encoder", "legs", "ranking", "hits", "payloads"):
            assert value(series, "evoke_part_seconds_count", part=part) == 1
        for result in ("found", "missed"):
            assert value(series, "evoke_cache_lookups_total", cache="pages", result=result) == 1
        assert value(series, "evoke_candidates_total", leg="text") == n_works

        liked = client.get("/v1/search?q=inspiring").json()["hits"][0]["id"]
        assert client.post("/v1/recommend", json={"likes": [liked]}).status_code == 200
        for part in ("legs", "ranking", "hits"):
            assert value(scrape(client), "evoke_part_seconds_count", part=part) == 2

        build(home, SMALL[:1], prune=True)
        series = wait_for(lambda: scrape(client), lambda found: value(found, "evoke_works") == 1)
        assert value(series, "evoke_generation_info", generation="works-1") is None
        assert value(series, "evoke_generation_info", generation="works-2") == 1


KEYS = {
    "page": {"key": "read-only"},
    "prometheus": {"key": "scraper", "scopes": ["admin"]},
    "operator": {"key": "all", "scopes": ["read", "admin"]},
}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-API-Key": "wrong"}, 401),
        ({"X-API-Key": "read-only"}, 403),
        ({"X-API-Key": "scraper"}, 200),
        ({"Authorization": "Bearer scraper"}, 200),
        ({"Authorization": "bearer  scraper "}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic scraper"}, 401),
        ({"Authorization": "Bearer wrong", "X-API-Key": "scraper"}, 200),
    ],
)
def test_the_metrics_need_a_key_for_operators(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    with TestClient(create_app(SearchSettings(home=tmp_path, api_keys=KEYS), FakeSearch())) as client:
        response = client.get("/metrics", headers=headers)
    assert response.status_code == status
    assert status == 200 or response.headers["content-type"] == "application/problem+json"


def test_scrapes_leave_the_requests_of_their_key_alone(tmp_path: Path) -> None:
    settings = SearchSettings(home=tmp_path, api_keys=KEYS, key_requests_per_minute=1)
    with TestClient(create_app(settings, FakeSearch())) as client:
        key = {"X-API-Key": "all"}
        assert [client.get("/metrics", headers=key).status_code for _ in range(3)] == [200] * 3
        assert [client.get("/v1/values", headers=key).status_code for _ in range(2)] == [200, 429]
        series = read(client.get("/metrics", headers=key).text)
    assert value(series, "evoke_refusals_total", layer="service", status="429", reason="too-many-requests") == 1


def test_a_service_that_is_stuck_and_full_is_scraped_and_its_new_process_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVOKE_MAX_IN_PROGRESS", "2")
    with serving(tmp_path, deadline=60) as front, contextlib.ExitStack() as open_connections:
        assert front.get("/v1/search?q=hope")[0] == 200
        (process,) = front.search_processes()
        for query in ("stop", "hope"):
            connection = open_connections.enter_context(contextlib.closing(front.connect()))
            connection.request("GET", f"/v1/search?q={query}")
        front.wait_until_searched("stop")
        series = wait_for(
            lambda: scrape_port(front.port)[1], lambda found: value(found, "evoke_requests_in_progress") == 2
        )
        assert front.get("/v1/search?q=hope")[0] == 503
        status, series = scrape_port(front.port)
        assert status == 200
        assert value(series, "evoke_refusals_total", layer="service", status="503", reason="too-many-requests") == 1
        assert (value(series, "evoke_requests_waiting") or 0) >= 1
        assert value(series, "evoke_search_processes_alive") == value(series, "evoke_search_processes") == 1
        assert value(series, "evoke_search_process_restarts_total") == 0
        assert (value(series, "evoke_search_process_resident_memory_bytes", process="1") or 0) > 10 * 2**20
        assert (value(series, "evoke_search_process_cpu_seconds_total", process="1") or 0) > 0
        assert value(series, "evoke_part_seconds_count", part="waiting") == 1

        os.kill(process, signal.SIGKILL)
        wait_for(
            lambda: scrape_port(front.port)[1],
            lambda found: value(found, "evoke_search_process_restarts_total") == 1,
        )


def test_the_metrics_have_a_port_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        own = int(probe.getsockname()[1])
    monkeypatch.setenv("EVOKE_METRICS_PORT", str(own))
    monkeypatch.setenv("EVOKE_API_KEY", "k")
    with serving(tmp_path, deadline=60) as front:
        assert scrape_port(front.port, ("X-API-Key", "k"))[0] == 404
        status, series = scrape_port(own)
        assert status == 200
        assert value(series, "evoke_requests_total", method="GET", route="unmatched", status="404") == 1
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", own, timeout=60)) as connection:
            connection.request("GET", "/v1/search?q=hope")
            assert connection.getresponse().status == 404
        front.process.send_signal(signal.SIGTERM)
        assert front.process.wait(60) == 0


def test_a_port_for_metrics_that_is_taken_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("EVOKE_METRICS_PORT", str(taken.getsockname()[1]))
        assert evoke.main(["serve", "--port", "0"]) == 2
    message = capsys.readouterr().err
    assert "another process listens there" in message
    assert message.count("\n") == 1


def test_the_metrics_cannot_have_the_port_of_the_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    monkeypatch.setenv("EVOKE_METRICS_PORT", port)
    assert evoke.main(["serve", "--port", port]) == 2
    message = capsys.readouterr().err
    assert f"EVOKE_METRICS_PORT is {port}" in message
    assert message.count("\n") == 1


def test_what_is_refused_before_it_is_a_request_is_counted() -> None:
    with serving_here(Hasty) as port:
        send(port, b"GARBAGE\r\n\r\n")
        send(port, b"GET / HTTP/1.1\r\n")  # and no more: a slow head
        head = "POST /v1/search HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 9"
        assert b" 408 " in send(port, "\r\n".join((*head, "", "")).encode())  # and no body
        _, series = scrape_port(port)
    for status, reason in (("400", "bad-request"), ("408", "request-timeout")):
        assert value(series, "evoke_refusals_total", layer="connection", status=status, reason=reason) == 1
    assert value(series, "evoke_refusals_total", layer="service", status="408", reason="request-timeout") == 1
    assert value(series, "evoke_requests_total", method="POST", route="/v1/search", status="408") == 1
