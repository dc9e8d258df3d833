"""Catalogue files to stored records; lines that are not records go to the reject file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from tqdm import tqdm

from crawler.catalogue import Line, Rejected, check_catalogue, read_catalogue
from crawler.records import SourceRecord
from indexer.build_report import BuildReport
from indexer.errors import NothingToIndex, StorageFailed
from indexer.stages import batched
from indexer.store import READ_BATCH, Store


def starter_catalogue() -> Path:
    """Gives the catalogue that ships with Evoke."""
    with as_file(files("indexer") / "starter.jsonl") as path:
        return path


class RejectFile:
    """Where lines that are no records go: made anew by a run that rejects some, gone after one that rejects none."""

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
        """Adds a line."""
        if self._file is None:
            self.first = rejected
            self._file = self.path.open("wb")
        self._file.write(rejected.to_json())


def _check_files(catalogues: Sequence[Path], rejects: Path) -> None:
    for path in catalogues:
        check_catalogue(path)
        if rejects.exists() and rejects.samefile(path):
            raise StorageFailed(f"{rejects} is a catalogue to read: name another file for the rejected lines")


def _read_records(
    catalogues: Sequence[Path], store: Store, run: int, report: BuildReport, reject_file: RejectFile, *, prune: bool
) -> None:
    def reject(rejected: Rejected) -> None:
        report.n_rejected += 1
        reject_file.write(rejected)

    lines = tqdm(_records(catalogues, reject), desc="reading", unit=" records", disable=None, leave=False)
    for batch in batched(lines, READ_BATCH):
        changes = store.put_records([(record, str(line)) for line, record in batch], run)
        for (line, record), (change, earlier) in zip(batch, changes, strict=True):
            if change == "conflicting":
                reason = f"source_id: {record.source_id!r} was given already at {earlier}, with other content"
                reject(Rejected(line, reason, record.model_dump_json(exclude_unset=True)))
            else:
                report.changes[change] += 1
    if not report.changes:
        raise NothingToIndex(_why_nothing(catalogues, report, reject_file))
    if prune and report.n_rejected:
        report.notes.append("nothing was pruned, since lines were rejected: mend them and run again")
    elif prune:
        report.n_pruned = store.prune(run)


def _why_nothing(catalogues: Sequence[Path], report: BuildReport, reject_file: RejectFile) -> str:
    first = reject_file.first
    if first is None:
        return f"there is no line in {', '.join(map(str, catalogues))}: give one record a line; the index is as it was"
    more = f" and {report.n_rejected - 1:,} more" if report.n_rejected > 1 else ""
    return f"{first.line}: {first.reason}{more}; no work could be read, mend the lines kept in {reject_file.path}"


def _records(catalogues: Sequence[Path], reject: Callable[[Rejected], None]) -> Iterator[tuple[Line, SourceRecord]]:
    for path in catalogues:
        for told in read_catalogue(path):
            if isinstance(told, Rejected):
                reject(told)
            else:
                yield told
