"""What is read from reviews: the values that people say, whom they are counted for, and the sentences to quote."""

from __future__ import annotations

import hashlib

import pytest

from indexer.analysis import Analyser
from indexer.reviews.choosing import KeptReview
from indexer.reviews.features import ReviewFeatures, ReviewReader
from indexer.reviews.sayings import Sayings
from indexer.reviews.summary import ReviewSummary, summarise
from indexer.values.taxonomy import load_taxonomy

SAYINGS = Sayings(load_taxonomy())
READER = ReviewReader(Analyser(), load_taxonomy())


def review(text: str, *, keeps_text: bool = True, spoiler: bool = False, source: str = "test") -> KeptReview:
    return KeptReview(hashlib.sha256(text.encode()).digest(), source, text, None, 0, keeps_text, spoiler)


def summary_of(*reviews: KeptReview) -> ReviewSummary:
    return summarise(list(zip(reviews, READER.read(reviews), strict=True)))


def said_in(*reviews: KeptReview) -> dict[str, tuple[int, str | None]]:
    return {each.value_id: (each.n_people, each.quote) for each in summary_of(*reviews).stated}


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("A hilarious film.", "T-comedy"),
        ("It is a boring story.", "T-boring"),
        ("The most atmospheric thriller in years.", "T-atmospheric"),
        ("A slow film that goes nowhere.", "T-slow"),
    ],
)
def test_a_sentence_says_the_values_that_it_names(sentence: str, value: str) -> None:
    assert value in SAYINGS.find(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["It is not boring.", "It never gets boring.", "I expected a boring film.", "It wasn't a boring film at all."],
)
def test_what_is_denied_or_only_expected_is_not_said(sentence: str) -> None:
    assert "T-boring" not in SAYINGS.find(sentence)


def test_only_sentences_of_experience_say_something() -> None:
    plot = review("He finds the bored soldier, and she hears her brother say that the murderer escapes with his wife.")
    assert "T-murder" not in said_in(plot)
    assert "T-boring" in said_in(review("This film is boring from the first scene to the last."))


def test_each_person_counts_once_and_the_most_helpful_sentence_is_quoted() -> None:
    first = review("A boring film. I was bored, and the story is boring.")
    second = review("The film is too long and its story is boring.")
    assert said_in(first, second)["T-boring"][0] == 2
    assert said_in(second, first)["T-boring"][1] == "The film is too long and its story is boring."


def test_no_sentence_is_quoted_twice_while_there_is_another() -> None:
    both = review("A boring and atmospheric film with a wonderful score.")
    other = review("The film is boring, and that is all that I can say about the story.")
    said = said_in(both, other)
    assert said["T-atmospheric"][1] != said["T-boring"][1]


@pytest.mark.parametrize("kind", ["features only", "marked as a spoiler", "too long", "insulting"])
def test_what_may_not_be_shown_is_counted_and_not_quoted(kind: str) -> None:
    text = "The film is boring, boring and once more boring."
    if kind == "too long":
        text = f"The film is boring, {'and the story is wonderful, ' * 10} and I loved it."
    if kind == "insulting":
        text = "Some idiot made this boring film with its boring story."
    said = said_in(review(text, keeps_text=kind != "features only", spoiler=kind == "marked as a spoiler"))
    assert said["T-boring"] == (1, None)


def test_stored_features_equal_those_just_made() -> None:
    (features,) = READER.read([review("A slow film. I loved its atmosphere, and the ending is boring.")])
    assert ReviewFeatures.unpacked(features.packed()) == features


def test_terms_count_people_and_those_of_plot_are_not_experience() -> None:
    summary = summary_of(
        review("A gloomy film with a gloomy score. He finds his brother and runs from the soldiers who hunt her."),
        review("The most gloomy story that I have read."),
    )
    assert summary.n_people == 2
    assert summary.terms["gloomi"] == 2 == summary.experience["gloomi"]
    assert "soldier" in summary.terms
    assert "soldier" not in summary.experience


def stated(sentence: str) -> set[str]:
    return {each for each, is_stated in SAYINGS.find(sentence).items() if is_stated}


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("A hilarious film.", "T-comedy"),
        ("A film that is a real yawn.", "T-boring"),
        ("It dragged on, a dull story.", "T-boring"),
        ("A film of great humour.", "E9"),
        ("Plodding from the first scene on.", "T-slow"),
        ("THIS FILM IS BORING AND I HATED IT.", "T-boring"),
    ],
)
def test_a_sentence_states_a_value_by_its_name_or_by_a_judgement_that_means_it(sentence: str, value: str) -> None:
    assert value in stated(sentence)


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("The cinematography is wonderful.", "T-atmospheric"),  # asks for it, and does not mean it
        ("One memorable scene is all that it has.", "T-haunting"),
        ("I loved how the film plays with time.", "T-time-travel"),  # a label of the tag
        ("The action is great.", "SC3"),  # names another tag
        ("The film is short on laughs.", "T-comedy"),
        ("I loved The Boring Detective, and this film less.", "T-boring"),
        ("My friends call this film 'boring'.", "T-boring"),
        ("Who finds this film boring?", "T-boring"),
        ("The comments said that this film is boring.", "T-boring"),
    ],
)
def test_what_is_near_to_a_value_or_said_by_others_is_counted_and_not_shown(sentence: str, value: str) -> None:
    assert value in SAYINGS.find(sentence)
    assert value not in stated(sentence)


def test_what_is_shown_are_the_people_who_state_it() -> None:
    summary = summary_of(review("The cinematography of this film is wonderful."), review("A film of great atmosphere."))
    assert summary.said["T-atmospheric"] == 2
    assert [each.n_people for each in summary.stated if each.value_id == "T-atmospheric"] == [1]


def test_half_a_quotation_is_not_shown() -> None:
    said = said_in(review('The film is so boring, "and you love it, my boring friend.'))
    assert said["T-boring"] == (1, None)


def test_a_quote_does_not_turn_what_follows_it() -> None:
    said = said_in(review("\u202eThis film is boring, and so is its story.\u2066"))
    assert said["T-boring"][1] == "This film is boring, and so is its story."


def test_a_denied_word_is_a_term_of_the_review_and_not_of_the_experience() -> None:
    summary = summary_of(review("The film is never boring, and its score is a gloomy wonder."))
    assert "bore" in summary.terms
    assert "bore" not in summary.experience
    assert "gloomi" in summary.experience
