"""Write a profile as one HTML page without external files: tables, plots and doubtful records."""

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
from indexer.profile.poor_texts import PoorTexts
from indexer.profile.profile import Profile, profile_catalogues
from indexer.profile.vocabulary import FIT_FROM, Growth, HeapsLaw
from indexer.reviews.choosing import ReviewCounts
from indexer.reviews.keeping import DECLARED, Keeping

KIND_NAMES = {"movie": ("film", "films"), "book": ("book", "books"), UNKNOWN: ("of unknown kind", "of unknown kind")}
N_BARS = 15
"""Bars in a table of genres, languages, ids or sources."""
N_GROUPS = 8
"""Columns (source, kind) in the table of missing fields."""
N_REASONS = 20
"""Reasons of rejection that are shown."""
N_DUPLICATES = 6
"""Records of a work that are shown."""
LEAST_PLOTTED = 5
"""A column is plotted for a kind only if this many of its records have a number."""
LEAST_LOG_RATIO = 10
"""An axis is logarithmic from this ratio of largest to smallest number on: a shorter one has hardly a round number to
label."""
_OTHER_KIND = {("runtime_minutes", "book"), ("page_count", "movie")}
"""Fields that a kind does not have."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A column of numbers to plot."""

    name: str
    """The column."""
    heading: str
    """Its name on the page."""
    unit: str = ""
    log: bool = False
    """Whether the axis is logarithmic: for numbers that are small for most records and large for a few."""
    decimals: int = 0

    def format(self, number: float) -> str:
        """Return a number as the page shows it."""
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
    "empty": ("No description", "Search finds these works by title, people and genres only, and they have no values."),
    "short": ("Fewer than ten words", "Too short to label values. The shortest are shown."),
    "no story": (
        "Cast and crew, but no story",
        "Beginnings of encyclopaedia articles, recognised by English words: no sentence can be evidence for a value.",
    ),
    "odd year": (
        "Odd years",
        "Impossible, or not the year in the first sentence: a late release, or another work's text.",
    ),
    "title markup": ("Broken titles", "Markup, or letters that were decoded wrongly (Ã© for é)."),
    "description markup": ("Broken descriptions", "Markup, links, or letters that were decoded wrongly."),
    "repeated text": (
        "Shared descriptions",
        "An earlier record has the same description: the same work again, or another work's text.",
    ),
}
"""The heading and the meaning of each doubt on the page."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its caption."""

    heading: str
    svg: str
    notes: Sequence[tuple[str, str]]
    """Kinds, each with the plot's figures in words."""
    left_out: str = ""
    """A last sentence of the caption."""


def make_report(catalogues: Sequence[Path], output: Path, today: date, keeping: Keeping = DECLARED) -> Profile:
    """Write the report on catalogues, and return their profile; `keeping` is what a build keeps of their reviews.

    Raises:
        CatalogueMissing: A catalogue cannot be read.
        NothingToIndex: The catalogues have no record.
        StorageFailed: The page cannot be written to `output`.
    """
    if output.is_dir() or not output.parent.is_dir():
        raise StorageFailed(f"{output}: is a folder, or its folder does not exist: name another file for the report")
    if any(output.exists() and path.exists() and output.samefile(path) for path in catalogues):
        raise StorageFailed(f"{output}: is one of the catalogues: name another file for the report")
    profile = profile_catalogues(catalogues, today, keeping)
    output.write_text(render_report(profile, today), encoding="utf-8")
    return profile


