"""A line of a label file is read as a labelled work, or refused with its file and line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import ValueHeadInvalid
from indexer.value_training.label_files import LabelledWork, read_labels

MEANINGFUL = frozenset({"satire", "hopeful"})

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def read_line(folder: Path, line: Any) -> LabelledWork:
    path = folder / "labels.jsonl"
    path.write_text(json.dumps(line))
    (work,) = read_labels([path], MEANINGFUL)
    return work


def test_tags_and_shelves_become_shares(tmp_path: Path) -> None:
    tagged = read_line(tmp_path, {"imdb_id": "tt1", "split": "train", "tags": ["satire"]})
    assert (tagged.ids, tagged.tags) == (frozenset({("imdb", "tt1")}), {"satire": 1.0})
    shelved = read_line(
        tmp_path, {"goodreads_id": 7, "split": "train", "shelves": {"satire": 3, "hopeful": 1, "own": 9}}
    )
    assert (shelved.ids, shelved.tags) == (frozenset({("goodreads", "7")}), {"satire": 0.75, "hopeful": 0.25})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tags": 5}, "tags: "),
        ({"tags": None}, "neither"),
        ({"tags": [["satire"]]}, r"tags\.0: "),
        ({"split": 7}, "split: "),
        ({"ids": {"imdb": {}}}, r"ids\.imdb: "),
        ({"shelves": {"satire": "many"}}, r"shelves\.satire: "),
        ({"shelves": {"satire": -1}}, r"shelves\.satire: "),
    ],
)
def test_a_bad_line_is_refused_by_file_line_and_field(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueHeadInvalid, match=rf"labels\.jsonl:1: is not a labelled work \({reason}"):
        read_line(tmp_path, {"imdb_id": "tt1", "split": "train", "tags": ["satire"]} | change)


@settings(max_examples=200, deadline=None)
@given(field=st.sampled_from(("imdb_id", "ids", "split", "tags", "shelves", "colour")), value=values)
def test_any_value_in_any_field_is_read_or_refused(tmp_path_factory: Any, field: str, value: Any) -> None:
    folder = tmp_path_factory.getbasetemp()
    line = {"imdb_id": "tt1", "split": "train", "tags": ["satire"], field: value}
    with suppress(ValueHeadInvalid):
        assert isinstance(read_line(folder, line).has_any(MEANINGFUL), bool)
