"""A profile as one page that needs nothing else: tables, plots and the records to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

import jinja2
import pandas as pd

from crawler.catalogue import Line
from indexer.errors import StorageFailed
from indexer.profile.doubts import UNKNOWN, shorten
from indexer.profile.plots import bin_edges, plot_distribution, plot_growth
from indexer.profile.profile import Profile, profile_catalogues
from indexer.profile.vocabulary import FIT_FROM, Growth, HeapsLaw

KIND_NAMES = {"movie": ("film", "films"), "book": ("book", "books"), UNKNOWN: ("of unknown kind", "of unknown kind")}
N_BARS = 15
N_GROUPS = 8
N_REASONS = 20
N_TELLINGS = 6
LEAST_PLOTTED = 5
LEAST_LOG_RATIO = 10
"""A logarithmic axis over less has hardly a round number to write beside it."""
_OTHER_KIND = {("runtime_minutes", "book"), ("page_count", "movie")}


@dataclass(frozen=True, slots=True)
class Distribution:
    """A number that is worth a plot: its column, what it is called, and whether many have little and few have much."""

    name: str
    called: str
    unit: str = ""
    log: bool = False
    decimals: int = 0

    def format(self, number: float) -> str:
        """Gives a number as the page tells it."""
        return f"{number:.0f}" if self.name == "year" else f"{number:,.{self.decimals}f}"


DISTRIBUTIONS = (
    Distribution("n_words", "length of the description", " words", log=True),
    Distribution("year", "year"),
    Distribution("rating", "mean rating", " of 10", decimals=1),
    Distribution("n_ratings", "number of ratings", log=True),
    Distribution("runtime_minutes", "running time", " minutes"),
    Distribution("page_count", "number of pages", " pages"),
)

DOUBTS = {
    "empty": ("No description", "Found by title, people and genres only; no value can be read from it."),
    "short": ("Fewer than ten words", "Too little to tell what a work gives. The shortest are shown."),
    "no story": (
        "Cast and crew, but no story",
        "Beginnings of encyclopaedia articles, told by English words: no sentence in them can speak for a value.",
    ),
    "odd year": (
        "Odd years",
        "Not possible, or not what the description begins with: a late release, or another work's text.",
    ),
    "title markup": ("Broken titles", "Markup, or letters that were decoded wrongly (Ã© for é)."),
    "description markup": ("Broken descriptions", "Markup, links, or letters that were decoded wrongly."),
    "repeated text": ("Shared descriptions", "Told before of another record: one work twice, or another work's text."),
}
"""What the page calls a doubt, and what it means."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, with what it shows in words for each kind."""

    heading: str
    svg: str
    notes: Sequence[tuple[str, str]]
    left_out: str = ""


def make_report(catalogues: Sequence[Path], output: Path, today: date) -> Profile:
    """Profiles catalogues and writes the page; gives the profile.

    Raises:
        CatalogueMissing: a file cannot be read.
        NothingToIndex: there is not one record in them.
        StorageFailed: the page cannot be written there.
    """
    if output.is_dir() or not output.parent.is_dir():
        raise StorageFailed(f"{output}: name a file in a folder that is there")
    if any(output.exists() and path.exists() and output.samefile(path) for path in catalogues):
        raise StorageFailed(f"{output} is a catalogue to read: name another file for the report")
    profile = profile_catalogues(catalogues, today)
    output.write_text(render_report(profile, today), encoding="utf-8")
    return profile


