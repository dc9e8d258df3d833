"""A small catalogue of two worlds of taste, and taste files for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from catalogues import Fields, make_record, make_records
from fakes import FakeEncoder

from indexer.analysis import ANALYSER_VERSION
from indexer.encoder.encoder import Encoder
from indexer.taste.content import ContentMap, Words
from indexer.taste.file import save_taste
from indexer.taste.taste import KindTaste, Taste

SEA, STAGE = ("kraken", "reef", "lagoon", "schooner"), ("aria", "curtain", "rehearsal", "overture")
"""Books that the same people like, though no word of one is in another."""
_TEXTS = (
    "Brass clocks whisper beneath forgotten stairs.", "Velvet rain tastes of cinnamon at dusk.",
    "Nine orphans count turnips through famine.", "A glacier keeps its ledger of thefts.",
    "Copper foxes dance around an empty fountain.", "Somebody paints doors upon a prison wall.",
    "Twelve bells drown inside a marble quarry.", "An umbrella seller inherits a haunted mill.",
)  # fmt: skip
OTHERS = make_records(40, seed=5)


def make_two_worlds() -> list[Fields]:
    """Return eight books of two worlds, a film that is named like one of them, and forty works that nobody rated."""
    books = [
        make_record(name, name.title(), text, kind="book", year=1990 + place, genres=[f"Genre {place}"])
        for place, (name, text) in enumerate(zip((*SEA, *STAGE), _TEXTS, strict=True))
    ]
    return [*books, make_record("film", "Reef of Glass", "A reef.", kind="movie", year=2000), *OTHERS]


def make_taste(encoder: FakeEncoder | Encoder, names: Mapping[str, Sequence[str]], **changes: Any) -> Taste:
    """Return what was learnt of books: in each world, given by its works, people like all works alike."""
    factors = np.zeros((sum(map(len, names.values())), len(names)), dtype=np.float32)
    keys = []
    for world, works in enumerate(names.values()):
        for name in works:
            factors[len(keys), world] = 1.0
            keys.append((f"book:{name}:{_year_of(name)}",))
    none = Words(np.zeros(0, np.uint64), np.zeros(0, np.float32))
    dim = len(names)
    parts = {"text": encoder.dimension, "values": 1, "words": 0, "creators": 0}
    content_map = ContentMap(
        ("E2",), np.zeros(1, np.float32), none, none, np.zeros(dim, np.float32),
        {part: np.zeros((n, dim), np.float32) for part, n in parts.items()},
    )  # fmt: skip
    book = KindTaste(
        tuple(keys), factors, np.full(len(keys), 1_000), factors.T @ factors, content_map, 10.0, 1.0, 2_000
    )
    fields = {"encoder_fingerprint": encoder.fingerprint, "analyser_version": ANALYSER_VERSION, **changes}
    return Taste({"book": book}, fingerprint="", licences=("made up",), **fields)


def _year_of(name: str) -> int:
    return 1990 + (*SEA, *STAGE).index(name) if name in (*SEA, *STAGE) else 1900


def write_taste(path: Path, **changes: Any) -> Path:
    """Write a taste file for the two worlds and the fake encoder."""
    save_taste(make_taste(FakeEncoder(), {"sea": SEA, "stage": STAGE}, **changes), path)
    return path
