"""The command line as a person meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeEncoder

import evoke
from search_api.records import Page

VERBS = ("crawl", "profile", "index", "search", "evaluate", "tune", "serve")


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the verbs use an encoder that loads no model."""
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder(settings.model))
    monkeypatch.setenv("EVOKE_MODEL", "fake")


@pytest.fixture
def _small_index(fake_model: None, small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(small_home))


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_shows_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        evoke.main([verb, "--help"])
    assert f"Example: evoke {verb}" in capsys.readouterr().out


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        evoke.main(["--help"])
    told = capsys.readouterr().out
    assert all(verb in told for verb in VERBS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "VERB"),
        (["fetch"], "fetch"),
        (["search"], "QUERY"),
        (["search", "hope", "--limit", "ten"], "--limit"),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--workers", "0"], "--workers"),
    ],
)
def test_wrong_usage_is_told_in_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        evoke.main(arguments)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert told in printed.err


@pytest.mark.usefixtures("_small_index")
def test_json_is_the_page_that_the_api_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", "the last ferry", "--json", "--limit", "3", "--offset", "1"]) == 0
    page = Page.model_validate_json(capsys.readouterr().out)
    assert (page.query, page.limit, page.offset, len(page.hits)) == ("the last ferry", 3, 1, 3)


@pytest.mark.usefixtures("_small_index")
def test_an_answer_names_works_with_reason_and_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", "a detective on the last ferry", "--limit", "1"]) == 0
    told = capsys.readouterr().out
    assert "1. Night Ferry (movie, 1978, Ada Marsh)" in told
    assert "Mentions" in told
    assert "1 of 8 works" in told


@pytest.mark.usefixtures("_small_index")
def test_filters_narrow_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    filters = '{"kind": "book", "year": {"gte": 2000}}'
    assert evoke.main(["search", "love", "--filters", filters, "--json"]) == 0
    page = Page.model_validate_json(capsys.readouterr().out)
    assert {hit.title for hit in page.hits} == {"The Glass Orchard", "The Kite Maker"}


@pytest.mark.usefixtures("_small_index")
def test_explain_shows_every_leg(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", "the last ferry", "--limit", "1", "--explain"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("understood: ")
    assert "text " in told
    assert "bm25 " in told
    assert "(rank 1)" in told


@pytest.mark.usefixtures("_small_index")
@pytest.mark.parametrize("query", ["🚀", "مرحبا بالعالم", "ש", "a\u202eb"])
def test_any_alphabet_is_answered(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", query]) == 0
    assert "of 8 works" in capsys.readouterr().out


def test_a_pipe_gets_no_progress_bar(tmp_path: Path) -> None:
    """The model is not needed: nothing is there to embed when the only line is rejected."""
    catalogue = tmp_path / "works.jsonl"
    catalogue.write_text("[]\n")
    done = subprocess.run(
        [sys.executable, "-m", "evoke", "index", catalogue], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "\r" not in done.stdout + done.stderr
