"""Wikipedia in English: the plots of films and books, by MediaWiki's API (https://www.mediawiki.org/wiki/API)."""

from __future__ import annotations

from crawler.sources.source import Pace, Source

WIKIPEDIA = Source(
    name="wikipedia",
    address="https://en.wikipedia.org",
    selections=frozenset(("ids",)),
    selection_note="titles or addresses of pages, or Wikidata's items",
    needs=("contact",),
    needs_hint="the mail address that https://www.mediawiki.org/wiki/Wikimedia_APIs/Access_policy asks for",
    pace=Pace(delay_seconds=0.1, n_concurrent=1),  # the API's etiquette asks for one request after the other
    robots_exemption="an API with a policy of its own",
    cache_days=30,
    licence="CC BY-SA 4.0",
    attribution="Wikipedia (https://en.wikipedia.org), CC BY-SA 4.0; the page names its authors",
    terms="https://foundation.wikimedia.org/wiki/Policy:Terms_of_Use",
    ids=("wikipedia", "wikidata"),
    describes=frozenset(("movie", "book")),
    authority=35,
    field_authority={"title": 55, "year": 45},
    parse="crawler.sources.wikipedia.answers:parse_answer",
    spider="crawler.sources.wikipedia.spider:WikipediaSpider",
)
