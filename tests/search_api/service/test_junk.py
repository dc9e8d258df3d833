"""Junk in every parameter, path and field is refused with a problem or accepted; it is never a fault."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from httpx import InvalidURL
from service_fakes import FakeSearch

from search_api.service.app import create_app
from search_api.settings import SearchSettings

APP = create_app(SearchSettings(api_key=None), FakeSearch())
CLIENT = TestClient(APP, raise_server_exceptions=False)

# Numbers that are huge, tiny, not numbers or written in another way; text that no encoding has; parts of templates.
NUMBERS = ("9" * 30, "9" * 4_300, "9" * 5_000, "-" + "9" * 400, "1e5", "1e400", "1e-400", "NaN", "Infinity", "-inf")
WRITTEN = (
    "1.5",
    "0x10",
    "1_000",
    "+5",
    " 5 ",
    "٣",
    "²",
    "½",
    "-0",
    "--1",
    "",
    "null",
    "{x}",
    "{0}",
    "{",
    "E5:\u0660.\u0665",
)
VALUES = ("E5:1e400", "E5:0." + "1" * 4_000, "E5:", ":", "E5:-", "a" * 201, "x" * 9_000, "\u202e", "🚀")
ENCODED = ("%00", "5%00", "%ff", "%ed%a0%80", "%", "%zz", "%F0%9F%9A", "%7Bge%7D")
JUNK = (*map(quote, (*NUMBERS, *WRITTEN, *VALUES)), *ENCODED)

JSON_JUNK = (
    "1e400", "-1e400", "NaN", "-Infinity", "9" * 400, "9" * 5_000, "1.5", "-0.0", "null", "true", "[]", "{}", '""',
    '"\\ud800"', '"\\u0000"', '"{x}"', '{"\\ud800": 1}', '{"{x}": 1}', '{" ": 1}', '["\\ud800"]', "[1e400]",
    json.dumps("x" * 300), json.dumps(["x" * 300]), '{"gte": 1e400}', '{"gte": "\\ud800"}', '{"any": ["\\ud800"]}',
    '{"any": [""]}', '{"any": {}}', '{"E5": {"gte": 1e400}}', '{"E5": 1e400}', '{"\\ud800": {"gte": 0.5}}',
    '{"\\ud800": 0.5}', '{"gte": 5, "lte": 1}', '{"gte": true}', '{"%s": 0.5}' % ("x" * 300),
)  # fmt: skip
FILTERS = ("kind", "year", "runtime_minutes", "page_count", "language", "countries", "genres", "creators", "values")


def parameters() -> Iterator[tuple[str, str, str]]:
    for path, operations in APP.openapi()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    yield method, path, parameter["name"]


def check(method: str, address: str, content: str | None = None) -> None:
    headers = {"Content-Type": "application/json"} if content else None
    try:
        response = CLIENT.request(method, address, content=content, headers=headers)
    except InvalidURL:  # the client refuses to send it
        return
    assert response.status_code < 500, (method, address, content)
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json", (method, address, content)
        assert response.json()["status"] == response.status_code
        assert len(response.content) < 3_000, (method, address, content)


@pytest.mark.parametrize(("method", "path", "name"), list(parameters()))
def test_junk_in_a_parameter(method: str, path: str, name: str) -> None:
    needed = "q=x&" if path in {"/v1/search", "/v1/suggest"} and name != "q" else ""
    for junk in JUNK:
        check(method, f"{path.replace('{work_id}', 'movie:contact')}?{needed}{name}={junk}")


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: junk[:20])
def test_junk_in_a_path_and_in_the_name_of_a_parameter(junk: str) -> None:
    for path in (f"/{junk}", f"/v1/{junk}", f"/v1/works/{junk}", f"/v1/works/{junk}/similar", f"/web/{junk}"):
        check("GET", path)
    for path in ("/v1/search?q=x&", "/v1/facets?", "/v1/works/movie:contact?", "/v1/values?"):
        check("GET", f"{path}{junk}=1")


@pytest.mark.parametrize("field", ["query", "limit", "offset", "interpret", "without", "weights", "filters", "\\ud800"])
def test_junk_in_a_field(field: str) -> None:
    for junk in JSON_JUNK:
        query = "" if field == "query" else '"query": "x", '
        check("POST", "/v1/search", f'{{{query}"{field}": {junk}}}')


@pytest.mark.parametrize("fact", [*FILTERS, "\\ud800", "{x}"])
def test_junk_in_a_filter(fact: str) -> None:
    for junk in JSON_JUNK:
        check("POST", "/v1/search", f'{{"query": "x", "filters": {{"{fact}": {junk}}}}}')


@pytest.mark.parametrize("fact", ["language", "countries", "genres", "creators"])
@pytest.mark.parametrize("part", ["any", "all", "none"])
def test_a_list_of_names_has_at_most_fifty_in_a_body_as_in_a_link(fact: str, part: str) -> None:
    names = [f"n{number}" for number in range(51)]
    body = {"query": "x", "filters": {fact: {part: names}}}
    refused = CLIENT.post("/v1/search", json=body)
    assert refused.status_code == 422
    message = "must have at most 50 entries"
    assert refused.json()["errors"] == [{"field": f"filters.{fact}.{part}", "message": message}]
    assert refused.json()["detail"] == f"filters.{fact}.{part} {message}"
    body["filters"] = {fact: {part: names[:50]}}
    assert CLIENT.post("/v1/search", json=body).status_code == 200


def test_values_and_weights_have_at_most_fifty_entries_with_short_names() -> None:
    many = {f"E{number}": {"gte": 0.5} for number in range(51)}
    assert CLIENT.post("/v1/search", json={"query": "x", "filters": {"values": many}}).json()["errors"] == [
        {"field": "filters.values", "message": "must have at most 50 entries"}
    ]
    for body in ({"filters": {"values": {"x" * 201: {}}}}, {"weights": {"x" * 201: 0.5}}):
        response = CLIENT.post("/v1/search", json={"query": "x", **body})
        assert response.json()["errors"][0]["message"] == "must have at most 200 characters"


@pytest.mark.parametrize(
    ("body", "field", "n_entries"),
    [
        ({"query": "x", **{f"f{n}": n for n in range(4_000)}}, "body", 4_001),
        ({"query": "x", "filters": {"genres": {"any": [1] * 4_000}}}, "filters.genres.any", 4_000),
        ({"query": "x", "without": [[[n] for n in range(2_000)]]}, "without.0", 2_000),
        (list(range(4_001)), "body", 4_001),
        ({"x" * 100_000: list(range(4_001))}, "x" * 80, 4_001),
    ],
    ids=["fields", "names", "nested", "list", "long name"],
)
def test_a_body_with_thousands_of_entries_is_refused_before_each_is_looked_at(
    body: object, field: str, n_entries: int
) -> None:
    response = CLIENT.post("/v1/search", json=body)
    assert response.status_code == 422
    message = f"has {n_entries:,} entries; a body may have 4,000 in all its lists and objects"
    assert response.json()["errors"] == [{"field": field, "message": message}]


def test_a_link_with_thousands_of_parameters_is_refused_before_each_is_looked_at() -> None:
    response = CLIENT.get("/v1/facets?" + "&".join(["genre=a"] * 2_001))
    assert response.status_code == 422
    assert response.json()["detail"] == "The link has more than 2,000 parameters"


@pytest.mark.parametrize("work_id", ["a%00b", "%00", "x" * 2_001])
@pytest.mark.parametrize("end", ["", "/similar"])
def test_an_id_that_no_work_can_have_is_404(work_id: str, end: str) -> None:
    assert CLIENT.get(f"/v1/works/{work_id}{end}").status_code == 404


@pytest.mark.parametrize("end", ["", "/similar"])
def test_an_id_that_is_too_long_is_422_and_not_repeated(end: str) -> None:
    response = CLIENT.get(f"/v1/works/{'x' * 10_000}{end}")
    assert response.json()["errors"] == [{"field": "work_id", "message": "must have at most 2001 characters"}]


ALLOWED = {
    "/": "GET, HEAD",
    "/web/app.js": "GET, HEAD",
    "/web/facts.js": "GET, HEAD",
    "/healthz": "GET, HEAD",
    "/readyz": "GET, HEAD",
    "/openapi.json": "GET, HEAD",
    "/v1/search": "GET, HEAD, POST",
    "/v1/works/movie:contact": "GET, HEAD",
    "/v1/works/movie:contact/similar": "GET, HEAD",
    "/v1/values": "GET, HEAD",
    "/v1/facets": "GET, HEAD",
    "/v1/suggest": "GET, HEAD",
    "/v1/attributions": "GET, HEAD",
}


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_take_is_405_with_those_that_it_takes(path: str, method: str) -> None:
    if method in ALLOWED[path]:
        return
    response = CLIENT.request(method, path)
    assert (response.status_code, response.headers["content-type"]) == (405, "application/problem+json")
    assert response.headers["allow"] == ALLOWED[path]
