"""Works whose texts are too poor to label are counted after merging, with the sources that may help."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import orjson

from crawler.records import SourceRecord
from indexer.profile.poor_texts import CAST_ONLY, NONE, SHORT
from indexer.profile.profile import profile_catalogues
from indexer.profile.report import describe_poor_texts, render_report

TODAY = date(2026, 11, 23)
STORY = "A dock worker hides a deserter and learns to lie to everyone whom he loves, until the ferry comes. " * 3
CAST = (
    "Paper Boats is a 1999 Danish drama film directed by Ada Marsh and starring Olle Brink. "
    "It was produced by Ida Holm and distributed by Nordlys. The soundtrack was composed by Per Lund. "
    "The film premiered at a festival in Aarhus."
)


def write(path: Path, *records: dict[str, Any]) -> Path:
    lines = [
        SourceRecord.model_validate({"kind": "movie", **record}).model_dump(mode="json", exclude_defaults=True)
        for record in records
    ]
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    return path


def test_works_are_counted_by_their_best_text_with_sources_that_know_their_ids(tmp_path: Path) -> None:
    boats = {"title": "Paper Boats", "year": 1999, "ids": {"imdb": "tt0000071"}}
    path = write(
        tmp_path / "works.jsonl",
        {"source": "imdb", "source_id": "tt0000071", **boats},
        {"source": "tmdb", "source_id": "71", **boats, "description": STORY},
        {"source": "imdb", "source_id": "tt0000072", "title": "Tin Ships", "ids": {"imdb": "tt0000072"}},
        {"source": "tmdb", "source_id": "73", "title": "Wax Sails", "ids": {"tmdb": "73"}, "description": "Short."},
        {"source": "mine", "source_id": "4", "title": "Clay Oars", "description": CAST},
        {"source": "mine", "source_id": "5", "kind": "book", "title": "Ink", "ids": {"isbn13": "9780804429573"}},
    )
    profile = profile_catalogues([path], TODAY)
    poor = profile.poor_texts
    assert (poor.n_works, poor.n_poor) == (5, 4)
    assert poor.n_by_problem == {NONE: 2, SHORT: 1, CAST_ONLY: 1}
    assert poor.n_by_source == {"tmdb": 1, "goodreads": 1, "google-books": 1, "open-library": 1}
    line = describe_poor_texts(poor)
    assert line.startswith("4 of 5 works (80%) have texts too poor to label (2 no description, ")
    assert "tmdb 1" in line
    page = render_report(profile, TODAY)
    assert "4 of 5 works (80%) have no description that values can be found in." in page
    assert "open-library" in page


def test_nothing_is_said_of_good_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "works.jsonl", {"source": "mine", "source_id": "1", "title": "Oars", "description": STORY})
    assert describe_poor_texts(profile_catalogues([path], TODAY).poor_texts) == ""
