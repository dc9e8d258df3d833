"""Make records of the rows of tables. What is left out is counted, with the first place where it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.answers import NotAWork, Reason
from crawler.catalogue import Line, Rejected
from crawler.errors import TableRefused
from crawler.records import Kind, SourceRecord
from crawler.sources.json_answers import make_record
from crawler.table_text import BrokenRow
from crawler.tables.cells import Cell, to_cell
from crawler.tables.files import Row, Table, name_columns, open_table
from crawler.tables.presets import Companion, Preset, companion_of, find_preset
from crawler.tables.targets import Mapped, NotAWorkHere, fold, parse_mapping, read_row

if TYPE_CHECKING:
    import pandas as pd

_MOST_SHOWN = 40
"""The characters of a cell that a message quotes."""

_MOST_RAW = 1_000
"""The characters of a rejected row that are kept."""


@dataclass
class LeftOut:
    """What of the rows is not in the records, though the rows are.

    Attributes:
        n: How often, by target and reason.
        first: The first place, with the cell.
        notes: What holds for a whole file.
    """

    n: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, line: Line, target: str, why: str, cell: str) -> None:
        """Count a cell that could not be read."""
        key = f"{target}: {why}"
        self.n[key] += 1
        self.first.setdefault(key, f"{line} {cell[:_MOST_SHOWN] + ('...' if len(cell) > _MOST_SHOWN else '')!r}")

    def lines(self) -> list[str]:
        """Return a line for each note, and for each reason with its count and the first place."""
        return [
            *self.notes,
            *(f"{n:,} x left out, {key}, such as {self.first[key]}" for key, n in self.n.most_common()),
        ]


@dataclass(frozen=True)
class TableOrigin:
    """The source that a table's records name, and the terms that are kept with them, if they are known."""

    name: str
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True)
class ReadTable:
    """A table with what its columns mean.

    Attributes:
        table: The open table.
        mapped: Its columns by target.
        kind: The kind of its works; None if a column or nobody says it.
        origin: The source of its records.
    """

    table: Table
    mapped: Mapped
    kind: Kind | None
    origin: TableOrigin


@dataclass
class TableWorks:
    """What a data frame has: the result of `works_from`.

    Attributes:
        records: A record for each row that is a work; rows of one work count once.
        rejected: The other rows, each with its place, from 1, and the reason.
        notes: What was left out of the records, a line for each reason with its count.
    """

    records: list[SourceRecord]
    rejected: list[Rejected]
    notes: list[str]


def works_from(
    frame: pd.DataFrame, mapping: str = "", *, kind: Kind | None = None, source: str = "table-frame"
) -> TableWorks:
    """Return the records of a data frame's rows, as `evoke crawl table` makes them of a file's.

    Args:
        frame: A table with a row for each work.
        mapping: What its columns mean, as `--map` takes it: "title=Name,year=Released"; empty if a preset knows them.
        kind: The kind of all works; without it, that of the preset or of the column that is mapped to `kind`.
        source: The source that the records name, unless a preset does. Its records replace those of earlier builds.

    Raises:
        TableRefused: A column or target is not known, or no preset recognises the frame; the line says what to write.
    """
    columns = name_columns([to_cell(name) for name in frame.columns])
    values = zip(*(frame.iloc[:, place].tolist() for place in range(len(columns))), strict=True)
    rows = [
        Row(number, dict(zip(columns, map(to_cell, row), strict=True))) for number, row in enumerate(values, start=1)
    ]
    table = Table(Path(source), columns, rows)
    left_out = LeftOut()
    read = read_table(table, mapping, kind, left_out, source=source)
    works = TableWorks([], [], [])
    seen: set[str] = set()
    n_repeated = 0
    for entry in make_works(read, left_out):
        if isinstance(entry, Rejected):
            works.rejected.append(entry)
        elif entry[1].source_id in seen:
            n_repeated += 1
        else:
            seen.add(entry[1].source_id)
            works.records.append(entry[1])
    works.notes += [*left_out.lines(), *([f"{n_repeated:,} x repeated"] if n_repeated else [])]
    return works


