"""What Evoke understands of a request, request by request."""

import re
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_works import open_index

from indexer.known.fields import NamedWork
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.records import IntegerRange, Intent
from search_api.understanding.intent import parse_intent

TITLES = (
    "2001: A Space Odyssey",
    "12 Angry Men",
    "1984",
    "A Quiet Place",
    "Alien",
    "Amélie",
    "Arrival",
    "Blade Runner 2049",
    "Heat",
    "In the Mood for Love",
    "Inside Out",
    "Interstellar",
    "It",
    "Love Story",
    "Pride and Prejudice",
    "The Book Thief",
    "The Dark Knight",
    "The Martian",
    "The Notebook",
)
GENRES = (
    "Action",
    "Comedy",
    "Documentary",
    "Drama",
    "Horror",
    "Music",
    "Mystery",
    "Romance",
    "Science Fiction",
    "Thriller",
    "War",
    "Western",
    "humor",
    "urban_fantasy",
)


NAMES = open_index(NamedWork(id=title, title=title, n_ratings=1000) for title in TITLES)
TAXONOMY = load_taxonomy()
TODAY = date(2026, 6, 1)


def read(query: str) -> Intent:
    return parse_intent(query, TAXONOMY, names=NAMES, genres=GENRES, today=TODAY)


def years_of(query: str) -> tuple[int | None, int | None]:
    years = read(query).filters.year
    assert years is not None
    return years.gte, years.lte


def facts(query: str) -> dict[str, object]:
    return read(query).filters.model_dump(exclude_defaults=True, exclude_none=True)


def test_reads_the_flagship_request():
    intent = read("find me something inspiring, like Interstellar but not too sad, under two hours")
    assert intent.model_dump(exclude_defaults=True, exclude_none=True) == {
        "text": "inspiring",
        "values": {"E5": 1.0, "E4": -0.5},
        "tags": {
            "T-inspiring": 1.0,
            "T-inspirational": 1.0,
            "T-tragedy": -0.5,
            "T-depressing": -0.5,
            "T-made-me-cry": -0.5,
        },
        "like": ({"id": "Interstellar", "title": "Interstellar"},),
        "filters": {"kind": "movie", "runtime_minutes": {"lte": 119}},
        "implied": {"filters.kind": ("filters.runtime_minutes",)},
    }


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("a moving film", "movie"),
        ("movies that make me think", "movie"),
        ("something to watch", "movie"),
        ("an uplifting novel", "book"),
        ("a good book to read", "book"),
        ("something inspiring to read", "book"),
        ("about friendship, something to read", "book"),
        ("the best of films", "movie"),
        ("a film about a book", "movie"),
        ("a movie based on the book", "movie"),
        ("a book about the making of a film", "book"),
        ("a film by the author of the book", "movie"),
        ("a comic book movie", "movie"),
        ("a film or a book about grief", None),
        ("film noir", "movie"),
        ("someone who learns to read", None),
        ("something inspiring", None),
    ],
)
def test_kind(query: str, kind: str | None):
    assert read(query).filters.kind == kind


@pytest.mark.parametrize(
    ("query", "years"),
    [
        ("comedies from the 90s", (1990, 1999)),
        ("a nineties thriller", (1990, 1999)),
        ("1980s horror movies", (1980, 1989)),
        ("films of the 1970s", (1970, 1979)),
        ("early 2000s comedies", (2000, 2004)),
        ("a film from the late 80s or early 90s", (1985, 1994)),
        ("a drama before 1970", (None, 1969)),
        ("pre-1970 westerns", (None, 1969)),
        ("films since 2010", (2010, None)),
        ("films after 2010", (2011, None)),
        ("films after 1990 but before 2000", (1991, 1999)),
        ("films from before 2005 and after 1980", (1981, 2004)),
        ("books from 2010 onwards", (2010, None)),
        ("nothing older than 1990", (1990, None)),
        ("no films before 2000", (2000, None)),
        ("science fiction between 1960 and 1975", (1960, 1975)),
        ("a movie from 1994", (1994, 1994)),
        ("movies about dinosaurs from 1993", (1993, 1993)),
        ("Heat (1995)", (1995, 1995)),
    ],
)
def test_years(query: str, years: tuple[int | None, int | None]):
    assert years_of(query) == years


