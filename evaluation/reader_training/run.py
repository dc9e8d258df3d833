"""`evoke train-reader`: make requests, train heads on them, test these on held-out words and frames, and write them."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.progress import with_progress
from evaluation.reader_training.frames import Frame, packaged_frames, read_frames
from evaluation.reader_training.network import IGNORED, HeadShape, TokenBatch, train_heads
from evaluation.reader_training.requests import LabelledRequest, RequestMaker
from evaluation.reader_training.words import is_held_out, read_word_bank
from evaluation.settings import EvaluationSettings
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.encoder.token_networks import PADDED_TO, WINDOW_TOKENS
from indexer.tracking import track
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from search_api.understanding.tagger import AveragedHeads, Floats, Head, Tagger, save_tagger
from search_api.understanding.token_labels import LABELS

DILATIONS = (1, 2, 4, 8)
"""Of the convolutions of the deepest head; a head of a smaller depth has the first of them."""
HEADS = (HeadShape((0, 2, 3), DILATIONS), HeadShape((3,), DILATIONS, hidden=64))
"""docs/decisions/0023-reader.md compares them with others: the second adds .005 on frames that were held out.

The depth of each is searched."""
LAYERS = tuple(sorted({layer for shape in HEADS for layer in shape.layers}))
DEPTHS = tuple(range(1, len(DILATIONS) + 1))
NOISE = 0.005
"""Smaller differences of accuracy are noise."""
BATCH_SIZE = 32
_SORTED = 32
"""Batches whose requests are sorted by length together, so that little is padded."""


@dataclass(frozen=True)
class ReaderFigures:
    """How well heads label the words of requests.

    Attributes:
        name: What the requests are made of.
        n_words: How many words were labelled.
        accuracy: The share of words with the right label.
        f1: F1 by label.
        inverted: The share of refused words and disliked titles that were read as wished or liked.
    """

    name: str
    n_words: int
    accuracy: float
    f1: dict[str, float]
    inverted: float


@dataclass(frozen=True)
class DepthFigure:
    """The share of words that one of `HEADS`, by its place, labels rightly with a number of convolutions."""

    head: int
    depth: int
    accuracy: float


@dataclass(frozen=True)
class Training:
    """A trained tagger and its figures, and those that its depths were chosen by."""

    tagger: Tagger
    figures: tuple[ReaderFigures, ...]
    n_frames: int
    depths: tuple[DepthFigure, ...]


@dataclass(frozen=True)
class MiddleLayers:
    """A `TokenNetwork` that returns the vectors of layers as they are, one after the other."""

    layers: tuple[int, ...]

    def build(self, vectors: Any, mask: Any) -> Any:
        """Return the vectors as an OpenVINO node."""
        from openvino import opset13 as ops

        del mask
        return ops.concat([vectors[layer] for layer in self.layers], -1)

    def compute(self, vectors: Any, mask: Any) -> Floats:
        """Return the vectors in numpy."""
        del mask
        joined: Floats = np.concatenate([vectors[layer] for layer in self.layers], axis=-1)
        return joined


@dataclass(frozen=True)
class Plan:
    """What a training makes and how large it is.

    Attributes:
        n_requests: How many requests the heads are trained on; none comes twice.
        n_requests_of_hands: The same for the heads that are trained on some hands' frames, for their figures alone.
        n_requests_of_depths: The same for the heads of which the best depth is chosen.
        n_test_requests: How many requests a test has.
        seed: Decides everything.
    """

    n_requests: int = 140_000
    n_requests_of_hands: int = 16_000
    n_requests_of_depths: int = 16_000
    n_test_requests: int = 1_500
    seed: int = 15


class ReaderTrainer:
    """A trainer: it makes requests, trains heads on their token vectors, and tests them."""

    def __init__(self, encoder: Encoder, taxonomy: Taxonomy, plan: Plan) -> None:
        table = tomllib.loads((files("evaluation") / "reader_training" / "words.toml").read_text(encoding="utf-8"))
        self._encoder = encoder
        self._plan = plan
        self._joints, self._ends = table["joints"], (table["openings"], table["endings"])
        self._training_words, self._held_out_words = read_word_bank(taxonomy).divide()
        self._vectors = encoder.open_network(MiddleLayers(LAYERS), keep=False)

    def choose_depths(self, frames: Sequence[Frame]) -> list[DepthFigure]:
        """Return how well each head labels with each depth, on a part of the frames; all are trained on the others."""
        trained, validation = (
            [frame for frame in frames if is_held_out(f"depth: {frame.text}") == held_out] for held_out in (False, True)
        )
        shapes = [replace(head, dilations=DILATIONS[:depth]) for head in HEADS for depth in DEPTHS]
        taggers = map(self._to_tagger, self._train(trained, self._plan.n_requests_of_depths, shapes))
        figures = (self.test("depth", each, validation, held_out_words=False) for each in taggers)
        numbered = [(number, depth) for number in range(len(HEADS)) for depth in DEPTHS]
        return [
            DepthFigure(number, depth, figure.accuracy)
            for (number, depth), figure in zip(numbered, figures, strict=True)
        ]

    def train(self, frames: Sequence[Frame], n_requests: int, shapes: Sequence[HeadShape]) -> Tagger:
        """Return a tagger that was trained on requests made of frames and of the words that are not held out."""
        return self._to_tagger(*self._train(frames, n_requests, shapes))

    def _to_tagger(self, *heads: Head) -> Tagger:
        return Tagger(AveragedHeads(heads), self._encoder.lower_fingerprint, self._plan.seed, keep=False)

    def _train(self, frames: Sequence[Frame], n_requests: int, shapes: Sequence[HeadShape]) -> list[Head]:
        maker = RequestMaker(frames, self._training_words, self._joints, self._ends)
        random = Random(self._plan.seed)  # noqa: S311 - no secret
        requests = (maker.make(random) for _ in range(n_requests))
        n_steps = -(-n_requests // BATCH_SIZE)
        batches = with_progress(self._batches(requests), "batches", "training", n_steps)
        return train_heads(shapes, LAYERS, self._encoder.dimension, batches, n_steps, self._plan.seed)

    def _batches(self, requests: Iterator[LabelledRequest]) -> Iterator[TokenBatch]:
        """Yield the token vectors of requests; a thread computes them ahead of the training."""
        with ThreadPoolExecutor(1, "vectors") as ahead:
            pending: deque[Future[TokenBatch]] = deque()
            for group in self._grouped(requests):
                pending.append(ahead.submit(self._encode, group))
                if len(pending) > 4:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()

    def _grouped(self, requests: Iterator[LabelledRequest]) -> Iterator[Sequence[LabelledRequest]]:
        """Yield batches of requests of about one length, in random order."""
        random = Random(self._plan.seed)  # noqa: S311 - no secret
        while pool := list(islice(requests, BATCH_SIZE * _SORTED)):
            pool.sort(key=lambda request: len(request.text))
            batches = [pool[start : start + BATCH_SIZE] for start in range(0, len(pool), BATCH_SIZE)]
            random.shuffle(batches)
            yield from batches

    def _encode(self, requests: Sequence[LabelledRequest]) -> TokenBatch:
        encoder_files = self._encoder.files
        before, after = encoder_files.special_tokens
        tokenised = encoder_files.tokenizer.encode_batch([each.text for each in requests], add_special_tokens=False)
        room = min(WINDOW_TOKENS, encoder_files.max_tokens)
        longest = len(before) + min(room, max(len(tokens.ids) for tokens in tokenised)) + len(after)
        shape = (len(requests), -(-longest // PADDED_TO) * PADDED_TO)
        ids = np.full(shape, encoder_files.padding_id, dtype=np.int64)
        mask, labels = np.zeros(shape, dtype=np.int64), np.full(shape, IGNORED, dtype=np.int64)
        for row, (request, tokens) in enumerate(zip(requests, tokenised, strict=True)):
            own = tokens.ids[:room]
            ids[row, : len(before) + len(own) + len(after)] = [*before, *own, *after]
            mask[row, : len(before) + len(own) + len(after)] = 1
            labels[row, len(before) : len(before) + len(own)] = _token_labels(request, tokens.offsets[:room])
        return TokenBatch(self._vectors.run(ids, mask).copy(), mask[..., None].astype(np.float32), labels)

    def test(self, name: str, tagger: Tagger, frames: Sequence[Frame], *, held_out_words: bool) -> ReaderFigures:
        """Return how well a tagger labels requests made of frames, with the training's words or with held-out ones."""
        bank = self._held_out_words if held_out_words else self._training_words
        maker = RequestMaker(frames, bank, self._joints, self._ends)
        random = Random(self._plan.seed + 1)  # noqa: S311 - no secret
        confusion = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
        for _ in range(self._plan.n_test_requests):
            request = maker.make(random)
            read = tagger.label(request.text, self._encoder).shares.argmax(axis=1)
            np.add.at(confusion, (np.array(request.labels, dtype=np.int64), read), 1)
        return _measure(name, confusion)


