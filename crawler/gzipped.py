"""Open files that may be gzipped and may begin with a byte order mark. Every reader of the project opens them here."""

from __future__ import annotations

import gzip
import io
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import CatalogueMissing, GzipDamaged

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BUFFER_BYTES = 128 * 1024


@contextmanager
def open_unpacked(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file for reading bytes: unpacked if it is gzipped, whatever its name, and without a byte order mark.

    Reading raises GzipDamaged where a gzip stream is damaged or cut short, after all bytes before that place.

    Raises:
        CatalogueMissing: the file is not there, is a folder or a device, or may not be read.
    """
    if path.is_char_device() or path.is_block_device():  # such as /dev/urandom, which has no end
        raise CatalogueMissing(f"{path} is a device: name a file")
    with ExitStack() as stack:
        try:
            unpacked = _Unpacked(path, stack.enter_context(path.open("rb")))
        except IsADirectoryError as error:
            raise CatalogueMissing(f"{path} is a folder: name the files in it") from error
        except OSError as error:
            raise CatalogueMissing(f"{path} cannot be read: {error.strerror}") from error
        # The buffer's lines are read in C; those of a GzipFile would be read in Python.
        yield io.BufferedReader(unpacked, BUFFER_BYTES)


def refuse_pipe(path: Path) -> None:
    """Refuse a pipe where a file is opened twice: its writer ends with the first reader, and the second waits for ever.

    Raises:
        CatalogueMissing: the file is a pipe.
    """
    if path.is_fifo():
        raise CatalogueMissing(f"{path} is a pipe, which can be read only once: write its content to a file")


def why_not_utf8(raw: bytes) -> str | None:
    """Return why the bytes of a file, or of a line in it, are not text in UTF-8, and what to do; None if they are."""
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "not UTF-8 but UTF-16: save the file as UTF-8"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte 0x{raw[error.start]:02x} at column {error.start + 1}: save the file as UTF-8"
    return None


def read_lines(path: Path, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number of each line, from 1, and its bytes with the line end.

    A line of more than `max_bytes` is cut to its first `max_bytes + 1`, so that no file fills the memory.

    Raises:
        CatalogueMissing: the file is not there, is a folder, or may not be read.
        GzipDamaged: the gzip stream is damaged or cut short; the message names the file and the line.
    """
    number = 0
    with open_unpacked(path) as file:
        try:
            for number, line in enumerate(iter(partial(file.readline, max_bytes + 1), b""), start=1):
                rest = line
                while len(rest) > max_bytes and not rest.endswith(b"\n"):
                    rest = file.readline(max_bytes + 1)
                yield number, line
        except GzipDamaged as error:
            raise error.at_line(number + 1) from error


class _Unpacked(io.RawIOBase):
    """The bytes of a file, unpacked and without a byte order mark."""

    def __init__(self, path: Path, file: io.BufferedReader) -> None:
        self._path = path
        packed = file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
        self._stream = gzip.GzipFile(fileobj=file) if packed else file
        self._is_at_start = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        chunk = self._read(len(view))
        if self._is_at_start:
            self._is_at_start = False
            # One byte beyond the mark, since an empty chunk would mean the end of the file.
            while len(chunk) <= len(BYTE_ORDER_MARK) and (more := self._read(len(view) - len(chunk))):
                chunk += more
            chunk = chunk.removeprefix(BYTE_ORDER_MARK)
        view[: len(chunk)] = chunk
        return len(chunk)

    def _read(self, most: int) -> bytes:
        try:
            return self._stream.read1(most)  # `read` would lose what it unpacked before the damage
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise GzipDamaged(self._path, str(error)) from error
