"""SourceRecords to Works."""

from __future__ import annotations

import hashlib

import orjson

from crawler.jsonl import BEIR_SOURCE
from crawler.records import SourceRecord
from indexer.records import SourceReference, Work


def work_id(record: SourceRecord) -> str:
    """Gives the id of a record's work: `tmdb:550`; a benchmark's document keeps its own id, which judgements name."""
    return record.source_id if record.source == BEIR_SOURCE else f"{record.source}:{record.source_id}"


def record_to_work(record: SourceRecord) -> Work:
    """Gives the work that one record tells of."""
    fields = record.model_dump(
        mode="json", exclude={"source", "source_id", "reviews", "licence", "attribution", "fetched_at"}
    )
    reference = SourceReference(
        source=record.source, source_id=record.source_id, licence=record.licence, attribution=record.attribution
    )
    return Work(id=work_id(record), sources=(reference,), **fields)


def content_hash(work: Work) -> bytes:
    """Gives the SHA-256 of everything a work says: equal hashes, equal points."""
    return hashlib.sha256(orjson.dumps(work.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).digest()


def heading(work: Work) -> str:
    """Gives what BM25 finds a work by besides its description: titles, creators, genres and keywords."""
    titles = [work.title, *([work.original_title] if work.original_title else [])]
    return ". ".join([*titles, *(c.name for c in work.creators), *work.genres, *work.keywords])


def text_hash(work: Work) -> bytes:
    """Gives the SHA-256 of the texts that features are made of: a new rating does not make a work's text new."""
    return hashlib.sha256(f"{work.title}\0{heading(work)}\0{work.description}".encode()).digest()
