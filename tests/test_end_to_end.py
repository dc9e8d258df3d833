"""From the sources to an answer: spiders against a server of our own, the merge, the index, a search."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fakes import FakeEncoder
from homes import ask, open_home
from replay import Reply, json_reply, replaying

from crawler.catalogue import read_catalogue
from crawler.sources.table import SOURCES
from indexer.pipeline import build_index
from indexer.settings import IndexSettings

PLOT = "Two brothers sail a boat of newspapers down a flooded street and learn to hope."
BLURB = "A courier carries salt over the last road of the desert, and finds her courage there."
ISBN = "9780804429573"

TMDB_FILM = {
    "id": 71, "imdb_id": "tt0000071", "title": "Paper Boats", "original_title": "Bateaux de papier", "overview": PLOT,
    "original_language": "fr", "release_date": "1999-05-01", "runtime": 88, "genres": [{"id": 1, "name": "Drama"}],
    "vote_average": 7.5, "vote_count": 120, "keywords": {"keywords": [{"id": 1, "name": "flood"}]},
    "credits": {"cast": [], "crew": [{"name": "Ana Brook", "job": "Director"}]},
}  # fmt: skip
WIKIDATA_FILM = {
    "entities": {
        "Q71": {
            "id": "Q71", "type": "item", "labels": {"en": {"language": "en", "value": "Paper Boats"}},
            "claims": {
                "P31": [{"rank": "normal", "mainsnak": {"snaktype": "value", "datavalue": {
                    "type": "wikibase-entityid", "value": {"entity-type": "item", "id": "Q11424"}}}}],
                "P345": [{"rank": "normal", "mainsnak": {"snaktype": "value", "datavalue": {
                    "type": "string", "value": "tt0000071"}}}],
                "P577": [{"rank": "normal", "mainsnak": {"snaktype": "value", "datavalue": {
                    "type": "time", "value": {"time": "+1999-05-01T00:00:00Z", "precision": 11}}}}],
            },
        }
    }
}  # fmt: skip
GOOGLE_VOLUME = {
    "kind": "books#volume", "id": "aB_-9",
    "volumeInfo": {
        "title": "The Salt Road", "authors": ["Ines Prado"], "publishedDate": "2011", "description": BLURB,
        "industryIdentifiers": [{"type": "ISBN_13", "identifier": ISBN}], "pageCount": 312, "language": "en",
    },
}  # fmt: skip
OPEN_LIBRARY = {
    "/works/OL45W.json": {
        "key": "/works/OL45W", "type": {"key": "/type/work"}, "title": "The Salt Road",
        "authors": [{"author": {"key": "/authors/OL1A"}, "type": {"key": "/type/author_role"}}],
        "subjects": ["Deserts"],
    },
    "/authors/OL1A.json": {"key": "/authors/OL1A", "type": {"key": "/type/author"}, "name": "Inés Prado"},
    "/works/OL45W/editions.json": {
        "size": 1, "links": {"work": "/works/OL45W"},
        "entries": [{
            "key": "/books/OL5M", "type": {"key": "/type/edition"}, "title": "The Salt Road", "isbn_13": [ISBN],
            "number_of_pages": 312, "works": [{"key": "/works/OL45W"}],
        }],
    },
}  # fmt: skip
GOODREADS_STATE = {
    "ROOT_QUERY": {'getBookByLegacyId({"legacyId":"4711"})': {"__ref": "Book:2"}},
    "Book:2": {
        "legacyId": 4711, "webUrl": "https://www.goodreads.com/book/show/4711", "title": "The Salt Road",
        "titleComplete": "The Salt Road", "description": BLURB, "details": {"isbn13": ISBN, "numPages": 312},
        "primaryContributorEdge": {"node": {"__ref": "Contributor:1"}, "role": "Author"},
        "bookGenres": [{"genre": {"name": "Adventure"}}], "work": {"__ref": "Work:1"},
    },
    "Contributor:1": {"name": "Ines Prado"},
    "Work:1": {"legacyId": 815, "details": {}, "stats": {"averageRating": 4.2, "ratingsCount": 9000}},
}  # fmt: skip
GOODREADS_PAGE = (
    '<html><body><script id="__NEXT_DATA__" type="application/json">'
    + json.dumps({"props": {"pageProps": {"apolloState": GOODREADS_STATE}}, "page": "/book/show/[book_id]"})
    + "</script></body></html>"
)
WIKIPEDIA_FILM = {
    "batchcomplete": True,
    "query": {
        "pages": [
            {
                "pageid": 7171,
                "ns": 0,
                "title": "Paper Boats (1999 film)",
                "extract": "Paper Boats is a film.",
                "categories": [{"title": "Category:1999 films"}, {"title": "Category:Films about floods"}],
                "pageprops": {"wikibase_item": "Q71"},
            }
        ]
    },
}
ANSWERS: dict[str, Any] = {
    "/movie/71": TMDB_FILM,
    "/movie/72": {
        **TMDB_FILM,
        "id": 72,
        "imdb_id": "tt0000072",
        "overview": "The boat sails once more.",
        "release_date": "2015-01-01",
    },
    "/volumes/aB_-9": GOOGLE_VOLUME,
    "/wiki/Special:EntityData/Q71.json": WIKIDATA_FILM,
    "/w/api.php": WIKIPEDIA_FILM,
    **OPEN_LIBRARY,
}
IMDB_BASICS = (
    "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
    "tt0000071\tmovie\tPaper Boats\tBateaux de papier\t0\t1999\t\\N\t88\tDrama,Family\n"
    "tt0000099\ttvSeries\tPaper Boats\tPaper Boats\t0\t1999\t\\N\t\\N\tDrama\n"
)
IMDB_RATINGS = "tconst\taverageRating\tnumVotes\ntt0000071\t7.9\t51234\n"


def answer(path: str, _: int) -> Reply:
    place = urlsplit(path).path
    if place == "/book/show/4711":
        return Reply(GOODREADS_PAGE.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    return json_reply(ANSWERS[place]) if place in ANSWERS else Reply(b"{}", 404)


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A catalogue from each source."""
    folder = tmp_path_factory.mktemp("crawled")
    tables = folder / "imdb"
    tables.mkdir()
    (tables / "title.basics.tsv").write_text(IMDB_BASICS)
    (tables / "title.ratings.tsv.gz").write_bytes(gzip.compress(IMDB_RATINGS.encode()))
    asked = {
        "tmdb": ["--ids", "71", "72"],
        "wikidata": ["--ids", "Q71"],
        "wikipedia": ["--ids", "Paper Boats (1999 film)"],
        "google-books": ["--ids", "aB_-9"],
        "open-library": ["--ids", "OL45W"],
        "goodreads": ["--ids", "4711"],
        "imdb": ["--saved", str(tables)],
    }
    with replaying(answer) as server:
        environment = {
            **os.environ,
            "EVOKE_HOME": str(folder / "home"),
            "EVOKE_SOURCE_URLS": json.dumps(dict.fromkeys(asked, server.address)),
            "EVOKE_TMDB_API_KEY": "key", "EVOKE_GOOGLE_BOOKS_API_KEY": "key", "EVOKE_CONTACT": "reader@example.org",
        }  # fmt: skip
        for source, arguments in asked.items():
            command = [
                sys.executable,
                "-m",
                "evoke",
                "crawl",
                source,
                *arguments,
                "-o",
                str(folder / f"{source}.jsonl"),
            ]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, (source, done.stderr)
    return [folder / f"{source}.jsonl" for source in asked]


