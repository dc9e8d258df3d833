"""Files of tables, in every format, and the line that each refusal has."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

import evoke
from crawler.catalogue import read_catalogue
from crawler.records import SourceRecord

ROWS = [{"Name": "Salt", "Out": 1994, "Tags": "sea|town"}, {"Name": "1917", "Out": 2019, "Tags": None}]
FRAME = pd.DataFrame(ROWS)
MAPPING = ("--map", "title=Name,year=Out", "keywords=Tags")


def read_output(path: Path) -> list[SourceRecord]:
    return [entry[1] for entry in read_catalogue(path) if isinstance(entry, tuple)]


def refusal(capsys: pytest.CaptureFixture[str], output: Path, *arguments: str | Path) -> str:
    """Return the one line with which a table is refused."""
    capsys.readouterr()
    assert evoke.main(["crawl", "table", *map(str, arguments), "-o", str(output)]) == 2
    assert not output.exists()
    (line,) = capsys.readouterr().err.splitlines()
    return line


def write_format(path: Path) -> None:
    if path.suffix == ".xlsx":
        pytest.importorskip("openpyxl")
        FRAME.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        FRAME.to_parquet(path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)))
    elif path.suffix == ".json":
        path.write_text(json.dumps(ROWS, indent=1))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(FRAME.to_csv(index=False).encode()))
    else:
        FRAME.to_csv(
            path, index=False, sep=";" if path.stem == "semicolons" else "\t" if path.suffix == ".tsv" else ","
        )


@pytest.mark.parametrize(
    "name", ["t.csv", "semicolons.csv", "t.tsv", "t.csv.gz", "t.xlsx", "t.parquet", "t.json", "t.jsonl"]
)
def test_every_format_gives_the_same_works(tmp_path: Path, name: str) -> None:
    write_format(tmp_path / name)
    output = tmp_path / "works.jsonl"
    assert evoke.main(["crawl", "table", str(tmp_path / name), *MAPPING, "--kind", "movie", "-o", str(output)]) == 0
    salt, war = read_output(output)
    assert (salt.title, salt.year, salt.keywords, salt.kind) == ("Salt", 1994, ("sea", "town"), "movie")
    assert (war.title, war.year, war.keywords) == ("1917", 2019, ())


def test_lists_in_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame([{"title": "Salt", "tags": ["sea", "town"], "year": None}]).to_parquet(tmp_path / "t.parquet")
    output = tmp_path / "works.jsonl"
    table = ["crawl", "table", str(tmp_path / "t.parquet"), "--map", "title=title,keywords=tags,year=year"]
    assert evoke.main([*table, "-o", str(output)]) == 0
    assert read_output(output)[0].keywords == ("sea", "town")


@pytest.mark.parametrize(("name", "library"), [("t.xlsx", "openpyxl"), ("t.parquet", "pyarrow")])
def test_missing_library_is_named_with_its_extra(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    write_format(tmp_path / name)
    monkeypatch.setitem(sys.modules, library, None)
    line = refusal(capsys, tmp_path / "works.jsonl", tmp_path / name, *MAPPING)
    assert f"needs {library}: pip install 'evoke-search" in line
    assert "[tables]'" in line


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ("title=Nome", "there is no column 'Nome'; its columns are Name, Out, Tags"),
        ("titel=Name", "'titel' is not a target: choose title,"),
        ("Name", "write TARGET=COLUMN, such as title=Name"),
        ("year=Out", "has no title: add title=COLUMN; its columns are Name, Out, Tags"),
        ("title=Name,rating=Out/10", "a rating needs rating_count=COLUMN"),
        ("title=Name,rating=Out,rating_count=Out", "say which rating is the best: rating=Out/10"),
        ("title=Name+Nome", "there is no column 'Nome'"),
    ],
)
def test_mapping_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mapping: str, problem: str
) -> None:
    write_format(tmp_path / "t.csv")
    assert problem in refusal(capsys, tmp_path / "works.jsonl", tmp_path / "t.csv", "--map", mapping)


def test_columns_are_found_in_any_case_and_with_odd_names(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text('Name,"Year, first",A+B\nSalt,1994,Ann Ode\n')
    output = tmp_path / "works.jsonl"
    mapping = 'title=name,"year=Year, first",authors=A+B'
    assert evoke.main(["crawl", "table", str(table), "--map", mapping, "-o", str(output)]) == 0
    (record,) = read_output(output)
    assert (record.title, record.year, record.creators[0].name) == ("Salt", 1994, "Ann Ode")


@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"Name,Out\n", "has no rows that can be read, but columns: Name, Out"),
        ("t.csv", b"PK\x03\x04 and more", "is a zip archive: unpack it"),
        ("t.xls", b"\xd0\xcf\x11\xe0 and more", "save it as .xlsx or CSV"),
        ("t.csv", bytes(range(256)), "is neither text, Excel nor Parquet"),
        ("t.csv.gz", gzip.compress(b"Name,Out\nSalt,1994\n" * 99)[:40], "the gzip stream is damaged or cut short"),
        ("t.json", b'[{"Name": "Salt"', "is not JSON"),
        ("t.json", b"[1, 2]", "has no list of objects"),
        ("t.opf", b"<package><metadata>", "is not XML"),
        ("t.csv", b"Name,Out\nSalt,1994\n", "evoke crawl table"),
    ],
)
def test_file_that_is_not_a_known_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, body: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(body)
    line = refusal(capsys, tmp_path / "works.jsonl", tmp_path / name)
    assert problem in line
    assert str(tmp_path / name) in line


def test_damaged_spreadsheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_format(tmp_path / "t.xlsx")
    (tmp_path / "t.xlsx").write_bytes((tmp_path / "t.xlsx").read_bytes()[:2000])
    assert "cannot be read as Excel" in refusal(capsys, tmp_path / "works.jsonl", tmp_path / "t.xlsx")


def test_further_sheets_and_repeated_names_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["Name", "Name", "Out"])
    book.active.append(["Salt", "Sel", 1994])
    book.create_sheet("Books").append(["Title"])
    book.save(tmp_path / "t.xlsx")
    output = tmp_path / "works.jsonl"
    table = ["crawl", "table", str(tmp_path / "t.xlsx"), "--map", "title=Name,original_title=Name.1"]
    assert evoke.main([*table, "-o", str(output)]) == 0
    assert read_output(output)[0].original_title == "Sel"
    printed = capsys.readouterr().out
    assert "the sheet 'Sheet' was read; save as files of their own to read them: 'Books'" in printed
    assert "has columns of one name; the second is called Name.1: Name" in printed


def test_every_row_that_is_no_work_is_named_by_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.csv"
    long = b"Loam," + b"x" * 200_000 + b"\nSalt,1994\n"
    table.write_bytes(b'Name,Out\nSalt,1994\n,1995\n"Chalk,1996\nCl\xe9,1997\nFlint\n' + long)
    output = tmp_path / "works.jsonl"
    assert evoke.main(["crawl", "table", str(table), "--map", "title=Name,year=Out", "-o", str(output)]) == 0
    assert [record.title for record in read_output(output)] == ["Salt", "Clé", "Loam"]
    printed = capsys.readouterr().out
    assert f"1 x a work without a title: {table}:3" in printed
    assert f"1 x a quotation mark that is never closed: {table}:4" in printed
    assert f"1 x 1 fields where there are 2 columns: {table}:6" in printed
    assert f"1 x left out, year: not a year, such as {table}:7 'xxx" in printed
    assert f"3 records from 1 file in {output}, 1 repeated; 3 rows rejected" in printed


def test_table_without_a_work_is_refused_with_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("Name,Out\n,1994\n,1995\n")
    line = refusal(capsys, tmp_path / "works.jsonl", tmp_path / "t.csv", "--map", "title=Name")
    assert f"no row is a work: 2 x a work without a title: {tmp_path / 't.csv'}:2, {tmp_path / 't.csv'}:3" in line


def test_output_is_not_overwritten_and_not_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_format(tmp_path / "t.csv")
    before = (tmp_path / "t.csv").read_bytes()
    assert evoke.main(["crawl", "table", str(tmp_path / "t.csv"), *MAPPING, "-o", str(tmp_path / "t.csv")]) == 2
    assert (tmp_path / "t.csv").read_bytes() == before
    (tmp_path / "old.jsonl").write_text("{}\n")
    assert evoke.main(["crawl", "table", str(tmp_path / "t.csv"), *MAPPING, "-o", str(tmp_path / "old.jsonl")]) == 2
    assert "already exists" in capsys.readouterr().err


def test_options_of_sources_are_refused_for_tables_and_the_other_way_round(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "works.jsonl"
    assert "--query" in refusal(capsys, output, "t.csv", "--query", "salt")
    assert "name the files to read" in refusal(capsys, output)
    assert evoke.main(["crawl", "tmdb", "t.csv", "-o", str(output)]) == 2
    assert "is for `evoke crawl table`" in capsys.readouterr().err


def test_list_of_ids_becomes_a_file_of_mended_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ids.txt").write_text("isbn\n439023483\n9780439023481\n9.78E+12\n0142402494\n")
    output = tmp_path / "ids.jsonl"
    assert evoke.main(["crawl", "table", str(tmp_path / "ids.txt"), "-o", str(output)]) == 0
    assert [json.loads(line)["id"] for line in output.read_text().splitlines()] == ["9780439023481", "9780142402498"]
    printed = capsys.readouterr().out
    assert f"not an ISBN that its check digit confirms: {tmp_path / 'ids.txt'}:4" in printed
    assert f"evoke crawl open-library --ids-file {output}" in printed


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("number", ["1e999", "-Infinity"])
def test_a_number_that_is_too_large_costs_its_cell_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str, indent: int | None
) -> None:
    rows = json.dumps([*ROWS, {"Name": "Chalk", "Out": "X"}, {"Name": "Loam", "Out": float("nan")}], indent=indent)
    (tmp_path / "t.json").write_text(rows.replace('"X"', number))
    output = tmp_path / "works.jsonl"
    table = ["crawl", "table", str(tmp_path / "t.json"), "--map", "title=Name,year=Out", "-o", str(output)]
    assert evoke.main(table) == 0
    assert [(each.title, each.year) for each in read_output(output)] == [
        ("Salt", 1994),
        ("1917", 2019),
        ("Chalk", None),
        ("Loam", None),
    ]
    assert f"1 x left out, year: a number that is too large, such as {tmp_path / 't.json'}:3" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["title", "runtime", "pages", "year", "rating=Out/10,rating_count"])
def test_a_number_that_is_too_large_is_named_in_text_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    (tmp_path / "t.csv").write_text("Name,Out\nSalt,1e999\nChalk,7\n")
    title = "" if target == "title" else "title=Name,"
    table = ["crawl", "table", str(tmp_path / "t.csv"), "--map", f"{title}{target}=Out"]
    assert evoke.main([*table, "-o", str(tmp_path / "works.jsonl")]) == 0
    assert target == "title" or f"{tmp_path / 't.csv'}:2 '1e999'" in capsys.readouterr().out