@pytest.mark.parametrize(
    ("query", "years"),
    [
        ("a sad book from the 19th century", (1800, 1899)),
        ("a sad book from the nineteenth century", (1800, 1899)),
        ("novels of the 18th and 19th centuries", (1700, 1899)),
        ("from the 18th to the 20th century", (1700, 1999)),
        ("a 19th-century novel", (1800, 1899)),
        ("XIX century Russian fiction", (1800, 1899)),
        ("a novel, preferably a 19th century one", (1800, 1899)),
        ("early 20th century novels", (1900, 1949)),
        ("a book from the second half of the 20th century", (1950, 1999)),
        ("a book from the 1800s", (1800, 1899)),
        ("a book from the late 1800s", (1850, 1899)),
        ("a book about grief from the 20th century", (1900, 1999)),
        ("a novel written by a woman in the 19th century", (1800, 1899)),
        ("books from before the 20th century", (None, 1899)),
        ("pre-20th-century novels", (None, 1899)),
        ("a film from the 21st century about war", (2000, None)),
        ("popular science books from this century", (2000, None)),
        ("a novel of the last century", (1900, 1999)),
    ],
)
def test_centuries_are_years(query: str, years: tuple[int | None, int | None]):
    assert years_of(query) == years


@pytest.mark.parametrize(
    ("query", "years"),
    [
        ("a sad book, not from the 19th century", (1900, None)),
        ("a sad book, not from the nineteenth century", (1900, None)),
        ("a sad book, not from the 1800s", (1900, None)),
        ("a sad book, not from the 1990s", (2000, None)),
        ("a sad book not from the 90s", (2000, None)),
        ("a sad book, not a 19th century one", (1900, None)),
        ("a sad book, not one of those 19th century novels", (1900, None)),
        ("a sad book that was not written in the 19th century", (1900, None)),
        ("I don't want a book from the 1990s", (2000, None)),
        ("I hate films from the 50s", (1960, None)),
        ("no 90s films please", (2000, None)),
        ("something funny, anything but the 19th century", (1900, None)),
        ("a sad film, not from this century", (None, 1999)),
        ("a sad book, not from the 20th or 21st century", (None, 1899)),
        ("a sad book, not from 2010 onwards", (None, 2009)),
        ("a sad book, nothing from before 1950", (1950, None)),
        ("a 20th century novel, not from the 1990s", (1900, 1989)),
        ("a 20th century novel, not from the 1950s", (1900, 1999)),
    ],
)
def test_an_unwanted_time_removes_one_end_of_the_range(query: str, years: tuple[int | None, int | None]):
    assert years_of(query) == years


def test_the_words_of_an_unwanted_century_are_not_searched_for():
    intent = read("a quiet book about grief, not from the 19th century")
    assert intent.text == "quiet grief"
    assert "T-classics" not in intent.tags
    assert read("a quiet book, not set in the 19th century").text == "quiet"
    assert read("maybe a quiet book, but not from the 19th century").text == "maybe a quiet"
    assert read("a sad book, no 19th century classics").tags.get("T-classics", 0) <= 0


@pytest.mark.parametrize("query", ["not a classic", "no classics please", "a novel that isn't a classic"])
def test_an_unwanted_classic_gives_classics_a_negative_weight(query: str):
    assert read(query).tags["T-classics"] < 0


