"""Feedback on answers: what is kept of it, and what is refused."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_fakes import FakeSearch

import evoke
from search_api.feedback import MAX_LINE_BYTES, Feedback, FeedbackLine
from search_api.kept_feedback import append_whole, delete_lines
from search_api.records import SearchRequest
from search_api.service.app import create_app
from search_api.service.feedback import FeedbackKeeper, RecentAnswers
from search_api.settings import ApiKey, SearchSettings

KEYS = {"page": ApiKey(key="correct horse")}  # type: ignore[arg-type]


@contextmanager
def serving(home: Path, **settings: Any) -> Iterator[TestClient]:
    settings = {"feedback": True, "api_key": None, **settings}
    with TestClient(create_app(SearchSettings(home=home, **settings), FakeSearch())) as client:
        yield client


def send(client: TestClient, request_id: str, work: str, kind: str = "opened", **more: Any) -> Any:
    return client.post("/v1/feedback", json={"request_id": request_id, "work": work, "kind": kind, **more})


def kept(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "feedback.jsonl").read_text(encoding="utf-8").splitlines()]


def test_feedback_is_kept_with_what_was_asked(home: Path) -> None:
    with serving(home) as client:
        found = client.get("/v1/search", params={"q": "Inspiring  films", "kind": "movie", "limit": 2})
        request_id, (first, second) = found.headers["X-Request-ID"], [hit["id"] for hit in found.json()["hits"]]
        assert send(client, request_id, first, position=1).status_code == 204
        assert send(client, request_id, second, "saved").content == b""
    opened, saved = kept(home)
    assert opened == {
        "day": datetime.now(UTC).date().isoformat(),
        "answer": saved["answer"],
        "request": {"query": "Inspiring  films", "filters": {"kind": "movie"}},
        "work": first,
        "kind": "opened",
        "position": 1,
    }
    assert saved["work"] == second
    assert (home / "feedback.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_leads_to_nobody(home: Path) -> None:
    with serving(home, api_keys=KEYS) as client:
        client.headers.update({"X-API-Key": "correct horse", "X-Request-ID": "mine-1"})
        found = client.get("/v1/search?q=hope")
        assert send(client, "mine-1", found.json()["hits"][0]["id"]).status_code == 204
        assert client.post("/v1/feedback", json={}, headers={"X-API-Key": "wrong"}).status_code == 401
    text = (home / "feedback.jsonl").read_text()
    assert not [secret for secret in ("mine-1", "page", "horse", "testclient") if secret in text]
    assert set(json.loads(text)) == {"day", "answer", "request", "work", "kind"}


def test_a_body_is_remembered_without_the_part_of_the_answer_and_the_works_that_a_person_excludes(home: Path) -> None:
    body = {"query": "hope", "filters": {"kind": None}, "weights": {"E5": 0.5}, "interpret": True, "offset": 1}
    body |= {"exclude": ["movie:seen-by-a-person"]}
    with serving(home) as client:
        found = client.post("/v1/search", json=body)
        assert send(client, found.headers["X-Request-ID"], found.json()["hits"][0]["id"]).status_code == 204
    (line,) = kept(home)
    assert line["request"] == {"query": "hope", "filters": {"kind": None}, "weights": {"E5": 0.5}}
    assert FeedbackLine.model_validate(line).request == SearchRequest.model_validate(line["request"])


def test_an_unknown_request_is_kept_without_what_was_asked_and_said_so(home: Path) -> None:
    with serving(home) as client:
        answer = send(client, "unknown", "movie:contact", "dismissed")
    assert answer.status_code == 202
    assert answer.json()["note"].startswith("No request with this id is remembered")
    (line,) = kept(home)
    assert line == {"day": line["day"], "work": "movie:contact", "kind": "dismissed"}


@pytest.mark.parametrize("path", ["/v1/works/movie:contact/similar", "/v1/recommend"])
def test_profiles_and_similar_works_are_not_remembered(home: Path, path: str) -> None:
    with serving(home) as client:
        similar = path.endswith("similar")
        found = client.get(path) if similar else client.post(path, json={"likes": ["movie:contact"]})
        assert send(client, found.headers["X-Request-ID"], found.json()["hits"][0]["id"]).status_code == 202


def test_a_work_that_was_not_shown_is_refused(home: Path) -> None:
    with serving(home) as client:
        found = client.get("/v1/search?q=hope&limit=1")
        refused = send(client, found.headers["X-Request-ID"], "movie:none")
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"field": "work", "message": "'movie:none' is not in the answer to this request"}
    ]
    assert not (home / "feedback.jsonl").exists()


def test_without_the_setting_nothing_is_kept_and_the_refusal_says_how_to_turn_it_on(home: Path) -> None:
    with serving(home, feedback=False) as client:
        request_id = client.get("/v1/search?q=hope").headers["X-Request-ID"]
        for refused in (send(client, request_id, "movie:contact"), client.post("/v1/feedback", json={})):
            assert refused.status_code == 404
            assert "EVOKE_FEEDBACK=on" in refused.json()["detail"]
    assert not home.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "clicked"}, "kind"), ({"position": 0}, "position"), ({"request_id": "a b"}, "request_id"),
        ({"work": ""}, "work"), ({"user": "me"}, "user"), ({"work": "x" * 2_002}, "work"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(home: Path, change: dict[str, Any], field: str) -> None:
    with serving(home) as client:
        body = {"request_id": "r", "work": "movie:contact", "kind": "opened", **change}
        refused = client.post("/v1/feedback", json=body)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_a_full_disk_is_503_in_one_line_and_the_next_feedback_is_whole(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(home) as client, caplog.at_level(logging.WARNING):
        send(client, "first", "movie:contact")
        before = (home / "feedback.jsonl").read_bytes()
        with no_more_than(len(before) + 20):
            refused = send(client, "second", "movie:contact")
        assert client.get("/v1/search?q=hope").status_code == 200
        assert send(client, "third", "movie:contact", "saved").status_code == 202
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "60"
    assert refused.json()["title"] == "Feedback not kept"
    assert refused.json()["detail"].startswith("the feedback could not be kept: ")
    (warned,) = [record.getMessage() for record in caplog.records if record.name == "search_api.service.feedback"]
    assert str(home / "feedback.jsonl") in warned
    assert (home / "feedback.jsonl").read_bytes().startswith(before)
    assert [line["kind"] for line in kept(home)] == ["opened", "saved"]


@contextmanager
def no_more_than(n_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: a write is cut there, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_line_that_a_crash_has_cut_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_bytes(b'{"whole": 1}\n{"cut": ')
    append_whole(path, b'{"next": 2}\n')
    append_whole(path, b'{"last": 3}\n')
    assert path.read_bytes() == b'{"whole": 1}\n{"cut": \n{"next": 2}\n{"last": 3}\n'


def append_many(path: Path, name: str) -> None:
    for _ in range(200):
        append_whole(path, (name * 3_000 + "\n").encode())


def test_several_services_append_whole_lines_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    context = multiprocessing.get_context("spawn")
    services = [context.Process(target=append_many, args=(path, name)) for name in "abc"]
    for service in services:
        service.start()
    for service in services:
        service.join()
    lines = path.read_text().splitlines()
    assert sorted(lines) == [name * 3_000 for name in "abc" for _ in range(200)]


ASKED = ("A „quiet” film", 'he said "adieu" to Amélie', "[TOMT] a.c", "abc")


@pytest.mark.parametrize(
    ("text", "day", "n_left"),
    [
        ("„QUIET”", None, 6),
        ('"adieu"', None, 6),
        ("ame\u0301lie", None, 6),  # an accent of its own
        ("a.c", None, 6),  # no pattern
        ("film", None, 6),
        ("cut", None, 7),
        ("abc", "2026-11-30", 7),
        ("not asked", None, 8),
        ("saved", None, 8),  # what was done is not what was asked
    ],
)
def test_a_persons_lines_are_deleted_and_nobody_elses(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, day: str, n_left: int
) -> None:
    home.mkdir(parents=True)
    path = home / "feedback.jsonl"
    lines = [
        {"day": day, "request": {"query": query}, "work": "x:1", "kind": "saved"}
        for query in ASKED
        for day in ("2026-11-30", "2026-12-01")
    ]
    whole = "".join(f"{json.dumps(line)}\n" for line in lines[:-1])
    path.write_text(whole + '{"day":"2026-12-01","request":{"query":"a cut')
    path.chmod(0o600)
    before = path.read_text().splitlines()
    monkeypatch.setenv("EVOKE_HOME", str(home))
    assert evoke.main(["feedback", "delete", "--containing", text, *(["--day", day] if day else [])]) == 0
    assert capsys.readouterr().out == f"{8 - n_left} line{'s' * (8 - n_left != 1)} deleted, {n_left} left\n"
    assert len(path.read_text().splitlines()) == n_left
    assert set(path.read_text().splitlines()) <= set(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in home.iterdir()] == ["feedback.jsonl"]


def _append_lines(path: Path) -> None:
    for number in range(50):
        append_whole(path, b'{"request": {"query": "mine %d"}}\n' % number)


def test_no_line_that_a_service_writes_meanwhile_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    append_whole(path, b'{"request": {"query": "theirs"}}\n')
    service = multiprocessing.get_context("spawn").Process(target=_append_lines, args=(path,))
    service.start()
    while service.is_alive():
        append_whole(path, b'{"request": {"query": "theirs"}}\n')
        delete_lines(path, "theirs")
        time.sleep(0.02)  # so that the service gets the lock too
    service.join()
    delete_lines(path, "theirs")
    assert [json.loads(line)["request"]["query"] for line in path.read_text().splitlines()] == [
        f"mine {number}" for number in range(50)
    ]


def test_the_oldest_answers_are_forgotten_by_number_and_by_size() -> None:
    recent = RecentAnswers(most=2, most_bytes=1_000)
    for name in "abc":
        recent.remember(name, SearchRequest(query=name), ("work",))
    assert [name for name in "abc" if recent.find(name)] == ["b", "c"]
    recent.remember("d", SearchRequest(query="x" * 900), ())
    recent.remember("e", SearchRequest(query="y" * 500), ())
    assert [name for name in "bcde" if recent.find(name)] == ["e"]


def test_an_answer_with_the_id_of_an_earlier_one_replaces_it() -> None:
    recent = RecentAnswers(most_bytes=1_000)
    for _ in range(100):
        recent.remember("same", SearchRequest(query="hope"), ("work",))
    recent.remember("other", SearchRequest(query="sea"), ("work",))
    assert recent.find("same")
    assert recent.find("other")


def test_the_longest_line_has_its_bound(tmp_path: Path) -> None:
    keeper = FeedbackKeeper(tmp_path, lambda: date(2026, 12, 1))
    work = "\x01" * 2_001
    for query in ("\U0001f30a" * 10_000, "\x01" * 10_000):
        keeper.answers.remember("long", SearchRequest(query=query), (work,))
        line, _ = keeper.to_line(Feedback(request_id="long", work=work, kind="opened", position=1_000_000))
        assert len(line) <= MAX_LINE_BYTES
        assert FeedbackLine.model_validate_json(line).work == work


def test_a_home_that_is_missing_is_created_for_its_owner(home: Path) -> None:
    old = os.umask(0)
    try:
        FeedbackKeeper(home).append(b"{}\n")
    finally:
        os.umask(old)
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "feedback.jsonl").stat().st_mode & 0o777 == 0o600
