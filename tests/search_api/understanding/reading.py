"""What the tests of the fact readers share: a day, the genres of a catalogue, and a reader."""

from __future__ import annotations

from datetime import date
from typing import Any

from crawler.records import Kind
from search_api.understanding.facts import Facts, read_facts
from search_api.understanding.query import Query, straighten

TODAY = date(2024, 6, 1)
GENRES: dict[Kind, tuple[str, ...]] = {
    "movie": (
        *(
            "Action",
            "Adventure",
            "Animation",
            "Comedy",
            "Crime",
            "Documentary",
            "Drama",
            "Family",
            "Fantasy",
            "History",
        ),
        *(
            "Horror",
            "Music",
            "Musical",
            "Mystery",
            "Noir",
            "Romance",
            "Science Fiction",
            "Silent",
            "Sports",
            "Superhero",
        ),
        *("Thriller", "War", "Western"),
    ),
    "book": (
        *(
            "childrens",
            "crime",
            "fantasy",
            "graphic_novels",
            "historical_fiction",
            "history",
            "horror",
            "humor",
            "memoir",
        ),
        *("mystery", "non_fiction", "poetry", "romance", "science_fiction", "short_stories", "thriller", "young_adult"),
    ),
}


def read(text: str) -> Facts:
    return read_facts(Query(straighten(text)), GENRES, today=TODAY)


def fact(text: str, name: str) -> Any:
    """Return one filter that a text asks for, as JSON has it; None where it asks for none."""
    return read(text).filters.model_dump(mode="json", exclude_none=True, exclude_defaults=True).get(name)
