"""`evoke evaluate --encoder`: word vectors, trained or read from a file, embed texts and give results."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from catalogues import write_catalogue
from judged import CORPUS, write_benchmark

import evoke
from evaluation.encoders import COMMON, WordVectorEncoder, open_word_encoder, read_vectors
from indexer.records import Span

needs_gensim = pytest.mark.skipif(
    find_spec("gensim") is None, reason="gensim is missing: pip install 'evoke-search[embeddings]'"
)

MEANINGS = {"ferry": (1, 0, 0.1), "boat": (1, 0.1, 0), "kite": (0, 1, 0), "kites": (0, 1, 0.1), "storms": (0.1, 0, 1)}


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return write_benchmark(tmp_path / "films")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_catalogue(tmp_path / "corpus.jsonl", CORPUS)
    return tmp_path / "corpus.jsonl"


def glove(rows: Mapping[str, Sequence[float]]) -> str:
    return "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in rows.items())


def write_vectors(path: Path, rows: Mapping[str, Sequence[float]] = MEANINGS) -> Path:
    path.write_text(glove(rows))
    return path


def as_word2vec(rows: Mapping[str, Sequence[float]]) -> bytes:
    return f"{len(rows)} {len(next(iter(rows.values())))}\n{glove(rows)}".encode()


def as_binary(rows: Mapping[str, Sequence[float]]) -> bytes:
    words = [word.encode() + b" " + np.array(row, dtype="<f4").tobytes() + b"\n" for word, row in rows.items()]
    return f"{len(rows)} {len(next(iter(rows.values())))}\n".encode() + b"".join(words)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert evoke.main(["evaluate", *map(str, arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@needs_gensim
def test_a_work_is_found_by_a_synonym(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films = write_benchmark(
        tmp_path / "films", queries={"boats": "boat"}, qrels=[("boats", "w5", 1), ("boats", "w8", 1)]
    )
    vectors, results = write_vectors(tmp_path / "glove.txt"), tmp_path / "results.json"
    name = f"vectors:{vectors}"
    arguments = ["--encoder", name, "--systems", "dense", "evoke", "bm25", "--json", str(results)]
    assert evoke.main(["evaluate", str(films), *arguments]) == 0
    systems = json.loads(results.read_bytes())["systems"]
    assert {each: measures["RR"]["value"] for each, measures in systems.items()} == {"bm25": 0, "dense": 1, "evoke": 1}
    assert f"films: texts embedded by {name}; values labelled by similarity" in capsys.readouterr().out


@needs_gensim
@pytest.mark.parametrize("name", ["word2vec", "fasttext"])
def test_vectors_are_trained_on_the_corpus_once(name: str, films: Path, home: Path) -> None:
    times = []
    for _ in range(2):
        assert evoke.main(["evaluate", str(films), "--encoder", name, "--systems", "dense"]) == 0
        (folder,) = (home / "evaluation" / "encoders").iterdir()
        times.append([file.stat().st_mtime_ns for file in sorted(folder.iterdir())])
    assert times[0] == times[1] != []


@needs_gensim
def test_training_gives_the_same_vectors_in_every_process(corpus: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from evaluation.encoders import open_word_encoder\n"
        "encoder = open_word_encoder('fasttext', Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(encoder.fingerprint, encoder.encode(['storms near a ferry']).tobytes().hex())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, corpus, tmp_path / seed],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


@needs_gensim
def test_only_fasttext_embeds_words_that_the_corpus_lacks(corpus: Path, tmp_path: Path) -> None:
    for name, is_different in (("word2vec", False), ("fasttext", True)):
        one, other = open_word_encoder(name, corpus, tmp_path).encode(["ferryman", "zeppelin"])
        assert bool(one @ other < 0.99) is is_different


@needs_gensim
def test_a_text_is_the_weighted_sum_of_its_words_less_the_first_component(tmp_path: Path) -> None:
    texts = ["storms", "ferry ferry", "Ferry to kites"]
    vectors = read_vectors(write_vectors(tmp_path / "glove.txt"))
    encoder = WordVectorEncoder("glove", tmp_path, vectors, "glove", texts)

    def weighted(word: str, n: int) -> np.ndarray:
        return np.array(MEANINGS[word]) * COMMON / (COMMON + n / 6)

    sums = np.array([weighted("storms", 1), 2 * weighted("ferry", 3), weighted("ferry", 3) + weighted("kites", 1)])
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    shared = np.linalg.svd(sums)[2][0]
    asked = weighted("kites", 1) + weighted("boat", 0)
    expected = asked - asked @ shared * shared
    assert encoder.encode(["kites, BOAT!"])[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


@needs_gensim
def test_a_sentence_in_a_text_has_the_same_vector_as_alone(corpus: Path, tmp_path: Path) -> None:
    name = f"vectors:{write_vectors(tmp_path / 'glove.txt')}"
    encoder = open_word_encoder(name, corpus, tmp_path)
    text, spans = "A ferry. Some kites? Nothing known!", [Span(0, 8), Span(9, 20), Span(21, 35)]
    (embedding,) = encoder.embed([(text, spans)])
    alone = encoder.encode([text[span.start : span.end] for span in spans])
    assert embedding.sentence_vectors == pytest.approx(alone, abs=1e-6)
    assert np.linalg.norm(alone, axis=1) == pytest.approx([1, 1, 1])
    assert alone[:2] @ alone[2] == pytest.approx([0, 0], abs=1e-6)  # the third has no known word
    assert embedding.vector == pytest.approx(encoder.encode([text])[0])


@needs_gensim
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word2vec.txt", as_word2vec(MEANINGS)),
        ("word2vec.bin", as_binary(MEANINGS)),
        ("glove.txt", glove(MEANINGS).encode()),
        ("glove.txt.gz", gzip.compress(glove(MEANINGS).encode())),
        ("word2vec.bin.gz", gzip.compress(as_binary(MEANINGS))),
    ],
)
def test_vectors_are_read_in_every_format(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    vectors = read_vectors(tmp_path / name)
    assert {word: vectors[word].tolist() for word in vectors.index_to_key} == {
        word: pytest.approx(row) for word, row in MEANINGS.items()
    }


@needs_gensim
def test_a_word_may_contain_a_space_and_a_repeated_word_keeps_its_first_vector(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text("the 1 2\nat name 3 4\nthe 5 6\n")
    vectors = read_vectors(tmp_path / "glove.txt")
    assert {word: vectors[word].tolist() for word in vectors.index_to_key} == {"the": [1, 2], "at name": [3, 4]}


@needs_gensim
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", ":0: ends after 0 of 0 vectors: fetch it again"),
        (b"the 1 2\nsea 1\n", ":2: not a word and 2 numbers: there are 1"),
        (b"the 1 2\nsea 1 x\n", ":2: not a word and 2 numbers: could not convert string to float: "),
        (b"the 1 2\nsea 1 nan\n", ":2: not a word and 2 numbers: one is not finite"),
        (b"3 2\nthe 1 2\nsea 1 2\n", ":3: ends after 2 of 3 vectors: fetch it again"),
        (b'{"_id": "w1"}\n', ":1: not a word and 1 numbers: "),
        (as_binary(MEANINGS)[:-9], " is cut short or not a file of word vectors: "),
        (gzip.compress(as_binary(MEANINGS))[:-9], " is cut short or not a file of word vectors: "),
        (glove({"zug": (1, 2)}).encode(), " has none of the words of "),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    content: bytes, complaint: str, films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / ("vectors.gz" if content[:1] == b"\x1f" else "vectors")
    path.write_bytes(content)
    assert f"{path}{complaint}" in refused(capsys, films, "--encoder", f"vectors:{path}")


@needs_gensim
def test_a_missing_file_is_refused(films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "glove.txt"
    line = refused(capsys, films, "--encoder", f"vectors:{path}")
    assert line == f"evoke evaluate: {path} cannot be read: No such file or directory"


@needs_gensim
def test_a_corpus_without_a_repeated_word_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    films = write_benchmark(tmp_path / "films", CORPUS[:1], qrels=[("storms", "w1", 1)])
    write_catalogue(films / "corpus.jsonl", [{**CORPUS[0], "title": "Sea", "text": "Storms."}])
    assert "no word comes twice, so word2vec learns nothing" in refused(capsys, films, "--encoder", "word2vec")


def test_an_unknown_encoder_is_refused_with_the_names_there_are(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, films, "--encoder", "elmo")
    assert "no encoder is called 'elmo': there are word2vec, fasttext, vectors:FILE" in line


def test_without_gensim_the_message_says_what_to_install(
    films: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: Callable[[str], None] = lambda _: None  # noqa: E731
    monkeypatch.setattr("evaluation.encoders.find_spec", missing)
    line = refused(capsys, films, "--encoder", "word2vec")
    assert line == "evoke evaluate: word2vec needs gensim: pip install 'evoke-search[embeddings]'"
