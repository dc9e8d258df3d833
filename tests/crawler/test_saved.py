"""Saved answers become records: each work is written once, other answers are counted by reason."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import evoke
from crawler.catalogue import read_catalogue
from crawler.sources.table import SOURCES

FILM = {
    "id": 71,
    "title": "Paper Boats",
    "original_title": "Paper Boats",
    "original_language": "en",
    "overview": "Two brothers sail a boat of newspapers down a flooded street.",
    "release_date": "1999-05-01",
    "runtime": 88,
    "genres": [{"id": 1, "name": "Drama"}],
    "vote_average": 7.5,
    "vote_count": 12,
}


def titles(path: Path) -> list[str]:
    return [entry[1].title for entry in read_catalogue(path) if isinstance(entry, tuple)]


def test_files_and_folders_plain_and_gzipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "answers" / "deep"
    folder.mkdir(parents=True)
    (folder / "71.json").write_text(json.dumps(FILM))
    (folder / "72.json.gz").write_bytes(gzip.compress(json.dumps({**FILM, "id": 72, "title": "Tin Ships"}).encode()))
    (folder / "again.json").write_text(json.dumps(FILM))
    (folder / "list.json").write_text(json.dumps({"page": 1, "results": [], "total_pages": 0, "total_results": 0}))
    (folder / "cut.json.gz").write_bytes(gzip.compress(json.dumps(FILM).encode())[:40])
    (folder / "half.json").write_text(json.dumps(FILM)[:90])
    (folder / "photo.jpg").write_bytes(bytes(range(256)))
    (folder / "empty").touch()
    output = tmp_path / "films.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(tmp_path / "answers"), "-o", str(output)]) == 0
    assert titles(output) == ["Paper Boats", "Tin Ships"]
    printed = capsys.readouterr().out
    assert "1 x a list or search answer, not a work, such as" in printed
    assert str(folder / "cut.json.gz") in printed
    assert f"2 records from 8 files in {output}, 1 repeated; 5 without a work" in printed


def test_limit_and_a_missing_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        (tmp_path / f"{number}.json").write_text(json.dumps({**FILM, "id": number + 1}))
    output = tmp_path / "out" / "films.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(tmp_path), "--limit", "2", "-o", str(output)]) == 0
    assert len(titles(output)) == 2
    capsys.readouterr()
    assert evoke.main(["crawl", "tmdb", "--saved", str(tmp_path / "none"), "-o", str(output)]) == 2
    assert f"{tmp_path / 'none'} does not exist" in capsys.readouterr().err
    assert len(titles(output)) == 2


RUBBISH = (
    b"", b"\x00" * 100, b"<html><head><title>404</title></head></html>", b"{}", b"[]", b"null", b'{"a": [', b"\xff\xfe",
    b'{"id": {}, "title": []}', b'{"error": {"code": "x"}}', b'{"props": {"pageProps": 5}}', b"a\tb\tc\n1\t2\t3\n",
)  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_no_source_makes_a_work_of_rubbish(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    for number, body in enumerate(RUBBISH):
        (folder / str(number)).write_bytes(body)
    output = tmp_path / "works.jsonl"
    assert evoke.main(["crawl", source, "--saved", str(folder), "-o", str(output)]) == 0
    assert output.read_bytes() == b""
    assert f"0 records from {len(RUBBISH)} files in {output}; {len(RUBBISH)} without a work" in capsys.readouterr().out
