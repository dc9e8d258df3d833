"""The header Host: which a service answers to."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from service_fakes import FakeSearch

from search_api.service.app import create_app
from search_api.settings import SearchSettings


def ask(tmp_path: Path, host: str, listening: str | None, key: str | None = None) -> int:
    settings = SearchSettings(home=tmp_path, api_key=SecretStr(key) if key else None)
    with TestClient(create_app(settings, FakeSearch(), host=listening)) as client:
        response = client.get("/healthz", headers={"Host": host})
    is_problem = response.headers["content-type"] == "application/problem+json"
    assert is_problem == (response.status_code != 200)
    return int(response.status_code)


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000", "films.local:80"]
)
def test_this_machine_is_answered_by_any_of_its_names(tmp_path: Path, host: str) -> None:
    assert ask(tmp_path, host, "films.local") == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.evil.example", "10.0.0.1"])
def test_another_name_for_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    assert ask(tmp_path, host, "127.0.0.1") == 421


def test_with_a_key_any_name_is_answered(tmp_path: Path) -> None:
    assert ask(tmp_path, "films.example.org", "0.0.0.0", key="k") == 200  # noqa: S104


@pytest.mark.parametrize("host", ["a b", "http://localhost", "localhost:80:80", "[::1", "user@localhost", "", "ä"])
def test_a_malformed_host_is_400(tmp_path: Path, host: str) -> None:
    settings = SearchSettings(home=tmp_path)
    with TestClient(create_app(settings, FakeSearch())) as client:
        response = client.get("/healthz", headers={b"Host": host.encode()})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
