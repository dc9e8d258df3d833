"""Records of data frames, as a person makes them in Python."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crawler.errors import TableRefused
from crawler.tables.works import works_from


def test_records_of_a_data_frame() -> None:
    frame = pd.DataFrame(
        {
            "name": ["Salt", "Chalk", None, "Salt"],
            "released": [1994.0, np.nan, 2001.0, 1994.0],
            "tags": [["sea", "town"], None, [], ["sea", "town"]],
            "when": pd.to_datetime(["1994-05-01", None, None, "1994-05-01"]),
        }
    )
    works = works_from(frame, "title=name,year=released+when,keywords=tags", kind="movie", source="mine")
    assert [(record.title, record.year, record.keywords) for record in works.records] == [
        ("Salt", 1994, ("sea", "town")),
        ("Chalk", None, ()),
    ]
    assert {record.source for record in works.records} == {"mine"}
    assert [(entry.line.number, entry.reason) for entry in works.rejected] == [(3, "a work without a title")]
    assert works.notes == ["1 x repeated"]


def test_known_frame_needs_no_mapping() -> None:
    frame = pd.DataFrame({"movieId": [7], "title": ["Lamp, The (1999)"], "genres": ["Drama|War"]})
    (record,) = works_from(frame).records
    assert (record.source, record.title, record.year) == ("movielens", "The Lamp", 1999)


def test_unknown_frame_is_refused_with_its_columns() -> None:
    with pytest.raises(TableRefused, match="name, released"):
        works_from(pd.DataFrame({"name": ["Salt"], "released": [1994]}))


def test_columns_of_one_name() -> None:
    frame = pd.DataFrame([["Salt", "Sel"]], columns=["name", "name"])
    (record,) = works_from(frame, "title=name,original_title=name.1").records
    assert (record.title, record.original_title) == ("Salt", "Sel")
