"""Whatever stands in a line of a catalogue, it is a record or a rejection, and never the end of a build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from fakes import FakeEncoder
from homes import read_points
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.catalogue import parse_record
from crawler.errors import RecordRejected
from crawler.records import SourceRecord
from indexer.pipeline import build_index
from indexer.settings import IndexSettings

RECORD: dict[str, Any] = {
    "source": "test", "source_id": "1", "kind": "book", "title": "Salt Road", "original_title": "Saltvägen",
    "description": "Two sisters drive a truck of salt.", "year": 2011, "genres": ["Drama"], "keywords": ["salt"],
    "creators": [{"name": "Ines Roux", "role": "author"}], "language": "en", "countries": ["SE"],
    "series": {"name": "Roads", "position": 1}, "certificates": {"SE": "7"}, "runtime_minutes": 90, "page_count": 200,
    "rating": {"mean": 4.5, "count": 12, "scale": 5}, "ids": {"imdb": "tt1"}, "url": "http://localhost/1",
    "image_url": "http://localhost/1.png", "reviews": [{"text": "Calm.", "rating": 4}], "licence": "CC0",
    "attribution": "Test", "fetched_at": "2020-01-01T00:00:00Z",
}  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "_id": "b1", "title": "Salt Road", "text": "Two sisters drive a truck of salt.",
    "metadata": {
        "kind": "book", "year": 2011, "authors": ["Ines Roux"], "imdb_id": "tt1", "isbn10": "0306406152",
        "genres": ["Drama"], "keywords": ["salt"], "language": "en", "runtime_minutes": 90, "page_count": 200,
        "countries": ["SE"], "series": {"name": "Roads", "position": 1}, "certificates": {"SE": "7"},
    },
}  # fmt: skip
NESTED = json.loads("[" * 900 + "]" * 900)
NASTY: list[Any] = [
    None, True, 0, -1, 5, 1.5, 1e300, 2**63, 2**64 - 1, -(10**18), "", "x", "nan", "inf", "1e400", "9" * 5_000, "\0",
    "&#" + "9" * 5_000 + ";", "2020-13-45", [], [None], [5], [[]], [{}], {}, {"a": 1}, {"name": 5}, {"US": ["a"]},
    ["x", 7], NESTED,
]  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in a JSON value, as keys and positions."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*place, key)
        yield from places(inner, (*place, key))


def with_value(line: dict[str, Any], place: tuple[Any, ...], value: Any) -> bytes:
    """Return a line of a catalogue with another value at one place."""
    changed = deepcopy(line)
    inner: Any = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(changed).encode()


PLACES = [(line, place) for line in (RECORD, DOCUMENT) for place in places(line)]


def why_rejected(line: bytes) -> str:
    """Return why a line is rejected; empty for a record, which must survive being stored as JSON."""
    try:
        record = parse_record(line)
    except RecordRejected as error:
        return str(error) or "no reason is given"
    assert SourceRecord.model_validate_json(record.model_dump_json()) == record
    return ""


def check_line(line: bytes) -> None:
    """Check that a line is a record, or is rejected in one short line."""
    reason = why_rejected(line)
    assert len(reason) < 1_000
    assert "\n" not in reason


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(PLACES), value=json_values)
def test_any_value_in_any_field_is_a_record_or_a_rejection(
    place: tuple[dict[str, Any], tuple[Any, ...]], value: Any
) -> None:
    check_line(with_value(*place, value))


@settings(max_examples=100, deadline=None)
@given(line=st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_line_is_a_record_or_a_rejection(line: bytes) -> None:
    check_line(line)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"authors": 5}, r"metadata\.authors: .* got 5"),
        ({"authors": ["Ines Roux", 7]}, r"metadata\.authors: "),
        ({"authors": {"name": "Ines Roux"}}, r"metadata\.authors: "),
        ({"imdb_id": {"a": 1}}, r"metadata\.imdb_id: .*'a': 1"),
        ({"isbn10": True}, r"metadata\.isbn10: .* got True"),
        ([1], r"metadata: .* got \[1\]"),
    ],
)
def test_a_rejection_names_the_field_of_the_document(metadata: Any, reason: str) -> None:
    with pytest.raises(RecordRejected, match=reason):
        parse_record(orjson.dumps({"_id": "b1", "title": "Salt Road", "metadata": metadata}))


def test_a_build_of_nasty_lines_ends_with_each_a_work_or_a_rejection(home: Path, tmp_path: Path) -> None:
    lines = [
        with_value(line | {"_id" if line is DOCUMENT else "source_id": f"{number}"}, place, NASTY[number % len(NASTY)])
        for number, (line, place) in enumerate(7 * PLACES)
    ]
    catalogue = tmp_path / "works.jsonl"
    catalogue.write_bytes(b"\n".join(lines))
    report = build_index([catalogue], IndexSettings(home=home), encoder=FakeEncoder())
    assert sum(report.changes.values()) + report.n_rejected == len(lines)
    assert min(sum(report.changes.values()), report.n_rejected) > 50
    assert report.n_works == len(read_points(home))
