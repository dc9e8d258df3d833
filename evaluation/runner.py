"""`evoke evaluate`: measure systems on benchmarks, each over an index of its corpus, built by `indexer`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from evaluation.added_records import index_with_records
from evaluation.benchmark import Benchmark
from evaluation.encoders import open_word_encoder
from evaluation.errors import BenchmarkInvalid, RunInvalid, SystemUnknown
from evaluation.label_figures import measure_labels
from evaluation.measures import MEASURES, measure_run
from evaluation.query_vectors import CachedEncoder, QueryVectors
from evaluation.records import BenchmarkResult, LabelFigures, Run, SystemResult
from evaluation.runs import read_run, write_run
from evaluation.settings import EvaluationSettings
from evaluation.significance import bootstrap_intervals, compare, to_column
from evaluation.systems import BASELINE, SYSTEMS, Answers, RankBM25, Systems
from indexer.analysis import Analyser
from indexer.build_report import BuildReport
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import open_engine_of
from indexer.features import FeatureMaker
from indexer.hearing import HearingLabeller
from indexer.pipeline import build_index
from indexer.records import Features, FieldTerms, Work, sum_fields
from indexer.reviews.features import ReviewReader
from indexer.store import Store
from indexer.value_training.label_files import LabelledWork, read_labels
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.leg_queries import open_query_classifier
from search_api.query_adapter import QueryAdapter, load_query_adapter
from search_api.search import open_tuned


@dataclass(frozen=True)
class Plan:
    """What to measure on every benchmark."""

    systems: Sequence[str] = SYSTEMS
    baseline: str = BASELINE
    runs: Sequence[Path] = ()
    """Runs of other engines, each measured like a system whose name is the run's tag."""
    labels: Sequence[Path] = ()
    """Label files to measure the labeller by."""
    save_runs: Path | None = None
    """A folder to write the systems' runs to."""
    is_lenient: bool = False
    """Whether lines of runs that cannot be used are counted instead of refused."""
    encoder: str | None = None
    """Word vectors instead of the settings' model: a name that `open_word_encoder` knows."""


@dataclass
class Evaluation:
    """Results, and notes to print below them."""

    results: list[BenchmarkResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def evaluate(
    benchmarks: Sequence[Benchmark], settings: EvaluationSettings, plan: Plan, encoder: Encoder | None = None
) -> Evaluation:
    """Return the results of systems on benchmarks. Indexes are kept, so that the next evaluation embeds nothing.

    Raises:
        SystemUnknown, BenchmarkInvalid, RunInvalid, ValueHeadInvalid: The plan or one of its files cannot be used.
        EncoderUnavailable: The plan's encoder cannot be used.
        IndexerError, EngineError: An index cannot be built.
    """
    check_names(benchmarks)
    evaluation = Evaluation()
    foreign = [_read_runs(benchmark, plan, evaluation.notes) for benchmark in benchmarks]
    systems = _choose_systems(plan, foreign)
    sentence_encoder = encoder or open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    meaningful = frozenset[str]().union(*taxonomy.community_labels.values())
    labelled = list(read_labels(plan.labels, meaningful))
    adapter = load_query_adapter(settings.descriptions)
    for benchmark, runs in zip(benchmarks, foreign, strict=True):
        encoder = sentence_encoder
        if plan.encoder:
            encoder = open_word_encoder(plan.encoder, benchmark.corpus, settings.home / "evaluation" / "encoders")
            evaluation.notes.append(
                f"{benchmark.name}: texts embedded by {plan.encoder}; values labelled by similarity, "
                "since the trained value head fits the shipped encoder only"
            )
        own = _settings_of(benchmark, settings, plan, encoder)
        report = index_benchmark(benchmark, own, encoder)
        if report.n_rejected:
            evaluation.notes.append(
                f"{benchmark.name}: {report.n_rejected:,} lines were rejected: see {report.rejects}"
            )
        with QueryVectors(settings.home / "evaluation") as cache:
            cached = CachedEncoder(encoder, cache)
            answers = answer_queries(benchmark, own, systems, cached, taxonomy, adapter)
        if plan.save_runs:
            for name, answered in answers.items():
                write_run(plan.save_runs / f"{benchmark.name}.{name}.run", name, answered.run)
        labels = _measure_labels(benchmark, settings, plan, labelled, encoder, taxonomy)
        if plan.labels and not labels.labels:
            evaluation.notes.append(
                f"{benchmark.name}: the label files have no labels for its works in split {benchmark.split}"
            )
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
    encoder: CachedEncoder,
    taxonomy: Taxonomy,
    adapter: QueryAdapter | None,
) -> dict[str, Answers]:
    """Return the systems' answers to the benchmark's queries, from its index."""
    rank_bm25 = None
    if "rank-bm25" in systems:
        rank_bm25 = RankBM25((work_id, sum_fields(terms)) for work_id, terms in read_terms(settings, encoder))
    with closing(open_engine_of(settings, read_only=True)) as engine:
        classifier = open_query_classifier(settings, encoder, taxonomy)
        opened = Systems(engine, encoder, taxonomy, open_tuned(settings), classifier, rank_bm25, adapter)
        return opened.answer(benchmark.queries, systems, benchmark.name, benchmark.filters)


