"""Which records become one work, which stay apart, and which values the work takes from which record."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from crawler.id_names import ID_NAMES, IdName
from crawler.isbn import read_isbn, shorten_isbn
from crawler.records import Series, SourceRecord
from crawler.sources.table import SOURCES
from indexer.merging.match_keys import COMPARED_IDS, read_match_keys, read_names, read_title
from indexer.merging.matching import group_records
from indexer.merging.merging import AUTHORITY, PREFERRED, merge_records

Fields = dict[str, Any]


def film(title: str, year: int | None = 1994, director: str | None = "Ada Marsh", **facts: Any) -> Fields:
    creators = [{"name": director, "role": "director"}] if director else []
    return {"kind": "movie", "title": title, "year": year, "creators": creators, **facts}


def book(title: str, year: int | None = 1987, author: str | None = "Lucía Ferrer", **facts: Any) -> Fields:
    creators = [{"name": author, "role": "author"}] if author else []
    return {"kind": "book", "title": title, "year": year, "creators": creators, **facts}


def groups(*records: Fields) -> list[set[int]]:
    """Return the positions of the records of each work; a record without a source has a source of its own."""
    named = [{"source": f"source{place}", "source_id": str(place)} | record for place, record in enumerate(records)]
    return [set(group) for group in group_records([read_match_keys(record) for record in named])]


def are_one(*records: Fields) -> bool:
    return groups(*records) == [set(range(len(records)))]


@pytest.mark.parametrize(
    "ids",
    [
        ({"imdb": "tt0137523"}, {"imdb": "https://www.imdb.com/title/tt0137523/"}),
        ({"imdb": "tt0137523"}, {"imdb": "137523"}),
        ({"tmdb": "550"}, {"tmdb": "550-fight-club"}),
        ({"wikidata": "Q190050"}, {"wikidata": "http://www.wikidata.org/entity/Q190050"}),
        ({"goodreads": "1885"}, {"goodreads": "1885.Pride_and_Prejudice"}),
        ({"open_library": "OL66554W"}, {"open_library": "/works/OL66554W"}),
        ({"open_library": "OL7353617M"}, {"open_library": "/books/OL7353617M"}),
        ({"isbn10": "0-8044-2957-X"}, {"isbn13": "9780804429573"}),
        ({"isbn10": "451528824"}, {"isbn10": "0451528824"}),
    ],
)
def test_a_shared_id_makes_one_work_however_it_is_written(ids: tuple[Fields, Fields]) -> None:
    one, other = ({"title": "Salt Road", "ids": each} for each in ids)
    assert are_one(one, other)


@pytest.mark.parametrize(
    ("source", "name", "own_id"),
    [
        ("imdb", "imdb", "tt0000071"),
        ("google-books", "google_books", "aB_-9"),
        ("open-library", "open_library", "OL1W"),
    ],
)
def test_a_sources_own_id_counts_as_its_id(source: str, name: str, own_id: str) -> None:
    own = {"source": source, "source_id": own_id, "title": "Paper Boats"}
    assert are_one(own, {"title": "Paper Boats", "ids": {name: own_id}})


def test_a_shared_work_id_joins_translations_and_other_years() -> None:
    original = book("La sal", 1987, language="es", ids={"goodreads_work": "77"})
    assert are_one(original, book("The Salt", 2011, "L. Ferrer", language="en", ids={"goodreads_work": "77"}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"imdb": "tt0000001", "tmdb": "5"}, {"imdb": "tt0000002", "tmdb": "5"}),
        ({"imdb": "tt0000001"}, {"imdb": "tt0000002"}),
        ({"open_library": "OL1W", "isbn13": "9780804429573"}, {"open_library": "OL2W", "isbn13": "9780804429573"}),
    ],
)
def test_another_id_of_the_same_name_forbids_a_match(one: Fields, other: Fields) -> None:
    assert groups(film("Salt Road", ids=one), film("Salt Road", ids=other)) == []


def test_other_editions_have_other_ids() -> None:
    assert are_one(
        book("The Glass Orchard", ids={"isbn13": "9780804429573", "goodreads": "1", "google_books": "a"}),
        book("The Glass Orchard", ids={"isbn13": "9780451528827", "goodreads": "2", "google_books": "b"}),
    )


@pytest.mark.parametrize("short", ["080442957X", "0451528824", "000100039X"])
def test_an_isbn_of_13_digits_has_the_one_of_ten_that_it_was_made_of(short: str) -> None:
    isbn = read_isbn(short)
    assert isbn
    assert shorten_isbn(isbn) == short


def test_an_isbn_that_begins_with_979_has_none_of_ten_digits() -> None:
    assert shorten_isbn("9791090636071") is None


@pytest.mark.parametrize("isbn", ["9780804429570", "0000000000", "080442957", "not known", ""])
def test_a_wrong_isbn_joins_nothing(isbn: str) -> None:
    assert read_isbn(isbn) is None
    assert (
        groups(book("One", author="A. B.", ids={"isbn10": isbn}), book("Two", author="C. D.", ids={"isbn10": isbn}))
        == []
    )


def test_an_isbn_given_to_two_books_joins_neither() -> None:
    ids = {"isbn13": "9780804429573"}
    assert groups(book("Salt Road", ids=ids), book("A Beekeeper's Diary", author="Brother Anselm", ids=ids)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Lighthouse Year", "LIGHTHOUSE YEAR, THE"),
        ("L'Avventura", "Avventura, L'"),
        ("Der Leuchtturm", "Leuchtturm"),
        ("Amélie", "amelie"),
        ("Fish & Chips", "Fish and Chips"),
        ("Spider-Man", "Spiderman"),
        ("M*A*S*H", "MASH"),
        ("A.I. Artificial Intelligence", "AI: Artificial Intelligence"),
        ("Ocean\u2019s Eleven", "Oceans 11"),
        ("Rocky IV", "Rocky 4"),
        ("History of the World: Part I", "History of the World, Part One"),
        ("20,000 Leagues Under the Sea", "20000 leagues under the sea"),
        ("Trip to the Moon, A (Voyage dans la lune, Le)", "Le voyage dans la lune"),
        ("Avventura, L' (Adventure, The)", "L'Avventura"),
        ("Leuchtturm (1955), Der", "Der Leuchtturm"),
        ("Maltese Falcon, The (a.k.a. Dangerous Female)", "Dangerous Female"),
        ("Solaris (1972)", "Solaris"),
        ("Børn i byen", "Born i byen"),
        ("Солярис", "солярис"),
        ("???", "???"),
    ],
)  # fmt: skip
def test_a_title_matches_however_it_is_written(one: str, other: str) -> None:
    assert are_one(film(one), film(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rocky", "Rocky II"),
        ("Rocky II", "Rocky III"),
        ("Salt Road: Part One", "Salt Road: Part Two"),
        ("Salt Road: The Desert", "Salt Road: The Harbour"),
        ("Legend", "Legends"),
        ("Malcolm X", "Malcolm"),
        ("I", "1"),
        ("Solaris (1972)", "1972"),
    ],
)
def test_sequels_and_parts_stay_apart_even_in_one_year(one: str, other: str) -> None:
    assert groups(film(one), film(other)) == []


def test_an_original_title_matches_too() -> None:
    assert are_one(film("Paper Boats", original_title="Bateaux de papier"), film("Bateaux de papier"))


def test_a_subtitle_may_be_missing() -> None:
    assert are_one(film("Far Signal: The Long Answer"), film("Far Signal", director=None))
    assert are_one(film("Far Signal: The Long Answer"), film("Far Signal", 1995, director=None))
    assert are_one(film("Far Signal: The Long Answer"), film("Far Signal", 1995))
    assert are_one(book("Salt: A World History", 2002), book("Salt", 2010))


def test_a_part_without_its_number_is_known_by_its_year() -> None:
    parts = [film("Far Signal: Part 1", 2003), film("Far Signal: Part 2", 2004)]
    assert groups(*parts, film("Far Signal", 2003)) == [{0, 2}]
    assert groups(*parts, film("Far Signal", 2003, director=None)) == [{0, 2}]
    assert groups(*parts, film("Far Signal", 2002)) == []


def test_parts_without_their_subtitles_join_the_one_of_their_year() -> None:
    parts = [film("Far Signal: The Answer", 2001), film("Far Signal: The Question", 2002)]
    assert groups(*parts, film("Far Signal", 2001), film("Far Signal", 2002)) == [{0, 2}, {1, 3}]


def test_editions_in_one_list_may_have_a_subtitle_or_none() -> None:
    titles = ("Salt: A World History", "Salt")
    editions = [book(title, source="goodreads", source_id=str(place)) for place, title in enumerate(titles)]
    assert are_one(*editions)
    assert groups(*(edition | {"source": "list"} for edition in editions)) == []


def test_what_brackets_hold_is_another_title_of_films_only() -> None:
    assert are_one(book("Map of Bones (Sigma Force, #2)"), book("MAP OF BONES SIGMA FORCE 2"))
    assert groups(book("Bleak House (Penguin Classics)"), book("Hard Times (Penguin Classics)")) == []


def test_a_main_title_of_several_works_joins_none_of_them() -> None:
    parts = [film("Far Signal: The Answer", source="list"), film("Far Signal: The Question", source="list")]
    assert groups(*parts, film("Far Signal")) == []


def test_a_slip_in_a_long_title_is_forgiven_by_the_same_people_only() -> None:
    assert are_one(film("The Lighthouse Keeper"), film("The Lighthouse Keper", 1995))
    assert groups(film("The Lighthouse Keeper", director=None), film("The Lighthouse Keper")) == []


def test_remakes_and_namesakes_stay_apart() -> None:
    assert groups(film("Night Ferry", 1978), film("Night Ferry", 2004, "Kenji Ota")) == []
    assert groups(film("Night Ferry", 1978), film("Night Ferry", 1978, "Kenji Ota")) == []
    assert groups(film("Night Ferry", 1978), film("Night Ferry", 1980)) == []
    assert groups(film("Night Ferry", 1978), film("Night Ferry", 1979), film("Night Ferry", 1980)) == [{0, 1}]
    assert (
        groups(film("Night Ferry"), film("Night Ferry", director="Kenji Ota"), film("Night Ferry", director=None)) == []
    )
    assert groups(book("Poems", 1950), book("Poems", 1950, "Tom Ferrier")) == []


def test_a_film_and_its_book_stay_apart() -> None:
    people = [{"name": "Ada Marsh", "role": "writer"}]
    shared = {"wikidata": "Q71"}
    assert (
        groups(film("Salt Road", creators=people, ids=shared), book("Salt Road", 1994, creators=people, ids=shared))
        == []
    )


def test_years_may_differ_by_one_in_films_and_by_centuries_in_books() -> None:
    assert are_one(film("Night Ferry", 1978), film("Night Ferry", 1979))
    assert are_one(film("Night Ferry", 1978), film("Night Ferry", None))
    assert are_one(book("Border Songs", 1787), book("Border Songs", 1987), book("Border Songs", None))


def test_translations_stay_apart() -> None:
    original = book("La sal", language="es")
    assert groups(original, book("The Salt", language="en")) == []
    assert groups(original, book("The Salt", original_title="La sal", language="en")) == []
    labelled = {"source": "wikidata", **book("The Salt", language="es")}
    assert are_one(book("The Salt", language="en"), book("The Salt", language="eng")), "one language, two standards"
    assert are_one(labelled, book("The Salt", language="en")), "Wikidata has the language of the original"


def test_without_people_title_and_year_must_agree_and_no_other_record_match_them() -> None:
    assert are_one(film("Night Ferry", 1978, None), film("Night Ferry", 1979))
    assert groups(film("Night Ferry", None, None), film("Night Ferry", 1978)) == []
    assert groups(film("Night Ferry", 1978), film("Night Ferry", 2004), film("Night Ferry", None)) == []
    listed = [film("Night Ferry", 1978, None, source="list"), film("Night Ferry", 1979, None, source="list")]
    assert groups(*listed) == [], "one list has each work once"
    assert groups(*listed, film("Night Ferry", 1978, None)) == [{0, 2}]
    same_year = [film("Night Ferry", 1978, None, source="list"), film("Night Ferry", 1978, None, source="list")]
    assert groups(*same_year, film("Night Ferry", 1978, None)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("J.R.R. Tolkien", "John Ronald Reuel Tolkien"),
        ("JRR Tolkien", "John Ronald Reuel Tolkien"),
        ("Tolkien, J. R. R.", "J.R.R. Tolkien"),
        ("Le Guin, Ursula K.", "Ursula Le Guin"),
        ("Fyodor Dostoevsky", "Fyodor Dostoyevsky"),
        ("Kurt Vonnegut Jr.", "Kurt Vonnegut"),
        ("Vonnegut, Kurt, Jr.", "Kurt Vonnegut"),
        ("Vonnegut", "Kurt Vonnegut"),
        ("Ota Kenji", "Kenji Ota"),
        ("Lucía Ferrer", "LUCIA FERRER"),
        ("Zadie Smith, Nick Laird", "Nick Laird"),
    ],
)
def test_a_person_matches_however_the_name_is_written(one: str, other: str) -> None:
    assert are_one(book("Border Songs", 1987, one), book("Border Songs", 2001, other))


@pytest.mark.parametrize("other", ["Joel Marsh", "Ada Mars", "Ada March", "Ann Marsh"])
def test_people_with_similar_names_are_different_people(other: str) -> None:
    assert groups(film("Salt Road"), film("Salt Road", director=other)) == []


def test_an_edition_joins_a_work_that_has_translations() -> None:
    work = {"goodreads_work": "77"}
    assert are_one(
        book("The Glass Orchard", language="en", ids=work),
        book("Der Glasgarten", language="de", ids=work),
        book("The Glass Orchard", 2019, language="en"),
    )


def test_a_record_without_kind_does_not_bring_a_film_and_its_book_together() -> None:
    found = groups(
        film("Salt Road", ids={"imdb": "tt0000001"}),
        {"title": "Salt Road", "ids": {"imdb": "tt0000001", "isbn13": "9780804429573"}},
        book("Salt Road", ids={"isbn13": "9780804429573"}),
    )
    assert found == [{0, 1}]


def test_benchmark_documents_are_never_one_work() -> None:
    document = {"source": "beir", **film("Salt Road", ids={"imdb": "tt0000001"})}
    assert groups(document | {"source_id": "doc1"}, document | {"source_id": "doc2"}) == []


def test_editions_are_found_among_many_like_them() -> None:
    others = [book(f"Border {number}", 1800 + number) for number in range(200)]
    assert groups(book("Border Songs", 1787), *others, book("Border Songs", 1987)) == [{0, 201}]


def test_groups_do_not_depend_on_the_order_of_records() -> None:
    records = [
        {"source": f"source{copy}", "source_id": str(number)} | film(f"Ferry {number % 7}", 1970 + number % 3)
        for number in range(40)
        for copy in range(2)
    ]

    def found(ordered: list[Fields]) -> set[frozenset[str]]:
        placed = sorted(ordered, key=lambda record: (record["source"], record["source_id"]))
        return {
            frozenset(f"{placed[i]['source']}:{placed[i]['source_id']}" for i in group)
            for group in group_records([read_match_keys(record) for record in placed])
        }

    assert found(records) == found(random.Random(1).sample(records, len(records)))


def test_titles_and_names_are_normalised() -> None:
    assert read_title("Star Wars: Episode IV - A New Hope") == (
        "starwarsepisode4newhope",
        ("starwars", "starwarsepisode4"),
    )
    assert read_title("The") == ("the", ())
    assert read_names("J.R.R. Tolkien") == (("j", "r", "r", "tolkien"),)
    assert read_names("") == ()


def record(source: str, source_id: str, title: str = "Paper Boats", **facts: Any) -> SourceRecord:
    return SourceRecord.model_validate({"source": source, "source_id": source_id, "title": title, **facts})


TMDB = record(
    "tmdb", "71", kind="movie", year=2000, description="Two brothers sail a boat of newspapers.",
    genres=["Drama", "War"], creators=[{"name": "Ana Brook", "role": "director"}],
    ids={"tmdb": "71", "imdb": "tt0000071"}, rating={"mean": 7.5, "count": 120, "scale": 10}, attribution="A notice",
)  # fmt: skip
IMDB = record(
    "imdb", "tt0000071", "Bateaux de papier", kind="movie", year=1999, description="Two brothers sail.",
    genres=["drama", "Adventure"], runtime_minutes=88, ids={"imdb": "tt0000071"},
    creators=[{"name": "A. Brook", "role": "director"}, {"name": "Ana Brook", "role": "writer"}],
    rating={"mean": 7.1, "count": 9_000, "scale": 10},
)  # fmt: skip


def test_every_field_comes_from_the_preferred_source_and_has_its_origin() -> None:
    work = merge_records([TMDB, IMDB])
    assert work.id == "tmdb:71"
    assert work.origins == {
        "kind": ("tmdb:71",),
        "title": ("tmdb:71",),
        "description": ("tmdb:71",),
        "year": ("imdb:tt0000071",),
        "creators": ("tmdb:71", "imdb:tt0000071"),
        "genres": ("tmdb:71", "imdb:tt0000071"),
        "runtime_minutes": ("imdb:tt0000071",),
        "rating": ("imdb:tt0000071",),
        "ids": ("tmdb:71",),
    }
    assert (work.title, work.year, work.runtime_minutes) == ("Paper Boats", 1999, 88)
    assert work.description == "Two brothers sail a boat of newspapers."
    assert work.genres == ("Drama", "War", "Adventure")
    assert [(creator.name, creator.role) for creator in work.creators] == [
        ("Ana Brook", "director"),
        ("Ana Brook", "writer"),
    ]
    assert work.rating is not None
    assert work.rating.count == 9_000
    assert work.ids == {"tmdb": "71", "imdb": "tt0000071"}
    assert [(source.source, source.attribution) for source in work.sources] == [
        ("tmdb", "A notice"),
        ("imdb", None),
    ]


def test_the_order_of_records_decides_on_the_id_only() -> None:
    one, other = merge_records([TMDB, IMDB]), merge_records([IMDB, TMDB])
    assert other.id == "imdb:tt0000071"
    assert one.model_dump(exclude={"id", "sources"}) == other.model_dump(exclude={"id", "sources"})


def test_a_single_record_becomes_its_work_unchanged() -> None:
    work = merge_records([IMDB])
    assert (work.id, work.title, work.origins) == ("imdb:tt0000071", "Bateaux de papier", {})


def test_an_english_edition_of_a_book_is_preferred() -> None:
    work = merge_records([
        record("goodreads", "1", "Rok 1984", kind="book", language="pl", description="Rok pewien.", genres=["Proza"]),
        record("google-books", "2", "1984", kind="book", language="en", description="A year.", genres=["Fiction"]),
        record("goodreads", "3", "1984 (roman)", kind="book", language="fr", page_count=300),
    ])  # fmt: skip
    assert (work.id, work.title, work.description, work.language) == ("goodreads:1", "1984", "A year.", "en")
    assert (work.genres, work.page_count) == (("Fiction", "Proza"), 300)


def test_a_plot_is_preferred_to_a_longer_list_of_cast_and_crew() -> None:
    cast = (
        "Paper Boats is a 1999 Danish drama film directed by Ada Marsh and starring Olle Brink. It was produced by "
        "Ida Holm and distributed by Nordlys. The soundtrack was composed by Per Lund."
    )
    plot = "Two brothers sail a boat of newspapers down a flooded street to find their father."
    work = merge_records([record("one", "1", description=cast), record("two", "2", description=plot)])
    assert (work.description, work.origins["description"]) == (plot, ("two:2",))


def test_a_description_is_preferred_to_a_whole_synopsis() -> None:
    short, synopsis = (
        record("one", "1", description="Two brothers sail."),
        record("two", "2", description="On. " * 6_000),
    )
    assert merge_records([synopsis, short]).description == "Two brothers sail."


def test_countries_and_certificates_of_all_sources_are_joined() -> None:
    work = merge_records([
        record("imdb", "tt0000071", countries=["SE", "DK"], certificates={"US": "R"}),
        record("tmdb", "71", countries=["Denmark"], certificates={"DE": "12", "USA": "PG-13"}),
    ])  # fmt: skip
    assert work.countries == ("DK", "SE")
    assert work.certificates == {"DE": "12", "US": "PG-13"}


def test_a_series_with_the_works_place_in_it_is_preferred() -> None:
    work = merge_records([
        record("tmdb", "71", kind="movie", series={"name": "Boats"}),
        record("imdb", "tt0000071", kind="movie", series={"name": "Paper Boats", "position": 2}),
    ])  # fmt: skip
    assert (work.series, work.origins["series"]) == (Series(name="Paper Boats", position=2), ("imdb:tt0000071",))


def test_a_books_title_may_end_with_its_series() -> None:
    work = merge_records([record("beir", "4711", "Paper Boats (Harbour Tales, #2)", kind="book")])
    assert (work.title, work.series) == (
        "Paper Boats (Harbour Tales, #2)",
        Series(name="Harbour Tales", position=2),
    )
    assert merge_records([record("beir", "4711", "Boats (Harbour, #2)", kind="movie")]).series is None


@pytest.mark.parametrize(
    ("written", "kind", "name"),
    [
        ("Animated", "movie", "Animation"),
        ("Historical", "movie", "History"),
        ("historical", "book", "Historical Fiction"),
        ("Film-Noir", "movie", "Film Noir"),
        ("Noir", "movie", "Film Noir"),
        ("Sports", "movie", "Sport"),
        ("Sci-Fi", "movie", "Science Fiction"),
        ("science_fiction", "book", "Science Fiction"),
        ("young_adult", "book", "Young Adult"),
        ("short stories", "book", "Short Stories"),
        ("Nonfiction", "book", "Non-fiction"),
        ("Children's", "book", "Children"),
        ("Musical", "movie", "Musical"),
        ("TV Movie", "movie", "TV Movie"),
    ],
)
def test_a_genre_has_one_name_however_sources_spell_it(written: str, kind: str, name: str) -> None:
    assert merge_records([record("one", "1", kind=kind, genres=[written, name])]).genres == (name,)


LEAD = record(
    "beir", "tt0000071", kind="movie",
    description="Paper Boats is a 1999 Danish drama film directed by Ada Marsh and starring Olle Brink.",
)  # fmt: skip


def test_a_lead_gives_what_no_record_has() -> None:
    work = merge_records([LEAD])
    assert (work.year, work.countries, work.genres) == (1999, ("DK",), ("Drama",))
    assert [(creator.name, creator.role) for creator in work.creators] == [
        ("Ada Marsh", "director"), ("Olle Brink", "actor"),
    ]  # fmt: skip
    assert work.origins == dict.fromkeys(("year", "countries", "genres", "creators"), ("lead:tt0000071",))


def test_a_lead_changes_nothing_that_a_record_has() -> None:
    facts = record(
        "tmdb", "71", kind="movie", year=1998, countries=["SE"], genres=["War"],
        creators=[{"name": "Ben Holt", "role": "director"}],
    )  # fmt: skip
    work = merge_records([LEAD, facts])
    assert (work.year, work.countries, work.genres) == (1998, ("SE",), ("War",))
    assert [(creator.name, creator.role) for creator in work.creators] == [
        ("Ben Holt", "director"), ("Olle Brink", "actor"),
    ]  # fmt: skip
    assert work.origins["creators"] == ("tmdb:71", "lead:tt0000071")


@pytest.mark.parametrize(
    ("fields", "countries"),
    [
        ({"kind": "movie", "language": "sv"}, ("SE",)),
        ({"kind": "movie", "language": "sv", "countries": ["FI"]}, ("FI",)),
        ({"kind": "movie", "language": "es"}, ()),
        ({"kind": "book", "language": "sv"}, ()),  # the language of an edition
    ],
)
def test_a_films_country_is_concluded_from_a_language_of_one_country(
    fields: Fields, countries: tuple[str, ...]
) -> None:
    work = merge_records([record("tmdb", "71", **fields)])
    assert work.countries == countries
    assert work.origins == ({} if "countries" in fields or not countries else {"countries": ("language:sv",)})


def test_a_lead_names_the_author_only_of_a_book_without_people() -> None:
    lead = "Paper Boats is a 1987 novel by the Danish writer Karen Holt."
    assert merge_records([record("beir", "1", kind="book", description=lead)]).creators[0].name == "Karen Holt"
    known = [{"name": "K. Holt-Marsh", "role": None}]
    work = merge_records([record("beir", "1", kind="book", description=lead, creators=known)])
    assert [creator.name for creator in work.creators] == ["K. Holt-Marsh"]
    assert work.countries == ("DK",)


SAMPLE_IDS: dict[str, str] = {
    "imdb": "tt0000071",
    "tmdb": "71",
    "goodreads": "4711",
    "goodreads_work": "815",
    "google_books": "aB_-9aB_-9aB",
    "open_library": "OL45W",
    "isbn10": "080442957X",
    "isbn13": "9780804429573",
    "wikidata": "Q71",
    "wikipedia": "Paper_Boats",
}


@pytest.mark.parametrize("name", ID_NAMES)
def test_every_id_that_a_record_may_have_is_compared_or_left_out_on_purpose(name: IdName) -> None:
    assert name in COMPARED_IDS, f"say how {name} compares in COMPARED_IDS; empty: not at all"
    one, other = ({"title": "Paper Boats", "ids": {name: SAMPLE_IDS[name]}} for _ in range(2))
    assert are_one(one, other) is (name != "wikipedia")


def test_an_id_that_no_record_may_have_is_not_compared() -> None:
    assert set(COMPARED_IDS) == set(ID_NAMES)


def test_the_page_on_merging_has_the_order_of_sources() -> None:
    page = (Path(__file__).parents[3] / "docs" / "merging.md").read_text(encoding="utf-8")
    for field, order in {**PREFERRED, "every other field": AUTHORITY}.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| {field} |"))
        assert ", ".join(order) in row, f"write the order in the row {field!r} of docs/merging.md"


def test_no_two_sources_have_the_same_rank() -> None:
    for field in (None, *PREFERRED):
        ranks = [source.field_authority.get(field) if field else source.authority for source in SOURCES.values()]
        known = [rank for rank in ranks if rank is not None]
        assert len(known) == len(set(known)), field or "authority"
