"""Which reviews of a record are kept, and why the others are not."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from reviewing import make_review, write_text

from crawler.records import Review
from indexer.reviews.choosing import (
    BEYOND,
    EMPTY,
    LANGUAGE,
    MOST_CHARACTERS,
    MOST_CHARACTERS_OF_WORK,
    NOT_KEPT,
    REPEATED,
    SHORT,
    Chosen,
    choose_reviews,
    merge_reviews,
    shorten_text,
)


def choose(*reviews: dict[str, Any] | str, source: str = "mine") -> Chosen:
    fields = [{"text": each} if isinstance(each, str) else each for each in reviews]
    return choose_reviews([Review.model_validate(each) for each in fields], source)


def texts(chosen: Chosen) -> list[str | None]:
    return [each.review.text for each in chosen.reviews]


def dropped(chosen: Chosen) -> dict[str, int]:
    return dict(chosen.counts.dropped)


def test_empty_and_very_short_reviews_are_left_out() -> None:
    chosen = choose("", "  <br> ", "Great movie!", "So atmospheric, I loved it.")
    assert texts(chosen) == ["So atmospheric, I loved it."]
    assert dropped(chosen) == {EMPTY: 2, SHORT: 1}
    assert (chosen.counts.n_read, chosen.counts.n_kept) == (4, 1)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Eine Frau fährt durch die Nacht, und der Film lässt einen nicht los. Langsam, aber schön.", "de"),
        ("Une femme conduit dans la nuit, et le film ne nous lâche plus. Lent, mais beau.", "fr"),
        ("Una mujer conduce toda la noche y la película no te suelta. Lenta, pero hermosa.", "es"),
        ("Женщина едет сквозь ночь, и фильм не отпускает. Медленно, но красиво.", "ru"),
        ("女は夜通し車を走らせる。この映画は心を離さない。ゆっくりだが美しい。とても良かった。", "ja"),
        ("En kvinde kører gennem natten, og filmen slipper os ikke. Langsom, men smuk for alle.", "da"),
    ],
)
def test_reviews_in_other_languages_are_left_out(text: str, language: str) -> None:
    chosen = choose(text, write_text(1))
    assert texts(chosen) == [write_text(1)]
    assert dropped(chosen) == {LANGUAGE: 1}
    assert chosen.counts.languages == Counter({language: 1})


def test_the_text_has_no_markup() -> None:
    escaped = "&amp;lt;p&amp;gt;Slow &amp;amp; <b>sad</b>, but&lt;br /&gt;never <i class='x'>dull</i> &lt;3."
    chosen = choose(f"<div>{escaped}&amp;lt;/p&amp;gt;</div><script>a('x')</script> [spoiler]She stays.[/spoiler]")
    assert texts(chosen) == ["Slow & sad, but\nnever dull <3.\nShe stays."]


def test_personal_data_is_cut_out_and_counted() -> None:
    chosen = choose("I cried. Write to ann@example.org or call 212-555-0123, or see www.example.org.", write_text(1))
    assert "I cried. Write to or call, or see." in texts(chosen)
    assert chosen.counts.n_personal == 1


def test_a_review_of_100_000_characters_ends_with_a_sentence() -> None:
    chosen = choose(write_text(1, 1000)[:100_000])
    (review,) = chosen.reviews
    text = review.review.text or ""
    assert MOST_CHARACTERS // 2 < len(text) <= MOST_CHARACTERS
    assert text.endswith(".")
    assert (review.n_characters, chosen.counts.n_shortened) == (len(text), 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good. Really good.", "Good. Really good."),
        ("One two three. Four five. Six seven.", "One two three. Four five."),
        ("one two three four five six seven eight", "one two three four five"),
        ("x" * 100, "x" * 27),
    ],
)
def test_a_text_is_shortened_after_a_sentence_or_a_word(text: str, expected: str) -> None:
    assert shorten_text(text, 27) == expected


def test_the_same_review_fifty_times_is_one_voice() -> None:
    text = write_text(3)
    again = [text.upper(), text.replace(",", " -"), f"<p>{text}</p>", f"{text} Edited: a word.", f"Hello. {text}"]
    chosen = choose(*[text] * 45, *again)
    assert chosen.counts.n_kept == 1
    assert dropped(chosen) == {REPEATED: 49}


def test_a_repeated_review_has_the_most_votes_and_is_a_spoiler_if_one_is() -> None:
    text = write_text(3)
    chosen = choose({"text": text, "spoiler": True}, {"text": text, "helpful": 7, "rating": 2, "scale": 4})
    (kept,) = chosen.reviews
    assert (kept.review.helpful, kept.review.rating, kept.review.spoiler) == (7, 0.5, True)


def test_reviews_that_share_a_phrase_are_different_voices() -> None:
    assert (
        choose(*(f"{write_text(seed)} It is one of the best films of the year." for seed in range(30))).counts.n_kept
        == 30
    )


@pytest.mark.parametrize(
    ("source", "review", "rating"),
    [
        ("imdb", {"rating": 3}, 0.3),
        ("goodreads", {"rating": 4}, 0.8),
        ("tmdb", {"rating": 10}, 1.0),
        ("goodreads", {"rating": 50, "scale": 100}, 0.5),
        ("mine", {"rating": 50, "scale": 100}, 0.5),
    ],
)
def test_ratings_are_on_one_scale(source: str, review: dict[str, Any], rating: float) -> None:
    chosen = choose(make_review(1, **review), source=source)
    assert (chosen.reviews[0].review.rating, chosen.counts.n_without_scale) == (rating, 0)


@pytest.mark.parametrize("review", [{"rating": 3}, {"rating": 7, "scale": 5}, {"rating": -1, "scale": 5}])
def test_a_rating_without_a_scale_or_off_it_is_ignored_and_counted(review: dict[str, Any]) -> None:
    chosen = choose(make_review(1, **review))
    assert (chosen.reviews[0].review.rating, chosen.counts.n_without_scale) == (None, 1)


def test_what_is_kept_depends_on_the_source() -> None:
    review = Review.model_validate(make_review(1))
    assert choose(write_text(1), source="mine").reviews[0].review.keeps_text
    assert not choose(write_text(1), source="imdb").reviews[0].review.keeps_text
    assert choose_reviews([review], "imdb", "text").reviews[0].review.keeps_text
    none = choose_reviews([review], "imdb", "none")
    assert (none.reviews, dropped(none)) == ((), {NOT_KEPT: 1})


def test_a_thousand_reviews_are_kept_within_the_bound_from_all_ranges_of_ratings() -> None:
    draw = random.Random(1)
    reviews = [
        make_review(seed, rating=draw.choice([10] * 18 + [9, 2]), scale=10, helpful=draw.randrange(500))
        for seed in range(1_000)
    ]
    chosen = choose(*reviews)
    n_characters = sum(each.n_characters for each in chosen.reviews)
    assert MOST_CHARACTERS_OF_WORK - 2_000 < n_characters <= MOST_CHARACTERS_OF_WORK
    assert dropped(chosen) == {BEYOND: 1_000 - chosen.counts.n_kept}
    low = [each for each in chosen.reviews if each.review.rating == 0.2]
    assert 0.1 < len(low) / chosen.counts.n_kept < 0.3, "more than their share, but not half"
    helpful = sorted(each["helpful"] for each in reviews if each["rating"] == 2)
    assert [each.review.helpful for each in low] == helpful[: -len(low) - 1 : -1], "the most helpful ones"


def test_spoilers_come_last() -> None:
    reviews = [make_review(seed, spoiler=seed % 2 == 0, helpful=seed) for seed in range(300)]
    kept = choose(*reviews).reviews
    assert len(kept) < 150
    assert not any(each.review.spoiler for each in kept)


def test_the_order_of_reviews_does_not_matter_and_choosing_again_keeps_all() -> None:
    reviews = [
        Review.model_validate(make_review(seed, rating=seed % 5, scale=4, helpful=seed % 3)) for seed in range(400)
    ]
    chosen = choose_reviews(reviews, "mine").reviews
    random.Random(2).shuffle(reviews)
    assert choose_reviews(reviews, "mine").reviews == chosen
    again = [
        Review(text=each.review.text or "", rating=each.review.rating, scale=1, helpful=each.review.helpful)
        for each in chosen
    ]
    assert choose_reviews(again, "mine").reviews == chosen


def test_reviews_of_several_records_are_merged_into_one_work() -> None:
    one = choose(*(make_review(seed, helpful=seed) for seed in range(100))).reviews
    other = choose(f"{write_text(99)} Edited.", *(make_review(seed) for seed in range(50, 150))).reviews
    merged = merge_reviews([one, (), other])
    assert len({each.review.digest for each in merged}) == len(merged)
    assert sum(write_text(99) in (each.review.text or "") for each in merged) == 1
    assert sum(each.n_characters for each in merged) <= MOST_CHARACTERS_OF_WORK
    assert merge_reviews([other, one]) == merged
    assert merge_reviews([(), one]) == list(one)


def test_reviews_that_look_alike_in_bulk_are_chosen_in_linear_time() -> None:
    chosen = choose(
        *(f"I loved this film so much that I saw it {seed} times with my mother." for seed in range(20_000))
    )
    assert chosen.counts.n_read == 20_000
    assert chosen.counts.n_kept > 0
