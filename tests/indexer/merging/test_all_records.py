"""All records matched in little memory make the groups that they make in memory."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.records import SourceRecord
from indexer.merging.all_records import COMPARED_BYTES, SORTED_BYTES, match_all
from indexer.merging.match_keys import read_match_keys
from indexer.merging.match_tables import UnmatchedRecord
from indexer.merging.matching import group_records
from indexer.merging.sorted_pairs import sort_pairs, sorted_unique
from indexer.store import Store

N_RECORDS = 300
TITLES = ("Salt Road", "The Salt Road: Home", "Salt Road II", "Far Signal", "Night Ferry", "The Night Ferry", "Orchard")


def draw_records(draw: random.Random) -> list[UnmatchedRecord]:
    """Return records, sorted by id, of which many share titles, years, people or ids."""
    records = [
        SourceRecord.model_validate(
            {
                "source": source,
                "source_id": f"tt{number:03}",
                "title": draw.choice(TITLES),
                "kind": draw.choice(("movie", "movie", "book", None)),
                "year": draw.choice((1999, 2000, 2001, 2004, None)),
                "creators": draw.choice(([], [{"name": "Ada Marsh"}], [{"name": "Olle Brink"}])),
                "ids": draw.choice(({}, {}, {"imdb": f"tt{draw.randrange(90)}"}, {"goodreads": f"{number % 50}"})),
            }
        ).model_dump(mode="json")
        for source in ("goodreads", "imdb", "tmdb")
        for number in range(N_RECORDS // 3)
    ]
    return [
        UnmatchedRecord(f"{fields['source']}:{fields['source_id']}", b"digest", read_match_keys(fields))
        for fields in records
    ]


@pytest.mark.parametrize("most_bytes", [2 * SORTED_BYTES, 40 * COMPARED_BYTES, 10**9])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_groups_do_not_depend_on_the_memory(tmp_path: Path, seed: int, most_bytes: int) -> None:
    records = draw_records(random.Random(seed))
    expected = group_records([record.keys for record in records])
    assert 20 < len(expected) < N_RECORDS / 2
    files = tmp_path / "files"
    files.mkdir()
    with Store(tmp_path) as store:
        groups = list(match_all(iter(records), N_RECORDS, store.matching, files, most_bytes))
        assert sorted(groups) == expected
        assert store.matching.ids(list(range(N_RECORDS))) == {n: record.id for n, record in enumerate(records)}
    assert list(files.iterdir()) == []


def test_without_records_there_are_no_groups(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert list(match_all(iter(()), 0, store.matching, tmp_path, 1)) == []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), st.integers(0, 9)), max_size=200),
    st.integers(1, 50),
)
def test_pairs_are_sorted_whatever_fits_into_memory(pairs: list[tuple[int, int]], most: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chunks = [np.array(pairs[start : start + 7], dtype=np.int64).reshape(-1, 2) for start in range(0, 201, 7)]
        arrays = list(sort_pairs(chunks, Path(folder) / "pairs", most, -(2**63), 2**63 - 1))
        assert list(Path(folder).iterdir()) == []
    assert [tuple(pair) for array in arrays for pair in array.tolist()] == sorted(set(pairs))
    firsts = [set(array[:, 0].tolist()) for array in arrays]
    assert sum(map(len, firsts)) == len(set().union(*firsts))
    assert all(len(array) <= most or len(first) == 1 for array, first in zip(arrays, firsts, strict=True))


def test_a_pair_is_yielded_once() -> None:
    pairs = np.array([[2, 1], [1, 5], [2, 1], [1, 4]], dtype=np.int64)
    assert sorted_unique(pairs).tolist() == [[1, 4], [1, 5], [2, 1]]
