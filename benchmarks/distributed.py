"""Compare a build by workers of Ray with one in this process: works a second, their ratio, and the memory of a worker.

python -m benchmarks.distributed [CATALOGUE...] [--workers N] [--runs N]     without a catalogue: the starter catalogue

Each build begins with an empty home folder. The model is converted before. Builds take turns: one process, then Ray.
The ratio of a run is that of its two builds, one right after the other.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.needs import need
from indexer.build_report import BuildReport
from indexer.encoder.encoder import open_encoder
from indexer.pipeline import build_index
from indexer.settings import LOCAL, IndexSettings

STARTING = "start workers"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogues", nargs="*", type=Path, metavar="CATALOGUE")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    need("ray")
    ratios = []
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder:
        models = Path(folder) / "models"
        open_encoder(IndexSettings(home=Path(folder))).warm()
        for run in range(options.runs):
            one = IndexSettings(home=Path(folder) / f"one-{run}", converted_models=models)
            ray = one.model_copy(
                update={"home": Path(folder) / f"ray-{run}", "ray": LOCAL, "ray_workers": options.workers}
            )
            rates = [measure(options.catalogues, settings) for settings in (one, ray)]
            ratios.append(rates[1] / rates[0])
    print(f"ratio, {options.workers} workers of Ray to one process: {', '.join(f'{each:.2f}' for each in ratios)}")
    print(f"median {median(ratios):.2f}")


def measure(catalogues: Sequence[Path], settings: IndexSettings) -> float:
    """Build an index, print what it took, and return the works per second, the start of Ray left out."""
    peak = Peak()
    started = perf_counter()
    with peak:
        report = build_index(catalogues, settings)
    seconds = perf_counter() - started
    starting = report.seconds.get(STARTING, 0.0)
    rate = report.n_works / (seconds - starting)
    name = f"{settings.ray_workers} workers of Ray" if settings.ray else "one process"
    print(
        f"\n{name}: {report.n_works:,} works in {seconds:.1f} s, of which Ray starts for {starting:.1f} s", flush=True
    )
    print(f"{rate:.1f} works/s without this start; {describe(report)}")
    if settings.ray:
        print(f"a worker has at most {peak.mib:,.0f} MiB of its own")
    return rate


def describe(report: BuildReport) -> str:
    return ", ".join(f"{step} {seconds:.1f} s" for step, seconds in report.seconds.slowest(5))


class Peak:
    """The most memory of its own that a worker has had, looked at every half second."""

    def __init__(self) -> None:
        self.mib = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            for path in Path("/proc").glob("[0-9]*"):
                try:
                    if (path / "comm").read_text(encoding="utf-8").startswith("ray::Map(make"):
                        lines = (path / "smaps_rollup").read_text(encoding="utf-8").splitlines()
                        own = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
                        self.mib = max(self.mib, own / 2**10)
                except OSError:
                    continue


if __name__ == "__main__":
    main()
