"""`evoke train-taste`: learn what people like from ratings of the store's works, and write a taste file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from crawler.text import count_of
from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.bm25 import BM25
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.errors import TasteInvalid, UnknownWorks
from indexer.features import FeatureMaker
from indexer.hearing import with_reviews
from indexer.ratings.joining import JoinReport, WorkFinder, join_ratings
from indexer.recipes import Recipe as IndexRecipe
from indexer.records import Work
from indexer.reviews.features import ReviewReader
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.taste.file import save_taste
from indexer.taste.keys import work_keys
from indexer.taste.taste import KindTaste, Taste
from indexer.taste_training.factors import Recipe, Trial, choose_recipe, learn_factors
from indexer.taste_training.likes import LEAST_LIKERS, Likes, likes_by_kind
from indexer.taste_training.mapping import Content, fit_map, read_content
from indexer.tracking import track
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import load_taxonomy

SEED = 20260101
LEAST_WORKS = 20
"""With fewer works of a kind there is nothing to learn of it."""


@dataclass(frozen=True)
class KindFigures:
    """What was learnt of one kind of work: sizes, the recipe, and the trials that it was chosen by."""

    kind: str
    n_works: int
    n_rare: int
    n_users: int
    n_likes: int
    recipe: Recipe
    trials: Sequence[Trial]

    @property
    def best(self) -> Trial | None:
        """The trial of the recipe; None if there were too few people to choose by."""
        return max(self.trials, key=lambda trial: trial.mean, default=None)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the kind was learnt from and with, by name."""
        sizes = {"works": self.n_works, "users": self.n_users, "likes": self.n_likes}
        return {f"{self.kind}.{name}": value for name, value in {**sizes, **asdict(self.recipe)}.items()}


@dataclass
class Training:
    """A taste, how its ratings were joined, and its figures."""

    taste: Taste
    join: JoinReport
    figures: list[KindFigures] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def train_taste(
    ratings: Sequence[Path],
    links: Sequence[Path],
    settings: IndexSettings,
    output: Path,
    *,
    licences: Sequence[str] = (),
    seed: int = SEED,
    encoder: Encoder | None = None,
    show: Callable[[str], object] | None = None,
) -> Training:
    """Learn a taste from ratings and write it to a file.

    Args:
        ratings: Files of ratings; see `indexer.ratings.formats`.
        links: Tables of the works that they rate.
        settings: Where the store is, and the encoder and taxonomy of its works.
        output: The file to write.
        licences: The licences of the ratings, instead of those that their formats have.
        seed: Decides who the settings are chosen by, and the factors to begin with.
        encoder: An encoder to use instead of the one that the settings name.
        show: Called with each line of the report on the ratings, before anything is learnt.

    Raises:
        TasteInvalid: A file cannot be used, or has too little to learn from.
        UnknownWorks: There is no store.
        CatalogueMissing, StorageFailed: A file or the store cannot be read.
    """
    encoder = encoder or open_encoder(settings)
    join = JoinReport()
    works = read_works(settings)
    joined = join_ratings(ratings, links, WorkFinder(works), join)
    if show:  # before the training: what was left out may be why there is too little to learn from
        for line in join.lines():
            show(line)
    by_kind = likes_by_kind(joined, [work.kind for work in works])
    contents = read_contents(settings, encoder, [works[row].id for each in by_kind.values() for row in each.rows])
    with track("train-taste", settings.home) as run:
        run.log_data([*ratings, *links])
        made_with = {"encoder": encoder.fingerprint, "analyser": ANALYSER_VERSION}
        all_licences = tuple(licences or join.reading.licences)
        run.log_parameters({"seed": seed, "licences": ", ".join(all_licences), **made_with})
        taste, figures, notes = learn_taste(by_kind, works, contents, encoder, licences=all_licences, seed=seed)
        for each in figures:
            run.log_parameters(each.parameters)
            for trial in each.trials:
                run.log_trial({"kind": each.kind, **asdict(trial.recipe)}, trial.metrics)
        run.log_metrics(taste.figures)
        save_taste(taste, output)
        run.log_output(output)
    if not taste.licences:
        notes.append(
            "the ratings' licence is unknown: name it with --licence, and keep the file to yourself until then"
        )
    return Training(taste, join, figures, notes)


