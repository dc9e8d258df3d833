"""Merge the SourceRecords of one work into a Work, with the origin of every field. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from crawler.catalogue import BEIR_SOURCE
from crawler.records import SourceRecord
from crawler.series import read_series
from crawler.sources.table import SOURCES
from indexer.genres import canonical_genre
from indexer.leads import NO_LEAD, Lead, read_lead
from indexer.merging.match_keys import any_alike, canonical_source, read_names
from indexer.records import SourceReference, TextField, Work
from indexer.reviews.choosing import ChosenReview, merge_reviews, reviews_digest
from indexer.stories import is_cast_list

MERGING_VERSION = 5
"""Raise it with every change of a rule here: the next build then merges all works again."""

STARTER_SOURCE = "starter"
"""The source of the starter catalogue's records; it ranks after the sources that are crawled."""


def _sort_by_rank(ranks: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(canonical_source(name) for name in sorted(ranks, key=lambda name: ranks[name]))


AUTHORITY = (*_sort_by_rank({name: source.authority for name, source in SOURCES.items()}), STARTER_SOURCE)
"""The sources from the lowest rank, whose values are preferred, to the highest; others follow, by record id."""
PREFERRED: Mapping[str, tuple[str, ...]] = {
    field: _sort_by_rank(
        {name: source.field_authority[field] for name, source in SOURCES.items() if field in source.field_authority}
    )
    for field in sorted({field for source in SOURCES.values() for field in source.field_authority})
}
"""The same order for single fields, where a source declares a rank for the field."""

LONGEST_DESCRIPTION = 20_000
"""In characters: about 3,500 words. A longer text is a whole synopsis, which has much besides what a work is about and
takes long to embed."""

HEADING_SEPARATOR = ". "

_NOT_OF_A_WORK = {"source", "source_id", "reviews", "licence", "attribution", "fetched_at", "since"}
_UNKNOWN: tuple[object, ...] = (None, "", [], {})


class RecordFields(NamedTuple):
    """The fields of one record, as JSON, with the record's id."""

    record_id: str
    source: str
    fields: Mapping[str, Any]

    @property
    def is_translated(self) -> bool:
        """Whether it is a book's edition in another language than English; search works best in English."""
        return self.fields["kind"] == "book" and self.fields["language"] not in {None, "en"}


Values = Sequence[tuple[str, Any]]
"""The known values of one field, each with the id of its record, best first."""
Merged = tuple[Any, list[str]]
"""The merged value of a field and the ids of the records that it comes from."""


def work_id(record: SourceRecord) -> str:
    """Return the id of a record's work, such as `tmdb:550`; a benchmark's document keeps its id, since qrels use it."""
    return record.source_id if record.source == BEIR_SOURCE else f"{record.source}:{record.source_id}"


def merge_records(records: Sequence[SourceRecord], reviews: Sequence[Sequence[ChosenReview]] = ()) -> Work:
    """Return the work of these records, under the id of the first; the order of the others does not matter.

    If there are several records, `origins` has the ids of the records that each field comes from. The
    origin of a fact that was read from the lead of a record's description is `lead:` and the record's id, that of a
    country that was concluded from the language `language:` and its code.

    Args:
        records: The records.
        reviews: The reviews that are kept of each of them.
    """
    all_fields = [_read_fields(record) for record in records]
    first = all_fields[0]
    references = tuple(
        SourceReference(
            source=record.source, source_id=record.source_id, licence=record.licence, attribution=record.attribution
        )
        for record in records
    )
    merged: dict[str, Merged] = {
        name: (value, []) if len(records) == 1 else merge_field(name, all_fields)
        for name, value in first.fields.items()
    }
    merged |= _complete_from_leads(merged, all_fields)
    merged |= _complete_from_language(merged)
    chosen = merge_reviews(reviews)
    return Work(
        id=first.record_id,
        n_reviews=len(chosen),
        reviews_digest=reviews_digest(chosen),
        sources=references,
        origins={name: tuple(record_ids) for name, (_, record_ids) in merged.items() if record_ids},
        **{name: value for name, (value, _) in merged.items() if value not in _UNKNOWN},
    )


def _read_fields(record: SourceRecord) -> RecordFields:
    """Return the fields of a record, with one name for each genre and the series that a book's title ends with."""
    fields = record.model_dump(mode="json", exclude=_NOT_OF_A_WORK)
    fields["genres"] = list(dict.fromkeys(canonical_genre(genre, record.kind) for genre in record.genres))
    if record.series is None and record.kind != "movie" and (series := read_series(record.title)):
        fields["series"] = series.model_dump(mode="json")
    return RecordFields(work_id(record), record.source, fields)


LEAD_ORIGIN = "lead:"
"""The beginning of the origin of a fact that was read from a lead; the record's id follows."""


def _complete_from_leads(merged: Mapping[str, Merged], records: Sequence[RecordFields]) -> dict[str, Merged]:
    """Return the facts that no record has but the lead of a description does, by field."""
    ranked = sorted(records, key=lambda record: (record.is_translated, authority(record.source), record.record_id))
    completed: dict[str, Merged] = {}
    for record in ranked:
        fields = record.fields
        lead = read_lead(fields["title"], fields["description"], fields["kind"])
        if lead is NO_LEAD:
            continue
        origin = f"{LEAD_ORIGIN}{record.record_id}"
        for name in ("year", "language", "countries"):
            if merged[name][0] in _UNKNOWN and (value := getattr(lead, name)):
                completed.setdefault(name, (list(value) if isinstance(value, tuple) else value, [origin]))
        if merged["genres"][0] in _UNKNOWN and lead.genres:
            genres = [canonical_genre(genre, fields["kind"]) for genre in lead.genres]
            completed.setdefault("genres", (genres, [origin]))
        if missing := _missing_creators(lead, merged["creators"][0] or [], fields["kind"]):
            known, origins = merged["creators"]
            origins = origins or ([records[0].record_id] if known else [])
            completed.setdefault("creators", ([*(known or []), *missing], [*origins, origin]))
    return completed


LANGUAGE_ORIGIN = "language:"
"""The beginning of the origin of a country that was concluded from the language; its code follows."""
_COUNTRY_OF_LANGUAGE: Mapping[str, str] = {
    "cs": "CZ", "da": "DK", "de": "DE", "el": "GR", "fa": "IR", "fi": "FI", "fr": "FR", "he": "IL", "hi": "IN",
    "hu": "HU", "is": "IS", "it": "IT", "ja": "JP", "ko": "KR", "nl": "NL", "no": "NO", "pl": "PL", "ru": "RU",
    "sv": "SE", "th": "TH", "tr": "TR",
}  # fmt: skip
"""The country that most films in a language come from. Right for 120 of 130 films with a known country; the rest are
mostly from neighbours, such as films in French from Canada. English, Spanish, Portuguese, Chinese and Arabic are the
languages of too many countries."""


def _complete_from_language(merged: Mapping[str, Merged]) -> dict[str, Merged]:
    """Return the country of a film that neither a record nor a lead has, concluded from its language."""
    language = merged["language"][0]
    country = _COUNTRY_OF_LANGUAGE.get(language)
    if merged["kind"][0] != "movie" or merged["countries"][0] not in _UNKNOWN or country is None:
        return {}
    return {"countries": ([country], [f"{LANGUAGE_ORIGIN}{language}"])}


def _missing_creators(lead: Lead, known: Sequence[Mapping[str, Any]], kind: str | None) -> list[dict[str, Any]]:
    """Return the creators of a lead in roles that no record has; a book with any creator has its author."""
    roles = {creator["role"] for creator in known}
    if kind == "book" and known:
        return []
    return [creator.model_dump(mode="json") for creator in lead.creators if creator.role not in roles]


def merge_field(name: str, records: Sequence[RecordFields]) -> Merged:
    """Return the value of a work's field, chosen or joined from those of its records."""
    order = PREFERRED.get(name, AUTHORITY)
    ranked = sorted(
        (record for record in records if record.fields[name] not in _UNKNOWN),
        key=lambda record: (record.is_translated, _rank(record.source, order), record.record_id),
    )
    if not ranked:
        return None, []
    if join := _JOINED.get(name):
        return join([(record.record_id, record.fields[name]) for record in ranked])
    alike = [record for record in ranked if record.is_translated == ranked[0].is_translated]
    return _CHOSEN.get(name, _choose_first)([(record.record_id, record.fields[name]) for record in alike])


def authority(source: str) -> int:
    """Return the rank of a source; the value of the lowest rank is preferred."""
    return _rank(source, AUTHORITY)


def _rank(source: str, order: Sequence[str]) -> int:
    source = canonical_source(source)
    return order.index(source) if source in order else len(order)


def _choose_first(values: Values) -> Merged:
    record_id, value = values[0]
    return value, [record_id]


def _choose_description(values: Values) -> Merged:
    """Return the longest text of at most LONGEST_DESCRIPTION characters; if all are longer, the shortest.

    A text with nothing but cast and crew comes last, however long it is.
    """

    def worth(value: tuple[str, Any]) -> tuple[bool, bool, int]:
        text = value[1]
        is_bounded = len(text) <= LONGEST_DESCRIPTION
        return not is_cast_list(text), is_bounded, len(text) if is_bounded else -len(text)

    record_id, text = max(values, key=worth)
    return text, [record_id]


def _choose_rating(values: Values) -> Merged:
    """Return the rating of the most people, on its own scale."""
    record_id, rating = max(values, key=lambda each: each[1]["count"])
    return rating, [record_id]


def _choose_series(values: Values) -> Merged:
    """Return the first series that has the work's place in it, else the first."""
    record_id, series = next((each for each in values if each[1]["position"] is not None), values[0])
    return series, [record_id]


def _join_words(values: Values) -> Merged:
    """Return all words, each in the spelling that comes first."""
    return _join((record_id, word.casefold(), word) for record_id, words in values for word in words)


def _join_ids(values: Values) -> Merged:
    ids, record_ids = _join((record_id, name, (name, text)) for record_id, ids in values for name, text in ids.items())
    return dict(ids), record_ids


def _join(values: Iterable[tuple[str, str, Any]]) -> Merged:
    """Return the first value of each key, from triples of record id, key and value."""
    first: dict[str, tuple[Any, str]] = {}
    for record_id, key, value in values:
        first.setdefault(key, (value, record_id))
    return [value for value, _ in first.values()], list(dict.fromkeys(record_id for _, record_id in first.values()))


def _join_creators(values: Values) -> Merged:
    """Return the creators of the first record, then those that only other records have, compared by name and role."""
    joined: list[Mapping[str, Any]] = []
    record_ids = []
    for record_id, creators in values:
        more = [creator for creator in creators if not any(_same_part(creator, known) for known in joined)]
        joined += more
        record_ids += [record_id] if more else []
    return joined, record_ids


def _same_part(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    roles = {one["role"], other["role"]}
    return (len(roles) == 1 or None in roles) and any_alike(read_names(one["name"]), read_names(other["name"]))


_JOINED: Mapping[str, Callable[[Values], Merged]] = {
    "genres": _join_words, "keywords": _join_words, "countries": _join_words, "ids": _join_ids,
    "certificates": _join_ids, "creators": _join_creators,
}  # fmt: skip
_CHOSEN: Mapping[str, Callable[[Values], Merged]] = {
    "description": _choose_description, "rating": _choose_rating, "series": _choose_series,
}  # fmt: skip


def content_hash(work: Work) -> bytes:
    """Return the SHA-256 of all fields of a work; works with equal hashes have equal payloads.

    A work without reviews has the hash that it had before works had any, so that no index is built again for them.
    """
    fields = work.model_dump(mode="json", exclude=None if work.n_reviews else {"n_reviews", "reviews_digest"})
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()


def heading(work: Work) -> str:
    """Return the text that BM25 searches besides the description: titles, creators, genres and keywords."""
    return HEADING_SEPARATOR.join(text for _, text in heading_parts(work))


def heading_parts(work: Work) -> list[tuple[TextField, str]]:
    """Return the parts of a work's heading, in order, each with its field."""
    parts: list[tuple[TextField, str]] = [("title", work.title)]
    if work.original_title:
        parts.append(("title", work.original_title))
    parts += [("creators", creator.name) for creator in work.creators]
    parts += [("genres", genre) for genre in work.genres]
    return parts + [("keywords", keyword) for keyword in work.keywords]


def text_hash(work: Work) -> bytes:
    """Return the SHA-256 of the texts that features are made from; a new rating does not change it."""
    return hashlib.sha256(f"{work.title}\0{heading(work)}\0{work.description}".encode()).digest()
