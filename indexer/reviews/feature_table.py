"""The features of reviews in the store, made once for a review, the analyser and the words of the taxonomy.

Features with sentences to quote and those without are of two recipes. So no sentence stays when only features may be
kept from now on, and quotes are made when texts may be kept again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence

from indexer.database import Database
from indexer.reviews.choosing import KeptReview
from indexer.reviews.features import ReviewFeatures
from indexer.reviews.review_table import ReviewTable
from indexer.reviews.summary import ReviewSummary, summarise

REVIEWS_READ = 512
"""Reviews that are read together: at most 2.5 MB of text."""

_ITS_RECIPE = "CASE review.keeps_text WHEN 1 THEN ? ELSE ? END"
_HAS_FEATURES = f"EXISTS (SELECT 1 FROM review_features WHERE digest = review.digest AND recipe = {_ITS_RECIPE})"  # noqa: S608


class ReviewFeatureTable:
    """The table `review_features`; `indexer.store_tables` describes it."""

    def __init__(self, database: Database, reviews: ReviewTable) -> None:
        self._database = database
        self._reviews = reviews

    def missing(self, recipe: bytes) -> Iterator[list[KeptReview]]:
        """Yield the reviews with a text that have no features of this recipe, in batches."""
        query = f"""SELECT digest, source, text, keeps_text, max(spoiler) FROM review
                    WHERE text IS NOT NULL AND (digest, keeps_text) > (?, ?) AND NOT {_HAS_FEATURES}
                    GROUP BY digest, keeps_text ORDER BY digest, keeps_text LIMIT ?"""  # noqa: S608
        last = (b"", 0)
        while rows := list(self._database.rows(query, *last, *_recipes(recipe), REVIEWS_READ)):
            last = (rows[-1][0], rows[-1][3])
            yield [
                KeptReview(digest, source, text, None, 0, bool(keeps_text), bool(spoiler))
                for digest, source, text, keeps_text, spoiler in rows
            ]

    def count_missing(self, recipe: bytes) -> int:
        """Return how many reviews with a text have no features of this recipe."""
        query = f"""SELECT count(*) FROM (SELECT DISTINCT digest, keeps_text FROM review
                    WHERE text IS NOT NULL AND NOT {_HAS_FEATURES})"""  # noqa: S608
        return int(self._database.one(query, *_recipes(recipe)))

    def put(self, features: Iterable[tuple[KeptReview, ReviewFeatures]], recipe: bytes) -> None:
        """Store the features of reviews, in one transaction."""
        with_quotes, without = _recipes(recipe)
        rows = [
            (review.digest, with_quotes if review.keeps_text else without, made.packed()) for review, made in features
        ]
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO review_features VALUES (?, ?, ?)", rows)

    def unreadable(self, recipe: bytes) -> list[bytes]:
        """Return the reviews whose text is gone and whose features were made with another recipe."""
        query = f"SELECT DISTINCT digest FROM review WHERE text IS NULL AND NOT {_HAS_FEATURES}"  # noqa: S608
        return [row[0] for row in self._database.rows(query, *_recipes(recipe))]

    def forgettable(self, recipe: bytes) -> list[bytes]:
        """Return the reviews of which only features are kept, and were made, and whose text is still there."""
        query = f"""SELECT DISTINCT digest FROM review
                    WHERE text IS NOT NULL AND NOT keeps_text AND {_HAS_FEATURES}"""  # noqa: S608
        return [row[0] for row in self._database.rows(query, *_recipes(recipe))]

    def remove_others(self, recipe: bytes) -> None:
        """Remove the features that no review needs: of other recipes, of reviews that are gone, quotes not kept now.

        Their sentences are overwritten, and the log that has them is emptied.
        """
        needed = f"review.digest = review_features.digest AND review_features.recipe = {_ITS_RECIPE}"
        others = f"NOT EXISTS (SELECT 1 FROM review WHERE {needed})"  # noqa: S608
        recipes = _recipes(recipe)
        if self._database.one(f"SELECT EXISTS (SELECT 1 FROM review_features WHERE {others})", *recipes):  # noqa: S608
            with self._reviews.overwriting() as connection:
                connection.execute(f"DELETE FROM review_features WHERE {others}", recipes)  # noqa: S608
            self._reviews.empty_log()

    def summaries(self, recipe: bytes, works: Collection[str] | None = None) -> Iterator[tuple[str, ReviewSummary]]:
        """Yield the summary of the reviews of each work that has some, of all works or of some, by id."""
        for work_id, reviews in self._reviews.of_works(works):
            features = self._of(reviews, recipe)
            known = [(each, features[key]) for each in reviews if (key := (each.digest, each.keeps_text)) in features]
            if known:
                yield work_id, summarise(known)

    def _of(self, reviews: Sequence[KeptReview], recipe: bytes) -> dict[tuple[bytes, bool], ReviewFeatures]:
        """Return the features of reviews, by digest and by whether they have quotes."""
        places = ", ".join("?" * len(reviews))
        query = f"""SELECT digest, recipe = ?, body FROM review_features
                    WHERE recipe IN (?, ?) AND digest IN ({places})"""  # noqa: S608
        recipes = _recipes(recipe)
        rows = self._database.rows(query, recipes[0], *recipes, *(each.digest for each in reviews))
        return {(digest, bool(quotes)): ReviewFeatures.unpacked(body) for digest, quotes, body in rows}


def _recipes(recipe: bytes) -> tuple[bytes, bytes]:
    """Return the recipe of features with sentences to quote, and that of features without."""
    return recipe, hashlib.sha256(recipe + b"without quotes").digest()
