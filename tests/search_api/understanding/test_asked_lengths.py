"""How long the works asked for may be."""

import pytest
from reading import fact, read

MINUTES = [
    ("a film under 90 min", {"lte": 89}),
    ("an hour thirty at the outside, a film", {"lte": 90}),
    ("I can only sit still for 70 minutes these days, a film", {"lte": 70}),
    ("it shouldn't take more than 100 minutes, a film", {"lte": 100}),
    ("between an hour and 80 minutes, a film", {"gte": 60, "lte": 80}),
    ("no three-hour films", {"lte": 161}),
    ("we don't have two hours, a film", {"lte": 119}),
    ("I have no patience for long films", {"lte": 149}),
    ("a comedy of 1h20 or so", {"gte": 72, "lte": 88}),
    ("I fall asleep in anything over two hours, so which film?", {"lte": 120}),
    ("three hours is too long, a film please", {"lte": 179}),
    ("Comedy. 95 minutes, please.", {"lte": 95}),
    ("a film (100 minutes)", {"lte": 100}),
    ("an action movie, two hours max", {"lte": 120}),
    ("a thriller, 100 minutes tops", {"lte": 100}),
    ("comedies, 95 mins at the very most", {"lte": 95}),
    ("a film no longer than an hour and a half", {"lte": 90}),
    ("it can't be longer than 2 hours", {"lte": 120}),
    ("nothing over 110 minutes, please, a drama", {"lte": 110}),
    ("a western that doesn't go over two hours", {"lte": 120}),
    ("horror, less than 1h30", {"lte": 89}),
    ("a film < 100 minutes", {"lte": 99}),
    ("a sub-90-minute comedy", {"lte": 89}),
    ("a film of up to 2.5 hours", {"lte": 150}),
    ("a movie of at least three hours", {"gte": 180}),
    ("epics longer than 150 minutes", {"gte": 151}),
    ("a film, 2 hours or more", {"gte": 120}),
    ("a film between 80 and 100 minutes", {"gte": 80, "lte": 100}),
    ("a thriller of 90 to 110 minutes", {"gte": 90, "lte": 110}),
    ("a movie of about 100 minutes", {"gte": 90, "lte": 110}),
    ("a 90 minute thriller", {"gte": 81, "lte": 99}),
    ("I only have 90 minutes, what film fits?", {"lte": 90}),
    ("we've got two hours, find us a comedy film", {"lte": 120}),
    ("a short horror film", {"lte": 90}),
    ("a long film for a rainy day", {"gte": 150}),
    ("a film that is not too long", {"lte": 149}),
    ("not a long movie please", {"lte": 149}),
    ("something short to watch", {"lte": 90}),
    ("a short comedy", {"lte": 90}),
    ("no long westerns", {"lte": 149}),
    ("My feet hurt and it rains. Any musical? Ninety minutes at most, then I sleep.", {"lte": 90}),
]
PAGES = [
    ("a novel under 300 pages", {"lte": 299}),
    ("a slim novel", {"lte": 200}),
    ("a novel to finish in one sitting", {"lte": 200}),
    ("not a fan of long books", {"lte": 499}),
    ("a saga book of 700+ pages", {"gte": 700}),
    ("a novel, strange, short", {"lte": 200}),
    ("a novel, 250 pages or so", {"gte": 225, "lte": 275}),
    ("a thick historical novel", {"gte": 500}),
    ("a book of fewer than 250 pages", {"lte": 249}),
    ("novels, 180 pages max", {"lte": 180}),
    ("a fantasy book, at most 400 pages", {"lte": 400}),
    ("a book with no more than 350 pages", {"lte": 350}),
    ("a mystery, not over three hundred pages", {"lte": 300}),
    ("at least 600 pages of family saga", {"gte": 600}),
    ("a book, 500 pages or more", {"gte": 500}),
    ("novels between 200 and 300 pages", {"gte": 200, "lte": 300}),
    ("a 200-page novel", {"gte": 180, "lte": 220}),
    ("a quick read about bees", {"lte": 200}),
    ("a short, sad novel", {"lte": 200}),
    ("a long book for the winter", {"gte": 500}),
    ("give me a proper doorstopper", {"gte": 500}),
    ("a book, not too long", {"lte": 499}),
    ("a novel, nothing too long", {"lte": 499}),
]


@pytest.mark.parametrize(("text", "bounds"), MINUTES)
def test_minutes(text: str, bounds: dict[str, int]) -> None:
    assert (fact(text, "runtime_minutes"), fact(text, "page_count")) == (bounds, None)


@pytest.mark.parametrize(("text", "bounds"), PAGES)
def test_pages(text: str, bounds: dict[str, int]) -> None:
    assert (fact(text, "page_count"), fact(text, "runtime_minutes")) == (bounds, None)


