"""Saved answers become records: each work is written once, other answers are counted by reason."""

from __future__ import annotations

import gzip
import json
import random
import re
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
    assert evoke.main(["crawl", source, "--saved", str(folder), "-o", str(output)]) == 2
    assert output.read_bytes() == b""
    printed = capsys.readouterr()
    assert f"evoke crawl: no record in {len(RUBBISH)} files: " in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert sum(map(int, re.findall(r"(?:: |; )(\d+) x ", printed.err))) == len(RUBBISH)


LINES = [{**FILM, "id": number, "title": f"Boat {number}"} for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, LINES)),
        json.dumps(LINES),
        json.dumps(LINES, indent=2),
        "[\n" + ",\n".join(map(json.dumps, LINES)) + "\n]\n",
        "[" + ",\n".join(map(json.dumps, LINES)) + "]",
        "\ufeff\n" + "\r\n\r\n".join(map(json.dumps, LINES)),
        "\n".join(json.dumps([line]) for line in LINES),
    ],
    ids=["lines", "array", "indented array", "array of lines", "array across lines", "mark and blanks", "small arrays"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_one_answer_a_line_or_in_an_array(text: str, packed: bool, tmp_path: Path) -> None:
    saved = tmp_path / "films"
    saved.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    output = tmp_path / "films.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(saved), "-o", str(output)]) == 0
    assert titles(output) == ["Boat 1", "Boat 2", "Boat 3"]


def test_a_bad_line_is_counted_with_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "films.jsonl"
    whole = [json.dumps(line) for line in LINES]
    saved.write_text("\n".join([whole[0][:40], whole[1], "null", "[null, 3]", "\0\0", whole[2]]))
    output = tmp_path / "out.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(saved), "-o", str(output)]) == 0
    assert titles(output) == ["Boat 2", "Boat 3"]
    printed = capsys.readouterr().out
    assert f"1 x a broken or cut answer, such as {saved}:1: " in printed
    assert f"4 x not recognised as an answer of this source, such as {saved}:3: null" in printed


def test_lines_before_the_damage_of_a_gzip_file_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = random.Random(1)
    lines = [{**FILM, "id": n + 1, "overview": noise.randbytes(200).hex()} for n in range(1_000)]
    packed = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    saved = tmp_path / "films.jsonl.gz"
    saved.write_bytes(packed[: len(packed) // 2])
    output = tmp_path / "out.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(saved), "-o", str(output)]) == 0
    assert 300 < len(titles(output)) < 700
    assert "the gzip stream is damaged or cut short here" in capsys.readouterr().out


def test_adult_films_are_left_out_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adult = [{**FILM, "id": 5, "adult": True}, {**FILM, "id": 6, "genres": [{"id": 1, "name": "Adult"}]}]
    saved = tmp_path / "films.json"
    saved.write_text(json.dumps([FILM, *adult]))
    output = tmp_path / "out.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(saved), "-o", str(output)]) == 0
    assert titles(output) == ["Paper Boats"]
    assert f"2 x another kind of answer, not a work, such as {saved}: adult" in capsys.readouterr().out


def test_a_number_that_is_too_large_costs_its_answer_alone(tmp_path: Path) -> None:
    (tmp_path / "films.json").write_text(json.dumps([{**FILM, "runtime": float("inf")}, {**FILM, "id": 72}]))
    output = tmp_path / "out.jsonl"
    assert evoke.main(["crawl", "tmdb", "--saved", str(tmp_path / "films.json"), "-o", str(output)]) == 0
    assert titles(output) == ["Paper Boats", "Paper Boats"]
