"""Letterboxd: the reviews that a person wrote there and exported.

The site's terms forbid scraping, so it is not asked.
"""

from __future__ import annotations

from crawler.sources.source import Pace, Source

LETTERBOXD = Source(
    name="letterboxd",
    address="https://letterboxd.com",
    selections=frozenset(),
    selection_note="`--saved` reads reviews.csv of your own export (Settings, Data, Export your data)",
    pace=Pace(),
    licence="reviews of the person who exported them; Letterboxd Terms of Use: https://letterboxd.com/legal/terms-of-use/",
    attribution="Letterboxd (https://letterboxd.com)",
    terms="https://letterboxd.com/legal/terms-of-use/",
    ids=(),
    authority=70,
    keeps_reviews="text",
    keeps_reviews_why="what you export are your own reviews",
    review_scale=5,
    parse="crawler.sources.letterboxd.export:parse_answer",
    spider=None,
    is_table="crawler.sources.letterboxd.export:is_export",
    read_tables="crawler.sources.letterboxd.export:read_exports",
)