def test_records_have_only_the_ids_that_their_source_declares(catalogues: list[Path]) -> None:
    for catalogue in catalogues:
        for entry in read_catalogue(catalogue):
            assert isinstance(entry, tuple)
            _, record = entry
            assert record.ids
            assert set(record.ids) <= set(SOURCES[record.source].ids)


def test_records_of_seven_sources_become_three_works(catalogues: list[Path], home: Path) -> None:
    report = build_index(catalogues, IndexSettings(home=home), encoder=FakeEncoder())
    assert (report.n_works, report.n_rejected) == (3, 0)
    with open_home(home) as search:
        film, book = (ask(search, text, limit=1).hits[0] for text in ("newspapers flooded street", "courier desert"))
        remake = next(hit for hit in ask(search, "paper boats").hits if hit.year == 2015)
    assert {source.source for source in film.sources} == {"tmdb", "imdb", "wikidata", "wikipedia"}
    assert "floods" in film.keywords
    assert {"tmdb": "71", "imdb": "tt0000071", "wikidata": "Q71"}.items() <= film.ids.items()
    assert (film.title, film.year, film.description, film.language) == ("Paper Boats", 1999, PLOT, "fr")
    assert [creator.name for creator in film.creators if creator.role == "director"] == ["Ana Brook"]
    assert film.rating is not None
    assert film.rating.count == 51234
    assert remake.ids["tmdb"] == "72"
    assert {source.source for source in book.sources} == {"google-books", "open-library", "goodreads"}
    assert {"isbn13": ISBN, "open_library": "OL45W", "goodreads": "4711"}.items() <= book.ids.items()
    assert (book.title, book.kind, book.page_count) == ("The Salt Road", "book", 312)
    assert len({source.attribution for source in (*film.sources, *book.sources)}) > 1


def test_the_notices_of_sources_are_shown(catalogues: list[Path], home: Path) -> None:
    build_index(catalogues, IndexSettings(home=home), encoder=FakeEncoder())
    with open_home(home) as search:
        assert any("TMDB APIs but is not endorsed" in notice for notice in search.attributions())
