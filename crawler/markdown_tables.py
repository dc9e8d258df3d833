"""Tables of the documentation that are made from declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def make_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, ("---",) * len(header), *rows))


def replace_table(page: str, table: str) -> str:
    """Return a page with a table in place of the one whose first column has the same name.

    Raises:
        ValueError: The page has no such table, or several.
    """
    begin = table[: table.index("|", 1) + 1]
    pattern = rf"^{re.escape(begin)}.*\n(?:\|.*\n)+"
    replaced, n_tables = re.subn(pattern, lambda _: table, page, flags=re.MULTILINE)
    if n_tables != 1:
        raise ValueError(f"{n_tables} tables that begin with {begin!r} were found: there should be one")
    return replaced
