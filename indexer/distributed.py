"""Make features and labels in other processes, here or on other machines, with Ray Data.

The driver, which is the process that builds, stores what workers make of batches of its works. Workers read no file but
those of the model, and write none: the driver holds the lock of the store and of the index. The batches are those of a
build in one process, and the same functions make the same of them. A batch is done again if its worker dies.
"""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property, lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from indexer.analysis import Analyser
from indexer.build_report import StepSeconds
from indexer.encoder.encoder import open_encoder
from indexer.errors import IndexerError, WorkersFailed
from indexer.features import FeatureMaker
from indexer.making import label_works
from indexer.recipes import Recipe
from indexer.records import Features, IndexedWork, Work
from indexer.settings import LOCAL, IndexSettings
from indexer.store import Store
from indexer.values.labelling import Labeller, open_labeller
from indexer.values.taxonomy import load_taxonomy

OBJECTS_BYTES = 512 * 2**20
"""Memory of `--ray local` for batches that are on their way: one with features has 6 MB, few wait for each worker."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # workers would else give way to every other program (15)
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # also on Linux, Ray then listens on the loopback address only
}
"""How Ray is started for `--ray local`. Ray reads it when it is imported."""

CONNECT_SECONDS = 10
MOST_RETRIES = 3
"""How often a batch is made again whose worker died."""
_FOLDER = "evoke-ray-"
_BATCH, _MADE, _PROBLEM = "batch", "made", "problem"

Row = dict[str, Any]
_Read = Callable[[Path, bytes, Row], Row]


class RayMakers:
    """Makers of features and labels by Ray, on this machine or on a cluster; see `indexer.making.Makers`.

    It is a context: Ray is started, or the cluster connected to, with the first batch, and left at the end.
    """

    def __init__(self, settings: IndexSettings, recipe: Recipe, seconds: StepSeconds) -> None:
        os.environ.update(ENVIRONMENT if settings.ray == LOCAL else {"RAY_USAGE_STATS_ENABLED": "0"})
        # If Ray is missing or does not answer, a build fails before hours of work.
        import_module("ray.data")
        _check_answers(settings.ray or LOCAL)

        self._settings = settings.model_copy(update={"qdrant_api_key": None})  # workers need no key
        self._recipe = recipe
        self._seconds = seconds
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @cached_property
    def _n_workers(self) -> int:
        with self._seconds.timed("start workers"):
            return self._opened.enter_context(_connected(self._settings))

    def features(self, batches: Iterable[list[str]]) -> Iterator[list[tuple[Work, Features]]]:
        """Yield the works of each batch of ids with their features; see `indexer.making.Makers`."""
        return self._run(batches, read_works, partial(make_features, self._settings, self._recipe))

    def labels(self, batches: Iterable[list[str]], prototypes: NDArray[np.float32]) -> Iterator[list[IndexedWork]]:
        """Yield the labelled works of each batch of ids; see `indexer.making.Makers`."""
        return self._run(batches, read_features, partial(make_labels, self._settings, self._recipe, prototypes))

    def _run(self, batches: Iterable[list[str]], read: _Read, make: Callable[[Row], Row]) -> Iterator[Any]:
        ray: Any = import_module("ray")  # its types are not those of its functions
        from ray.data import TaskPoolStrategy
        from ray.exceptions import RayError, RayTaskError, WorkerCrashedError
        from ray.util.annotations import RayDeprecationWarning

        n_workers = self._n_workers
        rows = [{_BATCH: batch} for batch in batches]
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        with warnings.catch_warnings():
            # There is no other way yet to bound the tries of a batch: one that takes all memory would have no end.
            warnings.simplefilter("ignore", RayDeprecationWarning)
            made = iter(
                ray.data.from_items(rows, override_num_blocks=len(rows))
                .map(
                    partial(read, self._settings.home, self._recipe.features),
                    compute=TaskPoolStrategy(size=1),
                    num_cpus=0,
                    label_selector=here,
                )
                .map(
                    make,
                    compute=TaskPoolStrategy(size=min(n_workers, len(rows))),
                    num_cpus=1,
                    max_retries=MOST_RETRIES,
                )
                .iter_rows()
            )
        try:
            while True:
                with self._seconds.timed("wait for workers"):
                    row = next(made, None)
                if row is None:
                    return
                if row[_PROBLEM]:
                    raise WorkersFailed(f"a worker of Ray on {row[_PROBLEM]}")
                yield pickle.loads(row[_MADE])  # noqa: S301 - our own workers sent it
        except WorkerCrashedError as error:
            raise WorkersFailed(
                f"a batch of works has ended {MOST_RETRIES + 1} workers of Ray, one after another, perhaps for lack of "
                "memory: fewer of them need less (EVOKE_RAY_WORKERS); what was done is kept"
            ) from error
        except RayTaskError:  # a fault of the program
            raise
        except RayError as error:
            raise WorkersFailed(f"Ray: {str(error).partition(chr(10))[0]}; what was done is kept") from error


def _check_answers(address: str) -> None:
    """Raise WorkersFailed if nothing listens at an address; Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise WorkersFailed(f"no Ray cluster answers at {address}: {error}") from error


