"""The command line as a person meets it, and `import evoke` as a program does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL, write_catalogue
from fakes import FakeEncoder
from fastapi.testclient import TestClient
from pydantic import ValidationError

import evoke
from crawler.run import CrawlReport
from crawler.selection import Selection
from crawler.verbs import name_origin, spread_values
from search_api.records import Page, SearchRequest
from search_api.search import Search
from search_api.service.app import create_app
from search_api.settings import SearchSettings

VERBS = (
    "crawl", "profile", "index", "label", "train-values", "train-taste", "works", "check", "backup", "restore", "pull",
    "search", "serve", "recommend", "mcp", "feedback", "evaluate", "tune", "train-descriptions", "train-encoder",
    "train-reader",
)  # fmt: skip


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the verbs use an encoder that loads no model."""
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder(settings.model))
    monkeypatch.setenv("EVOKE_MODEL", "fake")


@pytest.fixture
def _small_index(fake_model: None, small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(small_home))


def run_evoke(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evoke", *arguments],
        env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


# Help, version and completion


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_shows_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main([verb, "--help"]) == 0
    assert re.search(rf"\n  Example: evoke {verb}[ \n]", capsys.readouterr().out)


@pytest.mark.parametrize("verb", ["delete", "show", "export"])
def test_help_of_each_verb_for_works_shows_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["works", verb, "--help"]) == 0
    assert f"\n  Example: evoke works {verb} " in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_help_explains_every_argument_and_option(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main([verb, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = [line for line in lines if re.match(r"  (-|[A-Z]+  )", line)]
    assert named
    assert all(re.search(r"\S  +\S", line.strip()) for line in named), named


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert tuple(line.split()[0] for line in lines[lines.index("Commands:") + 1 :][: len(VERBS)]) == VERBS


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["--version"]) == 0
    assert capsys.readouterr().out == f"evoke {version('evoke-search')}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("evoke se", ["search", "serve"]), ("evoke search --ex", ["--explain"]), ("evoke crawl im", ["imdb"])],
)
def test_a_shell_completes_verbs_options_and_sources(typed: str, offered: list[str]) -> None:
    place = str(len(typed.split()) - 1)
    done = run_evoke(_EVOKE_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=place)
    assert done.stdout.split() == offered


def test_the_completion_script_can_be_shown() -> None:
    done = run_evoke("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0
    assert "_EVOKE_COMPLETE=complete_bash" in done.stdout


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "evoke: Missing verb (see evoke --help)"),
        (["fetch"], "No such verb 'fetch'"),
        (["serach", "hope"], "No such verb 'serach'. Did you mean 'search'?"),
        (["search"], "evoke search: Missing argument 'QUERY' (see evoke search --help)"),
        (["search", "hope", "--limti", "3"], "No such option: --limti. Did you mean --limit?"),
        (["search", "hope", "--limit", "ten"], "'--limit'"),
        (
            ["search", "hope", "--limit"],
            "evoke search: Option '--limit' requires an argument (see evoke search --help)",
        ),
        (["search", "-hope"], "No such option: -h; write -- before a text or file that begins with a dash"),
        (["search", "hope", "--filters", ""], "filters: Invalid JSON"),
        (["search", "hope", "fear"], "unexpected extra argument(s) (fear)"),
        (["serve", "--port", "70000"], "'--port': Input should be less than or equal to 65535"),
        (["serve", "--workers", "0"], "--workers"),
        (["crawl", "-o", "x.jsonl"], "SOURCE"),
        (["crawl", "imbd", "-o", "x.jsonl"], "'imbd' is not a source: choose tmdb, imdb"),
        (["crawl", "tmdb", "-o", "x.jsonl", "--from-date", "2020"], "'2020'"),
        (["crawl", "tmdb", "-o", "--resume"], "-o needs a value before --resume"),
        (["crawl", "tmdb", "--saved", "x", "--resume", "-o", "x.jsonl"], "--resume"),
        (["crawl", "tmdb", "--saved", "x", "--ids", "1", "-o", "x.jsonl"], "--ids: chooses what to ask a source for"),
        (["crawl", "tmdb", "--saved", "x", "--from-date", "2020-01-31", "-o", "x.jsonl"], "--from-date: chooses"),
        (
            ["crawl", "tmdb", "--saved", "x", "--query", "a", "--ids-file", "b", "-o", "x"],
            "--query, --ids-file: chooses",
        ),
        (["evaluate", "a", "b", "--run", "x.run"], "evoke evaluate: a --run file answers the queries of one benchmark"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evoke.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert expected in printed.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--ids", "a", "b", "c"], ["--ids", "a", "--ids", "b", "--ids", "c"]),
        (["--ids", "a", "b", "--ids", "c"], ["--ids", "a", "--ids", "b", "--ids", "c"]),
        (["--ids", "a", "b", "--limit", "3", "x"], ["--ids", "a", "--ids", "b", "--limit", "3", "x"]),
        (["--ids=a", "b"], ["--ids=a", "b"]),
        (["--ids", "a", "--", "b", "c"], ["--ids", "a", "--", "b", "c"]),
        (["x", "--limit", "3"], ["x", "--limit", "3"]),
        (["--ids", "-", "b"], ["--ids", "-", "--ids", "b"]),
    ],
    ids=" ".join,
)
def test_a_flag_takes_the_values_up_to_the_next_flag(arguments: list[str], expected: list[str]) -> None:
    assert spread_values(arguments, {"--ids"}) == expected


