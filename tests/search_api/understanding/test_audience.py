"""For whom the works are to be, as a request says it."""

import pytest

from search_api.understanding.audience import read_audience
from search_api.understanding.clauses import Clauses
from search_api.understanding.query import Query


@pytest.mark.parametrize(
    ("said", "audience"),
    [
        ("a film for my kids", "children"),
        ("a story for a toddler", "children"),
        ("suitable for young children", "children"),
        ("a kid-friendly comedy", "children"),
        ("my son is nine and loves trains", "children"),
        ("my niece (7) wants a mystery", "children"),
        ("something for a 3 yo", "children"),
        ("for a boy of eight", "children"),
        ("our daughter's 6", "children"),
        ("a picture book for my nephew in kindergarten", "children"),
        ("a bedtime story about owls", "children"),
        ("something that will keep the kids quiet", "children"),
        ("a film with my eight-year-old", "family"),
        ("movie night with the kids", "family"),
        ("a comedy for the whole family", "family"),
        ("nothing R-rated please", "family"),
        ("something for kids and grandparents", "family"),
        ("for my six-year-old and her grandma", "family"),
        ("the boys (5 and 14) want a Christmas film", "family"),
        ("there are children in the room", "family"),
        ("a novel for my daughter, who is turning 13", "teens"),
        ("my nephew's 16 and hates reading", "teens"),
        ("a thriller for teenagers", "teens"),
        ("something to watch with my teenage son", "teens"),
        ("we are both 15 and bored", "teens"),
    ],
)
def test_audience(said: str, audience: str) -> None:
    assert read_audience(Query(said), Clauses(said))[0] == audience


@pytest.mark.parametrize(
    "said",
    [
        "a sad novel",
        "a dragon story that isn't for kids",
        "cartoons for adults, not for children",
        "the kids are finally asleep, so a proper horror film",
        "family night got cancelled, something gory",
        "a novel about children in the war",
        "no dead children please",
        "a war told with a child's eyes",
        "a film about a ten-year-old pianist",
        "my sister lost her job",
        "a 12-year-old film is fine",
        "I read it when I was ten years old",
        "I'm 74 and like noir",
        "a family saga over three generations",
        "my husband is 45",
    ],
)
def test_no_audience(said: str) -> None:
    assert read_audience(Query(said), Clauses(said)) == (None, [])


def test_the_words_of_an_audience_are_known() -> None:
    said = "an adventure for my kids"
    spans = read_audience(Query(said), Clauses(said))[1]
    assert [said[start:end] for start, end in spans] == ["for my kids"]


@pytest.mark.parametrize(
    ("said", "audience"),
    [
        ("I teach 9th grade and want a novel", "teens"),
        ("a play for my fourth graders", "children"),
        ("a film for six kids between seven and nine", "children"),
        ("for my nephew, who is eight", "children"),
        ("a book about the 9th grade", None),
    ],
)
def test_grades_and_ranges_of_age(said: str, audience: str | None) -> None:
    assert read_audience(Query(said), Clauses(said))[0] == audience
