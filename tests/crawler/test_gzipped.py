"""Files that may be gzipped and may begin with a byte order mark: every reader opens them in the same way."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import evoke
from crawler.catalogue import MOST_LINES_WITHOUT_RECORD, Rejected, read_catalogue
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import BYTE_ORDER_MARK, open_unpacked, read_lines
from crawler.sources.goodreads.export import read_export
from crawler.sources.imdb.tables import read_tables
from crawler.sources.open_library.dumps import read_dumps
from crawler.tables.catalogues import check_catalogues, read_catalogues
from evaluation.benchmark import read_benchmark
from evaluation.errors import BenchmarkInvalid
from indexer.errors import ValueHeadInvalid
from indexer.value_training.label_files import read_labels

LINES = [f"{number} {number**9}\n".encode() for number in range(1, 20_001)]
CONTENT = b"".join(LINES)
MANGLED: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda packed: packed[: len(packed) // 2],
    "damaged": lambda packed: packed[: len(packed) // 2] + b"\xff" * 50 + packed[len(packed) // 2 + 50 :],
    "without its checksum": lambda packed: packed[:-4],
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize("mark", [b"", BYTE_ORDER_MARK], ids=["without mark", "with mark"])
@pytest.mark.parametrize("content", [b"", b"a", b"abc", BYTE_ORDER_MARK, CONTENT], ids=len)
def test_content_is_unpacked_and_without_one_mark(
    tmp_path: Path, pack: Callable[[bytes], bytes], mark: bytes, content: bytes
) -> None:
    path = tmp_path / "any name"
    path.write_bytes(pack(mark + content))
    expected = (mark + content).removeprefix(BYTE_ORDER_MARK)
    with open_unpacked(path) as file:
        assert file.read(2) + file.read() == expected
    assert b"".join(line for _, line in read_lines(path, 100)) == expected


@pytest.mark.parametrize("mangle", MANGLED)
def test_all_lines_before_the_damage_are_read_and_the_next_is_named(tmp_path: Path, mangle: str) -> None:
    path = tmp_path / "lines.gz"
    path.write_bytes(MANGLED[mangle](gzip.compress(CONTENT)))
    lines: list[bytes] = []
    reading = read_lines(path, 100)
    with pytest.raises(GzipDamaged) as damaged:
        lines.extend(line for _, line in reading)
    assert len(lines) > 5_000
    n_whole = 5_000 if mangle == "damaged" else len(lines)  # damaged bytes may be unpacked to others for a while
    assert lines[:n_whole] == LINES[:n_whole]
    assert str(damaged.value).startswith(f"{path}:{len(lines) + 1}: the gzip stream is damaged or cut short here (")
    assert str(damaged.value).endswith("): fetch or compress the file again")


def test_a_line_that_is_too_long_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"x" * 1_000 + b"\n" + b"short\n" + b"y" * 35)
    assert list(read_lines(path, 10)) == [(1, b"x" * 11), (2, b"short\n"), (3, b"y" * 11)]


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueMissing, match=r"none\.gz cannot be read: No such file"):
        list(read_lines(tmp_path / "none.gz", 10))
    with pytest.raises(CatalogueMissing, match="is a folder: name the files in it"):
        list(read_lines(tmp_path, 10))


def first_problem_of_benchmark(path: Path) -> str:
    with pytest.raises(BenchmarkInvalid) as problem:
        read_benchmark(path.parent, "test", path)
    return str(problem.value)


def first_problem_of_labels(path: Path) -> str:
    with pytest.raises(ValueHeadInvalid) as problem:
        list(read_labels([path], frozenset()))
    return str(problem.value)


READERS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "a catalogue": (
        json.dumps({"source": "s", "source_id": "1", "title": "A"}),
        lambda path: str([*read_catalogue(path)][-1]),
    ),
    "IMDb's tables": ("tconst\ttitleType\tprimaryTitle", lambda path: str([*read_tables([path])])),
    "Open Library's dumps": ("/type/other\t/x\t1\t2020\t{}", lambda path: str([*read_dumps([path])])),
    "a Goodreads export": ("Book Id,Title,Author", lambda path: str([*read_export(path)])),
    "labels": ('{"imdb_id": "tt1", "split": "train", "tags": []}', first_problem_of_labels),
    "queries": ('{"_id": "q", "text": "a"}', first_problem_of_benchmark),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_reports_a_cut_file_in_the_same_words(tmp_path: Path, reader: str) -> None:
    line, read = READERS[reader]
    path = tmp_path / "queries.jsonl"
    path.write_bytes(gzip.compress(BYTE_ORDER_MARK + line.encode() + b"\n")[:-6])
    assert "the gzip stream is damaged or cut short here (" in read(path)


@contextmanager
def pipe_with(path: Path, content: bytes) -> Iterator[Path]:
    """Yield a pipe into which another thread writes."""
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    writer.start()
    yield path
    writer.join()


def test_a_catalogue_comes_whole_through_a_pipe(tmp_path: Path) -> None:
    line = b'{"source": "mine", "source_id": "1", "kind": "book", "title": "Salt"}\n'
    with pipe_with(tmp_path / "pipe", line * 3) as pipe:
        check_catalogues([pipe])
        assert len(list(read_catalogues([pipe]))) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["crawl", "table", "PIPE", "-o", "OUT"],
        ["crawl", "tmdb", "--saved", "PIPE", "-o", "OUT"],
        ["crawl", "imdb", "--saved", "PIPE", "-o", "OUT"],
        ["train-taste", "PIPE", "-o", "OUT"],
    ],
    ids=" ".join,
)
def test_a_pipe_is_refused_in_one_line_where_a_file_is_read_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    paths = {"PIPE": tmp_path / "pipe", "OUT": tmp_path / "out"}
    assert evoke.main([str(paths.get(each, each)) for each in arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / 'pipe'} is a pipe, which can be read only once: write its content to a file" in line
    assert not (tmp_path / "out").exists()


def test_a_table_in_a_pipe_is_no_catalogue_and_the_line_says_what_to_do(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pipe_with(tmp_path / "pipe", b"Title,Year\nSalt,1994\n") as pipe:
        assert evoke.main(["index", str(pipe)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "or write a table to a file, since it is not read through a pipe" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "/dev/urandom"],
        ["profile", "/dev/zero", "-o", "OUT"],
        ["crawl", "table", "/dev/urandom", "-o", "OUT"],
        ["crawl", "tmdb", "--saved", "/dev/zero", "-o", "OUT"],
        ["crawl", "tmdb", "--ids-file", "/dev/zero", "-o", "OUT"],
        ["train-taste", "/dev/zero", "-o", "OUT"],
        ["recommend", "--profile", "/dev/zero"],
        ["evaluate", "--baseline", "/dev/zero"],
    ],
    ids=" ".join,
)
def test_a_device_is_refused_in_one_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert evoke.main([each.replace("OUT", str(tmp_path / "out")) for each in arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is a device: name a file" in line


def test_a_file_that_never_has_a_record_is_not_read_to_its_end(tmp_path: Path) -> None:
    record = b'{"source": "mine", "source_id": "1", "kind": "book", "title": "Salt"}\n'
    path = tmp_path / "log"
    path.write_bytes(b"no record\n" * MOST_LINES_WITHOUT_RECORD + record)
    *_, last = read_catalogue(path)
    assert isinstance(last, Rejected)
    assert (last.line.number, last.reason) == (
        MOST_LINES_WITHOUT_RECORD + 1,
        "none of the 10,000 lines before is a record: the rest was not read",
    )
    path.write_bytes(record + b"no record\n" * MOST_LINES_WITHOUT_RECORD + record)
    assert len(list(read_catalogue(path))) == MOST_LINES_WITHOUT_RECORD + 2
