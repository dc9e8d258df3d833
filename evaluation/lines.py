"""Read files of lines, and account for lines that cannot be used: each is refused, or counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from crawler.catalogue import MAX_LINE_BYTES, Line
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import read_lines, why_not_utf8
from evaluation.errors import BenchmarkInvalid, EvaluationError
from evaluation.records import Refusals


def numbered_lines(path: Path, refusal: type[EvaluationError] = BenchmarkInvalid) -> Iterator[tuple[Line, str]]:
    """Yield the lines of a file that are not blank, each with its place; the file may be gzipped.

    Raises:
        EvaluationError: The file cannot be read or is not UTF-8. The error is a `refusal`.
    """
    try:
        for number, raw in read_lines(path, MAX_LINE_BYTES):
            if why := why_not_utf8(raw):
                raise refusal(f"{path}:{number}: is {why}")
            if raw.strip():
                yield Line(path, number), raw.decode("utf-8").rstrip("\r\n")
    except (CatalogueMissing, GzipDamaged) as error:
        raise refusal(str(error)) from error


@dataclass
class Account:
    """What a reader left out, or read otherwise than it is written, by kind.

    Attributes:
        is_lenient: Whether a line that cannot be used is counted; otherwise it is refused.
        refusal: The error that refuses a line.
        counted: How often there was each kind, and where first.
    """

    is_lenient: bool
    refusal: type[EvaluationError] = BenchmarkInvalid
    counted: dict[str, Refusals] = field(default_factory=dict)

    def forgive(self, kind: str, line: Line, problem: str, remedy: str) -> None:
        """Count a line that cannot be used as it is.

        Raises:
            EvaluationError: Reading is not lenient. The message has the line, its problem and the remedy.
        """
        if not self.is_lenient:
            raise self.refusal(f"{line}: {problem}: {remedy}, or allow for such lines with --lenient")
        self.count(kind, f"{line}: {problem}")

    def count(self, kind: str, first: str) -> None:
        """Count what needs no refusal, with the place of the first."""
        earlier = self.counted.get(kind, Refusals(0, first))
        self.counted[kind] = replace(earlier, count=earlier.count + 1)

    def notes(self, name: str) -> tuple[str, ...]:
        """Return a line for each kind, to print; `name` is what was read."""
        return tuple(f"{name}: {each.count:,} {kind}; the first: {each.first}" for kind, each in self.counted.items())
