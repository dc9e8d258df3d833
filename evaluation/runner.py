"""`evoke evaluate`: benchmarks to results, each answered from an index that the real indexer made of its corpus."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evaluation.benchmark import Benchmark
from evaluation.encoders import open_word_encoder
from evaluation.errors import BenchmarkInvalid, RunInvalid, SystemUnknown
from evaluation.label_figures import judge_labels
from evaluation.measures import MEASURES, judge
from evaluation.query_vectors import OnceEncoder, QueryVectors
from evaluation.records import BenchmarkResult, LabelResult, Run, SystemResult
from evaluation.runs import read_run, write_run
from evaluation.settings import EvaluationSettings
from evaluation.significance import bootstrap_intervals, compare, to_column
from evaluation.systems import BASELINE, SYSTEMS, Answers, RankBM25, Systems
from indexer.analysis import Analyser
from indexer.build_report import BuildReport
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import open_engine
from indexer.features import FeatureMaker
from indexer.pipeline import build_index
from indexer.records import Features, FieldTerms, Work, sum_fields
from indexer.store import Store
from indexer.value_training.label_files import LabelledWork, read_labels
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.leg_queries import open_query_classifier
from search_api.query_adapter import QueryAdapter, load_query_adapter
from search_api.search import open_tuned


@dataclass(frozen=True)
class Plan:
    """What is measured on every benchmark."""

    systems: Sequence[str] = SYSTEMS
    baseline: str = BASELINE
    runs: Sequence[Path] = ()
    """Foreign runs, each judged as a system named by its tag."""
    labels: Sequence[Path] = ()
    save_runs: Path | None = None
    encoder: str | None = None
    """Word vectors instead of the settings' model: a name that `open_word_encoder` knows."""


