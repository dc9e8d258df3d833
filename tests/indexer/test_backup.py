"""A backup holds everything that answers need; one that is cut or damaged changes nothing."""

from __future__ import annotations

import gzip
import io
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from catalogues import SMALL, make_records
from homes import build, copy_home, open_home, read_points, titles

import evoke
from indexer.backup import back_up
from indexer.engine import EngineDamaged, EngineLocked
from indexer.engine.lock import WriterLock
from indexer.engine.sealed import seal
from indexer.errors import BackupInvalid, BackupRefused, StorageFailed, StoreDamaged
from indexer.restoring import restore
from indexer.settings import IndexSettings

LIGHTHOUSE = ["The Lighthouse Year"]


def settings_of(home: Path) -> IndexSettings:
    return IndexSettings(home=home)


@pytest.fixture(scope="module")
def backup(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the small home. To read only."""
    home = copy_home(small_home, tmp_path_factory.mktemp("backed-up") / "home")
    back_up(settings_of(home), home.parent / "small.backup")
    return home.parent / "small.backup"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A home with other works, which a backup may replace."""
    home = tmp_path / "other"
    build(home, make_records(3))
    return home


def state_of(home: Path) -> dict[Path, bytes]:
    """Return all files but locks and the files that a reader writes anew."""
    kept = {
        path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock" and path.name != "writer.json"
    }
    return {path: path.read_bytes() for path in kept if path.stat().st_size < 100_000 and "shard" not in path.parts}


def test_a_restored_home_answers_at_once_and_needs_no_build(backup: Path, small_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "restored"
    report = restore(settings_of(home), backup)
    assert report.generation == "works-1"
    assert read_points(home) == read_points(small_home)
    with open_home(home) as search:
        assert titles(search, "storms at the lighthouse", limit=1) == LIGHTHOUSE
    built = build(home, SMALL)
    assert (built.n_embedded, built.generation) == (0, None)
    taken = sum(path.stat().st_blocks * 512 for path in home.rglob("*"))
    assert taken < 10 * 2**20, "the empty parts of files take room"


def test_an_index_is_replaced_only_on_demand(backup: Path, small_home: Path, other: Path) -> None:
    before = read_points(other)
    with pytest.raises(BackupRefused, match=f"{other} has an index already: --replace replaces it"):
        restore(settings_of(other), backup)
    assert read_points(other) == before
    with open_home(other) as search:
        assert titles(search, "storms at the lighthouse", limit=1) != LIGHTHOUSE
        replaced = search.serving().name
        restore(settings_of(other), backup, replace=True)
        while search.serving().name == replaced:  # a service notices a swap within a second
            time.sleep(0.05)
        assert titles(search, "storms at the lighthouse", limit=1) == LIGHTHOUSE
    assert read_points(other) == read_points(small_home)
    assert [each.name for each in (other / "index" / "collections").iterdir()] == ["works-2"]
    assert build(other, SMALL, prune=True).generation is None


def test_a_damaged_home_is_replaced(backup: Path, small_home: Path, other: Path) -> None:
    (other / "store.sqlite3").write_bytes(b"no longer a database" * 100)
    (other / "index" / "aliases.json").write_text("{")
    with pytest.raises(
        StoreDamaged, match=r"restore a backup \(`evoke restore FILE --replace`\), or move the file away"
    ):
        build(other, SMALL)
    restore(settings_of(other), backup, replace=True)
    assert read_points(other) == read_points(small_home)
    assert build(other, SMALL).generation is None


def test_a_cut_backup_changes_nothing(backup: Path, other: Path, tmp_path: Path) -> None:
    content, before = backup.read_bytes(), state_of(other)
    draw = random.Random(4)
    for n_bytes in [0, 1, 9, 20, len(content) - 1, len(content) - 9, *(draw.randrange(len(content)) for _ in range(4))]:
        damaged = tmp_path / "cut.backup"
        damaged.write_bytes(content[:n_bytes])
        with pytest.raises(BackupInvalid) as refused:
            restore(settings_of(other), damaged, replace=True)
        assert str(refused.value).startswith(f"{damaged} is ")
        assert state_of(other) == before


def test_a_damaged_backup_changes_nothing_or_does_no_harm(backup: Path, small_home: Path, tmp_path: Path) -> None:
    content = backup.read_bytes()
    draw = random.Random(5)
    n_refused = 0
    for position in [3, 4, 8, *(draw.randrange(len(content)) for _ in range(9))]:
        damaged, home = tmp_path / "damaged.backup", tmp_path / f"home-{position}"
        damaged.write_bytes(content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :])
        try:
            restore(settings_of(home), damaged)
        except BackupInvalid:
            n_refused += 1
            assert not (home / "store.sqlite3").exists()
        else:  # bytes of gzip's header, such as its time, mean nothing, and a run of zeros has several codes
            assert read_points(home) == read_points(small_home)
    assert n_refused >= 6


def pack(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive by hand."""
    with gzip.open(path, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


HEADER = {
    "kind": "evoke backup", "version": 1, "evoke": "0.1.0", "created_at": "2026-01-01", "generation": None,
    "n_works": 1, "n_bytes": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"notes.txt": b"hello"}, "is not a backup of Evoke"),
        ({"backup.json": b"{}"}, "is not a backup of Evoke"),
        ({"backup.json": seal({**HEADER, "kind": "another"})}, "is not a backup of Evoke"),
        ({"backup.json": seal({**HEADER, "version": 2, "evoke": "9.0"})}, "written by a newer version, Evoke 9.0"),
        ({"backup.json": seal(HEADER), "../outside": b"x"}, r"it holds '\.\./outside'"),
        ({"backup.json": seal(HEADER), "/etc/outside": b"x"}, "it holds '/etc/outside'"),
        ({"backup.json": seal(HEADER), "generation/../../outside": b"x"}, "it holds"),
        ({"backup.json": seal(HEADER), "known/.hidden": b"x"}, "it holds"),
        ({"backup.json": seal(HEADER), "digests.json": seal({"files": {}})}, "has another SHA-256"),
        ({"backup.json": seal(HEADER), "store.sqlite3": b"x"}, "its list of files is missing"),
    ],
)  # fmt: skip
def test_other_files_are_refused(members: dict[str, bytes], problem: str, tmp_path: Path) -> None:
    archive = pack(tmp_path / "file", members)
    with pytest.raises(BackupInvalid, match=problem):
        restore(settings_of(tmp_path / "home"), archive)
    assert not list(tmp_path.rglob("outside"))
    assert not (tmp_path / "home" / "store.sqlite3").exists()


def test_links_are_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("generation/shard")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    header = seal(HEADER)
    member = tarfile.TarInfo("backup.json")
    member.size = len(header)
    with gzip.open(tmp_path / "file", "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        tar.addfile(member, io.BytesIO(header))
        tar.addfile(link)
    with pytest.raises(BackupInvalid, match="it holds 'generation/shard'"):
        restore(settings_of(tmp_path / "home"), tmp_path / "file")


def test_nothing_damaged_is_backed_up(small_home: Path, tmp_path: Path) -> None:
    home = copy_home(small_home, tmp_path / "home")
    vectors = next(home.rglob("chunk_0.mmap"))
    vectors.write_bytes(b"x" + vectors.read_bytes()[1:])
    with pytest.raises(EngineDamaged, match=r"chunk_0\.mmap is damaged"):
        back_up(settings_of(home), tmp_path / "file")
    with sqlite3.connect(home / "store.sqlite3") as store:
        store.execute("UPDATE record SET body = replace(body, 'widower', 'window')")
    with pytest.raises(StorageFailed, match="the record 'test:lighthouse' is not as it was stored"):
        back_up(settings_of(home), tmp_path / "file")
    assert list(tmp_path.iterdir()) == [home]


def test_there_is_no_backup_while_a_build_runs_or_of_nothing(small_home: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="has no store"):
        back_up(settings_of(tmp_path / "nothing"), tmp_path / "file")
    home = copy_home(small_home, tmp_path / "home")
    lock = WriterLock(home)
    try:
        with pytest.raises(EngineLocked, match="is being written by process"):
            back_up(settings_of(home), tmp_path / "file")
    finally:
        lock.release()


def test_with_a_server_the_backup_has_the_store_only(small_home: Path, tmp_path: Path) -> None:
    home = copy_home(small_home, tmp_path / "home")
    report = back_up(IndexSettings(home=home, qdrant_url="http://127.0.0.1:1"), tmp_path / "file")
    assert report.generation is None
    assert restore(settings_of(tmp_path / "restored"), tmp_path / "file").generation is None
    report = build(tmp_path / "restored", SMALL)
    assert (report.n_embedded, report.generation) == (0, "works-1")


KILLED = """
import sys
from pathlib import Path
from indexer.restoring import restore
from indexer.settings import IndexSettings
restore(IndexSettings(home=Path(sys.argv[1])), Path(sys.argv[2]), replace=True)
"""


def test_a_killed_restore_leaves_the_old_index_or_the_new_one(backup: Path, small_home: Path, other: Path) -> None:
    before, after = read_points(other), read_points(small_home)
    for n_tenths in range(1, 13, 2):
        home = copy_home(other, other.parent / f"killed-{n_tenths}")
        process = subprocess.Popen([sys.executable, "-c", KILLED, home, backup])
        while not list(home.glob(".unfinished-*")) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(n_tenths / 10)
        process.kill()
        process.wait()
        assert read_points(home) in (before, after)
        restore(settings_of(home), backup, replace=True)
        assert read_points(home) == after
        assert not list(home.glob(".unfinished-*"))
        shutil.rmtree(home)


def test_the_command_line_backs_up_and_restores(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copy_home(small_home, tmp_path / "home")
    run = run_in(home, monkeypatch, capsys)
    file = tmp_path / "evoke.backup"
    code, printed, _ = run("backup", str(file))
    assert (code, printed.startswith(f"8 works: the store and the index works-1 in {file} (")) == (0, True)
    code, _, error = run("restore", str(file))
    assert (code, error) == (2, f"evoke restore: EVOKE_HOME: {home} has an index already: --replace replaces it\n")
    code, printed, _ = run("restore", str(file), "--replace")
    assert code == 0
    assert "now serving works-2" in printed
    file.write_bytes(file.read_bytes()[:1000])
    code, _, error = run("restore", str(file), "--replace")
    assert (code, error.count("\n")) == (2, 1)
    code, _, error = run("restore", str(tmp_path / "missing"))
    assert (code, error) == (2, f"evoke restore: FILE: {tmp_path}/missing: No such file or directory\n")
    code, _, error = run("backup", str(tmp_path / "no" / "folder"))
    assert (code, error.count("\n")) == (2, 1)


def run_in(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a verb and returns its exit code and what it printed."""
    monkeypatch.setenv("EVOKE_HOME", str(home))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = evoke.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
