"""Fixtures of several stages: a home for each test, and indexes that are built once."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogues import SMALL
from homes import build, open_home

from indexer.encoder.encoder import Encoder
from indexer.pipeline import build_index
from indexer.settings import IndexSettings
from search_api.search import Search


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_user() -> Iterator[None]:
    """Keep the user's settings and index, and the network, out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("EVOKE_") and not name.startswith("EVOKE_TEST_")]:
            patch.delenv(name)
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("EVOKE_RUNTIME", "torch")  # OpenVINO would first convert the model in a new home: half a minute
        yield


@pytest.fixture(autouse=True)
def _no_progress_lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write no line of progress, which a slow machine would add to what a test reads, except where it is tested."""
    if request.module.__name__ != "test_progress":
        monkeypatch.setattr("crawler.progress.LINE_SECONDS", math.inf)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that does not exist yet; EVOKE_HOME names it."""
    monkeypatch.setenv("EVOKE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the small catalogue, indexed by the fake encoder. To read only; copy it to write."""
    folder = tmp_path_factory.mktemp("small") / "home"
    build(folder, SMALL)
    return folder


@pytest.fixture(scope="session")
def small_search(small_home: Path) -> Iterator[Search]:
    """Search over the small catalogue."""
    with open_home(small_home) as search:
        yield search


@pytest.fixture(scope="session")
def real_encoder(pytestconfig: pytest.Config) -> Encoder:
    """The encoder that ships, for tests of meaning only. It is converted once and kept in pytest's cache."""
    return Encoder(converted=pytestconfig.cache.mkdir("models"))


@pytest.fixture(scope="session")
def starter_home(tmp_path_factory: pytest.TempPathFactory, real_encoder: Encoder) -> Path:
    """A home with the starter catalogue, indexed by the real encoder. To read only."""
    folder = tmp_path_factory.mktemp("starter") / "home"
    build_index([], IndexSettings(home=folder), encoder=real_encoder)
    return folder


@pytest.fixture(scope="session")
def starter_search(starter_home: Path, real_encoder: Encoder) -> Iterator[Search]:
    """Search over the starter catalogue, with the real encoder."""
    with open_home(starter_home, real_encoder) as search:
        yield search
