"""Likes as a matrix, and the split of people into those to learn from and those to measure with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.ratings.joining import JoinedRatings
from indexer.ratings.records import LEAST_LIKE, MOST_DISLIKE

Ints = NDArray[np.int64]

LEAST_LIKERS = 5
"""A work with fewer likers has no factors: a rating could be traced to the person who gave it."""
LEAST_LIKES_MEASURED = 5
"""People with fewer likes are not measured with: of four given likes one would be left to find."""


@dataclass(frozen=True)
class Likes:
    """Who likes which works of one kind.

    Attributes:
        matrix: 1 where a person likes a work, a scipy CSR matrix of float32 (n_users, n_works).
        dislikes: The same for dislikes.
        rows: The row of each work among the works of the store, int64 (n_works,), ascending.
    """

    matrix: Any
    dislikes: Any
    rows: Ints

    @property
    def likers(self) -> Ints:
        """How many people like each work, int64 (n_works,)."""
        counts: Ints = np.asarray(self.matrix.sum(axis=0)).ravel().astype(np.int64)
        return counts

    def likes_of(self, user: int) -> Ints:
        """Return the works that a person likes, ascending."""
        liked: Ints = self.matrix.indices[self.matrix.indptr[user] : self.matrix.indptr[user + 1]].astype(np.int64)
        return np.sort(liked)

    def of_users(self, users: Ints) -> Likes:
        """Return the likes of some people."""
        return Likes(self.matrix[users], self.dislikes[users], self.rows)

    def of_works(self, columns: Ints) -> Likes:
        """Return the likes of some works, by their columns, ascending."""
        return Likes(self.matrix[:, columns].tocsr(), self.dislikes[:, columns].tocsr(), self.rows[columns])

    def without_rare(self) -> Likes:
        """Return the likes of works that LEAST_LIKERS people or more like."""
        return self.of_works(np.flatnonzero(self.likers >= LEAST_LIKERS))


def likes_by_kind(joined: JoinedRatings, kinds: Sequence[str | None]) -> dict[str, Likes]:
    """Return the likes of each kind of work that has any; people are the same rows in all of them.

    Args:
        joined: The ratings.
        kinds: The kind of each work of the store.
    """
    kind_of = np.array([kind or "" for kind in kinds])[joined.works]
    found = {}
    for kind in sorted(set(kind_of.tolist()) - {""}, reverse=True):  # films first
        mine = kind_of == kind
        liked, disliked = mine & (joined.stars >= LEAST_LIKE), mine & (joined.stars <= MOST_DISLIKE)
        if liked.any():
            rows = np.unique(joined.works[mine]).astype(np.int64)
            found[kind] = Likes(_matrix(joined, liked, rows), _matrix(joined, disliked, rows), rows)
    return found


def _matrix(joined: JoinedRatings, kept: NDArray[np.bool_], rows: Ints) -> Any:
    from scipy.sparse import csr_matrix

    columns = np.searchsorted(rows, joined.works[kept])
    ones = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((ones, (joined.users[kept], columns)), shape=(joined.n_users, len(rows)))


def split_users(likes: Likes, share: float, most: int, seed: int) -> tuple[Ints, Ints]:
    """Return the people to learn from and those to measure with, drawn among those with enough likes.

    Args:
        likes: The likes of one kind of work.
        share: The part of those people to measure with.
        most: How many people to measure with at most.
        seed: Decides what is drawn.
    """
    counts = np.diff(likes.matrix.indptr)
    able = np.flatnonzero(counts >= LEAST_LIKES_MEASURED)
    drawn = np.random.default_rng(seed).permutation(able)[: min(most, int(share * len(able)))]
    learnt = np.setdiff1d(np.flatnonzero(counts > 0), drawn)
    return learnt.astype(np.int64), np.sort(drawn).astype(np.int64)


def split_likes(likes: Likes, users: Ints, given: float | int, seed: int) -> Iterator[tuple[int, Ints, Ints]]:
    """Yield people with the likes that are given and those to find, for people who have both.

    Args:
        likes: The likes.
        users: The people.
        given: The part of a person's likes that is given (a float below 1), or their number.
        seed: Decides which are given.
    """
    for user in users.tolist():
        liked = np.random.default_rng((seed, user)).permutation(likes.likes_of(user))
        n_given = given if isinstance(given, int) else min(max(round(given * len(liked)), 1), len(liked) - 1)
        if 0 < n_given < len(liked):
            yield user, liked[:n_given], liked[n_given:]
