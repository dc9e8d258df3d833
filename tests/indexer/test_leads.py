"""The facts that an encyclopaedia's lead says of its work, and the sentences that are no lead of it."""

from __future__ import annotations

import pytest

from crawler.records import Creator, Kind
from indexer.leads import NO_LEAD, Lead, read_lead


def film(description: str, title: str = "Salt Road") -> Lead:
    return read_lead(title, description, "movie")


def book(description: str, title: str = "Salt Road") -> Lead:
    return read_lead(title, description, "book")


def names(lead: Lead, role: str) -> list[str]:
    return [creator.name for creator in lead.creators if creator.role == role]


def test_a_film() -> None:
    assert film(
        "Salt Road is a 1953 American crime drama film directed by Ada Marsh and starring Olle Brink and Tove Sand."
    ) == Lead(
        year=1953,
        language="en",
        countries=("US",),
        genres=("Crime", "Drama"),
        creators=(
            Creator(name="Ada Marsh", role="director"),
            Creator(name="Olle Brink", role="actor"),
            Creator(name="Tove Sand", role="actor"),
        ),
    )


def test_a_book() -> None:
    assert book("Salt Road (1987) is a historical novel by the Danish author Karen Holt, set on a ferry.") == Lead(
        countries=("DK",), genres=("Historical",), creators=(Creator(name="Karen Holt", role="author"),)
    )


@pytest.mark.parametrize(
    ("title", "beginning"),
    [
        ("Salt Road", "A drover crosses the fens. He is a man of few words. Salt Road is a 1961"),
        ("Salt Road, The", "The Salt Road is a 1961"),
        ("Dr. Gull", "Dr. Gull is a 1961"),
        ("Salt Road", "Salt Road (also called The Road) is a 1961"),
        ("Salt Road", "Salt Road, known in Denmark as Saltvejen, is a 1961"),
        ("Salt Road (Saltvejen)", "Salt Road is a 1961"),
    ],
)
def test_where_a_lead_may_stand_and_how_it_writes_the_title(title: str, beginning: str) -> None:
    assert film(f"{beginning} Danish comedy film.", title) == Lead(year=1961, countries=("DK",), genres=("Comedy",))


@pytest.mark.parametrize(
    "description",
    [
        "",
        "The Tin Whistle is a 1961 Danish comedy film.",  # another work
        "Fans of Salt Road will know that it is a Danish film.",
        "She is a Danish film star who travels the Salt Road.",
        "Salt Road is a story of a Danish film crew",
    ],
)
def test_sentences_that_are_not_a_lead(description: str) -> None:
    assert not film(description).countries


def test_a_work_of_unknown_or_other_kind_has_no_lead() -> None:
    kinds: tuple[Kind | None, ...] = (None, "book")
    for kind in kinds:
        assert read_lead("Salt Road", "Salt Road is a 1961 Danish comedy film.", kind) == NO_LEAD


@pytest.mark.parametrize(
    ("sort", "countries"),
    [
        ("British-American", ("GB", "US")),
        ("Italian and French", ("IT", "FR")),
        ("Hong Kong", ("HK",)),
        ("South Korean", ("KR",)),
        ("Soviet", ("SU",)),
        ("American Civil War", ()),
        ("Korean War", ()),
        ("Spanish-language", ()),
        ("quiet", ()),
    ],
)
def test_countries(sort: str, countries: tuple[str, ...]) -> None:
    assert film(f"Salt Road is a 1961 {sort} film.").countries == countries


@pytest.mark.parametrize(
    ("sort", "language"),
    [
        ("Swedish-language", "sv"),
        ("Indian Tamil-language", "ta"),
        ("American Spanish-language", "es"),
        ("British-American", "en"),
        ("French", None),
        ("Canadian-American", None),
    ],
)
def test_languages(sort: str, language: str | None) -> None:
    assert film(f"Salt Road is a 1998 {sort} drama film.").language == language


@pytest.mark.parametrize(
    ("sort", "genres"),
    [
        ("romantic comedy", ("Romance", "Comedy")),
        ("comedy-drama", ("Comedy", "Drama")),
        ("science-fiction horror", ("Science Fiction", "Horror")),
        ("neo-noir crime", ("Film Noir", "Crime")),
        ("anti-war", ()),
        ("Cold War", ()),
        ("animated musical", ("Animation", "Musical")),
    ],
)
def test_genres(sort: str, genres: tuple[str, ...]) -> None:
    assert film(f"Salt Road is a 1998 {sort} film.").genres == genres


@pytest.mark.parametrize(
    ("further", "directors"),
    [
        ("film directed by A. B. Marsh. It was lost.", ["A. B. Marsh"]),
        ("film written and directed by Ada Marsh, Ben Holt, Jr. and Lars von Berg.",
         ["Ada Marsh", "Ben Holt, Jr.", "Lars von Berg"]),
        ("film. It was directed by Ada St. Marsh and produced by Ben Holt.", ["Ada St. Marsh"]),
        ("film directed by the Marsh brothers.", []),
        ("film directed by Golden Gull winner Ada Marsh.", []),
    ],
)  # fmt: skip
def test_directors(further: str, directors: list[str]) -> None:
    assert names(film(f"Salt Road is a 1998 {further}"), "director") == directors


def test_a_cast_ends_where_the_names_end() -> None:
    lead = film("Salt Road is a film. It stars Olle Brink, Tove Sand and Ada O'Marsh as sisters, and Ben Holt.")
    assert names(lead, "actor") == ["Olle Brink", "Tove Sand", "Ada O'Marsh"]


def test_people_of_the_next_paragraph_belong_to_something_else() -> None:
    assert not film("Salt Road is a 1998 film.\nIts remake was directed by Ada Marsh.").creators


@pytest.mark.parametrize(
    ("further", "authors", "countries"),
    [
        ("novel by Karen Holt.", ["Karen Holt"], ()),
        ("novel written by Nigerian-American writers Karen Holt and Olu Ade.", ["Karen Holt", "Olu Ade"], ("NG", "US")),
        ("Swedish children's book by Karen Holt", ["Karen Holt"], ("SE",)),
        ("novel about a Danish sailor.", [], ()),
    ],
)
def test_authors_and_where_they_are_from(further: str, authors: list[str], countries: tuple[str, ...]) -> None:
    lead = book(f"Salt Road is a 1987 {further}")
    assert (names(lead, "author"), lead.countries) == (authors, countries)
