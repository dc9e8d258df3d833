"""The verbs of the indexer: `evoke profile`, `index`, `label`, those that train, of `keeping_cli`, and `works`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

import indexer.works_cli
from crawler.verbs import check_output_files, read_settings, verb
from indexer import keeping_cli
from indexer.keeping_cli import check_server, exchanged_line

if TYPE_CHECKING:
    from indexer.build_report import BuildReport

app = typer.Typer()
app.add_typer(indexer.works_cli.app)
app.add_typer(keeping_cli.app)

Catalogues = Annotated[
    list[Path],
    typer.Argument(
        metavar="CATALOGUE",
        help="JSON Lines of source records, a BEIR corpus, or a table that is known by its columns; gzip too.",
    ),
]
_CATALOGUES = (
    "JSON Lines of source records, a BEIR corpus, or a table known by its columns (CSV, Excel, Parquet); gzip too. "
    "Without one: "
)


def _check_ray(address: str | None) -> str | None:
    from indexer.settings import check_ray

    try:
        return address and check_ray(address)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@verb(app, "profile", "evoke profile films.jsonl books.jsonl.gz -o report.html")
def profile(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the page goes.")],
    catalogues: Annotated[
        list[Path] | None, typer.Argument(metavar="CATALOGUE", help=f"{_CATALOGUES}the starter catalogue.")
    ] = None,
) -> None:
    """Describe catalogues on one HTML page. It shows contents, gaps and duplicates."""
    from crawler.mending import describe_mended
    from indexer.catalogues import starter_catalogue
    from indexer.profile.report import describe_poor_texts, kinds_text, make_report
    from indexer.settings import IndexSettings

    started = perf_counter()
    today = date.today()  # noqa: DTZ011 - the reader's day
    keeping = read_settings(IndexSettings).keeping
    report = make_report(catalogues or [starter_catalogue()], output, today, keeping)
    if report.mended:
        typer.echo(f"records that were read as what they mean: {describe_mended(report.mended)}")
    if poor := describe_poor_texts(report.poor_texts):
        typer.echo(poor)
    counts = [
        kinds_text(report.n_by_kind),
        *_counted(
            (report.n_repeated, "repeated"), (report.duplicates.n_merged, "to merge"), (report.n_reviews, "reviews")
        ),
    ]
    typer.echo(
        f"{', '.join(counts)}; {report.n_rejected:,} lines rejected; "
        f"{output} ({output.stat().st_size / 1000:,.0f} kB); {perf_counter() - started:.1f} s"
    )


@verb(app, "index", "evoke index films.jsonl books.jsonl.gz --prune")
def index(
    catalogues: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CATALOGUE", help=f"{_CATALOGUES}the stored works, or the starter catalogue if there are none."
        ),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove the works that are not in these catalogues.")] = False,
    keep_starter: Annotated[
        bool,
        typer.Option("--keep-starter", help="Keep or add the starter catalogue, which others replace."),
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default="EVOKE_HOME/rejects.jsonl", help="Where lines that are not records go."
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            show_default="EVOKE_RAY, or this process",
            callback=_check_ray,
            help="Embed and label in processes of Ray: local, auto, or HOST:PORT of a cluster.",
        ),
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A Qdrant server to which the index is copied then, to serve there."),
    ] = None,
) -> None:
    """Make works searchable. New works are added, changed ones updated."""
    from indexer.imports import import_client, without_collecting

    with without_collecting():
        import_client()
        from indexer.pipeline import build_index
        from indexer.settings import IndexSettings

    started = perf_counter()
    settings = read_settings(IndexSettings)
    if publish:
        check_server(publish)
    if ray:
        settings = settings.model_copy(update={"ray": ray})
    report = build_index(catalogues or [], settings, prune=prune, keep_starter=keep_starter, rejects=rejects)
    for line in report_lines(report, perf_counter() - started):
        typer.echo(line)
    if publish:
        from indexer import exchange

        started = perf_counter()
        typer.echo(exchanged_line(exchange.publish(settings, publish), perf_counter() - started))


@verb(app, "label", "evoke label films.jsonl -o labels.jsonl")
def label(
    catalogues: Catalogues,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the labels go.")],
) -> None:
    """Write the values of works to a file, without an index."""
    from indexer.label_catalogues import label_catalogues
    from indexer.settings import IndexSettings

    started = perf_counter()
    check_output_files(output, inputs=catalogues or [])
    n_works = label_catalogues(catalogues, read_settings(IndexSettings), output)
    typer.echo(f"{n_works:,} works labelled in {output}; {perf_counter() - started:.1f} s")


@verb(app, "train-values", "evoke train-values films.jsonl.gz --labels tags.jsonl -o values.safetensors")
def train_values(
    catalogues: Catalogues,
    labels: Annotated[
        list[Path],
        typer.Option(
            "--labels",
            metavar="FILE...",
            help="JSON Lines: an id, a split (train, validation), and tags or shelves. One file or more.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the trained weights go.")],
    trials: Annotated[int, typer.Option(min=1, metavar="N", help="How many training recipes to try.")] = 12,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where a report goes, as Markdown: the trials, and the figures of each value."
        ),
    ] = None,
) -> None:
    """Train the value head on labelled works. It scores values and tags."""
    from indexer.settings import IndexSettings
    from indexer.value_training import run
    from indexer.value_training.report import report_to_markdown

    started = perf_counter()
    check_output_files(output, report, inputs=[*catalogues, *labels])
    training = run.train_values(catalogues, labels, read_settings(IndexSettings), output, trials)
    if report:
        report.write_text(report_to_markdown(training), encoding="utf-8")
    typer.echo(
        f"{len(training.head.outputs):,} values and tags trained on {training.n_train:,} works, validated on "
        f"{training.n_validation:,}: mean AUC {training.outputs.auc.mean():.3f}, calibration error "
        f"{training.calibration_error:.3f}; {output}; {perf_counter() - started:.1f} s"
    )


@verb(app, "train-taste", "evoke train-taste ratings.csv --links links.csv -o taste.safetensors")
def train_taste(
    ratings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RATINGS",
            help="Ratings as MovieLens, goodbooks and RecBole (.inter) have them, or exports of Goodreads, Letterboxd "
            "and IMDb; gzip too.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the taste goes; with EVOKE_TASTE=FILE, index and search use it.",
        ),
    ],
    links: Annotated[
        list[Path] | None,
        typer.Option(
            "--links",
            metavar="FILE...",
            show_default="those beside the ratings",
            help="Tables of the works that are rated: links.csv, movies.csv, movies.dat, u.item, books.csv or .item.",
        ),
    ] = None,
    licences: Annotated[
        list[str] | None,
        typer.Option(
            "--licence",
            metavar="TEXT...",
            show_default="those of the formats",
            help="The licence of the ratings, which is written into the file.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="NUMBER", min=0, help="Decides what is drawn.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where a report goes, as Markdown: what was tried.")
    ] = None,
) -> None:
    """Learn from ratings what people like together."""
    from indexer.ratings.joining import find_inputs
    from indexer.settings import IndexSettings
    from indexer.taste_training import run

    started = perf_counter()
    check_output_files(output, report)
    check_output_files(output, report, inputs=find_inputs(ratings, links or []))
    settings = read_settings(IndexSettings)
    training = run.train_taste(
        ratings,
        links or [],
        settings,
        output,
        licences=licences or [],
        seed=run.SEED if seed is None else seed,
        show=typer.echo,
    )
    for line in [*training.notes, *map(run.figures_to_text, training.figures)]:
        typer.echo(line)
    if report:
        report.write_text(run.figures_to_markdown(training), encoding="utf-8")
    typer.echo(
        f"licence of the ratings: {'; '.join(training.taste.licences) or 'unknown'}; {output} "
        f"({output.stat().st_size / 1000:,.0f} kB); {perf_counter() - started:.1f} s"
    )


def report_lines(report: BuildReport, seconds: float) -> list[str]:
    """Return the lines that `evoke index` prints: notes, warnings, and one closing line of counts."""
    from indexer.build_report import reviews_line

    lines = list(report.notes)
    if report.reviews.n_read:
        lines.append(reviews_line(report.reviews))
    if report.n_rejected:
        lines.append(f"{report.n_rejected:,} lines rejected, each with its reason in {report.rejects}")
    if report.n_foreign:
        lines.append(f"{report.n_foreign:,} new texts are not in English: search finds them less well")
    slowest = [f"{step} {taken:.1f} s" for step, taken in report.seconds.slowest(4) if taken >= 0.05]
    counts = [
        *(f"{report.changes[change]:,} {change}" for change in ("new", "changed", "unchanged")),
        *_counted(
            (report.changes["repeated"], "repeated"), (report.n_pruned, "pruned"), (report.n_rejected, "rejected")
        ),
    ]
    done = f"now serving {report.generation}" if report.generation else "the index was up to date"
    lines.append(
        f"{report.n_works:,} works: {', '.join(counts)}; {report.n_embedded:,} embedded; {done}; "
        f"{seconds:.1f} s" + (f" ({', '.join(slowest)})" if slowest else "")
    )
    return lines


def _counted(*counts: tuple[int, str]) -> list[str]:
    """Return each count that is not zero with what it counts."""
    return [f"{count:,} {what}" for count, what in counts if count]