def to_result(
    benchmark: Benchmark,
    runs: Mapping[str, Run],
    latencies: Mapping[str, Mapping[str, float]],
    baseline: str,
    labels: LabelFigures,
) -> BenchmarkResult:
    """Return the measures of runs with their intervals, and each run's comparison with the baseline."""
    query_ids = list(benchmark.queries)
    per_query = {name: measure_run(run, benchmark.qrels) for name, run in runs.items()}
    columns = {
        measure: np.stack([to_column(judged[measure], query_ids) for judged in per_query.values()], axis=1)
        for measure in MEASURES
    }
    intervals = iter(bootstrap_intervals(np.hstack(list(columns.values()))))
    by_measure = {measure: {name: next(intervals) for name in runs} for measure in MEASURES}
    column = list(runs).index(baseline)
    others = [name for name in runs if name != baseline]
    comparisons = {
        measure: dict(zip(others, compare(np.delete(values, column, axis=1), values[:, column]), strict=True))
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
        labels=labels.labels,
        label_means=labels.means,
        added=benchmark.added,
    )


def latency(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile, as "p50" and "p95"."""
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def check_names(benchmarks: Sequence[Benchmark]) -> None:
    """Refuse benchmarks of the same name, because results name a benchmark only by it.

    Raises:
        BenchmarkInvalid: Two benchmarks have the same name.
    """
    names = [benchmark.name for benchmark in benchmarks]
    for name in names:
        if names.count(name) > 1:
            raise BenchmarkInvalid(f"two benchmarks are called {name!r}, after their folders: rename one folder")


def _read_runs(benchmark: Benchmark, plan: Plan, notes: list[str]) -> dict[str, Run]:
    """Return the plan's runs by tag, and add what is to be said of them to the notes."""
    runs: dict[str, Run] = {}
    for path in plan.runs:
        read = read_run(path, benchmark, lenient=plan.is_lenient)
        if read.tag in runs or read.tag in plan.systems:
            raise RunInvalid(f"{path}: another system is called {read.tag!r}: change the run's tag, the last field")
        runs[read.tag] = read.answers
        notes += read.notes
    return runs


def _choose_systems(plan: Plan, foreign: Sequence[Mapping[str, Run]]) -> list[str]:
    """Return the systems to run, the baseline among them unless it is a foreign run."""
    tags = set[str]().union(*foreign)
    for name in (*plan.systems, plan.baseline):
        if name not in SYSTEMS and not (name == plan.baseline and name in tags):
            raise SystemUnknown(f"no system is called {name!r}: there are {', '.join([*SYSTEMS, *sorted(tags)])}")
    return [name for name in SYSTEMS if name in plan.systems or (name == plan.baseline and name not in tags)]


def _settings_of(
    benchmark: Benchmark, settings: EvaluationSettings, plan: Plan, encoder: Encoder
) -> EvaluationSettings:
    """Return the settings for the index of a benchmark.

    Each word encoder has its own index: in a shared one, every change of encoder would embed the corpus again.
    """
    if benchmark.is_served:
        return settings
    return settings.for_corpus(benchmark.digest + (f"-{encoder.fingerprint[:8]}" if plan.encoder else ""))


def index_benchmark(benchmark: Benchmark, settings: EvaluationSettings, encoder: Encoder) -> BuildReport:
    """Bring the index of a benchmark's corpus, and of the records added to it, up to date.

    Raises:
        BenchmarkInvalid: A judged work is not in the index, because it was merged with another; or the added records
            changed which works there are.
    """
    if benchmark.is_served:
        return BuildReport()
    if benchmark.added and benchmark.added.n_added:
        report = index_with_records(benchmark, benchmark.added, settings, encoder)
    else:
        report = build_index([benchmark.corpus], settings, prune=True, encoder=encoder)
    _check_indexed(benchmark, settings)
    return report


def _check_indexed(benchmark: Benchmark, settings: EvaluationSettings) -> None:
    with Store(settings.home) as store:
        indexed = {work_id for work_id, _ in store.hashes()}
    judged = set[str]().union(*benchmark.qrels.values())
    if absent := sorted(judged - indexed):
        raise BenchmarkInvalid(
            f"{benchmark.corpus}: {len(absent):,} judged works were merged with others, such as {absent[0]!r}: "
            "judge the merged works, or use BEIR documents, which are never merged"
        )
    if benchmark.added and (len(indexed) != benchmark.added.n_works_of_corpus or not indexed <= benchmark.work_ids):
        raise BenchmarkInvalid(
            f"{benchmark.corpus}: the records of --records changed its {benchmark.added.n_works_of_corpus:,} works to "
            f"{len(indexed):,}, and judgements are of works without them: leave out --records"
        )


def read_works(settings: EvaluationSettings, encoder: Encoder) -> Iterator[tuple[Work, Features]]:
    """Yield the works of a benchmark's index with their features, in the order of their ids."""
    with Store(settings.home) as store:
        yield from store.works_with_features(FeatureMaker(Analyser(), encoder).recipe)


def read_terms(settings: EvaluationSettings, encoder: Encoder) -> Iterator[tuple[str, FieldTerms]]:
    """Yield the ids and terms of the works of a benchmark's index, in the order of their ids."""
    with Store(settings.home) as store:
        yield from store.works_with_terms(FeatureMaker(Analyser(), encoder).recipe)


def _measure_labels(
    benchmark: Benchmark,
    settings: EvaluationSettings,
    plan: Plan,
    labelled: Sequence[LabelledWork],
    encoder: Encoder,
    taxonomy: Taxonomy,
) -> LabelFigures:
    chosen = [work for work in labelled if work.split == benchmark.split]
    if not chosen:
        return LabelFigures()

    def works_without_records() -> Iterator[tuple[Work, Features]]:
        bare = replace(benchmark, added=None)
        own = _settings_of(bare, settings, plan, encoder)
        index_benchmark(bare, own, encoder)
        return read_works(own, encoder)

    own = _settings_of(benchmark, settings, plan, encoder)
    works = read_works(own, encoder)
    has_records = benchmark.added and benchmark.added.n_added
    with Store(own.home) as store:
        summaries = dict(store.review_features.summaries(ReviewReader(Analyser(), taxonomy).recipe))
    labeller = HearingLabeller(open_labeller(taxonomy, encoder, settings.values_head), summaries)
    return measure_labels(works, chosen, labeller, works_without_records if has_records else None)
