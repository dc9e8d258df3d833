"""Draw the plots of docs/performance.md: the figures of `benchmarks.compare`, `.growth` and `.stress`.

python -m benchmarks.plots [--results FOLDER] [--images FOLDER]

It draws every result that the folder has. Every plot is an SVG that is readable on light and on dark pages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from indexer.svg_plots import INK, LINE, draw_svg

GREY, FAINT = "#7d8590", "#7d859055"
OURS, OTHERS = "#0969da", ("#bf8700", "#1a7f37", "#cf222e", "#8250df")

Measured = Mapping[str, Any]
Drawing = tuple[Callable[[Axes], None], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("build/bench"))
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    drawings: dict[str, Drawing] = {}
    for path in sorted(options.results.glob("*.json")):
        results = json.loads(path.read_bytes())
        drawings |= DRAWN[path.stem](results) if path.stem in DRAWN else comparison_plots(path.stem, results)
    if not drawings:
        raise SystemExit(f"{options.results} has no figures: run `make bench` or `make bench-growth` first")
    options.images.mkdir(parents=True, exist_ok=True)
    for name, (draw, height) in drawings.items():
        path = options.images / f"{name}.svg"
        path.write_text(standalone(draw_svg(name, draw, {INK: GREY, LINE: FAINT}, height)) + "\n", encoding="utf-8")
        print(path)


def standalone(svg: str) -> str:
    """Return a plot with its own typeface, because an image cannot use that of the page."""
    return svg.replace("<svg ", '<svg font-family="system-ui, sans-serif" font-size="12" ', 1)


def growth_plots(rows: Sequence[Measured]) -> dict[str, Drawing]:
    """Return the plots of growth: of queries and of builds."""
    return {"growth-query": (partial(draw_query_growth, rows), 3.2), "growth-build": (partial(draw_build, rows), 3.2)}


def draw_query_growth(rows: Sequence[Measured], axes: Axes) -> None:
    works = [row["n_works"] for row in rows]
    above = 0.0
    last: Mapping[str, float] = rows[-1]["ask"]["p50_ms"]
    colours = dict(zip(("hybrid", "text", "bm25", "values"), (OURS, *OTHERS), strict=False))
    for name in sorted(colours, key=last.__getitem__):
        p50, colour = [row["ask"]["p50_ms"][name] for row in rows], colours[name]
        axes.plot(works, p50, color=colour, marker="o", markersize=4, linewidth=2.4 if name == "hybrid" else 1.4)
        above = max(p50[-1], 1.35 * above)  # so that names do not overlap
        axes.annotate(name, (works[-1], above), (6, 0), textcoords="offset points", color=colour, va="center")
    scale(axes, works)
    axes.set_ylabel("p50, ms")


def draw_build(rows: Sequence[Measured], axes: Axes) -> None:
    works = [row["n_works"] for row in rows]
    for name, key, colour in (("fill", "fill_seconds", OTHERS[0]), ("vector index", "vector_index_seconds", OURS)):
        seconds = [row["build"][key] for row in rows]
        axes.plot(works, seconds, color=colour, marker="o", markersize=4)
        axes.annotate(name, (works[-1], seconds[-1]), (6, 0), textcoords="offset points", color=colour, va="center")
    scale(axes, works)
    axes.set_ylabel("seconds")


def stress_plots(results: Measured) -> dict[str, Drawing]:
    """Return the plots of a service under stress: of more and more users, and of the soak."""
    return {
        "stress-ramp": (partial(draw_ramp, results["ramp"]), 2.6),
        "stress-rates": (partial(draw_soak, results["soak"], SOAK_RATES, "requests/s"), 2.2),
        "stress-latency": (partial(draw_soak, results["soak"], SOAK_TIMES, "ms"), 2.2),
        "stress-memory": (partial(draw_soak, results["soak"], SOAK_MEMORY, "MiB"), 2.2),
    }


SOAK_RATES = {"answered_per_s": "answered", "refused_per_s": "refused"}
SOAK_TIMES = {"p50_ms": "p50", "p99_ms": "p99"}
SOAK_MEMORY = {"search_mib": "search", "front_mib": "front"}


def draw_ramp(steps: Sequence[Measured], axes: Axes) -> None:
    users = [step["users"] for step in steps]
    for (key, name), colour in zip(SOAK_RATES.items(), (OURS, OTHERS[2]), strict=True):
        rates = [step[key] for step in steps]
        axes.plot(users, rates, color=colour, marker="o", markersize=4)
        axes.annotate(name, (users[-1], rates[-1]), (6, 0), textcoords="offset points", color=colour, va="center")
    axes.set_xscale("log", base=2)
    axes.set_xticks(users, [f"{n:.0f}" for n in users], minor=False)
    axes.set_xlim(users[0] / 1.2, users[-1] * 2.2)
    axes.set_ylim(0)
    axes.set_xlabel("users who ask as fast as they are answered")
    axes.set_ylabel("requests/s")


def draw_soak(windows: Sequence[Measured], lines: Mapping[str, str], unit: str, axes: Axes) -> None:
    minutes = [window["second"] / 60 for window in windows]
    for (key, name), colour in zip(lines.items(), (OURS, OTHERS[2]), strict=True):
        values = [window[key] for window in windows]
        axes.plot(minutes, values, color=colour)
        axes.annotate(name, (minutes[-1], values[-1]), (6, 0), textcoords="offset points", color=colour, va="center")
    axes.set_xlim(0, minutes[-1] * 1.15)
    axes.set_ylim(0)
    axes.set_xlabel("minutes at twice the capacity")
    axes.set_ylabel(unit)


DRAWN = {"growth": growth_plots, "stress": stress_plots}
"""The plots of results that do not compare engines, by the name of their file."""


def scale(axes: Axes, works: Sequence[int]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(works, [f"{n:,}" for n in works], minor=False)
    axes.set_xlim(works[0] / 1.3, works[-1] * 5)  # room for the lines' names
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("works")


def comparison_plots(benchmark: str, results: Measured) -> dict[str, Drawing]:
    """Return the plots of one benchmark: latencies, and the APIs' rates by number of clients, with a worker a core."""
    figures = results["figures"]
    timed = {name: median(own["p50_ms"]) for name, own in figures.items() if own["p50_ms"]}
    served = {
        name: list(own["queries_per_second"].values())[-1] for name, own in figures.items() if own["queries_per_second"]
    }
    plots: dict[str, Drawing] = {}
    if timed:
        plots[f"peers-{benchmark}-latency"] = (
            partial(draw_bars, timed, "p50 of a short query, ms"),
            0.9 + 0.3 * len(timed),
        )
    if served:
        plots[f"peers-{benchmark}-http"] = partial(draw_rates, served), 2.8
    return plots


