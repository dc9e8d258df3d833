"""Google Books (API version 1): https://developers.google.com/books/docs/v1/reference/volumes."""

from __future__ import annotations

from crawler.sources.source import Pace, Source

GOOGLE_BOOKS = Source(
    name="google-books",
    address="https://www.googleapis.com/books/v1",
    selections=frozenset(("query", "ids")),
    needs=("google_books_api_key",),  # without one, all callers share a quota that is always spent
    needs_hint="a key is free of charge at https://console.cloud.google.com/apis/library/books.googleapis.com",
    refusal_hint="check EVOKE_GOOGLE_BOOKS_API_KEY, that the Books API is enabled for it, and its daily quota",
    pace=Pace(delay_seconds=0.5),  # a key has 1,000 requests a day, so there is no hurry
    robots_exemption="an API with terms of its own",
    cache_days=1,  # the terms allow no permanent copies; a day is enough to resume a crawl
    licence="Google APIs terms of service: with attribution and a link to Google Books, no permanent copies",
    attribution="Powered by Google",
    terms="https://developers.google.com/books/terms",
    ids=("google_books", "isbn10", "isbn13"),
    authority=60,
    field_authority={"title": 50, "year": 60, "page_count": 20},  # its year is the edition's, not the work's
    lists_editions=True,
    describes=frozenset(("book",)),
    image_hosts=("books.google.com",),
    image_days=1,
    image_terms="unchanged, with its notice and a link to Google Books, kept no longer than its cache header says",
    parse="crawler.sources.google_books.answers:parse_answer",
    spider="crawler.sources.google_books.spider:GoogleBooksSpider",
)
