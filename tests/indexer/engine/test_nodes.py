"""A client of several addresses answers while one of them does, and repeats what can be repeated."""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from qdrant_client import models
from qdrant_stand_in import Fault, Node, stand_in

from indexer.engine import Engine, EngineUnavailable, ServerClient, open_engine, open_engine_of
from indexer.engine.nodes import go_together
from indexer.settings import StorageSettings

Open = Callable[..., ServerClient]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    with stand_in(tmp_path / "cluster", n_nodes=3) as running:
        yield running


@pytest.fixture
def open_nodes(nodes: list[Node]) -> Iterator[Open]:
    opened: list[ServerClient] = []

    def open_(n_nodes: int = 3, **options: float) -> ServerClient:
        engine = open_engine(",".join(node.url for node in nodes[:n_nodes]), **options)  # type: ignore[arg-type]
        assert isinstance(engine, ServerClient)
        opened.append(engine)
        return engine

    yield open_
    for engine in opened:
        engine.close()


def fill(engine: Engine, name: str = "works-1", n_points: int = 6) -> None:
    engine.create_collection(name, {"text": models.VectorParams(size=2, distance=models.Distance.DOT)})
    engine.upsert(name, [models.PointStruct(id=n, vector={"text": [float(n), 1.0]}) for n in range(1, n_points + 1)])


def best(engine: Engine) -> list[int]:
    points = engine.query_points("works-1", query=[1.0, 0.0], using="text", limit=3).points
    return [int(point.id) for point in points]


def wait_until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # the test's own limit of time ends it
        time.sleep(0.01)


