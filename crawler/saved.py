"""`evoke crawl SOURCE --saved PATH...`: parse saved answers and pages into records, without network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.catalogue import record_to_line
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import open_unpacked
from crawler.output import check_output
from crawler.progress import show_progress
from crawler.sources.table import SOURCES, load

HEAD_BYTES = 4096
MAX_ANSWER_BYTES = 64 * 2**20
"""Room for any page; a larger file that is not a table of the source is not read into memory."""


@dataclass
class SavedReport:
    """The result of reading saved answers.

    Attributes:
        n_files: Files read.
        n_records: Records written.
        n_repeated: Records left out because the file has their source and id already.
        no_work: Answers that are not a work, by reason.
        examples: A file for each reason.
    """

    n_files: int = 0
    n_records: int = 0
    n_repeated: int = 0
    no_work: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def read_saved(source: str, paths: Sequence[Path], output: Path, *, limit: int | None = None) -> SavedReport:
    """Write the records of saved answers to a file, each work of the source once.

    Raises:
        CatalogueMissing: a path is not there; nothing was written.
        SelectionRefused: the output already exists, or cannot be written.
    """
    files = list(find_files(paths))
    check_output(output, resume=False)
    report = SavedReport(n_files=len(files))
    written: set[tuple[str, str]] = set()
    with output.open("wb") as out, show_progress("works", "reading") as progress:
        for path, result in parse_files(source, files):
            if isinstance(result, NotAWork):
                report.no_work[result.reason] += 1
                report.examples.setdefault(result.reason, f"{path}: {result.detail}" if result.detail else str(path))
            elif (result.source, result.source_id) in written:
                report.n_repeated += 1
            else:
                written.add((result.source, result.source_id))
                out.write(record_to_line(result))
                progress.update(1)
                if limit is not None and len(written) >= limit:
                    break
    report.n_records = len(written)
    return report


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files named, and those in the folders named, sorted by name, without hidden ones.

    Raises:
        CatalogueMissing: a path is not there.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            yield path
        else:
            raise CatalogueMissing(f"{path} does not exist")


def parse_files(name: str, files: Sequence[Path]) -> Iterator[tuple[Path, ParseResult]]:
    """Yield the results of parsing files, those of tables last, since tables are read together."""
    source = SOURCES[name]
    parse: Callable[[Answer], Iterator[ParseResult]] = load(source.parse)
    is_table: Callable[[Path, bytes], bool] = load(source.is_table) if source.is_table else lambda _, __: False
    tables = []
    for path in files:
        try:
            head = read_bytes(path, HEAD_BYTES)
            if is_table(path, head):
                tables.append(path)
                continue
            body = read_bytes(path, MAX_ANSWER_BYTES + 1)
        except (CatalogueMissing, GzipDamaged) as error:
            yield path, NotAWork(Reason.BROKEN, str(error).removeprefix(f"{path}: "))
            continue
        if len(body) > MAX_ANSWER_BYTES:
            yield path, NotAWork(Reason.UNKNOWN, f"larger than {MAX_ANSWER_BYTES // 2**20} MiB")
            continue
        for result in parse(Answer(body)):
            yield path, result
    if tables and source.read_tables:
        for result in load(source.read_tables)(tables):
            yield tables[0], result


def read_bytes(path: Path, most: int) -> bytes:
    """Return at most `most` bytes from the beginning of a file, unpacked if it is gzipped.

    Raises:
        CatalogueMissing: the file may not be read.
        GzipDamaged: the gzip stream is damaged or cut short within these bytes.
    """
    with open_unpacked(path) as file:
        return file.read(most)
