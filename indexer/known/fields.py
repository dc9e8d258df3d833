"""Read from a work's payload what is known of it: the values of its columns, and its names. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from crawler.records import KINDS, Kind
from indexer.facts import FACTS
from indexer.name_keys import normalise_title

Payload = Mapping[str, Any]

UNKNOWN = -1
MOST_MAKERS = 2
"""How many of a work's directors and authors are compared."""
MAKER_ROLES = ("director", "author")
SAME_BEGINNING = 60
"""How many characters two descriptions of one work share at their beginning."""
KNOWN_FACTS = tuple(name for name, fact in FACTS.items() if "scores" not in fact.links)
"""The facts whose share of works is counted."""
KEYS = (
    "id", "title", "original_title", "kind", "year", "rating", "creators", "series", "genres", "least_age", "ids",
    "language", "countries", "runtime_minutes", "page_count", "description",
)  # fmt: skip
"""The keys of a payload that are read."""

_NUMBERED_TITLE = re.compile(r",?(?: part| vol\.?)? (\d{1,2})$", re.IGNORECASE)


class NamedWork(NamedTuple):
    """A work with its names.

    Attributes:
        id: Its id.
        title: Its title.
        kind: Its kind.
        year: Its year.
        original_title: Its title in its first language.
        n_ratings: How many people rated it.
        creators: The names of its people with their roles.
        series: The name of its series.
        n_facts: How many facts of it are known; of two namesakes, the fuller one is meant.
        genres: Its genres.
        ids: Its ids at sources.
        n_filter_facts: How many of the facts that requests filter by are known; of two rows of one work, the fuller
            one is shown.
        beginning: The first characters of its description.
    """

    id: str
    title: str
    kind: Kind | None = None
    year: int | None = None
    original_title: str | None = None
    n_ratings: int = 0
    creators: Sequence[tuple[str, str]] = ()
    series: str | None = None
    n_facts: int = 0
    genres: Sequence[str] = ()
    ids: Mapping[str, str] = {}
    n_filter_facts: int = 0
    beginning: str = ""


def to_named_work(payload: Payload) -> NamedWork:
    """Return a work with its names."""
    creators = [(creator["name"], creator.get("role") or "") for creator in payload.get("creators") or ()]
    genres = payload.get("genres") or ()
    return NamedWork(
        id=payload["id"],
        title=payload["title"],
        kind=payload.get("kind"),
        year=payload.get("year"),
        original_title=payload.get("original_title"),
        n_ratings=(payload.get("rating") or {}).get("count", 0),
        creators=creators,
        series=(payload.get("series") or {}).get("name"),
        n_facts=len(creators) + len(genres),
        genres=genres,
        ids=payload.get("ids") or {},
        n_filter_facts=known_facts(payload).bit_count(),
        beginning=(payload.get("description") or "")[:SAME_BEGINNING],
    )


def column_values(payload: Payload) -> dict[str, Any]:
    """Return the value of each plain column, by the names in `indexer.known.columns.COLUMNS`."""
    rating = payload.get("rating") or {}
    series, position = place_in_series(payload)
    countries: Sequence[str] = payload.get("countries") or ()
    kind = payload.get("kind")
    return {
        "kinds": kind_number(kind),
        "years": payload.get("year") or np.nan,
        "n_ratings": rating.get("count", 0),
        "rating_means": rating["mean"] / rating["scale"] if rating else 0.0,
        "n_facts": len(payload.get("creators") or ()) + len(payload.get("genres") or ()),
        "least_ages": payload.get("least_age", UNKNOWN),
        "makers": _makers(payload),
        "series": stable_number(f"{kind}\0{series}"),
        "volumes": np.nan if position is None else position,
        "languages": (payload.get("language") or "").encode()[:8],
        "sole_countries": countries[0].encode()[:8] if len(countries) == 1 else b"",
        "known_facts": known_facts(payload),
        "is_there": True,
    }


def kind_number(kind: str | None) -> int:
    """Return the place of a kind in KINDS; UNKNOWN without one."""
    return KINDS.index(kind) if kind in KINDS else UNKNOWN


def known_facts(payload: Payload) -> int:
    """Return the facts of KNOWN_FACTS that a work has, one bit each."""
    return sum(1 << place for place, name in enumerate(KNOWN_FACTS) if payload.get(name) not in (None, [], {}))


def stable_number(text: str) -> int:
    """Return a number from 0 to 2**63 - 1 for a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def series_words(payload: Payload) -> str:
    """Return the name of a work's series as names are compared."""
    return normalise_title(place_in_series(payload)[0])


def place_in_series(payload: Payload) -> tuple[str, float | None]:
    """Return the series of a work in lower case with its position.

    Where no source gives a series, the title may: "Night Ferry 2" is one with "Night Ferry" and "Night Ferry: Dawn".
    """
    if own := payload.get("series"):
        return own["name"].casefold(), own.get("position")
    first, subtitle, _ = payload["title"].partition(": ")
    numbered = _NUMBERED_TITLE.search(first)
    if numbered:
        return first[: numbered.start()].casefold(), float(numbered[1])
    return first.casefold(), None if subtitle else 1.0


def _makers(payload: Payload) -> tuple[int, ...]:
    names = (c["name"].casefold() for c in payload.get("creators") or () if c.get("role") in MAKER_ROLES)
    makers = [stable_number(name) for name in list(dict.fromkeys(names))[:MOST_MAKERS]]
    return (*makers, *[UNKNOWN] * (MOST_MAKERS - len(makers)))
