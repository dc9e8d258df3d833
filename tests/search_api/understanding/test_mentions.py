"""Which works, people and series a request names, and what it says of them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_works import open_index

from indexer.known.fields import NamedWork
from indexer.values.taxonomy import load_taxonomy
from search_api.understanding.mentions import Mentions, is_title, read_mentions, read_title
from search_api.understanding.request_words import RequestWords
from search_api.understanding.token_labels import LABELS, TokenLabels

TAXONOMY = load_taxonomy()


def film(title: str, year: int = 2000, n_ratings: int = 5_000, *, director: str = "", cast: str = "") -> NamedWork:
    creators = [*([(director, "director")] if director else []), *([(cast, "actor")] if cast else [])]
    return NamedWork(f"{title} {year}", title, "movie", year, n_ratings=n_ratings, creators=creators)


def book(title: str, author: str, year: int = 2000, n_ratings: int = 50_000) -> NamedWork:
    return NamedWork(f"{title} {year} book", title, "book", year, n_ratings=n_ratings, creators=[(author, "author")])


NAMES = open_index(
    [
        film("Heat", 1995, director="Michael Mann", cast="Al Pacino"),
        film("Collateral", 2004, director="Michael Mann", cast="Tom Cruise"),
        film("Casino", 1995, director="Martin Scorsese"),
        film("Goodfellas", 1990, director="Martin Scorsese"),
        film("Up", 2009),
        film("Her", 2013),
        film("It", 2017),
        film("Good", 2008, 20),
        film("Frozen", 2013),
        film("Frozen", 2010, 100),
        film("Paris", 2008, 50),
        film("Drive", 2011),
        film("The Thing", 1982),
        film("The Thing", 2011, 500),
        film("Ghost World", 2001),
        film("Blue Velvet", 1986, director="David Lynch"),
        film("Mulholland Drive", 2001, director="David Lynch"),
        film("Barton Fink", 1991),
        film("Spirited Away", 2001),
        film("Little Women", 1994),
        film("Little Women", 2019, 6_000),
        film("Rocky", 1976),
        film("Rocky II", 1979, 900),
        film("Rocky III", 1982, 800),
        film("Star Trek: Generations", 1994),
        film("Star Trek: First Contact", 1996, 4_000),
        film("Star Trek II: The Wrath of Khan", 1982, 4_500),
        film("Batman", 1989, director="Tim Burton"),
        film("Batman: Year One", 2011, 400),
        film("Batman Begins", 2005, director="Christopher Nolan"),
        film("Inception", 2010, director="Christopher Nolan"),
        film("Charade", 1963, cast="Audrey Hepburn"),
        film("Love Story", 1970, 400),
        film("The Road", 2009, 3_000),
        book("The Road", "Cormac McCarthy", 2006, 60_000),
        book("Beloved", "Toni Morrison", 1987),
        book("Sula", "Toni Morrison", 1973),
        book("Stone", "Ann Weir", 2011, 200),
        book("The Gunslinger (The Dark Tower, #1)", "Stephen King", 1982),
        book("The Drawing of the Three (The Dark Tower, #2)", "Stephen King", 1987),
        book("The Dispossessed", "Ursula K. Le Guin", 1974),
        book("The Kite Runner", "Khaled Hosseini", 2003),
    ]
)


def read(said: str, **more: object) -> Mentions:
    return read_mentions(said, NAMES, TAXONOMY, **more)  # type: ignore[arg-type]


def ids(said: str, **more: object) -> dict[str, set[str]]:
    mentions = read(said, **more)
    works = {name: {work.id for work in getattr(mentions, name)} for name in ("like", "unlike", "seen")}
    return {name: of_name for name, of_name in works.items() if of_name}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("films like Heat", {"like": {"Heat 1995"}}),
        ("anything similar to barton fink?", {"like": {"Barton Fink 1991"}}),
        ("My favourite is Blue Velvet", {"like": {"Blue Velvet 1986"}}),
        ("Goodfellas is my favourite film ever", {"like": {"Goodfellas 1990"}}),
        ("we adored Spirited Away and Charade", {"like": {"Spirited Away 2001", "Charade 1963"}}),
        ("just finished Sula, what now", {"like": {"Sula 1973 book"}}),
        ("halfway between Heat and Charade", {"like": {"Heat 1995", "Charade 1963"}}),
        ("Heat meets Spirited Away", {"like": {"Heat 1995", "Spirited Away 2001"}}),
        ("Spirited Away but scarier", {"like": {"Spirited Away 2001"}}),
        ("darker than Charade", {"like": {"Charade 1963"}}),
        ("Barton Fink was superb", {"like": {"Barton Fink 1991"}}),
        ("I watched Barton Fink on Sunday and loved it", {"like": {"Barton Fink 1991"}}),
        ("couldn't look away from Collateral", {"like": {"Collateral 2004"}}),
        ("I hated Blue Velvet", {"unlike": {"Blue Velvet 1986"}}),
        ("Drive bored me stiff", {"unlike": {"Drive 2011"}}),
        ("we tried Spirited Away. It was far too long", {"unlike": {"Spirited Away 2001"}}),
        ("nothing like Ghost World, please", {"unlike": {"Ghost World 2001"}}),
        ("I'm not a big fan of Goodfellas", {"unlike": {"Goodfellas 1990"}}),
        ("Loved Charade, hated Drive", {"like": {"Charade 1963"}, "unlike": {"Drive 2011"}}),
        (
            "Liked: Heat, Collateral. Disliked: Up. What next?",
            {"like": {"Heat 1995", "Collateral 2004"}, "unlike": {"Up 2009"}},
        ),
        ("seen goodfellas and casino, more of that please", {"seen": {"Goodfellas 1990", "Casino 1995"}}),
        ("goodfellas, casino, seen them all", {"seen": {"Goodfellas 1990", "Casino 1995"}}),
        ("crime films apart from Heat", {"seen": {"Heat 1995"}}),
        ("a sad romance, anything but Charade", {"seen": {"Charade 1963"}}),
        ("Barton Fink I know by heart, so something else", {"seen": {"Barton Fink 1991"}}),
    ],
)
def test_works_and_what_is_said_of_them(said: str, expected: dict[str, set[str]]) -> None:
    assert ids(said) == expected


@pytest.mark.parametrize(
    ("said", "work_id"),
    [
        ("I loved the movie Up", "Up 2009"),
        ('something like "Up"', "Up 2009"),
        ("films like The Thing (1982)", "The Thing 1982"),
        ("The Thing, the 2011 one, was fun", "The Thing 2011"),
        ("films like the new Little Women", "Little Women 2019"),
        ("films like the original Little Women", "Little Women 1994"),
        ("like Frozen", "Frozen 2013"),
        ("loved the novel The Road", "The Road 2006 book"),
        ("just watched The Road", "The Road 2009"),
        ("loved Beloved by Toni Morrison", "Beloved 1987 book"),
        ("stuff like Lynch's Blue Velvet", "Blue Velvet 1986"),
        ("like rocky 2", "Rocky II 1979"),
    ],
)
def test_which_of_several_works_is_meant(said: str, work_id: str) -> None:
    assert ids(said) == {"like": {work_id}}


def test_the_kind_asked_for_decides_between_a_book_and_its_film() -> None:
    assert ids("like The Road", kind="movie") == {"like": {"The Road 2009"}}
    assert ids("like The Road", kind="book") == {"like": {"The Road 2006 book"}}


@pytest.mark.parametrize(
    "said",
    [
        "a good film",
        "cheer me up, I lost my job",
        "is it any good? tell me about it",
        "frozen pizza and a blanket tonight",
        "a love story",
        "a drama set in Paris",
        "we drive to my mother's on Friday",
        "I'd like something warm for her",
        "the road was long and my feet hurt",
        "my friend Casino Joe says hello",
        "books like Stone Garden by Maria Vance",
        "",
        "?!",
    ],
)
def test_words_that_name_no_work(said: str) -> None:
    assert ids(said) == {}


def test_a_title_by_another_author_is_an_unknown_work() -> None:
    mentions = read("a novel like Beloved by Bertrice Small")
    assert not mentions.like
    assert mentions.quiet_spans


@pytest.mark.parametrize(
    ("said", "taken_for"),
    [
        ("somthing like goodfelas", "Goodfellas"),
        ("i luved the kite runer", "The Kite Runner"),
        ("similar to Barten Fink", "Barton Fink"),
    ],
)
def test_a_misspelt_title_is_read_and_it_is_said_what_it_was_taken_for(said: str, taken_for: str) -> None:
    mentions = read(said)
    assert [work.title for work in mentions.like] == [taken_for]
    assert [correction.taken_for for correction in mentions.corrected] == [taken_for]


@pytest.mark.parametrize(
    ("said", "wanted", "refused"),
    [
        ("films by Martin Scorsese", ("Martin Scorsese",), ()),
        ("a thriller with al pacino", ("Al Pacino",), ()),
        ("Lynch films", ("David Lynch",), ()),
        ("Scorsese films apart from Casino", ("Martin Scorsese",), ()),
        ("something by Toni Morrison", ("Toni Morrison",), ()),
        ("a caper starring Audrey Hepburn or Tom Cruise", ("Audrey Hepburn", "Tom Cruise"), ()),
        ("heist films, no Tom Cruise please", (), ("Tom Cruise",)),
        ("mind-bending, not by David Lynch", (), ("David Lynch",)),
        ("I really don't like Tom Cruise", (), ("Tom Cruise",)),
        ("a film about Audrey Hepburn", (), ()),
        ("a quiet king and his court", (), ()),
    ],
)
def test_people_asked_for_and_refused(said: str, wanted: tuple[str, ...], refused: tuple[str, ...]) -> None:
    mentions = read(said)
    assert (mentions.with_people, mentions.without_people) == (wanted, refused)


@pytest.mark.parametrize("said", ["authors like Toni Morrison", "novels in the style of Toni Morrison"])
def test_an_author_who_is_an_example_is_not_asked_for_and_the_own_works_are_hidden(said: str) -> None:
    mentions = read(said)
    assert mentions.with_people == ()
    assert set(mentions.hidden) == {"Beloved 1987 book", "Sula 1973 book"}


def test_the_other_volumes_of_a_named_series_are_hidden() -> None:
    mentions = read("an epic like The Dark Tower")
    shown = {"The Gunslinger (The Dark Tower, #1) 1982 book", "The Drawing of the Three (The Dark Tower, #2) 1987 book"}
    assert {work.id for work in mentions.like} | set(mentions.hidden) == shown


def test_a_series_that_is_only_refused_is_hidden_and_not_disliked() -> None:
    mentions = read("space adventures that aren't Star Trek")
    assert not mentions.like
    assert not mentions.unlike
    trek = {"Star Trek: Generations 1994", "Star Trek: First Contact 1996", "Star Trek II: The Wrath of Khan 1982"}
    assert {work.id for work in mentions.seen} | set(mentions.hidden) == trek


def test_all_works_of_a_refused_name_are_hidden() -> None:
    mentions = read("Nolan films but not the Batman ones")
    assert mentions.with_people == ("Christopher Nolan",)
    assert {work.id for work in mentions.seen} | set(mentions.hidden) == {
        "Batman 1989",
        "Batman: Year One 2011",
        "Batman Begins 2005",
    }


def test_spans_cover_the_names_with_the_words_that_judge_them() -> None:
    said = "a film like Heat, please"
    assert [said[start:end] for start, end in read(said).spans] == ["like Heat"]
    said = "Heat put me to sleep"
    assert [said[start:end] for start, end in read(said).spans] == [said]


class Refusing:
    """Clauses that refuse everything."""

    def polarity(self, start: int, end: int) -> float:  # noqa: ARG002
        return -1.0


def test_a_clause_that_refuses_names_makes_them_seen() -> None:
    said = "Blue Velvet, Mulholland Drive"
    assert ids(said) == {"like": {"Blue Velvet 1986", "Mulholland Drive 2001"}}
    assert ids(said, clauses=Refusing()) == {"seen": {"Blue Velvet 1986", "Mulholland Drive 2001"}}


def labelled(said: str, **labels: str) -> TokenLabels:
    words = RequestWords(said)
    shares = np.zeros((len(words), len(LABELS)), dtype=np.float32)
    for row, word in enumerate(words.plain):
        shares[row, LABELS.index(labels.get(word, "other"))] = 1.0  # type: ignore[arg-type]
    return TokenLabels([(token.start, token.end) for token in words.tokens], shares)


def test_a_label_makes_a_name_of_words_that_nothing_else_marks_and_says_what_is_thought_of_it() -> None:
    said = "casino for the third time last week"
    assert ids(said) == {}
    assert ids(said, labels=labelled(said, casino="seen")) == {"seen": {"Casino 1995"}}
    assert ids(said, labels=labelled(said, casino="unlike")) == {"unlike": {"Casino 1995"}}


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("Heat", "Heat 1995"),
        ("the movie Up", "Up 2009"),
        ("the movie Love Story", "Love Story 1970"),
        ("The Thing 2011", "The Thing 2011"),
        ("The Road by Cormac McCarthy", "The Road 2006 book"),
        ("Little Women film", "Little Women 2019"),
    ],
)
def test_a_whole_query_is_a_title(said: str, first: str) -> None:
    assert read_title(said, TAXONOMY, NAMES)[0] == first


@pytest.mark.parametrize("said", ["a love story", "a good film", "films like Heat", "something sad", ""])
def test_a_wish_is_not_a_title(said: str) -> None:
    assert not is_title(said, TAXONOMY, NAMES)


@pytest.mark.parametrize(
    "piece", ["up ", "Heat, ", "goodfelas ", "😀", '"', "a'", "like ", "Tom ", "Liked: ", "2 ", "İ"]
)
def test_odd_input_of_any_length_is_read(piece: str) -> None:
    said = (piece * 10_000)[:10_000]
    mentions = read(said)
    assert all(0 <= start < end <= len(said) for start, end in (*mentions.spans, *mentions.quiet_spans))


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """ not no like unlike loved hated seen by with the movie Up Heat heat Her It and or , . : " ' ( 1995 )
        goodfelas Tom Cruise David Lynch Star Trek meets between apart from but i was boring superb Liked: The Road
        novel İß 😀 """,
    )
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(WORDS, max_size=40).map(" ".join)))
def test_any_text_is_read_and_no_work_is_read_twice(said: str) -> None:
    mentions = read(said)
    works = [work.id for work in (*mentions.like, *mentions.unlike, *mentions.seen)]
    assert len(works) == len(set(works))
    assert not set(works) & set(mentions.hidden)
    assert not set(mentions.with_people) & set(mentions.without_people)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("My aunt made me read Beloved. I did. I want my weekend back.", {"unlike": {"Beloved 1987 book"}}),
        ("You can keep your Blue Velvet, a comedy please", {"unlike": {"Blue Velvet 1986"}}),
        ("she raced through Beloved and Sula", {"like": {"Beloved 1987 book", "Sula 1973 book"}}),
        ("finished Sula yesterday, need another novel", {"like": {"Sula 1973 book"}}),
        ("Heat I know, a crime film please", {"seen": {"Heat 1995"}}),
    ],
)
def test_further_words_about_works(said: str, expected: dict[str, set[str]]) -> None:
    assert ids(said) == expected


def test_further_ways_of_naming_people() -> None:
    assert read("Scorsese, something from the 90s").with_people == ("Martin Scorsese",)
    assert read("Toni Morrison aside, which novels are sad?").without_people == ("Toni Morrison",)
    assert read("the sort of film David Lynch made").with_people == ()
    misspelt = read("anything by martin scorcsese")
    assert misspelt.with_people == ("Martin Scorsese",)
    assert [correction.taken_for for correction in misspelt.corrected] == ["Martin Scorsese"]


def test_names_of_books_that_were_filmed_are_read_in_one_kind() -> None:
    names = open_index(
        [
            book("Glass Girl", "Ann Rowe"), film("Glass Girl", 2014),
            book("The Night Bus", "Ben Sloe"), film("The Night Bus", 2016, 30),
            book("Other", "Cy Dow"), film("Film", 1999),
        ]
    )  # fmt: skip
    read = read_mentions("just finished Glass Girl and The Night Bus, need another", names, TAXONOMY)
    assert {work.kind for work in read.like} == {"book"}
    assert set(read.hidden) >= {"Glass Girl 2014", "The Night Bus 2016"}


@pytest.mark.parametrize(
    "said",
    [
        "I like Michael Mann's films, who else makes films like that?",
        "Michael Mann is my favourite, any other directors?",
        "Michael Mann fan here. Something by somebody else please",
    ],
)
def test_who_asks_for_others_wants_works_like_those_of_a_person(said: str) -> None:
    mentions = read_mentions(said, NAMES, TAXONOMY)
    assert (mentions.like_people, mentions.with_people) == (("Michael Mann",), ())


def test_a_surname_after_which_asks_for_the_works_of_the_person() -> None:
    assert read_mentions("which Scorsese should I see next?", NAMES, TAXONOMY).with_people == ("Martin Scorsese",)


def test_a_kind_of_film_is_no_title_in_lower_case() -> None:
    names = open_index([film("Superhero Movie", 2008), film("Heat", 1995)])
    assert read_mentions("not another superhero movie", names, TAXONOMY) == Mentions()


def test_a_name_whose_works_are_all_refused_is_kept_as_a_word() -> None:
    assert read_mentions("Scorsese films but not the Batman ones", NAMES, TAXONOMY).refused == ("the Batman",)
    assert not read_mentions("not Batman, please", NAMES, TAXONOMY).refused


def test_a_part_of_a_longer_unknown_title_is_no_title() -> None:
    said = "a film similar to Drive Slowly by Ann Rowe"
    spans = [match.span() for match in re.finditer(r"[\w']+", said)]
    shares = np.zeros((len(spans), len(LABELS)), np.float32)
    shares[:, 0] = 1
    shares[4:6] = np.eye(len(LABELS))[LABELS.index("like")]
    assert not read_mentions(said, NAMES, TAXONOMY, labels=TokenLabels(spans, shares)).like


def test_a_country_that_a_source_gives_as_a_person_is_none() -> None:
    names = open_index([film("Cold Lake", 2001, cast="South Korean"), film("Heat", 1995)])
    assert read_mentions("South Korean thrillers from the 2000s", names, TAXONOMY) == Mentions()


def test_a_maker_and_actors_are_both_asked_for() -> None:
    mentions = read_mentions("Michael Mann films with Al Pacino or Tom Cruise", NAMES, TAXONOMY)
    assert (mentions.made_by, mentions.with_people) == (("Michael Mann",), ("Al Pacino", "Tom Cruise"))
    either = read_mentions("Michael Mann films or Scorsese films", NAMES, TAXONOMY)
    assert (either.made_by, set(either.with_people)) == ((), {"Michael Mann", "Martin Scorsese"})
