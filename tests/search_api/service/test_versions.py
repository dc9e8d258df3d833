"""What callers may rely on within /v1: the ids of operations, a valid document, and a notice of what will go."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Query
from fastapi.testclient import TestClient
from service_fakes import FakeSearch

from search_api.service.app import create_app
from search_api.service.deprecation import DEPRECATED, Deprecated, Deprecating, Deprecation, mark
from search_api.service.operations import name_operation
from search_api.settings import SearchSettings

OPERATIONS = {
    ("get", "/v1/search"): "searchByParameters",
    ("post", "/v1/search"): "searchByBody",
    ("post", "/v1/recommend"): "recommend",
    ("post", "/v1/match"): "matchList",
    ("get", "/v1/questionnaire"): "getQuestionnaire",
    ("get", "/v1/works/{work_id}/similar"): "findSimilarWorks",
    ("get", "/v1/works/{work_id}"): "getWork",
    ("get", "/v1/values"): "listValues",
    ("get", "/v1/facets"): "countFacets",
    ("get", "/v1/suggest"): "suggestTitles",
    ("get", "/v1/attributions"): "listAttributions",
    ("post", "/v1/feedback"): "sendFeedback",
    ("get", "/covers/{work_id}"): "getCover",
    ("get", "/healthz"): "checkHealth",
    ("get", "/readyz"): "checkReadiness",
}
"""The operations and their ids. A new one is added here; a change breaks every generated client."""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document of a service with a key."""
    app = create_app(SearchSettings(home=tmp_path_factory.mktemp("home"), api_key="key"), FakeSearch())  # type: ignore[arg-type]
    document: dict[str, Any] = TestClient(app).get("/openapi.json").json()
    return document


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): each for path, item in document["paths"].items() for method, each in item.items()}


def test_the_ids_of_operations_are_frozen(document: dict[str, Any]) -> None:
    assert {place: each["operationId"] for place, each in operations(document).items()} == OPERATIONS


def test_ids_are_one_verb_and_its_object_in_one_style(document: dict[str, Any]) -> None:
    ids = [each["operationId"] for each in operations(document).values()]
    assert [each for each in ids if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", each)] == []
    assert len(set(ids)) == len(ids)


def test_the_document_is_whole(document: dict[str, Any]) -> None:
    """What OpenAPI 3.1 demands and FastAPI cannot know: references that lead somewhere, and parameters of the path."""
    assert document["openapi"].startswith("3.1")
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))
    assert references
    for reference in references:
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
    for (_, path), operation in operations(document).items():
        declared = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))
        assert operation["summary"]
        assert any(status < "300" for status in operation["responses"])


SINCE, SUNSET = date(2027, 1, 1), date(2027, 9, 1)
OLD = Deprecation(SINCE, SUNSET, "GET /new")
OLDER = Deprecation(date(2026, 1, 1), date(2027, 10, 1), "page", link="https://example.org/why")
TABLE = Deprecated(routes={"getOld": OLD}, parameters={("getNew", "offset"): OLDER})


@pytest.fixture
def client() -> TestClient:
    """A service of which a route and a parameter are deprecated."""
    app = FastAPI(generate_unique_id_function=name_operation)

    def get_old(page: int = 1, offset: int = 0) -> str:
        return "old"

    def get_new(page: int = 1, offset: int = Query(0, description="where to begin")) -> str:
        return "new"

    app.add_api_route("/old", get_old)
    app.add_api_route("/new", get_new)
    app.add_middleware(Deprecating, deprecated=TABLE)
    mark(app.openapi(), TABLE)
    return TestClient(app)


def test_a_deprecated_route_says_since_when_and_until_when(client: TestClient) -> None:
    headers = client.get("/old").headers
    assert headers["deprecation"] == "@1798761600"  # RFC 9745: a date of structured fields
    assert datetime.fromtimestamp(1_798_761_600, UTC).date() == SINCE
    assert headers["sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"  # RFC 8594: an HTTP date
    assert parsedate_to_datetime(headers["sunset"]).date() == SUNSET
    assert headers["link"] == (
        '<https://github.com/evoke-search/evoke/blob/main/docs/api.md#versions>; rel="deprecation"'
    )


@pytest.mark.parametrize("query", ["offset=1", "page=2&offset=", "offset=1&offset=2"])
def test_a_deprecated_parameter_says_so_where_it_is_used(client: TestClient, query: str) -> None:
    headers = client.get(f"/new?{query}").headers
    assert headers["deprecation"] == "@1767225600"
    assert headers["link"] == '<https://example.org/why>; rel="deprecation"'


def test_a_refusal_says_so_too(client: TestClient) -> None:
    refused = client.get("/old?page=none")
    assert refused.status_code == 422
    assert "deprecation" in refused.headers


@pytest.mark.parametrize("path", ["/new", "/new?page=2", "/nothing", "/new/offset"])
def test_what_is_not_deprecated_has_no_such_header(client: TestClient, path: str) -> None:
    assert not {"deprecation", "sunset"} & set(client.get(path).headers)


def test_the_earliest_dates_and_each_page_count_once() -> None:
    both = Deprecated(routes={"a": OLD}, parameters={("a", "x"): OLDER, ("a", "y"): OLDER})
    assert both.of("a", ["x", "y", "x"]) == [OLD, OLDER]


def test_the_document_marks_what_is_deprecated(client: TestClient) -> None:
    found = client.get("/openapi.json").json()["paths"]
    assert found["/old"]["get"]["deprecated"] is True
    assert "Instead: GET /new." in found["/old"]["get"]["description"]
    page, offset = found["/new"]["get"]["parameters"]
    assert "deprecated" not in page
    assert "deprecated" not in found["/new"]["get"]
    assert offset["deprecated"] is True
    assert offset["description"] == (
        "where to begin. Deprecated since 2026-01-01; gone from 2027-10-01 on. Instead: page."
    )


def test_a_sunset_without_notice_is_refused() -> None:
    with pytest.raises(ValueError, match="less than 180 days"):
        Deprecation(date(2027, 1, 1), date(2027, 6, 1), "nothing")


def test_what_is_deprecated_exists(document: dict[str, Any]) -> None:
    named = {each["operationId"]: each for each in operations(document).values()}
    assert set(DEPRECATED.routes) <= set(named)
    for operation_id, parameter in DEPRECATED.parameters:
        assert parameter in {each["name"] for each in named[operation_id]["parameters"]}


def test_the_service_tells_what_is_deprecated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEPRECATED.routes, "listValues", OLD)  # type: ignore[arg-type]
    with TestClient(create_app(SearchSettings(home=tmp_path), FakeSearch())) as client:
        answer = client.get("/v1/values")
        assert (answer.status_code, answer.headers["deprecation"]) == (200, "@1798761600")
        assert "deprecation" not in client.get("/v1/search?q=hope").headers
        assert client.get("/openapi.json").json()["paths"]["/v1/values"]["get"]["deprecated"] is True
