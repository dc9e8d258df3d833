"""Read catalogue files into the store; lines that are not records go to the reject file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from crawler.catalogue import Line, Rejected
from crawler.mending import describe_mended
from crawler.progress import with_progress
from crawler.records import SourceRecord
from crawler.tables.catalogues import check_catalogues, read_catalogues
from crawler.tables.works import LeftOut
from indexer.build_report import BuildReport
from indexer.errors import NothingToIndex, StorageFailed
from indexer.merging.match_keys import canonical_source
from indexer.reviews.keeping import EVERY_SOURCE, Keeping
from indexer.stages import batched
from indexer.store import READ_BATCH, Store


def starter_catalogue() -> Path:
    """Return the packaged catalogue, which is indexed if no other is named."""
    with as_file(files("indexer") / "starter.jsonl") as path:
        return path


class RejectFile:
    """The file for lines that are not records.

    A run that rejects lines replaces the file of an earlier run; a run that rejects none removes it.

    Attributes:
        path: The file.
        first: The first rejected line, if any.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: Rejected | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        if self.path.is_file():
            self.path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def write(self, rejected: Rejected) -> None:
        """Add a rejected line."""
        if self._file is None:
            self.first = rejected
            self._file = self.path.open("wb")
        self._file.write(rejected.to_json())


def check_files(catalogues: Sequence[Path], rejects: Path) -> None:
    """Refuse catalogues that cannot be read, and a reject file that is one of them.

    Raises:
        CatalogueMissing: A file cannot be read.
        TableRefused: A table is not known by its columns; the line has the command that reads it.
        StorageFailed: The reject file is a catalogue.
    """
    check_catalogues(catalogues)
    for path in catalogues:
        if rejects.exists() and rejects.samefile(path):
            raise StorageFailed(f"--rejects {rejects}: is one of the catalogues; name another file")


def read_records(
    catalogues: Sequence[Path],
    store: Store,
    run: int,
    report: BuildReport,
    reject_file: RejectFile,
    keeping: Keeping,
    *,
    prune: bool,
    keep_starter: bool,
) -> None:
    """Store the records of catalogues with their reviews, and remove the pruned and the starter's; count all of them.

    Raises:
        NothingToIndex: No line is a record.
    """

    def reject(rejected: Rejected) -> None:
        report.n_rejected += 1
        reject_file.write(rejected)

    left_out = LeftOut()
    mended: Counter[str] = Counter()
    lines = with_progress(_records(catalogues, reject, left_out, mended), "records", "reading")
    for batch in batched(lines, READ_BATCH):
        changes = store.put_records(
            [(record, str(line)) for line, record in batch], run, keeping=keeping, counts=report.reviews
        )
        for (line, record), (change, earlier) in zip(batch, changes, strict=True):
            if change == "conflicting":
                reason = f"source_id: {record.source_id!r} is also at {earlier}, with other content: keep one of them"
                reject(Rejected(line, reason, record.model_dump_json(exclude_unset=True)))
            else:
                report.changes[change] += 1
    report.notes += left_out.lines()
    if not report.changes:
        raise NothingToIndex(_why_nothing(catalogues, report, reject_file))
    if mended:
        report.notes.append(f"records that were read as what they mean: {describe_mended(mended)}")
    if prune and report.n_rejected:
        report.notes.append("nothing was pruned, since lines were rejected: correct them and run again")
    elif prune:
        report.n_pruned = store.prune(run, keep_starter=keep_starter)
    if not keep_starter and (n_removed := store.remove_starter(run)):
        report.notes.append(
            f"the starter catalogue's {n_removed:,} works were removed: `evoke index --keep-starter` brings them back"
        )
    report.notes += apply_keeping(store, keeping)


def apply_keeping(store: Store, keeping: Keeping) -> list[str]:
    """Change what is kept of the reviews of records that were not read now; return notes for the person."""
    n_removed = store.review_table.apply(keeping)
    sources = set(map(canonical_source, store.sources()))
    unknown = [name for name in keeping.named if name != EVERY_SOURCE and canonical_source(name) not in sources]
    return [
        *([f"{n_removed:,} stored reviews were removed, since none are kept of their sources"] if n_removed else []),
        *(f"EVOKE_KEEP_REVIEWS names {name!r}, which is the source of no record" for name in unknown),
    ]


def _why_nothing(catalogues: Sequence[Path], report: BuildReport, reject_file: RejectFile) -> str:
    first = reject_file.first
    if first is None:
        return f"{', '.join(map(str, catalogues))}: no records: write one on each line; the index is unchanged"
    more = f" and {report.n_rejected - 1:,} more" if report.n_rejected > 1 else ""
    table = ""
    if first.line.path.is_fifo():
        table = ", or write a table to a file, since it is not read through a pipe"
    elif first.reason.startswith("source: Field"):
        table = f", or read a table by evoke crawl table {first.line.path}"
    return f"{first.line}: {first.reason}{more}; no line is a record: correct the lines in {reject_file.path}{table}"


def _records(
    catalogues: Sequence[Path], reject: Callable[[Rejected], None], left_out: LeftOut, mended: Counter[str]
) -> Iterator[tuple[Line, SourceRecord]]:
    for entry in read_catalogues(catalogues, left_out, mended):
        if isinstance(entry, Rejected):
            reject(entry)
        else:
            yield entry
