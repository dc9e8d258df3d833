"""The tasks that an encoder is trained on: texts that belong to works, and batches drawn from them.

A task is a list of topics, each with texts that ask for it and texts of works that answer it. A batch has one asking
text and one work of each of its topics. The works of the other topics are the wrong answers, unless they answer the
topic too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from crawler.catalogue import Rejected, read_catalogue
from crawler.errors import CatalogueMissing
from crawler.records import SourceRecord
from evaluation.benchmark import Benchmark
from evaluation.encoder_training.ratings import read_likes
from evaluation.errors import BenchmarkInvalid
from indexer.merging.merging import work_id
from indexer.value_training.label_files import LabelledWork, read_labels
from indexer.values.taxonomy import Taxonomy

NOUNS = {"movie": ("film", "movie"), "book": ("book", "novel"), None: ("story",)}
"""What people call a work of a kind."""
VALUE_FRAMES = ("{0}", "{0}", "something {0}", "a {0} {1}", "{1}s that are {0}", "find me something {0}", "{0} {1}s")
"""How people ask with a tag or with an asking phrase; {1} is a word for the kind of work."""
SUBJECT_FRAMES = ("{0}", "{0} {1}", "{1}s about {0}", "a {1} about {0}", "a {1} with {0}", "something about {0}")
"""How people ask for a subject."""
LEAST_WORKS = 3
"""A label or a keyword is a topic if this many works have it: those of one or two works are names and slips."""
MOST_KEYWORD_WORKS = 400
"""A keyword of more works than this is a mark of a source, such as "based on novel or book", rather than a subject."""
LIKED = 4
"""The least rating of a book that its reader likes."""


@dataclass(frozen=True)
class Topic:
    """Texts that ask for one thing, and the texts of the works that answer it."""

    asks: Sequence[str]
    works: Sequence[str]


@dataclass(frozen=True)
class Task:
    """Topics that are drawn together.

    Attributes:
        name: What it is called in tables.
        topics: What is drawn from.
        batch_size: How many topics a batch has.
        temperature: What likenesses are divided by.
        share: The share of a training's steps, relative to the other tasks.
    """

    name: str
    topics: Sequence[Topic]
    batch_size: int
    temperature: float
    share: float


@dataclass(frozen=True)
class Batch:
    """One step: texts that ask, the text that answers each, and which pairs are judged.

    Attributes:
        asks: n texts.
        works: n texts; the one in the same place is the right answer.
        judged: bool (n, n); False for a work that answers another row's topic too.
        temperature: What likenesses are divided by.
        task: The name of the task.
    """

    asks: Sequence[str]
    works: Sequence[str]
    judged: NDArray[np.bool_]
    temperature: float
    task: str


@dataclass(frozen=True)
class TrainingWork:
    """A work of the corpora: its text as the index embeds it, and what topics are made from."""

    text: str
    kind: str | None
    ids: frozenset[tuple[str, str]]
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """The files of a training besides its benchmarks.

    Attributes:
        catalogues: Works that labels and ratings speak of, besides those of the benchmarks.
        labels: Label files; only their split `train` is learnt from.
        ratings: Who gave which book how many stars.
        rated_books: The ids of the rated books.
        reviews: Catalogues with reviews of works.
    """

    catalogues: Sequence[Path] = ()
    labels: Sequence[Path] = ()
    ratings: Path | None = None
    rated_books: Path | None = None
    reviews: Sequence[Path] = ()

    @property
    def files(self) -> list[Path]:
        """All files."""
        ratings = [each for each in (self.ratings, self.rated_books) if each]
        return [*self.catalogues, *self.labels, *ratings, *self.reviews]


def read_tasks(benchmarks: Sequence[Benchmark], material: Material, taxonomy: Taxonomy) -> list[Task]:
    """Return the tasks that benchmarks and files teach; a task without enough topics for a batch is left out.

    Raises:
        BenchmarkInvalid: A file cannot be read, or there is nothing to learn.
        ValueHeadInvalid: A label file cannot be used.
    """
    works: dict[str, TrainingWork] = {}
    descriptions = []
    for benchmark in benchmarks:
        of_corpus = dict(_read_works(benchmark.corpus))
        descriptions.append(Task(f"descriptions {benchmark.name}", _descriptions(benchmark, of_corpus), 48, 0.05, 1))
        works |= of_corpus
    for catalogue in material.catalogues:
        works |= _read_works(catalogue)
    n_described = sum(len(task.topics) for task in descriptions)
    by_id = {each: work for work in works.values() for each in work.ids}
    meaningful = frozenset[str]().union(*taxonomy.community_labels.values())
    labelled = list(read_labels(material.labels, meaningful))
    tasks = [
        *(replace(task, share=0.45 * len(task.topics) / n_described) for task in descriptions if task.topics),
        *(Task(f"values of {kind}s", topics, 64, 0.07, 0.1) for kind, topics in _values(labelled, by_id, taxonomy)),
        Task("keywords", _keywords(works.values()), 64, 0.07, 0.2),
        Task("co-liked books", _co_liked(material, labelled, by_id), 32, 0.05, 0.15),
        Task("reviews", list(_reviews(material.reviews, by_id)), 32, 0.05, 0.15),
    ]  # fmt: skip
    kept = [task for task in tasks if len(task.topics) >= 2]
    if not kept:
        raise BenchmarkInvalid("the benchmarks and files have nothing to train an encoder on: give more of them")
    return kept


def draw_batches(tasks: Sequence[Task], n_steps: int, seed: int) -> list[Batch]:
    """Return the batches of a training, in the order of its steps; each topic comes once before any comes again."""
    random = Random(seed)  # noqa: S311 - no secret
    decks = {task.name: _deck(task.topics, random) for task in tasks}
    chosen = random.choices(tasks, [task.share for task in tasks], k=n_steps)
    return [_draw(task, decks[task.name], random) for task in chosen]


def _deck(topics: Sequence[Topic], random: Random) -> Iterator[Topic]:
    while True:
        yield from random.sample(topics, len(topics))


def _draw(task: Task, deck: Iterator[Topic], random: Random) -> Batch:
    topics = [next(deck) for _ in range(min(task.batch_size, len(task.topics)))]
    asks = [random.choice(topic.asks) for topic in topics]
    works = [
        random.choice([work for work in topic.works if work != ask] or [ask])
        for topic, ask in zip(topics, asks, strict=True)
    ]
    judged = np.array([[work not in topic.works for work in works] for topic in topics])
    np.fill_diagonal(judged, val=True)
    return Batch(asks, works, judged, task.temperature, task.name)


def _read_works(corpus: Path) -> Iterator[tuple[str, TrainingWork]]:
    """Yield the id and the content of each work of a corpus that has a description."""
    for record in _records(corpus):
        if record.description:
            text = f"{record.title}. {record.description}"
            ids = frozenset((str(name), value) for name, value in record.ids.items())
            yield work_id(record), TrainingWork(text, record.kind, ids, record.keywords)


def _descriptions(benchmark: Benchmark, works: Mapping[str, TrainingWork]) -> list[Topic]:
    """Return one topic for each query of the benchmark's split."""
    return [
        Topic([text], right)
        for query_id, text in benchmark.queries.items()
        if (right := [works[each].text for each, grade in benchmark.qrels[query_id].items() if grade and each in works])
    ]


