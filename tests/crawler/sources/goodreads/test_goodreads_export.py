"""A reader's Goodreads export: each row becomes a record, and a bad row is reported with its line."""

from __future__ import annotations

import csv
import gzip
from io import StringIO
from pathlib import Path

import pytest

import evoke
from crawler.answers import NotAWork, ParseResult, Reason
from crawler.catalogue import read_catalogue
from crawler.records import Creator, Review, SourceRecord
from crawler.sources.goodreads import GOODREADS
from crawler.sources.goodreads.export import is_export, read_export

HEADER = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,Publisher,Binding,"
    "Number of Pages,Year Published,Original Publication Year,Date Read,Date Added,Bookshelves,"
    "Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,Private Notes,Read Count,Owned Copies"
)
READ = (
    '4711,"The Quiet Harbour (Coast, #2)",Helmi  Salo,"Salo, Helmi","Jörg Brandt, Aino Virta, Jr.",'
    '"=""080442957X""","=""9780804429573""",4,3.94,Nordlys,Paperback,312,2011,1961,2023/01/13,2023/01/10,'
    '"by-the-sea, to-read, slow","by-the-sea (#1)",abandoned,"Slow, and <b>worth it</b>.<br/>He said ""no"".\n'
    'Twice.",,to nobody,1,0'
)
WANTED = (
    '12,Epic,Homer,"Homer, ",,"=""""","=""""",5,3.7,,Audio CD,0,,-700,,2023/01/10,to-read,to-read (#2),to-read,,,,0,0'
)
READ_RECORD = SourceRecord.model_validate(
    {
        "source": "goodreads",
        "source_id": "4711",
        "kind": "book",
        "title": "The Quiet Harbour",
        "year": 1961,
        "creators": [
            Creator(name="Helmi Salo", role="author"), Creator(name="Jörg Brandt"), Creator(name="Aino Virta, Jr."),
        ],
        "keywords": ["by-the-sea", "slow", "abandoned"],
        "page_count": 312,
        "series": {"name": "Coast", "position": 2},
        "ids": {"goodreads": "4711", "isbn10": "080442957X", "isbn13": "9780804429573"},
        "url": "https://www.goodreads.com/book/show/4711",
        "reviews": [Review(text='Slow, and worth it.\nHe said "no".\nTwice.', rating=4)],
        "licence": GOODREADS.licence,
        "attribution": GOODREADS.attribution,
    }
)  # fmt: skip
WANTED_RECORD = SourceRecord.model_validate(
    {
        "source": "goodreads",
        "source_id": "12",
        "kind": "book",
        "title": "Epic",
        "year": -700,
        "creators": [Creator(name="Homer", role="author")],
        "ids": {"goodreads": "12"},
        "url": "https://www.goodreads.com/book/show/12",
        "licence": GOODREADS.licence,
        "attribution": GOODREADS.attribution,
    }
)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "goodreads_library_export.csv"


def read(export: Path, *rows: str, header: str = HEADER) -> list[ParseResult]:
    export.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return list(read_export(export))


def test_books_read_and_wanted(export: Path) -> None:
    assert read(export, READ, "", WANTED) == [READ_RECORD, WANTED_RECORD]


def test_an_export_as_a_spreadsheet_saves_it(export: Path) -> None:
    export.write_bytes("\r\n".join([HEADER, READ, WANTED]).encode("utf-8-sig"))
    assert list(read_export(export)) == [READ_RECORD, WANTED_RECORD]


def test_columns_in_another_order_or_missing(export: Path) -> None:
    results = read(export, "Homer,12,Epic", header="Author, Book Id, Title")
    assert results == [WANTED_RECORD.model_copy(update={"year": None})]


def test_the_year_of_the_edition_if_there_is_no_other(export: Path) -> None:
    (result,) = read(export, READ.replace(",2011,1961,", ",2011,,"))
    assert isinstance(result, SourceRecord)
    assert result.year == 2011