@pytest.mark.parametrize(
    "arguments", [["--ids", "71", "72", "73"], ["--ids", "71", "--ids", "72", "73"], ["--ids=71", "--ids", "72", "73"]]
)
def test_several_values_reach_the_verb(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run_crawl(source: str, selection: Selection, *_: Any, **__: Any) -> CrawlReport:
        asked.append((source, selection.ids, selection.limit))
        return CrawlReport()

    monkeypatch.setattr("crawler.run.run_crawl", run_crawl)
    assert evoke.main(["crawl", "tmdb", "-o", "x.jsonl", *arguments, "--limit", "5"]) == 0
    assert asked == [("tmdb", ("71", "72", "73"), 5)]


# Files and variables that cannot be used are named with where they came from


@pytest.mark.parametrize(
    ("arguments", "origin"),
    [
        (["index", "{absent}"], "CATALOGUE"),
        (["profile", "{absent}", "-o", "page.html"], "CATALOGUE"),
        (["label", "{absent}", "-o", "labels.jsonl"], "CATALOGUE"),
        (["train-values", "{works}", "--labels", "{absent}", "-o", "x"], "--labels"),
        (["crawl", "tmdb", "--ids-file", "{absent}", "-o", "x.jsonl"], "--ids-file"),
        (["crawl", "tmdb", "--saved", "{absent}", "-o", "x.jsonl"], "--saved"),
        (["crawl", "tmdb", "--query", "sea", "-o", "{works}"], "--output"),
        (["evaluate", "{absent}"], "BENCHMARK"),
        (["evaluate", "--baseline", "{absent}"], "--baseline"),
        (["evaluate", "--json", "{absent}"], "--json"),
        (["evaluate", "--json", "{folder}"], "--json"),
        (["evaluate", "--report", "{works}"], "--report"),
        (["evaluate", "--save-runs", "{works}/runs"], "--save-runs"),
        (["label", "{works}", "-o", "{absent}"], "--output"),
        (["label", "{works}", "-o", "{folder}"], "--output"),
        (["train-values", "{works}", "--labels", "x", "-o", "{folder}"], "--output"),
        (["train-values", "{works}", "--labels", "x", "-o", "y", "--report", "{absent}"], "--report"),
        (["train-taste", "x", "-o", "{absent}"], "--output"),
        (["train-taste", "x", "-o", "y", "--report", "{absent}"], "--report"),
        (["tune", "{absent}", "-o", "x.json"], "BENCHMARK"),
        (["tune", "x", "-o", "{absent}"], "--output"),
        (["train-descriptions", "{absent}", "-o", "x"], "BENCHMARK"),
        (["train-descriptions", "x", "-o", "x", "--report", "{absent}"], "--report"),
        (["train-encoder", "{absent}", "-o", "x"], "BENCHMARK"),
        (["train-encoder", "x", "-o", "{absent}"], "--output"),
        (["train-encoder", "x", "-o", "x", "--report", "{absent}"], "--report"),
        (["train-reader", "-o", "{absent}"], "--output"),
        (["train-reader", "-o", "x", "--report", "{absent}"], "--report"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_file_that_cannot_be_used_is_named_with_its_option(
    arguments: list[str],
    origin: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVOKE_TMDB_API_KEY", "key")
    works = write_catalogue(tmp_path / "works.jsonl", SMALL)
    absent = tmp_path / "absent" / "file"
    assert evoke.main([word.format(works=works, absent=absent, folder=tmp_path) for word in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"evoke {arguments[0]}: {origin}: {tmp_path}")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("verb", "variable"),
    [
        ("index", "EVOKE_TAXONOMY"),
        ("index", "EVOKE_VALUES_HEAD"),
        ("index", "EVOKE_TUNING"),
        ("index", "EVOKE_MODEL"),
        ("search", "EVOKE_TAXONOMY"),
        ("search", "EVOKE_DESCRIPTIONS"),
        ("search", "EVOKE_TUNING"),
        ("serve", "EVOKE_TAXONOMY"),
        ("serve", "EVOKE_DESCRIPTIONS"),
    ],
)
@pytest.mark.parametrize("path", ["/absent/file", "~/absent/file"])
def test_a_file_that_cannot_be_used_is_named_with_its_variable(
    verb: str, variable: str, path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, path)
    arguments = {"index": [], "search": ["hope"], "serve": ["--port", "0"]}[verb]
    assert evoke.main([verb, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"evoke {verb}: {variable}: ")
    assert error.count("\n") == 1


PLACES = (("CATALOGUE", "/data/films.jsonl"), ("BENCHMARK", "films"), ("EVOKE_HOME", "/data"), ("EVOKE_MODEL", "m/x"))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("/data/films.jsonl: No such file", "CATALOGUE: /data/films.jsonl: No such file"),
        ("/data/films.jsonl:3: not JSON", "CATALOGUE: /data/films.jsonl:3: not JSON"),
        ("/data/store.sqlite: disk full", "EVOKE_HOME: /data/store.sqlite: disk full"),
        ("/database: disk full", "/database: disk full"),
        ("films/corpus.jsonl cannot be read", "BENCHMARK: films/corpus.jsonl cannot be read"),
        ("films.jsonl cannot be read", "films.jsonl cannot be read"),
        ("no model 'm/x' is known", "EVOKE_MODEL: no model 'm/x' is known"),
        ("/data is a file: EVOKE_HOME should name a folder", "/data is a file: EVOKE_HOME should name a folder"),
        ("there is no index yet", "there is no index yet"),
    ],
)
def test_the_origin_of_a_path_is_named_once_and_only_for_that_path(line: str, named: str) -> None:
    assert name_origin(line, PLACES) == named


def test_a_variable_that_is_not_a_setting_is_reported_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_MODLE", "x")
    monkeypatch.setenv("EVOKE_ENTIRELY_OTHER", "x")
    monkeypatch.setenv("EVOKE_TEST_SOMETHING", "x")
    monkeypatch.setenv("EVOKE_API_KEY", "a setting of another verb")
    evoke.main(["index", "/absent/file"])
    *warnings, _ = capsys.readouterr().err.splitlines()
    assert warnings == [
        "evoke index: EVOKE_ENTIRELY_OTHER is not a setting; it has no effect",
        "evoke index: EVOKE_MODLE is not a setting: did you mean EVOKE_MODEL?",
    ]


# Search


@pytest.mark.usefixtures("_small_index")
def test_json_is_the_page_that_the_api_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", "the last ferry", "--json", "--limit", "3", "--offset", "1"]) == 0
    page = Page.model_validate_json(capsys.readouterr().out)
    assert (page.query, page.limit, page.offset, len(page.hits)) == ("the last ferry", 3, 1, 3)


@pytest.mark.usefixtures("_small_index")
def test_json_is_byte_for_byte_what_http_answers(
    small_search: Search, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    client = TestClient(create_app(SearchSettings(), small_search))
    filters = {"kind": "book", "year": {"gte": 1980}}
    body = {"query": "Lucía's border in wartime", "filters": filters, "limit": 2, "offset": 0}
    by_body = client.post("/v1/search", json=body).content
    parameters = {"q": body["query"], "kind": "book", "year_from": 1980, "limit": 2}
    by_link = client.get("/v1/search", params=parameters).content
    query = str(body["query"])
    filter_text = '{"kind": "book", "year": {"gte": 1980}}'
    assert evoke.main(["search", query, "--json", "--limit", "2", "--filters", filter_text]) == 0
    printed = capfdbinary.readouterr().out
    assert _untimed(printed) == _untimed(by_body) + b"\n" == _untimed(by_link) + b"\n"
    assert "Lucía".encode() in printed
    assert b"null" not in printed


def _untimed(page: bytes) -> bytes:
    untimed, n_times = re.subn(rb'"took_ms":[\d.]+', b'"took_ms":0', page)
    assert n_times == 1
    return untimed


@pytest.mark.usefixtures("_small_index")
def test_an_answer_names_works_with_reason_and_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", "a detective on the last ferry", "--limit", "1"]) == 0
    answer = capsys.readouterr().out
    assert "1. Night Ferry (movie, 1978, Ada Marsh)" in answer
    assert "Mentions" in answer
    assert "1 of 8 works" in answer


@pytest.mark.usefixtures("_small_index")
def test_filters_narrow_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    filters = '{"kind": "book", "year": {"gte": 2000}}'
    assert evoke.main(["search", "love", "--filters", filters, "--json"]) == 0
    page = Page.model_validate_json(capsys.readouterr().out)
    assert {hit.title for hit in page.hits} == {"The Glass Orchard", "The Kite Maker"}


@pytest.mark.usefixtures("_small_index")
def test_explain_shows_every_leg(capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", "the last ferry", "--limit", "1", "--explain"]) == 0
    answer = capsys.readouterr().out
    assert answer.startswith("understood: ")
    assert "text " in answer
    assert "bm25 " in answer
    assert "(rank 1)" in answer


@pytest.mark.usefixtures("_small_index")
@pytest.mark.parametrize("query", ["🚀", "مرحبا بالعالم", "ש", "a\u202eb"])
def test_a_query_in_any_alphabet_is_answered(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["search", query]) == 0
    assert "of 8 works" in capsys.readouterr().out


# Interruptions, faults and closed pipes


@pytest.mark.usefixtures("_small_index")
def test_an_interrupted_verb_says_so_and_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Search, "search", interrupt)
    assert evoke.main(["search", "hope"]) == 130
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "interrupted" in printed.err


@pytest.mark.usefixtures("_small_index")
def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Search, "search", fail)
    with pytest.raises(ZeroDivisionError):
        evoke.main(["search", "hope"])


def test_a_closed_pipe_is_not_an_error(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "works.jsonl", SMALL)
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "evoke", "profile", catalogue, "-o", tmp_path / "page.html"]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_pipe_gets_no_progress_bar(tmp_path: Path) -> None:
    """The model is not needed: nothing is left to embed when the only line is rejected."""
    catalogue = tmp_path / "works.jsonl"
    catalogue.write_text("[]\n")
    done = run_evoke("index", catalogue)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "\r" not in done.stdout + done.stderr


# From Python


def test_one_import_opens_the_index_of_the_environment(_small_index: None) -> None:  # noqa: PT019 - for its effect
    with closing(evoke.open_search()) as search:
        assert search.search(SearchRequest(query="the last ferry")).hits[0].title == "Night Ferry"


@pytest.mark.usefixtures("fake_model")
def test_keyword_arguments_replace_the_environment(small_home: Path) -> None:
    with closing(evoke.open_search(home=small_home)) as search:
        assert search.check() == 8


def test_a_keyword_that_is_not_a_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="modle"):
        evoke.open_search(modle="x")


# Settings


def test_every_setting_is_described() -> None:
    variables = evoke.STAGES.variables()
    assert all(variable.description for variable in variables)
    assert len({variable.name for variable in variables}) == len(variables)


def test_a_variable_has_its_type_default_and_stages() -> None:
    variables = {variable.name: variable for variable in evoke.STAGES.variables()}
    shown = {name: (v.type, v.default, v.stages) for name, v in variables.items()}
    assert shown["EVOKE_HOME"] == ("path", "", ("crawler", "indexer", "search_api", "evaluation"))
    assert shown["EVOKE_RUNTIME"] == ("openvino or torch", "openvino", ("indexer", "search_api", "evaluation"))
    assert shown["EVOKE_TMDB_API_KEY"] == ("secret text", "", ("crawler",))
    assert shown["EVOKE_TIMEOUT_SECONDS"] == ("number", "30", ("crawler",))
    assert shown["EVOKE_SOURCE_URLS"] == ("JSON object", "", ("crawler",))
    assert shown["EVOKE_FUSION"] == ("JSON object", "", ("search_api", "evaluation"))
    assert shown["EVOKE_SHARD_NUMBER"] == ("whole number", "", ("indexer", "evaluation"))
    assert shown["EVOKE_QDRANT_URL"] == ("text", "", ("indexer", "search_api", "evaluation"))
