"""Make the cases of each protocol from likes; what is given and what is to be found never overlap. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from evaluation.taste.records import Case, Protocol
from indexer.taste_training.likes import Ints, Likes, split_likes

N_VALUES = 5
"""How many values the person of the protocol `questionnaire` asks for."""
VALUE_WEIGHT = 0.8
COLD_SHARE = 0.1
"""The part of works whose ratings are left out of the training for the protocol `cold`."""


def warm_protocols(
    likes: Likes, users: Ints, ids: Sequence[str], strengths: Mapping[str, Mapping[str, float]], seed: int
) -> list[Protocol]:
    """Return the protocols in which all works have their ratings.

    Args:
        likes: The likes of one kind of work.
        users: The people to measure with.
        ids: The id of each work, in the order of the columns of `likes`.
        strengths: The strengths of the values of each work, by its id.
        seed: Decides what is given.
    """
    shares: list[tuple[str, str, float | int]] = [
        ("strong", "80% of the likes given", 0.8),
        ("few 1", "one like given", 1),
        ("few 3", "three likes given", 3),
        ("few 5", "five likes given", 5),
    ]
    protocols = [
        Protocol(name, meaning, list(_cases(likes, users, ids, given, seed))) for name, meaning, given in shares
    ]
    asked = list(_questionnaires(likes, users, ids, strengths, seed))
    protocols.append(Protocol("questionnaire", "one like and five values given", asked))
    return protocols


def _cases(likes: Likes, users: Ints, ids: Sequence[str], given: float | int, seed: int) -> Iterator[Case]:
    for user, shown, hidden in split_likes(likes, users, given, seed):
        yield Case(user, _names(ids, shown), frozenset(_names(ids, hidden)))


def _questionnaires(
    likes: Likes, users: Ints, ids: Sequence[str], strengths: Mapping[str, Mapping[str, float]], seed: int
) -> Iterator[Case]:
    """Yield people who give one like, and the values that half of their other likes have more of than is usual."""
    value_ids = sorted({value_id for own in strengths.values() for value_id in own})
    table = np.array([[strengths.get(each, {}).get(value, 0.0) for value in value_ids] for each in ids])
    usual, spread = table.mean(axis=0), np.maximum(table.std(axis=0), 0.02)
    for user, shown, others in split_likes(likes, users, 1, seed):
        used, hidden = others[: len(others) // 2], others[len(others) // 2 :]
        if len(used):
            excess = (table[used].mean(axis=0) - usual) / spread
            best = [each for each in np.argsort(-excess, kind="stable")[:N_VALUES] if excess[each] > 0]
            values = {value_ids[each]: VALUE_WEIGHT for each in best}
            yield Case(user, _names(ids, shown), frozenset(_names(ids, hidden)), values, _names(ids, used))


def draw_cold(likes: Likes, seed: int) -> Ints:
    """Return the columns of works whose ratings are left out, ascending."""
    n_works = len(likes.rows)
    drawn = np.random.default_rng(seed).permutation(n_works)[: round(COLD_SHARE * n_works)]
    return np.sort(drawn).astype(np.int64)


def cold_protocol(likes: Likes, users: Ints, ids: Sequence[str], cold: Ints) -> Protocol:
    """Return the protocol `cold`: the likes of works with ratings are given, those of works without are to be found."""
    cases = []
    for user in users.tolist():
        liked = likes.likes_of(user)
        is_cold = np.isin(liked, cold)
        if is_cold.any() and not is_cold.all():
            cases.append(Case(user, _names(ids, liked[~is_cold]), frozenset(_names(ids, liked[is_cold]))))
    return Protocol("cold", "works without ratings ranked", cases, frozenset(_names(ids, cold)))


def _names(ids: Sequence[str], columns: Ints) -> tuple[str, ...]:
    return tuple(ids[column] for column in columns.tolist())
