"""The table of sources in docs/sources.md, made from the declarations.

`python -m crawler.sources.docs docs/sources.md` writes it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crawler.id_names import ID_NAMES
from crawler.markdown_tables import make_table, replace_table
from crawler.sources.source import Pace, Source
from crawler.sources.table import SOURCES

COLUMNS = ("source", "options", "needs", "pace", "robots.txt", "answers kept for", "ids", "reviews", "images", "terms")
_SELECTIONS = ("query", "ids", "from_date")


def sources_table() -> str:
    """Return the table in Markdown, a row for each source."""
    return make_table(COLUMNS, map(_row, SOURCES.values()))


def make_page(page: str) -> str:
    """Return the page with its table made anew."""
    return replace_table(page, sources_table())


def _row(source: Source) -> tuple[str, ...]:
    options = ", ".join(f"`--{name.replace('_', '-')}`" for name in _SELECTIONS if name in source.selections)
    return (
        f"`{source.name}`",
        "; ".join(filter(None, (options, source.selection_note))),
        " or ".join(f"`{name}`" for name in source.variables) or "nothing",
        _pace(source.pace) if source.spider else "not asked",
        _robots(source) if source.spider else "not asked",
        _days(source.cache_days) if source.spider else "not asked",
        ", ".join(f"`{name}`" for name in ID_NAMES if name in source.ids),
        f"{source.keeps_reviews}: {source.keeps_reviews_why}",
        f"{source.image_terms}. Evoke keeps them for {_days(source.image_days)}" if source.image_hosts else "none",
        f"<{source.terms}>",
    )


def _robots(source: Source) -> str:
    return f"not consulted: {source.robots_exemption}" if source.robots_exemption else "obeyed"


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
    path.write_text(make_page(path.read_text(encoding="utf-8")), encoding="utf-8")
