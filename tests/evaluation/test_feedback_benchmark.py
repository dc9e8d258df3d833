"""`evoke evaluate --feedback`: from the lines that the service keeps to figures, and what is said of other lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEncoder
from fastapi.testclient import TestClient
from homes import copy_home, open_home
from judged import write_benchmark

import evoke
from evaluation.errors import FeedbackInvalid
from evaluation.feedback import read_feedback
from evaluation.systems import SYSTEMS
from search_api.service.app import create_app
from search_api.settings import SearchSettings

Line = Mapping[str, Any]


@pytest.fixture
def indexed(small_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home, with the small catalogue."""
    monkeypatch.setattr("evaluation.runner.open_encoder", lambda _: FakeEncoder())
    return copy_home(small_home, home)


def line(work: str, kind: str = "opened", query: str | None = "storms", answer: str = "a", **asked: Any) -> Line:
    request = {"request": {"query": query, **asked}, "answer": answer} if query else {}
    return {"day": "2026-12-01", "work": f"test:{work}", "kind": kind, **request}


def write(path: Path, lines: Iterable[Line | str]) -> Path:
    text = "".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines)
    path.write_text(text, encoding="utf-8")
    return path


def evaluate(*arguments: object, code: int = 0) -> None:
    assert evoke.main(["evaluate", *map(str, arguments)]) == code


def grades(indexed: Path, path: Path, lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    """Return the grades of works by the text of the query."""
    benchmark, _ = read_feedback([write(path, lines)], SearchSettings(home=indexed), least=1)
    return {
        benchmark.queries[query_id]: {work.removeprefix("test:"): grade for work, grade in own.items()}
        for query_id, own in benchmark.qrels.items()
    }


def test_what_people_did_becomes_grades(indexed: Path, tmp_path: Path) -> None:
    lines = [
        line("lighthouse"),
        line("salt-road", "saved"),
        line("night-ferry", "liked"),
        line("far-signal", "dismissed"),
    ]
    assert grades(indexed, tmp_path / "f", lines) == {
        "storms": {"lighthouse": 1, "salt-road": 2, "night-ferry": 2, "far-signal": 0}
    }


def test_people_outvote_each_other_and_a_person_may_change_their_mind(indexed: Path, tmp_path: Path) -> None:
    lines = [
        *(
            line("lighthouse", kind, answer=name)
            for name, kind in zip("abc", ("saved", "dismissed", "liked"), strict=True)
        ),
        *(line("salt-road", kind, answer=name) for name, kind in zip("ab", ("saved", "dismissed"), strict=True)),
        *(line("far-signal", kind, answer="a") for kind in ("saved", "opened", "dismissed")),
        *(line("night-ferry", "opened", answer=name) for name in "abc"),
    ]
    assert grades(indexed, tmp_path / "f", lines) == {
        "storms": {"lighthouse": 2, "salt-road": 1, "far-signal": 0, "night-ferry": 1}
    }


def test_the_same_words_with_the_same_filters_are_one_query(indexed: Path, tmp_path: Path) -> None:
    lines = [
        line("lighthouse", query="Storms  at sea"), line("salt-road", query="storms at SEA"),
        line("night-ferry", query="storms at sea", filters={"kind": "movie"}),
    ]  # fmt: skip
    benchmark, _ = read_feedback([write(tmp_path / "f", lines)], SearchSettings(home=indexed), least=1)
    assert list(benchmark.queries.values()) == ["Storms  at sea", "storms at sea"]
    assert [sorted(own) for own in benchmark.qrels.values()] == [
        ["test:lighthouse", "test:salt-road"],
        ["test:night-ferry"],
    ]
    assert [filters.kind for filters in benchmark.filters.values()] == [None, "movie"]


def test_feedback_of_the_service_is_measured_like_a_benchmark(
    indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        open_home(indexed) as search,
        TestClient(create_app(SearchSettings(home=indexed, feedback=True), search)) as client,
    ):
        for query, kind in (("storms teach hope", None), ("the last ferry with a killer", "movie")):
            found = client.get("/v1/search", params={"q": query, **({"kind": kind} if kind else {})})
            works = [hit["id"] for hit in found.json()["hits"]]
            for work, done in zip(works, ("saved", "opened", "dismissed"), strict=False):
                body = {"request_id": found.headers["X-Request-ID"], "work": work, "kind": done}
                assert client.post("/v1/feedback", json=body).status_code == 204
    evaluate("--feedback", indexed / "feedback.jsonl", "--json", tmp_path / "results.json")
    printed = capsys.readouterr().out
    assert printed.startswith("feedback: 6 of 6 lines used\n\nfeedback, all: 2 queries, 6 judgements, ")
    result = json.loads((tmp_path / "results.json").read_bytes())
    assert list(result["systems"]) == list(SYSTEMS)
    assert result["systems"]["evoke"]["nDCG@10"]["value"] == pytest.approx(1)
    assert result["n_queries"] == 2


@pytest.mark.parametrize("system", ["rank-bm25", "bm25", "dense", "rrf+values", "evoke"])
def test_a_query_is_asked_with_its_filters(indexed: Path, tmp_path: Path, system: str) -> None:
    lines = [line("border-songs", query="ferry and bridge", filters={"kind": "book"})] * 3
    path, runs = write(tmp_path / "f.jsonl", lines), tmp_path / "runs"
    evaluate("--feedback", path, "--systems", system, "--baseline-system", system, "--save-runs", runs)
    ranked = [row.split()[2] for row in (runs / f"feedback.{system}.run").read_text().splitlines()]
    assert "test:border-songs" in ranked
    assert "test:night-ferry" not in ranked


def test_lines_that_cannot_be_used_are_counted_by_reason_with_the_first_place(
    indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path / "f.jsonl",
        [
            *[line("lighthouse", "saved")] * 3, "", "{", line("lighthouse", "clicked"), line("lighthouse", query=None),
            line("lighthouse", weights={"E5": 1}), line("lighthouse", interpret=False), line("gone"),
            line("salt-road", query="once"), *[line("salt-road", "dismissed", query="unwanted")] * 3,
            line("far-signal"),
        ],
    )  # fmt: skip
    with path.open("ab") as file:
        file.write(b'{"day": "2026-12-01", "work": "test:lighthou')  # a crash has cut it
    evaluate("--feedback", path, "--systems", "bm25")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "feedback: 4 of 15 lines used"
    assert printed[1].startswith(f"feedback: 3 are no feedback (first {path}:5: Invalid JSON")
    assert printed[2:6] == [
        f"feedback: 1 have no request: the service no longer knew it (first {path}:7)",
        f"feedback: 2 are on requests with corrections, which no benchmark has (first {path}:8)",
        f"feedback: 1 name works that are not in the index (first {path}:10: test:gone)",
        f"feedback: 4 are on queries with too little feedback (first {path}:11)",
    ]
    assert printed[7].startswith("feedback, all: 1 queries, 2 judgements, ")


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"[]", b"null", b"{}", b'{"day": "2026-12-01"}', b"x" * 100_000], ids=range(6)
)
def test_a_line_of_any_bytes_is_counted(indexed: Path, tmp_path: Path, raw: bytes) -> None:
    path = write(tmp_path / "f.jsonl", [line("lighthouse")])
    path.write_bytes(raw + b"\n" + path.read_bytes())
    _, report = read_feedback([path], SearchSettings(home=indexed), least=1)
    assert (report.n_lines, report.n_used) == (2, 1)
    (unused,) = report.unused.values()
    assert unused.first.startswith(f"{path}:1: ")
    assert "\n" not in unused.first


