"""The table of docs/configuration.md, made from the settings: `python -m tests.docs.configuration` writes it."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name

import evoke
from crawler import markdown_tables
from crawler.settings import describe_variables

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"
COMMAND = "python -m tests.docs.configuration"
_HEADER = ("variable", "meaning", "type", "default", "read by")


def make_page(page: str) -> str:
    """Return the page with its table made anew."""
    return markdown_tables.replace_table(page, make_table())


def make_table() -> str:
    """Return a Markdown table with a row for each variable, in the order of the settings classes."""
    classes = [resolve_name(name) for name in evoke.STAGES.settings]
    rows = [
        (f"`{v.name}`", v.description, v.type, f"`{v.default}`" if v.default else "", _readers(v.stages, len(classes)))
        for v in describe_variables(classes)
    ]
    return markdown_tables.make_table(_HEADER, rows)


def _readers(stages: tuple[str, ...], n_stages: int) -> str:
    return "all" if len(stages) == n_stages else ", ".join(f"`{stage}`" for stage in stages)


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
