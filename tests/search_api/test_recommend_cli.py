"""`evoke recommend` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogues import SMALL, make_record
from fakes import FakeEncoder
from homes import build
from tastes import write_taste

import evoke
from search_api.records import MOST_LIKES


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


def test_the_kind_to_show_says_nothing_of_what_is_liked(capsys: pytest.CaptureFixture[str]) -> None:
    likes, kinds = ["Night Ferry", "The Glass Orchard"], ("movie", "book")
    for kind in kinds:
        _, printed, said = recommend(capsys, "--like", *likes, "--kind", kind, "--json")
        answer = json.loads(printed)
        assert said == ""
        assert {work["kind"] for work in answer["intent"]["like"]} == set(kinds)
        assert {hit["kind"] for hit in answer["hits"]} == {kind}


@pytest.mark.parametrize("misspelt", ["Lihgthouse Year", "Lighthouse Years"])
def test_a_title_that_is_corrected_is_said(misspelt: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, said = recommend(capsys, "--like", misspelt, "--json")
    assert code == 0
    (taken,) = json.loads(printed)["intent"]["like"]
    described = f"The Lighthouse Year (film, {taken['year']}) {taken['id']}"
    assert said == f"“{misspelt}” was taken for {described}\n"


def test_a_title_that_is_not_found_brings_those_that_resemble_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = recommend(capsys, "--like", "Nigh")
    assert code == 2
    assert "“Nigh” is no title in this catalogue (similar: Night Ferry (film, 1978) test:night-ferry" in said


def test_a_title_with_its_year_is_not_corrected(capsys: pytest.CaptureFixture[str]) -> None:
    for title in ("night ferry 1978", "Night Ferry (1978)"):
        assert recommend(capsys, "--like", title)[::2] == (0, "")


@pytest.mark.parametrize("part", ["likes", "dislikes"])
def test_of_more_likes_than_count_the_typed_ones_count_first_and_it_is_said(
    part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile, saved = tmp_path / "full.json", tmp_path / "new.json"
    full = [f"x:{n}" for n in range(MOST_LIKES)]
    profile.write_text(json.dumps({part: full, "values": {"E2": 0.8}}))
    export = tmp_path / "ratings.csv"
    stars = 5 if part == "likes" else 1
    export.write_text(f"Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,Salt Road,2011,https://a.example/2,{stars}\n")
    option = f"--{part.removesuffix('s')}"
    code, _, said = recommend(
        capsys, option, "Night Ferry", "--profile", profile, "--ratings", export, "--save-profile", saved
    )
    assert code == 0
    assert f"1,000 of 1,002 {part} are used: those named by options, then" in said
    assert json.loads(saved.read_text())[part] == ["test:night-ferry", *full[:-1]]


@pytest.mark.parametrize("file", ["missing", "damaged", "another encoder", "unset"])
def test_a_taste_file_that_is_not_used_is_said(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "taste.safetensors"
    if file == "unset":
        monkeypatch.setenv("EVOKE_TASTE", str(write_taste(path)))
        build(tmp_path / "home", SMALL)
        monkeypatch.setenv("EVOKE_HOME", str(tmp_path / "home"))
        monkeypatch.delenv("EVOKE_TASTE")
    else:
        monkeypatch.setenv("EVOKE_TASTE", str(path))
        if file == "damaged":
            path.write_bytes(b"not a taste file")
        elif file == "another encoder":
            write_taste(path, encoder_fingerprint="another")
    code, printed, said = recommend(capsys, "--like", "Night Ferry")
    assert code == 0
    assert "works are recommended by content alone" in said
    assert len(said.splitlines()) == 1
    assert "content alone" not in printed


def test_filters_that_no_work_passes_are_said_to_leave_none(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, _ = recommend(capsys, "--like", "Night Ferry", "--filters", '{"year": {"gte": 2999}}')
    assert code == 0
    assert printed.splitlines()[0] == "no work passes the filters"
    assert evoke.main(["search", "a ferry", "--filters", '{"year": {"gte": 2999}}']) == 0
    assert "no work passes the filters" in capsys.readouterr().out.splitlines()


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
    assert [work["id"] for work in json.loads(more)["intent"]["like"]] == ["test:far-signal", "test:night-ferry"]


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
        (("--value", "hope:2"), "value: the weight of 'hope' must be a number from -1 to 1, not '2'"),
        (("--value", "hope:much"), "value: the weight of 'hope' must be a number from -1 to 1, not 'much'"),
        (("--value", "hope:"), "value: the weight of 'hope' must be a number from -1 to 1, not ''"),
        (("--value", "E2:nan"), "value: the weight of 'e2' must be a number from -1 to 1, not 'nan'"),
        (
            ("--value", "hoep:0.5"),
            "'hoep:0.5' is no value, such as hope, or hope:0.8 from -1 to 1; did you mean 'hope'?",
        ),
        (("--value", "hope", "E2:-0.5"), "value: 'e2' is given twice, with the weights 1 and -0.5; give it once"),
        (("--like", "Night Ferry", "--filters", '{"yaer": {"gte": 1}}'), "filters.yaer: is not a known field; did you"),
        (("--like", "Night Ferry", "--kind", "song"), "kind: Input should be 'movie' or 'book'"),
        (("--like", "Night Ferry", "--limit", "0"), "limit: Input should be greater than or equal to 1"),
        (("--profile", "none.json"), "none.json cannot be read: No such file or directory"),
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
    path.write_text('{"like": ["a:1"]}', encoding="utf-8")
    code, _, said = recommend(capsys, "--profile", path)
    assert code == 2
    assert f"{path}: like: is not a known field; did you mean 'likes'?" in said


def test_a_profile_that_an_editor_saved_with_a_byte_order_mark_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "me.json"
    path.write_text('{"likes": ["test:night-ferry"]}', encoding="utf-8-sig")
    code, printed, _ = recommend(capsys, "--profile", path, "--json")
    assert code == 0
    assert json.loads(printed)["intent"]["like"][0]["title"] == "Night Ferry"
