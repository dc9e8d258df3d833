"""A damaged index is reported in one line, answers nothing, and is built again by the next build."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from catalogues import SMALL, make_record
from homes import build, copy_home, open_home, read_points, titles

import evoke
from indexer.build_report import BuildReport
from indexer.engine import EdgeClient, EngineDamaged
from search_api.errors import IndexUnavailable

Harm = Callable[[Path], None]


def flip(path: Path) -> None:
    """Flip the bits of a byte in the middle of a file, which gets a new time."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.fixture
def home(small_home: Path, tmp_path: Path) -> Path:
    """A copy of the small home, to be damaged."""
    return copy_home(small_home, tmp_path / "damaged-home")


def shard_file(home: Path, pattern: str) -> Path:
    return next((home / "index" / "collections" / "works-1" / "shard").rglob(pattern))


def notes_of_damage(report: BuildReport) -> list[str]:
    return [note for note in report.notes if "set aside" in note]


DAMAGES: dict[str, tuple[Callable[[Path], Path], Harm]] = {
    "cut aliases": (lambda home: home / "index" / "aliases.json", cut),
    "flipped aliases": (lambda home: home / "index" / "aliases.json", flip),
    "cut collection": (lambda home: home / "index" / "collections" / "works-1" / "collection.json", cut),
    "flipped manifest": (lambda home: home / "index" / "collections" / "works-1" / "manifest.json", flip),
    "lost manifest": (lambda home: home / "index" / "collections" / "works-1" / "manifest.json", Path.unlink),
    "flipped vectors": (lambda home: shard_file(home, "chunk_0.mmap"), flip),
    "emptied status": (lambda home: shard_file(home, "vector_storage-text/deleted/status.dat"), empty),
    "lost payloads": (lambda home: shard_file(home, "payload_storage/page_0.dat"), Path.unlink),
    "lost shard": (lambda home: home / "index" / "collections" / "works-1" / "shard", shutil.rmtree),
}
"""What is harmed, and how."""


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_one_line_and_the_next_build_heals(what: str, home: Path, small_home: Path) -> None:
    find, harm = DAMAGES[what]
    path = find(home)
    harm(path)
    with open_home(home) as search, pytest.raises(IndexUnavailable) as refused:
        titles(search, "storms at the lighthouse")
    assert str(path) in str(refused.value)
    assert "`evoke index` builds the index again" in str(refused.value)
    report = build(home, SMALL)
    assert [str(path) in note for note in notes_of_damage(report)] == [True]
    assert report.n_embedded == 0
    assert read_points(home) == read_points(small_home)
    assert (home / "index" / "damaged").is_dir()
    assert not notes_of_damage(build(home, SMALL))
    assert not (home / "index" / "damaged").exists()


def test_an_index_that_is_built_again_gets_a_new_name(home: Path) -> None:
    flip(shard_file(home, "chunk_0.mmap"))
    with open_home(home) as search:
        with pytest.raises(IndexUnavailable):
            titles(search, "storms")
        assert build(home, SMALL).generation == "works-2"
        assert titles(search, "storms at the lighthouse", limit=1) == ["The Lighthouse Year"]


def test_lost_aliases_are_found_again_without_a_build(home: Path) -> None:
    empty(home / "index" / "aliases.json")
    report = build(home, SMALL)
    assert report.generation is None
    (note,) = notes_of_damage(report)
    assert note.startswith(f"{home}/index/aliases.json is damaged: ")
    assert note.endswith(f"it was set aside in {home}/index/damaged/aliases.json, and works-1 serves")


def test_a_set_aside_index_is_reported_until_the_build_is_done(home: Path) -> None:
    with EdgeClient(home / "index") as engine:
        engine.set_aside("works-1")
    with open_home(home) as search, pytest.raises(IndexUnavailable, match="works-1 was damaged, and is set aside in"):
        titles(search, "storms")


@pytest.mark.parametrize("harm", [flip, cut], ids=["flipped", "cut"])
def test_every_file_of_a_generation_is_checked(harm: Harm, home: Path) -> None:
    shard = home / "index" / "collections" / "works-1" / "shard"
    files = {path for path in shard.rglob("*") if path.is_file()}
    assert len(files) > 170
    with EdgeClient(home / "index", read_only=True) as engine:
        assert not engine.find_damage("works-1", read_all=True)
        for path in files:
            status = path.stat()
            harm(path)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as on a disk that loses bits by itself
        assert {damage.path for damage in engine.find_damage("works-1", read_all=True)} == files


def test_a_copied_folder_is_read_whole_and_is_sound(home: Path) -> None:
    for path in (home / "index").rglob("*"):
        if path.is_file():
            os.utime(path)
    with open_home(home) as search:
        assert titles(search, "storms at the lighthouse", limit=1) == ["The Lighthouse Year"]


def test_files_of_two_generations_in_one_folder_are_refused(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    build(other, [*SMALL, make_record("1", "One more")])
    shutil.copytree(other / "index", home / "index", dirs_exist_ok=True)
    with open_home(home) as search, pytest.raises(IndexUnavailable, match="belongs to another folder"):
        titles(search, "storms")


def test_the_command_line_reports_damage_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(home))
    path = shard_file(home, "status.dat")
    empty(path)
    assert evoke.main(["search", "storms"]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert str(path) in printed


def test_a_panic_of_the_engine_is_an_error_of_the_engine(home: Path) -> None:
    """Without a manifest, as in an index of an earlier version, the damage is found by Edge itself, which panics."""
    generation = home / "index" / "collections" / "works-1"
    (generation / "manifest.json").unlink()
    forget_manifest(generation)
    empty(shard_file(home, "vector_storage-text/vectors/status.dat"))
    with (
        EdgeClient(home / "index", read_only=True) as engine,
        pytest.raises(EngineDamaged, match="index out of bounds"),
    ):
        engine.count("works-1")
    assert build(home, SMALL).generation == "works-2"


def forget_manifest(generation: Path) -> None:
    """Write `collection.json` as earlier versions did."""
    path = generation / "collection.json"
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps({key: content[key] for key in ("request", "created_at", "finished_at")}))
