"""The report's plots, as SVG in the colours of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from evaluation.records import Interval
from indexer.svg_plots import INK, draw_svg

_GAIN, _LOSS = "#0000a3", "#0000a4"
_PAGE_COLOURS = {_GAIN: "var(--gain)", _LOSS: "var(--loss)"}
_ROW_HEIGHT, _AXIS_HEIGHT = 21 / 72, 36 / 72

_FOREIGN_LETTER = re.compile("[^ -~]")
_NAME_CHARACTERS = 18


def plot_intervals(name: str, systems: Mapping[str, Interval], *, highlighted: str, baseline: str) -> str:
    """Return a plot with a dot and an interval for each system; the baseline's mean is a dashed line.

    `name` must be unique on the page.
    """

    def draw(axes: Axes) -> None:
        rows = range(len(systems))
        for row, (system, interval) in zip(rows, systems.items(), strict=True):
            colour = _GAIN if system == highlighted else INK
            axes.plot([interval.low, interval.high], [row, row], color=colour, linewidth=1.6)
            axes.plot([interval.value], [row], color=colour, marker="o", markersize=6)
        if baseline in systems:
            axes.axvline(systems[baseline].value, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.set_yticks(rows, [_plain_name(system) for system in systems], parse_math=False)
        axes.set_ylim(len(systems) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(5))

    return draw_svg(name, draw, _PAGE_COLOURS, _AXIS_HEIGHT + _ROW_HEIGHT * len(systems))


def plot_differences(name: str, differences: Sequence[float]) -> str:
    """Return a plot with a bar for each difference, in the given order: wins above the line, losses below it.

    `name` must be unique on the page.
    """

    def draw(axes: Axes) -> None:
        edges = np.arange(len(differences) + 1)
        axes.stairs(np.maximum(differences, 0), edges, fill=True, color=_GAIN)
        axes.stairs(np.minimum(differences, 0), edges, fill=True, color=_LOSS)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xlim(0, len(differences))
        axes.set_xlabel("queries")
        axes.grid(visible=False, axis="x")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))

    return draw_svg(name, draw, _PAGE_COLOURS)


def _plain_name(name: str) -> str:
    """Return a name in characters that any typeface has, cut short; the tables show it in full."""
    plain = _FOREIGN_LETTER.sub("?", name)
    return plain if len(plain) <= _NAME_CHARACTERS else plain[:_NAME_CHARACTERS] + "..."
