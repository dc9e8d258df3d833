"""Measure the time of a build, step by step, and its memory.

python -m benchmarks.indexing [CATALOGUE...]      without one: the starter catalogue

The whole build runs in this process, from an empty home folder. A second build over the same catalogue follows.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path
from time import perf_counter

from indexer.build_report import BuildReport
from indexer.checking import folder_bytes
from indexer.encoder.encoder import open_encoder
from indexer.pipeline import build_index
from indexer.settings import IndexSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogues", nargs="*", type=Path, metavar="CATALOGUE")
    catalogues = parser.parse_args().catalogues
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as home:
        settings = IndexSettings(home=Path(home))
        open_encoder(settings).warm()  # converts the model, which is done once on a machine
        for name in ("first build", "unchanged catalogue"):
            started = perf_counter()
            report = build_index(catalogues, settings)
            print_report(name, report, perf_counter() - started)
        size = folder_bytes(Path(home))
        print(f"\non disk: {size / 2**20:,.0f} MiB, {size / max(report.n_works, 1):,.0f} bytes per work")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory: {peak:.2f} GiB")


def print_report(name: str, report: BuildReport, seconds: float) -> None:
    print(f"\n{name}: {report.n_works:,} works in {seconds:.1f} s, {report.n_works / seconds:.1f} works/s")
    print(f"{'step':<22}{'seconds':>10}{'share':>8}{'works/s':>10}")
    steps = {**report.seconds, "rest": seconds - sum(report.seconds.values())}
    for step, taken in sorted(steps.items(), key=lambda pair: -pair[1]):
        speed = f"{report.n_works / taken:>10,.0f}" if taken > 0 else ""
        print(f"{step:<22}{taken:>10.2f}{taken / seconds:>8.1%}{speed}")


if __name__ == "__main__":
    main()
