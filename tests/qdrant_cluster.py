"""Clusters of three nodes: of Qdrant itself, where EVOKE_TEST_QDRANT_BINARY names its program, and of the stand-in."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import httpx
from qdrant_stand_in import Node, stand_in

BINARY = os.environ.get("EVOKE_TEST_QDRANT_BINARY")
N_NODES = 3
START_SECONDS = 60


class Cluster(Protocol):
    """Three nodes, each of which can be killed and started again."""

    urls: list[str]

    def kill(self, number: int) -> None:
        """Kill a node."""

    def start(self, number: int) -> None:
        """Start a node that was killed, and wait until it is ready."""


class StandInCluster:
    """Three nodes of the stand-in, which answer from one engine."""

    def __init__(self, nodes: list[Node]) -> None:
        self._nodes = nodes
        self.urls = [node.url for node in nodes]

    def kill(self, number: int) -> None:
        self._nodes[number].stop()

    def start(self, number: int) -> None:
        self._nodes[number].start()


class ServerCluster:
    """Three processes of Qdrant on this machine; the first one is the one that the others join."""

    def __init__(self, folder: Path, binary: str) -> None:
        self._folder, self._binary = folder, binary
        self._ports = [_free_ports() for _ in range(N_NODES)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.urls = [f"http://127.0.0.1:{http}" for http, *_ in self._ports]

    def start(self, number: int) -> None:
        http, grpc, p2p = self._ports[number]
        folder = self._folder / f"node-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "QDRANT__SERVICE__HOST": "127.0.0.1",
            "QDRANT__SERVICE__HTTP_PORT": str(http),
            "QDRANT__SERVICE__GRPC_PORT": str(grpc),
            "QDRANT__CLUSTER__ENABLED": "true",
            "QDRANT__CLUSTER__P2P__PORT": str(p2p),
            "QDRANT__STORAGE__STORAGE_PATH": str(folder / "storage"),
            "QDRANT__STORAGE__SNAPSHOTS_PATH": str(folder / "snapshots"),
            "QDRANT__TELEMETRY_DISABLED": "true",
        }
        join = [] if number == 0 else ["--bootstrap", f"http://127.0.0.1:{self._ports[0][2]}"]
        with (folder / "log").open("ab") as log:
            self._processes[number] = subprocess.Popen(
                [self._binary, "--uri", f"http://127.0.0.1:{p2p}", *join],
                cwd=folder,
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )
        self._wait(number, folder / "log")

    def kill(self, number: int) -> None:
        process = self._processes.pop(number)
        process.kill()
        process.wait()

    def close(self) -> None:
        for number in list(self._processes):
            self.kill(number)

    def _wait(self, number: int, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.urls[number]}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise RuntimeError(f"node {number} is not ready: {log.read_text(errors='replace')[-2_000:]}")


@contextmanager
def stand_in_cluster(folder: Path) -> Iterator[StandInCluster]:
    """Run three nodes of the stand-in."""
    with stand_in(folder, n_nodes=N_NODES) as nodes:
        yield StandInCluster(nodes)


@contextmanager
def server_cluster(folder: Path) -> Iterator[ServerCluster]:
    """Run three nodes of Qdrant."""
    cluster = ServerCluster(folder, str(BINARY))
    with ExitStack() as stack:
        stack.callback(cluster.close)
        for number in range(N_NODES):
            cluster.start(number)
        yield cluster


def _free_ports() -> tuple[int, int, int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        http, grpc, p2p = (int(each.getsockname()[1]) for each in sockets)
    return http, grpc, p2p
