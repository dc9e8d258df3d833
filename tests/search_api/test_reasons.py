"""Reasons answer the request: what a work has of it, what it shares with liked works, and what speaks against it."""

from __future__ import annotations

from typing import Any

import pytest

from indexer.facts import Choice, Filters, IntegerRange
from indexer.values.taxonomy import load_taxonomy
from search_api.reasons import Explained, LikedWork, explain
from search_api.records import Intent, LegScore, Unmet, WorkReference

TAXONOMY = load_taxonomy()
HUMOUR, SADNESS, AWE, EXPLORATION, ANGER = "E9", "E4", "E11", "SC2", "E12"


def reasons(
    intent: Intent,
    *,
    query: str = "",
    liked: tuple[LikedWork, ...] = (),
    shown: tuple[str, ...] | None = None,
    **work: Any,
) -> tuple[str, ...]:
    scores = work.pop("scores", {})
    explained = Explained(scores, tuple(scores) if shown is None else shown, **work)
    return explain(explained, intent, TAXONOMY, query, liked)


def near(score: float, rank: int = 1) -> dict[str, LegScore]:
    return {"text": LegScore(score=score, rank=rank)}


def test_a_wish_that_the_work_has_comes_first() -> None:
    said = reasons(Intent(text="", values={HUMOUR: 1.0}), scores={HUMOUR: 0.8, AWE: 0.9}, matched_terms=("ship",))
    assert said == ("Gives humour, which you asked for", "Mentions “ship”")


def test_a_wish_that_the_work_hardly_has_is_not_claimed() -> None:
    said = reasons(Intent(text="", values={HUMOUR: 1.0}), scores={HUMOUR: 0.3, AWE: 0.9})
    assert said == ("Gives awe",)


def test_what_a_hit_shares_with_the_liked_work_is_said() -> None:
    liked = (LikedWork("Interstellar", {EXPLORATION: 0.9, AWE: 0.7, SADNESS: 0.6, HUMOUR: 0.1}),)
    intent = Intent(text="", values={SADNESS: -0.5}, like=(WorkReference(id="1", title="Interstellar"),))
    scores = {EXPLORATION: 0.8, AWE: 0.9, HUMOUR: 0.9, SADNESS: 0.2}
    said = reasons(intent, liked=liked, scores=scores, legs=near(0.5))
    assert said[0] == "Shares exploration and awe with Interstellar, with less sadness"
    assert not any("close" in reason for reason in said)


def test_works_that_share_the_same_values_are_named_together() -> None:
    liked = (LikedWork("Alien", {AWE: 0.7}), LikedWork("Contact", {AWE: 0.6}))
    like = tuple(WorkReference(id=work.title, title=work.title) for work in liked)
    assert reasons(Intent(text="", like=like), liked=liked, scores={AWE: 0.8}) == ("Shares awe with Alien and Contact",)


def test_a_work_that_shares_nothing_may_still_be_close_to_the_liked_one() -> None:
    intent = Intent(text="", like=(WorkReference(id="1", title="Interstellar"),))
    assert reasons(intent, liked=(LikedWork("Interstellar", {}),), legs=near(0.4)) == ("Is close to Interstellar",)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(-1.0, "Gives sadness, which you did not want"), (-0.5, "Gives sadness, of which you wanted less")],
)
def test_a_conflict_with_the_request_is_said(weight: float, expected: str) -> None:
    assert reasons(Intent(text="", values={SADNESS: weight}), scores={SADNESS: 0.7})[0] == expected


def test_an_unwanted_value_is_no_recommendation() -> None:
    said = reasons(Intent(text="", values={SADNESS: -1.0}), scores={SADNESS: 0.7, AWE: 0.6})
    assert said == ("Gives sadness, which you did not want", "Gives awe")


def test_a_dislike_is_answered_in_the_words_of_the_request() -> None:
    intent = Intent(text="", values={ANGER: -1.0}, tags={"T-violence": -1.0})
    query = "a war film without violence"
    mild = reasons(intent, query=query, scores={ANGER: 0.1}, tags={"T-violence": 0.1})
    assert mild == ("Shows little violence, as you asked",)
    wild = reasons(intent, query=query, scores={ANGER: 0.8}, tags={"T-violence": 0.8})
    assert wild == ("Is what people tag “violence”, which you did not want",)


def test_a_value_stands_for_tags_that_the_request_does_not_name() -> None:
    intent = Intent(text="", values={SADNESS: -0.5}, tags={"T-depressing": -0.5})
    work = {"scores": {SADNESS: 0.6}, "tags": {"T-depressing": 0.6}}
    assert reasons(intent, query="not too sad", **work) == ("Gives sadness, of which you wanted less",)


def test_a_tag_whose_score_is_not_known_is_not_said_to_be_absent() -> None:
    intent = Intent(text="", tags={"T-violence": -1.0})
    assert reasons(intent, query="no violence") == ()


FACTS = {"year": 1999, "runtime_minutes": 98, "language": "en", "genres": ["Drama"], "creators": [{"name": "Ann Lee"}]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(page_count=IntegerRange(lte=300)), ("Its length is not known here",)),
        (Filters(countries=Choice(any=("SE",))), ("Its country is not known here",)),
        (Filters(runtime_minutes=IntegerRange(lte=90)), ("Does not have the length that you asked for",)),
        (Filters(language=Choice(none=("en",))), ("Has a language that you did not want",)),
        (Filters(creators=Choice(any=("ann lee",)), year=IntegerRange(gte=1999)), ()),
        (Filters(), ()),
    ],
)
def test_facts_that_a_hit_lacks_or_does_not_tell_are_said(filters: Filters, expected: tuple[str, ...]) -> None:
    assert reasons(Intent(text="", filters=filters), facts=FACTS) == expected


def test_a_fact_that_a_hit_has_is_said_where_other_hits_lack_it() -> None:
    intent = Intent(
        text="",
        filters=Filters(runtime_minutes=IntegerRange(lte=119), year=IntegerRange(lte=2000)),
        unmet=(Unmet(part="filters.runtime_minutes", note="few lengths are known here"),),
    )
    assert reasons(intent, facts=FACTS) == ("Has the length that you asked for",)


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        (["Family", "Animation"], ("Suits the whole family: it is listed under Family and Animation",)),
        (["Horror", "Family"], ("May not suit the whole family: it is listed under Horror",)),
        (["Drama"], ()),
    ],
)
def test_whether_a_hit_suits_the_audience_is_said(genres: list[str], expected: tuple[str, ...]) -> None:
    assert reasons(Intent(text="", audience="family"), facts={"genres": genres}) == expected


@pytest.mark.parametrize(("score", "is_said"), [(0.43, False), (0.5, True)])
def test_only_works_that_are_really_near_are_close_in_meaning(score: float, is_said: bool) -> None:
    said = reasons(Intent(text="foo bar baz"), legs=near(score))
    assert (said == ("Is close in meaning to your words",)) is is_said


def test_no_words_were_said_of_which_a_work_could_be_near_in_meaning() -> None:
    near = {"text": LegScore(score=0.99, rank=1)}
    assert reasons(Intent(text=""), legs=near) == ()
    assert reasons(Intent(text="the sea"), legs=near) == ("Is close in meaning to your words",)
