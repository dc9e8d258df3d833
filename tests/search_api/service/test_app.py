"""The service as its callers meet it: each answer, and each refusal, over HTTP."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from service_fakes import WORKS, FakeSearch

from search_api.errors import IndexIncompatible, IndexMissing
from search_api.service.app import create_app
from search_api.service.parameters import FilterParameters
from search_api.service.problems import PROBLEM_JSON
from search_api.service.security import MAX_BODY_BYTES
from search_api.settings import SearchSettings

KEY = "correct horse battery staple"


@pytest.fixture
def search() -> FakeSearch:
    return FakeSearch()


@pytest.fixture
def client(search: FakeSearch, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key=None), search)) as client:
        yield client


@pytest.fixture
def locked(search: FakeSearch, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key=KEY), search)) as client:
        yield client


def test_importing_the_service_loads_no_heavy_library() -> None:
    code = "import sys, search_api.service.app\n"
    code += "print([m for m in ('torch', 'spacy', 'scrapy', 'uvicorn') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_healthz_answers_with_or_without_an_index(client: TestClient, search: FakeSearch) -> None:
    search.failure = IndexMissing("no index was built yet")
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_counts_the_works(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"works": len(WORKS)}


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (IndexMissing("no index was built yet"), ("index-missing", "Build one with `evoke index`")),
        (
            IndexIncompatible("the index holds schema 1, this is 2"),
            ("index-incompatible", "Rebuild it with `evoke index`"),
        ),
    ],
)
@pytest.mark.parametrize("path", ["/readyz", "/v1/search?q=hope", "/v1/values", "/v1/works/x"])
def test_an_index_that_cannot_be_read_is_503_with_what_to_do(
    client: TestClient, search: FakeSearch, failure: Exception, expected: tuple[str, str], path: str
) -> None:
    search.failure = failure
    slug, remedy = expected
    response = client.get(path)
    assert response.status_code == 503
    assert response.headers["content-type"] == PROBLEM_JSON
    assert response.headers["retry-after"] == "5"
    assert response.json()["type"] == f"urn:evoke:problem:{slug}"
    assert remedy in response.json()["detail"]


def test_a_service_started_without_index_begins_to_serve_once_there_is_one(search: FakeSearch, tmp_path: Path) -> None:
    search.failure = IndexMissing("no index was built yet")
    with TestClient(create_app(SearchSettings(home=tmp_path), search)) as client:
        assert client.get("/readyz").status_code == 503
        search.failure = None
        assert client.get("/readyz").json() == {"works": len(WORKS)}


def test_the_search_is_closed_with_the_service(search: FakeSearch, tmp_path: Path) -> None:
    with TestClient(create_app(SearchSettings(home=tmp_path), search)):
        assert not search.closed
    assert search.closed


def test_an_unforeseen_error_is_500_without_traceback_and_logged_once(
    client: TestClient, search: FakeSearch, caplog: pytest.LogCaptureFixture
) -> None:
    search.failure = ZeroDivisionError("a secret of the machine")
    with caplog.at_level(logging.ERROR):
        response = client.get("/v1/values")
    assert response.status_code == 500
    assert response.headers["content-type"] == PROBLEM_JSON
    assert "secret" not in response.text
    (record,) = [each for each in caplog.records if each.name == "search_api.service.problems"]
    assert record.getMessage() == "GET /v1/values failed"
    assert response.json()["instance"] == f"urn:evoke:request:{response.headers['x-request-id']}"
    assert record.exc_info
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/v1/search?q=hope", "/v1/works/movie:contact", "/v1/works/movie:contact/similar", "/v1/values", "/v1/facets"],
)
def test_a_request_needs_the_key_if_one_is_set(locked: TestClient, path: str) -> None:
    missing = locked.get(path)
    assert missing.status_code == 401
    assert "X-API-Key" in missing.json()["detail"]
    assert missing.headers["www-authenticate"] == "ApiKey"
    assert locked.get(path, headers={"X-API-Key": "guess"}).status_code == 401
    assert locked.get(path, headers={b"X-API-Key": "gu\xe9ss".encode("latin-1")}).status_code == 401
    assert locked.get(path, headers={"X-API-Key": KEY}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"{not json", b"[]", b'{"query": ""}', b"x" * (MAX_BODY_BYTES + 1)],
    ids=["broken", "list", "empty", "huge"],
)
def test_a_body_without_a_key_is_not_read(locked: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert locked.post("/v1/search?bogus=1", content=body, headers=headers).status_code == 401
    answered = locked.post("/v1/search", content=body, headers={**headers, "X-API-Key": KEY})
    assert answered.status_code in {400, 413, 422}


def test_head_is_answered_where_get_is(client: TestClient) -> None:
    paths = ("/", "/web/app.js", "/healthz", "/readyz", "/openapi.json", "/v1/search?q=hope", "/v1/works/movie:contact")
    for path in paths:
        full, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (full.status_code, b""), path
        lengths = [response.headers["content-length"] for response in (full, head)]
        assert path.startswith("/v1/search") or lengths[0] == lengths[1], path
    assert client.head("/v1/works/none").status_code == 404


def test_the_page_gets_every_filter_parameter_from_the_table_of_facts(client: TestClient) -> None:
    response = client.get("/web/facts.js")
    assert response.headers["content-type"].startswith("text/javascript")
    facts = json.loads(re.findall(r"^export const FACTS = (.*);$", response.text, re.MULTILINE)[0])
    parameters = [link for fact in facts.values() for link in fact["links"].values()]
    assert parameters == list(FilterParameters.model_fields)


def test_page_and_health_need_no_key(locked: TestClient) -> None:
    for path in ("/", "/web/app.js", "/web/facts.js", "/healthz", "/readyz", "/openapi.json"):
        assert locked.get(path).status_code == 200, path


def test_paths_and_methods_that_do_not_exist_are_problems(client: TestClient) -> None:
    missing = client.get("/v1/nothing")
    assert (missing.status_code, missing.headers["content-type"]) == (404, PROBLEM_JSON)
    assert missing.json()["title"] == "Not Found"
    wrong = client.delete("/v1/search")
    assert (wrong.status_code, wrong.headers["content-type"]) == (405, PROBLEM_JSON)
    assert wrong.headers["allow"] != ""
    assert set(wrong.headers["allow"].split(", ")) <= {"GET", "HEAD", "POST"}


def test_a_body_over_the_limit_is_413(client: TestClient) -> None:
    body = b'{"query": "' + b"x" * MAX_BODY_BYTES + b'"}'
    response = client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (413, PROBLEM_JSON)


def test_a_chunked_body_over_the_limit_is_413(client: TestClient) -> None:
    chunks = (b" " * 1024 for _ in range(MAX_BODY_BYTES // 1024 + 1))
    response = client.post("/v1/search", content=chunks, headers={"content-type": "application/json"})
    assert "content-length" not in response.request.headers
    assert (response.status_code, response.headers["content-type"]) == (413, PROBLEM_JSON)


def test_a_body_that_is_not_declared_json_is_415(client: TestClient) -> None:
    response = client.post("/v1/search", content=b'{"query": "hope"}', headers={"content-type": "text/plain"})
    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/v1/values", "/v1/nothing", "/web/style.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_openapi_shows_examples_and_refusals(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    post = document["paths"]["/v1/search"]["post"]
    assert set(post["responses"]) == {"200", "400", "401", "403", "408", "413", "414", "415", "422", "429", "503"}
    assert list(post["responses"]["422"]["content"]) == [PROBLEM_JSON]
    assert post["requestBody"]["content"]["application/json"]["examples"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_openapi_asks_for_a_key_only_where_the_service_does(client: TestClient, locked: TestClient) -> None:
    with_key, without = (app.get("/openapi.json").json() for app in (locked, client))
    assert with_key["components"]["securitySchemes"]
    assert with_key["paths"]["/v1/search"]["get"]["security"]
    assert "securitySchemes" not in without["components"]
    assert "security" not in without["paths"]["/v1/search"]["get"]
