"""`evoke train-descriptions`: what a made-up benchmark teaches, and what it refuses."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeEncoder
from judged import write_benchmark

import evoke
from evaluation.benchmark import read_benchmark
from evaluation.description_learning import Lessons, fit_adapter, weigh_terms
from evaluation.description_training import Training, train_descriptions
from evaluation.settings import EvaluationSettings
from indexer.bm25 import term_id
from search_api.descriptions import load_descriptions

N_WORKS = 60
SPOKEN = {"ship": "vessel", "kid": "child", "cop": "policeman", "doc": "physician", "plane": "aircraft", "car": "coach"}
"""What people say, and what the made-up catalogue says for it."""
PLACES = "desert island harbour mountain village prison".split()  # noqa: SIM905 - a list of literals reads worse


def write_remembered(folder: Path, split: str = "train") -> Path:
    """Writes a benchmark of people who call things otherwise than the catalogue, and all speak of a movie scene."""
    draw = random.Random(3)
    corpus, queries, qrels = [], {}, []
    for number in range(N_WORKS):
        said, places = draw.sample(list(SPOKEN), k=2), draw.sample(PLACES, k=2)
        told = " ".join([*(SPOKEN[word] for word in said), *places, *(["movie scene"] if number % 3 == 0 else [])])
        corpus.append({"_id": f"w{number}", "title": f"Number {number}", "text": f"{told} {told}."})
        for again in range(2):
            words = [*said, *places]
            draw.shuffle(words)
            queries[f"q{number}-{again}"] = f"[TOMT] I remember a movie scene, a movie with {' '.join(words)}"
            qrels.append((f"q{number}-{again}", f"w{number}", 1))
    return write_benchmark(folder, corpus, queries, qrels, split=split)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, Path]:
    folder = tmp_path_factory.mktemp("trained")
    benchmark = read_benchmark(write_remembered(folder / "films"), "train")
    settings = EvaluationSettings(home=folder / "home")
    output = folder / "learnt.safetensors"
    return train_descriptions([benchmark], settings, output, FakeEncoder()), output  # type: ignore[arg-type]


def test_what_people_say_is_found_as_the_catalogue_says_it(trained: tuple[Training, Path]) -> None:
    (figure,) = trained[0].figures
    assert (figure.n_descriptions, figure.n_described) == (2 * N_WORKS, N_WORKS)
    assert figure.gain.low > 0
    assert figure.gain.value == pytest.approx(figure.taught.value - figure.untaught.value)


def test_what_everybody_says_weighs_little(trained: tuple[Training, Path]) -> None:
    learnt = load_descriptions(trained[1])
    weighs = learnt.term_weights
    assert max(weighs[term_id(term)] for term in ("movi", "scene", "rememb")) < 0.1
    assert min(weighs[term_id(term)] for term in ("harbour", "ship")) > 0.3
    assert learnt.adapter.encoder_fingerprint == FakeEncoder().fingerprint


def test_weights_by_the_formula_of_stems_that_enough_descriptions_have() -> None:
    weights = weigh_terms([(1, 1)] * 19 + [(2,)] * 20 + [(3,)] * 61)
    assert weights == {2: 1.0, 3: pytest.approx((np.log(1 + 39.5 / 61.5) / np.log(1 + 80.5 / 20.5)) ** 0.75)}


def test_the_same_lessons_teach_the_same() -> None:
    draw = np.random.default_rng(2)
    works, queries = (draw.standard_normal((n, 16)).astype(np.float32) for n in (20, 40))
    lessons = Lessons(works, queries, draw.integers(0, 20, 40), [()] * 40)
    for one, other in zip(fit_adapter([lessons]), fit_adapter([lessons]), strict=True):
        assert one.any()
        np.testing.assert_array_equal(one, other)


def test_the_verb_prints_and_writes_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("evaluation.description_training.Encoder", lambda _: FakeEncoder())
    folder = write_remembered(tmp_path / "films")
    output, report = tmp_path / "learnt.safetensors", tmp_path / "report.md"
    assert evoke.main(["train-descriptions", str(folder), "-o", str(output), "--report", str(report)]) == 0
    told = capsys.readouterr().out
    assert report.read_text() in told
    assert "| films | 120 | 60 | " in told
    assert f"120 descriptions; {output}" in told
    assert load_descriptions(output).term_weights


REFUSED = {
    "the test split": ({"split": "test"}, "films: the split 'test' is for the last check"),
    "no descriptions": ({"queries": {"q": "boats"}, "qrels": [("q", "w1", 1)]}, "films: 0 works are described"),
}


@pytest.mark.parametrize(("changes", "line"), REFUSED.values(), ids=REFUSED)
def test_what_nothing_should_be_learnt_from_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any], line: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("evaluation.description_training.Encoder", lambda _: FakeEncoder())
    options = {"split": "train"} | changes
    folder = write_benchmark(tmp_path / "films", **options)
    arguments = ["train-descriptions", str(folder), "-o", str(tmp_path / "out"), "--split", options["split"]]
    assert evoke.main(arguments) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"evoke train-descriptions: {line}")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there_is_told_before_minutes_of_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_remembered(tmp_path / "films")
    assert evoke.main(["train-descriptions", str(folder), "-o", str(tmp_path / "absent" / "out")]) == 2
    assert "--output: there is no folder" in capsys.readouterr().err
