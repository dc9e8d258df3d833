"""The declarations of sources, and what is made from them: settings of a crawl, refusals, the table in the docs."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.errors import SelectionRefused
from crawler.id_names import ID_NAMES, METADATA_KEYS
from crawler.selection import Selection
from crawler.settings import CrawlSettings
from crawler.sources.docs import make_page, sources_table
from crawler.sources.source import Source
from crawler.sources.spider import WorkSpider
from crawler.sources.table import SOURCES, load

SOURCES_PAGE = Path(__file__).parents[3] / "docs" / "sources.md"
sources = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
asked = pytest.mark.parametrize(
    "source", [source for source in SOURCES.values() if source.spider], ids=lambda s: s.name
)


def test_the_page_on_sources_has_the_table_of_the_declarations() -> None:
    page = SOURCES_PAGE.read_text(encoding="utf-8")
    assert sources_table() in page, "write it again: python -m crawler.sources.docs docs/sources.md"
    assert make_page(page.replace("| 30 days |", "| 9 days |")) == page


def test_a_page_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="there should be one"):
        make_page("# Sources\n")


@sources
def test_code_is_where_the_declaration_says(source: Source) -> None:
    assert callable(load(source.parse))
    assert source.spider is None or load(source.spider).source is source
    assert (source.is_table is None) == (source.read_tables is None)
    for name in filter(None, (source.is_table, source.read_tables)):
        assert callable(load(name))


@sources
def test_needed_settings_and_ids_exist(source: Source) -> None:
    assert set(source.needs) <= set(CrawlSettings.model_fields)
    assert set(source.ids) <= set(ID_NAMES)
    assert bool(source.needs) == bool(source.needs_hint)


@asked
def test_a_missing_setting_is_named_with_where_to_get_it(source: Source) -> None:
    assert source.spider
    spider: type[WorkSpider] = load(source.spider)
    selection = Selection(ids=("1",))
    if not source.needs:
        spider.check(selection, CrawlSettings())
        return
    with pytest.raises(SelectionRefused) as refused:
        spider.check(selection, CrawlSettings())
    assert " or ".join(source.variables) in str(refused.value)
    assert source.needs_hint in str(refused.value)


@asked
def test_what_a_source_cannot_be_asked_by_is_refused(source: Source) -> None:
    assert source.spider
    offered = {"query", "ids", "from_date"} & source.selections
    assert offered == source.selections
    for name in {"query", "ids", "from_date"} - offered:
        with pytest.raises(SelectionRefused, match="--ids"):
            load(source.spider).check(Selection(**{name: ("1",)}), CrawlSettings())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tmdb", {"ROBOTSTXT_OBEY": False, "DOWNLOAD_DELAY": 0.05, "CONCURRENT_REQUESTS_PER_DOMAIN": 8}),
        ("tmdb", {"HTTPCACHE_EXPIRATION_SECS": 30 * 86_400, "AUTOTHROTTLE_TARGET_CONCURRENCY": 4}),
        ("imdb", {"ROBOTSTXT_OBEY": False, "HTTPCACHE_ENABLED": False, "AUTOTHROTTLE_ENABLED": False}),
        ("goodreads", {"ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 2, "RANDOMIZE_DOWNLOAD_DELAY": False}),
        ("google-books", {"ROBOTSTXT_OBEY": False, "DOWNLOAD_DELAY": 0.5, "HTTPCACHE_EXPIRATION_SECS": 86_400}),
        ("open-library", {"ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 1, "HTTPCACHE_EXPIRATION_SECS": 7 * 86_400}),
        ("wikidata", {"ROBOTSTXT_OBEY": True, "DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}),
        ("wikidata", {"HTTPCACHE_EXPIRATION_SECS": 7 * 86_400, "HTTPCACHE_ENABLED": True}),
        ("wikipedia", {"ROBOTSTXT_OBEY": False, "DOWNLOAD_DELAY": 0.1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}),
    ],
)
def test_a_crawl_keeps_to_the_declared_pace_and_cache(name: str, expected: dict[str, object]) -> None:
    settings, place = Settings(), SOURCES[name].spider
    assert place
    load(place).update_settings(settings)
    assert {setting: settings[setting] for setting in expected} == expected


def test_ids_in_catalogues_and_label_files_are_named_as_documented() -> None:
    assert dict(METADATA_KEYS) == {
        "imdb_id": "imdb",
        "tmdb_id": "tmdb",
        "goodreads_id": "goodreads",
        "goodreads_work_id": "goodreads_work",
        "google_books_id": "google_books",
        "open_library_id": "open_library",
        "isbn10": "isbn10",
        "isbn13": "isbn13",
        "wikidata_id": "wikidata",
        "wikipedia_id": "wikipedia",
    }