@pytest.mark.parametrize(
    "query",
    [
        "2001: A Space Odyssey",
        "like 2001: A Space Odyssey",
        "Blade Runner 2049",
        "1984",
        "12 Angry Men",
        "a 1984 movie",
        "an old film",
        "a film set in the 1960s",
        "a film about a boy growing up in the 60s",
        "a movie set before 1970",
        "a film about a man from the 1950s",
        "a parody of 50s sitcoms",
        "a film that doesn't have to be from the 90s",
        "not only 90s films",
        "a comedy with no gore from the 80s",
        "a book, not from 1994",
        "a book about the wars of the 20th century",
        "a history of the 20th century",
        "a book about a ghost from the 18th century",
        "novels set in the 19th century",
        "a book, not set in the 19th century",
        "a 19th century ghost story",
        "a film from the 19th century",
        "films by 20th Century Fox",
        "a story from the 5th century BC",
        "a film from the 24th century",
        "maybe from the 90s",
        "I think it was a comedy from the 90s",
    ],
)
def test_numbers_that_are_not_release_years(query: str):
    assert read(query).filters.year is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a film under two hours", {"runtime_minutes": {"lte": 119}}),
        ("movies of less than 90 minutes", {"runtime_minutes": {"lte": 89}}),
        ("a film of at most 1h45", {"runtime_minutes": {"lte": 105}}),
        ("shorter than an hour and a half", {"runtime_minutes": {"lte": 89}}),
        ("less than 2 and a half hours", {"runtime_minutes": {"lte": 149}}),
        ("movies over 3 hours", {"runtime_minutes": {"gte": 181}}),
        ("no more than 100 minutes", {"runtime_minutes": {"lte": 100}}),
        ("a thriller, nothing over 2 hours", {"runtime_minutes": {"lte": 120}}),
        ("a novel under 300 pages", {"page_count": {"lte": 299}}),
        ("300 pages or less", {"page_count": {"lte": 300}}),
        ("a book about war under 200 pages", {"page_count": {"lte": 199}}),
        ("a short film", {"runtime_minutes": {"lte": 90}}),
        ("a short sad novel", {"page_count": {"lte": 200}}),
        ("a long book", {"page_count": {"gte": 500}}),
        ("a book that isn't too long", {"page_count": {"lte": 499}}),
        ("a man who has less than two hours to live", {}),
        ("a long lost film", {}),
    ],
)
def test_length(query: str, expected: dict[str, object]):
    found = facts(query)
    assert {name: found[name] for name in ("runtime_minutes", "page_count") if name in found} == expected


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("a film in French", {"any": ("fr",)}),
        ("French-language comedy", {"any": ("fr",)}),
        ("a Japanese film", None),
        ("a drama, not in English", {"none": ("en",)}),
        ("a story about a French chef", None),
        ("an English novel", None),
        ("a Spanish Civil War film", None),
        ("books about Greek mythology", None),
    ],
)
def test_language(query: str, language: dict[str, object] | None):
    assert facts(query).get("language") == language


@pytest.mark.parametrize(
    ("query", "genres"),
    [
        ("a comedy", {"any": ("Comedy", "humor")}),
        ("some good sci-fi", {"any": ("Science Fiction",)}),
        ("science fiction with heart", {"any": ("Science Fiction",)}),
        ("a western about a bank robbery", {"any": ("Western",)}),
        ("a thriller or a horror", {"any": ("Thriller", "Horror")}),
        ("a romantic comedy, sad or not", {"any": ("Comedy", "humor"), "all": ("Romance",)}),
        ("an urban fantasy", {"any": ("urban_fantasy",)}),
        ("no horror", {"none": ("Horror",)}),
        ("something funny, not a musical", {"none": ("Music",)}),
        ("no horror or westerns", {"none": ("Horror", "Western")}),
        ("a drama without romance", {"any": ("Drama",), "none": ("Romance",)}),
        ("western civilisation", None),
        ("the comedy of errors", None),
        ("a romantic film", None),
        ("a book about war", None),
        ("less drama", None),
        ("a film about a horror writer", None),
        ("poetry", None),
    ],
)
def test_genres(query: str, genres: dict[str, object] | None):
    assert facts(query).get("genres") == genres


@pytest.mark.parametrize(
    ("query", "like", "unlike"),
    [
        ("films like Interstellar", ["Interstellar"], []),
        ("something like interstellar and the martian", ["Interstellar", "The Martian"], []),
        ("like Interstellar, The Martian or Arrival", ["Interstellar", "The Martian", "Arrival"], []),
        ("similar to Pride and Prejudice", ["Pride and Prejudice"], []),
        ('in the spirit of "2001: A Space Odyssey"', ["2001: A Space Odyssey"], []),
        ("a film that reminds me of Amélie", ["Amélie"], []),
        ("a cross between Alien and Pride and Prejudice", ["Alien", "Pride and Prejudice"], []),
        ("as inspiring as Interstellar", ["Interstellar"], []),
        ("something darker than Amélie", ["Amélie"], []),
        ("I loved Arrival, what next?", ["Arrival"], []),
        ("Interstellar but funnier", ["Interstellar"], []),
        ("Alien meets Pride and Prejudice", ["Alien", "Pride and Prejudice"], []),
        ("a film like a quiet place", ["A Quiet Place"], []),
        ("books like It", ["It"], []),
        ("unlike Interstellar", [], ["Interstellar"]),
        ("something not like The Notebook", [], ["The Notebook"]),
        ("like Arrival, nothing like The Notebook", ["Arrival"], ["The Notebook"]),
        ("something like it", [], []),
        ("books like these", [], []),
        ("I would like something funny", [], []),
        ("I feel like a love story", [], []),
        ("a film that looks like a painting", [], []),
        ("like The Unheard Of Title", [], []),
    ],
)
def test_works(query: str, like: list[str], unlike: list[str]):
    intent = read(query)
    assert [work.title for work in intent.like] == like
    assert [work.title for work in intent.unlike] == unlike


