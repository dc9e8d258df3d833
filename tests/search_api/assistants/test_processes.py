"""`evoke mcp` as an assistant starts it: on standard input and output, and over HTTP, over a real index."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from catalogues import SMALL
from fastapi.testclient import TestClient
from homes import build
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_processes import command, environment, on_stdio, serving
from pydantic import SecretStr
from service_fakes import FakeSearch
from test_tools import text_of

import evoke
from search_api.assistants.http import create_http_app
from search_api.service.backend import ThreadBackend
from search_api.settings import SearchSettings

ROOT = Path(evoke.__file__).parent


def talk(server: Any, conversation: Callable[[Client], Awaitable[None]], mode: str = "auto") -> None:
    async def run() -> None:
        async with Client(server, mode=mode) as client:
            await conversation(client)

    asyncio.run(run())


async def check_answers(client: Client) -> None:
    """Ask each tool for something of the small catalogue."""
    names = [tool.name for tool in (await client.list_tools()).tools]
    assert names == ["search", "recommend", "similar", "work", "values"]
    found = await client.call_tool("search", {"query": "a film about a lighthouse", "limit": 3})
    assert "The Lighthouse Year (movie, 1994, Ada Marsh), id test:lighthouse" in text_of(found)
    assert found.structured_content["understood"][0]["meaning"] == "films"
    liked = await client.call_tool("recommend", {"likes": ["The Lighthouse Year"], "limit": 1})
    assert liked.structured_content["works"][0]["reasons"][0] == "Because you liked The Lighthouse Year"
    similar = await client.call_tool("similar", {"work": "Salt Road", "kind": "book"})
    assert similar.structured_content["total"] == 4
    shown = await client.call_tool("work", {"work": "test:far-signal"})
    assert "A radio astronomer hears an answer" in text_of(shown)
    assert "E2 hope (emotion)" in text_of(await client.call_tool("values", {"facet": "emotion"}))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_every_tool_answers_on_standard_input_and_output(small_home: Path, mode: str) -> None:
    talk(on_stdio(small_home), check_answers, mode)


def test_nothing_but_the_protocol_is_written_to_standard_output(small_home: Path) -> None:
    messages = [
        {"id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "hope"}}},
    ]  # fmt: skip
    process = subprocess.Popen(
        command("stdio"), env=environment(small_home), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    for message in messages:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(2)]
    rest, said = process.communicate(timeout=60)
    assert [answer["id"] for answer in answers] == [1, 2]
    assert "1. " in answers[1]["result"]["content"][0]["text"]
    assert rest == ""
    assert "a library says hello" in said
    assert process.returncode == 0


def test_without_an_index_the_tool_says_so_and_works_as_soon_as_there_is_one(home: Path) -> None:
    async def conversation(client: Client) -> None:
        refused = await client.call_tool("search", {"query": "hope"})
        assert refused.is_error
        assert text_of(refused) == "there is no index yet: run `evoke index`"
        build(home, SMALL)
        while (found := await client.call_tool("search", {"query": "hope"})).is_error:
            await asyncio.sleep(0.1)
        assert found.structured_content["total"] == 8

    talk(on_stdio(home), conversation)


def test_what_keeps_the_search_from_starting_is_said_by_the_tool(home: Path) -> None:
    async def conversation(client: Client) -> None:
        for _ in range(2):
            refused = await client.call_tool("search", {"query": "hope"})
            assert refused.is_error
            assert text_of(refused).endswith("tuning.json: is not a tuning file")

    talk(on_stdio(home, "refuses"), conversation)


@pytest.mark.parametrize("header", [{"X-API-Key": "secret"}, {"Authorization": "Bearer secret"}])
def test_every_tool_answers_over_http_with_the_key(small_home: Path, header: dict[str, str]) -> None:
    async def ask(address: str) -> None:
        async with (
            httpx2.AsyncClient(headers=header) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            await check_answers(client)

    with serving(small_home, EVOKE_API_KEY="secret") as address:
        assert address.endswith("/mcp")
        asyncio.run(ask(address))


def post(settings: SearchSettings, host: str = "127.0.0.1", **headers: str) -> httpx2.Response:
    """Return how a server that listens on 127.0.0.1 answers a request for its tools."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream", "Host": host, **headers}
    app = create_http_app(settings, ThreadBackend(FakeSearch()), "127.0.0.1")
    with TestClient(app) as client:
        return client.post("/mcp", json=body, headers=accept)  # type: ignore[return-value]


def test_a_probe_is_answered_without_a_key(tmp_path: Path) -> None:
    settings = SearchSettings(home=tmp_path, api_key="change-me")  # type: ignore[arg-type]
    with TestClient(create_http_app(settings, ThreadBackend(FakeSearch()), "127.0.0.1")) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.post("/healthz").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"X-API-Key": "wrong"}, 401), ({"Authorization": "Basic c2VjcmV0"}, 401),
                            ({"X-API-Key": "admin"}, 403), ({"X-API-Key": "secret"}, 200)],
)  # fmt: skip
def test_each_request_needs_a_key_that_may_read(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    keys = {"operator": {"key": "admin", "scopes": ["admin"]}}
    settings = SearchSettings(home=tmp_path, api_key=SecretStr("secret"), api_keys=keys)
    response = post(settings, "films.example.org", **headers)
    assert response.status_code == status
    assert status == 200 or response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("localhost:8001", {}, 200),
        ("127.0.0.1", {"Origin": "http://localhost:3000"}, 200),
        ("evil.example", {}, 421),
        ("127.0.0.1:8001", {"Origin": "http://evil.example"}, 403),
    ],
)
def test_without_a_key_only_this_machine_is_answered(
    tmp_path: Path, host: str, headers: dict[str, str], status: int
) -> None:
    assert post(SearchSettings(home=tmp_path), host, **headers).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/mcp", 405), ("DELETE", "/mcp", 405), ("POST", "/", 404)]
)
def test_only_the_tools_are_there(tmp_path: Path, method: str, path: str, status: int) -> None:
    with TestClient(create_http_app(SearchSettings(home=tmp_path), ThreadBackend(FakeSearch()), "127.0.0.1")) as client:
        response = client.request(method, path, headers={"Host": "127.0.0.1", "Accept": "text/event-stream"})
    assert response.status_code == status
    assert "/mcp" in response.json()["detail"]
    assert response.headers.get("allow") == ("POST" if status == 405 else None)


def test_a_body_has_the_limit_of_the_service(tmp_path: Path) -> None:
    with TestClient(create_http_app(SearchSettings(home=tmp_path), ThreadBackend(FakeSearch()), "127.0.0.1")) as client:
        headers = {"Accept": "application/json, text/event-stream", "Host": "127.0.0.1"}
        assert client.post("/mcp", json={"padding": "a" * 300_000}, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port", "9000"], "--port belongs to --http"),
        (["--host", "localhost"], "--host belongs to --http"),
        (["--http", "--host", "10.0.0.1"], "refusing to listen on 10.0.0.1 without an API key: set EVOKE_API_KEY"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evoke.main(["mcp", *arguments]) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_without_the_library_one_line_names_the_extra() -> None:
    done = run_python("import sys; sys.modules['mcp'] = None; import evoke; sys.exit(evoke.main(['mcp']))")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "evoke mcp: needs mcp: pip install 'evoke-search[mcp]'\n"


def test_nothing_of_it_is_loaded_by_the_service() -> None:
    done = run_python("import sys, search_api.service.app, search_api.search; print('mcp' in sys.modules)")
    assert done.stdout == "False\n", done.stderr
