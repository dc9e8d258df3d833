"""`evoke recommend` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogues import SMALL, make_record
from fakes import FakeEncoder
from homes import build

import evoke


@pytest.fixture(autouse=True)
def _small_index(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the verb use the small catalogue, and an encoder that loads no model."""
    monkeypatch.setattr("search_api.search.open_encoder", lambda settings: FakeEncoder(settings.model))
    monkeypatch.setenv("EVOKE_MODEL", "fake")
    monkeypatch.setenv("EVOKE_HOME", str(small_home))


def recommend(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Return the exit code, what was printed, and what was said beside it."""
    code = evoke.main(["recommend", *map(str, arguments)])
    printed, said = capsys.readouterr()
    return code, printed, said


def test_titles_and_values_bring_works_with_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, said = recommend(
        capsys, "--like", "the lighthouse year", "test:far-signal", "--dislike", "Salt Road", "--value", "hope"
    )
    assert (code, said) == (0, "")
    assert "Because you liked The Lighthouse Year" in printed
    assert not any(f" {title} (" in printed for title in ("The Lighthouse Year", "Far Signal", "Salt Road"))
    assert "of 5 works" in printed


def test_a_title_that_is_not_found_is_said_and_the_others_count(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, said = recommend(capsys, "--like", "Night Ferry", "Qwzzk", "--json")
    assert code == 0
    assert "“Qwzzk” is no title in this catalogue" in said
    assert [work["title"] for work in json.loads(printed)["intent"]["like"]] == ["Night Ferry"]


def test_a_title_of_several_works_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tides = [
        make_record("tide-film", "Low Tide", "A pier.", kind="movie", year=1990),
        make_record("tide-book", "Low Tide", "A pier.", kind="book", year=1980),
    ]
    build(tmp_path / "home", [*SMALL, *tides])
    monkeypatch.setenv("EVOKE_HOME", str(tmp_path / "home"))
    _, printed, said = recommend(capsys, "--like", "Low Tide", "--json")
    (taken,) = json.loads(printed)["intent"]["like"]
    assert f"“Low Tide” was taken for Low Tide ({taken['kind']}, {taken['year']})" in said
    _, printed, said = recommend(capsys, "--like", "Low Tide", "--kind", "book", "--json")
    assert "taken for" not in said
    answer = json.loads(printed)
    assert answer["intent"]["like"][0]["id"] == "test:tide-book"
    assert {hit["kind"] for hit in answer["hits"]} == {"book"}


def test_a_profile_goes_to_a_file_and_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "me.json"
    options = ("--like", "Night Ferry", "--dislike", "Salt Road", "--value", "hope:0.8", "--kind", "movie")
    _, first, _ = recommend(capsys, *options, "--save-profile", saved, "--json")
    assert json.loads(saved.read_text()) == {
        "likes": ["test:night-ferry"],
        "dislikes": ["test:salt-road"],
        "values": {"E2": 0.8},
        "filters": {"kind": "movie"},
    }
    _, again, _ = recommend(capsys, "--profile", saved, "--json")
    assert json.loads(again)["hits"] == json.loads(first)["hits"]
    _, more, _ = recommend(capsys, "--profile", saved, "--like", "Far Signal", "--json")
    assert [work["id"] for work in json.loads(more)["intent"]["like"]] == ["test:night-ferry", "test:far-signal"]


def test_an_export_of_ratings_makes_likes_and_dislikes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "ratings.csv"
    export.write_text(
        "Date,Name,Year,Letterboxd URI,Rating\n"
        "2024-01-01,Night Ferry,1978,https://a.example/1,5\n"
        "2024-01-01,Salt Road,2011,https://a.example/2,1.5\n"
        "2024-01-01,Some Unknown Film,1999,https://a.example/3,4\n",
        encoding="utf-8",
    )
    code, printed, said = recommend(capsys, "--ratings", export, "--json")
    assert code == 0
    intent = json.loads(printed)["intent"]
    assert [work["title"] for work in intent["like"]] == ["Night Ferry"]
    assert [work["title"] for work in intent["unlike"]] == ["Salt Road"]
    assert "1 rated work is not in the catalogue, most rated: Some Unknown Film (1999)" in said
    assert "1 likes (from 4 stars), 1 dislikes (to 2 stars)" in said


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "name a work that you like (--like), or a value that you want (--value)"),
        (("--like", "Qwzzk"), "“Qwzzk” is no title in this catalogue"),
        (("--value", "hoep"), "'hoep' is no value, such as hope, or hope:0.8 from -1 to 1; did you mean 'hope'?"),
        (("--like", "Night Ferry", "--kind", "song"), "kind: Input should be 'movie' or 'book'"),
        (("--like", "Night Ferry", "--limit", "0"), "limit: Input should be greater than or equal to 1"),
        (("--profile", "none.json"), "none.json: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed, said = recommend(capsys, *arguments)
    assert (code, printed) == (2, "")
    assert problem in said
    assert len(said.splitlines()) == 1


def test_a_profile_that_is_none_is_named_with_its_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "me.json"
    path.write_text('{"likes": ["a:1"], "values": {"E2": 3}}', encoding="utf-8")
    code, _, said = recommend(capsys, "--profile", path)
    assert code == 2
    assert f"{path}: values.E2: Input should be less than or equal to 1" in said
