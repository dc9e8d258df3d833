"""Read which books each reader likes, from goodbooks-10k's two tables."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from evaluation.errors import BenchmarkInvalid


def read_likes(ratings: Path, books: Path, least: int) -> list[list[str]]:
    """Return for each reader the Goodreads ids of the books that the reader gave at least the rating `least`.

    Args:
        ratings: A table with the columns `user_id`, `book_id` and `rating`, plain or gzipped.
        books: A table with the columns `book_id` and `goodreads_book_id` or `best_book_id`, plain or gzipped.
        least: The least rating that counts.

    Raises:
        BenchmarkInvalid: A table cannot be read.
    """
    ids = {row["book_id"]: row.get("goodreads_book_id") or row["best_book_id"] for row in _rows(books, "book_id")}
    liked: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows(ratings, "rating"):
        try:
            if int(row["rating"]) >= least and row["book_id"] in ids:
                liked[row["user_id"]].append(ids[row["book_id"]])
        except (KeyError, ValueError, TypeError) as error:
            raise BenchmarkInvalid(f"{ratings}: has a row that is no rating ({error!r})") from error
    return list(liked.values())


def _rows(path: Path, column: str) -> Iterator[dict[str, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            table = csv.DictReader(file)
            if column not in (table.fieldnames or ()):
                raise BenchmarkInvalid(f"{path}: is no table with a column {column!r}")
            yield from table
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BenchmarkInvalid(f"{path}: cannot be read: {error}") from error
