"""`evoke train-encoder`: topics of a made-up benchmark, the batches drawn from them, and a training of a few steps."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from judged import write_benchmark
from tracked import names_of_data, read_runs

import evoke
from evaluation.benchmark import read_benchmark
from evaluation.encoder_training.network import contrast
from evaluation.encoder_training.tasks import Material, Task, Topic, draw_batches, read_tasks
from indexer.encoder.adaptation import load_adaptation
from indexer.encoder.encoder import Encoder
from indexer.values.taxonomy import load_taxonomy

N_WORKS = 24
TAGS = ("romantic", "violence", "cult", "satire")


def write_films(folder: Path, split: str = "train") -> Path:
    """Write a benchmark of films, each with a description and with a keyword that five others have too."""
    corpus = [
        {
            "_id": f"w{n}", "title": f"Number {n}", "text": f"The ship {n} sails to island {n} with captain {n * 7}.",
            "metadata": {"kind": "movie", "imdb_id": f"tt{n}", "keywords": [f"knot {n % 4}"]},
        }
        for n in range(N_WORKS)
    ]  # fmt: skip
    queries = {f"q{n}": f"I remember a boat {n} near an isle {n}" for n in range(N_WORKS)}
    return write_benchmark(folder, corpus, queries, [(f"q{n}", f"w{n}", 1) for n in range(N_WORKS)], split=split)


def write_labels(path: Path) -> Path:
    """Write labels: the works of a number that 4 divides are of split validation."""
    lines = [
        {"imdb_id": f"tt{n}", "split": "train" if n % 4 else "validation", "tags": [TAGS[n % 2], TAGS[2 + n % 2]]}
        for n in range(N_WORKS)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def write_books(folder: Path) -> Path:
    lines = [
        {
            "source": "a", "source_id": str(n), "kind": "book", "title": f"Book {n}",
            "description": f"About thing {n}.", "ids": {"goodreads": str(100 + n)},
        }
        for n in range(8)
    ]  # fmt: skip
    (folder / "books.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder / "books.jsonl"


def write_ratings(folder: Path) -> tuple[Path, Path]:
    """Write two tables: 10 readers, each of whom likes three books and dislikes a fourth."""
    books = "book_id,goodreads_book_id\n" + "".join(f"{n},{100 + n}\n" for n in range(8))
    rows = [f"{n},{reader},{5 if n != reader % 8 else 1}" for reader in range(10) for n in range(reader % 5, 8)]
    with gzip.open(folder / "ratings.csv.gz", "wt") as file:
        file.write("book_id,user_id,rating\n" + "\n".join(rows))
    (folder / "rated.csv").write_text(books)
    return folder / "ratings.csv.gz", folder / "rated.csv"


def read_all(folder: Path) -> dict[str, Task]:
    ratings, books = write_ratings(folder)
    material = Material([write_books(folder)], [write_labels(folder / "tags.jsonl")], ratings, books)
    benchmark = read_benchmark(write_films(folder / "films"), "train")
    return {task.name: task for task in read_tasks([benchmark], material, load_taxonomy())}


def test_every_file_teaches_its_task(tmp_path: Path) -> None:
    tasks = read_all(tmp_path)
    assert set(tasks) == {"descriptions films", "values of movies", "keywords", "co-liked books"}
    assert len(tasks["descriptions films"].topics) == N_WORKS
    knot = tasks["keywords"].topics[0]
    assert {"knot 0", "films about knot 0", "a movie with knot 0"} <= set(knot.asks)
    assert len(knot.works) == N_WORKS / 4


def test_labels_of_other_splits_are_not_learnt(tmp_path: Path) -> None:
    numbers = {
        int(re.findall(r"\d+", work)[0])
        for topic in read_all(tmp_path)["values of movies"].topics
        for work in topic.works
    }
    assert numbers == {n for n in range(N_WORKS) if n % 4}


def test_liked_books_are_those_of_one_reader_and_disliked_ones_are_none(tmp_path: Path) -> None:
    liked = read_all(tmp_path)["co-liked books"].topics[0]
    assert [work[:6] for work in liked.works] == [f"Book {n}" for n in range(1, 8)]


def test_a_batch_judges_no_other_right_answer_as_wrong() -> None:
    topics = [Topic([f"ask {n}"], [f"work {n}", f"work {(n + 1) % 4}"]) for n in range(4)]
    (batch,) = draw_batches([Task("t", topics, 4, 0.05, 1)], 1, seed=3)
    rights = dict(zip((topic.asks[0] for topic in topics), (topic.works for topic in topics), strict=True))
    for row, ask in enumerate(batch.asks):
        assert batch.works[row] in rights[ask]
        assert batch.judged[row].tolist() == [n == row or work not in rights[ask] for n, work in enumerate(batch.works)]


def test_every_topic_comes_once_before_one_comes_again() -> None:
    task = Task("t", [Topic([str(n)], [f"work {n}"]) for n in range(10)], 5, 0.05, 1)
    batches = draw_batches([task], 4, seed=1)
    assert Counter(ask for batch in batches[:2] for ask in batch.asks) == Counter(map(str, range(10)))
    assert [batch.asks for batch in batches] == [batch.asks for batch in draw_batches([task], 4, seed=1)]


def test_the_loss_is_the_cross_entropy_of_both_directions() -> None:
    asks, works = (
        torch.nn.functional.normalize(torch.randn(3, 4, generator=torch.Generator().manual_seed(n))) for n in (1, 2)
    )
    judged = np.ones((3, 3), dtype=bool)
    judged[0, 2] = False
    logits = np.where(judged, (asks @ works.T).numpy() / 0.1, -np.inf)
    rows, columns = (np.log(np.exp(logits).sum(axis=axis)) - logits.diagonal() for axis in (1, 0))
    loss = contrast(asks, works, torch.from_numpy(judged), 0.1).item()
    assert loss == pytest.approx((rows.mean() + columns.mean()) / 2, rel=1e-5)


def test_the_verb_writes_changes_that_bring_descriptions_nearer_to_their_works(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films, output, report = write_films(tmp_path / "films"), tmp_path / "out.safetensors", tmp_path / "report.md"
    arguments = [
        "train-encoder",
        str(films),
        "-o",
        str(output),
        "--report",
        str(report),
        "--steps",
        "12",
        "--rank",
        "4",
    ]
    assert evoke.main([*arguments, "--without", "keywords"]) == 0
    printed = capsys.readouterr().out
    assert "18 layers changed by 1 tasks in 12 steps" in printed
    assert report.read_text() in printed
    assert len(report.read_text().splitlines()) == 3

    (logged,) = read_runs(home)
    assert logged.data.params.items() >= {"rank": "4", "n_steps": "12", "first_layer": "3"}.items()
    assert logged.data.metrics.keys() == {"loss descriptions films"}
    assert names_of_data(logged) == ["films, train"]

    adaptation = load_adaptation(output)
    assert adaptation.first_layer == 3
    assert {each.a.shape[0] for each in adaptation.factors.values()} == {4}
    benchmark = read_benchmark(films, "train")
    texts = [f"Number {n}. The ship {n} sails to island {n} with captain {n * 7}." for n in range(N_WORKS)]

    def margin(encoder: Encoder) -> float:
        cosines = encoder.encode(list(benchmark.queries.values())) @ encoder.encode(texts).T
        return float(cosines.diagonal().mean() - cosines.mean())

    assert margin(Encoder(adaptation=output)) > margin(Encoder(adaptation="off")) + 0.02


@pytest.mark.parametrize(
    ("split", "line"),
    [
        ("validation", "films: the split 'validation' judges an encoder and does not train it"),
        ("test", "films: the split 'test' is for the final test only"),
    ],
)
def test_splits_that_judge_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], split: str, line: str
) -> None:
    films = write_films(tmp_path / "films", split)
    assert evoke.main(["train-encoder", str(films), "-o", str(tmp_path / "out"), "--split", split]) == 2
    (printed,) = capsys.readouterr().err.splitlines()
    assert printed.startswith(f"evoke train-encoder: {line}")
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films, (ratings, books) = write_films(tmp_path / "films"), write_ratings(tmp_path)
    bad = tmp_path / "bad.csv"
    bad.write_text("book_id,user_id,rating\n1,2,many\n")
    start = ["train-encoder", str(films), "-o", str(tmp_path / "out")]
    for options, line in (
        (["--ratings", str(ratings)], "--ratings and --rated-books belong together"),
        (["--ratings", str(books), "--rated-books", str(books)], "is no table with a column 'rating'"),
        (["--ratings", str(bad), "--rated-books", str(books)], "has a row that is no rating"),
        (["--without", "descriptions", "keywords"], "every task is left out"),
    ):
        assert evoke.main([*start, *options]) == 2
        (printed,) = capsys.readouterr().err.splitlines()
        assert line in printed
