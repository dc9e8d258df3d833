"""Matching again only what a change affects gives the works that matching everything gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.merging.affected import find_affected
from indexer.merging.blocking import blocking_keys
from indexer.merging.match_keys import MatchKeys, read_match_keys
from indexer.merging.matching import group_records, join_matches

Catalogue = dict[str, MatchKeys]

NARROW = 2
"""A window so narrow that the few records of a small catalogue push each other out of it."""

FIELDS = st.fixed_dictionaries(
    {
        "source": st.sampled_from(("tmdb", "imdb", "mine", "open_library", "goodreads", "yours")),
        "title": st.sampled_from(
            ("Salt Road", "The Salt Road", "Salt Road: The Return", "Salt Road 2", "Salt Road: Part 2", "Sallt Road II")
        ),
        "kind": st.sampled_from(("movie", "book", None)),
        "year": st.sampled_from((1999, 2000, 2001, None)),
        "creators": st.sampled_from(
            ([], [{"name": "Ada Marsh", "role": "director"}], [{"name": "A. Marsh"}], [{"name": "Olle Brink"}])
        ),
        "ids": st.sampled_from(
            ({}, {"imdb": "tt1"}, {"imdb": "tt2"}, {"tmdb": "3"}, {"isbn13": "9780804429573"}, {"goodreads": "7"})
        ),
    }
)
RECORD_IDS = st.sampled_from([f"{number:02}" for number in range(16)])


class Matched:
    """Records in memory, as the store has them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def blocks(self, keys: Collection[int]) -> Mapping[int, list[str]]:
        blocks: dict[int, list[str]] = {}
        for record_id in sorted(self._catalogue):
            for key in blocking_keys(self._catalogue[record_id]) & set(keys):
                blocks.setdefault(key, []).append(record_id)
        return blocks

    def match_keys(self, ids: Collection[str]) -> Catalogue:
        return {record_id: self._catalogue[record_id] for record_id in ids if record_id in self._catalogue}


@contextmanager
def narrow_window() -> Iterator[None]:
    with patch("indexer.merging.blocking.WINDOW", NARROW), patch("indexer.merging.affected.WINDOW", NARROW):
        yield


def match_all(catalogue: Catalogue) -> set[frozenset[str]]:
    ids = sorted(catalogue)
    groups = {frozenset(ids[place] for place in group) for group in group_records([catalogue[each] for each in ids])}
    return groups | {frozenset([each]) for each in ids if not any(each in group for group in groups)}


def match_affected(before: Catalogue, after: Catalogue) -> set[frozenset[str]]:
    """Return the works after a change, made of those before it and of the affected records."""
    changed = {each: keys for each, keys in after.items() if before.get(each) != keys}
    gone = before.keys() - after.keys()
    affected = find_affected(changed, gone, Matched(before), len(after))
    assert affected is not None
    groups = {
        frozenset(affected.ids[place] for place in group) for group in join_matches(affected.keys, affected.matches)
    }
    alone = {frozenset([each]) for each in affected.ids if not any(each in group for group in groups)}
    touched = {*affected.ids, *gone}
    return groups | alone | {group for group in match_all(before) if not group & touched}


def to_keys(records: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    return {each: read_match_keys({**fields, "source_id": f"9{each}"}) for each, fields in records.items()}


@settings(max_examples=200, deadline=None)
@given(
    records=st.dictionaries(RECORD_IDS, FIELDS, max_size=16),
    edits=st.dictionaries(RECORD_IDS, st.none() | FIELDS, min_size=1, max_size=5),
)
def test_matching_what_a_change_affects_equals_matching_all(
    records: dict[str, dict[str, Any]], edits: dict[str, dict[str, Any] | None]
) -> None:
    edited = {each: fields for each, fields in {**records, **edits}.items() if fields is not None}
    before, after = to_keys(records), to_keys(edited)
    assert match_affected(before, after) == match_all(after)
    with narrow_window():
        assert match_affected(before, after) == match_all(after)


def film(title: str, source: str, **facts: Any) -> dict[str, Any]:
    return {"source": source, "title": title, "kind": "movie", "year": 1999, **facts}


def test_a_record_that_comes_between_two_others_in_a_large_block_moves_them_apart() -> None:
    two = {"a": film("Salt Road", "mine"), "d": film("Salt Road", "yours")}
    between = {each: film("Salt Road", f"other{each}", kind="book") for each in ("b", "c")}
    one_more = {"ba": film("Salt Road", "third", kind="book")}
    with narrow_window():
        near, far = to_keys({**two, "b": between["b"]}), to_keys(two | between | one_more)
        assert frozenset("ad") in match_all(near)
        assert frozenset("ad") not in match_all(far)
        assert match_affected(near, far) == match_all(far)
        assert match_affected(far, near) == match_all(near)


def test_a_record_that_nothing_connects_is_not_matched_again() -> None:
    before = to_keys({"a": film("Salt Road", "mine"), "b": film("Salt Road", "yours"), "c": film("Paper Boats", "x")})
    changed = to_keys({"a": film("Salt Road", "mine", year=2000)})
    affected = find_affected(changed, [], Matched(before), 3)
    assert affected is not None
    assert affected.ids == ["a", "b"]


def test_a_change_that_affects_too_many_is_left_to_full_matching() -> None:
    before = to_keys({str(place): film("Salt Road", f"source{place}") for place in range(5)})
    changed = to_keys({"0": film("Salt Road", "source0", year=2000)})
    assert find_affected(changed, [], Matched(before), 4) is None
