"""The works of a person's list, as other services export it, are found in the catalogue or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from known_works import names_in, write_known
from pydantic import ValidationError

from search_api.matching import find_listed
from search_api.names import NameIndex
from search_api.records import MOST_LISTED, ListedWork, MatchRequest
from search_api.search import Search
from search_api.work_table import WorkTable


def work(work_id: str, title: str, year: int | None, kind: str = "movie", **facts: Any) -> dict[str, Any]:
    return {"id": work_id, "title": title, "year": year, "kind": kind, "description": f"All of {work_id}.", **facts}


RAIN = "A detective hunts a man from New York to Osaka, in the rain. "
WORKS = (
    work(
        "dune-1984", "Dune", 1984, ids={"imdb": "tt0087182", "tmdb": "841"}, rating={"count": 9, "mean": 6, "scale": 10}
    ),
    work("dune-2021", "Dune", 2021, ids={"imdb": "tt1160419"}, rating={"count": 90, "mean": 8, "scale": 10}),
    work("dune-book", "Dune", 1965, "book", ids={"goodreads": "44767458", "isbn10": "441013597"}),
    work("hope", "Star Wars: Episode IV - A New Hope", 1977),
    work("empire", "Star Wars: Episode V - The Empire Strikes Back", 1980),
    work("sapiens", "Sapiens: A Brief History of Humankind", 2011, "book", ids={"isbn13": "9780062316097"}),
    work("foundation", "Foundation and Empire", 1952, "book", series={"name": "Foundation"}),
    work("party", "The Party", 1968),
    work("undated", "Undated", None),
    work("rain", "Black Rain", 1989, rating={"count": 90, "mean": 6, "scale": 10}, description=RAIN),
    work("rain-again", "Black Rain", 1989, ids={"imdb": "tt0096933"}, description=RAIN),
)


@pytest.fixture(scope="module")
def known() -> tuple[NameIndex, WorkTable]:
    with tempfile.TemporaryDirectory() as folder:
        write_known(Path(folder, "known"), WORKS)
        return names_in(Path(folder, "known")), WorkTable(Path(folder, "known"))


def find(known: tuple[NameIndex, WorkTable], title: str, year: int | None = None, **facts: Any) -> str | None:
    names, table = known
    row = find_listed(names, table, ListedWork.model_validate({"title": title, "year": year, **facts}))
    return None if row is None else table.ids[row]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ({"imdb": "tt0087182"}, "dune-1984"),
        ({"tmdb": "841"}, "dune-1984"),
        ({"goodreads": "44767458"}, "dune-book"),
        ({"isbn": "0441013597"}, "dune-book"),  # stored without its leading zero
        ({"isbn": "978-0-441-01359-3"}, "dune-book"),
        ({"isbn": "0062316095"}, "sapiens"),
        ({"imdb": "tt0000001", "tmdb": "841"}, "dune-1984"),
    ],
)
def test_an_id_finds_its_work_whatever_the_title(
    known: tuple[NameIndex, WorkTable], ids: dict[str, str], expected: str
) -> None:
    assert find(known, "A title in another language", 1700, ids=ids) == expected


@pytest.mark.parametrize(
    ("title", "year", "kind", "expected"),
    [
        ("Dune", 1984, None, "dune-1984"),
        ("Dune", 1983, "movie", "dune-1984"),
        ("Dune", 1965, None, "dune-book"),
        ("Dune", 1965, "movie", None),
        ("Dune", 2000, None, None),
        ("Dune", None, "movie", "dune-2021"),  # the best known
        ("dune!", None, "book", "dune-book"),
        ("Sapiens", 2011, "book", "sapiens"),
        ("Sapiens", None, None, "sapiens"),
        ("Star Wars", 1977, None, "hope"),
        ("Star Wars", None, None, None),  # the beginning of two titles
        ("The Empire Strikes Back", None, None, "empire"),
        ("Dune: The Graphic Adventure", 2021, None, "dune-2021"),
        ("Dune: The Graphic Adventure", None, None, None),
        ("Foundation and Empire (Foundation, #2)", 1952, "book", "foundation"),
        ("Party, The (Boum, La)", 1968, "movie", "party"),
        ("Duneq", 1984, None, None),
        ("Undated", 1990, None, None),
        ("!!!", 1984, None, None),
    ],
)
def test_a_title_finds_the_work_of_its_year(
    known: tuple[NameIndex, WorkTable], title: str, year: int | None, kind: str | None, expected: str | None
) -> None:
    assert find(known, title, year, kind=kind) == expected


def test_an_unknown_id_leaves_it_to_the_title(known: tuple[NameIndex, WorkTable]) -> None:
    ids = {"imdb": "tt9999999", "isbn": "not an isbn", "goodreads": "1"}
    assert find(known, "Dune", 1984, ids=ids) == "dune-1984"


def test_of_two_rows_of_one_work_the_shown_one_is_found(known: tuple[NameIndex, WorkTable]) -> None:
    assert find(known, "Black Rain", 1989) == "rain"
    assert find(known, "Black Rain", 1989, ids={"imdb": "tt0096933"}) == "rain"


def test_a_list_is_answered_in_its_order_with_none_for_what_is_not_here(small_search: Search) -> None:
    listed = [
        {"title": "Night Ferry", "year": 1978},
        {"title": "No Such Film", "year": 1978},
        {"title": "The Kite Maker: A Novel", "year": 2008, "kind": "book"},
        {"title": "Night Ferry"},
    ]
    found = small_search.match(MatchRequest.model_validate({"works": listed})).works
    assert [work and work.id for work in found] == ["test:night-ferry", None, "test:kite-maker", "test:night-ferry"]
    assert found[0]
    assert (found[0].title, found[0].kind, found[0].year) == ("Night Ferry", "movie", 1978)


def test_a_list_has_at_most_two_hundred_works() -> None:
    with pytest.raises(ValidationError, match="works"):
        MatchRequest.model_validate({"works": [{"title": "Dune"}] * (MOST_LISTED + 1)})