def test_a_review_without_a_rating_and_a_rating_without_a_review(export: Path) -> None:
    unrated, silent = read(export, READ.replace(",4,3.94,", ",0,3.94,"), WANTED)
    assert isinstance(unrated, SourceRecord)
    assert isinstance(silent, SourceRecord)
    assert ([each.rating for each in unrated.reviews], silent.reviews) == ([None], ())


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (WANTED.removesuffix(",0,0"), "line 4: 22 fields where there are 24 columns"),
        (WANTED.replace("12,Epic", "twelve,Epic"), "line 4: 'twelve' is not a book id"),
        (",Nameless" + "," * 22, "line 4: '' is not a book id"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_does_not_spoil_others(export: Path, row: str, why: str) -> None:
    assert read(export, READ, row, WANTED) == [READ_RECORD, NotAWork(Reason.BROKEN, why), WANTED_RECORD]


def test_a_book_without_a_title(export: Path) -> None:
    (result,) = read(export, WANTED.replace("Epic", ""))
    assert isinstance(result, NotAWork)
    assert result.reason is Reason.UNTITLED


def test_a_row_in_another_encoding_is_read_and_said(export: Path, caplog: pytest.LogCaptureFixture) -> None:
    named = WANTED.replace("Homer", "Ömer")
    export.write_bytes(f"{HEADER}\n{READ}\n".encode("cp1252") + f"{named}\n".encode())
    first, second = read_export(export)
    assert first == READ_RECORD
    assert isinstance(second, SourceRecord)
    assert second.creators[0].name == "Ömer"
    assert f"{export}: line 2 is in Windows-1252 and not in UTF-8: read as such" in caplog.text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_an_export_that_a_spreadsheet_saved_again(export: Path, encoding: str, delimiter: str) -> None:
    saved = StringIO(newline="")
    csv.writer(saved, delimiter=delimiter).writerows(
        csv.reader([HEADER, *READ.splitlines(keepends=True), "\n", WANTED])
    )
    export.write_bytes(saved.getvalue().encode(encoding))
    assert is_export(export, export.read_bytes()[:4096])
    assert list(read_export(export)) == [READ_RECORD, WANTED_RECORD]


@pytest.mark.parametrize(
    ("isbn", "ids"),
    [
        ("142402494", {"isbn10": "0142402494"}),
        ("142402495", {}),
        ("9,78014E+12", {}),
        ("9.78E+12", {}),
    ],
)
def test_an_isbn_that_a_spreadsheet_read_as_a_number(export: Path, isbn: str, ids: dict[str, str]) -> None:
    (result,) = read(export, WANTED.replace('"=""""","="""""', f'"{isbn}",'))
    assert isinstance(result, SourceRecord)
    assert result.ids == {"goodreads": "12"} | ids


def test_an_export_cut_or_garbled_anywhere_makes_no_other_record(export: Path) -> None:
    whole = f"{HEADER}\n{READ}\n{WANTED.removesuffix(',0')}".encode()  # the last field may be cut unseen
    for length in range(whole.index(b"4711"), len(whole), 3):
        export.write_bytes(whole[:length])
        records = [result for result in read_export(export) if isinstance(result, SourceRecord)]
        assert records in ([], [READ_RECORD])
    for position in range(len(HEADER), len(whole), 7):
        export.write_bytes(whole[:position] + b'"\x00' + whole[position + 2 :])
        assert all(isinstance(result, (SourceRecord, NotAWork)) for result in read_export(export))


def test_a_damaged_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "export.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{READ}\n{WANTED}\n".encode())[:-20])
    *_, last = read_export(path)
    assert isinstance(last, NotAWork)
    assert last.reason is Reason.BROKEN


@pytest.mark.parametrize(
    ("head", "is_one"),
    [
        (f"{HEADER}\n4711,".encode(), True),
        (f"\ufeff{HEADER}\r\n".encode(), True),
        (b"Book Id, Title, Author, ISBN\n", True),
        (b'"Book Id","Title","Author"\n', True),
        (b"id,Title,Author\nBook Id\n", False),
        (b'{"Book Id": 1}', False),
        (b"\x89PNG\r\n\x1a\n\x00", False),
        (b"", False),
    ],
)
def test_an_export_is_known_by_its_first_line(head: bytes, is_one: bool) -> None:
    assert is_export(Path("any.name"), head) is is_one


def test_exports_among_saved_pages(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "mine.csv").write_text(f"{HEADER}\n{READ}\n")
    (saved / "hers.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{READ}\n{WANTED}\n".encode()))
    output = tmp_path / "books.jsonl"
    assert evoke.main(["crawl", "goodreads", "--saved", str(saved), "-o", str(output)]) == 0
    records = [entry[1] for entry in read_catalogue(output) if isinstance(entry, tuple)]
    assert sorted(record.source_id for record in records) == ["12", "4711"]
