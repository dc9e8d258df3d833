"""`evoke crawl table FILE...`: read tables into records, without network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from crawler.catalogue import Rejected, record_to_line
from crawler.errors import CatalogueMissing, TableRefused
from crawler.gzipped import refuse_pipe
from crawler.isbn import mend_isbn
from crawler.output import check_output
from crawler.progress import show_progress
from crawler.records import Kind
from crawler.table_text import read_table_text
from crawler.tables.catalogues import why_unknown
from crawler.tables.cells import Unreadable, read_id
from crawler.tables.files import Table, id_list, open_table
from crawler.tables.presets import find_preset
from crawler.tables.works import LeftOut, is_companion, make_works, read_table

_SHOWN_PLACES = 10


@dataclass
class TableReport:
    """The result of reading tables.

    Attributes:
        n_files: Files read.
        n_records: Records written.
        n_repeated: Rows left out because an earlier row has their work.
        rejected: The places of the rows that are not works, by reason.
        left_out: What of the other rows is not in the records.
        next_step: What to do with the output, if it has no records.
    """

    n_files: int = 0
    n_records: int = 0
    n_repeated: int = 0
    rejected: dict[str, list[str]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)
    next_step: str = ""

    @property
    def n_rejected(self) -> int:
        """The number of rows that are not works."""
        return sum(map(len, self.rejected.values()))

    def reject(self, reason: str, place: str) -> None:
        """Count a row that is not a work."""
        self.rejected.setdefault(reason, []).append(place)

    def rejected_lines(self) -> list[str]:
        """Return a line for each reason, with the places of its rows."""
        return [
            f"{len(places):,} x {reason}: {', '.join(places[:_SHOWN_PLACES])}"
            + (f" and {len(places) - _SHOWN_PLACES:,} more" if len(places) > _SHOWN_PLACES else "")
            for reason, places in sorted(self.rejected.items(), key=lambda entry: -len(entry[1]))
        ]


def crawl_tables(
    paths: Sequence[Path], output: Path, *, mapping: str = "", kind: Kind | None = None, limit: int | None = None
) -> TableReport:
    """Write the records of tables to a file, each work once.

    Args:
        paths: The tables; of a folder its metadata files of Calibre.
        output: Where the records go; not created if there are none.
        mapping: What the columns mean, as `--map` takes it; empty if presets recognise the tables.
        kind: The kind of all works.
        limit: The most records to write.

    Raises:
        CatalogueMissing: A file is not there, or cannot be read more than once.
        TableRefused: A table is not known, the mapping does not fit, or no row is a work; the line says what to do.
        SelectionRefused: The output already exists, or cannot be written.
    """
    files = list(_find_tables(paths))
    tables = {path: open_table(path) for path in files}
    unknown = [path for path in files if not mapping and find_preset(tables[path].columns) is None]
    if lists := [path for path in unknown if id_list(path)]:
        return _write_ids(lists[0], files, output)
    for path, table in tables.items():
        if not mapping and not is_companion(table, _others(table, tables)) and find_preset(table.columns) is None:
            raise TableRefused(why_unknown(path, table))
    existed = output.exists()
    check_output(output, resume=False)
    report = TableReport(n_files=len(files))
    try:
        _write_works(tables, output, mapping, kind, limit, report)
        if not report.n_records:
            why = "; ".join([*report.rejected_lines(), *report.left_out.lines()])
            raise TableRefused(f"{', '.join(map(str, paths))}: no row is a work: {why or 'there are no rows'}")
    except BaseException:
        if not existed and not output.stat().st_size:
            output.unlink()
        raise
    return report


def _write_works(
    tables: dict[Path, Table], output: Path, mapping: str, kind: Kind | None, limit: int | None, report: TableReport
) -> None:
    written: set[tuple[str, str]] = set()
    with output.open("wb") as out, show_progress("works", "reading") as progress:
        for table in tables.values():
            others = _others(table, tables)
            if not mapping and is_companion(table, others):
                continue
            for entry in make_works(read_table(table, mapping, kind, report.left_out, others=others), report.left_out):
                if isinstance(entry, Rejected):
                    report.reject(entry.reason, str(entry.line))
                    continue
                record = entry[1]
                if (record.source, record.source_id) in written:
                    report.n_repeated += 1
                    continue
                written.add((record.source, record.source_id))
                out.write(record_to_line(record))
                report.n_records += 1
                progress.update(1)
                if report.n_records == limit:
                    return


def _others(table: Table, tables: dict[Path, Table]) -> list[Table]:
    return [other for other in tables.values() if other is not table]


def _find_tables(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("metadata.opf"))
            if not inside:
                raise CatalogueMissing(f"{path} is a folder without a metadata.opf of Calibre: name the files in it")
            found += inside
        else:
            refuse_pipe(path)
            found.append(path)
    return list(dict.fromkeys(found))


def _write_ids(path: Path, files: Sequence[Path], output: Path) -> TableReport:
    """Write a list of ids, mended, for `--ids-file`."""
    if len(files) > 1:
        raise TableRefused(f"{path}: is a list of ids: read it alone")
    kind = id_list(path)
    wrong = "not an IMDb id" if kind == "imdb" else "not an ISBN that its check digit confirms"
    report = TableReport(n_files=1)
    ids: dict[str, None] = {}
    for number, line in enumerate(read_table_text(path).text.splitlines(), start=1):
        text = line.strip().strip('"')
        if not text or (number == 1 and not any(map(str.isdigit, text))):
            continue
        try:
            found = read_id("imdb", text) if kind == "imdb" else mend_isbn(text)
        except Unreadable:
            found = None
        if found is None:
            report.reject(wrong, f"{path}:{number}")
        elif found in ids:
            report.n_repeated += 1
        else:
            ids[found] = None
    if not ids:
        raise TableRefused(f"{path}: no line is an id: {'; '.join(report.rejected_lines())}")
    check_output(output, resume=False)
    output.write_bytes(b"".join(orjson.dumps({"id": each}) + b"\n" for each in ids))
    report.n_records = len(ids)
    source = "imdb" if kind == "imdb" else "open-library"
    fetching = f"evoke crawl {source} --ids-file {output} -o works.jsonl"
    report.next_step = f"these are ids without titles: {fetching} fetches the works"
    return report
