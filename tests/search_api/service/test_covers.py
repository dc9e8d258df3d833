"""Covers: fetched from the hosts of sources only, bounded in size and time, kept on disk, and never asked for twice."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from service_fakes import FakeSearch, make_work

from crawler.sources.table import SOURCES
from search_api.service import covers as covers_module
from search_api.service.app import create_app
from search_api.service.cover_folder import CoverFolder
from search_api.service.covers import COVER_HOSTS, MOST_BYTES, MOST_DOWNLOADS, Covers, image_type
from search_api.settings import SearchSettings

JPEG = b"\xff\xd8\xff\xe0" + b"jpeg" * 100
PNG = b"\x89PNG\r\n\x1a\n" + b"png" * 100
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"webp" * 100
HOST = "image.tmdb.org"
KEY = "correct horse battery staple"


class StandIn(ThreadingHTTPServer):
    """A server on this machine that stands in for all hosts of covers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.cookies: list[str | None] = []
        self.bodies: dict[str, bytes] = {"/jpeg": JPEG, "/png": PNG, "/webp": WEBP}
        self.moved: dict[str, str] = {}
        self.n_busy = self.most_busy = 0
        self.waiting: threading.Event | None = None
        self.counting = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        server = self.server
        with server.counting:
            server.asked.append(f"{self.headers['Host']}{self.path}")
            server.cookies.append(self.headers["Cookie"])
            server.n_busy += 1
            server.most_busy = max(server.most_busy, server.n_busy)
        if server.waiting:
            server.waiting.wait(10)
        with server.counting:
            server.n_busy -= 1
        if self.path in server.moved:
            self.send_response(302)
            self.send_header("Location", server.moved[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = server.bodies.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")  # the header is not believed
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("Set-Cookie", "who=you")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args: object) -> None:
        pass


class ToStandIn(httpx.AsyncHTTPTransport):
    """Leads every host to the stand-in; the header Host keeps the name."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        if server.waiting:
            server.waiting.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def make(stand_in: StandIn, tmp_path: Path) -> Callable[..., Covers]:
    def made(clock: Callable[[], float] = time.monotonic, most_bytes: int = 10**6) -> Covers:
        folder = CoverFolder(tmp_path / "covers", most_bytes)
        return Covers(folder, {HOST: 30, "books.google.com": 1}, ToStandIn(stand_in.server_port), clock)

    return made


def find(covers: Covers, *addresses: str) -> list[bytes | None]:
    """Return what is found at addresses that are asked for at the same time."""

    async def ask() -> list[bytes | None]:
        try:
            return await asyncio.gather(*(covers.find(address) for address in addresses))
        finally:
            await covers.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (WEBP, "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<html>", None),
        (b"GIF89a", None),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_type(body: bytes, expected: str | None) -> None:
    assert image_type(body) == expected


def test_the_hosts_are_those_that_sources_declare() -> None:
    assert COVER_HOSTS == {
        HOST: 30, "m.media-amazon.com": 30, "images.gr-assets.com": 30, "i.gr-assets.com": 30,
        "books.google.com": 1, "covers.openlibrary.org": 7,
    }  # fmt: skip
    assert all(bool(source.image_hosts) == bool(source.image_terms) for source in SOURCES.values())


def test_a_cover_is_fetched_once_and_kept(make: Callable[..., Covers], stand_in: StandIn) -> None:
    address = f"https://{HOST}/png"
    assert find(make(), address, address) == [PNG, PNG]
    assert find(make(), address) == [PNG]  # by another service, from the disk
    assert stand_in.asked == [f"{HOST}/png"]


@pytest.mark.parametrize(
    "address",
    [
        f"http://{HOST}/jpeg",
        f"https://{HOST}:8443/jpeg",
        f"https://user:word@{HOST}/jpeg",
        f"https://{HOST}@evil.example/jpeg",
        f"https://{HOST}.evil.example/jpeg",
        f"https://evil.example/{HOST}",
        "https://127.0.0.1/jpeg",
        "https://[::1]/jpeg",
        "https://2130706433/jpeg",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/jpeg",
        "file:///etc/passwd",
        "ftp://image.tmdb.org/jpeg",
        "https://",
        "jpeg",
        "https://image.tmdb.org\x00.example/",
    ],
)
def test_no_other_address_is_asked(make: Callable[..., Covers], stand_in: StandIn, address: str) -> None:
    assert find(make(), address) == [None]
    assert stand_in.asked == []


def test_redirects_lead_to_allowed_hosts_only(make: Callable[..., Covers], stand_in: StandIn) -> None:
    stand_in.moved = {
        "/here": "/jpeg",
        "/there": "https://books.google.com/png",
        "/away": "https://evil.example/jpeg",
        "/inside": "https://127.0.0.1/jpeg",
        "/plain": f"http://{HOST}/jpeg",
        "/round": "/round",
    }
    found = find(make(), *(f"https://{HOST}{path}" for path in stand_in.moved))
    assert found == [JPEG, PNG, None, None, None, None]
    assert {address.partition("/")[0] for address in stand_in.asked} == {HOST, "books.google.com"}
    assert stand_in.asked.count(f"{HOST}/round") == 4
    assert set(stand_in.cookies) == {None}


@pytest.mark.parametrize(
    "body", [JPEG + b"x" * MOST_BYTES, b"<script>", b"", None], ids=["huge", "html", "empty", "404"]
)
def test_what_is_no_cover_is_remembered_for_an_hour(
    make: Callable[..., Covers], stand_in: StandIn, body: bytes | None
) -> None:
    now = [0.0]
    stand_in.bodies = {} if body is None else {"/cover": body}
    covers = make(lambda: now[0])

    async def ask_for_an_hour() -> list[bytes | None]:
        found = []
        for seconds in (0, 3_599):
            now[0] = seconds
            found.append(await covers.find(f"https://{HOST}/cover"))
        assert len(stand_in.asked) == 1
        stand_in.bodies = {"/cover": WEBP}
        now[0] = 3_601
        found.append(await covers.find(f"https://{HOST}/cover"))
        await covers.close()
        return found

    assert asyncio.run(ask_for_an_hour()) == [None, None, WEBP]


def test_a_cover_of_the_full_size_is_shown(make: Callable[..., Covers], stand_in: StandIn) -> None:
    stand_in.bodies["/large"] = JPEG.ljust(MOST_BYTES, b"x")
    (found,) = find(make(most_bytes=2 * MOST_BYTES), f"https://{HOST}/large")
    assert found == stand_in.bodies["/large"]


def test_a_host_that_is_slow_or_gone_brings_no_cover(
    make: Callable[..., Covers], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covers_module, "SECONDS", 0.2)
    stand_in.waiting = threading.Event()
    assert find(make(), f"https://{HOST}/jpeg") == [None]
    stand_in.waiting.set()
    gone = Covers(CoverFolder(Path("nowhere")), {HOST: 1}, ToStandIn(1))
    assert find(gone, f"https://{HOST}/jpeg") == [None]


def test_only_four_are_fetched_at_a_time_and_who_waits_in_vain_may_ask_again(
    make: Callable[..., Covers], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covers_module, "WAIT_SECONDS", 0.2)
    stand_in.waiting = waiting = threading.Event()
    addresses = [f"https://{HOST}/{n}" for n in range(MOST_DOWNLOADS + 2)]
    stand_in.bodies = {f"/{n}": JPEG for n in range(MOST_DOWNLOADS + 2)}
    covers = make()

    async def ask() -> None:
        downloads = [asyncio.create_task(covers.find(address)) for address in addresses]
        assert await asyncio.gather(*downloads[MOST_DOWNLOADS:]) == [None, None]
        waiting.set()
        assert await asyncio.gather(*downloads[:MOST_DOWNLOADS]) == [JPEG] * MOST_DOWNLOADS
        assert await asyncio.gather(*map(covers.find, addresses)) == [JPEG] * len(addresses)
        await covers.close()

    asyncio.run(ask())
    assert stand_in.most_busy == MOST_DOWNLOADS


def test_those_used_longest_ago_make_room(tmp_path: Path) -> None:
    folder = CoverFolder(tmp_path / "covers", 3_000)
    for n, name in enumerate(("first", "second", "third")):
        folder.write(name, bytes(1_000))
        os.utime(tmp_path / "covers" / name, (n, time.time()))
    assert folder.read("first", 30)  # used again
    folder.write("fourth", bytes(1_000))
    assert {path.name for path in (tmp_path / "covers").iterdir()} == {"first", "third", "fourth"}


def test_the_room_that_an_earlier_service_took_counts(tmp_path: Path) -> None:
    CoverFolder(tmp_path, 10_000).write("old", bytes(9_000))
    os.utime(tmp_path / "old", (1, time.time()))
    CoverFolder(tmp_path, 10_000).write("new", bytes(2_000))
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_cover_is_kept_as_many_days_as_its_source_allows(tmp_path: Path) -> None:
    folder = CoverFolder(tmp_path)
    folder.write("cover", JPEG)
    os.utime(tmp_path / "cover", (time.time(), time.time() - 2 * 86_400))
    assert folder.read("cover", 3) == JPEG
    assert folder.read("cover", 2) is None
    assert folder.read("cover", 3) == JPEG  # its use has not made it younger


def test_a_folder_that_cannot_be_written_to_costs_no_cover(
    stand_in: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "covers").write_text("a file")
    covers = Covers(CoverFolder(tmp_path / "covers" / "inside"), {HOST: 1}, ToStandIn(stand_in.server_port))
    assert find(covers, f"https://{HOST}/jpeg") == [JPEG]
    assert "a cover cannot be kept" in caplog.text


# Over HTTP

WORKS = (
    make_work("book:a/b", "Either/Or", "", {}, image_url=f"https://{HOST}/jpeg"),
    make_work("book:bare", "Bare", "", {}),
    make_work("book:elsewhere", "Elsewhere", "", {}, image_url="https://elsewhere.example/jpeg"),
)


@pytest.fixture
def client(make: Callable[..., Covers], tmp_path: Path) -> Iterator[TestClient]:
    settings = SearchSettings(home=tmp_path / "home", api_key=None)
    with TestClient(create_app(settings, FakeSearch(WORKS), covers=make())) as client:
        yield client


def test_a_work_has_a_cover_that_a_browser_keeps_for_a_day(client: TestClient, stand_in: StandIn) -> None:
    for _ in range(2):
        answered = client.get("/covers/book:a%2Fb")
        assert (answered.status_code, answered.content) == (200, JPEG)
        assert answered.headers["content-type"] == "image/jpeg"
        assert answered.headers["cache-control"] == "public, max-age=86400"
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert "content-encoding" not in answered.headers
    assert len(stand_in.asked) == 1
    assert client.head("/covers/book:a/b").headers["content-length"] == str(len(JPEG))


@pytest.mark.parametrize("work_id", ["book:bare", "book:elsewhere", "book:none"])
def test_a_work_without_a_cover_is_404(client: TestClient, stand_in: StandIn, work_id: str) -> None:
    answered = client.get(f"/covers/{work_id}")
    assert (answered.status_code, answered.headers["content-type"]) == (404, "application/problem+json")
    assert stand_in.asked == []


def test_the_page_learns_that_there_are_covers(client: TestClient, tmp_path: Path) -> None:
    assert "export const COVERS = true;" in client.get("/web/facts.js").text
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key=None), FakeSearch())) as without:
        assert "export const COVERS = false;" in without.get("/web/facts.js").text
        refused = without.get("/covers/book:a/b")
        assert (refused.status_code, "EVOKE_COVERS" in refused.json()["detail"]) == (404, True)


def test_where_keys_are_needed_covers_need_one_and_the_page_shows_none(
    make: Callable[..., Covers], tmp_path: Path
) -> None:
    settings = SearchSettings(home=tmp_path / "home", api_key=KEY)
    with TestClient(create_app(settings, FakeSearch(WORKS), covers=make())) as client:
        assert client.get("/covers/book:a/b").status_code == 401
        answered = client.get("/covers/book:a/b", headers={"X-API-Key": KEY})
        assert (answered.status_code, answered.headers["cache-control"]) == (200, "private, max-age=86400")
        assert "export const COVERS = false;" in client.get("/web/facts.js").text


def test_the_setting_turns_covers_on(tmp_path: Path) -> None:
    settings = SearchSettings(home=tmp_path / "home", api_key=None, covers=True)
    with TestClient(create_app(settings, FakeSearch(WORKS))) as client:
        assert "export const COVERS = true;" in client.get("/web/facts.js").text
        assert client.get("/covers/book:bare").json()["detail"] == "No cover of this work can be had"
