"""What ranking knows of all works: how well known they are, whom they share, and which are one work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from known_works import open_table

from search_api.preferences import AUDIENCES, weigh_preferences
from search_api.records import Intent
from search_api.work_table import ValueProfiles, WorkTable


def make(work_id: str, **facts: Any) -> dict[str, Any]:
    return {"id": work_id, "title": work_id, "kind": "movie", **facts}


def rated(work_id: str, count: int, mean: float = 7.0, scale: float = 10.0, **facts: Any) -> dict[str, Any]:
    return make(work_id, rating={"mean": mean, "count": count, "scale": scale}, **facts)


def scores(table: WorkTable, column: str) -> dict[str, float]:
    return dict(zip(table.ids, getattr(table, column).tolist(), strict=True))


def test_the_best_known_work_of_each_kind_stands_highest_and_unrated_works_lowest() -> None:
    films = [rated(f"film-{n}", 10**n) for n in range(5)]
    books = [rated(f"book-{n}", 1000 * 10**n, kind="book", scale=5.0, mean=4.0) for n in range(5)]
    known = scores(open_table([*films, *books, make("unrated")]), "known")
    assert known["film-4"] == known["book-4"] == 1
    assert known["unrated"] == known["film-0"] == 0
    assert known["film-1"] < known["film-2"] < known["film-3"] < known["film-4"]


def test_works_without_ratings_are_all_alike() -> None:
    assert not open_table([make("a"), make("b")]).known.any()


def test_what_few_rate_well_is_underrated() -> None:
    many = [rated(f"usual-{n}", 50 + 50 * n, mean=6.0) for n in range(12)]
    works = [rated("two-people", 2, mean=10.0), rated("few", 90, mean=8.6), rated("thousands", 50_000, mean=8.6)]
    underrated = scores(open_table([*many, *works]), "underrated")
    assert max(underrated, key=underrated.__getitem__) == "few"
    assert underrated["thousands"] == 0
    assert underrated["two-people"] < underrated["few"] / 2


def test_few_ratings_give_little_acclaim() -> None:
    many = [rated(f"usual-{n}", 100, mean=6.0) for n in range(20)]
    acclaim = scores(
        open_table([*many, rated("two-people", 2, mean=10.0), rated("thousands", 5_000, mean=8.5)]), "acclaim"
    )
    assert acclaim["thousands"] == 1
    assert acclaim["two-people"] < 0.1


def test_the_pool_has_the_best_known_of_a_kind_and_genre() -> None:
    films = [rated(f"f{n}", 10**n, genres=["Family"] if n % 2 else ["Drama"]) for n in range(4)]
    table = open_table([*films, rated("book", 10**9, kind="book")])
    assert len(table.best("movie", "known")) == 3  # the lowest twentieth counts as unknown
    assert len(table.best("movie", "known", frozenset({"family"}))) == 2


def test_the_pool_has_the_best_known_of_the_years_asked_for() -> None:
    table = open_table(
        [rated(f"f{year}", 1000 + year, year=year) for year in range(1940, 1960)] + [rated("no year", 9_000)]
    )
    assert len(table.best("movie", "known", years=(1950, 1954))) == 5
    assert len(table.best("movie", "known", years=(1958, float("inf")))) == 2


def test_the_share_of_works_with_a_fact_is_counted_by_kind() -> None:
    table = open_table([make("a", language="fr"), make("b"), make("c", kind="book", page_count=90)])
    assert table.share_known("language", "movie") == 0.5
    assert table.share_known("page_count", "book") == 1
    assert table.share_known("page_count", "movie") == 0
    assert table.share_known("language", None) == pytest.approx(1 / 3)


def test_works_are_akin_by_genres_and_makers() -> None:
    own = [{"name": "Ada Marsh", "role": "director"}]
    table = open_table(
        [
            make("liked", genres=["Drama", "War"], creators=own),
            make("same-maker", genres=["Comedy"], creators=own),
            make("same-genres", genres=["Drama", "War"]),
            make("half", genres=["War", "Comedy"]),
            make("other", genres=["Comedy"], creators=[{"name": "Ada Marsh", "role": "actor"}]),
        ]
    )
    akin = dict(zip(table.ids, table.kinship(np.arange(5), np.array([0]), np.ones(1, np.float32)), strict=True))
    assert akin["same-genres"] == pytest.approx(1)
    assert akin["same-maker"] > akin["half"] > akin["other"] == 0


def test_profiles_are_alike_by_what_is_unusual_in_them() -> None:
    usual, rare = [255, 0, 0, 200], [255, 255, 0, 200]
    strengths = np.array([*[usual] * 8, rare, rare, [255, 0, 255, 200]], np.uint8)
    profiles = ValueProfiles(strengths, strengths.mean(axis=0).tolist(), "abcd")
    like = profiles.likeness(np.arange(11), np.array([8]), np.ones(1, np.float32))
    assert like[9] == pytest.approx(1)
    assert like[0] < 0.1  # they share the values that all have
    against = profiles.likeness(np.arange(11), np.array([8]), -np.ones(1, np.float32))
    np.testing.assert_allclose(against, -like, atol=1e-6)


def test_two_rows_of_one_work_are_twins_and_two_works_of_one_name_are_not() -> None:
    works = [
        make("poor", title="Black Rain", year=1989),
        rated("rich", 90, title="Black Rain", year=1989),
        make("namesake", title="Black Rain", year=1989),
        make("remake", title="Black Rain", year=2009),
        make("renamed", title="Dark Rain", year=1988, ids={"tmdb": "7"}),
        rated("original", 5, title="Black Rain Falls", year=1988, ids={"tmdb": "7"}),
    ]
    for work in works:
        work["description"] = "A detective hunts a man from New York to Osaka, in the rain. "
    works[2]["description"] = "A family lives on after the bomb. " * 3
    table = open_table(works)
    assert set(table.ids_of(np.flatnonzero(table.is_twin))) == {"poor", "renamed"}
    assert table.n_twins == 2


@dataclass
class ById:
    """Preferences by the ids of the works, without those that have none."""

    bonus: dict[str, float]
    audience: dict[str, float]
    last: set[str]


def weigh(intent: Intent, payloads: list[dict[str, Any]], strengths: list[list[float]], dimensions: list[str]) -> ById:
    given = [{place: x for place, x in enumerate(own) if x} for own in strengths]
    table = open_table(payloads, given, dimensions)
    rows = np.arange(len(payloads))
    bonus, audience, last = weigh_preferences(intent, rows, table, table.profiles(dimensions))
    ids = list(table.ids)
    return ById(
        {name: float(x) for name, x in zip(ids, bonus, strict=True) if x},
        {name: float(x) for name, x in zip(ids, audience, strict=True) if x},
        {name for name, is_last in zip(ids, last, strict=True) if is_last},
    )


def test_what_is_refused_costs_by_its_strength_and_comes_last_if_primary() -> None:
    works = [make("sad"), make("rather-sad"), make("happy")]
    refused = weigh(Intent(text="", values={"E4": -1.0}), works, [[0.9], [0.4], [0.1]], ["E4"])
    assert refused.bonus["sad"] < refused.bonus["rather-sad"] < 0
    assert "happy" not in refused.bonus
    assert refused.last == {"sad"}
    assert not weigh(Intent(text="", values={"E4": -0.5}), works, [[0.9], [0.4], [0.1]], ["E4"]).last


def test_a_value_and_the_tags_of_one_word_are_refused_once() -> None:
    works = [make("sad")]
    value = weigh(Intent(text="", values={"E4": -0.5}), works, [[0.6, 0.4]], ["E4", "T-tragedy"])
    both = weigh(
        Intent(text="", values={"E4": -0.5}, tags={"T-tragedy": -0.5}), works, [[0.6, 0.4]], ["E4", "T-tragedy"]
    )
    assert both.bonus == value.bonus


def test_children_get_family_films_and_none_that_are_cruel_or_for_adults() -> None:
    rule = AUDIENCES["family"]
    tags = [*rule.tags, *rule.never, *rule.unless_genres]
    none = [0.0] * len(tags)
    with_murder = [0.8 if tag == "T-murder" else 0.0 for tag in tags]
    adult = [0.8 if tag == "T-adult-comedy" else 0.0 for tag in tags]
    works = [
        make("fairy-tale", genres=["Family"]),
        make("murder", genres=["Drama"]),
        make("adult-cartoon", genres=["Animation"]),
        make("horror", genres=["Horror", "Family"]),
        make("rated", genres=["Family"], least_age=18),
        make("plain", genres=["Drama"]),
    ]
    weighed = weigh(
        Intent(text="", audience="family"), works, [with_murder, with_murder, adult, none, none, none], tags
    )
    assert weighed.last == {"murder", "adult-cartoon", "horror", "rated"}
    assert weighed.audience["fairy-tale"] > 0
    assert "plain" not in weighed.audience


def test_the_language_of_a_country_is_that_of_most_of_its_own_works() -> None:
    works = [
        *(make(f"own-{n}", countries=["SE"], language="sv") for n in range(8)),
        make("odd", countries=["SE"], language="de"),
        make("shared", countries=["SE", "GB"], language="en"),
        make("silent", countries=["SE", "NO"]),
    ]
    assert open_table(works).home_languages["SE"] == {"sv"}
    asked = Intent.model_validate({"text": "", "filters": {"countries": {"any": ["SE"]}}})
    bonus = weigh(asked, works, [[]] * len(works), ["E1"]).bonus
    assert bonus["own-0"] > 0 > bonus["shared"]
    assert "silent" not in bonus
