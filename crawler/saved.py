"""`evoke crawl SOURCE --saved PATH...`: saved answers and pages to records, without network."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from crawler.answers import Answer, NotAWork, Reason, Told
from crawler.catalogue import record_to_line
from crawler.errors import CatalogueMissing
from crawler.output import check_output
from crawler.sources.table import SOURCES, load

HEAD_BYTES = 4096
MAX_ANSWER_BYTES = 64 * 2**20
"""Room for any page; a larger file that is no table of the source is not read into memory."""
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass
class SavedReport:
    """What saved answers told: records written, and by reason what told of no work, with a first example of each."""

    n_files: int = 0
    n_records: int = 0
    n_repeated: int = 0
    no_work: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def read_saved(source: str, paths: Sequence[Path], output: Path, *, limit: int | None = None) -> SavedReport:
    """Writes the records of saved answers to a file, each work of the source once.

    Raises:
        CatalogueMissing: a path is not there; nothing was written.
        SelectionRefused: the output is there already, or cannot be written.
    """
    files = list(find_files(paths))
    check_output(output, resume=False)
    report = SavedReport(n_files=len(files))
    written: set[tuple[str, str]] = set()
    with output.open("wb") as out, tqdm(unit=" works", disable=None, leave=False) as progress:
        for where, told in tell_files(source, files):
            if isinstance(told, NotAWork):
                report.no_work[told.reason] += 1
                report.examples.setdefault(told.reason, f"{where}: {told.detail}" if told.detail else str(where))
            elif (told.source, told.source_id) in written:
                report.n_repeated += 1
            else:
                written.add((told.source, told.source_id))
                out.write(record_to_line(told))
                progress.update()
                if limit is not None and len(written) >= limit:
                    break
    report.n_records = len(written)
    return report


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Gives the files named, and those in the folders named, by name; hidden ones are left out.

    Raises:
        CatalogueMissing: a path is not there.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            yield path
        else:
            raise CatalogueMissing(f"{path} is not there")


def tell_files(source: str, files: Sequence[Path]) -> Iterator[tuple[Path, Told]]:
    """Gives what files tell, tables last, since they are read together."""
    found = SOURCES[source]
    parse: Callable[[Answer], Iterator[Told]] = load(found.parse)
    is_table: Callable[[Path, bytes], bool] = load(found.is_table) if found.is_table else lambda _, __: False
    tables = []
    for path in files:
        try:
            head = read_bytes(path, HEAD_BYTES)
            if is_table(path, head):
                tables.append(path)
                continue
            body = read_bytes(path, MAX_ANSWER_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            yield path, NotAWork(Reason.BROKEN, str(error))
            continue
        if len(body) > MAX_ANSWER_BYTES:
            yield path, NotAWork(Reason.UNKNOWN, f"larger than {MAX_ANSWER_BYTES // 2**20} MiB")
            continue
        for told in parse(Answer(body)):
            yield path, told
    if tables and found.read_tables:
        for told in load(found.read_tables)(tables):
            yield tables[0], told


def read_bytes(path: Path, most: int) -> bytes:
    """Gives the first bytes of a file, unpacked when it is gzipped."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        if not packed:
            return file.read(most)
        with gzip.GzipFile(fileobj=file) as unpacked:
            return unpacked.read(most)
