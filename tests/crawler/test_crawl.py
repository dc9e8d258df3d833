"""Crawls as a person runs them, against a server of our own that fails in every way sources do."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from replay import Reply, json_reply, replaying

from crawler.catalogue import read_catalogue
from crawler.records import SourceRecord

Crawl = Callable[..., subprocess.CompletedProcess[str]]
N_FILMS = 40


def film(number: int) -> Reply:
    return json_reply(
        {
            "id": number,
            "title": f"Film {number}",
            "overview": f"What happens in film {number}, at some length. " * 20,
            "release_date": "1999-05-01",
            "vote_average": 7.5,
            "vote_count": number,
        }
    )


def answer_films(path: str, _: int) -> Reply:
    found = re.fullmatch(r"/movie/(\d+)", urlsplit(path).path)
    if not found:
        return json_reply({"success": False, "status_code": 34, "status_message": "Not found."}, 404)
    return film(int(found[1]))


def environment(address: str, home: Path, **settings: str) -> dict[str, str]:
    sources = ("tmdb", "goodreads", "open-library", "google-books", "wikipedia", "wikidata")
    urls = dict.fromkeys(sources, address)
    return {
        **os.environ,
        "EVOKE_HOME": str(home),
        "EVOKE_SOURCE_URLS": json.dumps(urls),
        "EVOKE_TMDB_API_KEY": "secret-key",
        "EVOKE_CONTACT": "reader@example.org",
        **settings,
    }


def command(output: Path, *arguments: str, source: str = "tmdb") -> list[str]:
    return [sys.executable, "-m", "evoke", "crawl", source, "-o", str(output), *arguments]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "works.jsonl"


@pytest.fixture
def crawl(home: Path, output: Path) -> Crawl:
    def run(address: str, *arguments: str, source: str = "tmdb", **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(output, *arguments, source=source),
            env=environment(address, home, **settings), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def records(output: Path) -> list[SourceRecord]:
    entries = list(read_catalogue(output))
    assert all(isinstance(each, tuple) for each in entries), "a line is not a record"
    return [each[1] for each in entries if isinstance(each, tuple)]


def titles(output: Path) -> list[str]:
    return sorted(record.title for record in records(output))


def test_ids_become_records_and_the_key_stays_secret(crawl: Crawl, output: Path) -> None:
    with replaying(answer_films) as server:
        done = crawl(server.address, "--ids", "3", "4", "--limit", "5")
        assert server.paths() >= {"/movie/3", "/movie/4"}
        assert all(headers["User-Agent"].startswith("Evoke/") for headers in server.headers)
        assert all("reader@example.org" in headers["User-Agent"] for headers in server.headers)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"2 records in {output}, 2 of them new; 0 answers without a work;" in done.stdout
    assert titles(output) == ["Film 3", "Film 4"]
    assert all(record.fetched_at for record in records(output))
    assert "secret-key" not in output.read_text() + done.stdout + done.stderr


def test_limit_is_kept_exactly(crawl: Crawl, output: Path) -> None:
    with replaying(answer_films) as server:
        done = crawl(server.address, "--ids", *map(str, range(1, 20)), "--limit", "3")
    assert done.returncode == 0
    assert len(records(output)) == 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_the_source_and_is_named(crawl: Crawl, output: Path, status: int) -> None:
    with replaying(lambda *_: json_reply({"status_code": 7, "status_message": "Invalid API key"}, status)) as server:
        done = crawl(server.address, "--ids", *map(str, range(1, 20)))
        assert sum(server.asked.values()) < 10
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "EVOKE_TMDB_API_KEY" in done.stderr
    assert str(status) in done.stderr


def test_a_missing_key_is_named_before_anything_is_asked(crawl: Crawl) -> None:
    with replaying(answer_films) as server:
        done = crawl(server.address, "--ids", "1", EVOKE_TMDB_API_KEY="")
        assert not server.asked
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "EVOKE_TMDB_API_KEY" in done.stderr


def test_a_passing_failure_is_retried(crawl: Crawl, output: Path) -> None:
    refusals = {
        "/movie/1": json_reply({}, 429, **{"Retry-After": "1"}),
        "/movie/2": json_reply({}, 503, **{"Retry-After": "1"}),
        "/movie/3": json_reply({}, 503),
        "/movie/4": json_reply({}, 500),
        "/movie/5": Reply(b'{"id": 5, "title": "Fil'),
        "/movie/6": Reply(b'{"id": 6, "title": "Film 6", "overview": "x"}', cut=True),
        "/movie/7": Reply(reset=True),
        "/movie/8": Reply(delay_seconds=4),
    }

    def answer(path: str, before: int) -> Reply:
        refusal = refusals.get(urlsplit(path).path)
        return refusal if refusal and before == 0 else answer_films(path, before)

    with replaying(answer) as server:
        done = crawl(server.address, "--ids", *map(str, range(1, 10)), EVOKE_TIMEOUT_SECONDS="2")
    assert done.returncode == 0
    assert titles(output) == [f"Film {number}" for number in range(1, 10)]
    assert "could not be fetched" not in done.stdout


def test_waiting_has_a_budget(crawl: Crawl, output: Path) -> None:
    def answer(path: str, before: int) -> Reply:
        return json_reply({}, 429, **{"Retry-After": "600"}) if "/movie/2" in path else answer_films(path, before)

    with replaying(answer) as server:
        done = crawl(server.address, "--ids", "1", "2", EVOKE_WAITING_BUDGET_SECONDS="5")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "429" in done.stderr
    assert "--resume" in done.stderr


def wiki_page(title: str) -> Reply:
    page = {
        "pageid": 100 + len(title), "ns": 0, "title": title, "extract": "It sails.",
        "categories": [{"ns": 14, "title": "Category:1999 films"}],
    }  # fmt: skip
    return json_reply({"batchcomplete": True, "query": {"pages": [page]}})


def test_wikipedia_is_asked_for_items_and_titles_and_waits_while_it_lags(crawl: Crawl, output: Path) -> None:
    """MediaWiki says in an answer of status 200 that it is busy; such an answer is neither counted nor kept."""
    lag = json_reply({"error": {"code": "maxlag"}}, **{"MediaWiki-API-Error": "maxlag", "Retry-After": "1"})
    titles_of = {"Q1": "Paper Boats", "Q2": "Salt"}

    def answer(path: str, before: int) -> Reply:
        asked = parse_qs(urlsplit(path).query)
        if "ids" in asked:
            items = {
                item: {"id": item, "sitelinks": {"enwiki": {"title": titles_of[item]}} if item in titles_of else {}}
                for item in asked["ids"][0].split("|")
            }
            return json_reply({"entities": items})
        if asked["titles"] == ["Nowhere"]:
            return json_reply({"query": {"pages": [{"title": "Nowhere", "missing": True}]}})
        return lag if before == 0 else wiki_page(asked["titles"][0])

    with replaying(answer) as server:
        done = crawl(server.address, "--ids", "Q1", "Q2", "Q3", "Nowhere", source="wikipedia")
        assert server.paths() == {"/w/api.php"}
        assert all("reader@example.org" in headers["User-Agent"] for headers in server.headers)
    assert done.returncode == 0
    assert "2 x not found" in done.stdout
    assert "an error answer" not in done.stdout
    assert titles(output) == ["Paper Boats", "Salt"]


def test_a_missing_work_is_counted(crawl: Crawl, output: Path) -> None:
    def answer(path: str, before: int) -> Reply:
        return answer_films("/none" if "/movie/2" in path else path, before)

    with replaying(answer) as server:
        done = crawl(server.address, "--ids", "1", "2", "3")
    assert done.returncode == 0
    assert "1 x not found" in done.stdout
    assert titles(output) == ["Film 1", "Film 3"]


def test_a_request_that_always_fails_is_counted_and_resumed(crawl: Crawl, output: Path) -> None:
    whole = False

    def answer(path: str, before: int) -> Reply:
        return Reply(reset=True) if "/movie/2" in path and not whole else answer_films(path, before)

    with replaying(answer) as server:
        done = crawl(server.address, "--ids", "1", "2", "3")
        assert done.returncode == 0
        assert "1 could not be fetched" in done.stdout
        assert titles(output) == ["Film 1", "Film 3"]
        whole = True
        asked = server.asked["/movie/1"]
        assert crawl(server.address, "--ids", "1", "2", "3", "--resume").returncode == 0
        assert server.asked["/movie/1"] == asked
    assert titles(output) == ["Film 1", "Film 2", "Film 3"]


def test_a_bot_challenge_ends_the_crawl(crawl: Crawl, output: Path) -> None:
    challenge = Reply(b"", 202, {"x-amzn-waf-action": "challenge", "Content-Type": "text/html"})
    with replaying(lambda path, _: Reply(b"", 404) if path == "/robots.txt" else challenge) as server:
        done = crawl(server.address, "--ids", *map(str, range(1, 9)), source="goodreads")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "challenge" in done.stderr
    assert records(output) == []


def test_an_existing_file_is_kept(crawl: Crawl, output: Path) -> None:
    output.write_text('{"source": "tmdb", "source_id": "9", "title": "Mine"}\n')
    with replaying(answer_films) as server:
        done = crawl(server.address, "--ids", "1")
        assert not server.asked
        assert done.returncode == 2
        assert "--resume" in done.stderr
        assert crawl(server.address, "--ids", "1", "9", "--resume").returncode == 0
    assert titles(output) == ["Film 1", "Mine"]


def test_killed_at_any_moment_nothing_is_lost_or_doubled(home: Path, output: Path) -> None:
    draw = random.Random(4)
    ids = [str(number) for number in range(1, N_FILMS + 1)]

    def answer(path: str, before: int) -> Reply:
        if before == 0 and draw.random() < 0.1:
            return Reply(reset=True)
        return Reply(answer_films(path, before).body, delay_seconds=0.05)

    with replaying(answer) as server:
        for kill in range(7):
            resume = ["--resume"] if kill else []
            process = subprocess.Popen(
                command(output, "--ids", *ids, *resume), env=environment(server.address, home),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            had = len(records(output)) if output.exists() else 0
            deadline = time.monotonic() + 60
            wanted = had + draw.randint(1, 6)
            while process.poll() is None and time.monotonic() < deadline:
                if output.exists() and output.read_bytes().count(b"\n") >= min(wanted, N_FILMS):
                    break
                time.sleep(draw.random() * 0.01)
            process.kill()
            process.wait()
            assert len(set(titles(output))) == len(records(output)) >= had
        done = subprocess.run(
            command(output, "--ids", *ids, "--resume"),
            env=environment(server.address, home), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert titles(output) == sorted(f"Film {number}" for number in ids)


def test_an_interrupted_crawl_continues_where_it_stopped(home: Path, output: Path) -> None:
    ids = [str(number) for number in range(1, N_FILMS + 1)]

    def answer(path: str, before: int) -> Reply:
        return Reply(answer_films(path, before).body, delay_seconds=0.1)

    with replaying(answer) as server:
        process = subprocess.Popen(
            command(output, "--ids", *ids), env=environment(server.address, home),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while process.poll() is None and not (output.exists() and output.read_bytes().count(b"\n") >= 5):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
        assert 5 <= len(records(output)) < N_FILMS
        done = subprocess.run(
            command(output, "--ids", *ids, "--resume"),
            env=environment(server.address, home), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert {n for path, n in server.asked.items() if path.startswith("/movie/")} == {1}
    assert titles(output) == sorted(f"Film {number}" for number in ids)
