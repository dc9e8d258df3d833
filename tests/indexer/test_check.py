"""`evoke check` reads everything and names what is damaged; the next build or command makes it again."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from catalogues import SMALL, make_records
from homes import build, copy_home, open_home, read_points, titles

import evoke
from indexer.engine.lock import WriterLock
from indexer.engine.manifest import find_damage, write_manifest
from indexer.store import Store
from search_api.errors import IndexUnavailable

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small home, to be damaged."""
    home = copy_home(small_home, tmp_path / "checked-home")
    monkeypatch.setenv("EVOKE_HOME", str(home))
    return home


@pytest.fixture
def check(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, list[str]]]:
    def run() -> tuple[int, list[str]]:
        code = evoke.main(["check"])
        captured = capsys.readouterr()
        assert not captured.err
        return code, captured.out.splitlines()

    return run


Check = Callable[[], tuple[int, list[str]]]


def rot(path: Path) -> None:
    """Flip the bits of a byte without a trace in the file's time, as a failing disk does."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_sound_home_has_a_line_for_each_thing(check: Check) -> None:
    code, lines = check()
    assert code == 0
    assert lines[0].startswith("store.sqlite3: sound: 8 records, 8 works (")
    assert lines[1].startswith("index works-1: sound, serves: 8 works (2")
    assert lines[2].startswith("known/works-1: sound (")
    assert lines[3].startswith("3 things checked (2")
    assert "no damage found" in lines[3]


def test_what_rots_without_a_trace_is_found_and_then_noticed_by_everyone(
    home: Path, small_home: Path, check: Check
) -> None:
    with open_home(home) as service:
        assert titles(service, "storms at the lighthouse", limit=1) == ["The Lighthouse Year"]
        vectors = next(home.rglob("chunk_0.mmap"))
        rot(vectors)
        code, lines = check()
        assert code == 1
        assert (
            f"index works-1: {vectors} is damaged: its content has changed; serves; `evoke index` makes it" in lines[1]
        )
        assert "1 damaged" in lines[-1]
        with pytest.raises(IndexUnavailable, match=r"chunk_0\.mmap is damaged"):
            titles(service, "a monk and his bees")
    assert build(home, SMALL).generation == "works-2"
    assert read_points(home) == read_points(small_home)
    assert check()[0] == 0


def test_records_are_compared_with_their_digests(home: Path, check: Check) -> None:
    with sqlite3.connect(home / "store.sqlite3") as store:
        store.execute("UPDATE record SET body = replace(body, 'widower', 'window') WHERE id = 'test:lighthouse'")
    code, lines = check()
    assert code == 1
    assert "the record 'test:lighthouse' is not as it was stored): restore a backup" in lines[0]


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7], ids=["header", "a third", "two thirds"])
def test_a_damaged_store_is_one_line_for_every_verb(
    home: Path, check: Check, capsys: pytest.CaptureFixture[str], place: float
) -> None:
    store = home / "store.sqlite3"
    content = bytearray(store.read_bytes())
    start = int(place * len(content)) // 4096 * 4096
    content[start : start + 4096] = b"\xff" * 4096
    store.write_bytes(content)
    code, lines = check()
    assert code == 1
    assert lines[0].startswith(f"store.sqlite3: {store} is damaged (")
    for arguments in (["backup", str(home.parent / "file")], ["index"]):
        code = evoke.main(arguments)
        error = capsys.readouterr().err
        if code:  # a build that reads none of the damaged pages does not notice
            assert (code, error.count("\n")) == (2, 1), error
            assert f"{store} is damaged (" in error
            assert "move the file away and index the sources again" in error
    assert store.read_bytes()[start : start + 4096] == b"\xff" * 4096 or place


def test_an_index_that_is_behind_the_store_is_no_damage(home: Path, check: Check, tmp_path: Path) -> None:
    build(tmp_path / "larger", [*SMALL, *make_records(2)])
    (tmp_path / "larger" / "store.sqlite3").replace(home / "store.sqlite3")
    code, lines = check()
    assert code == 0
    assert "8 works, and the store has 10: run `evoke index`" in lines[1]


def test_a_missing_index_and_a_missing_store(home: Path, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "index" / "collections" / "works-1").rename(home / "elsewhere")
    code, lines = check()
    assert (code, lines[1]) == (
        1, "index works-1: the alias names it, but it is missing: `evoke index` builds it again from the store"
    )  # fmt: skip
    (home / "store.sqlite3").unlink()
    assert check()[1][0] == "store.sqlite3: there is none yet: `evoke index` builds it"


def test_what_is_known_of_all_works_is_checked_and_written_again(
    home: Path, check: Check, caplog: pytest.LogCaptureFixture
) -> None:
    path = home / "known" / "works-1" / "names.sqlite"
    rot(path)
    code, lines = check()
    assert code == 1
    assert lines[2].startswith(f"known/works-1: {path} is damaged: its content has changed; the next search makes it")
    with caplog.at_level("INFO"), open_home(home) as search:
        assert titles(search, "storms at the lighthouse", limit=1) == ["The Lighthouse Year"]
    assert f"{path} is damaged" in caplog.text
    assert check()[0] == 0


def test_what_cannot_run_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lock = WriterLock(home)
    try:
        assert evoke.main(["check"]) == 2
    finally:
        lock.release()
    assert "is being written by process" in capsys.readouterr().err
    monkeypatch.setenv("EVOKE_HOME", str(tmp_path / "nothing"))
    assert evoke.main(["check"]) == 2
    assert "there is nothing to check" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()


def test_an_unreadable_server_cannot_be_checked(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_QDRANT_URL", "http://127.0.0.1:1")
    assert evoke.main(["check"]) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith("store.sqlite3: sound")
    assert printed.err.startswith("evoke check: The engine does not answer")


def test_a_manifest_of_any_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.json").write_text('{"x": 1, "y": 2}')
    write_manifest(tmp_path)
    (tmp_path / "b" / "c.json").write_text('{"y": 2, "x": 1}')
    (tmp_path / ".hidden").touch()
    assert not list(find_damage(tmp_path, read_all=True))
    (tmp_path / "a").unlink()
    (tmp_path / "b" / "c.json").write_text('{"y": 2, "x": 3}')
    (tmp_path / "d").touch()
    found = {damage.path.name: damage.problem for damage in find_damage(tmp_path)}
    assert found == {
        "a": "it is missing",
        "c.json": "its content has changed",
        "d": "it belongs to another folder: the manifest does not list it",
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 2}))
    assert [str(damage) for damage in find_damage(tmp_path)] == [
        f"{manifest} is damaged: its content does not match its SHA-256"
    ]


def test_a_new_home_is_its_owners_only(tmp_path: Path) -> None:
    build(tmp_path / "above" / "home", SMALL)
    assert [oct(path.stat().st_mode & 0o777) for path in (tmp_path / "above" / "home",)] == ["0o700"]
    open_to_all = tmp_path / "existing"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    with Store(open_to_all):
        pass
    assert oct(open_to_all.stat().st_mode & 0o777) == "0o755"
