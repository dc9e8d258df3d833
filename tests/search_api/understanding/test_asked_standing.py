"""How well known or well rated the works are to be."""

import pytest
from reading import read


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("an acclaimed drama", "acclaimed"),
        ("critically acclaimed horror", "acclaimed"),
        ("award-winning novels", "acclaimed"),
        ("an Oscar-winning film", "acclaimed"),
        ("a film that is 10/10", "acclaimed"),
        ("the best British films", "acclaimed"),
        ("best thriller you know", "acclaimed"),
        ("the greatest westerns", "acclaimed"),
        ("highly rated sci-fi", "acclaimed"),
        ("a classic western", "acclaimed"),
        ("a real masterpiece please", "acclaimed"),
        ("must-see horror", "acclaimed"),
        ("films of all time", "acclaimed"),
        ("a popular fantasy series", "popular"),
        ("famous novels I should know", "popular"),
        ("a blockbuster for tonight", "popular"),
        ("something everyone is talking about", "popular"),
        ("a bestselling thriller", "popular"),
        ("a crowd-pleaser for the whole table", "popular"),
        ("nothing obscure please", "popular"),
        ("a lesser-known but good film", "lesser-known"),
        ("underrated comedies", "underrated"),
        ("hidden gems of the 80s", "underrated"),
        ("something obscure", "lesser-known"),
        ("an overlooked novel", "lesser-known"),
        ("a film that's under the radar", "lesser-known"),
        ("horror nobody has heard of", "lesser-known"),
        ("deep cuts only", "lesser-known"),
        ("not the famous ones", "lesser-known"),
        ("nothing too mainstream", "lesser-known"),
        ("an acclaimed but little known drama", "underrated"),
        ("not well known, but funny", "lesser-known"),
        ("We are four friends and it rains. Any underrated heist film?", "underrated"),
    ],
)
def test_standing(text: str, standing: str) -> None:
    assert read(text).standing == standing


@pytest.mark.parametrize(
    "text",
    [
        "a good film",
        "my best friend needs a book",
        "a film about best friends",
        "a film about a famous painter",
        "popular science",
        "a book about an obscure sect",
        "not a classic",
        "it doesn't have to be famous",
        "it doesn't have to be award-winning",
        "I tried the one everyone goes on about, and hated it",
        "I loved it, it's a masterpiece, more please",
        "we've seen all the classics, what else?",
        "an unknown woman walks into a bar",
        "the best man at a wedding falls in love",
        "my favourite film is a hidden gem",
        "a stranger from an unknown country",
        "he became famous and then lost it all",
        "what works best for a party",
        "a film with classical music",
        "I hope you are well, best wishes",
        "popular or not, I don't mind",
    ],
)
def test_words_that_say_nothing_of_standing(text: str) -> None:
    assert read(text).standing is None