def render_report(profile: Profile, today: date) -> str:
    """Return the page. Every text of a catalogue is escaped."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "place": place, "shorten": shorten, "kinds": kinds_text}
    template = environment.from_string(files("indexer.profile").joinpath("profile.html").read_text(encoding="utf-8"))
    plots = {distribution.heading: _plot_distribution(profile, distribution) for distribution in DISTRIBUTIONS}
    return template.render(
        profile=profile,
        today=today,
        n_records=len(profile.records),
        kind_names=KIND_NAMES,
        sources=pd.crosstab(profile.records["source"], profile.records["kind"]).to_dict("index"),
        missing=_missing_rows(profile),
        reviews=_all_reviews(profile),
        plots=[plot for plot in (*plots.values(), _plot_growth(profile)) if plot],
        unplotted=_join([heading for heading, plot in plots.items() if not plot], "and"),
        counted={"Genres": profile.genres, "Languages (ISO 639)": profile.languages, "Ids": profile.ids},
        n_bars=N_BARS,
        n_duplicates=N_DUPLICATES,
        rejected=sorted(profile.rejected.items(), key=lambda reason: -reason[1].n_lines),
        n_reasons=N_REASONS,
        doubts=[
            (*DOUBTS[doubt.name], dict(doubt.n_by_kind.most_common()), doubt.examples)
            for doubt in profile.doubts
            if doubt.n_by_kind
        ],
    )


def kinds_text(n_by_kind: Mapping[str, int]) -> str:
    """Return counts of kinds in words: `25,924 films and 1 book`."""
    return _join([f"{n:,} {KIND_NAMES[kind][n != 1]}" for kind, n in n_by_kind.items()], "and")


def describe_poor_texts(poor: PoorTexts) -> str:
    """Return how many works have texts too poor to label, and the sources that may help; empty if none has."""
    if not poor.n_poor:
        return ""
    problems = _join([f"{n:,} {problem}" for problem, n in poor.n_by_problem.most_common()], "and")
    sources = _join([f"{source} {n:,}" for source, n in poor.n_by_source.most_common()], "and")
    return (
        f"{poor.n_poor:,} of {poor.n_works:,} works ({percent(poor.n_poor, poor.n_works)}) have texts too poor to "
        f"label ({problems}); "
        + (f"may help, by their ids: {sources}" if sources else "they have no ids of other sources")
    )


def _join(words: Sequence[str], conjunction: str) -> str:
    return f" {conjunction} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def percent(n: int, of: int) -> str:
    """Return a share in percent; it is 0% or 100% only if it is exactly none or all."""
    share = 100 * n / of if of else 0
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%" if 0 < share < 1 or 99.5 <= share < 100 else f"{share:.0f}%"


def place(line: Line) -> str:
    """Return the file name and line number of a record."""
    return f"{line.path.name}:{line.number}"


def _missing_rows(profile: Profile) -> tuple[list[tuple[str, str, int]], list[tuple[str, list[int | None]]]]:
    """Return the largest groups (source, kind, size), and for each field how many records of each group lack it.

    The fields that most records lack come first. The count is None if the group's kind does not have the field.
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


def _all_reviews(profile: Profile) -> ReviewCounts:
    """Return the counts of the reviews of all sources."""
    counts = ReviewCounts()
    for of_source in profile.reviews.values():
        counts.add(of_source.counts)
    return counts


def _plot_distribution(profile: Profile, distribution: Distribution) -> Plot | None:
    """Return the plot of a column; None if too few records of every kind have a number."""
    columns = profile.records[["kind", distribution.name]].dropna()
    by_kind = {kind: columns.loc[columns["kind"] == kind, distribution.name] for kind in profile.n_by_kind}
    by_kind = {kind: values for kind, values in by_kind.items() if len(values) >= LEAST_PLOTTED}
    if not by_kind:
        return None
    values = pd.concat(by_kind.values())
    log = distribution.log and values.max() > LEAST_LOG_RATIO * values.min()
    edges = bin_edges(values, log=log)
    return Plot(
        distribution.heading.capitalize(),
        plot_distribution(distribution.name, by_kind, edges, log=log),
        [(kind, _describe(distribution, of_kind)) for kind, of_kind in by_kind.items()],
        _left_out(distribution, values, edges[0], edges[-1]),
    )


def _left_out(distribution: Distribution, values: pd.Series[float], low: float, high: float) -> str:
    below, above = values[values < low], values[values > high]
    ends = [
        *([f"{len(below):,} lower, down to {distribution.format(below.min())}"] if len(below) else []),
        *([f"{len(above):,} higher, up to {distribution.format(above.max())}"] if len(above) else []),
    ]
    return f"Not shown: {'; '.join(ends)}." if ends else ""


def _describe(distribution: Distribution, values: pd.Series[float]) -> str:
    low, median, high = (distribution.format(q) for q in values.quantile([0.05, 0.5, 0.95]))
    least, most = distribution.format(values.min()), distribution.format(values.max())
    return (
        f"median {median}, 90% from {low} to {high}, all from {least} to {most}{distribution.unit} "
        f"({len(values):,} known)"
    )


def _plot_growth(profile: Profile) -> Plot | None:
    """Return the plot of Heaps' law; None if there are too few words of every kind."""
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
