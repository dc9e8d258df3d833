"""Measure the time and memory of matching all records, and whether little memory changes the groups.

python -m benchmarks.matching --records N [--memory MB]    synthetic records, matched in a child process
python -m benchmarks.matching CATALOGUE...                 the groups in 16 MB, compared with those in memory

The synthetic records are those of benchmarks/merging.py. They are written into the store without being validated, and
their works are not made: both take the same memory for any number of records.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import resource
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

import orjson

from benchmarks.merging import make_records, read_works
from indexer.checking import folder_bytes
from indexer.merging.match_keys import read_match_keys
from indexer.merging.matching import group_records
from indexer.settings import MATCHING_MEMORY_MB
from indexer.stages import batched
from indexer.store import Store
from indexer.works import match_records

LITTLE_MB = 16
STORED_TOGETHER = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogues", nargs="*", type=Path, metavar="CATALOGUE")
    parser.add_argument("--records", type=int, metavar="N")
    parser.add_argument("--memory", type=int, default=MATCHING_MEMORY_MB, metavar="MB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as home:
        if options.catalogues:
            compare(list(read_works(options.catalogues)), Path(home) / "catalogues")
        if options.records:
            folder = Path(home) / "synthetic"
            started = perf_counter()
            put(make_records(random.Random(1)), options.records, folder)
            print(f"{options.records:,} records stored in {perf_counter() - started:,.0f} s", flush=True)
            arguments = (folder, options.memory)
            child = multiprocessing.get_context("spawn").Process(target=match, args=arguments)
            child.start()
            child.join()


def put(records, n_records: int, folder: Path) -> None:
    """Store records as they are."""
    with Store(folder) as store:
        for batch in batched(islice(records, n_records), STORED_TOGETHER):
            bodies = [(f"{each['source']}:{each['source_id']}", orjson.dumps(each)) for each in batch]
            rows = [(name, hashlib.sha256(body).digest(), body.decode()) for name, body in bodies]
            with store.transaction() as connection:
                query = "INSERT OR IGNORE INTO record (id, digest, origin, run, body) VALUES (?, ?, '', 1, ?)"
                connection.executemany(query, rows)


def match(folder: Path, memory_mb: int) -> None:
    """Match the records of a store, and print the time and the memory that this process took."""
    with Store(folder) as store:
        n_records = store.count_records()
        started, used = perf_counter(), process_time()
        sizes = [len(group) for group in match_records(store, memory_mb)]
        seconds, used = perf_counter() - started, process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    n_works = n_records - sum(sizes) + len(sizes)
    print(f"{n_records:,} records of {n_works:,} works matched with {memory_mb:,} MB for it")
    print(f"{seconds:,.0f} s, {n_records / seconds:,.0f} records/s; {used:,.0f} s of processor time")
    print(f"peak memory of the process: {peak:.2f} GiB; store: {folder_bytes(folder) / 2**30:.1f} GiB", flush=True)


def compare(works: list, folder: Path) -> None:
    """Group works and a changed copy of each, in little memory and in as much as there is."""
    from benchmarks.merging import change_work

    draw = random.Random(1)
    records = [*works, *(change_work(work, draw)[0] for work in works)]
    put(iter(records), len(records), folder)
    with Store(folder) as store:
        ids, keys = zip(*((record.id, read_match_keys(record.fields)) for record in store.records()), strict=True)
        in_memory = group_records(keys)
        in_little = sorted(match_records(store, LITTLE_MB))
    same = "the same" if in_little == in_memory else "NOT the same"
    print(f"{len(ids):,} records: {len(in_memory):,} works of several records, {same} in {LITTLE_MB} MB")


if __name__ == "__main__":
    main()
