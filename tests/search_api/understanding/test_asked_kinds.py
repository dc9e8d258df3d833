"""Film or book."""

import pytest
from reading import fact

from search_api.understanding.query import TAKEN

NAME = TAKEN * 9


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a sad film", "movie"),
        ("something sad under two hours", "movie"),
        ("something sad under 200 pages", "book"),
        ("my son says reading is dull, he likes frogs. Help", "book"),
        ("a film version of an old fairy tale", "movie"),
        ("surprise my dad with a film he hasn't seen", "movie"),
        ("film adaptations of Danish novels", "movie"),
        ("based on a play, but I want a film", "movie"),
        ("We always watch the same stuff, something else please", "movie"),
        ("film noir", "movie"),
        ("a flick for two", "movie"),
        ("movie night with my cousins, ideas?", "movie"),
        ("what should we watch tonight?", "movie"),
        ("something to watch with soup", "movie"),
        ("what do I watch after a bad day", "movie"),
        ("French cinema of the 60s", "movie"),
        ("an easy watch, please", "movie"),
        ("a moive about dogs", "movie"),
        ("cheer me up with a film", "movie"),
        ("hit me with the scariest movie you know", "movie"),
        (f"Loved the novel {NAME}. Is there a film with that mood?", "movie"),
        (f"just read {NAME}, and now I want a movie like it", "movie"),
        (f"{NAME}, the film I mean, I hate reading. More like it?", "movie"),
        ("Films only, I have no time to read.", "movie"),
        ("No films from Spain, a comedy from elsewhere", "movie"),
        ("I am tired of films with car chases. Something calm.", "movie"),
        ("a film based on a book", "movie"),
        ("not a book, a film please", "movie"),
        ("something for the telly after dinner", "movie"),
        ("documentaries about bees", "movie"),
        ("a novel about the sea", "book"),
        ("a page-turner for the beach", "book"),
        ("an audiobook for the car", "book"),
        ("a good read about ants", "book"),
        ("a summer read", "book"),
        ("our next book club pick, nothing bleak", "book"),
        ("a bedtime story about a hedgehog", "book"),
        ("what should I read next?", "book"),
        ("something to read on the plane", "book"),
        ("a memoir by a nurse", "book"),
        ("poetry about rain", "book"),
        ("non-fiction on the Thirty Years' War", "book"),
        (f"I adored the film {NAME}. Which book has the same feeling?", "book"),
        (f"big fan of {NAME}, any books like that?", "book"),
        ("I watch too many true crime shows, so I'd like to move on to books", "book"),
        ("My niece says she hates films. Surprise her with a book?", "book"),
        ("a book about a film director", "book"),
    ],
)
def test_the_kind_asked_for(text: str, kind: str) -> None:
    assert fact(text, "kind") == kind


@pytest.mark.parametrize(
    "text",
    [
        "something warm",
        "a film or a book about grief",
        "books or movies with dragons",
        "something to read or watch",
        "a cosy mystery",
        "a love story",
        "someone who learns to read",
        "a story about a stolen watch",
        "a boy with a book in his hand",
        "something by the director of that book adaptation",
        f"loved the novel {NAME}, more like that",
        f"I have seen every film by {NAME}",
        "I booked a table, something romantic for afterwards",
        "a tale of two brothers",
        "my film studies exam went well, something silly",
        "I've read it twice, what else has that feeling?",
        "we read the same newspaper, my wife and I. Something tender",
        "a western",
        "comedies with a twist",
        "like the book, but lighter",
    ],
)
def test_no_one_kind_is_asked_for(text: str) -> None:
    assert fact(text, "kind") is None


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("a good thriller, but filmed after 1990", "movie"),
        ("crime published after 2010", "book"),
        ("an old musical", "movie"),
        ("a bok about whales", "book"),
        ("take my mind off work, with a film", "movie"),
    ],
)
def test_further_words_for_a_kind(said: str, kind: str) -> None:
    assert fact(said, "kind") == kind
