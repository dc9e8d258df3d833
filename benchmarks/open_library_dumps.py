"""Measure how fast Open Library's dumps become records, and in how much memory.

python benchmarks/open_library_dumps.py [--works N] [--editions N] [--authors N] [--plain] [--folder FOLDER]

Writes invented lines in the dumps' format, gzipped as they are published, and reads them in a child process, so that
the peak memory is that of reading alone.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from crawler.records import SourceRecord
from crawler.sources.open_library.dumps import read_dumps

NOUNS = "river stone lantern winter harbour letter garden orchard silence bridge island mirror clock storm road"
WORDS = NOUNS.split()
LANGUAGES = ("eng", "eng", "eng", "ger", "fre", "spa", "rus")
TIME = {"type": "/type/datetime", "value": "2020-02-14T10:01:10.233793"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=200_000)
    parser.add_argument("--editions", type=int, default=300_000)
    parser.add_argument("--authors", type=int, default=100_000)
    parser.add_argument("--plain", action="store_true", help="do not gzip the dumps")
    parser.add_argument("--folder", type=Path, help="the folder for the dumps and the temporary file")
    parser.add_argument("--read", nargs="+", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read(options.read, options.folder)
        return
    with tempfile.TemporaryDirectory(prefix="evoke-bench-", dir=options.folder) as temporary:
        paths = write_dumps(Path(temporary), options)
        command = [sys.executable, __file__, "--folder", temporary, "--read", *map(str, paths)]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    n_lines = options.works + options.editions + options.authors
    took = f"{measured['seconds']:.1f} s ({measured['busy_seconds']:.1f} s of processor)"
    print(f"{n_lines:,} lines to {measured['records']:,} records in {took}:", end=" ")
    print(f"{n_lines / measured['seconds']:,.0f} lines/s, peak memory {measured['peak_mib']:.0f} MiB")


def read(paths: list[Path], folder: Path | None) -> None:
    started = perf_counter()
    n_records = sum(isinstance(result, SourceRecord) for result in read_dumps(paths, folder))
    seconds = perf_counter() - started
    busy = process_time()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"records": n_records, "seconds": seconds, "busy_seconds": busy, "peak_mib": peak_mib}))


def write_dumps(folder: Path, options: argparse.Namespace) -> list[Path]:
    chance = random.Random(7)
    makers: dict[str, Callable[[int], dict[str, Any]]] = {
        "author": lambda number: author(number, chance),
        "work": lambda number: work(number, options.authors, chance),
        "edition": lambda number: edition(number, options.works, options.authors, chance),
    }
    paths = []
    for kind, make in makers.items():
        path = folder / f"ol_dump_{kind}s.txt{'' if options.plain else '.gz'}"
        with path.open("wb") if options.plain else gzip.open(path, "wb", compresslevel=1) as file:
            file.writelines(lines(kind, getattr(options, f"{kind}s"), make))
        paths.append(path)
    return paths


def lines(kind: str, count: int, make: Callable[[int], dict[str, Any]]) -> Iterator[bytes]:
    for number in sorted(range(1, count + 1), key=str):  # the dumps are in the order of the keys as text
        common = {"type": {"key": f"/type/{kind}"}, "revision": 3, "created": TIME, "last_modified": TIME}
        document = make(number) | common
        yield f"/type/{kind}\t{document['key']}\t3\t{TIME['value']}\t{json.dumps(document)}\n".encode()


def author(number: int, chance: random.Random) -> dict[str, Any]:
    name = f"{chance.choice(WORDS).title()} {chance.choice(WORDS).title()}son"
    return {
        "key": f"/authors/OL{number}A",
        "name": name,
        "personal_name": name,
        "source_records": ["bwb:9780000000000"],
    }


def work(number: int, n_authors: int, chance: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {
        "key": f"/works/OL{number}W",
        "title": sentence(3, chance),
        "authors": [
            {"type": {"key": "/type/author_role"}, "author": {"key": f"/authors/OL{chance.randint(1, n_authors)}A"}}
        ],
        "covers": [number],
        "subjects": [sentence(2, chance) for _ in range(chance.randint(0, 6))],
    }
    if chance.random() < 0.05:
        made["description"] = {"type": "/type/text", "value": "\r\n\r\n".join(sentence(60, chance) for _ in range(3))}
    return made


def edition(number: int, n_works: int, n_authors: int, chance: random.Random) -> dict[str, Any]:
    return {
        "key": f"/books/OL{number}M",
        "title": sentence(3, chance),
        "works": [{"key": f"/works/OL{chance.randint(1, n_works)}W"}],
        "authors": [{"key": f"/authors/OL{chance.randint(1, n_authors)}A"}],
        "publishers": [sentence(2, chance)],
        "publish_date": chance.choice(("1996", "October 1, 1988", "c1971", "2004-05-01")),
        "publish_places": ["London"],
        "languages": [{"key": f"/languages/{chance.choice(LANGUAGES)}"}],
        "number_of_pages": chance.randint(20, 900),
        "pagination": "xii, 320 p. ;",
        "isbn_10": [f"{chance.randint(0, 999_999_999):09}X"],
        "isbn_13": [f"978{chance.randint(0, 9_999_999_999):010}"],
        "identifiers": {"goodreads": [str(number)], "librarything": [str(number + 1)]},
        "subjects": [sentence(2, chance) for _ in range(chance.randint(0, 3))],
        "source_records": [f"marc:library/part{part:02}.utf8:{number}:{number + 731}" for part in range(4)],
        "local_id": [f"urn:sfpl:3122306440{number}"],
    }


def sentence(n_words: int, chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=n_words)).capitalize()


if __name__ == "__main__":
    main()