def read_table(
    table: Table,
    mapping: str,
    kind: Kind | None,
    left_out: LeftOut,
    *,
    source: str = "",
    others: Iterable[Table] = (),
) -> ReadTable:
    """Return a table with what its columns mean: what `mapping` says, or else the preset that recognises it.

    Args:
        table: The table; with a preset its companions are joined.
        mapping: What `--map` takes, or nothing.
        kind: The kind of all works, or None.
        left_out: Takes what holds for the whole file.
        source: The name of the source, where no preset has one; without it, it is made of the file's name.
        others: Tables that were named with it, among which its companions may be.

    Raises:
        TableRefused: No preset recognises it, or the mapping does not fit; the line says what to write.
    """
    left_out.notes += table.notes
    if mapping:
        origin = TableOrigin(source or source_of(table.path))
        return ReadTable(table, parse_mapping(mapping, table.columns), kind, origin)
    preset = find_preset(table.columns)
    if preset is None:
        raise TableRefused(f"{table.path}: is not a table that is known by its columns: {', '.join(table.columns)}")
    if dropped := [name for name in table.columns if fold(name) in set(map(fold, preset.personal))]:
        left_out.notes.append(
            f"{table.path}: {' and '.join(dropped)}: what a person thinks of a work, not a fact about it: left out"
        )
    table = _join(table, preset, others, left_out)
    origin = TableOrigin(preset.name, preset.licence, preset.attribution)
    return ReadTable(table, parse_mapping(preset.mapping, table.columns, lenient=True), kind or preset.kind, origin)


def source_of(path: Path) -> str:
    """Return the source of the records of a file: `table-films` for `films.csv.gz`."""
    stem = re.sub(r"[^\w.-]+", "-", path.name.removesuffix(".gz").rsplit(".", 1)[0].lower()).strip("-.")
    return f"table-{stem or 'works'}"


def make_works(read: ReadTable, left_out: LeftOut) -> Iterator[tuple[Line, SourceRecord] | Rejected]:
    """Yield each row of a table as a record or a rejection, in order."""
    for row in read.table.rows:
        line = Line(read.table.path, row.line)
        if isinstance(row, BrokenRow):
            yield Rejected(line, row.why, "")
            continue
        made = _make_work(read, row, line, left_out)
        if isinstance(made, NotAWork):
            reason = f"{made.reason}: {made.detail}" if made.detail else str(made.reason)
            raw = ", ".join(str(cell) for cell in row.cells.values() if cell is not None)
            yield Rejected(line, reason, raw[:_MOST_RAW])
        else:
            yield line, made


def _make_work(read: ReadTable, row: Row, line: Line, left_out: LeftOut) -> SourceRecord | NotAWork:
    try:
        draft = read_row(read.mapped, row.cells, read.kind)
    except NotAWorkHere as error:
        found: NotAWork = error.args[0]
        return found
    for target, why, cell in draft.problems:
        left_out.add(line, target, why, cell)
    if not draft.fields.get("title"):
        return NotAWork(Reason.UNTITLED)
    return make_record(read.origin, draft.fields)


def _join(table: Table, preset: Preset, others: Iterable[Table], left_out: LeftOut) -> Table:
    """Return a table with the cells of its companions, which were named with it or lie beside it."""
    named = list(others)
    for companion in preset.companions:
        of = next((name for name in table.columns if fold(name) == fold(companion.of)), None)
        other = next((each for each in named if companion.columns <= set(map(fold, each.columns))), None)
        other = other or _find_beside(table.path, companion)
        if other and of and find_preset(other.columns) is None:
            left_out.notes += [*other.notes, f"{table.path}: joined with {other.path}"]
            table = _joined(table, of, other, companion, left_out)
    return table


def _find_beside(path: Path, companion: Companion) -> Table | None:
    for name in companion.names:
        for beside in (path.with_name(name), path.with_name(f"{name}.gz")):
            if beside.is_file() and beside != path:
                table = open_table(beside)
                return table if companion.columns <= set(map(fold, table.columns)) else None
    return None


def _joined(table: Table, of: str, other: Table, companion: Companion, left_out: LeftOut) -> Table:
    key = next(name for name in other.columns if fold(name) == fold(companion.key))
    cells: dict[str, Mapping[str, Cell]] = {}
    for row in other.rows:
        if isinstance(row, BrokenRow):
            left_out.add(Line(other.path, row.line), "row of a joined table", row.why, "")
        elif row.cells[key] is not None:
            cells.setdefault(str(row.cells[key]), row.cells)

    def read() -> Iterator[Row | BrokenRow]:
        for row in table.rows:
            if isinstance(row, BrokenRow):
                yield row
            else:
                yield Row(row.line, {**cells.get(str(row.cells[of]), {}), **row.cells})

    columns = list(dict.fromkeys([*table.columns, *other.columns]))
    return replace(table, columns=columns, rows=read())


def is_companion(table: Table, others: Sequence[Table]) -> bool:
    """Return whether a table has only facts of works that another of these tables, or one beside it, names.

    Raises:
        TableRefused: It has, but that table is not named.
    """
    if find_preset(table.columns) or not (preset := companion_of(table.columns)):
        return False
    if any(find_preset(other.columns) is preset for other in others):
        return True
    raise TableRefused(
        f"{table.path}: has only facts of the works of another table ({preset.name}): name that table too"
    )
