"""Encoders made of word vectors, to compare with the shipped one: trained on a corpus, or read from a file.

A text's vector is the SIF embedding of Arora, Liang and Ma (2017), "A Simple but Tough-to-Beat Baseline for Sentence
Embeddings":

    v_s = sum over the known words w of s of  a / (a + p(w)) v_w,  less its projection on the corpus' first component

p(w) is the word's share of the corpus' words. nDCG@10 of word2vec's vectors on value_books (validation) and tot_books
(train): equal weights .359 and .015, inverse document frequency .361 and .020, a = 1e-3 .365 and .020, a = 1e-4 .373
and .024, a = 1e-4 less the first component .370 and .048.
"""

from __future__ import annotations

import codecs
import hashlib
import logging
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from crawler.catalogue import Rejected, read_catalogue
from evaluation.errors import EncoderUnavailable
from indexer.encoder.encoder import MOST_TOKENS, Embedding, Encoder, Vectors
from indexer.records import Span

ENCODING_VERSION = "1"
"""Part of the fingerprint: raise it when the way from words to a text's vector changes, to embed everything again."""
COMMON = 1e-4
"""The share of the corpus at which a word counts half: a in the formula."""
ROUNDING = 1e-5
"""A vector less its first component is float32 rounding noise if its relative length is below this."""
FROM_FILE = "vectors:"
"""Prefix of an encoder's name that names a file of vectors."""

_RECIPE: Mapping[str, Any] = {"vector_size": 100, "window": 10, "sg": 1, "sample": 1e-4, "epochs": 50, "min_count": 2}
"""Skip-grams; the rest are gensim's defaults. A corpus is small: nDCG@10 on value_books is .140 with a window of 5 and
20 epochs, .373 with these, .404 with a window of 20 and other settings that take eight times as long."""
RECIPES: Mapping[str, Mapping[str, Any]] = {"word2vec": _RECIPE, "fasttext": {**_RECIPE, "bucket": 50_000}}
"""gensim's parameters by encoder name. FastText's default of two million buckets would take 800 MB and gain nothing."""

_CACHED_WORDS = 20_000
_SNIFFED_BYTES = 4_096
_TRAINED = "vectors"
_WORD = re.compile(r"[^\W_]+")


def open_word_encoder(name: str, corpus: Path, cache: Path) -> WordVectorEncoder:
    """Return the named encoder for a corpus; trained vectors are kept in the folder `cache` and used again.

    Raises:
        EncoderUnavailable: No encoder has this name, its file cannot be used, or gensim is missing.
    """
    if name not in RECIPES and not name.startswith(FROM_FILE):
        names = ", ".join([*RECIPES, f"{FROM_FILE}FILE"])
        raise EncoderUnavailable(f"no encoder is called {name!r}: there are {names}; EVOKE_MODEL names a transformer")
    if find_spec("gensim") is None:
        raise EncoderUnavailable(f"{name} needs gensim: pip install 'evoke-search[embeddings]'")
    texts = read_texts(corpus)
    if name in RECIPES:
        path = _train(name, texts, corpus, cache)
        source, vectors = path.name, _open_trained(path)
    else:
        path = Path(name.removeprefix(FROM_FILE))
        vectors = read_vectors(path)
        with path.open("rb") as file:
            source = hashlib.file_digest(file, "sha256").hexdigest()
    if not any(word in vectors for text in texts for word in split_words(text)):
        raise EncoderUnavailable(f"{path} has none of the words of {corpus}: name a file of vectors for its language")
    return WordVectorEncoder(name, path, vectors, source, texts)


class WordVectorEncoder(Encoder):
    """Word vectors behind the interface of a sentence encoder.

    Unknown words are left out; FastText has a vector for every word, made of its n-grams.

    Args:
        model: The encoder's name.
        path: The file of the vectors, or the folder of the trained ones.
        vectors: gensim's KeyedVectors.
        source: A digest of the vectors, or of the data and settings they were trained with.
        texts: The corpus, from which word frequencies are counted.
    """

    def __init__(self, model: str, path: Path, vectors: Any, source: str, texts: Sequence[str]) -> None:
        super().__init__(model)
        self.path = path
        self.dimension = int(vectors.vector_size)
        self.runtime = "numpy"
        self.fingerprint = hashlib.sha256(orjson.dumps([ENCODING_VERSION, source, _digest(texts)])).hexdigest()
        self._vectors = vectors
        self._counts = Counter(word for text in texts for word in split_words(text))
        self._n_words = self._counts.total()
        self._weigh = lru_cache(_CACHED_WORDS)(self._weigh_word)
        sums = _unit(np.stack([self._sums(text, ())[0] for text in texts]))
        self._component: Vectors = np.linalg.eigh(sums.T @ sums)[1][:, -1]

    def warm(self) -> WordVectorEncoder:
        """Return the encoder itself: its vectors are loaded already."""
        return self

    @property
    def max_tokens(self) -> int:
        """As many as are read of any text: word vectors have no bound."""
        return MOST_TOKENS

    def embed(self, texts: Sequence[tuple[str, Sequence[Span]]], *, most_tokens: int = MOST_TOKENS) -> list[Embedding]:
        """Return the vectors of texts and of their sentences.

        All of a text is read, since a word vector costs little: `most_tokens` does not matter here. A text without a
        known word gets the first component, which is orthogonal to every other vector.
        """
        del most_tokens
        return [self._embed(text, sentences) for text, sentences in texts]

    def _embed(self, text: str, sentences: Sequence[Span]) -> Embedding:
        sums = self._sums(text, sentences)
        rest = sums - np.outer(sums @ self._component, self._component)
        nothing = np.linalg.norm(rest, axis=1) <= ROUNDING * np.linalg.norm(sums, axis=1)
        rows = _unit(np.where(nothing[:, None], self._component, rest))
        return Embedding(rows[0], rows[1:])

    def _sums(self, text: str, sentences: Sequence[Span]) -> Vectors:
        """Return the weighted sums of the words of a text and of each sentence: float32 (1 + n_sentences, dim)."""
        known = [(m.start(), row) for m in _WORD.finditer(text) if (row := self._weigh(m.group())) is not None]
        rows = np.array([row for _, row in known], dtype=np.float32).reshape(-1, self.dimension)
        starts = [start for start, _ in known]
        firsts = [0, *np.searchsorted(starts, [s.start for s in sentences])]
        ends = [len(rows), *np.searchsorted(starts, [s.end for s in sentences])]
        return np.stack([rows[first:end].sum(axis=0) for first, end in zip(firsts, ends, strict=True)])

    def _weigh_word(self, word: str) -> Vectors | None:
        share = self._counts[word.lower()] / self._n_words
        for form in (word.lower(), word):  # as written: some files have names with a capital only
            if form in self._vectors:
                weighted: Vectors = self._vectors[form] * np.float32(COMMON / (COMMON + share))
                return weighted
        return None


