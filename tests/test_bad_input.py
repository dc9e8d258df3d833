"""Bad input: one line says what is wrong and where, the exit code is 2, and nothing is lost."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path

import pytest
from catalogues import SMALL, make_record, write_catalogue
from fakes import FakeEncoder
from homes import open_home, read_points, titles

import evoke
from indexer.engine.lock import WriterLock
from indexer.pipeline import build_index
from indexer.settings import IndexSettings
from search_api.errors import IndexIncompatible

GOOD = json.dumps(make_record("good", "A Good Line", "A keeper learns to hope again.")).encode()


def line(**fields: object) -> bytes:
    return json.dumps(make_record("bad", "Bad", "Text.") | fields).encode()


BAD_LINES = {
    "truncated": (line()[:40], "not JSON"),
    "two megabytes of description": (line(description="x " * 1_000_000), "description: .* at most 100000 characters"),
    "raw NUL byte": (line().replace(b'"title"', b'\x00"title"'), "not JSON"),
    "Latin-1": ('{"source": "t", "source_id": "1", "title": "Caf\u00e9"}'.encode("latin-1"), "not UTF-8"),
    "unknown kind": (line(kind="podcast"), "kind: .*'podcast'"),
    "year 199x": (line(year="199x"), "year: .*'199x'"),
    "unknown field": (line(colour="red"), "colour"),
    "no title": (b'{"source": "t", "source_id": "1"}', "title"),
    "a list": (b"[1]", "object"),
    "same id, other content": (json.dumps(make_record("good", "Another")).encode(), "source_id: 'good' .*:1"),
}


@pytest.mark.parametrize(("raw", "reason"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_kept_with_its_reason_and_the_others_go_on(
    home: Path, tmp_path: Path, raw: bytes, reason: str
) -> None:
    catalogue = tmp_path / "works.jsonl"
    catalogue.write_bytes(GOOD + b"\n" + raw + b"\n" + GOOD.replace(b'"good"', b'"last"') + b"\n")
    report = build_index([catalogue], IndexSettings(home=home), encoder=FakeEncoder())
    assert (report.n_works, report.n_rejected) == (2, 1)
    rejected = json.loads((home / "rejects.jsonl").read_bytes())
    assert (rejected["file"], rejected["line"]) == (str(catalogue), 2)
    assert re.search(reason, rejected["reason"])
    assert rejected["raw"]


def test_control_characters_inside_a_text_are_cleaned_away(home: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "works.jsonl"
    catalogue.write_bytes(line(title="Nul\u0000 inside"))
    build_index([catalogue], IndexSettings(home=home), encoder=FakeEncoder())
    (payload, _) = read_points(home)["test:bad"]
    assert payload["title"] == "Nul inside"


def test_a_gzip_stream_cut_short_keeps_what_came_before(home: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "works.jsonl.gz"
    whole = gzip.compress(b"\n".join(json.dumps(make_record(f"w{n}", f"Work {n}")).encode() for n in range(2_000)))
    catalogue.write_bytes(whole[: len(whole) // 2])
    report = build_index([catalogue], IndexSettings(home=home), encoder=FakeEncoder())
    assert 0 < report.n_works < 2_000
    assert report.n_rejected >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "{tmp}/missing.jsonl"], "missing.jsonl"),
        (["index", "{tmp}"], "folder"),
        (["index", "{tmp}/empty.jsonl"], "empty.jsonl"),
        (["search", "hope"], "evoke index"),
        (["search", ""], "query"),
        (["search", "x" * 100_000], "query"),
        (["search", "hope", "--filters", '{"colour": "red"}'], "filters.colour"),
        (["search", "hope", "--filters", "{"], "filters"),
        (["search", "hope", "--limit", "0"], "limit"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_refuses_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert evoke.main([argument.replace("{tmp}", str(tmp_path)) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert "Traceback" not in printed.err


def test_an_index_built_with_another_model_says_so_and_offers_a_rebuild(small_home: Path) -> None:
    with (
        open_home(small_home, FakeEncoder("another model")) as search,
        pytest.raises(IndexIncompatible, match=r"another model.*evoke index"),
    ):
        titles(search, "hope")


def test_an_index_of_another_schema_says_so_and_offers_a_rebuild(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.serving.SCHEMA_VERSION", 99)
    with open_home(small_home) as search, pytest.raises(IndexIncompatible, match=r"another version.*evoke index"):
        titles(search, "hope")


def test_an_index_built_with_another_taxonomy_says_so_and_offers_a_rebuild(home: Path, tmp_path: Path) -> None:
    taxonomy = tmp_path / "values.toml"
    taxonomy.write_text(
        'version = "mine"\n[[values]]\nid = "V1"\nname = "Storms"\nfacet = "emotion"\ndescription = "Of storms"\n'
    )
    catalogue = write_catalogue(tmp_path / "works.jsonl", SMALL)
    build_index([catalogue], IndexSettings(home=home, taxonomy=taxonomy), encoder=FakeEncoder())
    with open_home(home) as search, pytest.raises(IndexIncompatible, match=r"taxonomy \(version mine\).*evoke index"):
        titles(search, "hope")


@pytest.mark.parametrize(
    ("arguments", "variable", "value", "message"),
    [
        (["search", "hope"], "EVOKE_QDRANT_URL", "localhost:6333", "http://"),
        (["search", "hope"], "EVOKE_QDRANT_URL", "http://user:secret@host:port", "should name a host, and a port"),
        (["search", "hope"], "EVOKE_QDRANT_URL", "http://a:6333,b:6333", "should begin with http://"),
        (["search", "hope"], "EVOKE_QDRANT_API_KEY_FILE", "/no/such/key", "EVOKE_QDRANT_API_KEY_FILE"),
        (["search", "hope"], "EVOKE_QDRANT_CA_FILE", "/no/such/ca.pem", "EVOKE_QDRANT_CA_FILE"),
        (["index", "--publish", "localhost:6333"], "EVOKE_RUNTIME", "openvino", "should begin with http://"),
        (["pull", "qdrant:6333"], "EVOKE_RUNTIME", "openvino", "should begin with http://"),
        (["search", "hope"], "EVOKE_FUSION", '{"method": "vote"}', "method"),
        (["search", "hope"], "EVOKE_FUSION", "{", "EVOKE_FUSION"),
        (["search", "hope"], "EVOKE_TAXONOMY", "/no/such/values.toml", "/no/such/values.toml"),
        (["index"], "EVOKE_MODEL", "/no/such/model", "/no/such/model"),
        (["index"], "EVOKE_HOME", __file__, "folder"),
        (["search", "hope"], "EVOKE_HOME", "/proc/nope", "EVOKE_HOME: the folder /proc/nope cannot be made"),
        (["serve", "--port", "0"], "EVOKE_HOME", "/proc/nope", "EVOKE_HOME: the folder /proc/nope cannot be made"),
        (["serve"], "EVOKE_READER_URL", "http://", "EVOKE_READER_URL: should name a host"),
        (["serve"], "EVOKE_API_KEYS", "[1]", "EVOKE_API_KEYS: should be a JSON object"),
        (["serve"], "EVOKE_API_KEYS", '{"a": "k"}', "EVOKE_API_KEYS.a: should be a JSON object"),
        (["serve"], "EVOKE_API_KEYS", '{"a": {"key": "k"}, "b": {"key": " k"}}', "EVOKE_API_KEYS: a and b are one key"),
        (["serve"], "EVOKE_DEADLINE_SECONDS", "nan", "EVOKE_DEADLINE_SECONDS: should be a number"),
        (["serve"], "EVOKE_DEADLINE_SECONDS", "4000", "EVOKE_DEADLINE_SECONDS: should be 3600"),
        (["serve"], "EVOKE_METRICS_PORT", "1.5", "EVOKE_METRICS_PORT: should be a whole number"),
        (["serve"], "EVOKE_FEEDBACK", "maybe", "EVOKE_FEEDBACK: should be on or off"),
        (["serve"], "EVOKE_LOG_LEVEL", "loud", "EVOKE_LOG_LEVEL: should be 'debug', 'info', 'warning' or 'error'"),
        (["serve", "--workers", "1000"], "EVOKE_RUNTIME", "openvino", "--workers is 1,000: at most "),
        (["index"], "EVOKE_SHARD_NUMBER", "many", "EVOKE_SHARD_NUMBER"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert evoke.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert message in printed.err


def test_an_index_that_another_process_writes_is_left_to_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    lock = WriterLock(home)
    assert evoke.main(["index"]) == 2
    lock.release()
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"process {os.getpid()}" in message


def test_the_old_index_serves_after_a_catalogue_that_cannot_be_read(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = tmp_path / "works.jsonl"
    catalogue.write_text("\n".join(json.dumps(record) for record in SMALL))
    build_index([catalogue], IndexSettings(home=home), encoder=FakeEncoder())
    before = read_points(home)
    assert evoke.main(["index", str(tmp_path / "missing.jsonl")]) == 2
    capsys.readouterr()
    assert read_points(home) == before
