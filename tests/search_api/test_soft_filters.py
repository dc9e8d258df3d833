"""Filters read from words never empty an answer; filters given explicitly stay exact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from search_api.records import Filters
from search_api.soft_filters import Plan, Stage, plan_answer

Work = Mapping[str, Any]

FILMS: list[Work] = [
    *({"kind": "movie", "year": 1990 + n, "genres": {"Comedy"}, "creators": {"Ada Marsh"}} for n in range(20)),
    *({"kind": "movie", "year": 2000, "genres": {"Drama"}, "language": "fr", "runtime_minutes": 80} for _ in range(4)),
    *({"kind": "movie", "year": 2000, "genres": {"Drama"}, "language": "en", "runtime_minutes": 200} for _ in range(3)),
    *({"kind": "book", "year": 1950, "genres": {"Novel"}, "creators": {"Tom Ferrier"}} for _ in range(12)),
]


def passes(work: Work, stage: Stage) -> bool:
    def meets(name: str) -> bool:
        wanted, own = getattr(stage.filters, name), work.get(name)
        if name == "values" or wanted is None or (own is None and name in stage.unsaid):
            return True
        if name == "kind":
            return bool(own == wanted)
        if own is None:
            return hasattr(wanted, "any") and not (wanted.any or wanted.all)
        if hasattr(wanted, "gte"):
            return (wanted.gte is None or own >= wanted.gte) and (wanted.lte is None or own <= wanted.lte)
        names = own if isinstance(own, set) else {own}
        is_any = not wanted.any or bool(names & set(wanted.any))
        return is_any and names >= set(wanted.all) and not names & set(wanted.none)

    return all(meets(name) for name in Filters.model_fields)


def plan(given: Collection[str] = (), **wanted: Any) -> tuple[Plan, list[int]]:
    """Return the plan for filters read from words over FILMS, and the number of works of each stage."""
    filters = Filters.model_validate(wanted)
    of_kind = [work for work in FILMS if filters.kind in (None, work["kind"])]

    def share_known(name: str) -> float:
        return sum(work.get(name) is not None for work in of_kind) / len(of_kind)

    def count(stage: Stage) -> int:
        return sum(passes(work, stage) for work in FILMS)

    planned = plan_answer(filters, given, share_known, count)
    return planned, [count(stage) for stage in planned.stages]


def notes(planned: Plan) -> dict[str, str]:
    return {unmet.part: unmet.note for unmet in planned.unmet}


def test_a_fact_that_most_works_have_is_enforced() -> None:
    planned, sizes = plan(kind="movie", genres={"any": ["Comedy"]})
    assert sizes == [20]
    assert not planned.unmet


def test_works_that_do_not_say_follow_those_that_meet_a_rarely_known_fact() -> None:
    planned, sizes = plan(kind="movie", language={"any": ["fr"]})
    assert sizes == [4, 24]  # the three English films are left out
    assert notes(planned) == {
        "filters.language": "only 4 of these films are known to have the language that you ask for; others do not say"
    }


def test_a_fact_that_no_work_of_the_kind_has_is_named_and_empties_nothing() -> None:
    planned, sizes = plan(kind="book", runtime_minutes={"lte": 90})
    assert sizes == [12]
    assert notes(planned) == {"filters.runtime_minutes": "no lengths of books are known here"}


def test_an_unknown_person_is_set_aside() -> None:
    planned, sizes = plan(kind="movie", creators={"any": ["Nobody Here"]}, genres={"any": ["Comedy"]})
    assert sizes == [20]
    assert notes(planned) == {"filters.creators": "no films by Nobody Here are known here"}


def test_a_known_person_is_enforced_even_if_few_works_are_left() -> None:
    planned, sizes = plan(creators={"any": ["Tom Ferrier"]}, kind="book")
    assert sizes == [12]
    assert not planned.unmet


def test_of_wishes_that_leave_nothing_together_the_least_certain_is_set_aside() -> None:
    planned, sizes = plan(kind="movie", year={"lte": 1995}, language={"any": ["fr"]}, creators={"any": ["Ada Marsh"]})
    assert planned.stages[-1].filters.creators is not None
    assert sizes[-1] == 6
    assert set(notes(planned)) == {"filters.language"}


def test_a_year_of_no_work_is_set_aside() -> None:
    planned, sizes = plan(kind="movie", year={"gte": 2090})
    assert sizes == [27]
    assert notes(planned) == {"filters.year": "no films here have the year that you ask for"}


def test_a_genre_of_few_works_comes_first_and_hides_no_other() -> None:
    planned, sizes = plan(kind="movie", genres={"any": ["Drama"]})
    assert sizes == [7, 27]
    assert "filters.genres" in notes(planned)


def test_explicit_filters_stay_exact() -> None:
    for given in ({"language": {"any": ["sv"]}}, {"runtime_minutes": {"gte": 900}}, {"year": {"lte": 1800}}):
        planned, sizes = plan(given=("kind", *given), kind="movie", **given)
        assert sizes == [0]
        assert not planned.unmet


def test_what_is_refused_stays_refused_when_the_wish_is_set_aside() -> None:
    planned, _ = plan(kind="movie", genres={"any": ["Western"], "none": ["Comedy"]})
    genres = planned.stages[-1].filters.genres
    assert genres is not None
    assert genres.none == ("Comedy",)
    assert not genres.any


def test_every_stage_has_the_works_of_the_one_before() -> None:
    planned, sizes = plan(kind="movie", language={"any": ["fr"]}, runtime_minutes={"lte": 90})
    assert sizes == sorted(sizes)
    for earlier, later in zip(planned.stages, planned.stages[1:], strict=False):
        assert all(passes(work, later) for work in FILMS if passes(work, earlier))
