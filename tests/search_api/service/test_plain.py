"""The page without JavaScript: a form, answers in words, and refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from service_fakes import DOOR, WORKS, FakeSearch

from search_api.errors import IndexMissing
from search_api.service.app import create_app
from search_api.service.plain import EXAMPLES
from search_api.settings import SearchSettings

KEY = "correct horse battery staple"


class Reader(HTMLParser):
    """What a text browser makes of a page: its text, links, form and heading."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: dict[str, str] = {}
        self.relations: dict[str, str] = {}
        self.fields: dict[str, str] = {}
        self.metas: dict[str, str] = {}
        self.tags: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._open.append((tag, facts))
        if tag == "input":
            self.fields[facts["name"]] = facts["value"]
        if tag == "meta" and "name" in facts:
            self.metas[facts["name"]] = facts["content"]
        if tag == "option" and "selected" in facts:
            self.fields[next(f["name"] for t, f in reversed(self._open) if t == "select")] = facts["value"]
        if tag == "a" and "rel" in facts:
            self.relations[facts["rel"]] = facts["href"]

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.text.append(text)
            tag, facts = self._open[-1]
            if tag == "a":
                self.links[text] = facts["href"]


@pytest.fixture
def search() -> FakeSearch:
    return FakeSearch([*WORKS, DOOR])


@pytest.fixture
def client(search: FakeSearch, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key=None), search)) as client:
        yield client


def read(client: TestClient, address: str, status: int = 200) -> Reader:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Reader(response.text)


@pytest.mark.parametrize("address", ["/plain", "/plain?q=", "/plain?q=%20&kind=&sort="])
def test_without_a_request_it_is_a_form_that_search_engines_may_list(client: TestClient, address: str) -> None:
    page = read(client, address)
    assert page.fields == {"q": "", "kind": "", "sort": "best"}
    assert "robots" not in page.metas
    assert page.metas["description"]
    for example in EXAMPLES:
        assert parse_qs(urlsplit(page.links[example]).query) == {"q": [example]}


def test_an_answer_has_what_was_understood_the_works_and_the_reasons(client: TestClient) -> None:
    page = read(client, "/plain?q=inspiring+but+not+too+sad,+under+two+hours,+no+comedy+or+horror&kind=movie")
    assert "Understood: inspiration; less sadness; films; up to 2 h; no Comedy; no Horror." in page.text
    assert "1 to 1 of 1 works" in page.text
    place = page.text.index("October Sky")
    assert page.text[place + 1 : place + 4] == [
        "Film · 1999 · Joe Johnston · 1 h 48 min · Drama, Biography",
        "gives inspiration, which you asked for",
        "“A miner's son sees Sputnik pass and begins to build rockets.”",
    ]
    assert page.metas["robots"] == "noindex"
    assert "This product uses a made-up catalogue." in page.text


def test_every_part_of_the_reading_is_said(client: TestClient) -> None:
    text = read(client, "/plain?q=for+the+kids&value=E5:0.6").text
    (understood,) = (line for line in text if line.startswith("Understood: "))
    for part in (
        "like October Sky (film, 1999)", "not Contact (film, 1997)", "from Sweden", "not from United States",
        "without Carl Sagan", "inspiration at least 0.6", "for children", "acclaimed",
    ):  # fmt: skip
        assert part in understood.removeprefix("Understood: ").removesuffix(".").split("; ")
    for note in (
        "Last come works that mention: “circus tents”.", "“oktober sky” was taken for “October Sky”.",
        "No countries of films are known here.", "Not understood: “clowns”.",
    ):  # fmt: skip
        assert note in text


def test_pages_follow_each_other_with_the_same_request(client: TestClient, search: FakeSearch) -> None:
    address, titles = "/plain?q=sets+out&kind=book&year_from=1900&sort=oldest&limit=7", []
    while True:
        page = read(client, address)
        titles += [text for text in page.text if text.startswith("Voyage ") or text in ("The Martian", "Cosmos")]
        if "next" not in page.relations:
            break
        address = f"/{page.relations['next']}"
    assert len(titles) == len(set(titles)) == 20
    assert {(request.query, request.sort, request.limit) for request in search.requests} == {("sets out", "oldest", 7)}
    assert [request.offset for request in search.requests] == [0, 7, 14]
    back = read(client, f"/{page.relations['prev']}")
    assert "8 to 14 of 20 works" in back.text


