"""Titles, people and series as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_works import open_index

from indexer.known.fields import NamedWork
from indexer.name_keys import key_words, name_key, normalise_title

KUBRICK, SPIELBERG, KING = ("Stanley Kubrick", "director"), ("Steven Spielberg", "director"), ("Stephen King", "author")
NAMES = open_index(
    [
        NamedWork("solaris-1972", "Solaris", "movie", 1972, "Солярис", 900),
        NamedWork("solaris-2002", "Solaris", "movie", 2002, n_ratings=400),
        NamedWork("matrix", "Matrix, The", "movie", 1999, n_ratings=9_000),
        NamedWork("moon", "Trip to the Moon, A (Voyage dans la lune, Le)", "movie", 1902),
        NamedWork("amelie", "Amélie", "movie", 2001, "Le Fabuleux Destin d'Amélie Poulain", 5_000),
        NamedWork("hobbit", "The Hobbit (Middle-earth, #0)", "book", 1937),
        NamedWork("interstellar", "Interstellar", "movie", 2014, n_ratings=9_500),
        NamedWork("it", "It", "book", 1986, n_ratings=9_000, creators=[KING]),
        NamedWork("pride", "Pride & Prejudice", "movie", 2005, n_ratings=2_000),
        NamedWork("se7en", "Se7en", "movie", 1995, n_ratings=8_000),
        NamedWork("godfather-2", "The Godfather: Part II", "movie", 1974, n_ratings=7_000),
        NamedWork("et", "E.T. the Extra-Terrestrial", "movie", 1982, n_ratings=7_400),
        NamedWork("leagues", "Twenty Thousand Leagues Under the Sea", "book", 1870, n_ratings=900),
        NamedWork("angry", "12 Angry Men", "movie", 1957, n_ratings=6_000),
        NamedWork("1984", "1984", "book", 1949, "Nineteen Eighty-Four", 8_000, creators=[("George Orwell", "author")]),
        NamedWork("spider", "Spider-Man", "movie", 2002, n_ratings=7_500),
        NamedWork("train", "The Girl on the Train", "book", 2015, n_ratings=5_000),
        NamedWork("shining-book", "The Shining", "book", 1977, n_ratings=7_000, creators=[KING]),
        NamedWork("shining-film", "The Shining", "movie", 1980, n_ratings=6_500, creators=[KUBRICK]),
        NamedWork("barry", "Barry Lyndon", "movie", 1975, n_ratings=3_000, creators=[KUBRICK]),
        NamedWork("jaws", "Jaws", "movie", 1975, n_ratings=7_200, creators=[SPIELBERG]),
        NamedWork("trek", "Star Trek", "movie", 2009, n_ratings=5_000),
        NamedWork("trek-2", "Star Trek II: The Wrath of Khan", "movie", 1982, n_ratings=2_000),
        NamedWork("trek-8", "Star Trek: First Contact", "movie", 1996, n_ratings=1_900),
        NamedWork("tower-1", "The Gunslinger (The Dark Tower, #1)", "book", 1982, creators=[KING]),
        NamedWork("tower-2", "The Drawing of the Three (The Dark Tower, #2)", "book", 1987, creators=[KING]),
        NamedWork("stone", "Anna Bell and the Stone Door", "movie", 2001),
        NamedWork("tide", "Anna Bell and the Turning Tide", "movie", 2003),
        NamedWork("owl", "Anna Bell and the Last Owl", "movie", 2005),
        NamedWork("2049", "Blade Runner 2049", "movie", 2017, n_ratings=4_000),
        NamedWork("rear-1954", "Rear Window", "movie", 1954, n_ratings=5_500),
        NamedWork("rear-1998", "Rear Window", "movie", 1998, n_ratings=20),
        NamedWork("rear-again", "Rear Window", "movie", 1954),
        NamedWork("leguin", "The Lathe of Heaven", "book", 1971, creators=[("Ursula K. Le Guin", "author")]),
    ]
)


def ids(name: str) -> list[str]:
    return [work.id for work in NAMES.find_all(name)]


@pytest.mark.parametrize(
    ("typed", "work_id"),
    [
        ("the matrix", "matrix"),
        ("Matrix", "matrix"),
        ("A trip to the moon", "moon"),
        ("le voyage dans la lune", "moon"),
        ("amelie", "amelie"),
        ("le fabuleux destin d\u2019amelie poulain", "amelie"),
        ("the hobbit", "hobbit"),
        ("HOBBIT!", "hobbit"),
        ("it", "it"),
        ("pride and prejudice", "pride"),
        ("солярис", "solaris-1972"),
        ("seven", "se7en"),
        ("the godfather 2", "godfather-2"),
        ("The Godfather Part Two", "godfather-2"),
        ("twelve angry men", "angry"),
        ("ET", "et"),
        ("e.t.", "et"),
        ("20,000 leagues under the sea", "leagues"),
        ("20000 Leagues under the Sea", "leagues"),
        ("nineteen eighty four", "1984"),
        ("spiderman", "spider"),
        ("the wrath of khan", "trek-2"),
        ("star trek 2", "trek-2"),
    ],
)
def test_a_name_means_its_work(typed: str, work_id: str) -> None:
    assert ids(typed)[0] == work_id


@pytest.mark.parametrize("typed", ["", "   ", "!!!", "matri", "the moon", "interstellar overdrive", "😀"])
def test_other_words_mean_no_work(typed: str) -> None:
    assert NAMES.find(typed) is None


def test_namesakes_come_best_known_first() -> None:
    assert ids("solaris") == ["solaris-1972", "solaris-2002"]


def test_the_kind_asked_and_the_year_said_decide_between_namesakes() -> None:
    assert NAMES.find_all("the shining", kind="movie")[0].id == "shining-film"
    assert NAMES.find_all("the shining", kind="book")[0].id == "shining-book"
    assert NAMES.find_all("solaris", year=2002)[0].id == "solaris-2002"


def test_a_title_that_differs_in_small_words_is_found_by_its_skeleton() -> None:
    words = [word.word for word in key_words("girl on a train")]
    assert [match.work.id for match in NAMES.works(words)] == ["train"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("intersteler", ("interstellar",)), ("kubrik", ("kubrick",)), ("interstellar", ()), ("the", ()), ("jaw", ())],
)
def test_a_misspelt_word_is_taken_for_the_nearest_word_of_names(word: str, meant: tuple[str, ...]) -> None:
    assert NAMES.similar_words(word) == meant


def test_a_series_has_the_volumes_that_the_catalogue_numbers_or_whose_titles_go_on() -> None:
    assert NAMES.volumes(["dark", "tower"]) == ("tower-1", "tower-2")
    assert set(NAMES.volumes(["star", "trek"])) == {"trek", "trek-2", "trek-8"}
    assert NAMES.volumes(["anna", "bell"]) == ("stone", "tide", "owl")
    assert NAMES.volumes(["jaws"]) == ()


def test_works_are_found_by_words_of_their_titles() -> None:
    assert set(NAMES.containing(["star", "trek"])) == {"trek", "trek-2", "trek-8"}
    assert NAMES.containing(["trek", "star"]) == ()


def test_further_rows_and_other_versions_of_a_work_are_its_duplicates() -> None:
    assert set(NAMES.duplicates("rear-1954")) == {"rear-again", "rear-1998"}
    assert NAMES.duplicates("tower-1") == ()


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("The Shining by Stephen King", "shining-book"),
        ("the shining by king", "shining-book"),
        ("The Shining directed by Stanley Kubrick", "shining-film"),
        ("the movie The Shining", "shining-film"),
        ("the book The Shining", "shining-book"),
        ("The Shining film", "shining-film"),
        ("Solaris (2002)", "solaris-2002"),
        ("solaris 2002", "solaris-2002"),
        ("Solaris from 2002", "solaris-2002"),
        ("Blade Runner 2049", "2049"),
        ('"Jaws"', "jaws"),
        ("rear window", "rear-1954"),
        ("intersteler", "interstellar"),
    ],
)
def test_a_whole_query_names_its_work(query: str, first: str) -> None:
    assert NAMES.named_by(query)[0] == first


@pytest.mark.parametrize(
    "query",
    [
        "Jaws by Jane Austen",
        "Solaris (1931)",
        "a moon film",
        "films like Jaws",
        "the movie",
        "book",
        "by",
        "(1999)",
        "",
    ],
)
def test_a_query_that_names_no_work_of_the_catalogue(query: str) -> None:
    assert not NAMES.named_by(query)


def test_people_are_found_by_full_name_without_initials_and_by_a_surname_of_one_person() -> None:
    people = NAMES.people
    for typed in ("stanley kubrick", "Kubrick", "KUBRICK"):
        found = people.person(name_key(typed)) or people.by_surname(name_key(typed))
        assert found is not None
        assert found.name == "Stanley Kubrick"
        assert set(found.made) == {"shining-film", "barry"}
    assert people.person(name_key("ursula le guin")) == people.person(name_key("Ursula K. Le Guin"))
    assert people.by_surname("king") is None  # a common word


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("inter", "interstellar"),
        ("intersteler", "interstellar"),
        ("pre", "pride"),
        ("moon", "moon"),
        ("solaros", "solaris-1972"),
    ],
)
def test_suggests_completions_then_typing_errors(typed: str, first: str) -> None:
    assert NAMES.suggest(typed, limit=3)[0].id == first


def test_suggestions_respect_the_limit_and_repeat_no_work() -> None:
    suggested = [work.id for work in NAMES.suggest("s", limit=2)]
    assert len(suggested) == len(set(suggested)) == 2


def test_normalising_is_idempotent() -> None:
    for title in ("Trip to the Moon, A (Voyage dans la lune, Le)", "L'été", "2001: A Space Odyssey"):
        assert normalise_title(normalise_title(title)) == normalise_title(title)


@given(st.text())
def test_the_words_of_a_key_lie_in_the_text_one_after_the_other(text: str) -> None:
    end = 0
    for word in key_words(text):
        assert end <= word.start < word.end <= len(text)
        end = word.end


def test_an_index_without_works_knows_nothing() -> None:
    empty = open_index([])
    assert (empty.named_by("Jaws"), empty.suggest("Jaws", 3), empty.find("Jaws")) == ((), [], None)
