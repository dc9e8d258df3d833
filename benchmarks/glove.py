"""Train GloVe on a benchmark's corpus; write vectors in its text format for `evoke evaluate --encoder vectors:FILE`.

python -m benchmarks.glove BENCHMARK... -o FOLDER

Pennington, Socher and Manning (2014), "GloVe: Global Vectors for Word Representation", equation 8, over all pairs of
words within WINDOW of each other, where X counts a pair at a distance of d words as 1/d:

    J = sum of  min(1, X / X_MAX) ^ 0.75  (w_i . v_j + b_i + c_j - ln X_ij)^2

AdaGrad minimises it, and a word's vector is w + v. Window, dimension, epochs and the least frequency of a word are
those of word2vec in `evaluation.encoders`. The published vectors were trained on billions of words.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from evaluation.encoders import RECIPES, read_texts, split_words

DIMENSION, WINDOW, EPOCHS, LEAST_COUNT = (
    RECIPES["word2vec"][name] for name in ("vector_size", "window", "epochs", "min_count")
)
X_MAX = 10.0
"""The paper's 100 is for billions of words: in a small corpus almost no pair is as frequent."""
LEARNING_RATE = 0.05
BATCH_SIZE = 65_536


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="+", type=Path, metavar="BENCHMARK")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for folder in options.benchmarks:
        started = perf_counter()
        corpus = next(path for path in (folder / "corpus.jsonl", folder / "corpus.jsonl.gz") if path.is_file())
        words, pairs, counts = count_pairs([split_words(text) for text in read_texts(corpus)])
        vectors = train(len(words), pairs, counts, options.epochs)
        output = options.output / f"glove.{folder.name}.{DIMENSION}d.txt"
        write_vectors(output, words, vectors)
        print(f"{output}: {len(words):,} words, {len(counts):,} pairs, {perf_counter() - started:.0f} s", flush=True)


def count_pairs(texts: Sequence[Sequence[str]]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the frequent words, their distinct pairs (n, 2), and the weight of each pair (n,)."""
    counted = Counter(word for text in texts for word in text)
    words = [word for word, count in counted.most_common() if count >= LEAST_COUNT]
    number = {word: place for place, word in enumerate(words)}
    # Between texts is a gap as wide as the window. Rare words are removed first, as in the published code.
    gap = [-1] * WINDOW
    row = np.array([n for text in texts for n in [*(number[word] for word in text if word in number), *gap]])
    keys, weights = [], []
    for distance in range(1, WINDOW + 1):
        left, right = row[:-distance], row[distance:]
        both = (left >= 0) & (right >= 0)
        first, last = np.minimum(left[both], right[both]), np.maximum(left[both], right[both])
        keys.append(first * len(words) + last)
        weights.append(np.full(len(first), 1 / distance))
    pairs, place = np.unique(np.concatenate(keys), return_inverse=True)
    return words, np.stack(np.divmod(pairs, len(words)), axis=1), np.bincount(place, np.concatenate(weights))


def train(n_words: int, pairs: np.ndarray, counts: np.ndarray, n_epochs: int) -> np.ndarray:
    """Return the vectors of words, float32 (n_words, DIMENSION); the same corpus gives the same vectors.

    A row of a table is a word's vector with its bias. Gradients are written out: 608 books take 169 s for 50 epochs;
    with torch's gradients of sparse tables 10 epochs were not done after 300 s on a busy machine.
    """
    draw = torch.Generator().manual_seed(1)
    word, context = ((torch.rand(n_words, DIMENSION + 1, generator=draw) - 0.5) / DIMENSION for _ in range(2))
    seen = [torch.ones_like(table) for table in (word, context)]  # the sums of squared gradients
    both = torch.from_numpy(np.concatenate([pairs, pairs[:, ::-1]]))  # each word of a pair is the other's context
    logs = torch.from_numpy(np.log(np.tile(counts, 2))).float()
    shares = torch.from_numpy(np.minimum(1, np.tile(counts, 2) / X_MAX) ** 0.75).float()
    for _ in range(n_epochs):
        for rows in torch.split(torch.randperm(len(both), generator=draw), BATCH_SIZE):
            i, j = both[rows].T
            w, c = word[i], context[j]
            predicted = (w[:, :-1] * c[:, :-1]).sum(dim=1) + w[:, -1] + c[:, -1]
            slope = (shares[rows] * (predicted - logs[rows]))[:, None]
            ones = torch.ones(len(rows), 1)
            for table, sums, place, other in ((word, seen[0], i, c), (context, seen[1], j, w)):
                gradient = slope * torch.cat([other[:, :-1], ones], dim=1)
                total = torch.zeros_like(table).index_add_(0, place, gradient)
                sums.add_(total**2)
                table.sub_(LEARNING_RATE * total / sums.sqrt())
    vectors: np.ndarray = (word + context)[:, :-1].numpy()
    return vectors


def write_vectors(path: Path, words: Sequence[str], vectors: np.ndarray) -> None:
    lines = (f"{word} {' '.join(f'{x:.5f}' for x in row)}\n" for word, row in zip(words, vectors, strict=True))
    path.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
