"""The tables of presets and targets in docs/tables.md, made from the declarations.

`python -m crawler.tables.docs docs/tables.md` writes them again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crawler.markdown_tables import make_table, replace_table
from crawler.tables.presets import PRESETS, Preset
from crawler.tables.targets import TARGETS


def presets_table() -> str:
    """Return the table of presets in Markdown."""
    return make_table(("table", "recognised by the columns", "left out"), map(_preset_row, PRESETS))


def targets_table() -> str:
    """Return the table of targets in Markdown, those of one meaning in one row."""
    hints: dict[str, list[str]] = {}
    for name, target in TARGETS.items():
        hints.setdefault(target.hint, []).append(f"`{name}`")
    return make_table(("target", "the column has"), [(", ".join(names), hint) for hint, names in hints.items()])


def make_page(page: str) -> str:
    """Return the page with its tables made anew."""
    return replace_table(replace_table(page, presets_table()), targets_table())


def _preset_row(preset: Preset) -> tuple[str, str, str]:
    joined = [f"with {', '.join(sorted(c.columns))} joined" for c in preset.companions]
    columns = ", ".join(sorted(preset.columns))
    return (preset.name, "; ".join([columns, *joined]), ", ".join(preset.personal))


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(make_page(path.read_text(encoding="utf-8")), encoding="utf-8")
