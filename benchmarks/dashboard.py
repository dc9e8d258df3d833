"""Draw the dashboard of deploy/monitoring from what a Prometheus server has, without Grafana.

python -m benchmarks.dashboard [--prometheus URL] [--minutes N] [--until SECONDS] -o FILE.png

Each panel is drawn from its own queries, so that the picture of docs/monitoring.md shows what the dashboard would.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.ticker import FuncFormatter
from PIL import Image

DASHBOARD = Path(__file__).parent.parent / "deploy/monitoring/grafana/dashboards/evoke.json"
COLUMNS, INCHES_PER_COLUMN, INCHES_PER_ROW = 24, 0.62, 0.36
N_POINTS = 240
MOST_LEGENDS = 12
N_COLOURS = 48

Ask = Callable[[str, bool], list[dict[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--until", type=float, default=time.time())
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    draw(panels, prometheus(options.prometheus, options.until, options.minutes), options.output)


def prometheus(url: str, until: float, minutes: float) -> Ask:
    """Return a function that asks a server, at once or over a range of time."""
    step = max(minutes * 60 / N_POINTS, 5)

    def ask(query: str, is_instant: bool) -> list[dict[str, Any]]:
        query = query.replace("$__rate_interval", f"{max(60, int(4 * step))}s")
        if is_instant:
            path, parameters = "query", {"query": query, "time": until}
        else:
            path = "query_range"
            parameters = {"query": query, "start": until - minutes * 60, "end": until, "step": step}
        with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
            return list(json.load(answer)["data"]["result"])

    return ask


def draw(panels: list[dict[str, Any]], ask: Ask, output: Path) -> None:
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(COLUMNS * INCHES_PER_COLUMN, height * INCHES_PER_ROW), facecolor="#f4f5f5")
    plt.rcParams["font.size"] = 7
    for panel in panels:
        place = panel["gridPos"]
        left, width = place["x"] / COLUMNS, place["w"] / COLUMNS
        bottom, tall = 1 - (place["y"] + place["h"]) / height, place["h"] / height
        if panel["type"] == "row":
            figure.text(left + 0.004, bottom + tall / 2, panel["title"], fontsize=9, weight="bold", va="center")
            continue
        frame = (left + 0.002, bottom + 0.002, width - 0.004, tall - 0.004)
        figure.add_axes(frame, facecolor="white", xticks=[], yticks=[]).spines[:].set_color("#d5d8da")
        figure.text(left + 0.006, bottom + tall - 0.006, panel["title"], fontsize=8, weight="bold", va="top")
        inner = (left + 0.034, bottom + 0.26 * tall, width - 0.044, 0.62 * tall)
        if panel["type"] == "timeseries":
            draw_lines(figure.add_axes(inner), panel, ask)
        elif panel["type"] == "bargauge":
            draw_bars(figure.add_axes((left + 0.075, bottom + 0.08 * tall, width - 0.085, 0.76 * tall)), panel, ask)
        else:
            figure.text(left + width / 2, bottom + 0.4 * tall, stat(panel, ask), fontsize=17, ha="center", va="center")
    drawn = BytesIO()
    figure.savefig(drawn, dpi=100)
    Image.open(drawn).convert("RGB").quantize(N_COLOURS).save(output, optimize=True)


def draw_lines(axes: Axes, panel: Mapping[str, Any], ask: Ask) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        for series in ask(target["expr"], False):
            moments = [datetime.fromtimestamp(float(at), UTC) for at, _ in series["values"]]
            axes.plot(
                moments,
                [float(y) for _, y in series["values"]],
                linewidth=1.2,
                clip_on=False,
                label=legend(target, series),
            )
    axes.set_ylim(bottom=0)
    axes.grid(color="#e8eaeb", linewidth=0.6)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=6)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: with_unit(y, unit)))
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[:MOST_LEGENDS], labels[:MOST_LEGENDS], loc="upper left", bbox_to_anchor=(-0.08, -0.1), ncols=4,
        frameon=False, fontsize=5.5, handlelength=1, columnspacing=1, borderpad=0,
    )  # fmt: skip


def draw_bars(axes: Axes, panel: Mapping[str, Any], ask: Ask) -> None:
    (target,) = panel["targets"]
    found = sorted(ask(target["expr"], True), key=lambda series: float(series["value"][1]))
    values = [float(series["value"][1]) for series in found]
    bars = axes.barh([legend(target, series) for series in found], values, color="#5794f2", height=0.6)
    axes.bar_label(bars, [with_unit(each, "s") for each in values], fontsize=6, padding=2)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=6)
    axes.set_xticks([])
    axes.margins(x=0.15)


def stat(panel: Mapping[str, Any], ask: Ask) -> str:
    (target,) = panel["targets"]
    found = ask(target["expr"], True)
    if not found:
        return "no data"
    if panel["options"]["textMode"] == "name":
        return legend(target, found[0])
    defaults = panel["fieldConfig"]["defaults"]
    shown = {value: text["text"] for each in defaults.get("mappings", ()) for value, text in each["options"].items()}
    return shown.get(found[0]["value"][1]) or with_unit(float(found[0]["value"][1]), defaults["unit"])


def legend(target: Mapping[str, Any], series: Mapping[str, Any]) -> str:
    return re.sub(r"{{(\w+)}}", lambda label: series["metric"].get(label[1], ""), target["legendFormat"])


def with_unit(value: float, unit: str) -> str:
    """Return a number as Grafana would write it, more or less."""
    if unit == "s":
        steps = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"), (0.001, "ms"))
        size, name = next(((size, name) for size, name in steps if value >= size), (1, "s"))
        return f"{value / size:.3g} {name}"
    if unit == "bytes":
        return f"{value / 2**20:,.0f} MiB"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