def test_the_form_keeps_the_filters_and_begins_at_the_first_page(client: TestClient) -> None:
    page = read(client, "/plain?q=hope&genre=Drama&genre=Comedy&kind=movie&offset=1&sort=value:E5")
    assert page.fields == {"q": "hope", "kind": "movie", "sort": "value:E5", "genre": "Comedy"}
    assert page.text.count("the most inspiration first") == 1


def test_markup_of_works_and_people_stays_text(client: TestClient) -> None:
    page = read(client, "/plain?q=<script>alert(1)</script>+%22haunting&limit=50")
    assert "<img src=x onerror=alert(1)>" in page.text
    assert not {"script", "img", "b"} & set(page.tags)
    assert page.fields["q"] == '<script>alert(1)</script> "haunting'
    assert any("<b>That</b> knock" in text for text in page.text)


@pytest.mark.parametrize(
    ("url", "is_link"), [("https://films.example/1", True), ("http://a.example", True), ("javascript:alert(1)", False)]
)
def test_a_title_links_to_a_web_address_only(tmp_path: Path, url: str, is_link: bool) -> None:
    search = FakeSearch([DOOR.model_copy(update={"url": url})])
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key=None), search)) as client:
        page = read(client, "/plain?q=door")
    assert (page.links.get("The Green Door") == url) == is_link
    assert "The Green Door" in page.text


@pytest.mark.parametrize(
    ("parameters", "line"),
    [
        ("kind=film", "kind must be 'movie' or 'book'"),
        ("lang=en", "lang is not a known parameter; did you mean 'language'?"),
        ("weight=E99:1", "weights.E99: no value has this id"),
        ("limit=5&limit=6", "limit: given 2 times, but it takes one value"),
    ],
)
def test_what_is_refused_is_said_on_a_page_with_the_form(client: TestClient, parameters: str, line: str) -> None:
    page = read(client, f"/plain?q=hope&{parameters}", 422)
    assert line in page.text
    assert page.metas["robots"] == "noindex"
    assert page.fields["q"] == "hope"
    assert set(page.fields) <= {"q", "kind", "sort"}


def test_without_an_index_it_says_what_to_do(client: TestClient, search: FakeSearch) -> None:
    search.failure = IndexMissing("no index was built yet")
    response = client.get("/plain?q=hope")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert any("evoke index" in text for text in Reader(response.text).text)


def test_no_work_and_no_more_works_are_said(client: TestClient) -> None:
    assert "No work is left to show." in read(client, "/plain?q=nothing").text
    assert "No work passes the filters." in read(client, "/plain?q=nothing&kind=book").text
    assert "There are no more works." in read(client, "/plain?q=hope&offset=900").text


def test_where_keys_are_needed_it_says_so_in_words(search: FakeSearch, tmp_path: Path) -> None:
    with TestClient(create_app(SearchSettings(home=tmp_path, api_key=KEY), search)) as client:
        for address in ("/plain", "/plain?q=hope"):
            page = read(client, address, 401)
            assert any("needs an API key, and a link cannot carry one" in text for text in page.text)
        assert not search.requests
        assert client.get("/plain?q=hope", headers={"X-API-Key": KEY}).status_code == 200


def test_it_needs_no_script_and_has_its_style(client: TestClient) -> None:
    response = client.get("/plain?q=hope")
    assert "script" not in Reader(response.text).tags
    assert "style=" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    style = client.get("/plain.css")
    assert style.headers["content-type"].startswith("text/css")
    assert client.get("/plain.css", headers={"If-None-Match": style.headers["etag"]}).status_code == 304
    assert client.head("/plain?q=hope").headers["content-type"] == "text/html; charset=utf-8"
