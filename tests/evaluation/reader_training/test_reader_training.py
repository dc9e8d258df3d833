"""`evoke train-reader`: frames, the requests made of them, and a training on a few of these."""

from __future__ import annotations

import hashlib
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from tracked import names_of_data, read_runs

import evoke
from evaluation.errors import FramesInvalid
from evaluation.reader_training.frames import FAMILIES, POST, packaged_frames, read_frames
from evaluation.reader_training.requests import RequestMaker, label_words
from evaluation.reader_training.run import DepthFigure, Plan, choose_shapes
from evaluation.reader_training.words import WordBank, is_held_out, read_word_bank
from indexer.encoder.encoder import Encoder
from indexer.values.taxonomy import load_taxonomy
from search_api.understanding.tagger import load_tagger
from search_api.understanding.token_labels import LABELS


@pytest.fixture(scope="module")
def bank() -> WordBank:
    return read_word_bank(load_taxonomy())


def make_requests(folder: Path, bank: WordBank, *lines: str) -> RequestMaker:
    (folder / "frames.txt").write_text("\n".join(lines), encoding="utf-8")
    return RequestMaker(read_frames(folder / "frames.txt"), bank, [". "], ([""], [""]))


# Frames


def test_frames_are_read_without_comments_and_empty_lines(tmp_path: Path) -> None:
    (tmp_path / "frames.txt").write_text("# wishes\n\nwish: a {k} with {w:adj} {w}\nchat: hello: all\n")
    first, second = read_frames(tmp_path / "frames.txt")
    assert (first.family, first.pieces) == ("wish", ("a ", "k", " with ", "w:adj", " ", "w", ""))
    assert (second.family, second.text) == ("chat", "hello: all")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("hope: {w}", "line 2: begin with one of wish, "),
        ("wish:", "line 2: begin with one of wish, "),
        ("wish: {q}", r"line 2: \{q\} is not a slot: use w, a, "),
        ("wish: {w:adverb}", r"line 2: \{w:adverb\} is not a slot"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "frames.txt").write_text(f"wish: {{w}}\n{line}\n")
    with pytest.raises(FramesInvalid, match=problem):
        read_frames(tmp_path / "frames.txt")


def test_the_packaged_frames_have_each_family() -> None:
    frames = [frame for path in packaged_frames() for frame in read_frames(path)]
    assert {frame.family for frame in frames} == {*FAMILIES, POST}
    assert 0.08 < sum(is_held_out(frame.text) for frame in frames) / len(frames) < 0.16


# Requests


def test_words_have_the_labels_of_their_slots(tmp_path: Path, bank: WordBank) -> None:
    maker = make_requests(tmp_path, bank, "mixed: zzz {w} zzz {a} zzz {l} zzz {u} zzz {s} zzz {p} {f} {o}")
    for seed in range(50):
        request = maker.make(Random(seed))
        for (start, end), label in zip(request.spans, request.labels, strict=True):
            if request.text[start:end].lower() == "zzz":
                assert label == 0
        n_clauses = request.text.lower().count("zzz") // 6
        for label in range(1, len(LABELS)):
            assert request.labels.count(label) >= n_clauses


def test_a_post_is_used_whole_or_in_neighbouring_sentences(tmp_path: Path, bank: WordBank) -> None:
    post = (
        "post: My week was {o=grey rain}. I want {w=talking foxes}! No {a=sad owls}, not after {u}. {n=Snow} is fine."
    )
    maker = make_requests(tmp_path, bank, post)
    texts = set()
    for seed in range(60):
        request = maker.make(Random(seed))
        words = [request.text[start:end].lower() for start, end in request.spans]
        labels = dict(zip(words, (LABELS[label] for label in request.labels), strict=True))
        assert {labels.get(word, "wish") for word in ("talking", "foxes")} == {"wish"}
        assert {labels.get(word, "dislike") for word in ("sad", "owls")} == {"dislike"}
        assert {labels.get(word, "other") for word in ("grey", "rain", "snow", "week")} == {"other"}
        texts.add("".join(str(int(word in words)) for word in ("week", "foxes", "owls", "snow")))
    assert {"1111", "0110", "1000"} <= texts
    assert not texts & {"1010", "1001", "0101"}


def test_a_word_of_two_pieces_has_the_label_of_its_slot() -> None:
    request = label_words(
        [("no ", "other"), ("violence", "dislike"), ("-free ", "other"), ("King", "like"), ("'s", "other")]
    )
    assert request.text == "no violence-free King's"
    assert [LABELS[label] for label in request.labels] == ["other", "dislike", "other", "like"]


