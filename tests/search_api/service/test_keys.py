"""Several API keys: what each may do, and how often."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from service_fakes import FakeSearch
from starlette.exceptions import HTTPException

from search_api.service.app import create_app
from search_api.service.keys import KeyRing
from search_api.settings import SearchSettings

KEYS = {
    "page": {"key": "read-only"},
    "operator": {"key": "all", "scopes": ["read", "admin"]},
    "probe": {"key": "p", "scopes": ["admin"]},
}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A service with four keys."""
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key="old", api_keys=KEYS), FakeSearch())) as client:
        yield client


@pytest.mark.parametrize(
    ("key", "search", "metrics"),
    [("read-only", 200, 403), ("all", 200, 200), ("old", 200, 200), ("p", 403, 200), ("wrong", 401, 401)],
)
def test_a_key_does_what_its_scopes_say(client: TestClient, key: str, search: int, metrics: int) -> None:
    for path, expected in (("/v1/search?q=hope", search), ("/metrics", metrics)):
        response = client.get(path, headers={"X-API-Key": key})
        assert response.status_code == expected
        assert expected == 200 or response.headers["content-type"] == "application/problem+json"


def test_the_missing_scope_is_named(client: TestClient) -> None:
    assert "admin" in client.get("/metrics", headers={"X-API-Key": "read-only"}).json()["detail"]


def test_without_keys_everything_is_open(tmp_path: Path) -> None:
    with TestClient(create_app(SearchSettings(home=tmp_path), FakeSearch())) as client:
        assert [client.get(path).status_code for path in ("/v1/values", "/metrics")] == [200, 200]


def test_a_key_that_asks_too_often_is_429_and_other_keys_are_not(tmp_path: Path) -> None:
    settings = SearchSettings(home=tmp_path, api_keys=KEYS, key_requests_per_minute=2)
    with TestClient(create_app(settings, FakeSearch())) as client:
        statuses = [client.get("/v1/values", headers={"X-API-Key": "read-only"}).status_code for _ in range(2)]
        refused = client.get("/v1/values", headers={"X-API-Key": "read-only"})
        assert [*statuses, refused.status_code] == [200, 200, 429]
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        assert client.get("/v1/values", headers={"X-API-Key": "all"}).status_code == 200


def test_a_bucket_is_refilled_steadily() -> None:
    now = [0.0]
    keys = KeyRing(SearchSettings(api_key="k", key_requests_per_minute=6), clock=lambda: now[0])

    def is_free() -> bool:
        try:
            keys.check("k", "read")
        except HTTPException as refusal:
            return refusal.status_code != 429
        return True

    assert [is_free() for _ in range(7)] == [True] * 6 + [False]
    now[0] += 10
    assert [is_free() for _ in range(2)] == [True, False]
    now[0] += 3_600
    assert [is_free() for _ in range(7)] == [True] * 6 + [False]


@pytest.mark.parametrize("key", ["", "  ", "\n", "schlüssel", "a\x00b", "tab\tinside", "🔑"])
@pytest.mark.parametrize("several", [False, True])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key: str, several: bool) -> None:
    with pytest.raises(ValidationError) as refusal:
        SearchSettings(**({"api_keys": {"page": {"key": key}}} if several else {"api_key": key}))
    (problem,) = refusal.value.errors()
    assert "the key must" in problem["msg"]


def test_a_key_loses_the_spaces_and_line_ends_around_it() -> None:
    settings = SearchSettings(api_key=" correct horse\r\n")
    assert settings.api_key
    assert settings.api_key.get_secret_value() == "correct horse"
    KeyRing(settings).check("correct horse", "admin")
