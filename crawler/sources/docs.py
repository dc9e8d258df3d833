"""The table of sources in docs/sources.md, made from the declarations.

`python -m crawler.sources.docs docs/sources.md` writes it again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from crawler.id_names import ID_NAMES
from crawler.sources.source import Pace, Source
from crawler.sources.table import SOURCES

COLUMNS = ("source", "options", "needs", "pace", "robots.txt", "answers kept for", "ids", "terms")
_SELECTIONS = ("query", "ids", "from_date")
_TABLE = re.compile(r"^\| source \|.*\n(?:\|.*\n)+", re.MULTILINE)


def sources_table() -> str:
    """Return the table in Markdown, a row for each source."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(_row, SOURCES.values())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def replace_table(page: str) -> str:
    """Return a page with its table of sources replaced by `sources_table`.

    Raises:
        ValueError: the page has no table of sources, or several.
    """
    replaced, n_tables = _TABLE.subn(lambda _: sources_table(), page)
    if n_tables != 1:
        raise ValueError(f"{n_tables} tables that begin with '| source |' were found: there should be one")
    return replaced


def _row(source: Source) -> tuple[str, ...]:
    options = ", ".join(f"`--{name.replace('_', '-')}`" for name in _SELECTIONS if name in source.selections)
    return (
        f"`{source.name}`",
        "; ".join(filter(None, (options, source.selection_note))),
        " or ".join(f"`{name}`" for name in source.variables) or "nothing",
        _pace(source.pace),
        f"not consulted: {source.robots_exemption}" if source.robots_exemption else "obeyed",
        _days(source.cache_days),
        ", ".join(f"`{name}`" for name in ID_NAMES if name in source.ids),
        f"<{source.terms}>",
    )


def _days(days: int | None) -> str:
    if days is None:
        return "until the source changes them"
    return "1 day" if days == 1 else f"{days} days"


def _pace(pace: Pace) -> str:
    at_a_time = f"{pace.n_concurrent} at a time"
    if not pace.delay_seconds:
        return at_a_time
    if pace.delay_seconds < 1:
        return f"{1 / pace.delay_seconds:g} requests/s, {at_a_time}"
    return f"a request every {pace.delay_seconds:g} s, {at_a_time}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(replace_table(path.read_text(encoding="utf-8")), encoding="utf-8")