def read_texts(corpus: Path) -> list[str]:
    """Return the texts of a corpus' works, as the indexer embeds them."""
    records = (entry[1] for entry in read_catalogue(corpus) if not isinstance(entry, Rejected))
    return [f"{record.title}. {record.description}" for record in records]


def read_vectors(path: Path) -> Any:
    """Return gensim's KeyedVectors from a file in the text or binary format of word2vec, or in GloVe's; plain or .gz.

    Raises:
        EncoderUnavailable: The file cannot be read; the message names the line of a text file.
    """
    from gensim.models import KeyedVectors
    from gensim.utils import open as open_packed

    try:
        with open_packed(str(path), "rb") as file:
            if _is_binary(file.read(_SNIFFED_BYTES)):
                return KeyedVectors.load_word2vec_format(str(path), binary=True)
        with open_packed(str(path), "rb") as file:
            rows = _read_rows(path, file)
    except OSError as error:
        raise EncoderUnavailable(f"{path} cannot be read: {error.strerror or error}") from error
    except (EOFError, ValueError, AssertionError, zlib.error) as error:
        raise EncoderUnavailable(f"{path} is cut short or not a file of word vectors: {error}") from error
    vectors = KeyedVectors(len(next(iter(rows.values()))))
    vectors.add_vectors(list(rows), np.stack(list(rows.values())))
    return vectors


def _is_binary(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return True
    return b"\0" in head


def _read_rows(path: Path, lines: Iterable[bytes]) -> dict[str, Vectors]:
    """Return the vectors by word; of a repeated word the first. word2vec's first line holds their number and size."""
    rows: dict[str, Vectors] = {}
    n_words = dimension = 0
    number = 0
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
            n_words, dimension = map(int, fields)
            continue
        dimension = dimension or max(len(fields) - 1, 1)
        word, *numbers = line.rstrip().rsplit(b" ", dimension)  # the words of some files hold spaces
        try:
            row = np.array(numbers, dtype=np.float32)
            if len(row) != dimension:
                raise ValueError(f"there are {len(row)}")
            if not np.isfinite(row).all():
                raise ValueError("one is not finite")
            rows.setdefault(word.decode(), row)
        except ValueError as error:
            raise EncoderUnavailable(f"{path}:{number}: not a word and {dimension} numbers: {error}") from error
    if not rows or number <= n_words:
        raise EncoderUnavailable(f"{path}:{number}: ends after {len(rows):,} of {n_words:,} vectors: fetch it again")
    return rows


def _train(name: str, texts: Sequence[str], corpus: Path, cache: Path) -> Path:
    """Return the folder of vectors trained on texts; training is deterministic, so it runs once."""
    import gensim

    recipe = orjson.dumps([name, RECIPES[name], gensim.__version__, np.__version__, _digest(texts)])
    folder = cache / f"{name}-{hashlib.sha256(recipe).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    # gensim warns about small corpora; catalogues of a few hundred works are what this is for.
    logging.getLogger("gensim").setLevel(logging.ERROR)
    kind = {"word2vec": gensim.models.Word2Vec, "fasttext": gensim.models.FastText}[name]
    sentences = [split_words(text) for text in texts]
    try:  # one thread: with several the order of updates, and so the result, changes from run to run
        model = kind(sentences, **RECIPES[name], workers=1, seed=1, hashfxn=_stable_hash)
    except RuntimeError as error:
        raise EncoderUnavailable(f"{corpus}: no word comes twice, so {name} learns nothing from it") from error
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as unfinished:
        draft = Path(unfinished) / "draft"
        draft.mkdir()
        model.wv.save(str(draft / _TRAINED))
        draft.rename(folder)
    return folder


def _open_trained(folder: Path) -> Any:
    from gensim.models import KeyedVectors

    return KeyedVectors.load(str(folder / _TRAINED))


def _stable_hash(text: str) -> int:
    """Return a hash that is the same in every process; Python's own is salted."""
    return zlib.crc32(text.encode())


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, in order."""
    return _WORD.findall(text.lower())


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256(orjson.dumps(texts)).hexdigest()


def _unit(rows: Vectors) -> Vectors:
    """Return rows scaled to length 1; a row of zeros stays as it is."""
    scaled: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return scaled