@pytest.mark.parametrize("query", ["The Dark Knight", "the book thief", "in the mood for love", "Inside Out"])
def test_a_title_is_only_a_title(query: str):
    assert read(query) == Intent(text=query)


def test_words_that_ask_for_something_are_not_taken_for_a_title():
    assert read("a love story").values == {"HR1": 1.0, "E13": 1.0}


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("something inspiring", {"E5": 1.0}),
        ("a very inspiring film", {"E5": 1.0}),
        ("a book that will make me cry", {"E4": 1.0}),
        ("a tearjerker", {"E4": 1.0}),
        ("a feel-good movie", {"E1": 1.0, "E8": 1.0}),
        ("a bit sad", {"E4": 0.5}),
        ("about time travel", {"MS4": 1.0}),
        ("found family", {"HR6": 1.0}),
        ("a coming-of-age story about revenge", {"PG1": 1.0, "HR5": 1.0}),
        ("good vs evil", {"ME3": 1.0}),
        ("a movie where a guy is stuck in a time loop", {"MS4": 0.5}),
        ("a film about a sad clown", {}),
        ("films with Joy Bryant", {}),
        ("man loses his bright red umbrella in dark rainy Paris", {}),
    ],
)
def test_values_asked_for(query: str, values: dict[str, float]):
    assert read(query).values == values


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("not too sad", {"E4": -0.5}),
        ("nothing violent", {"E12": -1.0}),
        ("a thriller without violence", {"E7": 1.0, "E12": -1.0}),
        ("a thriller, no gore", {"E7": 1.0, "E12": -1.0}),
        ("a thriller, no gore, violence or romance", {"E7": 1.0, "E12": -1.0, "E13": -1.0}),
        ("something other than sad", {"E4": -1.0}),
        ("less dark", {"E16": -0.5}),
        ("like Interstellar but lighter", {"E1": 0.5, "E16": -0.5}),
        ("uplifting, not depressing", {"E2": 1.0, "E5": 1.0, "E4": -1.0, "E15": -1.0}),
        ("sad, but not depressing", {"E4": 1.0}),
        ("neither sad nor violent", {"E4": -1.0, "E12": -1.0}),
        ("nothing sad or scary", {"E4": -1.0, "E6": -1.0}),
        ("I don't want anything scary", {"E6": -1.0}),
        ("a film that isn't too scary", {"E6": -0.5}),
        ("funny, without violence and romance", {"E9": 1.0, "E12": -1.0, "E13": -1.0}),
        ("more funny than sad", {"E9": 1.0, "E4": -0.5}),
        ("more hopeful, less dark", {"E2": 1.0, "E16": -0.5}),
        ("a violence-free thriller", {"E7": 1.0, "E12": -1.0}),
        ("not only sad but also funny", {"E4": 1.0, "E9": 1.0}),
        ("a story of a person who never gives up", {"SC4": 0.5}),
        ("why not something funny", {"E9": 1.0}),
        ("I don't mind sad films", {}),
        ("it doesn't have to be funny", {}),
        ("a film about a world without hope", {}),
    ],
)
def test_values_unwanted(query: str, values: dict[str, float]):
    assert read(query).values == values


@pytest.mark.parametrize(
    ("query", "prefix"), [("something with educational value", "L"), ("emotional stimulation", "E")]
)
def test_roll_ups_ask_for_a_whole_facet(query: str, prefix: str):
    values = read(query).values
    assert set(values) == {id_ for id_ in TAXONOMY.ids if re.fullmatch(rf"{prefix}\d+", id_)}
    assert sum(weight**2 for weight in values.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("find me something inspiring", "inspiring"),
        ("Hi! Could you please recommend me an uplifting book? Thanks!", "uplifting"),
        ("I want a film that makes me think", "makes me think"),
        ("a film about a magician in Paris, from the 90s, under two hours", "magician in Paris"),
        ("a funny film, nothing scary", "funny"),
        ("a thriller, no gore, no subtitles", "thriller"),
        ("a heist film, but not American", "heist"),
        ("like The Unheard Of Title", "like The Unheard Of Title"),
        ("like Interstellar", "Interstellar"),
        ("like Interstellar but not too sad", "Interstellar"),
        ("not too sad", "not too sad"),
        ("a film from 1994", "film"),
        ("the best films of the 1990s", "films"),
        ('a film called "not too sad"', 'called "not too sad"'),
        ("  un film   sur la mer  ", "un sur la mer"),
        ("ein Buch über Hoffnung", "ein Buch über Hoffnung"),
        ("فيلم حزين 😢", "فيلم حزين 😢"),
    ],
)
def test_text_that_is_left_to_search_for(query: str, text: str):
    assert read(query).text == text


