"""The report's plots, as SVG in the colours of the page; they contain no text of a catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from indexer.profile.vocabulary import HeapsLaw
from indexer.svg_plots import INK, draw_svg

_HUES = {"movie": "#0000a3", "book": "#0000a4", "unknown": "#0000a5"}
_PAGE_COLOURS = {hue: f"var(--{kind})" for kind, hue in _HUES.items()}

_MOST_BINS = 30
_FAR_SHARE = 0.15
"""The outermost 0.5% of values at an end are not plotted if they reach further than this share of the others' span."""


def plot_distribution(
    name: str, numbers: Mapping[str, pd.Series[float]], edges: NDArray[np.float64], *, log: bool
) -> str:
    """Return one histogram for each kind, in percent of its numbers; numbers beyond the edges are left out.

    Medians are dotted lines. `name` must be unique on the page.
    """

    def draw(axes: Axes) -> None:
        for kind, values in numbers.items():
            counts, _ = np.histogram(values, edges)
            shares = 100 * counts / max(len(values), 1)
            axes.stairs(shares, edges, fill=True, color=_HUES[kind], alpha=0.22)
            axes.stairs(shares, edges, color=_HUES[kind], linewidth=1.4)
            axes.axvline(values.median(), color=_HUES[kind], linewidth=1.2, linestyle=(0, (2, 2)))
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(bottom=0)
        if log:
            _scale_log(axes, "x")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=bool((edges % 1 == 0).all())))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:g}%"))

    return _svg(name, draw)


def plot_growth(name: str, growth: Mapping[str, tuple[Sequence[tuple[int, int]], HeapsLaw]]) -> str:
    """Return a plot of distinct words against words read, with a curve and a dashed line (the fitted law) per kind."""

    def draw(axes: Axes) -> None:
        for kind, (points, law) in growth.items():
            n_seen, n_distinct = zip(*points, strict=True)
            axes.plot(n_seen, n_distinct, color=_HUES[kind], linewidth=2)
            ends = (n_seen[0], n_seen[-1])
            axes.plot(ends, [law.distinct(n) for n in ends], color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlabel("words read")
        axes.set_ylabel("distinct words")
        _scale_log(axes, "x")
        _scale_log(axes, "y")

    return _svg(name, draw)


def bin_edges(values: pd.Series[float], *, log: bool) -> NDArray[np.float64]:
    """Return the edges of about 30 bins or fewer.

    On a linear axis the edges are round numbers, and the far ends of a long-tailed distribution are left out. On a
    logarithmic axis the edges lie halfway between whole numbers and are evenly spaced by their logarithms.
    """
    least, most = values.min(), values.max()
    if log:
        return np.unique(np.geomspace(least, most + 1, _MOST_BINS).round()) - 0.5
    low, high = values.quantile([0.005, 0.995])
    far = _FAR_SHARE * (high - low)
    low, high = (least if low - least < far else low), (most if most - high < far else high)
    whole = bool((values % 1 == 0).all())
    edges = MaxNLocator(_MOST_BINS, steps=[1, 2, 2.5, 5, 10], integer=whole).tick_values(low, max(high, low + whole))
    return np.asarray(edges).round(6)


def _scale_log(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, with a few labelled numbers."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    decades = np.arange(np.floor(np.log10(max(low, 0.5))), np.ceil(np.log10(high)) + 1)
    within = [tick for decade in decades for step in (1, 3) if low <= (tick := step * 10.0**decade) <= high]
    axis.set_major_locator(FixedLocator(within[-1::-2][::-1] if len(within) > 6 else within))
    axis.set_major_formatter(FuncFormatter(lambda number, _: _brief(number)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _brief(number: float) -> str:
    """Return a number as an axis shows it: 300, 3k, 3M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:g}{letter}"
    return f"{number:g}"


def _svg(name: str, draw: Callable[[Axes], None]) -> str:
    def draw_with_rows(axes: Axes) -> None:
        axes.grid(visible=False, axis="x")
        draw(axes)

    return draw_svg(name, draw_with_rows, _PAGE_COLOURS)
