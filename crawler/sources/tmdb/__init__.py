"""TMDb, the film database."""

from __future__ import annotations

from crawler.sources.source import Pace, Source

TMDB = Source(
    name="tmdb",
    address="https://api.themoviedb.org/3",
    selections=frozenset(("query", "ids", "from_date")),
    selection_note="without any of these, the most popular films",
    needs=("tmdb_api_key", "tmdb_token"),
    needs_hint="a key is free of charge at https://www.themoviedb.org/settings/api",
    refusal_hint="check EVOKE_TMDB_API_KEY or EVOKE_TMDB_TOKEN",
    pace=Pace(delay_seconds=0.05, n_concurrent=8),  # half of the 40 requests a second that TMDb is said to allow
    robots_exemption="an API with terms of its own",
    cache_days=30,  # the terms allow six months, but ratings age faster
    licence="TMDB API terms of use: non-commercial, with attribution, cached for at most 6 months",
    attribution=(
        "This product uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."
    ),
    terms="https://www.themoviedb.org/api-terms-of-use",
    ids=("tmdb", "imdb", "wikidata"),
    authority=10,
    field_authority={"title": 10, "year": 20},
    describes=frozenset(("movie",)),
    keeps_reviews="text",
    keeps_reviews_why="its terms allow showing its data, with the notice, for at most 6 months",
    review_scale=10,
    image_hosts=("image.tmdb.org",),
    image_terms="with its notice, kept for at most 6 months",
    parse="crawler.sources.tmdb.answers:parse_answer",
    spider="crawler.sources.tmdb.spider:TmdbSpider",
)