REMEMBERED = (
    "[TOMT][MOVIE][2000s] Sad French film about a boy and his horse. I saw it on TV in the 90s, it was less than two "
    "hours long and a bit like Interstellar. The boy was not happy, his father sold the horse to a circus, and in the "
    "end he finds it again in a small town by the sea. Please help, thanks!"
)


def test_a_remembered_plot_is_searched_as_it_is_and_filters_nothing():
    intent = read(REMEMBERED)
    years = IntegerRange(gte=2000, lte=2009)
    assert intent == Intent(text=intent.text, is_description=True, remembered_years=years)
    assert intent.text.startswith("Sad French film about a boy and his horse. I saw it on TV in the 90s")
    assert intent.text.endswith("in a small town by the sea. Please help")


def test_a_short_memory_filters_nothing_either():
    assert facts("[TOMT] 80s horror movie under 90 minutes") == {}
    assert facts("I saw this as a kid, a French comedy from the 90s") == {}
    assert facts("a strange movie or show I saw years ago") == {}
    assert facts("a French comedy I don't remember well") == {}


@pytest.mark.parametrize(
    "query",
    [
        "I remember a film about a lighthouse, it was on TV in the eighties",
        "does anyone know a book where a boy lives in a clock tower",
        "I saw this when I was little, a puppet that talks to a judge",
        "what was that film with the talking barge",
        "I used to own it, the cover was green and the hero was a beekeeper",
    ],
)
def test_words_of_remembering_make_a_description(query: str):
    assert read(query).is_description


@pytest.mark.parametrize(
    "query",
    [
        "I saw it as a kid and loved it, can you recommend more adventures like that?",
        "I think my favourite is Alien, what else is there with monsters?",
        "do you know any good musicals?",
        "My brother and I used to watch westerns every Sunday. More films like that please",
        "The last film I saw in the cinema was Arrival, I need a good movie for tonight",
    ],
)
def test_words_of_remembering_in_a_request_leave_it_a_request(query: str):
    assert not read(query).is_description


def test_a_long_post_is_read_sentence_by_sentence():
    intent = read(
        "My sister is visiting for a week and we never agree on anything. She loved Interstellar, I loved Arrival. "
        "We'd like a film under two hours, something hopeful with a bit of humour. No gore, and I hate westerns. "
        "The sofa is small and the dog snores. Violence she doesn't mind. What should we watch?"
    )
    assert [work.title for work in intent.like] == ["Interstellar", "Arrival"]
    assert (intent.filters.kind, intent.filters.runtime_minutes) == ("movie", IntegerRange(lte=119))
    assert (intent.values["E2"], intent.values["E9"], intent.tags["T-western"]) == (1.0, 0.5, -1.0)
    assert intent.values["E12"] == -1.0
    assert not {"HR3", "T-animals"} & {*intent.values, *intent.tags}
    assert "snores" not in intent.text


def test_the_audience_is_read_and_its_words_are_no_theme():
    intent = read("a comedy for a family night with my eight-year-old")
    assert intent.audience == "family"
    assert "HR3" not in intent.values
    assert "T-childrens" not in intent.tags


def test_values_are_read_from_a_long_request():
    story = "My week was hard and my mother and I have not been out of the house since the snow came down on Monday. "
    intent = read(story + "Please recommend something inspiring and funny, nothing scary, for both of us on the sofa.")
    assert intent.values == {"E5": 1.0, "E9": 1.0, "E6": -1.0}
    assert "sofa" in intent.text
    assert "snow" not in intent.text
    request = "Please recommend a film from the 90s for both of us on the sofa."
    assert facts(story + request) == {"kind": "movie", "year": {"gte": 1990, "lte": 1999}}


