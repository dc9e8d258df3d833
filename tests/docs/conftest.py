"""What a reader of the documentation has at hand: homes with the starter index, catalogues, a running service."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import mcp  # noqa: F401 - its client hands on the stderr of this moment; that of a test has no file
import pytest
from reader import Reader, Service, environment_without_evoke, make_home, write_catalogues, write_commands

import evoke
from indexer.encoder.encoder import Encoder
from search_api.search import Search


@pytest.fixture(scope="session")
def models(real_encoder: Encoder) -> Path:
    """The folder of converted models, with the one that Evoke ships with."""
    folder = real_encoder.warm()._converted
    assert folder is not None
    return folder


@pytest.fixture(scope="module")
def shipped_search(tmp_path_factory: pytest.TempPathFactory, models: Path, starter_home: Path) -> Iterator[Search]:
    """Search over the starter catalogue with all that ships: the classifier and the adapter of queries too."""
    home = make_home(tmp_path_factory.mktemp("search") / "home", models, starter_home)
    with closing(evoke.open_search(home=home, runtime="openvino")) as search:
        yield search


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, models: Path, starter_home: Path) -> Iterator[Service]:
    """The starter catalogue, served on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("service")
    home = make_home(folder / "home", models, starter_home)
    server = subprocess.Popen(
        [sys.executable, "-m", "evoke", "serve", "--port", str(port)], cwd=folder,
        # Nobody reads on once it answers, and access lines would fill the pipe.
        env={**environment_without_evoke(), "EVOKE_HOME": str(home), "EVOKE_FEEDBACK": "on", "EVOKE_ACCESS_LOG": "off"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        printed = ""
        while "Evoke answers" not in printed:
            line = server.stdout.readline()
            assert line, f"the service did not start:\n{printed}"
            printed += line
        yield Service(f"127.0.0.1:{port}", printed.replace(f":{port}", ":8000"))
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.fixture(scope="session")
def readers(
    tmp_path_factory: pytest.TempPathFactory, models: Path, starter_home: Path, service: Service
) -> Callable[[Path], Reader]:
    """Returns the reader of a page, the same one for all its blocks."""
    known: dict[Path, Reader] = {}
    commands = tmp_path_factory.mktemp("commands")
    environment = write_commands(commands, service, make_home(commands / "home", models))

    def reader(page: Path) -> Reader:
        if page not in known:
            folder = tmp_path_factory.mktemp(page.stem)
            write_catalogues(folder)
            home = make_home(folder / "home", models, starter_home)
            make_home(folder / "my-home", models)
            known[page] = Reader(folder, {**environment, "EVOKE_HOME": str(home)})
        return known[page]

    return reader
