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
    usual: tuple[str, ...] = (),
    **work: Any,
) -> tuple[str, ...]:
    scores = work.pop("scores", {})
    explained = Explained(scores, tuple(scores) if shown is None else shown, **work)
    return explain(explained, intent, TAXONOMY, query, liked, usual)


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


def test_what_most_hits_share_is_said_last() -> None:
    shared = {EXPLORATION: 0.9, AWE: 0.8, SADNESS: 0.7, HUMOUR: 0.6}
    intent = Intent(text="", like=(WorkReference(id="1", title="Contact"),))
    liked = (LikedWork("Contact", shared),)
    assert reasons(intent, liked=liked, scores=shared, usual=(EXPLORATION, AWE)) == (
        "Shares sadness, humour and exploration with Contact",
    )
    assert reasons(intent, liked=liked, scores=shared, usual=(EXPLORATION, AWE), shown=(EXPLORATION, AWE, SADNESS)) == (
        "Shares sadness, exploration and awe with Contact",
    )


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
    assert mild == ("Is not what people tag “violence”, as you asked",)
    wild = reasons(intent, query=query, scores={ANGER: 0.8}, tags={"T-violence": 0.8})
    assert wild == ("Is what people tag “violence”, which you did not want",)


def test_a_value_stands_for_tags_that_the_request_does_not_name() -> None:
    intent = Intent(text="", values={SADNESS: -0.5}, tags={"T-depressing": -0.5})
    work = {"scores": {SADNESS: 0.6}, "tags": {"T-depressing": 0.6}}
    assert reasons(intent, query="not too sad", **work) == ("Gives sadness, of which you wanted less",)


def test_a_tag_whose_score_is_not_known_is_not_said_to_be_absent() -> None:
    intent = Intent(text="", tags={"T-violence": -1.0})
    assert reasons(intent, query="no violence") == ()


def reviewed(n_reviews: int, kind: str | None = "movie") -> dict[str, Any]:
    return {"n_reviews": n_reviews, "kind": kind} if kind else {"n_reviews": n_reviews}


@pytest.mark.parametrize(
    ("kind", "people"), [("movie", "14 of 30 viewers"), ("book", "14 of 30 readers"), (None, "14 of 30 people")]
)
def test_what_people_say_of_a_wish_takes_the_place_of_the_tag(kind: str | None, people: str) -> None:
    intent = Intent(text="", tags={"T-haunting": 1.0})
    work = {"tags": {"T-haunting": 0.8}, "said": {"T-haunting": 14}, "facts": reviewed(30, kind)}
    assert reasons(intent, query="something haunting", **work) == (f"{people} call it “haunting”, which you asked for",)


def test_people_speak_of_values_and_what_they_do_not_speak_of_is_still_given() -> None:
    intent = Intent(text="", values={"E2": 1.0, AWE: 1.0}, tags={"T-haunting": 1.0})
    work = {"scores": {"E2": 0.7, AWE: 0.6}, "tags": {"T-haunting": 0.2}, "said": {"E2": 9, "T-haunting": 14, AWE: 1}}
    assert reasons(intent, query="haunting, with hope and awe", facts=reviewed(30), **work) == (
        "14 of 30 viewers call it “haunting” and 9 speak of hope, which you asked for",
        "Gives awe, which you asked for",
    )


@pytest.mark.parametrize(
    ("count", "n_reviews", "is_said"), [(1, 1, False), (2, 2, True), (2, 20, True), (2, 21, False), (3, 30, True)]
)
def test_a_reason_needs_two_voices_and_one_in_ten(count: int, n_reviews: int, is_said: bool) -> None:
    intent = Intent(text="", tags={"T-haunting": 1.0})
    work = {"tags": {"T-haunting": 0.8}, "said": {"T-haunting": count}, "facts": reviewed(n_reviews)}
    expected = f"{count} of {n_reviews} viewers call it “haunting”" if is_said else "Is what people tag “haunting”"
    assert reasons(intent, query="haunting", **work) == (f"{expected}, which you asked for",)


def test_one_word_that_is_read_as_several_is_said_once() -> None:
    intent = Intent(text="", values={HUMOUR: 1.0}, tags={"T-comedy": 1.0, "T-humor": 1.0, "T-funny": 1.0})
    said = {HUMOUR: 12, "T-comedy": 20, "T-humor": 8, "T-funny": 15}
    work = {"scores": {HUMOUR: 0.9}, "tags": {"T-comedy": 0.9, "T-humor": 0.9, "T-funny": 0.9}, "said": said}
    (reason,) = reasons(intent, query="something funny", facts=reviewed(30), **work)
    assert reason == "15 of 30 viewers call it “funny”, which you asked for"
    (reason,) = reasons(intent, query="make me laugh", facts=reviewed(30), **work)
    assert reason == "20 of 30 viewers call it “comedy”, which you asked for"


def test_of_a_profile_every_value_is_named() -> None:
    intent = Intent(text="", values={"E2": 1.0, "E5": 1.0})
    work = {"scores": {"E2": 0.9, "E5": 0.9}, "said": {"E2": 4, "E5": 5}}
    assert reasons(intent, facts=reviewed(10), **work) == (
        "5 of 10 viewers speak of inspiration and 4 speak of hope, which you asked for",
    )


@pytest.mark.parametrize(("weight", "rest"), [(-1.0, "which you did not want"), (-0.5, "of which you wanted less")])
def test_people_who_say_what_was_refused_are_quoted_against_the_work(weight: float, rest: str) -> None:
    intent = Intent(text="", tags={"T-boring": weight})
    work = {"tags": {"T-boring": 0.1}, "said": {"T-boring": 9}, "facts": reviewed(30)}
    assert reasons(intent, query="not boring", **work) == (f"9 of 30 viewers call it “boring”, {rest}",)


def test_only_reviews_tell_that_a_work_is_not_slow() -> None:
    intent = Intent(text="", tags={"T-slow": -1.0})
    tags = {"T-slow": 0.0}
    assert reasons(intent, query="nothing slow", tags=tags) == ()
    assert reasons(intent, query="nothing slow", tags=tags, facts=reviewed(2)) == ()
    assert reasons(intent, query="nothing slow", tags=tags, said={"T-slow": 1}, facts=reviewed(30)) == (
        "Is not what people tag “slow”, as you asked",
    )


def test_a_guess_that_people_confirm_stays_a_guess() -> None:
    intent = Intent(text="", tags={"T-haunting": 1.0}, is_guess=True)
    work = {"tags": {"T-haunting": 0.8}, "said": {"T-haunting": 14}, "facts": reviewed(30)}
    (reason,) = reasons(intent, query="it follows me home", **work)
    assert reason == "14 of 30 viewers call it “haunting”, which your words seem to ask for"


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
