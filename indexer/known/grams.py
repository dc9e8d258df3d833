"""Find the texts that a misspelt text may mean, by the pairs of letters that they share at about the same place.

Every text of a kind is listed under each of its pairs of letters with their place. A slip of the hand changes up to
three pairs and moves the others by one place, so the texts that share most pairs are few, and are then compared letter
by letter. Among a million titles this takes 15 ms; to compare all of them takes seconds.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sort = Literal["title", "word"]

MOST_PLACES = 24
"""Only pairs up to this place are listed and looked up."""
MOST_SHIFT = 4
"""By how many places a pair may be moved."""
MOST_COMPARED = 3_000
"""How many texts are compared letter by letter. Of 1,000 titles with one or two slips, all are among the first 1,000 of
a million by the pairs that they share."""

SCHEMA = "CREATE TABLE gram (sort TEXT, pair TEXT, numbers BLOB, PRIMARY KEY (sort, pair)) WITHOUT ROWID"


def _pairs(text: str) -> Iterator[tuple[str, int]]:
    return ((text[at : at + 2], at) for at in range(min(len(text) - 1, MOST_PLACES)))


def add_grams(connection: sqlite3.Connection, sort: Sort, texts: Iterable[tuple[int, str]]) -> None:
    """List texts, each given by its number, under their pairs of letters."""
    listed: dict[str, array[int]] = {}
    for number, text in texts:
        for pair, at in _pairs(text):
            listed.setdefault(f"{pair}{at}", array("i")).append(number)
    connection.executemany(
        "INSERT INTO gram VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET numbers = CAST(numbers || ?3 AS BLOB)",
        ((sort, pair, numbers.tobytes()) for pair, numbers in listed.items()),
    )


def find_alike(connection: sqlite3.Connection, sort: Sort, text: str) -> NDArray[np.intp]:
    """Return the numbers of at most about MOST_COMPARED texts that share most pairs with a text, in their order."""
    wanted = {
        f"{pair}{at + shift}"
        for pair, at in _pairs(text)
        for shift in range(-MOST_SHIFT, MOST_SHIFT + 1)
        if at + shift >= 0
    }
    marks = ",".join("?" * len(wanted))
    query = f"SELECT numbers FROM gram WHERE sort = ? AND pair IN ({marks})"  # noqa: S608 - question marks only
    lists = [np.frombuffer(row[0], dtype=np.int32) for row in connection.execute(query, (sort, *wanted))]
    if not lists:
        return np.zeros(0, dtype=np.intp)
    shared = np.bincount(np.concatenate(lists))
    # From the largest number of shared pairs down, until the next number would add too many texts.
    n_texts = np.bincount(shared)[::-1].cumsum()
    fitting = np.flatnonzero(n_texts[: len(n_texts) - 1] <= MOST_COMPARED)
    least = len(n_texts) - 1 - int(fitting[-1]) if len(fitting) else len(n_texts) - 1
    return np.flatnonzero(shared >= max(1, least))