def train_reader(
    settings: EvaluationSettings, output: Path, encoder: Encoder | None = None, plan: Plan | None = None
) -> Training:
    """Train a tagger on requests made of the taxonomy's asking words and the packaged frames, test it, and write it.

    The tagger sees neither the held-out words nor the held-out frames, with which it is tested. The files of frames are
    of different hands: for each, another tagger is trained on the other files and tested on this one.

    Raises:
        FramesInvalid: A file of frames has a line that cannot be used.
        ModelUnavailable: The encoder cannot be loaded, or lacks a layer that the heads read.
    """
    encoder, plan = encoder or open_encoder(settings), plan or Plan()
    trainer = ReaderTrainer(encoder, load_taxonomy(settings.taxonomy), plan)
    hands = {path.stem: read_frames(path) for path in packaged_frames()}
    frames = [frame for of_hand in hands.values() for frame in of_hand]
    seen, unseen = ([frame for frame in frames if is_held_out(frame.text) == held_out] for held_out in (False, True))

    with track("train-reader", settings.home) as run:
        run.log_data(packaged_frames())
        run.log_parameters({**asdict(plan), "encoder": encoder.lower_fingerprint})
        depths = trainer.choose_depths(seen)
        for each in depths:
            run.log_trial({"head": each.head + 1, "depth": each.depth}, {"accuracy": each.accuracy})
        shapes = choose_shapes(depths)
        run.log_parameters({f"head {number}": shape for number, shape in enumerate(shapes, start=1)})
        final = trainer.train(seen, plan.n_requests, shapes)
        figures = [
            trainer.test("words held out", final, seen, held_out_words=True),
            trainer.test("frames held out", final, unseen, held_out_words=False),
            trainer.test("words and frames held out", final, unseen, held_out_words=True),
        ]
        for name, of_hand in hands.items() if len(hands) > 1 else ():
            others = [frame for other, of_other in hands.items() if other != name for frame in of_other]
            of_others = trainer.train(others, plan.n_requests_of_hands, shapes)
            test = f"words and all frames of {name}.txt held out"
            figures.append(trainer.test(test, of_others, of_hand, held_out_words=True))
        final.figures = {figure.name: figure.accuracy for figure in figures}
        run.log_metrics(final.figures)
        save_tagger(final, output)
        run.log_output(output)
    return Training(final, tuple(figures), len(frames), tuple(depths))


