"""The genres asked for and against, by the names of each kind of work."""

import pytest
from reading import TODAY, fact

from search_api.records import Choice
from search_api.understanding.facts import read_facts
from search_api.understanding.query import Query


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("a comedy", {"any": ["Comedy", "humor"]}),
        ("a comedy film", {"any": ["Comedy"]}),
        ("comedy or action film, please", {"any": ["Comedy", "Action"]}),
        ("a film. Musicals are out", {"none": ["Musical", "Music"]}),
        ("a film, cartoons are fine, musicals are not", {"none": ["Musical", "Music"]}),
        ("a film about a cook, but no horror", {"none": ["Horror"]}),
        ("comedy books", {"any": ["humor"]}),
        ("sci-fi for beginners", {"any": ["Science Fiction", "science_fiction"]}),
        ("sci-fi movies", {"any": ["Science Fiction"]}),
        ("a science fiction novel", {"any": ["science_fiction"]}),
        ("a good western film", {"any": ["Western"]}),
        ("a good western", {"any": ["Western"]}),
        ("a western film that plays like a comedy", {"any": ["Western"]}),
        ("what is it with westerns", None),
        ("a comedy film please, and actually no comedies", {"none": ["Comedy"]}),
        ("a rom-com film", {"all": ["Romance", "Comedy"]}),
        ("a horror comedy movie", {"all": ["Horror", "Comedy"]}),
        ("a horror or thriller film", {"any": ["Horror", "Thriller"]}),
        ("a sci-fi horror film", {"all": ["Science Fiction", "Horror"]}),
        ("a whodunnit novel", {"any": ["mystery"]}),
        ("documentaries about whales", {"any": ["Documentary"]}),
        ("a doc about surfing", {"any": ["Documentary"]}),
        ("a cartoon", {"any": ["Animation"]}),
        ("animated films", {"any": ["Animation"]}),
        ("anime", {"any": ["Animation"]}),
        ("a musical film", {"any": ["Musical", "Music"]}),
        ("a graphic novel about bees", {"any": ["graphic_novels"]}),
        ("memoirs of doctors", None),
        ("a memoir about grief", {"any": ["memoir"]}),
        ("non-fiction about the sea", {"any": ["non_fiction"]}),
        ("short stories", {"any": ["short_stories"]}),
        ("historical fiction about Rome", {"any": ["historical_fiction"]}),
        ("a superhero movie", {"any": ["Superhero"]}),
        ("war films", {"any": ["War"]}),
        ("silent films", {"any": ["Silent"]}),
        ("no cartoons this time, a film for all of us", {"none": ["Animation"]}),
        ("what film? Nothing animated", {"none": ["Animation"]}),
        ("my dad hates westerns, a film for him?", {"none": ["Western"]}),
        ("a film. I can't stand musicals", {"none": ["Musical", "Music"]}),
        ("I'm not a fan of horror, any film?", {"none": ["Horror"]}),
        ("sick of superhero movies, a film please", {"none": ["Superhero"]}),
        ("a film, no horror or westerns", {"none": ["Horror", "Western"]}),
        ("she isn't into romance, a film for her", {"none": ["Romance"]}),
        ("not in the mood for comedy, a film", {"none": ["Comedy"]}),
        ("westerns are out, no westerns at all", {"none": ["Western"]}),
        ("a thriller film without romance", {"any": ["Thriller"], "none": ["Romance"]}),
        ("I want a novel about a lighthouse", {"none": ["non_fiction"]}),
        ("We just moved and the boxes are everywhere. I need a comedy film tonight.", {"any": ["Comedy"]}),
    ],
)
def test_genres(text: str, genres: dict[str, list[str]] | None) -> None:
    assert fact(text, "genres") == genres


@pytest.mark.parametrize(
    "text",
    [
        "western civilisation",
        "no westerns about gold",
        "my brother says there are no good westerns",
        "I am a crime reporter and tired",
        "a story of love and crime",
        "the comedy of errors",
        "a comedy club opens in a small town",
        "a film about a horror writer",
        "romance languages",
        "my kids were at war all day, a calm film please",
        "my history teacher is kind",
        "a mystery man arrives",
        "I teach drama and need a quiet evening",
        "my week was pure comedy, calm me down",
        "there is too much drama in my life",
        "a film where a poet finds love in a fantasy world",
        "less drama please",
        "not only a comedy",
        "maybe a comedy",
        "no sad comedies",
        "I don't mind horror",
        "horror is fine",
        "no rom-coms please",
        "no anime",
        "we loved the musical, now a film",
        "a romantic film",
        "her fantasy comes true",
        "a book about westerns",
    ],
)
def test_words_of_genres_that_ask_for_none(text: str) -> None:
    assert fact(text, "genres") is None


def test_a_plain_list_of_names_serves_every_kind() -> None:
    filters = read_facts(Query("a western"), ("Western", "Drama"), today=TODAY).filters
    assert filters.genres == Choice(any=("Western",))


def test_a_slip_in_the_name_of_a_genre() -> None:
    assert fact("a documantary about whales", "genres")["any"] == ["Documentary"]
