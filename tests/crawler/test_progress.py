"""How far a long command is, on a terminal and in a pipe."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from catalogues import SMALL, write_catalogue

import evoke
from crawler import progress
from crawler.progress import ProgressLines, show_progress, with_progress


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_after(moments: list[float], n_each: int, total: int | None, title: str = "embedding") -> list[str]:
    """Return the lines of a work that does `n_each` at each of these moments, in seconds since its beginning."""
    stream, clock = io.StringIO(), Clock()
    shown = ProgressLines("works", title, total, stream, clock)
    for moment in moments:
        clock.now = 100.0 + moment
        shown.update(n_each)
    return stream.getvalue().splitlines()


def test_a_line_comes_every_ten_seconds_with_what_is_left() -> None:
    assert lines_after([4, 8, 12, 16, 20, 24], 1_000, 28_963) == [
        "embedding: 3,000 of 28,963 works after 12 s, about 104 s left",
        "embedding: 6,000 of 28,963 works after 24 s, about 92 s left",
    ]


def test_a_short_command_writes_no_line() -> None:
    assert lines_after([1, 5, 9.9], 10, 30) == []


def test_a_total_that_nobody_knows_is_left_out_and_minutes_are_minutes() -> None:
    assert lines_after([600], 7, None, title="") == ["7 works after 10 min"]


def test_a_last_line_has_nothing_left() -> None:
    assert lines_after([30], 20, 20) == ["embedding: 20 of 20 works after 30 s"]


def test_a_terminal_gets_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    with show_progress("works", "embedding", 3) as shown:
        shown.update(3)
    assert "embedding" in terminal.getvalue()
    assert "\n" not in terminal.getvalue()


def test_entries_pass_as_they_are_and_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    assert list(with_progress(["a", "b"], "letters", "reading")) == ["a", "b"]
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("reading: 1 of 2 letters after 0 s")
    assert second == "reading: 2 of 2 letters after 0 s"


def test_a_verb_in_a_pipe_says_how_far_it_is_on_stderr_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = write_catalogue(tmp_path / "works.jsonl", SMALL)
    arguments = ["profile", str(catalogue), "-o", str(tmp_path / "report.html")]
    assert evoke.main(arguments) == 0
    quiet = capsys.readouterr()
    assert quiet.err == ""
    monkeypatch.setattr(progress, "LINE_SECONDS", 0)
    assert evoke.main(arguments) == 0
    told = capsys.readouterr()
    assert "reading: 1 lines after 0 s" in told.err
    assert told.out.splitlines()[0] == quiet.out.splitlines()[0]
