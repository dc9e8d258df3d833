"""`evoke index` reads tables that it knows, and says how to read others."""

from __future__ import annotations

import shlex
from datetime import date
from pathlib import Path

import pytest
from fakes import FakeEncoder
from homes import read_points

import evoke
from indexer.build_report import BuildReport
from indexer.errors import NothingToIndex
from indexer.pipeline import build_index
from indexer.profile.profile import profile_catalogues
from indexer.settings import IndexSettings

FILMS = (
    "Poster_Link,Series_Title,Released_Year,Certificate,Runtime,Genre,IMDB_Rating,Overview,Meta_score,Director,Star1,"
    "Star2,Star3,Star4,No_of_Votes,Gross\n"
    "https://m.media-amazon.com/x.jpg,Tin Ship,1994,A,142 min,Drama,9.3,Two sail a boat.,80,Ada Marsh,Bo Li,,,,23,\n"
    "https://m.media-amazon.com/y.jpg,Lamp,PG,U,140 min,Drama,7.6,A lamp burns.,77,Ada Marsh,Bo Li,,,,26,\n"
    "https://m.media-amazon.com/z.jpg,,2001,U,140 min,Drama,7.6,A lamp burns.,77,Ada Marsh,Bo Li,,,,26,\n"
)
UNKNOWN = "Film;Released;Plot;Score;Votes\nTin Ship;1994;Two men;8,3;700\n"


def build(home: Path, *catalogues: Path) -> BuildReport:
    return build_index(catalogues, IndexSettings(home=home), encoder=FakeEncoder())


def titles(home: Path) -> set[str]:
    return {payload["title"] for payload, _ in read_points(home).values()}


def test_known_table_is_indexed_with_what_was_left_out(home: Path, tmp_path: Path) -> None:
    films = tmp_path / "imdb_top_1000.csv"
    films.write_text(FILMS)
    report = build(home, films)
    assert titles(home) == {"Tin Ship", "Lamp"}
    assert f"1 x left out, year: not a year, such as {films}:3 'PG'" in report.notes
    assert report.n_rejected == 1
    assert '"line":4,"reason":"a work without a title"' in report.rejects.read_text()


def test_companion_is_no_catalogue_of_its_own(home: Path, tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n7,Tin Ship (1995),Drama\n")
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n7,0114709,862\n")
    report = build(home, tmp_path / "links.csv", tmp_path / "movies.csv")
    assert titles(home) == {"Tin Ship"}
    assert report.n_rejected == 0


def test_exports_that_sources_read_are_indexed_too(home: Path, tmp_path: Path) -> None:
    reviews, shelf = tmp_path / "reviews.csv", tmp_path / "shelf.csv"
    reviews.write_text("Date,Name,Year,Letterboxd URI,Rating,Review\n2024-01-01,Salt,2019,https://boxd.it/a,4,Grim.\n")
    shelf.write_text("Book Id,Title,Author,ISBN,ISBN13,My Rating\n5,Chalk,Ann Ode,,,4\nx,Flint,Ann Ode,,,4\n")
    report = build(home, reviews, shelf)
    assert titles(home) == {"Salt", "Chalk"}
    assert '"line":3' in report.rejects.read_text()


def test_profile_reads_tables(tmp_path: Path) -> None:
    films = tmp_path / "imdb_top_1000.csv"
    films.write_text(FILMS)
    assert profile_catalogues([films], date(2026, 1, 1)).n_by_kind == {"movie": 2}


def test_refusal_of_an_unknown_table_has_the_command_that_reads_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my films.csv").write_text(UNKNOWN)
    assert evoke.main(["index", "my films.csv"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    command = shlex.split(line.partition("To read it: ")[2].partition(" && ")[0])
    assert command[:3] == ["evoke", "crawl", "table"]
    assert evoke.main(command[1:]) == 0
    record = Path("my films.jsonl").read_text()
    assert '"description":"Two men","year":1994' in record
    assert '"rating":{"mean":8.3,"count":700,"scale":10.0}' in record


def test_refusal_guesses_german_columns_and_names_those_that_it_does_not_know(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = tmp_path / "Filme.csv"
    rows = "Titel;Erscheinungsjahr;Laufzeit;Inhalt;Regie;Regal\nDer Hügel;1991;93;Vom Warten;Jo;2\n"
    films.write_bytes(rows.encode("cp1252"))
    assert evoke.main(["index", str(films)]) == 2
    error = capsys.readouterr().err
    assert "title=Titel,year=Erscheinungsjahr,description=Inhalt,directors=Regie,runtime=Laufzeit --kind movie" in error
    assert error.endswith("Not guessed: Regal\n")


def test_list_of_ids_is_refused_with_what_fetches_its_works(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ids.txt").write_text("tt0111161\ntt0133093\n")
    assert evoke.main(["index", str(tmp_path / "ids.txt")]) == 2
    assert "evoke crawl imdb --ids-file ids.jsonl" in capsys.readouterr().err


def test_known_table_without_a_work_changes_nothing(home: Path, tmp_path: Path) -> None:
    films = tmp_path / "imdb_top_1000.csv"
    films.write_text("".join(FILMS.splitlines(keepends=True)[::3]))
    with pytest.raises(NothingToIndex, match=f"{films}:2: a work without a title"):
        build(home, films)
