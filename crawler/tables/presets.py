"""The table of presets: tables that many people have, each recognised by its columns, and mapped as by `--map`.

Column names are those that the sites and data sets write: MovieLens (files.grouplens.org/datasets/movielens),
goodbooks-10k (github.com/zygmuntz/goodbooks-10k), TMDB's and IMDb's tables on Kaggle, and the exports of IMDb,
Letterboxd, StoryGraph, LibraryThing, BookWyrm and Calibre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.records import Kind
from crawler.sources.imdb import IMDB
from crawler.sources.letterboxd import LETTERBOXD
from crawler.sources.tmdb import TMDB
from crawler.tables.targets import fold

MOVIELENS_LICENCE = "MovieLens (GroupLens): research only, no redistribution"
GOODBOOKS_LICENCE = "goodbooks-10k: CC BY-SA 4.0"
OWN_EXPORT = "an export of one's own"


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A second table with facts of the same works.

    Attributes:
        columns: The columns by which it is recognised.
        key: Its column with the ids of the works.
        of: The column of the first table with these ids.
        names: The names under which it lies beside the first table.
    """

    columns: frozenset[str]
    key: str
    of: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A table that is recognised.

    Attributes:
        name: The source of its records, and the table's name in messages.
        columns: The columns by which it is recognised, folded; it has all of them.
        without: Columns that it does not have.
        mapping: Its columns by target, as `--map` takes them; those that a file lacks are left out.
        kind: The kind of its works.
        companions: Tables that are joined with it.
        personal: Columns of what a person thinks of the works: left out, and said so.
        licence, attribution: What is kept with its records.
    """

    name: str
    columns: frozenset[str]
    without: frozenset[str] = frozenset()
    mapping: str
    kind: Kind | None
    companions: tuple[Companion, ...] = ()
    personal: tuple[str, ...] = ()
    licence: str | None = None
    attribution: str | None = None


def _columns(text: str) -> frozenset[str]:
    return frozenset(fold(name) for name in text.split(","))


PRESETS: Sequence[Preset] = (
    Preset(
        name="movielens",
        columns=_columns("movieId,title,genres"),
        mapping="id=movieId,title_year=title,genres=genres,imdb=imdbId,tmdb=tmdbId",
        kind="movie",
        companions=(
            Companion(columns=_columns("movieId,imdbId,tmdbId"), key="movieId", of="movieId", names=("links.csv",)),
        ),
        licence=MOVIELENS_LICENCE,
        attribution="MovieLens (https://grouplens.org)",
    ),
    Preset(
        name="tmdb-table",
        columns=_columns("id,original_title,overview,release_date,vote_average,vote_count"),
        mapping="id=id,tmdb=id,imdb=imdb_id,title=title,original_title=original_title,description=overview,"
        "year=release_date,genres=genres,keywords=keywords,language=original_language,countries=production_countries,"
        "runtime=runtime,rating=vote_average/10,rating_count=vote_count,series=belongs_to_collection,adult=adult,"
        "crew=crew,actors=cast",
        kind="movie",
        companions=(
            Companion(
                columns=_columns("movie_id,cast,crew"), key="movie_id", of="id", names=("tmdb_5000_credits.csv",)
            ),
            Companion(columns=_columns("id,cast,crew"), key="id", of="id", names=("credits.csv",)),
            Companion(columns=_columns("id,keywords"), key="id", of="id", names=("keywords.csv",)),
        ),
        attribution=TMDB.attribution,
    ),
    Preset(
        name="imdb-top-1000",
        columns=_columns("Series_Title,Released_Year,Overview,Star1,No_of_Votes"),
        mapping="title=Series_Title,year=Released_Year,description=Overview,genres=Genre,runtime=Runtime,"
        "directors=Director,actors=Star1+Star2+Star3+Star4,rating=IMDB_Rating/10,rating_count=No_of_Votes,"
        "image_url=Poster_Link",
        kind="movie",
        attribution=IMDB.attribution,
    ),
    Preset(
        name="goodbooks",
        columns=_columns("book_id,goodreads_book_id,work_id,authors,original_publication_year,title"),
        mapping="id=goodreads_book_id,goodreads=goodreads_book_id,goodreads_work=work_id,isbn=isbn13+isbn,"
        "title_series=title,original_title=original_title,authors=authors,year=original_publication_year,"
        "language=language_code,description=description,genres=genres,pages=pages,"
        "rating=average_rating/5,rating_count=ratings_count",
        kind="book",
        licence=GOODBOOKS_LICENCE,
        attribution="goodbooks-10k (https://github.com/zygmuntz/goodbooks-10k)",
    ),
    Preset(
        name="imdb-list",
        columns=_columns("Const,Title,Title Type,URL"),
        mapping="imdb=Const,title=Title,original_title=Original Title,title_type=Title Type,year=Year,genres=Genres,"
        "runtime=Runtime (mins),directors=Directors,rating=IMDb Rating/10,rating_count=Num Votes,url=URL",
        kind="movie",
        personal=("Your Rating", "You rated", "Description"),
        licence=OWN_EXPORT,
        attribution=IMDB.attribution,
    ),
    Preset(
        name="letterboxd-films",
        columns=_columns("Name,Year,Letterboxd URI"),
        without=_columns("Review"),
        mapping="title=Name,year=Year",
        kind="movie",
        personal=("Rating", "Tags"),
        licence=OWN_EXPORT,
        attribution=LETTERBOXD.attribution,
    ),
    Preset(
        name="letterboxd-films",
        columns=_columns("Position,Name,Year,URL"),
        mapping="title=Name,year=Year",
        kind="movie",
        personal=("Description",),
        licence=OWN_EXPORT,
        attribution=LETTERBOXD.attribution,
    ),
    Preset(
        name="storygraph",
        columns=_columns("Title,Authors,ISBN/UID,Read Status"),
        mapping="title=Title,authors=Authors,contributors=Contributors,isbn=ISBN/UID,keywords=Moods+Pace+Tags,"
        "review=Review",
        kind="book",
        personal=("Star Rating",),
        licence=OWN_EXPORT,
        attribution="The StoryGraph (https://thestorygraph.com)",
    ),
    Preset(
        name="librarything",
        columns=_columns("Book Id,Title,Primary Author,ISBNs"),
        mapping="id=Book Id,title=Title,authors_by_last_name=Primary Author+Secondary Author,year=Date,kind=Media,"
        "isbn=ISBNs+ISBN,keywords=Tags+Subjects,language=Original Languages+Languages,pages=Page Count,review=Review",
        kind=None,
        personal=("Rating",),
        licence=OWN_EXPORT,
        attribution="LibraryThing (https://www.librarything.com)",
    ),
    Preset(
        name="librarything",
        columns=_columns("books_id,title,primaryauthor"),
        mapping="id=books_id,title=title,authors=authors,authors_by_last_name=primaryauthor,year=date,"
        "isbn=isbn+originalisbn,genres=genre,keywords=tags+subject,language=originallanguage+language,pages=pages,"
        "review=review",
        kind="book",
        personal=("rating",),
        licence=OWN_EXPORT,
        attribution="LibraryThing (https://www.librarything.com)",
    ),
    Preset(
        name="bookwyrm",
        columns=_columns("title,author_text,remote_id,isbn_13"),
        mapping="title=title,authors=author_text,open_library=openlibrary_key,goodreads=goodreads_key,wikidata=wikidata,"
        "isbn=isbn_13+isbn_10,review=review_content",
        kind="book",
        personal=("rating",),
        licence=OWN_EXPORT,
        attribution="BookWyrm (https://joinbookwyrm.com)",
    ),
    Preset(
        name="calibre",
        columns=_columns("title,authors,uuid,identifiers"),
        mapping="id=uuid,title=title,authors=authors,year=pubdate,description=comments,keywords=tags,"
        "language=languages,series=series,series_position=series_index,identifiers=identifiers,isbn=isbn",
        kind="book",
        personal=("rating",),
        licence=OWN_EXPORT,
    ),
)  # fmt: skip
"""The first that fits is taken."""


def find_preset(columns: Sequence[str]) -> Preset | None:
    """Return the preset of a table with these columns; None if there is none."""
    folded = set(map(fold, columns))
    return next((each for each in PRESETS if each.columns <= folded and not each.without & folded), None)


def companion_of(columns: Sequence[str]) -> Preset | None:
    """Return the preset with which a table of these columns is joined; None if it is a companion of none."""
    folded = set(map(fold, columns))
    return next(
        (each for each in PRESETS if any(c.columns | {"title"} == folded | {"title"} for c in each.companions)), None
    )
