"""Taste vectors: what is learnt from ratings, kept in a file, and used for works and people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeEncoder
from homes import build
from rated import N_FILMS, N_PEOPLE, film_id, imdb_id, make_films, make_ratings, write_movielens
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tracked import names_of_data, read_runs

import evoke
from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.artefacts import open_taste
from indexer.bm25 import BM25
from indexer.errors import TasteInvalid
from indexer.features import FeatureMaker
from indexer.recipes import Recipe
from indexer.records import Features, IndexedWork, Work
from indexer.settings import IndexSettings, VectorSettings
from indexer.store import Store
from indexer.taste.content import ContentMap, Words, word_id
from indexer.taste.file import load_taste, save_taste
from indexer.taste.taste import KindTaste, Taste
from indexer.taste_training.run import train_taste
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import load_taxonomy

DIM = 3


def make_kind(**changes: object) -> KindTaste:
    """Return a kind of three works whose content maps to (1, 1, 1), or to (1, 1, 5) with the word "tide"."""
    zeros = np.zeros((0, DIM), dtype=np.float32)
    content_map = ContentMap(
        (), np.zeros(0, dtype=np.float32), Words(np.array([word_id("tide")], dtype=np.uint64), np.ones(1, np.float32)),
        Words(np.zeros(0, dtype=np.uint64), np.zeros(0, np.float32)), np.ones(DIM, dtype=np.float32),
        {"text": np.zeros((2, DIM), np.float32), "values": zeros, "creators": zeros,
         "words": np.array([[0, 0, 4]], dtype=np.float32)},
    )  # fmt: skip
    factors = np.array([[3, 0, 0], [0, 4, 0], [0, 0, 5]], dtype=np.float32)
    fields = {
        "keys": (("imdb:tt1",), ("imdb:tt2", "movie:reef:1999"), ("imdb:tt3",)), "factors": factors,
        "likers": np.array([10, 30, 90]), "gram": factors.T @ factors, "content_map": content_map, "alpha": 10.0,
        "regularisation": 2.0, "n_users": 100,
    } | changes  # fmt: skip
    return KindTaste(**fields)  # type: ignore[arg-type]


def make_work(kind: str = "movie", word: str = "dune", **fields: object) -> IndexedWork:
    work = Work.model_validate({"id": "w", "kind": kind, "title": "Untitled", **fields})
    features = Features({"description": {word: 1}}, (), np.array([1, 0], np.float32), np.zeros((0, 2)), "en")
    return IndexedWork(work, features, ())


TASTE = Taste({"movie": make_kind(), "book": make_kind()}, "encoder", "1", "")


def test_a_rated_work_leans_on_its_ratings_the_more_people_like_it() -> None:
    few = TASTE.vector_of(make_work(ids={"imdb": "tt1"}))
    many = TASTE.vector_of(make_work(ids={"imdb": "tt3"}))
    assert few[:DIM] == pytest.approx([(10 * 3 + 10) / 20, 0.5, 0.5])
    assert many[:DIM] == pytest.approx([0.1, 0.1, (90 * 5 + 10) / 100])


def test_a_work_without_ratings_has_the_vector_of_its_content() -> None:
    assert TASTE.vector_of(make_work(word="tide")).tolist() == [1, 1, 5, 0, 0, 0]


def test_a_work_is_found_by_title_and_year_too() -> None:
    assert TASTE.row_of(make_work(title="The Reef", year=1999)) == 1
    assert TASTE.row_of(make_work(title="The Reef", year=1998)) is None


def test_films_and_books_never_meet() -> None:
    film, book = TASTE.vector_of(make_work("movie")), TASTE.vector_of(make_work("book"))
    assert film @ book == 0
    assert not TASTE.fold_in(film[None])[DIM:].any()
    assert not Taste({"movie": make_kind()}, "", "", "").vector_of(make_work("book")).any()


def test_few_likes_are_a_sum_of_unit_vectors() -> None:
    likes = np.array([[3, 0, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0]], dtype=np.float32)
    dislikes = np.array([[0, 0, 5, 0, 0, 0]], dtype=np.float32)
    assert TASTE.fold_in(likes, dislikes) == pytest.approx([1, 1, -0.1, 0, 0, 0])


def test_many_likes_are_folded_into_the_model() -> None:
    likes = np.tile(np.array([3, 0, 0, 0, 0, 0], dtype=np.float32), (6, 1))
    # (G + (alpha - 1) sum v v' + lambda) x = alpha sum v, in its first dimension
    assert TASTE.fold_in(likes)[0] == pytest.approx(10 * 18 / (9 + 9 * 6 * 9 + 2))


def test_nobody_liked_is_no_direction() -> None:
    assert not TASTE.fold_in(np.zeros((0, 6), dtype=np.float32)).any()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("taste") / "home"
    build(home, make_films())
    return home


@contextmanager
def open_store(home: Path) -> Iterator[dict[str, IndexedWork]]:
    """Yield the works of a home as they are indexed, by id."""
    taxonomy, encoder = load_taxonomy(), FakeEncoder()
    features = FeatureMaker(Analyser(), encoder).recipe
    recipe = Recipe(features, open_labeller(taxonomy, encoder, None).fingerprint, BM25(), VectorSettings())
    with Store(home) as store:
        labelling = store.labels.labelling(recipe.labels, taxonomy.dimensions)
        yield {indexed.work.id: indexed for indexed in store.indexed_works(features, labelling)}


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    ratings, links = write_movielens(home.parent / "ml")
    output = home.parent / "taste.safetensors"
    train_taste([ratings], [links], IndexSettings(home=home), output, encoder=FakeEncoder())
    return output


def test_training_tells_what_people_like_together(trained: Path) -> None:
    kind = load_taste(trained).kinds["movie"]
    cosines = kind.factors / np.linalg.norm(kind.factors, axis=1, keepdims=True)
    cosines = cosines @ cosines.T
    sea = np.array([int(next(key for key in keys if key.startswith("imdb:"))[7:]) % 2 == 0 for keys in kind.keys])
    same = sea[:, None] == sea[None, :]
    assert cosines[same].mean() > 0.3 + cosines[~same].mean()


def test_the_content_of_a_film_without_ratings_leads_to_its_side(home: Path) -> None:
    unrated = range(10)
    files = write_movielens(home.parent / "half", make_ratings(range(10, N_FILMS)))
    output = home.parent / "half.safetensors"
    train_taste([files[0]], [files[1]], IndexSettings(home=home), output, encoder=FakeEncoder())
    taste = load_taste(output)
    with open_store(home) as works:
        vectors = {number: taste.vector_of(works[film_id(number)]) for number in range(N_FILMS)}
        assert taste.row_of(works[film_id(0)]) is None
    person = taste.fold_in(np.stack([vectors[number] for number in range(10, N_FILMS, 2)]))
    assert min(vectors[n] @ person for n in unrated if n % 2 == 0) > max(vectors[n] @ person for n in unrated if n % 2)


def test_the_same_seed_writes_the_same_file(home: Path, trained: Path) -> None:
    again = home.parent / "again.safetensors"
    ratings, links = home.parent / "ml" / "ratings.csv", home.parent / "ml" / "links.csv"
    train_taste([ratings], [links], IndexSettings(home=home), again, encoder=FakeEncoder())
    assert again.read_bytes() == trained.read_bytes()


def test_the_training_is_logged_with_its_trials(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.taste_training.factors.LEAST_VALIDATED", 1)
    files, output = write_movielens(home.parent / "logged"), home.parent / "logged.safetensors"
    train_taste([files[0]], [files[1]], IndexSettings(home=home), output, encoder=FakeEncoder())
    runs = read_runs(home)
    logged = next(run for run in runs if run.data.params.get("output") == "logged.safetensors")
    trials = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == logged.info.run_id]
    assert logged.data.params["output.sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert logged.data.params["movie.users"] == str(N_PEOPLE)
    assert names_of_data(logged) == ["links.csv", "ratings.csv"]
    best = max(trials, key=lambda run: run.data.metrics["ndcg100_strong"] + run.data.metrics["ndcg100_few"])
    assert best.data.params["n_factors"] == logged.data.params["movie.n_factors"]


def test_the_file_has_a_licence_and_nothing_of_any_one_person(trained: Path) -> None:
    taste = load_taste(trained)
    assert taste.licences == ("MovieLens (GroupLens): research only, no redistribution",)
    assert taste.kinds["movie"].n_users == N_PEOPLE
    assert not [name for name, array in load_file(trained).items() if N_PEOPLE in array.shape]
    assert "userId" not in trained.read_bytes().decode("latin-1")


def test_works_with_few_likers_have_no_factors(home: Path) -> None:
    rare = 7
    ratings = [each for each in make_ratings() if each[1] != rare]
    ratings += [(person, rare, 5.0) for person in range(1, 9, 2)]
    files = write_movielens(home.parent / "rare", ratings)
    output = home.parent / "rare.safetensors"
    training = train_taste([files[0]], [files[1]], IndexSettings(home=home), output, encoder=FakeEncoder())
    assert training.figures[0].n_rare == 1
    assert f"imdb:{imdb_id(rare)}" not in {key for keys in load_taste(output).kinds["movie"].keys for key in keys}


def test_too_few_ratings_are_refused(home: Path) -> None:
    files = write_movielens(home.parent / "few", make_ratings()[:20])
    with pytest.raises(TasteInvalid, match="there is too little to learn from: kind movie: 0 works with 5 likers"):
        train_taste([files[0]], [files[1]], IndexSettings(home=home), home.parent / "x", encoder=FakeEncoder())


def rewrite(path: Path, target: Path, **changes: object) -> Path:
    """Write a taste file again, with other metadata or arrays."""
    arrays = load_file(path)
    with safe_open(path, framework="numpy") as opened:
        metadata = json.loads(opened.metadata()["evoke"])
    for name, value in changes.items():
        if name.startswith("movie"):
            arrays[name.replace("__", ".")] = value  # type: ignore[assignment]
        else:
            metadata[name] = value
    save_file(arrays, target, metadata={"evoke": json.dumps(metadata)})
    return target


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"format": "0"}, "has format 0, this version reads 1; train it again with `evoke train-taste`"),
        ({"encoder_fingerprint": 5}, "is not a file of `evoke train-taste`: encoder_fingerprint is not text"),
        ({"movie__gram": np.full((128, 128), np.nan, dtype=np.float32)}, "movie.gram has a number that is not finite"),
        ({"movie__gram": np.zeros((1, 128), dtype=np.float32)}, r"gram has the shape \(1, 128\), expected"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, trained: Path, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(TasteInvalid, match=problem):
        load_taste(rewrite(trained, tmp_path / "changed.safetensors", **changes))


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 100])
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(TasteInvalid, match="is not a file of `evoke train-taste`"):
        load_taste(tmp_path / "damaged")
    with pytest.raises(TasteInvalid, match="cannot be read: No such file"):
        load_taste(tmp_path / "absent")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kinds": {}}, "it has no kind of work"),
        ({"kind": "zz"}, "'zz' is no kind of work: expected movie or book"),
        ({"alpha": float("nan")}, "alpha is nan, expected a number above 0"),
        ({"regularisation": -1.0}, "regularisation is -1.0, expected"),
        ({"n_users": 0}, "n_users is 0, expected"),
        ({"value_ids": 3}, "value_ids has an entry that is not text"),
        ({"likers": lambda likers: -likers}, "likers has a number below 0"),
        ({"likers": lambda likers: likers.astype(np.float32)}, "likers is of float32, expected int64"),
        ({"map.word_ids": lambda ids: ids.astype(np.float32)}, "map.word_ids is of float32, expected uint64"),
        ({"map.word_ids": lambda ids: ids[::-1].copy()}, "map.word_ids is not ascending"),
        ({"gram": lambda gram: gram + 1}, "its numbers are not those that were written: the file is damaged"),
    ],
)
def test_numbers_that_would_give_wrong_vectors_are_refused(
    tmp_path: Path, trained: Path, changes: dict[str, Any], problem: str
) -> None:
    arrays = load_file(trained)
    with safe_open(trained, framework="numpy") as opened:
        metadata = json.loads(opened.metadata()["evoke"])
    own = metadata["kinds"]["movie"]
    for name, value in changes.items():
        if name == "kinds":
            metadata["kinds"] = value
        elif name == "kind":
            metadata["kinds"] = {value: own}
        elif name == "value_ids":
            own[name] = [value, *own[name][1:]]
        elif callable(value):
            arrays[f"movie.{name}"] = value(arrays[f"movie.{name}"])
        else:
            own[name] = value
    save_file(arrays, tmp_path / "changed", metadata={"evoke": json.dumps(metadata)})
    with pytest.raises(TasteInvalid, match=problem):
        load_taste(tmp_path / "changed")


def test_a_taste_that_reads_other_embeddings_does_not_fit(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    made_with = {"encoder_fingerprint": encoder.fingerprint, "analyser_version": ANALYSER_VERSION}
    save_taste(Taste({"movie": make_kind()}, fingerprint="", **made_with), tmp_path / "taste")
    taste, fit = open_taste(tmp_path / "taste", encoder)
    assert taste is None
    assert "reads embeddings of 2 numbers, the encoder's have 64" in str(fit.problem)


def test_a_failure_while_writing_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_taste(TASTE, tmp_path / "taste")
    before = (tmp_path / "taste").read_bytes()

    def fail(arrays: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.numpy.save_file", fail)
    with pytest.raises(OSError, match="No space left"):
        save_taste(TASTE, tmp_path / "taste")
    assert [path.name for path in tmp_path.iterdir()] == ["taste"]
    assert (tmp_path / "taste").read_bytes() == before


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [
        (["-o", "ratings.csv"], "ratings.csv: is read too: name another file for the output"),
        (["-o", "x", "--report", "links.csv"], "links.csv: is read too"),
        (["-o", "linked.csv"], "linked.csv: is read too"),
        (["-o", "x", "--report", "./x"], "x: is written twice"),
    ],
)
def test_an_output_never_replaces_an_input_or_another_output(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outputs: list[str],
    problem: str,
) -> None:
    ratings, links = write_movielens(tmp_path)
    (tmp_path / "linked.csv").symlink_to(ratings)
    before = ratings.read_bytes(), links.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert evoke.main(["train-taste", "ratings.csv", *outputs]) == 2
    assert problem in capsys.readouterr().err
    assert (ratings.read_bytes(), links.read_bytes()) == before


def test_too_little_to_learn_from_shows_what_was_read(tmp_path: Path, home: Path) -> None:
    ratings, links = write_movielens(tmp_path, make_ratings()[:20])
    ratings.write_text(ratings.read_text() + "1,2\n")
    shown: list[str] = []
    with pytest.raises(TasteInvalid, match="there is too little to learn from"):
        train_taste(
            [ratings], [links], IndexSettings(home=home), tmp_path / "x", encoder=FakeEncoder(), show=shown.append
        )
    assert "1 line left out: the line is broken (ratings.csv:22)" in shown
    assert "20 ratings read, 20 (100.0%) of works in the catalogue" in "\n".join(shown)


def test_the_verb_refuses_a_file_of_which_nothing_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setenv("EVOKE_HOME", str(home))
    (tmp_path / "colours.csv").write_text("colour,size\nred,1\n")
    assert evoke.main(["train-taste", str(tmp_path / "colours.csv"), "-o", str(tmp_path / "x.safetensors")]) == 2
    assert "is no table of ratings that is known" in capsys.readouterr().err
    assert not (tmp_path / "x.safetensors").exists()
