"""`evoke train-descriptions`: from benchmarks of remembered works to what they teach, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qdrant_client.models import SparseVector
from tqdm import tqdm

from evaluation.adapter_training.learning import SEED, Lessons, learn
from evaluation.benchmark import Benchmark, check_open_to_learning
from evaluation.errors import BenchmarkInvalid
from evaluation.measures import MEASURES, judge
from evaluation.query_vectors import OnceEncoder, QueryVectors
from evaluation.records import Interval
from evaluation.runner import answer_queries, index_benchmark, read_works
from evaluation.settings import EvaluationSettings
from evaluation.significance import bootstrap_intervals
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import open_engine
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.leg_queries import LegQueries, open_query_classifier
from search_api.query_adapter import QueryAdapter, save_query_adapter
from search_api.records import SearchRequest
from search_api.search import Search

N_FOLDS = 5
"""Parts of the works that are described: each is judged by what the descriptions of the others taught."""

NDCG = MEASURES[0]


@dataclass(frozen=True)
class Study:
    """The descriptions of one benchmark, with the part of its works that each belongs to."""

    benchmark: Benchmark
    settings: EvaluationSettings
    lessons: Lessons
    folds: NDArray[np.int64]

    def queries(self, fold: int) -> dict[str, str]:
        """Gives the descriptions of one part, by id."""
        told = self.benchmark.queries.items()
        return {each: text for (each, text), its in zip(told, self.folds.tolist(), strict=True) if its == fold}


@dataclass(frozen=True)
class Figure:
    """nDCG@10 on one benchmark, nothing learnt and learnt from the descriptions of other works."""

    benchmark: str
    n_descriptions: int
    n_described: int
    untaught: Interval
    taught: Interval
    gain: Interval


@dataclass(frozen=True)
class Training:
    """What was learnt, from how much, and what it is worth on works it was not learnt from."""

    descriptions: QueryAdapter
    figures: tuple[Figure, ...]
    n_left_out: int
    """Queries that the service does not read as descriptions."""


def train_descriptions(
    benchmarks: Sequence[Benchmark], settings: EvaluationSettings, output: Path, encoder: Encoder | None = None
) -> Training:
    """Learns from the descriptions of benchmarks and writes what was learnt.

    Raises:
        BenchmarkInvalid: a split is for the last check, or describes too few works.
        IndexerError, EngineError: an index cannot be made.
    """
    check_open_to_learning(benchmarks)
    encoder = encoder or open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    with QueryVectors(settings.home / "evaluation") as kept:
        once = OnceEncoder(encoder, kept)
        studies = [_study(benchmark, settings, encoder, once, taxonomy) for benchmark in benchmarks]
        learnt = learn([study.lessons for study in studies], encoder.fingerprint)
        save_query_adapter(learnt, output)
        figures = _judge(studies, once, taxonomy)
    n_asked = sum(len(benchmark.queries) for benchmark in benchmarks)
    return Training(learnt, figures, n_asked - sum(len(study.folds) for study in studies))


def _study(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: Encoder, once: OnceEncoder, taxonomy: Taxonomy
) -> Study:
    own = settings.for_corpus(benchmark.digest)
    index_benchmark(benchmark, own, encoder)
    vectors = {work.id: features.vector for work, features in read_works(own, encoder)}
    place_of = {work_id: place for place, work_id in enumerate(vectors)}
    asked = {
        query_id: question
        for query_id, question in _ask(benchmark, own, once, taxonomy)
        if question.intent.is_description and any(benchmark.qrels[query_id].values())
    }
    answers = np.array([place_of[_best(benchmark.qrels[query_id])] for query_id in asked], dtype=np.int64)
    described, number = np.unique(answers, return_inverse=True)
    if len(described) < N_FOLDS:
        raise BenchmarkInvalid(
            f"{benchmark.name}: {len(described)} works are described in the split {benchmark.split!r}: "
            f"give {N_FOLDS} at least, in queries that tell at length or say that a work is remembered"
        )
    terms = [question.legs.get("bm25") for question in asked.values()]
    lessons = Lessons(
        works=np.stack(list(vectors.values())),
        queries=np.stack([np.asarray(question.legs["text"]) for question in asked.values()]),
        answers=answers,
        terms=[each.indices if isinstance(each, SparseVector) else () for each in terms],
    )
    folds = np.random.default_rng(SEED).permutation(len(described)) % N_FOLDS
    kept = {query_id: question.query for query_id, question in asked.items()}
    return Study(replace(benchmark, queries=kept), own, lessons, folds[number])


def _ask(
    benchmark: Benchmark, settings: EvaluationSettings, encoder: OnceEncoder, taxonomy: Taxonomy
) -> Iterator[tuple[str, LegQueries]]:
    """Gives each query as the service asks the engine, untaught."""
    with closing(open_engine(settings.engine_location, read_only=True)) as engine:
        search = Search(engine, encoder, taxonomy, classifier=open_query_classifier(settings, encoder, taxonomy))
        queries = benchmark.queries.items()
        for query_id, text in tqdm(queries, desc=benchmark.name, unit=" queries", disable=None, leave=False):
            yield query_id, search.ask(SearchRequest(query=text))


def _best(grades: Mapping[str, int]) -> str:
    return min(grades, key=lambda work_id: (-grades[work_id], work_id))


def _judge(studies: Sequence[Study], encoder: OnceEncoder, taxonomy: Taxonomy) -> tuple[Figure, ...]:
    """Gives what the whole service reaches on each part of the works, taught by the others."""
    taught: list[dict[str, float]] = [{} for _ in studies]
    untaught: list[dict[str, float]] = [{} for _ in studies]
    for fold in range(N_FOLDS):
        others = [study.lessons.only(study.folds != fold) for study in studies]
        learnt = learn(others, encoder.fingerprint)
        for place, study in enumerate(studies):
            taught[place] |= _answer(study, fold, encoder, taxonomy, learnt)
            untaught[place] |= _answer(study, fold, encoder, taxonomy, None)
    return tuple(map(_figure, studies, untaught, taught))


def _answer(
    study: Study, fold: int, encoder: OnceEncoder, taxonomy: Taxonomy, descriptions: QueryAdapter | None
) -> dict[str, float]:
    part = replace(study.benchmark, queries=study.queries(fold))
    answered = answer_queries(part, study.settings, ["evoke"], encoder, taxonomy, descriptions)["evoke"]
    return judge(answered.run, {query_id: part.qrels[query_id] for query_id in part.queries})[NDCG]


def _figure(study: Study, untaught: Mapping[str, float], taught: Mapping[str, float]) -> Figure:
    pairs = np.array([(untaught[query_id], taught[query_id]) for query_id in study.benchmark.queries])
    columns = np.column_stack([pairs, pairs[:, 1] - pairs[:, 0]])
    n_described = len(np.unique(study.lessons.answers))
    return Figure(study.benchmark.name, len(pairs), n_described, *bootstrap_intervals(columns))


def figures_to_markdown(figures: Sequence[Figure]) -> str:
    """Gives the table of figures."""
    lines = [
        f"| benchmark | descriptions | works | {NDCG} untaught | taught by other works | difference, 95% |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.benchmark} | {each.n_descriptions:,} | {each.n_described:,} | {each.untaught.value:.4f} "
        f"| {each.taught.value:.4f} | {each.gain.value:+.4f} [{each.gain.low:+.4f}, {each.gain.high:+.4f}] |"
        for each in figures
    ]
    return "\n".join(lines) + "\n"
