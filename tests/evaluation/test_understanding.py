"""How requests are understood is scored check by check, shown, written down and guarded by the gate."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from catalogues import make_record
from chat_stand_in import chat_endpoint
from fakes import FakeEncoder
from homes import build

import evoke
from evaluation.benchmark import starter_benchmark
from evaluation.errors import RequestsInvalid
from evaluation.gate import Earlier, describe_falls, read_baseline
from evaluation.results import results_to_json, understanding_to_text
from evaluation.understanding import CheckedRequest, MeantRequest, Understanding, check_request, read_requests
from indexer.facts import Choice, Filters, IntegerRange
from indexer.values.taxonomy import load_taxonomy
from search_api.records import Hit, Intent, Page, WorkReference

TODAY = date(2026, 6, 1)
STARTER = Path(evoke.__file__).parent / "evaluation" / "starter" / "understanding.jsonl"


def meant(**fields: Any) -> MeantRequest:
    return MeantRequest.model_validate({"id": "r1", "class": "plain", "request": "a request", **fields})


def checked(request: MeantRequest, shown: Sequence[str] = ("starter:w1",), **intent: Any) -> CheckedRequest:
    hits = tuple(Hit(id=work_id, title=work_id, score=1.0, legs={}, ids={"imdb": "tt9"}) for work_id in shown)
    page = Page(query="", intent=Intent(text="", **intent), total=len(hits), offset=0, limit=20, took_ms=0, hits=hits)
    return check_request(request, page, TODAY)


def right(request: MeantRequest, **answer: Any) -> dict[str, bool]:
    return {check.field: check.is_right for check in checked(request, **answer).checks}


def refs(*works: str) -> tuple[WorkReference, ...]:
    return tuple(WorkReference(id=work, title=work) for work in works)


def test_only_the_fields_that_a_request_has_are_checked() -> None:
    assert right(meant()) == {}
    assert right(meant(kind=None, audience=None)) == {"kind": True, "audience": True}
    assert right(meant(kind=None), filters=Filters(kind="book")) == {"kind": False}
    assert right(meant(audience="teens"), audience="children") == {"audience": False}


@pytest.mark.parametrize(
    ("read", "expected"),
    [(["starter:alien"], True), (["starter:alien-book"], True), ([], False), (["starter:alien", "starter:up"], False)],
)
def test_all_liked_works_and_no_others_must_be_read(read: list[str], expected: bool) -> None:
    assert right(meant(like=[["alien", "alien-book"]]), like=refs(*read))["like"] is expected


def test_named_and_excluded_works_must_not_be_shown() -> None:
    request = meant(like=[["alien"]], not_shown=["up"])
    assert right(request, shown=["starter:w1"], like=refs("alien"))["not_shown"]
    assert not right(request, shown=["starter:w1", "starter:up"], like=refs("alien"))["not_shown"]
    assert not right(request, shown=["starter:alien"], like=refs("alien"))["not_shown"]
    assert not right(meant(not_shown=["tt9"]), shown=["starter:w1"])["not_shown"]  # another id of the same work
    assert not right(request, shown=[])["not_shown"]  # an empty answer is not a success


def test_a_wish_may_be_read_as_a_value_a_tag_or_a_genre() -> None:
    request = meant(want=[["E6", "T-sci-fi"]])
    assert right(request, values={"E6": 0.5})["want"]
    assert right(request, tags={"T-science-fiction": 1.0})["want"]
    assert right(request, filters=Filters(genres=Choice(any=("Science Fiction",))))["want"]
    assert not right(request, values={"E6": -0.5})["want"]


def test_a_dislike_must_weigh_against_and_a_wanted_dislike_is_an_inversion() -> None:
    request = meant(avoid=[["E6", "T-horror"]], never=["E16"])
    assert right(request, values={"E6": -0.5}) == {"avoid": True, "never": True}
    assert right(request, filters=Filters(genres=Choice(none=("Horror",)))) == {"avoid": True, "never": True}
    assert right(request) == {"avoid": False, "never": True}
    mixed = checked(request, values={"E6": 1.0, "E16": 0.5}, tags={"T-horror": -1.0})
    assert [check.is_right for check in mixed.checks] == [False, False]
    assert list(mixed.inverted) == ["E6", "E16"]


def test_what_a_person_does_not_mind_must_not_weigh_against() -> None:
    request = meant(not_negative=["T-violence", "T-horror"])
    assert right(request, tags={"T-violence": 1.0})["not_negative"]
    assert not right(request, tags={"T-violence": -0.5})["not_negative"]
    assert not right(request, filters=Filters(genres=Choice(none=("Horror",))))["not_negative"]


@pytest.mark.parametrize(
    ("facts", "filters", "expected"),
    [
        ({"year": {"gte": 2016}}, {"year": IntegerRange(gte=2016)}, True),
        ({"year": {"gte": 2016}}, {"year": IntegerRange(gte=2016, lte=2026)}, True),
        ({"year": {"gte": 2016}}, {"year": IntegerRange(gte=2016, lte=2020)}, False),
        ({"page_count": {"lte": 200}}, {"page_count": IntegerRange(lte=199)}, False),
        ({"countries": {"any": ["SE"]}}, {"countries": Choice(any=("se",))}, True),
        ({"countries": {"any": ["SE"]}}, {"countries": Choice(any=("SE", "NO"))}, False),
        ({"language": {"none": ["en"]}}, {}, False),
        ({"creators": {"any": ["Wong Kar-wai"]}}, {"creators": Choice(any=("wong kar wai",))}, True),
        ({"genres": {"none": ["Music"]}}, {"genres": Choice(none=("Musical", "War"))}, True),
    ],
)
def test_facts_must_be_read_exactly(facts: dict[str, Any], filters: dict[str, Any], expected: bool) -> None:
    assert list(right(meant(facts=facts), filters=Filters(**filters)).values()) == [expected]


def test_a_false_fact_and_an_empty_answer_are_misses() -> None:
    request = meant(no_facts=["year"], nonempty=True)
    assert right(request, filters=Filters(year=IntegerRange(gte=1900))) == {"no_facts": False, "nonempty": True}
    assert right(request, shown=()) == {"no_facts": True, "nonempty": False}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"requests\.jsonl:2: is not JSON"),
        ('{"id": "a", "class": "plain"}', r"requests\.jsonl:2: request: Field required"),
        ('{"id": "a", "class": "plain", "request": "x", "wnat": []}', r"requests\.jsonl:2: wnat: "),
        (
            '{"id": "a", "class": "plain", "request": "x", "facts": {"year": {"gte": "soon"}}}',
            r":2: facts\.year\.gte: ",
        ),
        ('{"id": "a", "class": "plain", "request": "x", "want": ["E5"]}', r":2: want\.0: "),
        ('{"id": "first", "class": "plain", "request": "x"}', r":2: id: 'first' is taken"),
    ],
)
def test_a_bad_line_is_named_with_its_field(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text('{"id": "first", "class": "plain", "request": "x"}\n' + line + "\n")
    with pytest.raises(RequestsInvalid, match=message):
        read_requests(path)


def measured(*requests: CheckedRequest) -> Understanding:
    return Understanding("requests.jsonl", 8, requests)


def both() -> tuple[CheckedRequest, CheckedRequest]:
    good = checked(meant(kind="book", want=[["E5"]]), filters=Filters(kind="book"), values={"E5": 1.0})
    bad = checked(meant(id="r2", never=["E6"], kind="book"), values={"E6": 1.0})
    return good, bad


def test_the_table_counts_checks_by_field_and_class() -> None:
    text = understanding_to_text(measured(*both()))
    assert "kind       1   2  0.500" in text
    assert "plain      2   4  0.500" in text
    assert "inverted: r2, read as wanting E6" in text
    assert text.endswith("understood 0.500 of 4 checks; 1 requests wholly right; 1 inverted")


def test_the_gate_reports_a_smaller_share_and_a_new_inversion(tmp_path: Path) -> None:
    good, bad = both()
    path = tmp_path / "before.json"
    path.write_bytes(results_to_json([], measured(good)))
    earlier = read_baseline(path)
    assert describe_falls(earlier, [], measured(good)) == []
    assert describe_falls(earlier, [], measured(good, bad)) == [
        "fell: requests.jsonl, share of checks right from 1.0000 to 0.5000; worse: r2",
        "rose: requests.jsonl, inverted requests from 0 to 1; new: r2",
    ]
    assert describe_falls(Earlier(), []) == []


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEncoder:
    """The encoder that the verb uses; it loads no model. The index that serves has two works."""
    fake = FakeEncoder()
    monkeypatch.setattr("evaluation.understanding_run.open_encoder", lambda _: fake)
    monkeypatch.setenv("EVOKE_HOME", str(tmp_path / "home"))
    works = [
        make_record("w1", title="Salt Road", kind="movie"),
        make_record("w2", title="The Glass Orchard", kind="book"),
    ]
    build(tmp_path / "home", works, fake)
    return fake


@pytest.mark.usefixtures("encoder")
def test_the_verb_asks_the_index_that_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, result = tmp_path / "mine.jsonl", tmp_path / "result.json"
    request = {"id": "r1", "class": "plain", "request": "a film like Salt Road", "kind": "movie", "nonempty": True}
    path.write_text(json.dumps(request) + "\n")
    assert evoke.main(["evaluate", "--understanding", str(path), "--json", str(result)]) == 0
    assert "mine.jsonl: 1 requests, 2 works" in capsys.readouterr().out
    assert orjson.loads(result.read_bytes())["fields"]["kind"] == {"right": 1, "total": 1}
    again = ["evaluate", "--understanding", str(path), "--baseline", str(result)]
    assert evoke.main(again) == 0
    path.write_text(json.dumps({**request, "kind": "book"}) + "\n")
    assert evoke.main(again) == 1
    assert "fell: mine.jsonl" in capsys.readouterr().out


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize(
    ("extra", "request_", "message"),
    [
        ([], {"want": [["E99"]]}, "request 'r1': no value has the id 'E99'"),
        (["--systems", "bm25"], {}, "--systems measures benchmarks"),
        ([], {"like": "Alien"}, "mine.jsonl:1: like: "),
        (["--reader", "localhost:1"], {}, "--reader: should begin with http:// or https://"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    extra: list[str], request_: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"id": "r1", "class": "plain", "request": "x", **request_}) + "\n")
    assert evoke.main(["evaluate", "--understanding", str(path), *extra]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.usefixtures("encoder")
def test_a_language_model_is_measured_as_a_reader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, result = tmp_path / "mine.jsonl", tmp_path / "result.json"
    texts = ("a film for a cold evening", "Salt Road", "a novel for the train")
    lines = [{"id": text, "class": "plain", "request": text, "want": [["E8"]]} for text in texts]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    with chat_endpoint() as endpoint:
        endpoint.content = {"wishes": [{"name": "comfort", "degree": "much", "sure": True}]}
        command = ["evaluate", "--understanding", str(path), "--reader", endpoint.url, "--json", str(result)]
        assert evoke.main(command) == 0
        printed = capsys.readouterr().out
        assert "2 requests read by the language model" in printed
        assert "understood 0.667 of 3 checks; 2 requests wholly right; 0 inverted" in printed
        assert orjson.loads(result.read_bytes())["n_by_model"] == 2
        assert [asked["messages"][1]["content"] for asked in endpoint.asked] == [texts[0], texts[2]]
        endpoint.status = 500
        assert evoke.main(command) == 0
        failure = "read by rules, since the language model answered with the HTTP status 500"
        assert f"2 {failure}" in capsys.readouterr().out
        assert orjson.loads(result.read_bytes())["failures"] == {failure: 2}


def test_a_reader_is_for_understanding_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["evaluate", "--reader", "http://127.0.0.1:1/v1"]) == 2
    assert capsys.readouterr().err == "evoke evaluate: --reader belongs to --understanding: give both\n"


@pytest.mark.usefixtures("encoder")
def test_the_time_to_read_a_request_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, result = tmp_path / "mine.jsonl", tmp_path / "result.json"
    path.write_text(json.dumps({"id": "r1", "class": "plain", "request": "hope"}) + "\n")
    assert evoke.main(["evaluate", "--understanding", str(path), "--json", str(result)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"read in \d+\.\d ms \(p50\), \d+\.\d ms \(p95\)", printed)
    assert "language model" not in printed
    assert orjson.loads(result.read_bytes())["reading_ms"]["p50"] > 0


def test_the_requests_that_ship_are_about_works_and_values_that_there_are() -> None:
    requests = read_requests(STARTER)
    assert len(requests) >= 120
    works = {work_id.rpartition(":")[2] for work_id in starter_benchmark().work_ids}
    named = {i for request in requests for ids in (*(request.like or ()), *(request.unlike or ())) for i in ids}
    assert named | {i for request in requests for i in request.not_shown} <= works
    assert {i for request in requests for i in request.dimensions} <= set(load_taxonomy().dimensions)
    assert all(request.nonempty for request in requests)