def draw_bars(values: Mapping[str, float], label: str, axes: Axes) -> None:
    names = sorted(values, key=lambda name: -values[name])
    bars = axes.barh(names, [values[name] for name in names], color=[OURS if n == "evoke" else FAINT for n in names])
    axes.bar_label(bars, [f"{values[name]:.3g}" for name in names], padding=4, color=INK)
    axes.margins(x=0.15)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label)


def draw_rates(rates: Mapping[str, Mapping[str, Sequence[float]]], axes: Axes) -> None:
    names = ["evoke", *(name for name in rates if name != "evoke")]
    for place, name in enumerate(name for name in names if name in rates):
        heights = [median(each) for each in rates[name].values()]
        at = [x + (place - (len(rates) - 1) / 2) * 0.4 for x in range(len(heights))]
        bars = axes.bar(at, heights, width=0.36, color=OURS if name == "evoke" else FAINT, label=name)
        axes.bar_label(bars, [f"{height:.3g}" for height in heights], padding=2, color=INK)
    clients = list(next(iter(rates.values())))
    axes.set_xticks(range(len(clients)), [f"{n} client{'s' * (n != '1')}" for n in clients])
    axes.grid(axis="x", visible=False)
    axes.margins(y=0.3)  # room for the legend
    axes.set_ylabel("queries/s")
    axes.legend(frameon=False, loc="upper left", ncols=2)


if __name__ == "__main__":
    main()