def test_fewer_lines_may_be_asked_of_a_query(indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "f.jsonl", [line("lighthouse")])
    evaluate("--feedback", path, code=2)
    (problem,) = capsys.readouterr().err.splitlines()
    assert f"{path}: no query has 3 lines of feedback and a work that somebody opened, saved or liked" in problem
    assert "1 are on queries with too little feedback" in problem
    evaluate("--feedback", path, "--least-feedback", 1, "--systems", "bm25")
    assert "1 of 1 lines used" in capsys.readouterr().out


def test_feedback_is_measured_beside_benchmarks_and_with_a_baseline(indexed: Path, tmp_path: Path) -> None:
    films, path = write_benchmark(tmp_path / "films"), write(tmp_path / "f.jsonl", [line("lighthouse")] * 3)
    both = tmp_path / "both.json"
    evaluate(films, "--feedback", path, "--systems", "bm25", "--json", both)
    assert [each["benchmark"] for each in json.loads(both.read_bytes())] == ["films", "feedback"]
    evaluate("--feedback", path, "--systems", "bm25", "--baseline", both)


def test_without_an_index_there_is_nothing_to_measure(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "f.jsonl", [line("lighthouse")])
    with pytest.raises(FeedbackInvalid, match="has no works yet: run `evoke index`"):
        read_feedback([path], SearchSettings(home=home))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--feedback", "f", "--encoder", "word2vec"), "on the index that serves, as it is: leave out --encoder"),
        (("--least-feedback", "2"), "--least-feedback belongs to --feedback: give both"),
        (("--feedback", "missing"), "missing cannot be read"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(
    indexed: Path, arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(*arguments, code=2)
    (refusal,) = capsys.readouterr().err.splitlines()
    assert problem in refusal
