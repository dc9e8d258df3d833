"""Titles as people type them."""

from __future__ import annotations

import pytest

from search_api.titles import TitledWork, TitleIndex, normalise_title

TITLES = TitleIndex(
    [
        TitledWork("solaris-1972", "Solaris", "movie", 1972, "Солярис"),
        TitledWork("solaris-2002", "Solaris", "movie", 2002),
        TitledWork("matrix", "Matrix, The", "movie", 1999),
        TitledWork("moon", "Trip to the Moon, A (Voyage dans la lune, Le)", "movie"),
        TitledWork("amelie", "Amélie", "movie", original_title="Le Fabuleux Destin d'Amélie Poulain"),
        TitledWork("hobbit", "The Hobbit (Middle-earth, #0)", "book"),
        TitledWork("interstellar", "Interstellar", "movie"),
        TitledWork("it", "It", "book"),
        TitledWork("pride", "Pride & Prejudice", "movie"),
    ]
)


@pytest.mark.parametrize(
    ("typed", "work_id"),
    [
        ("the matrix", "matrix"),
        ("Matrix", "matrix"),
        ("A trip to the moon", "moon"),
        ("amelie", "amelie"),
        ("le fabuleux destin d\u2019amelie poulain", "amelie"),
        ("the hobbit", "hobbit"),
        ("HOBBIT!", "hobbit"),
        ("it", "it"),
        ("pride and prejudice", "pride"),
        ("солярис", "solaris-1972"),
    ],
)
def test_a_name_means_its_work(typed: str, work_id: str) -> None:
    found = TITLES.find(typed)
    assert found is not None
    assert found.id == work_id


@pytest.mark.parametrize("typed", ["", "   ", "!!!", "matri", "the moon", "interstellar overdrive"])
def test_other_words_mean_no_work(typed: str) -> None:
    assert TITLES.find(typed) is None


def test_namesakes_are_all_found_best_known_first() -> None:
    assert [work.id for work in TITLES.find_all("solaris")] == ["solaris-1972", "solaris-2002"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("inter", "interstellar"),
        ("intersteler", "interstellar"),
        ("pre", "pride"),
        ("moon", "moon"),
        ("solaros", "solaris-1972"),
    ],
)  # fmt: skip
def test_suggests_completions_then_typing_errors(typed: str, first: str) -> None:
    assert TITLES.suggest(typed, limit=3)[0].id == first


def test_suggestions_respect_the_limit_and_repeat_no_work() -> None:
    suggested = [work.id for work in TITLES.suggest("s", limit=2)]
    assert len(suggested) == len(set(suggested)) == 2


def test_normalising_is_idempotent() -> None:
    for title in ("Trip to the Moon, A (Voyage dans la lune, Le)", "L'été", "2001: A Space Odyssey"):
        assert normalise_title(normalise_title(title)) == normalise_title(title)