@pytest.mark.parametrize(
    "text",
    [
        "doorstoppers welcome, any fantasy book",
        "any length is fine, a novel",
        "it doesn't have to be under two hours, a film",
        "a man who has ninety minutes to find a bomb",
        "a film about a man with under two hours to live",
        "a book for my two hours on the train each day",
        "I wait five hours at the airport, a film please",
        "my shift is over 10 hours, a calm film please",
        "I read 50 pages and gave up, another book?",
        "the last one was over three hours, we hated that film",
        "a short story",
        "short stories about work",
        "a film about a short man",
        "a long lost brother comes home, a film",
        "a book on a long journey",
        "something long forgotten",
        "a film that came out not too long ago",
        "long time reader here, a book please",
        "I am short of money, a film about luck",
        "a film in which the night is long",
        "maybe under two hours, a film",
        "two minutes later he dies, what film is it",
        "a film about a town under two hours from Paris",
        "a film where he has under two hours after the bomb",
        "a novel under two hours",
        "a film under 200 pages",
    ],
)
def test_words_of_length_that_ask_for_none(text: str) -> None:
    assert (fact(text, "runtime_minutes"), fact(text, "page_count")) == (None, None)


@pytest.mark.parametrize(
    ("said", "most", "years"),
    [
        ("a comedy film under 80 minutes from the 1930s", 79, (1930, 1939)),
        ("movies under 110 minutes after 2015", 109, (2016, None)),
        ("a western, less than two hours from before 1970", 119, (None, 1969)),
        ("at most 100 minutes from the eighties", 100, (1980, 1989)),
        ("under 2 hours from 1994", 119, (1994, 1994)),
        ("under two hours in the 90s", 119, (1990, 1999)),
        ("a comedy under two hours in the 90s that makes me laugh", 119, (1990, 1999)),
        ("a comedy in the 90s, under two hours", 119, (1990, 1999)),
        ("a film, max 100 min, in the 70s", 100, (1970, 1979)),
        ("a film max 100 min in the 70s", 100, (1970, 1979)),
        ("a thriller under two hours of 1999", 119, (1999, 1999)),
        ("a thriller of 1999 of at most two hours", 120, (1999, 1999)),
        ("less than two hours of the 1980s, a western", 119, (1980, 1989)),
        ("a western under two hours and during the 60s", 119, (1960, 1969)),
        ("a film 90s under two hours", 119, (1990, 1999)),
        ("a film under two hours since 2010", 119, (2010, None)),
        ("a film since 2010, under two hours", 119, (2010, None)),
        ("under two hours in the last ten years", 119, (2014, None)),
    ],
)
def test_a_length_and_the_years_after_it_both_limit(said: str, most: int, years: tuple[int | None, int | None]) -> None:
    year = fact(said, "year")
    assert (fact(said, "runtime_minutes"), year.get("gte"), year.get("lte")) == ({"lte": most}, *years)


@pytest.mark.parametrize("when", ["in the 90s", "of the 90s", "from the 90s", "during the 90s"])
@pytest.mark.parametrize("between", [" ", ", ", " and "])
def test_the_years_of_a_novel_before_and_after_its_length(when: str, between: str) -> None:
    for said in (f"a novel {when}{between}under 300 pages", f"a novel under 300 pages{between}{when}"):
        assert (fact(said, "page_count"), fact(said, "year")) == ({"lte": 299}, {"gte": 1990, "lte": 1999})


@pytest.mark.parametrize(
    "said",
    [
        "a film set in the 90s, under two hours",
        "a comedy about growing up in the 90s, under two hours",
        "remembering the 90s, under two hours, a film",
        "under two hours in the 90s Balkans, a film",
        "a film, under two hours, in the trenches of 1916",
    ],
)
def test_a_time_of_the_plot_beside_a_length_dates_nothing(said: str) -> None:
    assert (fact(said, "runtime_minutes"), fact(said, "year")) == ({"lte": 119}, None)


@pytest.mark.parametrize(
    ("said", "name", "length"),
    [
        ("a film of two and a quarter hours at most", "runtime_minutes", {"lte": 135}),
        ("a film, an hour and three quarters at most", "runtime_minutes", {"lte": 105}),
        ("a novel, 350 pages is about what my eyes can take", "page_count", {"lte": 350}),
        ("a book of at most 80 pages from Chile", "page_count", {"lte": 80}),
        ("I hate two things: westerns and any film over two hours", "runtime_minutes", {"lte": 120}),
    ],
)
def test_further_words_for_a_length(said: str, name: str, length: dict[str, int]) -> None:
    assert {key: value for key, value in fact(said, name).items() if value is not None} == length


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("something hopeful but short", "short"),
        ("warm, funny, not too long", "not too long"),
        ("something long and epic", "long"),
    ],
)
def test_a_length_that_a_film_and_a_book_measure_otherwise_is_asked_back(text: str, size: str) -> None:
    facts = read(text)
    assert (facts.filters.runtime_minutes, facts.filters.page_count) == (None, None)
    assert [each.note for each in facts.unmet] == [f"“{size}” is minutes for a film and pages for a book: say which"]


@pytest.mark.parametrize("text", ["a short film", "short stories", "a short-lived love", "life is short and we love"])
def test_a_clear_length_and_other_shortness_are_not_asked_back(text: str) -> None:
    assert read(text).unmet == ()