def render_report(profile: Profile, today: date) -> str:
    """Gives the page; whatever a catalogue says is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "place": place, "shorten": shorten, "kinds": kinds_text}
    template = environment.from_string(files("indexer.profile").joinpath("profile.html").read_text(encoding="utf-8"))
    plots = {distribution.called: _plot_distribution(profile, distribution) for distribution in DISTRIBUTIONS}
    return template.render(
        profile=profile,
        today=today,
        n_records=len(profile.records),
        kind_names=KIND_NAMES,
        sources=pd.crosstab(profile.records["source"], profile.records["kind"]).to_dict("index"),
        missing=_missing_rows(profile),
        plots=[plot for plot in (*plots.values(), _plot_growth(profile)) if plot],
        unplotted=_join([called for called, plot in plots.items() if not plot], "and"),
        counted={"Genres": profile.genres, "Languages (ISO 639)": profile.languages, "Ids": profile.ids},
        n_bars=N_BARS,
        n_tellings=N_TELLINGS,
        rejected=sorted(profile.rejected.items(), key=lambda reason: -reason[1].n_lines),
        n_reasons=N_REASONS,
        doubts=[
            (*DOUBTS[doubt.name], dict(doubt.n_by_kind.most_common()), doubt.examples)
            for doubt in profile.doubts
            if doubt.n_by_kind
        ],
    )


def kinds_text(n_by_kind: Mapping[str, int]) -> str:
    """Gives counts of kinds in words: `25,924 films and 1 book`."""
    return _join([f"{n:,} {KIND_NAMES[kind][n != 1]}" for kind, n in n_by_kind.items()], "and")


def _join(told: Sequence[str], conjunction: str) -> str:
    return f" {conjunction} ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))


def percent(n: int, of: int) -> str:
    """Gives a share that is 0% and 100% only when it is exactly that."""
    share = 100 * n / of if of else 0
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%" if 0 < share < 1 or 99.5 <= share < 100 else f"{share:.0f}%"


def place(line: Line) -> str:
    """Gives where a record is, without the folders."""
    return f"{line.path.name}:{line.number}"


def _missing_rows(profile: Profile) -> tuple[list[tuple[str, str, int]], list[tuple[str, list[int | None]]]]:
    """Gives the largest groups with their sizes, and for each field how many of each group lack it.

    None is where a field is not for the kind. A field that all have comes last.
    """
    sizes = profile.records.groupby(["source", "kind"], observed=True).size().nlargest(N_GROUPS)
    groups = list(sizes.reset_index().itertuples(index=False, name=None))
    fields = profile.missing.loc[profile.missing.sum(axis="columns").sort_values(ascending=False, kind="stable").index]
    rows = [
        (
            str(name),
            [None if (name, kind) in _OTHER_KIND else int(row[source, kind]) for source, kind, _ in groups],
        )
        for name, row in fields.iterrows()
    ]
    return groups, rows


def _plot_distribution(profile: Profile, distribution: Distribution) -> Plot | None:
    """Gives the plot of a number; None when too few records of any kind tell it."""
    columns = profile.records[["kind", distribution.name]].dropna()
    by_kind = {kind: columns.loc[columns["kind"] == kind, distribution.name] for kind in profile.n_by_kind}
    by_kind = {kind: values for kind, values in by_kind.items() if len(values) >= LEAST_PLOTTED}
    if not by_kind:
        return None
    values = pd.concat(by_kind.values())
    log = distribution.log and values.max() > LEAST_LOG_RATIO * values.min()
    edges = bin_edges(values, log=log)
    return Plot(
        distribution.called.capitalize(),
        plot_distribution(distribution.name, by_kind, edges, log=log),
        [(kind, _describe(distribution, of_kind)) for kind, of_kind in by_kind.items()],
        _left_out(distribution, values, edges[0], edges[-1]),
    )


def _left_out(distribution: Distribution, values: pd.Series[float], low: float, high: float) -> str:
    below, above = values[values < low], values[values > high]
    told = [
        *([f"{len(below):,} less, down to {distribution.format(below.min())}"] if len(below) else []),
        *([f"{len(above):,} more, up to {distribution.format(above.max())}"] if len(above) else []),
    ]
    return f"Not in the picture: {'; '.join(told)}." if told else ""


def _describe(distribution: Distribution, values: pd.Series[float]) -> str:
    low, median, high = (distribution.format(q) for q in values.quantile([0.05, 0.5, 0.95]))
    least, most = distribution.format(values.min()), distribution.format(values.max())
    return (
        f"median {median}, nine in ten from {low} to {high}, all from {least} to {most}{distribution.unit} "
        f"({len(values):,} known)"
    )


def _plot_growth(profile: Profile) -> Plot | None:
    """Gives the plot of Heaps' law; None when there are too few words of any kind."""
    growth = {kind: fitted for kind in profile.n_by_kind if (fitted := profile.growth[kind].fitted())}
    if not growth:
        return None
    return Plot(
        "Growth of the vocabulary",
        plot_growth("growth", growth),
        [(kind, _describe_growth(profile.growth[kind], law)) for kind, (_, law) in growth.items()],
        f"Dashed: Heaps' law, fitted from {FIT_FROM:,} words on.",
    )


def _describe_growth(growth: Growth, law: HeapsLaw) -> str:
    return (
        f"{growth.n_seen:,} words, {growth.n_distinct:,} of them distinct; "
        f"exponent {law.exponent:.3f} (V = {law.scale:.2f} n^{law.exponent:.3f})"
    )
