"""Read judgements (qrels) in BEIR's, TREC's and ir_datasets' columns, grades as trec_eval reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from crawler.catalogue import Line
from evaluation.lines import Account, numbered_lines

_NAMES = {
    "query": ("query-id", "query", "qid", "topic"),
    "work": ("corpus-id", "doc-id", "docid", "docno", "work-id"),
    "grade": ("score", "relevance", "rel", "grade"),
    "iteration": ("iteration", "iter", "q0"),
}
_COLUMN_OF = {name: column for column, names in _NAMES.items() for name in names}
"""The column by its name in a header, with hyphens for underscores."""

_BEIR = ("query", "work", "grade")
_TREC = ("query", "iteration", "work", "grade")

_GRADE = re.compile(r"(-?[0-9]+)(?:\.0*)?", re.ASCII)
MOST_GRADE_DIGITS = 9
"""trec_eval keeps 32 bits of a grade; gains of grades in use are below ten."""


class Judgement(NamedTuple):
    """A line of qrels. A grade below 0 (TREC's "junk", -2) is 0: neither relevant nor a loss in any measure."""

    line: Line
    query_id: str
    work_id: str
    grade: int


def read_judgements(path: Path, account: Account) -> Iterator[Judgement]:
    """Yield the judgements of a file: three columns as in BEIR, four as in TREC, or those that a header names.

    Columns are separated by tabs or, in a line without a tab, by other white space.

    Raises:
        BenchmarkInvalid: The file cannot be read, or a line is not a judgement and is not left out.
    """
    columns: Sequence[str] | None = None
    for place, (line, text) in enumerate(numbered_lines(path)):
        fields = [each.strip() for each in text.split("\t")] if "\t" in text else text.split()
        if place == 0 and (columns := _read_header(fields)):
            continue
        names = columns or (_TREC if len(fields) == len(_TREC) else _BEIR)
        if len(fields) != len(names):
            problem = f"has {len(fields)} fields"
            remedy = f"give {' '.join(columns or _BEIR)}, separated by tabs" + ("" if columns else ", or TREC's four")
        else:
            named = dict(zip(names, fields, strict=True))
            grade = _GRADE.fullmatch(named["grade"])
            if grade and len(grade[1].lstrip("-0")) <= MOST_GRADE_DIGITS:
                yield Judgement(line, named["query"], named["work"], max(0, int(grade[1])))
                continue
            why = f"has more than {MOST_GRADE_DIGITS} digits" if grade else "is not a whole number"
            problem = f"the grade {named['grade'][:40]!r} {why}"
            remedy = "give 0 or less for irrelevant, 1 or more for relevant"
        account.forgive("lines that are no judgements, left out", line, problem, remedy)


def _read_header(fields: Sequence[str]) -> list[str] | None:
    """Return the columns that a header names; None if the line is not a header."""
    columns = [_COLUMN_OF.get(name.casefold().replace("_", "-"), "") for name in fields]
    return columns if all(columns) and sorted({*columns, "iteration"}) == sorted(_TREC) else None
