"""Goodreads: book pages, lists and series, and a reader's own export."""

from __future__ import annotations

from crawler.sources.source import Pace, Source

GOODREADS = Source(
    name="goodreads",
    address="https://www.goodreads.com",
    selections=frozenset(("query", "ids")),
    selection_note=(
        "a query is the address of a list or series; `--saved` reads pages, library exports and answers of the old API"
    ),
    pace=Pace(delay_seconds=2, n_concurrent=1, is_steady=True),
    licence="Goodreads Terms of Use (personal, non-commercial use): https://www.goodreads.com/about/terms",
    attribution="Goodreads (https://www.goodreads.com)",
    terms="https://www.goodreads.com/about/terms",
    ids=("goodreads", "goodreads_work", "isbn10", "isbn13"),
    authority=50,
    # Titles and page counts are those of editions, and readers know a book by an edition's title.
    field_authority={"title": 30, "year": 30, "page_count": 10},
    lists_editions=True,
    describes=frozenset(("book",)),
    keeps_reviews="features",
    keeps_reviews_why="its terms allow personal use, and no publishing of what its users wrote",
    review_scale=5,
    image_hosts=("images.gr-assets.com", "i.gr-assets.com"),
    image_terms="for yourself only: its terms allow personal use, and no publishing of its content",
    parse="crawler.sources.goodreads.answers:parse_answer",
    spider="crawler.sources.goodreads.spider:GoodreadsSpider",
    is_table="crawler.sources.goodreads.export:is_export",
    read_tables="crawler.sources.goodreads.export:read_exports",
)
