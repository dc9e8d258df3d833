"""`evoke crawl SOURCE --saved PATH...`: parse saved answers and pages into records, without network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import orjson

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.catalogue import record_to_line
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import open_unpacked, read_lines, refuse_pipe
from crawler.output import check_output
from crawler.progress import show_progress
from crawler.sources.table import SOURCES, load

HEAD_BYTES = 4096
MAX_ANSWER_BYTES = 64 * 2**20
"""Room for a page, and for a line of a file with an answer a line. A larger file with all in one line is not read into
memory."""


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
        CatalogueMissing: a path is not there, or is a pipe; nothing was written.
        SelectionRefused: the output already exists, or cannot be written.
    """
    files = list(find_files(paths))
    check_output(output, resume=False)
    report = SavedReport(n_files=len(files))
    written: set[tuple[str, str]] = set()
    with output.open("wb") as out, show_progress("works", "reading") as progress:
        for place, result in parse_files(source, files):
            if isinstance(result, NotAWork):
                report.no_work[result.reason] += 1
                report.examples.setdefault(result.reason, _example(place, result.detail))
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


def _example(place: str, detail: str) -> str:
    """Return a place with what a person should know; the reader of tables names file and line itself."""
    if not detail or detail.startswith(place):
        return detail or place
    return f"{place}: {detail}"


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files named, and those in the folders named, sorted by name, without hidden ones.

    Raises:
        CatalogueMissing: a path is not there, or is a pipe.
    """
    for path in paths:
        refuse_pipe(path)
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            yield path
        else:
            raise CatalogueMissing(f"{path} does not exist")


def parse_files(name: str, files: Sequence[Path]) -> Iterator[tuple[str, ParseResult]]:
    """Yield the results of parsing files, each with its place; those of tables last, since tables are read together."""
    source = SOURCES[name]
    parse: Callable[[Answer], Iterator[ParseResult]] = load(source.parse)
    is_table: Callable[[Path, bytes], bool] = load(source.is_table) if source.is_table else lambda _, __: False
    tables = []
    for path in files:
        try:
            if is_table(path, read_bytes(path, HEAD_BYTES)):
                tables.append(path)
                continue
        except (CatalogueMissing, GzipDamaged) as error:
            yield str(path), _unreadable(path, error)
            continue
        for place, answer in read_answers(path):
            if isinstance(answer, NotAWork):
                yield place, answer
            else:
                yield from ((place, result) for result in parse(answer))
    if tables and source.read_tables:
        for result in load(source.read_tables)(tables):
            yield str(tables[0]), result


def read_answers(path: Path) -> Iterator[tuple[str, Answer | NotAWork]]:
    """Yield the answers in a file, each with its place: one for each line of JSON, else the whole file."""
    try:
        if _has_an_answer_a_line(path):
            yield from _answers_of_lines(path)
            return
        body = read_bytes(path, MAX_ANSWER_BYTES + 1)
    except (CatalogueMissing, GzipDamaged) as error:
        yield str(path), _unreadable(path, error)
        return
    yield str(path), Answer(body) if len(body) <= MAX_ANSWER_BYTES else _too_large("larger")


def _has_an_answer_a_line(path: Path) -> bool:
    """Return whether a file has several lines and an object of JSON in one of the first two.

    The first line may be cut, or be the beginning of an array: Wikidata's dumps are an array with an item a line. No
    indented answer has a whole object in one of its first two lines.
    """
    with open_unpacked(path) as file:
        lines = (line for line in iter(partial(file.readline, MAX_ANSWER_BYTES + 1), b"") if line.strip())
        first_two = list(islice(lines, 2))
    return len(first_two) == 2 and any(map(_has_object, first_two))


def _has_object(line: bytes) -> bool:
    """Return whether a line is an object of JSON, or an array that begins with one."""
    try:
        document = orjson.loads(_without_array(line))
    except orjson.JSONDecodeError:
        return False
    return isinstance(document[0] if document and isinstance(document, list) else document, dict)


def _answers_of_lines(path: Path) -> Iterator[tuple[str, Answer | NotAWork]]:
    try:
        for number, line in read_lines(path, MAX_ANSWER_BYTES):
            if body := _without_array(line):
                is_whole = len(line) <= MAX_ANSWER_BYTES
                yield f"{path}:{number}", Answer(body) if is_whole else _too_large("a line larger")
    except GzipDamaged as error:
        yield f"{path}:{error.line}", NotAWork(Reason.BROKEN, error.why)


def _without_array(line: bytes) -> bytes:
    """Return a line without white space and without what belongs to an array around all lines: `[`, `,` and `]`."""
    line = line.strip().removesuffix(b",").rstrip()
    if not line.endswith(b"]"):
        line = line.removeprefix(b"[")
    if not line.startswith(b"["):
        line = line.removesuffix(b"]")
    return line.strip()


def _unreadable(path: Path, error: CatalogueMissing | GzipDamaged) -> NotAWork:
    return NotAWork(Reason.BROKEN, str(error).removeprefix(f"{path}: "))


def _too_large(what: str) -> NotAWork:
    return NotAWork(Reason.UNKNOWN, f"{what} than {MAX_ANSWER_BYTES // 2**20} MiB: save an answer a line")


def read_bytes(path: Path, most: int) -> bytes:
    """Return at most `most` bytes from the beginning of a file, unpacked if it is gzipped.

    Raises:
        CatalogueMissing: the file may not be read.
        GzipDamaged: the gzip stream is damaged or cut short within these bytes.
    """
    with open_unpacked(path) as file:
        return file.read(most)
