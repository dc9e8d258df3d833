"""Small catalogues for tests, and the files they are written to."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Fields = Mapping[str, Any]


def make_record(source_id: str, title: str, description: str = "", **facts: Any) -> dict[str, Any]:
    """Return the fields of a SourceRecord of the source `test`."""
    return {"source": "test", "source_id": source_id, "title": title, "description": description, **facts}


SMALL: Sequence[Fields] = (
    make_record(
        "lighthouse", "The Lighthouse Year",
        "A widower keeps a lighthouse through one winter. The storms teach him hope again.",
        kind="movie", year=1994, runtime_minutes=104, language="en", genres=["Drama"],
        creators=[{"name": "Ada Marsh", "role": "director"}], attribution="Test catalogue",
    ),
    make_record(
        "salt-road", "Salt Road",
        "Two sisters drive a truck of salt across a desert. They laugh more than they quarrel.",
        kind="movie", year=2011, runtime_minutes=96, language="fr", genres=["Comedy", "Adventure"],
        creators=[{"name": "Ines Roux", "role": "director"}],
    ),
    make_record(
        "glass-orchard", "The Glass Orchard",
        "A botanist loses her sight and learns the orchard by smell and touch. Her courage is quiet.",
        kind="book", year=2003, page_count=312, language="en", genres=["Fiction", "Drama"],
        creators=[{"name": "Tom Ferrier", "role": "author"}],
    ),
    make_record(
        "border-songs", "Songs from the Border",
        "Smugglers, shepherds and a schoolteacher share one bridge in wartime. Justice comes late.",
        kind="book", year=1987, page_count=540, language="es", genres=["Fiction"],
        creators=[{"name": "Lucía Ferrer", "role": "author"}],
    ),
    make_record(
        "night-ferry", "Night Ferry",
        "A detective rides the last ferry with a killer among eleven passengers. Dread grows with the fog.",
        kind="movie", year=1978, runtime_minutes=121, language="en", genres=["Thriller"],
        creators=[{"name": "Ada Marsh", "role": "director"}],
    ),
    make_record(
        "bee-diary", "A Beekeeper's Diary",
        "A year of hives, weather and patience, told by a monk who means to teach. Practical and calm.",
        kind="book", year=1932, page_count=148, language="en", genres=["Non-fiction"],
        creators=[{"name": "Brother Anselm", "role": "author"}],
    ),
    make_record(
        "far-signal", "Far Signal",
        "A radio astronomer hears an answer from the stars and must decide whom to tell. Wonder and doubt.",
        kind="movie", year=2019, runtime_minutes=133, language="en", genres=["Science Fiction", "Drama"],
        creators=[{"name": "Kenji Ota", "role": "director"}],
    ),
    make_record(
        "kite-maker", "The Kite Maker",
        "A boy in Kabul builds kites for a wedding and mends a broken friendship. Love outlives pride.",
        kind="book", year=2008, page_count=226, language="en", genres=["Fiction"],
        creators=[{"name": "Leila Haidari", "role": "author"}],
    ),
)  # fmt: skip

_WORDS = (  # noqa: SIM905 - a list of fifty literals reads worse
    "winter storm harbour island sister letter garden engine forest promise debt river orchard mirror signal "
    "teacher soldier singer widow monk pilot baker hunter captain stranger gathers loses finds builds hides "
    "remembers forgives crosses mends follows hope grief joy courage mercy silence wonder anger patience pride"
).split()


def make_records(n_records: int, *, seed: int = 1) -> list[dict[str, Any]]:
    """Return records with random texts; the same seed gives the same records."""
    draw = random.Random(seed)
    return [
        make_record(
            f"{number:05}",
            f"{draw.choice(_WORDS)} {draw.choice(_WORDS)} {number}".title(),
            " ".join(f"The {' '.join(draw.choices(_WORDS, k=7))}." for _ in range(2)),
            kind=draw.choice(("movie", "book")),
            year=draw.randint(1900, 2020),
        )
        for number in range(n_records)
    ]


def write_catalogue(path: Path, records: Iterable[Fields]) -> Path:
    """Write records as JSON Lines, gzipped if the name ends in .gz."""
    lines = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path