@contextmanager
def _connected(settings: IndexSettings) -> Iterator[int]:
    """Start Ray here or connect to a cluster, and yield the number of workers."""
    address, n_workers = settings.ray, settings.ray_workers
    ray: Any = import_module("ray")

    with ExitStack() as stack:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address == LOCAL:
            n_workers = n_workers or len(os.sched_getaffinity(0))
            options |= {
                "num_cpus": n_workers,
                "include_dashboard": False,
                "object_store_memory": OBJECTS_BYTES,
                "_temp_dir": str(stack.enter_context(_temporary_folder())),
            }
        try:
            ray.init(address, **options)  # "local" is a word of Ray too: not the cluster of RAY_ADDRESS
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise WorkersFailed(f"no Ray cluster answers at {address}: {reason}") from error
        stack.callback(ray.shutdown)
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised
        yield n_workers or max(1, int(ray.cluster_resources().get("CPU", 1)))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Yield a new folder, and remove it, and those that killed builds left, whose process is gone."""
    root = Path(tempfile.gettempdir())
    for left in root.glob(f"{_FOLDER}*"):
        process = left.name.removeprefix(_FOLDER).partition("-")[0]
        if process.isdecimal() and not Path(f"/proc/{process}").exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


# In the processes of Ray


def read_works(home: Path, recipe: bytes, row: Row) -> Row:  # noqa: ARG001
    """Read the works of a batch, on the driver's machine, which alone has the store."""
    with Store(home, read_only=True) as store:
        return {_BATCH: pickle.dumps(store.works(list(row[_BATCH])))}


def read_features(home: Path, recipe: bytes, row: Row) -> Row:
    """Read the works of a batch with their features, as `read_works` does."""
    with Store(home, read_only=True) as store:
        return {_BATCH: pickle.dumps(list(store.works_with_features(recipe, list(row[_BATCH]))))}


def make_features(settings: IndexSettings, recipe: Recipe, row: Row) -> Row:
    """Make the features of the works of a batch, on one core."""

    def make(works: list[Work]) -> object:
        maker = _open_maker(settings)
        if maker.recipe != recipe.features:
            raise WorkersFailed("another model, runtime or analyser than that of this process")
        return maker.embed(maker.analyse(works))

    return _answer(row, make)


def make_labels(settings: IndexSettings, recipe: Recipe, prototypes: NDArray[np.float32], row: Row) -> Row:
    """Label the works of a batch, on one core."""

    def make(works: list[tuple[Work, Features]]) -> object:
        labeller = _open_labeller(settings)
        if labeller.fingerprint != recipe.labeller:
            raise WorkersFailed("another taxonomy or value head than that of this process")
        labeller.prototypes = prototypes
        return label_works(works, labeller)

    return _answer(row, make)


def _answer(row: Row, make: Callable[[Any], object]) -> Row:
    """Return what is made of a batch, or the problem that the driver reports."""
    works = pickle.loads(row[_BATCH])  # noqa: S301 - our own reader sent it
    try:
        return {_MADE: pickle.dumps(make(works)), _PROBLEM: ""}
    except IndexerError as error:
        return {_MADE: b"", _PROBLEM: f"{os.uname().nodename}: {error}"}


@lru_cache(maxsize=1)
def _open_maker(settings: IndexSettings) -> FeatureMaker:
    """Open a maker, once in a process: Ray gives many batches to one."""
    return FeatureMaker(Analyser(), open_encoder(settings, n_threads=1))


@lru_cache(maxsize=1)
def _open_labeller(settings: IndexSettings) -> Labeller:
    encoder = _open_maker(settings).encoder
    return open_labeller(load_taxonomy(settings.taxonomy), encoder, settings.values_head)
