"""Files of ratings are recognised, read and joined to works; what cannot be used is named with file and line."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from crawler.errors import CatalogueMissing, GzipDamaged
from indexer.errors import TasteInvalid
from indexer.ratings.joining import JoinReport, WorkFinder, join_ratings
from indexer.ratings.links import read_links
from indexer.ratings.reading import read_ratings, recognise_ratings
from indexer.ratings.records import RatedWork, Rating, ReadingReport
from indexer.records import Work

FORMATS = {
    "MovieLens": ("userId,movieId,rating,timestamp\n7,31,4.5,1\n7,32,0.5,2\n", [("7", "31", 4.5), ("7", "32", 0.5)]),
    "MovieLens (::)": ("7::31::4::1\n8::32::1::2\n", [("7", "31", 4.0), ("8", "32", 1.0)]),
    "MovieLens (u.data)": ("7\t31\t4\t1\n8\t32\t1\t2\n", [("7", "31", 4.0), ("8", "32", 1.0)]),
    "goodbooks": ("user_id,book_id,rating\n7,31,5\n", [("7", "31", 5.0)]),
    "RecBole": ("user_id:token\titem_id:token\trating:float\ttimestamp:float\n7\ta\t4.0\t1\n", [("7", "a", 4.0)]),
    "table": (
        "user,imdb_id,rating\n7,tt0000012,4\n7,15,3\n",
        [("7", RatedWork({"imdb": "tt0000012"}), 4.0), ("7", RatedWork({"imdb": "tt0000015"}), 3.0)],
    ),
    "Goodreads export": (
        'Book Id,Title,Author,My Rating,Year Published\n12,"Tide Tables (Coast, #2)",A,4,1990\n13,Unrated,B,0,1991\n',
        [("", RatedWork({"goodreads": "12"}, ("Tide Tables",), 1990, "book"), 4.0)],
    ),
    "Letterboxd export": (
        "Date,Name,Year,Letterboxd URI,Rating\n2024-01-02,Low Water,1999,https://boxd.it/a,3.5\n",
        [("", RatedWork({}, ("Low Water",), 1999, "movie"), 3.5)],
    ),
    "IMDb export": (
        "Const,Your Rating,Title,Title Type,Year\ntt0000021,8,Low Water,Movie,1999\ntt0000022,9,Ebb,TV Series,2001\n",
        [("", RatedWork({"imdb": "tt0000021"}, ("Low Water",), 1999, "movie"), 4.0)],
    ),
}


def read(path: Path) -> tuple[list[Rating], ReadingReport]:
    report = ReadingReport()
    return list(read_ratings(path, recognise_ratings(path), report)), report


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_recognised_by_its_first_line(tmp_path: Path, name: str) -> None:
    content, expected = FORMATS[name]
    (tmp_path / "any").write_text(content)
    ratings, report = read(tmp_path / "any")
    assert [tuple(rating) for rating in ratings] == expected
    assert report.formats == {str(tmp_path / "any"): name}


def test_movielens_says_that_it_may_not_be_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv.gz"
    path.write_bytes(gzip.compress(FORMATS["MovieLens"][0].encode()))
    assert read(path)[1].licences == ["MovieLens (GroupLens): research only, no redistribution"]


def test_lines_that_cannot_be_used_are_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("userId,movieId,rating,timestamp\n1,2,4,1\n1,3,9,1\n1,4,x,1\n1,5\n1,6,nan,1\n1,7,-1,1\n")
    ratings, report = read(path)
    assert len(ratings) == 1
    assert report.lines() == [
        (
            "3 lines left out: the rating is not from 0.5 to 5 "
            "(ratings.csv:3 has 9; ratings.csv:6 has nan; ratings.csv:7 has -1)"
        ),
        "1 line left out: the rating is no number (ratings.csv:4 has 'x')",
        "1 line left out: the line is broken (ratings.csv:5)",
    ]


def test_a_tv_series_and_a_book_on_a_shelf_are_said(tmp_path: Path) -> None:
    (tmp_path / "imdb.csv").write_text(FORMATS["IMDb export"][0])
    assert read(tmp_path / "imdb.csv")[1].lines() == ["1 line left out: the title is not a film (imdb.csv:3)"]
    (tmp_path / "books.csv").write_text(FORMATS["Goodreads export"][0])
    assert read(tmp_path / "books.csv")[1].n_without == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("colour,size\nred,1\n", "is no table of ratings that is known: its first line is 'colour,size'"),
        ("colour,size\nred,1\n", "or a table with the columns user_id, rating, and one of work_id, imdb_id"),
        ("", "is empty: give a file of ratings"),
        ("userId;movieId;rating\n1;2;4\n", "has semicolons between its columns: save it with commas"),
        ("Date,Name,Year,Letterboxd URI\n2024,A,1999,u\n", "has no ratings: give ratings.csv of the same export"),
        (
            "userId,movieId,rating,timestamp\n1,2,7,1\n",
            r"could be read \(ratings.csv:2 has 7: the rating is not from 0.5 to 5\)",
        ),
        ("userId,movieId,rating,timestamp\n", "no rating could be read: it has a header and no line"),
    ],
)
def test_a_file_without_ratings_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(content)
    with pytest.raises(TasteInvalid, match=problem):
        read(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("userId,movieId,rating\n1,2,4\n".encode("utf-16"), "is not UTF-8 but UTF-16: save the file as UTF-8"),
        (b"PK\x03\x04\x14\x00", "is a zip archive or a spreadsheet: unpack it"),
    ],
)
def test_a_file_that_is_no_plain_text_says_what_it_is(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "ratings.csv").write_bytes(content)
    with pytest.raises(TasteInvalid, match=problem):
        recognise_ratings(tmp_path / "ratings.csv")


@pytest.mark.parametrize(
    "line", ['5,"77,5,1', '5,77",5,"1', '"5,77,5,1', '5,"77"x,5,1'], ids=["opened", "both", "first", "closed early"]
)
def test_a_stray_quote_costs_its_own_line(tmp_path: Path, line: str) -> None:
    lines = [f"{person},31,4,1" for person in range(3_000)]
    lines[10] = line
    (tmp_path / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *lines]) + "\n")
    ratings, report = read(tmp_path / "ratings.csv")
    assert len(ratings) == 2_999
    assert report.examples.popitem()[1][0].startswith("ratings.csv:12")


def test_two_stray_quotes_cost_two_lines(tmp_path: Path) -> None:
    lines = [f"{person},31,4,1" for person in range(100)]
    lines[10], lines[90] = '5,"77,5,1', '6,78",5,1'
    (tmp_path / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *lines]) + "\n")
    assert {rating.user for rating in read(tmp_path / "ratings.csv")[0]} >= {str(n) for n in range(100)} - {"10", "90"}


def test_a_review_of_several_lines_is_one_row(tmp_path: Path) -> None:
    (tmp_path / "books.csv").write_text(
        "Book Id,Title,My Rating,Year Published,My Review\n"
        '12,Ebb,4,1990,"Long.\n\nThe ""sea"", again\n"\n13,Reef,5,1991,\n'
    )
    ratings, report = read(tmp_path / "books.csv")
    assert [rating.stars for rating in ratings] == [4.0, 5.0]
    assert not report.left_out


@pytest.mark.parametrize(("name", "separator"), [("MovieLens", ","), ("MovieLens (::)", "::")])
def test_a_file_that_is_cut_short_is_refused_with_the_line(tmp_path: Path, name: str, separator: str) -> None:
    header = "userId,movieId,rating,timestamp\n" if separator == "," else ""
    lines = "".join(separator.join([str(n * 7919 % 99_991), str(n), "4", "1"]) + "\n" for n in range(50_000))
    packed = gzip.compress((header + lines).encode())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(GzipDamaged, match=r"cut.csv.gz:[0-9]{4,5}: the gzip stream is damaged or cut short here"):
        read(tmp_path / "cut.csv.gz")


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CatalogueMissing, match="is a pipe, which can be read only once: write its content to a file"):
        recognise_ratings(tmp_path / "pipe")
    with pytest.raises(CatalogueMissing, match="is a pipe"):
        read_links([tmp_path / "pipe"])


def test_an_id_of_any_length_is_an_unknown_work(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(f"user,imdb_id,rating\n1,{'9' * 5_000},4\n1,012,4\n")
    report = JoinReport()
    assert join_ratings([tmp_path / "ratings.csv"], [], WorkFinder(WORKS), report).works.tolist() == [0]
    assert "1 rated work is not in the catalogue, most rated: imdb:tt9999" in report.lines()[-1]
    assert len(report.lines()[-1]) < 150
    (tmp_path / "links.csv").write_text(f"movieId,imdbId,tmdbId\n31,{'9' * 5_000},\n")
    assert read_links([tmp_path / "links.csv"])


def test_exports_are_counted_as_exports(tmp_path: Path) -> None:
    for name in ("IMDb export", "Letterboxd export"):
        (tmp_path / name).write_text(FORMATS[name][0])
    works = [Work(id="f", kind="movie", title="Low Water", year=1999)]
    paths = [tmp_path / "IMDb export", tmp_path / "Letterboxd export"]
    report = JoinReport()
    join_ratings(paths, [], WorkFinder(works), report)
    assert (
        "2 ratings read, 2 (100.0%) of works in the catalogue: 1 of 2 rated works, 2 personal exports" in report.lines()
    )


REEF = RatedWork({}, ("Reef",), 1999)
TABLES = {
    "links.csv": ("movieId,imdbId,tmdbId\n31,0000012,9\n", RatedWork({"imdb": "tt0000012", "tmdb": "9"}, kind="movie")),
    "movies.csv": ('movieId,title,genres\n31,"Reef, The (1999)",D\n', RatedWork({}, ("Reef, The",), 1999, "movie")),
    "movies.dat": ("31::Caf\xe9 (1999)::Drama\n", RatedWork({}, ("Caf\xe9",), 1999)),
    "u.item": ("31|Reef (1999)|01-Jan-1999||http://x|0|1\n", REEF),
    "books.csv": (
        'book_id,goodreads_book_id,isbn,original_publication_year,title\n31,5,123456789,1990.0,"Ebb (C, #1)"\n',
        RatedWork({"goodreads": "5", "isbn10": "123456789"}, ("Ebb",), 1990, "book"),
    ),
    "ml.item": ("item_id:token\tmovie_title:token_seq\trelease_year:token\n31\tReef\t1999\n", REEF),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_works_name_what_is_rated(tmp_path: Path, name: str) -> None:
    content, expected = TABLES[name]
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    assert read_links([tmp_path / name]) == {"31": expected}


WORKS = [
    Work(id="a", kind="movie", title="The Reef", year=1999, ids={"imdb": "tt0000012"}),
    Work(id="b", kind="movie", title="Twice", year=2001),
    Work(id="c", kind="movie", title="Twice", year=2001),
    Work(id="d", kind="book", title="The Reef", year=1999),
]


@pytest.mark.parametrize(
    ("work", "found"),
    [
        (RatedWork({"imdb": "tt0000012"}), "a"),
        (RatedWork({"imdb": "tt9999999"}, ("Reef, The",), 1999, "movie"), "a"),
        (RatedWork({}, ("Reef, The",), 2000, "movie"), "a"),
        (RatedWork({}, ("The Reef",), 1999, "book"), "d"),
        (RatedWork({}, ("Twice",), 2001), None),
        (RatedWork({}, ("The Reef",), 2002), None),
        (RatedWork({}, ("The Reef",)), None),
    ],
)
def test_works_are_found_by_id_then_by_title_and_year(work: RatedWork, found: str | None) -> None:
    finder = WorkFinder(WORKS)
    row = finder.find(work)
    assert (None if row is None else finder.work_ids[row]) == found


def test_joining_says_how_much_was_joined(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,31,4,1\n1,31,2,2\n2,31,5,1\n2,77,5,1\n3,78,5,1\n"
    )
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n31,12,\n78,99,\n")
    report = JoinReport()
    joined = join_ratings([tmp_path / "ratings.csv"], [], WorkFinder(WORKS), report)
    assert (joined.users.tolist(), joined.works.tolist(), joined.stars.tolist()) == ([0, 1], [0, 0], [2.0, 5.0])
    assert report.lines()[1:] == [
        f"works named by {tmp_path / 'links.csv'}",
        "5 ratings read, 3 (60.0%) of works in the catalogue: 1 of 3 rated works, 2 people",
        "2 rated works are not in the catalogue, most rated: ratings.csv's 77, imdb:tt0000099",
        "1 rating repeated: the last of a person for a work counts",
    ]


def test_ratings_of_no_work_in_the_catalogue_name_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,31,4,1\n")
    with pytest.raises(TasteInvalid, match=r"none of the 1 ratings .*: put the table of the works beside it \(links"):
        join_ratings([tmp_path / "ratings.csv"], [], WorkFinder(WORKS), JoinReport())


def test_each_file_of_ratings_has_the_tables_of_its_own_ids(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,31,4,1\n")
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n31,0000012,\n")
    (tmp_path / "u.data").write_text("1\t31\t5\t1\n")
    (tmp_path / "u.item").write_text("31|Once (2001)|01-Jan-2001||http://x|0|1\n")
    works = [WORKS[0], Work(id="e", kind="movie", title="Once", year=2001)]
    files = [tmp_path / "ratings.csv", tmp_path / "u.data"]
    for links in ([], [tmp_path / "links.csv", tmp_path / "u.item"]):
        joined = join_ratings(files, links, WorkFinder(works), JoinReport())
        assert (joined.users.tolist(), joined.works.tolist()) == ([0, 1], [0, 1])


def test_imdb_ids_and_ids_of_the_catalogue_need_no_table(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("user_id,item_id,rating\n1,tt0000012,4\n")
    (tmp_path / "two.csv").write_text("user_id,work_id,rating\n1,d,4\n")
    joined = join_ratings([tmp_path / "one.csv", tmp_path / "two.csv"], [], WorkFinder(WORKS), JoinReport())
    assert joined.works.tolist() == [0, 3]