def test_the_first_address_is_asked_and_connections_are_kept(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes()
    fill(engine)
    assert [best(engine) for _ in range(5)] == [[6, 5, 4]] * 5
    assert nodes[0].n_connections <= 2  # one of them may be a probe's
    assert [len(node.asked) for node in nodes[1:]] == [0, 0]


@pytest.mark.parametrize("n_dead", [1, 2])
def test_the_next_address_answers_when_the_first_ones_are_dead(
    nodes: list[Node], open_nodes: Open, n_dead: int, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_nodes()
    fill(engine)
    for node in nodes[:n_dead]:
        node.stop()
    assert [best(engine) for _ in range(3)] == [[6, 5, 4]] * 3
    assert engine.nodes is not None
    assert {node.url for node in nodes[:n_dead]} <= engine.nodes.problems().keys()
    lines = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len([line for line in lines if f"{nodes[0].url} does not answer" in line]) == 1  # said once


@pytest.mark.parametrize("fault", ["cut", "lost", "halved", "503", "500"])
@pytest.mark.parametrize("n_nodes", [1, 3])
def test_a_read_or_write_whose_answer_is_lost_is_tried_again(
    nodes: list[Node], open_nodes: Open, fault: Fault, n_nodes: int
) -> None:
    engine = open_nodes(n_nodes, patience_seconds=20)
    fill(engine)
    nodes[0].faults = [fault, fault]
    assert best(engine) == [6, 5, 4]
    nodes[0].faults = [fault, fault]
    fill_more = [models.PointStruct(id=9, vector={"text": [9.0, 1.0]})]
    engine.upsert("works-1", fill_more)
    assert best(engine) == [9, 6, 5]
    assert engine.count("works-1").count == 7


@pytest.mark.parametrize("fault", ["lost", "halved"])
def test_a_collection_whose_creation_was_answered_in_vain_is_no_conflict(
    nodes: list[Node], open_nodes: Open, fault: Fault
) -> None:
    engine = open_nodes()
    nodes[0].faults = [fault]
    fill(engine)
    assert best(engine) == [6, 5, 4]
    with pytest.raises(ValueError, match="already exists"):  # but one that was there before is
        engine.create_collection("works-1", {"text": models.VectorParams(size=2, distance=models.Distance.DOT)})


def test_the_swap_of_an_alias_is_one_request_and_can_be_repeated(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes()
    fill(engine)
    fill(engine, "works-2")
    for name in ("works-1", "works-2"):
        nodes[0].asked.clear()
        nodes[0].faults = ["lost"]
        engine.update_collection_aliases(
            [
                models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="works")),
                models.CreateAliasOperation(create_alias=models.CreateAlias(alias_name="works", collection_name=name)),
            ]
        )
        assert set(nodes[0].asked) == {"POST /collections/aliases"}
        assert [alias.collection_name for alias in engine.get_aliases().aliases] == [name]


def test_a_snapshot_that_may_have_been_made_is_not_made_twice(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes(patience_seconds=20)
    fill(engine)
    nodes[0].faults = ["cut"]
    with pytest.raises(EngineUnavailable, match=nodes[0].url):
        engine.create_snapshot("works-1")
    assert sum("snapshots" in asked for node in nodes for asked in node.asked) == 1


def test_a_node_that_is_back_is_used_again_after_few_probes(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes()
    fill(engine)
    nodes[0].fault = "503"
    assert best(engine) == [6, 5, 4]
    nodes[0].n_probes = 0
    threads = [threading.Thread(target=lambda: [best(engine) for _ in range(10)]) for _ in range(8)]
    nodes[0].asked.clear()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert nodes[0].asked == []  # requests do not look for it
    nodes[0].fault = None
    assert engine.nodes is not None
    wait_until(lambda: not engine.nodes.problems())  # type: ignore[union-attr]
    assert best(engine) == [6, 5, 4]
    assert nodes[0].asked != []
    assert nodes[0].n_probes < 12


def test_a_node_that_hangs_is_left_for_the_next_in_time(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes(timeout_seconds=1)
    fill(engine)
    nodes[0].fault = "hang"
    assert best(engine) == [6, 5, 4]
    assert nodes[1].asked != []


def test_when_no_address_answers_the_error_names_each(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes()
    nodes[0].stop()
    nodes[1].fault = "503"
    nodes[2].fault = "cut"
    with pytest.raises(EngineUnavailable) as raised:
        engine.get_collections()
    message = str(raised.value)
    assert all(node.url in message for node in nodes)
    assert "refused" in message
    assert "answered 503: told to answer 503" in message


def test_with_patience_a_write_waits_until_an_address_answers(
    nodes: list[Node], open_nodes: Open, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_nodes(1, patience_seconds=60)
    fill(engine)
    nodes[0].stop()
    threading.Timer(1.0, nodes[0].start).start()
    engine.upsert("works-1", [models.PointStruct(id=7, vector={"text": [7.0, 1.0]})])
    assert best(engine) == [7, 6, 5]
    assert "trying again for 60 s" in caplog.text


def test_patience_ends_in_one_line_or_when_it_is_stopped(nodes: list[Node], open_nodes: Open) -> None:
    nodes[0].stop()
    with pytest.raises(EngineUnavailable, match=r"refused; tried for 1 s$"):
        open_nodes(1, patience_seconds=1).get_collections()
    patient = open_nodes(1, patience_seconds=3_600)
    threading.Timer(0.5, patient.stop_waiting).start()
    with pytest.raises(EngineUnavailable, match="refused"):
        patient.get_collections()


def test_a_refusal_is_final(nodes: list[Node], open_nodes: Open) -> None:
    engine = open_nodes(patience_seconds=60)
    with pytest.raises(ValueError, match="works-7"):
        engine.get_collection("works-7")
    assert [len(node.asked) for node in nodes[1:]] == [0, 0]


def test_a_key_is_sent_and_a_wrong_one_refused(tmp_path: Path) -> None:
    with stand_in(tmp_path, api_key="secret") as (node,):
        with closing(open_engine(node.url, api_key="secret")) as engine:
            assert engine.get_collections().collections == []
        with closing(open_engine(node.url, api_key="other")) as engine, pytest.raises(Exception, match="API key"):
            engine.get_collections()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_a_server_with_a_certificate_of_its_own_is_trusted_by_its_file(tmp_path: Path) -> None:
    certificate = tmp_path / "server.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=qdrant -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *words.split(), "-keyout", str(certificate), "-out", str(tmp_path / "public.pem")]
    subprocess.run(command, check=True, capture_output=True)
    with certificate.open("a") as file:
        file.write((tmp_path / "public.pem").read_text())
    key_file = tmp_path / "key"
    key_file.write_text("secret\n")
    with stand_in(tmp_path / "server", api_key="secret", certificate=certificate) as (node,):
        given = {"home": tmp_path, "qdrant_url": node.url, "qdrant_api_key_file": key_file}
        unknown = open_engine_of(StorageSettings(**given))
        with closing(unknown), pytest.raises(EngineUnavailable, match="certificate verify failed"):
            unknown.get_collections()
        trusting = StorageSettings(**given, qdrant_ca_file=tmp_path / "public.pem")
        with closing(open_engine_of(trusting)) as engine:
            assert engine.get_collections().collections == []
        with pytest.raises(EngineUnavailable, match="key: cannot be used as certificates"):
            open_engine_of(StorageSettings(**given, qdrant_ca_file=key_file))


def test_a_key_and_a_file_with_a_key_are_too_much(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    with pytest.raises(ValueError, match="are both set"):
        StorageSettings(home=tmp_path, qdrant_api_key="other", qdrant_api_key_file=tmp_path / "key")


@pytest.mark.parametrize(
    ("client", "server", "fit"), [("1.20.0", "1.19.4", True), ("1.20.0", "1.18.3", False), ("1.0.0", "2.0.0", False)]
)
def test_versions_may_differ_by_one_minor(client: str, server: str, fit: bool) -> None:
    assert go_together(client, server) is fit


def test_an_old_server_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with stand_in(tmp_path, version="1.2.3") as (node,), closing(open_engine(node.url)) as engine:
        engine.get_collections()
        engine.get_collections()
        (line,) = [record.getMessage() for record in caplog.records if "version" in record.getMessage()]
        assert line.startswith(f"Qdrant at {node.url} is version 1.2.3, and this client ")
