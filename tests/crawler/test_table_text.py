"""The text of tables: encodings, delimiters, and rows that a bad one does not spoil."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from crawler.errors import CatalogueMissing
from crawler.table_text import BrokenRow, TableRow, decode_table, read_rows, read_table_text

FILMS = "Name,Year\nAmélie,2001\n“Heat”,1995\n"


def rows_of(text: str) -> list[TableRow | BrokenRow]:
    return list(read_rows(decode_table(text.encode())))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "films.csv"
    path.write_bytes(FILMS.encode(encoding))
    assert read_table_text(path).text == FILMS


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_bytes(gzip.compress(FILMS.encode()))
    assert read_table_text(path).text == FILMS


def test_latin_1_is_read_as_windows_1252() -> None:
    table = decode_table("Title\nÉcole\n".encode("latin-1"))
    assert (table.text, table.encoding, table.mended) == ("Title\nÉcole\n", "windows-1252", ())


def test_single_line_in_another_encoding_is_named() -> None:
    table = decode_table("Title\nAmélie\n".encode() + "Café\n".encode("cp1252"))
    assert table.text.splitlines() == ["Title", "Amélie", "Café"]
    assert (table.encoding, table.mended) == ("utf-8", (3,))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str) -> None:
    rows = [["Name", "Genres", "Note"], ["Heat", "Crime", "one, two; three"], ["Up", "Family", "a; b"]]
    lines = [delimiter.join(f'"{cell}"' if len(cell) > 6 else cell for cell in row) for row in rows]
    assert decode_table("\n".join(lines).encode()).delimiter == delimiter


def test_line_in_which_excel_names_the_delimiter_is_not_a_row() -> None:
    assert rows_of("sep=;\nName;Year\nHeat;1995\n") == [TableRow(2, ["Name", "Year"]), TableRow(3, ["Heat", "1995"])]


def test_row_is_named_by_the_line_where_it_begins() -> None:
    assert rows_of('Name,Note\nHeat,"two\nlines"\n\nUp,\n')[1:] == [
        TableRow(2, ["Heat", "two\nlines"]),
        TableRow(5, ["Up", ""]),
    ]


@pytest.mark.parametrize(
    "bad", ['"Heat,1995', 'Heat,"1995" or so', "Heat", "Heat,1995,crime", '"Heat\n'], ids=lambda bad: repr(bad)[:12]
)
def test_broken_row_costs_itself_alone(bad: str) -> None:
    header, broken, *rest = rows_of(f'Name,Year\n{bad}\nUp,2009\n"Her","2013"\n')
    assert header == TableRow(1, ["Name", "Year"])
    assert isinstance(broken, BrokenRow)
    assert broken.line == 2
    assert [row.cells for row in rest if isinstance(row, TableRow)] == [["Up", "2009"], ["Her", "2013"]]


def test_delimiters_at_the_end_of_a_row_are_no_cells() -> None:
    assert rows_of("Name,Year\nHeat,1995,,\n,,,\n")[1:] == [TableRow(2, ["Heat", "1995"])]


def test_plain_quotation_marks_between_tabs_are_text() -> None:
    assert rows_of('Title\tYear\n"Heat" and dust\t1983\n')[1:] == [TableRow(2, ['"Heat" and dust', "1983"])]


def test_long_cell_is_read() -> None:
    text = "x" * 200_000
    assert rows_of(f"Title,Text\nHeat,{text}\n")[1:] == [TableRow(2, ["Heat", text])]


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing, match="is a folder"):
        read_table_text(tmp_path)
