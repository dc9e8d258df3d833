"""The taste vectors of an index: when they are there, what makes them anew, and what is said of unfit files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder
from homes import build, read_points
from tastes import SEA, make_taste, make_two_worlds, write_taste

from indexer.artefacts import find_misfits
from indexer.settings import IndexSettings
from indexer.taste.file import save_taste
from indexer.values.taxonomy import load_taxonomy

RETRAIN = "to train one that fits: `evoke train-taste RATINGS... -o FILE`, then set EVOKE_TASTE=FILE"


def misfits(path: Path) -> list[str]:
    found = find_misfits(IndexSettings(taste=path), FakeEncoder(), load_taxonomy())  # type: ignore[arg-type]
    return [note for note in found if "taste file" in note]


def test_works_get_vectors_from_ratings_or_from_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_TASTE", str(write_taste(tmp_path / "taste.safetensors")))
    report = build(tmp_path / "home", make_two_worlds())
    assert (
        "taste vectors: 8 works from their ratings, 20 from their content, 21 of other kinds have none" in report.notes
    )
    points = read_points(tmp_path / "home")
    np.testing.assert_allclose(points["test:kraken"][1]["taste"], [1000 / 1010, 0], atol=1e-3)
    assert not any(points["test:film"][1]["taste"])


def test_a_file_is_taken_up_changed_and_dropped_without_embedding_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = make_two_worlds()
    build(tmp_path / "home", works)
    assert "taste" not in read_points(tmp_path / "home")["test:kraken"][1]
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    write_taste(one)
    save_taste(make_taste(FakeEncoder(), {"sea": SEA}), other)
    for path, dimensions in ((one, 2), (other, 1)):
        monkeypatch.setenv("EVOKE_TASTE", str(path))
        report = build(tmp_path / "home", works)
        assert report.generation is not None
        assert report.n_embedded == 0
        assert len(read_points(tmp_path / "home")["test:kraken"][1]["taste"]) == dimensions
        assert build(tmp_path / "home", works).generation is None
    monkeypatch.delenv("EVOKE_TASTE")
    assert build(tmp_path / "home", works).generation is not None
    assert "taste" not in read_points(tmp_path / "home")["test:kraken"][1]


def test_a_work_that_is_added_later_gets_its_vector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_TASTE", str(write_taste(tmp_path / "taste.safetensors")))
    works = [work for work in make_two_worlds() if work["source_id"] != "lagoon"]
    build(tmp_path / "home", works)
    build(tmp_path / "home", make_two_worlds())
    np.testing.assert_allclose(read_points(tmp_path / "home")["test:lagoon"][1]["taste"], [1000 / 1010, 0], atol=1e-3)


def test_a_file_for_another_encoder_is_named_and_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_taste(tmp_path / "taste.safetensors", encoder_fingerprint="another")
    note = "the taste file was made for another encoder than the one in use: works are recommended by content alone; "
    assert misfits(path) == [note + RETRAIN]
    monkeypatch.setenv("EVOKE_TASTE", str(path))
    assert note + RETRAIN in build(tmp_path / "home", make_two_worlds()).notes
    assert "taste" not in read_points(tmp_path / "home")["test:kraken"][1]


def test_a_file_that_is_damaged_or_missing_is_named(tmp_path: Path) -> None:
    path = write_taste(tmp_path / "taste.safetensors")
    path.write_bytes(path.read_bytes()[:-10])
    for each in (path, tmp_path / "none.safetensors"):
        (note,) = misfits(each)
        assert note.startswith(f"the taste file cannot be used ({each}: ")
        assert note.endswith(RETRAIN)


def test_a_file_for_another_catalogue_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_taste(make_taste(FakeEncoder(), {"strange": ("nowhere", "nothing")}), tmp_path / "taste.safetensors")
    monkeypatch.setenv("EVOKE_TASTE", str(tmp_path / "taste.safetensors"))
    (note,) = [each for each in build(tmp_path / "home", make_two_worlds()).notes if "taste" in each]
    assert note.startswith("the taste file has ratings of none of the works, so it was trained on another catalogue")