def _values(
    labelled: Iterable[LabelledWork], by_id: Mapping[tuple[str, str], TrainingWork], taxonomy: Taxonomy
) -> Iterator[tuple[str, list[Topic]]]:
    """Yield for each kind a topic for each value and tag that works of split `train` have."""
    asks: defaultdict[str, list[str]] = defaultdict(list)
    for phrase, dimensions in taxonomy.phrases.items():
        for dimension in dimensions if len(dimensions) <= 3 else ():  # more share a phrase that names a whole facet
            asks[dimension].append(phrase)
    works: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for labels in labelled:
        work = next((by_id[each] for each in labels.ids if each in by_id), None)
        if labels.split == "train" and work and work.kind:
            for dimension, wanted in taxonomy.community_labels.items():
                if wanted and labels.has_any(wanted):
                    works[work.kind, dimension].append(work.text)
    for kind in sorted({kind for kind, _ in works}):
        yield (
            kind,
            [
                Topic(_framed(asks[dimension], VALUE_FRAMES, kind), _Works(of_dimension))
                for (own, dimension), of_dimension in works.items()
                if own == kind and len(of_dimension) >= LEAST_WORKS and asks[dimension]
            ],
        )


def _framed(phrases: Iterable[str], frames: Sequence[str], kind: str | None) -> list[str]:
    """Return phrases in every frame; a sentence stays as it is."""
    framed = []
    for phrase in phrases:
        own = frames if len(phrase.split()) <= 3 else ("{0}",)
        framed += [
            frame.format(phrase.replace("-", " "), noun) for frame in own for noun in NOUNS.get(kind, ("story",))
        ]
    return framed


