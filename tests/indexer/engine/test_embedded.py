"""Features of the embedded engine alone: one writer, many reading processes, finished collections, snapshots."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import models

from indexer.engine import (
    BadRequest,
    CollectionExists,
    CollectionNotFound,
    EdgeClient,
    EngineError,
    EngineLocked,
    EngineUnavailable,
    NotSupported,
    open_engine,
)
from indexer.engine.folder import copy_tree

from .conftest import fill, swap_to, wanting, work

spawn = multiprocessing.get_context("spawn")


# Writers and readers


def test_the_lock_names_its_holder(edge: EdgeClient) -> None:
    with pytest.raises(EngineLocked, match=rf"process {os.getpid()} on .+ since 20"):
        EdgeClient(edge.path)


def test_the_lock_is_released_when_its_holder_dies(tmp_path: Path) -> None:
    code = f"""
import time
from indexer.engine import EdgeClient
client = EdgeClient({str(tmp_path)!r})
print("held", flush=True)
time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(EngineLocked, match=f"process {holder.pid} "):
        EdgeClient(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with EdgeClient(tmp_path) as client:
        assert client.get_collections().collections == []


def test_a_closed_client_releases_the_lock(tmp_path: Path) -> None:
    for number in (1, 2):
        with EdgeClient(tmp_path) as client:
            fill(client, f"g{number}")
    with EdgeClient(tmp_path) as client:
        assert client.count("g1").count == client.count("g2").count == 6
    with pytest.raises(EngineError, match="closed"):
        client.count("g1")


def test_a_reader_takes_no_lock_and_refuses_to_write(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.finish("g1")
    with EdgeClient(edge.path, read_only=True) as reader:
        assert reader.count("g1").count == 6
        with pytest.raises(NotSupported, match="reading only"):
            reader.upsert("g1", [work(7)])


def test_a_reader_of_a_missing_folder_finds_no_collections(tmp_path: Path) -> None:
    with EdgeClient(tmp_path / "absent", read_only=True) as reader:
        assert reader.get_collections().collections == []
        with pytest.raises(CollectionNotFound):
            reader.count("works")
    assert not (tmp_path / "absent").exists()


def test_readers_see_finished_collections_only(edge: EdgeClient) -> None:
    fill(edge, "g1")
    with EdgeClient(edge.path, read_only=True) as reader:
        assert not reader.collection_exists("g1")
        with pytest.raises(CollectionNotFound):
            reader.count("g1")
        assert edge.get_collection("g1").status == models.CollectionStatus.GREY
        edge.finish("g1")
        edge.finish("g1")
        assert reader.get_collection("g1").status == models.CollectionStatus.GREEN
        assert reader.count("g1").count == 6


def test_a_finished_collection_refuses_writes(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.finish("g1")
    with pytest.raises(BadRequest, match="finished"):
        edge.upsert("g1", [work(7)])


def test_reading_does_not_change_the_files(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.finish("g1")
    before = file_contents(edge.path / "collections")
    with EdgeClient(edge.path, read_only=True) as reader:
        reader.query_points("g1", [1.0, 0.0], using="text", with_vectors=True)
    assert file_contents(edge.path / "collections") == before


def file_contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_threads_query_at_the_same_time(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.finish("g1")
    with EdgeClient(edge.path, read_only=True) as reader, ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda _: reader.query_points("g1", [1.0, 0.0], using="text", limit=1), range(200))
        assert {each.points[0].id for each in found} == {6}


def test_threads_write_in_turn_while_others_read(edge: EdgeClient) -> None:
    fill(edge, "g1")
    with ThreadPoolExecutor(8) as threads:
        written = [threads.submit(edge.upsert, "g1", [work(number)]) for number in range(100, 200)]
        counted = [threads.submit(edge.count, "g1") for _ in range(100)]
        assert all(each.result().status == models.UpdateStatus.COMPLETED for each in written)
        assert all(6 <= each.result().count <= 106 for each in counted)
    assert edge.count("g1").count == 106


# Swaps


def read_while_swapped(path: Path, stop: Event, answers: Any) -> None:
    """Collect, in another process, the years in `works` at every call, until `stop` is set."""
    seen = []
    with EdgeClient(path, read_only=True) as reader:
        while not stop.is_set() or len(seen) < 10:
            kinds = {point.payload["year"] for point in reader.scroll("works")[0]}
            seen.append(tuple(kinds))
    answers.put(seen)


def test_a_reading_process_sees_every_swap_and_never_fails(tmp_path: Path) -> None:
    stop, answers = spawn.Event(), spawn.Queue()
    with EdgeClient(tmp_path) as edge:
        for number in range(8):
            build(edge, number)
            edge.update_collection_aliases(swap_to("works", f"g{number}"))
            if number == 0:
                reader = spawn.Process(target=read_while_swapped, args=(tmp_path, stop, answers))
                reader.start()
            else:
                edge.delete_collection(f"g{number - 1}")
    stop.set()
    seen = answers.get(timeout=60)
    reader.join(60)
    assert reader.exitcode == 0
    assert set(seen) <= {(number,) for number in range(8)}
    assert sorted(seen) == seen
    assert seen[-1] == (7,)


def build(edge: EdgeClient, number: int) -> None:
    """Build a generation of six works, all with the year `number`."""
    fill(edge, f"g{number}")
    edge.set_payload(f"g{number}", {"year": number}, models.Filter())
    edge.finish(f"g{number}")


def test_a_swap_within_one_clock_tick_is_seen(edge: EdgeClient) -> None:
    for name in ("g1", "g2"):
        fill(edge, name)
    edge.upsert("g2", [work(7)])
    for _ in range(50):
        edge.update_collection_aliases(swap_to("works", "g1"))
        assert edge.count("works").count == 6
        edge.update_collection_aliases(swap_to("works", "g2"))
        assert edge.count("works").count == 7


def test_the_alias_file_is_whole_after_a_failed_write(edge: EdgeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(edge, "g1")
    edge.update_collection_aliases(swap_to("works", "g1"))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        edge.update_collection_aliases(swap_to("others", "g1"))
    monkeypatch.undo()
    assert [each.alias_name for each in edge.get_aliases().aliases] == ["works"]
    assert [path.name for path in edge.path.glob(".*")] == []


def fail(*_: Any) -> None:
    raise OSError("disk full")


# Kills and damage


def test_incomplete_collections_are_not_listed(edge: EdgeClient) -> None:
    (edge.path / "collections" / "g1" / "shard").mkdir(parents=True)
    (edge.path / "collections" / ".deleted-1" / "shard").mkdir(parents=True)
    edge.close()
    with EdgeClient(edge.path) as client:
        assert client.get_collections().collections == []
        assert not (edge.path / "collections" / ".deleted-1").exists()
        fill(client, "g1")
        assert client.count("g1").count == 6


def test_a_killed_build_leaves_the_old_generation(tmp_path: Path) -> None:
    with EdgeClient(tmp_path) as edge:
        build(edge, 1)
        edge.update_collection_aliases(swap_to("works", "g1"))
    code = f"""
import os, signal
from indexer.engine import EdgeClient
from tests_engine.conftest import fill
client = EdgeClient({str(tmp_path)!r})
fill(client, "g2")
os.kill(os.getpid(), signal.SIGKILL)
"""
    package = tmp_path / "path"
    package.mkdir()
    (package / "tests_engine").symlink_to(Path(__file__).parent)
    paths = os.pathsep.join([str(package), str(Path(__file__).parents[3])])
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": paths}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with EdgeClient(tmp_path) as edge:
        assert edge.count("works").count == 6
        edge.delete_collection("g2")
        build(edge, 2)
        assert edge.count("g2").count == 6


def test_damaged_files_are_named(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.close()
    (edge.path / "collections" / "g1" / "collection.json").write_text("{")
    with EdgeClient(edge.path) as client, pytest.raises(EngineUnavailable, match="g1"):
        client.count("g1")


def test_a_damaged_alias_file_is_named(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.close()
    (edge.path / "aliases.json").write_text("{")
    with EdgeClient(edge.path) as client, pytest.raises(EngineUnavailable, match=r"aliases\.json is damaged"):
        client.count("works")


def test_a_lost_shard_is_named(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.close()
    shutil.rmtree(edge.path / "collections" / "g1" / "shard")
    with EdgeClient(edge.path) as client, pytest.raises(EngineUnavailable, match="cannot be opened"):
        client.count("g1")


@pytest.mark.parametrize("name", ["../outside", ".hidden", "", "a/b"])
def test_names_stay_within_the_folder(edge: EdgeClient, name: str) -> None:
    with pytest.raises(BadRequest):
        fill(edge, name)
    with pytest.raises(CollectionNotFound):
        edge.count(name)


# Snapshots


def test_a_snapshot_restores_a_collection(edge: EdgeClient) -> None:
    build(edge, 1)
    snapshot = edge.create_snapshot("g1")
    archive = edge.path / "snapshots" / "g1" / snapshot.name
    assert snapshot.size == archive.stat().st_size
    before = edge.scroll("g1", with_vectors=True)
    edge.delete_collection("g1")
    assert edge.recover_snapshot("g1", archive.as_uri(), checksum=snapshot.checksum)
    assert edge.scroll("g1", with_vectors=True) == before
    assert edge.get_collection("g1").status == models.CollectionStatus.GREEN
    edge.recover_snapshot("copy", str(archive))
    assert edge.query_points("copy", [1.0, 0.0], using="text", limit=1).points[0].id == 6


def test_a_snapshot_replaces_an_existing_collection(edge: EdgeClient) -> None:
    fill(edge, "g1")
    snapshot = edge.create_snapshot("g1")
    edge.delete("g1", [1, 2, 3])
    edge.recover_snapshot("g1", str(edge.path / "snapshots" / "g1" / snapshot.name))
    assert edge.count("g1").count == 6
    # It was taken before the collection was finished, so writes are accepted.
    edge.upsert("g1", [work(7)])
    assert edge.count("g1").count == 7


def test_a_bad_snapshot_changes_nothing(edge: EdgeClient, tmp_path: Path) -> None:
    fill(edge, "g1")
    snapshot = edge.create_snapshot("g1")
    archive = edge.path / "snapshots" / "g1" / snapshot.name
    cut = tmp_path / "cut.snapshot"
    cut.write_bytes(archive.read_bytes()[:5000])
    (tmp_path / "text.snapshot").write_text("no archive")
    refused: list[tuple[str, dict[str, Any]]] = [
        (str(cut), {}),
        (str(tmp_path / "text.snapshot"), {}),
        (str(tmp_path / "absent.snapshot"), {}),
        (str(archive), {"checksum": "0" * 64}),
    ]
    for location, options in refused:
        with pytest.raises((BadRequest, EngineUnavailable)):
            edge.recover_snapshot("g1", location, **options)
    assert edge.count("g1").count == 6
    assert sorted(path.name for path in (edge.path / "collections").iterdir()) == ["g1"]


# Missing features


DOT = models.VectorParams(size=2, distance=models.Distance.DOT)
NOTHING = models.SparseVector(indices=[], values=[])
LACKING: dict[str, Callable[[EdgeClient], Any]] = {
    "shards": lambda edge: edge.create_collection("g2", shard_number=2),
    "replicas": lambda edge: edge.create_collection("g2", replication_factor=3),
    "custom shards": lambda edge: edge.create_collection("g2", DOT, sharding_method=models.ShardingMethod.CUSTOM),
    "strict mode": lambda edge: edge.create_collection(
        "g2", DOT, strict_mode_config=models.StrictModeConfig(enabled=True)
    ),
    "write-ahead log": lambda edge: edge.create_collection(
        "g2", DOT, wal_config=models.WalConfigDiff(wal_capacity_mb=64)
    ),
    "inference": lambda edge: edge.query_points("g1", models.Document(text="hope", model="any"), using="text"),
    "slices": lambda edge: edge.count(
        "g1", models.Filter(must=[models.SliceCondition(slice=models.Slice(total=2, index=0))])
    ),
    "two conditions in one": lambda edge: edge.count(
        "g1", models.Filter(must=[models.FieldCondition(key="year", range=models.Range(gt=1), is_null=False)])
    ),
    "diversity of sparse vectors": lambda edge: edge.query_points(
        "g1",
        models.NearestQuery(nearest=models.SparseVector(indices=[1], values=[1.0]), mmr=models.Mmr(diversity=0.5)),
        using="bm25",
    ),
    "snapshots from afar": lambda edge: edge.recover_snapshot("g2", "https://example.org/g2.snapshot"),
}


@pytest.mark.parametrize("case", LACKING)
def test_missing_features_raise_not_supported(edge: EdgeClient, case: str) -> None:
    fill(edge, "g1")
    with pytest.raises(NotSupported):
        LACKING[case](edge)


def test_a_collection_can_lose_its_last_vector_and_be_finished(edge: EdgeClient) -> None:
    edge.create_collection("g1", {"text": DOT})
    edge.upsert("g1", [models.PointStruct(id=1, vector={"text": [1.0, 0.0]}, payload={"kind": "film"})])
    edge.delete_vector_name("g1", "text")
    # Its shard is loaded again with the new parameters.
    edge.update_collection("g1", optimizers_config=models.OptimizersConfigDiff(indexing_threshold=10))
    edge.finish("g1")
    with EdgeClient(edge.path, read_only=True) as reader:
        assert [(point.payload, point.vector) for point in reader.scroll("g1", with_vectors=True)[0]] == [
            ({"kind": "film"}, {})
        ]
        assert not reader.get_collection("g1").config.params.vectors


def test_vectors_have_the_digits_that_were_written(edge: EdgeClient) -> None:
    sparse = {"bm25": models.SparseVectorParams()}
    rows = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    edge.create_collection("g1", {"text": DOT, "rows": DOT.model_copy(update={"multivector_config": rows})}, sparse)
    written = {
        "text": [0.1, -3.14159],
        "rows": [[0.7, 1e-30], [16777216.0, 2.0]],
        "bm25": models.SparseVector(indices=[2, 9], values=[0.3, 0.123456]),
    }
    edge.upsert("g1", [models.PointStruct(id=1, vector=written), models.PointStruct(id=2, vector={"bm25": NOTHING})])
    first, second = edge.retrieve("g1", [1, 2], with_vectors=True)
    assert (first.vector, second.vector) == (written, {"bm25": NOTHING})


def test_booleans_are_matched_as_booleans(edge: EdgeClient) -> None:
    edge.create_collection("g1", models.VectorParams(size=1, distance=models.Distance.DOT))
    edge.create_payload_index("g1", "seen", models.PayloadSchemaType.BOOL)
    edge.upsert("g1", [models.PointStruct(id=each, vector=[1.0], payload={"seen": each == 1}) for each in (1, 2)])
    assert edge.count("g1", wanting("seen", True)).count == 1
    assert edge.count("g1", wanting("seen", False)).count == 1


def test_importing_the_engine_imports_no_heavy_library() -> None:
    code = "import json, sys, indexer.engine; print(json.dumps(sorted(sys.modules)))"
    names = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {"torch", "spacy", "scrapy", "sentence_transformers"}.intersection(names)


def test_a_location_chooses_the_engine(tmp_path: Path) -> None:
    with open_engine(tmp_path) as embedded:  # type: ignore[attr-defined]
        assert isinstance(embedded, EdgeClient)
    with pytest.raises(EngineUnavailable):
        open_engine("http://127.0.0.1:1", timeout_seconds=1).get_collections()


# Copies


def test_a_copy_takes_changes_and_leaves_its_source_as_it_is(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.finish("g1")
    before = file_contents(edge.path / "collections" / "g1")
    edge.copy_collection("g1", "g2")
    edge.upsert("g2", [work(7), work(1).model_copy(update={"payload": {"kind": "book"}})])
    edge.delete("g2", [2])
    with EdgeClient(edge.path, read_only=True) as reader:
        assert [each.name for each in reader.get_collections().collections] == ["g1"]
    edge.finish("g2")
    with EdgeClient(edge.path, read_only=True) as reader:
        assert reader.count("g2").count == 6
        assert reader.count("g2", wanting("kind", "book")).count == 3
        assert [point.id for point in reader.query_points("g2", [1.0, 0.0], using="text", limit=2).points] == [7, 6]
        assert [point.id for point in reader.query_points("g1", [1.0, 0.0], using="text", limit=2).points] == [6, 5]
        assert reader.get_collection("g2").config.metadata == {"schema": 1}
    assert file_contents(edge.path / "collections" / "g1") == before


def test_a_copy_needs_a_finished_source_and_a_new_name(edge: EdgeClient) -> None:
    fill(edge, "g1")
    with pytest.raises(BadRequest, match="not finished"):
        edge.copy_collection("g1", "g2")
    edge.finish("g1")
    with pytest.raises(CollectionExists):
        edge.copy_collection("g1", "g1")
    with pytest.raises(CollectionNotFound):
        edge.copy_collection("g0", "g2")
    with pytest.raises(NotSupported):
        open_engine(":memory:").copy_collection("g1", "g2")


def test_holes_of_files_stay_holes(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with (tmp_path / "source" / "file").open("wb") as file:
        file.write(b"begin")
        file.seek(2**26)
        file.write(b"end")
        file.truncate(2**27)
    copy_tree(tmp_path / "source", tmp_path / "copy")
    copied = tmp_path / "copy" / "file"
    assert copied.read_bytes() == (tmp_path / "source" / "file").read_bytes()
    assert copied.stat().st_blocks <= (tmp_path / "source" / "file").stat().st_blocks
