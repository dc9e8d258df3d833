"""How each endpoint reads its parameters and body, and what it answers."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from service_fakes import FakeSearch

from indexer.facts import MOST_NAMES
from search_api.errors import RequestRefused
from search_api.field_names import nearest
from search_api.records import MOST_LIKES, Choice, Filters, IntegerRange, ScoreRange, SearchRequest
from search_api.service.app import create_app
from search_api.service.parameters import FilterParameters, parse_value, parse_weight
from search_api.settings import SearchSettings

SEARCH = FakeSearch()
CLIENT = TestClient(create_app(SearchSettings(api_key=None), SEARCH))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    SEARCH.requests.clear()
    yield
    SEARCH.failure = None


def test_get_and_post_ask_the_same() -> None:
    by_link = CLIENT.get(
        "/v1/search",
        params={
            "q": " find me something inspiring ",
            "limit": 3,
            "offset": 1,
            "interpret": "false",
            "without": ["values.E4", "filters.year"],
            "kind": "movie",
            "year_from": 1990,
            "year_to": 2015,
            "runtime_to": 160,
            "language": ["en", "fr"],
            "genre": ["Drama", "Comedy"],
            "all_genre": "Drama",
            "not_genre": "Horror",
            "creator": "Joe Johnston",
            "value": ["E5:0.6", "E2"],
            "weight": ["E5:0.8", "E4:-0.5", "E2:0"],
            "sort": "value:E2",
        },
    )
    by_body = CLIENT.post(
        "/v1/search",
        json={
            "query": "find me something inspiring",
            "limit": 3,
            "offset": 1,
            "interpret": False,
            "without": ["values.E4", "filters.year"],
            "filters": {
                "kind": "movie",
                "year": {"gte": 1990, "lte": 2015},
                "runtime_minutes": {"lte": 160},
                "language": {"any": ["en", "fr"]},
                "genres": {"any": ["Drama", "Comedy"], "all": ["Drama"], "none": ["Horror"]},
                "creators": {"any": ["Joe Johnston"]},
                "values": {"E5": {"gte": 0.6}, "E2": {}},
            },
            "weights": {"E5": 0.8, "E4": -0.5, "E2": 0},
            "sort": "value:E2",
        },
    )
    assert by_link.status_code == by_body.status_code == 200
    assert SEARCH.requests[0] == SEARCH.requests[1]
    assert SEARCH.requests[0].sort == "value:E2"
    assert by_link.json() == by_body.json()
    assert by_link.json()["intent"]["values"] == {"E5": 0.8, "E4": -0.5}


def test_an_answer_has_the_fields_of_the_contract() -> None:
    page = CLIENT.get("/v1/search", params={"q": "inspiring", "limit": 1}).json()
    assert set(page) == {"query", "intent", "total", "offset", "limit", "took_ms", "hits"}
    (hit,) = page["hits"]
    assert hit["title"] == "October Sky"
    assert hit["values"][0] == {
        "id": "E5",
        "name": "inspiration",
        "score": 0.94,
        "is_primary": True,
        "evidence": {"text": hit["description"][:60], "start": 0, "end": 60},
    }
    assert hit["legs"]["text"] == {"score": 0.4, "rank": 1}


def test_a_work_and_its_neighbours() -> None:
    assert CLIENT.get("/v1/works/movie:contact").json()["title"] == "Contact"
    parameters = {"kind": "book", "limit": 2, "offset": 1, "sort": "oldest"}
    page = CLIENT.get("/v1/works/movie:contact/similar", params=parameters).json()
    assert SEARCH.sorts[-1] == "oldest"
    assert (page["query"], page["offset"], page["limit"]) == ("", 1, 2)
    assert {hit["kind"] for hit in page["hits"]} == {"book"}
    assert page["intent"]["like"] == [{"id": "movie:contact", "title": "Contact"}]


@pytest.mark.parametrize("written", ["book:a/b", "book:a%2Fb", "book%3Aa%2Fb"])
def test_an_id_may_hold_a_slash(written: str) -> None:
    assert CLIENT.get(f"/v1/works/{written}").json()["title"] == "Either/Or"
    assert CLIENT.get(f"/v1/works/{written}/similar").json()["total"] > 0


@pytest.mark.parametrize("path", ["/v1/works/none", "/v1/works/none/similar", "/v1/works/", "/v1/works/a/b/c"])
def test_an_unknown_work_is_404(path: str) -> None:
    response = CLIENT.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == "urn:evoke:problem:work-not-found"


def test_values_facets_suggestions_and_attributions() -> None:
    assert CLIENT.get("/v1/values").json()[0]["name"] == "hope"
    counted = CLIENT.get("/v1/facets", params={"name": ["kind", "decade"], "kind": "movie", "limit": 2}).json()
    assert counted == {
        "total": 4,
        "facets": {
            "kind": [{"value": "movie", "count": 4}],
            "decade": [{"value": 1990, "count": 2}, {"value": 2000, "count": 1}],
        },
    }
    assert set(CLIENT.get("/v1/facets").json()["facets"]) == {
        "kind",
        "genres",
        "language",
        "countries",
        "decade",
        "creators",
        "values",
        "runtime_minutes",
        "page_count",
    }
    assert [found["title"] for found in CLIENT.get("/v1/suggest?q=inter").json()] == ["Interstellar"]
    assert CLIENT.get("/v1/suggest?q=").json() == []
    assert CLIENT.get("/v1/attributions").json() == {"attributions": ["This product uses a made-up catalogue."]}


def test_a_request_that_the_search_refuses_is_422_naming_the_field() -> None:
    response = CLIENT.get("/v1/facets?value=E99")
    assert response.status_code == 422
    assert response.json()["detail"] == "filters.values.E99: no value has this id"
    assert response.json()["errors"] == [
        {"field": "filters.values.E99", "message": "no value has this id"},
    ]


def test_an_unknown_facet_is_named() -> None:
    (error,) = CLIENT.get("/v1/facets?name=kind&name=colour").json()["errors"]
    assert error == {
        "field": "name",
        "message": (
            "must be 'kind', 'genres', 'language', 'countries', 'decade', 'creators', 'values', 'runtime_minutes' or "
            "'page_count'"
        ),
    }


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ("", "q", "is required"),
        ("q=", "q", "must not be empty"),
        ("q=%20%20", "q", "must not be empty"),
        ("q=" + "x" * 10_001, "q", "must have at most 10000 characters"),
        ("q=x&limit=0", "limit", "must be at least 1"),
        ("q=x&limit=101", "limit", "must be at most 100"),
        ("q=x&limit=ten", "limit", "must be a whole number"),
        ("q=x&offset=-1", "offset", "must be at least 0"),
        ("q=x&interpret=perhaps", "interpret", "must be true or false"),
        ("q=x&kind=film", "kind", "must be 'movie' or 'book'"),
        ("q=x&year_from=199x", "year_from", "must be a whole number"),
        ("q=x&year_from=99999999", "year_from", "must be at most 1000000"),
        ("q=x&year_to=-10001", "year_to", "must be at least -10000"),
        ("q=x&runtime_to=-1", "runtime_to", "must be at least 0"),
        (f"q=x&pages_to={10**12}", "pages_to", "must be at most 1000000"),
        (f"q=x&pages_to={'9' * 5000}", "pages_to", "must be a smaller whole number"),
        ("q=x&year_from=2000&year_to=1990", "year_from", "2000 is above year_to (1990)"),
        ("q=x&value=E5:2", "value", "'E5:2' is neither a value nor value:score; write E5, or E5:0.6"),
        ("q=x&weight=E5:2", "weight", "'E5:2' is not value:weight from -1 to 1; write E5:0.8, or E16:-0.5"),
        ("q=x&weight=E99:0.5", "weights.E99", "no value has this id"),
        (
            "q=x&without=filter.year",
            "without",
            (
                "'filter.year' is not a part of an intent; "
                "write values.ID, like.ID, unlike.ID, seen.ID, filters.FACT, audience or standing"
            ),
        ),
        *(
            (
                f"q=x&sort={sort}",
                "sort",
                f"'{sort}' is not an order; write best, newest, oldest, shortest or value:ID",
            )
            for sort in ("longest", "", "value:", "value:E5:0.5", "Newest")
        ),
        ("q=x&sort=newest&sort=oldest", "sort", "given 2 times, but it takes one value"),
        ("q=x&q=y", "q", "given 2 times, but it takes one value"),
        ("q=x&kind=movie&kind=book", "kind", "given 2 times, but it takes one value"),
        ("q=x&year_from=1990&year_from=2000&year_from=2010", "year_from", "given 3 times, but it takes one value"),
        ("q=x&genres=Drama", "genres", "is not a known parameter; did you mean 'genre'?"),
        ("q=x&yaer_from=1990", "yaer_from", "is not a known parameter; did you mean 'year_from'?"),
    ],
)
def test_a_wrong_parameter_is_named(parameters: str, field: str, message: str) -> None:
    response = CLIENT.get(f"/v1/search?{parameters}")
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": field, "message": message}]
    assert field in response.json()["detail"]
    assert message in response.json()["detail"]
    assert len(response.content) < 1_000


@pytest.mark.parametrize(
    ("part", "chip"),
    [
        ("values.E5", "values"),
        ("values.E4", "values"),
        ("like.movie:interstellar", "like"),
        ("filters.runtime_minutes", "filters"),
    ],
)
def test_a_part_of_what_was_understood_can_be_left_out(part: str, chip: str) -> None:
    query = {"q": "inspiring like Interstellar but not too sad, under two hours"}
    whole = CLIENT.get("/v1/search", params=query).json()["intent"]
    rest = CLIENT.get("/v1/search", params={**query, "without": part}).json()["intent"]
    assert rest[chip] != whole[chip]
    assert {name: read for name, read in rest.items() if name != chip} == {
        name: read for name, read in whole.items() if name != chip
    }


def test_every_v1_path_refuses_unknown_parameters_by_name() -> None:
    client = TestClient(create_app(SearchSettings(feedback=True), SEARCH))
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            body = {"query": "x"} if method == "post" else None
            address = path.replace("{work_id}", "movie:contact")
            response = client.request(method, address, params={"q": "x", "verbosely": "1"}, json=body)
            if path.startswith("/v1/"):
                assert response.status_code == 422, (method, path)
                assert "verbosely is not a known parameter" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/facets", "/v1/suggest?q=x", "/v1/works/movie:contact/similar"])
def test_the_most_similar_parameter_is_suggested(path: str) -> None:
    response = CLIENT.get(path, params={"limti": "3", **({"q": "x"} if "q=" in path else {})})
    assert response.json()["errors"] == [
        {"field": "limti", "message": "is not a known parameter; did you mean 'limit'?"}
    ]


def test_a_field_of_the_body_is_not_suggested_as_a_parameter() -> None:
    response = CLIENT.post("/v1/search?limit=3", json={"query": "x"})
    assert response.json()["errors"] == [{"field": "limit", "message": "is not a known parameter"}]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "query", "is required"),
        ({"query": 5}, "query", "must be text"),
        ({"query": " "}, "query", "must not be empty"),
        ({"query": "x" * 100_000}, "query", "must have at most 10000 characters"),
        ({"query": "x", "kind": "movie"}, "kind", "is not a known field; did you mean 'filters.kind'?"),
        ({"query": "x", "filters": {"genre": {}}}, "filters.genre", "is not a known field; did you mean 'genres'?"),
        ({"query": "x", "filters": {"year": {"gte": "199x"}}}, "filters.year.gte", "must be a whole number"),
        ({"query": "x", "filters": {"year": {"gte": 3, "lte": 2}}}, "filters.year", "gte (3) is above lte (2)"),
        ({"query": "x", "filters": {"values": {"E5": {"gte": 2}}}}, "filters.values.E5.gte", "must be at most 1.0"),
        ({"query": "x", "weights": {"E5": 1.5}}, "weights.E5", "must be at most 1.0"),
        ({"query": "x", "weights": {"E5": -2}}, "weights.E5", "must be at least -1.0"),
        ({"query": "x", "weights": {"E5": "much"}}, "weights.E5", "must be a number"),
        ({"query": "x", "weights": {"E99": 0.5}}, "weights.E99", "no value has this id"),
        ({"query": "x", "weights": {f"E{n}": 1 for n in range(51)}}, "weights", "must have at most 50 entries"),
        ({"query": "x", "weights": ["E5"]}, "weights", "must be an object"),
        ({"query": "x", "filters": {"genres": {"any": "Drama"}}}, "filters.genres.any", "must be a list"),
        ({"query": "x", "filters": []}, "filters", "must be an object"),
        ([], "body", "must be an object"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(body: object, field: str, message: str) -> None:
    response = CLIENT.post("/v1/search", json=body)
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": field, "message": message}]
    assert len(response.content) < 1_000


def test_all_wrong_fields_are_named_at_once_up_to_twenty() -> None:
    response = CLIENT.post("/v1/search", json={f"wrong{n}": n for n in range(30)})
    assert len(response.json()["errors"]) == 20
    assert response.json()["detail"].endswith("and 11 more")


@pytest.mark.parametrize("body", [b'{"query": "hope"', b"{'query': 'hope'}", b"\xff\xfe{", b"[" * 100_000, b"nope"])
def test_a_body_that_is_not_json_is_400(body: bytes) -> None:
    response = CLIENT.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in response.text


@pytest.mark.parametrize("query", ["🚀🌽 hope", "أمل وحب", "zero\x00byte", "a\u202eb", "'\"<script>"])
def test_any_text_is_accepted_as_a_query(query: str) -> None:
    assert CLIENT.get("/v1/search", params={"q": query}).json()["query"] == query
    assert CLIENT.post("/v1/search", json={"query": query}).json()["query"] == query


def test_half_of_a_surrogate_pair_is_refused() -> None:
    body = b'{"query": "\\ud800"}'
    response = CLIENT.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert response.json()["errors"] == [{"field": "query", "message": "must be valid Unicode"}]


def test_an_offset_past_the_end_is_an_empty_page() -> None:
    page = CLIENT.get("/v1/search?q=x&offset=999&limit=1").json()
    assert page["hits"] == []
    assert page["total"] > 0


@given(name=st.text(min_size=1).filter(lambda name: name not in SearchRequest.model_fields))
def test_an_unknown_field_is_always_refused_by_name(name: str) -> None:
    response = CLIENT.post("/v1/search", json={"query": "x", name: 1})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["field"] == (name if len(name) <= 80 else name[:80] + "…")
    assert error["message"].startswith("is not a known field")


@given(name=st.from_regex(r"[a-z_]{1,20}", fullmatch=True).filter(lambda n: n not in {"name", "limit"}))
def test_an_unknown_parameter_is_always_refused_by_name(name: str) -> None:
    response = CLIENT.get("/v1/facets", params={name: "1"})
    if name in FilterParameters.model_fields:
        return
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [name]


def test_only_the_given_facts_replace_those_of_the_words() -> None:
    assert FilterParameters().to_filters().model_fields_set == set()
    assert FilterParameters(kind="book", year_to=1999).to_filters().model_fields_set == {"kind", "year"}


def test_parameters_become_filters() -> None:
    assert FilterParameters().to_filters() == Filters()
    assert FilterParameters(year_to=1999, not_genre=["Horror"]).to_filters() == Filters(
        year=IntegerRange(lte=1999), genres=Choice(none=("Horror",))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E5", ("E5", ScoreRange())),
        ("E5:0.6", ("E5", ScoreRange(gte=0.6))),
        ("HR1:1", ("HR1", ScoreRange(gte=1.0))),
        ("E5:.5", ("E5", ScoreRange(gte=0.5))),
    ],
)
def test_a_value_with_its_least_score(text: str, expected: tuple[str, ScoreRange]) -> None:
    assert parse_value(text) == expected


@pytest.mark.parametrize("text", ["E5:", "E5:nan", "E5:-1", "E5:1.5", ":0.5", "E5:0.5:0.6"])
def test_a_malformed_value_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match="value: "):
        parse_value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("E5:0.8", 0.8), ("E5:-0.5", -0.5), ("E5:-.5", -0.5), ("E5:1", 1), ("E5:-1.0", -1), ("E5:0", 0)],
)
def test_a_weight_is_signed(text: str, expected: float) -> None:
    assert parse_weight(text) == ("E5", expected)


@pytest.mark.parametrize("text", ["E5", "E5:", "E5:nan", "E5:-1.5", "E5:+1", "E5:--1", ":0.5", "E5:0.5:0.6", "E5:1e-1"])
def test_a_malformed_weight_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match="weight: "):
        parse_weight(text)


@pytest.mark.parametrize("weight", ["NaN", "Infinity"])
def test_a_weight_that_is_not_a_finite_number_is_refused(weight: str) -> None:
    body = f'{{"query": "x", "weights": {{"E5": {weight}}}}}'
    response = CLIENT.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert [error["field"] for error in response.json()["errors"]] == ["weights.E5"]


@pytest.mark.parametrize(
    ("weights", "values"),
    [
        ([], {"E5": 1.0, "E4": -0.6}),
        (["E5:0.3"], {"E5": 0.3, "E4": -0.6}),
        (["E4:0"], {"E5": 1.0}),
        (["E2:0.5"], {"E5": 1.0, "E4": -0.6, "E2": 0.5}),
    ],
)
def test_weights_replace_what_was_read_value_by_value(weights: list[str], values: dict[str, float]) -> None:
    page = CLIENT.get("/v1/search", params={"q": "inspiring but not too sad", "weight": weights}).json()
    assert page["intent"]["values"] == values


def test_the_nearest_field_has_its_path_if_it_belongs_elsewhere() -> None:
    known = ["query", "filters", "filters.year", "filters.year.gte", "filters.values.gte"]
    assert nearest("filters.yaer", known) == "year"
    assert nearest("year", known) == "filters.year"
    assert nearest("filters.year.gt", known) == "gte"
    assert nearest("zzz", known) is None


# Recommendations


def test_a_profile_in_a_body_brings_the_usual_page() -> None:
    profile = {"likes": ["movie:contact"], "dislikes": ["movie:amelie"], "values": {"E5": 0.8}, "limit": 3}
    profile |= {"sort": "newest"}
    page = CLIENT.post("/v1/recommend", json={**profile, "filters": {"kind": "movie"}, "without": ["x:1"]}).json()
    assert [hit["kind"] for hit in page["hits"]] == ["movie"] * len(page["hits"])
    assert not {"movie:contact", "movie:amelie"} & {hit["id"] for hit in page["hits"]}
    assert page["intent"]["like"][0]["title"] == "Contact"
    asked = SEARCH.recommended[-1]
    assert (asked.likes, asked.dislikes, asked.without, asked.limit, asked.sort) == (
        ("movie:contact",),
        ("movie:amelie",),
        ("x:1",),
        3,
        "newest",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"likes": [f"x:{n}" for n in range(1_001)]}, "likes"),
        ({"likes": ["x:1"], "values": {"E5": 2}}, "values.E5"),
        ({"likes": ["x:1"], "lieks": ["x:1"]}, "lieks"),
        ({"likes": ["movie:contact"], "values": {"E99": 1}}, "values.E99"),
        ({"likes": "x:1"}, "likes"),
        ({"likes": ["movie:contact"], "limit": 100, "offset": 950}, "body"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused_with_its_field(body: dict[str, object], field: str) -> None:
    response = CLIENT.post("/v1/recommend", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


def test_ten_thousand_likes_are_refused_in_one_line() -> None:
    response = CLIENT.post("/v1/recommend", json={"likes": [f"x:{n}" for n in range(10_000)]})
    assert response.status_code == 422
    limit = "a body may have 4,000 in all its lists and objects"
    assert response.json()["detail"] == f"likes: has 10,000 entries; {limit}"


def test_a_profile_that_uses_every_list_in_full_is_answered() -> None:
    ids = {name: [f"{name}:{n}" for n in range(MOST_LIKES)] for name in ("likes", "dislikes", "without")}
    names = {part: [f"Name {n}" for n in range(MOST_NAMES)] for part in ("any", "all", "none")}
    filters = {"genres": names, "creators": names}
    response = CLIENT.post("/v1/recommend", json={**ids, "filters": filters})
    assert response.status_code == 200
    assert len(SEARCH.recommended[-1].without) == MOST_LIKES


def test_a_misspelt_field_of_a_profile_is_guessed() -> None:
    response = CLIENT.post("/v1/recommend", json={"lieks": ["movie:contact"]})
    assert response.json()["errors"][0]["message"].endswith("did you mean 'likes'?")


def test_profiles_are_not_taken_from_links() -> None:
    assert CLIENT.get("/v1/recommend", params={"likes": "movie:contact"}).status_code == 405


def test_works_to_be_like_can_be_given_in_a_link_several_times() -> None:
    parameters = {"q": "inspiring", "like": ["movie:contact", "movie:amelie"], "unlike": "book:cosmos"}
    assert CLIENT.get("/v1/search", params=parameters).status_code == 200
    assert SEARCH.requests[-1].like == ("movie:contact", "movie:amelie")
    assert SEARCH.requests[-1].unlike == ("book:cosmos",)


def test_the_questionnaire_has_values_and_works() -> None:
    shown = CLIENT.get("/v1/questionnaire").json()
    assert shown["values"][0]["name"] == "hope"
    assert shown["works"][0] == {"id": "movie:interstellar", "title": "Interstellar", "kind": "movie", "year": 2014}


# Lists


def test_a_list_is_matched_in_its_order() -> None:
    works = [{"title": "Contact", "year": 1997, "kind": "movie", "ids": {"imdb": "tt0118884"}}, {"title": "Unheard of"}]
    answered = CLIENT.post("/v1/match", json={"works": works})
    assert answered.json() == {"works": [{"id": "movie:contact", "title": "Contact", "kind": "movie"}, None]}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "works", "is required"),
        ({"works": [{"title": "x"}] * 201}, "works", "must have at most 200 entries"),
        ({"works": [{"title": " "}]}, "works.0.title", "must not be empty"),
        ({"works": [{"title": "x", "year": "soon"}]}, "works.0.year", "must be a whole number"),
        ({"works": [{"title": "x", "kind": "play"}]}, "works.0.kind", "must be 'movie' or 'book'"),
        ({"works": [{"title": "x", "ids": {"imbd": "tt1"}}]}, "works.0.ids.imbd", "is not a known field"),
    ],
)
def test_a_wrong_list_is_named_by_its_field(body: object, field: str, message: str) -> None:
    response = CLIENT.post("/v1/match", json=body)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert (error["field"], error["message"].partition(";")[0]) == (field, message)


def test_an_empty_list_has_an_empty_answer() -> None:
    assert CLIENT.post("/v1/match", json={"works": []}).json() == {"works": []}
