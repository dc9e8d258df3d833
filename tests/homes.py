"""Home folders: built from records by an encoder, opened for search, and read point by point."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from catalogues import Fields, write_catalogue
from fakes import FakeEncoder
from qdrant_client import models

from indexer.build_report import BuildReport
from indexer.collection import copy_generation, swap_generation
from indexer.encoder.encoder import Encoder
from indexer.engine import open_engine
from indexer.pipeline import build_index
from indexer.schema import point_id
from indexer.serving import read_facts, serving_generation
from indexer.settings import IndexSettings
from indexer.values.taxonomy import load_taxonomy
from search_api.records import Page, SearchRequest
from search_api.search import Search


def build(
    home: Path, records: Iterable[Fields], encoder: FakeEncoder | Encoder | None = None, **options: Any
) -> BuildReport:
    """Index records into a home, from a catalogue beside it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    catalogue = write_catalogue(home.parent / f"{home.name}.jsonl", records)
    return build_index([catalogue], IndexSettings(home=home), encoder=encoder or FakeEncoder(), **options)


def copy_home(home: Path, target: Path) -> Path:
    """Copy a home with its times; the empty parts of its files, 99 % of 240 MB, take no room."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", "--sparse=always", home, target], check=True)
    return target


def add_reviews(
    home: Path, works: Mapping[str, Mapping[str, Any]], strengths: Mapping[str, Mapping[str, float]]
) -> None:
    """Add to an index what people say of works, as their payloads have it, and the strengths that this gives them."""
    with closing(open_engine(home / "index")) as engine:
        before = serving_generation(engine)
        assert before is not None
        name, facts = copy_generation(engine, before), read_facts(engine, before)
        assert facts is not None
        for record in engine.retrieve(name, [point_id(each) for each in works], with_payload=True, with_vectors=True):
            work_id = (record.payload or {})["id"]
            vectors: Any = record.vector
            own = dict(zip(vectors["values"].indices, vectors["values"].values, strict=True))
            changed = strengths.get(work_id, {})
            own |= {facts.value_ids.index(each): strength for each, strength in changed.items()}
            vectors["values"] = models.SparseVector(indices=list(own), values=list(own.values()))
            payload = {**(record.payload or {}), **works[work_id]}
            payload["values"] |= {each: strength for each, strength in changed.items() if not each.startswith("T-")}
            engine.upsert(name, [models.PointStruct(id=record.id, vector=vectors, payload=payload)], wait=True)
        engine.finish(name)
        swap_generation(engine, name)


@contextmanager
def open_home(home: Path, encoder: FakeEncoder | Encoder | None = None) -> Iterator[Search]:
    """Open a home's index for search, with the encoder that built it."""
    with closing(
        Search(open_engine(home / "index", read_only=True), encoder or FakeEncoder(), load_taxonomy())
    ) as search:
        yield search


def ask(search: Search, query: str, limit: int = 10, offset: int = 0) -> Page:
    """Return a search's answer to a text that is taken as plain text."""
    return search.search(SearchRequest(query=query, limit=limit, offset=offset, interpret=False))


def titles(search: Search, query: str, limit: int = 10) -> list[str]:
    return [hit.title for hit in ask(search, query, limit).hits]


def read_points(home: Path) -> dict[str, tuple[dict[str, Any], Any]]:
    """Return payload and vectors of every work that a home's index serves, by work id."""
    with closing(open_engine(home / "index", read_only=True)) as engine:
        generation = serving_generation(engine)
        assert generation is not None
        records, rest = engine.scroll(generation, limit=100_000, with_payload=True, with_vectors=True)
    assert rest is None
    points = {record.payload["id"]: (record.payload, _rounded(record.vector)) for record in records if record.payload}
    assert len(points) == len(records), "a work is there twice"
    return points


def _rounded(vectors: Any) -> dict[str, Any]:
    """Return named vectors in a form that can be compared: the numbers of sparse vectors come in any order."""
    sparse = {
        name: {i: round(x, 5) for i, x in zip(vectors[name].indices, vectors[name].values, strict=True)}
        for name in ("bm25", "values")
    }
    return sparse | {name: [round(x, 5) for x in vectors[name]] for name in ("text", "taste") if name in vectors}
