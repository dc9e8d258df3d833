"""Open Library: works one by one, and the monthly dumps."""

from __future__ import annotations

from crawler.sources.source import Pace, Source

OPEN_LIBRARY = Source(
    name="open-library",
    address="https://openlibrary.org",
    selections=frozenset(("ids",)),
    selection_note="`--saved` reads the dumps",
    needs=("contact",),
    needs_hint="the mail address to which its operators may write",
    pace=Pace(delay_seconds=1, is_steady=True),
    licence="CC0 1.0 (catalogue data, public domain)",
    attribution="Open Library (https://openlibrary.org)",
    terms="https://openlibrary.org/developers/licensing",
    ids=("open_library", "goodreads", "goodreads_work", "google_books", "wikidata", "isbn10", "isbn13"),
    authority=40,
    # Titles and years are those of works, not of editions, but a title may be in the original language.
    field_authority={"title": 40, "year": 40, "page_count": 30},
    describes=frozenset(("book",)),
    image_hosts=("covers.openlibrary.org",),
    image_days=7,
    image_terms="public pages should load covers from its own address, and link back; no crawling",
    parse="crawler.sources.open_library.answers:parse_answer",
    spider="crawler.sources.open_library.spider:OpenLibrarySpider",
    is_table="crawler.sources.open_library.dumps:is_dump",
    read_tables="crawler.sources.open_library.dumps:read_dumps",
)
