"""When the works asked for came out."""

from datetime import date

import pytest
from reading import GENRES, fact

from search_api.understanding.facts import read_facts
from search_api.understanding.query import TAKEN, Query

WANTED = [
    ("thrillers from the seventies", (1970, 1979)),
    ("ghost films 1960-1975 in colour", (1960, 1975)),
    ("an old film (50s, 60s)", (1950, 1969)),
    ("released between 2012 and now", (2012, None)),
    ("ideally 80s, but I'm flexible", (1980, 1989)),
    ("best thriller 2017", (2017, 2017)),
    ("1970s Italian crime films", (1970, 1979)),
    ("European comedies please, last 15 years", (2009, None)),
    ("the best film of 2017", (2017, 2017)),
    ("films less than three years old", (2021, None)),
    ("films that are at least 40 years old", (None, 1984)),
    ("a film about grief, but from the 50s", (1950, 1959)),
    ("a quiet film about rain, from before 1960", (None, 1959)),
    ("some eighties horror", (1980, 1989)),
    ("nineteen-fifties melodrama films", (1950, 1959)),
    ("a noughties rom-com", (2000, 2009)),
    ("comedies of the two-thousands", (2000, 2009)),
    ("anything made in the '60s", (1960, 1969)),
    ("sci fi 70s", (1970, 1979)),
    ("a ghost film, 1930s, please", (1930, 1939)),
    ("a mid-90s teen movie", (1993, 1997)),
    ("detective novels of the interwar years", (1919, 1939)),
    ("slapstick comedies frm the 20s", (1920, 1929)),
    ("what good came out in 1987?", (1987, 1987)),
    ("a spy novel published in 1963", (1963, 1963)),
    ("heist films pre 1980", (None, 1979)),
    ("pre-1960 musicals", (None, 1959)),
    ("horror pre2005", (None, 2004)),
    ("fantasy, post 2010", (2011, None)),
    ("nothing later than 1995, a comedy", (None, 1995)),
    ("a western, no earlier than 1960", (1960, None)),
    ("nothing after 1990 please", (None, 1990)),
    ("a film made since 2015", (2015, None)),
    ("dramas from 2005 or later", (2005, None)),
    ("cartoons from the 50s or earlier", (None, 1959)),
    ("mystery novels from 1920 to 1945", (1920, 1945)),
    ("noir, 1945-1955", (1945, 1955)),
    ("a film made between 1931 and 1938", (1931, 1938)),
    ("a film set in the 1890s but shot after 1999", (2000, None)),
    ("war films from before 1970", (None, 1969)),
    ("a must-watch of the past ten years", (2014, None)),
    ("thrillers from the last 20 years", (2004, None)),
    ("the best horror in the last five years", (2019, None)),
    ("novels from the past couple of years", (2022, None)),
    ("comedies of the last few years", (2019, None)),
    ("sci-fi released in the last decade", (2014, None)),
    ("films from the past two decades", (2004, None)),
    ("books published this year", (2024, None)),
    ("films from last year", (2023, 2023)),
    ("documentaries made this decade", (2020, None)),
    ("novels written since the turn of the millennium", (2000, None)),
    ("a recent thriller", (2019, None)),
    ("something recent, and funny", (2019, None)),
    ("newly released fantasy", (2019, None)),
    ("any good new horror films?", (2019, None)),
    ("no films older than 15 years", (2009, None)),
    ("it has to be from the 80s", (1980, 1989)),
    ("a novel of the XVIII century", (1700, 1799)),
    (
        "Hi all! My brother visits on Sunday and we have no plans. Could you find us a western from the 60s?",
        (1960, 1969),
    ),
]


@pytest.mark.parametrize(("text", "years"), WANTED)
def test_the_years_asked_for(text: str, years: tuple[int | None, int | None]) -> None:
    read = fact(text, "year") or {}
    assert (read.get("gte"), read.get("lte")) == years


@pytest.mark.parametrize(
    "text",
    [
        "it doesn't have to be new",
        "I don't mind how old the film is",
        "any year is fine, as long as it's funny",
        "new or old, it doesn't matter",
        "a film from my childhood",
        "a film older than me",
        "a late Victorian ghost story",
        "a post-war family saga",
        "a turn-of-the-century romance",
        "a new book to read",
        "I need a new author",
        "a film set in New York",
        "a film set in the roaring twenties",
        "a drama about the 60s",
        "a woman in her 50s finds love, any film like that?",
        "my parents are in their 70s, what could they watch?",
        "I was born in the 80s and I love westerns",
        "the ones that stayed with me in the last few years were all sad",
        "I have seen everything from the 90s, what now?",
        "We moved house in 2019. A calm novel please.",
        "my grandfather was a sailor in the 1940s",
        "a book with 1500 pages",
        "a film with a budget of $2000",
        f"westerns like {TAKEN * 8} (2010)",
        "films like Nowhere Town (1999)",
        "the 1982 one, more of that",
        "maybe something from the 70s",
        "a 90s-style comedy",
        "a film about people from the 50s",
        "the films I loved in the last year",
        "a comedy set in 2003",
        "a 1968 movie",
        "a film from the year 2150",
        "we have one hour this year",
        "a story of the last few years of his life",
    ],
)
def test_times_that_date_nothing(text: str) -> None:
    assert fact(text, "year") is None


@pytest.mark.parametrize(("year", "first"), [(2010, 2000), (2030, 2020)])
def test_relative_times_are_counted_from_the_day_that_the_caller_gives(year: int, first: int) -> None:
    read = read_facts(Query("films of the past ten years"), GENRES, today=date(year, 2, 3))
    assert read.filters.year
    assert (read.filters.year.gte, read.filters.year.lte) == (first, None)


def test_the_words_of_a_time_are_used_up() -> None:
    text = "a western from the 60s, not from the 1990s"
    read = read_facts(Query(text), GENRES, today=date(2024, 6, 1))
    assert [text[start:end] for start, end in read.time_spans] == ["from the 60s", "not from the 1990s"]
    assert [text[start:end] for start, end in read.denied_spans] == ["not from the 1990s"]
