"""Many SourceRecords to one Work, with the source of every field. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from crawler.catalogue import BEIR_SOURCE
from crawler.records import SourceRecord
from indexer.merging.match_keys import any_alike, canonical_source, read_names
from indexer.records import SourceReference, TextField, Work

MERGING_VERSION = 1
"""Changes with every rule here: the works of a store that was merged by others are merged again."""

AUTHORITY = ("tmdb", "imdb", "wikidata", "open_library", "goodreads", "google_books", "starter")
"""Whose word is taken first; sources that are not here come after, by name."""

PREFERRED: Mapping[str, tuple[str, ...]] = {
    # Open Library and Wikidata name a work, often in its first language; its readers know it by an edition's title.
    "title": ("tmdb", "imdb", "goodreads", "open_library", "google_books", "wikidata"),
    # A work's year is that of its first showing or its first edition, which Google Books does not know.
    "year": ("imdb", "tmdb", "goodreads", "open_library", "wikidata", "google_books"),
    "page_count": ("goodreads", "google_books", "open_library"),
}
"""Whose word is taken first of a field, where that is not by authority."""

LONGEST_DESCRIPTION = 20_000
"""Characters, some 3,500 words: what is longer tells more than what a work is about, and is slow to embed."""

HEADING_SEPARATOR = ". "

_NOT_OF_A_WORK = {"source", "source_id", "reviews", "licence", "attribution", "fetched_at"}


class Telling(NamedTuple):
    """What one record tells of a work: the JSON of its fields."""

    record: str
    source: str
    fields: Mapping[str, Any]

    @property
    def translated(self) -> bool:
        """Whether it is of a book's edition in another language than English, which texts are searched best in."""
        return self.fields["kind"] == "book" and self.fields["language"] not in {None, "en", "eng"}


Choice = tuple[Any, list[str]]
"""A field's value and the records that it comes from."""


def work_id(record: SourceRecord) -> str:
    """Gives the id of a record's work: `tmdb:550`; a benchmark's document keeps its own id, which judgements name."""
    return record.source_id if record.source == BEIR_SOURCE else f"{record.source}:{record.source_id}"


def merge_records(records: Sequence[SourceRecord]) -> Work:
    """Gives the work that records tell of, under the first one's id; the order of the others says nothing.

    `origins` has the records that each field comes from, when there are several.
    """
    tellings = [
        Telling(work_id(record), record.source, record.model_dump(mode="json", exclude=_NOT_OF_A_WORK))
        for record in records
    ]
    references = tuple(
        SourceReference(
            source=record.source, source_id=record.source_id, licence=record.licence, attribution=record.attribution
        )
        for record in records
    )
    if len(records) == 1:
        return Work(id=tellings[0].record, sources=references, **tellings[0].fields)
    choices = {name: choose(name, tellings) for name in tellings[0].fields}
    return Work(
        id=tellings[0].record,
        sources=references,
        origins={name: tuple(givers) for name, (_, givers) in choices.items() if givers},
        **{name: value for name, (value, givers) in choices.items() if givers},
    )


def choose(name: str, tellings: Sequence[Telling]) -> Choice:
    """Gives what a work's field holds, of all that is told, and who told it."""
    preferred = PREFERRED.get(name, AUTHORITY)
    ranked = sorted(
        (telling for telling in tellings if telling.fields[name] not in _UNKNOWN),
        key=lambda telling: (telling.translated, _rank(telling.source, preferred), telling.record),
    )
    if not ranked:
        return None, []
    if join := _JOINED.get(name):
        return join([(telling.record, telling.fields[name]) for telling in ranked])
    told = [(x.record, x.fields[name]) for x in ranked if x.translated == ranked[0].translated]
    return _CHOSEN.get(name, _choose_first)(told)


def authority(source: str) -> int:
    """Gives the rank of a source, the most authoritative least."""
    return _rank(source, AUTHORITY)


def _rank(source: str, order: Sequence[str]) -> int:
    source = canonical_source(source)
    return order.index(source) if source in order else len(order)


# What is told of a field, by whom, the preferred first. Unknown values are left out before.
_Told = Sequence[tuple[str, Any]]
_UNKNOWN: tuple[object, ...] = (None, "", [], {})


def _choose_first(told: _Told) -> Choice:
    return told[0][1], [told[0][0]]


def _choose_description(told: _Told) -> Choice:
    """Gives the longest of those that are not too long, or else the shortest."""
    giver, text = max(told, key=lambda each: len(each[1]) if len(each[1]) <= LONGEST_DESCRIPTION else -len(each[1]))
    return text, [giver]


def _choose_rating(told: _Told) -> Choice:
    """Gives the rating of the most people, on its own scale."""
    giver, rating = max(told, key=lambda each: each[1]["count"])
    return rating, [giver]


def _join_words(told: _Told) -> Choice:
    """Gives all words, each as it is written first."""
    return _join((giver, word.casefold(), word) for giver, words in told for word in words)


def _join_ids(told: _Told) -> Choice:
    ids, givers = _join((giver, name, (name, value)) for giver, ids in told for name, value in ids.items())
    return dict(ids), givers


def _join(told: Iterable[tuple[str, str, Any]]) -> Choice:
    """Gives the first value of each key, and who gave them."""
    kept: dict[str, tuple[Any, str]] = {}
    for giver, key, value in told:
        kept.setdefault(key, (value, giver))
    return [value for value, _ in kept.values()], list(dict.fromkeys(giver for _, giver in kept.values()))


def _join_creators(told: _Told) -> Choice:
    """Gives everyone whom the first names, and whom the others name besides: by name, initials aside, and role."""
    kept: list[Mapping[str, Any]] = []
    givers = []
    for giver, creators in told:
        more = [creator for creator in creators if not any(_same_part(creator, known) for known in kept)]
        kept += more
        givers += [giver] if more else []
    return kept, givers


def _same_part(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    roles = {one["role"], other["role"]}
    return (len(roles) == 1 or None in roles) and any_alike(read_names(one["name"]), read_names(other["name"]))


_JOINED: Mapping[str, Callable[[_Told], Choice]] = {
    "genres": _join_words, "keywords": _join_words, "ids": _join_ids, "creators": _join_creators,
}  # fmt: skip
_CHOSEN: Mapping[str, Callable[[_Told], Choice]] = {"description": _choose_description, "rating": _choose_rating}


def content_hash(work: Work) -> bytes:
    """Gives the SHA-256 of everything a work says: equal hashes, equal points."""
    return hashlib.sha256(orjson.dumps(work.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).digest()


def heading(work: Work) -> str:
    """Gives what BM25 finds a work by besides its description: titles, creators, genres and keywords."""
    return HEADING_SEPARATOR.join(text for _, text in heading_parts(work))


def heading_parts(work: Work) -> list[tuple[TextField, str]]:
    """Gives the parts of a work's heading, in order, each with its field."""
    parts: list[tuple[TextField, str]] = [("title", work.title)]
    if work.original_title:
        parts.append(("title", work.original_title))
    parts += [("creators", creator.name) for creator in work.creators]
    parts += [("genres", genre) for genre in work.genres]
    return parts + [("keywords", keyword) for keyword in work.keywords]


def text_hash(work: Work) -> bytes:
    """Gives the SHA-256 of the texts that features are made of: a new rating does not make a work's text new."""
    return hashlib.sha256(f"{work.title}\0{heading(work)}\0{work.description}".encode()).digest()
