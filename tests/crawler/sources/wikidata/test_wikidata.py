"""Wikidata: items of films and books in both shapes become records, other items a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded import RECORDED, needs_recorded, recorded_truth

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.errors import SelectionRefused
from crawler.records import SourceRecord
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.wikidata import WIKIDATA
from crawler.sources.wikidata.answers import parse_answer
from crawler.sources.wikidata.spider import WikidataSpider

UNIT = "http://www.wikidata.org/entity/Q7727"
FILM: dict[str, Any] = {
    "type": "item",
    "id": "Q4242",
    "labels": {"de": "Papierboote", "en": "Paper Boats"},
    "descriptions": {"en": "1999 film"},
    "statements": {
        "P31": [{"rank": "normal", "value": {"type": "value", "content": "Q11424"}}],
        "P345": [
            {"rank": "deprecated", "value": {"type": "value", "content": "tt0000001"}},
            {"rank": "normal", "value": {"type": "value", "content": "tt0000002"}},
            {"rank": "preferred", "value": {"type": "value", "content": "tt0000003"}},
        ],
        "P4947": [{"rank": "normal", "value": {"type": "somevalue"}}],
        "P577": [
            {
                "rank": "normal",
                "value": {"type": "value", "content": {"time": "+2000-02-01T00:00:00Z", "precision": 11}},
            },
            {
                "rank": "normal",
                "value": {"type": "value", "content": {"time": "+1999-00-00T00:00:00Z", "precision": 9}},
            },
            {
                "rank": "normal",
                "value": {"type": "value", "content": {"time": "+1990-00-00T00:00:00Z", "precision": 8}},
            },
        ],
        "P1476": [{"rank": "normal", "value": {"type": "value", "content": {"text": "Barcos", "language": "pt-br"}}}],
        "P2047": [{"rank": "normal", "value": {"type": "value", "content": {"amount": "+88", "unit": UNIT}}}],
        "P212": [{"rank": "normal", "value": {"type": "value", "content": "978-0-00-000000-2"}}],
        "P495": [{"rank": "normal", "value": {"type": "value", "content": item}} for item in ("Q45", "Q15180", "Q5")],
        "P1657": [{"rank": "normal", "value": {"type": "value", "content": "Q18665339"}}],
        "P57": [{"rank": "normal", "value": {"type": "value", "content": "Q77"}}],
    },
    "sitelinks": {},
}


def claim(value: Any, rank: str = "normal") -> dict[str, Any]:
    return {"mainsnak": {"snaktype": "value", "datavalue": {"value": value}}, "type": "statement", "rank": rank}


NOVEL: dict[str, Any] = {
    "type": "item",
    "id": "Q4343",
    "labels": {"en": {"language": "en", "value": "The Salt Atlas"}},
    "descriptions": [],
    "claims": {
        "P31": [claim({"entity-type": "item", "numeric-id": 8261, "id": "Q8261"})],
        "P577": [claim({"time": "-0044-00-00T00:00:00Z", "precision": 9})],
        "P648": [claim("OL7A"), claim("OL45W")],
        "P8383": [claim("812")],
        "P2969": [claim("9911")],
        "P675": [claim("aB_-9aB_-9aB")],
        "P212": [claim("978-0-00-000000-2")],
        "P957": [claim("0-00-000000-X")],
        "P1104": [claim({"amount": "+312", "unit": "1"}), claim({"amount": "+298", "unit": "1"})],
        "P50": [{"mainsnak": {"snaktype": "somevalue"}, "rank": "normal"}],
    },
}


def parse(content: Any, status: int = 200) -> list[ParseResult]:
    return list(parse_answer(Answer(json.dumps(content).encode(), status=status)))


def test_a_film_of_the_rest_api() -> None:
    assert parse(FILM) == [
        SourceRecord(
            source="wikidata",
            source_id="Q4242",
            kind="movie",
            title="Paper Boats",
            original_title="Barcos",
            year=1999,
            language="pt",
            countries=("PT", "SU"),
            certificates={"US": "PG-13"},
            runtime_minutes=88,
            ids={"imdb": "tt0000003", "wikidata": "Q4242"},
            url="https://www.wikidata.org/wiki/Q4242",
            licence=WIKIDATA.licence,
            attribution=WIKIDATA.attribution,
        )
    ]


def test_a_novel_and_a_missing_item_of_an_entity_page() -> None:
    assert parse({"entities": {"Q4343": NOVEL, "Q9": {"id": "Q9", "missing": ""}}}) == [
        SourceRecord(
            source="wikidata",
            source_id="Q4343",
            kind="book",
            title="The Salt Atlas",
            year=-44,
            ids={
                "open_library": "OL45W",
                "goodreads_work": "812",
                "goodreads": "9911",
                "google_books": "aB_-9aB_-9aB",
                "isbn13": "9780000000002",
                "isbn10": "000000000X",
                "wikidata": "Q4343",
            },
            url="https://www.wikidata.org/wiki/Q4343",
            licence=WIKIDATA.licence,
            attribution=WIKIDATA.attribution,
        ),
        NotAWork(Reason.NOT_FOUND, "Q9"),
    ]


def test_the_language_of_the_original_where_the_title_has_none() -> None:
    of_language = {"P1476": [], "P364": [{"value": {"content": "Q1321"}}]}
    (result,) = parse({**FILM, "statements": {**FILM["statements"], **of_language}})
    assert isinstance(result, SourceRecord)
    assert result.language == "es"


@pytest.mark.parametrize(
    ("labels", "title"),
    [
        ({"mul": "Barcos", "fr": "Bateaux"}, "Barcos"),
        ({"fr": "Bateaux"}, "Barcos"),  # its title, before a label in another language
        ({}, "Barcos"),
    ],
)
def test_a_title_without_an_english_label(labels: dict[str, str], title: str) -> None:
    (result,) = parse({**FILM, "labels": labels})
    assert isinstance(result, SourceRecord)
    assert result.title == title


def instance_of(*classes: str, **statements: Any) -> dict[str, Any]:
    return {**NOVEL, "claims": {"P31": [claim({"id": each}) for each in classes], **statements}}


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        (instance_of("Q5", P345=[claim("nm0000001")], P648=[claim("OL7A")]), Reason.OTHER),
        (instance_of("Q7889", P345=[claim("tt0000009")]), Reason.OTHER),
        (instance_of("Q5398426", P345=[claim("tt0000009")]), Reason.SERIES),
        (instance_of(), Reason.OTHER),
        ({**NOVEL, "id": "P31", "type": "property"}, Reason.OTHER),
        ({**NOVEL, "labels": []}, Reason.UNTITLED),
        ({"code": "resource-not-found", "message": "The requested resource does not exist"}, Reason.NOT_FOUND),
        ({"error": {"code": "no-such-entity", "info": "Could not find an entity"}}, Reason.NOT_FOUND),
        ({"error": {"code": "maxlag", "info": "Waiting"}}, Reason.ERROR),
        ({"head": {"vars": ["item"]}, "results": {"bindings": []}}, Reason.LIST),
        ({"batchcomplete": "", "query": {"search": []}}, Reason.LIST),
        ({"cookies": 3}, Reason.UNKNOWN),
        ([], Reason.UNKNOWN),
    ],
)
def test_what_is_not_a_work(entity: Any, reason: Reason) -> None:
    (result,) = parse(entity)
    assert isinstance(result, NotAWork)
    assert result.reason is reason


def test_a_film_of_an_unknown_class_is_known_by_its_tmdb_id() -> None:
    (result,) = parse(instance_of("Q1", P4947=[claim("71")]))
    assert isinstance(result, SourceRecord)
    assert (result.kind, result.ids) == ("movie", {"tmdb": "71", "wikidata": "Q4343"})


def test_a_cut_or_damaged_answer_is_never_an_exception() -> None:
    body = json.dumps({"entities": {"Q4343": NOVEL, "Q4242": FILM}}).encode()
    for cut in range(0, len(body), 7):
        assert [result.reason for result in parse_answer(Answer(body[:cut])) if isinstance(result, NotAWork)] == [
            Reason.BROKEN
        ]
    for place in range(0, len(body), 5):
        for result in parse_answer(Answer(body[:place] + b"7" + body[place + 1 :])):
            assert isinstance(result, (SourceRecord, NotAWork))


def test_selections() -> None:
    settings = CrawlSettings(contact="me@example.org")
    WikidataSpider.check(Selection(ids=("Q4242",)), settings)
    with pytest.raises(SelectionRefused, match="EVOKE_CONTACT"):
        WikidataSpider.check(Selection(ids=("Q4242",)), CrawlSettings(contact=None))
    with pytest.raises(SelectionRefused, match="'tt0083658' is not an item"):
        WikidataSpider.check(Selection(ids=("tt0083658",)), settings)
    with pytest.raises(SelectionRefused, match="use --ids"):
        WikidataSpider.check(Selection(query="boats"), settings)


def test_an_item_is_requested_at_an_address_that_robots_txt_allows() -> None:
    settings = CrawlSettings(contact="me@example.org", source_urls={"wikidata": "http://127.0.0.1:1/"})
    (request,) = WikidataSpider(Selection(ids=("Q4242",)), settings).first_requests()
    assert request.url == "http://127.0.0.1:1/wiki/Special:EntityData/Q4242.json"


@needs_recorded
def test_recorded_items() -> None:
    entries = recorded_truth("wikidata")
    assert entries
    for entry in entries:
        truth = entry["ground_truth"]
        (result,) = parse_answer(Answer((RECORDED / entry["file"]).read_bytes()))
        if truth["P31"] == ["Q11424"]:
            assert isinstance(result, SourceRecord)
            assert (result.source_id, result.title) == (truth["id"], truth["label_en"])
            assert result.year == min(int(date[:5]) for date in truth["P577_date"])
            assert (result.ids["imdb"], result.ids["tmdb"]) == (truth["P345_imdb"][0], truth["P4947_tmdb"][0])
        else:
            assert isinstance(result, NotAWork)
            assert result.reason is Reason.OTHER
            assert truth["label_en"] in result.detail
