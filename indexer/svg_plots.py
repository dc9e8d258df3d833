"""Draw plots as SVG that takes colours and typeface from the page around it, also in its dark mode."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

INK, LINE = "#0000a1", "#0000a2"
_PAGE_COLOURS = {INK: "var(--ink-soft)", LINE: "var(--line)"}

WIDTH, HEIGHT = 360 / 72, 225 / 72  # inches: one unit of the drawing is one pixel on a small phone
_STYLE: dict[RcKeyType, Any] = {
    "font.size": 12,
    "svg.fonttype": "none",  # words stay words, in the page's typeface
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0,
}
_LEFT_OUT = re.compile(
    r"""<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>  # the page has its own
    |\ (?:width|height)="[\d.]+pt"                                           # the page decides
    |(?<=<g)\ id="[^"]*"                                                     # the same in every plot
    |font-family:\ [^;"]*;\ """,
    re.DOTALL | re.VERBOSE,
)


def draw_svg(name: str, draw: Callable[[Axes], None], colours: Mapping[str, str], height: float = HEIGHT) -> str:
    """Return a plot as an SVG element.

    Args:
        name: Unique on the page: it makes the ids inside the plot unique.
        draw: Draws on the axes.
        colours: The CSS colour that replaces each colour used by `draw`; INK and LINE are replaced too.
        height: In inches.
    """
    with mpl.rc_context(_STYLE), mpl.rc_context({"svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    replaced = {**_PAGE_COLOURS, **colours}
    svg = _LEFT_OUT.sub("", file.getvalue())
    return re.sub("|".join(replaced), lambda match: replaced[match[0]], svg).strip()
