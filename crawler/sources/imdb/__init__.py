"""IMDb: its data sets, and title pages that a person saved.

The site's conditions forbid scraping. So the spider fetches the data sets, which IMDb offers for personal and
non-commercial use.
"""

from __future__ import annotations

from crawler.sources.source import Pace, Source

IMDB = Source(
    name="imdb",
    address="https://datasets.imdbws.com",
    selections=frozenset(("ids",)),
    selection_note="without it, all films; `--saved` reads title pages",
    pace=Pace(n_concurrent=2),
    robots_exemption="files for download",
    cache_days=None,
    licence="for personal and non-commercial use only (https://developer.imdb.com/non-commercial-datasets/)",
    attribution="Information courtesy of IMDb (https://www.imdb.com). Used with permission.",
    terms="https://developer.imdb.com/non-commercial-datasets/",
    ids=("imdb",),
    authority=20,
    field_authority={"title": 20, "year": 10},
    keeps_reviews="features",
    keeps_reviews_why="its conditions allow personal use, and no publishing of what its users wrote",
    review_scale=10,
    image_hosts=("m.media-amazon.com",),
    image_terms="for yourself only: its conditions forbid publishing its images",
    parse="crawler.sources.imdb.pages:parse_answer",
    spider="crawler.sources.imdb.spider:ImdbSpider",
    is_table="crawler.sources.imdb.tables:is_table",
    read_tables="crawler.sources.imdb.tables:read_tables",
)
