"""What is known of a few works, written and mapped as for a whole catalogue."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qdrant_client import models

from indexer.known.fields import NamedWork
from indexer.known.names import open_names
from indexer.known.writer import NAMES_FILE, KnownWriter
from indexer.schema import GenerationFacts, point_id
from search_api.names import NameIndex
from search_api.work_table import WorkTable


def facts(value_ids: Sequence[str] = (), fingerprint: str = "test") -> GenerationFacts:
    return GenerationFacts(
        fingerprint=fingerprint,
        model="none",
        encoder_fingerprint="none",
        analyser_version="0",
        taxonomy_version="0",
        value_ids=tuple(value_ids),
        dimension=1,
        mean_terms=1.0,
        n_works=0,
        built_at="2026-01-01T00:00:00+00:00",
    )


NO_TERMS = models.SparseVector(indices=[], values=[])


def to_point(payload: Mapping[str, Any], strengths: Mapping[int, float] | None = None) -> models.PointStruct:
    strengths = strengths or {}
    values = models.SparseVector(indices=list(strengths), values=list(strengths.values()))
    return models.PointStruct(
        id=point_id(payload["id"]), vector={"values": values, "bm25": NO_TERMS}, payload=dict(payload)
    )


def write_known(
    folder: Path,
    payloads: Iterable[Mapping[str, Any]],
    *,
    strengths: Sequence[Mapping[int, float]] = (),
    value_ids: Sequence[str] = (),
    base: Path | None = None,
    gone: Sequence[str] = (),
) -> None:
    """Write the files of works into a folder, from nothing or from those of another folder."""
    listed = list(payloads)
    own = strengths or [{}] * len(listed)
    with KnownWriter(folder, value_ids, base) as writer:
        writer.add([to_point(payload, each) for payload, each in zip(listed, own, strict=True)])
        writer.remove(gone)
        writer.finish(facts(value_ids))


def open_table(
    payloads: Iterable[Mapping[str, Any]],
    strengths: Sequence[Mapping[int, float]] = (),
    value_ids: Sequence[str] = (),
) -> WorkTable:
    """Return the table of works; the files are removed, and stay mapped."""
    with tempfile.TemporaryDirectory() as folder:
        write_known(Path(folder, "known"), payloads, strengths=strengths, value_ids=value_ids)
        return WorkTable(Path(folder, "known"))


def open_index(works: Iterable[NamedWork]) -> NameIndex:
    """Return the names of works; the files are removed, and stay open."""
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder, "known")
        write_known(known, map(to_payload, works))
        return names_in(known)


def names_in(folder: Path) -> NameIndex:
    connection = open_names(folder / NAMES_FILE)
    connection.execute("SELECT count(*) FROM work").fetchone()  # opens the file, which may be removed then
    return NameIndex(connection, WorkTable(folder))


def to_payload(work: NamedWork) -> dict[str, Any]:
    return {
        "id": work.id,
        "title": work.title,
        "kind": work.kind,
        "year": work.year,
        "original_title": work.original_title,
        "rating": {"count": work.n_ratings, "mean": 7.0, "scale": 10.0},
        "creators": [{"name": name, "role": role} for name, role in work.creators],
        "series": {"name": work.series} if work.series else None,
        "genres": list(work.genres) or [f"genre {n}" for n in range(work.n_facts)],
    }