@dataclass
class Evaluation:
    """Results, and what a person should know besides."""

    results: list[BenchmarkResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def evaluate(
    benchmarks: Sequence[Benchmark], settings: EvaluationSettings, plan: Plan, encoder: Encoder | None = None
) -> Evaluation:
    """Gives what the systems reach on benchmarks. Their indexes are kept, so that the next time nothing is embedded.

    Raises:
        SystemUnknown, BenchmarkInvalid, RunInvalid, ValueHeadInvalid: the plan or a file of it cannot be used.
        EncoderUnavailable: the plan's encoder cannot be used.
        IndexerError, EngineError: an index cannot be made.
    """
    check_names(benchmarks)
    foreign = [_read_runs(benchmark, plan) for benchmark in benchmarks]
    systems = _choose_systems(plan, foreign)
    sentence_encoder = encoder or open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    meaningful = frozenset[str]().union(*taxonomy.community_labels.values())
    labelled = list(read_labels(plan.labels, meaningful))
    descriptions = load_query_adapter(settings.descriptions)
    evaluation = Evaluation()
    for benchmark, runs in zip(benchmarks, foreign, strict=True):
        encoder, own = sentence_encoder, settings.for_corpus(benchmark.digest)
        if plan.encoder:
            encoder = open_word_encoder(plan.encoder, benchmark.corpus, settings.home / "evaluation" / "encoders")
            # An index of its own: otherwise two encoders that are compared would each make the other's anew.
            own = settings.for_corpus(f"{benchmark.digest}-{encoder.fingerprint[:8]}")
            evaluation.notes.append(
                f"{benchmark.name}: texts became vectors by {plan.encoder}, values told by likeness"
            )
        report = index_benchmark(benchmark, own, encoder)
        if report.n_rejected:
            evaluation.notes.append(f"{benchmark.name}: {report.n_rejected:,} lines are no works: {report.rejects}")
        with QueryVectors(settings.home / "evaluation") as kept:
            once = OnceEncoder(encoder, kept)
            answers = answer_queries(benchmark, own, systems, once, taxonomy, descriptions)
        if plan.save_runs:
            for name, answered in answers.items():
                write_run(plan.save_runs / f"{benchmark.name}.{name}.run", name, answered.run)
        labels = _judge_labels(benchmark, own, labelled, encoder, taxonomy)
        if plan.labels and not labels:
            evaluation.notes.append(f"{benchmark.name}: no label file speaks of its works in split {benchmark.split}")
        evaluation.results.append(
            to_result(
                benchmark,
                {name: answered.run for name, answered in answers.items()} | runs,
                {name: latency(answered.milliseconds) for name, answered in answers.items()},
                plan.baseline,
                labels,
            )
        )
    return evaluation


def answer_queries(
    benchmark: Benchmark,
    settings: EvaluationSettings,
    systems: Collection[str],
    encoder: OnceEncoder,
    taxonomy: Taxonomy,
    descriptions: QueryAdapter | None,
) -> dict[str, Answers]:
    """Gives what systems answer from the benchmark's index."""
    rank_bm25 = None
    if "rank-bm25" in systems:
        rank_bm25 = RankBM25((work_id, sum_fields(terms)) for work_id, terms in read_terms(settings, encoder))
    with closing(open_engine(settings.engine_location, read_only=True)) as engine:
        reading = open_query_classifier(settings, encoder, taxonomy)
        asked = Systems(engine, encoder, taxonomy, open_tuned(settings), reading, rank_bm25, descriptions)
        return asked.answer(benchmark.queries, systems, benchmark.name)


def to_result(
    benchmark: Benchmark,
    runs: Mapping[str, Run],
    latencies: Mapping[str, Mapping[str, float]],
    baseline: str,
    labels: Mapping[str, LabelResult],
) -> BenchmarkResult:
    """Gives runs' measures with their intervals, and each system's comparison with the baseline."""
    query_ids = list(benchmark.queries)
    per_query = {name: judge(run, benchmark.qrels) for name, run in runs.items()}
    columns = {
        measure: np.stack([to_column(judged[measure], query_ids) for judged in per_query.values()], axis=1)
        for measure in MEASURES
    }
    intervals = iter(bootstrap_intervals(np.hstack(list(columns.values()))))
    by_measure = {measure: {name: next(intervals) for name in runs} for measure in MEASURES}
    place = list(runs).index(baseline)
    others = [name for name in runs if name != baseline]
    comparisons = {
        measure: dict(zip(others, compare(np.delete(values, place, axis=1), values[:, place]), strict=True))
        for measure, values in columns.items()
    }
    return BenchmarkResult(
        benchmark=benchmark.name,
        split=benchmark.split,
        baseline=baseline,
        n_works=len(benchmark.work_ids),
        n_queries=len(query_ids),
        n_qrels=benchmark.n_qrels,
        queries=benchmark.queries,
        systems={
            name: SystemResult(
                measures={measure: by_measure[measure][name] for measure in MEASURES},
                per_query=per_query[name],
                comparisons={measure: comparisons[measure][name] for measure in MEASURES} if name != baseline else {},
                latency_ms=latencies.get(name, {}),
            )
            for name in runs
        },
        labels=labels,
    )


def latency(milliseconds: Sequence[float]) -> dict[str, float]:
    """Gives the median and the 95th percentile."""
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def check_names(benchmarks: Sequence[Benchmark]) -> None:
    """Refuses benchmarks that results could not tell apart."""
    names = [benchmark.name for benchmark in benchmarks]
    for name in names:
        if names.count(name) > 1:
            raise BenchmarkInvalid(f"two benchmarks are called {name!r}, as their folders are: rename one")


def _read_runs(benchmark: Benchmark, plan: Plan) -> dict[str, Run]:
    runs: dict[str, Run] = {}
    for path in plan.runs:
        tag, run = read_run(path, benchmark)
        if tag in runs or tag in plan.systems:
            raise RunInvalid(f"{path}: a system is called {tag!r} already: change the run's tag, its last field")
        runs[tag] = run
    return runs


def _choose_systems(plan: Plan, foreign: Sequence[Mapping[str, Run]]) -> list[str]:
    """Gives the systems to ask, the baseline among them unless it is a foreign run."""
    tags = set[str]().union(*foreign)
    for name in (*plan.systems, plan.baseline):
        if name not in SYSTEMS and not (name == plan.baseline and name in tags):
            raise SystemUnknown(f"no system is called {name!r}: there are {', '.join([*SYSTEMS, *sorted(tags)])}")
    return [name for name in SYSTEMS if name in plan.systems or (name == plan.baseline and name not in tags)]


def index_benchmark(benchmark: Benchmark, settings: EvaluationSettings, encoder: Encoder) -> BuildReport:
    """Brings the index of a benchmark's corpus up to date; refuses judgements of works that no answer can have."""
    report = build_index([benchmark.corpus], settings, prune=True, encoder=encoder)
    _check_indexed(benchmark, settings)
    return report


def _check_indexed(benchmark: Benchmark, settings: EvaluationSettings) -> None:
    """Refuses judgements of works that no answer can have, since they became one with others."""
    with Store(settings.home) as store:
        indexed = {work_id for work_id, _ in store.hashes()}
    judged = set[str]().union(*benchmark.qrels.values())
    if absent := sorted(judged - indexed):
        raise BenchmarkInvalid(
            f"{benchmark.corpus}: {len(absent):,} judged works were merged with others, such as {absent[0]!r}: "
            "judge the works that they became, or give BEIR documents, which are never merged"
        )


def read_works(settings: EvaluationSettings, encoder: Encoder) -> Iterator[tuple[Work, Features]]:
    """Gives the works of a benchmark's index with their features, by id."""
    with Store(settings.home) as store:
        yield from store.works_with_features(FeatureMaker(Analyser(), encoder).recipe)


def read_terms(settings: EvaluationSettings, encoder: Encoder) -> Iterator[tuple[str, FieldTerms]]:
    """Gives the ids of the works of a benchmark's index with their terms, by id."""
    with Store(settings.home) as store:
        yield from store.works_with_terms(FeatureMaker(Analyser(), encoder).recipe)


def _judge_labels(
    benchmark: Benchmark,
    settings: EvaluationSettings,
    labelled: Sequence[LabelledWork],
    encoder: Encoder,
    taxonomy: Taxonomy,
) -> dict[str, LabelResult]:
    chosen = [work for work in labelled if work.split == benchmark.split]
    if not chosen:
        return {}
    labeller = open_labeller(taxonomy, encoder, settings.values_head)
    return judge_labels(read_works(settings, encoder), chosen, labeller)
