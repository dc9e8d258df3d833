"""The taste vectors of works and of people who like works. In numpy.

Each kind of work has its own factors, learnt from its own ratings (Hu, Koren and Volinsky 2008, "Collaborative
Filtering for Implicit Feedback Datasets"). A taste vector has one block for each kind, in the order of the file, and
zeros in all blocks but its own: the dot product of a film and a book is 0.

A work that n people like has the vector

    (n own + SHRINKAGE mapped) / (n + SHRINKAGE)

where `own` are its factors and `mapped` those that its content leads one to expect. For up to MOST_SUMMED likes of a
kind, a person has the sum of their unit vectors less DISLIKE times those of the dislikes; for more likes, with the
works' vectors v and the Gram matrix G of all works of the training, the person's factors (ibid., equation 4):

    (G + (alpha - 1) sum v v' + lambda I)^-1 alpha (sum v - DISLIKE sum of the dislikes' vectors)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from indexer.records import IndexedWork
from indexer.taste.content import ContentMap, Floats
from indexer.taste.keys import work_keys

SHRINKAGE = 10.0
MOST_SUMMED = 5
DISLIKE = 0.1
"""The weight of a dislike beside a like. Of 210 readers with two dislikes or more, half of the dislikes given, it keeps
nDCG@100 (.355 with and .354 without, given 80% of the likes; .309 and .313 given three), and 9% fewer of the disliked
books are among the first 50. With 0.5, nDCG@100 falls to .347 and .281."""


@dataclass(frozen=True)
class KindTaste:
    """What was learnt for one kind of work.

    Attributes:
        keys: The keys of each work, see `work_keys`.
        factors: float32 (n_works, dim).
        likers: How many people like each work, int64 (n_works,).
        gram: factors' factors, float32 (dim, dim).
        content_map: The map from content to factors.
        alpha: The weight of a like; what is not liked weighs 1.
        regularisation: lambda of the fold-in.
        n_users: How many people's likes were learnt from.
    """

    keys: tuple[tuple[str, ...], ...]
    factors: Floats
    likers: np.ndarray
    gram: Floats
    content_map: ContentMap
    alpha: float
    regularisation: float
    n_users: int

    @property
    def dim(self) -> int:
        """The number of factors."""
        return int(self.factors.shape[1])

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each key."""
        return {key: row for row, keys in enumerate(self.keys) for key in keys}

    def vector_of(self, indexed: IndexedWork, row: int | None) -> Floats:
        """Return the factors of a work, float32 (dim,); `row` is its row, None without ratings."""
        mapped = self.content_map.factors_of(indexed)
        if row is None:
            return mapped
        share = self.likers[row] / (self.likers[row] + SHRINKAGE)
        mixed: Floats = share * self.factors[row] + (1 - share) * mapped
        return mixed.astype(np.float32)

    def fold_in(self, likes: Floats, dislikes: Floats) -> Floats:
        """Return the vector of a person, float32 (dim,), from works' vectors (n, dim); zeros without a like."""
        if len(likes) <= MOST_SUMMED:
            return sum_of_units(likes) - DISLIKE * sum_of_units(dislikes)
        return fold_in_many(likes, dislikes, self.gram, self.alpha, self.regularisation)


def fold_in_many(likes: Floats, dislikes: Floats, gram: Floats, alpha: float, regularisation: float) -> Floats:
    """Return the vector of a person with many likes, float32 (dim,), by the second formula of the module."""
    weighed = gram + (alpha - 1) * likes.T @ likes + regularisation * np.eye(len(gram))
    target = alpha * (likes.sum(axis=0) - DISLIKE * dislikes.sum(axis=0))
    return np.linalg.solve(weighed, target).astype(np.float32)


def sum_of_units(vectors: Floats) -> Floats:
    """Return the sum of vectors (n, dim) scaled to length 1, float32 (dim,); a vector of zeros adds nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    summed: Floats = (vectors / np.where(lengths == 0, 1, lengths)).sum(axis=0)
    return summed


@dataclass(frozen=True)
class Taste:
    """What was learnt from ratings, by kind of work.

    Attributes:
        kinds: What was learnt, by kind ("movie", "book"), in the order of the blocks.
        encoder_fingerprint: The encoder whose embeddings the content maps read.
        analyser_version: The text analyser whose terms they read.
        fingerprint: A digest of the file's content.
        licences: The licences of the ratings.
        figures: What was measured in training, by name.
        seed: What decided the draws.
    """

    kinds: Mapping[str, KindTaste]
    encoder_fingerprint: str
    analyser_version: str
    fingerprint: str
    licences: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    @cached_property
    def blocks(self) -> Mapping[str, slice]:
        """The dimensions of each kind."""
        ends = np.cumsum([0, *(kind.dim for kind in self.kinds.values())]).tolist()
        return {kind: slice(ends[n], ends[n + 1]) for n, kind in enumerate(self.kinds)}

    @property
    def dim(self) -> int:
        """The length of a taste vector."""
        return sum(kind.dim for kind in self.kinds.values())

    def row_of(self, indexed: IndexedWork) -> int | None:
        """Return the row of a work in the factors of its kind; None if it has no ratings."""
        work = indexed.work
        learnt = self.kinds.get(work.kind or "")
        if learnt is None or work.kind is None:
            return None
        titles = [title for title in (work.title, work.original_title) if title]
        keys = work_keys(work.kind, work.ids, titles, work.year)
        return next((learnt.rows[key] for key in keys if key in learnt.rows), None)

    def vector_of(self, indexed: IndexedWork) -> Floats:
        """Return the taste vector of a work, float32 (dim,); zeros for a kind that the file has nothing of."""
        vector = np.zeros(self.dim, dtype=np.float32)
        kind = indexed.work.kind or ""
        if kind in self.kinds:
            vector[self.blocks[kind]] = self.kinds[kind].vector_of(indexed, self.row_of(indexed))
        return vector

    def fold_in(self, likes: Floats, dislikes: Floats | None = None) -> Floats:
        """Return the taste vector of a person, float32 (dim,): the query whose dot products rank works.

        Args:
            likes: The taste vectors of the works that the person likes, float32 (n, dim); of any kind, in any order.
            dislikes: Those of the works that the person does not like, (m, dim).
        """
        query = np.zeros(self.dim, dtype=np.float32)
        disliked = likes[:0] if dislikes is None else dislikes
        for kind, block in self.blocks.items():
            of_kind = [each[:, block][np.any(each[:, block] != 0, axis=1)] for each in (likes, disliked)]
            if any(map(len, of_kind)):
                query[block] = self.kinds[kind].fold_in(of_kind[0].astype(np.float32), of_kind[1].astype(np.float32))
        return query
