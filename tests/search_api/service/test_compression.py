"""Answers are compressed for those who take it, and are the same for those who do not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from service_fakes import FakeSearch

from search_api.service.app import create_app
from search_api.service.compression import LEAST_BYTES
from search_api.settings import SearchSettings

LARGE = (
    "/",
    "/web/app.js",
    "/web/style.css",
    "/web/facts.js",
    "/openapi.json",
    "/v1/search?q=hope&limit=20",
)
WHOLE = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = SearchSettings(home=tmp_path_factory.mktemp("home"), api_key=None)
    with TestClient(create_app(settings, FakeSearch())) as client:
        yield client


def raw(client: TestClient, path: str, headers: dict[str, str], method: str = "GET") -> tuple[bytes, dict[str, str]]:
    """Return the body as it came over the wire, and the headers."""
    with client.stream(method, path, headers=headers) as response:
        return b"".join(response.iter_raw()), dict(response.headers)


@pytest.mark.parametrize("path", LARGE)
def test_text_is_compressed_and_says_how_long_it_is(client: TestClient, path: str) -> None:
    plain, plain_headers = raw(client, path, WHOLE)
    packed, headers = raw(client, path, GZIP)
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert int(headers["content-length"]) == len(packed) < len(plain)
    assert gzip.decompress(packed) == plain


@pytest.mark.parametrize("header", ["gzip;q=0", "gzip; q=0.000, br", "br", ""])
def test_who_does_not_take_gzip_gets_none(client: TestClient, header: str) -> None:
    body, headers = raw(client, "/web/app.js", {"Accept-Encoding": header})
    assert "content-encoding" not in headers
    assert body == (Path("search_api") / "web" / "app.js").read_bytes()


@pytest.mark.parametrize("path", ["/healthz", "/v1/suggest?q=inter", "/web/newsreader.woff2", "/web/icon.svg"])
def test_small_answers_and_fonts_are_sent_as_they_are(client: TestClient, path: str) -> None:
    body, headers = raw(client, path, GZIP)
    assert "content-encoding" not in headers
    assert int(headers["content-length"]) == len(body)
    assert path.endswith("woff2") or len(body) < LEAST_BYTES


@pytest.mark.parametrize("accepted", [GZIP, WHOLE], ids=["gzip", "plain"])
@pytest.mark.parametrize("path", ["/", "/web/app.js", "/web/facts.js", "/web/newsreader.woff2"])
def test_a_file_is_asked_for_again_and_not_sent_twice(client: TestClient, path: str, accepted: dict[str, str]) -> None:
    _, headers = raw(client, path, accepted)
    assert headers["cache-control"] == "no-cache"
    assert headers["etag"].startswith("W/") == ("content-encoding" in headers)
    again = client.get(path, headers={**accepted, "If-None-Match": headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    assert again.headers["etag"].removeprefix("W/") == headers["etag"].removeprefix("W/")
    assert again.headers["vary"] == "Accept-Encoding"
    assert client.get(path, headers={**accepted, "If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", [*LARGE[:5], "/web/newsreader.woff2"])
def test_head_has_the_headers_of_the_compressed_answer(client: TestClient, path: str) -> None:
    _, full = raw(client, path, GZIP)
    body, head = raw(client, path, GZIP, "HEAD")
    assert body == b""
    names = ("content-encoding", "content-length", "etag", "vary")
    assert [head.get(name) for name in names] == [full.get(name) for name in names]


def test_refusals_are_compressed_too_and_keep_their_type(client: TestClient) -> None:
    wrong = "&".join(f"wrong{n}=1" for n in range(20))
    response = client.get(f"/v1/search?q=x&{wrong}", headers=GZIP)
    assert (response.status_code, response.headers["content-encoding"]) == (422, "gzip")
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.json()["errors"]) == 20
