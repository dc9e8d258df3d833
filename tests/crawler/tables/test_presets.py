"""Each preset reads the table that it is made for, by the columns that the site or the data set writes."""

# ruff: noqa: E501, ISC004 - rows of tables are as long as they are

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import evoke
from crawler.catalogue import read_catalogue
from crawler.records import SourceRecord
from crawler.tables.presets import PRESETS, Preset
from crawler.tables.targets import parse_mapping


def crawl(tmp_path: Path, *arguments: str | Path) -> list[SourceRecord]:
    output = tmp_path / "works.jsonl"
    assert evoke.main(["crawl", "table", *map(str, arguments), "-o", str(output)]) == 0
    return [entry[1] for entry in read_catalogue(output) if isinstance(entry, tuple)]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_target_of_a_preset_is_known(preset: Preset) -> None:
    names = {part.partition("=")[2] for part in preset.mapping.split(",")}
    columns = {re.sub("/(5|10)$", "", column) for name in names for column in name.split("+")}
    assert parse_mapping(preset.mapping, sorted(columns))


def test_movielens_with_its_links(tmp_path: Path) -> None:
    movies = write(
        tmp_path / "movies.csv",
        'movieId,title,genres\n7,Tin Ship (1995),Drama|War\n9,"Lamp, The (1999)",(no genres listed)\n',
    )
    write(tmp_path / "links.csv", "movieId,imdbId,tmdbId\n7,0114709,862\n9,0133093,\n")
    ship, lamp = crawl(tmp_path, movies)
    assert (ship.title, ship.year, ship.genres, ship.kind) == ("Tin Ship", 1995, ("Drama", "War"), "movie")
    assert ship.ids == {"imdb": "tt0114709", "tmdb": "862"}
    assert (lamp.title, lamp.genres, lamp.ids) == ("The Lamp", (), {"imdb": "tt0133093"})
    assert "research only" in (ship.licence or "")


def test_movies_of_tmdb_with_their_credits(tmp_path: Path) -> None:
    def quoted(*objects: dict[str, object]) -> str:
        return '"' + json.dumps(objects).replace('"', '""') + '"'

    movies = write(
        tmp_path / "tmdb_5000_movies.csv",
        "budget,genres,homepage,id,keywords,original_language,original_title,overview,popularity,"
        "production_countries,release_date,revenue,runtime,spoken_languages,status,tagline,title,vote_average,vote_count\n"
        f"1,{quoted({'id': 18, 'name': 'Drama'})},,55,{quoted({'id': 1, 'name': 'salt'})},fr,Le Sel,"
        f'"A town lives, and dies, of salt.",1.5,{quoted({"iso_3166_1": "FR", "name": "France"})},2009-12-10,1,162.0,[],'
        "Released,,Salt,7.2,118\n",
    )
    crew = quoted({"job": "Director", "name": "Ada Marsh"}, {"job": "Editor", "name": "Bo Li"})
    credits_ = write(
        tmp_path / "tmdb_5000_credits.csv",
        f"movie_id,title,cast,crew\n55,Salt,{quoted({'name': 'Ines Roux', 'order': 0})},{crew}\n",
    )
    for files in ([movies], [movies, credits_], [credits_, movies]):
        (film,) = crawl(tmp_path, *files)
        (tmp_path / "works.jsonl").unlink()
        assert [(person.name, person.role) for person in film.creators] == [
            ("Ada Marsh", "director"),
            ("Ines Roux", "actor"),
        ]
        assert (film.genres, film.keywords, film.language, film.countries) == (("Drama",), ("salt",), "fr", ("FR",))
        assert (film.year, film.runtime_minutes, film.ids["tmdb"]) == (2009, 162, "55")
        assert film.rating is not None
        assert (film.rating.mean, film.rating.count, film.rating.scale) == (7.2, 118, 10)


def test_adult_films_and_python_literals_of_the_larger_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    movies = write(
        tmp_path / "movies_metadata.csv",
        "adult,belongs_to_collection,genres,id,imdb_id,original_language,original_title,overview,release_date,runtime,"
        "title,vote_average,vote_count\n"
        "False,\"{'id': 1, 'name': 'Salt Collection'}\",\"[{'id': 18, 'name': 'Drama'}]\",55,tt0114709,en,Salt,A town.,"
        "1995-10-30,81.0,Salt,7.7,5415.0\n"
        "True,,[],56,tt0114710,en,Pepper,A bed.,1995-10-30,81.0,Pepper,7.7,54.0\n",
    )
    (film,) = crawl(tmp_path, movies)
    assert film.series is not None
    assert (film.series.name, film.genres, film.ids["imdb"]) == ("Salt Collection", ("Drama",), "tt0114709")
    assert f"adult: {movies}:3" in capsys.readouterr().out


