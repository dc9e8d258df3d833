"""`evoke train-descriptions` on a made-up benchmark, and the benchmarks that it refuses."""

from __future__ import annotations

import random
import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeEncoder
from judged import write_benchmark
from tracked import names_of_data, read_runs

import evoke
from evaluation.adapter_training.learning import TrainingSet, fit_adapter, try_depths, weigh_terms
from indexer.bm25 import term_id
from search_api.query_adapter import load_query_adapter

N_WORKS = 60
SPOKEN = {"ship": "vessel", "kid": "child", "cop": "policeman", "doc": "physician", "plane": "aircraft", "car": "coach"}
"""People's words, and the made-up catalogue's words for the same things."""
PLACES = "desert island harbour mountain village prison".split()  # noqa: SIM905 - a list of literals reads worse


def write_remembered(folder: Path, split: str = "train") -> Path:
    """Write a benchmark whose queries use people's words, and all mention a movie scene."""
    draw = random.Random(3)
    corpus, queries, qrels = [], {}, []
    for number in range(N_WORKS):
        said, places = draw.sample(list(SPOKEN), k=2), draw.sample(PLACES, k=2)
        text = " ".join([*(SPOKEN[word] for word in said), *places, *(["movie scene"] if number % 3 == 0 else [])])
        corpus.append({"_id": f"w{number}", "title": f"Number {number}", "text": f"{text} {text}."})
        for again in range(2):
            words = [*said, *places]
            draw.shuffle(words)
            queries[f"q{number}-{again}"] = f"[TOMT] I remember a movie scene, a movie with {' '.join(words)}"
            qrels.append((f"q{number}-{again}", f"w{number}", 1))
    return write_benchmark(folder, corpus, queries, qrels, split=split)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The file that the verb wrote, what it printed, and its report."""
    folder = tmp_path_factory.mktemp("trained")
    benchmark, output, report = write_remembered(folder / "films"), folder / "adapter", folder / "report.md"
    arguments = ["train-descriptions", str(benchmark), "-o", str(output), "--report", str(report)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as printed:
        patch.setenv("EVOKE_HOME", str(folder / "home"))
        patch.setattr("evaluation.adapter_training.run.open_encoder", lambda _: FakeEncoder())
        assert evoke.main(arguments) == 0
    assert f"120 descriptions; {output}; " in printed.getvalue()
    return output, printed.getvalue(), report.read_text()


def test_the_adapter_helps_on_works_that_it_was_not_trained_on(trained: tuple[Path, str, str]) -> None:
    _, printed, report = trained
    assert report in printed
    row = next(line for line in report.splitlines() if line.startswith("| films"))
    assert row.startswith("| films | 120 | 60 | ")
    without, with_adapter, gain, low, high = map(float, re.findall(r"[+-]?\d\.\d+", row))
    assert 0 < low < gain < high
    assert gain == pytest.approx(with_adapter - without, abs=1e-3)


def test_the_file_has_the_depth_that_finds_most(trained: tuple[Path, str, str]) -> None:
    output, _, report = trained
    found = {
        int(depth): float(rank) for depth, rank in re.findall(r"^\| ([123]) \| (0\.\d+) \|$", report, re.MULTILINE)
    }
    adapter = load_query_adapter(output).adapter
    assert adapter
    assert found[adapter.depth] == max(found.values())


def test_the_training_is_logged(trained: tuple[Path, str, str]) -> None:
    logged, *trials = sorted(
        read_runs(trained[0].parent / "home"), key=lambda run: run.info.run_name != "train-descriptions"
    )
    assert sorted(trial.data.params["depth"] for trial in trials) == ["1", "2", "3"]
    assert names_of_data(logged) == ["films, train"]
    assert logged.data.params["output"] == "adapter"
    assert logged.data.metrics["nDCG_10 films difference"] > 0


def test_words_of_every_description_weigh_little(trained: tuple[Path, str, str]) -> None:
    adapter = load_query_adapter(trained[0])
    weights = adapter.term_weights
    assert max(weights[term_id(term)] for term in ("movi", "scene", "rememb")) < 0.1
    assert min(weights[term_id(term)] for term in ("harbour", "ship")) > 0.3
    assert adapter.adapter
    assert adapter.adapter.encoder_fingerprint == FakeEncoder().fingerprint


def test_terms_alone_are_weighed_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.adapter_training.run.open_encoder", lambda _: FakeEncoder())
    films = write_remembered(tmp_path / "films")
    assert evoke.main(["train-descriptions", str(films), "--terms-only", "-o", str(tmp_path / "adapter")]) == 0
    adapter = load_query_adapter(tmp_path / "adapter")
    assert adapter.adapter is None
    assert adapter.term_weights


def test_stems_that_enough_descriptions_have_weigh_by_the_formula() -> None:
    weights = weigh_terms([(1, 1)] * 19 + [(2,)] * 20 + [(3,)] * 61)
    assert weights == {2: 1.0, 3: pytest.approx((np.log(1 + 39.5 / 61.5) / np.log(1 + 80.5 / 20.5)) ** 0.75)}


@pytest.mark.parametrize("depth", [1, 3])
def test_training_is_deterministic(depth: int) -> None:
    draw = np.random.default_rng(2)
    works, queries = (draw.standard_normal((n, 16)).astype(np.float32) for n in (20, 40))
    training_set = TrainingSet(works, queries, draw.integers(0, 20, 40), [()] * 40)
    one, other = (fit_adapter([training_set], "encoder", depth) for _ in range(2))
    assert one.depth == depth
    turned = one.turn(queries)
    assert not np.allclose(turned, queries / np.linalg.norm(queries, axis=1, keepdims=True))
    np.testing.assert_array_equal(turned, other.turn(queries))


def test_depths_are_compared_by_where_held_out_works_are_found() -> None:
    draw = np.random.default_rng(4)
    works, turn = (draw.standard_normal((n, 16)).astype(np.float32) for n in (30, 16))
    works /= np.linalg.norm(works, axis=1, keepdims=True)
    answers = np.arange(300) % 30
    queries = (works[answers] @ turn / 4 + 0.1 * draw.standard_normal((300, 16))).astype(np.float32)
    trained, held_out = (
        TrainingSet(works, queries[rows], answers[rows], [()] * 150) for rows in (slice(0, 150), slice(150, 300))
    )
    found = try_depths([trained], [held_out], "encoder")
    assert list(found) == [1, 2, 3]
    cosines = queries[150:] @ works.T
    ranks = 1 + (cosines > cosines[np.arange(150), answers[150:]][:, None]).sum(axis=1)
    assert 1 >= found[1] > (1 / ranks).mean()


REFUSED = {
    "the test split": ({"split": "test"}, "films: the split 'test' is for the final test only"),
    "no descriptions": ({"queries": {"q": "boats"}, "qrels": [("q", "w1", 1)]}, "films: 0 works are described"),
}


@pytest.mark.parametrize(("changes", "line"), REFUSED.values(), ids=REFUSED)
def test_benchmarks_that_must_not_be_trained_on_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any], line: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("evaluation.adapter_training.run.open_encoder", lambda _: FakeEncoder())
    options = {"split": "train"} | changes
    folder = write_benchmark(tmp_path / "films", **options)
    arguments = ["train-descriptions", str(folder), "-o", str(tmp_path / "out"), "--split", options["split"]]
    assert evoke.main(arguments) == 2
    (printed,) = capsys.readouterr().err.splitlines()
    assert printed.startswith(f"evoke train-descriptions: {line}")
    assert not (tmp_path / "out").exists()


def test_a_missing_folder_is_refused_before_minutes_of_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_remembered(tmp_path / "films")
    assert evoke.main(["train-descriptions", str(folder), "-o", str(tmp_path / "absent" / "out")]) == 2
    assert "its folder does not exist: create" in capsys.readouterr().err
