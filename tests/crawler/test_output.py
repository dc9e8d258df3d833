"""The file of a crawl: repaired after a kill, never overwritten."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.errors import SelectionRefused
from crawler.middlewares import seconds_to_wait
from crawler.output import check_output, cut_unfinished_line, written_ids


@pytest.mark.parametrize(
    ("left", "whole"),
    [
        (b"", b""),
        (b'{"a', b""),
        (b"{}\n", b"{}\n"),
        (b'{}\n{"a": 1}\n{"b', b'{}\n{"a": 1}\n'),
        (b"{}\n" + b"x" * 3_000_000, b"{}\n"),
        (b"y" * 2_500_000 + b"\n" + b"x" * 10, b"y" * 2_500_000 + b"\n"),
    ],
)
def test_what_follows_the_last_whole_line_is_cut(tmp_path: Path, left: bytes, whole: bytes) -> None:
    path = tmp_path / "works.jsonl"
    path.write_bytes(left)
    cut_unfinished_line(path)
    assert path.read_bytes() == whole


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "works.jsonl"
    path.write_bytes(b'{"source": "tmdb", "source_id": "1", "title": "Tin Ships"}\n')
    with pytest.raises(SelectionRefused, match="add --resume"):
        check_output(path, resume=False)
    check_output(path, resume=True)
    assert list(written_ids(path)) == [("tmdb", "1")]
    with pytest.raises(SelectionRefused, match="compress the file afterwards"):
        check_output(tmp_path / "works.jsonl.gz", resume=False)
    with pytest.raises(SelectionRefused, match="cannot be written"):
        check_output(path / "below a file", resume=False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        (b"", None),
        (b"7", 7),
        (b"soon", None),
        (b"Mon, 23 Nov 2026 12:01:30 GMT", 90),
        (b"Mon, 23 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(header: bytes | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) == seconds


def test_a_file_that_is_not_of_records_is_left_as_it_is(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a record, and no line break")
    with pytest.raises(SelectionRefused, match="does not begin with a record"):
        check_output(notes, resume=True)
    assert notes.read_text() == "not a record, and no line break"