def _keywords(works: Iterable[TrainingWork]) -> list[Topic]:
    """Return a topic for each keyword."""
    carriers: defaultdict[tuple[str | None, str], list[str]] = defaultdict(list)
    for work in works:
        for keyword in work.keywords:
            carriers[work.kind, keyword.casefold()].append(work.text)
    return [
        Topic(_framed([keyword], SUBJECT_FRAMES, kind), _Works(of_keyword))
        for (kind, keyword), of_keyword in carriers.items()
        if LEAST_WORKS <= len(of_keyword) <= MOST_KEYWORD_WORKS
    ]


def _co_liked(
    material: Material, labelled: Iterable[LabelledWork], by_id: Mapping[tuple[str, str], TrainingWork]
) -> list[Topic]:
    """Return a topic for each reader, of the books that the reader likes; works of split `validation` are left out."""
    if material.ratings is None or material.rated_books is None:
        return []
    held_out = {each for labels in labelled if labels.split != "train" for each in labels.ids}
    texts = {each: work.text for each, work in by_id.items() if not held_out & work.ids}
    likes = read_likes(material.ratings, material.rated_books, LIKED)
    topics = []
    for reader in likes:
        liked = [texts["goodreads", each] for each in reader if ("goodreads", each) in texts]
        if len(liked) > 1:
            topics.append(Topic(liked, _Works(liked)))
    return topics


def _reviews(paths: Iterable[Path], by_id: Mapping[tuple[str, str], TrainingWork]) -> Iterator[Topic]:
    """Yield a topic for each work that has reviews."""
    for record in chain.from_iterable(map(_records, paths)):
        if topic := _reviewed(record, by_id):
            yield topic


def _reviewed(record: SourceRecord, by_id: Mapping[tuple[str, str], TrainingWork]) -> Topic | None:
    work = next((by_id[name, value] for name, value in record.ids.items() if (name, value) in by_id), None)
    return Topic([each.text for each in record.reviews], [work.text]) if work and record.reviews else None


def _records(path: Path) -> Iterator[SourceRecord]:
    """Yield the records of a catalogue.

    Raises:
        BenchmarkInvalid: It cannot be read.
    """
    try:
        for entry in read_catalogue(path):
            if not isinstance(entry, Rejected):
                yield entry[1]
    except CatalogueMissing as error:
        raise BenchmarkInvalid(str(error)) from error


class _Works(list[str]):
    """Texts of works, in which one is found at once: a tag may have thousands."""

    def __init__(self, texts: Iterable[str]) -> None:
        super().__init__(texts)
        self._known = frozenset(self)

    def __contains__(self, text: object) -> bool:
        return text in self._known
