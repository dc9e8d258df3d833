"""A person's Letterboxd export: each film becomes a record with one review of each person."""

from __future__ import annotations

from pathlib import Path

import pytest

import evoke
from crawler.answers import NotAWork, ParseResult, Reason
from crawler.catalogue import read_catalogue
from crawler.records import Review, SourceRecord
from crawler.sources.letterboxd import LETTERBOXD
from crawler.sources.letterboxd.export import read_exports

HEADER = "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,Watched Date"
FERRY = (
    '2023-05-02,"Night Ferry, The",1978,https://boxd.it/aB1,3.5,,'
    '"Fog, <b>dread</b>.\n\nI could not sleep.",with ida,2023-05-01'
)
FERRY_AGAIN = '2024-01-09,"Night Ferry, The",1978,https://boxd.it/cD2,4.5,Yes,Even better the second time.,,2024-01-08'
SALT = "2023-06-01,Salt Road,2011,https://boxd.it/eF3,,,Two sisters and one truck.,,"


def record(title: str, year: int | None, *reviews: Review) -> SourceRecord:
    return SourceRecord(
        source="letterboxd",
        source_id=f"{title} ({year})" if year else title,
        kind="movie",
        title=title,
        year=year,
        reviews=reviews,
        licence=LETTERBOXD.licence,
        attribution=LETTERBOXD.attribution,
    )


FERRY_RECORD = record(
    "Night Ferry, The",
    1978,
    Review(text="Fog, dread.\nI could not sleep.\nEven better the second time.", rating=4.5),
)
SALT_RECORD = record("Salt Road", 2011, Review(text="Two sisters and one truck."))


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def read(folder: Path, *rows: str) -> list[ParseResult]:
    return list(read_exports([write(folder / "reviews.csv", *rows)]))


def test_a_film_that_was_reviewed_twice_has_one_review(tmp_path: Path) -> None:
    assert read(tmp_path, FERRY_AGAIN, SALT, FERRY) == [FERRY_RECORD, SALT_RECORD]


def test_several_people_are_several_voices(tmp_path: Path) -> None:
    mine, ones = write(tmp_path / "mine.csv", SALT), write(tmp_path / "ones.csv", SALT.replace("Two", "Dull: two"))
    assert list(read_exports([mine, ones])) == [
        record("Salt Road", 2011, *SALT_RECORD.reviews, Review(text="Dull: two sisters and one truck."))
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (SALT.replace("Salt Road", ""), NotAWork(Reason.UNTITLED, "line 3")),
        (SALT.replace("Two sisters and one truck.", " "), NotAWork(Reason.BROKEN, "line 3: no review")),
        (SALT.removesuffix(","), NotAWork(Reason.BROKEN, "line 3: 8 fields where there are 9 columns")),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_does_not_spoil_others(
    tmp_path: Path, row: str, problem: NotAWork
) -> None:
    other = record("Far Signal", None, Review(text="Wonder."))
    far = "2023-01-01,Far Signal,,https://boxd.it/g,nine,,Wonder.,,"
    assert read(tmp_path, far, row) == [problem, other]


def test_the_verb_reads_the_folder_of_an_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "letterboxd-ida"
    folder.mkdir()
    write(folder / "reviews.csv", FERRY, FERRY_AGAIN, SALT)
    write(folder / "watched.csv", "2023-05-02,Salt Road,2011,https://boxd.it/x", header="Date,Name,Year,Letterboxd URI")
    (folder / "notes.txt").write_text("hello")
    output = tmp_path / "reviews.jsonl"
    assert evoke.main(["crawl", "letterboxd", "--saved", str(folder), "-o", str(output)]) == 0
    printed = capsys.readouterr().out
    assert f"2 records from 3 files in {output}; 2 without a work" in printed
    assert f"1 x another kind of answer, not a work, such as {folder / 'watched.csv'}: another file" in printed
    assert [line[1] for line in read_catalogue(output)] == [FERRY_RECORD, SALT_RECORD]  # type: ignore[index]


def test_it_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["crawl", "letterboxd", "-o", str(tmp_path / "films.jsonl")]) == 2
    printed = capsys.readouterr()
    assert "letterboxd is not asked: `--saved` reads reviews.csv of your own export" in printed.err
    assert printed.err.count("\n") == 1