def test_the_seed_decides_the_requests(tmp_path: Path, bank: WordBank) -> None:
    maker = make_requests(tmp_path, bank, "wish: {w}", "dislike: no {a}", "like: like {l}", "chat: hello")
    first, again, other = ([maker.make(random) for _ in range(20)] for random in (Random(1), Random(1), Random(2)))
    assert first == again != other


def test_no_word_is_both_trained_and_held_out(bank: WordBank) -> None:
    training, held_out = bank.divide()
    for name in ("nouns", "adjectives", "happenings", "verbs"):
        assert not set(getattr(training, name)) & set(getattr(held_out, name))
        assert 0.05 < len(getattr(held_out, name)) / len(getattr(bank, name)) < 0.2


def test_asking_words_of_the_taxonomy_are_wished(bank: WordBank) -> None:
    assert {"suspense", "werewolves", "space opera"} <= set(bank.nouns)
    assert {"hopeful", "melancholic"} <= set(bank.adjectives)
    assert {"makes me laugh", "makes me think"} <= set(bank.happenings)


# Training


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, real_encoder: Encoder) -> tuple[Path, Path, str]:
    """The files that the verb wrote with the same seed twice, and what it printed."""
    folder = tmp_path_factory.mktemp("trained")
    first, second, report = folder / "reader", folder / "again", folder / "report.md"
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as printed:
        patch.setenv("EVOKE_HOME", str(folder / "home"))
        patch.setattr("evaluation.reader_training.run.open_encoder", lambda _: real_encoder)
        patch.setattr(
            "evaluation.reader_training.run.Plan",
            lambda: Plan(n_requests=96, n_requests_of_hands=32, n_requests_of_depths=32, n_test_requests=8),
        )
        assert evoke.main(["train-reader", "-o", str(first), "--report", str(report)]) == 0
        assert evoke.main(["train-reader", "-o", str(second)]) == 0
    assert report.read_text() in printed.getvalue()
    return first, second, printed.getvalue()


def test_a_training_is_repeated_by_its_seed(trained: tuple[Path, Path, str]) -> None:
    first, second, _ = trained
    assert first.read_bytes() == second.read_bytes()


def test_the_trained_file_labels_words(trained: tuple[Path, Path, str], real_encoder: Encoder) -> None:
    tagger = load_tagger(trained[0])
    assert tagger.encoder_fingerprint == real_encoder.lower_fingerprint
    assert len(tagger.label("a funny film", real_encoder).spans) == 3


def test_the_report_names_what_was_held_out(trained: tuple[Path, Path, str]) -> None:
    _, _, printed = trained
    for name in ("words held out", "frames held out", "words and all frames of second.txt held out"):
        assert f"| {name} | " in printed
    assert "frames, 96 requests; " in printed


def test_a_head_gets_the_smallest_depth_that_is_as_good_as_the_best_but_for_noise() -> None:
    accuracies = {0: (0.80, 0.836, 0.84, 0.839), 1: (0.70, 0.80, 0.805, 0.82)}
    figures = [
        DepthFigure(head, depth, accuracy)
        for head, of_head in accuracies.items()
        for depth, accuracy in enumerate(of_head, start=1)
    ]
    assert [shape.dilations for shape in choose_shapes(figures)] == [(1, 2), (1, 2, 4, 8)]


def test_each_head_has_a_depth_that_the_report_shows_as_good(trained: tuple[Path, Path, str]) -> None:
    first, _, printed = trained
    rows = re.findall(r"^\| (\d) \| (\d) \| (\d\.\d+) \|$", printed, re.MULTILINE)
    assert {(int(head), int(depth)) for head, depth, _ in rows} == {(head, d) for head in (1, 2) for d in (1, 2, 3, 4)}
    for number, head in enumerate(load_tagger(first).network.heads, start=1):
        accuracies = {int(depth): float(accuracy) for of, depth, accuracy in rows if int(of) == number}
        assert accuracies[len(head.dilations)] >= max(accuracies.values()) - 0.006
        assert head.dilations == (1, 2, 4, 8)[: len(head.dilations)]


def test_the_training_is_logged(trained: tuple[Path, Path, str]) -> None:
    runs = read_runs(trained[0].parent / "home")
    logged = next(run for run in runs if run.data.params.get("output") == "reader")
    assert logged.data.params["output.sha256"] == hashlib.sha256(trained[0].read_bytes()).hexdigest()
    assert "frames held out" in logged.data.metrics
    assert "second.txt" in names_of_data(logged)


def test_a_bad_output_is_refused_before_the_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evoke.main(["train-reader", "-o", str(tmp_path / "absent" / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