def test_imdb_top_1000(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films = write(
        tmp_path / "imdb_top_1000.csv",
        "Poster_Link,Series_Title,Released_Year,Certificate,Runtime,Genre,IMDB_Rating,Overview,Meta_score,Director,Star1,"
        "Star2,Star3,Star4,No_of_Votes,Gross\n"
        'https://m.media-amazon.com/x.jpg,Tin Ship,1994,A,142 min,"Crime, Drama",9.3,"Two men, one boat.",80,Ada Marsh,'
        'Bo Li,Ines Roux,Cy Fox,Dee Kay,2343110,"28,341,469"\n'
        "https://m.media-amazon.com/y.jpg,Lamp,PG,U,140 min,Drama,7.6,A lamp.,77,Ada Marsh,Bo Li,,,,269197,\n",
    )
    ship, lamp = crawl(tmp_path, films)
    assert [person.role for person in ship.creators] == ["director", "actor", "actor", "actor", "actor"]
    assert (ship.year, ship.runtime_minutes, ship.genres) == (1994, 142, ("Crime", "Drama"))
    assert ship.rating is not None
    assert ship.rating.count == 2343110
    assert lamp.year is None
    assert f"1 x left out, year: not a year, such as {films}:3 'PG'" in capsys.readouterr().out


def test_goodbooks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books = write(
        tmp_path / "books.csv",
        "book_id,goodreads_book_id,best_book_id,work_id,books_count,isbn,isbn13,authors,original_publication_year,"
        "original_title,title,language_code,average_rating,ratings_count,work_ratings_count\n"
        '1,2767052,2767052,2792775,272,439023483,9.78043902348e+12,"Ann Ode, Bo Li",-750.0,Salt,'
        '"Salt (The Roads, #1)",eng,4.34,4780653,4942365\n',
    )
    (book,) = crawl(tmp_path, books)
    assert (book.title, book.year, book.language, book.kind) == ("Salt", -750, "en", "book")
    assert book.series is not None
    assert (book.series.name, book.series.position) == ("The Roads", 1)
    assert book.ids == {"goodreads": "2767052", "goodreads_work": "2792775", "isbn13": "9780439023481"}
    assert [person.name for person in book.creators] == ["Ann Ode", "Bo Li"]
    assert "left out" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "Date,Name,Year,Letterboxd URI\n2024-02-01,Salt,2019,https://boxd.it/a\n",
        "Date,Name,Year,Letterboxd URI,Rating\n2024-02-01,Salt,2019,https://boxd.it/a,4.5\n",
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
        "2024-02-01,Salt,2019,https://boxd.it/a,5,,,2024-01-31\n2024-03-01,Salt,2019,https://boxd.it/b,5,Yes,,2024-03-01\n",
        "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n2024-01-01,Mine,,https://boxd.it/c,\n\n"
        "Position,Name,Year,URL,Description\n1,Salt,2019,https://boxd.it/a,\n",
    ],
    ids=["watched", "ratings", "diary", "list"],
)
def test_letterboxd(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (film,) = crawl(tmp_path, write(tmp_path / "films.csv", text))
    assert (film.title, film.year, film.kind, film.rating, film.reviews) == ("Salt", 2019, "movie", None, ())
    assert ("Rating" in capsys.readouterr().out) == ("Rating" in text)


def test_lists_and_ratings_of_imdb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = write(
        tmp_path / "ratings.csv",
        "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres,"
        "Num Votes,Release Date,Directors\n"
        'tt0133093,9,2024-01-05,Salt,Le Sel,https://www.imdb.com/title/tt0133093,Movie,8.7,136,1999,"Action, Sci-Fi",'
        '2100000,1999-03-31,"Ada Marsh, Bo Li"\n'
        "tt0903747,10,2024-01-05,Chalk,Chalk,https://www.imdb.com/title/tt0903747,TV Series,9.5,49,2008,Drama,2,2008-01-20,\n",
    )
    (film,) = crawl(tmp_path, ratings)
    assert (film.source_id, film.original_title, film.runtime_minutes) == ("tt0133093", "Le Sel", 136)
    assert film.rating is not None
    assert film.rating.mean == 8.7
    printed = capsys.readouterr().out
    assert "Your Rating: what a person thinks of a work, not a fact about it: left out" in printed
    assert f"a series or episode, not a film: TV Series: {ratings}:3" in printed


def test_storygraph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books = write(
        tmp_path / "storygraph.csv",
        "Title,Authors,Contributors,ISBN/UID,Format,Read Status,Date Added,Last Date Read,Dates Read,Read Count,Moods,Pace,"
        "Star Rating,Review,Tags,Owned?\n"
        'Salt,Ann Ode,Bo Li (Translator),9780439023481,paperback,read,2024/01/01,,,1,"dark, tense",fast,4.5,Grim.,,No\n'
        "Chalk,Ann Ode,,d6a1c0de-uid,digital,to-read,2024/01/01,,,0,,,,,,No\n",
    )
    salt, chalk = crawl(tmp_path, books)
    assert [(person.name, person.role) for person in salt.creators] == [("Ann Ode", "author"), ("Bo Li", "translator")]
    assert (salt.ids, salt.keywords) == ({"isbn13": "9780439023481"}, ("dark", "tense", "fast"))
    assert (salt.rating, [review.text for review in salt.reviews]) == (None, ["Grim."])
    assert chalk.ids == {}
    assert "1 x left out, isbn" in capsys.readouterr().out


def test_librarything_in_latin_1(tmp_path: Path) -> None:
    books = write(
        tmp_path / "librarything.tsv",
        "Book Id\tTitle\tSort Character\tPrimary Author\tPrimary Author Role\tSecondary Author\tPublication\tDate\tReview\t"
        "Rating\tMedia\tPage Count\tTags\tLanguages\tISBN\tISBNs\n"
        '81\t"Château" de sel\t1\tOdé, Ann\tAuthor\tLi, Bo|Fox, Cy\tPen (2001)\t2001\t\t4\tPaperback\t200\tsalt, sea\tFrench\t'
        "[0439023483]\t0439023483, 9780439023481\n"
        "82\tSongs\t1\tLi, Bo\tAuthor\t\tPen (2001)\t2001\t\t4\tMusic recording\t\t\t\t\t\n",
        "latin-1",
    )
    (book,) = crawl(tmp_path, books)
    assert (book.title, book.kind, book.language, book.page_count) == ('"Château" de sel', "book", "fr", 200)
    assert [person.name for person in book.creators] == ["Ann Odé", "Bo Li", "Cy Fox"]
    assert (book.ids, book.keywords) == ({"isbn13": "9780439023481"}, ("salt", "sea"))


def test_librarything_in_json(tmp_path: Path) -> None:
    book = {
        "books_id": "81", "title": "Salt", "primaryauthor": "Ode, Ann", "date": "2001", "rating": 4, "pages": "200 ",
        "authors": [{"lf": "Ode, Ann", "fl": "Ann Ode", "role": "Author"}], "isbn": {"0": "0439023483", "2": "9780439023481"},
        "language": ["English"], "tags": ["sea"], "genre": ["Fiction"],
    }  # fmt: skip
    path = write(tmp_path / "librarything.json", json.dumps({"81": book}))
    (record,) = crawl(tmp_path, path)
    assert [person.name for person in record.creators] == ["Ann Ode"]
    assert (record.ids, record.language, record.page_count) == ({"isbn13": "9780439023481"}, "en", 200)
    assert record.rating is None


def test_bookwyrm(tmp_path: Path) -> None:
    books = write(
        tmp_path / "bookwyrm.csv",
        "title,author_text,remote_id,openlibrary_key,goodreads_key,wikidata,isbn_10,isbn_13,rating,review_content,shelf\n"
        "Salt,Ann Ode,https://bookwyrm.social/book/1,OL7M,1885,,0439023483,9780439023481,4,,read\n",
    )
    (book,) = crawl(tmp_path, books)
    assert book.ids == {"open_library": "OL7M", "goodreads": "1885", "isbn13": "9780439023481"}


def test_calibre_as_csv_and_as_metadata_files(tmp_path: Path) -> None:
    books = write(
        tmp_path / "calibre.csv",
        "author_sort,authors,comments,id,identifiers,isbn,languages,pubdate,rating,series,series_index,tags,title,uuid\n"
        '"Ode, Ann & Li, Bo",Ann Ode & Bo Li,<p>A town &amp; salt.</p>,1,"goodreads:1885,amazon:B00",9780439023481,eng,'
        '2011-07-12T00:00:00+00:00,8,Roads,2.0,"sea, salt",Salt,aa-bb\n',
        "utf-8-sig",
    )
    (book,) = crawl(tmp_path, books)
    folder = tmp_path / "Library" / "Ann Ode" / "Salt (1)"
    folder.mkdir(parents=True)
    write(
        folder / "metadata.opf",
        """<?xml version='1.0' encoding='utf-8'?>
        <package xmlns="http://www.idpf.org/2007/opf" version="2.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"
          xmlns:opf="http://www.idpf.org/2007/opf">
        <dc:identifier opf:scheme="uuid" id="uuid_id">aa-bb</dc:identifier>
        <dc:identifier opf:scheme="ISBN">9780439023481</dc:identifier>
        <dc:identifier opf:scheme="GOODREADS">1885</dc:identifier>
        <dc:title>Salt</dc:title><dc:creator opf:role="aut">Ann Ode</dc:creator><dc:creator opf:role="aut">Bo Li</dc:creator>
        <dc:description>&lt;p&gt;A town &amp;amp; salt.&lt;/p&gt;</dc:description><dc:date>2011-07-12T00:00:00+00:00</dc:date>
        <dc:language>eng</dc:language><dc:subject>sea</dc:subject><dc:subject>salt</dc:subject>
        <meta name="calibre:series" content="Roads"/><meta name="calibre:series_index" content="2.0"/>
        </metadata></package>""",
    )
    (tmp_path / "works.jsonl").unlink()
    (same,) = crawl(tmp_path, tmp_path / "Library")
    assert book == same
    assert (book.description, book.year, book.keywords) == ("A town & salt.", 2011, ("sea", "salt"))
    assert [person.name for person in book.creators] == ["Ann Ode", "Bo Li"]
    assert book.ids == {"goodreads": "1885", "isbn13": "9780439023481"}
    assert book.series is not None
    assert (book.series.name, book.series.position) == ("Roads", 2)
