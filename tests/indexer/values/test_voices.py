"""What reviews add to the labels of a work."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from indexer.bm25 import term_id
from indexer.records import ValueLabel
from indexer.reviews.summary import ReviewSummary
from indexer.value_training.label_files import LabelledWork
from indexer.value_training.voices import train_voices
from indexer.values.taxonomy import load_taxonomy
from indexer.values.voices import NO_VOICES, hear

TAXONOMY = load_taxonomy()
LABELS = tuple(
    ValueLabel(each, *((0.0, 0.0) if each in TAXONOMY.from_reviews else (0.3, 0.2)), None)
    for each in TAXONOMY.dimensions
)


def summary(n_people: int, terms: dict[str, int] | None = None, **said: int) -> ReviewSummary:
    counted = Counter({name.replace("_", "-"): n for name, n in said.items()})
    return ReviewSummary(n_people, Counter(terms or {}), Counter(terms or {}), counted)


def strength(heard: ReviewSummary, dimension: str, labels: tuple[ValueLabel, ...] = LABELS) -> float:
    return next(each.strength for each in hear(labels, heard, NO_VOICES, TAXONOMY) if each.value_id == dimension)


def test_a_value_that_many_people_say_gets_stronger_and_one_that_none_says_weaker() -> None:
    heard = summary(30, T_comedy=20)
    assert strength(heard, "T-comedy") > 0.6
    assert strength(heard, "T-murder") < 0.3


def test_one_person_changes_less_than_thirty() -> None:
    assert 0.3 < strength(summary(1, T_comedy=1), "T-comedy") < strength(summary(30, T_comedy=30), "T-comedy")


def test_without_reviews_the_labels_stay() -> None:
    assert hear(LABELS, summary(0), NO_VOICES, TAXONOMY) == LABELS


def test_what_only_reviews_tell_is_primary_once_a_fifth_says_it() -> None:
    assert strength(summary(40, T_slow=20), "T-slow") >= 0.5
    assert strength(summary(40, T_slow=2), "T-slow") < 0.5


def test_a_work_without_a_description_gets_the_values_that_people_say() -> None:
    heard = summary(30, T_comedy=20, T_murder=1)
    assert strength(heard, "T-comedy", labels=()) > 0.5
    assert strength(heard, "T-murder", labels=()) < 0.2


def labelled(tag: str, terms: dict[str, int]) -> tuple[LabelledWork, ReviewSummary]:
    return LabelledWork(frozenset(), "train", "tags", {tag: 1.0}), summary(10, terms)


def test_words_that_people_use_of_tagged_works_speak_for_the_tag() -> None:
    tags_of = {each: TAXONOMY.community_labels[each] for each in ("T-comedy", "T-murder")}
    works = [labelled("comedy", {"giggl": 3, "film": 5}) for _ in range(20)]
    works += [labelled("murder", {"corps": 3, "film": 5}) for _ in range(20)]
    voices = train_voices(works, works, tags_of)
    assert set(voices.outputs) == {"T-comedy", "T-murder"}
    assert term_id("film") not in voices.ids  # every work has it
    giggling, grim = (
        voices.shifts(summary(30, {word: 9}), ["T-comedy", "T-murder", "T-boring"]) for word in ("giggl", "corps")
    )
    assert giggling[0] > grim[0]
    assert giggling[1] < grim[1]
    assert np.isfinite(giggling).all()


@pytest.mark.parametrize("n_works", [0, 5])
def test_too_few_reviewed_works_train_nothing(n_works: int) -> None:
    works = [labelled("comedy", {"giggl": 1})] * n_works
    assert train_voices(works, works, {"T-comedy": TAXONOMY.community_labels["T-comedy"]}) == NO_VOICES
