"""Facts of all works as columns in files, which every process maps; a row is a work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.known.fields import MOST_MAKERS

KNOWN_VERSION = 4
"""Raise it with any change of these files that a reader relies on: they are then made again."""
FIGURES_FILE = "columns.json"


class Column(NamedTuple):
    """The type of a column, and how many numbers a row has; None: it is one number, without an axis of its own."""

    dtype: str
    width: int | None = None

    def shape(self, n_rows: int) -> tuple[int, ...]:
        """Return the shape of the column."""
        return (n_rows,) if self.width is None else (n_rows, self.width)


COLUMNS: Mapping[str, Column] = {
    "points": Column("<u8"),
    "kinds": Column("<i1"),
    "years": Column("<f4"),
    "n_ratings": Column("<i8"),
    "rating_means": Column("<f8"),
    "n_facts": Column("<i2"),
    "least_ages": Column("<i1"),
    "makers": Column("<i8", MOST_MAKERS),
    "series": Column("<i8"),
    "volumes": Column("<f4"),
    "languages": Column("S8"),
    "sole_countries": Column("S8"),
    "known_facts": Column("<u2"),
    "is_there": Column("?"),
}
"""The plain columns: each row is read from one work alone."""
TEXTS = ("ids", "titles", "series_names")
"""The columns of texts, each in two files: the texts one after another, and the byte where each ends."""
Array = NDArray[Any]


def column_path(folder: Path, name: str) -> Path:
    """Return the file of a column."""
    return folder / f"{name}.column"


def map_column(folder: Path, name: str, dtype: str, shape: Sequence[int], *, writable: bool = False) -> Array:
    """Return a column as an array that maps its file."""
    if 0 in shape:
        return np.zeros(tuple(shape), dtype)
    mapped: Array = np.memmap(column_path(folder, name), dtype, "r+" if writable else "r", shape=tuple(shape))
    # As a plain array: numpy's subclass for maps makes each small operation three times slower.
    return mapped.view(np.ndarray)


def map_columns(folder: Path, names: Sequence[str]) -> list[Array]:
    """Return some of the columns of a folder, of the shapes in its figures."""
    shapes: dict[str, Any] = read_figures(folder)["shapes"]
    return [map_column(folder, name, *shapes[name]) for name in names]


class TextColumn:
    """Texts by row, decoded when they are asked for.

    Args:
        texts: The UTF-8 bytes of all texts, uint8 (n_bytes,).
        ends: The byte where each text ends, uint64 (n,).
    """

    def __init__(self, texts: Array, ends: Array) -> None:
        self._texts = texts
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, row: int) -> str:
        start = int(self._ends[row - 1]) if row else 0
        return self._texts[start : int(self._ends[row])].tobytes().decode()


class ColumnWriter:
    """Writes the columns of a generation, from nothing or from those of the generation before.

    Args:
        folder: An empty folder, or one with copies of the columns to change.
        n_dimensions: How many values and tags a work has a strength for.
    """

    def __init__(self, folder: Path, n_dimensions: int) -> None:
        self._folder = folder
        figures = read_figures(folder)
        self.n_rows: int = figures.get("n_rows", 0)
        self.genre_names: list[str] = figures.get("genre_names", [])
        self._widths = {**COLUMNS, "strengths": Column("|u1", n_dimensions)}
        self._n_genre_bytes = -(-len(self.genre_names) // 8)
        self._n_old_rows = self.n_rows
        self._genres: dict[int, list[int]] = {}
        self._texts: dict[str, dict[int, bytes]] = {name: {} for name in TEXTS}

    def put(
        self,
        rows: Sequence[int],
        values: Sequence[Mapping[str, Any]],
        strengths: Array,
        texts: Sequence[Mapping[str, str]],
        genres: Sequence[Sequence[str]],
    ) -> None:
        """Set the rows of works, one for each; new rows follow each other from `n_rows` on.

        Args:
            rows: The row of each work.
            values: The values of its plain columns.
            strengths: The strengths of its values and tags, from 0 to 255: uint8 (n, n_dimensions).
            texts: Its texts by column.
            genres: Its genres in lower case.
        """
        places = {name: place for place, name in enumerate(self.genre_names)}
        arrays: dict[str, Array] = {
            name: np.array([each[name] for each in values], dtype=column.dtype) for name, column in COLUMNS.items()
        }
        arrays["strengths"] = strengths
        numbers = np.array(rows, dtype=np.intp)
        is_new = numbers >= self.n_rows
        for name, array in arrays.items():
            if is_new.any():
                with column_path(self._folder, name).open("ab") as file:
                    file.write(np.ascontiguousarray(array[is_new]).tobytes())
            if not is_new.all():
                column = self._widths[name]
                mapped = map_column(self._folder, name, column.dtype, column.shape(self.n_rows), writable=True)
                mapped[numbers[~is_new]] = array[~is_new]
        for row, own_texts, own_genres in zip(rows, texts, genres, strict=True):
            for name in TEXTS:
                self._texts[name][row] = own_texts[name].encode()
            self._genres[row] = [places.setdefault(genre, len(places)) for genre in own_genres]
        self.genre_names = list(places)
        self.n_rows += int(is_new.sum())

    def remove(self, rows: Sequence[int]) -> None:
        """Empty the rows of works that are gone; they stay, without a work."""
        for name, value in (("is_there", False), ("n_ratings", 0), ("kinds", -1), ("known_facts", 0), ("points", 0)):
            mapped = map_column(self._folder, name, COLUMNS[name].dtype, (self.n_rows,), writable=True)
            mapped[list(rows)] = value
        for row in rows:
            self._genres[row] = []

    def finish_texts_and_genres(self) -> Array:
        """Write what is collected until all works are known: the texts, and the genres as bits.

        Returns:
            The genres of every work, one bit each: uint8 (n_rows, n_bytes).
        """
        for name in TEXTS:
            self._write_texts(name, self._texts[name])
        n_bytes = -(-len(self.genre_names) // 8)
        bits = np.zeros((self.n_rows, n_bytes), dtype=np.uint8)
        if self._n_old_rows and self._n_genre_bytes:
            old = map_column(self._folder, "genre_bits", "|u1", (self._n_old_rows, self._n_genre_bytes))
            bits[: self._n_old_rows, : self._n_genre_bytes] = old
        for row, genres in self._genres.items():
            bits[row] = 0
            for place in genres:
                bits[row, place // 8] |= 128 >> place % 8
        self.write("genre_bits", bits)
        return bits

    def _write_texts(self, name: str, changed: Mapping[int, bytes]) -> None:
        if not changed and self._n_old_rows:
            return
        old_ends = np.fromfile(_ends_path(self._folder, name), dtype="<u8") if self._n_old_rows else np.zeros(0, "<u8")
        old = column_path(self._folder, name).read_bytes() if self._n_old_rows else b""
        lengths = np.zeros(self.n_rows, dtype="<u8")
        lengths[: len(old_ends)] = np.diff(old_ends, prepend=np.uint64(0))
        pieces: list[bytes] = []
        at = 0
        for row in sorted(changed):
            if row < len(old_ends):
                start = int(old_ends[row - 1]) if row else 0
                pieces += [old[at:start], changed[row]]
                at = int(old_ends[row])
            else:
                pieces += [old[at:], changed[row]]
                at = len(old)
            lengths[row] = len(changed[row])
        column_path(self._folder, name).write_bytes(b"".join([*pieces, old[at:]]))
        np.cumsum(lengths, dtype="<u8").tofile(_ends_path(self._folder, name))

    def read(self, name: str) -> Array:
        """Return a column as it is written so far: (n_rows,), or (n_rows, width)."""
        column = self._widths[name]
        return map_column(self._folder, name, column.dtype, column.shape(self.n_rows))

    def write(self, name: str, array: Array) -> None:
        """Write a derived column."""
        np.ascontiguousarray(array).tofile(column_path(self._folder, name))

    def write_figures(self, figures: Mapping[str, Any], derived: Mapping[str, Array]) -> None:
        """Write the derived columns, and the shapes of all columns with the figures."""
        for name, array in derived.items():
            self.write(name, array)
        shapes: dict[str, list[Any]] = {
            name: [column.dtype, list(column.shape(self.n_rows))] for name, column in self._widths.items()
        }
        shapes["genre_bits"] = ["|u1", [self.n_rows, -(-len(self.genre_names) // 8)]]
        shapes |= {name: [array.dtype.str, list(array.shape)] for name, array in derived.items()}
        content = {
            "version": KNOWN_VERSION,
            "n_rows": self.n_rows,
            "genre_names": self.genre_names,
            "shapes": shapes,
            **figures,
        }
        (self._folder / FIGURES_FILE).write_text(json.dumps(content), encoding="utf-8")


def read_figures(folder: Path) -> dict[str, Any]:
    """Return the shapes and figures of a folder of columns; {} when it has none that can be read."""
    try:
        return dict(json.loads((folder / FIGURES_FILE).read_bytes()))
    except (OSError, ValueError):
        return {}


def _ends_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.ends"


def map_texts(folder: Path, name: str, n_rows: int) -> TextColumn:
    """Return a column of texts that maps its files."""
    path, ends_path = column_path(folder, name), _ends_path(folder, name)
    n_bytes = path.stat().st_size
    texts: Array = np.memmap(path, np.uint8, "r") if n_bytes else np.zeros(0, np.uint8)
    ends: Array = np.memmap(ends_path, "<u8", "r", shape=(n_rows,)) if n_rows else np.zeros(0, "<u8")
    return TextColumn(texts.view(np.ndarray), ends.view(np.ndarray))