def choose_shapes(depths: Sequence[DepthFigure]) -> tuple[HeadShape, ...]:
    """Return the heads, each with the smallest depth that labels as well as the best one, but for noise."""
    chosen = []
    for number, head in enumerate(HEADS):
        accuracies = {each.depth: each.accuracy for each in depths if each.head == number}
        least = max(accuracies.values()) - NOISE
        depth = min(depth for depth, accuracy in accuracies.items() if accuracy >= least)
        chosen.append(replace(head, dilations=DILATIONS[:depth]))
    return tuple(chosen)


def _token_labels(request: LabelledRequest, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Return the label of the word that each token belongs to, or `IGNORED`."""
    starts = [start for start, _ in request.spans]
    words = [bisect_right(starts, start) - 1 for start, _ in offsets]
    return [
        request.labels[word] if word >= 0 and start < request.spans[word][1] else IGNORED
        for word, (start, _) in zip(words, offsets, strict=True)
    ]


def _measure(name: str, confusion: NDArray[np.int64]) -> ReaderFigures:
    """Return the figures of a confusion matrix, whose rows are the right labels."""
    right = confusion.diagonal()
    f1 = 2 * right / np.maximum(1, confusion.sum(axis=0) + confusion.sum(axis=1))
    wish, dislike, like, unlike = (LABELS.index(label) for label in ("wish", "dislike", "like", "unlike"))
    n_refused = confusion[[dislike, unlike]].sum()
    return ReaderFigures(
        name=name,
        n_words=int(confusion.sum()),
        accuracy=float(right.sum() / max(1, confusion.sum())),
        f1=dict(zip(LABELS, f1.tolist(), strict=True)),
        inverted=float((confusion[dislike, wish] + confusion[unlike, like]) / max(1, n_refused)),
    )


def training_to_markdown(training: Training) -> str:
    """Return the figures as a table in Markdown, and those of each depth as another one."""
    columns = ("test", "words", "accuracy", *(f"F1 {label}" for label in LABELS), "inverted")
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for figure in training.figures:
        numbers = (figure.accuracy, *figure.f1.values(), figure.inverted)
        lines.append(f"| {figure.name} | {figure.n_words:,} | {' | '.join(f'{number:.3f}' for number in numbers)} |")
    lines += ["", "| head | depth | accuracy |", "|--:|--:|--:|"]
    lines += [f"| {each.head + 1} | {each.depth} | {each.accuracy:.3f} |" for each in training.depths]
    return "\n".join(lines) + "\n"
