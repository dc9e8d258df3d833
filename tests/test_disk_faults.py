"""A full or read-only disk gives one line; the old index keeps serving, and the next run continues."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogues import SMALL, make_records
from homes import build, open_home, read_points, titles

import evoke
from indexer import backup, restoring
from indexer.backup import back_up
from indexer.errors import StorageFailed
from indexer.restoring import restore
from indexer.settings import IndexSettings

MIB = 2**20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small separate disk, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Fill the disk until only `leave` bytes are free; return the file that fills it."""
    status = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - leave)
    return filler


@pytest.mark.parametrize("leave", [2 * MIB, 20 * MIB], ids=["no room for the texts", "no room for the index"])
def test_a_full_disk_leaves_the_old_index_and_the_next_run_continues(disk: Path, leave: int) -> None:
    home = disk / "home"
    build(home, SMALL)
    before = read_points(home)
    filler = fill(disk, leave)
    more = make_records(2_000)
    with pytest.raises(StorageFailed, match=r"disk is full|the disk has .* MiB free"):
        build(home, [*SMALL, *more])
    assert read_points(home) == before
    with open_home(home) as search:
        assert titles(search, "storms at the lighthouse", limit=1) == ["The Lighthouse Year"]
    filler.unlink()
    report = build(home, [*SMALL, *more])
    assert (report.n_works, len(read_points(home))) == (2_008, 2_008)


@pytest.mark.parametrize("is_checked", [True, False], ids=["before", "in the middle"])
def test_a_full_disk_stops_a_backup_and_a_restore_and_changes_nothing(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_checked: bool
) -> None:
    home = disk / "home"
    build(home, SMALL)
    back_up(IndexSettings(home=home), tmp_path / "file")
    before = read_points(home)
    filler = fill(disk, MIB // 2)
    if not is_checked:  # another program fills the disk after the check
        for module in (backup, restoring):
            monkeypatch.setattr(module, "check_room", lambda *_: None)
    with pytest.raises(StorageFailed, match=r"MiB free|No space left|disk is full"):
        back_up(IndexSettings(home=home), disk / "file")
    with pytest.raises(StorageFailed, match=r"MiB free|No space left|disk is full"):
        restore(IndexSettings(home=home), tmp_path / "file", replace=True)
    assert not (disk / "file").exists()
    assert read_points(home) == before
    filler.unlink()
    restore(IndexSettings(home=home), tmp_path / "file", replace=True)
    assert read_points(home) == before


def test_a_read_only_disk_is_reported_in_one_line(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = disk / "home"
    build(home, SMALL)
    monkeypatch.setenv("EVOKE_HOME", str(home))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for arguments in (["index"], ["search", "hope"]):
        assert evoke.main(arguments) == 2
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1
        assert str(home) in printed
        assert "read-only" in printed.lower()
