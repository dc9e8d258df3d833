"""The report's plots: SVG that takes its colours from the page's."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import RcKeyType

from evaluation.records import Interval

# What the plots are drawn in, and what the page's colours replace: a plot follows the page into the dark.
_INK, _LINE, _GAIN, _LOSS = "#0000a1", "#0000a2", "#0000a3", "#0000a4"
_PAGE_COLOURS = {_INK: "var(--ink-soft)", _LINE: "var(--line)", _GAIN: "var(--gain)", _LOSS: "var(--loss)"}

_WIDTH, _HEIGHT = 360 / 72, 225 / 72  # inches: one unit of the drawing is one pixel on a small phone
_ROW_HEIGHT, _AXIS_HEIGHT = 21 / 72, 36 / 72
_STYLE: dict[RcKeyType, Any] = {
    "font.size": 12,
    "svg.fonttype": "none",  # words stay words, in the page's typeface
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.8,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "ytick.major.size": 0,
}
_COLOUR = re.compile("|".join(_PAGE_COLOURS))
_LEFT_OUT = re.compile(
    r"""<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>  # what a page has of its own
    |\ (?:width|height)="[\d.]+pt"                                           # the page decides
    |(?<=<g)\ id="[^"]*"                                                     # every plot would repeat them
    |font-family:\ [^;"]*;\ """,
    re.DOTALL | re.VERBOSE,
)

_FOREIGN_LETTER = re.compile("[^ -~]")
_NAME_CHARACTERS = 18


def plot_intervals(name: str, systems: Mapping[str, Interval], *, highlighted: str, baseline: str) -> str:
    """Gives a dot with its interval for each system, from top to bottom; the baseline's mean is a dashed line.

    The name sets the plot apart from the page's others.
    """

    def draw(axes: Axes) -> None:
        rows = range(len(systems))
        for row, (system, interval) in zip(rows, systems.items(), strict=True):
            colour = _GAIN if system == highlighted else _INK
            axes.plot([interval.low, interval.high], [row, row], color=colour, linewidth=1.6)
            axes.plot([interval.value], [row], color=colour, marker="o", markersize=6)
        if baseline in systems:
            axes.axvline(systems[baseline].value, color=_INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.set_yticks(rows, [_plain_name(system) for system in systems], parse_math=False)
        axes.set_ylim(len(systems) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(5))

    return _svg(name, draw, _AXIS_HEIGHT + _ROW_HEIGHT * len(systems))


def plot_differences(name: str, differences: Sequence[float]) -> str:
    """Gives a bar for each query, as they come: above the line a win, below it a loss.

    The name sets the plot apart from the page's others.
    """

    def draw(axes: Axes) -> None:
        edges = np.arange(len(differences) + 1)
        axes.stairs(np.maximum(differences, 0), edges, fill=True, color=_GAIN)
        axes.stairs(np.minimum(differences, 0), edges, fill=True, color=_LOSS)
        axes.axhline(0, color=_INK, linewidth=0.8)
        axes.set_xlim(0, len(differences))
        axes.set_xlabel("queries")
        axes.grid(visible=False, axis="x")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))

    return _svg(name, draw, _HEIGHT)


def _plain_name(name: str) -> str:
    """Gives a name that any typeface can draw; the tables tell it in full."""
    plain = _FOREIGN_LETTER.sub("?", name)
    return plain if len(plain) <= _NAME_CHARACTERS else plain[:_NAME_CHARACTERS] + "..."


def _svg(name: str, draw: Callable[[Axes], None], height: float) -> str:
    with mpl.rc_context(_STYLE), mpl.rc_context({"svg.hashsalt": name}):  # sets the ids that a plot refers to apart
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = _LEFT_OUT.sub("", file.getvalue())
    return _COLOUR.sub(lambda found: _PAGE_COLOURS[found[0]], svg).strip()
