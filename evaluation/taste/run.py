"""`evoke evaluate --ratings`: learn from some people, index the works with it, and recommend to other people.

The works are those of the store. Their index is built beside the others of evaluations, in a folder that is named after
the ratings, so that the next evaluation of the same ratings builds nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import eq
from pathlib import Path

import numpy as np

from crawler.progress import with_progress
from evaluation.errors import RatingsTooFew
from evaluation.settings import EvaluationSettings
from evaluation.taste.measuring import DEPTH, compare_systems
from evaluation.taste.pairs import measure_pairs, read_pairs
from evaluation.taste.peers import Scores, make_peers, rank
from evaluation.taste.protocols import cold_protocol, draw_cold, warm_protocols
from evaluation.taste.records import Case, Protocol, ProtocolResult, TasteEvaluation
from indexer.backup import copy_store
from indexer.build_report import BuildReport
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.legs import TASTE
from indexer.pipeline import update_index
from indexer.ratings.joining import JoinReport, WorkFinder, join_ratings
from indexer.records import Work
from indexer.store import Store
from indexer.taste.file import save_taste
from indexer.taste_training.likes import Ints, Likes, likes_by_kind, split_users
from indexer.taste_training.mapping import Content
from indexer.taste_training.run import learn_taste, read_contents, read_works
from search_api.recommending import CONTENT_WEIGHTS
from search_api.records import RecommendRequest
from search_api.search import Search, open_search

SEED = 20260102
"""Not the seed of trainings: the people measured with are others than those that settings were chosen by."""
SHARE, MOST_PEOPLE = 0.2, 300
"""The part of the people with enough likes that is measured with, and their number at most."""
LEAST_PEOPLE = 10
TASTE_FILE = "taste.safetensors"
WITHOUT_TASTE = {**CONTENT_WEIGHTS, TASTE: 0.0}
COLD_DEPTH = 3_000
"""How many works are ranked to find the first of those without ratings."""


@dataclass(frozen=True)
class _Measured:
    """One kind of work: all its likes, the people measured with, and the works without ratings in `cold`."""

    kind: str
    likes: Likes
    learnt: Ints
    users: Ints
    cold: Ints
    ids: tuple[str, ...]
    n_works: int

    def training(self, *, without_cold: bool) -> Likes:
        """Return the likes to learn from."""
        likes = self.likes.of_users(self.learnt)
        return likes.of_works(np.setdiff1d(np.arange(len(likes.rows)), self.cold)) if without_cold else likes


def evaluate_taste(
    ratings: Sequence[Path],
    links: Sequence[Path],
    settings: EvaluationSettings,
    *,
    pairs: Path | None = None,
    encoder: Encoder | None = None,
    seed: int = SEED,
    show: Callable[[ProtocolResult], None] | None = None,
) -> TasteEvaluation:
    """Return the figures of recommendations and of their peers, in every protocol and for every kind of work.

    Args:
        ratings: Files of ratings; see `indexer.ratings.formats`.
        links: Tables of the works that they rate.
        settings: Where the store is.
        pairs: A table of pairs of works that people judged as similar or not.
        encoder: An encoder to use instead of the one that the settings name.
        seed: Decides who is measured with, and which likes are given.
        show: Called with each result as soon as it is there.

    Raises:
        TasteInvalid, RatingsTooFew: The ratings cannot be used, or too few people have enough likes.
        UnknownWorks: There is no store.
        IndexerError, EngineError: An index cannot be built.
    """
    encoder = encoder or open_encoder(settings)
    works = read_works(settings)
    join = JoinReport()
    joined = join_ratings(ratings, links, WorkFinder(works), join)
    by_kind = likes_by_kind(joined, [work.kind for work in works])
    judged = read_pairs(pairs, links, WorkFinder(works)) if pairs else None
    contents = read_contents(settings, encoder, [works[row].id for each in by_kind.values() for row in each.rows])
    measured = [each for kind, likes in by_kind.items() if (each := _prepare(kind, likes, works, contents, seed))]
    if not measured:
        raise RatingsTooFew(
            f"{', '.join(map(str, ratings))}: fewer than {LEAST_PEOPLE} people can be measured with: a fifth of those "
            "who have at least five likes of works in the catalogue"
        )
    evaluation = TasteEvaluation(notes=join.lines())
    digest = _digest(ratings, links, seed)
    for without_cold in (False, True):
        home = settings.home / "evaluation" / f"ratings-{digest}{'-cold' if without_cold else ''}"
        own = settings.model_copy(update={"home": home, "qdrant_url": None, "taste": home / TASTE_FILE})
        training = {each.kind: each.training(without_cold=without_cold) for each in measured}
        evaluation.notes += _index(settings, own, training, works, contents, encoder)
        with closing(open_search(own, encoder)) as search:
            for each in measured:
                for result in _measure(search, each, contents, without_cold=without_cold, seed=seed):
                    evaluation.results.append(result)
                    if show:
                        show(result)
            if judged and not without_cold:
                evaluation.pairs = measure_pairs(search, judged)
    return evaluation


def _prepare(
    kind: str, likes: Likes, works: Sequence[Work], contents: Mapping[str, Content], seed: int
) -> _Measured | None:
    known = likes.of_works(np.flatnonzero([works[row].id in contents for row in likes.rows]))
    learnt, users = split_users(known, SHARE, MOST_PEOPLE, seed)
    if len(users) < LEAST_PEOPLE:
        return None
    ids = tuple(works[row].id for row in known.rows)
    n_works = sum(work.kind == kind for work in works)
    return _Measured(kind, known, learnt, users, draw_cold(known, seed), ids, n_works)


def _index(
    settings: EvaluationSettings,
    own: EvaluationSettings,
    training: Mapping[str, Likes],
    works: Sequence[Work],
    contents: Mapping[str, Content],
    encoder: Encoder,
) -> list[str]:
    """Learn a taste and build an index with it; what a former evaluation has made is taken as it is."""
    own.home.mkdir(parents=True, exist_ok=True)
    taste, _, notes = learn_taste(training, works, contents, encoder)
    save_taste(taste, own.home / TASTE_FILE)
    if not _has_same_works(settings.home, own.home):
        copy_store(settings.home / "store.sqlite3", own.home / "store.sqlite3")
    update_index(own, BuildReport(), lambda _: None, encoder=encoder)
    return notes


def _has_same_works(home: Path, other: Path) -> bool:
    if not (other / "store.sqlite3").is_file():
        return False
    with Store(home) as one, Store(other) as two:
        return all(map(eq, one.hashes(), two.hashes())) and one.count_works() == two.count_works()


def _measure(
    search: Search, measured: _Measured, contents: Mapping[str, Content], *, without_cold: bool, seed: int
) -> Iterator[ProtocolResult]:
    if without_cold:
        protocols = [cold_protocol(measured.likes, measured.users, measured.ids, measured.cold)]
    else:
        strengths = {work_id: contents[work_id].strengths for work_id in measured.ids}
        protocols = warm_protocols(measured.likes, measured.users, measured.ids, strengths, seed)
    peers = {} if without_cold else make_peers(measured.training(without_cold=False).matrix)
    column_of = {work_id: column for column, work_id in enumerate(measured.ids)}
    for protocol in protocols:
        if protocol.cases:
            rankings = _recommend(search, measured.kind, protocol)
            if protocol.name != "questionnaire":
                rankings |= _rank_peers(peers, protocol, measured.ids, column_of)
            n_works = len(protocol.pool) if protocol.pool else measured.n_works
            figures = compare_systems(protocol, rankings, n_works)
            n_people = len(protocol.cases)
            yield ProtocolResult(measured.kind, protocol.name, protocol.meaning, n_people, n_works, figures)


def _recommend(search: Search, kind: str, protocol: Protocol) -> dict[str, list[list[str]]]:
    """Return the rankings of recommendations, and those by content alone or, for questionnaires, by the like alone."""

    def ask(case: Case, values: Mapping[str, float], legs: Mapping[str, float] | None) -> list[str]:
        request = RecommendRequest.model_validate(
            {"likes": case.likes, "values": values, "filters": {"kind": kind}, "without": case.without}
        )
        if protocol.pool is None:
            return search.rank_for(request, DEPTH, legs)
        ranked = search.rank_for(request, COLD_DEPTH, legs)
        return [work_id for work_id in ranked if work_id in protocol.pool][:DEPTH]

    shown = with_progress(protocol.cases, "people", f"{kind}, {protocol.name}")
    if protocol.name == "questionnaire":
        both = [(ask(case, case.values, None), ask(case, {}, None)) for case in shown]
        return {"evoke": [one for one, _ in both], "one like": [other for _, other in both]}
    both = [(ask(case, {}, None), ask(case, {}, WITHOUT_TASTE)) for case in shown]
    return {"evoke": [one for one, _ in both], "content": [other for _, other in both]}


def _rank_peers(
    peers: Mapping[str, Scores], protocol: Protocol, ids: Sequence[str], column_of: Mapping[str, int]
) -> dict[str, list[list[str]]]:
    given = [np.array([column_of[work_id] for work_id in case.likes], dtype=np.int64) for case in protocol.cases]
    return {name: [rank(scores(columns), columns, ids, DEPTH) for columns in given] for name, scores in peers.items()}


def _digest(ratings: Sequence[Path], links: Sequence[Path], seed: int) -> str:
    digest = hashlib.sha256(str(seed).encode())
    for path in [*ratings, *links]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