def learn_taste(
    by_kind: Mapping[str, Likes],
    works: Sequence[Work],
    contents: Mapping[str, Content],
    encoder: Encoder,
    *,
    licences: tuple[str, ...] = (),
    seed: int = SEED,
    recipes: Mapping[str, Recipe] | None = None,
) -> tuple[Taste, list[KindFigures], list[str]]:
    """Return the taste that is learnt from likes, with its figures and notes on what was left out.

    Args:
        by_kind: The likes of each kind of work.
        works: The works of the store.
        contents: What the content map reads, by work id; works without it are left out.
        encoder: The encoder of the contents.
        licences: The licences of the ratings.
        seed: Decides what is drawn.
        recipes: The recipe of each kind, instead of those that are chosen on people held out.

    Raises:
        TasteInvalid: No kind has LEAST_WORKS works that LEAST_LIKERS people like.
    """
    from threadpoolctl import threadpool_limits

    kinds: dict[str, KindTaste] = {}
    figures: list[KindFigures] = []
    notes: list[str] = []
    for kind, everything in by_kind.items():
        has_content = np.array([works[row].id in contents for row in everything.rows])
        if missing := int((~has_content).sum()):
            notes.append(f"not indexed yet: {count_of(missing, 'rated work')} of the store; run `evoke index`")
        likes = everything.of_works(np.flatnonzero(has_content)).without_rare()
        if len(likes.rows) < LEAST_WORKS:
            notes.append(
                f"kind {kind}: {count_of(len(likes.rows), 'work')} with {LEAST_LIKERS} likers or more: at least "
                f"{LEAST_WORKS} are needed, so nothing is learnt of this kind"
            )
            continue
        with threadpool_limits(1, "blas"):  # the threads of BLAS would wait for those of implicit: ten times slower
            recipe, trials = (recipes[kind], []) if recipes and kind in recipes else choose_recipe(likes, seed)
            kinds[kind] = learn_kind(likes, recipe, works, contents, seed)
        figures.append(
            KindFigures(
                kind, len(likes.rows), len(everything.rows) - len(likes.rows), kinds[kind].n_users,
                int(likes.matrix.nnz), recipe, trials,
            )
        )  # fmt: skip
    if not kinds:
        raise TasteInvalid(f"there is too little to learn from: {'; '.join(notes)}")
    measured = {
        f"{each.kind}.{name}": value for each in figures if each.best
        for name, value in (("ndcg100_strong", each.best.strong), ("ndcg100_few", each.best.few))
    }  # fmt: skip
    taste = Taste(kinds, encoder.fingerprint, ANALYSER_VERSION, "", licences, measured, seed)
    return taste, figures, notes


def learn_kind(
    likes: Likes, recipe: Recipe, works: Sequence[Work], contents: Mapping[str, Content], seed: int
) -> KindTaste:
    """Return what is learnt of one kind of work with a recipe; nothing of any one person is kept."""
    n_users = int((np.diff(likes.matrix.indptr) > 0).sum())
    factors = learn_factors(likes.matrix, recipe, seed)
    rated = [works[row] for row in likes.rows]
    keys = [
        tuple(
            work_keys(
                work.kind or "", work.ids, [each for each in (work.title, work.original_title) if each], work.year
            )
        )
        for work in rated
    ]
    return KindTaste(
        keys=_unambiguous(keys),
        factors=factors,
        likers=likes.likers,
        gram=factors.T @ factors,
        content_map=fit_map([contents[work.id] for work in rated], factors, likes.likers),
        alpha=recipe.alpha,
        regularisation=recipe.fold_in,
        n_users=n_users,
    )


def _unambiguous(keys: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return the keys of each work without those that another work has too."""
    counts: dict[str, int] = {}
    for key in (key for own in keys for key in own):
        counts[key] = counts.get(key, 0) + 1
    return tuple(tuple(key for key in own if counts[key] == 1) for own in keys)


def read_works(settings: IndexSettings) -> list[Work]:
    """Return the works of the store, by id.

    Raises:
        UnknownWorks: There is no store, or it is empty.
    """
    if not (settings.home / "store.sqlite3").is_file():
        raise UnknownWorks(f"{settings.home} has no works yet: run `evoke index`")
    with Store(settings.home) as store:
        works = store.works(sorted(store.work_digests()))
    if not works:
        raise UnknownWorks(f"{settings.home} has no works yet: run `evoke index`")
    return works


def read_contents(settings: IndexSettings, encoder: Encoder, ids: Sequence[str]) -> dict[str, Content]:
    """Return what the content map reads of works, by id; a work whose features or labels are not stored is left out."""
    taxonomy = load_taxonomy(settings.taxonomy)
    labeller = open_labeller(taxonomy, encoder, settings.values_head)
    features = FeatureMaker(Analyser(), encoder).recipe
    recipe = IndexRecipe(features, labeller.fingerprint, BM25(), settings.vectors)
    with Store(settings.home) as store:
        labelling = store.labels.labelling(recipe.labels, taxonomy.dimensions)
        works = with_reviews(
            store.indexed_works(features, labelling, ids),
            store.review_features,
            ReviewReader(Analyser(), taxonomy).recipe,
            labeller,
        )
        return {indexed.work.id: read_content(indexed) for indexed in works}


def figures_to_text(figures: KindFigures) -> str:
    """Return the figures of a kind as one line."""
    recipe, best = figures.recipe, figures.best
    measured = (
        f"; nDCG@100 on people held out: {best.strong:.3f} from 80% of their likes, {best.few:.3f} from three"
        if best
        else ""
    )
    works, rare = count_of(figures.n_works, "work"), count_of(figures.n_rare, "other")
    return (
        f"kind {figures.kind}: {works} ({rare} with fewer than {LEAST_LIKERS} likers left out), "
        f"{count_of(figures.n_likes, 'like')} of {figures.n_users:,} people; {recipe.n_factors} factors, "
        f"lambda {recipe.regularisation:g}, alpha {recipe.alpha:g}{measured}"
    )


def figures_to_markdown(training: Training) -> str:
    """Return the trials of each kind as a table in Markdown."""
    lines = [
        "| kind | factors | lambda | alpha | nDCG@100, 80% of likes given | three given |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for each in training.figures:
        for trial in each.trials:
            recipe, mark = trial.recipe, "**" if trial is each.best else ""
            lines.append(
                f"| {each.kind} | {recipe.n_factors} | {recipe.regularisation:g} | {recipe.alpha:g} "
                f"| {mark}{trial.strong:.4f}{mark} | {mark}{trial.few:.4f}{mark} |"
            )
    return "\n".join(lines) + "\n"