def test_an_own_taxonomy_defines_what_can_be_asked_for():
    values = [{"id": "X1", "name": "zest", "facet": "emotion", "description": "Full of zest.", "ask": ["zesty"]}]
    own = Taxonomy.model_validate({"version": "mine", "values": values})
    intent = parse_intent("something zesty, not too sad", own, names=NAMES, today=TODAY)
    assert intent.values == {"X1": 1.0}
    assert intent.text == "zesty"


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """ not no without nothing too less more but and or like unlike than film book a the about who from in of please
        sad funny inspiring dark violence horror comedy French hours under two 90s 1994 before since 300 pages short
        the 19th 20th nineteenth twenty-first century classics isn't written to
        Interstellar It th\u0131rt\u0130es \u0130talian \u017fpani\u017fh an hour early s\u0131xty minutes " ' , . ?
        [TOMT] (1995) 😀 سينما İß \0 """,
    )
)
QUERIES = st.one_of(st.text(), st.lists(WORDS, max_size=40).map(" ".join))


@given(QUERIES)
def test_any_text_becomes_an_intent(query: str):
    intent = read(query)
    assert all(-1 <= weight <= 1 for weight in intent.values.values())
    assert set(intent.values) <= set(TAXONOMY.ids)
    assert intent.text.strip() or not query.strip()


PIECES = ["a ", "not ", "like ", "😀", "[", "a'", "-", "1", 'sad, "', "مرحبا ", "please!! ", "https://a/", "%", "("]


@pytest.mark.parametrize("piece", [*PIECES, "not from the ", "19th or ", "the 90s and "])
@pytest.mark.parametrize("n_characters", [400, 10_000])
def test_no_query_freezes_the_reader(piece: str, n_characters: int):
    """A request of up to 400 characters is read by every pattern, a longer one by few."""
    started = time.process_time()
    read((piece * n_characters)[:n_characters])
    assert time.process_time() - started < 5  # it takes 10 ms; a pattern that backtracks without end never returns


@pytest.mark.parametrize(
    ("query", "tags", "only_mood"),
    [
        ("a satire", {"T-satire": 1.0}, True),
        ("a film that is not a satire", {"T-satire": -1.0}, True),
        ("a satire set in Moscow", {"T-satire": 1.0}, False),
        ("something hopeful about Paris", {"T-inspiring": 1.0, "T-inspirational": 1.0}, False),
        ("a film about a boy and his horse", {}, False),
        ("films like Interstellar", {}, False),
    ],
)
def test_community_tags_are_read_in_the_request_part(query: str, tags: dict[str, float], only_mood: bool) -> None:
    intent = read(query)
    assert (intent.tags, intent.only_mood) == (tags, only_mood)


@pytest.mark.parametrize(
    "query",
    [
        "miserable old Swede keeps trying to kill himself but the family across the road always needs him",
        "two lads packed off to the countryside under Mao, they steal a case full of foreign books and read them",
    ],
)
def test_the_plot_of_a_work_in_one_sentence_is_a_description(query: str) -> None:
    assert read(query) == Intent(text=query, is_description=True)


def test_a_long_request_stays_a_request() -> None:
    intent = read("something sad and hopeful about an old man who leaves the city after the war and finds his brother")
    assert intent.values["E4"] > 0
    assert not intent.is_description


def guessing(query: str) -> tuple[Intent, list[str]]:
    asked: list[str] = []

    def guess(text: str) -> dict[str, float]:
        asked.append(text)
        return {"E2": 1.0, "T-inspiring": 0.5}

    return parse_intent(query, TAXONOMY, names=NAMES, genres=GENRES, guess=guess, today=TODAY), asked


def test_words_that_no_rule_knows_are_guessed_by_their_meaning_once() -> None:
    intent, asked = guessing("make me gasp at how big the universe is")
    assert asked == [intent.text]
    assert (intent.values, intent.tags, intent.is_guess) == ({"E2": 1.0}, {"T-inspiring": 0.5}, True)


@pytest.mark.parametrize(
    "query",
    ["something funny", "like Interstellar", "Heat", "nothing violent", "", "a book, not from the 19th century"],
)
def test_a_query_with_a_value_or_a_named_work_is_not_guessed(query: str) -> None:
    intent, asked = guessing(query)
    assert asked == []
    assert not intent.is_guess


@pytest.mark.parametrize("query", ["not a waste of time", "nothing overrated", "a film, not a disappointment"])
def test_works_whose_synopsis_has_words_of_reviewers_are_not_refused_for_them(query: str):
    assert read(query).tags == {"T-disappointing": -1.0}
    assert read(query).refused == ()
