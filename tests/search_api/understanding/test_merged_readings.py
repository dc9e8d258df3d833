"""What is taken over from a language model's reading: what the words name, and the catalogue and the taxonomy know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from indexer.facts import Choice, IntegerRange
from indexer.values.taxonomy import load_taxonomy
from search_api.records import Filters, Intent, WorkReference
from search_api.search import Search
from search_api.understanding.merging import KnownHere, merge_reading, needs_model
from search_api.understanding.reading import Reading

TAXONOMY = load_taxonomy()
FERRY = WorkReference(id="test:night-ferry", title="Night Ferry", kind="movie", year=1978)
Merge = Callable[..., Intent]


@pytest.fixture
def here(small_search: Search) -> KnownHere:
    """The small catalogue; works about bridges are the only subject it has."""
    generation = small_search.serving()
    return KnownHere(
        TAXONOMY,
        generation.names,
        {"movie": ("Drama", "Horror"), "book": ("Drama",)},
        small_search.find_title,
        lambda words: words == "bridges",
    )


@pytest.fixture
def merge(here: KnownHere) -> Merge:
    """Merges what a model read into what the built-in reader read of a text."""

    def run(text: str, own: Intent | None = None, **reading: Any) -> Intent:
        return merge_reading(own or Intent(text=text), Reading.model_validate(reading), text, here)

    return run


def wish(name: str, degree: str = "much", *, sure: bool = True) -> dict[str, Any]:
    return {"name": name, "degree": degree, "sure": sure}


def test_the_answer_says_who_read(merge: Merge) -> None:
    assert merge("something").read_by == "model"
    assert merge("something").reader_notes == ()
    assert Intent(text="something").read_by == "rules"


def test_facts_become_the_filters_that_the_built_in_reader_makes(merge: Merge) -> None:
    intent = merge(
        "an Italian horror film by Ada Marsh, none of Kenji Ota, neither French nor Swedish, of the nineties",
        kind="movie", year_from=1990, year_to=1999, runtime_to=119, language=["Italian"], not_language=["fr"],
        country=["Italy"], not_country=["SE"], genre=["horror"], not_genre=["drama"],
        creator=["ada marsh"], not_creator=["Kenji Ota"],
    )  # fmt: skip
    assert intent.filters == Filters(
        kind="movie",
        year=IntegerRange(gte=1990, lte=1999),
        runtime_minutes=IntegerRange(lte=119),
        language=Choice(any=("it",), none=("fr",)),
        countries=Choice(any=("IT",), none=("SE",)),
        genres=Choice(any=("Horror",), none=("Drama",)),
        creators=Choice(any=("Ada Marsh",), none=("Kenji Ota",)),
    )
    assert intent.reader_notes == ()


def test_facts_that_the_built_in_reader_read_stay(merge: Merge) -> None:
    own = Intent(text="x", filters=Filters(kind="book", year=IntegerRange(gte=1980)), audience="teens")
    intent = merge("a book since 1980", own, kind="movie", year_to=1970, pages_to=200, audience="children")
    assert intent.filters == Filters(kind="book", year=IntegerRange(gte=1980), page_count=IntegerRange(lte=200))
    assert intent.audience == "teens"


def test_audience_and_standing_are_taken_over(merge: Merge) -> None:
    intent = merge("x", audience="family", standing="underrated")
    assert (intent.audience, intent.standing) == ("family", "underrated")


def test_facts_that_cannot_be_are_left_out_and_said(merge: Merge) -> None:
    intent = merge(
        "x", year_from=2000, year_to=1990, runtime_to=10**9, language=["Klingon speech"], country=["Atlantis"],
        genre=["polka"],
    )  # fmt: skip
    assert intent.filters == Filters()
    (note,) = intent.reader_notes
    assert note.startswith("of what the language model read, this was left out: year, runtime_minutes, ")
    assert all(name in note for name in ("“Klingon speech”", "“Atlantis”", "“polka”"))


def test_works_and_people_of_the_words_are_found_in_the_catalogue(merge: Merge) -> None:
    text = "I loved Salt Raod and The Kite Maker, hated Night Ferry, have seen Far Signal; more like Marsh"
    intent = merge(
        text, like=["Salt Road", "The Kite Maker"], unlike=["Night Ferry"], seen=["Far Signal"],
        like_people=["Ada Marsh"],
    )  # fmt: skip
    assert [work.id for work in intent.like] == ["test:salt-road", "test:kite-maker"]
    assert intent.unlike == (FERRY,)
    assert [work.title for work in intent.seen] == ["Far Signal"]
    assert intent.like_people == ("Ada Marsh",)


def test_a_name_that_is_not_in_the_words_or_the_catalogue_is_left_out_and_said(merge: Merge) -> None:
    intent = merge(
        "with it, by Nobody Atall, like Qwzzk",
        like=["Salt Road", "Qwzzk", "It"], creator=["Ada Marsh"], like_people=["Nobody Atall"],
    )  # fmt: skip
    assert (intent.like, intent.like_people, intent.filters) == ((), (), Filters())
    (note,) = intent.reader_notes
    assert all(f"“{name}”" in note for name in ("Salt Road", "Qwzzk", "Ada Marsh", "Nobody Atall"))


def test_a_work_that_the_built_in_reader_read_keeps_its_place(merge: Merge) -> None:
    own = Intent(text="x", like=(FERRY,))
    intent = merge("not unlike Night Ferry", own, unlike=["Night Ferry"], seen=["night ferry"])
    assert (intent.like, intent.unlike, intent.seen) == ((FERRY,), (), ())


def test_wishes_weigh_as_the_built_in_reader_weighs_them(merge: Merge) -> None:
    intent = merge(
        "x",
        wishes=[wish("hope"), wish("sadness", "less"), wish("awe", "some"), wish("E6", "none"), wish("satire")],
    )
    assert intent.values == {"E2": 1.0, "E4": -0.5, "E11": 0.5, "E6": -1.0}
    assert intent.tags == {"T-satire": 1.0}


def test_a_wish_may_be_an_asking_word(merge: Merge) -> None:
    intent = merge("x", wishes=[wish("hopeful")])
    assert intent.values["E2"] > 0


def test_what_is_unsure_weighs_nothing(merge: Merge) -> None:
    assert merge("x", wishes=[wish("hope", sure=False)]).values == {}


def test_a_name_that_no_value_has_is_left_out_and_said(merge: Merge) -> None:
    intent = merge("x", wishes=[wish("E99"), wish("joyousnessness"), wish("hope")])
    assert intent.values == {"E2": 1.0}
    assert intent.reader_notes == (
        "of what the language model read, this was left out: “E99”, “joyousnessness”",
    )  # fmt: skip


def test_what_two_readings_say_contrary_to_each_other_weighs_nothing(merge: Merge) -> None:
    own = Intent(text="x", values={"E2": 1.0, "E4": -0.5}, tags={"T-satire": 1.0})
    intent = merge("x", own, wishes=[wish("sadness"), wish("hope", "some"), wish("awe")])
    assert intent.values == {"E2": 1.0, "E11": 1.0}
    assert intent.tags == {"T-satire": 1.0}
    assert intent.reader_notes == ("the two readers differ on sadness, which weighs nothing",)


def test_a_guess_gives_way_to_a_reading(merge: Merge) -> None:
    own = Intent(text="x", values={"E4": 0.4}, is_guess=True)
    assert merge("x", own, wishes=[wish("hope")]).values == {"E2": 1.0}
    assert not merge("x", own, wishes=[wish("hope")]).is_guess
    assert merge("x", own).values == {"E4": 0.4}
    assert merge("x", own).is_guess


def test_what_is_sensitive_is_refused_but_not_wanted_by_a_model(merge: Merge) -> None:
    wanted = merge("x", wishes=[wish("violence")])
    assert wanted.tags == {}
    assert "“violence”" in wanted.reader_notes[0]
    assert merge("x", wishes=[wish("violence", "none")]).tags == {"T-violence": -1.0}
    own = Intent(text="x", tags={"T-violence": 1.0})
    assert merge("x", own, wishes=[wish("violence")]).tags == {"T-violence": 1.0}


def test_a_subject_counts_if_the_catalogue_has_works_about_it(merge: Merge) -> None:
    assert merge("a novel on bridges", about="bridges").subject == "bridges"
    assert "“ships”" in merge("a novel on ships", about="ships").reader_notes[0]
    assert merge("a novel", about="bridges").subject is None
    assert merge("bridges, like Night Ferry", about="bridges", like=["Night Ferry"]).subject is None


def test_refused_words_must_be_in_the_request(merge: Merge) -> None:
    intent = merge("no clowns", Intent(text="x", refused=("mimes",)), refused=["clowns", "boxing"])
    assert intent.refused == ("mimes", "clowns")
    assert "“boxing”" in intent.reader_notes[0]


def test_what_kind_of_request_it_is_follows_from_what_was_read(merge: Merge) -> None:
    mood = Intent(text="x", values={"E2": 1.0}, only_mood=True)
    assert merge("x", mood, wishes=[wish("awe")]).only_mood
    assert not merge("hope like Night Ferry", mood, like=["Night Ferry"]).only_mood
    described = Intent(text="x", is_description=True)
    assert merge("x", described).is_description
    assert not merge("x", described, wishes=[wish("awe")]).is_description


def test_a_note_names_five_parts_at_most(merge: Merge) -> None:
    (note,) = merge("x", wishes=[wish(f"nothing {n}") for n in range(8)]).reader_notes
    assert note.endswith("“nothing 4” and 3 more")


@pytest.mark.parametrize(
    ("text", "own", "expected"),
    [
        ("something hopeful", Intent(text="x"), True),
        ("Night Ferry", Intent(text="x"), False),
        ("  ", Intent(text="x"), False),
        ("[TOMT] a film in which a boy builds kites", Intent(text="x", is_description=True), False),
        ("a long wish for a story in which no rule reads anything at all", Intent(text="x", is_description=True), True),
    ],
)
def test_a_title_and_a_remembered_work_need_no_model(here: KnownHere, text: str, own: Intent, expected: bool) -> None:
    assert needs_model(text, own, here.taxonomy, here.names) is expected
